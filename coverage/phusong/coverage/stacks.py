"""The strongest cells of a carrier at every pixel of a block, from cells prepared once for many blocks.

Every pixel is computed from its own place in the study grid, never from its place in a block, and levels
and powers are whole numbers (`signal_kernel`): a block equals the same part of the whole grid bit for bit,
in whatever order cells are added.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from phusong.coverage.errors import InputError
from phusong.coverage.grids import FloatArray, Grid, Raster
from phusong.coverage.losses import PackedLoss
from phusong.coverage.radio.cell import Cell
from phusong.coverage.radio.link_budget import rsrp_offset_dbm
from phusong.coverage.radio.pattern import (
    AZIMUTH_STEPS,
    DEPRESSION_STEPS,
    PatternTable,
    pattern_key,
    table_of_key,
)
from phusong.coverage.signal_kernel import (
    LEVEL_MIDDLE_DBM,
    LEVEL_STEP_DB,
    NO_LEVEL,
    POWER_UNIT_MW,
    Float32Array,
    Frame,
    Int16Array,
    Int32Array,
    Int64Array,
    Mast,
    Patterns,
    Ranks,
    Reach,
    Runs,
    Sectors,
    Stack,
    add_mast,
    power_table,
    rank_of,
    unrank,
)

Window = tuple[int, int, int, int]
"""Row0, col0, rows, cols of a part of the study grid."""
MAX_CELLS = 32_767
"""Most cells in one stack."""


@dataclass(frozen=True, slots=True)
class ServerStack:
    """The strongest cells of one carrier at every pixel.

    Attributes
    ----------
    level : ndarray of int16, shape (servers, rows, cols)
        Steps of `LEVEL_STEP_DB` from `LEVEL_MIDDLE_DBM`, strongest first; `NO_LEVEL` where there is none.
    number : ndarray of int16, shape (servers, rows, cols)
        Place of the cell in ``cells``; meaningless where there is none.
    total : ndarray of int64, shape (rows, cols)
        Power per resource element of all cells of the carrier together, at full load, in units of
        `POWER_UNIT_MW`.
    cells : ndarray of int32, shape (cells,)
        Index of each cell of the stack.
    """

    level: Int16Array
    number: Int16Array
    total: Int64Array
    cells: Int32Array

    @property
    def rsrp_dbm(self) -> Float32Array:
        """Levels, strongest first; NaN where there is none."""
        return levels_dbm(self.level)

    @property
    def cell_index(self) -> Int32Array:
        """Cells, strongest first; -1 where there is none."""
        known = self.level != NO_LEVEL
        index = np.full(self.level.shape, -1, dtype=np.int32)
        index[known] = self.cells[self.number[known]]
        return index

    @property
    def total_mw(self) -> FloatArray:
        """Power per resource element of all cells together, at full load."""
        return self.total * POWER_UNIT_MW


def levels_dbm(level: Int16Array) -> Float32Array:
    """Return levels in dBm from their steps; NaN where there is none."""
    dbm = np.float32(LEVEL_MIDDLE_DBM) + level.astype(np.float32) * np.float32(LEVEL_STEP_DB)
    return np.where(level == NO_LEVEL, np.float32(np.nan), dbm)


@dataclass(frozen=True, slots=True)
class PreparedCells:
    """Numbers of many cells, ready for composing any part of the grid.

    Attributes
    ----------
    frequency_mhz, x_m, y_m, ground_m, above_m : ndarray of float64, shape (cells,)
        Carrier, mast in the study CRS, ground under it (NaN: unknown), antenna above the terminal's height.
    offset_dbm, azimuth_deg, mechanical_deg, limit_db : ndarray of float32, shape (cells,)
    table : ndarray of int32, shape (cells,)
        Row of the pattern tables.
    patterns : Patterns
    power : ndarray of int64, shape (65536,)
    """

    frequency_mhz: FloatArray
    x_m: FloatArray
    y_m: FloatArray
    ground_m: FloatArray
    above_m: FloatArray
    offset_dbm: Float32Array
    azimuth_deg: Float32Array
    mechanical_deg: Float32Array
    limit_db: Float32Array
    table: Int32Array
    patterns: Patterns
    power: Int64Array


def prepare_cells(
    cells: Sequence[Cell], *, ground_m: npt.ArrayLike, receiver_height_m: float
) -> PreparedCells:
    """Prepare cells for composing.

    Parameters
    ----------
    cells : sequence of Cell
    ground_m : array_like, shape (cells,)
        Ground height under each mast, NaN where unknown.
    receiver_height_m : float
        Above ground.
    """
    keys = [pattern_key(cell) for cell in cells]
    places = {key: place for place, key in enumerate(dict.fromkeys(keys))}
    tables = [table_of_key(key) for key in places]
    table = np.array([places[key] for key in keys], dtype=np.int32)

    def column(values: Iterable[float]) -> FloatArray:
        return np.fromiter(values, dtype=np.float64, count=len(cells))

    return PreparedCells(
        frequency_mhz=column(cell.frequency_mhz for cell in cells),
        x_m=column(cell.x_m for cell in cells),
        y_m=column(cell.y_m for cell in cells),
        ground_m=np.asarray(ground_m, dtype=np.float64),
        above_m=column(cell.antenna_height_m - receiver_height_m for cell in cells),
        offset_dbm=column(rsrp_offset_dbm(cell) for cell in cells).astype(np.float32),
        azimuth_deg=column((cell.azimuth_deg or 0.0) % 360.0 for cell in cells).astype(np.float32),
        mechanical_deg=np.array([one.mechanical_tilt_deg for one in tables], dtype=np.float32)[table],
        limit_db=np.array([one.limit_db for one in tables], dtype=np.float32)[table],
        table=table,
        patterns=_padded(tables),
        power=power_table(),
    )


def _padded(tables: Sequence[PatternTable]) -> Patterns:
    horizontal_db = np.zeros((len(tables), AZIMUTH_STEPS + 2), dtype=np.float32)
    vertical_db = np.zeros((len(tables), DEPRESSION_STEPS + 1), dtype=np.float32)
    for row, table in enumerate(tables):
        horizontal_db[row] = np.append(table.horizontal_db, table.horizontal_db[:2])
        vertical_db[row] = np.append(table.vertical_db, table.vertical_db[-1])
    return Patterns(horizontal_db, vertical_db)


def compose_prepared(
    prepared: PreparedCells,
    members: Sequence[int],
    losses: Sequence[PackedLoss],
    *,
    terrain: Raster,
    window: Window,
    servers: int = 3,
) -> ServerStack:
    """Stack the strongest of some prepared cells at every pixel of a part of the study grid.

    Parameters
    ----------
    prepared : PreparedCells
    members : sequence of int
        Indices of the cells, all of one carrier frequency.
    losses : sequence of PackedLoss
        One per member. Members of one mast that share a loss object share work.
    terrain : Raster
        Ground height on the study grid, metres.
    window : tuple of int
        Row0, col0, rows, cols.
    servers : int
        How many of the strongest to keep.

    Returns
    -------
    ServerStack
        With ``members`` as its cells; see `compose_carrier`.

    Raises
    ------
    InputError
        ``carrier_mixed`` when the cells are not of one frequency; ``carrier_crowded`` beyond 32,767 cells.
    """
    index = np.asarray(members, dtype=np.int32)
    if len(np.unique(prepared.frequency_mhz[index])) > 1:
        raise InputError("carrier_mixed", frequencies=len(np.unique(prepared.frequency_mhz[index])))
    if index.size > MAX_CELLS:
        raise InputError("carrier_crowded", cells=index.size, allowed=MAX_CELLS)
    stack = empty_stack(window, servers=servers)
    add_cells(stack, prepared, index, losses, terrain=terrain, window=window)
    return ServerStack(stack.level, stack.number, stack.total, index)


def empty_stack(window: Window, *, servers: int) -> Stack:
    """Make a stack that nobody has been added to."""
    _, _, rows, cols = window
    return Stack(
        np.full((servers, rows, cols), NO_LEVEL, dtype=np.int16),
        np.zeros((servers, rows, cols), dtype=np.int16),
        np.zeros((rows, cols), dtype=np.int64),
    )


def add_cells(
    stack: Stack,
    prepared: PreparedCells,
    members: Int32Array,
    losses: Sequence[PackedLoss],
    *,
    terrain: Raster,
    window: Window,
    first_number: int = 0,
    numbers: Int16Array | None = None,
    runs: Runs | None = None,
) -> None:
    """Add cells to a stack in place, mast by mast.

    Parameters
    ----------
    stack : Stack
    prepared : PreparedCells
    members : ndarray of int32
        Indices of the cells.
    losses : sequence of PackedLoss
        One per member.
    terrain : Raster
    window : tuple of int
        Row0, col0, rows, cols of the stack in the study grid.
    first_number : int
        Number of the first cell; those after it are numbered in their order.
    numbers : ndarray of int16, optional
        Number of each cell, where they have others.
    runs : Runs, optional
        Pixels to work on; all when absent.
    """
    row0, col0, rows, cols = window
    grid = terrain.grid
    # A copy, because kernels are compiled apart for arrays that may not be written to.
    surface_m = np.array(terrain.values[row0 : row0 + rows, col0 : col0 + cols], dtype=np.float32, order="C")
    frame = Frame(int(row0), int(col0), float(grid.left_m), float(grid.top_m), float(grid.cell_size_m))
    asked = all_runs(rows, cols) if runs is None else runs
    ranks = Ranks(np.empty(stack.level.shape, dtype=np.int32), stack.total)
    rank_of(stack, ranks.rank)
    groups = _nearest_first(_by_mast(prepared, members, losses), prepared, members, grid, window)
    numbered = _numbered(len(members), first_number) if numbers is None else numbers
    # Gathered once for the block: a mast's cells lie side by side.
    places = np.array([place for group in groups for place in group], dtype=np.int64)
    sectors = _sectors(prepared, members[places], numbered[places])
    masts = _masts(prepared, members[[group[0] for group in groups]])
    begin = 0
    for group, mast in zip(groups, masts, strict=True):
        end, loss = begin + len(group), losses[group[0]]
        add_mast(
            Reach(int(loss.row0), loss.first, loss.offset, loss.steps),
            mast,
            _slice(sectors, begin, end),
            prepared.patterns,
            frame,
            asked,
            surface_m,
            prepared.power,
            ranks,
        )
        begin = end
    unrank(ranks.rank, stack)


def _numbered(count: int, first: int) -> Int16Array:
    return np.arange(first, first + count, dtype=np.int16)


def all_runs(rows: int, cols: int) -> Runs:
    """Ask for every pixel of a block."""
    return Runs(
        np.arange(rows, dtype=np.int32),
        np.zeros(rows, dtype=np.int32),
        np.full(rows, cols, dtype=np.int32),
    )


def _sectors(prepared: PreparedCells, cells: Int32Array, numbers: Int16Array) -> Sectors:
    return Sectors(
        numbers,
        prepared.offset_dbm[cells],
        prepared.azimuth_deg[cells],
        prepared.mechanical_deg[cells],
        prepared.limit_db[cells],
        prepared.table[cells],
    )


def _slice(sectors: Sectors, begin: int, end: int) -> Sectors:
    return Sectors(
        sectors.number[begin:end],
        sectors.offset_dbm[begin:end],
        sectors.azimuth_deg[begin:end],
        sectors.mechanical_deg[begin:end],
        sectors.limit_db[begin:end],
        sectors.table[begin:end],
    )


def _masts(prepared: PreparedCells, cells: Int32Array) -> list[Mast]:
    columns = (prepared.x_m, prepared.y_m, prepared.ground_m, prepared.above_m)
    return [Mast(*numbers) for numbers in zip(*(column[cells].tolist() for column in columns), strict=True)]


def _nearest_first(
    groups: list[list[int]], prepared: PreparedCells, members: Int32Array, grid: Grid, window: Window
) -> list[list[int]]:
    """Order masts by distance from the middle of a block: then few of the last are among the strongest."""
    row0, col0, rows, cols = window
    x_m = grid.left_m + (col0 + cols / 2) * grid.cell_size_m
    y_m = grid.top_m - (row0 + rows / 2) * grid.cell_size_m
    leads = members[[group[0] for group in groups]]
    distance_m = np.hypot(prepared.x_m[leads] - x_m, prepared.y_m[leads] - y_m)
    return [groups[place] for place in np.argsort(distance_m, kind="stable").tolist()]


def _by_mast(prepared: PreparedCells, members: Int32Array, losses: Sequence[PackedLoss]) -> list[list[int]]:
    """Places in the list of members of those that share a mast, an antenna height and a loss."""
    groups: dict[tuple[int, float, float, float], list[int]] = {}
    columns = (column[members].tolist() for column in (prepared.x_m, prepared.y_m, prepared.above_m))
    for place, key in enumerate(zip(map(id, losses), *columns, strict=True)):
        groups.setdefault(key, []).append(place)
    return list(groups.values())
