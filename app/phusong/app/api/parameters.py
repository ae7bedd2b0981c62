"""Query parameters that are more than a number."""

from __future__ import annotations

import math
from typing import Annotated

from fastapi import Query

from phusong.coverage.errors import InputError

STATUSES = ("white", "patchy", "served", "unknown")
VillageStatus = Annotated[
    str | None, Query(max_length=80, description="one or more of white, patchy, served, unknown, by commas")
]


def split_statuses(text: str | None) -> list[str] | None:
    """Read a list of statuses.

    Raises
    ------
    InputError
        ``parameter_invalid``.

    Examples
    --------
    >>> split_statuses("white,patchy"), split_statuses(None), split_statuses("")
    (['white', 'patchy'], None, None)
    """
    if not text:
        return None
    wanted = [part.strip() for part in text.split(",")]
    if not set(wanted) <= set(STATUSES):
        raise InputError("parameter_invalid", name="status", value=text, allowed=", ".join(STATUSES))
    return wanted


def parse_bbox(text: str | None) -> tuple[float, float, float, float] | None:
    """Read west, south, east and north in degrees.

    Raises
    ------
    InputError
        ``parameter_invalid`` unless they are four finite numbers in range and in order.

    Examples
    --------
    >>> parse_bbox("105,19.5,106,20")
    (105.0, 19.5, 106.0, 20.0)
    """
    if text is None:
        return None
    try:
        west, south, east, north = (float(part) for part in text.split(","))
    except ValueError as error:
        raise _bbox_error(text) from error
    if not all(math.isfinite(edge) for edge in (west, south, east, north)):
        raise _bbox_error(text)
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        raise _bbox_error(text)
    return west, south, east, north


def _bbox_error(text: str) -> InputError:
    allowed = "-180 ≤ west ≤ east ≤ 180, -90 ≤ south ≤ north ≤ 90"
    return InputError("parameter_invalid", name="bbox", value=text, allowed=allowed)
