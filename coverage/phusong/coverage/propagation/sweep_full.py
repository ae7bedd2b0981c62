"""Sweep of radials with clutter on the way, at any percentage of the time.

A radial is sampled once and traced up to three times: the terrain over the median earth always; the surface
of terrain and clutter over that earth where there is clutter, and over the anomalous earth where the
percentage is not 50. All but edge parameters belongs to the bare terrain, as the Recommendation has it.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from phusong.coverage.propagation.area_batch import BATCH, TOGETHER, from_row
from phusong.coverage.propagation.area_carriers import MEDIAN_PERCENTAGE, Carriers, Climate
from phusong.coverage.propagation.area_finish import Finish, Land, finish_batch, make_finish
from phusong.coverage.propagation.area_full_finish import FullFinish, finish_full, make_full_finish
from phusong.coverage.propagation.area_full_tail import Ranges, more_from_row
from phusong.coverage.propagation.area_geometry import (
    Float32Array,
    Site,
    Tables,
    add_clutter,
    inner_samples,
)
from phusong.coverage.propagation.area_lending import keep, lend
from phusong.coverage.propagation.p1812_path import BETA_EARTH_RADIUS_KM
from phusong.coverage.propagation.profile import Float64Array
from phusong.coverage.propagation.sweep_clutter import Near, aim_near, make_near, see_near
from phusong.coverage.propagation.sweep_full_edges import Earth, see_edges, share_pixels, with_edges
from phusong.coverage.propagation.sweep_full_geometry import keep_smooth_ends, see_ducts
from phusong.coverage.propagation.sweep_geometry import (
    Seen,
    fill_up,
    list_sighted,
    make_seen,
    meet_horizons,
    walk_from_transmitter,
)
from phusong.coverage.propagation.sweep_kernel import fill_near, gather_pixels
from phusong.coverage.propagation.sweep_radials import Fan, Pixels, first_rows, list_pixels, make_pixels
from phusong.coverage.propagation.sweep_sight import LEAST_NU_SQUARE, Sight, clear_lines, make_sight
from phusong.coverage.propagation.sweep_trace import Lookup, Trace, make_trace, sample_radial, trace_radial

_F = np.float32


class FullWork(NamedTuple):
    """Arrays one worker reuses for every radial; ``surface`` is the terrain where there is no clutter."""

    pixels: Pixels
    terrain: Trace
    surface: Trace
    anomalous: Trace
    seen: Seen
    other: Seen
    sight: Sight
    near: Near
    finish: Finish
    full: FullFinish


@njit(cache=True, error_model="numpy", nogil=True)
def _over(trace: Trace, heights: Float32Array, lean: Float32Array) -> Trace:
    """Trace of the same room over other samples."""
    return Trace(
        heights,
        lean,
        trace.total,
        trace.moment,
        trace.tx_slope,
        trace.tx_lean,
        trace.tx_index,
        trace.tx_flat,
        trace.curved,
        trace.before,
        trace.edge,
        trace.tops,
    )


@njit(cache=True, error_model="numpy", nogil=True)
def _make_work(samples: int, has_clutter: bool, is_median: bool, ranges: Ranges) -> FullWork:
    """Allocate the arrays of one worker for radials of so many samples."""
    room = 2 * samples + 8
    terrain = make_trace(samples)
    raised = make_trace(samples if has_clutter else 1)
    surface = _over(raised, raised.heights, terrain.lean) if has_clutter else terrain
    anomalous = _over(make_trace(1 if is_median else samples), surface.heights, terrain.lean)
    return FullWork(
        make_pixels(room),
        terrain,
        surface,
        anomalous,
        make_seen(room),
        make_seen(room),
        make_sight(room),
        make_near(room + TOGETHER),
        make_finish(room if is_median else 0, samples, has_clutter),
        make_full_finish(0 if is_median else room, ranges),
    )


@njit(cache=True, error_model="numpy", nogil=True, forceinline=True)
def _trace_all(  # noqa: PLR0917 - kernels take no keyword-only options
    work: FullWork,
    lookup: Lookup,
    fan: Fan,
    cover: Float32Array,
    beta: Earth,
    angle: float,
    most_sway: float,
    found: int,
    is_median: bool,
) -> int:
    """Sample a radial and trace all that is asked; return the samples before unknown terrain."""
    tables, terrain, site = lookup.tables, work.terrain, fan.site
    count = inner_samples(work.pixels.cells[:found].max())
    down, right = _F(fan.aside * math.sin(angle)), _F(fan.ahead * math.cos(angle))
    side = _F(fan.ahead * fan.aside)
    sample_radial(
        fan.ground, fan.cols, site, down, right, side, count, tables.step, terrain.heights, terrain.lean
    )
    known = trace_radial(terrain, tables, site, count, most_sway)
    if cover.size > 0:
        heights, surface = terrain.heights, work.surface
        add_clutter(cover, fan.cols, site, down, right, known, tables, heights, surface.heights)
        trace_radial(surface, tables, site, known, most_sway)
    if not is_median:
        trace_radial(work.anomalous, beta.tables, beta.site, known, most_sway)
    return known


@njit(cache=True, error_model="numpy", nogil=True, forceinline=True)
def _add_radial(  # noqa: PLR0917 - kernels take no keyword-only options
    work: FullWork,
    fan: Fan,
    cover: Float32Array,
    earth: Earth,
    beta: Earth,
    per_step: Float32Array,
    no_loss: float,
    is_median: bool,
    filled: int,
    new: int,
) -> None:
    """Write the geometry of a traced radial's pixels into the batch."""
    seen, sight, site, near = work.seen, work.sight, fan.site, work.near
    rows = work.finish.batch if is_median else work.full.batch
    batch, more = from_row(rows, filled), more_from_row(work.full.more, 0 if is_median else filled)
    terrain, tables, has_clutter = work.terrain, earth.tables, cover.size > 0
    lanes = fill_up(seen, new)
    walk_from_transmitter(seen, terrain, batch, site, lanes)
    if not is_median:
        keep_smooth_ends(more, batch, seen, site, lanes)
    meet_horizons(seen, terrain, batch, site, per_step, lanes)
    if not is_median:
        see_ducts(more, batch, seen, terrain, site, new)
    inner = near.farther if has_clutter else seen.inner
    other = share_pixels(seen, inner, work.other)
    if has_clutter:
        aim_near(near, seen, batch.corner, fan.cols, site, new, lanes)
        see_near(near, seen, terrain, cover, fan.cols, tables, site, lanes)
        see_edges(other, sight, near, work.surface, batch, earth, per_step, no_loss, new)
    else:
        sighted = list_sighted(sight, seen, batch, site.step_km, no_loss, new)
        clear_lines(sight, terrain, batch, tables.per_km, tables.step, site, sighted)
    if not is_median:
        if has_clutter:
            see_near(near, seen, terrain, cover, fan.cols, beta.tables, beta.site, lanes)
        see_edges(
            other, sight, near, work.anomalous, with_edges(batch, more.nu_m), beta, per_step, no_loss, new
        )


@njit(cache=True, error_model="numpy", nogil=True)
def sweep_full_radials(  # noqa: PLR0917 - kernels take no keyword-only options
    begin: int,
    end: int,
    edges: Float64Array,
    fan: Fan,
    cover: Float32Array,
    lookup: Lookup,
    beta_tables: Tables,
    carriers: Carriers,
    climate: Climate,
    ranges: Ranges,
    out: Float32Array,
) -> None:
    """Fill in the pixels of some radials of a fan; for what is not said see `sweep_kernel.sweep_radials`.

    Parameters
    ----------
    cover : ndarray of float32
        Clutter on the fan's window, flattened; empty for none.
    beta_tables : Tables
        Of the anomalous earth.
    climate : Climate
        At any percentage of the time.
    ranges : Ranges
        What the distance alone decides in this climate.
    """
    room, is_median = lookup.tables.step.size, climate.time_percentage == MEDIAN_PERCENTAGE
    owned = (
        _make_work(room, cover.size > 0, is_median, ranges),
        np.empty((2, room), dtype=np.int32),
    )
    work, rows = lend(owned)
    lent, clutter, tables, result, waves = lend(fan), lend(cover), lend(lookup), lend(out), lend(carriers)
    site, plane = lent.site, (lent.rows - 2) * (lent.cols - 2)
    earth = Earth(site, tables.tables)
    beta = Earth(_with_radius(site, BETA_EARTH_RADIUS_KM), lend(beta_tables))
    land = Land(lent.ground, clutter, lent.rows, lent.cols, site)
    farthest, filled = waves.radius_cells.max(), 0
    no_loss = 500.0 * LEAST_NU_SQUARE / waves.per_root_wavelength.min() ** 2
    begins, ends = rows[0], rows[1]
    batch = work.finish.batch if is_median else work.full.batch
    first_rows(lent, edges[begin], ends)
    for j in range(begin, end):
        begins, ends = ends, begins
        low, high = edges[j], edges[j + 1]
        first_rows(lent, high, ends)
        steep = 0.0 if low < 0.0 < high else min(abs(low), abs(high))
        angle = 0.5 * (math.atan(low) + math.atan(high))
        found = list_pixels(lent, begins, ends, steep, angle, farthest, work.pixels)
        if found > 0:
            sway = 0.5 * (high - low)
            known = _trace_all(work, tables, lent, clutter, beta, angle, sway, found, is_median)
            new = gather_pixels(work.pixels, work.seen, batch, lent, found, known, filled)
            _add_radial(work, lent, clutter, earth, beta, tables.per_step, no_loss, is_median, filled, new)
            fill_near(lent, work.pixels, found, known, waves, result)
            filled += new
        if filled < BATCH and j + 1 < end:
            continue
        if is_median:
            finish_batch(work.finish, tables.tables, land, filled, waves, climate, False, result)
        else:
            finish_full(work.full, site, filled, waves, climate, False, plane, result)
        filled = 0
    keep(owned)


@njit(cache=True, error_model="numpy", nogil=True)
def _with_radius(site: Site, radius_km: float) -> Site:
    """Site on another earth."""
    return Site(
        site.row,
        site.col,
        site.row_part,
        site.col_part,
        site.tx_height_m,
        site.rx_height_m,
        radius_km,
        site.step_km,
    )
