"""ITM: the reference attenuation over terrain (Hufford, *The Algorithm*, sections 1, 4 and 6).

Below free space, for median conditions: line of sight up to the smooth-earth horizon, then diffraction, then
troposcatter. Lengths in metres, angles in radians, attenuations in dB; logarithms to base 10 where the
equations give decibels.
"""

from __future__ import annotations

import cmath
import math
from typing import NamedTuple

from numba import njit

from phusong.coverage.propagation.itm_conditions import Conditions
from phusong.coverage.propagation.itm_terrain import Link, irregularity_at_m, smooth_horizon_m

LINE_OF_SIGHT = 1
DIFFRACTION = 2
TROPOSCATTER = 3

WAVE_NUMBER_MHZ_M = 47.7
# A under equation 4.20, there rounded to 151.03: here from Vogler's own units (MHz, km, radii in 4/3 of
# 6,370 km), 150.97, with which the NTIA's answers are met to their last digit
EARTH_SCALE = WAVE_NUMBER_MHZ_M ** (1.0 / 3.0) * (6_370e3 * 4.0 / 3.0) ** (2.0 / 3.0) / 1_000.0
SCATTER_UNDEFINED_DB = 1_001.0
_NO_HISTORY_DB = -15.0


class Wave(NamedTuple):
    """What the carrier and the ground under it decide.

    Attributes
    ----------
    number_per_m : float
        Wave number k (equation 1.1).
    impedance : complex
        Surface transfer impedance of the ground Z_g (equations 1.4 and 1.5), as a share of free space's.
    """

    number_per_m: float
    impedance: complex


class DiffractionLine(NamedTuple):
    """Diffraction attenuation as a straight line over distance (equations 4.2 to 4.8).

    Attributes
    ----------
    level_db, slope_db_per_m : float
        A_ed and m_d.
    scale_m : float
        Length X_ae over which the bulge of the Earth counts.
    """

    level_db: float
    slope_db_per_m: float
    scale_m: float


@njit(cache=True, error_model="numpy", nogil=True)
def wave(given: Conditions) -> Wave:
    """Wave number and surface transfer impedance (equations 1.1, 1.4, 1.5)."""
    number = given.frequency_mhz / WAVE_NUMBER_MHZ_M
    permittivity = complex(given.epsilon, 376.62 * given.sigma / number)
    impedance = cmath.sqrt(permittivity - 1.0)
    if given.is_vertical:
        impedance /= permittivity
    return Wave(number, impedance)


@njit(cache=True, error_model="numpy", nogil=True)
def reference_attenuation_db(link: Link, carrier: Wave) -> tuple[float, int]:
    """Attenuation below free space, and which mechanism gives it (equation 4.1)."""
    smooth_m = smooth_horizon_m(link.tx_effective_m, link.curvature_per_m) + smooth_horizon_m(
        link.rx_effective_m, link.curvature_per_m
    )
    horizon_m = link.tx_horizon_m + link.rx_horizon_m
    angle = max(link.tx_angle_rad + link.rx_angle_rad, -horizon_m * link.curvature_per_m)
    scale_m = (carrier.number_per_m * link.curvature_per_m**2) ** (-1.0 / 3.0)  # X_ae, equation 4.2
    near_m = max(smooth_m, horizon_m + 1.3787 * scale_m)  # equations 4.3 and 4.4
    far_m = near_m + 2.7574 * scale_m
    near_db = _diffraction_db(link, carrier, near_m, smooth_m, angle)
    far_db = _diffraction_db(link, carrier, far_m, smooth_m, angle)
    slope = (far_db - near_db) / (far_m - near_m)  # equations 4.7 and 4.8
    line = DiffractionLine(near_db - slope * near_m, slope, scale_m)
    if link.distance_m < smooth_m:
        return max(_line_of_sight_db(link, carrier, line, smooth_m), 0.0), LINE_OF_SIGHT
    loss, mechanism = _beyond_horizon_db(link, carrier, line, smooth_m, angle)
    return max(loss, 0.0), mechanism


@njit(cache=True, error_model="numpy", nogil=True)
def _diffraction_db(link: Link, carrier: Wave, at_m: float, smooth_m: float, angle_rad: float) -> float:
    """Diffraction attenuation at a distance beyond the horizons (equations 4.9 to 4.20)."""
    k = carrier.number_per_m
    horizon_m = link.tx_horizon_m + link.rx_horizon_m
    bend = angle_rad + at_m * link.curvature_per_m
    between_m = at_m - horizon_m
    # clutter near the antennas, equation 4.10
    roughness = _roughness_m(irregularity_at_m(link.irregularity_m, smooth_m))
    ground = link.tx_height_m * link.rx_height_m
    clutter = min(15.0, 5.0 * math.log10(1.0 + 4.77e-4 * ground * k * roughness))
    # two knife edges, equations 4.12 to 4.14
    nu2 = k * between_m * bend * bend / (4.0 * math.pi)
    edges = _knife_edge_db(nu2 * link.tx_horizon_m / (between_m + link.tx_horizon_m)) + _knife_edge_db(
        nu2 * link.rx_horizon_m / (between_m + link.rx_horizon_m)
    )
    # the rounded earth between them, equations 4.15 to 4.20
    radius_m = between_m / bend
    stretch, _ = _earth_scale(k, radius_m, carrier.impedance)
    x = stretch * bend
    gains = 20.0
    for side in range(2):
        reach_m = link.tx_horizon_m if side == 0 else link.rx_horizon_m
        height_m = link.tx_effective_m if side == 0 else link.rx_effective_m
        own_radius_m = 0.5 * reach_m * reach_m / height_m
        own_stretch, own_share = _earth_scale(k, own_radius_m, carrier.impedance)
        own_x = own_stretch * reach_m / own_radius_m
        x += own_x
        gains += _height_gain_db(own_x, own_share)
    rounded = 0.05751 * x - 10.0 * math.log10(x) - gains
    # weight between the two, equation 4.9 for a known path; their sum is equation 4.11
    heights = (link.tx_effective_m * link.rx_effective_m + 10.0) / (ground + 10.0)
    ruggedness = min(irregularity_at_m(link.irregularity_m, at_m) * k, 6_283.2)
    q = (math.sqrt(heights) + (horizon_m + angle_rad / link.curvature_per_m) / at_m) * ruggedness
    weight = 25.1 / (25.1 + math.sqrt(q))
    return weight * rounded + (1.0 - weight) * edges + clutter


@njit(cache=True, error_model="numpy", nogil=True)
def _earth_scale(k: float, radius_m: float, impedance: complex) -> tuple[float, float]:
    """Normalised distance a radian on an earth of such a radius, and K of its ground (4.16 to 4.18)."""
    wide = (radius_m * k) ** (1.0 / 3.0)
    share = 1.0 / (abs(impedance) * wide)
    return (1.607 - share) * EARTH_SCALE * wide, share


@njit(cache=True, error_model="numpy", nogil=True)
def _roughness_m(irregularity_m: float) -> float:
    """Root mean square deviation of terrain within a first Fresnel zone, sigma_h (equation 3.10)."""
    return 0.78 * irregularity_m * math.exp(-((irregularity_m / 16.0) ** 0.25))


@njit(cache=True, error_model="numpy", nogil=True)
def _knife_edge_db(nu2: float) -> float:
    """Fresnel attenuation over a knife edge as a function of nu squared (equation 6.1)."""
    if nu2 < 5.76:
        return 6.02 + 9.11 * math.sqrt(nu2) - 1.27 * nu2
    return 12.953 + 10.0 * math.log10(nu2)


@njit(cache=True, error_model="numpy", nogil=True)
def _height_gain_db(x: float, share: float) -> float:
    """Height gain over a smooth spherical earth, F(x, K) (equations 6.3 to 6.6)."""
    if x >= 2_000.0:
        return 0.05751 * x - 10.0 * math.log10(x)
    low = 40.0 * math.log10(max(x, 1.0)) - 117.0
    if x >= 200.0:
        weight = 0.0134 * x * math.exp(-0.005 * x)
        return (1.0 - weight) * (0.05751 * x - 10.0 * math.log10(x)) + weight * low
    if share < 1e-5 or x * (-math.log(share)) ** 3 > 5_495.0:
        return low
    return 2.5e-5 * x * x / share + 20.0 * math.log10(share) - 15.0


@njit(cache=True, error_model="numpy", nogil=True)
def _two_ray_db(link: Link, carrier: Wave, line: DiffractionLine, smooth_m: float, at_m: float) -> float:
    """Attenuation in line of sight: two rays and extended diffraction (equations 4.43 to 4.51)."""
    k = carrier.number_per_m
    roughness = _roughness_m(irregularity_at_m(link.irregularity_m, at_m))
    heights_m = link.tx_effective_m + link.rx_effective_m
    grazing = heights_m / math.hypot(at_m, heights_m)
    reflected = (grazing - carrier.impedance) / (grazing + carrier.impedance)
    reflected *= math.exp(-min(10.0, k * roughness * grazing))
    strength = reflected.real**2 + reflected.imag**2
    if strength < 0.25 or strength < grazing:
        reflected *= math.sqrt(grazing / strength)
    lag = 2.0 * k * link.tx_effective_m * link.rx_effective_m / at_m
    if lag > 1.57:
        lag = 3.14 - 2.4649 / lag
    rays = abs(complex(math.cos(lag), -math.sin(lag)) + reflected)
    weight = 1.0 / (1.0 + WAVE_NUMBER_MHZ_M * k * link.irregularity_m / max(10e3, smooth_m))
    diffracted = line.level_db + line.slope_db_per_m * at_m
    return weight * -20.0 * math.log10(rays) + (1.0 - weight) * diffracted


@njit(cache=True, error_model="numpy", nogil=True)
def _line_of_sight_db(link: Link, carrier: Wave, line: DiffractionLine, smooth_m: float) -> float:
    """Attenuation before the smooth-earth horizon: a curve through three points (equations 4.28 to 4.42)."""
    horizon_m = link.tx_horizon_m + link.rx_horizon_m
    last_db = line.level_db + smooth_m * line.slope_db_per_m
    first_m = 1.908 * carrier.number_per_m * link.tx_effective_m * link.rx_effective_m
    if line.level_db >= 0.0:
        first_m = min(first_m, 0.5 * horizon_m)
        middle_m = first_m + 0.25 * (horizon_m - first_m)
    else:
        middle_m = max(-line.level_db / line.slope_db_per_m, 0.25 * horizon_m)
    middle_db = _two_ray_db(link, carrier, line, smooth_m, middle_m)
    per_m, per_fold = 0.0, 0.0
    is_curved = False
    if first_m < middle_m:
        first_db = _two_ray_db(link, carrier, line, smooth_m, first_m)
        folds = math.log(smooth_m / first_m)
        above = (smooth_m - first_m) * (middle_db - first_db) - (middle_m - first_m) * (last_db - first_db)
        below = (smooth_m - first_m) * math.log(middle_m / first_m) - (middle_m - first_m) * folds
        per_fold = max(0.0, above / below)
        is_curved = line.level_db >= 0.0 or per_fold > 0.0
        if is_curved:
            per_m = (last_db - first_db - per_fold * folds) / (smooth_m - first_m)
            if per_m < 0.0:
                per_m = 0.0
                per_fold = max(last_db - first_db, 0.0) / folds
                if per_fold == 0.0:
                    per_m = line.slope_db_per_m
    if not is_curved:
        per_fold = 0.0
        per_m = max(last_db - middle_db, 0.0) / (smooth_m - middle_m)
        if per_m == 0.0:
            per_m = line.slope_db_per_m
    level = last_db - per_m * smooth_m - per_fold * math.log(smooth_m)
    return level + per_m * link.distance_m + per_fold * math.log(link.distance_m)


@njit(cache=True, error_model="numpy", nogil=True)
def _beyond_horizon_db(
    link: Link, carrier: Wave, line: DiffractionLine, smooth_m: float, angle_rad: float
) -> tuple[float, int]:
    """Diffraction or, further out, troposcatter (equations 4.52 to 4.59)."""
    horizon_m = link.tx_horizon_m + link.rx_horizon_m
    near_m = horizon_m + 200e3
    far_m = near_m + 200e3
    far_db, history = _scatter_db(link, carrier, far_m, angle_rad, _NO_HISTORY_DB)
    near_db, _ = _scatter_db(link, carrier, near_m, angle_rad, history)
    diffracted = line.level_db + line.slope_db_per_m * link.distance_m
    if near_db >= 1_000.0:
        return diffracted, DIFFRACTION
    slope = (far_db - near_db) / 200e3
    meeting_m = (near_db - line.level_db - slope * near_m) / (line.slope_db_per_m - slope)
    least_m = horizon_m + 0.3 * line.scale_m * math.log(WAVE_NUMBER_MHZ_M * carrier.number_per_m)
    change_m = max(smooth_m, least_m, meeting_m)
    if link.distance_m <= change_m:
        return diffracted, DIFFRACTION
    level = (line.slope_db_per_m - slope) * change_m + line.level_db
    return level + slope * link.distance_m, TROPOSCATTER


@njit(cache=True, error_model="numpy", nogil=True)
def _scatter_db(
    link: Link, carrier: Wave, at_m: float, angle_rad: float, history_db: float
) -> tuple[float, float]:
    """Troposcatter attenuation (equations 4.60 to 4.68) and its frequency gain H_0, kept for the next call.

    The farther point is asked first; where the gain of the nearer one would pass 15 dB, that of the farther
    one stands in.
    """
    k = carrier.number_per_m
    if history_db > 15.0:
        gain = history_db
    else:
        bend = link.tx_angle_rad + link.rx_angle_rad + at_m * link.curvature_per_m
        tx_r = 2.0 * k * bend * link.tx_effective_m
        rx_r = 2.0 * k * bend * link.rx_effective_m
        if tx_r < 0.2 and rx_r < 0.2:
            return SCATTER_UNDEFINED_DB, history_db
        gain = _frequency_gain_db(link, at_m, bend, tx_r, rx_r)
        if gain > 15.0 and history_db >= 0.0:
            gain = history_db
    bend = angle_rad + at_m * link.curvature_per_m
    spread = 10.0 * math.log10(WAVE_NUMBER_MHZ_M * k * bend**4)
    weather = 0.1 * (link.refractivity - 301.0) * math.exp(-bend * at_m / 40e3)
    return _scatter_function_db(bend * at_m) + spread - weather + gain, gain


@njit(cache=True, error_model="numpy", nogil=True)
def _frequency_gain_db(link: Link, at_m: float, bend_rad: float, tx_r: float, rx_r: float) -> float:
    """Frequency gain function H_0 (equations 4.64 to 4.67 and 6.10 to 6.14)."""
    uneven_m = abs(link.tx_horizon_m - link.rx_horizon_m)
    ratio = link.rx_effective_m / link.tx_effective_m
    if link.tx_horizon_m < link.rx_horizon_m:
        ratio = 1.0 / ratio
    asymmetry = (at_m - uneven_m) / (at_m + uneven_m)
    q = min(max(0.1, ratio / asymmetry), 10.0)
    asymmetry = max(0.1, asymmetry)
    crossing_m = (at_m - uneven_m) * (at_m + uneven_m) * bend_rad * 0.25 / at_m
    n = link.refractivity
    dryness = 0.031 - n * 2.32e-3 + n * n * 5.67e-6
    efficiency = (dryness * math.exp(-(min(1.7, crossing_m / 8.0e3) ** 6)) + 1.0) * crossing_m / 1.7556e3
    held = max(efficiency, 1.0)
    gain = 0.5 * (_gain_curve_db(tx_r, held) + _gain_curve_db(rx_r, held))
    gain += min(gain, (1.38 - math.log(held)) * math.log(asymmetry) * math.log(q) * 0.49)
    gain = max(gain, 0.0)
    if efficiency < 1.0:
        both = (1.0 + math.sqrt(2.0) / tx_r) * (1.0 + math.sqrt(2.0) / rx_r)
        share = (tx_r + rx_r) / (tx_r + rx_r + 2.0 * math.sqrt(2.0))
        gain = efficiency * gain + (1.0 - efficiency) * 10.0 * math.log10(both * both * share)
    return gain


@njit(cache=True, error_model="numpy", nogil=True)
def _gain_curve_db(r: float, efficiency: float) -> float:
    """H_01 between its curves for whole scatter efficiencies 1 to 5 (equation 6.13)."""
    fourth = (25.0, 80.0, 177.0, 395.0, 705.0)
    second = (24.0, 45.0, 68.0, 80.0, 105.0)
    lower = min(max(int(efficiency), 1), 5)
    share = efficiency - lower if lower < 5 else 0.0
    x = 1.0 / (r * r)
    gain = 10.0 * math.log10((fourth[lower - 1] * x + second[lower - 1]) * x + 1.0)
    if share > 0.0:
        next_gain = 10.0 * math.log10((fourth[lower] * x + second[lower]) * x + 1.0)
        gain = (1.0 - share) * gain + share * next_gain
    return gain


@njit(cache=True, error_model="numpy", nogil=True)
def _scatter_function_db(bend_m: float) -> float:
    """Attenuation function F(theta d) for a refractivity of 301 (equations 6.8 and 6.9)."""
    if bend_m <= 10e3:
        return 133.4 + 0.332e-3 * bend_m - 10.0 * math.log10(bend_m)
    if bend_m <= 70e3:
        return 104.6 + 0.212e-3 * bend_m - 2.5 * math.log10(bend_m)
    return 71.8 + 0.157e-3 * bend_m + 5.0 * math.log10(bend_m)
