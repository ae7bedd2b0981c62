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

from phusong.coverage.propagation.area_geometry import (
    LOWEST,
    UNKNOWN_BELOW_M,
    Float32Array,
    Site,
    Tables,
)
from phusong.coverage.propagation.area_vectors import greater, load_step, load_terrain, store_sample
from phusong.coverage.propagation.profile import Float64Array, Int64Array

Int32Array = npt.NDArray[np.int32]
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
    """Pixels of one radial: where they lie in the window and in the result, how far away and aside."""

    corner: Int64Array
    target: Int64Array
    cells: Float64Array
    aside: Float64Array


class Trace(NamedTuple):
    """What the samples 1..i of a radial tell, for every i.

    The upper hulls are persistent: the hull of samples 1..i is the chain i, before[i], before[before[i]] ...;
    ``edge`` is the slope per step of the hull's edge that ends in i, infinite where the chain ends.
    """

    heights: Float32Array
    lean: Float32Array
    total: Float64Array
    moment: Float64Array
    tx_slope: Float64Array
    tx_lean: Float32Array
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
    return Pixels(
        np.zeros(room, dtype=np.int64), np.zeros(room, dtype=np.int64), np.zeros(room), np.zeros(room)
    )


@njit(cache=True, error_model="numpy", nogil=True)
def make_trace(room: int) -> Trace:
    """Allocate room for the samples of a radial; the chains' ends are set once."""
    edge, flat_edge = np.zeros(room), np.zeros(room)
    edge[:2] = flat_edge[:2] = math.inf
    return Trace(
        np.zeros(room, dtype=np.float32),
        np.zeros(room, dtype=np.float32),
        np.zeros(room),
        np.zeros(room),
        np.full(room, -1e30),
        np.zeros(room, dtype=np.float32),
        np.zeros(room, dtype=np.int32),
        np.full(room, -1e30),
        np.zeros(room),
        np.zeros(room, dtype=np.int32),
        edge,
        np.zeros(room, dtype=np.int32),
        flat_edge,
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
    return found


@njit(cache=True, error_model="numpy", nogil=True, fastmath=_FAST)
def sample_radial(  # noqa: PLR0917 - kernels take no keyword-only options
    ground: Float32Array,
    width: int,
    site: Site,
    row_step: np.float32,
    col_step: np.float32,
    side: np.float32,
    count: int,
    step: Float32Array,
    heights: Float32Array,
    lean: Float32Array,
) -> None:
    """Interpolate the terrain at samples 1..count, and how it leans: metres a cell aside."""
    row, col = np.float32(site.row_part), np.float32(site.col_part)
    start = np.int32(site.row * width + site.col)
    across = np.int32(width)
    one = np.int32(1)
    down_side, right_side = side * col_step, -side * row_step
    for i in range(1, count + 1):
        k = load_step(step, i)
        r = row + k * row_step
        c = col + k * col_step
        r0 = np.floor(r)
        c0 = np.floor(c)
        down = r - r0
        right = c - c0
        corner = np.int32(start + np.int32(r0) * across + np.int32(c0))
        a = load_terrain(ground, corner)
        b = load_terrain(ground, np.int32(corner + one))
        below = np.int32(corner + across)
        e = load_terrain(ground, below)
        f = load_terrain(ground, np.int32(below + one))
        upper_run = b - a
        lower_run = f - e
        upper = a + right * upper_run
        fall = e + right * lower_run - upper
        store_sample(heights, i, upper + down * fall)
        store_sample(lean, i, down_side * fall + right_side * (upper_run + down * (lower_run - upper_run)))


@njit(cache=True, error_model="numpy", nogil=True, fastmath=_FAST)
def radial_margin(  # noqa: PLR0917 - kernels take no keyword-only options
    heights: Float32Array,
    lean: Float32Array,
    tables: Tables,
    count: int,
    tx_m: float,
    direct: float,
    sway: float,
    gap_km: float,
    step_km: float,
    curvature: float,
) -> np.float32:
    """Least clearance^2 / (d_i (d - d_i)) of a path in line of sight (equation 15 squared)."""
    top, slope = np.float32(tx_m), np.float32(direct * step_km)
    gap, spacing, bend = np.float32(gap_km), np.float32(step_km), np.float32(curvature)
    last, turn = np.float32(count), np.float32(sway)
    margin = LOWEST
    for i in range(1, count + 1):
        k = tables.step[i]
        rest = gap + (last - k) * spacing
        clearance = top + (slope - turn * lean[i] - bend * spacing * rest) * k - heights[i]
        margin = greater(-(clearance * clearance * tables.per_km[i] / rest), margin)
    return -margin


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
    known = _prefixes(
        trace.heights,
        trace.lean,
        tables.per_km,
        tables.bulge,
        site.tx_height_m,
        count,
        trace.total,
        trace.moment,
        trace.tx_slope,
        trace.tx_lean,
        trace.tx_index,
        trace.tx_flat,
    )
    bend = 500.0 / site.radius_km * site.step_km * site.step_km
    _hulls(
        trace.heights,
        bend,
        known,
        per_step,
        trace.curved,
        trace.before,
        trace.edge,
        trace.flat_before,
        trace.flat_edge,
    )
    return known


@njit(cache=True, error_model="numpy", nogil=True)
def _prefixes(  # noqa: PLR0917 - kernels take no keyword-only options
    heights: Float32Array,
    lean: Float32Array,
    per_km: Float32Array,
    bulge: Float32Array,
    tx_m: float,
    count: int,
    total: Float64Array,
    moment: Float64Array,
    tx_slope: Float64Array,
    tx_lean: Float32Array,
    tx_index: Int32Array,
    tx_flat: Float64Array,
) -> int:
    """Write running sums of height and index times height, and running maxima of the slopes."""
    height_sum = moment_sum = 0.0
    slope = flat = np.float32(-1e30)
    side = np.float32(0.0)
    index = np.int32(0)
    top = np.float32(tx_m)
    for i in range(1, count + 1):
        height = heights[i]
        if height < UNKNOWN_BELOW_M:
            return i - 1
        height_sum += height
        moment_sum += i * np.float64(height)
        level = (height - top) * per_km[i]
        flat = level if level > flat else flat
        level -= bulge[i]
        index = np.int32(i) if level > slope else index
        side = lean[i] if level > slope else side
        slope = level if level > slope else slope
        tx_lean[i] = side
        total[i], moment[i] = height_sum, moment_sum
        tx_slope[i], tx_index[i], tx_flat[i] = slope, index, flat
    return count


@njit(cache=True, error_model="numpy", nogil=True)
def _hulls(  # noqa: PLR0917 - kernels take no keyword-only options
    heights: Float32Array,
    bend: float,
    count: int,
    per_step: Float64Array,
    curved: Float64Array,
    before: Int32Array,
    edge: Float64Array,
    flat_before: Int32Array,
    flat_edge: Float64Array,
) -> None:
    """Build persistent upper hulls of the samples, over the curved and over the flat earth."""
    for i in range(1, count + 1):
        curved[i] = heights[i] - bend * i * i
    for i in range(2, count + 1):
        height, sunk = float(heights[i]), curved[i]
        j = i - 1
        rise, run = sunk - curved[j], 1
        while rise >= edge[j] * run:
            j = int(before[j])
            rise, run = sunk - curved[j], i - j
        before[i], edge[i] = j, rise * per_step[run]
        # samples between j and i lie under the chord of the curved earth, so of the flat earth too
        rise = height - heights[j]
        while rise >= flat_edge[j] * run:
            j = int(flat_before[j])
            rise, run = height - heights[j], i - j
        flat_before[i], flat_edge[i] = j, rise * per_step[run]


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
