"""Paths between any two points, and why a place or a part of a village has no service."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response

from phusong.app.api.answers import json_answer
from phusong.app.api.dependencies import CurrentSnapshot, Latitude, Longitude
from phusong.app.api.schemas import ClusterReading, PathReading, ReasonReading
from phusong.app.api.snapshot import Snapshot
from phusong.app.paths import StudyGround, explain_between
from phusong.app.unservedclusters import cluster_record

router = APIRouter(tags=["places"])

Height = Annotated[float, Query(ge=0.5, le=500, allow_inf_nan=False, description="antenna above ground, m")]
Frequency = Annotated[float, Query(ge=30, le=100_000, allow_inf_nan=False, description="MHz")]


@router.get("/profile/points", response_model=PathReading)
def profile_between(  # noqa: PLR0917 - query parameters
    snapshot: CurrentSnapshot,
    from_lon: Longitude,
    from_lat: Latitude,
    to_lon: Longitude,
    to_lat: Latitude,
    from_height_m: Height = 30.0,
    to_height_m: Height = 1.5,
    frequency_mhz: Frequency = 900.0,
) -> dict[str, Any]:
    """Terrain, line of sight, first Fresnel zone and losses between two points of the study."""
    ground = snapshot.part("ground", lambda: StudyGround(snapshot.store))
    record = explain_between(
        ground,
        ground.place(from_lon, from_lat),
        ground.place(to_lon, to_lat),
        start_height_m=from_height_m,
        end_height_m=to_height_m,
        frequency_mhz=frequency_mhz,
        method=snapshot.store.method(),
    )
    return {**record, "ends": [record["from"], record["to"]]}


@router.get("/point/reason", response_model=ReasonReading)
def point_reason(snapshot: CurrentSnapshot, lon: Longitude, lat: Latitude) -> dict[str, Any]:
    """Say why a place is not served by the technologies that villages are judged by."""
    results = snapshot.results
    inspector = snapshot.inspector()
    explainer = snapshot.explainer()
    inputs = snapshot.baseline().inputs
    place = snapshot.part("ground", lambda: StudyGround(snapshot.store)).place(lon, lat)
    technologies = list(inputs.method.village_rule.technologies)
    levels = inspector.point(lon_deg=lon, lat_deg=lat)["layers"]
    is_served = any(level["is_served"] for level in levels if level["technology"] in technologies)
    cell = -1
    if inputs.grid.contains(place.x_m, place.y_m):
        row, col = inputs.grid.row_col(place.x_m, place.y_m)
        cell = row * inputs.grid.width + col
    told = explainer.explain(x_m=place.x_m, y_m=place.y_m, cell=cell, is_served=is_served)
    return {"is_served": is_served, "technologies": technologies, **told, "method": results["method"]}


@router.get("/villages/{village_id}/cluster", response_model=ClusterReading)
def village_cluster(
    request: Request, snapshot: CurrentSnapshot, village_id: Annotated[str, Path(max_length=200)]
) -> Response:
    """Show the unserved homes of a village, the largest cluster of them and the strongest mast there."""
    return json_answer(request, _cluster(snapshot, village_id), snapshot.tag)


def _cluster(snapshot: Snapshot, village_id: str) -> dict[str, Any]:
    method = snapshot.results["method"]
    record = cluster_record(snapshot.baseline(), snapshot.explainer(), village_id)
    return {**record, "method": method}
