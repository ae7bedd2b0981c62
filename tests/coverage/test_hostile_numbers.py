"""Numbers nobody should give: each ends in an error that names it or in a result that is written down here.

What the engine does with

- unknown terrain (NaN, infinite): pixels without a path over known ground have no loss, nothing is guessed;
- ground under the mast that is unknown: refused;
- the sea: terrain of height 0, or unknown terrain where a model has none there;
- a mast on the edge of the grid: it serves what the grid has; one outside: refused;
- heights, frequencies and radii out of the model's range: refused, by name and with the range allowed;
- a grid of one pixel: the loss to the mast's own pixel, as if it stood at the terminal's height.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from phusong.coverage.errors import GridError, InputError, ModelRangeError
from phusong.coverage.footprint import aimed_dbm, limit_footprint, service_ends
from phusong.coverage.grids import Grid, Raster
from phusong.coverage.method import MODELS, Method, method_from_dict
from phusong.coverage.propagation.area import AreaLoss, path_loss_area
from phusong.coverage.propagation.explain import even_ground_loss_db, explain_path
from phusong.coverage.propagation.p1812 import path_loss_db
from phusong.coverage.propagation.profile import Profile
from phusong.coverage.radio.cell import Cell

MODES = [("exact", model) for model in MODELS] + [("sweep", "p1812")]
every_mode = pytest.mark.parametrize(("mode", "model"), MODES)
TERRAIN_MODES = [one for one in MODES if one[1] in {"p1812", "itm"}]
SIDE = 41


def world(fill: float = 0.0, *, rows: int = SIDE, cols: int = SIDE, cell_m: float = 30.0) -> Raster:
    grid = Grid(cols, rows, cell_m, 500_000.0, 2_200_000.0, 32648)
    return Raster(grid, np.full(grid.shape, fill, dtype=np.float32), "m")


def area(terrain: Raster, mode: str = "exact", model: str = "p1812", **changes: object) -> AreaLoss:
    grid = terrain.grid
    x_m, y_m = grid.centre(grid.height // 2, grid.width // 2)
    asked = {
        "x_m": x_m,
        "y_m": y_m,
        "antenna_height_m": 25.0,
        "frequencies_mhz": [800.0],
        "radii_m": [700.0],
        "method": Method(model=model),
        "mode": mode,
        "threads": 1,
    }
    return path_loss_area(terrain, **{**asked, **changes})


class TestTerrain:
    @every_mode
    @pytest.mark.parametrize("height_m", [math.nan, math.inf, -math.inf])
    def test_none_known_is_refused(self, mode: str, model: str, height_m: float) -> None:
        with pytest.raises(GridError, match="transmitter_ground_unknown"):
            area(world(height_m), mode, model)

    @every_mode
    def test_a_hole_under_the_mast_is_refused(self, mode: str, model: str) -> None:
        terrain = world()
        terrain.values[20, 20] = np.nan
        with pytest.raises(GridError, match="transmitter_ground_unknown"):
            area(terrain, mode, model)

    @pytest.mark.parametrize(("mode", "model"), TERRAIN_MODES)
    @pytest.mark.parametrize("height_m", [math.nan, math.inf, -math.inf])
    def test_a_band_of_unknown_hides_what_lies_behind(self, mode: str, model: str, height_m: float) -> None:
        terrain = world()
        terrain.values[15:17, :] = height_m
        found = area(terrain, mode, model)
        known = np.isfinite(found.loss_db[0])
        row = 17 - found.row0  # the first row the mast's side of the band
        assert not known[:row].any()
        assert known[row, known.shape[1] // 2]
        assert not np.isinf(found.loss_db).any()

    @every_mode
    @pytest.mark.parametrize("height_m", [-400.0, 0.0, 8_848.0])
    def test_level_ground_is_the_same_at_any_height(self, mode: str, model: str, height_m: float) -> None:
        found, sea = area(world(height_m), mode, model), area(world(0.0), mode, model)
        np.testing.assert_allclose(found.loss_db, sea.loss_db, atol=1e-3)

    @every_mode
    def test_a_third_of_holes_leaves_only_finite_losses_or_none(self, mode: str, model: str) -> None:
        rng = np.random.default_rng(5)
        terrain = world()
        terrain.values[:] = rng.uniform(0.0, 300.0, terrain.values.shape)
        terrain.values[rng.random(terrain.values.shape) < 0.3] = np.nan
        terrain.values[19:22, 19:22] = 5.0
        found = area(terrain, mode, model)
        assert np.isfinite(found.loss_db[0, 20 - found.row0, 20 - found.col0])
        assert not np.isinf(found.loss_db).any()
        hidden = np.isnan(terrain.values)[
            found.row0 : found.row0 + found.loss_db.shape[1], found.col0 : found.col0 + found.loss_db.shape[2]
        ]
        assert np.isnan(found.loss_db[0][hidden]).all()


class TestPlaces:
    @every_mode
    @pytest.mark.parametrize("corner", [(0.0, 0.0), (SIDE * 30.0 - 1e-6, SIDE * 30.0 - 1e-6)])
    def test_a_mast_in_the_corner_serves_what_there_is(
        self, mode: str, model: str, corner: tuple[float, float]
    ) -> None:
        terrain = world()
        place = {"x_m": terrain.grid.left_m + corner[0], "y_m": terrain.grid.top_m - corner[1]}
        found = area(terrain, mode, model, **place)
        quarter = np.pi * 700.0**2 / 4 / 900.0
        assert np.isfinite(found.loss_db).sum() == pytest.approx(quarter, rel=0.05)

    @every_mode
    @pytest.mark.parametrize("x_m", [0.0, 500_000.0 + SIDE * 30.0, math.nan, math.inf, -math.inf, 1e300])
    def test_a_mast_outside_is_refused(self, mode: str, model: str, x_m: float) -> None:
        with pytest.raises(GridError, match="transmitter_outside_grid"):
            area(world(), mode, model, x_m=x_m)

    @every_mode
    def test_one_pixel_has_one_loss(self, mode: str, model: str) -> None:
        found = area(world(rows=1, cols=1), mode, model)
        assert found.loss_db.shape == (1, 1, 1)
        assert np.isfinite(found.loss_db).all()

    @every_mode
    @pytest.mark.parametrize(("rows", "cols"), [(1, 50), (50, 1)])
    def test_one_row_or_column_is_a_line_of_losses(self, mode: str, model: str, rows: int, cols: int) -> None:
        found = area(world(rows=rows, cols=cols), mode, model)
        assert np.isfinite(found.loss_db).sum() == 2 * 23 + 1  # 23 cells of 30 m within 700 m either way

    @every_mode
    @pytest.mark.parametrize("origin_m", [-9.9e7, 9.9e7, 1e12])
    def test_huge_coordinates_change_nothing(self, mode: str, model: str, origin_m: float) -> None:
        here = world()
        grid = Grid(SIDE, SIDE, 30.0, origin_m, -origin_m, 32648)
        far = area(Raster(grid, here.values, "m"), mode, model)
        np.testing.assert_array_equal(far.loss_db, area(here, mode, model).loss_db)


class TestNumbers:
    @every_mode
    @pytest.mark.parametrize("height_m", [0.0, -5.0, 4_000.0, math.nan, math.inf])
    def test_antenna_heights_out_of_range_are_named(self, mode: str, model: str, height_m: float) -> None:
        with pytest.raises(ModelRangeError, match=r"model_range\(name='tx_height_m'"):
            area(world(), mode, model, antenna_height_m=height_m)

    @every_mode
    @pytest.mark.parametrize("frequency_mhz", [0.0, -1.0, 1e6, math.nan, math.inf])
    def test_frequencies_out_of_range_are_named(self, mode: str, model: str, frequency_mhz: float) -> None:
        with pytest.raises(ModelRangeError, match=r"model_range\(name='frequency_mhz'"):
            area(world(), mode, model, frequencies_mhz=[frequency_mhz])

    @every_mode
    @pytest.mark.parametrize("radius_m", [0.0, -5.0, 1e9, math.nan, math.inf])
    def test_radii_out_of_range_are_named(self, mode: str, model: str, radius_m: float) -> None:
        with pytest.raises(ModelRangeError, match=r"model_range\(name='radius_m'"):
            area(world(), mode, model, radii_m=[radius_m])

    @every_mode
    @pytest.mark.parametrize("radius_m", [1e-6, 1.0, 14.9])
    def test_a_radius_within_the_masts_pixel_leaves_that_pixel(
        self, mode: str, model: str, radius_m: float
    ) -> None:
        assert np.isfinite(area(world(), mode, model, radii_m=[radius_m]).loss_db).sum() == 1

    @every_mode
    @pytest.mark.parametrize("lists", [([], []), ([800.0], []), ([800.0, 900.0], [700.0])])
    def test_carriers_and_radii_must_match(
        self, mode: str, model: str, lists: tuple[list[float], list[float]]
    ) -> None:
        with pytest.raises(InputError, match="carriers_empty"):
            area(world(), mode, model, frequencies_mhz=lists[0], radii_m=lists[1])

    @every_mode
    @pytest.mark.parametrize("cover_m", [math.nan, math.inf, -10.0])
    def test_clutter_without_sense_counts_as_none_or_less(
        self, mode: str, model: str, cover_m: float
    ) -> None:
        found = area(world(), mode, model, clutter=world(cover_m))
        assert np.isfinite(found.loss_db).sum() == np.isfinite(area(world(), mode, model).loss_db).sum()
        assert not np.isinf(found.loss_db).any()

    @pytest.mark.parametrize("value", [math.nan, math.inf, -1.0, 0.0, "far", None])
    def test_a_method_refuses_radii_that_are_none(self, value: object) -> None:
        with pytest.raises(InputError, match=r"method_range\(name='max_radius_km.low'"):
            method_from_dict({"max_radius_km": {"low": value}})

    @pytest.mark.parametrize(
        "record",
        [
            {"threshold_dbm": {"4G": math.nan}},
            {"threshold_dbm": {"4G": 40.0}},
            {"threshold_dbm": {"3G": -100.0}},
            {"max_radius_km": {"giga": 3.0}},
            {"location_sigma_db": math.nan},
            {"location_sigma_db": -1.0},
            {"min_sinr_db": math.inf},
            {"village_rule": {"served_share": math.nan}},
            {"village_rule": {"cluster_min_households": -1.0}},
        ],
    )
    def test_a_method_refuses_what_makes_no_sense(self, record: dict[str, object]) -> None:
        with pytest.raises(InputError, match=r"method_(range|choice)"):
            method_from_dict(record)


class TestSinglePaths:
    @pytest.mark.parametrize("value", [math.nan, math.inf])
    def test_unknown_ground_on_a_profile_is_named(self, value: float) -> None:
        with pytest.raises(InputError, match="profile_value"):
            Profile(distance_km=[0.0, 1.0, 2.0], height_m=[0.0, value, 0.0])

    @pytest.mark.parametrize("distance_km", [[0.0], [0.0, 0.0], [0.0, -1.0], [0.0, math.inf]])
    def test_a_path_needs_a_length(self, distance_km: list[float]) -> None:
        with pytest.raises(InputError, match="profile_"):
            Profile(distance_km=distance_km, height_m=[0.0] * len(distance_km))

    @pytest.mark.parametrize("name", ["frequency_mhz", "tx_height_m", "rx_height_m", "time_percentage"])
    @pytest.mark.parametrize("value", [0.0, -1.0, 1e9, math.nan, math.inf])
    def test_p1812_names_what_is_out_of_range(self, name: str, value: float) -> None:
        given = {"frequency_mhz": 800.0, "tx_height_m": 30.0, "rx_height_m": 1.5, "time_percentage": 50.0}
        with pytest.raises(ModelRangeError, match=name):
            path_loss_db(Profile(distance_km=[0.0, 1.0], height_m=[0.0, 0.0]), **{**given, name: value})

    @pytest.mark.parametrize("model", MODELS)
    def test_an_explanation_says_where_terrain_is_unknown(self, model: str) -> None:
        terrain = world()
        terrain.values[:, 25] = np.nan
        start, end = terrain.grid.centre(20, 5), terrain.grid.centre(20, 35)
        with pytest.raises(GridError, match=r"terrain_unknown\(distance_m=600"):
            explain_path(terrain, *start, 30.0, *end, 1.5, 800.0, Method(model=model))

    @pytest.mark.parametrize("model", MODELS)
    @pytest.mark.parametrize(
        ("heights_m", "frequency_mhz"), [((0.0, 1.5), 800.0), ((30.0, math.nan), 800.0), ((30.0, 1.5), 1e6)]
    )
    def test_an_explanation_refuses_what_the_model_refuses(
        self, model: str, heights_m: tuple[float, float], frequency_mhz: float
    ) -> None:
        terrain = world()
        start, end = terrain.grid.centre(20, 5), terrain.grid.centre(20, 35)
        with pytest.raises(InputError):
            explain_path(
                terrain, *start, heights_m[0], *end, heights_m[1], frequency_mhz, Method(model=model)
            )

    @pytest.mark.parametrize("model", [model for model in MODELS if model != "fixed_radius"])
    def test_a_path_of_one_metre_is_explained(self, model: str) -> None:
        terrain = world()
        x_m, y_m = terrain.grid.centre(20, 20)
        found = explain_path(terrain, x_m, y_m, 20.0, x_m + 1.0, y_m, 1.5, 800.0, Method(model=model))
        assert math.isfinite(found.total_db)
        assert sum(found.parts_db.values()) == pytest.approx(found.total_db, abs=1e-6)

    def test_even_ground_over_any_fall(self) -> None:
        options = {"frequency_mhz": 800.0, "h1_m": 30.0, "h2_m": 1.5, "method": Method()}
        found = even_ground_loss_db([1.0, 900.0, 9_000.0], [-9_000.0, 0.0, 9_000.0], **options)
        assert np.isfinite(found).all()


class TestFootprints:
    CELL = Cell(
        "a-1",
        "a",
        "Viettel",
        "4G",
        1842.5,
        20.0,
        500_600.0,
        2_199_400.0,
        25.0,
        90.0,
        3.0,
        43.0,
        17.0,
        65.0,
        7.0,
    )

    def ends(self, levels: np.ndarray, terrain: Raster):  # type: ignore[no-untyped-def]
        grid = terrain.grid
        x_m, y_m = grid.centre(grid.height // 2, grid.width // 2)
        return service_ends(
            levels, row0=0, col0=0, terrain=terrain, x_m=x_m, y_m=y_m, required_dbm=-100.0, radius_m=900.0
        )

    def test_no_level_over_known_ground_is_below_the_threshold(self) -> None:
        terrain = world()
        found = self.ends(np.full(terrain.grid.shape, np.nan), terrain)
        told = limit_footprint(found, even_dbm=np.full(72, np.nan), required_dbm=-100.0)
        assert set(told.ended_by) == {"threshold"}

    def test_no_level_over_unknown_ground_is_missing_data(self) -> None:
        terrain = world(math.nan)
        found = self.ends(np.full(terrain.grid.shape, np.nan), terrain)
        told = limit_footprint(found, even_dbm=np.full(72, np.nan), required_dbm=-100.0)
        assert set(told.ended_by) == {"no_data"}

    def test_one_pixel_ends_at_the_edge_of_the_study(self) -> None:
        terrain = world(rows=1, cols=1)
        found = self.ends(np.full((1, 1), -80.0), terrain)
        told = limit_footprint(found, even_dbm=np.full(72, np.nan), required_dbm=-100.0)
        assert set(told.ended_by) == {"grid_edge"}
        assert told.farthest_m == 0.0
        assert told.served_km2 == pytest.approx(900e-6)

    @pytest.mark.parametrize("height_m", [math.nan, -math.inf, 9_000.0])
    def test_what_a_cell_sends_is_finite_over_any_ground(self, height_m: float) -> None:
        terrain = world()
        terrain.values[:5] = height_m
        sent_dbm = aimed_dbm(self.CELL, terrain, receiver_height_m=1.5)
        assert np.isfinite(sent_dbm).all()
