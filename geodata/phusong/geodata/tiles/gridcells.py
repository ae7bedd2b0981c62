"""Which cells of a metric grid the pixels of a tile show."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import numpy.typing as npt
import pyproj

from phusong.coverage.grids import Grid
from phusong.geodata.tiles.mercator import TILE_PIXELS, pixel_m, tile_bounds_m

Int32Array = npt.NDArray[np.int32]
LATTICE_FROM_ZOOM = {0: 128, 7: 32, 10: 8}
"""Spans a tile is projected at, by least zoom; between them places are interpolated (under 0.05 pixel)."""


def tile_cells(grid: Grid, zoom: int, x: int, y: int) -> tuple[Int32Array, Int32Array] | None:
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
    col = _between((np.asarray(east_m) - grid.left_m) / grid.cell_size_m)
    row = _between((grid.top_m - np.asarray(north_m)) / grid.cell_size_m)
    with np.errstate(invalid="ignore"):
        inside = (row >= 0) & (row < grid.height) & (col >= 0) & (col < grid.width)
    if not inside.any():
        return None
    return np.where(inside, row, -1).astype(np.int32), np.where(inside, col, -1).astype(np.int32)


def cells_a_pixel(grid: Grid, zoom: int, latitude_deg: float) -> float:
    """Return how many cells of a grid lie along one pixel of a zoom."""
    return pixel_m(zoom) * float(np.cos(np.radians(latitude_deg))) / grid.cell_size_m


@functools.cache
def _from_mercator(epsg: int) -> pyproj.Transformer:
    return pyproj.Transformer.from_crs(3857, epsg, always_xy=True)


def _between(nodes: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Interpolate the corners of a lattice at the middles of the pixels."""
    spans = nodes.shape[0] - 1
    place = (np.arange(TILE_PIXELS) + 0.5) * spans / TILE_PIXELS
    low = np.minimum(place.astype(np.int64), spans - 1)
    share = place - low
    across = nodes[:, low] * (1.0 - share) + nodes[:, low + 1] * share
    result: npt.NDArray[np.float64] = across[low] * (1.0 - share)[:, None] + across[low + 1] * share[:, None]
    return result
