"""What ends a footprint, in worlds where the answer can be told by hand."""

from __future__ import annotations

import numpy as np
import pytest

from phusong.coverage.errors import GridError, InputError
from phusong.coverage.footprint import CAUSES, Footprint, limit_footprint, service_ends
from phusong.coverage.grids import Grid, Raster
from phusong.coverage.method import Method
from phusong.coverage.propagation.area import path_loss_area
from phusong.coverage.propagation.explain import even_ground_loss_db, explain_path

GRID = Grid(width=201, height=201, cell_size_m=30.0, left_m=500_000.0, top_m=2_206_030.0, epsg=32648)
MAST_M = GRID.centre(100, 100)
HEIGHT_M, FREQUENCY_MHZ, RADIUS_M = 30.0, 1800.0, 2_500.0
FREE_SPACE = Method(model="free_space")
NORTH, EAST, SOUTH, WEST = 0, 18, 36, 54


def footprint(
    height_m: np.ndarray,
    *,
    allowed_loss_db: float,
    method: Method | None = None,
    radius_m: float = RADIUS_M,
    mast_m: tuple[float, float] = MAST_M,
) -> Footprint:
    """Footprint of an omni cell of 0 dBm whose level has to reach minus the loss allowed."""
    method = method or Method()
    terrain = Raster(GRID, height_m.astype(np.float32), "m")
    area = path_loss_area(
        terrain,
        x_m=mast_m[0],
        y_m=mast_m[1],
        antenna_height_m=HEIGHT_M,
        frequencies_mhz=[FREQUENCY_MHZ],
        radii_m=[radius_m],
        method=method,
        threads=1,
    )
    rsrp_dbm = -area.loss_db[0]
    ends = service_ends(
        rsrp_dbm,
        row0=area.row0,
        col0=area.col0,
        terrain=terrain,
        x_m=mast_m[0],
        y_m=mast_m[1],
        required_dbm=-allowed_loss_db,
        radius_m=radius_m,
    )
    ground_m = terrain.values[GRID.row_col(*mast_m)]
    even_loss_db = even_ground_loss_db(
        np.maximum(ends.ends_at_m, 1.0),
        ground_m - terrain.values[ends.row, ends.col],
        frequency_mhz=FREQUENCY_MHZ,
        h1_m=HEIGHT_M,
        h2_m=method.receiver_height_m,
        method=method,
    )
    return limit_footprint(ends, even_dbm=-even_loss_db, required_dbm=-allowed_loss_db)


def flat() -> np.ndarray:
    return np.zeros(GRID.shape)


def free_space_reach_m(loss_db: float) -> float:
    slant_m = 10 ** ((loss_db - 20 * np.log10(4 * np.pi * FREQUENCY_MHZ * 1e6 / 299_792_458)) / 20)
    return float(np.sqrt(slant_m**2 - (HEIGHT_M - 1.5) ** 2))


def test_flat_land_ends_by_threshold_at_the_distance_of_free_space() -> None:
    found = footprint(flat(), allowed_loss_db=101.0, method=FREE_SPACE)
    reach_m = free_space_reach_m(101.0)
    assert 1_300 < reach_m < 1_700
    assert set(found.ended_by) == {"threshold"}
    assert (found.served_to_m <= reach_m).all()
    assert (found.ends_at_m > reach_m).all()
    assert (found.ends_at_m - found.served_to_m <= 1.5 * GRID.cell_size_m).all()
    assert found.served_km2 == pytest.approx(np.pi * reach_m**2 / 1e6, rel=0.005)
    assert found.farthest_m == found.served_to_m.max()
    assert not found.is_radius_limited


def test_flat_land_ends_by_threshold_under_p1812_too() -> None:
    found = footprint(flat(), allowed_loss_db=104.0)
    assert set(found.ended_by) == {"threshold"}
    assert found.shares["threshold"] == 1.0
    # alike in all directions but for the raster
    assert np.ptp(found.served_to_m) <= 2 * GRID.cell_size_m


def test_a_wall_ends_service_by_terrain_and_only_behind_it() -> None:
    world = flat()
    world[:, 130] = 150.0  # 900 m east of the mast
    found = footprint(world, allowed_loss_db=104.0)
    assert found.ended_by[EAST] == "terrain"
    assert found.served_to_m[EAST] == pytest.approx(900.0, abs=1.0)
    assert found.ends_at_m[EAST] == pytest.approx(930.0, abs=1.0)
    assert found.ended_by[WEST] == "threshold"
    assert found.served_to_m[WEST] > 1_200.0
    assert 0.2 < found.shares["terrain"] < 0.5


def test_a_hill_for_the_mast_is_no_obstacle() -> None:
    world = flat()
    world[95:106, 95:106] = 250.0
    found = footprint(world, allowed_loss_db=130.0)
    assert found.ended_by[EAST] == "radius"
    assert found.served_to_m[EAST] == pytest.approx(RADIUS_M, abs=1.5 * GRID.cell_size_m)


def test_a_small_radius_cuts_a_strong_cell() -> None:
    found = footprint(flat(), allowed_loss_db=160.0, radius_m=1_000.0)
    assert set(found.ended_by) == {"radius"}
    assert found.is_radius_limited
    assert found.ends_at_m.tolist() == [1_000.0] * 72
    assert (found.served_to_m > 1_000.0 - 1.5 * GRID.cell_size_m).all()
    assert found.served_km2 == pytest.approx(np.pi, rel=0.005)


def test_unknown_terrain_ends_the_half_it_hides() -> None:
    world = flat()
    world[:, 120:] = np.nan  # from 585 m east of the mast
    found = footprint(world, allowed_loss_db=160.0)
    assert found.ended_by[EAST] == "no_data"
    assert found.served_to_m[EAST] == pytest.approx(19 * 30.0)
    assert found.ends_at_m[EAST] == pytest.approx(20 * 30.0)
    assert {found.ended_by[place] for place in (NORTH, SOUTH, WEST)} == {"radius"}


def test_the_study_ends_before_the_radius() -> None:
    mast_m = GRID.centre(10, 100)
    found = footprint(flat(), allowed_loss_db=160.0, mast_m=mast_m)
    assert found.ended_by[NORTH] == "grid_edge"
    assert found.served_to_m[NORTH] == pytest.approx(10 * 30.0)
    assert found.ends_at_m[NORTH] == pytest.approx(10.5 * 30.0, abs=15.0)
    assert found.ended_by[SOUTH] == "radius"


def test_a_cell_that_serves_nothing_ends_where_it_stands() -> None:
    found = footprint(flat(), allowed_loss_db=20.0)
    assert found.farthest_m == found.served_km2 == 0.0
    assert found.shares["threshold"] == 1.0


def test_a_shadow_that_light_falls_behind_of_does_not_end_service() -> None:
    world = flat()
    world[:, 120] = 40.0  # a low wall
    world[:, 150] = 400.0  # and a hillside that looks over it
    found = footprint(world, allowed_loss_db=104.0)
    assert found.served_to_m[EAST] >= 50 * 30.0 - 1.0


def test_a_narrow_sector_reaches_no_farther_than_its_levels() -> None:
    """Levels may be any, as with a sector: one bright column of pixels serves one direction."""
    levels = np.full(GRID.shape, -150.0)
    levels[:100, 100] = -80.0
    ends = service_ends(
        levels,
        row0=0,
        col0=0,
        terrain=Raster(GRID, flat(), "m"),
        x_m=MAST_M[0],
        y_m=MAST_M[1],
        required_dbm=-100.0,
        radius_m=5_000.0,
    )
    assert ends.cut_by[NORTH] == "grid_edge"
    assert ends.served_to_m[NORTH] == 100 * 30.0
    assert ends.served_to_m[[EAST, SOUTH, WEST]].tolist() == [0.0, 0.0, 0.0]
    assert ends.served_km2 == pytest.approx(100 * 900e-6)


def test_shares_sum_to_one_and_the_record_is_plain() -> None:
    world = flat()
    world[:60, 130] = 150.0
    world[140:, :80] = np.nan
    found = footprint(world, allowed_loss_db=106.0)
    assert sum(found.shares.values()) == pytest.approx(1.0)
    assert set(found.shares) == set(CAUSES)
    record = found.as_dict()
    assert [one["azimuth_deg"] for one in record["directions"]] == [5.0 * place for place in range(72)]
    assert {one["ended_by"] for one in record["directions"]} == {
        cause for cause, share in found.shares.items() if share
    }
    assert record == footprint(world, allowed_loss_db=106.0).as_dict()


def test_refuses_what_makes_no_sense() -> None:
    common = {"row0": 0, "col0": 0, "terrain": Raster(GRID, flat(), "m"), "required_dbm": -100.0}
    place = {"x_m": MAST_M[0], "y_m": MAST_M[1], "radius_m": 1_000.0}
    with pytest.raises(GridError, match="transmitter_outside_grid"):
        service_ends(flat(), **common, **{**place, "x_m": 0.0})
    with pytest.raises(GridError, match="transmitter_outside_grid"):
        service_ends(flat(), **common, **{**place, "y_m": np.nan})
    with pytest.raises(GridError, match="level_window"):
        service_ends(flat(), **{**common, "row0": 1}, **place)
    for wrong in ({"radius_m": np.nan}, {"radius_m": 0.0}, {"directions": 0}, {"required_dbm": np.inf}):
        with pytest.raises(InputError, match="footprint_range"):
            service_ends(flat(), **{**common, **place, **wrong})


@pytest.mark.parametrize("model", ["itm", "tr38901_rma"])
def test_flat_land_ends_by_threshold_whatever_the_model(model: str) -> None:
    found = footprint(flat(), allowed_loss_db=103.0, method=Method(model=model))
    assert set(found.ended_by) == {"threshold"}
    assert 100.0 < found.farthest_m < RADIUS_M


class TestEvenGround:
    def test_equals_a_path_over_a_plain(self) -> None:
        plain = Raster(GRID, flat(), "m")
        x_m, y_m = GRID.centre(100, 180)
        for method in (Method(), FREE_SPACE):
            path = explain_path(plain, *MAST_M, 30.0, x_m, y_m, 1.5, 800.0, method)
            found = even_ground_loss_db(
                80 * 30.0, 0.0, frequency_mhz=800.0, h1_m=30.0, h2_m=1.5, method=method
            )
            assert float(found) == pytest.approx(path.total_db, abs=1e-9)
            assert float(found) == pytest.approx(path.without_terrain_db, abs=1e-9)

    def test_the_higher_end_keeps_its_height(self) -> None:
        options = {"frequency_mhz": 800.0, "method": Method()}
        on_a_hill = even_ground_loss_db(5_000.0, 200.0, h1_m=30.0, h2_m=1.5, **options)
        tall = even_ground_loss_db(5_000.0, 0.0, h1_m=230.0, h2_m=1.5, **options)
        up_the_hill = even_ground_loss_db(5_000.0, -200.0, h1_m=1.5, h2_m=30.0, **options)
        assert float(on_a_hill) == float(tall)
        assert float(up_the_hill) == pytest.approx(float(tall), abs=1e-6)

    def test_unknown_stays_unknown(self) -> None:
        found = even_ground_loss_db(
            [np.nan, 900.0], [0.0, np.nan], frequency_mhz=800.0, h1_m=30.0, h2_m=1.5, method=Method()
        )
        assert np.isnan(found).all()
