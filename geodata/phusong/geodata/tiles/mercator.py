"""Arithmetic of the WebMercatorQuad tile matrix set (OGC 17-083r4, annex D.1; EPSG:3857)."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from phusong.coverage.errors import NotFoundError

HALF_WORLD_M = 20_037_508.342789244
EARTH_RADIUS_M = 6_378_137.0
MAX_LATITUDE_DEG = 85.0511287798066
TILE_PIXELS = 256
MAX_ZOOM = 24

Floats = npt.NDArray[np.float64]


def tile_side_m(zoom: int) -> float:
    """Side of a tile in metres of the projection.

    Examples
    --------
    >>> round(tile_side_m(0), 3), round(tile_side_m(12), 3)
    (40075016.686, 9783.94)
    """
    return math.ldexp(2.0 * HALF_WORLD_M, -zoom)


def pixel_m(zoom: int) -> float:
    """Side of a pixel of a 256-pixel tile in metres of the projection."""
    return tile_side_m(zoom) / TILE_PIXELS


def tile_bounds_m(zoom: int, x: int, y: int) -> tuple[float, float, float, float]:
    """Left, bottom, right and top of a tile in EPSG:3857 metres; y counts from the north."""
    side_m = tile_side_m(zoom)
    left_m = -HALF_WORLD_M + x * side_m
    top_m = HALF_WORLD_M - y * side_m
    return left_m, top_m - side_m, left_m + side_m, top_m


def check_tile(zoom: int, x: int, y: int) -> None:
    """Refuse a tile that the matrix set does not have.

    Raises
    ------
    NotFoundError
        ``tile_out_of_range``.

    Examples
    --------
    >>> check_tile(1, 1, 1)
    >>> check_tile(1, 2, 0)
    Traceback (most recent call last):
    ...
    phusong.coverage.errors.NotFoundError: tile_out_of_range(zoom=1, x=2, y=0, max_zoom=24)
    """
    if not (0 <= zoom <= MAX_ZOOM and 0 <= x < 1 << zoom and 0 <= y < 1 << zoom):
        raise NotFoundError("tile_out_of_range", zoom=zoom, x=x, y=y, max_zoom=MAX_ZOOM)


def tile_at(zoom: int, lon_deg: float, lat_deg: float) -> tuple[int, int]:
    """Column and row of the tile that holds a point.

    Examples
    --------
    >>> tile_at(1, 105.7, 19.8)
    (1, 0)
    """
    x_m, y_m = to_mercator(np.array([[lon_deg, lat_deg]]))[0]
    side_m, last = tile_side_m(zoom), (1 << zoom) - 1
    col = math.floor((x_m + HALF_WORLD_M) / side_m)
    row = math.floor((HALF_WORLD_M - y_m) / side_m)
    return min(max(col, 0), last), min(max(row, 0), last)


def to_mercator(lonlat_deg: Floats) -> Floats:
    """Project longitudes and latitudes [n, 2] to EPSG:3857 metres; latitudes are cut at 85.05 degrees."""
    lat_rad = np.radians(np.clip(lonlat_deg[:, 1], -MAX_LATITUDE_DEG, MAX_LATITUDE_DEG))
    projected = np.empty((len(lonlat_deg), 2))
    projected[:, 0] = EARTH_RADIUS_M * np.radians(lonlat_deg[:, 0])
    projected[:, 1] = EARTH_RADIUS_M * np.arctanh(np.sin(lat_rad))
    return projected
