"""ITU-R P.1812-8: what the profile alone decides (section 3.6, Attachment 1). No frequency enters.

Units of the Recommendation: distances km, heights m above sea level, angles mrad.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from numba import njit

from phusong.coverage.propagation.p1812_diffraction import (
    bullington_nu_m,
    smooth_profile_nu_m,
)
from phusong.coverage.propagation.profile import COASTAL, INLAND, SEA, Float64Array, Int64Array

EARTH_RADIUS_KM = 6371.0
BETA_EARTH_RADIUS_KM = 3.0 * EARTH_RADIUS_KM  # equation 7


class PathGeometry(NamedTuple):
    """Quantities of one path that do not depend on the carrier; see ``PathLossParts`` for meanings."""

    distance_km: float
    tx_height_m: float
    rx_height_m: float
    tx_masl_m: float
    rx_masl_m: float
    sea_share: float
    longest_land_km: float
    longest_inland_km: float
    earth_radius_km: float
    is_transhorizon: bool
    tx_horizon_km: float
    rx_horizon_km: float
    tx_angle_mrad: float
    rx_angle_mrad: float
    path_angle_mrad: float
    smooth_tx_m: float
    smooth_rx_m: float
    smooth_tx_ducting_m: float
    smooth_rx_ducting_m: float
    smooth_tx_diffraction_m: float
    smooth_rx_diffraction_m: float
    effective_tx_diffraction_m: float
    effective_rx_diffraction_m: float
    effective_tx_m: float
    effective_rx_m: float
    roughness_m: float
    nu_m: float
    nu_beta_m: float
    smooth_nu_m: float
    smooth_nu_beta_m: float


class Horizon(NamedTuple):
    """Horizon distances and elevation angles of both terminals (Attachment 1, section 4)."""

    is_transhorizon: bool
    tx_km: float
    rx_km: float
    tx_mrad: float
    rx_mrad: float


class SmoothSurface(NamedTuple):
    """Heights of the smooth-earth surface at the terminals (Attachment 1, section 5)."""

    tx_m: float
    rx_m: float
    tx_diffraction_m: float
    rx_diffraction_m: float
    tx_ducting_m: float
    rx_ducting_m: float


@njit(cache=True, error_model="numpy", nogil=True)
def earth_radius_km(delta_n: float) -> float:
    """Median effective earth radius (equations 6 and 7)."""
    return EARTH_RADIUS_KM * 157.0 / (157.0 - delta_n)


@njit(cache=True, error_model="numpy", nogil=True)
def half_gaps_km(distance_km: Float64Array, i: int) -> float:
    """Length of path that a point stands for: half-way to each neighbour."""
    last = distance_km.size - 1
    before = distance_km[i] - distance_km[i - 1] if i > 0 else 0.0
    after = distance_km[i + 1] - distance_km[i] if i < last else 0.0
    return 0.5 * (before + after)


@njit(cache=True, error_model="numpy", nogil=True)
def zone_lengths(distance_km: Float64Array, zone: Int64Array) -> tuple[float, float, float]:
    """Share over sea, longest land section and longest inland section (equation 1, section 3.6)."""
    sea = land = inland = 0.0
    longest_land = longest_inland = 0.0
    for i in range(distance_km.size):
        gap = half_gaps_km(distance_km, i)
        sea += gap if zone[i] == SEA else 0.0
        land = land + gap if zone[i] == INLAND or zone[i] == COASTAL else 0.0
        inland = inland + gap if zone[i] == INLAND else 0.0
        longest_land = max(longest_land, land)
        longest_inland = max(longest_inland, inland)
    return sea / distance_km[-1], longest_land, longest_inland


@njit(cache=True, error_model="numpy", nogil=True)
def elevation_mrad(rise_m: float, distance_km: float, radius_km: float) -> float:
    """Elevation angle of a point above the local horizontal (equation 76)."""
    return 1000.0 * math.atan(rise_m / (1000.0 * distance_km) - distance_km / (2.0 * radius_km))


@njit(cache=True, error_model="numpy", nogil=True)
def horizons(
    distance_km: Float64Array, height_m: Float64Array, tx_masl: float, rx_masl: float, radius_km: float
) -> Horizon:
    """Horizons over the bare terrain (equations 76 to 82)."""
    last = distance_km.size - 1
    length = distance_km[last]
    tx_index = rx_index = 0
    tx_slope = rx_slope = -math.inf
    curve = 500.0 / radius_km
    for i in range(1, last):
        d = distance_km[i]
        rest = length - d
        slope = (height_m[i] - tx_masl) / d - curve * d
        if slope > tx_slope:
            tx_slope, tx_index = slope, i
        slope = (height_m[i] - rx_masl) / rest - curve * rest
        if slope >= rx_slope:
            rx_slope, rx_index = slope, i
    # the arctangent of equation 76 grows with the slope, so the greatest slope has the greatest angle
    tx_angle, rx_angle = 1000.0 * math.atan(0.001 * tx_slope), 1000.0 * math.atan(0.001 * rx_slope)
    direct = elevation_mrad(rx_masl - tx_masl, length, radius_km)
    if tx_angle > direct:
        return Horizon(True, distance_km[tx_index], length - distance_km[rx_index], tx_angle, rx_angle)
    _, index = bullington_nu_m(distance_km, height_m, tx_masl, rx_masl, radius_km)
    horizon = distance_km[index] if index > 0 else length
    back = elevation_mrad(tx_masl - rx_masl, length, radius_km)
    return Horizon(False, horizon, length - horizon, direct, back)


@njit(cache=True, error_model="numpy", nogil=True)
def smooth_surface(
    distance_km: Float64Array, height_m: Float64Array, tx_masl: float, rx_masl: float
) -> SmoothSurface:
    """Least-squares smooth earth and its corrections (equations 83 to 90)."""
    last = distance_km.size - 1
    length = distance_km[last]
    v1 = v2 = 0.0
    for i in range(1, last + 1):
        near, far = distance_km[i - 1], distance_km[i]
        v1 += (far - near) * (height_m[i] + height_m[i - 1])
        v2 += (far - near) * (height_m[i] * (2.0 * far + near) + height_m[i - 1] * (far + 2.0 * near))
    tx = (2.0 * v1 * length - v2) / length**2
    rx = (v2 - v1 * length) / length**2
    obstruction = tx_slope = rx_slope = -math.inf
    for i in range(1, last):
        d = distance_km[i]
        above = height_m[i] - (tx_masl * (length - d) + rx_masl * d) / length
        obstruction = max(obstruction, above)
        tx_slope = max(tx_slope, above / d)
        rx_slope = max(rx_slope, above / (length - d))
    tx_sunk, rx_sunk = tx, rx
    if obstruction > 0.0:
        tx_sunk -= obstruction * tx_slope / (tx_slope + rx_slope)
        rx_sunk -= obstruction * rx_slope / (tx_slope + rx_slope)
    first, end = height_m[0], height_m[last]
    return SmoothSurface(tx, rx, min(tx_sunk, first), min(rx_sunk, end), min(tx, first), min(rx, end))


@njit(cache=True, error_model="numpy", nogil=True)
def roughness_m(  # noqa: PLR0917 - kernels take no keyword-only options
    distance_km: Float64Array, height_m: Float64Array, start_km: float, end_km: float, tx: float, rx: float
) -> float:
    """Greatest height above the smooth earth between the horizons (equation 93)."""
    slope = (rx - tx) / distance_km[-1]
    rough = -math.inf
    for i in range(distance_km.size):
        # the horizons are profile points; the margin keeps them in despite d - (d - d_i) rounding
        if start_km - 1e-9 <= distance_km[i] <= end_km + 1e-9:
            rough = max(rough, height_m[i] - (tx + slope * distance_km[i]))
    return rough


@njit(cache=True, error_model="numpy", nogil=True)
def analyse(  # noqa: PLR0917 - kernels take no keyword-only options
    distance_km: Float64Array,
    height_m: Float64Array,
    surface_m: Float64Array,
    zone: Int64Array,
    tx_height: float,
    rx_height: float,
    delta_n: float,
) -> PathGeometry:
    """Work out everything about a path that no carrier changes."""
    length = distance_km[-1]
    tx_masl, rx_masl = height_m[0] + tx_height, height_m[-1] + rx_height
    radius = earth_radius_km(delta_n)
    sea, land, inland = zone_lengths(distance_km, zone)
    seen = horizons(distance_km, height_m, tx_masl, rx_masl, radius)
    smooth = smooth_surface(distance_km, height_m, tx_masl, rx_masl)
    rough = roughness_m(
        distance_km, height_m, seen.tx_km, length - seen.rx_km, smooth.tx_ducting_m, smooth.rx_ducting_m
    )
    tx_eff, rx_eff = tx_masl - smooth.tx_diffraction_m, rx_masl - smooth.rx_diffraction_m
    nu, _ = bullington_nu_m(distance_km, surface_m, tx_masl, rx_masl, radius)
    nu_beta, _ = bullington_nu_m(distance_km, surface_m, tx_masl, rx_masl, BETA_EARTH_RADIUS_KM)
    return PathGeometry(
        length,
        tx_height,
        rx_height,
        tx_masl,
        rx_masl,
        sea,
        land,
        inland,
        radius,
        seen.is_transhorizon,
        seen.tx_km,
        seen.rx_km,
        seen.tx_mrad,
        seen.rx_mrad,
        1000.0 * length / radius + seen.tx_mrad + seen.rx_mrad,
        smooth.tx_m,
        smooth.rx_m,
        smooth.tx_ducting_m,
        smooth.rx_ducting_m,
        smooth.tx_diffraction_m,
        smooth.rx_diffraction_m,
        tx_eff,
        rx_eff,
        tx_masl - smooth.tx_ducting_m,
        rx_masl - smooth.rx_ducting_m,
        rough,
        nu,
        nu_beta,
        smooth_profile_nu_m(distance_km, tx_eff, rx_eff, radius),
        smooth_profile_nu_m(distance_km, tx_eff, rx_eff, BETA_EARTH_RADIUS_KM),
    )
