"""Tiles of signal level, drawn straight from the stacks of a run."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyproj

from phusong.app.compute.signalmap import Service, SignalMap
from phusong.app.compute.stacks import BLOCK_CELLS
from phusong.app.levelcodes import coded_levels, raise_to_levels
from phusong.coverage.grids import Grid
from phusong.geodata.tiles.gridcells import Cells, cells_a_pixel, codes_at, tile_cells
from phusong.geodata.tiles.png import Codes

KEPT_BYTES = 96 * 2**20


class LevelBlocks:
    """Blocks of codes of a run by service and place; the ones used last are kept for neighbouring tiles.

    Parameters
    ----------
    signal : SignalMap
    overviews : mapping of str to ndarray
        Every so many-th code of each layer, for small maps; levels in steps in runs of older versions.
    """

    def __init__(self, signal: SignalMap, overviews: Mapping[str, npt.NDArray[Any]]) -> None:
        self._signal = signal
        self._overviews = overviews
        self.block = functools.lru_cache(maxsize=KEPT_BYTES // BLOCK_CELLS**2)(self._make)
        self.overview = functools.cache(self._read_overview)

    def _make(self, service: Service, down: int, across: int) -> Codes | None:
        """Codes of a block by its place counted in blocks; None where the service sends nothing."""
        codes: Codes | None = None
        for level in self._signal.levels(service, (down * BLOCK_CELLS, across * BLOCK_CELLS, 0, 0)):
            codes = np.zeros(level.shape, dtype=np.uint8) if codes is None else codes
            raise_to_levels(codes, level)
        return codes

    def _read_overview(self, layer: str) -> Codes:
        kept = self._overviews[layer]
        return coded_levels(kept) if kept.dtype == np.int16 else kept


class LevelTiles:
    """Level of the strongest of some services.

    Parameters
    ----------
    blocks : LevelBlocks
    layer : str
        Name of the small map.
    services : sequence of Service
    grid : Grid
        The study grid.
    """

    def __init__(self, blocks: LevelBlocks, *, layer: str, services: Sequence[Service], grid: Grid) -> None:
        self._blocks = blocks
        self._services = tuple(services)
        self._grid = grid
        self._overview = blocks.overview(layer)
        self._overview_shift = _shift_between(grid.shape, self._overview.shape)
        left_m, bottom_m, right_m, top_m = grid.bounds
        back = pyproj.Transformer.from_crs(grid.epsg, 4326, always_xy=True)
        self._latitude_deg = float(back.transform((left_m + right_m) / 2, (bottom_m + top_m) / 2)[1])

    def codes(self, zoom: int, x: int, y: int) -> Codes | None:
        """Byte codes of a tile (`level_codes`), shape (256, 256); None where there is nothing."""
        cells = tile_cells(self._grid, zoom, x, y)
        if cells is None:
            return None
        if cells_a_pixel(self._grid, zoom, self._latitude_deg) >= 1 << self._overview_shift:
            codes = codes_at(self._overview, cells, shift=self._overview_shift)
        else:
            codes = self._gathered(cells)
        return codes if codes.any() else None

    def _gathered(self, cells: Cells) -> Codes:
        """Codes at some cells, from the blocks they lie in put side by side."""
        row, col = (one[one >= 0] if one.min() < 0 else one for one in cells)
        top, left = (int(one.min()) // BLOCK_CELLS for one in (row, col))
        bottom, right = (int(one.max()) // BLOCK_CELLS + 1 for one in (row, col))
        whole = np.zeros(((bottom - top) * BLOCK_CELLS, (right - left) * BLOCK_CELLS), dtype=np.uint8)
        for service in self._services:
            for down in range(bottom - top):
                for across in range(right - left):
                    block = self._blocks.block(service, top + down, left + across)
                    if block is not None:
                        first_row, first_col = down * BLOCK_CELLS, across * BLOCK_CELLS
                        height, width = block.shape
                        part = whole[first_row : first_row + height, first_col : first_col + width]
                        np.maximum(part, block, out=part)
        return codes_at(whole, cells, first=(top * BLOCK_CELLS, left * BLOCK_CELLS))


def _shift_between(shape: tuple[int, int], thinned: tuple[int, ...]) -> int:
    """Bits of the thinning between two shapes.

    Examples
    --------
    >>> _shift_between((5100, 5932), (638, 742))
    3
    """
    shift = 0
    while (-(-shape[0] >> shift), -(-shape[1] >> shift)) != thinned:
        shift += 1
    return shift
