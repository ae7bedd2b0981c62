"""The grid of a study, from the layers it has."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from phusong.coverage.errors import InputError
from phusong.coverage.grids import Grid
from phusong.geodata.store.rasters import read_grid

if TYPE_CHECKING:
    from phusong.geodata.store.folder import FolderStore

MARGIN_CELLS = 2


def grid_from_layers(store: FolderStore) -> Grid:
    """Return the study grid, snapped to whole cells.

    Once a raster lies on a grid that grid stays, so that layers imported later fit it. Otherwise the
    communes' bounds with a small margin, else the sites' bounds with the farthest reach of the method.

    Raises
    ------
    InputError
        ``study_has_no_place`` when no layer says where the study is.
    """
    for layer in ("terrain", "population", "clutter"):
        if store.has(layer):
            return read_grid(store.raster_path(layer))
    for layer in ("communes", "sites"):
        if store.has(layer) and store.epsg is not None:
            bounds = tuple(float(edge) for edge in store.table(layer).to_crs(epsg=store.epsg).total_bounds)
            reach_m = 0.0 if layer == "communes" else max(store.method().max_radius_km.values()) * 1_000
            margin_m = reach_m + MARGIN_CELLS * store.grid_m
            return snapped_grid(bounds, margin_m=margin_m, cell_size_m=store.grid_m, epsg=store.epsg)
    raise InputError("study_has_no_place")


def snapped_grid(bounds_m: tuple[float, ...], *, margin_m: float, cell_size_m: float, epsg: int) -> Grid:
    """Return the grid of whole cells around bounds; cell corners are multiples of the cell size.

    Examples
    --------
    >>> snapped_grid((5.0, 5.0, 95.0, 65.0), margin_m=0.0, cell_size_m=30.0, epsg=32648).shape
    (3, 4)
    """
    left, bottom, right, top = bounds_m
    left = math.floor((left - margin_m) / cell_size_m) * cell_size_m
    top = math.ceil((top + margin_m) / cell_size_m) * cell_size_m
    return Grid(
        width=math.ceil((right + margin_m - left) / cell_size_m),
        height=math.ceil((top - (bottom - margin_m)) / cell_size_m),
        cell_size_m=cell_size_m,
        left_m=left,
        top_m=top,
        epsg=epsg,
    )
