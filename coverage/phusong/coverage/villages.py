"""Status of settlements by the four-state rule.

* ``unknown`` (*chưa đủ dữ liệu*): the village has no location or lies outside the grid, the terrain at
  its centre is unknown, or nothing is known about the signal at all (no cells in the study).
* ``white`` (*trắng sóng*): its centre is served by nobody.
* ``patchy`` (*lõm sóng*): its centre is served, but an unserved cluster of households is too large, or too
  few of its households are served.
* ``served`` (*đủ sóng*): everything else.

The households of a village live in its catchment: the populated cells of its own commune that are nearer to
it than to any other village of that commune. A village without populated cells lives at its centre. A
cluster is a set of unserved populated cells of one catchment that touch each other by side or corner.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from phusong.coverage.clusters import largest_clusters, served_weights
from phusong.coverage.errors import GridError
from phusong.coverage.fractions import IntArray
from phusong.coverage.grids import FloatArray, Grid, Raster
from phusong.coverage.method import VillageRule

STATUSES = ("white", "patchy", "served", "unknown")
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Catchments:
    """The populated cells of every village.

    Attributes
    ----------
    grid : Grid
    centre_cell : ndarray of int64, shape (villages,)
        Flat index of the cell of the village's centre; -1 where the location is missing or off the grid.
    cell : ndarray of int32, shape (n,)
        Flat indices of populated cells, ascending. A village without any has its centre cell here, with no
        people; a cell may then occur twice.
    village : ndarray of int32, shape (n,)
        Village each of these cells belongs to.
    weight : ndarray of float64, shape (n,)
        Part of its village each cell holds: by people, or evenly where nobody is counted.
    people : ndarray of float64, shape (villages,)
        People in the cells of each village.
    """

    grid: Grid
    centre_cell: IntArray
    cell: IntArray
    village: IntArray
    weight: FloatArray
    people: FloatArray


def catchments(
    population: Raster, cell_zone: IntArray, *, x_m: npt.ArrayLike, y_m: npt.ArrayLike, zone: npt.ArrayLike
) -> Catchments:
    """Give every populated cell to the nearest village of its commune.

    Parameters
    ----------
    population : Raster
        People per cell; NaN and nothing alike mean nobody.
    cell_zone : ndarray of int, shape (grid.height, grid.width)
        Commune of each cell, -1 outside (`zonal.zone_of_cells`).
    x_m, y_m : array_like, shape (villages,)
        Centres in the grid's CRS; NaN where missing.
    zone : array_like of int, shape (villages,)
        Commune of each village, -1 where unknown. Cells of communes without villages go to nobody.

    Raises
    ------
    GridError
        ``raster_shape`` when the communes do not lie on the population's grid.
    """
    grid = population.grid
    if cell_zone.shape != grid.shape:
        raise GridError("raster_shape", expected=str(grid.shape), found=str(cell_zone.shape))
    points = np.column_stack([np.asarray(x_m, dtype=np.float64), np.asarray(y_m, dtype=np.float64)])
    zones = np.asarray(zone, dtype=np.int64)
    centre = cells_at(grid, x_m=points[:, 0], y_m=points[:, 1])
    flat = np.flatnonzero(population.values.ravel() > 0)
    owner = _nearest_in_zone(grid, flat, cell_zone.ravel()[flat], points, zones)
    flat, owner = flat[owner >= 0], owner[owner >= 0]
    bare = np.setdiff1d(np.flatnonzero(centre >= 0), owner)
    cell = np.concatenate([flat, centre[bare]])
    village = np.concatenate([owner, bare])
    people = np.concatenate([population.values.ravel()[flat].astype(np.float64), np.zeros(bare.size)])
    order = np.lexsort((village, cell))
    cell, village, people = cell[order].astype(np.int32), village[order].astype(np.int32), people[order]
    totals = np.bincount(village, people, minlength=centre.size).astype(np.float64)
    return Catchments(grid, centre, cell, village, _spread(village, people, totals), totals)


def cells_at(grid: Grid, *, x_m: npt.ArrayLike, y_m: npt.ArrayLike) -> IntArray:
    """Return the flat index of the cell holding each point, -1 where missing or off the grid."""
    x, y = np.asarray(x_m, dtype=np.float64), np.asarray(y_m, dtype=np.float64)
    located = np.isfinite(x) & np.isfinite(y)
    col = np.floor((np.where(located, x, 0.0) - grid.left_m) / grid.cell_size_m)
    row = np.floor((grid.top_m - np.where(located, y, 0.0)) / grid.cell_size_m)
    inside = located & (row >= 0) & (row < grid.height) & (col >= 0) & (col < grid.width)
    cell: IntArray = np.where(inside, row * grid.width + col, -1).astype(np.int64)
    return cell


def _nearest_in_zone(
    grid: Grid, flat: IntArray, flat_zone: IntArray, points: FloatArray, zones: IntArray
) -> IntArray:
    from scipy.spatial import cKDTree  # noqa: PLC0415 - slow to load, and catchments are made once a study

    owner = np.full(flat.size, -1, dtype=np.int64)
    by_zone = np.argsort(flat_zone, kind="stable")
    bounds = np.searchsorted(flat_zone[by_zone], np.arange(zones.max(initial=-1) + 2))
    located = np.isfinite(points).all(axis=1)
    for index in np.unique(zones[(zones >= 0) & located]):
        members = np.flatnonzero((zones == index) & located)
        here = by_zone[bounds[index] : bounds[index + 1]]
        row, col = np.divmod(flat[here], grid.width)
        x_m = grid.left_m + (col + 0.5) * grid.cell_size_m
        y_m = grid.top_m - (row + 0.5) * grid.cell_size_m
        _, nearest = cKDTree(points[members]).query(np.column_stack([x_m, y_m]), workers=-1)
        owner[here] = members[nearest]
    return owner


def assess(
    areas: Catchments,
    *,
    households: npt.ArrayLike,
    population: npt.ArrayLike | None = None,
    served: BoolArray,
    rsrp_dbm: FloatArray,
    is_known: BoolArray | None = None,
    is_signal_known: bool = True,
    rule: VillageRule,
    household_size: float,
) -> pd.DataFrame:
    """Give every village its status and its numbers.

    Parameters
    ----------
    areas : Catchments
    households : array_like, shape (villages,)
        NaN where unknown: then people divided by ``household_size``.
    population : array_like, shape (villages,), optional
        People of a village where known; else the people of its catchment.
    served : ndarray of bool, shape (grid.height, grid.width)
        Where anybody serves with one of the rule's technologies.
    rsrp_dbm : ndarray, shape (villages,)
        Best level of anybody at the centre.
    is_known : ndarray of bool, shape (villages,), optional
        Where the terrain at the centre is known; everywhere when absent.
    is_signal_known : bool
        False when the study has no cells at all.
    rule : VillageRule
    household_size : float
        People a household where the number of households is unknown.

    Returns
    -------
    DataFrame, one row per village in order
        ``status``, ``people``, ``households``, ``people_served``, ``households_served``, ``people_left_out``,
        ``households_left_out``, ``served_share_people``, ``served_share_households`` (NaN where there is
        nobody), ``largest_unserved_cluster_households``, ``best_rsrp_dbm`` (centre) and
        ``is_centre_served``. Where the status is unknown, everything but people and households is NaN and
        ``is_centre_served`` is None.

    Notes
    -----
    With nobody in a catchment the served share is that of its cells: the centre decides.
    """
    count = areas.centre_cell.size
    listed = areas.cell, areas.village, areas.weight, served.ravel()
    served_weight = served_weights(*listed, count)
    people, homes = _inhabitants(areas, households, population, household_size)
    cluster_homes = largest_clusters(*listed, areas.grid.width, count) * homes
    centre = np.maximum(areas.centre_cell, 0)
    is_centre_served = served.ravel()[centre]
    unknown = areas.centre_cell < 0
    if is_known is not None:
        unknown |= ~is_known
    if not is_signal_known:
        unknown[:] = True
    # A share a hair below the limit only through rounding of the sum must not make a village patchy.
    few = served_weight < rule.served_share - 1e-12
    patchy = few | (cluster_homes >= rule.cluster_min_households)
    status = np.select([unknown, ~is_centre_served, patchy], ["unknown", "white", "patchy"], default="served")
    table = pd.DataFrame({"status": status, "people": people, "households": homes})
    for name, total in (("people", people), ("households", homes)):
        table[f"{name}_served"] = total * served_weight
        table[f"{name}_left_out"] = total * (1.0 - served_weight)
        table[f"served_share_{name}"] = np.where(total > 0, served_weight, np.nan)
    table["largest_unserved_cluster_households"] = cluster_homes
    table["best_rsrp_dbm"] = rsrp_dbm.astype(np.float64)
    table.loc[unknown, table.columns[3:]] = np.nan
    marks = is_centre_served.astype(object)
    marks[unknown] = None
    table["is_centre_served"] = marks
    return table


def _spread(village: IntArray, people: FloatArray, totals: FloatArray) -> FloatArray:
    cells = np.bincount(village, minlength=totals.size)
    peopled = totals[village] > 0
    share = np.where(peopled, people / np.where(peopled, totals[village], 1.0), 1.0 / cells[village])
    return np.asarray(share, dtype=np.float64)


def _inhabitants(
    areas: Catchments, households: npt.ArrayLike, population: npt.ArrayLike | None, household_size: float
) -> tuple[FloatArray, FloatArray]:
    homes = np.asarray(households, dtype=np.float64)
    told = np.full(homes.shape, np.nan) if population is None else np.asarray(population, dtype=np.float64)
    people = np.where(np.isfinite(told), told, areas.people)
    return people, np.where(np.isfinite(homes), homes, people / household_size)
