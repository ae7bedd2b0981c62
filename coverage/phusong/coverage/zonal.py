"""Exact shares of area, people and households by boundary.

A cell cut by a border counts by the part of it inside, so that communes which tile a province sum to the
province. Polygons that overlap each count their own part;
nothing is rescaled to hide an overlap.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyproj
import shapely
from numba import config
from shapely.geometry.base import BaseGeometry

from phusong.coverage.errors import GridError, InputError
from phusong.coverage.fractions import IntArray, cell_fractions
from phusong.coverage.grids import FloatArray, Grid
from phusong.coverage.zonal_kernel import Bits, border_sums, interior_sums

BoolArray = npt.NDArray[np.bool_]

LATTICE_STEP_M = 2_000.0
"""The areal scale is computed this often and interpolated; the error stays below 1e-7 in UTM."""
CHUNK_CELLS = 2_000_000


@dataclass(frozen=True, slots=True)
class Zones:
    """Which part of which cell lies in which zone.

    Attributes
    ----------
    grid : Grid
    codes : tuple of str
        One code per zone; the place in this tuple is the zone's index.
    interior : ndarray of int16 or int32, shape (grid.height, grid.width)
        Index of the zone that holds the whole cell, -1 where none does.
    border_cell : ndarray of int64, shape (m,)
        Flat index of the cell of each remaining piece.
    border_zone : ndarray of int32, shape (m,)
        Zone of the piece.
    border_fraction : ndarray of float64, shape (m,)
        Part of the cell's square inside the zone, 0 < fraction <= 1.
    outside_share : ndarray of float64, shape (zones,)
        Part of the zone's plane area that lies outside the grid and is therefore counted nowhere.
    """

    grid: Grid
    codes: tuple[str, ...]
    interior: IntArray
    border_cell: IntArray
    border_zone: IntArray
    border_fraction: FloatArray
    outside_share: FloatArray


def build_zones(geometries: Sequence[BaseGeometry], codes: Sequence[str], grid: Grid) -> Zones:
    """Cut zones against a grid, once, for any number of sums.

    Parameters
    ----------
    geometries : sequence of Polygon or MultiPolygon
        In the grid's CRS; valid, with area; holes and several parts are fine.
    codes : sequence of str
        Unique code of each geometry.
    grid : Grid

    Raises
    ------
    InputError
        ``zones_mismatch`` when there are not as many distinct codes as geometries;
        ``zone_geometry`` for one that is empty, invalid or no polygon.
    """
    names = tuple(str(code) for code in codes)
    if len(set(names)) != len(geometries):
        raise InputError("zones_mismatch", geometries=len(geometries), codes=len(set(names)))
    interior = np.full(grid.shape, -1, dtype=np.int16 if len(names) < 2**15 else np.int32)
    pieces: list[tuple[IntArray, IntArray, FloatArray]] = []
    outside = np.zeros(len(names))
    for name, geometry in zip(names, geometries, strict=True):
        _check_polygon(name, geometry)
    with ThreadPoolExecutor(max_workers=_threads()) as pool:
        covered = pool.map(lambda geometry: cell_fractions(geometry, grid), geometries)
        for index, (cell, fraction, outside[index]) in enumerate(covered):
            # Where polygons overlap, the second whole cell goes to the list of pieces: nothing is lost.
            whole = (fraction >= 1.0) & (interior.flat[cell] < 0)
            interior.flat[cell[whole]] = index
            rest = ~whole
            pieces.append((cell[rest], np.full(rest.sum(), index, dtype=np.int32), fraction[rest]))
    border_cell, border_zone, border_fraction = _joined(pieces)
    return Zones(grid, names, interior, border_cell, border_zone, border_fraction, outside)


def _threads() -> int:
    """Cores numba may use: all, or as many as NUMBA_NUM_THREADS says."""
    settings: Any = config
    return int(settings.NUMBA_NUM_THREADS)


def _check_polygon(code: str, geometry: BaseGeometry) -> None:
    is_polygon = geometry is not None and geometry.geom_type in ("Polygon", "MultiPolygon")
    if not is_polygon or geometry.is_empty or not geometry.is_valid or geometry.area <= 0:
        raise InputError("zone_geometry", zone=code)


def _joined(pieces: list[tuple[IntArray, IntArray, FloatArray]]) -> tuple[IntArray, IntArray, FloatArray]:
    if not pieces:
        return np.empty(0, np.int64), np.empty(0, np.int32), np.empty(0)
    cell, zone, fraction = (np.concatenate(column) for column in zip(*pieces, strict=True))
    return cell, zone, fraction


def zone_sums(zones: Zones, values: npt.NDArray[Any], *, where: BoolArray | None = None) -> FloatArray:
    """Sum values by zone, each cell by the part of it inside.

    Parameters
    ----------
    zones : Zones
    values : ndarray, shape (grid.height, grid.width)
        An amount per cell (people, square metres, ...). NaN, nothing known, adds nothing.
    where : ndarray of bool, optional
        Cells that count; all when absent.

    Returns
    -------
    ndarray of float64, shape (zones,)

    Raises
    ------
    GridError
        ``raster_shape`` when values or mask do not lie on the zones' grid.
    """
    for array in (values, where):
        if array is not None and array.shape != zones.grid.shape:
            raise GridError("raster_shape", expected=str(zones.grid.shape), found=str(array.shape))
    count = len(zones.codes)
    sums = np.zeros(count + 1)
    for rows in _row_chunks(zones.grid):
        amounts = _amounts(values[rows], None if where is None else where[rows])
        sums += np.bincount(zones.interior[rows].ravel() + 1, weights=amounts.ravel(), minlength=count + 1)
    row, col = np.divmod(zones.border_cell, zones.grid.width)
    amounts = _amounts(values[row, col], None if where is None else where[row, col])
    border = np.bincount(zones.border_zone, weights=amounts * zones.border_fraction, minlength=count)
    result: FloatArray = sums[1:] + border[:count]
    return result


def zone_sums_by_mask(zones: Zones, values: npt.NDArray[Any], bits: Bits, masks: Sequence[int]) -> FloatArray:
    """Sum values by zone for many masks in one pass, each cell by the part of it inside.

    Parameters
    ----------
    zones : Zones
    values : ndarray, shape (grid.height, grid.width)
        An amount per cell. NaN, nothing known, adds nothing.
    bits : ndarray of unsigned int, same shape
        A bit for each service that has the cell.
    masks : sequence of int
        Bits any of which makes a cell count.

    Returns
    -------
    ndarray of float64, shape (masks, zones)
        Added up in chunks of rows in order, so that the sums do not depend on the machine.

    Raises
    ------
    GridError
        ``raster_shape`` when values or bits do not lie on the zones' grid.
    """
    for array in (values, bits):
        if array.shape != zones.grid.shape:
            raise GridError("raster_shape", expected=str(zones.grid.shape), found=str(array.shape))
    wanted, count = np.array(masks, dtype=bits.dtype), len(zones.codes)
    pieces = zones.border_cell, zones.border_zone, zones.border_fraction
    sums = border_sums(*pieces, values, bits, wanted, count)
    for rows in _row_chunks(zones.grid):
        sums = sums + interior_sums(zones.interior, values, bits, wanted, rows.start, rows.stop, count)
    return np.asarray(sums)


def _row_chunks(grid: Grid) -> Iterator[slice]:
    rows = max(1, CHUNK_CELLS // grid.width)
    for row in range(0, grid.height, rows):
        yield slice(row, min(row + rows, grid.height))


def _amounts(values: npt.NDArray[Any], where: BoolArray | None) -> FloatArray:
    amounts = values.astype(np.float64)
    left_out = np.isnan(amounts) if where is None else np.isnan(amounts) | ~where
    amounts[left_out] = 0.0
    return amounts


def zone_of_cells(zones: Zones) -> IntArray:
    """Return the zone that holds most of each cell, -1 outside all; shape (grid.height, grid.width).

    Of equal parts the earlier zone wins.
    """
    owner = zones.interior.copy()
    order = np.lexsort((-zones.border_zone, zones.border_fraction))
    order = order[owner.flat[zones.border_cell[order]] < 0]
    # The last write wins: pieces come smallest first.
    owner.flat[zones.border_cell[order]] = zones.border_zone[order]
    return owner


def cell_areas_m2(grid: Grid) -> npt.NDArray[np.float32]:
    """Return the true area of every cell on the ellipsoid, shape (grid.height, grid.width).

    The square of the cell size divided by the areal scale of the projection (`pyproj` factors), computed on
    a lattice of about 2 km and interpolated bilinearly in between.
    """
    row_nodes = _nodes(grid.height, grid.cell_size_m)
    col_nodes = _nodes(grid.width, grid.cell_size_m)
    x_m = grid.left_m + (col_nodes + 0.5) * grid.cell_size_m
    y_m = grid.top_m - (row_nodes + 0.5) * grid.cell_size_m
    projection = pyproj.Proj(pyproj.CRS.from_epsg(grid.epsg))
    nodes_x_m, nodes_y_m = np.meshgrid(x_m, y_m)
    lon_deg, lat_deg = projection(nodes_x_m, nodes_y_m, inverse=True)
    scale = np.asarray(projection.get_factors(lon_deg, lat_deg).areal_scale)
    node_m2 = grid.cell_size_m**2 / scale
    cols = np.arange(grid.width)
    along_rows = np.stack([np.interp(cols, col_nodes, line) for line in node_m2])
    areas_m2 = np.empty(grid.shape, dtype=np.float32)
    for row in range(grid.height):
        upper = min(int(np.searchsorted(row_nodes, row, side="right")) - 1, len(row_nodes) - 2)
        upper = max(upper, 0)
        lower = min(upper + 1, len(row_nodes) - 1)
        span = row_nodes[lower] - row_nodes[upper]
        weight = (row - row_nodes[upper]) / span if span else 0.0
        areas_m2[row] = (1 - weight) * along_rows[upper] + weight * along_rows[lower]
    return areas_m2


def _nodes(count: int, cell_size_m: float) -> IntArray:
    spans = max(1, math.ceil((count - 1) * cell_size_m / LATTICE_STEP_M))
    return np.unique(np.linspace(0, count - 1, spans + 1).round().astype(np.int64))


def geodesic_area_km2(geometry: BaseGeometry) -> float:
    """Return the area of a polygon given in WGS 84 longitude and latitude, on the ellipsoid.

    Examples
    --------
    A degree square on the equator:

    >>> round(geodesic_area_km2(shapely.box(105, 0, 106, 1)), 1)
    12308.8
    """
    ellipsoid = pyproj.Geod(ellps="WGS84")
    area_m2, _ = ellipsoid.geometry_area_perimeter(shapely.orient_polygons(geometry))
    return abs(float(area_m2)) / 1e6


@dataclass(frozen=True, slots=True)
class Share:
    """So much of so much.

    Attributes
    ----------
    served, total : float

    Examples
    --------
    >>> Share(3.0, 5.0).share, Share(0.0, 0.0).share
    (0.6, None)
    """

    served: float
    total: float

    @property
    def share(self) -> float | None:
        """Served part of the total, 0..1; None where there is nothing to serve."""
        return None if self.total == 0 else self.served / self.total

    def as_dict(self) -> dict[str, float | None]:
        """Return served, total and share, for JSON."""
        return {"served": self.served, "total": self.total, "share": self.share}


@dataclass(frozen=True, slots=True)
class ZoneShares:
    """A share for every zone.

    Attributes
    ----------
    codes : tuple of str
    served, total : ndarray of float64, shape (zones,)
    """

    codes: tuple[str, ...]
    served: FloatArray
    total: FloatArray

    def zone(self, code: str) -> Share:
        """Return the share of one zone."""
        index = self.codes.index(code)
        return Share(float(self.served[index]), float(self.total[index]))

    def province(self) -> Share:
        """Return the share of all zones together: the sum of its parts, never computed on its own."""
        return Share(math.fsum(self.served), math.fsum(self.total))

    def __iter__(self) -> Iterator[tuple[str, Share]]:
        for code, served, total in zip(self.codes, self.served, self.total, strict=True):
            yield code, Share(float(served), float(total))


def shares(
    zones: Zones, served: BoolArray, amounts: npt.NDArray[Any], *, totals: FloatArray | None = None
) -> ZoneShares:
    """Return the served share of an amount per cell (area, people) by zone.

    Parameters
    ----------
    zones : Zones
    served : ndarray of bool, shape (grid.height, grid.width)
    amounts : ndarray, same shape
        Square metres or people per cell; NaN counts as nothing.
    totals : ndarray of float64, shape (zones,), optional
        ``zone_sums(zones, amounts)``, where it is known already.
    """
    total = zone_sums(zones, amounts) if totals is None else totals
    return ZoneShares(zones.codes, zone_sums(zones, amounts, where=served), total)


def household_shares(people: ZoneShares, households: npt.ArrayLike) -> ZoneShares:
    """Return the served share of households, which live where the zone's people live.

    Parameters
    ----------
    people : ZoneShares
    households : array_like, shape (zones,)
        Households of each zone; NaN where unknown. Households of a zone without any people on the grid, or
        of unknown number, cannot be placed and count neither as served nor in the total.
    """
    counts = np.asarray(households, dtype=np.float64)
    placed = np.isfinite(counts) & (people.total > 0)
    total = np.where(placed, counts, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        served = np.where(placed, np.minimum(total * (people.served / people.total), total), 0.0)
    return ZoneShares(people.codes, served, total)


def count_shares(codes: Sequence[str], zone_index: npt.ArrayLike, is_served: npt.ArrayLike) -> ZoneShares:
    """Return the served share of things that are counted (villages, places) by zone.

    Parameters
    ----------
    codes : sequence of str
        Codes of the zones.
    zone_index : array_like of int, shape (things,)
        Zone of each thing; -1 where unknown, which counts nowhere.
    is_served : array_like of bool, shape (things,)
    """
    index = np.asarray(zone_index, dtype=np.int64)
    served = np.asarray(is_served, dtype=bool)
    total = np.bincount(index[index >= 0], minlength=len(codes)).astype(np.float64)
    counted = np.bincount(index[(index >= 0) & served], minlength=len(codes)).astype(np.float64)
    return ZoneShares(tuple(codes), counted, total)


def code_index(codes: Iterable[str], wanted: Iterable[str | None]) -> IntArray:
    """Return the place of each wanted code among the codes, -1 where it is not there.

    Examples
    --------
    >>> code_index(["a", "b"], ["b", None, "z"]).tolist()
    [1, -1, -1]
    """
    places = {code: index for index, code in enumerate(codes)}
    return np.array([-1 if code is None else places.get(code, -1) for code in wanted], dtype=np.int64)
