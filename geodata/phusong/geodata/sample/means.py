"""Coarse elevation means that are real, and relief that honours them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import rasterio
from pyproj import CRS, Transformer
from rasterio.errors import RasterioError
from scipy import ndimage

from phusong.coverage.errors import LayerFileError
from phusong.coverage.grids import Grid
from phusong.geodata.sample.noise import Field, centres_m, coarser, resample

SEA_MEAN_M = 3.0
"""Means are rounded to 10 m: a cell of mean 0 may lie up to this high."""
_EXACT_M = 0.02


@dataclass(frozen=True, slots=True)
class CoarseMeans:
    """Mean elevations of coarse cells.

    Attributes
    ----------
    values_m : ndarray of float64, shape (rows, cols)
        NaN where unknown.
    transform : Affine
        From columns and rows to coordinates.
    crs : pyproj.CRS
    """

    values_m: npt.NDArray[np.float64]
    transform: rasterio.Affine
    crs: CRS


def read_means(path: Path) -> CoarseMeans:
    """Read mean elevations from a raster.

    Raises
    ------
    LayerFileError
        ``elevation_means_unreadable`` when the file is no raster with a CRS.
    """
    try:
        with rasterio.open(path) as source:
            band = source.read(1, masked=True).astype(np.float64).filled(np.nan)
            crs = source.crs
            transform = source.transform
    except RasterioError as error:
        raise LayerFileError("elevation_means_unreadable", file=path.name) from error
    if crs is None:
        raise LayerFileError("elevation_means_unreadable", file=path.name)
    return CoarseMeans(np.where(band < -500.0, np.nan, band), transform, CRS.from_user_input(crs.to_wkt()))


def coarse_positions(means: CoarseMeans, grid: Grid) -> tuple[Field, Field]:
    """Rows and columns (fractional, cell centres at .5) of the coarse raster under each cell of a grid.

    Exact on a lattice of 16 cells and linear between, which is good to a few metres.
    """
    lattice = coarser(grid, cell_m=16 * grid.cell_size_m, margin_m=16 * grid.cell_size_m)
    x_m, y_m = np.broadcast_arrays(*centres_m(lattice))
    to_means = Transformer.from_crs(CRS.from_epsg(grid.epsg), means.crs, always_xy=True)
    east, north = to_means.transform(x_m, y_m)
    cols, rows = ~means.transform * (np.asarray(east), np.asarray(north))
    return resample(rows, lattice, grid, order=1), resample(cols, lattice, grid, order=1)


@dataclass(frozen=True, slots=True)
class CoarseCells:
    """Coarse cells as they lie under a grid.

    Attributes
    ----------
    grid : Grid
    index : ndarray of int32, shape grid.shape
        Number of the coarse cell, -1 where no mean is known.
    target_m : ndarray of float64, shape (cells,)
        The known mean of each coarse cell (NaN for cells not under the grid).
    prior_m : ndarray of float32, shape grid.shape
        The means made smooth.
    rows, cols : ndarray of float32, shape grid.shape
        Position in the coarse raster, cell centres at .5.
    shape : tuple of int
        Rows and columns of the coarse raster.
    """

    grid: Grid
    index: npt.NDArray[np.int32]
    target_m: npt.NDArray[np.float64]
    prior_m: Field
    rows: Field
    cols: Field
    shape: tuple[int, int]

    def means_of(self, height_m: Field) -> npt.NDArray[np.float64]:
        """Mean of heights over each coarse cell; NaN where there is none."""
        known = self.index.ravel() >= 0
        index = self.index.ravel()[known]
        size = self.shape[0] * self.shape[1]
        count = np.bincount(index, minlength=size)
        total = np.bincount(index, weights=height_m.ravel()[known], minlength=size)
        return np.divide(total, count, out=np.full(size, np.nan), where=count > 0)


def coarse_cells(means: CoarseMeans, grid: Grid) -> CoarseCells:
    """Lay coarse means under a grid."""
    rows, cols = coarse_positions(means, grid)
    shape = (means.values_m.shape[0], means.values_m.shape[1])
    row, col = np.floor(rows).astype(np.int32), np.floor(cols).astype(np.int32)
    inside = (row >= 0) & (row < shape[0]) & (col >= 0) & (col < shape[1])
    index = np.where(inside, row * shape[1] + col, -1).astype(np.int32)
    flat = means.values_m.ravel()
    index[inside & ~np.isfinite(flat[np.clip(index, 0, flat.size - 1)])] = -1
    under = np.zeros(flat.size, bool)
    under[np.unique(index[index >= 0])] = True
    filled = np.where(np.isfinite(means.values_m), means.values_m, np.nanmean(means.values_m))
    prior_m = np.maximum(_smooth(filled, rows, cols, grid), 0.0)
    return CoarseCells(grid, index, np.where(under, flat, np.nan), prior_m, rows, cols, shape)


def _smooth(values: npt.NDArray[np.floating], rows: Field, cols: Field, grid: Grid) -> Field:
    """Cubic interpolation between the centres of coarse cells, evaluated on a lattice of 8 cells."""
    lattice = coarser(grid, cell_m=8 * grid.cell_size_m)
    row = resample(rows, grid, lattice, order=1)
    col = resample(cols, grid, lattice, order=1)
    found = ndimage.map_coordinates(
        values.astype(np.float64), [row - 0.5, col - 0.5], order=3, mode="nearest"
    )
    return resample(found, lattice, grid, order=1)


def honour(height_m: Field, cells: CoarseCells, *, rounds: int = 30) -> Field:
    """Scale heights by a smooth factor until the mean over each coarse cell is the known one.

    The factor varies without seams across the cells' borders, and heights at 0 (the sea) stay. Cells whose
    mean is 0 are only lowered, to at most `SEA_MEAN_M`.

    Parameters
    ----------
    height_m : ndarray, shape cells.grid.shape
        At least 0.
    cells : CoarseCells
    rounds : int
        Most corrections tried; ends when all means are within 2 cm or 0.1 per cent.

    Returns
    -------
    ndarray of float32, shape cells.grid.shape
    """
    log_factor = np.zeros(cells.shape[0] * cells.shape[1])
    current = height_m
    for _ in range(rounds):
        found = cells.means_of(current)
        wanted = np.where(cells.target_m > 0, cells.target_m, np.minimum(found, SEA_MEAN_M))
        known = np.isfinite(found) & np.isfinite(wanted) & (found > 0.0) & (wanted > 0.0)
        off = np.abs(found - wanted)[known]
        if off.size == 0 or bool(np.all(off < np.maximum(_EXACT_M, 1e-3 * wanted[known]))):
            break
        step = np.zeros(log_factor.size)
        step[known] = np.clip(np.log(wanted[known] / found[known]), -1.2, 1.2)
        log_factor += 1.25 * step
        current = height_m * np.exp(
            _smooth(log_factor.reshape(cells.shape), cells.rows, cells.cols, cells.grid)
        )
    return current.astype(np.float32)
