"""Every equation of P.1812 on one sampled path, for what the vectorised losses do not cover."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from phusong.coverage.propagation.area_carriers import Climate
from phusong.coverage.propagation.area_geometry import (
    LOWEST,
    Float32Array,
    Site,
    Tables,
    bare_slopes,
    blocked_slopes,
    highest_slope,
    rx_horizon,
    sight_margin,
    smooth_ends,
    smooth_nu_m,
    tx_horizon,
)
from phusong.coverage.propagation.area_vectors import greater
from phusong.coverage.propagation.p1812_combination import Conditions, combine
from phusong.coverage.propagation.p1812_diffraction import crossing_nu_m
from phusong.coverage.propagation.p1812_path import BETA_EARTH_RADIUS_KM, Horizon, PathGeometry, analyse
from phusong.coverage.propagation.profile import INLAND, Float64Array, Int64Array

LEAST_SAMPLES = 8
"""Shorter paths are analysed point by point."""
_FAST = {"nnan", "nsz", "reassoc", "contract", "arcp"}


class Scratch(NamedTuple):
    """Arrays one worker reuses for every pixel."""

    heights: Float32Array
    surface: Float32Array
    distance_km: Float64Array
    height_m: Float64Array
    surface_m: Float64Array
    zone: Int64Array


@njit(cache=True, error_model="numpy", nogil=True)
def make_scratch(samples: int, has_clutter: bool) -> Scratch:
    """Allocate the arrays of one worker; without clutter the surface is the terrain itself."""
    heights = np.zeros(samples, dtype=np.float32)
    surface = np.zeros(samples, dtype=np.float32) if has_clutter else heights
    whole = np.zeros(samples)
    return Scratch(heights, surface, whole, np.zeros(samples), np.zeros(samples), np.full(samples, INLAND))


@njit(cache=True, error_model="numpy", nogil=True)
def full_db(geometry: PathGeometry, climate: Climate, frequency_ghz: float) -> float:
    """Evaluate every equation of the Recommendation for one carrier."""
    given = Conditions(
        frequency_ghz,
        climate.time_percentage,
        climate.is_vertical,
        climate.n0,
        climate.latitude_deg,
        climate.coast_km,
        climate.coast_km,
        False,
    )
    losses = combine(geometry, given)
    return max(losses.basic_p, losses.combined)


@njit(cache=True, error_model="numpy", nogil=True, forceinline=True)
def sampled_geometry(  # noqa: PLR0917 - kernels take no keyword-only options
    scratch: Scratch,
    tables: Tables,
    site: Site,
    count: int,
    d: float,
    end_m: float,
    total: float,
    moment: float,
    delta_n: float,
) -> PathGeometry:
    """Work out what ``p1812_path.analyse`` does of the path whose samples the scratch holds, by fast scans.

    Parameters
    ----------
    count : int
        Samples between the terminals.
    d, end_m : float
        Distance (km) and ground height of the receiver.
    total, moment : float
        Sums of height and of index times height of the samples.
    """
    if count < LEAST_SAMPLES:
        return _plain_geometry(scratch, site, count, d, end_m, delta_n)
    heights, step = scratch.heights, site.step_km
    tx, rx = site.tx_height_m, end_m + site.rx_height_m
    tx_smooth, rx_smooth = smooth_ends(total, moment, float(heights[count]), end_m, d, step, count)
    nu, over = _bullington(scratch, tables, site, count, d, rx, site.radius_km)
    nu_beta, _ = _bullington(scratch, tables, site, count, d, rx, BETA_EARTH_RADIUS_KM)
    tx_ducting, rx_ducting = min(tx_smooth, 0.0), min(rx_smooth, end_m)
    tx_diffraction, rx_diffraction = min(tx_smooth - over[0], 0.0), min(rx_smooth - over[1], end_m)
    tx_eff, rx_eff = tx - tx_diffraction, rx - rx_diffraction
    seen = _horizons(heights, tables, site, count, d, rx)
    first, last = round(seen.tx_km / step), round((d - seen.rx_km) / step)
    rough = _roughness(heights, tables.step, first, last, tx_ducting, (rx_ducting - tx_ducting) / d * step)
    return PathGeometry(
        d,
        tx,
        site.rx_height_m,
        tx,
        rx,
        0.0,
        d,
        d,
        site.radius_km,
        seen.is_transhorizon,
        seen.tx_km,
        seen.rx_km,
        seen.tx_mrad,
        seen.rx_mrad,
        1000.0 * d / site.radius_km + seen.tx_mrad + seen.rx_mrad,
        tx_smooth,
        rx_smooth,
        tx_ducting,
        rx_ducting,
        tx_diffraction,
        rx_diffraction,
        tx_eff,
        rx_eff,
        tx - tx_ducting,
        rx - rx_ducting,
        rough,
        nu,
        nu_beta,
        smooth_nu_m(tx_eff, rx_eff, d, 500.0 / site.radius_km, step, count),
        smooth_nu_m(tx_eff, rx_eff, d, 500.0 / BETA_EARTH_RADIUS_KM, step, count),
    )


@njit(cache=True, error_model="numpy", nogil=True)
def _plain_geometry(  # noqa: PLR0917 - kernels take no keyword-only options
    scratch: Scratch, site: Site, count: int, d: float, end_m: float, delta_n: float
) -> PathGeometry:
    """Analyse a short path point by point."""
    end = count + 1
    for i in range(1, end):
        scratch.distance_km[i] = i * site.step_km
        scratch.height_m[i] = scratch.heights[i]
        scratch.surface_m[i] = scratch.surface[i]
    scratch.distance_km[end] = d
    scratch.height_m[end] = end_m
    scratch.surface_m[end] = end_m
    used = end + 1
    return analyse(
        scratch.distance_km[:used],
        scratch.height_m[:used],
        scratch.surface_m[:used],
        scratch.zone[:used],
        site.tx_height_m,
        site.rx_height_m,
        delta_n,
    )


@njit(cache=True, error_model="numpy", nogil=True, forceinline=True)
def _bullington(  # noqa: PLR0917 - kernels take no keyword-only options
    scratch: Scratch, tables: Tables, site: Site, count: int, d: float, rx: float, radius_km: float
) -> tuple[float, tuple[float, float]]:
    """Edge parameter over an earth, and what obstruction takes off the smooth earth (87 to 90)."""
    heights, surface = scratch.heights, scratch.surface
    tx, step, curvature = site.tx_height_m, site.step_km, 500.0 / radius_km
    direct, gap, bend = (rx - tx) / d, d - count * step, curvature * d
    tx_slope = float(highest_slope(surface, tables, count, tx, site.radius_km / radius_km))
    if tx_slope + bend < direct:
        margin = float(sight_margin(surface, tables, count, tx, direct, gap, step, curvature))
        return -math.sqrt(0.002 * d * margin), (0.0, 0.0)
    slopes = blocked_slopes(heights, surface, tables, count, tx, rx, direct, gap, step, curvature)
    nu = crossing_nu_m(tx_slope + bend - direct, float(slopes[0]) + bend + direct, d)
    obstruction = float(slopes[1])
    if obstruction <= 0.0:
        return nu, (0.0, 0.0)
    tx_over, rx_over = float(slopes[2]) - direct, float(slopes[3]) + direct
    share = obstruction / (tx_over + rx_over)
    return nu, (share * tx_over, share * rx_over)


@njit(cache=True, error_model="numpy", nogil=True, forceinline=True)
def _horizons(  # noqa: PLR0917 - kernels take no keyword-only options
    heights: Float32Array, tables: Tables, site: Site, count: int, d: float, rx: float
) -> Horizon:
    """Horizons over the bare terrain (equations 76 to 82)."""
    tx, step, curvature = site.tx_height_m, site.step_km, 500.0 / site.radius_km
    is_blocked, tx_slope, rx_slope = bare_slopes(heights, tables, site, count, d, rx - tx)
    tx_mrad, rx_mrad = 1000.0 * math.atan(0.001 * tx_slope), 1000.0 * math.atan(0.001 * rx_slope)
    if is_blocked:
        near = step * tx_horizon(heights, tables, count, tx, tx_slope)
        far = d - step * rx_horizon(heights, tables, count, rx, d - count * step, step, curvature, rx_slope)
        return Horizon(True, near, far, tx_mrad, rx_mrad)
    direct, gap = (rx - tx) / d, d - count * step
    margin = float(sight_margin(heights, tables, count, tx, direct, gap, step, curvature))
    index = _sight_index(heights, tables, count, tx, direct, d, step, curvature, margin)
    return Horizon(False, step * index, d - step * index, tx_mrad, rx_mrad)


@njit(cache=True, error_model="numpy", nogil=True)
def _sight_index(  # noqa: PLR0917 - kernels take no keyword-only options
    heights: Float32Array,
    tables: Tables,
    count: int,
    tx_m: float,
    direct: float,
    d: float,
    step_km: float,
    curvature: float,
    margin: float,
) -> int:
    """Last sample with the least clearance of a path in line of sight."""
    limit = np.float32(margin * (1.0 + 1e-5))
    top, slope, far = np.float32(tx_m), np.float32(direct * step_km), np.float32(d)
    spacing, bend = np.float32(step_km), np.float32(curvature)
    for back in range(count):
        i = count - back
        k = tables.step[i]
        rest = far - k * spacing
        clearance = top + slope * k - heights[i] - bend * spacing * k * rest
        if clearance * clearance * tables.per_km[i] / rest <= limit:
            return i
    return count


@njit(cache=True, error_model="numpy", nogil=True, forceinline=True, fastmath=_FAST)
def _roughness(  # noqa: PLR0917 - kernels take no keyword-only options
    heights: Float32Array, step: Float32Array, first: int, last: int, start_m: float, slope: float
) -> float:
    """Greatest height above the smooth earth between the horizons (equation 93)."""
    rough, per = LOWEST, np.float32(slope)
    for i in range(first, last + 1):
        rough = greater(heights[i] - per * step[i], rough)
    return float(rough) - start_m
