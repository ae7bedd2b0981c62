"""Sweep mode with clutter on the way and at other percentages of time: how near it comes to exact mode."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from rasterio.enums import Resampling

from phusong.coverage.grids import Grid, Raster
from phusong.coverage.method import Method
from phusong.coverage.propagation.area import AreaLoss, path_loss_area

CELL_M = 30.0
LEFT_M, TOP_M = 500_000.0, 2_200_000.0
FOREST_M, HOUSES_M = 15.0, 10.0
CASES = [(50.0, True), (10.0, False), (1.0, False), (10.0, True)]
"""Percentage of time, and whether there is clutter."""


def world(values: np.ndarray) -> Raster:
    rows, cols = values.shape
    return Raster(Grid(cols, rows, CELL_M, LEFT_M, TOP_M, 32648), values.astype(np.float32), "m")


def patches(side: int, *, seed: int = 1, cells: int = 10) -> np.ndarray:
    """Forest, houses and open ground in patches some hundred metres across."""
    rng = np.random.default_rng(seed)
    corners = rng.random((side // cells + 2, side // cells + 2))
    place = np.arange(side) / cells
    low = place.astype(int)
    part = place - low
    rows = corners[low] + part[:, None] * (corners[low + 1] - corners[low])
    mixed = rows[:, low] + part * (rows[:, low + 1] - rows[:, low])
    return np.where(mixed < 0.42, FOREST_M, np.where(mixed > 0.66, HOUSES_M, 0.0))


def ridges(side: int, *, seed: int = 1, relief_m: float = 600.0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:side, 0:side] * CELL_M / 1000.0
    values = np.zeros((side, side))
    for wave in range(12):
        a, b = rng.normal(0.0, 1.0 + 0.15 * wave, 2)
        values += (1.0 - np.abs(np.sin(a * x + b * y + rng.uniform(0.0, 6.0)))) / (1.0 + wave)
    return relief_m * (values - values.min()) / np.ptp(values)


def predict(terrain: Raster, row: float, col: float, *, time_percentage: float, **options: Any) -> AreaLoss:
    arguments: dict[str, Any] = {
        "antenna_height_m": 30.0,
        "frequencies_mhz": [800.0],
        "mode": "sweep",
        **options,
    }
    return path_loss_area(
        terrain,
        x_m=LEFT_M + (col + 0.5) * CELL_M,
        y_m=TOP_M - (row + 0.5) * CELL_M,
        method=Method(time_percentage=time_percentage),
        **arguments,
    )


def assert_within_bars(sweep: AreaLoss, exact: AreaLoss) -> None:
    """Accuracy bars of the project: standard deviation, 99th percentile, share of covered pixels."""
    np.testing.assert_array_equal(np.isnan(sweep.loss_db), np.isnan(exact.loss_db))
    known = np.isfinite(exact.loss_db)
    difference_db = (sweep.loss_db - exact.loss_db)[known]
    assert abs(float(difference_db.mean())) < 0.05
    assert float(difference_db.std()) <= 0.4
    assert float(np.quantile(np.abs(difference_db), 0.99)) <= 1.5
    for limit_db in (120.0, 135.0, 150.0):
        shares = [float((area.loss_db[known] < limit_db).mean()) for area in (sweep, exact)]
        assert abs(shares[0] - shares[1]) <= 0.0005


@pytest.mark.parametrize("name", ["dem_monterey_3s.tif", "dem_rockies_calgary_3s.tif"])
@pytest.mark.parametrize(("time_percentage", "has_clutter"), CASES)
def test_real_mountains_stay_within_the_bars(
    shared_data: Path, name: str, time_percentage: float, has_clutter: bool
) -> None:
    path = shared_data / "terrain" / name
    if not path.is_file():
        pytest.skip(f"no terrain: {path}")
    with rasterio.open(path) as file:
        heights = file.read(
            1, out_shape=(600, 600), window=((100, 300), (100, 300)), resampling=Resampling.bilinear
        )
    options: dict[str, Any] = {
        "time_percentage": time_percentage,
        "radii_m": [8_000.0],
        "clutter": world(patches(600)) if has_clutter else None,
    }
    terrain = world(heights)
    sweep = predict(terrain, 300.2, 299.6, **options)
    assert_within_bars(sweep, predict(terrain, 300.2, 299.6, mode="exact", **options))


@pytest.mark.parametrize("cells", [3, 25])
@pytest.mark.parametrize("mhz", [450.0, 3500.0])
def test_patches_small_and_large_stay_within_the_bars(cells: int, mhz: float) -> None:
    terrain, cover = world(ridges(261, seed=7)), world(patches(261, seed=2, cells=cells))
    options: dict[str, Any] = {
        "time_percentage": 50.0,
        "clutter": cover,
        "frequencies_mhz": [mhz],
        "radii_m": [3_800.0],
    }
    sweep = predict(terrain, 130.4, 129.7, **options)
    assert_within_bars(sweep, predict(terrain, 130.4, 129.7, mode="exact", **options))


@pytest.mark.parametrize("time_percentage", [50.0, 10.0])
def test_clutter_of_no_height_changes_next_to_nothing(time_percentage: float) -> None:
    terrain = world(ridges(161, seed=2))
    options: dict[str, Any] = {"time_percentage": time_percentage, "radii_m": [2_300.0]}
    bare = predict(terrain, 80.1, 79.8, **options)
    none = predict(terrain, 80.1, 79.8, clutter=world(np.full((161, 161), np.nan)), **options)
    difference_db = np.abs(bare.loss_db - none.loss_db)[np.isfinite(bare.loss_db)]
    assert float(np.quantile(difference_db, 0.99)) < 0.05


def test_a_receiver_among_trees_loses_and_one_before_them_does_not() -> None:
    terrain, cover = world(np.zeros((121, 121))), np.zeros((121, 121))
    cover[:, 90:] = FOREST_M
    options: dict[str, Any] = {"time_percentage": 50.0, "radii_m": [1_700.0]}
    bare = predict(terrain, 60.0, 60.0, **options)
    behind = predict(terrain, 60.0, 60.0, clutter=world(cover), **options)
    more_db = (behind.loss_db - bare.loss_db)[0, 60 - bare.row0]
    assert float(more_db[88 - bare.col0]) == pytest.approx(0.0, abs=1e-4)
    assert float(more_db[95 - bare.col0]) > 15.0


@pytest.mark.parametrize(("time_percentage", "has_clutter"), CASES)
def test_threads_and_other_carriers_change_nothing(time_percentage: float, has_clutter: bool) -> None:
    terrain = world(ridges(141, seed=6))
    options: dict[str, Any] = {
        "time_percentage": time_percentage,
        "clutter": world(patches(141)) if has_clutter else None,
    }
    bands, radii_m = [700.0, 3700.0], [2_000.0, 900.0]
    one, four = (
        predict(terrain, 70.2, 70.4, frequencies_mhz=bands, radii_m=radii_m, threads=threads, **options)
        for threads in (1, 4)
    )
    np.testing.assert_array_equal(one.loss_db, four.loss_db)
    alone = predict(terrain, 70.2, 70.4, frequencies_mhz=bands[:1], radii_m=radii_m[:1], **options)
    np.testing.assert_array_equal(one.loss_db[0], alone.loss_db[0])


@pytest.mark.parametrize(("time_percentage", "has_clutter"), CASES)
def test_what_is_wanted_does_not_depend_on_what_is_not(time_percentage: float, has_clutter: bool) -> None:
    terrain = world(ridges(141, seed=6))
    options: dict[str, Any] = {
        "time_percentage": time_percentage,
        "clutter": world(patches(141)) if has_clutter else None,
        "radii_m": [2_000.0],
    }
    wanted = np.random.default_rng(3).random((141, 141)) < 0.3
    whole = predict(terrain, 70.2, 70.4, **options)
    part = predict(terrain, 70.2, 70.4, wanted=wanted, **options)
    rows, cols = whole.loss_db.shape[1:]
    asked = wanted[whole.row0 : whole.row0 + rows, whole.col0 : whole.col0 + cols]
    np.testing.assert_array_equal(part.loss_db, np.where(asked, whole.loss_db, np.nan))


def test_unknown_terrain_hides_what_lies_beyond() -> None:
    values = ridges(161, seed=2)
    values[60:70, 90:100] = np.nan
    options: dict[str, Any] = {
        "time_percentage": 10.0,
        "clutter": world(patches(161)),
        "radii_m": [2_300.0],
    }
    sweep = predict(world(values), 80.0, 80.0, **options)
    exact = predict(world(values), 80.0, 80.0, mode="exact", **options)
    assert np.isnan(sweep.loss_db[0, 65 - sweep.row0, 95 - sweep.col0])
    assert (np.isnan(sweep.loss_db) != np.isnan(exact.loss_db)).mean() < 0.002
    known = np.isfinite(sweep.loss_db) & np.isfinite(exact.loss_db)
    assert float(np.abs(sweep.loss_db - exact.loss_db)[known].max()) < 30.0


def test_less_time_means_less_loss() -> None:
    terrain = world(ridges(161, seed=3))
    losses = [
        predict(terrain, 80.0, 80.0, time_percentage=p, radii_m=[2_300.0]).loss_db for p in (50.0, 20.0, 1.0)
    ]
    for often, seldom in pairwise(losses):
        difference_db = (often - seldom)[np.isfinite(often)]
        assert float(difference_db.min()) > -0.01
        assert float(difference_db.mean()) > 0.01
