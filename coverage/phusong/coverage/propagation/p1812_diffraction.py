"""ITU-R P.1812-8 section 4.3: Bullington construction, spherical earth and their combination.

Knife-edge parameters are kept as ``nu sqrt(lambda)`` (name ``nu_m``, unit sqrt(m)): that part of equations 15
and 20 is geometry, so every carrier of a path shares it.
"""

from __future__ import annotations

import math

from numba import njit

from phusong.coverage.propagation.profile import Float64Array

LAND_PERMITTIVITY, LAND_CONDUCTIVITY = 22.0, 0.003
SEA_PERMITTIVITY, SEA_CONDUCTIVITY = 80.0, 5.0
LEAST_GAIN = 10.0**0.1


@njit(cache=True, error_model="numpy", nogil=True)
def wavelength_m(frequency_ghz: float) -> float:
    """Wavelength, with the speed of light as rounded by the Recommendation (Table 5)."""
    return 0.2998 / frequency_ghz


@njit(cache=True, error_model="numpy", nogil=True)
def knife_edge_db(nu: float) -> float:
    """Loss of one knife edge (equation 12)."""
    if nu <= -0.78:
        return 0.0
    shifted = nu - 0.1
    return 6.9 + 20.0 * math.log10(math.sqrt(shifted * shifted + 1.0) + shifted)


@njit(cache=True, error_model="numpy", nogil=True)
def bullington_db(nu: float, distance_km: float) -> float:
    """Bullington loss from the parameter of its single edge (equation 21)."""
    edge = knife_edge_db(nu)
    return edge + (1.0 - math.exp(-edge / 6.0)) * (10.0 + 0.02 * distance_km)


@njit(cache=True, error_model="numpy", nogil=True)
def line_of_sight_nu_m(
    distance_km: Float64Array, surface_m: Float64Array, tx_masl: float, rx_masl: float, radius_km: float
) -> tuple[float, int]:
    """Greatest edge parameter of the profile points and the last point that has it (equation 15)."""
    last = distance_km.size - 1
    length = distance_km[last]
    nu, index = -math.inf, 0
    for i in range(1, last):
        d = distance_km[i]
        rest = length - d
        bulge = 500.0 * d * rest / radius_km
        above = surface_m[i] + bulge - (tx_masl * rest + rx_masl * d) / length
        here = above * math.sqrt(0.002 * length / (d * rest))
        if here >= nu:
            nu, index = here, i
    return nu, index


@njit(cache=True, error_model="numpy", nogil=True)
def crossing_nu_m(tx_rise: float, rx_rise: float, distance_km: float) -> float:
    """Edge parameter where the two horizon rays cross (equations 18 to 20).

    With A and B the slopes of the rays above the direct line, the equations collapse to
    nu = sqrt(0.002 d A B / lambda), which loses no digits near grazing.
    """
    return math.sqrt(max(0.002 * distance_km * tx_rise * rx_rise, 0.0))


@njit(cache=True, error_model="numpy", nogil=True)
def bullington_nu_m(
    distance_km: Float64Array, surface_m: Float64Array, tx_masl: float, rx_masl: float, radius_km: float
) -> tuple[float, int]:
    """Edge parameter of the Bullington construction (equations 13 to 20).

    Returns the parameter and, in line of sight, the profile point that sets it (else the transmitter's
    horizon).
    """
    last = distance_km.size - 1
    length = distance_km[last]
    direct = (rx_masl - tx_masl) / length
    tx_slope = rx_slope = -math.inf
    index = 0
    for i in range(1, last):
        d = distance_km[i]
        rest = length - d
        bulged = surface_m[i] + 500.0 * d * rest / radius_km
        slope = (bulged - tx_masl) / d
        if slope > tx_slope:
            tx_slope, index = slope, i
        rx_slope = max(rx_slope, (bulged - rx_masl) / rest)
    if tx_slope < direct:
        return line_of_sight_nu_m(distance_km, surface_m, tx_masl, rx_masl, radius_km)
    return crossing_nu_m(tx_slope - direct, rx_slope + direct, length), index


@njit(cache=True, error_model="numpy", nogil=True)
def smooth_profile_nu_m(distance_km: Float64Array, tx_m: float, rx_m: float, radius_km: float) -> float:
    """Edge parameter of the smooth earth on the profile's own points (section 4.3.4, main text).

    The smooth earth is a profile of height zero seen from the effective heights (equation 37).
    """
    last = distance_km.size - 1
    length = distance_km[last]
    direct = (rx_m - tx_m) / length
    tx_slope = rx_slope = nu = -math.inf
    for i in range(1, last):
        d = distance_km[i]
        rest = length - d
        bulge = 500.0 * d * rest / radius_km
        tx_slope = max(tx_slope, (bulge - tx_m) / d)
        rx_slope = max(rx_slope, (bulge - rx_m) / rest)
        above = bulge - (tx_m * rest + rx_m * d) / length
        nu = max(nu, above * math.sqrt(0.002 * length / (d * rest)))
    if tx_slope < direct:
        return nu
    return crossing_nu_m(tx_slope - direct, rx_slope + direct, length)


@njit(cache=True, error_model="numpy", nogil=True)
def sight_limit_km(tx_m: float, rx_m: float, radius_km: float) -> float:
    """Marginal line-of-sight distance of the smooth earth (equation 22)."""
    return math.sqrt(2.0 * radius_km) * (math.sqrt(0.001 * tx_m) + math.sqrt(0.001 * rx_m))


@njit(cache=True, error_model="numpy", nogil=True)
def least_clearance(
    distance_km: float, tx_m: float, rx_m: float, radius_km: float
) -> tuple[float, float, float]:
    """Smallest height of the ray above the smooth earth, in m, and its distances (equations 23 and 24)."""
    total = tx_m + rx_m
    c = (tx_m - rx_m) / total
    m = 250.0 * distance_km * distance_km / (radius_km * total)
    # b is the root of m b^3 - (m + 1) b + c = 0 in [0, 1]; Newton's steps stand for arccos and cos
    b = c / (1.0 + m)
    for _ in range(8):
        shift = (m * b * b * b - (m + 1.0) * b + c) / (3.0 * m * b * b - (m + 1.0))
        b -= shift
        if abs(shift) < 1e-6:  # Newton squares the error: the next step would be the last digit
            break
    near = 0.5 * distance_km * (1.0 + b)
    rest = distance_km - near
    tx_part = (tx_m - 500.0 * near * near / radius_km) * rest
    rx_part = (rx_m - 500.0 * rest * rest / radius_km) * near
    return (tx_part + rx_part) / distance_km, near, rest


@njit(cache=True, error_model="numpy", nogil=True)
def closed_form_nu_m(distance_km: float, tx_m: float, rx_m: float, radius_km: float) -> float:
    """Edge parameter of the smooth earth without the profile (Attachment 4)."""
    if distance_km < sight_limit_km(tx_m, rx_m, radius_km):
        clearance, near, rest = least_clearance(distance_km, tx_m, rx_m, radius_km)
        return -clearance * math.sqrt(0.002 * distance_km / (near * rest))
    curvature = 500.0 / radius_km
    tx_slope = curvature * distance_km - 2.0 * math.sqrt(curvature * tx_m)
    rx_slope = curvature * distance_km - 2.0 * math.sqrt(curvature * rx_m)
    direct = (rx_m - tx_m) / distance_km
    return crossing_nu_m(tx_slope - direct, rx_slope + direct, distance_km)


@njit(cache=True, error_model="numpy", nogil=True)
def height_gain(height: float, beta: float, admittance: float) -> tuple[float, float]:
    """Height gain of one terminal, as a factor and the decibels to add to it (equations 34 and 35).

    The floor 2 + 20 log K is that of the factor 10^0.1 K; it cannot bind above B = 2.
    """
    b = beta * height
    if b > 2.0:
        return 1.0 / math.sqrt(math.sqrt(b - 1.1)), 17.6 * math.sqrt(b - 1.1) - 8.0
    return max(b + 0.1 * b * b * b, LEAST_GAIN * admittance), 0.0


@njit(cache=True, error_model="numpy", nogil=True)
def ground_admittance(frequency_ghz: float, is_vertical: bool, is_sea: bool) -> float:
    """Normalised surface admittance times (a f)^(1/3): what the ground and carrier decide (equation 29)."""
    permittivity = SEA_PERMITTIVITY if is_sea else LAND_PERMITTIVITY
    loss_term = 18.0 * (SEA_CONDUCTIVITY if is_sea else LAND_CONDUCTIVITY) / frequency_ghz
    admittance = 0.036 * ((permittivity - 1.0) ** 2 + loss_term**2) ** -0.25
    if is_vertical:
        admittance *= math.sqrt(permittivity**2 + loss_term**2)
    return admittance


@njit(cache=True, error_model="numpy", nogil=True)
def first_term_over_db(  # noqa: PLR0917 - kernels take no keyword-only options
    distance_km: float, tx_m: float, rx_m: float, radius_km: float, frequency_ghz: float, ground: float
) -> float:
    """First-term spherical-earth loss over one kind of ground (equations 29 to 36)."""
    return first_term_from_root_db(
        distance_km, tx_m, rx_m, radius_km, (radius_km * frequency_ghz) ** (1.0 / 3.0), ground
    )


@njit(cache=True, error_model="numpy", nogil=True)
def first_term_from_root_db(  # noqa: PLR0917 - kernels take no keyword-only options
    distance_km: float, tx_m: float, rx_m: float, radius_km: float, root: float, ground: float
) -> float:
    """First-term loss given (a f)^(1/3); the decibels of factors are taken of their product, once."""
    admittance = ground / root
    square = admittance * admittance
    fourth = square * square
    beta = (1.0 + 1.6 * square + 0.67 * fourth) / (1.0 + 4.5 * square + 1.53 * fourth)
    # (f / a^2)^(1/3) and (f^2 / a)^(1/3) of equations 31 and 32, from the one root
    per_radius = root / radius_km
    x = 21.88 * beta * per_radius * distance_km
    scale = 0.9575 * beta * root * per_radius
    tx_factor, tx_more = height_gain(scale * tx_m, beta, admittance)
    rx_factor, rx_more = height_gain(scale * rx_m, beta, admittance)
    factor, more = tx_factor * rx_factor, tx_more + rx_more
    if x >= 1.6:
        return 17.6 * x - 11.0 - 10.0 * math.log10(x * factor * factor) - more
    log_x = math.log(x)
    return 5.6488 * math.exp(1.425 * log_x) - 20.0 * math.log10(factor / x) - more


@njit(cache=True, error_model="numpy", nogil=True)
def first_term_db(  # noqa: PLR0917 - kernels take no keyword-only options
    distance_km: float,
    tx_m: float,
    rx_m: float,
    radius_km: float,
    frequency_ghz: float,
    is_vertical: bool,
    sea_share: float,
) -> float:
    """First-term spherical-earth loss, weighed by the share of sea (equation 28)."""
    loss = 0.0
    if sea_share < 1.0:
        ground = ground_admittance(frequency_ghz, is_vertical, False)
        land = first_term_over_db(distance_km, tx_m, rx_m, radius_km, frequency_ghz, ground)
        loss += (1.0 - sea_share) * land
    if sea_share > 0.0:
        ground = ground_admittance(frequency_ghz, is_vertical, True)
        sea = first_term_over_db(distance_km, tx_m, rx_m, radius_km, frequency_ghz, ground)
        loss += sea_share * sea
    return loss


@njit(cache=True, error_model="numpy", nogil=True)
def needed_clearance(distance_km: float, near: float, rest: float) -> float:
    """Clearance at which diffraction ends, less its factor sqrt(lambda) (equation 25)."""
    return 17.456 * math.sqrt(near * rest / distance_km)


@njit(cache=True, error_model="numpy", nogil=True)
def grazing_radius_km(distance_km: float, tx_m: float, rx_m: float) -> float:
    """Effective earth radius that would put the receiver on the horizon (equation 26)."""
    return 500.0 * (distance_km / (math.sqrt(tx_m) + math.sqrt(rx_m))) ** 2


@njit(cache=True, error_model="numpy", nogil=True)
def spherical_db(  # noqa: PLR0917 - kernels take no keyword-only options
    distance_km: float,
    tx_m: float,
    rx_m: float,
    radius_km: float,
    frequency_ghz: float,
    is_vertical: bool,
    sea_share: float,
) -> float:
    """Diffraction loss of the spherical earth (section 4.3.2, equations 22 to 27)."""
    if distance_km >= sight_limit_km(tx_m, rx_m, radius_km):
        return first_term_db(distance_km, tx_m, rx_m, radius_km, frequency_ghz, is_vertical, sea_share)
    clearance, near, rest = least_clearance(distance_km, tx_m, rx_m, radius_km)
    needed = needed_clearance(distance_km, near, rest) * math.sqrt(wavelength_m(frequency_ghz))
    if clearance > needed:
        return 0.0
    grazing_km = grazing_radius_km(distance_km, tx_m, rx_m)
    loss = first_term_db(distance_km, tx_m, rx_m, grazing_km, frequency_ghz, is_vertical, sea_share)
    return (1.0 - clearance / needed) * max(loss, 0.0)


@njit(cache=True, error_model="numpy", nogil=True)
def delta_bullington_db(terrain_db: float, smooth_db: float, spherical: float) -> float:
    """Complete diffraction loss (equation 39)."""
    return terrain_db + max(spherical - smooth_db, 0.0)
