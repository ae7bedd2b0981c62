"""Geometry of the paths of an area: what one pixel's path decides for every carrier, in a few fused passes.

Samples lie every step from the transmitter (index i at i steps), heights are float32 relative to the ground
below the transmitter, and unknown terrain is a hugely negative number that survives every sum.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from phusong.coverage.propagation.area_vectors import greater, load_step, load_terrain, store_sample

Float32Array = npt.NDArray[np.float32]

UNKNOWN_M = np.float32(-1e30)
"""Stands for unknown terrain; a sum under ``UNKNOWN_BELOW_M`` has met it."""
UNKNOWN_BELOW_M = -1e15
LOWEST = np.float32(-1e30)
SLACK_MRAD = 2e-5
"""A slope this far under the greatest may be it, within the rounding of float32."""
_FAST = {"nnan", "nsz", "reassoc", "contract", "arcp"}
"""Reordering that vector loops need. What is compiled with it, and all that calls it but the entry point, is
``forceinline``: a function left standing exists twice, optimised alone and with its caller, the two round
differently, and a process takes one or the other as its cache is cold or warm."""


class Tables(NamedTuple):
    """Per-sample numbers shared by all paths of an area, shape (samples,)."""

    step: Float32Array
    per_km: Float32Array
    bulge: Float32Array


class Site(NamedTuple):
    """What all paths of an area share.

    The cell of the padded window whose centre lies north-west of the transmitter, and the rest of the way in
    parts of a cell: positions relative to that cell make a result independent of the window's extent.
    """

    row: int
    col: int
    row_part: float
    col_part: float
    tx_height_m: float
    rx_height_m: float
    radius_km: float
    step_km: float


@njit(cache=True, error_model="numpy", nogil=True)
def inner_samples(cells: float) -> int:
    """Count samples between the terminals, one a step, none closer than half a step to the receiver.

    The tiny excess keeps a sample at exactly half a step, whatever the rounding of the distance.
    """
    return max(math.floor(cells - 0.5 + 1e-6), 0)


@njit(cache=True, error_model="numpy", nogil=True, forceinline=True, fastmath=_FAST)
def add_clutter(  # noqa: PLR0917 - kernels take no keyword-only options
    clutter: Float32Array,
    width: int,
    site: Site,
    row_step: np.float32,
    col_step: np.float32,
    count: int,
    tables: Tables,
    heights: Float32Array,
    surface: Float32Array,
) -> None:
    """Set samples 1..count of the surface to terrain plus the clutter of the cell they lie in."""
    across = np.int32(width)
    start = np.int32(site.row * width + site.col)
    row, col = np.float32(site.row_part + 0.5), np.float32(site.col_part + 0.5)
    for i in range(1, count + 1):
        k = load_step(tables.step, i)
        r0 = np.int32(np.floor(row + k * row_step))
        c0 = np.int32(np.floor(col + k * col_step))
        cover = load_terrain(clutter, np.int32(start + r0 * across + c0))
        store_sample(surface, i, load_step(heights, i) + cover)


@njit(cache=True, error_model="numpy", nogil=True, forceinline=True, fastmath=_FAST)
def highest_slope(
    surface: Float32Array, tables: Tables, count: int, tx_m: float, bulge_share: float
) -> np.float32:
    """Greatest slope from the transmitter over the curved earth, less its part at the receiver (13).

    ``bulge_share`` is the curvature as a share of that of the tables.
    """
    top, share = np.float32(tx_m), np.float32(bulge_share)
    slope = LOWEST
    for i in range(1, count + 1):
        slope = greater((surface[i] - top) * tables.per_km[i] - share * tables.bulge[i], slope)
    return slope


@njit(cache=True, error_model="numpy", nogil=True, forceinline=True, fastmath=_FAST)
def sight_margin(  # noqa: PLR0917 - kernels take no keyword-only options
    surface: Float32Array,
    tables: Tables,
    count: int,
    tx_m: float,
    direct: float,
    gap_km: float,
    step_km: float,
    curvature: float,
) -> np.float32:
    """Least clearance^2 / (d_i (d - d_i)) of a path in line of sight (equation 15 squared)."""
    top, slope = np.float32(tx_m), np.float32(direct * step_km)
    gap, spacing, bend = np.float32(gap_km), np.float32(step_km), np.float32(curvature)
    last = np.float32(count)
    margin = LOWEST
    for i in range(1, count + 1):
        k = tables.step[i]
        rest = gap + (last - k) * spacing
        clearance = top + slope * k - surface[i] - bend * spacing * k * rest
        margin = greater(-(clearance * clearance * tables.per_km[i] / rest), margin)
    return -margin


@njit(cache=True, error_model="numpy", nogil=True, forceinline=True, fastmath=_FAST)
def blocked_slopes(  # noqa: PLR0917 - kernels take no keyword-only options
    heights: Float32Array,
    surface: Float32Array,
    tables: Tables,
    count: int,
    tx_m: float,
    rx_m: float,
    direct: float,
    gap_km: float,
    step_km: float,
    curvature: float,
) -> tuple[np.float32, np.float32, np.float32, np.float32]:
    """Greatest slope from the receiver, and obstruction over the flat earth, of a blocked path (17, 88)."""
    top, end, slope = np.float32(tx_m), np.float32(rx_m), np.float32(direct * step_km)
    gap, spacing, bend = np.float32(gap_km), np.float32(step_km), np.float32(curvature)
    last = np.float32(count)
    rx_slope = obstruction = tx_flat = rx_flat = LOWEST
    for i in range(1, count + 1):
        k = tables.step[i]
        height = heights[i]
        rest = gap + (last - k) * spacing
        per_rest = np.float32(1.0) / rest
        rx_slope = greater((surface[i] - end) * per_rest - bend * rest, rx_slope)
        above = height - top
        obstruction = greater(above - slope * k, obstruction)
        tx_flat = greater(above * tables.per_km[i], tx_flat)
        rx_flat = greater((height - end) * per_rest, rx_flat)
    return rx_slope, obstruction, tx_flat, rx_flat


@njit(cache=True, error_model="numpy", nogil=True, forceinline=True, fastmath=_FAST)
def highest_slopes(
    surface: Float32Array, tables: Tables, count: int, tx_m: float, bulge_share: float
) -> tuple[np.float32, np.float32]:
    """Greatest slopes as ``highest_slope``, over the earth of the tables and over a flatter one."""
    top, share = np.float32(tx_m), np.float32(bulge_share)
    slope = flatter = LOWEST
    for i in range(1, count + 1):
        level, bulge = (surface[i] - top) * tables.per_km[i], tables.bulge[i]
        slope = greater(level - bulge, slope)
        flatter = greater(level - share * bulge, flatter)
    return slope, flatter


@njit(cache=True, error_model="numpy", nogil=True, forceinline=True, fastmath=_FAST)
def sight_margins(  # noqa: PLR0917 - kernels take no keyword-only options
    surface: Float32Array,
    tables: Tables,
    count: int,
    tx_m: float,
    direct: float,
    gap_km: float,
    step_km: float,
    curvature: float,
    flatter: float,
) -> tuple[np.float32, np.float32]:
    """Least clearances as ``sight_margin``, over two earths."""
    top, slope = np.float32(tx_m), np.float32(direct * step_km)
    gap, spacing = np.float32(gap_km), np.float32(step_km)
    bend, less = np.float32(curvature * step_km), np.float32(flatter * step_km)
    last = np.float32(count)
    margin = beta = LOWEST
    for i in range(1, count + 1):
        k = tables.step[i]
        rest = gap + (last - k) * spacing
        per, level, bulge = tables.per_km[i] / rest, top + slope * k - surface[i], k * rest
        clearance, other = level - bend * bulge, level - less * bulge
        margin = greater(-(clearance * clearance * per), margin)
        beta = greater(-(other * other * per), beta)
    return -margin, -beta


@njit(cache=True, error_model="numpy", nogil=True, forceinline=True, fastmath=_FAST)
def both_blocked_slopes(  # noqa: PLR0917 - kernels take no keyword-only options
    heights: Float32Array,
    surface: Float32Array,
    tables: Tables,
    count: int,
    tx_m: float,
    rx_m: float,
    direct: float,
    gap_km: float,
    step_km: float,
    curvature: float,
    flatter: float,
) -> tuple[np.float32, np.float32, np.float32, np.float32, np.float32]:
    """Slopes as ``blocked_slopes``, from the receiver over two earths."""
    top, end, slope = np.float32(tx_m), np.float32(rx_m), np.float32(direct * step_km)
    gap, spacing, bend, less = (
        np.float32(gap_km),
        np.float32(step_km),
        np.float32(curvature),
        np.float32(flatter),
    )
    last = np.float32(count)
    rx_slope = beta_slope = obstruction = tx_flat = rx_flat = LOWEST
    for i in range(1, count + 1):
        k = tables.step[i]
        height = heights[i]
        rest = gap + (last - k) * spacing
        per_rest = np.float32(1.0) / rest
        level = (surface[i] - end) * per_rest
        rx_slope = greater(level - bend * rest, rx_slope)
        beta_slope = greater(level - less * rest, beta_slope)
        above = height - top
        obstruction = greater(above - slope * k, obstruction)
        tx_flat = greater(above * tables.per_km[i], tx_flat)
        rx_flat = greater((height - end) * per_rest, rx_flat)
    return rx_slope, beta_slope, obstruction, tx_flat, rx_flat


@njit(cache=True, error_model="numpy", nogil=True, forceinline=True, fastmath=_FAST)
def _rx_slope(  # noqa: PLR0917 - kernels take no keyword-only options
    heights: Float32Array, tables: Tables, count: int, rx_m: float, gap_km: float, step_km: float, bend: float
) -> np.float32:
    """Greatest slope from the receiver over the curved earth, less its part at the transmitter (80)."""
    end, gap, spacing, curve = np.float32(rx_m), np.float32(gap_km), np.float32(step_km), np.float32(bend)
    last = np.float32(count)
    slope = LOWEST
    for i in range(1, count + 1):
        rest = gap + (last - tables.step[i]) * spacing
        slope = greater((heights[i] - end) / rest - curve * rest, slope)
    return slope


@njit(cache=True, error_model="numpy", nogil=True, forceinline=True)
def bare_slopes(  # noqa: PLR0917 - kernels take no keyword-only options
    heights: Float32Array, tables: Tables, site: Site, count: int, d: float, rise_m: float
) -> tuple[bool, float, float]:
    """Whether the bare terrain blocks, and slopes to its horizons; clutter does not count here."""
    bend = 500.0 / site.radius_km
    tx_slope = float(highest_slope(heights, tables, count, site.tx_height_m, 1.0))
    direct = rise_m / d - bend * d
    if tx_slope <= direct:
        return False, direct, -rise_m / d - bend * d
    rx, gap = site.tx_height_m + rise_m, d - count * site.step_km
    return True, tx_slope, float(_rx_slope(heights, tables, count, rx, gap, site.step_km, bend))


@njit(cache=True, error_model="numpy", nogil=True, forceinline=True, fastmath=_FAST)
def horizon_samples(  # noqa: PLR0917 - kernels take no keyword-only options
    heights: Float32Array,
    tables: Tables,
    count: int,
    tx_m: float,
    rx_m: float,
    gap_km: float,
    step_km: float,
    bend: float,
    tx_slope: float,
    rx_slope: float,
) -> tuple[int, int]:
    """First sample that may be the transmitter's horizon, last that may be the receiver's, within rounding.

    All samples are looked at: that is sooner done than stopping at the right one.
    """
    top, end, curve = np.float32(tx_m), np.float32(rx_m), np.float32(bend)
    gap, spacing, whole = np.float32(gap_km), np.float32(step_km), np.float32(count)
    tx_least = np.float32(tx_slope - SLACK_MRAD - 4e-7 * abs(tx_slope))
    rx_least = np.float32(rx_slope - SLACK_MRAD - 2e-6 * abs(rx_slope))
    first = last = LOWEST
    for i in range(1, count + 1):
        k = load_step(tables.step, i)
        height, rest = load_step(heights, i), gap + (whole - k) * spacing
        level = (height - top) * load_step(tables.per_km, i) - load_step(tables.bulge, i)
        first = greater(-k if level >= tx_least else LOWEST, first)
        back = (height - end) / rest - curve * rest
        last = greater(k if back >= rx_least else LOWEST, last)
    return int(min(-first, whole)), int(max(last, np.float32(1.0)))
