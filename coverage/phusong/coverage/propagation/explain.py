"""Say where the loss of one path comes from, in terms a planner can see on the ground."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from phusong.coverage.grids import FloatArray, Grid, Raster
from phusong.coverage.method import Method
from phusong.coverage.propagation import fixed_radius, free_space
from phusong.coverage.propagation.area import extract_profile, path_loss_area
from phusong.coverage.propagation.area_geometry import inner_samples
from phusong.coverage.propagation.p1812 import (
    RANGES,
    SHORTEST_KM,
    PathLossParts,
    check_ranges,
    path_loss_parts,
)
from phusong.coverage.propagation.p1812_diffraction import knife_edge_db, wavelength_m
from phusong.coverage.propagation.p1812_path import earth_radius_km
from phusong.coverage.propagation.profile import Float64Array, Profile

CLEAR_SHARE = 0.6
"""A path with this share of its first Fresnel zone clear counts as unobstructed."""
NOTICEABLE_DB = 0.5
GROUND_HEIGHT_MODELS = ("tr38901_rma", "tr38901_uma", "tr38901_umi")
"""Models that know heights above ground only, so that no ground is higher than another."""


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
class Edge:
    """An edge that a string pulled taut from antenna to antenna over the ground would rest on.

    The first is the horizon of the transmitter, the last that of the receiver. P.1812 itself replaces them
    all by the one edge where the two horizon rays meet, so losses of single edges do not sum to its own.

    Attributes
    ----------
    distance_m : float
        From the transmitter.
    height_m : float
        Top of terrain and clutter above sea level.
    excess_m : float
        Height above the ray between the antennas over the effective earth.
    nu : float
        Knife-edge parameter as if it stood alone (ITU-R P.1812-8 equation 15).
    loss_db : float
        Loss as if it stood alone (equation 12).
    """

    distance_m: float
    height_m: float
    excess_m: float
    nu: float
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
        They sum to the total. ``free_space``; ``terrain``, ``earth`` and ``atmosphere``: under P.1812 the
        Bullington loss of the profile, the surplus of the spherical earth, and what ducting, troposcatter
        and time variability take or add; under other models the surplus over even ground, that of even
        ground over free space, and nothing.
    without_terrain_db : float
        Loss over even ground between the terminals' own heights.
    diffraction_db : float
        ``terrain`` plus ``earth``.
    obstruction : Obstruction or None
        None where the path is clear.
    edges : tuple of Edge
        Ordered from the transmitter; none in line of sight.
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
    edges: tuple[Edge, ...] = ()


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
    is_even = method.model == "itm"
    profile = extract_profile(terrain, x1_m, y1_m, x2_m, y2_m, clutter=clutter, is_even=is_even)
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
        total_db = _model_loss_db(profile, frequency_mhz, h1_m, h2_m, method)
        without_db = _model_loss_db(even, frequency_mhz, h1_m, h2_m, method)
        free_db = _free_space_db(profile, frequency_mhz, h1_m, h2_m, method)
        parts_db = {
            "free_space": free_db,
            "terrain": total_db - without_db,
            "earth": without_db - free_db,
            "atmosphere": 0.0,
        }
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
        edges=_edges(profile, profile.surface_m - sight_m, fresnel_m),
    )


def even_ground_loss_db(
    distance_m: npt.ArrayLike,
    fall_m: npt.ArrayLike,
    *,
    frequency_mhz: float,
    h1_m: float,
    h2_m: float,
    method: Method,
    step_m: float = 30.0,
) -> FloatArray:
    """Return the loss if the ground between two antennas were a level plain at the lower one's foot.

    What a path loses beyond this, hills and clutter between its ends take. The antenna on the higher ground
    keeps its height above sea level.

    Parameters
    ----------
    distance_m : array_like
        Plane distance, > 0; NaN gives NaN.
    fall_m : array_like
        Ground of the transmitter less ground of the receiver.
    frequency_mhz : float
    h1_m, h2_m : float
        Antenna heights of transmitter and receiver above ground.
    method : Method
        Model, time percentage and refractivity.
    step_m : float
        Between the points of the plain's profile, as in area mode.

    Returns
    -------
    ndarray of float64
        Median basic transmission loss in dB. Heights beyond the model's 3,000 m count as 3,000 m.

    Raises
    ------
    ModelRangeError
        As `p1812.path_loss_parts`.
    """
    distances_m, falls_m = np.broadcast_arrays(
        np.asarray(distance_m, dtype=np.float64), np.asarray(fall_m, dtype=np.float64)
    )
    loss_db = np.full(distances_m.shape, np.nan)
    known = np.isfinite(distances_m) & np.isfinite(falls_m)
    for place in map(tuple, np.argwhere(known)):
        fall = float(falls_m[place])
        heights_m = _above_lower_ground(h1_m, fall), _above_lower_ground(h2_m, -fall)
        plain = _plain(float(distances_m[place]), step_m)
        if method.model == "itm":  # level ground is the same from both ends, and receivers are not that high
            loss_db[place] = _model_loss_db(plain, frequency_mhz, max(heights_m), min(heights_m), method)
        elif method.model in GROUND_HEIGHT_MODELS:
            loss_db[place] = _model_loss_db(plain, frequency_mhz, h1_m, h2_m, method)
        else:
            loss_db[place] = _model_loss_db(plain, frequency_mhz, *heights_m, method)
    return loss_db


def _above_lower_ground(height_m: float, rise_m: float) -> float:
    return min(height_m + max(rise_m, 0.0), RANGES["tx_height_m"][1])


def _plain(distance_m: float, step_m: float) -> Profile:
    steps = distance_m / step_m
    along = np.append(np.arange(inner_samples(steps) + 1.0), steps)
    return Profile(distance_km=along * (0.001 * step_m), height_m=np.zeros(along.size))


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


def _model_loss_db(profile: Profile, frequency_mhz: float, h1_m: float, h2_m: float, method: Method) -> float:
    """Loss of any model over a profile, as area mode has it."""
    if method.model == "p1812":
        return _evaluate(profile, frequency_mhz, h1_m, h2_m, method).loss_db
    if method.model in {"free_space", "fixed_radius"}:
        check_ranges({"frequency_mhz": frequency_mhz, "tx_height_m": h1_m, "rx_height_m": h2_m})
        return _free_space_db(profile, frequency_mhz, h1_m, h2_m, method)
    return _strip_loss_db(profile, frequency_mhz, h1_m, h2_m, method)


def _free_space_db(profile: Profile, frequency_mhz: float, h1_m: float, h2_m: float, method: Method) -> float:
    plane_m = 1000.0 * profile.length_km
    if method.model == "fixed_radius":
        radius_m = 1000.0 * method.fixed_radius_km
        return float(fixed_radius.path_loss_db(plane_m, frequency_mhz=frequency_mhz, radius_m=radius_m))
    rise_m = profile.height_m[-1] + h2_m - profile.height_m[0] - h1_m
    return float(free_space.path_loss_db(np.hypot(plane_m, rise_m), frequency_mhz=frequency_mhz))


def _strip_loss_db(profile: Profile, frequency_mhz: float, h1_m: float, h2_m: float, method: Method) -> float:
    """Loss over a profile as an area of one row: whatever the model does with an area, it does here."""
    pixels = profile.distance_km.size
    step_m = 1000.0 * profile.length_km / (pixels - 1)
    even_km = np.linspace(0.0, profile.length_km, pixels)
    surface_m = np.interp(even_km, profile.distance_km, profile.surface_m)
    strip = Grid(width=pixels, height=1, cell_size_m=step_m, left_m=0.0, top_m=step_m, epsg=0)
    area = path_loss_area(
        Raster(strip, surface_m[np.newaxis, :].astype(np.float32), "m"),
        x_m=0.5 * step_m,
        y_m=0.5 * step_m,
        antenna_height_m=h1_m,
        frequencies_mhz=[frequency_mhz],
        radii_m=[pixels * step_m],
        method=replace(method, receiver_height_m=h2_m),
        threads=1,
    )
    return float(area.loss_db[0, 0, -1])


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


def _edges(profile: Profile, excess_m: Float64Array, fresnel_m: Float64Array) -> tuple[Edge, ...]:
    """Corners of the upper hull of the ground above the ray, from one antenna to the other.

    Heights above the ray are affine to heights over the effective earth, so both have the same hull.
    """
    height_m = excess_m.copy()
    height_m[[0, -1]] = 0.0  # the antennas themselves
    # where nothing rises above the ray, the string is the ray
    kept: list[int] = []
    for point in range(height_m.size):
        while len(kept) > 1 and _sags(profile.distance_km, height_m, (kept[-2], kept[-1], point)):
            kept.pop()
        kept.append(point)
    inner = kept[1:-1]
    return tuple(_edge(profile, one, float(excess_m[one]), float(fresnel_m[one])) for one in inner)


def _sags(distance_km: Float64Array, height_m: Float64Array, points: tuple[int, int, int]) -> bool:
    """Tell whether the middle one of three points lies on or under the line between the others."""
    first, middle, last = points
    share = (distance_km[middle] - distance_km[first]) / (distance_km[last] - distance_km[first])
    return bool(height_m[middle] <= height_m[first] + share * (height_m[last] - height_m[first]))


def _edge(profile: Profile, point: int, excess_m: float, fresnel_m: float) -> Edge:
    # nu of equation 15 is the square root of two times the share of the Fresnel radius that is covered
    nu = float(np.sqrt(2.0) * excess_m / fresnel_m)
    return Edge(
        distance_m=1000.0 * float(profile.distance_km[point]),
        height_m=float(profile.surface_m[point]),
        excess_m=excess_m,
        nu=nu,
        loss_db=float(knife_edge_db(nu)),
    )
