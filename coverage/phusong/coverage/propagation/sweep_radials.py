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
from phusong.coverage.propagation.profile import Float64Array, Int64Array

Int32Array = npt.NDArray[np.int32]
BoolArray = npt.NDArray[np.bool_]
_FAST = {"nnan", "nsz", "reassoc", "contract", "arcp"}


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
    """Pixels of one radial: where they lie in the window and in the result, how far away and aside."""

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
    return Pixels(
        np.zeros(room, dtype=np.int64), np.zeros(room, dtype=np.int64), np.zeros(room), np.zeros(room)
    )


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
    cosine, sine = math.cos(angle), math.sin(angle)
    found = 0
    for p in range(nearest, farthest + 1):
        if begins[p - start] == ends[p - start]:
            continue
        a = p - a_part
        for q in range(max(begins[p - start], least), min(ends[p - start], most + 1)):
            b = q - b_part
            distance = a * a + b * b
            if distance <= square:
                row, col = site.row + aside * q, site.col + ahead * p
                pixels.corner[found] = row * fan.cols + col
                pixels.target[found] = (row - 1) * fan.row_stride + (col - 1) * fan.col_stride
                pixels.cells[found] = math.sqrt(distance)
                pixels.aside[found] = b * cosine - a * sine
                found += 1
    return found if fan.wanted.size == 0 else _keep_wanted(fan.wanted, pixels, found)


@njit(cache=True, error_model="numpy", nogil=True)
def _keep_wanted(wanted: BoolArray, pixels: Pixels, found: int) -> int:
    """Drop pixels that are not wanted; return how many remain."""
    kept = 0
    for i in range(found):
        corner = pixels.corner[i]
        pixels.corner[kept], pixels.target[kept] = corner, pixels.target[i]
        pixels.cells[kept], pixels.aside[kept] = pixels.cells[i], pixels.aside[i]
        kept += wanted[corner]
    return kept
