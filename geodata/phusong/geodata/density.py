"""People counted by one raster, spread onto another without losing any.

A source coarser than the grid is read as a density, constant in each of its cells; a finer one is summed
into the grid, each of its cells cut into equal parts small against a grid cell.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pyproj
import rasterio
from rasterio.windows import Window

from phusong.coverage.grids import FloatArray, Grid
from phusong.geodata.rasterfiles import RasterFile, read_values, row_blocks, source_window
from phusong.geodata.warping import bounds_from_grid

PARTS = 4
"""A cell is cut into this many parts a side when both rasters have cells of the same size."""
NODE_STEP_M = 2_000.0
"""Positions are transformed this often and interpolated in between: UTM to degrees is off by 3 cm at most."""

Transform = Callable[[FloatArray, FloatArray], tuple[FloatArray, FloatArray]]


def spread_people(file: RasterFile, grid: Grid, window: Window) -> FloatArray:
    """Return people per grid cell, shape (grid.height, grid.width), from people per source cell.

    Parameters
    ----------
    file : RasterFile
        People per cell; unknown cells hold nobody.
    grid : Grid
    window : Window
        Part of the file around the grid (see `people_window`).
    """
    with file.opened() as source:
        to_grid = pyproj.Transformer.from_crs(file.crs, pyproj.CRS.from_epsg(grid.epsg), always_xy=True)
        plane_m2 = _plane_areas_m2(source, window, to_grid)
        cell_m = math.sqrt(float(np.median(plane_m2)))
        if cell_m < grid.cell_size_m:
            return _summed(source, grid, window, to_grid, cell_m)
        per_m2 = np.nan_to_num(read_values(source, window), nan=0.0) / plane_m2
        parts = max(1, min(PARTS, math.ceil(PARTS * grid.cell_size_m / cell_m)))
        return _sampled(per_m2, _to_source(source, grid, window, file.crs), grid, parts)


def people_window(file: RasterFile, grid: Grid) -> Window | None:
    """Part of a file around a grid, with a margin; None when they do not meet."""
    bounds = bounds_from_grid(grid, file.crs)
    if bounds is None:
        return None
    with file.opened() as source:
        return source_window(source, bounds)


def _plane_areas_m2(
    source: rasterio.DatasetReader, window: Window, to_grid: pyproj.Transformer
) -> FloatArray:
    """Area of each source cell in the plane of the grid, shape (window.height, window.width).

    Areas in the plane differ from those on the ellipsoid by the areal scale, which is the same for a source
    cell and the grid cells in it: their ratio is the one on the ellipsoid.
    """
    rows = np.arange(window.row_off, window.row_off + window.height + 1, dtype=np.float64)
    step = max(1, window.width // 64)
    cols = np.append(np.arange(0, window.width, step), window.width).astype(np.float64) + window.col_off
    x, y = source.transform * (cols[None, :] + 0 * rows[:, None], rows[:, None] + 0 * cols[None, :])
    x_m, y_m = to_grid.transform(x, y)
    diagonal_x = (x_m[1:, 1:] - x_m[:-1, :-1], x_m[:-1, 1:] - x_m[1:, :-1])
    diagonal_y = (y_m[1:, 1:] - y_m[:-1, :-1], y_m[:-1, 1:] - y_m[1:, :-1])
    strip_m2 = 0.5 * np.abs(diagonal_x[0] * diagonal_y[1] - diagonal_y[0] * diagonal_x[1])
    each_m2 = strip_m2 / np.diff(cols)
    areas: FloatArray = np.repeat(each_m2, np.diff(cols).astype(int), axis=1)
    return areas


def _to_source(source: rasterio.DatasetReader, grid: Grid, window: Window, crs: pyproj.CRS) -> Transform:
    """Return the way from rows and columns of the grid to those of a window of the source."""
    from_grid = pyproj.Transformer.from_crs(pyproj.CRS.from_epsg(grid.epsg), crs, always_xy=True)
    inverse = ~source.transform

    def to_source(row: FloatArray, col: FloatArray) -> tuple[FloatArray, FloatArray]:
        x, y = from_grid.transform(grid.left_m + col * grid.cell_size_m, grid.top_m - row * grid.cell_size_m)
        source_col, source_row = inverse * (x, y)
        return source_row - window.row_off, source_col - window.col_off

    return to_source


def _sampled(per_m2: FloatArray, to_source: Transform, grid: Grid, parts: int) -> FloatArray:
    """Density at the parts of each grid cell times their area."""
    padded = np.pad(per_m2, 1)
    people = np.empty(grid.shape)
    step = NODE_STEP_M / grid.cell_size_m
    for block in row_blocks(Window(0, 0, grid.width, grid.height), rows=256):
        rows, cols = _centres(block, parts)
        row, col = _mapped(rows, cols, to_source, step)
        inside_row = np.clip(np.floor(row).astype(np.int64) + 1, 0, padded.shape[0] - 1)
        inside_col = np.clip(np.floor(col).astype(np.int64) + 1, 0, padded.shape[1] - 1)
        found = padded[inside_row, inside_col].reshape(block.height, parts, grid.width, parts)
        people[block.row_off : block.row_off + block.height] = found.mean(axis=(1, 3))
    people *= grid.cell_size_m**2
    return people


def _summed(
    source: rasterio.DatasetReader, grid: Grid, window: Window, to_grid: pyproj.Transformer, cell_m: float
) -> FloatArray:
    """Sum of the parts of source cells whose centres lie in each grid cell."""
    parts = max(1, math.ceil(PARTS * cell_m / grid.cell_size_m))

    def to_cells(row: FloatArray, col: FloatArray) -> tuple[FloatArray, FloatArray]:
        x_m, y_m = to_grid.transform(*(source.transform * (col, row)))
        return (grid.top_m - y_m) / grid.cell_size_m, (x_m - grid.left_m) / grid.cell_size_m

    flat = np.zeros(grid.height * grid.width)
    for block in row_blocks(window, rows=128):
        amounts = np.nan_to_num(read_values(source, block), nan=0.0) / parts**2
        rows, cols = _centres(block, parts)
        row, col = _mapped(rows, cols, to_cells, NODE_STEP_M / cell_m)
        index_row, index_col = np.floor(row).astype(np.int64), np.floor(col).astype(np.int64)
        is_in = (index_row >= 0) & (index_row < grid.height) & (index_col >= 0) & (index_col < grid.width)
        weights = np.repeat(np.repeat(amounts, parts, axis=0), parts, axis=1)[is_in]
        cells = index_row[is_in] * grid.width + index_col[is_in]
        flat += np.bincount(cells, weights=weights, minlength=flat.size)
    return flat.reshape(grid.shape)


def _centres(block: Window, parts: int) -> tuple[FloatArray, FloatArray]:
    """Rows and columns of the centres of the parts of each cell of a block."""
    rows = block.row_off + (np.arange(block.height * parts) + 0.5) / parts
    cols = block.col_off + (np.arange(block.width * parts) + 0.5) / parts
    return rows, cols


def _mapped(
    rows: FloatArray, cols: FloatArray, transform: Transform, step: float
) -> tuple[FloatArray, FloatArray]:
    """Transform a lattice of rows and columns, exactly at nodes ``step`` apart, bilinearly in between."""
    node_rows, node_cols = _nodes(rows, step), _nodes(cols, step)
    exact = transform(*np.broadcast_arrays(node_rows[:, None], node_cols[None, :]))
    row_index, row_part = _between(node_rows, rows)
    col_index, col_part = _between(node_cols, cols)
    mapped = []
    for values in exact:
        down = values[row_index] * (1 - row_part)[:, None] + values[row_index + 1] * row_part[:, None]
        mapped.append(down[:, col_index] * (1 - col_part) + down[:, col_index + 1] * col_part)
    return mapped[0], mapped[1]


def _nodes(places: FloatArray, step: float) -> FloatArray:
    count = max(2, math.ceil((places[-1] - places[0]) / step) + 1)
    nodes: FloatArray = np.linspace(places[0], max(places[-1], places[0] + 1e-6), count)
    return nodes


def _between(nodes: FloatArray, places: FloatArray) -> tuple[npt.NDArray[np.int64], FloatArray]:
    position = (places - nodes[0]) / (nodes[1] - nodes[0])
    index = np.clip(position.astype(np.int64), 0, len(nodes) - 2)
    return index, position - index
