"""Rasters on disk: cloud-optimised GeoTIFF, written atomically."""

from __future__ import annotations

import math
import os
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt
import rasterio
from rasterio.io import MemoryFile
from rasterio.shutil import copy as copy_raster
from rasterio.transform import from_origin

from phusong.coverage.errors import StudyError
from phusong.coverage.grids import Grid, Raster
from phusong.geodata.store.atomic import replacing

PREDICTOR = {"f": "FLOATING_POINT", "i": "STANDARD", "u": "STANDARD"}
"""By the first letter of the type of the values."""
COG_OPTIONS = MappingProxyType(
    {"compress": "ZSTD", "level": "1", "blocksize": "256", "overviews": "NONE", "bigtiff": "IF_SAFER"}
)


def write_cog(
    path: Path,
    values: npt.NDArray[Any],
    *,
    grid: Grid,
    nodata: float | None,
    tags: dict[str, str] | None = None,
) -> None:
    """Write one band as a cloud-optimised GeoTIFF (ZSTD); the file appears whole or not at all.

    Parameters
    ----------
    values : ndarray, shape (grid.height, grid.width)
    nodata : float or None
        Value that means unknown (NaN for floats).
    tags : dict, optional
        Metadata items, e.g. the unit.
    """
    profile = {
        "driver": "GTiff",
        "dtype": values.dtype.name,
        "count": 1,
        "nodata": nodata,
        "width": grid.width,
        "height": grid.height,
        "crs": f"EPSG:{grid.epsg}",
        "transform": from_origin(grid.left_m, grid.top_m, grid.cell_size_m, grid.cell_size_m),
    }
    with MemoryFile() as memory:
        with memory.open(**profile) as band:
            band.write(values, 1)
            band.update_tags(**(tags or {}))
        with memory.open() as band, replacing(path) as partial:
            copy_raster(
                band,
                os.fspath(partial),
                driver="COG",
                predictor=PREDICTOR[values.dtype.kind],
                **COG_OPTIONS,
            )


def unknown_value(dtype: npt.DTypeLike) -> float:
    """Value that means unknown in a raster of a type: NaN, or the least integer.

    Examples
    --------
    >>> unknown_value("float32"), unknown_value("int16")
    (nan, -32768.0)
    """
    kind = np.dtype(dtype)
    return math.nan if np.issubdtype(kind, np.floating) else float(np.iinfo(kind).min)


def read_grid(path: Path) -> Grid:
    """Read the grid of a raster written by `write_cog`."""
    with rasterio.open(path) as source:
        return _grid_of(source, path)


def _grid_of(source: rasterio.DatasetReader, path: Path) -> Grid:
    epsg = source.crs.to_epsg() if source.crs else None
    if epsg is None:
        raise StudyError("study_broken", path=str(path))
    transform = source.transform
    return Grid(
        width=source.width,
        height=source.height,
        cell_size_m=transform.a,
        left_m=transform.c,
        top_m=transform.f,
        epsg=epsg,
    )


def read_raster(path: Path) -> Raster:
    """Read a raster written by `write_cog` with its grid; unknown cells are NaN, integers become float32."""
    with rasterio.open(path) as source:
        grid = _grid_of(source, path)
        values = source.read(1)
        unit, nodata = source.tags().get("unit", ""), source.nodata
    if not np.issubdtype(values.dtype, np.floating):
        values = np.where(values == nodata, np.nan, values).astype(np.float32)
    return Raster(grid=grid, values=values, unit=unit)
