"""Hilltops of a terrain: peaks by topographic prominence, found by flooding from the highest cell down."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numba import njit

from phusong.coverage.grids import Grid, Raster

FloatArray = npt.NDArray[np.float64]
Int32Array = npt.NDArray[np.int32]
Int64Array = npt.NDArray[np.int64]

SEARCH_CELL_M = 90.0
"""Peaks are told apart on cells about this wide, each standing for its highest point."""


@dataclass(frozen=True, slots=True)
class Hilltops:
    """Peaks, the most prominent first.

    Attributes
    ----------
    x_m, y_m : ndarray of float64, shape (peaks,)
        Centre of the highest cell, in the CRS of the grid.
    height_m : ndarray of float64, shape (peaks,)
        Above sea level.
    prominence_m : ndarray of float64, shape (peaks,)
        Height above the highest saddle towards anything higher; of the highest peak of a land mass, above
        its lowest point.
    """

    x_m: FloatArray
    y_m: FloatArray
    height_m: FloatArray
    prominence_m: FloatArray


def hilltops(terrain: Raster, *, prominence_m: float) -> Hilltops:
    """Find the peaks of a terrain.

    Parameters
    ----------
    terrain : Raster
        Metres above sea level; unknown cells part land masses like the sea.
    prominence_m : float
        Least prominence.

    Returns
    -------
    Hilltops
        Of a flat top one cell.

    Notes
    -----
    Cells are flooded from the highest down; where two islands meet, the lower peak has its prominence: its
    height above the meeting. Cells touch by side or corner.

    Examples
    --------
    >>> heights = np.array([[9.0, 2.0, 6.0], [1.0, 1.0, 1.0]])
    >>> grid = Grid(width=3, height=2, cell_size_m=100.0, left_m=0.0, top_m=200.0, epsg=32648)
    >>> found = hilltops(Raster(grid, heights, "m"), prominence_m=3.0)
    >>> found.height_m.tolist(), found.prominence_m.tolist(), found.x_m.tolist()
    ([9.0, 6.0], [8.0, 4.0], [50.0, 250.0])
    """
    coarse, at = _highest(terrain)
    flat = coarse.ravel()
    known = np.flatnonzero(np.isfinite(flat))
    order = known[np.argsort(-flat[known], kind="stable")]
    peak, drop_m = _flood(flat, order.astype(np.int64), coarse.shape[1])
    kept = drop_m >= prominence_m
    peak, drop_m = peak[kept], drop_m[kept]
    first = np.lexsort((peak, -drop_m))
    row, col = np.divmod(at.ravel()[peak[first]], terrain.grid.width)
    x_m, y_m = _centres(terrain.grid, row, col)
    return Hilltops(x_m, y_m, flat[peak[first]].astype(np.float64), drop_m[first])


def _centres(grid: Grid, row: Int64Array, col: Int64Array) -> tuple[FloatArray, FloatArray]:
    x_m = grid.left_m + (col + 0.5) * grid.cell_size_m
    y_m = grid.top_m - (row + 0.5) * grid.cell_size_m
    return x_m.astype(np.float64), y_m.astype(np.float64)


def _highest(terrain: Raster) -> tuple[npt.NDArray[np.float32], Int64Array]:
    """Highest point of each square of cells, NaN where nothing is known, and its flat index."""
    step = max(round(SEARCH_CELL_M / terrain.grid.cell_size_m), 1)
    height, width = terrain.grid.shape
    rows, cols = -(-height // step), -(-width // step)
    values = np.full((rows, cols), -np.inf, dtype=np.float32)
    at = np.zeros((rows, cols), dtype=np.int64)
    for down in range(step):
        for right in range(step):
            part = terrain.values[down::step, right::step].astype(np.float32)
            here = values[: part.shape[0], : part.shape[1]]
            row = np.arange(part.shape[0], dtype=np.int64)[:, None] * step + down
            col = np.arange(part.shape[1], dtype=np.int64)[None, :] * step + right
            leads = np.isfinite(part) & (part > here)
            here[leads] = part[leads]
            at[: part.shape[0], : part.shape[1]][leads] = (row * width + col)[leads]
    values[np.isneginf(values)] = np.nan
    return values, at


@njit(cache=True, nogil=True, error_model="numpy")
def _root(parent: Int32Array, i: int) -> int:
    while parent[i] != i:
        parent[i] = parent[parent[i]]
        i = parent[i]
    return i


@njit(cache=True, nogil=True, error_model="numpy")
def _neighbours(here: int, width: int, rows: int) -> Int64Array:
    row, col = here // width, here % width
    first_row, last_row = max(row - 1, 0), min(row + 2, rows)
    first_col, last_col = max(col - 1, 0), min(col + 2, width)
    near = np.empty((last_row - first_row) * (last_col - first_col) - 1, dtype=np.int64)
    count = 0
    for near_row in range(first_row, last_row):
        for near_col in range(first_col, last_col):
            if near_row != row or near_col != col:
                near[count] = near_row * width + near_col
                count += 1
    return near


@njit(cache=True, nogil=True, error_model="numpy")
def _flood(height_m: npt.NDArray[np.float32], order: Int64Array, width: int) -> tuple[Int64Array, FloatArray]:
    """Uncover cells in order; return each island's peak and its prominence, found where islands meet."""
    size = height_m.size
    rows = size // width
    parent = np.full(size, -1, dtype=np.int32)
    # An island's root is its peak: the root that was uncovered first stays root.
    rank = np.empty(size, dtype=np.int32)
    lowest = np.empty(size, dtype=np.float32)
    peaks = np.empty(order.size, dtype=np.int64)
    drops = np.empty(order.size)
    found = 0
    for place in range(order.size):
        here = order[place]
        parent[here], rank[here], lowest[here] = here, place, height_m[here]
        for near in _neighbours(here, width, rows):
            if parent[near] < 0:
                continue
            one, other = _root(parent, here), _root(parent, near)
            if one == other:
                continue
            if rank[other] < rank[one]:
                one, other = other, one
            parent[other] = one
            lowest[one] = min(lowest[one], height_m[here])
            drop = np.float64(height_m[other]) - np.float64(height_m[here])
            if drop > 0.0:
                peaks[found], drops[found] = other, drop
                found += 1
    for place in range(order.size):
        here = order[place]
        if parent[here] == here:
            peaks[found] = here
            drops[found] = np.float64(height_m[here]) - np.float64(lowest[here])
            found += 1
    return peaks[:found].copy(), drops[:found].copy()
