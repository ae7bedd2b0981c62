"""Fibre plans as jobs: the cheapest way along roads, with the lines that maps and files show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from phusong.app.fibre_document import fibre_document, plan_parts
from phusong.app.fibre_planning import AMONG, FibreRequest, study_fibre_plan
from phusong.app.jobs.process import Inputs, JobContext
from phusong.app.scenarios import scenario_store
from phusong.coverage.errors import InputError
from phusong.coverage.placement.fibreplan import FibreCosts
from phusong.geodata.checked_json import Members, checked_text
from phusong.geodata.ofds import PlanNode, PlanSpan
from phusong.geodata.scenario import checked_name
from phusong.geodata.store.folder import FolderStore

_NUMBERS: Mapping[str, tuple[float, float]] = {
    "served_within_m": (0.0, 1e6),
    "max_drop_m": (0.0, 1e6),
    "time_limit_s": (0.0, 86_400.0),
}
_MEMBERS = frozenset({*_NUMBERS, "to", "among", "ids", "scenario", "costs"})
_TO = ("villages", "masts")
MOST_IDS = 20_000


def check_fibre(inputs: Inputs) -> dict[str, Any]:
    """Check a question for fibre; names as `FibreRequest`, `scenario` by its name, costs as `FibreCosts`."""
    fibre_request(inputs)
    if inputs.get("scenario") is not None:
        checked_name(inputs["scenario"])
    return dict(inputs)


def fibre_request(inputs: Inputs) -> FibreRequest:
    """Read a question; the masts of a scenario are put in when it runs.

    Raises
    ------
    InputError
        ``json_member``, ``fibre_cost_unknown``.
    PlacementError
        ``fibre_cost`` for a value out of range.
    """
    members = Members("", inputs, _MEMBERS)
    given: dict[str, Any] = {
        name: value
        for name, limits in _NUMBERS.items()
        if (value := members.number(name, limits)) is not None
    }
    for name, allowed in (("to", _TO), ("among", AMONG)):
        if (text := members.text(name, most=40)) is not None:
            if text not in allowed:
                raise InputError("json_member", member=name, value=text, allowed=", ".join(allowed))
            given[name] = text
    ids = members.items("ids", _id, most=MOST_IDS)
    return FibreRequest(**given, ids=ids, costs=_costs(members.get("costs", {})))


def _id(where: str, value: object) -> str:
    return checked_text(where, value, most=80, least=1)


def _costs(record: object) -> FibreCosts:
    """Read costs; a cost by road class may name some classes only."""
    plain = FibreCosts().as_dict()
    given = Members("costs", record, frozenset(plain))
    values: dict[str, Any] = {}
    for name in given.record:
        value, usual = given.get(name), plain[name]
        if isinstance(usual, Mapping):
            classes = Members(f"costs.{name}", value, frozenset(usual))
            values[name] = {**usual, **classes.record}
        else:
            values[name] = given.needed_number(name, (0.0, 1e9))
    return replace(FibreCosts(), **values)


def fibre(store: FolderStore, inputs: Inputs, context: JobContext) -> Mapping[str, Any]:
    """Plan fibre; nodes and spans come with the figures."""
    request = fibre_request(inputs)
    if inputs.get("scenario") is not None:
        kept = scenario_store(store).load(checked_name(inputs["scenario"])).scenario
        request = replace(request, new_masts=kept.additions)
    answer = study_fibre_plan(store, request, progress=context.progress)
    nodes, spans = plan_parts(answer)
    return {
        **fibre_document(store, request, answer),
        "nodes": [asdict(node) for node in nodes],
        "spans": [asdict(span) for span in spans],
    }


def network_of(document: Mapping[str, Any]) -> tuple[list[PlanNode], list[PlanSpan]]:
    """Return the nodes and spans of a plan that a job found."""
    nodes = [PlanNode(**one) for one in document["nodes"]]
    spans = [
        PlanSpan(**{**one, "lonlat": tuple((lon, lat) for lon, lat in one["lonlat"])})
        for one in document["spans"]
    ]
    return nodes, spans
