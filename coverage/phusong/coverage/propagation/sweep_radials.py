"""Radials of a sweep: directions, the pixels each one serves, and what its profile tells every pixel on it.

The plane around the antenna falls into four fans of 90 degrees, each turned so that its radials run along
the contiguous axis of an array: two fans lie on the terrain, two on its transposed copy. In a fan a pixel is
``a`` steps ahead and ``b`` to the side; a radial serves the pixels with ``low * a <= b < high * a``, so
every pixel belongs to exactly one radial, whatever the rounding, and threads never meet. Pixels that are not
wanted are left out, and a radial ends where nothing is wanted beyond.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from phusong.coverage.propagation.area_geometry import (
    Float32Array,
    Site,
)
from phusong.coverage.propagation.area_vectors import load_terrain as load
from phusong.coverage.propagation.area_vectors import store_sample as store
from phusong.coverage.propagation.profile import Float64Array, Int64Array

Int32Array = npt.NDArray[np.int32]
BoolArray = npt.NDArray[np.bool_]


class Fan(NamedTuple):
    """One quarter of the plane on the array it is swept on.

    Attributes
    ----------
    ground : ndarray of float32
        Padded window, flattened; heights above the ground at the site.
    rows, cols : int
        Of the padded window.
    site : Site
        In cells of this window.
    ahead, aside : float
        +1 or -1: the direction of ``a`` along columns and of ``b`` along rows.
    row_stride, col_stride : int
        Steps in the flattened result for one row and one column of this window.
    wanted : ndarray of bool
        Pixels to work out, on the padded window, flattened; empty for all.
    """

    ground: Float32Array
    rows: int
    cols: int
    site: Site
    ahead: float
    aside: float
    row_stride: int
    col_stride: int
    wanted: BoolArray


class Pixels(NamedTuple):
    """Pixels of one radial: where they lie in the fan, the window and the result, how far away and aside."""

    column: Int32Array
    row: Int32Array
    corner: Int64Array
    target: Int64Array
    cells: Float64Array
    aside: Float64Array


def fan_edges(radius_cells: float, radials_per_edge: float) -> Float64Array:
    """Tangents of the edges between the radials of a fan, evenly spaced in angle, exact at both ends."""
    count = max(math.ceil(0.5 * math.pi * radius_cells * radials_per_edge), 1)
    edges = np.tan(np.linspace(-0.25 * math.pi, 0.25 * math.pi, count + 1))
    edges[0], edges[-1] = -1.0, 1.0
    return edges


@njit(cache=True, error_model="numpy", nogil=True)
def make_pixels(room: int) -> Pixels:
    """Allocate room for the pixels of a radial."""
    cell, place, real = (
        np.zeros((2, room + 2), dtype=np.int32),
        np.zeros((2, room), dtype=np.int64),
        np.zeros((2, room)),
    )
    return Pixels(cell[0], cell[1], place[0], place[1], real[0], real[1])


@njit(cache=True, error_model="numpy", nogil=True)
def first_rows(fan: Fan, low: float, rows: Int32Array) -> None:
    """Write, for every column ahead, the first row aside that lies on or beyond a tangent."""
    a_part, b_part = fan.ahead * fan.site.col_part, fan.aside * fan.site.row_part
    start = math.floor(a_part) + 1
    for i in range(rows.size):
        rows[i] = np.int32(np.ceil(low * (start + i - a_part) + b_part))


@njit(cache=True, error_model="numpy", nogil=True)
def list_pixels(  # noqa: PLR0917 - kernels take no keyword-only options
    fan: Fan,
    begins: Int32Array,
    ends: Int32Array,
    steep: float,
    angle: float,
    radius_cells: float,
    pixels: Pixels,
) -> int:
    """Find the pixels of a radial; return how many there are.

    Parameters
    ----------
    fan : Fan
    begins, ends : ndarray of int32
        First rows of the radial's two tangents, by column ahead.
    steep : float
        Least of the tangents' sizes: it bounds the columns in reach.
    angle : float
        Of the radial.
    radius_cells : float
    pixels : Pixels
        Written.
    """
    site, ahead, aside = fan.site, int(fan.ahead), int(fan.aside)
    a_part, b_part = fan.ahead * site.col_part, fan.aside * site.row_part
    square = radius_cells * radius_cells
    # the window proper is 1 .. size - 2; here counted from the site's cell and turned into the fan
    first, last = ahead * (1 - site.col), ahead * (fan.cols - 2 - site.col)
    side_first, side_last = aside * (1 - site.row), aside * (fan.rows - 2 - site.row)
    start = math.floor(a_part) + 1
    reach = math.floor(radius_cells / math.sqrt(1.0 + steep * steep) + a_part) + 1
    nearest, farthest = max(start, min(first, last)), min(max(first, last), reach)
    least, most = min(side_first, side_last), max(side_first, side_last)
    found = _list_cells(begins, ends, nearest - start, farthest - start, start, pixels)
    column, row, kept = pixels.column, pixels.row, 0
    wanted, is_all = fan.wanted, fan.wanted.size == 0
    for i in range(found):
        p, q = load(column, i), load(row, i)
        a, b = p - a_part, q - b_part
        is_kept = (a * a + b * b <= square) & (q >= least) & (q <= most)
        corner = (site.row + aside * q) * fan.cols + site.col + ahead * p
        is_kept &= is_all or wanted[corner if is_kept else 0]
        store(column, kept, p)
        store(row, kept, q)
        kept += is_kept
    _place_pixels(fan, pixels, math.cos(angle), math.sin(angle), kept)
    return kept


@njit(cache=True, error_model="numpy", nogil=True)
def _list_cells(  # noqa: PLR0917 - kernels take no keyword-only options
    begins: Int32Array, ends: Int32Array, nearest: int, farthest: int, start: int, pixels: Pixels
) -> int:
    """Write column and row of every cell between two tangents; return how many there are.

    Most columns have none or one, a few two, and which is not foreseeable: two are written, those that are
    none are written over.
    """
    column, row, found = pixels.column, pixels.row, 0
    for place in range(nearest, farthest + 1):
        p, q = np.int32(start + place), load(begins, place)
        more = load(ends, place) - q
        store(column, found, p)
        store(row, found, q)
        found += more > 0
        store(column, found, p)
        store(row, found, np.int32(q + np.int32(1)))
        found += more > 1
        for extra in range(2, more):
            store(column, found, p)
            store(row, found, np.int32(q + extra))
            found += 1
    return found


@njit(cache=True, error_model="numpy", nogil=True)
def _place_pixels(fan: Fan, pixels: Pixels, cosine: float, sine: float, found: int) -> None:
    """Write where the pixels of a radial lie."""
    site, ahead, aside = fan.site, int(fan.ahead), int(fan.aside)
    a_part, b_part = fan.ahead * site.col_part, fan.aside * site.row_part
    width, row_stride, col_stride = fan.cols, fan.row_stride, fan.col_stride
    for i in range(found):
        p, q = load(pixels.column, i), load(pixels.row, i)
        a, b = p - a_part, q - b_part
        row, col = site.row + aside * q, site.col + ahead * p
        store(pixels.corner, i, row * width + col)
        store(pixels.target, i, (row - 1) * row_stride + (col - 1) * col_stride)
        store(pixels.cells, i, np.sqrt(a * a + b * b))
        store(pixels.aside, i, b * cosine - a * sine)
