"""ITM, the Irregular Terrain Model of Longley and Rice: loss over a terrain profile, 20 MHz to 20 GHz.

Point-to-point mode with time, location and situation variability, after G. A. Hufford, *The ITS Irregular
Terrain Model, version 1.2.2: The Algorithm* (NTIA); equation numbers are those of that text. The equations
live beside this module: ``itm_terrain``, ``itm_attenuation``, ``itm_variability``. Version 1.4 of the NTIA's
own answers are reproduced; this is no translation of its program.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numba import njit

from phusong.coverage.errors import ModelRangeError
from phusong.coverage.propagation.itm_attenuation import (
    Wave,
    reference_attenuation_db,
    wave,
)
from phusong.coverage.propagation.itm_conditions import (
    RANGES,
    Conditions,
    Polarization,
    checked_conditions,
)
from phusong.coverage.propagation.itm_terrain import SCRATCH_LENGTH, Link, analyse_link, smooth_horizon_m
from phusong.coverage.propagation.itm_variability import EXTREME_DEVIATE, varied_attenuation_db
from phusong.coverage.propagation.profile import Float64Array, Profile

MECHANISMS = {1: "line_of_sight", 2: "diffraction", 3: "troposcatter"}
MARITIME_SUBTROPICAL = 3
MOBILE_POINT_TO_POINT = 12
EVEN_STEP_SHARE = 1e-6

LEAST_REFRACTIVITY = 150.0
# why there is no result -> code of the error
UNDEFINED = {
    "refractivity": "itm_refractivity",
    "earth_curvature": "itm_earth_curvature",
    "ground_impedance": "itm_ground_impedance",
    "geometry": "itm_geometry",
}
CURVATURES_PER_M = (75e-9, 250e-9)


class Answer(NamedTuple):
    """What the kernel finds on one path."""

    loss_db: float
    free_space_db: float
    reference_db: float
    mechanism: int
    link: Link
    carrier: Wave


@dataclass(frozen=True, slots=True)
class ItmParts:
    """One evaluation with its intermediate quantities.

    Attributes
    ----------
    loss_db : float
        Basic transmission loss; NaN where `error` is set.
    free_space_db, reference_db, variability_db : float
        Free space, median attenuation below it, and what variability adds; they sum to the loss.
    mechanism : str
        ``line_of_sight``, ``diffraction`` or ``troposcatter``.
    distance_km, refractivity, effective_earth_km : float
        Length; surface refractivity N_s, N-units; effective radius of the Earth.
    irregularity_m : float
        Terrain irregularity Delta h.
    tx_effective_m, rx_effective_m, tx_horizon_m, rx_horizon_m : float
        Effective heights; horizon distances.
    tx_angle_mrad, rx_angle_mrad : float
        Horizon elevation angles.
    warnings : tuple of str
        Why the result is doubtful: ``height``, ``frequency``, ``distance_long``, ``distance_too_long``,
        ``distance_short``, ``distance_too_short``, ``horizon_angle``, ``horizon_near``, ``horizon_far``,
        ``variability``, ``refractivity``.
    error : str or None
        Why there is no result: ``refractivity``, ``earth_curvature``, ``ground_impedance``, or ``geometry``
        where the equations find no number (steep paths of a few metres).
    """

    loss_db: float
    free_space_db: float
    reference_db: float
    variability_db: float
    mechanism: str
    distance_km: float
    refractivity: float
    effective_earth_km: float
    irregularity_m: float
    tx_effective_m: float
    rx_effective_m: float
    tx_horizon_m: float
    rx_horizon_m: float
    tx_angle_mrad: float
    rx_angle_mrad: float
    warnings: tuple[str, ...]
    error: str | None


def path_loss_db(
    profile: Profile,
    *,
    frequency_mhz: float,
    tx_height_m: float,
    rx_height_m: float,
    polarization: Polarization = "vertical",
    climate: int = MARITIME_SUBTROPICAL,
    n0: float = 370.0,
    epsilon: float = 15.0,
    sigma: float = 0.005,
    mdvar: int = MOBILE_POINT_TO_POINT,
    time_percentage: float = 50.0,
    location_percentage: float = 50.0,
    situation_percentage: float = 50.0,
) -> float:
    """Return the basic transmission loss of a path; see `path_loss_parts` for the parameters.

    Returns
    -------
    float
        Loss in dB.

    Raises
    ------
    ModelRangeError
        As `path_loss_parts`; and one of `UNDEFINED` where the model gives no result.

    Examples
    --------
    >>> flat = Profile(distance_km=[0.0, 2.5, 5.0], height_m=[10.0, 10.0, 10.0])
    >>> near = path_loss_db(flat, frequency_mhz=800.0, tx_height_m=40.0, rx_height_m=10.0)
    >>> 104.0 < near < 120.0
    True
    """
    parts = path_loss_parts(
        profile,
        frequency_mhz=frequency_mhz,
        tx_height_m=tx_height_m,
        rx_height_m=rx_height_m,
        polarization=polarization,
        climate=climate,
        n0=n0,
        epsilon=epsilon,
        sigma=sigma,
        mdvar=mdvar,
        time_percentage=time_percentage,
        location_percentage=location_percentage,
        situation_percentage=situation_percentage,
    )
    if parts.error is not None:
        raise ModelRangeError(UNDEFINED[parts.error])
    return parts.loss_db


def path_loss_parts(
    profile: Profile,
    *,
    frequency_mhz: float,
    tx_height_m: float,
    rx_height_m: float,
    polarization: Polarization = "vertical",
    climate: int = MARITIME_SUBTROPICAL,
    n0: float = 370.0,
    epsilon: float = 15.0,
    sigma: float = 0.005,
    mdvar: int = MOBILE_POINT_TO_POINT,
    time_percentage: float = 50.0,
    location_percentage: float = 50.0,
    situation_percentage: float = 50.0,
) -> ItmParts:
    """Evaluate ITM on one path.

    Parameters
    ----------
    profile : Profile
        Ground from the transmitter to the receiver. The model knows even steps only: another profile is
        interpolated to as many even steps. Clutter counts as ground between the terminals.
    frequency_mhz : float
        20 .. 20,000.
    tx_height_m, rx_height_m : float
        Antenna heights above ground, 0.5 .. 3,000 m.
    polarization : {"vertical", "horizontal"}
    climate : int
        1 equatorial, 2 continental subtropical, 3 maritime subtropical, 4 desert, 5 continental temperate,
        6 maritime temperate over land, 7 maritime temperate over sea.
    n0 : float
        Surface refractivity reduced to sea level, 250 .. 400 N-units.
    epsilon : float
        Relative permittivity of the ground, 1.01 and more.
    sigma : float
        Conductivity of the ground, S/m.
    mdvar : int
        Mode of variability: 0 single message, 1 accidental, 2 mobile, 3 broadcast; + 10 leaves location
        variability out (known path), + 20 leaves situation variability out.
    time_percentage, location_percentage, situation_percentage : float
        Shares for which the loss is not exceeded, 0.01 .. 99.99 %.

    Returns
    -------
    ItmParts

    Raises
    ------
    ModelRangeError
        ``model_range`` names the parameter, its value and what is allowed; ``model_choice`` likewise.

    Notes
    -----
    Below 1 km and beyond 2,000 km the model was never fitted; it answers with a warning.
    """
    given = checked_conditions(
        frequency_mhz=frequency_mhz,
        tx_height_m=tx_height_m,
        rx_height_m=rx_height_m,
        polarization=polarization,
        climate=climate,
        n0=n0,
        epsilon=epsilon,
        sigma=sigma,
        mdvar=mdvar,
        time_percentage=time_percentage,
        location_percentage=location_percentage,
        situation_percentage=situation_percentage,
    )
    heights_m, step_m = even_heights(profile)
    return _named(link_loss(heights_m, step_m, given, np.empty(SCRATCH_LENGTH)), given)


@njit(cache=True, error_model="numpy", nogil=True)
def link_loss(heights_m: Float64Array, step_m: float, given: Conditions, scratch: Float64Array) -> Answer:
    """Evaluate ITM on heights at even steps, unchecked: the kernel that areas share.

    Parameters
    ----------
    heights_m : ndarray, shape (n,)
        Ground from transmitter to receiver, n >= 2.
    step_m : float
        Step between the points.
    given : Conditions
    scratch : ndarray, shape (SCRATCH_LENGTH,)
        Working space, overwritten.
    """
    return loss_over_link(analyse_link(heights_m, step_m, given, scratch), given)


@njit(cache=True, error_model="numpy", nogil=True)
def loss_over_link(link: Link, given: Conditions) -> Answer:
    """Evaluate ITM over a profile that has been analysed, which no frequency enters; unchecked."""
    carrier = wave(given)
    free = 32.45 + 20.0 * math.log10(given.frequency_mhz) + 20.0 * math.log10(1e-3 * link.distance_m)
    reference, mechanism = reference_attenuation_db(link, carrier)
    below = varied_attenuation_db(reference, link, carrier.number_per_m, given)
    return Answer(free + below, free, reference, mechanism, link, carrier)


def even_heights(profile: Profile) -> tuple[Float64Array, float]:
    """Return surface heights at even steps, as the model needs them, and the step.

    A profile whose steps differ by more than a millionth is interpolated linearly to as many even steps.

    Returns
    -------
    heights_m : ndarray, shape (n,)
    step_m : float
    """
    steps = np.diff(profile.distance_km)
    step_km = profile.length_km / steps.size
    surface = profile.surface_m
    if np.any(np.abs(steps - step_km) > EVEN_STEP_SHARE * step_km):
        at_km = np.linspace(0.0, profile.length_km, steps.size + 1)
        surface = np.interp(at_km, profile.distance_km, surface)
    return surface, 1_000.0 * step_km


def _named(answer: Answer, given: Conditions) -> ItmParts:
    link = answer.link
    error = _error(answer)
    return ItmParts(
        loss_db=math.nan if error else answer.loss_db,
        free_space_db=answer.free_space_db,
        reference_db=answer.reference_db,
        variability_db=answer.loss_db - answer.free_space_db - answer.reference_db,
        mechanism=MECHANISMS[answer.mechanism],
        distance_km=1e-3 * link.distance_m,
        refractivity=link.refractivity,
        effective_earth_km=1e-3 / link.curvature_per_m,
        irregularity_m=link.irregularity_m,
        tx_effective_m=link.tx_effective_m,
        rx_effective_m=link.rx_effective_m,
        tx_horizon_m=link.tx_horizon_m,
        rx_horizon_m=link.rx_horizon_m,
        tx_angle_mrad=1e3 * link.tx_angle_rad,
        rx_angle_mrad=1e3 * link.rx_angle_rad,
        warnings=_warnings(link, given),
        error=error,
    )


def _error(answer: Answer) -> str | None:
    """Why the algorithm does not hold at all (its limits of refractivity, curvature and impedance)."""
    low, high = CURVATURES_PER_M
    if answer.link.refractivity < LEAST_REFRACTIVITY:
        return "refractivity"
    if not low <= answer.link.curvature_per_m <= high:
        return "earth_curvature"
    if answer.carrier.impedance.real <= abs(answer.carrier.impedance.imag):
        return "ground_impedance"
    return None if math.isfinite(answer.loss_db) else "geometry"


def _warnings(link: Link, given: Conditions) -> tuple[str, ...]:
    """Name the limits of validity that a path leaves."""
    heights_m = (link.tx_height_m, link.rx_height_m)
    angles_rad = (link.tx_angle_rad, link.rx_angle_rad)
    smooth_m = [smooth_horizon_m(e, link.curvature_per_m) for e in (link.tx_effective_m, link.rx_effective_m)]
    reaches = (link.tx_horizon_m / smooth_m[0], link.rx_horizon_m / smooth_m[1])
    deviates = (given.z_time, given.z_location, given.z_situation)
    step_up_m = abs(link.tx_effective_m - link.rx_effective_m)
    left = {
        "height": min(heights_m) < 1.0 or max(heights_m) > 1_000.0,
        "frequency": not 40.0 <= given.frequency_mhz <= 10_000.0,
        "distance_long": link.distance_m > 1_000e3,
        "distance_too_long": link.distance_m > 2_000e3,
        "distance_short": link.distance_m < step_up_m / 0.2,
        "distance_too_short": link.distance_m < 1e3,
        "horizon_angle": max(abs(angle) for angle in angles_rad) > 0.2,
        "horizon_near": min(reaches) < 0.1,
        "horizon_far": max(reaches) > 3.0,
        "variability": max(abs(z) for z in deviates) > EXTREME_DEVIATE,
        "refractivity": link.refractivity < RANGES["n0"][0],
    }
    return tuple(name for name, is_left in left.items() if is_left)
