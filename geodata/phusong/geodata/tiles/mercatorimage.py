"""Pictures of a part of a metric grid, laid out in Web Mercator so that a map can place them by corners."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyproj

from phusong.coverage.grids import Grid
from phusong.geodata.crs import GEOGRAPHIC_EPSG

Int32Array = npt.NDArray[np.int32]
Codes = npt.NDArray[np.uint8]
Corners = tuple[tuple[float, float], ...]
LATTICE_PIXELS = 16
"""Places are projected this far apart and interpolated between (under 0.01 pixel at 30 m)."""
WEB_MERCATOR_EPSG = 3857


@dataclass(frozen=True, slots=True)
class MercatorImage:
    """A picture and where it lies.

    Attributes
    ----------
    codes : ndarray of uint8, shape (height, width)
        Row 0 is the northernmost.
    corners_deg : tuple of (longitude, latitude)
        Top left, top right, bottom right, bottom left; WGS 84. The picture is a rectangle in EPSG:3857.
    """

    codes: Codes
    corners_deg: Corners


def mercator_image(values: Codes, grid: Grid, *, most_pixels: int) -> MercatorImage:
    """Lay values of a grid out in Web Mercator, each pixel with the cell under its middle.

    Parameters
    ----------
    values : ndarray of uint8, shape (grid.height, grid.width)
    grid : Grid
        In a projected CRS.
    most_pixels : int
        Longest side; larger parts are thinned out.

    Returns
    -------
    MercatorImage
        0 outside the grid.
    """
    there = _transformer(grid.epsg, WEB_MERCATOR_EPSG)
    left_m, bottom_m, right_m, top_m = there.transform_bounds(*grid.bounds)
    to_degrees = _transformer(WEB_MERCATOR_EPSG, GEOGRAPHIC_EPSG)
    _, middle_deg = to_degrees.transform(left_m, (bottom_m + top_m) / 2.0)
    stretch = math.cos(math.radians(middle_deg))
    longest_m = max(right_m - left_m, top_m - bottom_m)
    pixel_m = max(grid.cell_size_m / stretch, longest_m / most_pixels)
    width = max(math.ceil((right_m - left_m) / pixel_m), 1)
    height = max(math.ceil((top_m - bottom_m) / pixel_m), 1)
    right_m, bottom_m = left_m + width * pixel_m, top_m - height * pixel_m
    row, col = _cells(grid, (left_m, bottom_m, right_m, top_m), height=height, width=width)
    inside = (row >= 0) & (row < grid.height) & (col >= 0) & (col < grid.width)
    codes = np.where(inside, values[np.where(inside, row, 0), np.where(inside, col, 0)], 0).astype(np.uint8)
    ring = ((left_m, top_m), (right_m, top_m), (right_m, bottom_m), (left_m, bottom_m))
    corners = tuple((float(lon), float(lat)) for lon, lat in (to_degrees.transform(*one) for one in ring))
    return MercatorImage(codes, corners)


def _cells(
    grid: Grid, bounds_m: tuple[float, float, float, float], *, height: int, width: int
) -> tuple[Int32Array, Int32Array]:
    """Row and column under the middle of each pixel."""
    left_m, bottom_m, right_m, top_m = bounds_m
    down, across = _spans(height), _spans(width)
    x_m, y_m = np.meshgrid(np.linspace(left_m, right_m, across + 1), np.linspace(top_m, bottom_m, down + 1))
    east_m, north_m = _transformer(WEB_MERCATOR_EPSG, grid.epsg).transform(x_m, y_m)
    col = _between((np.asarray(east_m) - grid.left_m) / grid.cell_size_m, height, width)
    row = _between((grid.top_m - np.asarray(north_m)) / grid.cell_size_m, height, width)
    return np.floor(row).astype(np.int32), np.floor(col).astype(np.int32)


@functools.cache
def _transformer(source_epsg: int, target_epsg: int) -> pyproj.Transformer:
    return pyproj.Transformer.from_crs(source_epsg, target_epsg, always_xy=True)


def _spans(pixels: int) -> int:
    return max(pixels // LATTICE_PIXELS, 1)


def _between(nodes: npt.NDArray[np.float64], height: int, width: int) -> npt.NDArray[np.float64]:
    """Interpolate the nodes of a lattice at the middles of the pixels."""
    low_row, share_row = _places(height, nodes.shape[0] - 1)
    low_col, share_col = _places(width, nodes.shape[1] - 1)
    across = nodes[:, low_col] * (1.0 - share_col) + nodes[:, low_col + 1] * share_col
    found: npt.NDArray[np.float64] = (
        across[low_row] * (1.0 - share_row)[:, None] + across[low_row + 1] * share_row[:, None]
    )
    return found


def _places(pixels: int, spans: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    place = (np.arange(pixels) + 0.5) * spans / pixels
    low = np.minimum(place.astype(np.int64), spans - 1)
    return low, place - low
