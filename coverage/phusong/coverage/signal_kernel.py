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

Float32Array = npt.NDArray[np.float32]
Int16Array = npt.NDArray[np.int16]
Int32Array = npt.NDArray[np.int32]
Int64Array = npt.NDArray[np.int64]
UInt16Array = npt.NDArray[np.uint16]
BoolArray = npt.NDArray[np.bool_]

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
LOSS_STEP_DB = 0.003
"""Fine enough that rounding moves the edge of a served area by under 0.05 % of its radius."""
NO_LOSS = 65_535

_F = np.float32
_LEAST_STEP = round((LEAST_LEVEL_DBM - LEVEL_MIDDLE_DBM) / LEVEL_STEP_DB)
_TURN, _HALF_TURN, _QUARTER = _F(360.0), _F(180.0), _F(90.0)
_ZERO, _ONE, _TINY = _F(0.0), _F(1.0), _F(1e-12)
_LOSS_STEP, _PER_LEVEL_STEP, _MIDDLE = _F(LOSS_STEP_DB), _F(1.0 / LEVEL_STEP_DB), _F(LEVEL_MIDDLE_DBM)
_STEPS_PER_DEG = _F(10.0)
_DEG = _F(180.0 / np.pi)


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


class Row(NamedTuple):
    """Room for the pixels of one row that a mast reaches."""

    col: Int32Array
    loss_db: Float32Array
    azimuth_deg: Float32Array
    depression_deg: Float32Array
    off_deg: Float32Array
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
    surface_m: Float32Array,
    power: Int64Array,
    stack: Stack,
) -> None:
    """Add the cells of one mast to a stack; cells of a stack have distinct numbers."""
    rows, cols = stack.total.shape
    room = Row(
        np.empty(cols, np.int32),
        np.empty(cols, np.float32),
        np.empty(cols, np.float32),
        np.empty(cols, np.float32),
        np.empty(cols, np.float32),
        np.empty(cols, np.float32),
        np.empty(cols, np.int32),
    )
    strongest_dbm = sectors.offset_dbm.max()
    first_row = max(reach.row0, frame.row0)
    last_row = min(reach.row0 + reach.first.size, frame.row0 + rows)
    for grid_row in range(first_row, last_row):
        count = _reached(reach, grid_row, frame.col0, cols, strongest_dbm, room)
        if count == 0:
            continue
        row = grid_row - frame.row0
        _directions(mast, frame, grid_row, surface_m[row], count, room)
        for sector in range(sectors.number.size):
            _levels(sectors, sector, patterns, count, room)
            _insert(room, count, sectors.number[sector], row, power, stack)


@njit(cache=True, nogil=True, error_model="numpy")
def _reached(  # noqa: PLR0917 - private
    reach: Reach, grid_row: int, col0: int, cols: int, strongest_dbm: np.float32, room: Row
) -> int:
    """List the pixels of a row where the mast's strongest cell could count."""
    i = grid_row - reach.row0
    begin, first = reach.offset[i], np.int64(reach.first[i])
    count = np.int64(reach.offset[i + 1] - begin)
    most_db = strongest_dbm - _F(LEAST_LEVEL_DBM)
    found = 0
    start, stop = col0 - first, col0 + cols - first
    for k in range(start if start > 0 else 0, stop if stop < count else count):
        step = reach.steps[begin + k]
        loss_db = _F(step) * _LOSS_STEP
        if step != NO_LOSS and loss_db <= most_db:
            room.col[found] = first + k - col0
            room.loss_db[found] = loss_db
            found += 1
    return found


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
    mast: Mast, frame: Frame, grid_row: int, surface_m: Float32Array, count: int, room: Row
) -> None:
    """Azimuth clockwise from grid north, depression on a flat earth from antenna to terminal."""
    north = _F(frame.top_m - (grid_row + 0.5) * frame.cell_size_m - mast.y_m)
    west_m = frame.left_m + (frame.col0 + 0.5) * frame.cell_size_m - mast.x_m
    start, size = _F(west_m), _F(frame.cell_size_m)
    foot, above = _F(mast.ground_m), _F(mast.above_m)
    far_north, is_south = abs(north), north < _ZERO
    for i in range(count):
        col = room.col[i]
        east = start + _F(col) * size
        fall = foot - surface_m[col]
        # NaN, ground unknown, differs from itself: then as if level
        drop = above + (fall if fall == fall else _ZERO)  # noqa: PLR0124
        room.azimuth_deg[i] = east
        room.depression_deg[i] = drop
    for i in range(count):
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
def _levels(sectors: Sectors, sector: int, patterns: Patterns, count: int, room: Row) -> None:
    """Level of one cell at the listed pixels, as steps."""
    table = sectors.table[sector]
    horizontal_db, vertical_db = patterns.horizontal_db[table], patterns.vertical_db[table]
    offset, limit = sectors.offset_dbm[sector], sectors.limit_db[sector]
    _turn(sectors.azimuth_deg[sector], sectors.mechanical_deg[sector], count, room)
    for i in range(count):
        place = room.off_deg[i] * _STEPS_PER_DEG
        low = np.int32(place)
        share = place - _F(low)
        across = horizontal_db[low]
        across += share * (horizontal_db[low + np.int32(1)] - across)
        place = (room.down_deg[i] + _QUARTER) * _STEPS_PER_DEG
        low = np.int32(place)
        share = place - _F(low)
        up = vertical_db[low]
        up += share * (vertical_db[low + np.int32(1)] - up)
        planes = across + up
        level = offset - (planes if planes < limit else limit) - room.loss_db[i]
        room.level[i] = np.int32(np.rint((level - _MIDDLE) * _PER_LEVEL_STEP))


@njit(cache=True, nogil=True, error_model="numpy")
def _turn(boresight: np.float32, leaning: np.float32, count: int, room: Row) -> None:
    """Turn directions into the antenna's own: azimuth off boresight 0 .. 360, depression -90 .. 90."""
    for i in range(count):
        off = room.azimuth_deg[i] - boresight
        room.off_deg[i] = off + _TURN if off < _ZERO else off
        room.down_deg[i] = room.depression_deg[i]
    if leaning != _ZERO:
        for i in range(count):
            down = room.depression_deg[i] - leaning * _F(np.cos(np.radians(room.off_deg[i])))
            room.down_deg[i] = min(max(down, -_QUARTER), _QUARTER)


@njit(cache=True, nogil=True, error_model="numpy")
def _insert(  # noqa: PLR0917 - private
    room: Row, count: int, number: int, row: int, power: Int64Array, stack: Stack
) -> None:
    """Count the power and keep the strongest; of equal levels the lower number stays ahead."""
    servers = stack.level.shape[0]
    for i in range(count):
        level = min(room.level[i], 32_767)
        if level < _LEAST_STEP:
            continue
        col = room.col[i]
        stack.total[row, col] += power[level + 32_768]
        place = servers
        while place > 0 and (
            level > stack.level[place - 1, row, col]
            or (level == stack.level[place - 1, row, col] and number < stack.number[place - 1, row, col])
        ):
            place -= 1
        for k in range(servers - 1, place, -1):
            stack.level[k, row, col] = stack.level[k - 1, row, col]
            stack.number[k, row, col] = stack.number[k - 1, row, col]
        if place < servers:
            stack.level[place, row, col] = level
            stack.number[place, row, col] = number


@njit(cache=True, nogil=True, error_model="numpy")
def row_extents(
    loss_db: Float32Array, wanted: BoolArray, most_db: np.float32, first: Int32Array, offset: Int64Array
) -> None:
    """Find the first kept pixel of each row and where rows begin when only kept pixels between are stored."""
    for row in range(loss_db.shape[0]):
        begin, end = 0, 0
        for col in range(loss_db.shape[1]):
            # NaN compares false.
            if wanted[row, col] and loss_db[row, col] < most_db:
                begin = col if end == 0 else begin
                end = col + 1
        first[row] = begin
        offset[row + 1] = offset[row] + end - begin


@njit(cache=True, nogil=True, error_model="numpy")
def fill_steps(  # noqa: PLR0917 - kernels take no keyword-only options
    loss_db: Float32Array,
    wanted: BoolArray,
    most_db: np.float32,
    first: Int32Array,
    offset: Int64Array,
    steps: UInt16Array,
) -> None:
    """Write the kept pixels of each row as steps."""
    per_step = _F(1.0 / LOSS_STEP_DB)
    for row in range(loss_db.shape[0]):
        begin = first[row]
        for k in range(offset[row + 1] - offset[row]):
            loss = loss_db[row, begin + k]
            is_kept = wanted[row, begin + k] and loss < most_db
            held = loss if is_kept and loss > _ZERO else _ZERO
            steps[offset[row] + k] = np.uint16(np.rint(held * per_step)) if is_kept else NO_LOSS
