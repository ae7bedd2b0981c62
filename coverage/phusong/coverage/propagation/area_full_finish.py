"""From a batch of pixels to the losses of every carrier at any percentage of the time."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from phusong.coverage.propagation.area_batch import BATCH, LANES, Batch, make_batch
from phusong.coverage.propagation.area_carriers import Carriers, Climate
from phusong.coverage.propagation.area_finish import carrier_band
from phusong.coverage.propagation.area_full_tail import (
    More,
    Ranges,
    combined_losses,
    ducting_losses,
    full_band,
    make_more,
)
from phusong.coverage.propagation.area_geometry import Float32Array, Site
from phusong.coverage.propagation.area_tail import (
    Shared,
    diffraction_losses,
    make_shared,
    smooth_earth,
    spherical_radius,
)
from phusong.coverage.propagation.p1812_path import BETA_EARTH_RADIUS_KM


class FullFinish(NamedTuple):
    """Arrays one worker reuses for every batch; ``again`` is the batch with the anomalous earth's edges."""

    batch: Batch
    again: Batch
    more: More
    ranges: Ranges
    shared: Shared
    shared_beta: Shared
    median: Float32Array
    anomalous: Float32Array
    ducting: Float32Array
    combined: Float32Array


@njit(cache=True, error_model="numpy", nogil=True)
def make_full_finish(room: int, ranges: Ranges) -> FullFinish:
    """Allocate the arrays of one worker; up to ``room`` pixels come at a time."""
    room = BATCH + room + LANES
    batch, more = make_batch(room), make_more(room)
    again = Batch(
        batch.target,
        batch.corner,
        batch.cells,
        batch.distance_km,
        batch.rise_m,
        more.nu_m,
        batch.tx_m,
        batch.rx_m,
        batch.tx_slope,
        batch.rx_slope,
        batch.tx_km,
        batch.rx_km,
        more.smooth_nu_m,
    )
    four = np.zeros((4, room), dtype=np.float32)
    return FullFinish(
        batch,
        again,
        more,
        ranges,
        make_shared(room),
        make_shared(room),
        four[0],
        four[1],
        four[2],
        four[3],
    )


@njit(cache=True, error_model="numpy", nogil=True, forceinline=True)
def finish_full(  # noqa: PLR0917 - kernels take no keyword-only options
    work: FullFinish,
    site: Site,
    filled: int,
    carriers: Carriers,
    climate: Climate,
    is_sampled: bool,
    plane: int,
    out: Float32Array,
) -> None:
    """Work out the loss of every carrier over the first pixels of the batch.

    Parameters
    ----------
    filled : int
        Pixels in the batch.
    is_sampled : bool
        Take the smooth earths' edge parameters of the samples, from the batch, for the closed form.
    plane : int
        Pixels of one carrier's result.
    out : ndarray of float32, shape (carriers * plane,)
        Written at the pixels' targets, of carriers whose radius reaches them.
    """
    batch, more, shared, beta = work.batch, work.more, work.shared, work.shared_beta
    lanes = (filled + LANES - 1) // LANES * LANES
    smooth_earth(batch, shared, lanes, site.radius_km)
    spherical_radius(batch, shared, lanes, site.radius_km)
    smooth_earth(batch, beta, lanes, BETA_EARTH_RADIUS_KM)
    spherical_radius(batch, beta, lanes, BETA_EARTH_RADIUS_KM)
    if is_sampled:
        shared.smooth_nu_m[:filled] = batch.smooth_nu_m[:filled]
        beta.smooth_nu_m[:filled] = more.smooth_nu_m[:filled]
    for i in range(carriers.frequency_ghz.size):
        band, full = carrier_band(carriers, site, climate, i), full_band(carriers, site, climate, i)
        diffraction_losses(batch, shared, band, lanes, work.median)
        diffraction_losses(work.again, beta, band, lanes, work.anomalous)
        ducting_losses(batch, more, work.ranges, full, site.step_km, lanes, work.ducting)
        combined_losses(
            batch,
            more,
            work.ranges,
            full,
            site.step_km,
            lanes,
            shared.spread_db,
            work.median,
            work.anomalous,
            work.ducting,
            work.combined,
        )
        for j in range(filled):
            if batch.cells[j] <= carriers.radius_cells[i]:
                out[i * plane + batch.target[j]] = work.combined[j]
