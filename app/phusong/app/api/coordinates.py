"""Coordinates as people write them: decimal with point or comma, or degrees, minutes and seconds."""

from __future__ import annotations

import re

Box = tuple[float, float, float, float]

_NUMBER = r"[-+]?\d{1,3}(?:[.,]\d+)?"
_DECIMAL = re.compile(rf"\s*({_NUMBER})\s*°?\s*(?:[,;]\s*|\s)\s*({_NUMBER})\s*°?\s*")
_HEMISPHERES = {"N": 1, "B": 1, "S": -1, "E": 1, "Đ": 1, "D": 1, "W": -1}
_ANGLE = (
    r"(\d{1,3}(?:[.,]\d+)?)\s*°\s*(?:(\d{1,2}(?:[.,]\d+)?)\s*['′’]\s*)?"
    r"(?:(\d{1,2}(?:[.,]\d+)?)\s*(?:\"|″|”|'')\s*)?([NSEWBĐD])"
)
_SEXAGESIMAL = re.compile(rf"\s*{_ANGLE}\s*[,;]?\s*{_ANGLE}\s*", re.IGNORECASE)


def parse_coordinates(text: str, *, bounds: Box | None) -> tuple[float, float] | None:
    """Read a longitude and latitude from what a person typed.

    Parameters
    ----------
    text : str
        ``19,8 105,7``, ``19.807, 105.776``, ``105.776 19.807`` or ``19°48'25"N 105°46'30"E``
        (also B for north and Đ for east).
    bounds : tuple or None
        West, south, east, north of the study: decides which of two decimal numbers is the latitude.

    Returns
    -------
    tuple of float or None
        Longitude and latitude in degrees; None where the text is no place on Earth.

    Examples
    --------
    >>> parse_coordinates("19,8 105,7", bounds=None)
    (105.7, 19.8)
    >>> parse_coordinates("105.776 19.807", bounds=None)
    (105.776, 19.807)
    >>> parse_coordinates("Cẩm Tú", bounds=None)
    """
    sexagesimal = _SEXAGESIMAL.fullmatch(text)
    if sexagesimal is not None:
        return _from_angles(sexagesimal.groups())
    decimal = _DECIMAL.fullmatch(text)
    if decimal is None:
        return None
    first, second = (_number(part) for part in decimal.groups())
    orders = [(second, first), (first, second)]  # latitude first is the custom
    possible = [(lon, lat) for lon, lat in orders if abs(lon) <= 180 and abs(lat) <= 90]
    if bounds is not None:
        possible.sort(key=lambda place: not _inside(place, bounds))
    return possible[0] if possible else None


def _inside(place: tuple[float, float], bounds: Box) -> bool:
    west, south, east, north = bounds
    return west <= place[0] <= east and south <= place[1] <= north


def _from_angles(groups: tuple[str | None, ...]) -> tuple[float, float] | None:
    angles: dict[str, float] = {}
    for degrees, minutes, seconds, letter in (groups[:4], groups[4:]):
        hemisphere = str(letter).upper()
        angle = _number(degrees) + _number(minutes) / 60 + _number(seconds) / 3600
        angles["lat" if hemisphere in "NSB" else "lon"] = _HEMISPHERES[hemisphere] * angle
    if len(angles) < 2 or abs(angles["lon"]) > 180 or abs(angles["lat"]) > 90:
        return None
    return angles["lon"], angles["lat"]


def _number(text: str | None) -> float:
    return float(text.replace(",", ".")) if text else 0.0
