"""What the study holds."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response

from phusong.app.api.answers import GEOJSON, answer, is_fresh, json_answer, unchanged
from phusong.app.api.dependencies import CurrentSnapshot
from phusong.app.api.snapshot import Snapshot

router = APIRouter(tags=["study"])


@router.get("/study")
def study(request: Request, snapshot: CurrentSnapshot) -> Response:
    """Describe the study: its layers, whether its results are current, what can be drawn."""
    return json_answer(request, _record(snapshot), snapshot.tag)


@router.get("/study/outline", responses={200: {"content": {GEOJSON: {}}}})
def study_outline(request: Request, snapshot: CurrentSnapshot) -> Response:
    """Return the outer edge of the study's communes as a GeoJSON feature."""
    content = snapshot.outline()
    return (
        unchanged(snapshot.tag) if is_fresh(request, snapshot.tag) else answer(content, GEOJSON, snapshot.tag)
    )


@router.get("/targets")
def targets(request: Request, snapshot: CurrentSnapshot) -> Response:
    """Targets by technology; a technology without one is absent."""
    return json_answer(request, {"targets": _targets(snapshot)}, snapshot.tag)


def _record(snapshot: Snapshot) -> dict[str, Any]:
    description = snapshot.description
    method = snapshot.store.method()
    results = snapshot.results if snapshot.has_results else {}
    layers = description["layers"]
    return {
        "name": description["name"],
        "epsg": description["epsg"],
        "grid_m": description["grid_m"],
        "bounds": snapshot.bounds(),
        "data_as_of": max((layer["imported_at"] for layer in layers.values()), default=None),
        "computed_on": results.get("computed_on"),
        "state": description["state"],
        "run": snapshot.run,
        "technologies": results.get("technologies", list(method.threshold_dbm)),
        "operators": results.get("operators", ["all"]),
        "is_synthetic": bool(description["synthetic_layers"]),
        "synthetic_layers": description["synthetic_layers"],
        "layers": layers,
        "targets": _targets(snapshot),
        "coverages": snapshot.coverages(),
        "thresholds": dict(method.threshold_dbm),
    }


def _targets(snapshot: Snapshot) -> dict[str, Any]:
    return dict(snapshot.store.settings().get("targets") or {})
