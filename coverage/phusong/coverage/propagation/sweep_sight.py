"""Least clearance of the pixels of a radial that are in line of sight.

All pixels go through each step together, so that no step waits for a branch the processor cannot foresee:
first the samples before the pixel, where most often the least lies; then, block by block towards the
transmitter, those blocks whose highest point may undercut what a pixel has found so far.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from phusong.coverage.propagation.area_batch import Batch
from phusong.coverage.propagation.area_geometry import LOWEST, Float32Array, Site
from phusong.coverage.propagation.area_math import root
from phusong.coverage.propagation.area_vectors import greater, load_step
from phusong.coverage.propagation.area_vectors import load_terrain as load
from phusong.coverage.propagation.area_vectors import store_sample as store
from phusong.coverage.propagation.sweep_trace import BLOCK, Int32Array, Trace

END = 2 * BLOCK
"""Samples before a pixel that are always looked into."""
LEAST_NU_SQUARE = 0.7801**2
"""No loss of an edge from here on (the Recommendation's J is zero for nu up to -0.78)."""
_UNSORTED = 4
"""Pixels of a radial come by column; the samples before them never fall by so many."""
_FAST = {"nnan", "ninf", "nsz", "reassoc", "contract", "arcp"}
_F = np.float32
_ZERO, _ONE = _F(0.0), _F(1.0)


class Sight(NamedTuple):
    """Pixels in line of sight.

    Attributes
    ----------
    row, inner : ndarray of int32
        Place among the radial's pixels, and samples between the terminals.
    distance_km, slope, sway : ndarray of float32
        Distance, slope of the direct line (m a step), distance aside over distance along.
    margin : ndarray of float32
        Least clearance^2 / (d_i (d - d_i)) so far (equation 15 squared).
    over : ndarray of float32
        Of one block: negative where the margin there may be less than the least so far.
    chosen : ndarray of int32
        Pixels that look into one block.
    """

    row: Int32Array
    inner: Int32Array
    distance_km: Float32Array
    slope: Float32Array
    sway: Float32Array
    margin: Float32Array
    over: Float32Array
    chosen: Int32Array


@njit(cache=True, error_model="numpy", nogil=True)
def make_sight(room: int) -> Sight:
    """Allocate room for the pixels of a radial."""
    real, whole = np.zeros((5, room), dtype=np.float32), np.zeros((3, room), dtype=np.int32)
    return Sight(whole[0], whole[1], real[0], real[1], real[2], real[3], real[4], whole[2])


@njit(cache=True, error_model="numpy", nogil=True, forceinline=True)
def clear_lines(  # noqa: PLR0917 - kernels take no keyword-only options
    sight: Sight,
    trace: Trace,
    batch: Batch,
    per_km: Float32Array,
    step: Float32Array,
    site: Site,
    sighted: int,
) -> None:
    """Write the edge parameter of the paths in line of sight.

    Parameters
    ----------
    sight : Sight
        ``margin`` and all above it are given; a margin is known only as far as it is less than that.
    trace : Trace
    batch : Batch
        ``nu_m`` is written.
    per_km, step : ndarray of float32
        Tables of samples.
    site : Site
    sighted : int
        Pixels in line of sight.
    """
    _scan_ends(sight, trace, per_km, step, site, sighted)
    _scan_blocks(sight, trace, per_km, step, site, sighted)
    for j in range(sighted):
        batch.nu_m[sight.row[j]] = -root(_F(0.002) * sight.distance_km[j] * sight.margin[j])


@njit(cache=True, error_model="numpy", nogil=True, fastmath=_FAST, inline="always")
def _margin(  # noqa: PLR0917 - kernels take no keyword-only options
    heights: Float32Array,
    lean: Float32Array,
    per_km: Float32Array,
    step: Float32Array,
    first: int,
    samples: int,
    top: np.float32,
    slope: np.float32,
    sway: np.float32,
    d: np.float32,
    spacing: np.float32,
    bend: np.float32,
) -> np.float32:
    """Least clearance^2 / (d_i (d - d_i)) of some samples."""
    margin = LOWEST
    for j in range(samples):
        i = first + j
        k = load_step(step, i)
        rest = d - k * spacing
        clearance = top + (slope - sway * load_step(lean, i) - bend * rest) * k - load_step(heights, i)
        margin = greater(-(clearance * clearance * load_step(per_km, i) / rest), margin)
    return -margin


@njit(cache=True, error_model="numpy", nogil=True, forceinline=True, fastmath=_FAST)
def _scan_ends(  # noqa: PLR0917 - kernels take no keyword-only options
    sight: Sight, trace: Trace, per_km: Float32Array, step: Float32Array, site: Site, sighted: int
) -> None:
    """Look into the samples before each pixel."""
    heights, lean, inner = trace.heights, trace.lean, sight.inner
    distance_km, slopes, sways, margins = sight.distance_km, sight.slope, sight.sway, sight.margin
    spacing, bend, top = _F(site.step_km), _F(500.0 / site.radius_km * site.step_km), _F(site.tx_height_m)
    for j in range(sighted):
        count, d, slope, sway = int(inner[j]), distance_km[j], slopes[j], sways[j]
        if count >= END:
            first = count - END + 1
            found = _margin(heights, lean, per_km, step, first, END, top, slope, sway, d, spacing, bend)
        else:
            found = _margin(heights, lean, per_km, step, 1, count, top, slope, sway, d, spacing, bend)
        margins[j] = found if found < margins[j] else margins[j]


@njit(cache=True, error_model="numpy", nogil=True, forceinline=True, fastmath=_FAST)
def _scan_blocks(  # noqa: PLR0917 - kernels take no keyword-only options
    sight: Sight, trace: Trace, per_km: Float32Array, step: Float32Array, site: Site, sighted: int
) -> None:
    """Look into blocks of samples farther from a pixel, the nearest first: there bounds are tight."""
    heights, lean, tops = trace.heights, trace.lean, trace.tops
    distance_km, slopes, sways, margins = sight.distance_km, sight.slope, sight.sway, sight.margin
    inner, chosen = sight.inner, sight.chosen
    spacing, bend, top = _F(site.step_km), _F(500.0 / site.radius_km * site.step_km), _F(site.tx_height_m)
    most = int(inner[sighted - 1]) + _UNSORTED if sighted > 0 else 0
    begin = sighted
    for back in range(max(most - END, 0) // BLOCK + 1):
        block = max(most - END, 0) // BLOCK - back
        first = 1 + block * BLOCK
        while begin > 0 and inner[begin - 1] + _UNSORTED >= first + END:
            begin -= 1
        if _bound(sight, tops[block], first, begin, sighted, site) >= _ZERO:
            continue
        needed = 0
        for j in range(begin, sighted):
            chosen[needed] = j
            needed += sight.over[j] < _ZERO
        for choice in range(needed):
            j = chosen[choice]
            d, slope, sway = distance_km[j], slopes[j], sways[j]
            found = _margin(heights, lean, per_km, step, first, BLOCK, top, slope, sway, d, spacing, bend)
            margins[j] = found if found < margins[j] else margins[j]


@njit(cache=True, error_model="numpy", nogil=True, forceinline=True, fastmath=_FAST)
def _bound(  # noqa: PLR0917 - kernels take no keyword-only options
    sight: Sight, ground: np.float32, first: int, begin: int, end: int, site: Site
) -> np.float32:
    """Write, and return the least of, what tells whether a block may undercut what a pixel has found.

    The least clearance is that of the line's lower end, sunk by the earth's bulge, over the highest point.
    """
    inner, distance_km, slopes, margins, over = (
        sight.inner,
        sight.distance_km,
        sight.slope,
        sight.margin,
        sight.over,
    )
    spacing, bend = _F(site.step_km), _F(500.0 / site.radius_km * site.step_km)
    near_k, far_k = _F(first), _F(first + BLOCK - 1)
    base = _F(site.tx_height_m) - bend * spacing * _F(0.25 * BLOCK * BLOCK) - ground
    near_km, far_km, least, most = near_k * spacing, far_k * spacing, np.int32(first + END), LOWEST
    for j in range(begin, end):
        d, slope = load(distance_km, j), load(slopes, j)
        near_rest = d - near_km
        near = base + (slope - bend * near_rest) * near_k
        far = base + (slope - bend * (d - far_km)) * far_k
        clearance = near if near < far else far
        clearance = clearance if clearance > _ZERO else _ZERO
        bound = clearance * clearance - far_km * near_rest * load(margins, j)
        bound = bound if load(inner, j) >= least else _ONE
        store(over, j, bound)
        most = greater(-bound, most)
    return -most
