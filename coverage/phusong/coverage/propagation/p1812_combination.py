"""ITU-R P.1812-8 sections 4.2 and 4.4 to 4.6: line of sight, troposcatter, ducting and their combination."""

from __future__ import annotations

import math
from typing import NamedTuple

from numba import njit

from phusong.coverage.propagation.p1812_diffraction import (
    bullington_db,
    closed_form_nu_m,
    delta_bullington_db,
    spherical_db,
    wavelength_m,
)
from phusong.coverage.propagation.p1812_path import BETA_EARTH_RADIUS_KM, PathGeometry
from phusong.coverage.propagation.p1812_statistics import (
    anomalous_time,
    inland_weight,
    interpolation_factor,
)


class Conditions(NamedTuple):
    """Carrier and climate of one evaluation; units as in ``p1812.path_loss_parts``."""

    frequency_ghz: float
    time_percentage: float
    is_vertical: bool
    n0: float
    latitude_deg: float
    tx_coast_km: float
    rx_coast_km: float
    is_closed_form: bool


class Diffraction(NamedTuple):
    """Diffraction losses of one effective earth radius, dB."""

    terrain: float
    smooth: float
    spherical: float
    total: float


class Losses(NamedTuple):
    """Every loss on the way to the median basic transmission loss; names follow ``PathLossParts``."""

    beta0: float
    factor_i: float
    factor_j: float
    factor_k: float
    free_space: float
    basic_p: float
    basic_beta: float
    terrain: float
    smooth: float
    spherical: float
    terrain_beta: float
    smooth_beta: float
    spherical_beta: float
    diffraction_50: float
    diffraction_beta: float
    diffraction_p: float
    median_diffraction: float
    diffraction: float
    least_basic: float
    ducting: float
    least_anomalous: float
    enhanced_diffraction: float
    modified: float
    troposcatter: float
    combined: float


@njit(cache=True, error_model="numpy", nogil=True)
def free_space_db(frequency_ghz: float, distance_km: float, rise_m: float) -> float:
    """Free-space loss over the 3-D distance (equation 8)."""
    square = distance_km * distance_km + (0.001 * rise_m) ** 2
    return 92.4 + 20.0 * math.log10(frequency_ghz) + 10.0 * math.log10(square)


@njit(cache=True, error_model="numpy", nogil=True)
def multipath_db(horizons_km: float, percentage: float) -> float:
    """Multipath and focusing correction E_s (equation 9)."""
    return 2.6 * (1.0 - math.exp(-0.1 * horizons_km)) * math.log10(percentage / 50.0)


@njit(cache=True, error_model="numpy", nogil=True)
def troposcatter_db(
    frequency_ghz: float, distance_km: float, angle_mrad: float, n0: float, percentage: float
) -> float:
    """Loss of tropospheric scatter (equations 44 and 45)."""
    carrier = 25.0 * math.log10(frequency_ghz) - 2.5 * math.log10(0.5 * frequency_ghz) ** 2
    spread = 190.1 + carrier + 20.0 * math.log10(distance_km) + 0.573 * angle_mrad - 0.15 * n0
    return spread - 10.125 * max(math.log10(50.0 / percentage), 0.0) ** 0.7


@njit(cache=True, error_model="numpy", nogil=True)
def site_shielding_db(angle_mrad: float, horizon_km: float, frequency_ghz: float) -> float:
    """Site-shielding diffraction loss of one terminal (equation 48)."""
    steep = angle_mrad - 0.1 * horizon_km
    if steep <= 0.0:
        return 0.0
    cube_root = frequency_ghz ** (1.0 / 3.0)
    bend = 1.0 + 0.361 * steep * math.sqrt(frequency_ghz * horizon_km)
    return 20.0 * math.log10(bend) + 0.264 * steep * cube_root


@njit(cache=True, error_model="numpy", nogil=True)
def coastal_coupling_db(coast_km: float, horizon_km: float, masl: float, sea_share: float) -> float:
    """Over-sea surface duct coupling of one terminal (equation 49)."""
    if sea_share < 0.75 or coast_km > horizon_km or coast_km > 5.0:
        return 0.0
    return -3.0 * math.exp(-0.25 * coast_km**2) * (1.0 + math.tanh(0.07 * (50.0 - masl)))


@njit(cache=True, error_model="numpy", nogil=True)
def ducting_time_db(path: PathGeometry, beta0: float, percentage: float) -> float:
    """Time dependence A(p) of ducting (equations 53 to 56)."""
    d = path.distance_km
    tau = inland_weight(path.longest_inland_km)
    alpha = max(-0.6 - 3.5e-9 * d**3.1 * tau, -3.4)
    roots = math.sqrt(path.effective_tx_m) + math.sqrt(path.effective_rx_m)
    mu2 = min((500.0 * d * d / (path.earth_radius_km * roots * roots)) ** alpha, 1.0)
    mu3 = 1.0
    if path.roughness_m > 10.0:
        inner = min(d - path.tx_horizon_km - path.rx_horizon_km, 40.0)
        mu3 = math.exp(-4.6e-5 * (path.roughness_m - 10.0) * (43.0 + 6.0 * inner))
    # below this floor A(p) has long left the range where ducting could matter, and log10 must not see 0
    beta = max(beta0 * mu2 * mu3, 1e-300)
    log_beta = math.log10(beta)
    fade = (9.51 - 4.8 * log_beta + 0.198 * log_beta**2) * 1e-6 * d**1.13
    gamma = 1.076 / (2.0058 - log_beta) ** 1.012 * math.exp(-fade)
    log_ratio = math.log10(percentage) - log_beta
    return -12.0 + (1.2 + 3.7e-3 * d) * log_ratio + 12.0 * 10.0 ** (gamma * log_ratio)


@njit(cache=True, error_model="numpy", nogil=True)
def ducting_db(path: PathGeometry, given: Conditions, beta0: float) -> float:
    """Loss of ducting and layer reflection (equations 46 to 56)."""
    f = given.frequency_ghz
    tx_km, rx_km = path.tx_horizon_km, path.rx_horizon_km
    low = 45.375 - 137.0 * f + 92.5 * f * f if f < 0.5 else 0.0
    coupling = 102.45 + 20.0 * math.log10(f) + 20.0 * math.log10(tx_km + rx_km) + low
    coupling += site_shielding_db(path.tx_angle_mrad, tx_km, f)
    coupling += site_shielding_db(path.rx_angle_mrad, rx_km, f)
    coupling += coastal_coupling_db(given.tx_coast_km, tx_km, path.tx_masl_m, path.sea_share)
    coupling += coastal_coupling_db(given.rx_coast_km, rx_km, path.rx_masl_m, path.sea_share)
    gamma = 5e-5 * path.earth_radius_km * f ** (1.0 / 3.0)
    angle = 1000.0 * path.distance_km / path.earth_radius_km
    angle += min(path.tx_angle_mrad, 0.1 * tx_km) + min(path.rx_angle_mrad, 0.1 * rx_km)
    return coupling + gamma * angle + ducting_time_db(path, beta0, given.time_percentage)


@njit(cache=True, error_model="numpy", nogil=True)
def diffraction(path: PathGeometry, given: Conditions, is_beta: bool) -> Diffraction:
    """Delta-Bullington diffraction for the median or the beta0 effective earth (section 4.3.4)."""
    radius = BETA_EARTH_RADIUS_KM if is_beta else path.earth_radius_km
    nu = path.nu_beta_m if is_beta else path.nu_m
    smooth_nu = path.smooth_nu_beta_m if is_beta else path.smooth_nu_m
    d, tx, rx = path.distance_km, path.effective_tx_diffraction_m, path.effective_rx_diffraction_m
    if given.is_closed_form:
        smooth_nu = closed_form_nu_m(d, tx, rx, radius)
    scale = 1.0 / math.sqrt(wavelength_m(given.frequency_ghz))
    terrain = bullington_db(nu * scale, d)
    smooth = bullington_db(smooth_nu * scale, d)
    spherical = spherical_db(d, tx, rx, radius, given.frequency_ghz, given.is_vertical, path.sea_share)
    return Diffraction(terrain, smooth, spherical, delta_bullington_db(terrain, smooth, spherical))


@njit(cache=True, error_model="numpy", nogil=True)
def either_db(first: float, second: float, scale: float) -> float:
    """Soft maximum, or minimum for a negative scale, without overflow (equations 60 and 63).

    It is scale ln(exp(first / scale) + exp(second / scale)).
    """
    high, low = (first, second) if (first - second) / scale > 0.0 else (second, first)
    return high + scale * math.log1p(math.exp((low - high) / scale))


@njit(cache=True, error_model="numpy", nogil=True)
def step_down(value: float, centre: float, slope: float) -> float:
    """Smooth step from 1 to 0 (equations 57 and 58)."""
    return 1.0 - 0.5 * (1.0 + math.tanh(slope * (value - centre) / centre))


@njit(cache=True, error_model="numpy", nogil=True)
def combine(path: PathGeometry, given: Conditions) -> Losses:
    """Work out every loss of a path for one carrier, up to L_bc (equations 8 to 63)."""
    f, p = given.frequency_ghz, given.time_percentage
    horizons = path.tx_horizon_km + path.rx_horizon_km
    beta0 = anomalous_time(given.latitude_deg, path.longest_land_km, path.longest_inland_km)
    factor_i = interpolation_factor(p, beta0)
    factor_j = step_down(path.path_angle_mrad, 0.3, 2.4)
    factor_k = step_down(path.distance_km, 20.0, 1.5)
    free = free_space_db(f, path.distance_km, path.tx_masl_m - path.rx_masl_m)
    basic_p = free + multipath_db(horizons, p)
    basic_beta = free + multipath_db(horizons, beta0)
    median = diffraction(path, given, False)
    beta = diffraction(path, given, True)
    diffraction_p = median.total + factor_i * (beta.total - median.total)
    median_loss = free + median.total
    diffraction_loss = basic_p + diffraction_p
    over_land = (1.0 - path.sea_share) * diffraction_p
    least = basic_p + over_land
    if p >= beta0:
        least = median_loss + (basic_beta + over_land - median_loss) * factor_i
    ducting = ducting_db(path, given, beta0)
    anomalous = either_db(ducting, basic_p, 2.5)
    enhanced = diffraction_loss
    if anomalous <= diffraction_loss:
        enhanced = anomalous + (diffraction_loss - anomalous) * factor_k
    modified = enhanced + (least - enhanced) * factor_j
    scatter = troposcatter_db(f, path.distance_km, path.path_angle_mrad, given.n0, p)
    # -5 log10(10^(-0.2 a) + 10^(-0.2 b)) is -s ln(exp(-a/s) + exp(-b/s)) with s = 5 / ln 10
    combined = either_db(scatter, modified, -5.0 / math.log(10.0))
    return Losses(
        beta0,
        factor_i,
        factor_j,
        factor_k,
        free,
        basic_p,
        basic_beta,
        median.terrain,
        median.smooth,
        median.spherical,
        beta.terrain,
        beta.smooth,
        beta.spherical,
        median.total,
        beta.total,
        diffraction_p,
        median_loss,
        diffraction_loss,
        least,
        ducting,
        anomalous,
        enhanced,
        modified,
        scatter,
        combined,
    )
