"""Constants of carriers and climate that every mode of an area evaluates with."""

from __future__ import annotations

from typing import NamedTuple

from phusong.coverage.propagation.profile import Float64Array

MEDIAN_PERCENTAGE = 50.0
SHORTEST_KM = 0.25
LEAST_DISTANCE_KM = 0.001
NEGLIGIBLE_MARGIN_DB = 20.0
"""A loss this far above another changes their combination (equation 63) by under 0.0003 dB."""


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
