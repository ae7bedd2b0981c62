"""Copies of rasters in Web Mercator, aligned with the tiles, and the tiles read from them.

A display raster holds one byte a pixel at the resolution of one zoom, with halved overviews for the zooms
below, so that a tile is a plain read. Figures never come from it: it is for the eye.
"""

from __future__ import annotations

import functools
import math
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import rasterio
from rasterio import Affine
from rasterio.enums import Resampling
from rasterio.vrt import WarpedVRT
from rasterio.warp import transform_bounds
from rasterio.windows import Window

from phusong.coverage.errors import LayerFileError
from phusong.geodata.tiles.colours import Ramp, level_codes
from phusong.geodata.tiles.mercator import (
    HALF_WORLD_M,
    TILE_PIXELS,
    check_tile,
    pixel_m,
    tile_bounds_m,
    tile_side_m,
)
from phusong.geodata.tiles.png import Codes, encode_palette_png

BLOCK_PIXELS = 512
DECIBELS_PER_STEP = 0.1  # of the metric rasters: int16, dB x 10
FINEST_ZOOM = 16

Values = npt.NDArray[np.float32]
Encode = Callable[[Values], Codes]


def build_display(
    source_tif: Path,
    destination_tif: Path,
    *,
    encode: Encode = level_codes,
    scale: float = DECIBELS_PER_STEP,
    resampling: str = "nearest",
) -> Path:
    """Write the display copy of a metric raster.

    Parameters
    ----------
    source_tif : Path
        One band in any projected CRS; nodata set or NaN.
    destination_tif : Path
        Replaced at once when the copy is complete; its folder must exist.
    encode : callable
        From float32 values (NaN: unknown) to byte codes, 0 for nothing.
    scale : float
        Factor from stored numbers to the values `encode` takes.
    resampling : str
        How the overviews are made: ``"nearest"`` or ``"average"``.

    Returns
    -------
    Path
        The destination.

    Raises
    ------
    LayerFileError
        ``raster_unreadable`` when the source cannot be opened.
    """
    unfinished = unfinished_name(destination_tif)
    try:
        _write_copy(source_tif, unfinished, encode, scale, Resampling[resampling])
        unfinished.replace(destination_tif)
    except rasterio.errors.RasterioIOError as error:
        raise LayerFileError("raster_unreadable", file=source_tif.name) from error
    finally:
        unfinished.unlink(missing_ok=True)
    return destination_tif


def unfinished_name(path: Path) -> Path:
    """Name a file beside `path` to write into until it is complete; no other writer gets the same."""
    return path.with_name(f".{path.stem}-{os.getpid()}-{threading.get_ident()}{path.suffix}")


def _write_copy(source_tif: Path, copy_tif: Path, encode: Encode, scale: float, overview: Resampling) -> None:
    with rasterio.open(source_tif) as source:
        zoom, profile = _aligned_profile(source)
        frame = {key: profile[key] for key in ("crs", "transform", "width", "height")}
        smooth = Resampling.bilinear if overview is Resampling.average else Resampling.nearest
        with (
            rasterio.open(copy_tif, "w", **profile) as target,
            WarpedVRT(source, resampling=smooth, nodata=source.nodata, **frame) as warped,
        ):
            for window in _strips(profile["width"], profile["height"]):
                target.write(_encoded(warped, window, encode, scale), 1, window=window)
            target.update_tags(zoom=zoom)
    with rasterio.open(copy_tif, "r+") as target:
        levels = max(1, math.ceil(math.log2(max(target.width, target.height) / TILE_PIXELS)) + 1)
        target.build_overviews([2**level for level in range(1, levels + 1)], overview)


def _aligned_profile(source: rasterio.DatasetReader) -> tuple[int, dict[str, Any]]:
    """Finest zoom and GTiff profile of a frame that starts on a tile corner some zooms up."""
    left_m, bottom_m, right_m, top_m = transform_bounds(source.crs, 3857, *source.bounds, densify_pts=21)
    cell_m = (right_m - left_m) / source.width
    zoom = min(max(math.ceil(math.log2(pixel_m(0) / cell_m) - 0.25), 0), FINEST_ZOOM)
    side_m = tile_side_m(max(zoom - 4, 0))
    col, row = (math.floor((edge + HALF_WORLD_M) / side_m) for edge in (left_m, -top_m))
    start_x_m, start_y_m = -HALF_WORLD_M + col * side_m, HALF_WORLD_M - row * side_m
    size_m = pixel_m(zoom)
    return zoom, {
        "driver": "GTiff",
        "dtype": "uint8",
        "count": 1,
        "nodata": 0,
        "crs": "EPSG:3857",
        "transform": Affine(size_m, 0.0, start_x_m, 0.0, -size_m, start_y_m),
        "width": _whole_blocks((right_m - start_x_m) / size_m),
        "height": _whole_blocks((start_y_m - bottom_m) / size_m),
        "tiled": True,
        "blockxsize": TILE_PIXELS,
        "blockysize": TILE_PIXELS,
        "compress": "DEFLATE",
        "zlevel": 1,
        "sparse_ok": True,
        "bigtiff": "IF_SAFER",
    }


def _whole_blocks(pixels: float) -> int:
    return max(1, math.ceil(pixels / TILE_PIXELS)) * TILE_PIXELS


def _strips(width: int, height: int) -> list[Window]:
    return [Window(0, row, width, min(BLOCK_PIXELS, height - row)) for row in range(0, height, BLOCK_PIXELS)]


def _encoded(warped: WarpedVRT, window: Window, encode: Encode, scale: float) -> Codes:
    stored = warped.read(1, window=window)
    values = stored.astype(np.float32) * np.float32(scale)
    if warped.nodata is not None and not math.isnan(warped.nodata):
        values[stored == warped.nodata] = np.nan
    return encode(values)


class Display:
    """An open display raster; every thread reads through its own handle.

    Parameters
    ----------
    path : Path
        As written by `build_display`.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._handles = threading.local()
        with rasterio.open(path) as raster:
            self.zoom = int(raster.tags()["zoom"])
            self._bounds = raster.bounds
            self._size = raster.width, raster.height

    def codes(self, zoom: int, x: int, y: int) -> Codes | None:
        """Byte codes of a tile [256, 256]; None where the raster has nothing."""
        left_m, bottom_m, right_m, top_m = tile_bounds_m(zoom, x, y)
        outside = self._bounds
        if left_m >= outside.right or right_m <= outside.left:
            return None
        if bottom_m >= outside.top or top_m <= outside.bottom:
            return None
        pixels = self._read(left_m, top_m, right_m - left_m, zoom)
        return pixels if pixels.any() else None

    def _read(self, left_m: float, top_m: float, side_m: float, zoom: int) -> Codes:
        size_m = pixel_m(self.zoom)
        col = round((left_m - self._bounds.left) / size_m * 2**20) / 2**20
        row = round((self._bounds.top - top_m) / size_m * 2**20) / 2**20
        span = side_m / size_m
        if zoom > self.zoom + 8:  # less than a pixel: one value fills the tile
            only = self._window(math.floor(col), math.floor(row), 1, 1)
            return np.full((TILE_PIXELS, TILE_PIXELS), only[0, 0], dtype=np.uint8)
        if zoom >= self.zoom:
            side = round(span)
            repeat = TILE_PIXELS // side
            part = self._window(round(col), round(row), side, side)
            return part.repeat(repeat, axis=0).repeat(repeat, axis=1) if repeat > 1 else part
        return self._reduced(round(col), round(row), round(span))

    def _window(self, col: int, row: int, width: int, height: int) -> Codes:
        """Pixels of a window that lies inside: tiles at or above the finest zoom never straddle the edge."""
        window = Window(col, row, width, height)
        return self._handle().read(1, window=window)

    def _reduced(self, col: int, row: int, span: int) -> Codes:
        """Read a window from an overview; the part outside the raster is empty."""
        step = span // TILE_PIXELS
        first_col, first_row = max(col, 0), max(row, 0)
        last_col, last_row = min(col + span, self._size[0]), min(row + span, self._size[1])
        tile = np.zeros((TILE_PIXELS, TILE_PIXELS), dtype=np.uint8)
        width, height = -(-(last_col - first_col) // step), -(-(last_row - first_row) // step)
        window = Window(first_col, first_row, last_col - first_col, last_row - first_row)
        part = self._handle().read(1, window=window, out_shape=(height, width))
        top, left = (first_row - row) // step, (first_col - col) // step
        tile[top : top + height, left : left + width] = part
        return tile

    def _handle(self) -> rasterio.DatasetReader:
        if not hasattr(self._handles, "raster"):
            self._handles.raster = rasterio.open(self._path)
        return self._handles.raster


class CodeSource(Protocol):
    """Something that tiles are drawn from."""

    def codes(self, zoom: int, x: int, y: int) -> Codes | None:
        """Byte codes of a tile, shape (256, 256); None where there is nothing."""
        ...


def render_tile(display: CodeSource, zoom: int, x: int, y: int, *, ramp: Ramp) -> bytes:
    """Draw a 256-pixel PNG tile of a display raster or another source of codes.

    Raises
    ------
    NotFoundError
        When the matrix set has no such tile.
    """
    check_tile(zoom, x, y)
    codes = display.codes(zoom, x, y)
    if codes is None:
        return empty_tile()
    indices = ramp.index_of_code.take(codes)
    return encode_palette_png(indices, ramp.palette)


@functools.cache
def empty_tile() -> bytes:
    """Return the fully transparent tile."""
    blank = np.zeros((TILE_PIXELS, TILE_PIXELS), dtype=np.uint8)
    return encode_palette_png(blank, [(0, 0, 0, 0)])
