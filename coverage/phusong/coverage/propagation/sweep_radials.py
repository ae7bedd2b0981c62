"""Radials of a sweep: directions, the pixels each one serves, and what its profile tells every pixel on it.

The plane around the antenna falls into four fans of 90 degrees, each turned so that its radials run along
the contiguous axis of an array: two fans lie on the terrain, two on its transposed copy. In a fan a pixel is
``a`` steps ahead and ``b`` to the side; a radial serves the pixels with ``low * a <= b < high * a``, so
every pixel belongs to exactly one radial, whatever the rounding, and threads never meet.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from phusong.coverage.propagation.area_geometry import UNKNOWN_BELOW_M, Float32Array, Site, Tables
from phusong.coverage.propagation.profile import Float64Array, Int64Array

Int32Array = npt.NDArray[np.int32]


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
    """

    ground: Float32Array
    rows: int
    cols: int
    site: Site
    ahead: float
    aside: float
    row_stride: int
    col_stride: int


class Pixels(NamedTuple):
    """Pixels of one radial: where they lie in the window and in the result, and how far away."""

    corner: Int64Array
    target: Int64Array
    cells: Float64Array


class Trace(NamedTuple):
    """What the samples 1..i of a radial tell, for every i.

    The upper hulls are persistent: the hull of samples 1..i is the chain i, before[i], before[before[i]] ...;
    ``edge`` is the slope per step of the hull's edge that ends in i, infinite where the chain ends.
    """

    heights: Float32Array
    total: Float64Array
    moment: Float64Array
    tx_slope: Float64Array
    tx_index: Int32Array
    tx_flat: Float64Array
    curved: Float64Array
    before: Int32Array
    edge: Float64Array
    flat_before: Int32Array
    flat_edge: Float64Array


def fan_edges(radius_cells: float, radials_per_edge: int) -> Float64Array:
    """Tangents of the edges between the radials of a fan, evenly spaced in angle, exact at both ends."""
    count = max(math.ceil(0.5 * math.pi * radius_cells * radials_per_edge), 1)
    edges = np.tan(np.linspace(-0.25 * math.pi, 0.25 * math.pi, count + 1))
    edges[0], edges[-1] = -1.0, 1.0
    return edges


@njit(cache=True, error_model="numpy", nogil=True)
def make_pixels(room: int) -> Pixels:
    """Allocate room for the pixels of a radial."""
    return Pixels(np.zeros(room, dtype=np.int64), np.zeros(room, dtype=np.int64), np.zeros(room))


@njit(cache=True, error_model="numpy", nogil=True)
def make_trace(room: int) -> Trace:
    """Allocate room for the samples of a radial; the chains' ends are set once."""
    edge, flat_edge = np.zeros(room), np.zeros(room)
    edge[:2] = flat_edge[:2] = math.inf
    return Trace(
        np.zeros(room, dtype=np.float32),
        np.zeros(room),
        np.zeros(room),
        np.full(room, -1e30),
        np.zeros(room, dtype=np.int32),
        np.full(room, -1e30),
        np.zeros(room),
        np.zeros(room, dtype=np.int32),
        edge,
        np.zeros(room, dtype=np.int32),
        flat_edge,
    )


@njit(cache=True, error_model="numpy", nogil=True)
def list_pixels(fan: Fan, low: float, high: float, radius_cells: float, pixels: Pixels) -> int:
    """Find the pixels of the radial between two tangents; return how many there are."""
    site, ahead, aside = fan.site, int(fan.ahead), int(fan.aside)
    a_part, b_part = fan.ahead * site.col_part, fan.aside * site.row_part
    square = radius_cells * radius_cells
    # the window proper is 1 .. size - 2; here counted from the site's cell and turned into the fan
    first, last = ahead * (1 - site.col), ahead * (fan.cols - 2 - site.col)
    side_first, side_last = aside * (1 - site.row), aside * (fan.rows - 2 - site.row)
    nearest = max(math.floor(a_part) + 1, min(first, last))
    steep = 0.0 if low < 0.0 < high else min(abs(low), abs(high))
    reach = math.floor(radius_cells / math.sqrt(1.0 + steep * steep) + a_part) + 1
    farthest = min(max(first, last), reach)
    least, most = min(side_first, side_last), max(side_first, side_last)
    found = 0
    for p in range(nearest, farthest + 1):
        a = p - a_part
        begin = max(math.ceil(low * a + b_part), least)
        end = min(math.ceil(high * a + b_part), most + 1)
        for q in range(begin, end):
            b = q - b_part
            distance = a * a + b * b
            if distance <= square:
                row, col = site.row + aside * q, site.col + ahead * p
                pixels.corner[found] = row * fan.cols + col
                pixels.target[found] = (row - 1) * fan.row_stride + (col - 1) * fan.col_stride
                pixels.cells[found] = math.sqrt(distance)
                found += 1
    return found


@njit(cache=True, error_model="numpy", nogil=True)
def trace_radial(trace: Trace, tables: Tables, site: Site, count: int, per_step: Float64Array) -> int:
    """Fill the prefixes and hulls of samples 1..count; return how many samples precede unknown terrain.

    Parameters
    ----------
    trace : Trace
        ``heights`` is sampled already; the rest is written.
    tables : Tables
    site : Site
    count : int
    per_step : ndarray
        ``1 / i`` for every whole number of steps.
    """
    heights, curved, before, edge = trace.heights, trace.curved, trace.before, trace.edge
    flat_before, flat_edge = trace.flat_before, trace.flat_edge
    top, bend = site.tx_height_m, 500.0 / site.radius_km * site.step_km * site.step_km
    total = moment = 0.0
    slope = flat = -1e30
    index = np.int32(0)
    for i in range(1, count + 1):
        height = float(heights[i])
        if height < UNKNOWN_BELOW_M:
            return i - 1
        total += height
        moment += i * height
        level = (height - top) * tables.per_km[i]
        flat = max(flat, level)
        level -= tables.bulge[i]
        if level > slope:
            slope, index = level, np.int32(i)
        trace.total[i], trace.moment[i] = total, moment
        trace.tx_slope[i], trace.tx_index[i], trace.tx_flat[i] = slope, index, flat
        sunk = height - bend * i * i
        curved[i] = sunk
        if i == 1:
            continue
        j = i - 1
        while sunk - curved[j] >= edge[j] * (i - j):
            j = before[j]
        before[i], edge[i] = j, (sunk - curved[j]) * per_step[i - j]
        # samples between j and i lie under the chord of the curved earth, so of the flat earth too
        while height - heights[j] >= flat_edge[j] * (i - j):
            j = flat_before[j]
        flat_before[i], flat_edge[i] = j, (height - heights[j]) * per_step[i - j]
    return count


@njit(cache=True, error_model="numpy", nogil=True)
def rx_horizon(  # noqa: PLR0917 - kernels take no keyword-only options
    curved: Float64Array, edge: Float64Array, before: Int32Array, count: int, cells: float, sunk_rx_m: float
) -> int:
    """Sample that limits the receiver's view over the curved earth: the tangent to the hull of 1..count."""
    i = count
    while curved[i] - sunk_rx_m < edge[i] * (i - cells):
        i = before[i]
    return i


@njit(cache=True, error_model="numpy", nogil=True)
def flat_obstruction(  # noqa: PLR0917 - kernels take no keyword-only options
    heights: Float32Array,
    edge: Float64Array,
    before: Int32Array,
    count: int,
    cells: float,
    rx_m: float,
    tx_m: float,
) -> tuple[float, float]:
    """Greatest height over the direct line of the flat earth, and greatest slope from the receiver per step.

    The tangent point seen from the receiver is never nearer the transmitter than the highest point.
    """
    i = count
    while heights[i] - rx_m < edge[i] * (i - cells):
        i = before[i]
    slope = (heights[i] - rx_m) / (cells - i)
    direct = (rx_m - tx_m) / cells
    while edge[i] < direct:
        i = before[i]
    return heights[i] - tx_m - direct * i, slope
