"""Which cells of a metric grid the pixels of a tile show."""

from __future__ import annotations

import functools

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
    weights = _weights(spans)
    col = _between((np.asarray(east_m) - grid.left_m) / grid.cell_size_m, weights, most=grid.width)
    row = _between((grid.top_m - np.asarray(north_m)) / grid.cell_size_m, weights, most=grid.height)
    if row is None or col is None:
        return None
    inside = (row >= 0) & (col >= 0)
    if inside.all():
        return row, col
    return (np.where(inside, row, -1), np.where(inside, col, -1)) if inside.any() else None


def cells_a_pixel(grid: Grid, zoom: int, latitude_deg: float) -> float:
    """Return how many cells of a grid lie along one pixel of a zoom."""
    return pixel_m(zoom) * float(np.cos(np.radians(latitude_deg))) / grid.cell_size_m


@functools.cache
def _from_mercator(epsg: int) -> pyproj.Transformer:
    return pyproj.Transformer.from_crs(3857, epsg, always_xy=True)


@functools.cache
def _weights(spans: int) -> npt.NDArray[np.float64]:
    """Share of each node of a lattice [pixel, node] in the middles of the pixels along a side."""
    place = (np.arange(TILE_PIXELS) + 0.5) * spans / TILE_PIXELS
    low = np.minimum(place.astype(np.int64), spans - 1)
    weights = np.zeros((TILE_PIXELS, spans + 1))
    weights[np.arange(TILE_PIXELS), low] = 1.0 - (place - low)
    weights[np.arange(TILE_PIXELS), low + 1] = place - low
    return weights


def _between(
    nodes: npt.NDArray[np.float64], weights: npt.NDArray[np.float64], *, most: int
) -> Int32Array | None:
    """Whole cells at the middles of the pixels, -1 outside 0..most; None where no node is near."""
    least, greatest = nodes.min(), nodes.max()
    if not np.isfinite([least, greatest]).all():
        nodes = np.where(np.isfinite(nodes), nodes, -float(2**24))
    elif greatest < 0 or least >= most:
        return None
    places = weights @ nodes @ weights.T
    if least >= 0 and greatest < most:
        return places.astype(np.int32)
    return np.where((places >= 0) & (places < most), places, -1).astype(np.int32)
