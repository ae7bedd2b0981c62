"""Sweep of radials: geometry of their pixels in batches, then the loss of every carrier of each batch.

A batch fills up over several radials, so that the vectorised losses run over long arrays.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from phusong.coverage.propagation.area_batch import BATCH, Batch, from_row
from phusong.coverage.propagation.area_carriers import LEAST_DISTANCE_KM, SHORTEST_KM, Carriers, Climate
from phusong.coverage.propagation.area_finish import Finish, Land, finish_batch, make_finish
from phusong.coverage.propagation.area_geometry import UNKNOWN_BELOW_M, Float32Array, inner_samples
from phusong.coverage.propagation.area_lending import keep, lend
from phusong.coverage.propagation.profile import Float64Array
from phusong.coverage.propagation.sweep_geometry import Seen, make_seen, see_pixels
from phusong.coverage.propagation.sweep_radials import Fan, Pixels, first_rows, list_pixels, make_pixels
from phusong.coverage.propagation.sweep_sight import LEAST_NU_SQUARE, Sight, make_sight
from phusong.coverage.propagation.sweep_trace import Lookup, Trace, make_trace, sample_radial, trace_radial


class Work(NamedTuple):
    """Arrays one worker reuses for every radial."""

    pixels: Pixels
    trace: Trace
    seen: Seen
    sight: Sight
    finish: Finish


@njit(cache=True, error_model="numpy", nogil=True)
def make_work(samples: int) -> Work:
    """Allocate the arrays of one worker for radials of so many samples."""
    on_radial = 2 * samples + 8
    return Work(
        make_pixels(on_radial),
        make_trace(samples),
        make_seen(on_radial),
        make_sight(on_radial),
        make_finish(on_radial, samples, False),
    )


@njit(cache=True, error_model="numpy", nogil=True)
def fill_near(  # noqa: PLR0917 - kernels take no keyword-only options
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
def gather_pixels(  # noqa: PLR0917 - kernels take no keyword-only options
    pixels: Pixels, seen: Seen, batch: Batch, fan: Fan, found: int, known: int, filled: int
) -> int:
    """Add a traced radial's pixels to the batch, save unknown and nearest ones; return how many are new."""
    new, step_km = 0, fan.site.step_km
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


@njit(cache=True, error_model="numpy", nogil=True, forceinline=True)
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
    return trace_radial(trace, lookup.tables, fan.site, count, most_sway)


@njit(cache=True, error_model="numpy", nogil=True, forceinline=True)
def _add_radial(  # noqa: PLR0917 - kernels take no keyword-only options
    work: Work,
    lookup: Lookup,
    fan: Fan,
    angle: float,
    most_sway: float,
    no_loss: float,
    found: int,
    filled: int,
) -> tuple[int, int]:
    """Add a radial's pixels to the batch; return how many are new and the samples before unknown terrain."""
    known = _sample(work, lookup, fan, angle, most_sway, found)
    new = gather_pixels(work.pixels, work.seen, work.finish.batch, fan, found, known, filled)
    part = from_row(work.finish.batch, filled)
    see_pixels(work.seen, work.sight, work.trace, part, lookup, fan.site, no_loss, new)
    return new, known


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
    owned = make_work(room), np.empty((2, room), dtype=np.int32), np.empty(0, dtype=np.float32)
    work, rows, no_clutter = lend(owned)
    lent, tables, result = lend(fan), lend(lookup), lend(out)
    waves = lend(carriers)
    land = Land(lent.ground, no_clutter, lent.rows, lent.cols, lent.site)
    farthest, filled = waves.radius_cells.max(), 0
    no_loss = 500.0 * LEAST_NU_SQUARE / waves.per_root_wavelength.min() ** 2
    begins, ends = rows[0], rows[1]
    first_rows(lent, edges[begin], ends)
    for j in range(begin, end):
        begins, ends = ends, begins
        low, high = edges[j], edges[j + 1]
        first_rows(lent, high, ends)
        steep = 0.0 if low < 0.0 < high else min(abs(low), abs(high))
        angle = 0.5 * (math.atan(low) + math.atan(high))
        found = list_pixels(lent, begins, ends, steep, angle, farthest, work.pixels)
        if found > 0:
            new, known = _add_radial(work, tables, lent, angle, 0.5 * (high - low), no_loss, found, filled)
            fill_near(lent, work.pixels, found, known, waves, result)
            filled += new
        if filled >= BATCH or j + 1 == end:
            finish_batch(work.finish, tables.tables, land, filled, waves, climate, False, result)
            filled = 0
    keep(owned)
