"""From the geometry of a batch of pixels to the loss of a carrier, in vectorised single precision.

The equations are those of P.1812-8 at 50 % of the time over land. The smooth earth's Bullington loss is the
closed form of Attachment 4 in the sweep, that of the samples in exact mode (main text; with samples every
cell they differ little).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from phusong.coverage.propagation.area_batch import TOGETHER, Batch
from phusong.coverage.propagation.area_geometry import LOWEST, Float32Array
from phusong.coverage.propagation.area_math import exp2, log2, root
from phusong.coverage.propagation.area_vectors import greater, load_step
from phusong.coverage.propagation.area_vectors import load_terrain as load
from phusong.coverage.propagation.area_vectors import store_sample as store
from phusong.coverage.propagation.p1812_diffraction import LEAST_GAIN

_FAST = {"nnan", "ninf", "nsz", "reassoc", "contract", "arcp"}
_F = np.float32
_ZERO, _ONE, _TWO, _HALF = _F(0.0), _F(1.0), _F(2.0), _F(0.5)
_DB = _F(20.0 / math.log2(10.0))
"""Decibels of a factor of two in field strength."""
_PER_NEPER = _F(-math.log2(math.e) / 6.0)
_LEAST_NU = _F(-0.78)
_FAR_DB = _F(50.0)
"""Where troposcatter loses this much more, adding it changes no bit of a loss."""
_SOFT = _F(5.0 * math.log10(2.0))
_PER_SOFT = _F(-0.2 * math.log2(10.0))


class Shared(NamedTuple):
    """What carriers share beyond the batch.

    Attributes
    ----------
    smooth_nu_m, clearance : ndarray of float32
        Smooth earth: parameter of its edge, and clearance over what is needed, both per root of wavelength.
    radius_root, per_root, per_square : ndarray of float32
        Cube root of the radius for the first term, and its first and second negative powers.
    spread_db, scatter_db : ndarray of float32
        Free-space spreading and troposcatter but for their terms of frequency.
    tx_steep, rx_steep, reach_km : ndarray of float32
        Of ducting: shielding angles times root of distance, and distance to both horizons.
    steep_mrad, turn_mrad : ndarray of float32
        Of ducting: sum of the shielding angles, and the path's angle.
    """

    smooth_nu_m: Float32Array
    clearance: Float32Array
    radius_root: Float32Array
    per_root: Float32Array
    per_square: Float32Array
    spread_db: Float32Array
    scatter_db: Float32Array
    tx_steep: Float32Array
    rx_steep: Float32Array
    reach_km: Float32Array
    steep_mrad: Float32Array
    turn_mrad: Float32Array


class Band(NamedTuple):
    """Constants of one carrier in single precision."""

    free_db: np.float32
    scale: np.float32
    root: np.float32
    ground: np.float32
    scatter_db: np.float32
    ducting_db: np.float32
    frequency_root: np.float32
    gamma: np.float32


@njit(cache=True, error_model="numpy", nogil=True)
def make_shared(room: int) -> Shared:
    """Allocate the numbers carriers share."""
    whole = np.zeros((12, room), dtype=np.float32)
    return Shared(
        whole[0],
        whole[1],
        whole[2],
        whole[3],
        whole[4],
        whole[5],
        whole[6],
        whole[7],
        whole[8],
        whole[9],
        whole[10],
        whole[11],
    )


@njit(cache=True, error_model="numpy", nogil=True, forceinline=True, fastmath=_FAST)
def smooth_earth(batch: Batch, shared: Shared, count: int, radius_km: float) -> None:
    """Smooth-earth edge parameter (Attachment 4) and clearance over what is needed (equations 22 to 25)."""
    bend = _F(500.0 / radius_km)
    sight = _F(math.sqrt(0.002 * radius_km))
    for i in range(count):
        d, tx, rx = load(batch.distance_km, i), load(batch.tx_m, i), load(batch.rx_m, i)
        total = tx + rx
        c, m = (tx - rx) / total, _HALF * bend * d * d / total
        # three Newton steps for the root of m b^3 - (m + 1) b + c = 0 in [0, 1]
        slope, cubic = m + _ONE, _F(3.0) * m
        b = c / slope
        b -= (b * (m * b * b - slope) + c) / (cubic * b * b - slope)
        b -= (b * (m * b * b - slope) + c) / (cubic * b * b - slope)
        b -= (b * (m * b * b - slope) + c) / (cubic * b * b - slope)
        near = _HALF * d * (_ONE + b)
        rest = d - near
        clearance = ((tx - bend * near * near) * rest + (rx - bend * rest * rest) * near) / d
        width = root(near * rest / d)
        tx_root, rx_root = root(tx), root(rx)
        is_sight = d < sight * (tx_root + rx_root)
        direct, turn = (rx - tx) / d, root(bend)
        tx_over = bend * d - _TWO * turn * tx_root - direct
        rx_over = bend * d - _TWO * turn * rx_root + direct
        product = _F(0.002) * d * tx_over * rx_over
        crossing = root(product if product > _ZERO else _ZERO)
        seen = -clearance * _F(math.sqrt(0.002)) / width
        store(shared.smooth_nu_m, i, seen if is_sight else crossing)
        store(shared.clearance, i, clearance / (_F(17.456) * width) if is_sight else _ZERO)


@njit(cache=True, error_model="numpy", nogil=True, forceinline=True, fastmath=_FAST)
def spherical_radius(batch: Batch, shared: Shared, count: int, radius_km: float) -> None:
    """Radius for the first term (equations 22 and 26), as powers of its cube root; free-space spreading."""
    sight, whole = _F(math.sqrt(0.002 * radius_km)), _F(radius_km)
    third = _F(1.0 / 3.0)
    for i in range(count):
        d, tx, rx = load(batch.distance_km, i), load(batch.tx_m, i), load(batch.rx_m, i)
        roots = root(tx) + root(rx)
        per = d / roots
        radius = whole if d >= sight * roots else _F(500.0) * per * per
        power = log2(radius) * third
        per_root = exp2(-power)
        store(shared.radius_root, i, exp2(power))
        store(shared.per_root, i, per_root)
        store(shared.per_square, i, per_root * per_root)
    for i in range(count):
        d, rise = load(batch.distance_km, i), _F(0.001) * load(batch.rise_m, i)
        store(shared.spread_db, i, _HALF * _DB * log2(d * d + rise * rise))


@njit(cache=True, error_model="numpy", nogil=True, fastmath=_FAST, inline="always")
def _bullington(nu: np.float32, d: np.float32) -> np.float32:
    """Bullington loss from the parameter of its edge (equations 12 and 21)."""
    held = nu if nu > -_ONE else -_ONE
    shifted = held - _F(0.1)
    above = _F(6.9) + _DB * log2(root(shifted * shifted + _ONE) + shifted)
    edge = above if nu > _LEAST_NU else _ZERO
    return edge + (_ONE - exp2(edge * _PER_NEPER)) * (_F(10.0) + _F(0.02) * d)


@njit(cache=True, error_model="numpy", nogil=True, fastmath=_FAST, inline="always")
def _first_term(  # noqa: PLR0917 - kernels take no keyword-only options
    d: np.float32, tx: np.float32, rx: np.float32, k: np.float32, per_square: np.float32, per_root: np.float32
) -> np.float32:
    """First-term loss of the spherical earth (equations 29 to 36).

    Parameters
    ----------
    d, tx, rx : float32
        Distance (km) and effective heights (m).
    k : float32
        Normalised admittance of the ground.
    per_square, per_root : float32
        f^(1/3) a^(-2/3) and f^(2/3) a^(-1/3).
    """
    k2 = k * k
    beta = (_ONE + k2 * (_F(1.6) + _F(0.67) * k2)) / (_ONE + k2 * (_F(4.5) + _F(1.53) * k2))
    x = _F(21.88) * beta * per_square * d
    scale = _F(0.9575) * beta * beta * per_root
    least = _F(LEAST_GAIN) * k
    tx_b, rx_b = scale * tx, scale * rx
    tx_far, rx_far = tx_b > _TWO, rx_b > _TWO
    tx_over = root(tx_b - _F(1.1) if tx_far else _ONE)
    rx_over = root(rx_b - _F(1.1) if rx_far else _ONE)
    tx_near, rx_near = tx_b + _F(0.1) * tx_b * tx_b * tx_b, rx_b + _F(0.1) * rx_b * rx_b * rx_b
    tx_near, rx_near = tx_near if tx_near > least else least, rx_near if rx_near > least else least
    factor = (_ONE if tx_far else tx_near) * (_ONE if rx_far else rx_near)
    more = (_F(17.6) * tx_over - _F(8.0) if tx_far else _ZERO) + (
        _F(17.6) * rx_over - _F(8.0) if rx_far else _ZERO
    )
    # far gains are fourth roots: 20 log of them is -5 log of each; tx_over is a square root already
    gains = _HALF * _DB * log2(factor * factor / (tx_over * rx_over)) + more
    log_x = log2(x)
    far = _F(17.6) * x - _F(11.0) - _HALF * _DB * log_x
    near = _F(5.6488) * exp2(_F(1.425) * log_x) + _DB * log_x
    return (far if x >= _F(1.6) else near) - gains


@njit(cache=True, error_model="numpy", nogil=True, forceinline=True)
def diffraction_losses(batch: Batch, shared: Shared, band: Band, count: int, losses: Float32Array) -> None:
    """Write free-space plus delta-Bullington diffraction loss of one carrier (equations 8 and 39).

    ``count`` is a whole multiple of `TOGETHER`: where none of so many pixels comes near the smooth earth,
    which is most often, the terrain alone decides.
    """
    terrain_losses(batch, shared, band, count, losses)
    for begin in range(0, count, TOGETHER):
        if most_share(shared, band, begin) > _ZERO:
            add_smooth_earth(batch, shared, band, begin, losses)


@njit(cache=True, error_model="numpy", nogil=True, forceinline=True, fastmath=_FAST)
def terrain_losses(batch: Batch, shared: Shared, band: Band, count: int, losses: Float32Array) -> None:
    """Write free-space plus Bullington loss over the terrain."""
    for i in range(count):
        terrain = _bullington(load(batch.nu_m, i) * band.scale, load(batch.distance_km, i))
        store(losses, i, band.free_db + load(shared.spread_db, i) + terrain)


@njit(cache=True, error_model="numpy", nogil=True, forceinline=True, fastmath=_FAST)
def most_share(shared: Shared, band: Band, begin: int) -> np.float32:
    """Greatest share of the first term's loss among some pixels (equation 38); none counts below zero."""
    share = LOWEST
    for i in range(begin, begin + TOGETHER):
        share = greater(_ONE - load_step(shared.clearance, i) * band.scale, share)
    return share


@njit(cache=True, error_model="numpy", nogil=True, forceinline=True, fastmath=_FAST)
def add_smooth_earth(batch: Batch, shared: Shared, band: Band, begin: int, losses: Float32Array) -> None:
    """Add what the spherical earth loses over the smooth earth's Bullington loss (equation 39)."""
    ground, square, scale = band.ground / band.root, band.root * band.root, band.scale
    for i in range(begin, begin + TOGETHER):
        d, share = load(batch.distance_km, i), _ONE - load(shared.clearance, i) * scale
        spherical = share * _first_term(
            d,
            load(batch.tx_m, i),
            load(batch.rx_m, i),
            load(shared.per_root, i) * ground,
            load(shared.per_square, i) * band.root,
            load(shared.per_root, i) * square,
        )
        more = spherical - _bullington(load(shared.smooth_nu_m, i) * scale, d) if share > _ZERO else _ZERO
        store(losses, i, load(losses, i) + (more if more > _ZERO else _ZERO))


@njit(cache=True, error_model="numpy", nogil=True, fastmath=_FAST, inline="always")
def _least_angle(slope: np.float32) -> np.float32:
    """Lower bound of the angle of a slope, both in mrad: arctan x >= 3 x / (3 + x^2), and >= x below 0."""
    x = _F(0.001) * slope
    return slope if slope < _ZERO else slope * _F(3.0) / (_F(3.0) + x * x)


@njit(cache=True, error_model="numpy", nogil=True, fastmath=_FAST, inline="always")
def angle_mrad(slope: np.float32) -> np.float32:
    """Angle of a slope, both in mrad, within 0.01 mrad up to a slope of 2 in 3, 0.2 mrad up to 1 in 1."""
    x = _F(0.001) * slope
    square = x * x
    above = _F(945.0) + square * (_F(735.0) + _F(64.0) * square)
    return slope * above / (_F(945.0) + square * (_F(1050.0) + _F(225.0) * square))


@njit(cache=True, error_model="numpy", nogil=True, forceinline=True, fastmath=_FAST)
def scatter_paths(batch: Batch, shared: Shared, count: int, radius_km: float) -> None:
    """Troposcatter (equation 44) but for its terms of frequency."""
    turn_mrad_km = _F(1000.0 / radius_km)
    for i in range(count):
        d = load(batch.distance_km, i)
        turn = angle_mrad(load(batch.tx_slope, i)) + angle_mrad(load(batch.rx_slope, i)) + turn_mrad_km * d
        store(shared.scatter_db, i, _DB * log2(d) + _F(0.573) * turn)


@njit(cache=True, error_model="numpy", nogil=True, forceinline=True, fastmath=_FAST)
def ducting_bounds(batch: Batch, shared: Shared, count: int, radius_km: float) -> None:
    """Write what a lower bound of ducting (equation 46) takes from the path."""
    turn_mrad_km = _F(1000.0 / radius_km)
    for i in range(count):
        d, tx_km, rx_km = load(batch.distance_km, i), load(batch.tx_km, i), load(batch.rx_km, i)
        is_sight = tx_km < _ZERO
        tx_km = -tx_km if is_sight else tx_km
        tx_far, rx_far = d if is_sight else tx_km, d if is_sight else rx_km
        tx_angle, rx_angle = _least_angle(load(batch.tx_slope, i)), _least_angle(load(batch.rx_slope, i))
        tx_steep, rx_steep = tx_angle - _F(0.1) * tx_far, rx_angle - _F(0.1) * rx_far
        tx_steep, rx_steep = tx_steep if tx_steep > _ZERO else _ZERO, rx_steep if rx_steep > _ZERO else _ZERO
        tx_low, rx_low = _F(0.1) * tx_km, _F(0.1) * rx_km
        turn = (tx_angle if tx_angle < tx_low else tx_low) + (rx_angle if rx_angle < rx_low else rx_low)
        store(shared.tx_steep, i, tx_steep * root(tx_km))
        store(shared.rx_steep, i, rx_steep * root(rx_km))
        store(shared.reach_km, i, d if is_sight else tx_km + rx_km)
        store(shared.steep_mrad, i, tx_steep + rx_steep)
        store(shared.turn_mrad, i, turn + turn_mrad_km * d)


@njit(cache=True, error_model="numpy", nogil=True, forceinline=True)
def scattered_losses(
    shared: Shared, band: Band, count: int, losses: Float32Array, combined: Float32Array
) -> None:
    """Combine with troposcatter (equations 44 and 63); never under free space (equation 69).

    ``count`` is a whole multiple of `TOGETHER`.
    """
    for begin in range(0, count, TOGETHER):
        if least_gap(shared, band, begin, losses, combined) < _FAR_DB:
            add_scatter(shared, band, begin, losses, combined)


@njit(cache=True, error_model="numpy", nogil=True, forceinline=True, fastmath=_FAST)
def least_gap(
    shared: Shared, band: Band, begin: int, losses: Float32Array, combined: Float32Array
) -> np.float32:
    """Write losses without troposcatter; return how far it is over the loss at least."""
    gap = LOWEST
    for i in range(begin, begin + TOGETHER):
        loss, free = load(losses, i), band.free_db + load(shared.spread_db, i)
        gap = greater(loss - band.scatter_db - load(shared.scatter_db, i), gap)
        store(combined, i, loss if loss > free else free)
    return -gap


@njit(cache=True, error_model="numpy", nogil=True, forceinline=True, fastmath=_FAST)
def add_scatter(shared: Shared, band: Band, begin: int, losses: Float32Array, combined: Float32Array) -> None:
    """Combine some pixels' losses with troposcatter."""
    for i in range(begin, begin + TOGETHER):
        loss, scatter = load(losses, i), band.scatter_db + load(shared.scatter_db, i)
        gap = loss - scatter
        low = scatter if gap > _ZERO else loss
        apart = gap if gap > _ZERO else -gap
        either = low - _SOFT * log2(_ONE + exp2(_PER_SOFT * apart))
        free = band.free_db + load(shared.spread_db, i)
        store(combined, i, either if either > free else free)


@njit(cache=True, error_model="numpy", nogil=True, forceinline=True, fastmath=_FAST)
def ducting_margins(
    shared: Shared, band: Band, count: int, losses: Float32Array, margins: Float32Array
) -> None:
    """Write how far the loss lies under a lower bound of ducting (equation 46); negative: it may duct."""
    for i in range(count):
        tx_factor = _ONE + band.frequency_root * load(shared.tx_steep, i)
        rx_factor = _ONE + band.frequency_root * load(shared.rx_steep, i)
        bound = band.ducting_db + _DB * log2(load(shared.reach_km, i) * tx_factor * rx_factor)
        bound += _F(0.264) * band.root * load(shared.steep_mrad, i) + band.gamma * load(shared.turn_mrad, i)
        store(margins, i, bound - load(losses, i))


@njit(cache=True, error_model="numpy", nogil=True, forceinline=True, fastmath=_FAST)
def least_margin(margins: Float32Array, begin: int, count: int) -> np.float32:
    """Least of some margins."""
    opposite = LOWEST
    for i in range(begin, begin + count):
        opposite = greater(-load_step(margins, i), opposite)
    return -opposite
