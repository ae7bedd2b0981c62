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
    sight_margin,
    smooth_ends,
)
from phusong.coverage.propagation.area_kernel import (
    LEAST_DISTANCE_KM,
    SHORTEST_KM,
    Carriers,
    Climate,
    Scratch,
    make_scratch,
)
from phusong.coverage.propagation.p1812_combination import Conditions, combine
from phusong.coverage.propagation.p1812_diffraction import crossing_nu_m
from phusong.coverage.propagation.p1812_path import analyse
from phusong.coverage.propagation.profile import Float64Array
from phusong.coverage.propagation.sweep_radials import (
    Fan,
    Pixels,
    Trace,
    flat_obstruction,
    list_pixels,
    make_pixels,
    make_trace,
    rx_horizon,
    trace_radial,
)
from phusong.coverage.propagation.sweep_tail import (
    Band,
    Batch,
    Shared,
    diffraction_losses,
    ducting_margins,
    make_batch,
    make_shared,
    scattered_losses,
    smooth_earth,
    spherical_radius,
)

BATCH = 1024
"""Pixels gathered before their losses are worked out together."""
_NEARLY = 0.999
"""Horizon distances are held this share too short: the ducting gate must not miss for rounding."""
_GATE_DB = np.float32(0.05)


class Lookup(NamedTuple):
    """Numbers by count of steps: shared tables, and reciprocals in double precision."""

    tables: Tables
    per_step: Float64Array


class Work(NamedTuple):
    """Arrays one worker reuses for every radial."""

    pixels: Pixels
    trace: Trace
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
    room = BATCH + on_radial
    three = np.zeros((3, room), dtype=np.float32)
    return Work(
        make_pixels(on_radial),
        make_trace(samples),
        make_batch(room),
        make_shared(room),
        three[0],
        three[1],
        three[2],
        make_scratch(samples, False),
    )


@njit(cache=True, error_model="numpy", nogil=True)
def _put(  # noqa: PLR0917 - kernels take no keyword-only options
    work: Work, lookup: Lookup, site: Site, cells: float, end_m: float, at: int
) -> None:
    """Work out the geometry of one pixel and write it into a batch's row ``at``."""
    trace, batch = work.trace, work.batch
    count, step = inner_samples(cells), site.step_km
    d = cells * step
    tx, rx = site.tx_height_m, end_m + site.rx_height_m
    curvature = 500.0 / site.radius_km
    direct, bend = (rx - tx) / d, curvature * d
    last_m = float(trace.heights[count])
    tx_smooth, rx_smooth = smooth_ends(trace.total[count], trace.moment[count], last_m, end_m, d, step, count)
    tx_slope = trace.tx_slope[count]
    if tx_slope + bend - direct >= 0.0:
        index = rx_horizon(trace, count, cells, rx - bend * d)
        rx_km = d - index * step
        rx_slope = (float(trace.heights[index]) - rx) / rx_km - curvature * rx_km
        nu = crossing_nu_m(tx_slope + bend - direct, rx_slope + bend + direct, d)
        tx_km = _NEARLY * trace.tx_index[count] * step
        rx_km *= _NEARLY
        obstruction, rx_flat = flat_obstruction(trace, count, cells, rx, tx)
        if obstruction > 0.0:
            tx_over, rx_over = trace.tx_flat[count] - direct, rx_flat / step + direct
            tx_smooth -= obstruction * tx_over / (tx_over + rx_over)
            rx_smooth -= obstruction * rx_over / (tx_over + rx_over)
    else:
        gap = d - count * step
        margin = sight_margin(trace.heights, lookup.tables, count, tx, direct, gap, step, curvature)
        nu = -math.sqrt(0.002 * d * min(float(margin), 1e6))
        tx_slope, rx_slope = direct - bend, -direct - bend
        tx_km, rx_km = step, 0.5 * step
    batch.distance_km[at], batch.rise_m[at], batch.nu_m[at] = d, rx - tx, nu
    batch.tx_m[at], batch.rx_m[at] = tx - min(tx_smooth, 0.0), rx - min(rx_smooth, end_m)
    batch.tx_slope[at], batch.rx_slope[at] = tx_slope, rx_slope
    batch.tx_km[at], batch.rx_km[at] = tx_km, rx_km


@njit(cache=True, error_model="numpy", nogil=True)
def _put_near(  # noqa: PLR0917 - kernels take no keyword-only options
    out: Float32Array,
    plane: int,
    target: int,
    cells: float,
    rise_m: float,
    carriers: Carriers,
    step_km: float,
) -> None:
    """Write free-space loss, which holds under the Recommendation's shortest path."""
    d = max(cells * step_km, LEAST_DISTANCE_KM)
    spread = 10.0 * math.log10(d * d + (0.001 * rise_m) ** 2)
    for i in range(carriers.frequency_ghz.size):
        if cells <= carriers.radius_cells[i]:
            out[i * plane + target] = carriers.free_db[i] + spread


@njit(cache=True, error_model="numpy", nogil=True)
def _gather(  # noqa: PLR0917 - kernels take no keyword-only options
    work: Work, lookup: Lookup, fan: Fan, found: int, filled: int, carriers: Carriers, out: Float32Array
) -> int:
    """Add the pixels of a traced radial to the batch; return how many rows are filled."""
    site, pixels, batch = fan.site, work.pixels, work.batch
    plane = (fan.rows - 2) * (fan.cols - 2)
    known = trace_known(work, lookup, fan, found)
    for i in range(found):
        cells = pixels.cells[i]
        end_m = float(fan.ground[pixels.corner[i]])
        if inner_samples(cells) > known or end_m < UNKNOWN_BELOW_M:
            continue
        if cells * site.step_km < SHORTEST_KM:
            rise = end_m + site.rx_height_m - site.tx_height_m
            _put_near(out, plane, pixels.target[i], cells, rise, carriers, site.step_km)
            continue
        _put(work, lookup, site, cells, end_m, filled)
        batch.target[filled] = pixels.target[i]
        batch.corner[filled] = pixels.corner[i]
        batch.cells[filled] = cells
        filled += 1
    return filled


@njit(cache=True, error_model="numpy", nogil=True)
def trace_known(work: Work, lookup: Lookup, fan: Fan, found: int) -> int:
    """Trace the sampled radial as far as its pixels need; return the samples before unknown terrain."""
    count = inner_samples(work.pixels.cells[:found].max())
    return trace_radial(work.trace, lookup.tables, fan.site, count, lookup.per_step)


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
    smooth_earth(batch, shared, filled, fan.site.radius_km)
    spherical_radius(batch, shared, filled, fan.site.radius_km)
    for i in range(carriers.frequency_ghz.size):
        band = _band(carriers, fan.site, climate, i)
        diffraction_losses(batch, shared, band, filled, work.losses)
        scattered_losses(batch, shared, band, filled, work.losses, work.combined)
        ducting_margins(batch, band, filled, work.losses, work.margins)
        for j in range(filled):
            cells = batch.cells[j]
            if cells > carriers.radius_cells[i]:
                continue
            loss = work.combined[j]
            if work.margins[j] < _GATE_DB:
                frequency = carriers.frequency_ghz[i]
                loss = np.float32(_full_db(work, lookup, fan, batch.corner[j], cells, climate, frequency))
            out[i * plane + batch.target[j]] = loss


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
    work = make_work(lookup.tables.step.size)
    farthest = carriers.radius_cells.max()
    filled = 0
    for j in range(begin, end):
        found = list_pixels(fan, edges[j], edges[j + 1], farthest, work.pixels)
        if found == 0:
            continue
        middle = 0.5 * (math.atan(edges[j]) + math.atan(edges[j + 1]))
        down = np.float32(fan.aside * math.sin(middle))
        right = np.float32(fan.ahead * math.cos(middle))
        count = inner_samples(work.pixels.cells[:found].max())
        sample_terrain(
            fan.ground, fan.cols, fan.site, down, right, count, lookup.tables.step, work.trace.heights
        )
        filled = _gather(work, lookup, fan, found, filled, carriers, out)
        if filled >= BATCH:
            _finish(work, lookup, fan, filled, carriers, climate, out)
            filled = 0
    _finish(work, lookup, fan, filled, carriers, climate, out)
