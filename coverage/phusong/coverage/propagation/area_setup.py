"""What the modes of an area share before any path is looked at: window, site, carriers, climate, threads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import config, njit

from phusong.coverage.errors import GridError
from phusong.coverage.grids import FloatArray, Grid, Raster
from phusong.coverage.method import Method
from phusong.coverage.propagation.area_carriers import NEGLIGIBLE_MARGIN_DB, SHORTEST_KM, Carriers, Climate
from phusong.coverage.propagation.area_geometry import Float32Array, Site, Tables, inner_samples
from phusong.coverage.propagation.p1812 import FAR_FROM_COAST_KM
from phusong.coverage.propagation.p1812_combination import troposcatter_db
from phusong.coverage.propagation.p1812_diffraction import ground_admittance, wavelength_m
from phusong.coverage.propagation.p1812_path import earth_radius_km
from phusong.coverage.propagation.p1812_statistics import anomalous_time
from phusong.coverage.propagation.profile import Float64Array

BoolArray = npt.NDArray[np.bool_]
FARTHEST_KM = 100.0
"""Greatest radius of an area."""
CELL_TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True)
class Window:
    """Part of a grid with one cell of padding, so that interpolation at its rim needs no test.

    Attributes
    ----------
    grid : Grid
        The whole.
    row0, col0, rows, cols : int
        The part, without padding.
    x_m, y_m : float
        Antenna in the grid's CRS.
    """

    grid: Grid
    row0: int
    col0: int
    rows: int
    cols: int
    x_m: float
    y_m: float

    def padded(self, values: FloatArray, *, less: float, unknown: np.float32) -> Float32Array:
        """Values of the window less a constant, rim included; beyond the grid its edge is repeated."""
        out = np.empty((self.rows + 2, self.cols + 2), dtype=np.float32)
        pad_rows(values, self.row0, self.col0, less, unknown, 0, self.rows + 2, out)
        return out

    def site(self, antenna_height_m: float, method: Method) -> Site:
        """Antenna in cells of the padded window."""
        row, col = cell_position(self.grid, self.x_m, self.y_m)
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

    def slices(self) -> tuple[slice, slice]:
        """Window in an array of the whole grid."""
        return slice(self.row0, self.row0 + self.rows), slice(self.col0, self.col0 + self.cols)

    def distance_m(self) -> FloatArray:
        """Plane distance of every pixel from the antenna."""
        row, col = cell_position(self.grid, self.x_m, self.y_m)
        down = np.arange(self.row0, self.row0 + self.rows) - row
        right = np.arange(self.col0, self.col0 + self.cols) - col
        return self.grid.cell_size_m * np.hypot(down[:, None], right[None, :])


@njit(cache=True, error_model="numpy", nogil=True)
def pad_rows(  # noqa: PLR0917 - kernels take no keyword-only options
    values: FloatArray,
    row0: int,
    col0: int,
    less: float,
    unknown: np.float32,
    begin: int,
    end: int,
    out: Float32Array,
) -> None:
    """Copy rows of a window of a grid and one cell around it, less a constant; the grid's edge is repeated.

    Parameters
    ----------
    values : ndarray
        The grid.
    row0, col0 : int
        Where the window begins, without the cell around it.
    less : float
    unknown : float32
        Stands for what is not finite.
    begin, end : int
        Rows of the window with the cell around it.
    out : ndarray of float32
        That window; written.
    """
    last_row, last_col = values.shape[0] - 1, values.shape[1] - 1
    for i in range(begin, end):
        row = min(max(row0 - 1 + i, 0), last_row)
        for j in range(out.shape[1]):
            value = np.float32(values[row, min(max(col0 - 1 + j, 0), last_col)] - less)
            out[i, j] = value if np.isfinite(value) else unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaRequest:
    """One question put to a model, checked; for the meanings see `area.path_loss_area`.

    Attributes
    ----------
    loss_db : ndarray of float32, shape (carriers, rows, cols)
        To be filled in; as it is allocated, it holds anything.
    window : Window
        Part of the grid within reach of the antenna.
    ground_m : float
        Height of the ground below the antenna.
    wanted : ndarray of bool, optional
        On the whole grid; none where every pixel of the window is wanted.
    """

    loss_db: Float32Array
    terrain: Raster
    clutter: Raster | None
    window: Window
    ground_m: float
    antenna_height_m: float
    frequencies_mhz: Sequence[float]
    radii_m: Sequence[float]
    method: Method
    latitude_deg: float
    threads: int | None
    wanted: BoolArray | None = None

    def site(self) -> Site:
        """Antenna in cells of the padded window."""
        return self.window.site(self.antenna_height_m, self.method)

    def cover(self) -> Float32Array:
        """Clutter of the padded window; empty for none."""
        if self.clutter is None:
            return np.empty((0, 0), dtype=np.float32)
        return self.window.padded(self.clutter.values, less=0.0, unknown=np.float32(0.0))

    def wanted_pixels(self) -> BoolArray:
        """Wanted pixels of the padded window; empty for all."""
        if self.wanted is None:
            return np.empty((0, 0), dtype=np.bool_)
        return np.pad(self.wanted[self.window.slices()], 1)

    def carriers(self) -> Carriers:
        """Constants of each carrier."""
        return carrier_constants(
            self.frequencies_mhz,
            self.radii_m,
            cell_size_m=self.terrain.grid.cell_size_m,
            method=self.method,
            latitude_deg=self.latitude_deg,
        )

    def climate(self) -> Climate:
        """Conditions all carriers share."""
        return site_climate(self.method, self.latitude_deg)


def cell_position(grid: Grid, x_m: float | FloatArray, y_m: float | FloatArray) -> FloatArray:
    """Row and column of a point, or of points (shape (2, points)), whole numbers at cell centres."""
    col = (x_m - grid.left_m) / grid.cell_size_m - 0.5
    row = (grid.top_m - y_m) / grid.cell_size_m - 0.5
    return np.array([row, col])


def bilinear(values: FloatArray, points: FloatArray) -> Float64Array:
    """Interpolate between cell centres; beyond the outermost centres the edge is repeated.

    A cell without weight does not count, so that unknown terrain beside a path leaves it known.

    Parameters
    ----------
    values : ndarray, shape (rows, cols)
    points : ndarray, shape (2, points)
        Rows and columns, whole numbers at cell centres.
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
            cell[~np.isfinite(cell)] = np.nan  # infinite heights are as unknown as NaN
            total += np.where(weight > 0.0, weight * cell, 0.0)
    return total


def ground_at(terrain: Raster, x_m: float, y_m: float) -> float:
    """Interpolated height of the ground below an antenna.

    Raises
    ------
    GridError
        ``transmitter_ground_unknown``.
    """
    ground_m = float(bilinear(terrain.values, cell_position(terrain.grid, x_m, y_m)[:, None])[0])
    if not np.isfinite(ground_m):
        raise GridError("transmitter_ground_unknown", x_m=x_m, y_m=y_m)
    return ground_m


def sample_tables(radius_cells: float, site: Site) -> Tables:
    """Numbers of the samples of the longest path."""
    step = np.arange(inner_samples(radius_cells) + 3, dtype=np.float64)
    per_km = 1.0 / (np.maximum(step, 1.0) * site.step_km)
    bulge = 500.0 / site.radius_km * step * site.step_km
    return Tables(step.astype(np.float32), per_km.astype(np.float32), bulge.astype(np.float32))


def site_climate(method: Method, latitude_deg: float) -> Climate:
    """Conditions all carriers share."""
    return Climate(
        float(method.time_percentage),
        True,
        float(method.delta_n),
        float(method.n0),
        float(latitude_deg),
        FAR_FROM_COAST_KM,
        102.45 - 92.4 + _least_time_dependence_db(latitude_deg),
    )


def carrier_constants(
    frequencies_mhz: Sequence[float],
    radii_m: Sequence[float],
    *,
    cell_size_m: float,
    method: Method,
    latitude_deg: float,
) -> Carriers:
    """Constants of each carrier."""
    ghz = np.array(frequencies_mhz, dtype=np.float64) / 1000.0
    scatter = [troposcatter_db(f, 1.0, 0.0, float(method.n0), 50.0) - NEGLIGIBLE_MARGIN_DB for f in ghz]
    low = np.where(ghz < 0.5, 45.375 - 137.0 * ghz + 92.5 * ghz**2, 0.0)
    # equations 46 and 47 without horizons, shielding and bending, at the least A(50 %)
    ducting = 102.45 + 20.0 * np.log10(ghz) + low + _least_time_dependence_db(latitude_deg)
    return Carriers(
        frequency_ghz=ghz,
        radius_cells=np.array(radii_m, dtype=np.float64) / cell_size_m + CELL_TOLERANCE,
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


def available_cores() -> int:
    """Cores numba may use: all, or as many as NUMBA_NUM_THREADS says."""
    settings: Any = config
    return int(settings.NUMBA_NUM_THREADS)


def run_blocks(work: Callable[[int, int], object], *, count: int, block: int, threads: int | None) -> None:
    """Work on 0 .. count in blocks, each a task of a pool; in the caller's thread where one is asked for.

    Parameters
    ----------
    work : callable
        Takes the begin and the end of a block. It must hold no lock and blocks must share no result.
    count, block : int
    threads : int, optional
        Left out: all cores numba may use.
    """
    workers = threads or available_cores()
    if workers == 1:
        work(0, count)
        return
    begins = range(0, count, block)
    with ThreadPoolExecutor(max_workers=workers) as pool:
        list(pool.map(work, begins, [min(begin + block, count) for begin in begins]))
