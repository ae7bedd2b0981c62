"""Tiles of signal level, drawn straight from the stacks of a run."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import pyproj

from phusong.app.compute.signalmap import OVERVIEW_STEP, Service, SignalMap
from phusong.app.compute.stacks import BLOCK_CELLS
from phusong.coverage.grids import Grid
from phusong.coverage.signal_kernel import NO_LEVEL, Int16Array, Int32Array
from phusong.coverage.stacks import levels_dbm
from phusong.geodata.tiles.colours import level_codes
from phusong.geodata.tiles.gridcells import cells_a_pixel, tile_cells
from phusong.geodata.tiles.png import Codes

Places = tuple[npt.NDArray[np.int64], Int32Array, Int32Array]
"""Flat places in the tile with row and column in the grid."""


class LevelTiles:
    """Level of the strongest of some services.

    Parameters
    ----------
    signal : SignalMap
    services : sequence of Service
    grid : Grid
        The study grid.
    overview : ndarray of int16
        Every `OVERVIEW_STEP`-th level, for small maps.
    """

    def __init__(
        self, signal: SignalMap, *, services: Sequence[Service], grid: Grid, overview: Int16Array
    ) -> None:
        self._signal = signal
        self._services = tuple(services)
        self._grid = grid
        self._overview = overview
        left_m, bottom_m, right_m, top_m = grid.bounds
        back = pyproj.Transformer.from_crs(grid.epsg, 4326, always_xy=True)
        self._latitude_deg = float(back.transform((left_m + right_m) / 2, (bottom_m + top_m) / 2)[1])

    def codes(self, zoom: int, x: int, y: int) -> Codes | None:
        """Byte codes of a tile (`level_codes`), shape (256, 256); None where there is nothing."""
        cells = tile_cells(self._grid, zoom, x, y)
        if cells is None:
            return None
        row, col = cells
        if cells_a_pixel(self._grid, zoom, self._latitude_deg) >= OVERVIEW_STEP:
            level = self._overview[row // OVERVIEW_STEP, col // OVERVIEW_STEP]
            level = np.where(row < 0, np.int16(NO_LEVEL), level)
        else:
            level = self._levels(row, col)
        codes = _code_table()[level.astype(np.int32) - NO_LEVEL]
        return codes if codes.any() else None

    def _levels(self, row: Int32Array, col: Int32Array) -> Int16Array:
        level = np.full(row.size, NO_LEVEL, dtype=np.int16)
        for corner, (place, rows, cols) in _by_block(row.ravel(), col.ravel()):
            for service in self._services:
                for _, arrays in self._signal.stacks(service, (*corner, 0, 0)):
                    found = arrays["level"][0][rows, cols]
                    level[place] = np.maximum(level[place], found)
        return level.reshape(row.shape)


def _by_block(row: Int32Array, col: Int32Array) -> Iterator[tuple[tuple[int, int], Places]]:
    """Sort pixels by the block they lie in; rows and columns then count from its corner."""
    inside = np.flatnonzero(row >= 0)
    block = (row[inside] // BLOCK_CELLS).astype(np.int64) << 32 | (col[inside] // BLOCK_CELLS)
    order = np.argsort(block, kind="stable")
    keys, starts = np.unique(block[order], return_index=True)
    for key, place in zip(keys.tolist(), np.split(inside[order], starts[1:]), strict=True):
        row0, col0 = (key >> 32) * BLOCK_CELLS, (key & 0xFFFFFFFF) * BLOCK_CELLS
        yield (row0, col0), (place, row[place] - np.int32(row0), col[place] - np.int32(col0))


@functools.cache
def _code_table() -> Codes:
    steps = np.arange(NO_LEVEL, -NO_LEVEL, dtype=np.int16)
    return level_codes(levels_dbm(steps))
