"""Heights of a whole province stay where they are: every cell against a transformation of its own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyproj
import pytest
import rasterio
from rasterio.transform import from_origin

from phusong.coverage.grids import Grid
from phusong.geodata.rasterfiles import raster_files
from phusong.geodata.reports import no_progress
from phusong.geodata.warping import TOLERANCE_CELLS, warp_files

STEP_DEG = 1 / 1_200
WEST, NORTH = 104.0, 20.5


@pytest.mark.parametrize("axis", [0, 1], ids=["rows", "columns"])
@pytest.mark.parametrize("dtype", ["float32", "int16"])
def test_a_wide_grid_samples_every_cell_where_it_lies(tmp_path: Path, axis: int, dtype: str) -> None:
    """The height of a ramp is its own row (or column), so the warped height tells where it was sampled.

    Over 180 km a parallel is bent against the grid by more than 200 m: narrow grids do not show the error.
    """
    shape = (240, 2_400)
    ramp = np.indices(shape)[axis].astype(dtype)
    path = tmp_path / "ramp.tif"
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        height=shape[0],
        width=shape[1],
        count=1,
        dtype=dtype,
        crs="EPSG:4326",
        transform=from_origin(WEST, NORTH, STEP_DEG, STEP_DEG),
    ) as target:
        target.write(ramp, 1)
    grid = Grid(width=6_000, height=300, cell_size_m=30.0, left_m=409_980.0, top_m=2_261_010.0, epsg=32648)

    values = warp_files(
        raster_files([path], crs=None), grid, layer="terrain", allowed=(-500, 9_000), progress=no_progress
    ).values

    rows, cols = np.mgrid[0 : grid.height : 17, 0 : grid.width : 11]
    lon, lat = pyproj.Transformer.from_crs(32648, 4326, always_xy=True).transform(
        grid.left_m + (cols + 0.5) * 30.0, grid.top_m - (rows + 0.5) * 30.0
    )
    place = ((NORTH - lat) / STEP_DEG - 0.5, (lon - WEST) / STEP_DEG - 0.5)
    inside = (place[0] >= 0) & (place[0] <= shape[0] - 1) & (place[1] >= 0) & (place[1] <= shape[1] - 1)
    assert inside.sum() > 5_000
    wrong_cells = np.abs(values[rows, cols] - place[axis])[inside]
    assert wrong_cells.max() <= TOLERANCE_CELLS
