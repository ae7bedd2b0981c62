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
    both_blocked_slopes,
    highest_slopes,
    horizon_samples,
    sight_margin,
    sight_margins,
)
from phusong.coverage.propagation.area_sampling import SAMPLES
from phusong.coverage.propagation.area_smooth import smooth_ends, smooth_nu_m
from phusong.coverage.propagation.area_vectors import greater
from phusong.coverage.propagation.p1812_combination import Conditions, combine
from phusong.coverage.propagation.p1812_diffraction import crossing_nu_m
from phusong.coverage.propagation.p1812_path import BETA_EARTH_RADIUS_KM, PathGeometry, analyse
from phusong.coverage.propagation.profile import INLAND, Float64Array, Int64Array

LEAST_SAMPLES = 8
"""Shorter paths are analysed point by point."""
_FAST = {"nnan", "nsz", "reassoc", "contract", "arcp"}


class FullPath(NamedTuple):
    """Numbers of one path that every carrier uses at any percentage of the time.

    Slopes and distances of the horizons are those over bare terrain.
    """

    rise_m: float
    nu_m: float
    nu_beta_m: float
    smooth_nu_m: float
    smooth_nu_beta_m: float
    effective_tx_m: float
    effective_rx_m: float
    ducting_tx_m: float
    ducting_rx_m: float
    roughness_m: float
    is_transhorizon: bool
    tx_slope: float
    rx_slope: float
    tx_km: float
    rx_km: float


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
    heights = np.zeros(samples + SAMPLES, dtype=np.float32)
    surface = np.zeros(samples + SAMPLES, dtype=np.float32) if has_clutter else heights
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
def full_path(  # noqa: PLR0917 - kernels take no keyword-only options
    scratch: Scratch,
    tables: Tables,
    site: Site,
    count: int,
    d: float,
    end_m: float,
    total: float,
    moment: float,
    delta_n: float,
) -> FullPath:
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
        return _plain_path(scratch, site, count, d, end_m, delta_n)
    heights, step = scratch.heights, site.step_km
    tx, rx = site.tx_height_m, end_m + site.rx_height_m
    tx_smooth, rx_smooth = smooth_ends(total, moment, float(heights[count]), end_m, d, step, count)
    edges = _edges(scratch, tables, site, count, d, rx)
    tx_ducting, rx_ducting = min(tx_smooth, 0.0), min(rx_smooth, end_m)
    tx_eff, rx_eff = tx - min(tx_smooth - edges.tx_sunk_m, 0.0), rx - min(rx_smooth - edges.rx_sunk_m, end_m)
    seen = _horizons(scratch, tables, site, count, d, rx, edges)
    rough = _roughness(
        heights, tables.step, seen.first, seen.last, tx_ducting, (rx_ducting - tx_ducting) / d * step
    )
    return FullPath(
        rx - tx,
        edges.nu_m,
        edges.nu_beta_m,
        smooth_nu_m(tx_eff, rx_eff, d, 500.0 / site.radius_km, step, count),
        smooth_nu_m(tx_eff, rx_eff, d, 500.0 / BETA_EARTH_RADIUS_KM, step, count),
        tx_eff,
        rx_eff,
        tx - tx_ducting,
        rx - rx_ducting,
        rough,
        seen.is_transhorizon,
        seen.tx_slope,
        seen.rx_slope,
        step * seen.first,
        d - step * seen.last,
    )


@njit(cache=True, error_model="numpy", nogil=True, forceinline=True)
def full_geometry(path: FullPath, site: Site, d: float) -> PathGeometry:
    """Say the same in the words of ``p1812_path``, as far as its losses read them."""
    tx_mrad, rx_mrad = 1000.0 * math.atan(0.001 * path.tx_slope), 1000.0 * math.atan(0.001 * path.rx_slope)
    tx = site.tx_height_m
    rx, angle = tx + path.rise_m, 1000.0 * d / site.radius_km + tx_mrad + rx_mrad
    tx_ducting, rx_ducting = tx - path.ducting_tx_m, rx - path.ducting_rx_m
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
        path.is_transhorizon,
        path.tx_km,
        path.rx_km,
        tx_mrad,
        rx_mrad,
        angle,
        tx_ducting,
        rx_ducting,
        tx_ducting,
        rx_ducting,
        tx - path.effective_tx_m,
        rx - path.effective_rx_m,
        path.effective_tx_m,
        path.effective_rx_m,
        path.ducting_tx_m,
        path.ducting_rx_m,
        path.roughness_m,
        path.nu_m,
        path.nu_beta_m,
        path.smooth_nu_m,
        path.smooth_nu_beta_m,
    )


@njit(cache=True, error_model="numpy", nogil=True)
def _plain_path(  # noqa: PLR0917 - kernels take no keyword-only options
    scratch: Scratch, site: Site, count: int, d: float, end_m: float, delta_n: float
) -> FullPath:
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
    found = analyse(
        scratch.distance_km[:used],
        scratch.height_m[:used],
        scratch.surface_m[:used],
        scratch.zone[:used],
        site.tx_height_m,
        site.rx_height_m,
        delta_n,
    )
    return FullPath(
        found.rx_masl_m - found.tx_masl_m,
        found.nu_m,
        found.nu_beta_m,
        found.smooth_nu_m,
        found.smooth_nu_beta_m,
        found.effective_tx_diffraction_m,
        found.effective_rx_diffraction_m,
        found.effective_tx_m,
        found.effective_rx_m,
        found.roughness_m,
        found.is_transhorizon,
        1000.0 * math.tan(0.001 * found.tx_angle_mrad),
        1000.0 * math.tan(0.001 * found.rx_angle_mrad),
        found.tx_horizon_km,
        found.rx_horizon_km,
    )


class _Edges(NamedTuple):
    """Edge parameters over both earths; what obstruction takes off the smooth earth; slopes over the surface.

    In line of sight ``margin`` is the least clearance over the median earth (equation 15 squared).
    """

    nu_m: float
    nu_beta_m: float
    tx_sunk_m: float
    rx_sunk_m: float
    is_blocked: bool
    tx_slope: float
    rx_slope: float
    margin: float


class _Seen(NamedTuple):
    """Horizons over the bare terrain: slopes, and samples from the transmitter."""

    is_transhorizon: bool
    tx_slope: float
    rx_slope: float
    first: int
    last: int


@njit(cache=True, error_model="numpy", nogil=True, forceinline=True)
def _edges(  # noqa: PLR0917 - kernels take no keyword-only options
    scratch: Scratch, tables: Tables, site: Site, count: int, d: float, rx: float
) -> _Edges:
    """Edge parameters (13 to 20) over both earths; the flatter one blocks nothing that the other leaves."""
    heights, surface = scratch.heights, scratch.surface
    tx, step, gap = site.tx_height_m, site.step_km, d - count * site.step_km
    curvature, flatter = 500.0 / site.radius_km, 500.0 / BETA_EARTH_RADIUS_KM
    direct = (rx - tx) / d
    slopes = highest_slopes(surface, tables, count, tx, site.radius_km / BETA_EARTH_RADIUS_KM)
    tx_slope, tx_rise = np.float64(slopes[0]), np.float64(slopes[0]) + curvature * d - direct
    beta_rise = float(slopes[1]) + flatter * d - direct
    if tx_rise < 0.0:
        margins = sight_margins(surface, tables, count, tx, direct, gap, step, curvature, flatter)
        margin, margin_beta = np.float64(margins[0]), np.float64(margins[1])
        per = 0.002 * d
        nu, nu_beta = -math.sqrt(per * margin), -math.sqrt(per * margin_beta)
        return _Edges(nu, nu_beta, 0.0, 0.0, False, tx_slope, 0.0, margin)
    blocked = both_blocked_slopes(
        heights, surface, tables, count, tx, rx, direct, gap, step, curvature, flatter
    )
    rx_slope, obstruction = np.float64(blocked[0]), np.float64(blocked[2])
    nu = crossing_nu_m(tx_rise, rx_slope + curvature * d + direct, d)
    if beta_rise < 0.0:
        margin = np.float64(sight_margin(surface, tables, count, tx, direct, gap, step, flatter))
        nu_beta = -math.sqrt(0.002 * d * margin)
    else:
        nu_beta = crossing_nu_m(beta_rise, float(blocked[1]) + flatter * d + direct, d)
    tx_over, rx_over = float(blocked[3]) - direct, float(blocked[4]) + direct
    share = obstruction / (tx_over + rx_over) if obstruction > 0.0 else 0.0
    return _Edges(nu, nu_beta, share * tx_over, share * rx_over, True, tx_slope, rx_slope, 0.0)


@njit(cache=True, error_model="numpy", nogil=True, forceinline=True)
def _horizons(  # noqa: PLR0917 - kernels take no keyword-only options
    scratch: Scratch, tables: Tables, site: Site, count: int, d: float, rx: float, edges: _Edges
) -> _Seen:
    """Horizons over the bare terrain (equations 76 to 82)."""
    heights, tx, step = scratch.heights, site.tx_height_m, site.step_km
    curvature, direct, gap = 500.0 / site.radius_km, (rx - tx) / d, d - count * site.step_km
    is_blocked, tx_slope, rx_slope = edges.is_blocked, edges.tx_slope, edges.rx_slope
    if heights is not scratch.surface:
        is_blocked, tx_slope, rx_slope = bare_slopes(heights, tables, site, count, d, rx - tx)
    if is_blocked:
        first, last = horizon_samples(
            heights, tables, count, tx, rx, gap, step, curvature, tx_slope, rx_slope
        )
        return _Seen(True, tx_slope, rx_slope, first, last)
    margin = edges.margin
    if heights is not scratch.surface:
        margin = np.float64(sight_margin(heights, tables, count, tx, direct, gap, step, curvature))
    index = _sight_index(heights, tables, count, tx, direct, d, step, curvature, margin)
    bend = curvature * d
    return _Seen(False, direct - bend, -direct - bend, index, index)


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
