"""The profile of one radial, and what its first samples tell a pixel at any distance along it.

The terrain is sampled with its lean to the side: a pixel beside the radial sees a sample raised or sunk by
the lean times its own distance aside there, which is exact to first order. Running sums and maxima serve the
transmitter's side; a persistent upper hull over the curved earth the receiver's.
"""

from __future__ import annotations

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
from phusong.coverage.propagation.profile import Float64Array

Int32Array = npt.NDArray[np.int32]
BLOCK = 32
"""Samples whose highest point stands for them where only bounds are wanted."""
_FAST = {"nnan", "ninf", "nsz", "reassoc", "contract", "arcp"}
_F = np.float32
_STEEPEST = _F(1e33)
"""Ends a chain: steeper than any edge, even one out of unknown terrain, and finite times any distance."""


class Lookup(NamedTuple):
    """Numbers by count of steps: shared tables, and reciprocals."""

    tables: Tables
    per_step: Float32Array


class Trace(NamedTuple):
    """What the samples 1..i of a radial tell, for every i.

    The upper hull is persistent: that of samples 1..i is the chain i, before[i], before[before[i]] ...;
    ``edge`` is the slope per step of the hull's edge that ends in i, `_STEEPEST` where the chain ends. Slopes
    from the transmitter are in mrad, less their part of the earth's curvature at the receiver (``tx_flat``:
    without any); ``lean`` is in metres a cell aside, ``tx_lean`` that of the sample ``tx_index`` with the
    greatest slope. ``tops`` are the greatest heights of blocks of samples, wherever a pixel of the radial may
    see them.
    """

    heights: Float32Array
    lean: Float32Array
    total: Float64Array
    moment: Float64Array
    tx_slope: Float32Array
    tx_lean: Float32Array
    tx_index: Int32Array
    tx_flat: Float32Array
    curved: Float32Array
    before: Int32Array
    edge: Float32Array
    tops: Float32Array


@njit(cache=True, error_model="numpy", nogil=True)
def make_trace(samples: int) -> Trace:
    """Allocate room for the samples of a radial; the chain's end is set once."""
    room = (samples // BLOCK + 2) * BLOCK
    edge = np.zeros(room, dtype=np.float32)
    edge[:2] = _STEEPEST
    return Trace(
        np.zeros(room, dtype=np.float32),
        np.zeros(room, dtype=np.float32),
        np.zeros(room),
        np.zeros(room),
        np.full(room, LOWEST, dtype=np.float32),
        np.zeros(room, dtype=np.float32),
        np.zeros(room, dtype=np.int32),
        np.full(room, LOWEST, dtype=np.float32),
        np.zeros(room, dtype=np.float32),
        np.zeros(room, dtype=np.int32),
        edge,
        np.zeros(room // BLOCK, dtype=np.float32),
    )


@njit(cache=True, error_model="numpy", nogil=True, forceinline=True, fastmath=_FAST)
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
    """Interpolate the terrain at samples 1..count, and how it leans to the side.

    Parameters
    ----------
    row_step, col_step : float32
        Cells a step, along rows and columns.
    side : float32
        +1 or -1: which side counts as positive.
    heights, lean : ndarray of float32
        Written.
    """
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


@njit(cache=True, error_model="numpy", nogil=True, forceinline=True)
def trace_radial(trace: Trace, tables: Tables, site: Site, count: int, most_sway: float) -> int:
    """Fill in what samples 1..count tell, save the hull; return how many samples precede unknown terrain.

    Parameters
    ----------
    trace : Trace
        ``heights`` and ``lean`` are sampled already; the rest is written.
    tables : Tables
    site : Site
    count : int
    most_sway : float
        Tangent of the greatest angle between the radial and its pixels.
    """
    _accumulate(
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
    known = count
    if trace.total[count] < UNKNOWN_BELOW_M:
        known = 0
        while trace.heights[known + 1] >= UNKNOWN_BELOW_M:
            known += 1
    _block_tops(trace.heights, trace.lean, tables.step, known, most_sway, trace.tops)
    return known


@njit(cache=True, error_model="numpy", nogil=True)
def _accumulate(  # noqa: PLR0917 - kernels take no keyword-only options
    heights: Float32Array,
    lean: Float32Array,
    per_km: Float32Array,
    bulge: Float32Array,
    tx_m: float,
    count: int,
    total: Float64Array,
    moment: Float64Array,
    tx_slope: Float32Array,
    tx_lean: Float32Array,
    tx_index: Int32Array,
    tx_flat: Float32Array,
) -> None:
    """Write running sums of height and index times height, and running maxima of the slopes."""
    height_sum = moment_sum = 0.0
    slope = flat = np.float32(LOWEST)
    side = np.float32(0.0)
    index = np.int32(0)
    top = np.float32(tx_m)
    for i in range(1, count + 1):
        height = load_step(heights, i)
        height_sum += height
        moment_sum += i * np.float64(height)
        level = (height - top) * load_step(per_km, i)
        flat = level if level > flat else flat
        level -= load_step(bulge, i)
        is_higher = level > slope
        index = np.int32(i) if is_higher else index
        side = load_step(lean, i) if is_higher else side
        slope = level if is_higher else slope
        total[i], moment[i] = height_sum, moment_sum
        tx_slope[i], tx_lean[i], tx_index[i], tx_flat[i] = slope, side, index, flat


@njit(cache=True, error_model="numpy", nogil=True)
def trace_hull(trace: Trace, site: Site, per_step: Float32Array, count: int) -> None:
    """Write the hull of samples 1..count.

    Its vertices come in no order that the processor could foresee, which is half of what tracing takes, so
    it is left to those radials, and as far along them, where a pixel out of sight asks for it.

    Parameters
    ----------
    trace : Trace
        ``curved``, ``before`` and ``edge`` are written.
    site : Site
    per_step : ndarray of float32
        ``1 / i`` for every whole number of steps.
    count : int
    """
    bend = 500.0 / site.radius_km * site.step_km * site.step_km
    heights, curved, before, edge = trace.heights, trace.curved, trace.before, trace.edge
    slope, last, nearer = _STEEPEST, _F(0.0), 0
    for i in range(1, count + 1):
        sunk = load_step(heights, i) - np.float32(bend * i * i)
        curved[i] = sunk
        j, chord = i - 1, sunk - last
        if chord >= slope:
            j = nearer
            chord = (sunk - load_step(curved, j)) * load_step(per_step, i - j)
            while chord >= load_step(edge, j):
                j = int(load_step(before, j))
                chord = (sunk - load_step(curved, j)) * load_step(per_step, i - j)
        slope, last, nearer = chord if i > 1 else _STEEPEST, sunk, j
        before[i], edge[i] = np.int32(j), slope


@njit(cache=True, error_model="numpy", nogil=True, forceinline=True, fastmath=_FAST)
def _block_tops(  # noqa: PLR0917 - kernels take no keyword-only options
    heights: Float32Array,
    lean: Float32Array,
    step: Float32Array,
    count: int,
    sway: float,
    tops: Float32Array,
) -> None:
    """Write the greatest height of every whole block of samples, leaning as far as any pixel may see it."""
    turn = _F(sway)
    for block in range(count // BLOCK):
        first = 1 + block * BLOCK
        top = LOWEST
        for j in range(BLOCK):
            i = first + j
            top = greater(load_step(heights, i) + turn * abs(load_step(lean, i)) * load_step(step, i), top)
        tops[block] = top
