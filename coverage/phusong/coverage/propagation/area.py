"""Path loss from one mast to every pixel around it, each pixel with its own terrain profile (exact mode).

A profile is anchored at the transmitter: samples every cell size along the ray, interpolated bilinearly
between cell centres, none closer to the receiver than half a step; the receiver is the pixel's centre with
its own distance and height. `extract_profile` returns just those points, so `p1812.path_loss_db` on it is
the reference for every pixel. All paths are inland, distances are plane ones of the projection (its scale
factor, within 4 parts in 10,000 for UTM near its meridian, is not removed).
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import config

from phusong.coverage.errors import GridError, InputError
from phusong.coverage.grids import FloatArray, Grid, Raster
from phusong.coverage.method import Method
from phusong.coverage.propagation.area_geometry import UNKNOWN_M, Site, Tables, inner_samples
from phusong.coverage.propagation.area_itm import fill_itm
from phusong.coverage.propagation.area_kernel import (
    NEGLIGIBLE_MARGIN_DB,
    SHORTEST_KM,
    Carriers,
    Climate,
    loss_rows,
)
from phusong.coverage.propagation.area_simple import fill_simple
from phusong.coverage.propagation.p1812 import FAR_FROM_COAST_KM, check_ranges
from phusong.coverage.propagation.p1812_combination import troposcatter_db
from phusong.coverage.propagation.p1812_diffraction import ground_admittance, wavelength_m
from phusong.coverage.propagation.p1812_path import earth_radius_km
from phusong.coverage.propagation.p1812_statistics import anomalous_time
from phusong.coverage.propagation.profile import Float64Array, Profile

LATITUDE_DEG = 16.0
FARTHEST_KM = 100.0
"""Greatest radius of an area."""
P1812_RANGED = ("p1812", "free_space", "fixed_radius")
"""Models whose carriers and heights must lie in the ranges of P.1812; the others bring their own."""
_ROWS_A_TASK = 16
_CELL_TOLERANCE = 1e-9


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
) -> AreaLoss:
    """Predict the loss from one antenna to every pixel within reach.

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
        Left out: all cores numba may use.

    Returns
    -------
    AreaLoss

    Raises
    ------
    GridError
        ``transmitter_outside_grid``; ``clutter_other_grid``; ``transmitter_ground_unknown``.
    ModelRangeError
        ``model_range`` for a carrier or height out of range.
    InputError
        ``carriers_empty`` without a carrier or where radii and carriers differ in number.
    """
    _check(terrain.grid, x_m, y_m, frequencies_mhz, radii_m, clutter)
    if method.model in P1812_RANGED:
        heights = {"tx_height_m": antenna_height_m, "rx_height_m": method.receiver_height_m}
        for frequency_mhz in frequencies_mhz:
            check_ranges({"frequency_mhz": frequency_mhz, **heights})
    row0, col0, rows, cols = terrain.grid.disc_window(x_m, y_m, max(radii_m))
    window = _Window(terrain.grid, row0, col0, rows, cols, x_m, y_m)
    ground_m = _ground_at(terrain, x_m, y_m)
    loss = np.full((len(frequencies_mhz), rows, cols), np.nan, dtype=np.float32)
    if method.model == "p1812":
        ground = window.padded(terrain.values, less=ground_m, unknown=UNKNOWN_M)
        cover = _cover(window, clutter)
        site = window.site(antenna_height_m, method)
        carriers = _carriers(frequencies_mhz, radii_m, terrain.grid.cell_size_m, method, latitude_deg)
        tables = _tables(float(carriers.radius_cells.max()), site)
        climate = _climate(method, latitude_deg)
        fixed = (ground.ravel(), cover.ravel(), ground.shape, tables, site, carriers, climate, loss)
        _fill(fixed, rows, threads or _cores())
    elif method.model == "itm":
        fill_itm(
            loss,
            ground_m=window.padded(terrain.values, less=0.0, unknown=UNKNOWN_M),
            clutter_m=_cover(window, clutter),
            site=window.site(antenna_height_m, method),
            frequencies_mhz=frequencies_mhz,
            radii_m=radii_m,
            method=method,
            threads=threads or _cores(),
        )
    else:
        part = terrain.values[row0 : row0 + rows, col0 : col0 + cols].astype(np.float64)
        fill_simple(
            loss,
            distance_m=window.distance_m(),
            rise_m=part + method.receiver_height_m - ground_m - antenna_height_m,
            antenna_height_m=antenna_height_m,
            frequencies_mhz=frequencies_mhz,
            radii_m=radii_m,
            method=method,
        )
    return AreaLoss(row0, col0, loss)


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
    start, end = _cell_position(grid, x1_m, y1_m), _cell_position(grid, x2_m, y2_m)
    cells = float(np.hypot(*(end - start)))
    if cells < _CELL_TOLERANCE:
        raise InputError("path_too_short")
    along = np.append(np.arange(inner_samples(cells) + 1.0), cells)
    if is_even:
        along = np.linspace(0.0, cells, along.size)
    points = start[:, None] + (end - start)[:, None] / cells * along
    heights = _bilinear(terrain.values, points)
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


@dataclass(frozen=True, slots=True)
class _Window:
    """Part of a grid with one cell of padding, so that interpolation at its rim needs no test."""

    grid: Grid
    row0: int
    col0: int
    rows: int
    cols: int
    x_m: float
    y_m: float

    def padded(self, values: FloatArray, *, less: float, unknown: np.float32) -> npt.NDArray[np.float32]:
        """Values of the window less a constant, rim included; beyond the grid its edge is repeated."""
        row = np.clip(np.arange(self.row0 - 1, self.row0 + self.rows + 1), 0, self.grid.height - 1)
        col = np.clip(np.arange(self.col0 - 1, self.col0 + self.cols + 1), 0, self.grid.width - 1)
        inner = values[row[0] : row[-1] + 1, col[0] : col[-1] + 1]
        part = inner[np.ix_(row - row[0], col - col[0])] - less
        return np.where(np.isnan(part), unknown, part).astype(np.float32)

    def site(self, antenna_height_m: float, method: Method) -> Site:
        """Antenna in cells of the padded window."""
        row, col = _cell_position(self.grid, self.x_m, self.y_m)
        row_cell, col_cell = int(np.floor(row)), int(np.floor(col))
        return Site(
            row_cell - self.row0 + 1,
            col_cell - self.col0 + 1,
            float(row - row_cell),
            float(col - col_cell),
            float(antenna_height_m),
            float(method.receiver_height_m),
            float(earth_radius_km(float(method.delta_n))),
            0.001 * self.grid.cell_size_m,
        )

    def distance_m(self) -> FloatArray:
        """Plane distance of every pixel from the antenna."""
        row, col = _cell_position(self.grid, self.x_m, self.y_m)
        down = np.arange(self.row0, self.row0 + self.rows) - row
        right = np.arange(self.col0, self.col0 + self.cols) - col
        return self.grid.cell_size_m * np.hypot(down[:, None], right[None, :])


def _cover(window: _Window, clutter: Raster | None) -> npt.NDArray[np.float32]:
    """Clutter of the padded window; empty for none."""
    if clutter is None:
        return np.empty(0, dtype=np.float32)
    return window.padded(clutter.values, less=0.0, unknown=np.float32(0.0))


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
    if clutter is not None:
        _check_clutter(grid, clutter)


def _check_clutter(grid: Grid, clutter: Raster) -> None:
    if clutter.grid != grid:
        raise GridError("clutter_other_grid")


def _cell_position(grid: Grid, x_m: float, y_m: float) -> FloatArray:
    """Row and column of a point, whole numbers at cell centres."""
    col = (x_m - grid.left_m) / grid.cell_size_m - 0.5
    row = (grid.top_m - y_m) / grid.cell_size_m - 0.5
    return np.array([row, col])


def _bilinear(values: FloatArray, points: FloatArray) -> Float64Array:
    """Interpolate between cell centres; beyond the outermost centres the edge is repeated.

    A cell without weight does not count, so that unknown terrain beside a path leaves it known.
    """
    limits = np.array(values.shape)[:, None] - 1
    held = np.clip(points, 0.0, limits)
    low = np.minimum(np.floor(held).astype(np.int64), np.maximum(limits - 1, 0))
    high = np.minimum(low + 1, limits)
    down, right = held - low
    total = np.zeros(points.shape[1])
    for row, row_weight in ((low[0], 1.0 - down), (high[0], down)):
        for col, col_weight in ((low[1], 1.0 - right), (high[1], right)):
            weight = row_weight * col_weight
            cell = values[row, col].astype(np.float64)
            total += np.where(weight > 0.0, weight * cell, 0.0)
    return total


def _ground_at(terrain: Raster, x_m: float, y_m: float) -> float:
    ground_m = float(_bilinear(terrain.values, _cell_position(terrain.grid, x_m, y_m)[:, None])[0])
    if np.isnan(ground_m):
        raise GridError("transmitter_ground_unknown", x_m=x_m, y_m=y_m)
    return ground_m


def _tables(radius_cells: float, site: Site) -> Tables:
    step = np.arange(inner_samples(radius_cells) + 3, dtype=np.float64)
    per_km = 1.0 / (np.maximum(step, 1.0) * site.step_km)
    bulge = 500.0 / site.radius_km * step * site.step_km
    return Tables(step.astype(np.float32), per_km.astype(np.float32), bulge.astype(np.float32))


def _climate(method: Method, latitude_deg: float) -> Climate:
    return Climate(
        float(method.time_percentage),
        True,
        float(method.delta_n),
        float(method.n0),
        float(latitude_deg),
        FAR_FROM_COAST_KM,
        102.45 - 92.4 + _least_time_dependence_db(latitude_deg),
    )


def _carriers(
    frequencies_mhz: Sequence[float],
    radii_m: Sequence[float],
    cell_size_m: float,
    method: Method,
    latitude_deg: float,
) -> Carriers:
    ghz = np.array(frequencies_mhz, dtype=np.float64) / 1000.0
    scatter = [troposcatter_db(f, 1.0, 0.0, float(method.n0), 50.0) - NEGLIGIBLE_MARGIN_DB for f in ghz]
    low = np.where(ghz < 0.5, 45.375 - 137.0 * ghz + 92.5 * ghz**2, 0.0)
    # equations 46 and 47 without horizons, shielding and bending, at the least A(50 %)
    ducting = 102.45 + 20.0 * np.log10(ghz) + low + _least_time_dependence_db(latitude_deg)
    return Carriers(
        frequency_ghz=ghz,
        radius_cells=np.array(radii_m, dtype=np.float64) / cell_size_m + _CELL_TOLERANCE,
        free_db=92.4 + 20.0 * np.log10(ghz),
        per_root_wavelength=1.0 / np.sqrt([wavelength_m(f) for f in ghz]),
        root=np.cbrt(ghz),
        ground=np.array([ground_admittance(f, True, False) for f in ghz]),
        scatter_floor_db=np.array(scatter),
        ducting_floor_db=ducting,
    )


def _least_time_dependence_db(latitude_deg: float) -> float:
    """Floor under A(50 %) of ducting (equation 53) for any path.

    A falls with beta, and beta is greatest on the shortest path over smooth ground.
    """
    log_beta = np.log10(anomalous_time(latitude_deg, SHORTEST_KM, SHORTEST_KM))
    ratio = np.log10(50.0) - log_beta
    fade = (9.51 - 4.8 * log_beta + 0.198 * log_beta**2) * 1e-6 * FARTHEST_KM**1.13
    gamma = 1.076 / (2.0058 - log_beta) ** 1.012 * np.exp(-fade)
    return float(-12.0 + 1.2 * ratio + 12.0 * 10.0 ** (gamma * ratio))


def _cores() -> int:
    """Cores numba may use: all, or as many as NUMBA_NUM_THREADS says."""
    settings: Any = config
    return int(settings.NUMBA_NUM_THREADS)


def _fill(fixed: tuple[object, ...], rows: int, threads: int) -> None:
    """Let all cores work on blocks of rows; the kernel holds no lock."""
    blocks = [(begin, min(begin + _ROWS_A_TASK, rows)) for begin in range(0, rows, _ROWS_A_TASK)]
    with ThreadPoolExecutor(max_workers=threads) as pool:
        list(pool.map(lambda block: loss_rows(*block, *fixed), blocks))
