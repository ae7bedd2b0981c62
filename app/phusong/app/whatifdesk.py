"""Questions of what if from the page: exact figures with their map, and quick looks while a mast moves."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

from phusong.app.comparing import compare
from phusong.app.compute.fingerprint import fingerprint
from phusong.app.compute.shares import ALL_OPERATORS, ANY_TECHNOLOGY, Name
from phusong.app.compute.whatif import Baseline, Change, Moved
from phusong.app.scenarios import scenario_cells
from phusong.app.whatifmap import ChangeMap, change_map
from phusong.app.whatifpreview import Previewer
from phusong.coverage.errors import InputError, NotFoundError
from phusong.coverage.method import TECHNOLOGIES
from phusong.geodata.checked_json import Members
from phusong.geodata.scenario import Scenario, scenario_from_dict

MOVES_KEPT, MAPS_KEPT = 8, 64
"""A move of half a million cells takes 8 MB, a map some 50 kB."""
MARK_LETTERS = 24
Value = TypeVar("Value")


class Recent(Generic[Value]):
    """The values used last, by name; safe for many threads.

    Parameters
    ----------
    most : int
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: OrderedDict[str, Value] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, name: str) -> Value | None:
        """Return a value, if it is still here."""
        with self._lock:
            if name in self._kept:
                self._kept.move_to_end(name)
            return self._kept.get(name)

    def put(self, name: str, value: Value) -> None:
        """Keep a value; the one used longest ago goes where there are too many."""
        with self._lock:
            self._kept[name] = value
            self._kept.move_to_end(name)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)


@dataclass(frozen=True, slots=True)
class Question:
    """A checked question.

    Attributes
    ----------
    scenario : Scenario
    name : tuple of str or None
        Technology and operator that a map is wanted of; None for no map.
    against : str or None
        Mark of an earlier answer that the map tells apart from the network that stands.
    moving : str or None
        Mast that is being moved: a quick look is enough, everything else rests.
    """

    scenario: Scenario
    name: Name | None
    against: str | None
    moving: str | None


def read_question(inputs: Mapping[str, Any]) -> Question:
    """Check what came from outside.

    Raises
    ------
    InputError
        ``json_member``, ``scenario_clash``; ``whatif_nothing`` for a change of nothing;
        ``whatif_moving`` where the mast that moves is none of the plan's; ``technology_unknown``.
    """
    own = {member: inputs[member] for member in ("map", "moving") if member in inputs}
    rest = {member: value for member, value in inputs.items() if member not in own}
    scenario = scenario_from_dict({"name": "what-if", **rest})
    if scenario.is_empty:
        raise InputError("whatif_nothing")
    moving = Members("", own, frozenset({"map", "moving"})).text("moving", most=80)
    if moving is not None and moving not in {one.site_id for one in scenario.additions}:
        raise InputError("whatif_moving", site_id=moving)
    if own.get("map") is None:
        return Question(scenario, None, None, moving)
    wish = Members("map", own["map"], frozenset({"technology", "operator", "against"}))
    technology = wish.text("technology", most=8) or ANY_TECHNOLOGY
    allowed = (*TECHNOLOGIES, ANY_TECHNOLOGY)
    if technology not in allowed:
        raise InputError("technology_unknown", value=technology, allowed=", ".join(allowed))
    operator = wish.text("operator", most=80) or ALL_OPERATORS
    return Question(scenario, (technology, operator), wish.text("against", most=64), moving)


class WhatIfDesk:
    """Answers questions about one computed study; keeps the latest, so that asking again costs nothing.

    Parameters
    ----------
    base : Baseline
    """

    def __init__(self, base: Baseline) -> None:
        self._base = base
        self._previewer = Previewer(base)
        self._moves: Recent[tuple[Moved, dict[str, Any] | None]] = Recent(MOVES_KEPT)
        self._maps: Recent[bytes] = Recent(MAPS_KEPT)

    def answer(self, question: Question) -> dict[str, Any]:
        """Return exact figures, or those of a quick look where a mast is moving; with the map, if wanted."""
        return self._exact(question) if question.moving is None else self._quick(question)

    def warm_up(self) -> bool:
        """Answer a question of no interest, so that the first real one is as quick as the rest."""
        cells = self._base.inputs.cells[:1]
        if cells:
            twin = replace(cells[0], cell_id="what-if", site_id="what-if", power_dbm=cells[0].power_dbm + 1.0)
            name = (twin.technology, ALL_OPERATORS)
            moved = self._base.moved(Change(added=(twin,)))
            self._base.told(moved)
            change_map(self._base, moved, None, name)
            self._previewer.look([twin], None, name)
        return True

    def picture(self, mark: str) -> bytes:
        """Return the picture of an answer.

        Raises
        ------
        NotFoundError
            ``whatif_map_gone``: never made, or so long ago that it is kept no more.
        """
        found = self._maps.get(mark)
        if found is None:
            raise NotFoundError("whatif_map_gone", value=mark[:80])
        return found

    def compare(self, scenarios: Sequence[Scenario]) -> dict[str, Any]:
        """Set scenarios beside each other and the network that stands (see `comparing.compare`)."""
        return compare(self._base, scenarios, answer=self._figures)

    def _exact(self, question: Question) -> dict[str, Any]:
        started = time.perf_counter()
        marks: list[str] = []

        def figures(change: Change) -> dict[str, Any]:
            marks.append(self._mark(change))
            return self._figures(change)

        found = compare(self._base, [question.scenario], answer=figures)
        mark = marks[0]
        kept = self._moves.get(mark)
        drawn = {} if kept is None else self._drawn(question, mark, kept[0])
        return {**found, "is_preview": False, "mark": mark, **drawn, "seconds": time.perf_counter() - started}

    def _figures(self, change: Change) -> dict[str, Any]:
        started = time.perf_counter()
        mark = self._mark(change)
        moved, told = self._moves.get(mark) or (self._base.moved(change), None)
        if told is None:
            told = self._base.told(moved)
            self._moves.put(mark, (moved, told))
        return {**told, "seconds": time.perf_counter() - started}

    def _quick(self, question: Question) -> dict[str, Any]:
        started = time.perf_counter()
        whole = scenario_cells(self._base.inputs, question.scenario).change
        own = [cell for cell in whole.added if cell.site_id == question.moving]
        rest = self._rest(whole, question.moving)
        name = question.name or (ANY_TECHNOLOGY, ALL_OPERATORS)
        quick = self._previewer.look(own, rest, name)
        mark = fingerprint(["quick", self._mark(whole)])[:MARK_LETTERS]
        return {
            "run": self._base.results["run"],
            "method": self._base.results["method"],
            "is_preview": True,
            "mark": mark,
            "technology": name[0],
            "operator": name[1],
            "delta": quick.delta,
            "grid_m": self._previewer.grid_m(own),
            **self._drawn(question, mark, quick.moved),
            "seconds": time.perf_counter() - started,
        }

    def _rest(self, whole: Change, moving: str | None) -> Moved | None:
        """Return what all but the moving mast changes, exactly; worked out once for a whole drag."""
        resting = replace(whole, added=tuple(cell for cell in whole.added if cell.site_id != moving))
        if not (resting.added or resting.removed_sites or resting.removed_cells):
            return None
        mark = self._mark(resting)
        kept = self._moves.get(mark)
        if kept is not None:
            return kept[0]
        moved = self._base.moved(resting)
        self._moves.put(mark, (moved, None))
        return moved

    def _drawn(self, question: Question, mark: str, moved: Moved) -> dict[str, Any]:
        if question.name is None:
            return {}
        then = None if question.against is None else self._moves.get(question.against)
        drawn = change_map(self._base, moved, None if then is None else then[0], question.name)
        against = None if then is None else question.against
        picture = fingerprint([mark, question.name, against])[:MARK_LETTERS]
        self._maps.put(picture, drawn.png)
        return {"map": _map_record(drawn, picture, question.name, against)}

    def _mark(self, change: Change) -> str:
        """Name a change of this study: what it costs and what its scenario is called changes nothing."""
        return fingerprint([self._base.inputs.run_id, change])[:MARK_LETTERS]


def _map_record(drawn: ChangeMap, picture: str, name: Name, against: str | None) -> dict[str, Any]:
    return {
        "technology": name[0],
        "operator": name[1],
        "against": against,
        "href": f"what-if/maps/{picture}" if drawn.png else None,
        "corners": [list(corner) for corner in drawn.corners_deg],
        "width": drawn.width,
        "height": drawn.height,
        "cells": dict(drawn.cells),
        "area_km2": dict(drawn.area_km2),
    }
