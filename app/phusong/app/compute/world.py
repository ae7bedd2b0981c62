"""Where people live: communes, people and homes brought onto the study grid."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
from shapely.geometry import box

from phusong.app.compute.inputs import ComputeInputs
from phusong.coverage.grids import FloatArray
from phusong.coverage.zonal import Zones, build_zones, cell_areas_m2, geodesic_area_km2, zone_sums


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
    area_km2: FloatArray
    people: FloatArray | None
    population: FloatArray


def build_world(inputs: ComputeInputs) -> World:
    """Bring boundaries and people onto the study grid."""
    has_communes = inputs.store.has("communes")
    communes = _communes(inputs) if has_communes else _whole_grid(inputs)
    metric = communes.to_crs(epsg=inputs.grid.epsg)
    zones = build_zones(list(metric.geometry), [str(code) for code in communes["commune_code"]], inputs.grid)
    people = inputs.store.raster("population").values if inputs.store.has("population") else None
    return World(
        communes=communes,
        has_communes=has_communes,
        zones=zones,
        area_m2=cell_areas_m2(inputs.grid),
        area_km2=np.array([geodesic_area_km2(shape) for shape in communes.geometry]),
        people=people,
        population=_population(communes, zones, people),
    )


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
    if people is None:
        return official
    return np.where(np.isnan(official), zone_sums(zones, people), official)
