"""ITU-R P.1812-8 (2025): path-specific basic transmission loss, 30 MHz to 6 GHz, point to point.

The equations live beside this module: ``p1812_path`` (profile analysis), ``p1812_diffraction``,
``p1812_statistics`` and ``p1812_combination``; here they are put together, checked and named.
The Recommendation starts at 0.25 km; shorter paths get free-space loss over the 3-D distance.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from phusong.coverage.errors import ModelRangeError
from phusong.coverage.propagation.location import location_sigma_db
from phusong.coverage.propagation.p1812_combination import Conditions, Losses, combine, free_space_db
from phusong.coverage.propagation.p1812_path import PathGeometry, analyse
from phusong.coverage.propagation.p1812_statistics import inverse_normal
from phusong.coverage.propagation.profile import SEA, Profile

Polarization = Literal["vertical", "horizontal"]
SmoothEarth = Literal["profile", "closed_form"]

SHORTEST_KM = 0.25
LEAST_DISTANCE_M = 1.0
FAR_FROM_COAST_KM = 500.0

RANGES: dict[str, tuple[float, float]] = {
    "frequency_mhz": (30.0, 6_000.0),
    "tx_height_m": (0.0, 3_000.0),
    "rx_height_m": (0.0, 3_000.0),
    "time_percentage": (1.0, 50.0),
    "location_percentage": (1.0, 99.0),
    "location_sigma_db": (0.0, 30.0),
    "delta_n": (-100.0, 156.0),
    "n0": (100.0, 600.0),
    "latitude_deg": (-90.0, 90.0),
    "tx_coast_distance_km": (0.0, 20_000.0),
    "rx_coast_distance_km": (0.0, 20_000.0),
    "distance_km": (0.0, 3_000.0),
}
EXCLUSIVE_LOW = ("tx_height_m", "rx_height_m", "distance_km")


@dataclass(frozen=True, slots=True)
class PathLossParts:
    """Every intermediate quantity of one evaluation; equation numbers of P.1812-8 in brackets.

    Attributes
    ----------
    distance_km : float
        Path length.
    tx_masl_m, rx_masl_m : float
        Antenna heights above sea level (Table 5).
    tx_horizon_km, rx_horizon_km : float
        Horizon distances (78, 81).
    tx_angle_mrad, rx_angle_mrad, path_angle_mrad : float
        Horizon elevation angles and the angular distance (76 to 82).
    is_transhorizon : bool
    sea_share, longest_land_km, longest_inland_km : float
        Omega (1) and the sections of section 3.6.
    beta0 : float
        Per cent of time with anomalous propagation (4, 5).
    earth_radius_km : float
        Median effective earth radius (7).
    smooth_tx_m, smooth_rx_m : float
        Smooth-earth heights (85, 86); ``..._ducting_m`` (90), ``..._diffraction_m`` (89).
    effective_tx_diffraction_m, effective_rx_diffraction_m : float
        Antenna heights above the diffraction surface (37).
    effective_tx_m, effective_rx_m : float
        Antenna heights above the ducting surface (92).
    roughness_m : float
        Terrain roughness h_m (93).
    factor_i, factor_j, factor_k : float
        Interpolation and blending factors (40, 57, 58).
    free_space_db, basic_p_db, basic_beta_db : float
        L_bfs (8), L_b0p (10), L_b0beta (11).
    terrain_db, smooth_db, spherical_db : float
        L_bulla, L_bulls (21) and L_dsph (27) of the median effective earth; ``..._beta_db`` for beta0.
    diffraction_50_db, diffraction_beta_db, diffraction_p_db : float
        L_d50, L_dbeta (39), L_dp (41).
    median_diffraction_loss_db, diffraction_loss_db : float
        L_bd50 (42), L_bd (43).
    least_basic_db, ducting_db, least_anomalous_db : float
        L_minb0p (59), L_ba (46), L_minbap (60).
    enhanced_diffraction_db, modified_db, troposcatter_db, combined_db : float
        L_bda (61), L_bam (62), L_bs (44), L_bc (63).
    location_db : float
        Location variability (section 4.8).
    loss_db : float
        Basic transmission loss L_b (69).
    """

    distance_km: float
    tx_masl_m: float
    rx_masl_m: float
    tx_horizon_km: float
    rx_horizon_km: float
    tx_angle_mrad: float
    rx_angle_mrad: float
    path_angle_mrad: float
    is_transhorizon: bool
    sea_share: float
    longest_land_km: float
    longest_inland_km: float
    beta0: float
    earth_radius_km: float
    smooth_tx_m: float
    smooth_rx_m: float
    smooth_tx_ducting_m: float
    smooth_rx_ducting_m: float
    smooth_tx_diffraction_m: float
    smooth_rx_diffraction_m: float
    effective_tx_diffraction_m: float
    effective_rx_diffraction_m: float
    effective_tx_m: float
    effective_rx_m: float
    roughness_m: float
    factor_i: float
    factor_j: float
    factor_k: float
    free_space_db: float
    basic_p_db: float
    basic_beta_db: float
    terrain_db: float
    smooth_db: float
    spherical_db: float
    terrain_beta_db: float
    smooth_beta_db: float
    spherical_beta_db: float
    diffraction_50_db: float
    diffraction_beta_db: float
    diffraction_p_db: float
    median_diffraction_loss_db: float
    diffraction_loss_db: float
    least_basic_db: float
    ducting_db: float
    least_anomalous_db: float
    enhanced_diffraction_db: float
    modified_db: float
    troposcatter_db: float
    combined_db: float
    location_db: float
    loss_db: float


def path_loss_db(
    profile: Profile,
    *,
    frequency_mhz: float,
    tx_height_m: float,
    rx_height_m: float,
    time_percentage: float = 50.0,
    location_percentage: float = 50.0,
    location_sigma_db: float | None = None,
    polarization: Polarization = "vertical",
    delta_n: float = 50.0,
    n0: float = 370.0,
    latitude_deg: float = 16.0,
    tx_coast_distance_km: float = FAR_FROM_COAST_KM,
    rx_coast_distance_km: float = FAR_FROM_COAST_KM,
    smooth_earth: SmoothEarth = "profile",
) -> float:
    """Return the basic transmission loss of a path; see `path_loss_parts` for the parameters.

    Returns
    -------
    float
        Loss in dB, not exceeded for the given shares of time and locations.

    Examples
    --------
    A path under 0.25 km has free-space loss:

    >>> near = Profile(distance_km=[0.0, 0.1, 0.2], height_m=[10.0, 10.0, 10.0])
    >>> round(path_loss_db(near, frequency_mhz=1000.0, tx_height_m=30.0, rx_height_m=30.0), 2)
    78.42
    """
    return path_loss_parts(
        profile,
        frequency_mhz=frequency_mhz,
        tx_height_m=tx_height_m,
        rx_height_m=rx_height_m,
        time_percentage=time_percentage,
        location_percentage=location_percentage,
        location_sigma_db=location_sigma_db,
        polarization=polarization,
        delta_n=delta_n,
        n0=n0,
        latitude_deg=latitude_deg,
        tx_coast_distance_km=tx_coast_distance_km,
        rx_coast_distance_km=rx_coast_distance_km,
        smooth_earth=smooth_earth,
    ).loss_db


def path_loss_parts(
    profile: Profile,
    *,
    frequency_mhz: float,
    tx_height_m: float,
    rx_height_m: float,
    time_percentage: float = 50.0,
    location_percentage: float = 50.0,
    location_sigma_db: float | None = None,
    polarization: Polarization = "vertical",
    delta_n: float = 50.0,
    n0: float = 370.0,
    latitude_deg: float = 16.0,
    tx_coast_distance_km: float = FAR_FROM_COAST_KM,
    rx_coast_distance_km: float = FAR_FROM_COAST_KM,
    smooth_earth: SmoothEarth = "profile",
) -> PathLossParts:
    """Evaluate P.1812-8 on one path and return every intermediate quantity.

    Parameters
    ----------
    profile : Profile
        Ground from the transmitter to the receiver.
    frequency_mhz : float
        30 .. 6,000.
    tx_height_m, rx_height_m : float
        Antenna heights above ground, over 0 up to 3,000 m.
    time_percentage : float
        Share of the average year for which the loss is not exceeded, 1 .. 50 %.
    location_percentage : float
        Share of locations for which the loss is not exceeded, 1 .. 99 %.
    location_sigma_db : float, optional
        Standard deviation of the location variability; left out, that of section 4.8 for a square of
        100 m with the receiver below the clutter.
    polarization : {"vertical", "horizontal"}
    delta_n, n0 : float
        Refractivity lapse rate (N-units/km, positive) and sea-level refractivity (N-units) at the
        path's centre. The ITU's maps may not be redistributed; the defaults suit Viet Nam.
    latitude_deg : float
        Latitude of the path's centre.
    tx_coast_distance_km, rx_coast_distance_km : float
        Distance over land from each terminal to the coast along the path.
    smooth_earth : {"profile", "closed_form"}
        Smooth-earth Bullington loss from the profile points (main text) or Attachment 4.

    Returns
    -------
    PathLossParts

    Raises
    ------
    ModelRangeError
        ``model_range`` names the parameter, its value and what is allowed; ``model_choice`` likewise.

    Notes
    -----
    Below 0.25 km the method is not defined: ``loss_db`` is then the free-space loss. The other
    quantities are still worked out from the equations.
    """
    numbers = {
        "frequency_mhz": frequency_mhz,
        "tx_height_m": tx_height_m,
        "rx_height_m": rx_height_m,
        "time_percentage": time_percentage,
        "location_percentage": location_percentage,
        "delta_n": delta_n,
        "n0": n0,
        "latitude_deg": latitude_deg,
        "tx_coast_distance_km": tx_coast_distance_km,
        "rx_coast_distance_km": rx_coast_distance_km,
        "distance_km": profile.length_km,
    }
    if location_sigma_db is not None:
        numbers["location_sigma_db"] = location_sigma_db
    check_ranges(numbers)
    check_choice("polarization", polarization, ("vertical", "horizontal"))
    check_choice("smooth_earth", smooth_earth, ("profile", "closed_form"))
    path = analyse(
        profile.distance_km,
        profile.height_m,
        profile.surface_m,
        profile.zone,
        float(tx_height_m),
        float(rx_height_m),
        float(delta_n),
    )
    given = Conditions(
        frequency_mhz / 1000.0,
        float(time_percentage),
        polarization == "vertical",
        float(n0),
        float(latitude_deg),
        float(tx_coast_distance_km),
        float(rx_coast_distance_km),
        smooth_earth == "closed_form",
    )
    spread = _location_db(profile, frequency_mhz, location_percentage, location_sigma_db)
    return _named(path, combine(path, given), given, spread)


def check_ranges(numbers: dict[str, float]) -> None:
    """Refuse any number outside the range of the Recommendation.

    Parameters
    ----------
    numbers : dict
        Values by parameter name, as in `path_loss_parts`.

    Raises
    ------
    ModelRangeError
        ``model_range`` with name, value and allowed.
    """
    for name, value in numbers.items():
        low, high = RANGES[name]
        is_open = name in EXCLUSIVE_LOW
        if not (math.isfinite(value) and (low < value if is_open else low <= value) and value <= high):
            allowed = f"{'> ' if is_open else ''}{low:g} .. {high:g}"
            raise ModelRangeError("model_range", name=name, value=value, allowed=allowed)


def check_choice(name: str, value: str, allowed: tuple[str, ...]) -> None:
    """Refuse a choice that is not offered.

    Raises
    ------
    ModelRangeError
        ``model_choice`` with name, value and allowed.
    """
    if value not in allowed:
        raise ModelRangeError("model_choice", name=name, value=str(value), allowed=", ".join(allowed))


def _location_db(profile: Profile, frequency_mhz: float, percentage: float, sigma_db: float | None) -> float:
    """Location variability L_loc (section 4.8); none where the receiver is at sea."""
    if profile.zone[-1] == SEA:
        return 0.0
    if sigma_db is None:
        sigma_db = location_sigma_db(frequency_mhz)
    return float(-inverse_normal(percentage / 100.0) * sigma_db)


def _named(path: PathGeometry, losses: Losses, given: Conditions, location: float) -> PathLossParts:
    if path.distance_km < SHORTEST_KM:
        rise_m = path.tx_masl_m - path.rx_masl_m
        least_km = 0.001 * LEAST_DISTANCE_M
        loss = free_space_db(given.frequency_ghz, max(path.distance_km, least_km), rise_m)
    else:
        loss = max(losses.basic_p, losses.combined + location)
    own = {name: getattr(path, name) for name in PathLossParts.__slots__ if name in PathGeometry._fields}
    return PathLossParts(
        **own,
        beta0=losses.beta0,
        factor_i=losses.factor_i,
        factor_j=losses.factor_j,
        factor_k=losses.factor_k,
        free_space_db=losses.free_space,
        basic_p_db=losses.basic_p,
        basic_beta_db=losses.basic_beta,
        terrain_db=losses.terrain,
        smooth_db=losses.smooth,
        spherical_db=losses.spherical,
        terrain_beta_db=losses.terrain_beta,
        smooth_beta_db=losses.smooth_beta,
        spherical_beta_db=losses.spherical_beta,
        diffraction_50_db=losses.diffraction_50,
        diffraction_beta_db=losses.diffraction_beta,
        diffraction_p_db=losses.diffraction_p,
        median_diffraction_loss_db=losses.median_diffraction,
        diffraction_loss_db=losses.diffraction,
        least_basic_db=losses.least_basic,
        ducting_db=losses.ducting,
        least_anomalous_db=losses.least_anomalous,
        enhanced_diffraction_db=losses.enhanced_diffraction,
        modified_db=losses.modified,
        troposcatter_db=losses.troposcatter,
        combined_db=losses.combined,
        location_db=location,
        loss_db=loss,
    )
