"""Sweep of radials: geometry of their pixels in batches, then the loss of every carrier of each batch.

A batch fills up over several radials, so that the vectorised losses run over long arrays. Pixels where
ducting may undercut the loss, a few in ten thousand, are evaluated by every equation on their own
profile.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from phusong.coverage.propagation.area_geometry import (
    UNKNOWN_BELOW_M,
    Float32Array,
    Site,
    Tables,
    inner_samples,
    sample_terrain,
)
from phusong.coverage.propagation.area_kernel import (
    LEAST_DISTANCE_KM,
    SHORTEST_KM,
    Carriers,
    Climate,
    Scratch,
    make_scratch,
)
from phusong.coverage.propagation.p1812_combination import Conditions, combine, step_down
from phusong.coverage.propagation.p1812_path import analyse
from phusong.coverage.propagation.p1812_statistics import anomalous_time
from phusong.coverage.propagation.profile import Float64Array
from phusong.coverage.propagation.sweep_batch import Batch, Seen, from_row, make_batch, make_seen
from phusong.coverage.propagation.sweep_geometry import see_pixels
from phusong.coverage.propagation.sweep_radials import (
    Fan,
    Pixels,
    first_rows,
    list_pixels,
    make_pixels,
)
from phusong.coverage.propagation.sweep_tail import (
    Band,
    Shared,
    diffraction_losses,
    ducting_margins,
    make_shared,
    scattered_losses,
    smooth_earth,
    spherical_radius,
)
from phusong.coverage.propagation.sweep_trace import BLOCK, Trace, make_trace, sample_radial, trace_radial

BATCH = 1024
"""Pixels gathered before their losses are worked out together."""
_LANES = 64
"""Losses are worked out for whole multiples of so many pixels: what vector loops would leave over comes out
of other instructions, in the last bit another number."""
_GATE_DB = np.float32(0.05)
_LEAST_CHANGE_DB = 0.01


class Lookup(NamedTuple):
    """Numbers by count of steps: shared tables, and reciprocals."""

    tables: Tables
    per_step: Float32Array


class Work(NamedTuple):
    """Arrays one worker reuses for every radial."""

    pixels: Pixels
    trace: Trace
    seen: Seen
    bounds: Float32Array
    batch: Batch
    shared: Shared
    losses: Float32Array
    combined: Float32Array
    margins: Float32Array
    scratch: Scratch


@njit(cache=True, error_model="numpy", nogil=True)
def make_work(samples: int) -> Work:
    """Allocate the arrays of one worker for radials of so many samples."""
    on_radial = 2 * samples + 8
    room = BATCH + on_radial + _LANES
    three = np.zeros((3, room), dtype=np.float32)
    return Work(
        make_pixels(on_radial),
        make_trace(samples),
        make_seen(on_radial),
        np.zeros(samples // BLOCK + 2, dtype=np.float32),
        make_batch(room),
        make_shared(room),
        three[0],
        three[1],
        three[2],
        make_scratch(samples, False),
    )


@njit(cache=True, error_model="numpy", nogil=True)
def _fill_near(  # noqa: PLR0917 - kernels take no keyword-only options
    fan: Fan, pixels: Pixels, found: int, known: int, carriers: Carriers, out: Float32Array
) -> None:
    """Write free-space loss, which holds under the Recommendation's shortest path."""
    site, plane = fan.site, (fan.rows - 2) * (fan.cols - 2)
    for i in range(found):
        cells, end_m = pixels.cells[i], float(fan.ground[pixels.corner[i]])
        if cells * site.step_km > 2.0 * SHORTEST_KM:  # pixels come by column, none over 45 degrees aside
            return
        if cells * site.step_km >= SHORTEST_KM or inner_samples(cells) > known or end_m < UNKNOWN_BELOW_M:
            continue
        d = max(cells * site.step_km, LEAST_DISTANCE_KM)
        rise_km = 0.001 * (end_m + site.rx_height_m - site.tx_height_m)
        spread = 10.0 * math.log10(d * d + rise_km * rise_km)
        for band in range(carriers.frequency_ghz.size):
            if cells <= carriers.radius_cells[band]:
                out[band * plane + pixels.target[i]] = carriers.free_db[band] + spread


@njit(cache=True, error_model="numpy", nogil=True)
def _gather(work: Work, fan: Fan, found: int, known: int, filled: int) -> int:
    """Add a traced radial's pixels to the batch, save unknown and nearest ones; return how many are new."""
    pixels, seen, batch, step_km = work.pixels, work.seen, work.batch, fan.site.step_km
    new = 0
    for i in range(found):
        cells, end_m = pixels.cells[i], fan.ground[pixels.corner[i]]
        count = inner_samples(cells)
        if count > known or end_m < UNKNOWN_BELOW_M or cells * step_km < SHORTEST_KM:
            continue
        seen.cells[new], seen.end_m[new], seen.inner[new] = cells, end_m, count
        seen.sway[new] = pixels.aside[i] / cells
        row = filled + new
        batch.target[row], batch.corner[row], batch.cells[row] = pixels.target[i], pixels.corner[i], cells
        new += 1
    return new


@njit(cache=True, error_model="numpy", nogil=True)
def _full_db(  # noqa: PLR0917 - kernels take no keyword-only options
    work: Work, lookup: Lookup, fan: Fan, corner: int, cells: float, climate: Climate, frequency_ghz: float
) -> float:
    """Evaluate every equation on the pixel's own profile."""
    site, scratch = fan.site, work.scratch
    row, col = corner // fan.cols, corner % fan.cols
    down = np.float32((row - site.row - site.row_part) / cells)
    right = np.float32((col - site.col - site.col_part) / cells)
    count = inner_samples(cells)
    sample_terrain(fan.ground, fan.cols, site, down, right, count, lookup.tables.step, scratch.heights)
    used = count + 2
    for i in range(count + 1):
        scratch.distance_km[i] = i * site.step_km
        scratch.height_m[i] = scratch.heights[i]
    scratch.distance_km[count + 1] = cells * site.step_km
    scratch.height_m[count + 1] = fan.ground[corner]
    height_m = scratch.height_m[:used]
    geometry = analyse(
        scratch.distance_km[:used],
        height_m,
        height_m,
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
def _band(carriers: Carriers, site: Site, climate: Climate, i: int) -> Band:
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
        np.float32(1000.0 / site.radius_km),
    )


@njit(cache=True, error_model="numpy", nogil=True)
def _finish(  # noqa: PLR0917 - kernels take no keyword-only options
    work: Work, lookup: Lookup, fan: Fan, filled: int, carriers: Carriers, climate: Climate, out: Float32Array
) -> None:
    """Work out the loss of every carrier over the batch and write it where it belongs."""
    batch, shared, plane = work.batch, work.shared, (fan.rows - 2) * (fan.cols - 2)
    lanes = (filled + _LANES - 1) // _LANES * _LANES
    smooth_earth(batch, shared, lanes, fan.site.radius_km)
    spherical_radius(batch, shared, lanes, fan.site.radius_km)
    for i in range(carriers.frequency_ghz.size):
        band = _band(carriers, fan.site, climate, i)
        diffraction_losses(batch, shared, band, lanes, work.losses)
        scattered_losses(batch, shared, band, lanes, work.losses, work.combined)
        ducting_margins(batch, band, lanes, work.losses, work.margins)
        for j in range(filled):
            cells = batch.cells[j]
            if cells > carriers.radius_cells[i]:
                continue
            loss = work.combined[j]
            if work.margins[j] < _GATE_DB and _may_duct(
                batch,
                j,
                climate,
                fan.site,
                work.losses[j] - band.free_db - shared.spread_db[j],
                work.margins[j],
            ):
                frequency = carriers.frequency_ghz[i]
                loss = np.float32(_full_db(work, lookup, fan, batch.corner[j], cells, climate, frequency))
            out[i * plane + batch.target[j]] = loss


@njit(cache=True, error_model="numpy", nogil=True)
def _sample(  # noqa: PLR0917 - kernels take no keyword-only options
    work: Work, lookup: Lookup, fan: Fan, angle: float, most_sway: float, found: int
) -> int:
    """Sample and trace a radial as far as its pixels need; return the samples before unknown terrain."""
    count = inner_samples(work.pixels.cells[:found].max())
    down, right = np.float32(fan.aside * math.sin(angle)), np.float32(fan.ahead * math.cos(angle))
    side, trace = np.float32(fan.ahead * fan.aside), work.trace
    sample_radial(
        fan.ground,
        fan.cols,
        fan.site,
        down,
        right,
        side,
        count,
        lookup.tables.step,
        trace.heights,
        trace.lean,
    )
    return trace_radial(trace, lookup.tables, fan.site, count, lookup.per_step, most_sway)


@njit(cache=True, error_model="numpy", nogil=True)
def sweep_radials(  # noqa: PLR0917 - kernels take no keyword-only options
    begin: int,
    end: int,
    edges: Float64Array,
    fan: Fan,
    lookup: Lookup,
    carriers: Carriers,
    climate: Climate,
    out: Float32Array,
) -> None:
    """Fill in the pixels of some radials of a fan.

    Parameters
    ----------
    begin, end : int
        Radials to sweep, each between two neighbours in `edges`.
    edges : ndarray
        Tangents between the radials.
    fan : Fan
    lookup : Lookup
    carriers : Carriers
    climate : Climate
        At 50 % of the time.
    out : ndarray of float32, shape (carriers * rows * cols,)
        Written in place; pixels that nothing reaches keep what they hold.
    """
    room = lookup.tables.step.size
    work, farthest, filled = make_work(room), carriers.radius_cells.max(), 0
    begins, ends = np.empty(room, dtype=np.int32), np.empty(room, dtype=np.int32)
    first_rows(fan, edges[begin], ends)
    for j in range(begin, end):
        begins, ends = ends, begins
        low, high = edges[j], edges[j + 1]
        first_rows(fan, high, ends)
        steep = 0.0 if low < 0.0 < high else min(abs(low), abs(high))
        angle = 0.5 * (math.atan(low) + math.atan(high))
        found = list_pixels(fan, begins, ends, steep, angle, farthest, work.pixels)
        if found == 0:
            continue
        known = _sample(work, lookup, fan, angle, 0.5 * (high - low), found)
        _fill_near(fan, work.pixels, found, known, carriers, out)
        new = _gather(work, fan, found, known, filled)
        part = from_row(work.batch, filled)
        see_pixels(work.seen, work.trace, part, lookup.tables, work.bounds, fan.site, new)
        filled += new
        if filled >= BATCH:
            _finish(work, lookup, fan, filled, carriers, climate, out)
            filled = 0
    _finish(work, lookup, fan, filled, carriers, climate, out)
