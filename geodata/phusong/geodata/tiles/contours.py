"""Contour lines of terrain as vector tiles, drawn tile by tile when asked for.

Heights are taken at nodes that lie on one lattice for the whole zoom, with a few beyond the tile's edges,
so that two tiles see the same heights along the edge they share and their lines meet there.
"""

from __future__ import annotations

import functools
import math
import threading
from pathlib import Path

import contourpy
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyproj
import rasterio
import scipy.ndimage
import shapely
from rasterio.windows import Window

from phusong.geodata.tiles.mercator import HALF_WORLD_M, check_tile, tile_bounds_m, tile_side_m
from phusong.geodata.tiles.mvt import BUFFER, EXTENT, SCREEN_PIXELS, encode_layer, make_column
from phusong.geodata.tiles.paths import line_commands

LAYER = "contours"
COARSE_FROM_ZOOM, COARSE_STEP_M = 11, 100
FINE_FROM_ZOOM, FINE_STEP_M = 12, 20
MOST_NODES = 256
LEAST_NODES = 32
MARGIN_NODES = 8
KEPT_TILES = 512

Heights = npt.NDArray[np.float64]
Nodes = npt.NDArray[np.float64]


def contour_step_m(zoom: int) -> int | None:
    """Height between contour lines at a zoom; None where none are drawn.

    Examples
    --------
    >>> contour_step_m(10), contour_step_m(11), contour_step_m(13)
    (None, 100, 20)
    """
    if zoom >= FINE_FROM_ZOOM:
        return FINE_STEP_M
    return COARSE_STEP_M if zoom >= COARSE_FROM_ZOOM else None


class ContourTiles:
    """Contour tiles of a terrain raster.

    Parameters
    ----------
    terrain_tif : Path
        Heights in metres in a projected CRS, north up; NaN or nodata where unknown.

    Notes
    -----
    Features carry ``height_m`` and ``is_index`` (a multiple of 100 m). Thread-safe.
    """

    def __init__(self, terrain_tif: Path) -> None:
        self._path = terrain_tif
        self._handles = threading.local()
        with rasterio.open(terrain_tif) as terrain:
            self._transform = terrain.transform
            self._shape = terrain.height, terrain.width
            self._to_metric = pyproj.Transformer.from_crs(3857, terrain.crs, always_xy=True)
        self._kept = functools.lru_cache(maxsize=KEPT_TILES)(self._make)

    def tile(self, zoom: int, x: int, y: int) -> bytes:
        """Return a tile; empty bytes where there is no line.

        Raises
        ------
        NotFoundError
            When the matrix set has no such tile.
        """
        check_tile(zoom, x, y)
        return self._kept(zoom, x, y)

    def _make(self, zoom: int, x: int, y: int) -> bytes:
        step_m = contour_step_m(zoom)
        nodes = self._nodes(zoom, x, y) if step_m is not None else None
        height_m = None if nodes is None else self._heights(*nodes)
        if step_m is None or nodes is None or height_m is None:
            return b""
        shapes, levels_m = _lines(nodes, height_m, step_m)
        if not len(shapes):
            return b""
        side_m = tile_side_m(zoom)
        west_m, south_m, east_m, north_m = bounds_m = tile_bounds_m(zoom, x, y)
        margin_m = side_m * BUFFER / EXTENT
        shapes = shapely.clip_by_rect(
            shapely.simplify(shapes, side_m / SCREEN_PIXELS / 4, preserve_topology=False),
            west_m - margin_m,
            south_m - margin_m,
            east_m + margin_m,
            north_m + margin_m,
        )
        commands = line_commands(shapes, bounds_m, EXTENT)
        columns = (
            make_column("height_m", pd.Series(levels_m)),
            make_column("is_index", pd.Series(levels_m % COARSE_STEP_M == 0)),
        )
        return encode_layer(LAYER, 1, columns, commands.owners, commands) if len(commands.owners) else b""

    def _nodes(self, zoom: int, x: int, y: int) -> tuple[Nodes, Nodes]:
        """Columns (eastward) and rows (southward) of the lattice over a tile, EPSG:3857 metres."""
        side_m = tile_side_m(zoom)
        middle_m = tile_bounds_m(zoom, x, y)[1] + side_m / 2
        ground_m = side_m / math.cosh(middle_m / 6_378_137.0)
        wanted = ground_m / self._transform.a
        count = int(min(max(2.0 ** math.ceil(math.log2(wanted)), LEAST_NODES), MOST_NODES))
        along = np.arange(-MARGIN_NODES, count + MARGIN_NODES + 1).astype(np.float64)
        # From whole numbers of nodes, so that neighbours get bit for bit the same places.
        space_m = side_m / count
        eastward: Nodes = -HALF_WORLD_M + (x * count + along) * space_m
        southward: Nodes = HALF_WORLD_M - (y * count + along) * space_m
        return eastward, southward

    def _heights(self, x_m: Nodes, y_m: Nodes) -> Heights | None:
        """Heights at the nodes, smoothed as far as they lie apart; None outside the raster."""
        east_m, north_m = self._to_metric.transform(*np.meshgrid(x_m, y_m))
        if not np.isfinite(east_m).all():
            return None
        size_m = self._transform.a
        col = (np.asarray(east_m) - self._transform.c) / size_m - 0.5
        row = (self._transform.f - np.asarray(north_m)) / size_m - 0.5
        width = max(round(float(np.hypot(*(np.diff(one[0, :2])[0] for one in (col, row))))), 1)
        reach = width + 2
        top, left = (max(math.floor(one.min()) - reach, 0) for one in (row, col))
        bottom = min(math.ceil(row.max()) + reach, self._shape[0])
        right = min(math.ceil(col.max()) + reach, self._shape[1])
        if top >= bottom or left >= right:
            return None
        window = Window(left, top, right - left, bottom - top)
        ground = self._handle().read(1, window=window, masked=True).astype(np.float64).filled(np.nan)
        if np.isnan(ground).all():
            return None
        if width > 1:
            ground = _smoothed(ground, width)
        return np.asarray(
            scipy.ndimage.map_coordinates(
                ground, [row - top, col - left], order=1, mode="constant", cval=np.nan
            )
        )

    def _handle(self) -> rasterio.DatasetReader:
        if not hasattr(self._handles, "raster"):
            self._handles.raster = rasterio.open(self._path)
        return self._handles.raster


def _smoothed(ground: Heights, width: int) -> Heights:
    """Mean of what is known around each cell; unknown cells stay so and spoil no others."""
    known = np.isfinite(ground)
    if known.all():
        return np.asarray(scipy.ndimage.uniform_filter(ground, width, mode="nearest"))
    share = scipy.ndimage.uniform_filter(known.astype(np.float64), width, mode="nearest")
    total = scipy.ndimage.uniform_filter(np.where(known, ground, 0.0), width, mode="nearest")
    return np.where(known, total / np.maximum(share, 1e-9), np.nan)


def _lines(
    nodes: tuple[Nodes, Nodes], height_m: Heights, step_m: int
) -> tuple[npt.NDArray[np.object_], npt.NDArray[np.int64]]:
    """Contour lines and their heights."""
    least, greatest = float(np.nanmin(height_m)), float(np.nanmax(height_m))
    levels_m = np.arange(math.floor(least / step_m) + 1, math.ceil(greatest / step_m)) * step_m
    # A height exactly on a level would make lines touch at nodes; a hair's breadth keeps them apart.
    masked = np.ma.masked_invalid(height_m + 1e-6)
    drawn = contourpy.contour_generator(
        nodes[0], nodes[1], masked, line_type=contourpy.LineType.ChunkCombinedOffset
    )
    shapes: list[npt.NDArray[np.object_]] = []
    heights: list[npt.NDArray[np.int64]] = []
    for level_m in levels_m.tolist():
        points, offsets = (chunk[0] for chunk in drawn.lines(float(level_m)))
        if points is None or offsets is None:
            continue
        counts = np.diff(offsets.astype(np.int64))
        lines = shapely.linestrings(points, indices=np.repeat(np.arange(len(counts)), counts))
        shapes.append(np.asarray(lines, dtype=object))
        heights.append(np.full(len(counts), level_m, dtype=np.int64))
    if not shapes:
        return np.empty(0, dtype=object), np.empty(0, dtype=np.int64)
    return np.concatenate(shapes), np.concatenate(heights)
