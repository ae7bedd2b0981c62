"""Numbers, shares and places as people type them: decimal commas, per cent, lists."""

from __future__ import annotations

import re

from phusong.coverage.errors import InputError
from phusong.geodata.columns import parse_number

LONGEST_SHOWN = 80
_WHOLE_GROUPS = re.compile(r"[+-]?[1-9]\d{0,2}(\.\d{3})*\.000")
_WIDE = re.compile(r"\s*[;\s]\s*")


def read_number(text: str) -> float:
    """Read a number; a comma or a point parts the decimals.

    Raises
    ------
    InputError
        ``number_text`` for what is no number; ``number_typed`` where the mark may part thousands as well.

    Examples
    --------
    >>> read_number("90,5"), read_number("1.234,5"), read_number("-3.5"), read_number("60 000")
    (90.5, 1234.5, -3.5, 60000.0)
    """
    shown = text.strip()[:LONGEST_SHOWN]
    found, remark = parse_number(text)
    if remark == "number_ambiguous" or _WHOLE_GROUPS.fullmatch(text.strip()):
        whole = re.sub(r"[.,]", "", shown)
        raise InputError("number_typed", value=shown, whole=whole, part=re.split(r"[.,]", shown)[0])
    if not isinstance(found, int | float) or isinstance(found, bool):
        raise InputError("number_text", value=shown)
    return float(found)


def read_numbers(text: str) -> tuple[float, ...]:
    """Read a list of numbers: parted by commas, or by semicolons or spaces where commas part decimals.

    Raises
    ------
    InputError
        ``number_text``, ``number_typed``.

    Examples
    --------
    >>> read_numbers("20,40"), read_numbers("22,5; 40"), read_numbers("700")
    ((20.0, 40.0), (22.5, 40.0), (700.0,))
    """
    written = text.strip()
    parts = written.split(";") if ";" in written else written.split() if _is_spaced(written) else None
    if parts is None:
        parts = written.split(",")
    return tuple(read_number(part) for part in parts if part.strip())


def _is_spaced(text: str) -> bool:
    """Whether spaces part the numbers, rather than follow the commas that do."""
    return bool(re.search(r"\d\s+[-+\d]", text)) and not re.search(r",\s", text)


def read_percent(text: str) -> float:
    """Read a number of per cent, with or without the sign; return per cent.

    Raises
    ------
    InputError
        ``percent_fraction`` for a bare number up to 1, which may be meant as a share of one; ``number_text``,
        ``number_typed``; ``percent_range`` outside 0 .. 100.

    Examples
    --------
    >>> read_percent("90"), read_percent("90,5"), read_percent("0,5 %")
    (90.0, 90.5, 0.5)
    """
    written = text.strip()
    percent = read_number(written.removesuffix("%").strip())
    if 0.0 < percent <= 1.0 and not written.endswith("%"):
        raise InputError("percent_fraction", value=written, percent=100.0 * percent)
    if not 0.0 <= percent <= 100.0:
        raise InputError("percent_range", value=written[:LONGEST_SHOWN], allowed="0 .. 100")
    return percent


def lon_lat(text: str) -> tuple[float, float]:
    """Read a place in degrees, longitude first.

    Raises
    ------
    InputError
        ``coordinate``; ``coordinate_swapped`` where latitude seems to come first.

    Examples
    --------
    >>> lon_lat("105.78, 19.81"), lon_lat("105,78; 19,81"), lon_lat("105,78 19,81")
    ((105.78, 19.81), (105.78, 19.81), (105.78, 19.81))
    """
    try:
        lon_deg, lat_deg = (_degrees(part) for part in _place_parts(text.strip()))
    except ValueError as error:
        raise InputError("coordinate", value=text[:LONGEST_SHOWN]) from error
    if -90.0 <= lon_deg <= 90.0 < abs(lat_deg) <= 180.0:
        swapped = f"{lat_deg:.10g},{lon_deg:.10g}"
        raise InputError("coordinate_swapped", value=text[:LONGEST_SHOWN], swapped=swapped)
    if not (-180.0 <= lon_deg <= 180.0 and -90.0 <= lat_deg <= 90.0):
        raise InputError("coordinate", value=text[:LONGEST_SHOWN])
    return lon_deg, lat_deg


def _place_parts(text: str) -> list[str]:
    if "." not in text and text.count(",") == 3 and ";" not in text:  # 105,78,19,81
        whole, part, other, rest = text.split(",")
        return [f"{whole},{part}", f"{other},{rest}"]
    parts = [part for part in _WIDE.split(text) if part]
    return [part.rstrip(",") for part in parts] if len(parts) == 2 else text.split(",")


def _degrees(text: str) -> float:
    return float(text.strip().replace(",", "."))
