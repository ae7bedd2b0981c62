"""Geometry of the pixels of a traced radial, in loops over pixels that the processor runs many at a time.

A pixel takes the profile of the radial, leaning as it does beside it, with its own distance and height as
the receiver. Each loop is one thought: the transmitter's side; steps down the hull to the receiver's horizon;
both sides together.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from phusong.coverage.propagation.area_batch import TOGETHER, Batch
from phusong.coverage.propagation.area_geometry import LOWEST, Float32Array, Site
from phusong.coverage.propagation.area_math import root
from phusong.coverage.propagation.area_vectors import greater, load_step
from phusong.coverage.propagation.area_vectors import load_terrain as load
from phusong.coverage.propagation.area_vectors import store_sample as store
from phusong.coverage.propagation.sweep_sight import Sight, clear_lines
from phusong.coverage.propagation.sweep_trace import Int32Array, Lookup, Trace, trace_hull

_FAST = {"nnan", "ninf", "nsz", "reassoc", "contract", "arcp"}
_F = np.float32
_ZERO = _F(0.0)
_NEARLY = _F(0.999)
"""Horizon distances are held this share too short: the ducting gate must not miss for rounding."""
QUICK_STEPS = 3
"""Steps down the hull taken by all pixels together, before the few that need more walk on alone."""


class Seen(NamedTuple):
    """Pixels on their way through the geometry, one array a quantity.

    Attributes
    ----------
    cells : ndarray of float32
        Distance in cells.
    sway : ndarray of float32
        Distance aside of the radial over distance along it.
    end_m : ndarray of float32
        Height of the ground.
    inner : ndarray of int32
        Samples between the terminals.
    horizon, highest : ndarray of int32
        Sample of the receiver's horizon, and highest sample over the direct line.
    rise : ndarray of float32
        Slope of the transmitter's horizon over the direct line; negative in line of sight.
    """

    cells: Float32Array
    sway: Float32Array
    end_m: Float32Array
    inner: Int32Array
    horizon: Int32Array
    highest: Int32Array
    rise: Float32Array


@njit(cache=True, error_model="numpy", nogil=True)
def make_seen(room: int) -> Seen:
    """Allocate room for the pixels of a radial."""
    room += TOGETHER
    real, whole = np.zeros((4, room), dtype=np.float32), np.zeros((3, room), dtype=np.int32)
    return Seen(real[0], real[1], real[2], whole[0], whole[1], whole[2], real[3])


@njit(cache=True, error_model="numpy", nogil=True)
def filled_up(pixels: int) -> int:
    """Pixels of a radial with those they are filled up by, up to a whole multiple of `TOGETHER`.

    So a pixel's result does not depend on how many others there are: what vector loops leave over comes out
    of other instructions.
    """
    return (pixels + TOGETHER - 1) // TOGETHER * TOGETHER


@njit(cache=True, error_model="numpy", nogil=True)
def fill_up(seen: Seen, pixels: int) -> int:
    """Fill up the pixels of a radial with copies of the last one; return how many there are then."""
    last, filled = pixels - 1, filled_up(pixels)
    for i in range(pixels, filled):
        seen.cells[i], seen.sway[i] = seen.cells[last], seen.sway[last]
        seen.end_m[i], seen.inner[i] = seen.end_m[last], seen.inner[last]
    return filled


@njit(cache=True, error_model="numpy", nogil=True, forceinline=True)
def see_pixels(  # noqa: PLR0917 - kernels take no keyword-only options
    seen: Seen,
    sight: Sight,
    trace: Trace,
    batch: Batch,
    lookup: Lookup,
    site: Site,
    no_loss: float,
    pixels: int,
) -> None:
    """Write the geometry of a radial's pixels into the first rows of a batch.

    Parameters
    ----------
    seen : Seen
        ``cells``, ``sway``, ``end_m`` and ``inner`` are given.
    sight : Sight
        Scratch.
    trace : Trace
    batch : Batch
        Written, but for ``target``, ``corner`` and ``cells``.
    lookup : Lookup
    site : Site
    no_loss : float
        Margin (equation 15 squared) times distance from which on no carrier loses anything.
    pixels : int
    """
    filled = fill_up(seen, pixels)
    walk_from_transmitter(seen, trace, batch, site, filled)
    meet_horizons(seen, trace, batch, site, lookup.per_step, filled)
    sighted = list_sighted(sight, seen, batch, site.step_km, no_loss, pixels)
    tables = lookup.tables
    clear_lines(sight, trace, batch, tables.per_km, tables.step, site, sighted)


@njit(cache=True, error_model="numpy", nogil=True, forceinline=True, fastmath=_FAST)
def walk_from_transmitter(seen: Seen, trace: Trace, batch: Batch, site: Site, pixels: int) -> None:
    """Distance, smooth earth at both ends (equations 83 to 86), slope of the transmitter's horizon."""
    cells, sway, end_m, count, rise = seen.cells, seen.sway, seen.end_m, seen.inner, seen.rise
    heights, total, moment = trace.heights, trace.total, trace.moment
    tx_slopes, tx_lean = trace.tx_slope, trace.tx_lean
    step, per_step = site.step_km, _F(1.0 / site.step_km)
    spacing, less = _F(site.step_km), _F(site.tx_height_m - site.rx_height_m)
    curve = _F(500.0 / site.radius_km)
    for i in range(pixels):
        n, end = load(count, i), load(end_m, i)
        d = load(cells, i) * spacing
        up = end - less
        whole = np.float64(d)
        last, number = np.float64(load(heights, n)), np.float64(n)
        near = number * step
        gap = whole - near
        v1 = step * (2.0 * load(total, n) - last) + gap * (end + last)
        v2 = step * step * (6.0 * load(moment, n) - last * (3.0 * number + 1.0))
        v2 += gap * (end * (2.0 * whole + near) + last * (whole + 2.0 * near))
        square = 1.0 / (whole * whole)
        slope = load(tx_slopes, n) + load(tx_lean, n) * load(sway, i) * per_step
        store(batch.distance_km, i, d)
        store(batch.rise_m, i, up)
        store(batch.tx_slope, i, slope)
        store(batch.tx_m, i, _F((2.0 * v1 * whole - v2) * square))
        store(batch.rx_m, i, _F((v2 - v1 * whole) * square))
        store(rise, i, slope + curve * d - up / d)


@njit(cache=True, error_model="numpy", nogil=True, forceinline=True)
def meet_horizons(  # noqa: PLR0917 - kernels take no keyword-only options
    seen: Seen, trace: Trace, batch: Batch, site: Site, per_step: Float32Array, pixels: int
) -> None:
    """Write edge parameter, effective heights and horizons; many pixels in sight come together."""
    trace_hull(trace, site, per_step, farthest_blocked(seen, pixels))
    for begin in range(0, pixels, TOGETHER):
        if is_any_blocked(seen, begin):
            walk_to_horizon(seen, trace, site, begin)
            walk_to_highest(seen, trace, site, begin)
            meet_both_sides(seen, trace, batch, site, begin)
        else:
            look_straight(seen, batch, site, begin)


@njit(cache=True, error_model="numpy", nogil=True)
def farthest_blocked(seen: Seen, pixels: int) -> int:
    """Count the samples before the farthest pixel out of sight; none where all are in sight."""
    rise, inner, most = seen.rise, seen.inner, np.int32(0)
    for i in range(pixels):
        count = load(inner, i) if load(rise, i) >= _ZERO else np.int32(0)
        most = count if count > most else most
    return int(most)


@njit(cache=True, error_model="numpy", nogil=True, forceinline=True, fastmath=_FAST)
def is_any_blocked(seen: Seen, begin: int) -> bool:
    """Tell whether any of the pixels together is out of sight."""
    rise, greatest = seen.rise, LOWEST
    for i in range(begin, begin + TOGETHER):
        greatest = greater(load_step(rise, i), greatest)
    return bool(greatest >= _ZERO)


@njit(cache=True, error_model="numpy", nogil=True, forceinline=True, fastmath=_FAST)
def look_straight(seen: Seen, batch: Batch, site: Site, begin: int) -> None:
    """Effective heights and bounds of the horizons of pixels in sight."""
    spacing, curve, tx = _F(site.step_km), _F(500.0 / site.radius_km), _F(site.tx_height_m)
    distance_km, rise_m, tx_m, rx_m = batch.distance_km, batch.rise_m, batch.tx_m, batch.rx_m
    for i in range(begin, begin + TOGETHER):
        end, d = load(seen.end_m, i), load(distance_km, i)
        direct, bend = load(rise_m, i) / d, curve * d
        tx_smooth, rx_smooth = load(tx_m, i), load(rx_m, i)
        store(tx_m, i, tx - (tx_smooth if tx_smooth < _ZERO else _ZERO))
        store(rx_m, i, end + _F(site.rx_height_m) - (rx_smooth if rx_smooth < end else end))
        store(batch.tx_slope, i, direct - bend)
        store(batch.rx_slope, i, -direct - bend)
        store(batch.tx_km, i, -spacing)
        store(batch.rx_km, i, _F(0.5) * spacing)


@njit(cache=True, error_model="numpy", nogil=True, forceinline=True, fastmath=_FAST)
def walk_to_horizon(seen: Seen, trace: Trace, site: Site, begin: int) -> None:
    """Walk down the hull to the tangent from the receiver: its horizon over the curved earth."""
    cells, end_m, count, rise, horizon = seen.cells, seen.end_m, seen.inner, seen.rise, seen.horizon
    curved, edge, before = trace.curved, trace.edge, trace.before
    bend = _F(500.0 / site.radius_km * site.step_km * site.step_km)
    over = _F(site.rx_height_m)
    for i in range(begin, begin + TOGETHER):
        n, far = load(count, i), load(cells, i)
        sunk = load(end_m, i) + over - bend * far * far
        for _ in range(QUICK_STEPS):
            is_short = load(curved, n) - sunk < load(edge, n) * (_F(n) - far)
            n = load(before, n) if is_short else n
        store(horizon, i, n)
    for i in range(begin, begin + TOGETHER):
        if rise[i] < _ZERO:
            continue
        n, far = horizon[i], cells[i]
        sunk = end_m[i] + over - bend * far * far
        while curved[n] - sunk < edge[n] * (_F(n) - far):
            n = before[n]
        horizon[i] = n


@njit(cache=True, error_model="numpy", nogil=True, forceinline=True, fastmath=_FAST)
def walk_to_highest(seen: Seen, trace: Trace, site: Site, begin: int) -> None:
    """Walk on from the receiver's horizon to the sample highest over the direct line."""
    cells, end_m, rise, horizon, highest = seen.cells, seen.end_m, seen.rise, seen.horizon, seen.highest
    edge, before = trace.edge, trace.before
    bend = _F(500.0 / site.radius_km * site.step_km * site.step_km)
    less = _F(site.rx_height_m - site.tx_height_m)
    for i in range(begin, begin + TOGETHER):
        n, far = load(horizon, i), load(cells, i)
        direct = (load(end_m, i) + less) / far - bend * far
        for _ in range(QUICK_STEPS):
            n = load(before, n) if load(edge, n) < direct else n
        store(highest, i, n)
    for i in range(begin, begin + TOGETHER):
        if rise[i] < _ZERO:
            continue
        n, far = highest[i], cells[i]
        direct = (end_m[i] + less) / far - bend * far
        while edge[n] < direct:
            n = before[n]
        highest[i] = n


@njit(cache=True, error_model="numpy", nogil=True, fastmath=_FAST, inline="always")
def _obstruction(
    heights: Float32Array,
    before: Int32Array,
    top: np.int32,
    per: np.float32,
    ends: tuple[np.float32, np.float32],
) -> np.float32:
    """Greatest height of some vertices over a line from zero; of the horizons it is given already."""
    nearer = load(before, top)
    here = load(heights, top) - per * _F(top)
    other = load(heights, nearer) - per * _F(nearer)
    here = other if (other > here) & (nearer > 0) else here
    here = ends[0] if ends[0] > here else here
    return ends[1] if ends[1] > here else here


@njit(cache=True, error_model="numpy", nogil=True, forceinline=True, fastmath=_FAST)
def meet_both_sides(seen: Seen, trace: Trace, batch: Batch, site: Site, begin: int) -> None:
    """Put the two sides together: edge parameter, effective heights and horizons of blocked paths."""
    sway, end_m, count, horizon, highest = seen.sway, seen.end_m, seen.inner, seen.horizon, seen.highest
    heights, lean, before, tx_index, tx_flat = (
        trace.heights,
        trace.lean,
        trace.before,
        trace.tx_index,
        trace.tx_flat,
    )
    spacing, curve = _F(site.step_km), _F(500.0 / site.radius_km)
    tx, over, rise = _F(site.tx_height_m), _F(site.rx_height_m), seen.rise
    distance_km, rise_m, tx_slopes = batch.distance_km, batch.rise_m, batch.tx_slope
    for i in range(begin, begin + TOGETHER):
        end, n, turn = load(end_m, i), load(count, i), load(sway, i)
        d, up, tx_slope = load(distance_km, i), load(rise_m, i), load(tx_slopes, i)
        rx, direct, bend = end + over, up / d, curve * d
        # beside the radial another sample may stand higher than its horizon: an earlier vertex of the
        # hull, or the other end's horizon
        first = load(tx_index, n)
        k0 = load(horizon, i)
        k1 = load(before, k0)
        k2 = load(before, k1)
        h0 = load(heights, k0) + load(lean, k0) * turn * _F(k0)
        h1 = load(heights, k1) + load(lean, k1) * turn * _F(k1)
        h2 = load(heights, k2) + load(lean, k2) * turn * _F(k2)
        h3 = load(heights, first) + load(lean, first) * turn * _F(first)
        x0, x1 = d - _F(k0) * spacing, d - _F(k1) * spacing
        x2, x3 = d - _F(k2) * spacing, d - _F(first) * spacing
        f0, f1, f2, f3 = (h0 - rx) / x0, (h1 - rx) / x1, (h2 - rx) / x2, (h3 - rx) / x3
        s0, s1, s2, s3 = f0 - curve * x0, f1 - curve * x1, f2 - curve * x2, f3 - curve * x3
        is_better = (s1 > s0) & (k1 > 0)
        rx_slope, rx_km = s1 if is_better else s0, x1 if is_better else x0
        is_better = (s2 > rx_slope) & (k2 > 0)
        rx_slope, rx_km = s2 if is_better else rx_slope, x2 if is_better else rx_km
        is_better = (s3 > rx_slope) & (first > 0)
        rx_slope, rx_km = s3 if is_better else rx_slope, x3 if is_better else rx_km
        # over the flat earth the greatest lie on the same hull, most often on one of these vertices
        rx_flat = f0 if f0 > f3 else f3
        rx_flat = f1 if (f1 > rx_flat) & (k1 > 0) else rx_flat
        per = direct * spacing
        ends = h0 - per * _F(k0), h3 - per * _F(first)
        obstruction = _obstruction(heights, before, load(highest, i), per, ends) - tx
        near = _F(k0) * spacing
        back = (h0 - tx) / near - curve * near
        tx_slope = back if (back > tx_slope) & (k0 > 0) else tx_slope
        tx_rise, rx_rise = tx_slope + bend - direct, rx_slope + bend + direct
        product = _F(0.002) * d * tx_rise * rx_rise
        tx_over, rx_over = load(tx_flat, n) - direct, rx_flat + direct
        is_blocked = load(rise, i) >= _ZERO
        is_raised = is_blocked & (obstruction > _ZERO)
        share = obstruction / (tx_over + rx_over) if is_raised else _ZERO
        tx_smooth = load(batch.tx_m, i) - share * tx_over
        rx_smooth = load(batch.rx_m, i) - share * rx_over
        store(batch.nu_m, i, root(product if product > _ZERO else _ZERO))
        store(batch.tx_m, i, tx - (tx_smooth if tx_smooth < _ZERO else _ZERO))
        store(batch.rx_m, i, rx - (rx_smooth if rx_smooth < end else end))
        store(batch.tx_slope, i, tx_slope if is_blocked else direct - bend)
        store(batch.rx_slope, i, rx_slope if is_blocked else -direct - bend)
        store(batch.tx_km, i, _NEARLY * _F(first) * spacing if is_blocked else -spacing)
        store(batch.rx_km, i, _NEARLY * rx_km if is_blocked else _F(0.5) * spacing)


@njit(cache=True, error_model="numpy", nogil=True)
def list_sighted(  # noqa: PLR0917 - kernels take no keyword-only options
    sight: Sight, seen: Seen, batch: Batch, step_km: float, no_loss: float, pixels: int
) -> int:
    """List the pixels in line of sight; return how many there are."""
    spacing, least, sighted = _F(step_km), _F(no_loss), 0
    rows, rise, inner, sway = sight.row, seen.rise, seen.inner, seen.sway
    distance_km, rise_m, slope, margin = batch.distance_km, batch.rise_m, sight.slope, sight.margin
    for i in range(pixels):
        rows[sighted] = i
        sighted += rise[i] < _ZERO
    for j in range(sighted):
        i = load(rows, j)
        d = load(distance_km, i)
        store(sight.inner, j, load(inner, i))
        store(sight.sway, j, load(sway, i))
        store(sight.distance_km, j, d)
        store(slope, j, load(rise_m, i) / d * spacing)
        store(margin, j, least / d)
    return sighted
