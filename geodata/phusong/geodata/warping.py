"""Bring rasters of heights onto the study grid, a strip at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyproj
from rasterio.enums import Resampling
from rasterio.features import geometry_mask
from rasterio.transform import from_origin
from rasterio.vrt import WarpedVRT

from phusong.coverage.errors import InputError, LayerFileError
from phusong.coverage.grids import Grid
from phusong.geodata.crs import Bounds, utm_epsg
from phusong.geodata.rasterfiles import RasterFile, bounds_in, check_values, source_window
from phusong.geodata.reports import Progress
from phusong.geodata.store.folder import FolderStore
from phusong.geodata.store.studygrid import snapped_grid

STRIP_ROWS = 512
FINER = 2.0
"""From this many source cells a grid cell on, a cell gets their mean; below, a value between them."""
TOLERANCE_CELLS = 0.01
"""Error allowed where the position in the source is interpolated, in source cells."""

Heights = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Warped:
    """A raster on the study grid.

    Attributes
    ----------
    grid : Grid
    values : ndarray of float32, shape (grid.height, grid.width)
        NaN where no file knows.
    used, unused : tuple of str
        Names of the files that reach the grid and of those that do not.
    source_cell_m : float
        Cell size of the coarsest file used, in metres on the study grid.
    """

    grid: Grid
    values: Heights
    used: tuple[str, ...]
    unused: tuple[str, ...]
    source_cell_m: float


def study_grid_or_extent(store: FolderStore, files: Sequence[RasterFile]) -> tuple[Grid, bool]:
    """Return the study grid, and False; where the study has no place yet the files' own extent, and True."""
    try:
        return store.grid(), False
    except InputError as error:
        if error.code != "study_has_no_place":
            raise
    epsg = store.epsg or _epsg_of(files)
    bounds = [found for found in (bounds_in(file, epsg) for file in files) if found is not None]
    if not bounds:
        raise LayerFileError("raster_no_overlap", file=files[0].name)
    edges = np.array(bounds)
    whole = (*edges[:, :2].min(axis=0).tolist(), *edges[:, 2:].max(axis=0).tolist())
    return snapped_grid(whole, margin_m=0.0, cell_size_m=store.grid_m, epsg=epsg), True


def _epsg_of(files: Sequence[RasterFile]) -> int:
    bounds = [found for found in (bounds_in(file, 4326) for file in files) if found is not None]
    if not bounds:
        raise LayerFileError("raster_no_overlap", file=files[0].name)
    edges = np.array(bounds)
    lon_deg = (edges[:, 0].min() + edges[:, 2].max()) / 2
    lat_deg = (edges[:, 1].min() + edges[:, 3].max()) / 2
    return utm_epsg(float(lon_deg), float(lat_deg))


def warp_files(
    files: Sequence[RasterFile], grid: Grid, *, layer: str, allowed: tuple[float, float], progress: Progress
) -> Warped:
    """Warp files onto a grid; of several that know a cell the first one wins.

    Parameters
    ----------
    files : sequence of RasterFile
        Heights in metres, any CRS each.
    grid : Grid
    layer : str
        Named in errors.
    allowed : tuple of float
        Least and greatest height in metres.
    progress : Progress
        Told ``import`` and how many strips of all files are done.

    Raises
    ------
    TableError
        With ``raster_value`` for a height out of range where the file meets the grid.
    LayerFileError
        ``raster_no_overlap`` when no file reaches the grid; ``raster_unreadable``.
    """
    values = np.full(grid.shape, np.nan, dtype=np.float32)
    used, unused, coarsest_m = [], [], 0.0
    for index, file in enumerate(files):
        cell_m = _checked_cell_m(file, grid, layer=layer, allowed=allowed)
        if cell_m is None:
            unused.append(file.name)
            continue
        used.append(file.name)
        coarsest_m = max(coarsest_m, cell_m)
        resampling = Resampling.average if grid.cell_size_m >= FINER * cell_m else Resampling.bilinear
        strips = range(0, grid.height, STRIP_ROWS)
        for done, row0 in enumerate(strips):
            progress("import", index * len(strips) + done, len(files) * len(strips))
            rows = min(STRIP_ROWS, grid.height - row0)
            _fill(values[row0 : row0 + rows], file, grid.window(row0, 0, rows, grid.width), resampling)
    if not used:
        raise LayerFileError("raster_no_overlap", file=files[0].name)
    progress("import", 1, 1)
    return Warped(grid, values, tuple(used), tuple(unused), coarsest_m)


def _checked_cell_m(
    file: RasterFile, grid: Grid, *, layer: str, allowed: tuple[float, float]
) -> float | None:
    """Cell size of a file on the grid in metres; None when the file does not reach the grid."""
    with file.opened() as source:
        bounds = bounds_from_grid(grid, file.crs)
        window = None if bounds is None else source_window(source, bounds)
        if window is None:
            return None
        centre_col, centre_row = window.col_off + window.width / 2, window.row_off + window.height / 2
        corners = [source.transform * (centre_col + step, centre_row + step) for step in (-0.5, 0.5)]
    transformer = pyproj.Transformer.from_crs(file.crs, pyproj.CRS.from_epsg(grid.epsg), always_xy=True)
    (x0, y0), (x1, y1) = (transformer.transform(*corner) for corner in corners)
    check_values(file, window, layer=layer, allowed=allowed, unit="m")
    return float(np.sqrt(abs((x1 - x0) * (y1 - y0))))


def bounds_from_grid(grid: Grid, crs: pyproj.CRS) -> Bounds | None:
    """Bounds of a grid in the CRS of a file; None where that CRS cannot hold them."""
    transformer = pyproj.Transformer.from_crs(pyproj.CRS.from_epsg(grid.epsg), crs, always_xy=True)
    bounds = transformer.transform_bounds(*grid.bounds, densify_pts=21)
    return bounds if np.all(np.isfinite(bounds)) else None


def _fill(strip: Heights, file: RasterFile, grid: Grid, resampling: Resampling) -> None:
    """Put a file's values where the strip knows none yet."""
    missing = np.isnan(strip)
    if not missing.any():
        return
    with file.opened() as source:
        is_float = np.issubdtype(np.dtype(source.dtypes[0]), np.floating)
        nodata = np.nan if source.nodata is None and is_float else source.nodata
        # rasterio.warp.reproject takes no tolerance; with GDAL's own of 1/8 cell a line of a province is bent
        # by metres.
        with WarpedVRT(
            source,
            src_crs=file.crs.to_wkt(),
            src_nodata=nodata,
            crs=f"EPSG:{grid.epsg}",
            nodata=np.nan,
            dtype="float32",
            width=grid.width,
            height=grid.height,
            transform=from_origin(grid.left_m, grid.top_m, grid.cell_size_m, grid.cell_size_m),
            resampling=resampling,
            tolerance=TOLERANCE_CELLS,
        ) as view:
            found = view.read(1)
        scale, offset = source.scales[0], source.offsets[0]
    strip[missing] = found[missing] * np.float32(scale) + np.float32(offset)


def cropped(warped: Warped) -> Warped:
    """Cut off empty rows and columns around the known cells, if there are any."""
    known = np.isfinite(warped.values)
    rows, cols = np.flatnonzero(known.any(axis=1)), np.flatnonzero(known.any(axis=0))
    if not len(rows):
        return warped
    row0, row1, col0, col1 = int(rows[0]), int(rows[-1]) + 1, int(cols[0]), int(cols[-1]) + 1
    return Warped(
        warped.grid.window(row0, col0, row1 - row0, col1 - col0),
        np.ascontiguousarray(warped.values[row0:row1, col0:col1]),
        warped.used,
        warped.unused,
        warped.source_cell_m,
    )


def unknown_share(store: FolderStore, warped: Warped) -> float:
    """Share of the cells of the study, inside its communes where it has some, that no file knows."""
    unknown = np.isnan(warped.values)
    if not store.has("communes"):
        return float(unknown.mean())
    grid = warped.grid
    outside = geometry_mask(
        list(store.table("communes").to_crs(epsg=grid.epsg).geometry),
        grid.shape,
        from_origin(grid.left_m, grid.top_m, grid.cell_size_m, grid.cell_size_m),
    )
    return float(unknown[~outside].mean()) if not outside.all() else 1.0
