"""The kinds of job a study has: compute, what-if, compare, and where to build."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from types import MappingProxyType
from typing import Any

from phusong.app.comparing import compare
from phusong.app.compute.inputs import DEFAULT_MODE, MODES
from phusong.app.compute.pools import checked_workers
from phusong.app.compute.whatif import Baseline
from phusong.app.jobs.fibring import check_fibre, fibre
from phusong.app.jobs.importing import check_import, check_sample, fill_with_sample, import_upload
from phusong.app.jobs.optimising import check_optimise, check_technology, optimise, technology
from phusong.app.jobs.process import Inputs, JobContext, ProcessKind
from phusong.app.scenarios import scenario_store
from phusong.app.study import Study
from phusong.coverage.errors import InputError
from phusong.geodata.checked_json import Members
from phusong.geodata.scenario import Scenario, checked_name, scenario_from_dict
from phusong.geodata.store.folder import FolderStore

MOST_COMPARED = 26


def _check_compute(inputs: Inputs) -> dict[str, Any]:
    members = Members("", inputs, frozenset({"mode", "workers"}))
    mode = members.text("mode", most=20) or DEFAULT_MODE
    if mode not in MODES:
        raise InputError("mode_unknown", value=mode, allowed=", ".join(MODES))
    workers = members.get("workers")
    return {"mode": mode, "workers": None if workers is None else checked_workers(workers)}


def _compute(store: FolderStore, inputs: Inputs, context: JobContext) -> Mapping[str, Any]:
    report = Study(store).compute(mode=inputs["mode"], workers=inputs["workers"], progress=context.progress)
    return asdict(report)


def _check_what_if(inputs: Inputs) -> dict[str, Any]:
    """Read a scenario without a name: what the page has before anything is saved."""
    scenario = scenario_from_dict({"name": "what-if", **inputs})
    if scenario.is_empty:
        raise InputError("whatif_nothing")
    return scenario.as_dict()


def _what_if(store: FolderStore, inputs: Inputs, context: JobContext) -> Mapping[str, Any]:
    return compare(Baseline(store), [scenario_from_dict(inputs)], progress=context.progress)


def _check_compare(inputs: Inputs) -> dict[str, Any]:
    members = Members("", inputs, frozenset({"scenarios"}))
    named = members.items("scenarios", _scenario_or_name, most=MOST_COMPARED)
    if not named:
        raise InputError("json_member", member="scenarios", value="[]", allowed=f"1 .. {MOST_COMPARED}")
    return {"scenarios": list(named)}


def _scenario_or_name(_where: str, given: object) -> str | dict[str, Any]:
    """Name of a scenario that is kept, or a whole one that is not."""
    return scenario_from_dict(given).as_dict() if isinstance(given, Mapping) else checked_name(given)


def _compare(store: FolderStore, inputs: Inputs, context: JobContext) -> Mapping[str, Any]:
    return compare(Baseline(store), _compared(store, inputs), progress=context.progress)


def checked_comparison(store: FolderStore, inputs: Inputs) -> list[Scenario]:
    """Return the scenarios that are to be compared.

    Raises
    ------
    InputError
        ``json_member`` and whatever is wrong with a scenario.
    NotFoundError
        ``scenario_unknown``.
    """
    return _compared(store, _check_compare(inputs))


def _compared(store: FolderStore, inputs: Inputs) -> list[Scenario]:
    kept = scenario_store(store)

    def scenario_of(given: str | Mapping[str, Any]) -> Scenario:
        return kept.load(given).scenario if isinstance(given, str) else scenario_from_dict(given)

    return [scenario_of(given) for given in inputs["scenarios"]]


KINDS: Mapping[str, ProcessKind] = MappingProxyType(
    {
        kind.name: kind
        for kind in (
            ProcessKind(
                "compute",
                _check_compute,
                _compute,
                # Shares of a first run at province size; what is cached passes sooner.
                MappingProxyType(
                    {
                        "zones": 3.0,
                        "losses": 55.0,
                        "blocks": 12.0,
                        "judging": 8.0,
                        "shares": 10.0,
                        "villages": 8.0,
                        "layers": 4.0,
                    }
                ),
            ),
            ProcessKind("what-if", _check_what_if, _what_if, MappingProxyType({"scenarios": 1.0})),
            ProcessKind(
                "optimise", check_optimise, optimise, MappingProxyType({"candidates": 70.0, "checking": 10.0})
            ),
            ProcessKind(
                "technology",
                check_technology,
                technology,
                MappingProxyType({"candidates": 85.0, "technology": 15.0}),
            ),
            ProcessKind(
                "fibre", check_fibre, fibre, MappingProxyType({"fibre_roads": 40.0, "fibre_tree": 60.0})
            ),
            ProcessKind(
                "import", check_import, import_upload, MappingProxyType({"reading": 20.0, "import": 80.0})
            ),
            ProcessKind("sample", check_sample, fill_with_sample, MappingProxyType({"sample": 1.0})),
            ProcessKind("compare", _check_compare, _compare, MappingProxyType({"scenarios": 1.0})),
        )
    }
)
"""Every kind by name; a runner is given these."""
