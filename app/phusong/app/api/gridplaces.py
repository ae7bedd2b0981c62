"""Metres on a map grid as people type them: VN-2000 (north is X, east is Y) and UTM."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass

import pyproj

from phusong.app.api.coordinates import Box, Place
from phusong.app.api.crs import VN2000_EPSG
from phusong.geodata.crs import GEOGRAPHIC_EPSG

_METRES = r"(\d{1,3}(?:[ .]\d{3}){1,2}(?:,\d+)?|\d{5,7}(?:[.,]\d+)?)"
_PAIR = re.compile(
    rf"(?:[XYNEBĐ]\s*[:=]?\s*)?{_METRES}\s*m?\s*[,;]?\s+(?:[XYNEBĐ]\s*[:=]?\s*)?{_METRES}\s*m?", re.I
)
_UTM = re.compile(r"(?:utm\s*)?(4[89])\s*([C-X])?\s*[,:]?\s+", re.I)
_NORTH_M, _EAST_M = (890_000.0, 2_650_000.0), (100_000.0, 890_000.0)
"""Ranges in Vietnam, which tell north from east whatever the order they are typed in."""
_VIETNAM: Box = (101.0, 6.5, 118.5, 24.0)
_UTM_NORTH_EPSG = 32_600
_PROJECTED_EPSG = tuple(epsg for epsg in VN2000_EPSG if epsg != 4756)
_MOST = 4


@dataclass(frozen=True, slots=True)
class _Metres:
    north_m: float
    east_m: float


def grid_places(text: str, *, bounds: Box | None, epsg: int | None) -> list[Place]:
    """Read metres on a grid.

    Parameters
    ----------
    text : str
        ``2193500 582500``, ``X=2.193.500,5 Y=582.500,25`` or with a UTM zone ``48Q 582500 2193500``.
    bounds : tuple or None
        West, south, east, north of the study in degrees.
    epsg : int or None
        Grid of the study, tried first.

    Returns
    -------
    list of Place
        The zone is seldom written with the numbers, and the zones of neighbouring provinces overlap: every
        zone that puts the point into the study, its own grid first, then by nearness of the middle
        meridian. Empty where the text is no pair of metres or lies nowhere in the study.

    Examples
    --------
    >>> [place.system for place in grid_places("48Q 582500 2193500", bounds=None, epsg=None)]
    ['WGS 84 / UTM zone 48N']
    """
    zone = _UTM.match(text.strip())
    metres = _metres(text.strip()[zone.end() if zone else 0 :])
    if metres is None:
        return []
    systems = [_UTM_NORTH_EPSG + int(zone[1])] if zone else _systems(epsg)
    places = [place for one in systems if (place := _place(metres, one, bounds or _VIETNAM)) is not None]
    own, others = places[:1], places[1:]
    if not own or own[0].epsg != epsg:
        own, others = [], places
    others.sort(key=lambda place: round(abs(place.lon - _meridian(place.epsg)), 2))
    return _apart([*own, *others])[:_MOST]


def _systems(epsg: int | None) -> list[int]:
    utm = [_UTM_NORTH_EPSG + zone for zone in (48, 49)]
    return list(dict.fromkeys([*([] if epsg is None else [epsg]), *_PROJECTED_EPSG, *utm]))


def _metres(text: str) -> _Metres | None:
    found = _PAIR.fullmatch(text.strip())
    if found is None:
        return None
    first, second = (_number(part) for part in found.groups())
    north_m, east_m = max(first, second), min(first, second)
    if not (_NORTH_M[0] <= north_m <= _NORTH_M[1] and _EAST_M[0] <= east_m <= _EAST_M[1]):
        return None
    return _Metres(north_m, east_m)


def _number(text: str) -> float:
    """Read metres with dots or spaces between thousands, or with a decimal point."""
    if re.fullmatch(r"\d{1,3}(?:[ .]\d{3})+(?:,\d+)?", text):
        return float(re.sub(r"[ .]", "", text).replace(",", "."))
    return float(text.replace(",", "."))


def _place(metres: _Metres, epsg: int, within: Box) -> Place | None:
    lon, lat = _to_degrees(epsg).transform(metres.east_m, metres.north_m)
    west, south, east, north = within
    if not (west <= lon <= east and south <= lat <= north):
        return None
    return Place(float(lon), float(lat), epsg, pyproj.CRS(epsg).name)


def _apart(places: list[Place]) -> list[Place]:
    """Drop places that are another's to a few metres: VN-2000 and WGS 84 of one zone differ by that."""
    kept: list[Place] = []
    for place in places:
        if all(abs(place.lon - other.lon) + abs(place.lat - other.lat) > 1e-4 for other in kept):
            kept.append(place)
    return kept


def _meridian(epsg: int) -> float:
    return float(pyproj.CRS(epsg).to_json_dict()["conversion"]["parameters"][1]["value"])


@functools.cache
def _to_degrees(epsg: int) -> pyproj.Transformer:
    return pyproj.Transformer.from_crs(epsg, GEOGRAPHIC_EPSG, always_xy=True)
