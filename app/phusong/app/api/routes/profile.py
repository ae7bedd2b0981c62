"""What happens between a cell and a place, and what is received at a place."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query

from phusong.app.api.dependencies import CurrentSnapshot, Latitude, Longitude
from phusong.app.api.schemas import PointReading, ProfileReading
from phusong.coverage.errors import InputError

router = APIRouter(tags=["places"])

Identity = Annotated[str, Query(max_length=200)]


@router.get("/profile", response_model=ProfileReading)
def profile(
    snapshot: CurrentSnapshot,
    cell_id: Identity,
    village_id: Annotated[str | None, Query(max_length=200)] = None,
    lon: Longitude | None = None,
    lat: Latitude | None = None,
) -> dict[str, Any]:
    """Terrain, line of sight, first Fresnel zone and losses from a cell to a village or a point."""
    inspector = snapshot.inspector()
    if village_id is not None:
        lon, lat = inspector.village_place(village_id)
    elif lon is None or lat is None:
        raise InputError("profile_without_place")
    return inspector.profile(cell_id, lon_deg=lon, lat_deg=lat)


@router.get("/point", response_model=PointReading)
def point(snapshot: CurrentSnapshot, lon: Longitude, lat: Latitude) -> dict[str, Any]:
    """Level of each operator and technology at a place."""
    return snapshot.inspector().point(lon_deg=lon, lat_deg=lat)
