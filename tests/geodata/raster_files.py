"""Rasters as people have them, written for tests of imports."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import rasterio
from rasterio.transform import from_origin


def write(path: Path, values, *, left, top, cell, crs="EPSG:32648", nodata=None) -> Path:  # type: ignore[no-untyped-def]
    """Write a GeoTIFF with its left top corner at (left, top)."""
    values = np.asarray(values)
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        width=values.shape[1],
        height=values.shape[0],
        count=1,
        crs=crs,
        dtype=values.dtype,
        nodata=nodata,
        transform=from_origin(left, top, cell, cell),
    ) as target:
        target.write(values, 1)
    return path
