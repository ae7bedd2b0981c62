"""The smooth earth of a sampled path: its least-squares surface and its edge parameter, without scans."""

from __future__ import annotations

import math

from numba import njit

from phusong.coverage.propagation.p1812_diffraction import crossing_nu_m


@njit(cache=True, error_model="numpy", nogil=True)
def _smooth_sight_nu_m(  # noqa: PLR0917 - kernels take no keyword-only options
    tx_m: float, rx_m: float, d: float, curvature: float, step: float, count: int
) -> float:
    """Greatest nu of the smooth earth's samples in line of sight.

    Over w = t / (1 - t), with t the share of the path, nu has one maximum: the only positive root of
    -r w^3 + (s - 2 r - k) w^2 + (2 s - r + k) w + s, to which Newton's steps descend from the right.
    """
    k = curvature * d * d
    square, linear = tx_m - 2.0 * rx_m - k, 2.0 * tx_m - rx_m + k
    w = max(tx_m / rx_m, 1.0)
    for _ in range(20):
        value = ((-rx_m * w + square) * w + linear) * w + tx_m
        shift = value / ((-3.0 * rx_m * w + 2.0 * square) * w + linear)
        w -= shift
        if abs(shift) < 1e-4 * w:
            break
    first = min(max(int(d * w / (1.0 + w) / step), 1), count)
    nu = -math.inf
    for i in range(first, min(first + 2, count + 1)):
        x = i * step
        rest = d - x
        above = curvature * x * rest - (tx_m * rest + rx_m * x) / d
        nu = max(nu, above * math.sqrt(0.002 * d / (x * rest)))
    return nu


@njit(cache=True, error_model="numpy", nogil=True)
def smooth_nu_m(tx_m: float, rx_m: float, d: float, curvature: float, step: float, count: int) -> float:  # noqa: PLR0917 - kernels take no keyword-only options
    """Bullington parameter of the smooth earth on evenly spaced samples, without a scan.

    Equal to ``p1812_diffraction.smooth_profile_nu_m`` on the same points: each maximum over the points
    is of a function with a single peak, so only the samples beside that peak count.
    """
    if count == 0:
        return -math.inf
    direct = (rx_m - tx_m) / d
    tx_slope = rx_slope = -math.inf
    first = min(max(int(math.sqrt(tx_m / curvature) / step), 1), count)
    for i in range(first, min(first + 2, count + 1)):
        tx_slope = max(tx_slope, curvature * (d - i * step) - tx_m / (i * step))
    if tx_slope < direct:
        return _smooth_sight_nu_m(tx_m, rx_m, d, curvature, step, count)
    first = min(max(int((d - math.sqrt(rx_m / curvature)) / step), 1), count)
    for i in range(first, min(first + 2, count + 1)):
        rx_slope = max(rx_slope, curvature * i * step - rx_m / (d - i * step))
    return crossing_nu_m(tx_slope - direct, rx_slope + direct, d)


@njit(cache=True, error_model="numpy", nogil=True)
def smooth_ends(  # noqa: PLR0917 - kernels take no keyword-only options
    total: float, moment: float, last_m: float, end_m: float, d: float, step: float, count: int
) -> tuple[float, float]:
    """Least-squares smooth earth at the terminals from the two sums of the samples (equations 83 to 86)."""
    near = count * step
    gap = d - near
    v1 = step * (2.0 * total - last_m) + gap * (end_m + last_m)
    v2 = step * step * (6.0 * moment - last_m * (3.0 * count + 1.0))
    v2 += gap * (end_m * (2.0 * d + near) + last_m * (d + 2.0 * near))
    return (2.0 * v1 * d - v2) / (d * d), (v2 - v1 * d) / (d * d)
