"""Median P.1812 loss of many single paths at once, where nobody asks what each is made of."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from phusong.coverage.errors import GridError, InputError
from phusong.coverage.grids import FloatArray, Grid, Raster
from phusong.coverage.method import Method
from phusong.coverage.propagation.area import LATITUDE_DEG
from phusong.coverage.propagation.area_geometry import inner_samples
from phusong.coverage.propagation.area_setup import CELL_TOLERANCE
from phusong.coverage.propagation.location import location_sigma_db
from phusong.coverage.propagation.p1812 import (
    FAR_FROM_COAST_KM,
    LEAST_DISTANCE_M,
    SHORTEST_KM,
    check_ranges,
)
from phusong.coverage.propagation.p1812_combination import Conditions, combine, free_space_db
from phusong.coverage.propagation.p1812_path import analyse
from phusong.coverage.propagation.p1812_statistics import inverse_normal
from phusong.coverage.propagation.profile import INLAND, Float64Array

Float32Array = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Paths:
    """Paths from antennas to terminals.

    Attributes
    ----------
    x1_m, y1_m, height_m : ndarray of float64, shape (paths,)
        Antennas: place in the grid's CRS, height above ground.
    x2_m, y2_m : ndarray of float64, shape (paths,)
        Terminals.
    frequency_mhz : ndarray of float64, shape (paths,)
    """

    x1_m: Float64Array
    y1_m: Float64Array
    height_m: Float64Array
    x2_m: Float64Array
    y2_m: Float64Array
    frequency_mhz: Float64Array


def median_losses_db(
    terrain: Raster, paths: Paths, *, method: Method, clutter: Raster | None = None
) -> FloatArray:
    """Predict the loss of each path under ITU-R P.1812-8.

    Parameters
    ----------
    terrain : Raster
        Ground heights, m.
    paths : Paths
    method : Method
        Time percentage, refractivity and the terminal's height; the model is P.1812 whatever it says.
    clutter : Raster, optional
        Representative clutter heights on the same grid.

    Returns
    -------
    ndarray of float64, shape (paths,)
        What `explain.explain_path` gives as the total; NaN where terrain on the path is unknown.

    Raises
    ------
    GridError
        ``point_outside_grid`` for either end; ``clutter_other_grid``.
    InputError
        ``path_too_short`` where the two ends coincide.
    ModelRangeError
        ``model_range``.
    """
    if clutter is not None and clutter.grid != terrain.grid:
        raise GridError("clutter_other_grid")
    _check_models(paths, method)
    for x_m, y_m in ((paths.x1_m, paths.y1_m), (paths.x2_m, paths.y2_m)):
        _check_inside(terrain.grid, x_m, y_m)
    start = _positions(terrain.grid, paths.x1_m, paths.y1_m)
    end = _positions(terrain.grid, paths.x2_m, paths.y2_m)
    cells = np.hypot(*(end - start))
    if cells.size and cells.min() < CELL_TOLERANCE:
        raise InputError("path_too_short")
    found = np.empty(cells.size)
    _fill(
        _read_only(terrain.values),
        _read_only(np.zeros((0, 0)) if clutter is None else clutter.values),
        0.001 * terrain.grid.cell_size_m,
        start,
        (end - start) / np.where(cells > 0.0, cells, 1.0),
        cells,
        paths.height_m,
        float(method.receiver_height_m),
        float(method.delta_n),
        Conditions(
            0.0,
            float(method.time_percentage),
            True,
            float(method.n0),
            LATITUDE_DEG,
            FAR_FROM_COAST_KM,
            FAR_FROM_COAST_KM,
            False,
        ),
        paths.frequency_mhz,
        _medians_db(paths.frequency_mhz),
        found,
    )
    return found


def _read_only(values: npt.NDArray[np.floating[Any]]) -> Float32Array:
    """Return values as mapped files have them, because kernels are compiled apart for writable arrays."""
    held = np.asarray(values, dtype=np.float32, order="C").view()
    held.setflags(write=False)
    return held


def _check_models(paths: Paths, method: Method) -> None:
    """Refuse what a single path would be refused for; every number once."""
    terminal = {
        "rx_height_m": method.receiver_height_m,
        "time_percentage": method.time_percentage,
        "delta_n": method.delta_n,
        "n0": method.n0,
    }
    for frequency_mhz in np.unique(paths.frequency_mhz).tolist():
        check_ranges({"frequency_mhz": frequency_mhz, **terminal})
    for height_m in np.unique(paths.height_m).tolist():
        check_ranges({"tx_height_m": height_m})


def _check_inside(grid: Grid, x_m: FloatArray, y_m: FloatArray) -> None:
    col = np.floor((x_m - grid.left_m) / grid.cell_size_m)
    row = np.floor((grid.top_m - y_m) / grid.cell_size_m)
    outside = np.flatnonzero(~((row >= 0) & (row < grid.height) & (col >= 0) & (col < grid.width)))
    if outside.size:
        raise GridError("point_outside_grid", x_m=float(x_m[outside[0]]), y_m=float(y_m[outside[0]]))


def _positions(grid: Grid, x_m: FloatArray, y_m: FloatArray) -> Float64Array:
    """Rows and columns, whole numbers at cell centres; shape (2, points)."""
    col = (x_m - grid.left_m) / grid.cell_size_m - 0.5
    row = (grid.top_m - y_m) / grid.cell_size_m - 0.5
    return np.array([row, col])


def _medians_db(frequency_mhz: Float64Array) -> Float64Array:
    """Location variability at half of the locations, as a single path has it."""
    known = {one: -inverse_normal(0.5) * location_sigma_db(one) for one in np.unique(frequency_mhz).tolist()}
    return np.array([known[one] for one in frequency_mhz.tolist()], dtype=np.float64)


@njit(cache=True, error_model="numpy", nogil=True)
def _fill(  # noqa: PLR0917 - kernels take no keyword-only options
    ground_m: Float32Array,
    clutter_m: Float32Array,
    step_km: float,
    start: Float64Array,
    direction: Float64Array,
    cells: Float64Array,
    height_m: Float64Array,
    receiver_m: float,
    delta_n: float,
    climate: Conditions,
    frequency_mhz: Float64Array,
    median_db: Float64Array,
    found_db: Float64Array,
) -> None:
    """Sample and evaluate path after path; ``start`` and ``direction`` have shape (2, paths)."""
    for k in range(cells.size):
        points = inner_samples(cells[k]) + 2
        along, height = np.empty(points), np.empty(points)
        surface = np.empty(points)
        for i in range(points):
            along[i] = float(i) if i + 1 < points else cells[k]
            row, col = start[0, k] + direction[0, k] * along[i], start[1, k] + direction[1, k] * along[i]
            height[i] = _between(ground_m, row, col)
            is_end = i == 0 or i + 1 == points
            surface[i] = height[i] + (0.0 if is_end else _cover(clutter_m, row, col))
            along[i] *= step_km
        if np.isnan(height).any():
            found_db[k] = np.nan
            continue
        zone = np.full(points, INLAND)
        path = analyse(along, height, surface, zone, height_m[k], receiver_m, delta_n)
        frequency_ghz = frequency_mhz[k] / 1000.0
        if path.distance_km < SHORTEST_KM:
            held_km = max(path.distance_km, 0.001 * LEAST_DISTANCE_M)
            found_db[k] = free_space_db(frequency_ghz, held_km, path.tx_masl_m - path.rx_masl_m)
            continue
        given = Conditions(
            frequency_ghz,
            climate.time_percentage,
            climate.is_vertical,
            climate.n0,
            climate.latitude_deg,
            climate.tx_coast_km,
            climate.rx_coast_km,
            climate.is_closed_form,
        )
        losses = combine(path, given)
        found_db[k] = max(losses.basic_p, losses.combined + median_db[k])


@njit(cache=True, error_model="numpy", nogil=True)
def _between(values: Float32Array, row: float, col: float) -> float:
    """Interpolate between cell centres as `area_setup.bilinear` does, in the same order."""
    last_row, last_col = values.shape[0] - 1, values.shape[1] - 1
    row, col = min(max(row, 0.0), float(last_row)), min(max(col, 0.0), float(last_col))
    top = min(math.floor(row), max(last_row - 1, 0))
    left = min(math.floor(col), max(last_col - 1, 0))
    down, right = row - top, col - left
    total = 0.0
    for i in range(2):
        for j in range(2):
            weight = (down if i else 1.0 - down) * (right if j else 1.0 - right)
            value = float(values[min(top + i, last_row), min(left + j, last_col)])
            # A cell without weight does not count; infinite heights are as unknown as NaN.
            if weight > 0.0:
                total += weight * (value if np.isfinite(value) else np.nan)
    return total


@njit(cache=True, error_model="numpy", nogil=True)
def _cover(clutter_m: Float32Array, row: float, col: float) -> float:
    """Clutter of the cell that a sample lies in; none where it is unknown."""
    if clutter_m.size == 0:
        return 0.0
    i = min(max(math.floor(row + 0.5), 0), clutter_m.shape[0] - 1)
    j = min(max(math.floor(col + 0.5), 0), clutter_m.shape[1] - 1)
    value = float(clutter_m[i, j])
    return 0.0 if np.isnan(value) else value
