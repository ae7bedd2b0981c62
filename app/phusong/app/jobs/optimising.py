"""Where to build, as jobs: towers, and the cheapest means for what is left."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from phusong.app.choosing import choose_technology, technology_request
from phusong.app.compute.whatif import Baseline
from phusong.app.explainedplan import explain_tower_plan
from phusong.app.jobs.process import Inputs, JobContext
from phusong.app.planning.asking import tower_request
from phusong.app.planning.document import tower_document
from phusong.app.planning.kept import additions_to_keep
from phusong.app.planning.named import places_record
from phusong.app.planning.settings import TowerRequest
from phusong.app.planning.towers import plan_towers
from phusong.app.planning.writing import keep_as_scenario
from phusong.app.scenarios import scenario_store
from phusong.coverage.placement.answer import Step
from phusong.coverage.placement.costs import cost_model
from phusong.coverage.placement.instance import Int32Array
from phusong.geodata.checked_json import Members, checked_number, checked_text
from phusong.geodata.scenario import Addition, checked_name, scenario_from_dict
from phusong.geodata.store.folder import FolderStore

_NUMBERS: Mapping[str, tuple[float, float]] = {
    "budget_mvnd": (0.0, 1e9),
    "sites": (0, 1_000_000),
    "gap": (0.0, 1.0),
    "time_limit_s": (0.0, 86_400.0),
    "min_distance_m": (0.0, 1e6),
    "per_commune": (0, 1_000_000),
}
_WHOLE = ("sites", "per_commune")
_TEXTS = ("target", "technology", "operator", "served_by")
_LISTS = ("means", "sources", "heights", "bands", "yearly_budgets")
_TOWERS = frozenset(
    {
        *_NUMBERS,
        *_TEXTS,
        *_LISTS,
        "reach",
        "costs",
        "has_satellite",
        "most_places",
        "save_as",
        "explain",
        "finish",
    }
)
_TECHNOLOGY = frozenset({"costs", "operator", "technology", "most_places", "time_limit_s"})
MOST_IN_A_LIST = 100


def check_optimise(inputs: Inputs) -> dict[str, Any]:
    """Check a question for towers; names as `TowerRequest`, lists as JSON lists, costs as `CostModel`.

    `finish` names a scenario that is kept, or is a whole one: its masts are built in any case.
    """
    _request(inputs)
    finish = inputs.get("finish")
    if isinstance(finish, Mapping):
        additions_to_keep(scenario_from_dict({"name": "finish", **finish}))
    elif finish is not None:
        checked_name(finish)
    if inputs.get("save_as") is not None:
        checked_name(inputs["save_as"])
    return dict(inputs)


def _request(inputs: Inputs) -> TowerRequest:
    members = Members("", inputs, _TOWERS)
    plain: dict[str, Any] = {}
    for name, limits in _NUMBERS.items():
        if (value := members.number(name, limits)) is not None:
            plain[name] = int(value) if name in _WHOLE else value
    plain |= {name: text for name in _TEXTS if (text := members.text(name, most=80)) is not None}
    lists = {
        name: ",".join(members.items(name, _part, most=MOST_IN_A_LIST))
        for name in _LISTS
        if members.get(name) is not None
    }
    reach = members.get("reach")
    most_places = members.number("most_places", (1, 1_000_000))
    return tower_request(
        reach=None if reach is None else _part("reach", reach),
        costs=cost_model(_costs(members)),
        has_satellite=members.get("has_satellite") is True,
        most_places=None if most_places is None else int(most_places),
        **lists,
        **plain,
    )


def _part(where: str, value: object) -> str:
    """Return a text or a number as the command line would have it."""
    if isinstance(value, str):
        return checked_text(where, value, most=80, least=1)
    return f"{checked_number(where, value, (0.0, 1e9)):g}"


def _costs(members: Members) -> Mapping[str, Any]:
    given = members.get("costs", {})
    # Their names and values are checked by the model of costs itself.
    return Members(
        "costs", given, frozenset(map(str, given)) if isinstance(given, Mapping) else frozenset()
    ).record


def _kept(store: FolderStore, inputs: Inputs) -> tuple[Addition, ...]:
    """Masts of the scenario that is to be finished."""
    finish = inputs.get("finish")
    if finish is None:
        return ()
    if isinstance(finish, Mapping):
        return additions_to_keep(scenario_from_dict({"name": "finish", **finish}))
    return additions_to_keep(scenario_store(store).load(checked_name(finish)).scenario)


def optimise(store: FolderStore, inputs: Inputs, context: JobContext) -> Mapping[str, Any]:
    """Choose where to build; better answers are told as steps on the way."""
    steps: list[dict[str, Any]] = []

    def tell(step: Step, chosen: Int32Array) -> None:
        steps.append(
            {
                "seconds": round(step.seconds, 3),
                "stage": step.stage,
                "value": step.value,
                "bound": step.bound if abs(step.bound) < 1e300 else None,
                "picks": int(chosen.size),
            }
        )
        context.step(steps[-1])

    request = replace(_request(inputs), kept=_kept(store, inputs))
    plan = plan_towers(store, request, progress=context.progress, tell=tell, cancelled=context.is_enough)
    document = {**tower_document(plan), "steps": steps}
    if inputs.get("explain") is True:
        context.check()
        # Whoever stopped the search does not wait for others to be tried.
        document["explained"] = explain_tower_plan(plan, resolves=not context.is_enough())
        document["places"] = places_record(plan)
    if inputs.get("save_as") is not None:
        keep_as_scenario(store, document, inputs["save_as"])
    return document


def check_technology(inputs: Inputs) -> dict[str, Any]:
    """Check a question for the cheapest means."""
    technology_request(**_technology(inputs))
    return dict(inputs)


def _technology(inputs: Inputs) -> dict[str, Any]:
    members = Members("", inputs, _TECHNOLOGY)
    limits = {"most_places": (1, 1_000_000), "time_limit_s": (0.0, 86_400.0)}
    numbers = {
        name: value for name, one in limits.items() if (value := members.number(name, one)) is not None
    }
    if "most_places" in numbers:
        numbers["most_places"] = int(numbers["most_places"])
    texts = {name: members.text(name, most=80) for name in ("operator", "technology")}
    return {"costs": _costs(members), **numbers, **texts}


def technology(store: FolderStore, inputs: Inputs, context: JobContext) -> Mapping[str, Any]:
    """Choose the cheapest means for every village without service."""
    return choose_technology(
        Baseline(store),
        technology_request(**_technology(inputs)),
        progress=context.progress,
        cancelled=context.is_enough,
    )
