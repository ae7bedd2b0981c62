"""Path loss from one mast to every pixel around it, each pixel with its own terrain profile (exact mode).

A profile is anchored at the transmitter: samples every cell size along the ray, interpolated bilinearly
between cell centres, none closer to the receiver than half a step; the receiver is the pixel's centre with
its own distance and height. `extract_profile` returns just those points, so `p1812.path_loss_db` on it is
the reference for every pixel. All paths are inland, distances are plane ones of the projection (its scale
factor, within 4 parts in 10,000 for UTM near its meridian, is not removed).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from phusong.coverage.errors import GridError, InputError, ModelRangeError
from phusong.coverage.grids import Grid, Raster
from phusong.coverage.method import Method
from phusong.coverage.propagation.area_exact import fill_exact
from phusong.coverage.propagation.area_geometry import UNKNOWN_M, inner_samples
from phusong.coverage.propagation.area_itm import fill_itm
from phusong.coverage.propagation.area_setup import (
    CELL_TOLERANCE,
    FARTHEST_KM,
    AreaRequest,
    BoolArray,
    Window,
    available_cores,
    bilinear,
    cell_position,
    ground_at,
)
from phusong.coverage.propagation.area_simple import fill_simple
from phusong.coverage.propagation.p1812 import check_ranges
from phusong.coverage.propagation.profile import Profile
from phusong.coverage.propagation.sweep import fill_sweep

AREA_MODES = ("exact", "sweep")
LATITUDE_DEG = 16.0
P1812_RANGED = ("p1812", "free_space", "fixed_radius")
"""Models whose carriers and heights must lie in the ranges of P.1812; the others bring their own."""


@dataclass(frozen=True, slots=True)
class AreaLoss:
    """Loss of several carriers over the part of a grid within reach of a mast.

    Attributes
    ----------
    row0, col0 : int
        Where the window starts in the grid of the terrain.
    loss_db : ndarray of float32, shape (carriers, rows, cols)
        Median basic transmission loss; NaN beyond the carrier's radius and where terrain is unknown on
        the path.
    """

    row0: int
    col0: int
    loss_db: npt.NDArray[np.float32]


def path_loss_area(
    terrain: Raster,
    *,
    x_m: float,
    y_m: float,
    antenna_height_m: float,
    frequencies_mhz: Sequence[float],
    radii_m: Sequence[float],
    method: Method,
    clutter: Raster | None = None,
    latitude_deg: float = LATITUDE_DEG,
    threads: int | None = None,
    mode: str = "exact",
    wanted: BoolArray | None = None,
) -> AreaLoss:
    """Predict the loss from one antenna to every pixel within reach.

    Calls from several threads do not disturb each other, and the kernels hold no lock: with many masts, one
    mast a thread and ``threads=1`` keeps all cores busy.

    Parameters
    ----------
    terrain : Raster
        Ground heights in metres; NaN where unknown.
    x_m, y_m : float
        Antenna in the grid's CRS.
    antenna_height_m : float
        Above the (interpolated) ground.
    frequencies_mhz, radii_m : sequence of float
        One radius a carrier; carriers share the geometry of the paths.
    method : Method
        Model, receiver height, time percentage, refractivity, ITM settings.
    clutter : Raster, optional
        Representative clutter heights on the grid of the terrain, of the cell a sample lies in; NaN
        counts as none. P.1812 and ITM use it.
    latitude_deg : float
        Of the site; it matters for time percentages under 50 only.
    threads : int, optional
        Left out: all cores numba may use. The result does not depend on it.
    mode : {"exact", "sweep"}
        ``exact``: every pixel has its own profile. ``sweep``: P.1812 by radials that share their work, some
        ten times faster (see `sweep`); models other than P.1812 know one way only, and both modes are it.
    wanted : ndarray of bool, shape of the grid, optional
        Pixels to predict; the others stay NaN, and a sweep saves their time. What is wanted does not depend
        on what is not.

    Returns
    -------
    AreaLoss

    Raises
    ------
    GridError
        ``transmitter_outside_grid``; ``clutter_other_grid``; ``transmitter_ground_unknown``;
        ``wanted_other_grid`` where the mask is not of the grid's shape.
    ModelRangeError
        ``model_range`` for a carrier or height out of range.
    InputError
        ``carriers_empty`` without a carrier or where radii and carriers differ in number;
        ``mode_unknown``.
    """
    if mode not in AREA_MODES:
        raise InputError("mode_unknown", value=mode, allowed=", ".join(AREA_MODES))
    _check(terrain.grid, x_m, y_m, frequencies_mhz, radii_m, clutter)
    if wanted is not None and wanted.shape != terrain.grid.shape:
        raise GridError("wanted_other_grid")
    if method.model in P1812_RANGED:
        heights = {"tx_height_m": antenna_height_m, "rx_height_m": method.receiver_height_m}
        for frequency_mhz in frequencies_mhz:
            check_ranges({"frequency_mhz": frequency_mhz, **heights})
    window = Window(terrain.grid, *terrain.grid.disc_window(x_m, y_m, max(radii_m)), x_m, y_m)
    loss_db = np.empty((len(frequencies_mhz), window.rows, window.cols), dtype=np.float32)
    part = None if wanted is None else wanted[window.slices()]
    request = AreaRequest(
        loss_db=loss_db,
        terrain=terrain,
        clutter=clutter,
        window=window,
        ground_m=ground_at(terrain, x_m, y_m),
        antenna_height_m=antenna_height_m,
        frequencies_mhz=frequencies_mhz,
        radii_m=radii_m,
        method=method,
        latitude_deg=latitude_deg,
        threads=threads,
        wanted=None if part is None or part.all() else wanted,
    )
    if method.model == "p1812" and mode == "sweep":
        fill_sweep(request)  # writes wanted pixels only
        return AreaLoss(window.row0, window.col0, loss_db)
    if method.model == "p1812":
        fill_exact(request)
    elif method.model == "itm":
        _fill_itm(request)
    else:
        _fill_simple(request)
    if part is not None:
        loss_db[:, ~part] = np.nan
    return AreaLoss(window.row0, window.col0, loss_db)


def extract_profile(
    terrain: Raster,
    x1_m: float,
    y1_m: float,
    x2_m: float,
    y2_m: float,
    *,
    clutter: Raster | None = None,
    is_even: bool = False,
) -> Profile:
    """Sample the path between two points as the area mode does.

    Parameters
    ----------
    terrain : Raster
    x1_m, y1_m : float
        Transmitter.
    x2_m, y2_m : float
        Receiver; its height is interpolated too, which at a pixel's centre is the pixel's own.
    clutter : Raster, optional
        On the grid of the terrain.
    is_even : bool
        Spread the samples evenly, as ITM needs them.

    Returns
    -------
    Profile
        Inland throughout.

    Raises
    ------
    GridError
        ``point_outside_grid`` for either end; ``terrain_unknown`` where NaN lies on the path.
    InputError
        ``path_too_short`` where the two points coincide.
    """
    grid = terrain.grid
    for x, y in ((x1_m, y1_m), (x2_m, y2_m)):
        if not grid.contains(x, y):
            raise GridError("point_outside_grid", x_m=x, y_m=y)
    start, end = cell_position(grid, x1_m, y1_m), cell_position(grid, x2_m, y2_m)
    cells = float(np.hypot(*(end - start)))
    if cells < CELL_TOLERANCE:
        raise InputError("path_too_short")
    along = np.append(np.arange(inner_samples(cells) + 1.0), cells)
    if is_even:
        along = np.linspace(0.0, cells, along.size)
    points = start[:, None] + (end - start)[:, None] / cells * along
    heights = bilinear(terrain.values, points)
    if np.isnan(heights).any():
        distance_m = float(along[np.flatnonzero(np.isnan(heights))[0]] * grid.cell_size_m)
        raise GridError("terrain_unknown", distance_m=round(distance_m))
    cover = np.zeros(heights.size)
    if clutter is not None:
        _check_clutter(grid, clutter)
        row, col = (np.floor(points + 0.5)).astype(np.int64)
        inside = np.clip(row, 0, grid.height - 1), np.clip(col, 0, grid.width - 1)
        cover = np.nan_to_num(clutter.values[inside].astype(np.float64))
        cover[[0, -1]] = 0.0
    return Profile(distance_km=along * (0.001 * grid.cell_size_m), height_m=heights, clutter_height_m=cover)


def _fill_itm(request: AreaRequest) -> None:
    window = request.window
    request.loss_db.fill(np.nan)
    fill_itm(
        request.loss_db,
        ground_m=window.padded(request.terrain.values, less=0.0, unknown=UNKNOWN_M),
        clutter_m=request.cover(),
        site=request.site(),
        frequencies_mhz=request.frequencies_mhz,
        radii_m=request.radii_m,
        method=request.method,
        threads=request.threads or available_cores(),
    )


def _fill_simple(request: AreaRequest) -> None:
    window, method = request.window, request.method
    request.loss_db.fill(np.nan)
    rows = slice(window.row0, window.row0 + window.rows)
    cols = slice(window.col0, window.col0 + window.cols)
    part = request.terrain.values[rows, cols].astype(np.float64)
    fill_simple(
        request.loss_db,
        distance_m=window.distance_m(),
        rise_m=part + method.receiver_height_m - request.ground_m - request.antenna_height_m,
        antenna_height_m=request.antenna_height_m,
        frequencies_mhz=request.frequencies_mhz,
        radii_m=request.radii_m,
        method=method,
    )


def _check(  # noqa: PLR0917 - private
    grid: Grid,
    x_m: float,
    y_m: float,
    frequencies_mhz: Sequence[float],
    radii_m: Sequence[float],
    clutter: Raster | None,
) -> None:
    if not (np.isfinite(x_m) and np.isfinite(y_m) and grid.contains(x_m, y_m)):
        raise GridError("transmitter_outside_grid", x_m=x_m, y_m=y_m)
    if not len(frequencies_mhz) or len(frequencies_mhz) != len(radii_m):
        raise InputError("carriers_empty", frequencies=len(frequencies_mhz), radii=len(radii_m))
    for radius_m in radii_m:
        if not 0.0 < radius_m <= 1000.0 * FARTHEST_KM:  # NaN compares false
            allowed = f"> 0 .. {1000.0 * FARTHEST_KM:g}"
            raise ModelRangeError("model_range", name="radius_m", value=radius_m, allowed=allowed)
    if clutter is not None:
        _check_clutter(grid, clutter)


def _check_clutter(grid: Grid, clutter: Raster) -> None:
    if clutter.grid != grid:
        raise GridError("clutter_other_grid")
