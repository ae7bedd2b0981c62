"""How far a cell serves in every direction, and what ends it there.

Service counts by level alone, as for a cell that nobody interferes with. A direction is walked from the mast
outwards over the pixels its ray crosses; a pixel's distance is that of its centre. Service ends for good with
the last pixel whose level reaches the one required. What comes next names the cause:

===============  =================================================================================
``grid_edge``    nothing: the study ends
``radius``       nothing: the next pixel lies beyond the greatest distance computed
``no_data``      no level, for terrain is unknown there or on the way there
``terrain``      a level too low which even ground (neither hills nor clutter between the ends) would
                 have kept high enough, and obstacles take at least `GRAZING_DB`
``threshold``    a level too low in spite of an open path: distance and antenna alone
===============  =================================================================================

Of study and radius the one that comes first is named. A direction without any service is judged at its first
pixel.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from phusong.coverage.errors import GridError, InputError
from phusong.coverage.grids import FloatArray, Grid, Raster
from phusong.coverage.radio.cell import Cell
from phusong.coverage.radio.link_budget import rsrp_offset_dbm
from phusong.coverage.radio.pattern import cell_loss_db

CAUSES = ("threshold", "terrain", "radius", "no_data", "grid_edge")
DIRECTIONS = 72
"""One every five degrees."""
GRAZING_DB = 6.0
"""Loss of a knife edge that the ray just touches (ITU-R P.1812-8 equation 12 at nu = 0: 6.0 dB)."""

IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class ServiceEnds:
    """Where service ends for good, direction by direction; all arrays of shape (directions,).

    Attributes
    ----------
    azimuth_deg : ndarray
        Clockwise from grid north.
    served_to_m : ndarray
        Distance of the farthest pixel served; 0 where there is none.
    ends_at_m : ndarray
        Distance of the first pixel from which on nothing is served; of the cut where the study or the radius
        cuts service off.
    row, col : ndarray of int
        That pixel in the study grid; the last one before a cut.
    rsrp_dbm : ndarray
        Level of that pixel; NaN where none is known.
    cut_by : tuple of str or None
        ``radius``, ``grid_edge`` or ``no_data`` where one of these ends service; None where a level does.
    served_km2 : float
        Area of all pixels served, wherever they lie, in the plane of the projection.
    """

    azimuth_deg: FloatArray
    served_to_m: FloatArray
    ends_at_m: FloatArray
    row: IntArray
    col: IntArray
    rsrp_dbm: FloatArray
    cut_by: tuple[str | None, ...]
    served_km2: float


@dataclass(frozen=True, slots=True)
class Footprint:
    """Reach of a cell and what limits it.

    Attributes
    ----------
    azimuth_deg, served_to_m, ends_at_m : ndarray, shape (directions,)
        As in `ServiceEnds`.
    ended_by : tuple of str
        One of `CAUSES` for each direction.
    shares : mapping of str to float
        Share of the directions by cause, every cause named; they sum to one.
    served_km2 : float
    farthest_m : float
        Greatest of ``served_to_m``.
    """

    azimuth_deg: FloatArray
    served_to_m: FloatArray
    ends_at_m: FloatArray
    ended_by: tuple[str, ...]
    shares: Mapping[str, float]
    served_km2: float
    farthest_m: float

    @property
    def is_radius_limited(self) -> bool:
        """True where the radius computed cuts service off in any direction."""
        return "radius" in self.ended_by

    def as_dict(self) -> dict[str, Any]:
        """Return the footprint as plain values, for JSON."""
        columns = (self.azimuth_deg, self.served_to_m, self.ends_at_m, self.ended_by)
        return {
            "directions": [
                {
                    "azimuth_deg": float(azimuth_deg),
                    "served_to_m": round(float(served_to_m), 1),
                    "ends_at_m": round(float(ends_at_m), 1),
                    "ended_by": cause,
                }
                for azimuth_deg, served_to_m, ends_at_m, cause in zip(*columns, strict=True)
            ],
            "shares": dict(self.shares),
            "served_km2": self.served_km2,
            "farthest_km": self.farthest_m / 1000.0,
            "is_radius_limited": self.is_radius_limited,
        }


def aimed_dbm(cell: Cell, terrain: Raster, *, receiver_height_m: float) -> FloatArray:
    """Return what a cell sends towards every pixel: its level there before any path loss.

    Parameters
    ----------
    cell : Cell
        Its mast stands on the grid of the terrain.
    terrain : Raster
        Ground heights, m. Where the ground of either end is unknown, the direction is as if level.
    receiver_height_m : float
        Above ground.

    Returns
    -------
    ndarray of float64, shape (grid.height, grid.width)
        EIRP of one resource element in dBm less the antenna's attenuation, straight from antenna to terminal.
    """
    grid = terrain.grid
    east_m = grid.left_m + (np.arange(grid.width) + 0.5) * grid.cell_size_m - cell.x_m
    north_m = grid.top_m - (np.arange(grid.height) + 0.5) * grid.cell_size_m - cell.y_m
    foot_m = float(terrain.values[grid.row_col(cell.x_m, cell.y_m)])
    fall_m = np.nan_to_num(foot_m - terrain.values.astype(np.float64), nan=0.0)
    distance_m = np.hypot(east_m[np.newaxis, :], north_m[:, np.newaxis])
    drop_m = fall_m + (cell.antenna_height_m - receiver_height_m)
    azimuth_deg = np.degrees(np.arctan2(east_m[np.newaxis, :], north_m[:, np.newaxis]))
    lost_db = cell_loss_db(cell, azimuth_deg, np.degrees(np.arctan2(drop_m, distance_m)))
    sent_dbm: FloatArray = rsrp_offset_dbm(cell) - lost_db
    return sent_dbm


def service_ends(
    rsrp_dbm: FloatArray,
    *,
    row0: int,
    col0: int,
    terrain: Raster,
    x_m: float,
    y_m: float,
    required_dbm: float,
    radius_m: float,
    directions: int = DIRECTIONS,
) -> ServiceEnds:
    """Find where service ends for good in every direction.

    Parameters
    ----------
    rsrp_dbm : ndarray, shape (rows, cols)
        Level of the cell; NaN where none is known.
    row0, col0 : int
        Place of the first level in the study grid. Pixels of the grid without a level count as not served.
    terrain : Raster
        Ground heights on the study grid, m; NaN where unknown.
    x_m, y_m : float
        Mast in the grid's CRS.
    required_dbm : float
        Least median level that counts as served (`service.required_rsrp_dbm`).
    radius_m : float
        Greatest distance computed.
    directions : int
        How many, evenly spread from grid north on.

    Raises
    ------
    GridError
        ``transmitter_outside_grid``; ``level_window`` when the levels reach beyond the grid.
    InputError
        ``footprint_range`` without a direction, or for a radius or level that is no finite number.
    """
    grid = terrain.grid
    _check(rsrp_dbm, grid, (row0, col0), (x_m, y_m))
    _check_numbers(directions=directions, radius_m=radius_m, required_dbm=required_dbm)
    levels = _Levels(rsrp_dbm, row0, col0, _near_unknown(terrain.values), required_dbm)
    azimuth_deg = np.arange(directions) * (360.0 / directions)
    ends = [_end(levels, _ray(grid, x_m, y_m, float(one), radius_m)) for one in azimuth_deg]
    served_to_m, ends_at_m, row, col, level_dbm, cut_by = zip(*ends, strict=True)
    served = int(np.count_nonzero(rsrp_dbm >= required_dbm))  # NaN compares false
    return ServiceEnds(
        azimuth_deg=azimuth_deg,
        served_to_m=np.array(served_to_m),
        ends_at_m=np.array(ends_at_m),
        row=np.array(row),
        col=np.array(col),
        rsrp_dbm=np.array(level_dbm),
        cut_by=cut_by,
        served_km2=served * grid.cell_size_m**2 * 1e-6,
    )


def limit_footprint(ends: ServiceEnds, *, even_dbm: npt.ArrayLike, required_dbm: float) -> Footprint:
    """Name what ends service in every direction.

    Parameters
    ----------
    ends : ServiceEnds
    even_dbm : array_like, shape (directions,)
        Level at each end over even ground (`propagation.explain.even_ground_loss_db`); not looked at where
        service is cut.
    required_dbm : float
        As for `service_ends`.

    Examples
    --------
    Of two levels 4 dB too low, the second has lost 9 dB to obstacles:

    >>> ends = ServiceEnds(
    ...     azimuth_deg=np.array([0.0, 180.0]), served_to_m=np.array([900.0, 300.0]),
    ...     ends_at_m=np.array([930.0, 330.0]), row=np.array([0, 9]), col=np.array([4, 4]),
    ...     rsrp_dbm=np.array([-104.0, -104.0]), cut_by=(None, None), served_km2=1.0)
    >>> limit_footprint(ends, even_dbm=[-103, -95], required_dbm=-100).ended_by
    ('threshold', 'terrain')
    """
    level_dbm = np.nan_to_num(ends.rsrp_dbm, nan=-np.inf)  # a loss too great to be known
    even = np.nan_to_num(np.asarray(even_dbm, dtype=np.float64), nan=-np.inf)
    would_hold = even >= required_dbm
    obstructed = np.where(would_hold, even, 0.0) - level_dbm >= GRAZING_DB
    by_terrain = would_hold & obstructed
    ended_by = tuple(
        cut or ("terrain" if hidden else "threshold")
        for cut, hidden in zip(ends.cut_by, by_terrain, strict=True)
    )
    return Footprint(
        azimuth_deg=ends.azimuth_deg,
        served_to_m=ends.served_to_m,
        ends_at_m=ends.ends_at_m,
        ended_by=ended_by,
        shares=MappingProxyType({cause: ended_by.count(cause) / len(ended_by) for cause in CAUSES}),
        served_km2=ends.served_km2,
        farthest_m=float(ends.served_to_m.max()),
    )


@dataclass(frozen=True, slots=True)
class _Levels:
    """Levels of a part of the grid, and where unknown terrain may explain that there are none."""

    rsrp_dbm: FloatArray
    row0: int
    col0: int
    near_unknown: BoolArray
    required_dbm: float

    def along(self, row: IntArray, col: IntArray) -> FloatArray:
        """Level of each pixel of a ray; NaN outside the part."""
        rows, cols = self.rsrp_dbm.shape
        down, right = row - self.row0, col - self.col0
        inside = (down >= 0) & (down < rows) & (right >= 0) & (right < cols)
        found = np.full(row.shape, np.nan)
        found[inside] = self.rsrp_dbm[down[inside], right[inside]]
        return found


@dataclass(frozen=True, slots=True)
class _Ray:
    """Pixels from the mast outwards, how many of them grid and radius allow, and what stops them.

    The mast's own pixel comes first even where the radius does not allow it.
    """

    inside: int
    row: IntArray
    col: IntArray
    distance_m: FloatArray
    cut_by: str
    cut_at_m: float


def _ray(grid: Grid, x_m: float, y_m: float, azimuth_deg: float, radius_m: float) -> _Ray:
    """Pixels whose inside the ray crosses; two samples a cell miss no more than corners."""
    step_m = grid.cell_size_m / 2.0
    east, north = np.sin(np.radians(azimuth_deg)), np.cos(np.radians(azimuth_deg))
    # no ray in the grid is longer than its two sides together
    longest_m = min(radius_m, grid.cell_size_m * (grid.width + grid.height)) + 2.0 * grid.cell_size_m
    along_m = np.arange(0.0, longest_m, step_m)
    col = np.floor((x_m + along_m * east - grid.left_m) / grid.cell_size_m).astype(np.int64)
    row = np.floor((grid.top_m - y_m - along_m * north) / grid.cell_size_m).astype(np.int64)
    is_new = np.append(True, (np.diff(row) != 0) | (np.diff(col) != 0))
    row, col, along_m = row[is_new], col[is_new], along_m[is_new]
    centre_x_m = grid.left_m + (col + 0.5) * grid.cell_size_m
    centre_y_m = grid.top_m - (row + 0.5) * grid.cell_size_m
    distance_m = np.hypot(centre_x_m - x_m, centre_y_m - y_m)
    outside = (row < 0) | (row >= grid.height) | (col < 0) | (col >= grid.width)
    beyond = distance_m > radius_m
    stop = int(np.argmax(outside | beyond))
    cut = ("grid_edge", float(along_m[stop])) if outside[stop] else ("radius", radius_m)
    kept = slice(0, max(stop, 1))
    return _Ray(stop, row[kept], col[kept], distance_m[kept], *cut)


def _end(levels: _Levels, ray: _Ray) -> tuple[float, float, int, int, float, str | None]:
    """Walk one direction: distance served, distance, pixel and level of the end, and the cut if it is one."""
    level_dbm = levels.along(ray.row, ray.col)
    served = np.flatnonzero(level_dbm[: ray.inside] >= levels.required_dbm)
    after = int(served[-1]) + 1 if served.size else 0
    served_to_m = float(ray.distance_m[after - 1]) if served.size else 0.0
    if after == ray.inside:
        last = max(after - 1, 0)
        place = int(ray.row[last]), int(ray.col[last]), float(level_dbm[last])
        return served_to_m, ray.cut_at_m, *place, ray.cut_by
    is_hidden = bool(levels.near_unknown[ray.row[: after + 1], ray.col[: after + 1]].any())
    cut = "no_data" if is_hidden and np.isnan(level_dbm[after]) else None
    place = int(ray.row[after]), int(ray.col[after]), float(level_dbm[after])
    return served_to_m, float(ray.distance_m[after]), *place, cut


def _near_unknown(height_m: FloatArray) -> BoolArray:
    """Pixels with unknown terrain in them or in one of their eight neighbours.

    A path is interpolated between neighbours, so it becomes unknown beside a hole already.
    """
    unknown = np.isnan(height_m)
    rows, cols = unknown.shape
    padded = np.pad(unknown, 1)
    near = np.zeros_like(unknown)
    for down in range(3):
        for right in range(3):
            near |= padded[down : down + rows, right : right + cols]
    return near


def _check(rsrp_dbm: FloatArray, grid: Grid, corner: tuple[int, int], mast_m: tuple[float, float]) -> None:
    if not (np.isfinite(mast_m).all() and grid.contains(*mast_m)):
        raise GridError("transmitter_outside_grid", x_m=mast_m[0], y_m=mast_m[1])
    (row0, col0), (rows, cols) = corner, rsrp_dbm.shape
    if row0 < 0 or col0 < 0 or row0 + rows > grid.height or col0 + cols > grid.width:
        raise GridError("level_window", found=str((row0, col0, rows, cols)), expected=str(grid.shape))


def _check_numbers(*, directions: int, radius_m: float, required_dbm: float) -> None:
    if directions < 1:
        raise InputError("footprint_range", name="directions", value=directions, allowed=">= 1")
    if not (np.isfinite(radius_m) and radius_m > 0.0):
        raise InputError("footprint_range", name="radius_m", value=radius_m, allowed="> 0")
    if not np.isfinite(required_dbm):
        raise InputError("footprint_range", name="required_dbm", value=required_dbm, allowed="dBm")
