"""Adding up the cells of a carrier, mast by mast and row by row, in whole numbers.

Levels are steps of `LEVEL_STEP_DB` in 16 bits and powers are counted in units of `POWER_UNIT_MW` in 64
bits. Sums of whole numbers do not depend on their order, so a block composed from any part of the cells, in
any order, by any number of threads, equals the same part of the whole bit for bit, and a cell can be added
later without rounding.
"""

from __future__ import annotations

import functools
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from phusong.coverage.losses_kernel import LOSS_STEP_DB, NO_LOSS
from phusong.coverage.propagation.area_lending import keep, lend
from phusong.coverage.propagation.area_vectors import load_step, load_terrain, store_sample

Float32Array = npt.NDArray[np.float32]
Int16Array = npt.NDArray[np.int16]
Int32Array = npt.NDArray[np.int32]
Int64Array = npt.NDArray[np.int64]
UInt16Array = npt.NDArray[np.uint16]

LEVEL_STEP_DB = 0.004
LEVEL_MIDDLE_DBM = -90.0
"""Levels are kept as steps from here: -221 .. 41 dBm in 16 bits."""
NO_LEVEL = -32_768
LEAST_LEVEL_DBM = -150.0
"""Weaker cells are left out: 18 dB under the thermal noise of a 15 kHz resource element."""
POWER_UNIT_MW = 1e-19
"""A ten-thousandth of the least level."""
POWER_CEILING = 2.0**53
"""Power counts up to -30 dBm a resource element; a thousand such cells still fit in 63 bits."""

_F = np.float32
_LEAST_STEP = np.int32(round((LEAST_LEVEL_DBM - LEVEL_MIDDLE_DBM) / LEVEL_STEP_DB))
_TURN, _HALF_TURN, _QUARTER = _F(360.0), _F(180.0), _F(90.0)
_ZERO, _ONE, _TINY = _F(0.0), _F(1.0), _F(1e-12)
_LOSS_STEP, _PER_LEVEL_STEP, _MIDDLE = _F(LOSS_STEP_DB), _F(1.0 / LEVEL_STEP_DB), _F(LEVEL_MIDDLE_DBM)
_STEPS_PER_DEG = _F(10.0)
_DEG = _F(180.0 / np.pi)
_NEVER_DB = _F(1e6)
_NEXT, _POWER_ZERO, _TOP_STEP = np.int32(1), np.int32(32_768), np.int32(32_767)
_NO_LEVEL = np.int32(NO_LEVEL)
_LEVEL_BITS, _PER_LEVEL = np.int32(16), np.int32(65_536)
_NUMBER_MASK, _LAST_NUMBER = np.int32(65_535), np.int32(32_767)


class Reach(NamedTuple):
    """Loss rows of one mast: ``steps[offset[i]:offset[i + 1]]`` begins at column ``first[i]`` of row0 + i."""

    row0: int
    first: Int32Array
    offset: Int64Array
    steps: UInt16Array


class Mast(NamedTuple):
    """Where the antenna is: study CRS, ground (NaN: unknown), and height above the terminal's height."""

    x_m: float
    y_m: float
    ground_m: float
    above_m: float


class Sectors(NamedTuple):
    """Cells on the mast, one entry each; ``table`` is the row of the pattern tables."""

    number: Int16Array
    offset_dbm: Float32Array
    azimuth_deg: Float32Array
    mechanical_deg: Float32Array
    limit_db: Float32Array
    table: Int32Array


class Patterns(NamedTuple):
    """Planes of all patterns: shapes (tables, 3602) and (tables, 1802), the ends repeated."""

    horizontal_db: Float32Array
    vertical_db: Float32Array


class Frame(NamedTuple):
    """Where a block lies: first row and column in the study grid, corner and cell size of that grid."""

    row0: int
    col0: int
    left_m: float
    top_m: float
    cell_size_m: float


class Stack(NamedTuple):
    """Strongest cells: levels and cell numbers (servers, rows, cols), total power (rows, cols)."""

    level: Int16Array
    number: Int16Array
    total: Int64Array


class Ranks(NamedTuple):
    """A stack being worked on: one number a cell that sorts by level, then by number; the rest as `Stack`."""

    rank: Int32Array
    total: Int64Array


class Runs(NamedTuple):
    """Pixels that are asked for: columns ``begin`` to ``end`` of ``row``, counted within the block."""

    row: Int32Array
    begin: Int32Array
    end: Int32Array


class Room(NamedTuple):
    """Room for what a mast does to the pixels of one run, which lie side by side."""

    loss_db: Float32Array
    azimuth_deg: Float32Array
    depression_deg: Float32Array
    down_deg: Float32Array
    level: Int32Array


@functools.cache
def power_table() -> Int64Array:
    """Power units of each level step, shape (65536,), read-only, indexed by step + 32768."""
    level_dbm = LEVEL_MIDDLE_DBM + LEVEL_STEP_DB * np.arange(NO_LEVEL, -NO_LEVEL, dtype=np.float64)
    units = np.minimum(10.0 ** (level_dbm / 10.0) / POWER_UNIT_MW, POWER_CEILING)
    units[0] = 0.0
    table = np.rint(units).astype(np.int64)
    table.setflags(write=False)
    return table


@njit(cache=True, nogil=True, error_model="numpy")
def add_mast(  # noqa: PLR0917 - kernels take no keyword-only options
    reach: Reach,
    mast: Mast,
    sectors: Sectors,
    patterns: Patterns,
    frame: Frame,
    runs: Runs,
    surface_m: Float32Array,
    power: Int64Array,
    ranks: Ranks,
) -> None:
    """Add the cells of one mast to the asked pixels of a stack; cells of a stack have distinct numbers."""
    # Lent, because counting references in every row takes longer than short rows do.
    owned = _make_room(ranks.total.shape[1])
    room, reach, sectors, patterns = lend(owned), lend(reach), lend(sectors), lend(patterns)
    runs, surface_m, power, ranks = lend(runs), lend(surface_m), lend(power), lend(ranks)
    strongest_dbm = sectors.offset_dbm.max()
    for run in range(runs.row.size):
        row = np.int64(runs.row[run])
        i = row + frame.row0 - reach.row0
        if i < 0 or i >= reach.first.size:
            continue
        # Where the row of losses begins and ends, in columns of the block.
        first = np.int64(reach.first[i]) - frame.col0
        last = first + reach.offset[i + 1] - reach.offset[i]
        begin, end = max(first, np.int64(runs.begin[run])), min(last, np.int64(runs.end[run]))
        if begin >= end:
            continue
        steps = reach.steps[reach.offset[i] + begin - first : reach.offset[i] + end - first]
        if not _unpack(steps, strongest_dbm, room):
            continue
        _directions(mast, frame, int(row), int(begin), surface_m[row, begin:end], room)
        for sector in range(sectors.number.size):
            _levels(sectors, sector, patterns, end - begin, room)
            _add(room.level, power, ranks.total[row, begin:end])
            _offer(room.level, sectors.number[sector], ranks.rank[:, row, begin:end])
    keep(owned)


@njit(cache=True, nogil=True, error_model="numpy")
def _make_room(cols: int) -> Room:
    return Room(
        np.empty(cols, np.float32),
        np.empty(cols, np.float32),
        np.empty(cols, np.float32),
        np.empty(cols, np.float32),
        np.empty(cols, np.int32),
    )


@njit(cache=True, nogil=True, error_model="numpy")
def _unpack(steps: UInt16Array, strongest_dbm: np.float32, room: Room) -> bool:
    """Unpack the losses of a run; tell whether the mast's strongest cell could count anywhere."""
    most_db = strongest_dbm - _F(LEAST_LEVEL_DBM)
    least = np.int32(NO_LOSS)
    for i in range(steps.size):
        step = np.int32(steps[i])
        least = min(least, step)
        room.loss_db[i] = _F(step) * _LOSS_STEP if step != NO_LOSS else _NEVER_DB
    return bool(least != NO_LOSS and _F(least) * _LOSS_STEP <= most_db)


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _arctan(x: np.float32) -> np.float32:
    """Arc tangent in degrees of 0 .. 1 (Abramowitz and Stegun 4.4.49, 1e-8 rad)."""
    s = x * x
    p = _F(-0.0161657367) + s * _F(0.0028662257)
    p = _F(-0.0752896400) + s * (_F(0.0429096138) + s * p)
    p = _F(-0.1420889944) + s * (_F(0.1065626393) + s * p)
    return _DEG * x * (_ONE + s * (_F(-0.3333314528) + s * (_F(0.1999355085) + s * p)))


@njit(cache=True, nogil=True, error_model="numpy")
def _directions(  # noqa: PLR0917 - private
    mast: Mast, frame: Frame, row: int, begin: int, surface_m: Float32Array, room: Room
) -> None:
    """Azimuth clockwise from grid north, depression on a flat earth from antenna to terminal."""
    north = _F(frame.top_m - (frame.row0 + row + 0.5) * frame.cell_size_m - mast.y_m)
    west_m = frame.left_m + (frame.col0 + 0.5) * frame.cell_size_m - mast.x_m
    start, size = _F(west_m), _F(frame.cell_size_m)
    foot, above = _F(mast.ground_m), _F(mast.above_m)
    far_north, is_south = abs(north), north < _ZERO
    first = np.int32(begin)
    for i in range(surface_m.size):
        east = start + _F(first + np.int32(i)) * size
        fall = foot - surface_m[i]
        room.azimuth_deg[i] = east
        # NaN, ground unknown, differs from itself: then as if level
        room.depression_deg[i] = above + (fall if fall == fall else _ZERO)  # noqa: PLR0124
    for i in range(surface_m.size):
        east, drop = room.azimuth_deg[i], room.depression_deg[i]
        far_east, far_drop = abs(east), abs(drop)
        is_wide = far_east > far_north
        wide, narrow = far_east if is_wide else far_north, far_north if is_wide else far_east
        angle = _arctan(narrow / (wide if wide > _TINY else _TINY))
        angle = _QUARTER - angle if is_wide else angle
        angle = _HALF_TURN - angle if is_south else angle
        distance = np.sqrt(east * east + north * north)
        is_steep = far_drop > distance
        upper, lower = far_drop if is_steep else distance, distance if is_steep else far_drop
        slope = _arctan(lower / (upper if upper > _TINY else _TINY))
        slope = _QUARTER - slope if is_steep else slope
        room.azimuth_deg[i] = _TURN - angle if east < _ZERO else angle
        room.depression_deg[i] = -slope if drop < _ZERO else slope


@njit(cache=True, nogil=True, error_model="numpy")
def _levels(sectors: Sectors, sector: int, patterns: Patterns, count: int, room: Room) -> None:
    """Level of one cell along a run, as steps; `NO_LEVEL` where it is too weak to count."""
    table = sectors.table[sector]
    across_db, up_db = patterns.horizontal_db[table], patterns.vertical_db[table]
    boresight, leaning = sectors.azimuth_deg[sector], sectors.mechanical_deg[sector]
    offset, limit = sectors.offset_dbm[sector], sectors.limit_db[sector]
    down_deg = room.depression_deg
    if leaning != _ZERO:
        down_deg = room.down_deg
        _lean(boresight, leaning, count, room)
    _steps(offset, limit, boresight, across_db, up_db, down_deg, room, count)


@njit(cache=True, nogil=True, error_model="numpy")
def _lean(boresight: np.float32, leaning: np.float32, count: int, room: Room) -> None:
    """Turn depressions into those that an antenna tilted as a whole sees, -90 .. 90."""
    for i in range(count):
        off = room.azimuth_deg[i] - boresight
        off = off + _TURN if off < _ZERO else off
        down = room.depression_deg[i] - leaning * _F(np.cos(np.radians(off)))
        room.down_deg[i] = min(max(down, -_QUARTER), _QUARTER)


@njit(cache=True, nogil=True, error_model="numpy")
def _steps(  # noqa: PLR0917 - private
    offset_dbm: np.float32,
    limit_db: np.float32,
    boresight: np.float32,
    horizontal_db: Float32Array,
    vertical_db: Float32Array,
    down_deg: Float32Array,
    room: Room,
    count: int,
) -> None:
    """Attenuation of both planes, loss and level of one cell along a run."""
    azimuth_deg, loss_db, level = room.azimuth_deg, room.loss_db, room.level
    for i in range(count):
        off = load_terrain(azimuth_deg, i) - boresight
        place = (off + _TURN if off < _ZERO else off) * _STEPS_PER_DEG
        low = np.int32(place)
        below = load_terrain(horizontal_db, low)
        across = below + (place - _F(low)) * (load_terrain(horizontal_db, low + _NEXT) - below)
        place = (load_terrain(down_deg, i) + _QUARTER) * _STEPS_PER_DEG
        low = np.int32(place)
        below = load_terrain(vertical_db, low)
        up = below + (place - _F(low)) * (load_terrain(vertical_db, low + _NEXT) - below)
        planes_db = across + up
        level_dbm = offset_dbm - (planes_db if planes_db < limit_db else limit_db) - load_terrain(loss_db, i)
        step = np.int32(np.rint((level_dbm - _MIDDLE) * _PER_LEVEL_STEP))
        step = step if step < _TOP_STEP else _TOP_STEP
        store_sample(level, i, step if step >= _LEAST_STEP else _NO_LEVEL)


@njit(cache=True, nogil=True, error_model="numpy")
def _add(level: Int32Array, power: Int64Array, total: Int64Array) -> None:
    """Count the power of a cell along a run."""
    for i in range(total.size):
        own = load_terrain(power, load_terrain(level, i) + _POWER_ZERO)
        store_sample(total, i, load_step(total, i) + own)


@njit(cache=True, nogil=True, error_model="numpy")
def _offer(level: Int32Array, number: int, rank: Int32Array) -> None:
    """Let a cell in where it is among the strongest; it leaves its place to the next one wherever it is not.

    Parameters
    ----------
    level : ndarray of int32
        Of the cell along a run; overwritten.
    number : int
    rank : ndarray of int32, shape (servers, pixels of the run)
        Updated.
    """
    servers, count = rank.shape
    own = np.int32(_LAST_NUMBER - number)
    if _ahead(level, own, rank[servers - 1]) == 0:
        return
    for i in range(count):
        level[i] = level[i] * _PER_LEVEL + own
    for server in range(servers):
        _let_in(level, rank[server])


@njit(cache=True, nogil=True, error_model="numpy")
def _ahead(level: Int32Array, own: np.int32, kept: Int32Array) -> int:
    """Count the pixels where a cell is ahead of the weakest that is kept."""
    found = np.int32(0)
    for i in range(kept.size):
        found += np.int32(np.int32(level[i] * _PER_LEVEL + own) > kept[i])
    return int(found)


@njit(cache=True, nogil=True, error_model="numpy")
def _let_in(offered: Int32Array, kept: Int32Array) -> None:
    """Keep the stronger of two at every pixel and go on with the weaker."""
    for i in range(kept.size):
        mine, other = offered[i], kept[i]
        kept[i] = mine if mine > other else other
        offered[i] = other if mine > other else mine


@njit(cache=True, nogil=True, error_model="numpy")
def rank_of(stack: Stack, rank: Int32Array) -> None:
    """Turn levels and numbers into ranks; of equal levels the lower number ranks higher."""
    for server in range(rank.shape[0]):
        for row in range(rank.shape[1]):
            for col in range(rank.shape[2]):
                level, number = np.int32(stack.level[server, row, col]), stack.number[server, row, col]
                rank[server, row, col] = level * _PER_LEVEL + (_LAST_NUMBER - np.int32(number))


@njit(cache=True, nogil=True, error_model="numpy")
def unrank(rank: Int32Array, stack: Stack) -> None:
    """Turn ranks into levels and numbers."""
    for server in range(rank.shape[0]):
        for row in range(rank.shape[1]):
            for col in range(rank.shape[2]):
                one = rank[server, row, col]
                stack.level[server, row, col] = np.int16(one >> _LEVEL_BITS)
                stack.number[server, row, col] = np.int16(_LAST_NUMBER - (one & _NUMBER_MASK))
