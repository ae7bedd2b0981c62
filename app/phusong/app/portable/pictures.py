"""Rasters of a study as one picture each, in the projection of the map."""

from __future__ import annotations

import base64
import math
from dataclasses import dataclass

import numpy as np
import pyproj

from phusong.geodata.tiles.colours import Ramp
from phusong.geodata.tiles.display import CodeSource
from phusong.geodata.tiles.mercator import TILE_PIXELS, tile_at, tile_bounds_m
from phusong.geodata.tiles.png import encode_palette_png

WIDEST_PIXELS = 1_600
"""A province then has cells of about 100 m, and the picture some hundred kilobytes."""
FINEST_ZOOM = 14
Bounds = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Picture:
    """A PNG and where it lies.

    Attributes
    ----------
    uri : str
        The image itself, as a ``data:`` address.
    south_west, north_east : (float, float)
        Latitude and longitude of its corners in degrees.
    """

    uri: str
    south_west: tuple[float, float]
    north_east: tuple[float, float]


def picture_of(source: CodeSource, ramp: Ramp, bounds_deg: Bounds) -> Picture | None:
    """Draw a raster within bounds.

    Parameters
    ----------
    source : CodeSource
        Level tiles or relief.
    ramp : Ramp
    bounds_deg : tuple of float
        West, south, east, north.

    Returns
    -------
    Picture or None
        None where the raster has nothing there.
    """
    zoom = _zoom(bounds_deg)
    west, south, east, north = bounds_deg
    col0, row0 = tile_at(zoom, west, north)
    col1, row1 = tile_at(zoom, east, south)
    codes = np.zeros(((row1 - row0 + 1) * TILE_PIXELS, (col1 - col0 + 1) * TILE_PIXELS), dtype=np.uint8)
    for row in range(row0, row1 + 1):
        for col in range(col0, col1 + 1):
            tile = source.codes(zoom, col, row)
            if tile is not None:
                top, left = (row - row0) * TILE_PIXELS, (col - col0) * TILE_PIXELS
                codes[top : top + TILE_PIXELS, left : left + TILE_PIXELS] = tile
    if not codes.any():
        return None
    image = encode_palette_png(ramp.index_of_code[codes], ramp.palette)
    left_m, _, _, top_m = tile_bounds_m(zoom, col0, row0)
    _, bottom_m, right_m, _ = tile_bounds_m(zoom, col1, row1)
    back = pyproj.Transformer.from_crs(3857, 4326, always_xy=True)
    west_deg, south_deg = back.transform(left_m, bottom_m)
    east_deg, north_deg = back.transform(right_m, top_m)
    uri = "data:image/png;base64," + base64.b64encode(image).decode()
    return Picture(uri, (south_deg, west_deg), (north_deg, east_deg))


def _zoom(bounds_deg: Bounds) -> int:
    """Finest zoom at which the bounds are no wider or higher than a picture may be."""
    west, south, east, north = bounds_deg
    width = max((east - west) / 360.0, 1e-9)
    height = max((_mercator(north) - _mercator(south)) / (2.0 * math.pi), 1e-9)
    finest = math.floor(math.log2(WIDEST_PIXELS / TILE_PIXELS / max(width, height)))
    return min(max(finest, 0), FINEST_ZOOM)


def _mercator(lat_deg: float) -> float:
    return math.asinh(math.tan(math.radians(min(max(lat_deg, -85.0), 85.0))))
