"""Edge parameter of the pixels of a radial over any surface and any earth: terrain or clutter, a_e or a_b."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from phusong.coverage.propagation.area_batch import TOGETHER, Batch
from phusong.coverage.propagation.area_geometry import Float32Array, Site, Tables
from phusong.coverage.propagation.area_math import root
from phusong.coverage.propagation.area_vectors import load_terrain as load
from phusong.coverage.propagation.area_vectors import store_sample as store
from phusong.coverage.propagation.sweep_clutter import Near
from phusong.coverage.propagation.sweep_geometry import (
    Seen,
    farthest_blocked,
    fill_up,
    is_any_blocked,
    list_sighted,
    walk_to_horizon,
)
from phusong.coverage.propagation.sweep_sight import Sight, clear_lines
from phusong.coverage.propagation.sweep_trace import Int32Array, Trace, trace_hull

_FAST = {"nnan", "ninf", "nsz", "reassoc", "contract", "arcp"}
_F = np.float32
_ZERO = _F(0.0)


class Earth(NamedTuple):
    """One earth: the site with its radius, and its tables."""

    site: Site
    tables: Tables


@njit(cache=True, error_model="numpy", nogil=True, forceinline=True)
def see_edges(  # noqa: PLR0917 - kernels take no keyword-only options
    seen: Seen,
    sight: Sight,
    near: Near,
    trace: Trace,
    batch: Batch,
    earth: Earth,
    per_step: Float32Array,
    no_loss: float,
    pixels: int,
) -> None:
    """Write the edge parameter of a radial's pixels.

    Parameters
    ----------
    seen : Seen
        Pixels; ``inner`` counts the samples of the trace that are asked. Its last three are scratch.
    sight : Sight
        Scratch.
    near : Near
        What other samples tell.
    trace : Trace
        Of the surface over this earth.
    batch : Batch
        ``distance_km`` and ``rise_m`` are given, ``nu_m`` is written.
    earth : Earth
    per_step : ndarray of float32
        ``1 / i`` for every whole number of steps.
    no_loss : float
        Margin (equation 15 squared) times distance from which on no carrier loses anything.
    pixels : int
    """
    site, tables = earth.site, earth.tables
    filled = fill_up(seen, pixels)
    _rises(seen, near, trace, batch, site, filled)
    trace_hull(trace, site, per_step, farthest_blocked(seen, filled))
    for begin in range(0, filled, TOGETHER):
        if is_any_blocked(seen, begin):
            walk_to_horizon(seen, trace, site, begin)
            _cross(seen, near, trace, batch, site, begin)
    sighted = list_sighted(sight, seen, batch, site.step_km, no_loss, pixels)
    margin, row, nearest = sight.margin, sight.row, near.margin
    for j in range(sighted):
        least = load(nearest, load(row, j))
        margin[j] = least if least < margin[j] else margin[j]
    clear_lines(sight, trace, batch, tables.per_km, tables.step, site, sighted)


@njit(cache=True, error_model="numpy", nogil=True, forceinline=True, fastmath=_FAST)
def _rises(  # noqa: PLR0917 - kernels take no keyword-only options
    seen: Seen, near: Near, trace: Trace, batch: Batch, site: Site, pixels: int
) -> None:
    """Slope of the transmitter's horizon over the direct line."""
    count, sway, rise, slopes, lean = seen.inner, seen.sway, seen.rise, trace.tx_slope, trace.tx_lean
    per_step, curve = _F(1.0 / site.step_km), _F(500.0 / site.radius_km)
    for i in range(pixels):
        n, d = load(count, i), load(batch.distance_km, i)
        slope = load(slopes, n) + load(lean, n) * load(sway, i) * per_step
        other = load(near.tx_slope, i)
        slope = other if other > slope else slope
        store(rise, i, slope + curve * d - load(batch.rise_m, i) / d)


@njit(cache=True, error_model="numpy", nogil=True, forceinline=True, fastmath=_FAST)
def _cross(  # noqa: PLR0917 - kernels take no keyword-only options
    seen: Seen, near: Near, trace: Trace, batch: Batch, site: Site, begin: int
) -> None:
    """Cross the rays over both horizons (equations 17 to 20)."""
    heights, lean, before, tx_index = trace.heights, trace.lean, trace.before, trace.tx_index
    spacing, curve = _F(site.step_km), _F(500.0 / site.radius_km)
    tx, over = _F(site.tx_height_m), _F(site.rx_height_m)
    for i in range(begin, begin + TOGETHER):
        turn, d, up = load(seen.sway, i), load(batch.distance_km, i), load(batch.rise_m, i)
        rx, direct, bend, first = (
            load(seen.end_m, i) + over,
            up / d,
            curve * d,
            load(tx_index, load(seen.inner, i)),
        )
        # beside the radial another sample may stand higher than its horizon: an earlier vertex of the
        # hull, or the other end's horizon
        k0 = load(seen.horizon, i)
        k1 = load(before, k0)
        k2 = load(before, k1)
        h0 = load(heights, k0) + load(lean, k0) * turn * _F(k0)
        h1 = load(heights, k1) + load(lean, k1) * turn * _F(k1)
        h2 = load(heights, k2) + load(lean, k2) * turn * _F(k2)
        h3 = load(heights, first) + load(lean, first) * turn * _F(first)
        x0, x1 = d - _F(k0) * spacing, d - _F(k1) * spacing
        x2, x3 = d - _F(k2) * spacing, d - _F(first) * spacing
        s0, s1 = (h0 - rx) / x0 - curve * x0, (h1 - rx) / x1 - curve * x1
        s2, s3 = (h2 - rx) / x2 - curve * x2, (h3 - rx) / x3 - curve * x3
        rx_slope = load(near.rx_slope, i)
        rx_slope = s0 if (s0 > rx_slope) & (k0 > 0) else rx_slope
        rx_slope = s1 if (s1 > rx_slope) & (k1 > 0) else rx_slope
        rx_slope = s2 if (s2 > rx_slope) & (k2 > 0) else rx_slope
        rx_slope = s3 if (s3 > rx_slope) & (first > 0) else rx_slope
        far = _F(k0 if k0 > 0 else np.int32(1)) * spacing
        back = (h0 - tx) / far - curve * far + bend - direct
        rise = load(seen.rise, i)
        tx_rise = back if (back > rise) & (k0 > 0) else rise
        product = _F(0.002) * d * tx_rise * (rx_slope + bend + direct)
        store(batch.nu_m, i, root(product if product > _ZERO else _ZERO))


@njit(cache=True, error_model="numpy", nogil=True)
def share_pixels(seen: Seen, inner: Int32Array, scratch: Seen) -> Seen:
    """Pixels of another `Seen` with scratch of their own, looking into other samples."""
    return Seen(seen.cells, seen.sway, seen.end_m, inner, scratch.horizon, scratch.highest, scratch.rise)


@njit(cache=True, error_model="numpy", nogil=True)
def with_edges(batch: Batch, nu_m: Float32Array) -> Batch:
    """Batch with other edge parameters; it shares the rest of the memory."""
    return Batch(
        batch.target,
        batch.corner,
        batch.cells,
        batch.distance_km,
        batch.rise_m,
        nu_m,
        batch.tx_m,
        batch.rx_m,
        batch.tx_slope,
        batch.rx_slope,
        batch.tx_km,
        batch.rx_km,
        batch.smooth_nu_m,
    )
