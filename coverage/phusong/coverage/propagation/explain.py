"""Say where the loss of one path comes from, in terms a planner can see on the ground."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from phusong.coverage.grids import Raster
from phusong.coverage.method import Method
from phusong.coverage.propagation import fixed_radius, free_space
from phusong.coverage.propagation.area import extract_profile
from phusong.coverage.propagation.p1812 import SHORTEST_KM, PathLossParts, path_loss_parts
from phusong.coverage.propagation.p1812_diffraction import wavelength_m
from phusong.coverage.propagation.p1812_path import earth_radius_km
from phusong.coverage.propagation.profile import Float64Array, Profile

CLEAR_SHARE = 0.6
"""A path with this share of its first Fresnel zone clear counts as unobstructed."""
NOTICEABLE_DB = 0.5


@dataclass(frozen=True, slots=True)
class Obstruction:
    """The point that hinders a path most.

    Attributes
    ----------
    distance_m : float
        From the receiver.
    excess_m : float
        Height above the ray (negative: below it, but inside the first Fresnel zone).
    loss_db : float
        Diffraction loss of the whole path.
    """

    distance_m: float
    excess_m: float
    loss_db: float


@dataclass(frozen=True, slots=True)
class PathExplanation:
    """One path, drawn and accounted for.

    Attributes
    ----------
    distance_m : ndarray, shape (n,)
        From the transmitter.
    x_m, y_m : ndarray, shape (n,)
        The same points in the CRS of the terrain.
    ground_m, surface_m : ndarray, shape (n,)
        Terrain, and terrain with clutter, above sea level.
    sight_m : ndarray, shape (n,)
        Ray between the antennas, lowered by the bulge of the effective earth.
    fresnel_radius_m : ndarray, shape (n,)
        Radius of the first Fresnel zone.
    total_db : float
        Median basic transmission loss; NaN where the model knows no signal.
    parts_db : mapping of str to float
        ``free_space``, ``terrain`` (Bullington loss of the profile), ``earth`` (surplus of the spherical
        earth) and ``atmosphere`` (what ducting, troposcatter and time variability take or add); they sum to
        the total.
    without_terrain_db : float
        Loss over even ground between the terminals' own heights.
    diffraction_db : float
        ``terrain`` plus ``earth``.
    obstruction : Obstruction or None
        None where the path is clear.
    """

    distance_m: Float64Array
    x_m: Float64Array
    y_m: Float64Array
    ground_m: Float64Array
    surface_m: Float64Array
    sight_m: Float64Array
    fresnel_radius_m: Float64Array
    total_db: float
    parts_db: Mapping[str, float]
    without_terrain_db: float
    diffraction_db: float
    obstruction: Obstruction | None


def explain_path(  # noqa: PLR0917 - two ends, each a place and a height
    terrain: Raster,
    x1_m: float,
    y1_m: float,
    h1_m: float,
    x2_m: float,
    y2_m: float,
    h2_m: float,
    frequency_mhz: float,
    method: Method,
    *,
    clutter: Raster | None = None,
) -> PathExplanation:
    """Explain the loss between two antennas.

    Parameters
    ----------
    terrain : Raster
        Ground heights, m.
    x1_m, y1_m, h1_m : float
        Transmitter: place in the grid's CRS, antenna height above ground.
    x2_m, y2_m, h2_m : float
        Receiver, likewise.
    frequency_mhz : float
    method : Method
        Model, time percentage and refractivity.
    clutter : Raster, optional
        Representative clutter heights on the same grid.

    Returns
    -------
    PathExplanation
        Its total equals that of the area mode at the receiver's pixel centre.

    Raises
    ------
    GridError, InputError, ModelRangeError
        As `area.extract_profile` and `p1812.path_loss_parts`.
    """
    profile = extract_profile(terrain, x1_m, y1_m, x2_m, y2_m, clutter=clutter)
    share = profile.distance_km / profile.length_km
    rest_km = profile.length_km - profile.distance_km
    bulge_m = 500.0 * profile.distance_km * rest_km / earth_radius_km(float(method.delta_n))
    tx_masl, rx_masl = profile.height_m[0] + h1_m, profile.height_m[-1] + h2_m
    sight_m = tx_masl + (rx_masl - tx_masl) * share - bulge_m
    wavelength = wavelength_m(frequency_mhz / 1000.0)
    fresnel_m = np.sqrt(1000.0 * wavelength * profile.distance_km * rest_km / profile.length_km)
    even = Profile(
        distance_km=profile.distance_km,
        height_m=profile.height_m[0] + (profile.height_m[-1] - profile.height_m[0]) * share,
    )
    if method.model == "p1812":
        total_db, parts_db = _parts(_evaluate(profile, frequency_mhz, h1_m, h2_m, method))
        without_db = _evaluate(even, frequency_mhz, h1_m, h2_m, method).loss_db
    else:
        total_db = without_db = _baseline_db(profile, frequency_mhz, h1_m, h2_m, method)
        parts_db = {"free_space": total_db, "terrain": 0.0, "earth": 0.0, "atmosphere": 0.0}
    diffraction_db = parts_db["terrain"] + parts_db["earth"]
    return PathExplanation(
        distance_m=1000.0 * profile.distance_km,
        x_m=x1_m + (x2_m - x1_m) * share,
        y_m=y1_m + (y2_m - y1_m) * share,
        ground_m=profile.height_m,
        surface_m=profile.surface_m,
        sight_m=sight_m,
        fresnel_radius_m=fresnel_m,
        total_db=total_db,
        parts_db=parts_db,
        without_terrain_db=without_db,
        diffraction_db=diffraction_db,
        obstruction=_obstruction(profile, profile.surface_m - sight_m, fresnel_m, diffraction_db),
    )


def _evaluate(
    profile: Profile, frequency_mhz: float, h1_m: float, h2_m: float, method: Method
) -> PathLossParts:
    return path_loss_parts(
        profile,
        frequency_mhz=frequency_mhz,
        tx_height_m=h1_m,
        rx_height_m=h2_m,
        time_percentage=method.time_percentage,
        delta_n=method.delta_n,
        n0=method.n0,
    )


def _parts(found: PathLossParts) -> tuple[float, dict[str, float]]:
    """Split a loss so that the parts sum to it."""
    if found.distance_km < SHORTEST_KM:
        return found.loss_db, {"free_space": found.loss_db, "terrain": 0.0, "earth": 0.0, "atmosphere": 0.0}
    terrain_db = found.terrain_db + found.factor_i * (found.terrain_beta_db - found.terrain_db)
    parts = {
        "free_space": found.free_space_db,
        "terrain": terrain_db,
        "earth": found.diffraction_p_db - terrain_db,
        "atmosphere": found.loss_db - found.free_space_db - found.diffraction_p_db,
    }
    return found.loss_db, parts


def _baseline_db(profile: Profile, frequency_mhz: float, h1_m: float, h2_m: float, method: Method) -> float:
    plane_m = 1000.0 * profile.length_km
    if method.model == "fixed_radius":
        radius_m = 1000.0 * method.fixed_radius_km
        return float(fixed_radius.path_loss_db(plane_m, frequency_mhz=frequency_mhz, radius_m=radius_m))
    rise_m = profile.height_m[-1] + h2_m - profile.height_m[0] - h1_m
    return float(free_space.path_loss_db(np.hypot(plane_m, rise_m), frequency_mhz=frequency_mhz))


def _obstruction(
    profile: Profile, excess_m: Float64Array, fresnel_m: Float64Array, diffraction_db: float
) -> Obstruction | None:
    """Point with the greatest share of the Fresnel zone cut off, unless the path is clear."""
    if profile.distance_km.size < 3 or diffraction_db < NOTICEABLE_DB:
        return None
    cut: npt.NDArray[np.float64] = excess_m[1:-1] / fresnel_m[1:-1]
    worst = int(np.argmax(cut)) + 1
    if cut[worst - 1] <= -CLEAR_SHARE:
        return None
    distance_m = 1000.0 * (profile.length_km - float(profile.distance_km[worst]))
    return Obstruction(distance_m, float(excess_m[worst]), diffraction_db)
