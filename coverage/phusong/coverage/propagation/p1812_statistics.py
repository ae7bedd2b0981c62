"""ITU-R P.1812-8: the normal distribution of Attachment 2 and the anomalous-propagation share beta0."""

from __future__ import annotations

import math

from numba import njit


@njit(cache=True, error_model="numpy", nogil=True)
def _upper_tail(x: float) -> float:
    t = math.sqrt(-2.0 * math.log(x))
    numerator = (0.010328 * t + 0.802853) * t + 2.515516698
    denominator = ((0.001308 * t + 0.189269) * t + 1.432788) * t + 1.0
    return t - numerator / denominator


@njit(cache=True, error_model="numpy", nogil=True)
def inverse_normal(share: float) -> float:
    """Inverse complementary cumulative normal distribution I(x) (Attachment 2).

    Parameters
    ----------
    share : float
        Probability of being exceeded, 0..1; held within 1e-6 of both ends.
    """
    x = min(max(share, 1e-6), 1.0 - 1e-6)
    return _upper_tail(x) if x <= 0.5 else -_upper_tail(1.0 - x)


@njit(cache=True, error_model="numpy", nogil=True)
def anomalous_time(latitude_deg: float, longest_land_km: float, longest_inland_km: float) -> float:
    """Share beta0, per cent, of time with strong super-refraction near the ground (equations 2 to 5)."""
    tau = inland_weight(longest_inland_km)
    distant = 10.0 ** (-longest_land_km / (16.0 - 6.6 * tau))
    mu1 = min((distant + 10.0 ** (-5.0 * (0.496 + 0.354 * tau))) ** 0.2, 1.0)
    latitude = abs(latitude_deg)
    if latitude <= 70.0:
        mu4 = mu1 ** (-0.935 + 0.0176 * latitude)
        return 10.0 ** (-0.015 * latitude + 1.67) * mu1 * mu4
    return 4.17 * mu1 * mu1**0.3


@njit(cache=True, error_model="numpy", nogil=True)
def inland_weight(longest_inland_km: float) -> float:
    """Weight tau of the inland section (equation 3)."""
    return 1.0 - math.exp(-4.12e-4 * longest_inland_km**2.41)


@njit(cache=True, error_model="numpy", nogil=True)
def interpolation_factor(time_percentage: float, beta0: float) -> float:
    """Factor F_i between median and beta0 conditions (equation 40)."""
    if time_percentage <= beta0:
        return 1.0
    if time_percentage == 50.0:
        return 0.0
    return inverse_normal(time_percentage / 100.0) / inverse_normal(beta0 / 100.0)
