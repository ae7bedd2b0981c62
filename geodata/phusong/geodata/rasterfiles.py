"""Raster files as people give them: found, opened, placed, checked."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyproj
import rasterio
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.windows import Window

from phusong.coverage.errors import Finding, InputError, LayerFileError, TableError
from phusong.coverage.grids import FloatArray
from phusong.geodata.crs import Bounds, parse_crs
from phusong.geodata.store.meta import file_sha256

RASTER_ENDINGS = (".tif", ".tiff", ".hgt", ".asc", ".img", ".vrt", ".dem", ".bil", ".dt1", ".dt2", ".jp2")
BLOCK_ROWS = 512


@dataclass(frozen=True, slots=True)
class RasterFile:
    """One band of a raster file with the CRS it is to be read in.

    Attributes
    ----------
    path : Path
    crs : pyproj.CRS
    """

    path: Path
    crs: pyproj.CRS

    @property
    def name(self) -> str:
        """Name of the file, as people know it."""
        return self.path.name

    @contextmanager
    def opened(self) -> Iterator[rasterio.DatasetReader]:
        """Open the file.

        Raises
        ------
        LayerFileError
            ``raster_unreadable``, also for a file that breaks while it is read.
        """
        try:
            with rasterio.open(self.path) as source:
                yield source
        except RasterioError as error:
            raise LayerFileError("raster_unreadable", file=self.name) from error


def raster_files(paths: Sequence[Path], *, crs: str | None) -> list[RasterFile]:
    """Find raster files and the CRS of each; a folder stands for the rasters in it.

    Parameters
    ----------
    paths : sequence of Path
    crs : str or None
        CRS of files that do not say theirs.

    Raises
    ------
    LayerFileError
        ``no_files``, ``file_missing``, ``folder_empty``, ``raster_unreadable``, ``raster_no_place``,
        ``raster_rotated`` or ``crs_missing``.
    """
    files = [file for path in paths for file in _files_of(path)]
    if not files:
        raise LayerFileError("no_files")
    given = None if crs is None else parse_crs(crs)
    return [RasterFile(path, _crs_of(path, given)) for path in dict.fromkeys(files)]


def _files_of(path: Path) -> list[Path]:
    if path.is_dir():
        found = sorted(one for one in path.iterdir() if one.suffix.lower() in RASTER_ENDINGS)
        if not found:
            raise LayerFileError("folder_empty", file=str(path))
        return found
    if not path.is_file():
        raise LayerFileError("file_missing", file=str(path))
    return [path]


def _crs_of(path: Path, given: pyproj.CRS | None) -> pyproj.CRS:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        try:
            with rasterio.open(path) as source:
                is_placed = source.count > 0 and not source.transform.is_identity
                is_straight = source.transform.is_rectilinear
                wkt = source.crs.to_wkt() if source.crs else None
        except RasterioError as error:
            raise LayerFileError("raster_unreadable", file=path.name) from error
    if not is_placed:
        raise LayerFileError("raster_no_place", file=path.name)
    if not is_straight:
        raise LayerFileError("raster_rotated", file=path.name)
    if wkt is None and given is None:
        raise LayerFileError("crs_missing", file=path.name)
    return given if wkt is None and given is not None else pyproj.CRS.from_wkt(wkt or "")


def bounds_in(file: RasterFile, epsg: int) -> Bounds | None:
    """Bounds of a raster in another CRS; None when its coordinates make no sense there."""
    with file.opened() as source:
        left, bottom, right, top = source.bounds
    transformer = pyproj.Transformer.from_crs(file.crs, pyproj.CRS.from_epsg(epsg), always_xy=True)
    bounds = transformer.transform_bounds(left, min(bottom, top), right, max(bottom, top), densify_pts=21)
    return bounds if np.all(np.isfinite(bounds)) else None


def source_window(source: rasterio.DatasetReader, bounds: Bounds, *, margin: int = 2) -> Window | None:
    """Window of a north-up raster around bounds in its own CRS; None where they do not meet."""
    inverse = ~source.transform
    corners = [inverse * (x, y) for x in (bounds[0], bounds[2]) for y in (bounds[1], bounds[3])]
    cols, rows = zip(*corners, strict=True)
    col0, col1 = max(int(min(cols)) - margin, 0), min(int(max(cols)) + 1 + margin, source.width)
    row0, row1 = max(int(min(rows)) - margin, 0), min(int(max(rows)) + 1 + margin, source.height)
    return Window(col0, row0, col1 - col0, row1 - row0) if col1 > col0 and row1 > row0 else None


def read_values(source: rasterio.DatasetReader, window: Window) -> FloatArray:
    """Read a window in the file's own unit, scale and offset applied; NaN where the file says nodata."""
    band = source.read(1, window=window, masked=True)
    values: FloatArray = np.asarray(band.filled(0) * source.scales[0] + source.offsets[0], dtype=np.float64)
    values[np.ma.getmaskarray(band)] = np.nan
    return values


def check_values(
    file: RasterFile, window: Window, *, layer: str, allowed: tuple[float, float], unit: str
) -> None:
    """Refuse a raster with values out of range, infinity included, in a window.

    Raises
    ------
    TableError
        With a finding ``raster_value`` that names the worst value of the first bad block.
    """
    least, most = allowed
    with file.opened() as source:
        for block in row_blocks(window):
            values = read_values(source, block)
            bad = (values < least) | (values > most)
            if bad.any():
                told = f"{least:g} .. {most:g} {unit}"
                raise TableError(layer, [_out_of_range(file, block, values, bad, told)])


def _out_of_range(
    file: RasterFile, block: Window, values: FloatArray, bad: npt.NDArray[Any], allowed: str
) -> Finding:
    row, col = np.unravel_index(np.argmax(bad), bad.shape)
    return Finding(
        code="raster_value",
        file=file.name,
        row=int(block.row_off + row) + 1,
        column=str(int(block.col_off + col) + 1),
        value=f"{values[row, col]:g}",
        allowed=allowed,
    )


def row_blocks(window: Window, *, rows: int = BLOCK_ROWS) -> Iterator[Window]:
    """Cut a window into bands of rows."""
    for row in range(window.row_off, window.row_off + window.height, rows):
        yield Window(window.col_off, row, window.width, min(rows, window.row_off + window.height - row))


def source_name(files: Sequence[RasterFile]) -> str:
    """Name of the first file and how many there are besides."""
    if not files:
        raise InputError("no_files")
    return files[0].name if len(files) == 1 else f"{files[0].name} + {len(files) - 1}"


def source_sha256(files: Sequence[RasterFile]) -> str:
    """Hash of a file; of several, the hash of their hashes."""
    digests = [file_sha256(file.path) for file in files]
    return digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest()
