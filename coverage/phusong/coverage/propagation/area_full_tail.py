"""Losses at any percentage of the time, of a batch of pixels, in vectorised single precision.

Every equation of P.1812-8 over land (8 to 63): the two earths' diffraction, line-of-sight corrections,
ducting, troposcatter and their combination. What depends on the distance alone comes from tables.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from phusong.coverage.propagation.area_batch import Batch
from phusong.coverage.propagation.area_carriers import MEDIAN_PERCENTAGE, Carriers, Climate
from phusong.coverage.propagation.area_geometry import Float32Array, Site, Tables
from phusong.coverage.propagation.area_math import exp2, log2, root
from phusong.coverage.propagation.area_tail import angle_mrad
from phusong.coverage.propagation.area_vectors import load_terrain as load
from phusong.coverage.propagation.area_vectors import store_sample as store
from phusong.coverage.propagation.p1812_combination import step_down
from phusong.coverage.propagation.p1812_statistics import anomalous_time, inland_weight, interpolation_factor

_FAST = {"nnan", "ninf", "nsz", "reassoc", "contract", "arcp"}
_F = np.float32
_ZERO, _ONE, _TWO = _F(0.0), _F(1.0), _F(2.0)
_LOG10 = _F(math.log10(2.0))
"""Decades of a factor of two."""
_DB = _F(20.0 * math.log10(2.0))
_POWER = _F(math.log2(10.0))
_SOFT_MAX, _PER_SOFT_MAX = _F(2.5 * math.log(2.0)), _F(-math.log2(math.e) / 2.5)
_SOFT_MIN, _PER_SOFT_MIN = _F(5.0 * math.log10(2.0)), _F(-0.2 * math.log2(10.0))
_FOCUS = _F(-0.1 * math.log2(math.e))
_STEEP_STEP = _F(2.0 * 2.4 / 0.3 * math.log2(math.e))
"""Equation 57 as 1 / (1 + 2^(this (theta - 0.3)))."""
_MOST_POWER = _F(60.0)
"""Ducting as weak as this never counts; held, it cannot overflow."""


class Ranges(NamedTuple):
    """What the distance alone decides, one number a cell of distance, shape (cells,).

    Attributes
    ----------
    log_beta0 : ndarray of float32
        Decimal logarithm of the anomalous share of time, per cent (equations 2 to 5).
    between : ndarray of float32
        Weight F_i of the anomalous earth (equation 40).
    far : ndarray of float32
        Weight F_k (equation 58).
    power : ndarray of float32
        Exponent alpha of equation 55.
    fade : ndarray of float32
        ``1e-6 d^1.13`` of equation 53.
    """

    log_beta0: Float32Array
    between: Float32Array
    far: Float32Array
    power: Float32Array
    fade: Float32Array


class More(NamedTuple):
    """Geometry of the pixels of a batch that only percentages other than 50 need, one array a quantity.

    Attributes
    ----------
    nu_m : ndarray of float32
        Edge parameter over the anomalous earth.
    smooth_nu_m : ndarray of float32
        That of the smooth anomalous earth, where it is that of the samples.
    tx_m, rx_m : ndarray of float32
        Effective heights for ducting (equations 91 and 92).
    roughness_m : ndarray of float32
        Equation 93.
    tx_km, rx_km : ndarray of float32
        Distances of the horizons; in line of sight they share the path.
    """

    nu_m: Float32Array
    smooth_nu_m: Float32Array
    tx_m: Float32Array
    rx_m: Float32Array
    roughness_m: Float32Array
    tx_km: Float32Array
    rx_km: Float32Array


class FullBand(NamedTuple):
    """Constants of one carrier in single precision."""

    free_db: np.float32
    scatter_db: np.float32
    ducting_db: np.float32
    frequency_root: np.float32
    steepness: np.float32
    gamma: np.float32
    turn_mrad_km: np.float32
    log_time: np.float32
    per_radius: np.float32


@njit(cache=True, error_model="numpy", nogil=True)
def make_ranges(cells: int, step_km: float, climate: Climate) -> Ranges:
    """Work out what the distance alone decides, every cell from none on."""
    whole = np.zeros((5, cells), dtype=np.float32)
    for i in range(cells):
        d = max(i, 1) * step_km
        beta0 = anomalous_time(climate.latitude_deg, d, d)
        whole[0, i] = math.log10(beta0)
        whole[1, i] = interpolation_factor(climate.time_percentage, beta0)
        whole[2, i] = step_down(d, 20.0, 1.5)
        whole[3, i] = max(-0.6 - 3.5e-9 * d**3.1 * inland_weight(d), -3.4)
        whole[4, i] = 1e-6 * d**1.13
    return Ranges(whole[0], whole[1], whole[2], whole[3], whole[4])


def ranges_of(tables: Tables, site: Site, climate: Climate) -> Ranges:
    """Work out what the distance alone decides as far as the samples go; at 50 % of the time nothing."""
    is_median = climate.time_percentage == MEDIAN_PERCENTAGE
    return make_ranges(1 if is_median else tables.step.size + 2, site.step_km, climate)


@njit(cache=True, error_model="numpy", nogil=True)
def make_more(room: int) -> More:
    """Allocate the geometry of a batch; its rows are plausible from the start."""
    whole = np.ones((7, room), dtype=np.float32)
    return More(whole[0], whole[1], whole[2], whole[3], whole[4], whole[5], whole[6])


@njit(cache=True, error_model="numpy", nogil=True)
def more_from_row(more: More, row: int) -> More:
    """Geometry without its first rows; it shares their memory."""
    return More(
        more.nu_m[row:],
        more.smooth_nu_m[row:],
        more.tx_m[row:],
        more.rx_m[row:],
        more.roughness_m[row:],
        more.tx_km[row:],
        more.rx_km[row:],
    )


@njit(cache=True, error_model="numpy", nogil=True)
def full_band(carriers: Carriers, site: Site, climate: Climate, i: int) -> FullBand:
    """Constants of one carrier: scatter, ducting without distance and angles (equations 44 to 51)."""
    f, p = carriers.frequency_ghz[i], climate.time_percentage
    scatter = 190.1 + 25.0 * math.log10(f) - 2.5 * math.log10(0.5 * f) ** 2 - 0.15 * climate.n0
    scatter -= 10.125 * max(math.log10(50.0 / p), 0.0) ** 0.7
    low = 45.375 - 137.0 * f + 92.5 * f * f if f < 0.5 else 0.0
    return FullBand(
        np.float32(carriers.free_db[i]),
        np.float32(scatter),
        np.float32(102.45 + 20.0 * math.log10(f) + low),
        np.float32(0.361 * math.sqrt(f)),
        np.float32(0.264 * carriers.root[i]),
        np.float32(5e-5 * site.radius_km * carriers.root[i]),
        np.float32(1000.0 / site.radius_km),
        np.float32(math.log10(p)),
        np.float32(500.0 / site.radius_km),
    )


@njit(cache=True, error_model="numpy", nogil=True, fastmath=_FAST, inline="always")
def _between(table: Float32Array, index: np.int32, part: np.float32) -> np.float32:
    """Interpolate a table."""
    near = load(table, index)
    return near + part * (load(table, np.int32(index + np.int32(1))) - near)


@njit(cache=True, error_model="numpy", nogil=True, forceinline=True, fastmath=_FAST)
def ducting_losses(  # noqa: PLR0917 - kernels take no keyword-only options
    batch: Batch, more: More, ranges: Ranges, band: FullBand, step_km: float, count: int, out: Float32Array
) -> None:
    """Write the loss of ducting and layer reflection of one carrier (equations 46 to 56)."""
    log_beta0, powers, fades = ranges.log_beta0, ranges.power, ranges.fade
    per_step = _F(1.0 / step_km)
    for i in range(count):
        d, tx_km, rx_km = load(batch.distance_km, i), load(more.tx_km, i), load(more.rx_km, i)
        place = d * per_step
        index = np.int32(place)
        part = place - _F(index)
        # share of time: mu2 and mu3 as decimal logarithms (equations 54 to 56)
        roots = root(load(more.tx_m, i)) + root(load(more.rx_m, i))
        spread = d / roots
        smooth = _between(powers, index, part) * (_LOG10 * log2(band.per_radius * spread * spread))
        smooth = smooth if smooth < _ZERO else _ZERO
        inner = d - tx_km - rx_km
        inner = inner if inner < _F(40.0) else _F(40.0)
        rough = load(more.roughness_m, i) - _F(10.0)
        rough = rough if rough > _ZERO else _ZERO
        rough *= _F(-4.6e-5 * math.log10(math.e)) * (_F(43.0) + _F(6.0) * inner)
        log_beta = _between(log_beta0, index, part) + smooth + rough
        log_beta = log_beta if log_beta > _F(-300.0) else _F(-300.0)
        # time dependence (equation 53)
        fade = (_F(9.51) + log_beta * (_F(0.198) * log_beta - _F(4.8))) * _between(fades, index, part)
        gamma = _F(1.076) * exp2(_F(-1.012) * log2(_F(2.0058) - log_beta) - _F(math.log2(math.e)) * fade)
        ratio = band.log_time - log_beta
        power = _POWER * gamma * ratio
        power = power if power < _MOST_POWER else _MOST_POWER
        loss = _F(-12.0) + (_F(1.2) + _F(3.7e-3) * d) * ratio + _F(12.0) * exp2(power)
        # site shielding and bending (equations 47, 48, 50 to 52)
        tx_angle, rx_angle = angle_mrad(load(batch.tx_slope, i)), angle_mrad(load(batch.rx_slope, i))
        tx_low, rx_low = _F(0.1) * tx_km, _F(0.1) * rx_km
        tx_steep, rx_steep = tx_angle - tx_low, rx_angle - rx_low
        tx_steep, rx_steep = tx_steep if tx_steep > _ZERO else _ZERO, rx_steep if rx_steep > _ZERO else _ZERO
        tx_factor = _ONE + band.frequency_root * tx_steep * root(tx_km)
        rx_factor = _ONE + band.frequency_root * rx_steep * root(rx_km)
        turn = tx_angle + rx_angle - tx_steep - rx_steep + band.turn_mrad_km * d
        loss += band.ducting_db + _DB * log2((tx_km + rx_km) * tx_factor * rx_factor)
        loss += band.steepness * (tx_steep + rx_steep) + band.gamma * turn
        store(out, i, loss)


@njit(cache=True, error_model="numpy", nogil=True, forceinline=True, fastmath=_FAST)
def combined_losses(  # noqa: PLR0917 - kernels take no keyword-only options
    batch: Batch,
    more: More,
    ranges: Ranges,
    band: FullBand,
    step_km: float,
    count: int,
    spread_db: Float32Array,
    median: Float32Array,
    anomalous: Float32Array,
    ducting: Float32Array,
    out: Float32Array,
) -> None:
    """Combine free space, diffraction, ducting and troposcatter of one carrier (equations 8 to 11, 41 to 69).

    Parameters
    ----------
    spread_db : ndarray of float32
        Free-space loss less the carrier's part.
    median, anomalous : ndarray of float32
        Free-space plus diffraction loss over the median and the anomalous earth.
    ducting : ndarray of float32
    out : ndarray of float32
        Written.
    """
    log_beta0, weights, fars = ranges.log_beta0, ranges.between, ranges.far
    per_step, half_log = _F(1.0 / step_km), _F(math.log10(50.0))
    for i in range(count):
        d = load(batch.distance_km, i)
        place = d * per_step
        index = np.int32(place)
        part = place - _F(index)
        log_beta, weight = _between(log_beta0, index, part), _between(weights, index, part)
        free = band.free_db + load(spread_db, i)
        focus = _F(2.6) * (_ONE - exp2(_FOCUS * (load(more.tx_km, i) + load(more.rx_km, i))))
        basic = free + focus * (band.log_time - half_log)
        basic_beta = free + focus * (log_beta - half_log)
        middle = load(median, i)
        diffracted = middle - free + weight * (load(anomalous, i) - middle)
        loss = basic + diffracted
        least = middle + (basic_beta + diffracted - middle) * weight
        least = loss if band.log_time < log_beta else least
        duct = load(ducting, i)
        apart = duct - basic
        high = duct if apart > _ZERO else basic
        apart = apart if apart > _ZERO else -apart
        duct = high + _SOFT_MAX * log2(_ONE + exp2(_PER_SOFT_MAX * apart))
        over = loss - duct
        loss -= (over if over > _ZERO else _ZERO) * (_ONE - _between(fars, index, part))
        turn = (
            angle_mrad(load(batch.tx_slope, i)) + angle_mrad(load(batch.rx_slope, i)) + band.turn_mrad_km * d
        )
        loss += (least - loss) / (_ONE + exp2(_STEEP_STEP * (turn - _F(0.3))))
        scatter = band.scatter_db + _DB * log2(d) + _F(0.573) * turn
        gap = loss - scatter
        low = scatter if gap > _ZERO else loss
        gap = gap if gap > _ZERO else -gap
        either = low - _SOFT_MIN * log2(_ONE + exp2(_PER_SOFT_MIN * gap))
        store(out, i, either if either > basic else basic)
