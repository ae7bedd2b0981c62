"""Where people live: communes, people and homes brought onto the study grid."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
from shapely.geometry import box

from phusong.app.compute.derived import derived
from phusong.app.compute.inputs import ComputeInputs
from phusong.app.compute.mapped import mapped_raster
from phusong.coverage.grids import FloatArray
from phusong.coverage.zonal import (
    BoolArray,
    Zones,
    build_zones,
    cell_areas_m2,
    geodesic_area_km2,
    zone_sums,
)


@dataclass(frozen=True, slots=True)
class World:
    """Boundaries and people of a study on its grid.

    Attributes
    ----------
    communes : GeoDataFrame
        Lon/lat, in the order of the zones; one row named after the study where it has no communes.
    has_communes : bool
    zones : Zones
    area_m2 : ndarray, shape (height, width)
        Ellipsoidal area of each cell.
    grid_area_m2 : ndarray, shape (zones,)
        Area of the cells of each commune.
    area_km2 : ndarray, shape (zones,)
        Geodesic area of each commune.
    people : ndarray or None, shape (height, width)
        People per cell; None where no population is known.
    population : ndarray, shape (zones,)
        People per zone; NaN where unknown.
    """

    communes: gpd.GeoDataFrame
    has_communes: bool
    zones: Zones
    area_m2: FloatArray
    grid_area_m2: FloatArray
    area_km2: FloatArray
    people: FloatArray | None
    population: FloatArray


def build_world(inputs: ComputeInputs) -> World:
    """Bring boundaries and people onto the study grid; what takes long is kept in the cache."""
    has_communes = inputs.store.has("communes")
    communes = _communes(inputs) if has_communes else _whole_grid(inputs)
    kept = derived(inputs, "zones", depends_on=("communes",), make=lambda: _zone_arrays(inputs, communes))
    zones = Zones(
        inputs.grid,
        tuple(str(code) for code in communes["commune_code"]),
        *(kept[name] for name in _ZONE_ARRAYS),
    )
    people = _people(inputs)
    return World(
        communes=communes,
        has_communes=has_communes,
        zones=zones,
        area_m2=kept["area_m2"],
        grid_area_m2=kept["grid_area_m2"],
        area_km2=kept["area_km2"],
        people=people,
        population=_population(communes, zones, people),
    )


_ZONE_ARRAYS = ("interior", "border_cell", "border_zone", "border_fraction", "outside_share")


def _zone_arrays(inputs: ComputeInputs, communes: gpd.GeoDataFrame) -> dict[str, np.ndarray]:
    metric = communes.to_crs(epsg=inputs.grid.epsg)
    zones = build_zones(list(metric.geometry), [str(code) for code in communes["commune_code"]], inputs.grid)
    area_km2 = np.array([geodesic_area_km2(shape) for shape in communes.geometry])
    arrays = {name: getattr(zones, name) for name in _ZONE_ARRAYS}
    area_m2 = cell_areas_m2(inputs.grid)
    return {**arrays, "area_m2": area_m2, "grid_area_m2": zone_sums(zones, area_m2), "area_km2": area_km2}


def _people(inputs: ComputeInputs) -> FloatArray | None:
    if not inputs.store.has("population"):
        return None
    return mapped_raster(inputs.store, "population").values


@dataclass(frozen=True, slots=True)
class StudyArea:
    """The part of the grid that figures come from.

    Attributes
    ----------
    wanted : ndarray of bool, shape (height, width)
        Cells of communes, and those that hold a village or a place.
    digest : str
        Hash of ``wanted``.
    """

    wanted: BoolArray
    digest: str


def study_area(zones: Zones, points_cell: np.ndarray) -> StudyArea:
    """Return the part of the grid that signal is computed for.

    Parameters
    ----------
    zones : Zones
    points_cell : ndarray of int
        Flat indices of cells wanted wherever they lie; -1 counts nowhere.
    """
    wanted = zones.interior >= 0
    wanted.flat[zones.border_cell] = True
    wanted.flat[points_cell[points_cell >= 0]] = True
    return StudyArea(wanted, hashlib.sha256(np.packbits(wanted).tobytes()).hexdigest()[:32])


def _communes(inputs: ComputeInputs) -> gpd.GeoDataFrame:
    return inputs.store.table("communes").sort_values("commune_code", ignore_index=True)


def _whole_grid(inputs: ComputeInputs) -> gpd.GeoDataFrame:
    """Stand in for communes where a study has none: the whole grid is one zone."""
    frame = gpd.GeoDataFrame(
        {"commune_code": ["-"], "name": [inputs.store.name], "kind": [None]},
        geometry=[box(*inputs.grid.bounds).segmentize(10 * inputs.grid.cell_size_m)],
        crs=f"EPSG:{inputs.grid.epsg}",
    )
    return frame.to_crs(epsg=4326)


def _population(communes: gpd.GeoDataFrame, zones: Zones, people: FloatArray | None) -> FloatArray:
    """Official totals where they are known, sums of the raster elsewhere."""
    official = (
        pd.to_numeric(communes["population"], errors="coerce").to_numpy(dtype=np.float64)
        if "population" in communes
        else np.full(len(communes), np.nan)
    )
    if people is None or np.isfinite(official).all():
        return official
    return np.where(np.isnan(official), zone_sums(zones, people), official)
