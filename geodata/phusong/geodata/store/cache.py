"""Integer rasters of intermediate results: small, windowed, replaced atomically."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import rasterio
from rasterio.transform import from_origin
from rasterio.windows import Window

from phusong.coverage.grids import Grid

IntArray = npt.NDArray[np.integer[Any]]


def write_bands(path: Path, bands: IntArray, *, grid: Grid, nodata: int) -> None:
    """Write integer bands of a part of the study grid; the file appears whole or not at all.

    Parameters
    ----------
    path : Path
        Destination; its folder is made.
    bands : ndarray, shape (bands, grid.height, grid.width)
        Integers (int16 or int32).
    grid : Grid
        The part of the study grid the bands lie on.
    nodata : int
        Value that means unknown.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.stem}.{os.getpid()}.{threading.get_ident()}.part.tif")
    count, height, width = bands.shape
    try:
        with rasterio.open(
            partial,
            "w",
            driver="GTiff",
            dtype=bands.dtype.name,
            count=count,
            height=height,
            width=width,
            nodata=nodata,
            crs=f"EPSG:{grid.epsg}",
            compress="zstd",
            zstd_level=1,
            predictor=2,
            tiled=True,
            blockxsize=256,
            blockysize=256,
            interleave="band",
            transform=from_origin(grid.left_m, grid.top_m, grid.cell_size_m, grid.cell_size_m),
        ) as target:
            target.write(bands)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def read_bands(
    path: Path, *, row0: int = 0, col0: int = 0, rows: int | None = None, cols: int | None = None
) -> IntArray:
    """Read a window of all bands; shape (bands, rows, cols). The whole raster when no size is given."""
    with rasterio.open(path) as source:
        window = Window(col0, row0, cols or source.width - col0, rows or source.height - row0)
        bands: IntArray = source.read(window=window)
    return bands
