"""Mountains with ridges and valleys, made by lifting ground and letting streams cut it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from phusong.coverage.grids import Grid
from phusong.geodata.sample.drainage import carve, drain
from phusong.geodata.sample.noise import Field, band_noise, coarser, fractal_noise, resample

_PASSES = ((8, 90), (4, 30), (2, 10), (1, 4))
_UPLIFT_M = 20.0
_ERODIBILITY = 0.27
MAX_WORK_CELLS = 420_000

Shaper = Callable[[Grid], tuple[Field, npt.NDArray[np.bool_]]]
"""Gives, on a grid, the uplift (0..1) and where water leaves (sea, or the lowest edge)."""


@dataclass(frozen=True, slots=True)
class Relief:
    """Ground on a grid coarse enough to work on as a whole.

    Attributes
    ----------
    grid : Grid
    height_m : ndarray of float32, shape grid.shape
        Above sea level; 0 at sea.
    drained_m2 : ndarray of float32, shape grid.shape
        Area drained through each cell.
    is_sea : ndarray of bool, shape grid.shape
    """

    grid: Grid
    height_m: Field
    drained_m2: Field
    is_sea: npt.NDArray[np.bool_]


def work_grid(grid: Grid) -> Grid:
    """Return the grid relief is shaped on: whole multiples of the cells, at most 420,000 of them."""
    factor = max(1, int(np.ceil(np.sqrt(grid.width * grid.height / MAX_WORK_CELLS))))
    return coarser(grid, cell_m=grid.cell_size_m * factor)


def eroded_heights(rng: np.random.Generator, work: Grid, shaper: Shaper) -> Field:
    """Heights in arbitrary units after the streams have cut their valleys, from coarse to fine.

    Parameters
    ----------
    work : Grid
        Grid of the result.
    shaper : callable
        Uplift and outlets on any grid.
    """
    before = coarser(work, cell_m=work.cell_size_m * _PASSES[0][0])
    height_m = np.zeros(before.shape, np.float32)
    for factor, steps in _PASSES:
        level = work if factor == 1 else coarser(work, cell_m=work.cell_size_m * factor)
        uplift, outlets = shaper(level)
        rough = fractal_noise(rng, level, longest_m=12 * level.cell_size_m, shortest_m=3 * level.cell_size_m)
        hardness = np.exp(0.45 * fractal_noise(rng, level, longest_m=14_000, shortest_m=3_500))
        start = np.maximum(resample(height_m, before, level), 0.0) + (
            1.0 + 0.012 * level.cell_size_m * uplift
        ) * np.abs(rough)
        height_m = _erode(start, uplift / hardness, outlets, level, steps)
        before = level
    return height_m


def _erode(start: Field, uplift: Field, outlets: npt.NDArray[np.bool_], level: Grid, steps: int) -> Field:
    height_m = np.where(outlets, 0.0, start).astype(np.float64)
    for _ in range(steps):
        drainage = drain(height_m, outlets, cell_m=level.cell_size_m)
        height_m = carve(height_m, drainage, uplift_m=_UPLIFT_M * uplift, erodibility=_ERODIBILITY)
        # creep rounds the crests; more of it on the finer grids, where cells are shorter than slopes
        soft = ndimage.gaussian_filter(height_m, 0.7)
        height_m = np.where(outlets, 0.0, 0.8 * height_m + 0.2 * soft)
    return height_m.astype(np.float32)


def bend(rng: np.random.Generator, values: Field, grid: Grid, *, cells: float = 1.1) -> Field:
    """Shift a field here and there by about a cell, so that streams do not show the eight directions.

    Parameters
    ----------
    cells : float
        Standard deviation of the shift, in cells.
    """
    shifts = [band_noise(rng, grid, wavelength_m=wave * grid.cell_size_m) for wave in (7, 7, 15, 15)]
    rows, cols = np.indices(grid.shape, dtype=np.float32)
    rows += np.float32(cells) * (0.6 * shifts[0] + shifts[2])
    cols += np.float32(cells) * (0.6 * shifts[1] + shifts[3])
    moved = ndimage.map_coordinates(values, [rows, cols], order=1, mode="nearest")
    return np.asarray(moved, dtype=np.float32)


def with_valley_floors(height_m: Field, outlets: npt.NDArray[np.bool_], work: Grid) -> tuple[Field, Field]:
    """Widen the valleys of the larger streams into floors people can live on.

    Returns
    -------
    tuple of ndarray
        Heights, and the area drained through each cell in square metres.
    """
    drainage = drain(height_m, outlets, cell_m=work.cell_size_m)
    drained_m2 = drainage.area_m2.reshape(work.shape)
    streams = (drained_m2 > 1.5e6) | outlets
    if not streams.any():
        return height_m, drained_m2.astype(np.float32)
    away, nearest = ndimage.distance_transform_edt(~streams, sampling=work.cell_size_m, return_indices=True)
    at_stream = height_m[nearest[0], nearest[1]]
    width_m = np.clip(70.0 + 34.0 * np.sqrt(drained_m2[nearest[0], nearest[1]] / 1e6), 70.0, 900.0)
    part = np.clip(away / width_m, 0.0, 1.0)
    keep = part**1.6 * (1.0 + 0.6 * (1.0 - part))
    floor = at_stream + (height_m - at_stream) * np.clip(keep, 0.0, 1.0)
    widened = np.where(height_m > at_stream, floor, height_m)
    return ndimage.gaussian_filter(widened, 0.6).astype(np.float32), drained_m2.astype(np.float32)


def finish(rng: np.random.Generator, relief: Relief, grid: Grid) -> Field:
    """Bring relief to the final grid and add what is too small for the work grid.

    Returns
    -------
    ndarray of float32, shape grid.shape
        Heights in metres; 0 at sea, never below.
    """
    work = relief.grid
    mean = ndimage.uniform_filter(relief.height_m, 9)
    spread = np.sqrt(np.maximum(ndimage.uniform_filter((relief.height_m - mean) ** 2, 9), 0.0))
    slope = np.hypot(*np.gradient(relief.height_m, work.cell_size_m))
    amplitude_m = np.minimum(0.21 * spread, 18.0) * np.clip(slope / 0.16, 0.06, 1.0) + 0.25
    amplitude_m[relief.is_sea] = 0.0
    height_m = resample(relief.height_m, work, grid)
    if grid.cell_size_m < work.cell_size_m or work == grid:
        height_m += resample(amplitude_m, work, grid, order=1) * _detail(rng, work, grid)
    return np.maximum(height_m, 0.0)


def _detail(rng: np.random.Generator, work: Grid, grid: Grid) -> Field:
    longest_m = max(6.0 * work.cell_size_m, 8.0 * grid.cell_size_m)
    shortest_m = max(3.2 * grid.cell_size_m, longest_m / 20)
    crests = fractal_noise(
        rng, grid, longest_m=longest_m, shortest_m=shortest_m, persistence=0.52, ridged=True
    )
    return crests


def relief_of(
    rng: np.random.Generator, grid: Grid, shaper: Shaper, *, is_sea: Callable[[Grid], npt.NDArray[np.bool_]]
) -> Relief:
    """Shape the ground under a grid; heights in arbitrary units, to be scaled by the caller.

    Parameters
    ----------
    grid : Grid
        The final grid; the work is done on `work_grid`.
    shaper : callable
        Uplift and outlets on any grid.
    is_sea : callable
        Sea on any grid.
    """
    work = work_grid(grid)
    sea = is_sea(work)
    height_m = bend(rng, eroded_heights(rng, work, shaper), work)
    _uplift, outlets = shaper(work)
    height_m, drained_m2 = with_valley_floors(height_m, outlets, work)
    return Relief(work, np.where(sea, 0.0, height_m).astype(np.float32), drained_m2, sea)


def scaled(relief: Relief, heights_m: Field) -> Relief:
    """Return the same streams under other heights."""
    return replace(relief, height_m=np.where(relief.is_sea, 0.0, heights_m).astype(np.float32))
