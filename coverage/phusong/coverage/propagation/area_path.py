"""What one sampled path decides for every carrier at 50 % of the time, from the scans of its samples."""

from __future__ import annotations

import math
from typing import NamedTuple

from numba import njit

from phusong.coverage.propagation.area_geometry import (
    Float32Array,
    Site,
    Tables,
    bare_slopes,
    blocked_slopes,
    highest_slope,
    horizon_samples,
    sight_margin,
)
from phusong.coverage.propagation.area_smooth import smooth_ends, smooth_nu_m
from phusong.coverage.propagation.p1812_diffraction import crossing_nu_m


class AreaPath(NamedTuple):
    """Numbers of one path that every carrier uses; horizons are those over bare terrain."""

    rise_m: float
    nu_m: float
    smooth_nu_m: float
    effective_tx_m: float
    effective_rx_m: float
    tx_slope: float
    rx_slope: float
    tx_km: float
    rx_km: float


@njit(cache=True, error_model="numpy", nogil=True, forceinline=True)
def area_path(  # noqa: PLR0917 - kernels take no keyword-only options
    heights: Float32Array,
    surface: Float32Array,
    tables: Tables,
    site: Site,
    count: int,
    d: float,
    end_m: float,
    total: float,
    moment: float,
) -> AreaPath:
    """Work out everything about a sampled path that its carriers share, for the median earth."""
    tx, rx = site.tx_height_m, end_m + site.rx_height_m
    curvature = 500.0 / site.radius_km
    direct, gap = (rx - tx) / d, d - count * site.step_km
    # no sample, no weight: v1 and v2 then hold the two terminals alone
    last_m = float(heights[count]) if count > 0 else 0.0
    tx_smooth, rx_smooth = smooth_ends(total, moment, last_m, end_m, d, site.step_km, count)
    bend = curvature * d
    tx_slope, rx_slope = float(highest_slope(surface, tables, count, tx, 1.0)), -direct - bend
    is_blocked = tx_slope + bend - direct >= 0.0
    if is_blocked:
        slopes = blocked_slopes(heights, surface, tables, count, tx, rx, direct, gap, site.step_km, curvature)
        rx_slope, obstruction = float(slopes[0]), float(slopes[1])
        nu = crossing_nu_m(tx_slope + bend - direct, rx_slope + bend + direct, d)
        if obstruction > 0.0:
            tx_over, rx_over = float(slopes[2]) - direct, float(slopes[3]) + direct
            tx_smooth -= obstruction * tx_over / (tx_over + rx_over)
            rx_smooth -= obstruction * rx_over / (tx_over + rx_over)
    else:
        margin = float(sight_margin(surface, tables, count, tx, direct, gap, site.step_km, curvature))
        nu, tx_slope = -math.sqrt(0.002 * d * margin), direct - bend
    tx_eff, rx_eff = tx - min(tx_smooth, 0.0), rx - min(rx_smooth, end_m)
    smooth = smooth_nu_m(tx_eff, rx_eff, d, curvature, site.step_km, count)
    if heights is not surface:
        is_blocked, tx_slope, rx_slope = bare_slopes(heights, tables, site, count, d, rx - tx)
    tx_km, rx_km = -site.step_km, 0.5 * site.step_km
    if is_blocked:
        first, last = horizon_samples(
            heights, tables, count, tx, rx, gap, site.step_km, curvature, tx_slope, rx_slope
        )
        tx_km, rx_km = site.step_km * first, d - site.step_km * last
    return AreaPath(rx - tx, nu, smooth, tx_eff, rx_eff, tx_slope, rx_slope, tx_km, rx_km)
