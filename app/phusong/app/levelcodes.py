"""Byte codes of levels: what maps of level are drawn from."""

from __future__ import annotations

import functools

import numpy as np

from phusong.coverage.signal_kernel import NO_LEVEL, Int16Array
from phusong.coverage.stacks import levels_dbm
from phusong.geodata.tiles.colours import level_codes
from phusong.geodata.tiles.gridcells_kernel import raise_codes
from phusong.geodata.tiles.png import Codes


def raise_to_levels(codes: Codes, level: Int16Array) -> None:
    """Raise byte codes (`level_codes`) to those of levels in steps, in place, where these are higher."""
    raise_codes(level, code_of_level(), NO_LEVEL, codes)


def coded_levels(level: Int16Array) -> Codes:
    """Turn levels in steps into byte codes, 0 where there is none."""
    codes = np.zeros(level.shape, dtype=np.uint8)
    raise_to_levels(codes, level)
    return codes


@functools.cache
def code_of_level() -> Codes:
    """Code of every level in steps, from the lowest on; it never falls."""
    return level_codes(levels_dbm(np.arange(NO_LEVEL, -NO_LEVEL, dtype=np.int16)))
