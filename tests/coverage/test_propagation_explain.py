"""The explanation of a path adds up and points at the right hill."""

from __future__ import annotations

import numpy as np
import pytest

from phusong.coverage.grids import Grid, Raster
from phusong.coverage.method import Method
from phusong.coverage.propagation.area import path_loss_area
from phusong.coverage.propagation.explain import PathExplanation, explain_path

GRID = Grid(201, 41, 30.0, 500_000.0, 2_200_000.0, 32648)


def ridge_world(height_m: float, col: int = 130) -> Raster:
    values = np.zeros(GRID.shape, dtype=np.float32)
    values[:, col] = height_m
    return Raster(GRID, values, "m")


def explained(terrain: Raster, *, method: Method | None = None, to_col: int = 180) -> PathExplanation:
    x1_m, y1_m = GRID.centre(20, 20)
    x2_m, y2_m = GRID.centre(20, to_col)
    return explain_path(terrain, x1_m, y1_m, 30.0, x2_m, y2_m, 1.5, 800.0, method or Method())


@pytest.mark.parametrize("time_percentage", [50.0, 5.0])
@pytest.mark.parametrize("height_m", [0.0, 20.0, 400.0])
def test_parts_sum_to_the_total(height_m: float, time_percentage: float) -> None:
    found = explained(ridge_world(height_m), method=Method(time_percentage=time_percentage))
    assert sum(found.parts_db.values()) == pytest.approx(found.total_db, abs=1e-6)
    assert found.diffraction_db == pytest.approx(found.parts_db["terrain"] + found.parts_db["earth"])


def test_the_worst_obstruction_is_the_ridge() -> None:
    found = explained(ridge_world(120.0))
    assert found.obstruction is not None
    assert found.obstruction.distance_m == pytest.approx(50 * 30.0)
    ray_m = 30.0 + (1.5 - 30.0) * 110 / 160
    bulge_m = 500.0 * 3.3 * 1.5 / (6371.0 * 157.0 / 107.0)
    assert found.obstruction.excess_m == pytest.approx(120.0 - ray_m + bulge_m, abs=1e-6)
    assert found.obstruction.loss_db == found.diffraction_db > 20.0
    assert found.total_db > found.without_terrain_db + 15.0


def test_without_a_ridge_terrain_adds_nothing() -> None:
    found = explained(ridge_world(0.0))
    assert found.total_db == pytest.approx(found.without_terrain_db)


def test_a_clear_path_has_no_obstruction() -> None:
    found = explained(ridge_world(0.0), to_col=40)
    assert found.obstruction is None
    assert found.parts_db["terrain"] < 0.5


def test_fresnel_radius_at_mid_path_by_hand() -> None:
    found = explained(ridge_world(0.0))
    middle = found.distance_m.size // 2
    assert found.distance_m[middle] == pytest.approx(2_400.0)
    assert found.fresnel_radius_m[middle] == pytest.approx(0.5 * np.sqrt(0.2998 / 0.8 * 4_800.0))
    assert found.sight_m[0] == 30.0
    assert found.sight_m[-1] == pytest.approx(1.5)
    assert found.x_m[-1] == pytest.approx(GRID.centre(20, 180)[0])


def test_total_equals_the_area_at_that_pixel() -> None:
    terrain = ridge_world(90.0)
    x_m, y_m = GRID.centre(20, 20)
    area = path_loss_area(
        terrain,
        x_m=x_m,
        y_m=y_m,
        antenna_height_m=30.0,
        frequencies_mhz=[800.0],
        radii_m=[5_000.0],
        method=Method(),
    )
    pixel = area.loss_db[0, 20 - area.row0, 180 - area.col0]
    assert explained(terrain).total_db == pytest.approx(float(pixel), abs=1e-3)


@pytest.mark.parametrize("model", ["free_space", "fixed_radius"])
def test_baselines_are_all_free_space(model: str) -> None:
    found = explained(ridge_world(400.0), method=Method(model=model, fixed_radius_km=10.0))
    assert found.parts_db["free_space"] == found.total_db == found.without_terrain_db
    assert found.obstruction is None


class TestEdges:
    def two_walls(self, first_m: float, second_m: float) -> Raster:
        values = np.zeros(GRID.shape, dtype=np.float32)
        values[:, 70], values[:, 130] = first_m, second_m
        return Raster(GRID, values, "m")

    def test_the_string_rests_on_both_walls_in_order(self) -> None:
        found = explained(self.two_walls(100.0, 120.0))
        assert [edge.distance_m for edge in found.edges] == pytest.approx([50 * 30.0, 110 * 30.0])
        assert [edge.height_m for edge in found.edges] == [100.0, 120.0]
        ray_m = 30.0 + (1.5 - 30.0) * 50 / 160
        bulge_m = 500.0 * 1.5 * 3.3 / (6371.0 * 157.0 / 107.0)
        first = found.edges[0]
        assert first.excess_m == pytest.approx(100.0 - ray_m + bulge_m, abs=1e-6)
        # equation 15 by hand
        wavelength_m = 0.2998 / 0.8
        nu = first.excess_m * np.sqrt(0.002 * 4.8 / (wavelength_m * 1.5 * 3.3))
        assert first.nu == pytest.approx(nu, rel=1e-9)
        loss_db = 6.9 + 20 * np.log10(np.sqrt((nu - 0.1) ** 2 + 1) + nu - 0.1)
        assert first.loss_db == pytest.approx(loss_db, rel=1e-9)

    def test_a_wall_under_the_string_carries_nothing(self) -> None:
        found = explained(self.two_walls(20.0, 300.0))
        assert [edge.height_m for edge in found.edges] == [300.0]

    def test_none_in_line_of_sight(self) -> None:
        assert explained(ridge_world(0.0), to_col=40).edges == ()
        assert explained(ridge_world(5.0)).edges == ()

    def test_free_space_knows_the_edges_too(self) -> None:
        assert len(explained(ridge_world(120.0), method=Method(model="free_space")).edges) == 1


class TestOtherModels:
    @pytest.mark.parametrize("model", ["itm", "tr38901_rma", "free_space"])
    @pytest.mark.parametrize("ridge_m", [0.0, 120.0])
    def test_the_total_is_that_of_the_area_and_the_parts_sum_to_it(self, model: str, ridge_m: float) -> None:
        method, terrain = Method(model=model), ridge_world(ridge_m)
        found = explained(terrain, method=method)
        x_m, y_m = GRID.centre(20, 20)
        area = path_loss_area(
            terrain,
            x_m=x_m,
            y_m=y_m,
            antenna_height_m=30.0,
            frequencies_mhz=[800.0],
            radii_m=[5_000.0],
            method=method,
            threads=1,
        )
        at = 20 - area.row0, 180 - area.col0
        assert found.total_db == pytest.approx(float(area.loss_db[0][at]), abs=2e-4)
        assert sum(found.parts_db.values()) == pytest.approx(found.total_db, abs=1e-6)
        if ridge_m and model == "itm":
            assert found.parts_db["terrain"] > 10.0
        else:
            assert found.parts_db["terrain"] == pytest.approx(0.0, abs=1e-6)

    def test_a_slanting_path_totals_what_the_area_has(self) -> None:
        rng = np.random.default_rng(7)
        terrain = Raster(GRID, rng.uniform(0.0, 60.0, GRID.shape).astype(np.float32), "m")
        method = Method(model="itm")
        x_m, y_m = GRID.centre(5, 20)
        x2_m, y2_m = GRID.centre(33, 163)
        found = explain_path(terrain, x_m, y_m, 30.0, x2_m, y2_m, 1.5, 800.0, method)
        area = path_loss_area(
            terrain,
            x_m=x_m,
            y_m=y_m,
            antenna_height_m=30.0,
            frequencies_mhz=[800.0],
            radii_m=[5_000.0],
            method=method,
            threads=1,
        )
        difference_db = found.total_db - float(area.loss_db[0, 33 - area.row0, 163 - area.col0])
        assert abs(difference_db) < 2e-3
