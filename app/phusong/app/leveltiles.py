"""Tiles of signal level, drawn straight from the stacks of a run."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np
import pyproj

from phusong.app.compute.signalmap import OVERVIEW_STEP, Service, SignalMap
from phusong.app.compute.stacks import BLOCK_CELLS
from phusong.coverage.grids import Grid
from phusong.coverage.signal_kernel import NO_LEVEL, Int16Array, Int32Array
from phusong.coverage.stacks import levels_dbm
from phusong.geodata.tiles.colours import level_codes
from phusong.geodata.tiles.gridcells import cells_a_pixel, tile_cells
from phusong.geodata.tiles.png import Codes

KEPT_BLOCKS = 96
"""Of each layer, 64 kB each: neighbouring tiles are cut from the same blocks."""


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
        self._block = functools.lru_cache(maxsize=KEPT_BLOCKS)(self._make_block)
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
            codes = _coded(self._overview[row // OVERVIEW_STEP, col // OVERVIEW_STEP])
        else:
            codes = self._gathered(row, col)
        if row.min() < 0:
            codes[row < 0] = 0
        return codes if codes.any() else None

    def _gathered(self, row: Int32Array, col: Int32Array) -> Codes:
        """Codes at some cells, from the blocks they lie in put side by side."""
        places = row[row >= 0], col[col >= 0]
        top, left = (int(one.min()) // BLOCK_CELLS for one in places)
        bottom, right = (int(one.max()) // BLOCK_CELLS + 1 for one in places)
        whole = np.zeros(((bottom - top) * BLOCK_CELLS, (right - left) * BLOCK_CELLS), dtype=np.uint8)
        for down in range(bottom - top):
            for across in range(right - left):
                block = self._block(top + down, left + across)
                if block is not None:
                    first_row, first_col = down * BLOCK_CELLS, across * BLOCK_CELLS
                    height, width = block.shape
                    whole[first_row : first_row + height, first_col : first_col + width] = block
        at = (row - np.int32(top * BLOCK_CELLS)) * np.int32(whole.shape[1])
        at += col - np.int32(left * BLOCK_CELLS)
        return np.take(whole, at, mode="clip")

    def _make_block(self, down: int, across: int) -> Codes | None:
        """Codes of a block by its place counted in blocks; None where nobody sends."""
        window = down * BLOCK_CELLS, across * BLOCK_CELLS, 0, 0
        best: Int16Array | None = None
        for service in self._services:
            for _, arrays in self._signal.stacks(service, window):
                level = arrays["level"][0]
                best = level if best is None else np.maximum(best, level)
        return None if best is None else _coded(best)


def _coded(level: Int16Array) -> Codes:
    return _code_table()[level.astype(np.int32) - NO_LEVEL]


@functools.cache
def _code_table() -> Codes:
    steps = np.arange(NO_LEVEL, -NO_LEVEL, dtype=np.int16)
    return level_codes(levels_dbm(steps))
