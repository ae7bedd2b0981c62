"""Tiles of the layers of signal, picked from codes that are made once a block and kept beside the study."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyproj

from phusong.app.api.once import Once
from phusong.app.compute.stacks import BLOCK_CELLS
from phusong.app.signalcodes import Arrays, CodeMaker
from phusong.app.signallayers import LayerName, SignalLayers
from phusong.coverage.grids import Grid
from phusong.coverage.stacks import Window
from phusong.geodata.store.arrays import map_arrays, write_arrays
from phusong.geodata.tiles.gridcells import cells_a_pixel, codes_at, tile_cells
from phusong.geodata.tiles.png import Codes

FAR_SHIFT = 2
"""Where so many bits of a cell's place lie within a pixel, tiles are picked from a small map of every so
many-th cell of the whole grid."""
_FAR_STEP = 1 << FAR_SHIFT


class CodeShelf:
    """Codes of a run, by block and thinned out as a whole; made when first asked for, and kept.

    Parameters
    ----------
    layers : SignalLayers
    folder : Path
        Where codes are kept under the hash of what they depend on; made when there are any.
    run : str
        Names the small map.
    """

    def __init__(self, layers: SignalLayers, folder: Path, *, run: str) -> None:
        self.layers = layers
        self.maker = CodeMaker(layers)
        self._folder = folder
        self._far_path = folder / f"far-{run}.bin"
        self._parts = Once()

    def block(self, row: int, col: int) -> Arrays | None:
        """Codes of a block by its place counted in blocks; None where nothing is received."""
        window = self.maker.windows.get((row * BLOCK_CELLS, col * BLOCK_CELLS))
        if window is None:
            return None
        return self._parts.get(f"{row} {col}", lambda: self._read_block(window))

    def far(self) -> Arrays:
        """Codes of every `_FAR_STEP`-th cell of the grid, in whole blocks."""
        return self._parts.get("far", lambda: self._kept(self._far_path, self._make_far))

    def prepare(self) -> list[Callable[[], object]]:
        """Return what makes all there is, step by step, and then drops what earlier runs left."""
        corners = [(row0 // BLOCK_CELLS, col0 // BLOCK_CELLS) for row0, col0 in self.maker.windows]
        steps: list[Callable[[], object]] = [self.far]
        steps += [lambda row=row, col=col: self.block(row, col) for row, col in corners]  # type: ignore[misc]
        return [*steps, self.drop_outdated]

    def drop_outdated(self) -> None:
        """Remove codes that this run does not use."""
        used = {self._block_path(window) for window in self.maker.windows.values()} | {self._far_path}
        for path in self._folder.rglob("*.bin"):
            if path not in used:
                path.unlink(missing_ok=True)

    def _block_path(self, window: Window) -> Path:
        digest = self.maker.digest(window)
        return self._folder / digest[:2] / f"{digest}.bin"

    def _read_block(self, window: Window) -> Arrays:
        return self._kept(self._block_path(window), lambda: self.maker.make(window))

    def _kept(self, path: Path, make: Callable[[], Arrays]) -> Arrays:
        if not path.exists():
            write_arrays(path, make())
        return map_arrays(path)

    def _make_far(self) -> Arrays:
        height, width = (-(-cells // BLOCK_CELLS) * BLOCK_CELLS for cells in self.layers.signal.shape)
        whole = self.maker.empty((height >> FAR_SHIFT, width >> FAR_SHIFT))
        for window in self.maker.windows.values():
            top, left = window[0] >> FAR_SHIFT, window[1] >> FAR_SHIFT
            for name, codes in self.maker.make(window, _FAR_STEP).items():
                rows, cols = codes.shape[1:]
                whole[name][:, top : top + rows, left : left + cols] = codes
        return whole


class SignalTiles:
    """Tiles of one layer.

    Parameters
    ----------
    shelf : CodeShelf
    name : LayerName
    grid : Grid
        The study grid.
    """

    def __init__(self, shelf: CodeShelf, *, name: LayerName, grid: Grid) -> None:
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
        (top, bottom), (left, right) = (_span(one) for one in cells)
        shift = self._shift(zoom)
        if shift:
            first, part = self._from_far((top, left), (bottom, right), shift)
        else:
            first, part = (top, left), self._from_blocks((top, left), (bottom, right))
        codes = codes_at(part, cells, first=first, shift=shift)
        return codes if codes.any() else None

    def _shift(self, zoom: int) -> int:
        """Bits of the coarsest thinning that leaves a cell for every pixel, 0 nearer than the small map."""
        cells = cells_a_pixel(self._grid, zoom, self._latitude_deg)
        shift = min(max(int(np.floor(np.log2(cells))), 0), BLOCK_CELLS.bit_length() - 1)
        return shift if shift >= FAR_SHIFT else 0

    def _from_far(
        self, corner: tuple[int, int], end: tuple[int, int], shift: int
    ) -> tuple[tuple[int, int], Codes]:
        """Pick a part of the small map, thinned further."""
        first = corner[0] >> shift, corner[1] >> shift
        coarser = 1 << shift - FAR_SHIFT
        down, across = (
            slice(begin * coarser, ((last - 1 >> shift) + 1) * coarser, coarser)
            for begin, last in zip(first, end, strict=True)
        )
        codes = self._shelf.maker.pick(self._name, self._shelf.far(), (down, across))
        return (first[0] << shift, first[1] << shift), codes

    def _from_blocks(self, corner: tuple[int, int], end: tuple[int, int]) -> Codes:
        """Pick a part of the grid from the blocks it lies in."""
        whole = np.zeros((end[0] - corner[0], end[1] - corner[1]), dtype=np.uint8)
        for row in range(corner[0] // BLOCK_CELLS, (end[0] - 1) // BLOCK_CELLS + 1):
            for col in range(corner[1] // BLOCK_CELLS, (end[1] - 1) // BLOCK_CELLS + 1):
                arrays = self._shelf.block(row, col)
                if arrays is not None:
                    inside, there = zip(
                        _overlap(row, corner[0], end[0]), _overlap(col, corner[1], end[1]), strict=True
                    )
                    whole[there] = self._shelf.maker.pick(self._name, arrays, inside)
        return whole


def _span(cells: npt.NDArray[Any]) -> tuple[int, int]:
    """First cell along one way, and the one after the last; at least one pixel lies in the grid."""
    inside = cells[cells >= 0] if cells.min() < 0 else cells
    return int(inside.min()), int(inside.max()) + 1


def _overlap(place: int, first: int, end: int) -> tuple[slice, slice]:
    """Where a block and a span of cells meet, counted within the block and within the span."""
    begin = place * BLOCK_CELLS
    low, high = max(begin, first), min(begin + BLOCK_CELLS, end)
    return slice(low - begin, high - begin), slice(low - first, high - first)
