"""From levels to the byte codes of display rasters, and from codes to colours."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from phusong.geodata.tiles.png import Codes, Rgba

# A code is floor(2 * (dBm + 150)), 1..255; 0 is "nothing known". Floor keeps every comparison with a
# threshold in whole or half decibels exact.
LOWEST_DBM = -150.0
STEPS_PER_DB = 2

FLAT_CODE = 181  # round(1 + 254 * sin 45 deg): level ground, see phusong.geodata.tiles.hillshade

TRANSPARENT: Rgba = (0, 0, 0, 0)

RSRP_EDGES_DBM = (-115.0, -110.0, -105.0, -100.0, -95.0, -88.0, -80.0, -70.0)
RSRP_COLOURS: tuple[Rgba, ...] = (
    (0xF6, 0xEA, 0xC6, 255),
    (0xCD, 0xD4, 0x8B, 255),
    (0x93, 0xC4, 0x8D, 255),
    (0x58, 0xB4, 0x9B, 255),
    (0x2C, 0x93, 0x9C, 255),
    (0x26, 0x6C, 0x93, 255),
    (0x2C, 0x47, 0x84, 255),
    (0x33, 0x26, 0x6B, 255),
)


@dataclass(frozen=True, slots=True)
class Ramp:
    """What a code looks like: code -> palette index -> colour."""

    index_of_code: Codes
    palette: tuple[Rgba, ...]


def level_codes(level_dbm: npt.NDArray[np.floating]) -> Codes:
    """Turn levels in dBm (NaN: none) into byte codes.

    Examples
    --------
    >>> level_codes(np.array([np.nan, -200.0, -110.0, -109.6, 0.0])).tolist()
    [0, 1, 80, 80, 255]
    """
    steps = np.floor((level_dbm - LOWEST_DBM) * STEPS_PER_DB)
    return np.where(np.isnan(steps), 0, np.clip(steps, 1, 255)).astype(np.uint8)


def level_ramp(edges_dbm: Sequence[float], colours: Sequence[Rgba], *, threshold_dbm: float) -> Ramp:
    """Colour classes of level; a class runs from its edge to the next, and nothing shows below a threshold.

    Parameters
    ----------
    edges_dbm : sequence of float
        Lower edge of each class, ascending.
    colours : sequence of Rgba
        One a class.
    threshold_dbm : float
        Levels below it are transparent; above it but below the first edge they take the first colour.
    """
    lower_dbm = LOWEST_DBM + np.arange(256) / STEPS_PER_DB
    index = np.searchsorted(np.asarray(edges_dbm), lower_dbm, side="right")
    index = np.maximum(index, 1)
    first_shown = math.ceil((threshold_dbm - LOWEST_DBM) * STEPS_PER_DB)
    index[: min(max(first_shown, 1), 256)] = 0
    return Ramp(index.astype(np.uint8), (TRANSPARENT, *colours))


def shade_ramp(*, strength: float = 0.55) -> Ramp:
    """Shadow as black and light as white of varying opacity, so that relief lies over any colour.

    Code 0 is transparent, 1 the deepest shadow, ``FLAT_CODE`` level ground, 255 the brightest slope.
    """
    palette: list[Rgba] = [TRANSPARENT]
    for code in range(1, 256):
        away = (code - FLAT_CODE) / (FLAT_CODE - 1 if code < FLAT_CODE else 255 - FLAT_CODE)
        grey = 0 if away < 0 else 255
        palette.append((grey, grey, grey, round(255 * strength * abs(away))))
    return Ramp(np.arange(256, dtype=np.uint8), tuple(palette))
