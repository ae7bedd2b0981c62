"""ITM, point to point: what the terrain profile decides (Hufford, *The Algorithm*, sections 1 and 3).

Lengths in metres, angles in radians. A profile here is heights above sea level at equal steps; no frequency
enters. ``SCRATCH_LENGTH`` numbers of working space come from the caller, so that areas allocate once.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from numba import njit

from phusong.coverage.propagation.area_vectors import greater
from phusong.coverage.propagation.itm_conditions import Conditions
from phusong.coverage.propagation.profile import Float64Array

EARTH_CURVATURE_PER_M = 157e-9
HEIGHT_SCALE_M = 9_460.0
ROUNDING = 1e-9  # a tenth of a horizon is often a whole number of steps: it must stay one
_COUNTS = 12
_FEW = 6
SCRATCH_LENGTH = 245 + _FEW  # 10 x 25 - 5 samples for the terrain irregularity, and some to sort


class Link(NamedTuple):
    """Two antennas over one profile.

    Attributes
    ----------
    distance_m : float
    refractivity : float
        N_s at the mean height of the middle of the path, N-units.
    curvature_per_m : float
        Effective curvature of the Earth, gamma_e.
    tx_height_m, rx_height_m : float
        Antenna heights above ground, h_g.
    tx_effective_m, rx_effective_m : float
        Effective heights above the line fitted to the foreground, h_e.
    tx_horizon_m, rx_horizon_m : float
        Horizon distances, d_L.
    tx_angle_rad, rx_angle_rad : float
        Horizon elevation angles, theta_e.
    irregularity_m : float
        Terrain irregularity, Delta h.
    """

    distance_m: float
    refractivity: float
    curvature_per_m: float
    tx_height_m: float
    rx_height_m: float
    tx_effective_m: float
    rx_effective_m: float
    tx_horizon_m: float
    rx_horizon_m: float
    tx_angle_rad: float
    rx_angle_rad: float
    irregularity_m: float


@njit(cache=True, error_model="numpy", nogil=True)
def analyse_link(heights_m: Float64Array, step_m: float, given: Conditions, scratch: Float64Array) -> Link:
    """Work out horizons, effective heights and terrain irregularity of a path.

    Parameters
    ----------
    heights_m : ndarray, shape (n,)
        Ground from transmitter to receiver at equal steps, n >= 2.
    step_m : float
        Step between the points.
    given : Conditions
    scratch : ndarray, shape (SCRATCH_LENGTH,)
        Working space, overwritten.
    """
    last = heights_m.size - 1
    distance_m = last * step_m
    tx_height_m, rx_height_m = given.tx_height_m, given.rx_height_m
    # equations 1.2 and 1.3
    refractivity = given.n0 * math.exp(-_mean_height_m(heights_m) / HEIGHT_SCALE_M)
    curvature = EARTH_CURVATURE_PER_M * (1.0 - 0.04665 * math.exp(refractivity / 179.3))
    tx_horizon, rx_horizon, tx_angle, rx_angle = _horizons(
        heights_m, step_m, heights_m[0] + tx_height_m, heights_m[last] + rx_height_m, curvature
    )
    start_m = min(15.0 * tx_height_m, 0.1 * tx_horizon)
    end_m = distance_m - min(15.0 * rx_height_m, 0.1 * rx_horizon)
    irregularity = _irregularity_m(heights_m, step_m, start_m, end_m, scratch)
    if tx_horizon + rx_horizon > 1.5 * distance_m:  # line of sight
        tx_ground, rx_ground = _fitted_line(heights_m, heights_m.size, step_m, start_m, end_m)
        tx_effective = tx_height_m + max(heights_m[0] - tx_ground, 0.0)
        rx_effective = rx_height_m + max(heights_m[last] - rx_ground, 0.0)
        tx_horizon = _median_horizon_m(tx_effective, irregularity, curvature)
        rx_horizon = _median_horizon_m(rx_effective, irregularity, curvature)
        reach = tx_horizon + rx_horizon
        if reach <= distance_m:  # both horizons must meet on a path that is in line of sight
            raised = (distance_m / reach) ** 2
            tx_effective *= raised
            rx_effective *= raised
            tx_horizon = _median_horizon_m(tx_effective, irregularity, curvature)
            rx_horizon = _median_horizon_m(rx_effective, irregularity, curvature)
        tx_angle = _median_angle_rad(tx_effective, tx_horizon, irregularity, curvature)
        rx_angle = _median_angle_rad(rx_effective, rx_horizon, irregularity, curvature)
    else:
        tx_ground, _ = _fitted_line(heights_m, heights_m.size, step_m, start_m, 0.9 * tx_horizon)
        _, rx_ground = _fitted_line(heights_m, heights_m.size, step_m, distance_m - 0.9 * rx_horizon, end_m)
        tx_effective = tx_height_m + max(heights_m[0] - tx_ground, 0.0)
        rx_effective = rx_height_m + max(heights_m[last] - rx_ground, 0.0)
    return Link(
        distance_m,
        refractivity,
        curvature,
        tx_height_m,
        rx_height_m,
        tx_effective,
        rx_effective,
        tx_horizon,
        rx_horizon,
        tx_angle,
        rx_angle,
        irregularity,
    )


@njit(cache=True, error_model="numpy", nogil=True)
def smooth_horizon_m(effective_m: float, curvature_per_m: float) -> float:
    """Horizon distance over a smooth earth, d_Ls (equation 3.5)."""
    return math.sqrt(2.0 * effective_m / curvature_per_m)


@njit(cache=True, error_model="numpy", nogil=True)
def irregularity_at_m(irregularity_m: float, distance_m: float) -> float:
    """Terrain irregularity as it shows over a length, Delta h(s) (equation 3.9)."""
    return (1.0 - 0.8 * math.exp(-distance_m / 50e3)) * irregularity_m


@njit(cache=True, error_model="numpy", nogil=True)
def _mean_height_m(heights_m: Float64Array) -> float:
    """Mean ground height of the middle four fifths of the path, for the refractivity there."""
    margin = int(0.1 * (heights_m.size - 1))
    total = 0.0
    for i in range(margin, heights_m.size - margin):
        total += heights_m[i]
    return total / (heights_m.size - 2 * margin)


@njit(cache=True, error_model="numpy", nogil=True)
def _horizons(
    heights_m: Float64Array, step_m: float, tx_masl_m: float, rx_masl_m: float, curvature_per_m: float
) -> tuple[float, float, float, float]:
    """Horizon distances and elevation angles; in line of sight the other antenna is the horizon."""
    last = heights_m.size - 1
    distance_m = last * step_m
    half = 0.5 * curvature_per_m
    tx_direct = (rx_masl_m - tx_masl_m) / distance_m - half * distance_m
    rx_direct = (tx_masl_m - rx_masl_m) / distance_m - half * distance_m
    tx_angle, rx_angle = _highest_angles(heights_m, step_m, tx_masl_m, rx_masl_m, half)
    tx_horizon = rx_horizon = distance_m
    if tx_angle > tx_direct:
        tx_horizon = _first_at_angle(heights_m, 1, step_m, tx_masl_m, half, tx_angle)
    if rx_angle > rx_direct:
        rx_horizon = _first_at_angle(heights_m, -1, step_m, rx_masl_m, half, rx_angle)
    return tx_horizon, rx_horizon, max(tx_angle, tx_direct), max(rx_angle, rx_direct)


# nothing reordered here: the search below must find the very number
@njit(cache=True, error_model="numpy", nogil=True, forceinline=True, fastmath={"nnan", "nsz"})
def _highest_angles(
    heights_m: Float64Array, step_m: float, tx_masl_m: float, rx_masl_m: float, half: float
) -> tuple[float, float]:
    """Greatest elevation angles of the ground between the antennas, seen from either."""
    last = heights_m.size - 1
    tx_angle = rx_angle = -1e30
    for i in range(1, last):
        from_tx = i * step_m
        from_rx = (last - i) * step_m
        tx_angle = greater((heights_m[i] - tx_masl_m) / from_tx - half * from_tx, tx_angle)
        rx_angle = greater((heights_m[i] - rx_masl_m) / from_rx - half * from_rx, rx_angle)
    return tx_angle, rx_angle


@njit(cache=True, error_model="numpy", nogil=True)
def _first_at_angle(  # noqa: PLR0917 - kernels take no keyword-only options
    heights_m: Float64Array, direction: int, step_m: float, masl_m: float, half: float, angle_rad: float
) -> float:
    """Distance from the transmitter (direction 1) or receiver (-1) to the nearest point at an angle."""
    last = heights_m.size - 1
    start = 0 if direction == 1 else last
    low = angle_rad - ROUNDING
    for i in range(1, last):
        away_m = i * step_m
        over_m = heights_m[start + direction * i] - masl_m
        # a product passes most points by sooner than a quotient
        if over_m >= (low + half * away_m) * away_m and over_m / away_m - half * away_m >= angle_rad:
            return away_m
    return (last - 1) * step_m


@njit(cache=True, error_model="numpy", nogil=True)
def _median_horizon_m(effective_m: float, irregularity_m: float, curvature_per_m: float) -> float:
    """Horizon distance an antenna has in the median over such terrain, d_L (equation 3.3)."""
    smooth = smooth_horizon_m(effective_m, curvature_per_m)
    return smooth * math.exp(-0.07 * math.sqrt(irregularity_m / max(effective_m, 5.0)))


@njit(cache=True, error_model="numpy", nogil=True)
def _median_angle_rad(
    effective_m: float, horizon_m: float, irregularity_m: float, curvature_per_m: float
) -> float:
    """Horizon elevation angle in the median over such terrain, theta_e (equation 3.4)."""
    smooth = smooth_horizon_m(effective_m, curvature_per_m)
    return (0.65 * irregularity_m * (smooth / horizon_m - 1.0) - 2.0 * effective_m) / smooth


@njit(cache=True, error_model="numpy", nogil=True)
def _fitted_line(
    heights_m: Float64Array, points: int, step_m: float, from_m: float, to_m: float
) -> tuple[float, float]:
    """Least-squares line through a section, as heights at both ends of the whole profile.

    The section is widened to whole steps, and to two points at least; its end points count by half in the
    sums, as in a trapezoidal rule.
    """
    last = points - 1
    first = int(max(from_m / step_m, 0.0) + ROUNDING)
    final = last - int(max(last - to_m / step_m, 0.0) + ROUNDING)
    if final <= first:
        first = max(first - 1, 0)
        final = last - max(last - final - 1, 0)
    width = float(final - first)
    centre = 0.5 * (first + final)
    total = 0.5 * (heights_m[first] + heights_m[final])
    moment = 0.25 * width * (heights_m[final] - heights_m[first])
    for i in range(first + 1, final):
        total += heights_m[i]
        moment += heights_m[i] * (i - centre)
    mean = total / width
    slope = 12.0 * moment / ((width * width + 2.0) * width)
    return mean - slope * centre, mean + slope * (last - centre)


@njit(cache=True, error_model="numpy", nogil=True)
def _irregularity_m(
    heights_m: Float64Array, step_m: float, from_m: float, to_m: float, scratch: Float64Array
) -> float:
    """Terrain irregularity Delta h: the interdecile range of heights about the fitted line.

    The section is resampled to 35 to 245 points, so that deciles fall on points; the range is scaled up to
    what an endless path would show (equation 3.9).
    """
    first = from_m / step_m
    final = to_m / step_m
    if final - first < 2.0:
        return 0.0
    decile = min(max(4, int(0.1 * (final - first + 8.0) + ROUNDING)), 25)
    points = 10 * decile - 5
    stride = (final - first) / (points - 1)
    last = heights_m.size - 1
    for j in range(points):
        at = first + j * stride
        below = min(int(at), last - 1)
        scratch[j] = heights_m[below] + (heights_m[below + 1] - heights_m[below]) * (at - below)
    start, end = _fitted_line(scratch, points, 1.0, 0.0, points - 1.0)
    slope = (end - start) / (points - 1)
    least = most = scratch[0] - start
    for j in range(points):
        over = scratch[j] - (start + slope * j)
        scratch[j] = over
        least = min(least, over)
        most = max(most, over)
    low = _ranked_between(scratch, points, decile - 1, least, most)
    high = _ranked_between(scratch, points, points - decile, least, most)
    return (high - low) / (1.0 - 0.8 * math.exp(-(to_m - from_m) / 50e3))


@njit(cache=True, error_model="numpy", nogil=True)
def _ranked_between(values: Float64Array, count: int, rank: int, least: float, most: float) -> float:
    """Return the value of a rank, 0 the least, among the first `count`, which lie between `least` and `most`.

    Counting how many lie under a value takes no branches, so that narrowing a bracket by a few counts beats
    partitioning; the few values left in the bracket are sorted behind the others.
    """
    low, high = least, most + 1e-9 * (1.0 + abs(most))
    under_low, under_high = 0, count
    for turn in range(_COUNTS):
        if under_high - under_low <= _FEW:
            break
        share = 0.5 if turn % 3 == 2 else (rank + 0.5 - under_low) / (under_high - under_low)
        pivot = low + (high - low) * share
        under = 0
        for i in range(count):
            under += values[i] < pivot
        if under <= rank:
            low, under_low = pivot, under
        else:
            high, under_high = pivot, under
    if under_high - under_low > _FEW:  # many equal values
        return _ranked(values, count, rank)
    end = count
    for i in range(count):
        if low <= values[i] < high:
            values[end] = values[i]
            end += 1
    return _ranked(values[count:], end - count, rank - under_low)


@njit(cache=True, error_model="numpy", nogil=True)
def _ranked(values: Float64Array, count: int, rank: int) -> float:
    """Return the value of a rank, 0 the least, among the first `count`; their order changes."""
    low, high = 0, count - 1
    while low < high:
        pivot = values[(low + high) // 2]
        i, j = low, high
        while i <= j:
            while values[i] < pivot:
                i += 1
            while values[j] > pivot:
                j -= 1
            if i <= j:
                values[i], values[j] = values[j], values[i]
                i += 1
                j -= 1
        if rank <= j:
            high = j
        elif rank >= i:
            low = i
        else:
            break
    return float(values[rank])
