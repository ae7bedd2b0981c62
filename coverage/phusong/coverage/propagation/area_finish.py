"""From a batch of pixels to the losses of every carrier, written where they belong.

At 50 % of the time, line-of-sight corrections and interpolation vanish. Pixels where ducting may undercut
the loss, a few in a hundred by masts on sharp ridges and next to none elsewhere, are evaluated by every
equation on their own profile.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from phusong.coverage.propagation.area_batch import BATCH, LANES, Batch, make_batch
from phusong.coverage.propagation.area_carriers import Carriers, Climate
from phusong.coverage.propagation.area_full import Scratch, full_db, full_geometry, full_path, make_scratch
from phusong.coverage.propagation.area_geometry import (
    Float32Array,
    Site,
    Tables,
    add_clutter,
    inner_samples,
)
from phusong.coverage.propagation.area_sampling import sample_terrain
from phusong.coverage.propagation.area_tail import (
    Band,
    Shared,
    diffraction_losses,
    ducting_bounds,
    ducting_margins,
    least_margin,
    make_shared,
    scatter_paths,
    scattered_losses,
    smooth_earth,
    spherical_radius,
)
from phusong.coverage.propagation.p1812_combination import step_down
from phusong.coverage.propagation.p1812_statistics import anomalous_time

_GATE_DB = np.float32(0.05)
_LEAST_CHANGE_DB = 0.01


class Land(NamedTuple):
    """Ground and clutter around a site.

    Attributes
    ----------
    ground, clutter : ndarray of float32
        Padded window, flattened; heights above the ground at the site; no clutter where empty.
    rows, cols : int
        Of the padded window.
    site : Site
        In cells of this window.
    """

    ground: Float32Array
    clutter: Float32Array
    rows: int
    cols: int
    site: Site


class Finish(NamedTuple):
    """Arrays one worker reuses for every batch."""

    batch: Batch
    shared: Shared
    losses: Float32Array
    combined: Float32Array
    margins: Float32Array
    scratch: Scratch


@njit(cache=True, error_model="numpy", nogil=True)
def make_finish(more: int, samples: int, has_clutter: bool) -> Finish:
    """Allocate the arrays of one worker; up to ``more`` pixels come at a time."""
    room = BATCH + more + LANES
    three = np.zeros((3, room), dtype=np.float32)
    return Finish(
        make_batch(room),
        make_shared(room),
        three[0],
        three[1],
        three[2],
        make_scratch(samples, has_clutter),
    )


@njit(cache=True, error_model="numpy", nogil=True, forceinline=True)
def _own_path_db(  # noqa: PLR0917 - kernels take no keyword-only options
    scratch: Scratch,
    tables: Tables,
    land: Land,
    corner: int,
    cells: float,
    climate: Climate,
    frequency_ghz: float,
) -> float:
    """Evaluate every equation on the pixel's own profile."""
    site = land.site
    row, col = corner // land.cols, corner % land.cols
    down = np.float32((row - site.row - site.row_part) / cells)
    right = np.float32((col - site.col - site.col_part) / cells)
    count = inner_samples(cells)
    sums = sample_terrain(land.ground, land.cols, site, down, right, count, tables.step, scratch.heights)
    if land.clutter.size > 0:
        add_clutter(
            land.clutter, land.cols, site, down, right, count, tables, scratch.heights, scratch.surface
        )
    d, end_m = cells * site.step_km, float(land.ground[corner])
    total, moment = float(sums[0]), float(sums[1])
    path = full_path(scratch, tables, site, count, d, end_m, total, moment, climate.delta_n)
    return full_db(full_geometry(path, site, d), climate, frequency_ghz)


@njit(cache=True, error_model="numpy", nogil=True)
def _may_duct(  # noqa: PLR0917 - kernels take no keyword-only options
    batch: Batch, row: int, climate: Climate, site: Site, above_free_db: float, margin: float
) -> bool:
    """Tell whether ducting may change a loss, by its bound at this distance and by its weight.

    At 50 % of the time equations 57 to 62 take (1 - F_j) (1 - F_k) of what the loss exceeds ducting by, and
    that is no more than what it exceeds free space by.
    """
    d = float(batch.distance_km[row])
    if margin + _later_db(climate, d) >= _GATE_DB:
        return False
    angle = 1000.0 * (
        d / site.radius_km
        + math.atan(0.001 * float(batch.tx_slope[row]))
        + math.atan(0.001 * float(batch.rx_slope[row]))
    )
    weight = (1.0 - step_down(angle, 0.3, 2.4)) * (1.0 - step_down(d, 20.0, 1.5))
    return weight * above_free_db >= _LEAST_CHANGE_DB


@njit(cache=True, error_model="numpy", nogil=True)
def _later_db(climate: Climate, distance_km: float) -> float:
    """Least A(50 %) of ducting (equation 53) at a distance, over the least at any distance.

    A falls with beta, which is greatest over smooth ground.
    """
    log_beta = math.log10(anomalous_time(climate.latitude_deg, distance_km, distance_km))
    ratio = math.log10(50.0) - log_beta
    fade = (9.51 - 4.8 * log_beta + 0.198 * log_beta**2) * 1e-6 * distance_km**1.13
    gamma = 1.076 / (2.0058 - log_beta) ** 1.012 * math.exp(-fade)
    here = -12.0 + (1.2 + 3.7e-3 * distance_km) * ratio + 12.0 * 10.0 ** (gamma * ratio)
    return here - (climate.ducting_margin_db - 102.45 + 92.4)


@njit(cache=True, error_model="numpy", nogil=True)
def carrier_band(carriers: Carriers, site: Site, climate: Climate, i: int) -> Band:
    """Constants of one carrier; scatter and ducting without distance and angles (equations 44 and 46)."""
    f = carriers.frequency_ghz[i]
    scatter = 190.1 + 25.0 * math.log10(f) - 2.5 * math.log10(0.5 * f) ** 2 - 0.15 * climate.n0
    return Band(
        np.float32(carriers.free_db[i]),
        np.float32(carriers.per_root_wavelength[i]),
        np.float32(carriers.root[i]),
        np.float32(carriers.ground[i]),
        np.float32(scatter),
        np.float32(carriers.ducting_floor_db[i]),
        np.float32(0.361 * math.sqrt(f)),
        np.float32(5e-5 * site.radius_km * carriers.root[i]),
    )


@njit(cache=True, error_model="numpy", nogil=True, forceinline=True)
def finish_batch(  # noqa: PLR0917 - kernels take no keyword-only options
    work: Finish,
    tables: Tables,
    land: Land,
    filled: int,
    carriers: Carriers,
    climate: Climate,
    is_sampled: bool,
    out: Float32Array,
) -> None:
    """Work out the loss of every carrier over the first pixels of the batch.

    Parameters
    ----------
    filled : int
        Pixels in the batch.
    is_sampled : bool
        Take the smooth earth's edge parameter of the samples, from the batch, for the closed form.
    out : ndarray of float32, shape (carriers * rows * cols,)
        Written at the pixels' targets, of carriers whose radius reaches them.
    """
    batch, shared, site = work.batch, work.shared, land.site
    plane = (land.rows - 2) * (land.cols - 2)
    lanes = (filled + LANES - 1) // LANES * LANES
    smooth_earth(batch, shared, lanes, site.radius_km)
    spherical_radius(batch, shared, lanes, site.radius_km)
    scatter_paths(batch, shared, lanes, site.radius_km)
    ducting_bounds(batch, shared, lanes, site.radius_km)
    if is_sampled:
        shared.smooth_nu_m[:filled] = batch.smooth_nu_m[:filled]
    for i in range(carriers.frequency_ghz.size):
        band, radius_cells = carrier_band(carriers, site, climate, i), carriers.radius_cells[i]
        diffraction_losses(batch, shared, band, lanes, work.losses)
        scattered_losses(shared, band, lanes, work.losses, work.combined)
        ducting_margins(shared, band, lanes, work.losses, work.margins)
        for begin in range(0, lanes, LANES):
            if least_margin(work.margins, begin, LANES) < _GATE_DB:
                end = min(begin + LANES, filled)
                _duct(work, tables, land, begin, end, carriers.frequency_ghz[i], radius_cells, climate, band)
        for j in range(filled):
            if batch.cells[j] <= radius_cells:
                out[i * plane + batch.target[j]] = work.combined[j]


@njit(cache=True, error_model="numpy", nogil=True, forceinline=True)
def _duct(  # noqa: PLR0917 - kernels take no keyword-only options
    work: Finish,
    tables: Tables,
    land: Land,
    begin: int,
    end: int,
    frequency_ghz: float,
    radius_cells: float,
    climate: Climate,
    band: Band,
) -> None:
    """Evaluate every equation where ducting may change some pixels' loss."""
    batch = work.batch
    for j in range(begin, end):
        margin, cells = work.margins[j], batch.cells[j]
        if margin >= _GATE_DB or cells > radius_cells:
            continue
        above_free = work.losses[j] - band.free_db - work.shared.spread_db[j]
        if _may_duct(batch, j, climate, land.site, above_free, margin):
            work.combined[j] = _own_path_db(
                work.scratch, tables, land, batch.corner[j], cells, climate, frequency_ghz
            )
