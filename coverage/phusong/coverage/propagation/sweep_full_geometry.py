"""What percentages of time other than 50 need of the pixels of a radial: ducting's heights and horizons."""

from __future__ import annotations

import numpy as np
from numba import njit

from phusong.coverage.propagation.area_batch import Batch
from phusong.coverage.propagation.area_full_tail import More
from phusong.coverage.propagation.area_geometry import Site
from phusong.coverage.propagation.area_vectors import load_terrain as load
from phusong.coverage.propagation.area_vectors import store_sample as store
from phusong.coverage.propagation.sweep_geometry import Seen
from phusong.coverage.propagation.sweep_trace import Trace

_FAST = {"nnan", "ninf", "nsz", "reassoc", "contract", "arcp"}
_F = np.float32
_ZERO, _HALF = _F(0.0), _F(0.5)


@njit(cache=True, error_model="numpy", nogil=True, forceinline=True, fastmath=_FAST)
def keep_smooth_ends(more: More, batch: Batch, seen: Seen, site: Site, pixels: int) -> None:
    """Turn the smooth earth's heights into effective heights for ducting (equations 91 and 92)."""
    tx, over = _F(site.tx_height_m), _F(site.rx_height_m)
    for i in range(pixels):
        end, tx_smooth, rx_smooth = load(seen.end_m, i), load(batch.tx_m, i), load(batch.rx_m, i)
        store(more.tx_m, i, tx - (tx_smooth if tx_smooth < _ZERO else _ZERO))
        store(more.rx_m, i, end + over - (rx_smooth if rx_smooth < end else end))


@njit(cache=True, error_model="numpy", nogil=True)
def see_ducts(  # noqa: PLR0917 - kernels take no keyword-only options
    more: More, batch: Batch, seen: Seen, trace: Trace, site: Site, pixels: int
) -> None:
    """Write horizon distances and roughness between the horizons (equation 93).

    The highest point over the smooth earth between the horizons is a vertex of the hull. In line of sight,
    where ducting has a weight of some hundredth, the horizons share the path and nothing is rough.
    """
    step = np.float32(site.step_km)
    for i in range(pixels):
        d = batch.distance_km[i]
        if seen.rise[i] < _ZERO:
            more.tx_km[i] = more.rx_km[i] = _HALF * d
            more.roughness_m[i] = _ZERO
            continue
        start = np.float32(site.tx_height_m) - more.tx_m[i]
        end = batch.rise_m[i] + np.float32(site.tx_height_m) - more.rx_m[i]
        slope = (end - start) / d * step
        n, first = seen.horizon[i], trace.tx_index[seen.inner[i]]
        more.tx_km[i], more.rx_km[i] = _F(first) * step, d - _F(n) * step
        rough = trace.heights[n] - slope * _F(n)
        while n > first:
            n = trace.before[n]
            here = trace.heights[n] - slope * _F(n)
            rough = here if here > rough else rough
        more.roughness_m[i] = rough - start
