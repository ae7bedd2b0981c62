"""Terrain of the sample province: mountains in the west, a plain and a coast in the east."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from phusong.coverage.grids import Grid
from phusong.geodata.sample.noise import Field, band_noise, centres_m, coarser, fractal_noise, resample
from phusong.geodata.sample.relief import Relief, finish, relief_of, scaled
from phusong.geodata.sample.spec import layer_generator

_FORM_CELL_M = 500.0


@dataclass(frozen=True, slots=True)
class Landform:
    """The large shape of the land, on a grid of 500 m.

    Attributes
    ----------
    grid : Grid
    uplift : ndarray of float32
        0 in the plain to 1 in the high mountains.
    inland_m : ndarray of float32
        Distance to the coast in metres, negative at sea.
    hills : ndarray of float32
        0..1, lone hills in the plain.
    """

    grid: Grid
    uplift: Field
    inland_m: Field
    hills: Field


def _smooth_step(values: npt.NDArray[np.floating], low: float, high: float) -> Field:
    part = np.clip((values - low) / (high - low), 0.0, 1.0)
    return (part * part * (3.0 - 2.0 * part)).astype(np.float32)


def landform(grid: Grid, *, seed: int) -> Landform:
    """Lay out mountains, plain and coast over a grid.

    Parameters
    ----------
    grid : Grid
        Any grid over the area; the landform covers it with a margin.
    seed : int
    """
    rng = layer_generator(seed, "landform")
    form = coarser(grid, cell_m=_FORM_CELL_M, margin_m=3_000.0)
    x_m, y_m = centres_m(form)
    left, bottom, right, top = grid.bounds
    east = (x_m - left) / (right - left) + 0.0 * y_m
    north = (y_m - bottom) / (top - bottom) + 0.0 * x_m
    wander = fractal_noise(rng, form, longest_m=36_000, shortest_m=4_500, persistence=0.52)
    # the coast runs slightly from north-east to south-west, as it does there
    coast = 0.93 + 0.035 * (north - 0.5) + 0.016 * wander - 0.03 * np.exp(-(((north - 0.62) / 0.09) ** 2))
    inland_m = (coast - east) * (right - left)
    spur = band_noise(rng, form, wavelength_m=30_000)
    foot = 0.57 + 0.06 * wander + 0.06 * spur
    uplift = _smooth_step(foot - east, -0.03, 0.50) ** 0.85
    uplift = uplift * (1.0 + 0.30 * fractal_noise(rng, form, longest_m=16_000, shortest_m=5_000))
    lone = fractal_noise(rng, form, longest_m=7_000, shortest_m=1_800, ridged=True, persistence=0.6)
    hills = _smooth_step(lone, 1.25, 2.3) * _smooth_step(inland_m, 2_500.0, 9_000.0) * (1 - uplift)
    return Landform(form, np.clip(uplift, 0.0, 1.3).astype(np.float32), inland_m.astype(np.float32), hills)


def sample_relief(form: Landform, grid: Grid, *, seed: int, peak_m: float) -> Relief:
    """Ground of the sample province on the work grid.

    Parameters
    ----------
    form : Landform
    grid : Grid
        The final terrain grid.
    peak_m : float
        Height of the highest peaks.
    """
    rng = layer_generator(seed, "relief")

    def is_sea(level: Grid) -> npt.NDArray[np.bool_]:
        return resample(form.inland_m, form.grid, level) <= 0.0

    def shaper(level: Grid) -> tuple[Field, npt.NDArray[np.bool_]]:
        uplift = np.clip(resample(form.uplift, form.grid, level), 0.0, 1.5)
        hills = np.clip(resample(form.hills, form.grid, level), 0.0, 1.0)
        return np.maximum(uplift, 0.5 * hills).astype(np.float32), is_sea(level)

    raw = relief_of(rng, grid, shaper, is_sea=is_sea)
    factor = peak_m / float(np.quantile(raw.height_m, 0.99995))
    inland_m = np.maximum(resample(form.inland_m, form.grid, raw.grid), 0.0)
    swell = fractal_noise(rng, raw.grid, longest_m=6_000, shortest_m=750)
    plain_m = 0.6 + 2.2 * (1 - np.exp(-inland_m / 900.0)) + inland_m / 2_600.0 + 0.5 * swell
    heights_m = _rounded_peaks(raw.height_m * factor, peak_m) + np.maximum(plain_m, 0.4)
    return scaled(raw, heights_m.astype(np.float32))


def _rounded_peaks(heights_m: Field, peak_m: float) -> Field:
    bend_m = 0.9 * peak_m
    over = np.maximum(heights_m - bend_m, 0.0)
    return np.minimum(heights_m, bend_m) + (peak_m - bend_m) * np.tanh(over / (peak_m - bend_m))


def sample_terrain(form: Landform, relief: Relief, grid: Grid, *, seed: int) -> Field:
    """Terrain of the sample province on its final grid.

    Parameters
    ----------
    form : Landform
    relief : Relief
        From `sample_relief`.
    grid : Grid
        The final grid, within the area of the relief.
    seed : int

    Returns
    -------
    ndarray of float32, shape grid.shape
        Metres above sea level to a decimetre; 0 at sea.
    """
    fine_m = finish(layer_generator(seed, "terrain"), relief, grid)
    inland_m = resample(form.inland_m, form.grid, grid)
    # a beach: the ground comes down to the sea over 40 m
    return np.round(fine_m * np.clip(inland_m / 40.0, 0.0, 1.0), 1)
