"""A terrain profile between two terminals, checked once so that the models need not doubt it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from phusong.coverage.errors import InputError

Float64Array = npt.NDArray[np.float64]
Int64Array = npt.NDArray[np.int64]

SEA = 1
COASTAL = 3
INLAND = 4
ZONES = (SEA, COASTAL, INLAND)


@dataclass(frozen=True, slots=True)
class Profile:
    """Ground between a transmitter (first point) and a receiver (last point).

    Attributes
    ----------
    distance_km : ndarray, shape (n,)
        Distance of each point from the transmitter, strictly increasing from 0; at least two points.
    height_m : ndarray, shape (n,)
        Terrain height above sea level.
    clutter_height_m : ndarray, shape (n,), optional
        Representative clutter height above ground; none where left out. It counts between the
        terminals only, not at them.
    zone : ndarray of int, shape (n,), optional
        Radio-climatic zone: 1 sea, 3 coastal land, 4 inland; all inland where left out.

    Raises
    ------
    InputError
        ``profile_points``, ``profile_length``, ``profile_value``, ``profile_start``,
        ``profile_order``, ``profile_zone`` name what is wrong and where.

    Examples
    --------
    >>> profile = Profile(distance_km=[0.0, 1.0, 2.0], height_m=[10.0, 90.0, 12.0])
    >>> profile.length_km
    2.0
    >>> Profile(distance_km=[0.0, 1.0, 1.0], height_m=[10.0, 90.0, 12.0])
    Traceback (most recent call last):
    ...
    phusong.coverage.errors.InputError: profile_order(point=3, value='1.0')
    """

    distance_km: Float64Array
    height_m: Float64Array
    clutter_height_m: Float64Array = None  # type: ignore[assignment]  # becomes zeros
    zone: Int64Array = None  # type: ignore[assignment]  # becomes inland

    def __post_init__(self) -> None:
        distance = _frozen(self.distance_km, np.float64)
        points = distance.size
        if distance.ndim != 1 or points < 2:
            raise InputError("profile_points", value=points, allowed=">= 2")
        clutter = np.zeros(points) if self.clutter_height_m is None else self.clutter_height_m
        zone = np.full(points, INLAND) if self.zone is None else self.zone
        checked = {
            "distance_km": distance,
            "height_m": _frozen(self.height_m, np.float64),
            "clutter_height_m": _frozen(clutter, np.float64),
            "zone": _frozen(zone, np.int64),
        }
        for name, values in checked.items():
            _check_values(name, values, points)
            object.__setattr__(self, name, values)
        _check_distance(distance)
        _check_clutter_and_zone(checked["clutter_height_m"], checked["zone"])

    @property
    def length_km(self) -> float:
        """Distance between the terminals."""
        return float(self.distance_km[-1])

    @property
    def surface_m(self) -> Float64Array:
        """Terrain plus clutter between the terminals, terrain alone at them (g of P.1812)."""
        surface: Float64Array = self.height_m + self.clutter_height_m
        surface[0] = self.height_m[0]
        surface[-1] = self.height_m[-1]
        return surface


def _frozen(values: npt.ArrayLike, dtype: type[np.generic]) -> npt.NDArray[Any]:
    array = np.array(values, dtype=dtype)
    array.setflags(write=False)
    return array


def _check_values(name: str, values: npt.NDArray[Any], points: int) -> None:
    if values.shape != (points,):
        raise InputError("profile_length", name=name, value=values.size, allowed=str(points))
    wrong = np.flatnonzero(~np.isfinite(values.astype(np.float64)))
    if wrong.size:
        raise InputError("profile_value", name=name, point=int(wrong[0]) + 1, value=str(values[wrong[0]]))


def _check_distance(distance_km: Float64Array) -> None:
    if distance_km[0] != 0.0:
        raise InputError("profile_start", value=str(distance_km[0]), allowed="0")
    wrong = np.flatnonzero(np.diff(distance_km) <= 0.0)
    if wrong.size:
        point = int(wrong[0]) + 1
        raise InputError("profile_order", point=point + 1, value=str(distance_km[point]))


def _check_clutter_and_zone(clutter_height_m: npt.NDArray[Any], zone: npt.NDArray[Any]) -> None:
    below = np.flatnonzero(clutter_height_m.astype(np.float64) < 0.0)
    if below.size:
        value = str(clutter_height_m[below[0]])
        raise InputError("profile_value", name="clutter_height_m", point=int(below[0]) + 1, value=value)
    unknown = np.flatnonzero(~np.isin(zone, ZONES))
    if unknown.size:
        value = str(zone[unknown[0]])
        raise InputError("profile_zone", point=int(unknown[0]) + 1, value=value, allowed="1, 3, 4")
