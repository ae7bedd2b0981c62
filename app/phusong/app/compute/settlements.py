"""Status of villages with reasons, and shares of villages and households."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from phusong.app.compute.derived import derived
from phusong.app.compute.evidence import explain_villages
from phusong.app.compute.inputs import ComputeInputs
from phusong.app.compute.parallel import ThreadPool
from phusong.app.compute.previous import Previous
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
from phusong.coverage.zonal import BoolArray, ZoneShares, code_index, zone_of_cells
from phusong.geodata.store.arrays import write_arrays

Name = tuple[str, str]
"""Technology and operator of a figure."""


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
    return _picked(settlements, _villages_at(settlements, place))


def _villages_at(settlements: Settlements, place: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    areas = settlements.areas
    # Of the same type, or all cells are converted.
    wanted = place.astype(areas.cell.dtype)
    left, right = (np.searchsorted(areas.cell, wanted, side=side) for side in ("left", "right"))
    entries = np.concatenate([left[right > left], right[right > left] - 1])
    centred = np.flatnonzero(np.isin(areas.centre_cell, place))
    return np.union1d(areas.village[entries], centred).astype(np.int64)


def _picked(settlements: Settlements, own: npt.NDArray[np.int64]) -> Settlements:
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


def village_shares(
    inputs: ComputeInputs,
    settlements: Settlements,
    layers: ServedLayers,
    masks: Mapping[Name, int],
    *,
    previous: Previous | None = None,
) -> dict[Name, VillageFigures]:
    """Villages and households served, by technology and operator.

    Villages whose cells are served as in the earlier run are taken from there.
    """
    kept = {} if previous is None else _kept_figures(settlements, masks, previous)
    moved = _Moved.since(settlements, layers, previous) if previous is not None and kept else None

    def figures(name: Name) -> VillageFigures:
        if moved is not None and name in kept:
            return moved.figures(inputs, kept[name], layers, masks[name])
        return _judged(inputs, settlements, layers.served(masks[name]))

    names = list(masks)
    return dict(zip(names, ThreadPool().map(figures, names), strict=True))


VillageFigures = dict[str, npt.NDArray[np.float64]]
"""``is_served``, ``households_served`` and ``households``, one number a village each."""


def figure_shares(
    world: World, settlements: Settlements, figures: VillageFigures
) -> tuple[ZoneShares, ZoneShares]:
    """Shares of villages and of households."""
    codes, zone = world.zones.codes, settlements.zone
    inside = zone >= 0

    def by_zone(values: FloatArray) -> npt.NDArray[np.float64]:
        sums = np.bincount(zone[inside], np.nan_to_num(values[inside]), minlength=len(codes))
        return sums.astype(np.float64)

    return (
        ZoneShares(codes, by_zone(figures["is_served"]), by_zone(np.ones(len(zone)))),
        ZoneShares(codes, by_zone(figures["households_served"]), by_zone(figures["households"])),
    )


@dataclass(frozen=True, slots=True)
class _Moved:
    """Villages with a cell whose services changed.

    Attributes
    ----------
    changed : int
        Services that changed anywhere.
    own : ndarray of int64
        Indices of the villages.
    part : Settlements
        Only they.
    cells : ndarray of int64
        Their cells, centres among them.
    """

    changed: int
    own: npt.NDArray[np.int64]
    part: Settlements
    cells: npt.NDArray[np.int64]

    @classmethod
    def since(cls, settlements: Settlements, layers: ServedLayers, previous: Previous) -> _Moved:
        """Compare a run with an earlier one."""
        place = np.flatnonzero(layers.bits != previous.bits)
        differences = layers.bits.flat[place] ^ previous.bits.flat[place]
        own = _villages_at(settlements, place)
        part = _picked(settlements, own)
        centres = part.areas.centre_cell
        cells = np.union1d(part.areas.cell, centres[centres >= 0]).astype(np.int64)
        return cls(int(np.bitwise_or.reduce(differences, initial=0)), own, part, cells)

    def figures(
        self, inputs: ComputeInputs, kept: VillageFigures, layers: ServedLayers, mask: int
    ) -> VillageFigures:
        """Judge these villages again where a mask is concerned; all others stay."""
        if not mask & self.changed or not self.own.size:
            return kept
        # Fresh pages of zeros cost nothing until they are written to.
        served = np.zeros(inputs.grid.shape, dtype=bool)
        bits = layers.bits.flat[self.cells]
        served.flat[self.cells] = (bits & bits.dtype.type(mask)) != 0
        found = {name: values.copy() for name, values in kept.items()}
        for name, values in _judged(inputs, self.part, served).items():
            found[name][self.own] = values
        return found


def _kept_figures(
    settlements: Settlements, masks: Mapping[Name, int], previous: Previous
) -> dict[Name, VillageFigures]:
    """Figures of the earlier run, by name."""
    found: dict[Name, VillageFigures] = {}
    for key, values in previous.villages.items():
        technology, operator, figure = key.split("\t")
        if (technology, operator) in masks and values.shape == settlements.zone.shape:
            found.setdefault((technology, operator), {})[figure] = values
    return found


def write_village_figures(path: Path, figures: Mapping[Name, VillageFigures]) -> None:
    """Keep the figures of villages for the next run."""
    named = {
        "\t".join((*name, figure)): values for name, own in figures.items() for figure, values in own.items()
    }
    write_arrays(path, named)


def _judged(inputs: ComputeInputs, settlements: Settlements, served: BoolArray) -> VillageFigures:
    judged = judge(inputs, settlements, served, best_level=None, is_signal_known=True)
    return {
        "is_served": (judged["status"] == "served").to_numpy(dtype=np.float64),
        "households_served": judged["households_served"].to_numpy(dtype=np.float64),
        "households": judged["households"].to_numpy(dtype=np.float64),
    }


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
