"""Many paths at once: exactly the losses that explained paths have, one by one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from phusong.coverage.errors import GridError, InputError, ModelRangeError
from phusong.coverage.grids import Grid, Raster
from phusong.coverage.manypaths import Paths, median_losses_db
from phusong.coverage.method import Method
from phusong.coverage.propagation.explain import explain_path
from phusong.coverage.radio.cell import Cell
from phusong.coverage.radio.pattern import cell_loss_db, cells_loss_db

GRID = Grid(width=120, height=90, cell_size_m=90.0, left_m=500_000.0, top_m=2_200_000.0, epsg=32648)


def _terrain(seed: int) -> Raster:
    rng = np.random.default_rng(seed)
    heights_m = (
        rng.normal(0.0, 60.0, (GRID.height // 10 + 1, GRID.width // 10 + 1)).repeat(10, 0).repeat(10, 1)
    )
    return Raster(GRID, (200.0 + heights_m[: GRID.height, : GRID.width]).astype(np.float32), "m")


def _paths(seed: int, count: int) -> Paths:
    rng = np.random.default_rng(seed)
    left_m, bottom_m, right_m, top_m = GRID.bounds
    x_m, y_m = rng.uniform(left_m, right_m, (2, count)), rng.uniform(bottom_m, top_m, (2, count))
    x_m[1, 0], y_m[1, 0] = x_m[0, 0] + 1.0, y_m[0, 0]  # nearer than the model begins
    return Paths(
        x_m[0],
        y_m[0],
        rng.uniform(10.0, 60.0, count),
        x_m[1],
        y_m[1],
        rng.choice([773.0, 1842.5, 3700.0], count),
    )


def _explained_db(terrain: Raster, paths: Paths, method: Method, clutter: Raster | None) -> list[float]:
    ends = zip(
        paths.x1_m, paths.y1_m, paths.height_m, paths.x2_m, paths.y2_m, paths.frequency_mhz, strict=True
    )
    return [
        explain_path(
            terrain, x1, y1, h1, x2, y2, method.receiver_height_m, f, method, clutter=clutter
        ).total_db
        for x1, y1, h1, x2, y2, f in ends
    ]


@pytest.mark.parametrize("with_clutter", [False, True])
@pytest.mark.parametrize("time_percentage", [50.0, 10.0])
def test_losses_are_those_of_explained_paths(with_clutter: bool, time_percentage: float) -> None:
    terrain, paths = _terrain(1), _paths(2, 40)
    method = replace(Method(), time_percentage=time_percentage)
    clutter = None
    if with_clutter:
        heights_m = np.random.default_rng(3).choice([0.0, 8.0, 15.0, np.nan], GRID.shape)
        clutter = Raster(GRID, heights_m.astype(np.float32), "m")
    found_db = median_losses_db(terrain, paths, method=method, clutter=clutter)
    np.testing.assert_array_equal(found_db, _explained_db(terrain, paths, method, clutter))


def test_unknown_terrain_on_the_path_is_no_answer() -> None:
    terrain = _terrain(4)
    values = terrain.values.copy()
    values[:, 60] = np.nan
    left_m, y_m = GRID.left_m + 900.0, GRID.top_m - 4000.0
    ends = (left_m + 600.0, left_m + 9000.0)  # the second lies beyond the unknown column
    paths = Paths(
        *(np.full(2, one) for one in (left_m, y_m, 30.0)),
        np.array(ends),
        *(np.full(2, one) for one in (y_m, 773.0)),
    )
    found_db = median_losses_db(Raster(GRID, values, "m"), paths, method=Method())
    assert np.isnan(found_db).tolist() == [False, True]


def test_what_no_single_path_could_be_is_refused() -> None:
    terrain, paths = _terrain(5), _paths(6, 3)
    with pytest.raises(GridError, match="point_outside_grid"):
        median_losses_db(terrain, replace(paths, x2_m=paths.x2_m - 1e6), method=Method())
    with pytest.raises(InputError, match="path_too_short"):
        median_losses_db(terrain, replace(paths, x2_m=paths.x1_m, y2_m=paths.y1_m), method=Method())
    with pytest.raises(ModelRangeError, match="model_range"):
        median_losses_db(terrain, replace(paths, frequency_mhz=paths.frequency_mhz * 10.0), method=Method())


def test_no_path_has_no_loss() -> None:
    none = np.empty(0)
    assert median_losses_db(_terrain(7), Paths(none, none, none, none, none, none), method=Method()).size == 0


def test_many_cells_have_the_patterns_of_each() -> None:
    sector = Cell("a-1", "a", "Viettel", "4G", 1842.5, 20.0, 0.0, 0.0, 36.0, 90.0, 4.0, 46.0, 17.5, 65.0, 7.0)
    cells = [
        sector,
        replace(sector, cell_id="a-2", azimuth_deg=210.0),
        replace(sector, cell_id="a-3", azimuth_deg=None, downtilt_deg=0.0),
        replace(sector, cell_id="a-4", mechanical_tilt_deg=3.0),
        sector,
    ]
    azimuth_deg, depression_deg = (
        np.array([10.0, -170.0, 45.0, 250.0, 91.5]),
        np.array([1.0, 3.5, -2.0, 4.0, 12.0]),
    )
    expected_db = [
        float(cell_loss_db(cell, azimuth, depression))
        for cell, azimuth, depression in zip(cells, azimuth_deg, depression_deg, strict=True)
    ]
    assert cells_loss_db(cells, azimuth_deg, depression_deg).tolist() == expected_db
