"""Relief shading of terrain (B. K. P. Horn, Proc. IEEE 69(1), 1981), light from the north-west."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import rasterio
from rasterio.windows import Window

from phusong.geodata.tiles.display import build_display, unfinished_name
from phusong.geodata.tiles.png import Codes

LIGHT_AZIMUTH_DEG = 315.0
LIGHT_ALTITUDE_DEG = 45.0
STRIP_ROWS = 512

Heights = npt.NDArray[np.float32]


def shade_codes(height_m: Heights, cell_size_m: float, *, exaggeration: float = 1.5) -> Codes:
    """Shade heights; a code is 1 + 254 * cos(angle between slope normal and light), 0 where unknown.

    Parameters
    ----------
    height_m : ndarray of float32, shape (rows, columns)
        North up; NaN where unknown.
    cell_size_m : float
    exaggeration : float
        Heights are multiplied by it first.

    Returns
    -------
    ndarray of uint8, shape (rows, columns)

    Examples
    --------
    >>> shade_codes(np.zeros((3, 3), dtype=np.float32), 30.0)[1, 1]
    np.uint8(181)
    """
    z = np.pad(height_m * np.float32(exaggeration), 1, mode="edge")
    east = (z[:-2, 2:] + 2 * z[1:-1, 2:] + z[2:, 2:] - z[:-2, :-2] - 2 * z[1:-1, :-2] - z[2:, :-2]) / 8
    north = (z[:-2, :-2] + 2 * z[:-2, 1:-1] + z[:-2, 2:] - z[2:, :-2] - 2 * z[2:, 1:-1] - z[2:, 2:]) / 8
    east, north = east / cell_size_m, north / cell_size_m
    azimuth, altitude = np.radians([LIGHT_AZIMUTH_DEG, LIGHT_ALTITUDE_DEG])
    towards_light = -east * np.sin(azimuth) - north * np.cos(azimuth)
    cosine = (np.sin(altitude) + np.cos(altitude) * towards_light) / np.sqrt(1 + east**2 + north**2)
    codes = np.round(1 + 254 * np.clip(cosine, 0, 1))
    return np.where(np.isnan(codes) | np.isnan(height_m), 0, codes).astype(np.uint8)


def build_hillshade(terrain_tif: Path, destination_tif: Path) -> Path:
    """Write the display raster of the relief of a terrain raster in metres.

    Parameters
    ----------
    terrain_tif : Path
        Heights in metres in a projected CRS, NaN or nodata where unknown.
    destination_tif : Path
        Replaced at once when complete.

    Returns
    -------
    Path
        The destination.
    """
    shaded_tif = unfinished_name(destination_tif.with_name(f"{destination_tif.stem}-metric.tif"))
    try:
        _shade_file(terrain_tif, shaded_tif)
        return build_display(shaded_tif, destination_tif, encode=_as_codes, scale=1.0, resampling="average")
    finally:
        shaded_tif.unlink(missing_ok=True)


def _as_codes(values: npt.NDArray[np.float32]) -> Codes:
    return np.where(np.isnan(values), 0, np.round(values)).astype(np.uint8)


def _shade_file(terrain_tif: Path, shaded_tif: Path) -> None:
    with rasterio.open(terrain_tif) as terrain:
        profile = {
            "driver": "GTiff",
            "dtype": "uint8",
            "count": 1,
            "nodata": 0,
            "crs": terrain.crs,
            "transform": terrain.transform,
            "width": terrain.width,
            "height": terrain.height,
        }
        with rasterio.open(shaded_tif, "w", **profile) as shaded:
            for row in range(0, terrain.height, STRIP_ROWS):
                _shade_strip(terrain, shaded, row)


def _shade_strip(terrain: rasterio.DatasetReader, shaded: rasterio.io.DatasetWriter, row: int) -> None:
    """Shade some rows, reading one more on each side so that strips join without a seam."""
    rows = min(STRIP_ROWS, terrain.height - row)
    first, last = max(row - 1, 0), min(row + rows + 1, terrain.height)
    window = Window(0, first, terrain.width, last - first)
    height_m = terrain.read(1, window=window, masked=True).astype(np.float32).filled(np.nan)
    codes = shade_codes(height_m, terrain.transform.a)[row - first :][:rows]
    shaded.write(codes, 1, window=Window(0, row, terrain.width, rows))
