"""ITU-R P.1812-8 over rows of pixels, each with its own path: geometry once, then every carrier.

At 50 % of the time, line-of-sight corrections and interpolation vanish, and ducting or troposcatter change
the loss only where diffraction has grown beyond them; those pixels, and any other time percentage, take
the full equations of ``p1812_combination`` on the same samples.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from phusong.coverage.propagation.area_geometry import (
    UNKNOWN_BELOW_M,
    AreaPath,
    Float32Array,
    Site,
    Tables,
    add_clutter,
    area_path,
    highest_slope,
    inner_samples,
    sample_terrain,
)
from phusong.coverage.propagation.area_vectors import greater
from phusong.coverage.propagation.p1812_combination import (
    Conditions,
    combine,
    either_db,
    troposcatter_db,
)
from phusong.coverage.propagation.p1812_diffraction import (
    bullington_db,
    delta_bullington_db,
    first_term_from_root_db,
)
from phusong.coverage.propagation.p1812_path import analyse
from phusong.coverage.propagation.profile import INLAND, Float64Array, Int64Array

SHORTEST_KM = 0.25
LEAST_DISTANCE_KM = 0.001
NEGLIGIBLE_MARGIN_DB = 20.0
"""A loss this far above another changes their combination (equation 63) by under 0.0003 dB."""
GENTLE_MRAD = 30.0
"""Under this slope shielding (equation 48) outweighs what a bent path gains in equation 51."""
_FAST = {"nnan", "nsz", "reassoc", "contract", "arcp"}


class Carriers(NamedTuple):
    """Constants of each carrier, shape (carriers,)."""

    frequency_ghz: Float64Array
    radius_cells: Float64Array
    free_db: Float64Array
    per_root_wavelength: Float64Array
    root: Float64Array
    ground: Float64Array
    scatter_floor_db: Float64Array
    ducting_floor_db: Float64Array


class Climate(NamedTuple):
    """Conditions all carriers share."""

    time_percentage: float
    is_vertical: bool
    delta_n: float
    n0: float
    latitude_deg: float
    coast_km: float
    ducting_margin_db: float


class Scratch(NamedTuple):
    """Arrays one worker reuses for every pixel."""

    heights: Float32Array
    surface: Float32Array
    distance_km: Float64Array
    height_m: Float64Array
    surface_m: Float64Array
    zone: Int64Array


@njit(cache=True, error_model="numpy", nogil=True)
def make_scratch(samples: int, has_clutter: bool) -> Scratch:
    """Allocate the arrays of one worker; without clutter the surface is the terrain itself."""
    heights = np.zeros(samples, dtype=np.float32)
    surface = np.zeros(samples, dtype=np.float32) if has_clutter else heights
    whole = np.zeros(samples)
    return Scratch(heights, surface, whole, np.zeros(samples), np.zeros(samples), np.full(samples, INLAND))


@njit(cache=True, error_model="numpy", nogil=True, fastmath=_FAST)
def _rx_slope(  # noqa: PLR0917 - kernels take no keyword-only options
    heights: Float32Array, tables: Tables, count: int, rx_m: float, gap_km: float, step_km: float, bend: float
) -> np.float32:
    """Greatest slope from the receiver over the curved earth, less its part at the transmitter (80)."""
    end, gap, spacing, curve = np.float32(rx_m), np.float32(gap_km), np.float32(step_km), np.float32(bend)
    last = np.float32(count)
    slope = np.float32(-1e30)
    for i in range(1, count + 1):
        rest = gap + (last - tables.step[i]) * spacing
        slope = greater((heights[i] - end) / rest - curve * rest, slope)
    return slope


@njit(cache=True, error_model="numpy", nogil=True)
def _bare_slopes(
    scratch: Scratch, tables: Tables, site: Site, count: int, path: AreaPath
) -> tuple[bool, float, float]:
    """Slopes to the horizons over the bare terrain and whether it blocks; clutter does not count here."""
    if scratch.heights is scratch.surface:
        return path.is_blocked, path.tx_slope, path.rx_slope
    d, bend = path.distance_km, 500.0 / site.radius_km
    tx_slope = float(highest_slope(scratch.heights, tables, count, site.tx_height_m))
    direct = path.rise_m / d - bend * d
    if tx_slope <= direct:
        return False, direct, -path.rise_m / d - bend * d
    rx = site.tx_height_m + path.rise_m
    gap = d - count * site.step_km
    return True, tx_slope, float(_rx_slope(scratch.heights, tables, count, rx, gap, site.step_km, bend))


@njit(cache=True, error_model="numpy", nogil=True)
def _horizon_distances(  # noqa: PLR0917 - kernels take no keyword-only options
    scratch: Scratch, site: Site, count: int, path: AreaPath, tx_slope: float, rx_slope: float
) -> tuple[float, float]:
    """Least horizon distances that fit the slopes, within the rounding of float32."""
    bend, rx = 500.0 / site.radius_km, site.tx_height_m + path.rise_m
    low = tx_slope - 1e-3 - 1e-5 * abs(tx_slope)
    first = 1
    while first < count:
        x = first * site.step_km
        if scratch.heights[first] - site.tx_height_m >= (low + bend * x) * x:
            break
        first += 1
    low = rx_slope - 1e-3 - 1e-5 * abs(rx_slope)
    last = count
    while last > 1:
        x = path.distance_km - last * site.step_km
        if scratch.heights[last] - rx >= (low + bend * x) * x:
            break
        last -= 1
    return first * site.step_km, path.distance_km - last * site.step_km


@njit(cache=True, error_model="numpy", nogil=True)
def _least_shielding(  # noqa: PLR0917 - kernels take no keyword-only options
    angle_mrad: float, low_km: float, high_km: float, f: float, f_root: float, gamma: float
) -> tuple[float, float]:
    """Lower bound of shielding and bending of one terminal whose horizon lies between two distances.

    Returns the factor under 20 log and the decibels to add to it.
    """
    steep = max(angle_mrad - 0.1 * high_km, 0.0)
    factor = 1.0 + 0.361 * steep * math.sqrt(f * low_km)
    return factor, 0.264 * steep * f_root + gamma * min(angle_mrad, 0.1 * low_km)


@njit(cache=True, error_model="numpy", nogil=True)
def _diffraction_db(path: AreaPath, carriers: Carriers, i: int) -> float:
    """Delta-Bullington loss L_d50 of a path for one carrier (equation 39)."""
    scale = carriers.per_root_wavelength[i]
    terrain = bullington_db(path.nu_m * scale, path.distance_km)
    share = 1.0 - path.clearance_m * scale / path.needed_m
    if share < 0.0:
        return terrain
    spherical = first_term_from_root_db(
        path.distance_km,
        path.effective_tx_m,
        path.effective_rx_m,
        path.spherical_radius_km,
        path.radius_root * carriers.root[i],
        carriers.ground[i],
    )
    if spherical <= 0.0:
        return terrain
    smooth = bullington_db(path.smooth_nu_m * scale, path.distance_km)
    return delta_bullington_db(terrain, smooth, share * spherical)


@njit(cache=True, error_model="numpy", nogil=True)
def _full_db(  # noqa: PLR0917 - kernels take no keyword-only options
    scratch: Scratch, site: Site, count: int, path: AreaPath, climate: Climate, frequency_ghz: float
) -> float:
    """Evaluate every equation of the Recommendation on the sampled path."""
    end = count + 1
    for i in range(end):
        scratch.distance_km[i] = i * site.step_km
        scratch.height_m[i] = scratch.heights[i]
        scratch.surface_m[i] = scratch.surface[i]
    scratch.distance_km[end] = path.distance_km
    ground = path.rise_m + site.tx_height_m - site.rx_height_m
    scratch.height_m[end] = ground
    scratch.surface_m[end] = ground
    used = end + 1
    geometry = analyse(
        scratch.distance_km[:used],
        scratch.height_m[:used],
        scratch.surface_m[:used],
        scratch.zone[:used],
        site.tx_height_m,
        site.rx_height_m,
        climate.delta_n,
    )
    given = Conditions(
        frequency_ghz,
        climate.time_percentage,
        climate.is_vertical,
        climate.n0,
        climate.latitude_deg,
        climate.coast_km,
        climate.coast_km,
        False,
    )
    losses = combine(geometry, given)
    return max(losses.basic_p, losses.combined)


@njit(cache=True, error_model="numpy", nogil=True)
def _least_angle_mrad(slope: float) -> float:
    """Lower bound of the angle of a slope given in mrad: arctan x >= 3 x / (3 + x^2), and >= x below 0."""
    if slope <= 0.0:
        return slope
    x = 0.001 * slope
    return 3.0 * slope / (3.0 + x * x)


@njit(cache=True, error_model="numpy", nogil=True)
def _may_duct(  # noqa: PLR0917 - kernels take no keyword-only options
    scratch: Scratch,
    site: Site,
    count: int,
    path: AreaPath,
    carriers: Carriers,
    i: int,
    slopes: tuple[bool, float, float],
    loss: float,
) -> bool:
    """Tell whether ducting may undercut a loss, by lower bounds of equation 46."""
    d, f, f_root = path.distance_km, carriers.frequency_ghz[i], carriers.root[i]
    gamma = 5e-5 * site.radius_km * f_root
    tx_angle, rx_angle = _least_angle_mrad(slopes[1]), _least_angle_mrad(slopes[2])
    base = carriers.ducting_floor_db[i] + gamma * 1000.0 * d / site.radius_km
    tx_km, rx_km = site.step_km, 0.5 * site.step_km
    tx_factor, tx_more = _least_shielding(tx_angle, tx_km, d, f, f_root, gamma)
    rx_factor, rx_more = _least_shielding(rx_angle, rx_km, d, f, f_root, gamma)
    reach = tx_km + rx_km if slopes[0] else d
    bound = base + 20.0 * math.log10(reach * tx_factor * rx_factor) + tx_more + rx_more
    if loss < bound or not slopes[0]:
        return loss >= bound
    tx_km, rx_km = _horizon_distances(scratch, site, count, path, slopes[1], slopes[2])
    tx_factor, tx_more = _least_shielding(tx_angle, tx_km, tx_km, f, f_root, gamma)
    rx_factor, rx_more = _least_shielding(rx_angle, rx_km, rx_km, f, f_root, gamma)
    bound = base + 20.0 * math.log10((tx_km + rx_km) * tx_factor * rx_factor) + tx_more + rx_more
    return loss >= bound - 0.01


@njit(cache=True, error_model="numpy", nogil=True)
def _carrier_db(  # noqa: PLR0917 - kernels take no keyword-only options
    scratch: Scratch,
    tables: Tables,
    site: Site,
    count: int,
    path: AreaPath,
    carriers: Carriers,
    climate: Climate,
    i: int,
) -> float:
    """Median loss of one carrier; the cheap bounds come first, the full equations only where they bind."""
    f, d = carriers.frequency_ghz[i], path.distance_km
    rise_km = 0.001 * path.rise_m
    spread = 10.0 * math.log10(d * d + rise_km * rise_km)
    free = carriers.free_db[i] + spread
    loss = free + _diffraction_db(path, carriers, i)
    # the slant distance is the longer one, by little: the floor keeps 20 dB in hand
    is_scattered = loss >= carriers.scatter_floor_db[i] + spread
    is_gentle = not path.is_blocked and max(abs(path.tx_slope), abs(path.rx_slope)) < GENTLE_MRAD
    if is_gentle and loss < free + climate.ducting_margin_db and not is_scattered:
        return loss
    slopes = _bare_slopes(scratch, tables, site, count, path)
    if _may_duct(scratch, site, count, path, carriers, i, slopes, loss):
        return _full_db(scratch, site, count, path, climate, f)
    if not is_scattered:
        return loss
    angle = 1000.0 * (d / site.radius_km + math.atan(0.001 * slopes[1]) + math.atan(0.001 * slopes[2]))
    scatter = troposcatter_db(f, d, angle, climate.n0, 50.0)
    return max(free, either_db(scatter, loss, -5.0 / math.log(10.0)))


@njit(cache=True, error_model="numpy", nogil=True)
def _pixel_db(  # noqa: PLR0917 - kernels take no keyword-only options
    scratch: Scratch,
    tables: Tables,
    site: Site,
    count: int,
    d: float,
    end_m: float,
    total: float,
    moment: float,
    carriers: Carriers,
    climate: Climate,
    cells: float,
    out: Float32Array,
) -> None:
    """Loss of every carrier at one pixel whose path has been sampled."""
    rise = end_m + site.rx_height_m - site.tx_height_m
    near = max(d, LEAST_DISTANCE_KM)
    if d < SHORTEST_KM:
        for i in range(out.size):
            if cells <= carriers.radius_cells[i]:
                out[i] = carriers.free_db[i] + 10.0 * math.log10(near * near + (0.001 * rise) ** 2)
        return
    path = area_path(scratch.heights, scratch.surface, tables, site, count, d, end_m, total, moment)
    for i in range(out.size):
        if cells > carriers.radius_cells[i]:
            continue
        if climate.time_percentage == 50.0:
            out[i] = _carrier_db(scratch, tables, site, count, path, carriers, climate, i)
        else:
            out[i] = _full_db(scratch, site, count, path, climate, carriers.frequency_ghz[i])


@njit(cache=True, error_model="numpy", nogil=True)
def loss_rows(  # noqa: PLR0917 - kernels take no keyword-only options
    row_begin: int,
    row_end: int,
    ground: Float32Array,
    clutter: Float32Array,
    shape: tuple[int, int],
    tables: Tables,
    site: Site,
    carriers: Carriers,
    climate: Climate,
    out: npt.NDArray[np.float32],
) -> None:
    """Fill rows of the loss of every carrier.

    Parameters
    ----------
    row_begin, row_end : int
        Rows of the window to fill.
    ground, clutter : ndarray of float32
        Padded window, flattened; an empty clutter means none. Heights above the ground at the site.
    shape : tuple of int
        Rows and columns of the padded window, one cell wider on every side than `out`.
    out : ndarray of float32, shape (carriers, rows, cols)
        Written in place; cells that nothing reaches keep what they hold.
    """
    width = shape[1]
    has_clutter = clutter.size > 0
    scratch = make_scratch(tables.step.size, has_clutter)
    values = np.empty(carriers.frequency_ghz.size, dtype=np.float32)
    farthest = carriers.radius_cells.max()
    for y in range(row_begin, row_end):
        down = float(y + 1 - site.row) - site.row_part
        for x in range(out.shape[2]):
            right = float(x + 1 - site.col) - site.col_part
            cells = math.sqrt(down * down + right * right)
            end_m = float(ground[(y + 1) * width + x + 1])
            if cells > farthest or end_m < UNKNOWN_BELOW_M:
                continue
            count = inner_samples(cells)
            per_cell = 1.0 / max(cells, 1e-9)
            row_step, col_step = np.float32(down * per_cell), np.float32(right * per_cell)
            sums = sample_terrain(
                ground, width, site, row_step, col_step, count, tables.step, scratch.heights
            )
            total, moment = float(sums[0]), float(sums[1])
            if total < UNKNOWN_BELOW_M:
                continue
            if has_clutter:
                add_clutter(
                    clutter,
                    width,
                    site,
                    row_step,
                    col_step,
                    count,
                    tables,
                    scratch.heights,
                    scratch.surface,
                )
            values[:] = np.nan
            d = cells * site.step_km
            _pixel_db(scratch, tables, site, count, d, end_m, total, moment, carriers, climate, cells, values)
            for i in range(values.size):
                out[i, y, x] = values[i]
