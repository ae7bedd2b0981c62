"""Which cells of a metric grid the pixels of a tile show, and what those cells hold."""

from __future__ import annotations

import functools

import numpy as np
import pyproj

from phusong.coverage.grids import Grid
from phusong.geodata.tiles.gridcells_kernel import Int32Array, fill_cells, fill_codes
from phusong.geodata.tiles.mercator import TILE_PIXELS, pixel_m, tile_bounds_m
from phusong.geodata.tiles.png import Codes

Cells = tuple[Int32Array, Int32Array]
LATTICE_FROM_ZOOM = {0: 128, 7: 32, 10: 8}
"""Spans a tile is projected at, by least zoom; between them places are interpolated (under 0.05 pixel)."""

_TILE = (TILE_PIXELS, TILE_PIXELS)


def tile_cells(grid: Grid, zoom: int, x: int, y: int) -> Cells | None:
    """Return row and column of the cell under the middle of each pixel of a tile.

    Parameters
    ----------
    grid : Grid
    zoom, x, y : int
        Tile of WebMercatorQuad.

    Returns
    -------
    tuple of ndarray of int32, shape (256, 256), or None
        -1 in both where a pixel lies outside the grid; None where all do.
    """
    spans = LATTICE_FROM_ZOOM[max(least for least in LATTICE_FROM_ZOOM if least <= zoom)]
    left_m, bottom_m, right_m, top_m = tile_bounds_m(zoom, x, y)
    x_m, y_m = np.meshgrid(np.linspace(left_m, right_m, spans + 1), np.linspace(top_m, bottom_m, spans + 1))
    east_m, north_m = _from_mercator(grid.epsg).transform(x_m, y_m)
    across = (np.asarray(east_m) - grid.left_m) / grid.cell_size_m
    down = (grid.top_m - np.asarray(north_m)) / grid.cell_size_m
    row, col = np.empty(_TILE, dtype=np.int32), np.empty(_TILE, dtype=np.int32)
    return (row, col) if fill_cells(down, across, grid.shape, row, col) else None


def codes_at(codes: Codes, cells: Cells, *, first: tuple[int, int] = (0, 0), shift: int = 0) -> Codes:
    """Return the codes of some cells, from an array of every so many-th of them.

    Parameters
    ----------
    codes : ndarray of uint8
        Part of the grid, thinned out.
    cells : tuple of ndarray of int32, shape (256, 256)
        As `tile_cells` gives them.
    first : tuple of int
        Row and column of the grid where the part begins.
    shift : int
        The array holds one of ``1 << shift`` cells each way.

    Returns
    -------
    ndarray of uint8, shape (256, 256)
        0 outside the grid and outside the part.
    """
    found = np.empty(_TILE, dtype=np.uint8)
    fill_codes(codes, cells, first, shift, found)
    return found


def cells_a_pixel(grid: Grid, zoom: int, latitude_deg: float) -> float:
    """Return how many cells of a grid lie along one pixel of a zoom."""
    return pixel_m(zoom) * float(np.cos(np.radians(latitude_deg))) / grid.cell_size_m


@functools.cache
def _from_mercator(epsg: int) -> pyproj.Transformer:
    return pyproj.Transformer.from_crs(3857, epsg, always_xy=True)
