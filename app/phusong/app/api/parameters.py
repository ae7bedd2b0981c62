"""Query parameters that are more than a number."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated

from fastapi import Query

from phusong.app.listing import VillageListing, VillageSort
from phusong.coverage.errors import InputError
from phusong.coverage.reasons import REASONS

AREA_CLASSES = ("I", "II", "III")
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
    return _words("status", text, STATUSES)


def village_listing(
    area_class: Annotated[str, Query(max_length=20, description="one or more of I, II, III, by commas")] = "",
    reason: Annotated[str, Query(max_length=120, description="codes of reasons, by commas")] = "",
    q: Annotated[str, Query(max_length=200, description="part of a name, accents left out or not")] = "",
    sort: VillageSort = "households",
    descending: bool = True,
) -> VillageListing:
    """Read what a list of villages is narrowed to, and its order.

    Raises
    ------
    InputError
        ``parameter_invalid``.
    """
    return VillageListing(
        area_classes=tuple(_words("area_class", area_class, AREA_CLASSES)),
        reasons=tuple(_words("reason", reason, REASONS)),
        text=q,
        sort=sort,
        is_descending=descending,
    )


def _words(name: str, text: str, allowed: Sequence[str]) -> list[str]:
    wanted = [part.strip() for part in text.split(",")] if text else []
    if not set(wanted) <= set(allowed):
        raise InputError("parameter_invalid", name=name, value=text, allowed=", ".join(allowed))
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
