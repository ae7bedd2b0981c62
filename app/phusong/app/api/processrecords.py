"""What each process takes, as JSON schemas."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from types import MappingProxyType
from typing import Any

from phusong.app.compute.inputs import DEFAULT_MODE, MODES
from phusong.app.i18n import Language, translate
from phusong.app.jobs.kinds import KINDS
from phusong.coverage.placement.costs import CostModel
from phusong.coverage.placement.fibreplan import FibreCosts
from phusong.coverage.placement.runningcosts import RunningCosts

Schema = Mapping[str, Any]


def building_costs() -> dict[str, Any]:
    """Return the costs, million VND, that are assumed where nobody gives any."""
    usual = asdict(CostModel())
    return {**usual, "mast_mvnd": {f"{height_m:g}": cost for height_m, cost in usual["mast_mvnd"].items()}}


_TEXT: Schema = {"type": "string"}
_NUMBER: Schema = {"type": "number"}
_NAMES: Schema = {"type": "array", "items": {"type": "string"}}
_ADDITION: Schema = {
    "type": "object",
    "required": ["site_id", "lon_deg", "lat_deg", "height_m", "band"],
    "properties": {
        "site_id": _TEXT,
        "lon_deg": _NUMBER,
        "lat_deg": _NUMBER,
        "height_m": {"type": "number", "exclusiveMinimum": 0},
        "band": {"type": "string", "examples": ["B3", "n78", "1800"]},
        "azimuths_deg": {"type": ["array", "null"], "items": _NUMBER, "maxItems": 12},
        "power_dbm": {"type": ["number", "null"]},
        "downtilt_deg": {"type": ["number", "null"]},
        "operator": {"type": ["string", "null"]},
        "technology": {"type": ["string", "null"]},
        "cost_mvnd": {"type": ["number", "null"], "minimum": 0},
        "source": _TEXT,
    },
}
_EDIT: Schema = {
    "type": "object",
    "required": ["cell_id", "changes"],
    "properties": {
        "cell_id": _TEXT,
        "changes": {"type": "object", "additionalProperties": _NUMBER},
        "cost_mvnd": {"type": ["number", "null"], "minimum": 0},
    },
}
_CHANGE: Mapping[str, Schema] = {
    "additions": {"type": "array", "items": _ADDITION},
    "removed_sites": _NAMES,
    "removed_cells": _NAMES,
    "edits": {"type": "array", "items": _EDIT},
}
_MAP: Schema = {
    "type": ["object", "null"],
    "properties": {
        "technology": {"type": "string", "examples": ["4G", "4G+5G"]},
        "operator": {"type": "string", "default": "all"},
        "against": {"type": ["string", "null"], "description": "`mark` of an earlier answer"},
    },
}
_SCENARIO: Schema = {"type": "object", "properties": {"name": _TEXT, **_CHANGE}}
INPUTS: Mapping[str, Mapping[str, Schema]] = MappingProxyType(
    {
        "compute": {
            "mode": {"type": "string", "enum": list(MODES), "default": DEFAULT_MODE},
            "workers": {"type": ["integer", "string", "null"]},
        },
        "what-if": {**_CHANGE, "map": _MAP, "moving": {"type": ["string", "null"]}},
        "optimise": {
            "sites": {"type": ["integer", "null"], "minimum": 0},
            "budget_mvnd": {"type": ["number", "null"], "minimum": 0},
            "reach": {"type": ["number", "string", "null"], "examples": [95, "all"]},
            "target": {
                "type": "string",
                "default": "households",
                "examples": ["households", "people", "villages"],
            },
            "technology": _TEXT,
            "operator": _TEXT,
            "heights": {"type": "array", "items": _NUMBER},
            "bands": _NAMES,
            "means": _NAMES,
            "sources": _NAMES,
            "has_satellite": {"type": "boolean", "default": False},
            "min_distance_m": _NUMBER,
            "per_commune": {"type": ["integer", "null"], "minimum": 0},
            "yearly_budgets": {"type": "array", "items": _NUMBER},
            "most_places": {"type": "integer", "minimum": 1},
            "gap": _NUMBER,
            "time_limit_s": _NUMBER,
            "costs": {"type": "object", "default": building_costs()},
            "explain": {"type": "boolean", "default": False},
            "finish": {"oneOf": [_TEXT, _SCENARIO, {"type": "null"}]},
            "save_as": {"type": ["string", "null"]},
        },
        "fibre": {
            "to": {"type": "string", "enum": ["villages", "masts"], "default": "villages"},
            "among": {
                "type": "string",
                "enum": ["without_fibre", "white", "all"],
                "default": "without_fibre",
            },
            "ids": _NAMES,
            "scenario": {"type": ["string", "null"]},
            "costs": {"type": "object", "default": dict(FibreCosts().as_dict())},
            "served_within_m": _NUMBER,
            "max_drop_m": _NUMBER,
            "time_limit_s": _NUMBER,
        },
        "technology": {
            "operator": _TEXT,
            "technology": _TEXT,
            "most_places": {"type": "integer", "minimum": 1},
            "time_limit_s": _NUMBER,
            "costs": {
                "type": "object",
                "default": {**building_costs(), **RunningCosts().as_dict()},
            },
        },
        "import": {
            "upload": {"type": "string", "description": "See `/uploads`"},
            "sheet": {"type": ["string", "null"]},
            "crs": {"type": ["string", "null"], "examples": ["EPSG:9210"]},
            "columns": {"type": "object", "additionalProperties": _TEXT},
        },
        "sample": {"seed": {"type": "integer", "minimum": 0, "default": 1}},
        "compare": {"scenarios": {"type": "array", "items": {"oneOf": [_TEXT, _SCENARIO]}}},
    }
)
DESCRIPTIONS: tuple[str, ...] = tuple(KINDS)
"""Every process there is, by name."""
QUICK = frozenset({"what-if", "compare"})
"""Processes that answer at once unless a job is preferred."""


def process_summary(name: str, language: Language) -> dict[str, Any]:
    """Return what a list of processes says of one."""
    ways = ["async-execute", "dismiss"]
    return {
        "id": name,
        "title": translate(f"processes.{name}.title", language),
        "description": translate(f"processes.{name}.description", language),
        "version": "1",
        "jobControlOptions": ["sync-execute", *ways] if name in QUICK else ways,
        "outputTransmission": ["value"],
        "links": [
            {"href": f"/processes/{name}", "rel": "self", "type": "application/json"},
            {
                "href": f"/processes/{name}/execution",
                "rel": "http://www.opengis.net/def/rel/ogc/1.0/execute",
                "type": "application/json",
            },
        ],
    }


def process_record(name: str, language: Language) -> dict[str, Any]:
    """Return the description of a process with its inputs and output."""
    inputs = {
        member: {"title": member, "minOccurs": 0, "schema": schema}
        for member, schema in INPUTS.get(name, {}).items()
    }
    outputs = {"result": {"title": "result", "schema": {"type": "object"}}}
    return {**process_summary(name, language), "inputs": inputs, "outputs": outputs}
