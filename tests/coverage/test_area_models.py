"""Areas by ITM and TR 38.901: every pixel equals the path model on the profile that is its own."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from phusong.coverage.errors import InputError, ModelRangeError
from phusong.coverage.grids import Grid, Raster
from phusong.coverage.method import MODELS, Method
from phusong.coverage.propagation import free_space, tr38901
from phusong.coverage.propagation.area import AreaLoss, extract_profile, path_loss_area
from phusong.coverage.propagation.itm import path_loss_parts
from phusong.coverage.propagation.itm_settings import ItmSettings

CELL_M = 30.0
GRID = Grid(width=160, height=150, cell_size_m=CELL_M, left_m=500_000.0, top_m=2_200_000.0, epsg=32648)
MAST = {"x_m": 501_207.31, "y_m": 2_198_011.77, "antenna_height_m": 30.0}
SETTINGS = ItmSettings(climate="equatorial", ground="good", time_percentage=90.0, situation_percentage=80.0)
METHOD = Method(model="itm", itm=SETTINGS)


@pytest.fixture(scope="module")
def terrain() -> Raster:
    row, col = np.indices(GRID.shape)
    hills = 250.0 + 180.0 * np.sin(row / 11.0) * np.cos(col / 17.0) + 40.0 * np.sin(row * col / 150.0)
    hills[:, 120:] = np.maximum(hills[:, 120:], 200.0)  # a plain, where samples are alike
    return Raster(GRID, hills.astype(np.float32), "m")


def _area(terrain: Raster, method: Method, frequencies=(800.0, 3_500.0), radii=(3_500.0, 2_000.0), **more):
    options = {**MAST, **more}
    return path_loss_area(terrain, frequencies_mhz=frequencies, radii_m=radii, method=method, **options)


def _pixels(area: AreaLoss, band: int, count: int, rng_seed: int = 5) -> list[tuple[int, int]]:
    known = np.argwhere(np.isfinite(area.loss_db[band]))
    chosen = np.random.default_rng(rng_seed).choice(len(known), size=count, replace=False)
    return [tuple(known[i]) for i in chosen]


def _distance_m(area: AreaLoss, row: int, col: int) -> float:
    x_m, y_m = GRID.centre(area.row0 + row, area.col0 + col)
    return math.hypot(x_m - MAST["x_m"], y_m - MAST["y_m"])


@pytest.mark.parametrize("with_clutter", [False, True])
def test_itm_pixels_equal_the_path_model(terrain: Raster, with_clutter: bool) -> None:
    cover = Raster(GRID, (terrain.values % 13.0).astype(np.float32), "m") if with_clutter else None
    area = _area(terrain, METHOD, clutter=cover)
    compared = 0
    for band, frequency_mhz in enumerate((800.0, 3_500.0)):
        for row, col in _pixels(area, band, 60):
            if _distance_m(area, row, col) < 250.0:
                continue
            x_m, y_m = GRID.centre(area.row0 + row, area.col0 + col)
            profile = extract_profile(
                terrain, MAST["x_m"], MAST["y_m"], x_m, y_m, clutter=cover, is_even=True
            )
            found = path_loss_parts(
                profile,
                frequency_mhz=frequency_mhz,
                tx_height_m=MAST["antenna_height_m"],
                rx_height_m=METHOD.receiver_height_m,
                climate=1,
                n0=METHOD.n0,
                epsilon=25.0,
                sigma=0.02,
                mdvar=13,
                time_percentage=90.0,
                situation_percentage=80.0,
            )
            assert area.loss_db[band, row, col] == pytest.approx(found.loss_db, abs=0.001)
            compared += 1
    assert compared > 100


def test_even_profiles_keep_length_ends_and_count(terrain: Raster) -> None:
    ends = (MAST["x_m"], MAST["y_m"], *GRID.centre(20, 33))
    plain, even = extract_profile(terrain, *ends), extract_profile(terrain, *ends, is_even=True)
    assert even.distance_km.size == plain.distance_km.size
    assert even.length_km == pytest.approx(plain.length_km)
    steps = np.diff(even.distance_km)
    assert steps == pytest.approx(steps[0])
    assert abs(steps[0] - 0.001 * CELL_M) <= 0.001 * CELL_M / (2 * steps.size) + 1e-12


def test_threads_do_not_change_the_loss(terrain: Raster) -> None:
    one, two = _area(terrain, METHOD, threads=1), _area(terrain, METHOD, threads=2)
    assert np.array_equal(one.loss_db, two.loss_db, equal_nan=True)


@pytest.mark.parametrize("model", MODELS)
def test_every_model_answers_in_the_same_shape(terrain: Raster, model: str) -> None:
    method = replace(METHOD, model=model, fixed_radius_km=1.0)
    mast = {"antenna_height_m": 20.0}
    area = _area(terrain, method, radii=(1_500.0, 900.0), **mast)
    rows, cols = area.loss_db.shape[1:]
    distance_m = np.array([[_distance_m(area, row, col) for col in range(cols)] for row in range(rows)])
    for band, radius_m in enumerate((1_000.0 if model == "fixed_radius" else 1_500.0, 900.0)):
        assert np.array_equal(np.isfinite(area.loss_db[band]), distance_m <= radius_m)


@pytest.mark.parametrize("model", ["itm", "tr38901_rma", "free_space"])
def test_unknown_terrain_is_unknown_loss(terrain: Raster, model: str) -> None:
    holed = terrain.values.copy()
    holed[40, 100] = np.nan
    area = _area(Raster(GRID, holed, "m"), replace(METHOD, model=model))
    loss = area.loss_db[0]
    row, col = 40 - area.row0, 100 - area.col0
    assert math.isnan(loss[row, col])
    behind = loss[row, col + 1 :]
    assert np.isfinite(_area(terrain, replace(METHOD, model=model)).loss_db[0, row, col])
    hidden = np.isnan(loss).sum() - np.isnan(_area(terrain, replace(METHOD, model=model)).loss_db[0]).sum()
    assert (hidden > 1) == (model == "itm")
    assert behind.size > 0


def test_near_the_mast_itm_is_free_space_along_the_slant(terrain: Raster) -> None:
    area = _area(terrain, METHOD)
    row, col = GRID.row_col(MAST["x_m"], MAST["y_m"])
    target = terrain.values[row, col + 3] + METHOD.receiver_height_m
    profile = extract_profile(terrain, MAST["x_m"], MAST["y_m"], *GRID.centre(row, col + 3))
    slant_m = math.hypot(1_000.0 * profile.length_km, target - profile.height_m[0] - MAST["antenna_height_m"])
    expected = float(free_space.path_loss_db(slant_m, frequency_mhz=800.0))
    assert area.loss_db[0, row - area.row0, col + 3 - area.col0] == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize("scenario", ["RMa", "UMa", "UMi"])
def test_tr38901_pixels_equal_the_expected_loss(terrain: Raster, scenario: tr38901.Scenario) -> None:
    method = replace(METHOD, model=f"tr38901_{scenario.lower()}")
    area = _area(terrain, method, antenna_height_m=20.0)
    for row, col in _pixels(area, 1, 20):
        expected = tr38901.path_loss_db(
            _distance_m(area, row, col),
            scenario=scenario,
            frequency_mhz=3_500.0,
            tx_height_m=20.0,
            rx_height_m=1.5,
        )
        assert area.loss_db[1, row, col] == pytest.approx(float(expected), abs=0.001)


@pytest.mark.parametrize(
    ("model", "changes", "options"),
    [
        ("itm", {"n0": 500.0}, {}),
        ("itm", {}, {"antenna_height_m": 0.1}),
        ("itm", {}, {"frequencies": (10.0,), "radii": (900.0,)}),
        ("tr38901_umi", {}, {"antenna_height_m": 60.0}),
        ("tr38901_rma", {}, {"frequencies": (450.0,), "radii": (900.0,)}),
    ],
)
def test_what_a_model_does_not_take_is_refused(terrain: Raster, model, changes, options) -> None:
    with pytest.raises(ModelRangeError, match="model_range"):
        _area(terrain, replace(METHOD, model=model, **changes), **options)


def test_millimetre_waves_by_tr38901(terrain: Raster) -> None:
    method = replace(METHOD, model="tr38901_umi")
    area = _area(terrain, method, frequencies=(26_000.0,), radii=(300.0,), antenna_height_m=10.0)
    assert np.nanmin(area.loss_db) > 80.0
    with pytest.raises(InputError, match="model_range"):
        _area(terrain, replace(method, model="p1812"), frequencies=(26_000.0,), radii=(300.0,))
