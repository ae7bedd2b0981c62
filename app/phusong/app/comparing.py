"""Scenarios beside each other and beside the network that stands: who gains, who loses, at what cost."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from phusong.app.compute.progress import Progress, silent
from phusong.app.compute.shares import ALL_OPERATORS, ANY_TECHNOLOGY
from phusong.app.compute.whatif import Baseline, Change
from phusong.app.exporting import method_notes
from phusong.app.i18n import Language, translate
from phusong.app.scenarios import cost_mvnd, layers_changed, scenario_cells
from phusong.geodata.exports import write_table
from phusong.geodata.scenario import Scenario

Answering = Callable[[Change], dict[str, Any]]
DENOMINATORS = ("population", "households", "villages", "area")
BASELINE = "base"
"""Key of the network that stands; the scenarios beside it are A, B, C …"""
_RANK = {"white": 0, "patchy": 1, "served": 2}
ROWS: Mapping[str, Callable[[Mapping[str, Any]], float | None]] = {
    **{name: (lambda one, name=name: one["figures"][name]["served"]) for name in DENOMINATORS},  # type: ignore[misc]
    "villages_losing": lambda one: -float(len(one["loses"])),
    "cost_mvnd": lambda one: None if one["cost_mvnd"] is None else -one["cost_mvnd"],
    "cost_per_household_mvnd": lambda one: (
        None if one["cost_per_household_mvnd"] is None else -one["cost_per_household_mvnd"]
    ),
}
"""Rows of the table that have a best value, and how good a scenario is in each."""


def compare(
    base: Baseline,
    scenarios: Sequence[Scenario],
    *,
    progress: Progress = silent,
    answer: Answering | None = None,
) -> dict[str, Any]:
    """Return every figure of each scenario and of the network that stands, side by side.

    Parameters
    ----------
    base : Baseline
        The computed study.
    scenarios : sequence of Scenario
    progress : callable
    answer : callable, optional
        Gives the figures of a change; `Baseline.answer` where absent.

    Returns
    -------
    dict
        ``scenarios``: the baseline first, each with ``key`` (base, A, B …), ``figures`` (served, total and
        share of people, households, villages and area by any technology and operator), ``delta`` against the
        baseline, ``shares`` of every technology and operator, ``gains`` and ``loses`` (villages by name whose
        status rises or falls), ``loses_all`` (those left without signal), ``communes`` where people lose,
        ``cost_mvnd`` and ``cost_per_household_mvnd`` of a household more; ``best``: keys by row, ties share;
        ``method``.

    Raises
    ------
    InputError, NotFoundError
        Whatever is wrong with a scenario (see `scenario_cells`).
    """
    columns = [_standing(base)]
    for place, scenario in enumerate(scenarios):
        progress("scenarios", place, len(scenarios))
        columns.append({**_column(base, scenario, answer or base.answer), "key": letters(place)})
    progress("scenarios", len(scenarios), len(scenarios))
    return {
        "run": base.results["run"],
        "method": base.results["method"],
        "province": base.results["province"]["name"],
        "scenarios": columns,
        "best": {row: _best(columns, row) for row in ROWS},
    }


def letters(place: int) -> str:
    """Return the letters of a scenario by its place: A, B … Z, AA and so on.

    Examples
    --------
    >>> letters(0), letters(25), letters(26)
    ('A', 'Z', 'AA')
    """
    first, last = divmod(place, 26)
    return (letters(first - 1) if first else "") + chr(ord("A") + last)


def _standing(base: Baseline) -> dict[str, Any]:
    shares = base.results["province"]["shares"]
    figures = shares[ANY_TECHNOLOGY][ALL_OPERATORS]
    return {
        "key": BASELINE,
        "name": None,
        "figures": figures,
        "delta": dict.fromkeys(DENOMINATORS, 0.0),
        "shares": shares,
        "villages_by_status": base.results["province"]["villages_by_status"],
        "gains": [],
        "loses": [],
        "loses_all": [],
        "communes": [],
        "masts": 0,
        "new_cells": 0,
        "removed_sites": [],
        "cost_mvnd": 0.0,
        "is_cost_complete": True,
        "cost_per_household_mvnd": None,
        "assumed": [],
        "layers_changed": [],
    }


def _column(base: Baseline, scenario: Scenario, answering: Answering) -> dict[str, Any]:
    cells = scenario_cells(base.inputs, scenario)
    standing = _standing(base)
    column = {**standing, **_costs(scenario), "name": scenario.name}
    column |= {"layers_changed": layers_changed(base.inputs.store, scenario)}
    if scenario.is_empty:
        return column
    answer = answering(cells.change)
    shares = {
        technology: {**operators, **answer["province"]["after"].get(technology, {})}
        for technology, operators in {**answer["province"]["after"], **standing["shares"]}.items()
    }
    figures = shares[ANY_TECHNOLOGY][ALL_OPERATORS]
    delta = {name: _more(figures[name], standing["figures"][name]) for name in DENOMINATORS}
    gained = delta["households"]
    cost, is_complete = column["cost_mvnd"], column["is_cost_complete"]
    return {
        **column,
        "figures": figures,
        "delta": delta,
        "shares": shares,
        "villages_by_status": answer["villages_by_status"]["after"],
        **_villages(answer["villages"]),
        "communes": _losing_communes(answer["communes"]),
        "masts": cells.masts,
        "new_cells": cells.new_cells,
        "removed_sites": list(scenario.removed_sites),
        "cost_per_household_mvnd": cost / gained
        if is_complete and gained is not None and gained > 0
        else None,
        "assumed": list(cells.assumed),
        "seconds": answer["seconds"],
    }


def _costs(scenario: Scenario) -> dict[str, Any]:
    cost, is_complete = cost_mvnd(scenario)
    return {"cost_mvnd": cost, "is_cost_complete": is_complete}


def _more(now: Mapping[str, float | None], then: Mapping[str, float | None]) -> float | None:
    served, before = now["served"], then["served"]
    return None if served is None or before is None else served - before


def _villages(changed: Sequence[Mapping[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Villages whose status rises and falls, those with most households first."""
    found: dict[str, list[dict[str, Any]]] = {"gains": [], "loses": [], "loses_all": []}
    for village in sorted(changed, key=lambda one: (-one["households"], one["village_id"])):
        rise = _RANK.get(village["after"], 0) - _RANK.get(village["before"], 0)
        if rise:
            found["gains" if rise > 0 else "loses"].append(dict(village))
        if rise < 0 and village["after"] == "white":
            found["loses_all"].append(dict(village))
    return found


def _losing_communes(communes: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Communes where people lose a technology of an operator, or any signal at all."""
    found = []
    for commune in communes:
        losses = [
            {"technology": technology, "operator": operator, "people": -moved}
            for technology, operators in commune["after"].items()
            for operator, shares in operators.items()
            if (moved := _more(shares["population"], commune["before"][technology][operator]["population"]))
            is not None
            and moved < 0
        ]
        if losses:
            found.append({"commune_code": commune["commune_code"], "name": commune["name"], "losses": losses})
    return found


def _best(columns: Sequence[Mapping[str, Any]], row: str) -> list[str]:
    """Keys of the best value of a row; doing nothing is not counted as cheap."""
    counted = columns[1:] if row.startswith("cost") else columns
    worth = {
        one["key"]: value
        for one in counted
        if (value := ROWS[row](one)) is not None and (row != "cost_mvnd" or one["is_cost_complete"])
    }
    top = max(worth.values(), default=None)
    return [] if top is None or len(worth) < 2 else [key for key, value in worth.items() if value == top]


def export_comparison(record: Mapping[str, Any], path: Path, *, language: Language) -> int:
    """Write a comparison to XLSX or CSV: a row a figure, a column a scenario, then who gains and loses."""
    shown = {one["key"]: title(one, language) for one in record["scenarios"]}
    rows = [_figure_row(record, row, language) for row in ROWS]
    for kind in ("gains", "loses", "loses_all"):
        rows += _village_rows(record, kind, language)
    headers = {
        "figure": translate("compare.figure", language),
        **shown,
        "best": translate("compare.best", language),
    }
    notes = method_notes(record, language)
    return write_table(path, rows, headers, notes=notes)


def title(column: Mapping[str, Any], language: Language) -> str:
    """Return what stands above a scenario: its letter and name."""
    if column["key"] == BASELINE:
        return translate("compare.baseline", language)
    return f"{column['key']}: {column['name']}"


def _figure_row(record: Mapping[str, Any], row: str, language: Language) -> dict[str, Any]:
    values = {
        one["key"]: None if (worth := ROWS[row](one)) is None else round(abs(worth), 3)
        for one in record["scenarios"]
    }
    best = ", ".join(record["best"][row])
    return {"figure": translate(f"compare.rows.{row}", language), **values, "best": best}


def _village_rows(record: Mapping[str, Any], kind: str, language: Language) -> list[dict[str, Any]]:
    rows: dict[str, dict[str, Any]] = {}
    for one in record["scenarios"]:
        for village in one[kind]:
            label = f"{translate(f'compare.{kind}', language)}: {village['name']} ({village['commune_code']})"
            row = rows.setdefault(village["village_id"], {"figure": label})
            row[one["key"]] = translate(f"status.{village['after']}", language)
    return list(rows.values())
