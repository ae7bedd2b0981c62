"""Rasters too large to hold: written block by block, then made cloud-optimised."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy.typing as npt
import rasterio
from rasterio.shutil import copy as copy_raster
from rasterio.transform import from_origin
from rasterio.windows import Window

from phusong.coverage.grids import Grid
from phusong.geodata.store.atomic import replacing
from phusong.geodata.store.rasters import COG_OPTIONS, PREDICTOR

TILE_CELLS = 256


class BlockWriter:
    """Writes parts of one band.

    Parameters
    ----------
    band : DatasetWriter
        Open for writing.
    """

    def __init__(self, band: Any) -> None:  # noqa: ANN401 - rasterio has no types
        self._band = band

    def write(self, values: npt.NDArray[Any], *, row0: int, col0: int) -> None:
        """Write a part whose upper left cell is given; whole tiles are written once and fastest."""
        rows, cols = values.shape
        self._band.write(values, 1, window=Window(col0, row0, cols, rows))


@contextmanager
def writing_cog(
    path: Path,
    *,
    grid: Grid,
    dtype: str,
    nodata: float | None,
    scale: float = 1.0,
    tags: Mapping[str, str],
) -> Iterator[BlockWriter]:
    """Give a writer for the parts of a cloud-optimised GeoTIFF; it appears, whole, when the block ends.

    Parts that are never written hold ``nodata``, or 0 where there is none. Memory is bounded by GDAL's block
    cache; the parts wait in a file beside the target.

    Parameters
    ----------
    path : Path
    grid : Grid
    dtype : str
    nodata : float or None
        Value that means unknown.
    scale : float
        What a stored number is multiplied with to give the value, as viewers do by themselves.
    tags : mapping of str to str
        Metadata items, e.g. the unit.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    parts = path.with_name(f".{path.stem}.{os.getpid()}.parts.tif")
    profile = {
        "driver": "GTiff",
        "dtype": dtype,
        "count": 1,
        "nodata": nodata,
        "width": grid.width,
        "height": grid.height,
        "crs": f"EPSG:{grid.epsg}",
        "transform": from_origin(grid.left_m, grid.top_m, grid.cell_size_m, grid.cell_size_m),
        "tiled": True,
        "blockxsize": TILE_CELLS,
        "blockysize": TILE_CELLS,
        "sparse_ok": True,
        "bigtiff": "IF_SAFER",
    }
    try:
        with rasterio.open(parts, "w", **profile) as band:
            band.update_tags(**tags)
            if scale != 1.0:
                band.scales = (scale,)
            yield BlockWriter(band)
        with rasterio.open(parts) as whole, replacing(path) as partial:
            predictor = PREDICTOR[whole.dtypes[0][0]]
            copy_raster(whole, os.fspath(partial), driver="COG", predictor=predictor, **COG_OPTIONS)
    finally:
        parts.unlink(missing_ok=True)
