"""Numbers as people of a language write them."""

from __future__ import annotations

from phusong.app.i18n.languages import Language

UNKNOWN = "–"
_MARKS: dict[Language, tuple[str, str]] = {"vi": (".", ","), "en": (",", ".")}


def number(value: float | None, language: Language, *, decimals: int = 0) -> str:
    """Write a number with the marks of a language; a dash where it is unknown.

    Examples
    --------
    >>> number(1234567.5, "vi", decimals=1), number(-1234, "en"), number(-0.01, "vi"), number(None, "vi")
    ('1.234.567,5', '−1,234', '0', '–')
    """
    if value is None:
        return UNKNOWN
    thousands, decimal = _MARKS[language]
    plain = f"{value:z,.{decimals}f}"  # what rounds to nothing has no sign
    return plain.translate(str.maketrans(",.-", f"{thousands}{decimal}−"))


def percent(share: float | None, language: Language, *, decimals: int = 1) -> str:
    r"""Write a share 0..1 in per cent, with a space that does not break.

    Examples
    --------
    >>> percent(0.756, "vi")
    '75,6\xa0%'
    """
    return UNKNOWN if share is None else f"{number(100 * share, language, decimals=decimals)}\xa0%"


def coordinates(lon_deg: float, lat_deg: float, language: Language) -> str:
    """Write a place in degrees with its hemispheres: B and N, Đ and T in Vietnamese.

    Examples
    --------
    >>> coordinates(105.78, 19.81, "vi"), coordinates(-9.1, -38.7, "en")
    ('19,8100° B, 105,7800° Đ', '38.7000° S, 9.1000° W')
    """
    north, south, east, west = ("B", "N", "Đ", "T") if language == "vi" else ("N", "S", "E", "W")
    lat = f"{number(abs(lat_deg), language, decimals=4)}° {north if lat_deg >= 0 else south}"
    return f"{lat}, {number(abs(lon_deg), language, decimals=4)}° {east if lon_deg >= 0 else west}"
