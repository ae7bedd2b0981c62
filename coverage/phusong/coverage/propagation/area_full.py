"""Every equation of P.1812 on one sampled path, for what the vectorised losses do not cover."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from phusong.coverage.propagation.area_carriers import Climate
from phusong.coverage.propagation.area_geometry import Float32Array, Site
from phusong.coverage.propagation.p1812_combination import Conditions, combine
from phusong.coverage.propagation.p1812_path import analyse
from phusong.coverage.propagation.profile import INLAND, Float64Array, Int64Array


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


@njit(cache=True, error_model="numpy", nogil=True)
def full_db(  # noqa: PLR0917 - kernels take no keyword-only options
    scratch: Scratch,
    site: Site,
    count: int,
    distance_km: float,
    end_m: float,
    climate: Climate,
    frequency_ghz: float,
) -> float:
    """Evaluate every equation of the Recommendation on the path whose samples the scratch holds.

    Parameters
    ----------
    count : int
        Samples between the terminals.
    distance_km, end_m : float
        Of the receiver's ground.
    """
    end = count + 1
    for i in range(1, end):
        scratch.distance_km[i] = i * site.step_km
        scratch.height_m[i] = scratch.heights[i]
        scratch.surface_m[i] = scratch.surface[i]
    scratch.distance_km[end] = distance_km
    scratch.height_m[end] = end_m
    scratch.surface_m[end] = end_m
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
