"""What holds for any footprint."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from phusong.coverage.footprint import CAUSES, limit_footprint, service_ends
from phusong.coverage.grids import Grid, Raster

SIDE, CELL_M = 41, 50.0
GRID = Grid(SIDE, SIDE, CELL_M, 500_000.0, 2_200_000.0, 32648)
MASTS = st.tuples(*[st.floats(0.0, SIDE * CELL_M - 0.001)] * 2)


def world(seed: int, hole: int) -> tuple[np.ndarray, Raster]:
    """Levels that fall with distance but for noise, over terrain with a hole that hides its own pixels."""
    rng = np.random.default_rng(seed)
    levels = rng.normal(-100.0, 12.0, GRID.shape)
    heights_m = np.zeros(GRID.shape)
    row, col = rng.integers(0, SIDE, 2)
    heights_m[row : row + hole, col : col + hole] = np.nan
    levels[np.isnan(heights_m)] = np.nan
    return levels, Raster(GRID, heights_m, "m")


def ends(levels: np.ndarray, terrain: Raster, mast_m: tuple[float, float], **more: float):
    x_m, y_m = GRID.left_m + mast_m[0], GRID.top_m - mast_m[1]
    asked = {"required_dbm": -100.0, "radius_m": 900.0, **more}
    return service_ends(levels, row0=0, col0=0, terrain=terrain, x_m=x_m, y_m=y_m, **asked)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.integers(0, 2**32 - 1), st.integers(0, 9), MASTS, st.floats(0.0, 40.0))
def test_more_power_never_shortens_a_reach(seed, hole, mast_m, more_db) -> None:
    levels, terrain = world(seed, hole)
    before, after = ends(levels, terrain, mast_m), ends(levels + more_db, terrain, mast_m)
    assert (after.served_to_m >= before.served_to_m).all()
    assert after.served_km2 >= before.served_km2


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.integers(0, 2**32 - 1), st.integers(0, 9), MASTS, st.floats(1.0, 4_000.0), st.floats(-130.0, -60.0))
def test_every_direction_has_one_cause_and_a_place_in_the_study(
    seed, hole, mast_m, radius_m, required_dbm
) -> None:
    levels, terrain = world(seed, hole)
    found = ends(levels, terrain, mast_m, radius_m=radius_m, required_dbm=required_dbm)
    footprint = limit_footprint(found, even_dbm=np.full(72, -90.0), required_dbm=required_dbm)
    assert set(footprint.ended_by) <= set(CAUSES)
    assert abs(sum(footprint.shares.values()) - 1.0) < 1e-12
    assert (found.served_to_m <= radius_m).all()
    # a pixel's centre may lie beside the ray, but never by more than half its diagonal
    assert (found.served_to_m - found.ends_at_m <= 0.7072 * CELL_M).all()
    assert ((found.row >= 0) & (found.row < SIDE) & (found.col >= 0) & (found.col < SIDE)).all()
    for place, cause in enumerate(footprint.ended_by):
        if cause in {"threshold", "terrain"}:
            assert levels[found.row[place], found.col[place]] < required_dbm
        if cause == "no_data":
            assert np.isnan(levels[found.row[place], found.col[place]])


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.integers(0, 2**32 - 1), st.integers(0, 9), st.integers(-1_000, 1_000), st.integers(-1_000, 1_000))
def test_moving_the_world_by_whole_cells_moves_the_footprint(seed, hole, east, north) -> None:
    levels, terrain = world(seed, hole)
    moved = Grid(SIDE, SIDE, CELL_M, GRID.left_m + east * CELL_M, GRID.top_m + north * CELL_M, GRID.epsg)
    here = ends(levels, terrain, (1_000.0, 1_000.0))
    there = service_ends(
        levels,
        row0=0,
        col0=0,
        terrain=Raster(moved, terrain.values, "m"),
        x_m=moved.left_m + 1_000.0,
        y_m=moved.top_m - 1_000.0,
        required_dbm=-100.0,
        radius_m=900.0,
    )
    np.testing.assert_array_equal(here.served_to_m, there.served_to_m)
    assert here.cut_by == there.cut_by
    assert here.served_km2 == there.served_km2
