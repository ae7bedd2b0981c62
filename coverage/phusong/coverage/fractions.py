"""Which part of each cell of a grid a polygon covers."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from exactextract import exact_extract
from exactextract.feature import JSONFeatureSource
from exactextract.raster import NumPyRasterSource
from shapely.geometry.base import BaseGeometry

from phusong.coverage.grids import FloatArray, Grid

IntArray = npt.NDArray[np.signedinteger[Any]]
Window = tuple[int, int, int, int]

AGREEMENT = 1e-6
"""Relative difference of areas up to which the fast fractions (float32 at the border) are believed."""


def cell_fractions(polygon: BaseGeometry, grid: Grid) -> tuple[IntArray, FloatArray, float]:
    """Return the cells a polygon covers, wholly or in part.

    exactextract does the work. It goes astray where a ring begins with repeated points (seen on a real
    commune: 0.02 km2 too much), so repeated points are dropped, the sum is compared with the polygon's own
    area and, should the two ever disagree, the cells are cut one by one instead.

    Parameters
    ----------
    polygon : Polygon or MultiPolygon
        In the grid's CRS, valid.
    grid : Grid

    Returns
    -------
    cell : ndarray of int64, shape (n,)
        Flat indices, ascending.
    fraction : ndarray of float64, shape (n,)
        Part of the cell's square inside the polygon, above 0 and up to 1.
    outside_share : float
        Part of the polygon's area that lies outside the grid.
    """
    window = _window(polygon, grid)
    if window[2] == 0 or window[3] == 0:
        return np.empty(0, np.int64), np.empty(0), 1.0
    frame = shapely.box(*grid.bounds)
    inside_m2 = polygon.area if frame.covers(polygon) else polygon.intersection(frame).area
    row, col, fraction = _extracted(shapely.remove_repeated_points(polygon), grid, window)
    slack_m2 = AGREEMENT * max(inside_m2, grid.cell_size_m**2)
    if abs(fraction.sum() * grid.cell_size_m**2 - inside_m2) > slack_m2:
        row, col, fraction = cut_cells(polygon, grid, window)
    return row * grid.width + col, fraction, max(0.0, 1.0 - inside_m2 / polygon.area)


def _window(polygon: BaseGeometry, grid: Grid) -> Window:
    left, bottom, right, top = polygon.bounds
    row0, col0 = grid.row_col(left, top)
    row1, col1 = grid.row_col(right, bottom)
    row0, col0 = max(row0, 0), max(col0, 0)
    row1, col1 = min(row1 + 1, grid.height), min(col1 + 1, grid.width)
    return row0, col0, max(row1 - row0, 0), max(col1 - col0, 0)


def _extracted(polygon: BaseGeometry, grid: Grid, window: Window) -> tuple[IntArray, IntArray, FloatArray]:
    row0, col0, rows, cols = window
    left, bottom, right, top = grid.window(*window).bounds
    # Only the frame of the raster matters, so one byte stands for all of its cells.
    frame = NumPyRasterSource(np.broadcast_to(np.uint8(0), (rows, cols)), left, bottom, right, top)
    feature = {"type": "Feature", "properties": {}, "geometry": shapely.geometry.mapping(polygon)}
    found = exact_extract(
        frame, JSONFeatureSource(feature), ["cell_id", "coverage"], max_cells_in_memory=rows * cols
    )
    properties = found[0]["properties"]
    local = np.asarray(properties["cell_id"], dtype=np.int64)
    fraction = np.asarray(properties["coverage"], dtype=np.float64)
    kept = fraction > 0
    row, col = np.divmod(local[kept], cols)
    return row + row0, col + col0, fraction[kept]


def cut_cells(polygon: BaseGeometry, grid: Grid, window: Window) -> tuple[IntArray, IntArray, FloatArray]:
    """Return rows, columns and fractions by halving a window again and again, with shapely alone.

    Slower than exactextract and independent of it; exact to float64.

    Parameters
    ----------
    polygon : Polygon or MultiPolygon
    grid : Grid
    window : tuple of int
        Row0, col0, rows, cols of the part of the grid to look at.
    """
    parts = np.array([window], dtype=np.int64)
    pieces = shapely.intersection(np.array([polygon], dtype=object), _boxes(parts, grid))
    cells, fractions = [], []
    while len(parts):
        inside = shapely.area(pieces) / (parts[:, 2] * parts[:, 3] * grid.cell_size_m**2)
        parts, pieces, inside = parts[inside > 0], pieces[inside > 0], inside[inside > 0]
        done = (inside >= 1.0) | ((parts[:, 2] == 1) & (parts[:, 3] == 1))
        for (row0, col0, rows, cols), fraction in zip(parts[done].tolist(), inside[done], strict=True):
            row, col = np.mgrid[row0 : row0 + rows, col0 : col0 + cols]
            cells.append((row.ravel() * grid.width + col.ravel()).astype(np.int64))
            fractions.append(np.full(rows * cols, min(float(fraction), 1.0)))
        parts, pieces = _halves(parts[~done]), np.tile(pieces[~done], 2)
        pieces = shapely.intersection(pieces, _boxes(parts, grid))
    cell = np.concatenate([np.empty(0, np.int64), *cells])
    order = np.argsort(cell)
    row, col = np.divmod(cell[order], grid.width)
    return row, col, np.concatenate([np.empty(0), *fractions])[order]


def _boxes(parts: IntArray, grid: Grid) -> npt.NDArray[np.object_]:
    row0, col0, rows, cols = parts.T
    return shapely.box(
        grid.left_m + col0 * grid.cell_size_m,
        grid.top_m - (row0 + rows) * grid.cell_size_m,
        grid.left_m + (col0 + cols) * grid.cell_size_m,
        grid.top_m - row0 * grid.cell_size_m,
    )


def _halves(parts: IntArray) -> IntArray:
    first, second = parts.copy(), parts.copy()
    is_tall = parts[:, 2] >= parts[:, 3]
    for axis, chosen in ((2, is_tall), (3, ~is_tall)):
        half = parts[chosen, axis] // 2
        first[chosen, axis] = half
        second[chosen, axis] -= half
        second[chosen, axis - 2] += half
    return np.concatenate([first, second])
