"""Why a path loses what it loses: profile, line of sight, first Fresnel zone and loss in parts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from phusong.coverage.grids import FloatArray, Raster
from phusong.coverage.method import Method
from phusong.coverage.propagation import free_space
from phusong.coverage.propagation.area import extract_profile
from phusong.coverage.propagation.p1812 import PathLossParts, path_loss_parts
from phusong.coverage.propagation.p1812_diffraction import wavelength_m
from phusong.coverage.propagation.p1812_path import earth_radius_km
from phusong.coverage.propagation.profile import Profile

LEAST_OBSTRUCTION_DB = 0.5
CLEAR_ZONE_SHARE = 0.6
"""A first Fresnel zone that is free by this share counts as clear (customary in radio links)."""
NEAREST_M = 1.0


@dataclass(frozen=True, slots=True)
class Obstruction:
    """The obstacle that blocks a path most.

    Attributes
    ----------
    distance_from_receiver_m : float
    excess_m : float
        Height above the line of sight; negative where it only enters the first Fresnel zone.
    """

    distance_from_receiver_m: float
    excess_m: float


@dataclass(frozen=True, slots=True)
class PathExplanation:
    """A path taken apart.

    Attributes
    ----------
    distances_m : ndarray, shape (n,)
        From the transmitter.
    ground_m : ndarray, shape (n,)
        Terrain with clutter above sea level.
    sight_m : ndarray, shape (n,)
        Line of sight above sea level, lowered by the bulge of the earth of median effective radius, so that
        it can be drawn over a flat sea level.
    fresnel_radius_m : ndarray, shape (n,)
        Radius of the first Fresnel zone.
    parts_db : mapping of str to float
        Losses that sum to ``total_db``: ``free_space``, ``terrain`` (Bullington diffraction over the
        profile), ``earth`` (what the spherical earth adds) and ``anomalous`` (time, ducting, troposcatter).
    total_db : float
        Median basic transmission loss.
    obstruction_db : float
        How much less the path would lose if the ground were a straight slope between its ends.
    obstruction : Obstruction or None
        None where nothing stands in the way.
    """

    distances_m: FloatArray
    ground_m: FloatArray
    sight_m: FloatArray
    fresnel_radius_m: FloatArray
    parts_db: Mapping[str, float]
    total_db: float
    obstruction_db: float
    obstruction: Obstruction | None

    @property
    def free_space_db(self) -> float:
        """Loss over the same distance in free space."""
        return self.parts_db["free_space"]


def explain_path(
    terrain: Raster,
    x1_m: float,
    y1_m: float,
    tx_height_m: float,
    x2_m: float,
    y2_m: float,
    rx_height_m: float,
    *,
    frequency_mhz: float,
    method: Method,
    clutter: Raster | None = None,
) -> PathExplanation:
    """Explain the path between two points of a grid.

    Parameters
    ----------
    terrain : Raster
        Metres above sea level.
    x1_m, y1_m, tx_height_m : float
        Transmitter in the grid's CRS and its height above ground.
    x2_m, y2_m, rx_height_m : float
        Receiver.
    frequency_mhz : float
    method : Method
        Model, time percentage and refractivity; a model other than P.1812 knows no terrain.
    clutter : Raster, optional

    Raises
    ------
    GridError
        ``point_outside_grid``; ``terrain_unknown`` where NaN lies on the path.
    ModelRangeError
        ``model_range``.
    """
    if np.hypot(x2_m - x1_m, y2_m - y1_m) < NEAREST_M:
        x2_m = x1_m + NEAREST_M if terrain.grid.contains(x1_m + NEAREST_M, y1_m) else x1_m - NEAREST_M
    profile = extract_profile(terrain, x1_m, y1_m, x2_m, y2_m, clutter=clutter)
    distances_m = 1_000.0 * profile.distance_km
    ground_m = _surface_m(profile)
    curvature_km = earth_radius_km(method.delta_n)
    sight_m = _sight_m(profile, tx_height_m, rx_height_m, curvature_km)
    fresnel_m = _fresnel_radius_m(distances_m, wavelength_m(frequency_mhz / 1_000.0))
    if method.model != "p1812":
        total_db = float(free_space.path_loss_db(_slant_m(profile, tx_height_m, rx_height_m), frequency_mhz=frequency_mhz))
        parts, obstruction_db = {"free_space": total_db}, 0.0
    else:
        found = _evaluate(profile, tx_height_m, rx_height_m, frequency_mhz, method)
        slope = _evaluate(_sloped(profile), tx_height_m, rx_height_m, frequency_mhz, method)
        parts, total_db = _parts_db(found), found.loss_db
        obstruction_db = max(total_db - slope.loss_db, 0.0)
    obstruction = _worst(distances_m, ground_m - sight_m, fresnel_m) if obstruction_db >= LEAST_OBSTRUCTION_DB else None
    return PathExplanation(
        distances_m, ground_m, sight_m, fresnel_m, parts, total_db, obstruction_db, obstruction
    )


def _evaluate(
    profile: Profile, tx_height_m: float, rx_height_m: float, frequency_mhz: float, method: Method
) -> PathLossParts:
    return path_loss_parts(
        profile,
        frequency_mhz=frequency_mhz,
        tx_height_m=tx_height_m,
        rx_height_m=rx_height_m,
        time_percentage=method.time_percentage,
        delta_n=method.delta_n,
        n0=method.n0,
    )


def _surface_m(profile: Profile) -> FloatArray:
    cover = profile.clutter_height_m
    return profile.height_m if cover is None else profile.height_m + cover


def _sight_m(profile: Profile, tx_height_m: float, rx_height_m: float, radius_km: float) -> FloatArray:
    distance_km, length_km = profile.distance_km, profile.length_km
    start_m, end_m = profile.height_m[0] + tx_height_m, profile.height_m[-1] + rx_height_m
    straight_m = start_m + (end_m - start_m) * distance_km / length_km
    sight_m: FloatArray = straight_m - 500.0 * distance_km * (length_km - distance_km) / radius_km
    return sight_m


def _fresnel_radius_m(distances_m: FloatArray, wave_m: float) -> FloatArray:
    length_m = distances_m[-1]
    radius_m: FloatArray = np.sqrt(np.maximum(wave_m * distances_m * (length_m - distances_m) / length_m, 0.0))
    return radius_m


def _slant_m(profile: Profile, tx_height_m: float, rx_height_m: float) -> float:
    drop_m = profile.height_m[0] + tx_height_m - profile.height_m[-1] - rx_height_m
    return float(max(np.hypot(1_000.0 * profile.length_km, drop_m), NEAREST_M))


def _sloped(profile: Profile) -> Profile:
    """Return the same path over a straight slope between its ends, without clutter."""
    share = profile.distance_km / profile.length_km
    heights_m = profile.height_m[0] + (profile.height_m[-1] - profile.height_m[0]) * share
    return Profile(distance_km=profile.distance_km, height_m=heights_m)


def _parts_db(found: PathLossParts) -> dict[str, float]:
    earth_db = found.diffraction_p_db - found.terrain_db
    return {
        "free_space": found.free_space_db,
        "terrain": found.terrain_db,
        "earth": earth_db,
        "anomalous": found.loss_db - found.free_space_db - found.terrain_db - earth_db,
    }


def _worst(distances_m: FloatArray, excess_m: FloatArray, fresnel_m: FloatArray) -> Obstruction | None:
    """Point of the greatest diffraction parameter, unless the first Fresnel zone is clear there."""
    inner = slice(1, -1)
    if distances_m[inner].size == 0:
        return None
    blocked = excess_m[inner] / np.maximum(fresnel_m[inner], 1e-9)
    index = int(np.argmax(blocked)) + 1
    if blocked[index - 1] < -CLEAR_ZONE_SHARE:
        return None
    return Obstruction(
        distance_from_receiver_m=float(distances_m[-1] - distances_m[index]), excess_m=float(excess_m[index])
    )
