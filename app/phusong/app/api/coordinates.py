"""Degrees as people write them: decimal with point or comma, with letters, or with minutes and seconds."""

from __future__ import annotations

import re
from dataclasses import dataclass

Box = tuple[float, float, float, float]

_NUMBER = r"[-+]?\d{1,3}(?:[.,]\d+)?"
_DECIMAL = re.compile(rf"\s*({_NUMBER})\s*°?\s*(?:[,;]\s*|\s)\s*({_NUMBER})\s*°?\s*")
_HEMISPHERES = {"N": 1, "B": 1, "S": -1, "E": 1, "Đ": 1, "D": 1, "W": -1}
_PART = r"\d{1,2}(?:[.,]\d+)?"
# A degree sign may be missing where minutes or a letter follow; minutes may be parted by spaces.
_ANGLE = (
    rf"([-+]?\d{{1,3}}(?:[.,]\d+)?)\s*(?:°|º|độ|\s)?\s*(?:({_PART})\s*(?:['′’]|phút|\s|$)\s*)?"
    rf"(?:({_PART})\s*(?:\"|″|”|''|giây|\s|$)\s*)?"
)
_LETTER = r"([NSEWBĐD])"
_LETTER_LAST = re.compile(rf"{_ANGLE}\s*{_LETTER}\s*[,;]?\s*{_ANGLE}\s*{_LETTER}", re.IGNORECASE)
_LETTER_FIRST = re.compile(rf"{_LETTER}\s*{_ANGLE}\s*[,;]?\s*{_LETTER}\s*{_ANGLE}", re.IGNORECASE)
_SIGNED = rf"([-+]?\d{{1,3}})\s*°\s*({_PART})\s*['′’]\s*(?:({_PART})\s*(?:\"|″|”|'')\s*)?"
_NO_LETTER = re.compile(rf"{_SIGNED}\s*[,;]?\s*{_SIGNED}")


@dataclass(frozen=True, slots=True)
class Place:
    """A point that somebody typed.

    Attributes
    ----------
    lon, lat : float
        Degrees.
    epsg : int
        Grid the metres were read on.
    system : str
        Its name.
    """

    lon: float
    lat: float
    epsg: int
    system: str


def parse_coordinates(text: str, *, bounds: Box | None) -> tuple[float, float] | None:
    """Read a longitude and latitude from what a person typed.

    Parameters
    ----------
    text : str
        ``19,8 105,7``, ``19.807, 105.776``, ``105.776 19.807``, ``19.807 N 105.776 E``,
        ``19°48'25"N 105°46'30"E``, ``N 19 48 25 E 105 46 30`` or ``19°48'25" 105°46'30"``
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
    asked = text.strip()
    last, first = _LETTER_LAST.fullmatch(asked), _LETTER_FIRST.fullmatch(asked)
    if last is not None:
        return _from_angles(last.groups())
    if first is not None:
        letter, *angle = first.groups()[:4]
        other_letter, *other = first.groups()[4:]
        return _from_angles((*angle, letter, *other, other_letter))
    signed = _NO_LETTER.fullmatch(asked)
    if signed is not None:
        return _in_order(_angle(*signed.groups()[:3]), _angle(*signed.groups()[3:]), bounds)
    decimal = _DECIMAL.fullmatch(text)
    if decimal is None:
        return None
    number, other_number = (_number(part) for part in decimal.groups())
    return _in_order(number, other_number, bounds)


def _in_order(first: float, second: float, bounds: Box | None) -> tuple[float, float] | None:
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
        angle = _angle(degrees, minutes, seconds)
        angles["lat" if hemisphere in "NSB" else "lon"] = _HEMISPHERES[hemisphere] * angle
    if len(angles) < 2 or abs(angles["lon"]) > 180 or abs(angles["lat"]) > 90:
        return None
    return angles["lon"], angles["lat"]


def _angle(degrees: str | None, minutes: str | None, seconds: str | None) -> float:
    whole = _number(degrees)
    parts = _number(minutes) / 60 + _number(seconds) / 3600
    return whole - parts if str(degrees).startswith("-") else whole + parts


def _number(text: str | None) -> float:
    return float(text.replace(",", ".")) if text else 0.0
