"""Pixels of an area in squares of four by four, whose paths are sampled together.

Neighbours' paths lie side by side: what one of them brings into the processor's cache serves all.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from phusong.coverage.propagation.area_finish import Land
from phusong.coverage.propagation.area_full import Scratch
from phusong.coverage.propagation.area_geometry import (
    UNKNOWN_BELOW_M,
    Float32Array,
    Site,
    Tables,
    add_clutter,
    inner_samples,
)
from phusong.coverage.propagation.area_patch_block import (
    FEW,
    MANY,
    PIXELS,
    has_lookup,
    sample_tall,
    sample_wide,
)
from phusong.coverage.propagation.area_sampling import SAMPLES, sample_block, sum_samples
from phusong.coverage.propagation.area_vectors import load_terrain as load
from phusong.coverage.propagation.area_vectors import store_sample as store
from phusong.coverage.propagation.profile import Float64Array, Int64Array

Int32Array = npt.NDArray[np.int32]
SIDE = 4
_FAST = {"nnan", "nsz", "reassoc", "contract", "arcp"}
_WIDEST, _NARROWEST = MANY - 2.01, FEW - 2.01
"""Rows and columns that the samples of one number may lie apart to be looked up together."""
_SLACK = np.float32(1e-3)
"""Over the rounding of places, so that the first of the cells looked up is never beyond a pixel's own."""
_APART = 80
"""Numbers over a multiple of 1024 from pixel to pixel: lines of the cache with like addresses push each
other out."""


class Patch(NamedTuple):
    """Pixels of a square that are to be worked out, one array a quantity; those that lack repeat the first.

    Attributes
    ----------
    target, corner : ndarray of int64
        Place in the result and in the padded window.
    cells : ndarray of float64
        Distance in cells.
    inner : ndarray of int32
        Samples between the terminals.
    down, right : ndarray of float32
        Cells a step.
    heights : ndarray of float32, shape (16 * stride,)
        Samples of the terrain, pixel after pixel.
    first, top, left : ndarray
        By number of the sample: the first of the cells that the samples of all pixels lie in, its place in
        the padded window, and its row and column from the site's cell.
    """

    target: Int64Array
    corner: Int64Array
    cells: Float64Array
    inner: Int32Array
    down: Float32Array
    right: Float32Array
    heights: Float32Array
    first: Int32Array
    top: Float32Array
    left: Float32Array


@njit(cache=True, error_model="numpy", nogil=True)
def make_patch(samples: int) -> Patch:
    """Allocate a square of pixels with up to so many samples each."""
    stride = _stride(samples)
    places, steps = np.zeros((2, PIXELS), dtype=np.int64), np.zeros((2, PIXELS), dtype=np.float32)
    whole = np.zeros((2, samples + SAMPLES), dtype=np.float32)
    return Patch(
        places[0],
        places[1],
        np.zeros(PIXELS),
        np.zeros(PIXELS, dtype=np.int32),
        steps[0],
        steps[1],
        np.zeros(PIXELS * stride, dtype=np.float32),
        np.zeros(samples + SAMPLES, dtype=np.int32),
        whole[0],
        whole[1],
    )


@njit(cache=True, error_model="numpy", nogil=True)
def _stride(samples: int) -> int:
    """Numbers from pixel to pixel."""
    return (samples + SAMPLES - _APART + 1023) // 1024 * 1024 + _APART


@njit(cache=True, error_model="numpy", nogil=True)
def patch_count(rows: int, cols: int) -> int:
    """Squares that rows and columns of pixels fall into."""
    return -(-rows // SIDE) * -(-cols // SIDE)


@njit(cache=True, error_model="numpy", nogil=True)
def aim(  # noqa: PLR0917 - kernels take no keyword-only options
    patch: Patch, land: Land, row_begin: int, row_end: int, number: int, radius_cells: float
) -> int:
    """List the pixels of a square that are in reach on known ground; return how many there are.

    Parameters
    ----------
    patch : Patch
        ``target`` to ``right`` are written.
    land : Land
    row_begin, row_end : int
        Rows of the window, without padding, that are asked for.
    number : int
        Of the square: down these rows first.
    radius_cells : float
    """
    site, cols, high = land.site, land.cols - 2, -(-(row_end - row_begin) // SIDE)
    y0, x0, pixels = row_begin + number % high * SIDE, number // high * SIDE, 0
    for y in range(y0, min(y0 + SIDE, row_end)):
        for x in range(x0, min(x0 + SIDE, cols)):
            down, right = float(y + 1 - site.row) - site.row_part, float(x + 1 - site.col) - site.col_part
            cells = math.sqrt(down * down + right * right)
            corner = (y + 1) * land.cols + x + 1
            if cells > radius_cells or land.ground[corner] < UNKNOWN_BELOW_M:
                continue
            per_cell = 1.0 / max(cells, 1e-9)
            patch.target[pixels], patch.corner[pixels], patch.cells[pixels] = y * cols + x, corner, cells
            patch.inner[pixels] = inner_samples(cells)
            patch.down[pixels], patch.right[pixels] = down * per_cell, right * per_cell
            pixels += 1
    for i in range(pixels, PIXELS):
        patch.down[i], patch.right[i], patch.inner[i] = patch.down[0], patch.right[0], patch.inner[0]
    return pixels


@njit(cache=True, error_model="numpy", nogil=True, forceinline=True)
def sample_patch(patch: Patch, land: Land, tables: Tables, pixels: int) -> None:
    """Sample the terrain on the way to the first pixels of a square, up to `SAMPLES` beyond the last."""
    site, near = land.site, 0
    if has_lookup():
        near = _looked_up(patch, site, land.cols, tables.step)
    row, col = np.float32(site.row_part), np.float32(site.col_part)
    stride = patch.heights.size // PIXELS
    is_tall = _range(patch.down) > _range(patch.right)
    for i in range(1, near, SAMPLES):
        if is_tall:
            sample_tall(
                land.ground,
                patch.heights,
                tables.step,
                patch.first,
                patch.top,
                patch.left,
                patch.down,
                patch.right,
                i,
                stride,
                land.cols,
                row,
                col,
            )
        else:
            sample_wide(
                land.ground,
                patch.heights,
                tables.step,
                patch.first,
                patch.top,
                patch.left,
                patch.down,
                patch.right,
                i,
                stride,
                land.cols,
                row,
                col,
            )
    origin, across = np.int32(site.row * land.cols + site.col), np.int32(land.cols)
    for j in range(pixels):
        heights, count = patch.heights[j * stride : (j + 1) * stride], patch.inner[j]
        down, right = patch.down[j], patch.right[j]
        for i in range(near + 1, count + 1, SAMPLES):
            sample_block(land.ground, heights, np.int32(i), count, origin, across, row, col, down, right)


@njit(cache=True, error_model="numpy", nogil=True)
def _range(steps: Float32Array) -> float:
    """Greatest less least."""
    return float(steps.max() - steps.min())


@njit(cache=True, error_model="numpy", nogil=True, forceinline=True, fastmath=_FAST)
def _looked_up(patch: Patch, site: Site, width: int, step: Float32Array) -> int:
    """Write where cells are looked up; return how many samples are, a multiple of `SAMPLES`."""
    down, right = patch.down.min(), patch.right.min()
    tall, wide = max(_range(patch.down), 1e-6), max(_range(patch.right), 1e-6)
    most = min(_WIDEST / max(tall, wide), _NARROWEST / min(tall, wide))
    near = int(min(most, patch.inner.min())) // SAMPLES * SAMPLES
    row, col = np.float32(site.row_part) - _SLACK, np.float32(site.col_part) - _SLACK
    start, across = np.int32(site.row * width + site.col), np.int32(width)
    for i in range(1, near + 1):
        k = load(step, i)
        top, left = np.floor(row + k * down), np.floor(col + k * right)
        store(patch.top, i, top)
        store(patch.left, i, left)
        store(patch.first, i, np.int32(start + np.int32(top) * across + np.int32(left)))
    return near


@njit(cache=True, error_model="numpy", nogil=True, forceinline=True)
def path_of(
    scratch: Scratch, patch: Patch, land: Land, tables: Tables, pixel: int
) -> tuple[Scratch, float, float]:
    """Path to a pixel of a sampled square, with the sums of heights and of index times height."""
    stride, count = patch.heights.size // PIXELS, patch.inner[pixel]
    heights = patch.heights[pixel * stride : (pixel + 1) * stride]
    total, moment = sum_samples(heights, tables.step, count)
    has_clutter = land.clutter.size > 0
    if has_clutter:
        down, right = patch.down[pixel], patch.right[pixel]
        add_clutter(land.clutter, land.cols, land.site, down, right, count, tables, heights, scratch.surface)
    surface = scratch.surface if has_clutter else heights
    path = Scratch(heights, surface, scratch.distance_km, scratch.height_m, scratch.surface_m, scratch.zone)
    return path, float(total), float(moment)
