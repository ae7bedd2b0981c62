"""Tiles of the layers of signal, put together from blocks that are kept for the neighbouring tiles."""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np
import pyproj

from phusong.app.api.once import Once
from phusong.app.compute.stacks import BLOCK_CELLS
from phusong.app.signallayers import LayerName, SignalLayers
from phusong.coverage.grids import Grid
from phusong.geodata.store.arrays import map_arrays, write_arrays
from phusong.geodata.tiles.gridcells import cells_a_pixel, codes_at, tile_cells
from phusong.geodata.tiles.png import Codes

KEPT_BYTES = 96 * 2**20
_BLOCK_BYTES = BLOCK_CELLS * BLOCK_CELLS
FAR_STEP = 4
"""Of small maps, every so many-th cell of a whole layer is worked out once and kept in a file."""


class BlockShelf:
    """Blocks of codes by layer, place and thinning; the ones used last are kept.

    Parameters
    ----------
    layers : SignalLayers
    folder : Path
        Where layers thinned out for small maps are kept; made when there is one. Of one run.
    """

    def __init__(self, layers: SignalLayers, folder: Path) -> None:
        self.layers = layers
        self._folder = folder
        self._far = Once()
        height, width = layers.signal.shape
        self._shape = height, width
        self.whole = functools.lru_cache(maxsize=KEPT_BYTES // _BLOCK_BYTES)(self._make)
        self.thinned = functools.lru_cache(maxsize=4 * KEPT_BYTES // _BLOCK_BYTES)(self._make)

    def mosaic(self, name: LayerName, corner: tuple[int, int], end: tuple[int, int], step: int) -> Codes:
        """Put blocks together.

        Parameters
        ----------
        name : LayerName
        corner, end : tuple of int
            Row and column of the first block, and of the one after the last, counted in blocks.
        step : int
            Thinning, a power of two up to the side of a block.
        """
        side = BLOCK_CELLS // step
        if step >= FAR_STEP:
            near, coarser = BLOCK_CELLS // FAR_STEP, step // FAR_STEP
            down, across = (slice(corner[axis] * near, end[axis] * near, coarser) for axis in (0, 1))
            return self.far(name)[down, across]
        whole = np.zeros(((end[0] - corner[0]) * side, (end[1] - corner[1]) * side), dtype=np.uint8)
        make = self.whole if step == 1 else self.thinned
        for row in range(corner[0], end[0]):
            for col in range(corner[1], end[1]):
                codes = make(name, row, col, step)
                top, left = (row - corner[0]) * side, (col - corner[1]) * side
                whole[top : top + codes.shape[0], left : left + codes.shape[1]] = codes
        return whole

    def far(self, name: LayerName) -> Codes:
        """Every `FAR_STEP`-th cell of a layer, in whole blocks; worked out when first asked for."""
        return self._far.get(name.id, lambda: self._read_far(name))

    def _read_far(self, name: LayerName) -> Codes:
        path = self._folder / f"{name.id}.bin"
        if not path.exists():
            side = BLOCK_CELLS // FAR_STEP
            down, across = (-(-cells // BLOCK_CELLS) for cells in self._shape)
            codes = np.zeros((down * side, across * side), dtype=np.uint8)
            for row in range(down):
                for col in range(across):
                    block = self._make(name, row, col, FAR_STEP)
                    top, left = row * side, col * side
                    codes[top : top + block.shape[0], left : left + block.shape[1]] = block
            write_arrays(path, {"codes": codes})
        return map_arrays(path)["codes"]

    def _make(self, name: LayerName, row: int, col: int, step: int) -> Codes:
        row0, col0 = row * BLOCK_CELLS, col * BLOCK_CELLS
        rows, cols = min(BLOCK_CELLS, self._shape[0] - row0), min(BLOCK_CELLS, self._shape[1] - col0)
        return self.layers.block(name, (row0, col0, rows, cols), step)


class SignalTiles:
    """Tiles of one layer.

    Parameters
    ----------
    shelf : BlockShelf
    name : LayerName
    grid : Grid
        The study grid.
    """

    def __init__(self, shelf: BlockShelf, *, name: LayerName, grid: Grid) -> None:
        self._shelf = shelf
        self._name = name
        self._grid = grid
        left_m, bottom_m, right_m, top_m = grid.bounds
        back = pyproj.Transformer.from_crs(grid.epsg, 4326, always_xy=True)
        self._latitude_deg = float(back.transform((left_m + right_m) / 2, (bottom_m + top_m) / 2)[1])

    def codes(self, zoom: int, x: int, y: int) -> Codes | None:
        """Codes of a tile, shape (256, 256); None where there is nothing."""
        cells = tile_cells(self._grid, zoom, x, y)
        if cells is None:
            return None
        row, col = (one[one >= 0] if one.min() < 0 else one for one in cells)
        shift = self._shift(zoom)
        first = int(row.min()) // BLOCK_CELLS, int(col.min()) // BLOCK_CELLS
        end = int(row.max()) // BLOCK_CELLS + 1, int(col.max()) // BLOCK_CELLS + 1
        mosaic = self._shelf.mosaic(self._name, first, end, 1 << shift)
        codes = codes_at(mosaic, cells, first=(first[0] * BLOCK_CELLS, first[1] * BLOCK_CELLS), shift=shift)
        return codes if codes.any() else None

    def _shift(self, zoom: int) -> int:
        """Bits of the coarsest thinning that leaves a cell for every pixel."""
        cells = cells_a_pixel(self._grid, zoom, self._latitude_deg)
        return min(max(int(np.floor(np.log2(cells))), 0), BLOCK_CELLS.bit_length() - 1)
