"""Sweep mode: how near it comes to exact mode, and worlds where it must equal it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from rasterio.enums import Resampling

from phusong.coverage.errors import GridError, InputError
from phusong.coverage.grids import Grid, Raster
from phusong.coverage.method import Method
from phusong.coverage.propagation.area import AreaLoss, path_loss_area
from phusong.coverage.propagation.area_geometry import Site, inner_samples
from phusong.coverage.propagation.area_laying import Lay
from phusong.coverage.propagation.sweep import MORE_EDGE_CELLS, RADIALS_PER_EDGE, _fans, _on_lattice
from phusong.coverage.propagation.sweep_radials import Fan, fan_edges, first_rows, list_pixels, make_pixels
from phusong.coverage.propagation.sweep_sight import _UNSORTED

CELL_M = 30.0
METHOD = Method()
LEFT_M, TOP_M = 500_000.0, 2_200_000.0


def sweep_loss_area(terrain: Raster, **options: Any) -> AreaLoss:
    return path_loss_area(terrain, mode="sweep", **options)


def world(values: np.ndarray, *, cell_m: float = CELL_M) -> Raster:
    rows, cols = values.shape
    return Raster(Grid(cols, rows, cell_m, LEFT_M, TOP_M, 32648), values.astype(np.float32), "m")


def ridges(side: int, *, seed: int = 1, relief_m: float = 600.0) -> np.ndarray:
    """Folded mountains: sharp crests, waves of many lengths."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:side, 0:side] * CELL_M / 1000.0
    values = np.zeros((side, side))
    for wave in range(12):
        a, b = rng.normal(0.0, 1.0 + 0.15 * wave, 2)
        values += (1.0 - np.abs(np.sin(a * x + b * y + rng.uniform(0.0, 6.0)))) / (1.0 + wave)
    return relief_m * (values - values.min()) / np.ptp(values)


def both(
    terrain: Raster, row: float, col: float, *, height_m: float = 30.0, mhz: float = 800.0, radius_m: float
) -> tuple[AreaLoss, AreaLoss]:
    options: dict[str, Any] = {
        "x_m": LEFT_M + (col + 0.5) * CELL_M,
        "y_m": TOP_M - (row + 0.5) * CELL_M,
        "antenna_height_m": height_m,
        "frequencies_mhz": [mhz],
        "radii_m": [radius_m],
        "method": METHOD,
    }
    return sweep_loss_area(terrain, **options), path_loss_area(terrain, **options)


def assert_within_bars(sweep: AreaLoss, exact: AreaLoss) -> None:
    """Accuracy bars of the project: standard deviation, 99th percentile, share of covered pixels."""
    assert (sweep.row0, sweep.col0) == (exact.row0, exact.col0)
    np.testing.assert_array_equal(np.isnan(sweep.loss_db), np.isnan(exact.loss_db))
    known = np.isfinite(exact.loss_db)
    difference_db = (sweep.loss_db - exact.loss_db)[known]
    assert abs(float(difference_db.mean())) < 0.05
    assert float(difference_db.std()) <= 0.4
    assert float(np.quantile(np.abs(difference_db), 0.99)) <= 1.5
    for limit_db in (120.0, 135.0, 150.0):
        shares = [float((area.loss_db[known] < limit_db).mean()) for area in (sweep, exact)]
        assert abs(shares[0] - shares[1]) <= 0.0005


@pytest.mark.parametrize(("mhz", "height_m"), [(700.0, 30.0), (1800.0, 45.0), (3700.0, 15.0)])
def test_ridges_stay_within_the_bars(mhz: float, height_m: float) -> None:
    terrain = world(ridges(321))
    assert_within_bars(*both(terrain, 160.3, 158.8, height_m=height_m, mhz=mhz, radius_m=4_700.0))


@pytest.mark.parametrize("name", ["dem_monterey_3s.tif", "dem_rockies_calgary_3s.tif"])
def test_real_mountains_stay_within_the_bars(shared_data: Path, name: str) -> None:
    path = shared_data / "terrain" / name
    if not path.is_file():
        pytest.skip(f"no terrain: {path}")
    with rasterio.open(path) as file:
        heights = file.read(
            1, out_shape=(600, 600), window=((100, 300), (100, 300)), resampling=Resampling.bilinear
        )
    assert_within_bars(*both(world(heights), 300.2, 299.6, radius_m=8_000.0))


def test_smooth_earth_equals_exact_mode() -> None:
    sweep, exact = both(world(np.full((301, 301), 12.0)), 150.0, 150.0, radius_m=4_400.0)
    # the sweep's smooth earth is the closed form, exact mode's that of the samples
    np.testing.assert_allclose(sweep.loss_db, exact.loss_db, atol=0.08)


@pytest.mark.parametrize(("row", "col"), [(0.0, 0.0), (-0.4, 63.2), (100.0, 119.4), (119.49, 0.1)])
def test_masts_at_the_edge_of_the_grid(row: float, col: float) -> None:
    sweep, exact = both(world(ridges(120, seed=3, relief_m=300.0)), row, col, radius_m=3_000.0)
    np.testing.assert_array_equal(np.isnan(sweep.loss_db), np.isnan(exact.loss_db))
    difference_db = np.abs(sweep.loss_db - exact.loss_db)
    assert float(np.nanmedian(difference_db)) < 0.05
    assert float(np.nanquantile(difference_db, 0.99)) < 2.5


def test_window_of_a_larger_grid_changes_nothing() -> None:
    values = ridges(200, seed=5)
    whole, _ = both(world(values), 100.25, 100.75, radius_m=1_500.0)
    part = Raster(world(values).grid.window(40, 40, 120, 120), values[40:160, 40:160].astype(np.float32), "m")
    again, _ = both(part, 100.25, 100.75, radius_m=1_500.0)
    assert (again.row0 + 40, again.col0 + 40) == (whole.row0, whole.col0)
    np.testing.assert_array_equal(again.loss_db, whole.loss_db)


def test_unknown_terrain_hides_what_lies_beyond() -> None:
    values = ridges(161, seed=2)
    values[60:70, 90:100] = np.nan
    sweep, exact = both(world(values), 80.0, 80.0, radius_m=2_300.0)
    mismatch = np.isnan(sweep.loss_db) != np.isnan(exact.loss_db)
    assert np.isnan(sweep.loss_db[0, 65 - sweep.row0, 95 - sweep.col0])
    assert (
        np.isnan(exact.loss_db).sum()
        > np.isnan(both(world(ridges(161)), 80.0, 80.0, radius_m=2_300.0)[1].loss_db).sum()
    )
    assert mismatch.mean() < 0.002
    both_known = np.isfinite(sweep.loss_db) & np.isfinite(exact.loss_db)
    assert float(np.abs(sweep.loss_db - exact.loss_db)[both_known].max()) < 30.0


def test_several_carriers_equal_single_ones() -> None:
    terrain = world(ridges(161, seed=4))
    options: dict[str, Any] = {
        "x_m": LEFT_M + 2_400.0,
        "y_m": TOP_M - 2_391.0,
        "antenna_height_m": 25.0,
        "method": METHOD,
    }
    bands, radii_m = [700.0, 1800.0, 3700.0], [2_300.0, 2_300.0, 1_000.0]
    together = sweep_loss_area(terrain, frequencies_mhz=bands, radii_m=radii_m, **options)
    for i in range(2):
        alone = sweep_loss_area(terrain, frequencies_mhz=[bands[i]], radii_m=[radii_m[i]], **options)
        np.testing.assert_array_equal(together.loss_db[i], alone.loss_db[0])
    exact = path_loss_area(terrain, frequencies_mhz=bands, radii_m=radii_m, **options)
    np.testing.assert_array_equal(np.isnan(together.loss_db), np.isnan(exact.loss_db))


def test_threads_change_nothing() -> None:
    terrain = world(ridges(161, seed=6))
    options: dict[str, Any] = {
        "x_m": LEFT_M + 2_410.0,
        "y_m": TOP_M - 2_405.0,
        "antenna_height_m": 25.0,
        "method": METHOD,
    }
    one, four = (
        sweep_loss_area(terrain, frequencies_mhz=[800.0], radii_m=[2_300.0], threads=n, **options)
        for n in (1, 4)
    )
    np.testing.assert_array_equal(one.loss_db, four.loss_db)


@pytest.mark.parametrize("radius_m", [300.0, 600.0, 1_200.0, 2_400.0])
@pytest.mark.parametrize("seed", [11, 12])
def test_small_discs_stay_within_the_bars(radius_m: float, seed: int) -> None:
    terrain = world(ridges(181, seed=seed, relief_m=900.0))
    sweep, exact = both(terrain, 90.4, 89.7, height_m=20.0, mhz=3500.0, radius_m=radius_m)
    difference_db = (sweep.loss_db - exact.loss_db)[np.isfinite(exact.loss_db)]
    assert float(difference_db.std()) <= 0.4
    assert float(np.quantile(np.abs(difference_db), 0.99)) <= 1.5


@pytest.mark.parametrize("at", ["ridge", "valley"])
@pytest.mark.parametrize("mhz", [800.0, 3500.0])
def test_masts_on_real_ridges_and_in_valleys(shared_data: Path, at: str, mhz: float) -> None:
    path = shared_data / "terrain" / "dem_rockies_calgary_3s.tif"
    if not path.is_file():
        pytest.skip(f"no terrain: {path}")
    with rasterio.open(path) as file:
        heights = file.read(
            1, out_shape=(500, 500), window=((1950, 2117), (60, 227)), resampling=Resampling.bilinear
        )
    inner = heights[200:300, 200:300]
    place = inner.argmax() if at == "ridge" else inner.argmin()
    row, col = (200.0 + k for k in np.unravel_index(place, inner.shape))
    assert_within_bars(*both(world(heights), row + 0.3, col - 0.2, mhz=mhz, radius_m=5_400.0))


def test_moving_the_world_by_cells_changes_nothing() -> None:
    values = ridges(120, seed=9).astype(np.float32)
    here, _ = both(world(values), 60.25, 59.5, radius_m=1_500.0)
    moved = Raster(Grid(120, 120, CELL_M, LEFT_M + 96_000.0, TOP_M - 48_000.0, 32648), values, "m")
    there = path_loss_area(
        moved,
        x_m=LEFT_M + 96_000.0 + 60.0 * CELL_M,
        y_m=TOP_M - 48_000.0 - 60.75 * CELL_M,
        antenna_height_m=30.0,
        frequencies_mhz=[800.0],
        radii_m=[1_500.0],
        method=METHOD,
        mode="sweep",
    )
    np.testing.assert_array_equal(there.loss_db, here.loss_db)


def test_several_masts_at_once_do_not_disturb_each_other() -> None:
    terrain = world(ridges(121, seed=8))

    def predict(col: int) -> AreaLoss:
        return sweep_loss_area(
            terrain,
            x_m=LEFT_M + col * CELL_M,
            y_m=TOP_M - 1_800.0,
            antenna_height_m=25.0,
            frequencies_mhz=[800.0, 2600.0],
            radii_m=[1_500.0, 900.0],
            method=METHOD,
            threads=1,
        )

    places = range(30, 90, 10)
    with ThreadPoolExecutor(max_workers=4) as pool:
        together = list(pool.map(predict, places))
    for col, area in zip(places, together, strict=True):
        np.testing.assert_array_equal(area.loss_db, predict(col).loss_db)


def test_models_the_sweep_does_not_know_have_one_way() -> None:
    terrain = world(ridges(61))
    options: dict[str, Any] = {
        "x_m": LEFT_M + 900.0,
        "y_m": TOP_M - 900.0,
        "antenna_height_m": 25.0,
        "frequencies_mhz": [800.0],
        "radii_m": [800.0],
        "method": Method(model="free_space"),
    }
    sweep, exact = sweep_loss_area(terrain, **options), path_loss_area(terrain, **options)
    np.testing.assert_array_equal(sweep.loss_db, exact.loss_db)


def test_refusals_name_their_cause() -> None:
    options: dict[str, Any] = {
        "antenna_height_m": 25.0,
        "frequencies_mhz": [800.0],
        "radii_m": [800.0],
        "method": METHOD,
    }
    with pytest.raises(InputError) as unknown:
        path_loss_area(world(ridges(21)), x_m=LEFT_M + 9.0, y_m=TOP_M - 9.0, mode="fast", **options)
    assert unknown.value.code == "mode_unknown"
    with pytest.raises(GridError) as other:
        place = {"x_m": LEFT_M + 9.0, "y_m": TOP_M - 9.0}
        sweep_loss_area(world(ridges(21)), **place, wanted=np.ones((20, 21), dtype=bool), **options)
    assert other.value.code == "wanted_other_grid"
    with pytest.raises(GridError) as outside:
        sweep_loss_area(world(ridges(21)), x_m=LEFT_M - 9.0, y_m=TOP_M - 9.0, **options)
    assert outside.value.code == "transmitter_outside_grid"


def lay(ground: np.ndarray) -> Lay:
    """Ground without clutter."""
    nothing = np.empty((0, 0), dtype=np.float32)
    return Lay(ground, np.ascontiguousarray(ground.T), nothing, nothing)


@pytest.mark.parametrize("parts", [(0.0, 0.0), (0.3, 0.7), (0.5, 0.5), (0.25, 0.75), (0.999, 0.001)])
def test_every_pixel_belongs_to_one_radial(parts: tuple[float, float]) -> None:
    ground = np.zeros((43, 39), dtype=np.float32)
    site = _on_lattice(Site(20, 17, *parts, 30.0, 1.5, 9000.0, 0.03))
    hits = np.zeros(41 * 37, dtype=int)
    pixels, edges = make_pixels(200), fan_edges(60.0, 3)
    for fan in _fans(lay(ground), site):
        assert isinstance(fan, Fan)
        for low, high in pairwise(edges):
            begins, ends = np.zeros(64, dtype=np.int32), np.zeros(64, dtype=np.int32)
            first_rows(fan, low, begins)
            first_rows(fan, high, ends)
            found = list_pixels(fan, begins, ends, 0.0, 0.0, 60.0, pixels)
            np.add.at(hits, pixels.target[:found], 1)
    centre = parts == (0.0, 0.0)
    assert hits.sum() == hits.size - centre
    assert hits.max() == 1


def masks(side: int) -> dict[str, np.ndarray]:
    """Pixels somebody may want: scattered ones, a province's half of the disc, a far corner, all, none."""
    y, x = np.mgrid[0:side, 0:side]
    return {
        "scattered": np.random.default_rng(3).random((side, side)) < 0.3,
        "half": x + 0.4 * y < 0.8 * side,
        "corner": (x > 0.7 * side) & (y < 0.3 * side),
        "all": np.ones((side, side), dtype=bool),
        "none": np.zeros((side, side), dtype=bool),
    }


@pytest.mark.parametrize("mode", ["sweep", "exact"])
@pytest.mark.parametrize("relief_m", [0.0, 600.0])
def test_what_is_wanted_does_not_depend_on_what_is_not(mode: str, relief_m: float) -> None:
    terrain = world(ridges(201, seed=7, relief_m=relief_m))
    options: dict[str, Any] = {
        "x_m": LEFT_M + 3_010.0,
        "y_m": TOP_M - 3_005.0,
        "antenna_height_m": 25.0,
        "frequencies_mhz": [800.0, 2600.0],
        "radii_m": [2_900.0, 1_500.0],
        "method": METHOD,
        "mode": mode,
    }
    whole = path_loss_area(terrain, **options)
    for name, wanted in masks(201).items():
        area = path_loss_area(terrain, wanted=wanted, threads=2, **options)
        rows, cols = whole.loss_db.shape[1:]
        part = wanted[whole.row0 : whole.row0 + rows, whole.col0 : whole.col0 + cols]
        np.testing.assert_array_equal(area.loss_db, np.where(part, whole.loss_db, np.nan), err_msg=name)


@pytest.mark.parametrize("parts", [(0.0, 0.0), (0.3, 0.7), (0.999, 0.001)])
@pytest.mark.parametrize("radius_cells", [12.0, 90.0])
def test_samples_before_the_pixels_of_a_radial_hardly_fall(
    parts: tuple[float, float], radius_cells: float
) -> None:
    side = 2 * int(radius_cells) + 5
    middle = side // 2
    ground = np.zeros((side, side), dtype=np.float32)
    site = _on_lattice(Site(middle, middle, *parts, 30.0, 1.5, 9000.0, 0.03))
    pixels, edges = make_pixels(side * 2), fan_edges(radius_cells + MORE_EDGE_CELLS, RADIALS_PER_EDGE)
    falls = []
    for fan in _fans(lay(ground), site):
        for low, high in pairwise(edges):
            begins, ends = np.zeros(side, dtype=np.int32), np.zeros(side, dtype=np.int32)
            first_rows(fan, low, begins)
            first_rows(fan, high, ends)
            steep = 0.0 if low < 0.0 < high else min(abs(low), abs(high))
            found = list_pixels(fan, begins, ends, steep, 0.0, radius_cells, pixels)
            inner = np.array([inner_samples(cells) for cells in pixels.cells[:found]])
            if found:
                falls.append(int((np.maximum.accumulate(inner) - inner).max()))
    assert len(falls) > edges.size
    assert max(falls) < _UNSORTED
