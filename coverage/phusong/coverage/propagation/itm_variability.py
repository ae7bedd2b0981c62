"""ITM: how the loss varies over time, locations and situations (Hufford, *The Algorithm*, section 5).

Deviates are those of the complementary normal distribution: positive for shares under one half, for which the
loss is less than its median. Lengths in metres.
"""

from __future__ import annotations

import math

from numba import njit

from phusong.coverage.propagation.itm_conditions import Conditions
from phusong.coverage.propagation.itm_terrain import Link, irregularity_at_m

# One row a climate: equatorial, continental subtropical, maritime subtropical, desert, continental temperate,
# maritime temperate over land, maritime temperate over sea. Columns c1, c2 (dB), x1, x2, x3 (km).
_MEDIAN = (
    (-9.67, 12.7, 144.9, 190.3, 133.8),
    (-0.62, 9.19, 228.9, 205.2, 143.6),
    (1.26, 15.5, 262.6, 185.2, 99.8),
    (-9.21, 9.05, 84.1, 101.1, 98.6),
    (-0.62, 9.19, 228.9, 205.2, 143.6),
    (-0.39, 2.86, 141.7, 315.9, 167.4),
    (3.15, 857.9, 2222.0, 164.8, 116.3),
)
_WORSE = (
    (2.13, 159.5, 762.2, 123.6, 94.5),
    (2.66, 7.67, 100.4, 172.5, 136.4),
    (6.11, 6.65, 138.2, 242.2, 178.6),
    (1.98, 13.11, 139.1, 132.7, 193.5),
    (2.68, 7.16, 93.7, 186.8, 133.5),
    (6.86, 10.38, 187.8, 169.6, 108.9),
    (8.51, 169.8, 609.8, 119.9, 106.6),
)
_BETTER = (
    (2.11, 102.3, 636.9, 134.8, 95.6),
    (6.87, 15.53, 138.7, 143.7, 98.6),
    (10.08, 9.60, 165.3, 225.7, 129.7),
    (3.68, 159.3, 464.4, 93.1, 94.2),
    (4.75, 8.12, 93.2, 135.9, 113.4),
    (8.58, 13.97, 216.0, 152.0, 122.7),
    (8.43, 8.19, 136.2, 188.5, 122.9),
)
# Share of the deviation, and the deviate, at which ducting takes over (table 5.1).
_DUCTING = (
    (1.224, 1.282),
    (0.801, 2.161),
    (1.380, 1.282),
    (1.000, 20.0),
    (1.224, 1.282),
    (1.518, 1.282),
    (1.518, 1.282),
)
# Frequency factors for losses worse and better than the median.
_FREQUENCY = (
    (1.0, 0.0, 0.0, 1.0, 0.0, 0.0),
    (1.0, 0.0, 0.0, 0.93, 0.31, 2.00),
    (1.0, 0.0, 0.0, 1.0, 0.0, 0.0),
    (1.0, 0.0, 0.0, 0.93, 0.19, 1.79),
    (0.92, 0.25, 1.77, 0.93, 0.31, 2.00),
    (1.0, 0.0, 0.0, 1.0, 0.0, 0.0),
    (1.0, 0.0, 0.0, 1.0, 0.0, 0.0),
)

SINGLE_MESSAGE = 0
ACCIDENTAL = 1
MOBILE = 2
WITHOUT_LOCATION = 10
WITHOUT_SITUATION = 20
EXTREME_DEVIATE = 3.1


@njit(cache=True, error_model="numpy", nogil=True)
def _curve(row: tuple[float, float, float, float, float], distance_km: float) -> float:
    """Climate curve over the effective distance (equation 5.5)."""
    c1, c2, x1, x2, x3 = row
    near = (distance_km / x1) ** 2
    return (c1 + c2 / (1.0 + ((distance_km - x2) / x3) ** 2)) * near / (1.0 + near)


@njit(cache=True, error_model="numpy", nogil=True)
def _effective_distance_m(link: Link, number_per_m: float) -> float:
    """Distance scaled by how far the antennas reach (equations 5.3 and 5.4)."""
    reach_m = (
        math.sqrt(18e6 * link.tx_effective_m)
        + math.sqrt(18e6 * link.rx_effective_m)
        + (575.7e12 / number_per_m) ** (1.0 / 3.0)
    )
    if link.distance_m < reach_m:
        return 130e3 * link.distance_m / reach_m
    return 130e3 + link.distance_m - reach_m


@njit(cache=True, error_model="numpy", nogil=True)
def _time_deviation_db(climate: int, distance_km: float, number_per_m: float, z_time: float) -> float:
    """Return the standard deviation over time on the side of the median that is asked (5.6 to 5.8)."""
    worse1, worse2, worse3, better1, better2, better3 = _FREQUENCY[climate]
    octaves = math.log(0.133 * number_per_m)
    if z_time < 0.0:
        factor = worse1 + worse2 / ((worse3 * octaves) ** 2 + 1.0)
        return factor * _curve(_WORSE[climate], distance_km)
    factor = better1 + better2 / ((better3 * octaves) ** 2 + 1.0)
    deviation = factor * _curve(_BETTER[climate], distance_km)
    ducting, threshold = _DUCTING[climate]
    if z_time <= threshold:
        return deviation
    return deviation * (ducting + (1.0 - ducting) * threshold / z_time)


@njit(cache=True, error_model="numpy", nogil=True)
def varied_attenuation_db(reference_db: float, link: Link, number_per_m: float, given: Conditions) -> float:
    """Attenuation below free space, not exceeded in the shares that the deviates stand for.

    Equations 5.1, 5.2 and 5.9 to 5.11.

    Parameters
    ----------
    reference_db : float
        Reference attenuation, dB.
    link : Link
    number_per_m : float
        Wave number.
    given : Conditions
    """
    climate = given.climate
    z_time, z_location, z_situation = given.z_time, given.z_location, given.z_situation
    mode = given.mdvar % 10
    without = given.mdvar - mode
    if mode == SINGLE_MESSAGE:
        z_time = z_location = z_situation
    elif mode == ACCIDENTAL:
        z_location = z_situation
    elif mode == MOBILE:
        z_location = z_time
    effective_m = _effective_distance_m(link, number_per_m)
    median = _curve(_MEDIAN[climate - 1], 1e-3 * effective_m)
    time = _time_deviation_db(climate - 1, 1e-3 * effective_m, number_per_m, z_time)
    location = 0.0
    if without % WITHOUT_SITUATION < WITHOUT_LOCATION:
        rugged = irregularity_at_m(link.irregularity_m, link.distance_m) * number_per_m
        location = 10.0 * rugged / (rugged + 13.0)
    own = 0.0
    if without < WITHOUT_SITUATION:
        own = (5.0 + 3.0 * math.exp(-effective_m / 100e3)) ** 2
    confusion = 7.8 + z_situation**2
    situation = (
        own + (time * z_time) ** 2 / confusion + (location * z_location) ** 2 / (24.0 + z_situation**2)
    )
    if mode == SINGLE_MESSAGE:
        known = 0.0
        spread = math.sqrt(time**2 + location**2 + situation)
    elif mode == ACCIDENTAL:
        known = time * z_time
        spread = math.sqrt(location**2 + situation)
    elif mode == MOBILE:
        known = math.sqrt(time**2 + location**2) * z_time
        spread = math.sqrt(situation)
    else:
        known = time * z_time + location * z_location
        spread = math.sqrt(situation)
    loss = reference_db - median - known - spread * z_situation
    # far above free space is more than there can be (equation 5.2)
    return loss if loss >= 0.0 else loss * (29.0 - loss) / (29.0 - 10.0 * loss)
