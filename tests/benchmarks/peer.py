"""Wall time of SPLAT! HD over the same terrain, radius and pixel size, where that program is installed.

It reads tiles of one arc second and predicts with ITM; its time includes reading the tile and writing the
map, as its users wait for both.
"""

from __future__ import annotations

import math
import shutil
import subprocess
import time
from pathlib import Path

import numpy as np
import rasterio
from rasterio.transform import from_origin
from rasterio.warp import Resampling, reproject

PROGRAMS = ("splat-hd", "srtm2sdf-hd")
_PER_DEGREE = 3600


def peer_seconds(
    terrain: Path,
    folder: Path,
    *,
    lon: float,
    lat: float,
    radius_km: float,
    height_m: float,
    frequency_mhz: float,
) -> float | None:
    """Time one site; None where the program or a whole tile of terrain is missing.

    Parameters
    ----------
    terrain : Path
        Any elevation raster that rasterio reads; the tile of one degree around the site is taken.
    folder : Path
        For the tile and the map.
    lon, lat : float
        Of the site, degrees.
    """
    if not all(shutil.which(program) for program in PROGRAMS):
        return None
    west, south = math.floor(lon), math.floor(lat)
    tile = folder / f"{'NS'[south < 0]}{abs(south):02d}{'EW'[west < 0]}{abs(west):03d}.hgt"
    side = _PER_DEGREE + 1
    heights = np.zeros((side, side), dtype=np.float32)
    half = 0.5 / _PER_DEGREE
    with rasterio.open(terrain) as source:
        reproject(
            rasterio.band(source, 1),
            heights,
            dst_transform=from_origin(west - half, south + 1 + half, 1 / _PER_DEGREE, 1 / _PER_DEGREE),
            dst_crs="EPSG:4326",
            resampling=Resampling.bilinear,
        )
    np.round(heights).astype(">i2").tofile(tile)
    (folder / "site.qth").write_text(f"site\n{lat}\n{-lon % 360.0}\n{height_m:g} m\n")
    _run(folder, "srtm2sdf-hd", tile.name)
    begin = time.perf_counter()
    options = ("-L", "1.5", "-R", f"{radius_km:g}", "-metric", "-f", f"{frequency_mhz:g}", "-o", "map.ppm")
    _run(folder, "splat-hd", "-t", "site.qth", *options)
    return time.perf_counter() - begin


def _run(folder: Path, *command: str) -> None:
    subprocess.run(command, cwd=folder, check=True, capture_output=True, stdin=subprocess.DEVNULL)
