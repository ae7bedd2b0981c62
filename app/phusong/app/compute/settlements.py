"""Villages on the grid, and their status with reasons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from phusong.app.compute.derived import derived
from phusong.app.compute.evidence import explain_villages
from phusong.app.compute.inputs import ComputeInputs
from phusong.app.compute.progress import Progress
from phusong.app.compute.served import ServedLayers
from phusong.app.compute.signalmap import SignalMap
from phusong.app.compute.world import StudyArea, World, study_area
from phusong.coverage.fractions import IntArray
from phusong.coverage.grids import FloatArray, Raster
from phusong.coverage.nearest import Points
from phusong.coverage.signal_kernel import Int16Array
from phusong.coverage.stacks import levels_dbm
from phusong.coverage.villages import Catchments, assess, catchments, cells_at
from phusong.coverage.zonal import BoolArray, code_index, zone_of_cells


@dataclass(frozen=True, slots=True)
class Settlements:
    """Villages of a study brought onto its grid.

    Attributes
    ----------
    table : GeoDataFrame
        Villages, lon/lat, ordered by ``village_id``.
    points : Points
    zone : ndarray of int, shape (villages,)
        Commune of each village, -1 where unknown.
    areas : Catchments
    order : ndarray of int32
        Entries of the catchments sorted by village.
    begin : ndarray of int64, shape (villages + 1,)
        Where each village begins in ``order``.
    """

    table: gpd.GeoDataFrame
    points: Points
    zone: np.ndarray[Any, np.dtype[np.int64]]
    areas: Catchments
    order: npt.NDArray[np.int32]
    begin: npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class VillagePoints:
    """Villages of a study as points.

    Attributes
    ----------
    table : GeoDataFrame
        Villages, lon/lat, ordered by ``village_id``.
    points : Points
    centre_cell : ndarray of int64, shape (villages,)
        Flat index of the cell of each centre; -1 where the location is missing or off the grid.
    """

    table: gpd.GeoDataFrame
    points: Points
    centre_cell: IntArray


def village_points(inputs: ComputeInputs) -> VillagePoints | None:
    """Read the villages; None where the study has none."""
    if not inputs.store.has("villages"):
        return None
    table = inputs.store.table("villages").sort_values("village_id", ignore_index=True)
    points = points_of(table, inputs.grid.epsg)
    return VillagePoints(table, points, cells_at(inputs.grid, x_m=points.x_m, y_m=points.y_m))


def locate_settlements(
    inputs: ComputeInputs, world: World, villages: VillagePoints | None
) -> Settlements | None:
    """Give villages the cells that their people live in; None where the study has no villages."""
    if villages is None:
        return None
    table, points = villages.table, villages.points
    zone = (
        code_index(world.zones.codes, table["commune_code"])
        if world.has_communes
        else np.zeros(len(table), int)
    )
    kept = derived(
        inputs,
        "catchments",
        depends_on=("communes", "population", "villages"),
        make=lambda: _catchment_arrays(inputs, world, points, zone),
    )
    areas = Catchments(inputs.grid, *(kept[name] for name in _CATCHMENT_ARRAYS))
    return Settlements(table, points, zone, areas, kept["order"], kept["begin"])


_CATCHMENT_ARRAYS = ("centre_cell", "cell", "village", "weight", "people")


def _catchment_arrays(
    inputs: ComputeInputs, world: World, points: Points, zone: npt.NDArray[np.int64]
) -> dict[str, npt.NDArray[Any]]:
    people = world.people if world.people is not None else np.zeros(inputs.grid.shape)
    areas = catchments(
        Raster(inputs.grid, people, "people"),
        zone_of_cells(world.zones),
        x_m=points.x_m,
        y_m=points.y_m,
        zone=zone,
    )
    counts = np.bincount(areas.village, minlength=areas.centre_cell.size)
    return {
        **{name: getattr(areas, name) for name in _CATCHMENT_ARRAYS},
        "order": np.argsort(areas.village, kind="stable").astype(np.int32),
        "begin": np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
    }


def part_of(settlements: Settlements, place: npt.NDArray[np.int64]) -> Settlements:
    """Return the villages that have any of some cells of the grid (flat indices, ascending)."""
    return picked(settlements, villages_at(settlements, place))


def villages_at(settlements: Settlements, place: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return the indices of the villages that have any of some cells (flat indices, ascending)."""
    areas = settlements.areas
    # Of the same type, or all cells are converted.
    wanted = place.astype(areas.cell.dtype)
    left, right = (np.searchsorted(areas.cell, wanted, side=side) for side in ("left", "right"))
    entries = np.concatenate([left[right > left], right[right > left] - 1])
    centred = np.flatnonzero(np.isin(areas.centre_cell, place))
    return np.union1d(areas.village[entries], centred).astype(np.int64)


def picked(settlements: Settlements, own: npt.NDArray[np.int64]) -> Settlements:
    """Return some of the villages, by index, ascending."""
    areas = settlements.areas
    spans = [settlements.order[settlements.begin[k] : settlements.begin[k + 1]] for k in own]
    listed = np.sort(np.concatenate(spans)) if spans else np.empty(0, dtype=np.int32)
    village = np.searchsorted(own, areas.village[listed]).astype(np.int32)
    part = Catchments(
        areas.grid,
        areas.centre_cell[own],
        areas.cell[listed],
        village,
        areas.weight[listed],
        areas.people[own],
    )
    points = settlements.points
    located = Points(
        x_m=points.x_m[own], y_m=points.y_m[own], lon_deg=points.lon_deg[own], lat_deg=points.lat_deg[own]
    )
    empty = np.empty(0, dtype=np.int64)
    table = settlements.table.iloc[own].reset_index(drop=True)
    return Settlements(table, located, settlements.zone[own], part, empty.astype(np.int32), empty)


def area_of(inputs: ComputeInputs, world: World, villages: VillagePoints | None) -> StudyArea:
    """Return the part of the grid that signal is computed for: communes, villages and places."""
    points = [] if villages is None else [villages.centre_cell]
    if inputs.store.has("places"):
        located = points_of(inputs.store.table("places"), inputs.grid.epsg)
        points.append(cells_at(inputs.grid, x_m=located.x_m, y_m=located.y_m))
    return study_area(world.zones, np.concatenate(points) if points else np.empty(0, dtype=np.int64))


def points_of(table: gpd.GeoDataFrame, epsg: int) -> Points:
    """Coordinates of point features in the study CRS and in lon/lat; NaN where missing."""
    metric = table.geometry.to_crs(epsg=epsg)
    return Points(
        x_m=metric.x.to_numpy(dtype=np.float64),
        y_m=metric.y.to_numpy(dtype=np.float64),
        lon_deg=table.geometry.x.to_numpy(dtype=np.float64),
        lat_deg=table.geometry.y.to_numpy(dtype=np.float64),
    )


def judge(
    inputs: ComputeInputs,
    settlements: Settlements,
    served: BoolArray,
    *,
    best_level: Int16Array | None,
    is_signal_known: bool,
) -> pd.DataFrame:
    """Apply the village rule to one mask of served cells."""
    table = settlements.table
    return assess(
        settlements.areas,
        households=_numbers(table, "households"),
        population=_numbers(table, "population"),
        served=served,
        rsrp_dbm=_centre_levels_dbm(settlements, best_level),
        is_known=_is_centre_known(inputs, settlements),
        is_signal_known=is_signal_known,
        rule=inputs.method.village_rule,
        household_size=inputs.method.household_size,
    )


def _centre_levels_dbm(settlements: Settlements, best_level: Int16Array | None) -> FloatArray:
    if best_level is None:
        return np.full(settlements.areas.centre_cell.size, np.nan)
    return levels_dbm(best_level.ravel()[np.maximum(settlements.areas.centre_cell, 0)])


def _is_centre_known(inputs: ComputeInputs, settlements: Settlements) -> BoolArray:
    centre = np.maximum(settlements.areas.centre_cell, 0)
    return np.isfinite(inputs.terrain.values.ravel()[centre])


def _numbers(table: pd.DataFrame, column: str) -> FloatArray:
    if column not in table:
        return np.full(len(table), np.nan)
    return pd.to_numeric(table[column], errors="coerce").to_numpy(dtype=np.float64)


def village_table(
    inputs: ComputeInputs,
    world: World,
    settlements: Settlements,
    *,
    served: BoolArray,
    layers: ServedLayers,
    signal: SignalMap,
    progress: Progress,
) -> gpd.GeoDataFrame:
    """Everything known about each village, with reason and nearest sites as JSON text.

    Parameters
    ----------
    served : ndarray of bool, shape (height, width)
        Where anybody serves with one of the technologies of the village rule.
    layers : ServedLayers
    signal : SignalMap
    """
    judged = judge(
        inputs, settlements, served, best_level=layers.best_level, is_signal_known=bool(inputs.cells)
    )
    table = settlements.table.drop(columns=["households", "population"], errors="ignore")
    names = dict(zip(world.communes["commune_code"], world.communes["name"], strict=True))
    frame = pd.concat([table.drop(columns="geometry"), judged], axis=1)
    frame["commune_name"] = frame["commune_code"].map(names) if world.has_communes else None
    frame["elevation_m"] = _elevations_m(inputs, settlements)
    frame["reason"], frame["nearest"] = explain_villages(
        inputs,
        settlements.points,
        centre_cell=settlements.areas.centre_cell,
        statuses=list(judged["status"]),
        signal=signal,
        progress=progress,
    )
    return gpd.GeoDataFrame(frame, geometry=table.geometry, crs=table.crs)


def _elevations_m(inputs: ComputeInputs, settlements: Settlements) -> FloatArray:
    centre = settlements.areas.centre_cell
    heights_m = inputs.terrain.values.ravel()[np.maximum(centre, 0)].astype(np.float64)
    return np.where(centre >= 0, heights_m, np.nan)
