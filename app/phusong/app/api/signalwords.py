"""How the layers of signal are named, coloured and explained."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np

from phusong.app.compute.shares import ANY_TECHNOLOGY
from phusong.app.i18n import Language, translate
from phusong.app.signallayers import (
    MARGIN_STEPS_PER_DB,
    MARGIN_ZERO_CODE,
    MOST_OPERATORS,
    RATE_EDGES_MBIT_S,
    SERVER_EDGES,
    SHADES,
    SINR_EDGES_DB,
    LayerName,
)
from phusong.geodata.tiles.colours import RSRP_COLOURS, RSRP_EDGES_DBM, TRANSPARENT, Ramp
from phusong.geodata.tiles.png import Rgba

SINR_COLOURS = ("#7A3B69", "#B9748F", "#E8C9C9", "#C9DCE8", "#6FA3C7", "#23659A")
RATE_COLOURS = ("#F3ECD6", "#CFD58F", "#8CC28C", "#3F9E8D", "#1F6E8C", "#2D3E80")
OPERATOR_COUNT_COLOURS = ("#F2EFE6", "#BFDAD6", "#7FB9B3", "#2F7F86", "#17466A")
SERVER_COUNT_COLOURS = ("#C9D3EE", "#98AADD", "#6780C8", "#3E57AE", "#233A86")
OPERATOR_COLOURS = ("#0A5C9E", "#E39B2D", "#4A1942", "#7CC4E8", "#7A7F82")
TONES = (0.0, 0.22, -0.16, 0.38)
"""How much white (or, below 0, black) the tones of an operator hold."""
UNITS = {"margin": "dB", "sinr": "dB", "throughput": "Mbit/s"}

Class = dict[str, Any]


def layer_record(
    name: LayerName, *, operators: list[str], required_dbm: dict[str, float], language: Language
) -> dict[str, Any]:
    """Describe a layer: what it shows, its codes, classes and colours.

    Parameters
    ----------
    name : LayerName
    operators : list of str
        In the order of their codes.
    required_dbm : mapping of str to float
        Median level that counts as served, by technology.
    language : str
    """
    return {
        "id": name.id,
        "kind": name.kind,
        "technology": name.technology,
        "operator": name.operator,
        "title": translate(f"coverage.{name.kind}", language),
        "about": translate(f"coverage.{name.kind}_about", language),
        "unit": UNITS.get(name.kind),
        "classes": classes_of(name, operators=operators, required_dbm=required_dbm),
    }


def classes_of(name: LayerName, *, operators: list[str], required_dbm: dict[str, float]) -> list[Class]:
    """Return the classes of a layer; each holds the codes from ``code`` to ``last_code``."""
    if name.kind == "margin":
        return _margin_classes(None if name.technology == ANY_TECHNOLOGY else required_dbm[name.technology])
    if name.kind == "server":
        return [
            {
                "code": 1 + SHADES * place,
                "last_code": SHADES * (place + 1),
                "operator": operator,
                "colour": _operator_colour(place),
                "tones": [_toned(_operator_colour(place), share) for share in TONES],
            }
            for place, operator in enumerate(operators)
        ]
    if name.kind == "operators":
        last = min(len(operators), MOST_OPERATORS)
        return [_one(count + 1, count, None, OPERATOR_COUNT_COLOURS[count]) for count in range(last + 1)]
    if name.kind == "servers":
        return _between(SERVER_EDGES, SERVER_COUNT_COLOURS)
    if name.kind == "sinr":
        return _between((None, *SINR_EDGES_DB), SINR_COLOURS)
    return _between((None, *RATE_EDGES_MBIT_S), RATE_COLOURS)


def _between(starts: Sequence[float | None], colours: Sequence[str]) -> list[Class]:
    """Classes that each end where the next begins."""
    ends = (*starts[1:], None)
    return [
        _one(place + 1, start, end, colour)
        for place, (start, end, colour) in enumerate(zip(starts, ends, colours, strict=True))
    ]


def code_ramp(classes: list[Class]) -> Ramp:
    """Colours of the codes as the classes have them; what is in no class is transparent."""
    palette: list[Rgba] = [TRANSPARENT] * 256
    for one in classes:
        colours = one.get("tones") or [one["colour"]]
        for code in range(one["code"], one["last_code"] + 1):
            palette[code] = _rgba(colours[(code - one["code"]) % len(colours)])
    return Ramp(np.arange(256, dtype=np.uint8), tuple(palette))


@functools.cache
def grey_ramp() -> Ramp:
    """Codes as shades of grey, for readers that colour them themselves."""
    return Ramp(np.arange(256, dtype=np.uint8), tuple((code, code, code, 255) for code in range(256)))


def _margin_classes(required_dbm: float | None) -> list[Class]:
    """Classes of median level, those in service only; without one level by dB above the requirement."""
    edges = RSRP_EDGES_DBM if required_dbm is None else tuple(edge - required_dbm for edge in RSRP_EDGES_DBM)
    if required_dbm is None:
        edges = tuple(edge - RSRP_EDGES_DBM[1] for edge in RSRP_EDGES_DBM)
    ends = [*edges[1:], None]
    found = []
    for start_db, end_db, colour in zip(edges, ends, RSRP_COLOURS, strict=True):
        first = max(_margin_code(start_db), MARGIN_ZERO_CODE)
        last = 255 if end_db is None else _margin_code(end_db) - 1
        if last >= first:
            hexadecimal = "#{:02X}{:02X}{:02X}".format(*colour[:3])
            found.append(
                {"code": first, "last_code": last, "from": start_db, "to": end_db, "colour": hexadecimal}
            )
    return found


def _margin_code(margin_db: float) -> int:
    return min(max(int(np.floor(margin_db * MARGIN_STEPS_PER_DB)) + MARGIN_ZERO_CODE, 1), 255)


def _one(code: int, start: float | None, end: float | None, colour: str) -> Class:
    return {"code": code, "last_code": code, "from": start, "to": end, "colour": colour}


def _operator_colour(place: int) -> str:
    return OPERATOR_COLOURS[min(place, len(OPERATOR_COLOURS) - 1)]


def _rgba(colour: str) -> Rgba:
    red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    return red, green, blue, 255


def _toned(colour: str, share: float) -> str:
    towards = 255 if share > 0 else 0
    mixed = [round(own + (towards - own) * abs(share)) for own in _rgba(colour)[:3]]
    return "#{:02X}{:02X}{:02X}".format(*mixed)
