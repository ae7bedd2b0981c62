"""Terrain for a study that has none: over real coarse means where given, else from where people live."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import shapely
from scipy import ndimage

from phusong.coverage.grids import Grid
from phusong.geodata.sample.land import label_cells
from phusong.geodata.sample.means import CoarseCells, CoarseMeans, coarse_cells, honour
from phusong.geodata.sample.noise import Field, coarser, fractal_noise, resample
from phusong.geodata.sample.relief import Relief, finish, relief_of, scaled, work_grid
from phusong.geodata.sample.spec import layer_generator

_PEAK_OVER_MEAN = 1.27
_PEAK_WITHOUT_MEANS_M = 1_500.0
_CROWDED_PER_KM2, _EMPTY_PER_KM2 = 600.0, 25.0


def terrain_from_means(
    means: CoarseMeans, grid: Grid, areas: npt.NDArray[np.object_], *, seed: int
) -> tuple[Field, dict[str, float]]:
    """Relief whose mean over each coarse cell is the known one.

    Parameters
    ----------
    means : CoarseMeans
    grid : Grid
        The terrain grid.
    areas : ndarray of polygons
        Communes in the CRS of the grid; outside them a mean of 0 is sea.
    seed : int

    Returns
    -------
    height_m : ndarray of float32, shape grid.shape
    notes : dict
        Largest difference between a known mean and the mean of the terrain, in metres.
    """
    work = work_grid(grid)
    cells = coarse_cells(means, work)
    inside = label_cells(work, areas) >= 0

    def prior_on(level: Grid) -> Field:
        return np.maximum(resample(cells.prior_m, work, level, order=1), 0.0)

    sea = _open_sea((cells.prior_m < 4.0) & ~inside).astype(np.float32)

    def sea_on(level: Grid) -> npt.NDArray[np.bool_]:
        return resample(sea, work, level, order=1) > 0.5

    relief = _relief(prior_on, sea_on, grid, seed=seed)
    peak_m = _PEAK_OVER_MEAN * float(np.nanmax(cells.target_m))
    relief = scaled(relief, _shaped(relief, cells, peak_m, seed=seed))
    fine_m = finish(layer_generator(seed, "terrain"), relief, grid)
    fine_m *= 1.0 - np.clip(
        resample(relief.is_sea.astype(np.float32), work, grid, order=1) * 2.0 - 1.0, 0.0, 1.0
    )
    fine_cells = coarse_cells(means, grid)
    # the coast of the coarse means is not that of the communes: their land stays above the sea
    least_m = np.where(label_cells(grid, areas) >= 0, np.float32(0.3), np.float32(0.0))
    fine_m = np.round(np.maximum(honour(fine_m, fine_cells), least_m), 1).astype(np.float32)
    found = fine_cells.means_of(fine_m)
    known = np.isfinite(found) & (fine_cells.target_m > 0)
    worst_m = float(np.max(np.abs(found - fine_cells.target_m)[known])) if known.any() else 0.0
    return fine_m, {"largest_mean_difference_m": round(worst_m, 3)}


def _open_sea(low: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Keep low water that reaches the edge of the grid; the rest is low land."""
    pieces, _number = ndimage.label(low)
    at_edge = np.unique(np.concatenate([pieces[0], pieces[-1], pieces[:, 0], pieces[:, -1]]))
    return np.isin(pieces, at_edge[at_edge > 0])


def _relief(
    prior_on: Callable[[Grid], Field],
    sea_on: Callable[[Grid], npt.NDArray[np.bool_]],
    grid: Grid,
    *,
    seed: int,
) -> Relief:
    """Let streams cut ground that rises as the prior says; water leaves by the sea or the lowest edge."""
    highest_m = max(float(prior_on(work_grid(grid)).max()), 1.0)

    def shaper(level: Grid) -> tuple[Field, npt.NDArray[np.bool_]]:
        prior_m = prior_on(level)
        outlets = sea_on(level)
        edge = np.ones(level.shape, bool)
        edge[1:-1, 1:-1] = False
        low = edge & (prior_m <= np.quantile(prior_m[edge], 0.06))
        return (prior_m / highest_m).astype(np.float32), outlets | low

    return relief_of(layer_generator(seed, "relief"), grid, shaper, is_sea=sea_on)


def _shaped(relief: Relief, cells: CoarseCells, peak_m: float, *, seed: int) -> Field:
    """Heights on the work grid: relief brought to the means, its highest peaks bent to a plausible height."""
    work = relief.grid
    land = ~relief.is_sea
    factor = float(cells.prior_m[land].mean()) / max(float(relief.height_m[land].mean()), 1e-6)
    swell = fractal_noise(
        layer_generator(seed, "plain"), work, longest_m=6_000, shortest_m=4 * work.cell_size_m
    )
    base_m = 0.55 * np.minimum(cells.prior_m, 9.0) + 0.4 * swell + 1.2
    heights_m = np.where(land, relief.height_m * factor + np.maximum(base_m, 0.5), 0.0).astype(np.float32)
    for _ in range(3):
        heights_m = _bent(honour(heights_m, cells), peak_m)
    return heights_m


def _bent(heights_m: Field, peak_m: float) -> Field:
    """Bend heights near the peak so that none is above it."""
    bend_m = 0.85 * peak_m
    over = np.maximum(heights_m - bend_m, 0.0)
    return (np.minimum(heights_m, bend_m) + (peak_m - bend_m) * np.tanh(over / (peak_m - bend_m))).astype(
        np.float32
    )


def terrain_from_people(
    grid: Grid, areas: npt.NDArray[np.object_], people: npt.NDArray[np.floating], *, seed: int
) -> Field:
    """Relief from nothing but where people live: empty country is high, crowded country low.

    Parameters
    ----------
    grid : Grid
    areas : ndarray of polygons
        Communes in the CRS of the grid.
    people : ndarray, shape (communes,)
    seed : int

    Returns
    -------
    ndarray of float32, shape grid.shape
        Metres above sea level to a decimetre.
    """
    work = work_grid(grid)
    form = coarser(grid, cell_m=max(1_000.0, work.cell_size_m))
    per_km2 = people / np.maximum(shapely.area(areas) / 1e6, 1e-6)
    owner = label_cells(form, areas)
    outside = owner < 0
    nearest = ndimage.distance_transform_edt(outside, return_distances=False, return_indices=True)
    density = np.where(outside, per_km2[owner[nearest[0], nearest[1]]], per_km2[owner])
    crowding = np.log(_CROWDED_PER_KM2 / np.maximum(density, 1.0)) / np.log(_CROWDED_PER_KM2 / _EMPTY_PER_KM2)
    height = ndimage.gaussian_filter(np.clip(crowding, 0.0, 1.1), 4_000.0 / form.cell_size_m) ** 1.6

    def prior_on(level: Grid) -> Field:
        return np.maximum(resample(height.astype(np.float32), form, level, order=1), 0.0)

    def sea_on(level: Grid) -> npt.NDArray[np.bool_]:
        return np.zeros(level.shape, bool)

    relief = _relief(prior_on, sea_on, grid, seed=seed)
    top_m = _PEAK_WITHOUT_MEANS_M * min(1.0, float(height.max()))
    raised = relief.height_m * (top_m / max(float(np.quantile(relief.height_m, 0.9999)), 1e-6))
    relief = scaled(relief, _bent(raised + 3.0, max(top_m, 50.0)))
    return np.round(finish(layer_generator(seed, "terrain"), relief, grid), 1)
