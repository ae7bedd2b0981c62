"""Candidates: hilltops, sight lines, costs and paths to pixels, held against what can be worked out."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phusong.coverage.errors import InputError
from phusong.coverage.grids import Grid, Raster
from phusong.coverage.method import Method
from phusong.coverage.placement.candidates import along_lines, grid_places, thinned
from phusong.coverage.placement.constraints import near_pairs, reachable_weight
from phusong.coverage.placement.costs import Backhaul, CostModel, cost_model, option_cost
from phusong.coverage.placement.hilltops import hilltops
from phusong.coverage.placement.instance import SideConstraints, coverage_instance
from phusong.coverage.placement.pathlosses import Pixels, surroundings
from phusong.coverage.placement.sightlines import EARTH_RADIUS_M, Ends, clearances
from phusong.coverage.propagation.area import path_loss_area

GRID = Grid(width=300, height=260, cell_size_m=30.0, left_m=500_010.0, top_m=2_200_020.0, epsg=32648)


def _hills(seed: int) -> Raster:
    rng = np.random.default_rng(seed)
    rough = np.kron(rng.normal(0.0, 60.0, (13, 15)), np.ones((20, 20)))
    smooth = sum(np.roll(rough, (dy, dx), (0, 1)) for dy in range(0, 20, 4) for dx in range(0, 20, 4)) / 25.0
    return Raster(GRID, (300.0 + smooth).astype(np.float32), "m")


@pytest.mark.parametrize("method", [Method(), Method(model="free_space"), Method(time_percentage=10.0)])
@pytest.mark.parametrize("has_clutter", [False, True])
def test_losses_at_pixels_are_those_of_the_area(method: Method, has_clutter: bool) -> None:
    terrain = _hills(1)
    terrain.values[100:104, 40:60] = np.nan
    rng = np.random.default_rng(2)
    clutter = (
        Raster(GRID, rng.uniform(0.0, 15.0, GRID.shape).astype(np.float32), "m") if has_clutter else None
    )
    flat = np.sort(rng.choice(GRID.width * GRID.height, 700, replace=False))
    pixels = Pixels(*(part.astype(np.int64) for part in np.divmod(flat, GRID.width)))
    x_m, y_m = GRID.left_m + 4_503.3, GRID.top_m - 3_911.7
    around = surroundings(terrain, x_m=x_m, y_m=y_m, radius_m=4_000.0, method=method, clutter=clutter)
    asked = {"frequencies_mhz": [773.0, 1_842.5], "radii_m": [4_000.0, 3_000.0]}
    found = around.losses(pixels, heights_m=[15.0, 42.0], **asked)
    for place, height_m in enumerate((15.0, 42.0)):
        area = path_loss_area(
            terrain, x_m=x_m, y_m=y_m, antenna_height_m=height_m, method=method, clutter=clutter, **asked
        )
        whole = np.full((2, *GRID.shape), np.nan, dtype=np.float32)
        rows, cols = area.loss_db.shape[1:]
        whole[:, area.row0 : area.row0 + rows, area.col0 : area.col0 + cols] = area.loss_db
        # Sums are reordered by each entry point on its own: the last bit of a float32 may differ.
        np.testing.assert_allclose(found[place], whole[:, pixels.row, pixels.col], rtol=0.0, atol=1e-4)
    assert np.isfinite(found).sum() > 500


def _prominences(heights: np.ndarray) -> dict[float, float]:
    """By the definition: the least drop on any way to higher ground, by raising the water step by step."""
    found = {}
    levels = np.unique(heights)
    for row, col in np.ndindex(heights.shape):
        peak = heights[row, col]
        near = heights[max(row - 1, 0) : row + 2, max(col - 1, 0) : col + 2]
        if (near > peak).any():
            continue
        for level in levels[levels <= peak][::-1]:
            seen, waiting = {(row, col)}, [(row, col)]
            while waiting:
                r, c = waiting.pop()
                for dr in (-1, 0, 1):
                    for dc in (-1, 0, 1):
                        to = (r + dr, c + dc)
                        inside = 0 <= to[0] < heights.shape[0] and 0 <= to[1] < heights.shape[1]
                        if inside and to not in seen and heights[to] >= level:
                            seen.add(to)
                            waiting.append(to)
            if max(heights[one] for one in seen) > peak:
                found[peak] = peak - level
                break
        else:
            found[peak] = peak - levels[0]
    return found


@settings(max_examples=15, deadline=None, derandomize=True)
@given(st.integers(0, 10_000))
def test_prominence_is_the_drop_to_the_saddle(seed: int) -> None:
    heights = np.random.default_rng(seed).permutation(42).reshape(6, 7).astype(np.float64)
    grid = Grid(width=7, height=6, cell_size_m=200.0, left_m=0.0, top_m=1_200.0, epsg=32648)
    found = hilltops(Raster(grid, heights, "m"), prominence_m=1.0)
    told = dict(zip(found.height_m.tolist(), found.prominence_m.tolist(), strict=True))
    assert told == _prominences(heights)
    for x_m, y_m, height_m in zip(found.x_m, found.y_m, found.height_m, strict=True):
        assert heights[grid.row_col(x_m, y_m)] == height_m


def test_peaks_on_islands_stand_over_their_own_lowest_point() -> None:
    heights = np.array([[5.0, 9.0, np.nan, 4.0, 2.0]])
    grid = Grid(width=5, height=1, cell_size_m=100.0, left_m=0.0, top_m=100.0, epsg=32648)
    found = hilltops(Raster(grid, heights, "m"), prominence_m=0.5)
    assert found.height_m.tolist() == [9.0, 4.0]
    assert found.prominence_m.tolist() == [4.0, 2.0]


def test_a_hop_over_flat_ground_clears_the_bulge_of_the_earth() -> None:
    grid = Grid(width=1_000, height=3, cell_size_m=30.0, left_m=0.0, top_m=90.0, epsg=32648)
    terrain = Raster(grid, np.zeros(grid.shape, dtype=np.float32), "m")
    near = Ends(np.array([15.0]), np.array([45.0]), np.array([40.0]))
    far = Ends(np.array([20_015.0]), np.array([45.0]), np.array([40.0]))
    found = clearances(terrain, near, far, np.array([[0, 0]]), frequency_ghz=7.0)
    share = np.arange(1, 666) / 666.0
    product = share * (1.0 - share) * 20_000.0**2
    zone_m = np.sqrt(0.299792458 / 7.0 * product / 20_000.0)
    assert found[0] == pytest.approx(((40.0 - product / (2.0 * EARTH_RADIUS_M)) / zone_m).min(), rel=1e-6)


def test_a_wall_in_the_way_blocks_a_hop_and_unknown_ground_too() -> None:
    grid = Grid(width=200, height=3, cell_size_m=30.0, left_m=0.0, top_m=90.0, epsg=32648)
    heights = np.zeros(grid.shape, dtype=np.float32)
    heights[:, 100] = 60.0
    near = Ends(np.array([15.0]), np.array([45.0]), np.array([30.0]))
    far = Ends(np.array([5_985.0, 2_000.0]), np.array([45.0, 45.0]), np.array([30.0, 30.0]))
    pairs = np.array([[0, 0], [0, 1]])
    blocked, free = clearances(Raster(grid, heights, "m"), near, far, pairs)
    assert blocked < 0.0
    assert free > 1.0
    heights[:, 50] = np.nan
    assert clearances(Raster(grid, heights, "m"), near, far, pairs).tolist() == [-math.inf, -math.inf]


@settings(max_examples=25, deadline=None, derandomize=True)
@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), max_size=25), st.integers(1, 9))
def test_thinned_places_are_apart_and_every_dropped_one_is_near_one_kept(
    points: list[tuple[int, int]], distance: int
) -> None:
    x_m = np.array([one[0] for one in points], dtype=float)
    y_m = np.array([one[1] for one in points], dtype=float)
    kept = thinned(x_m, y_m, distance_m=float(distance)).tolist()
    for place in range(len(points)):
        near = [
            k for k in kept if k != place and math.hypot(x_m[k] - x_m[place], y_m[k] - y_m[place]) < distance
        ]
        assert bool(near) != (place in kept)


def test_grid_and_lines_give_points_at_their_spacing() -> None:
    x_m, _ = grid_places(GRID, spacing_m=1_000.0)
    assert x_m.size == 9 * 8
    x_m, y_m = along_lines([np.array([[0.0, 0.0], [30.0, 0.0], [30.0, 60.0]])], spacing_m=30.0)
    assert list(zip(x_m.tolist(), y_m.tolist(), strict=True)) == [(0, 0), (30, 0), (30, 30), (30, 60)]


def test_costs_add_up_by_means() -> None:
    model = CostModel()
    fibre = Backhaul("fibre", 70.04)
    mast = option_cost(model, "mast", height_m=36.0, to_road_m=250.0, backhaul=fibre)
    assert mast.total_mvnd == pytest.approx(625.0 + 400.0 + 100.0 + 75.0 + 70.0)
    shared = option_cost(model, "colocation", height_m=36.0, to_road_m=250.0, backhaul=Backhaul("none", 0.0))
    assert shared.total_mvnd == 550.0
    assert option_cost(model, "sector", height_m=36.0, to_road_m=9.0, backhaul=fibre).total_mvnd == 150.0


@pytest.mark.parametrize(
    ("record", "code"),
    [
        ({"power_mvnd": -1.0}, "cost_number"),
        ({"power_mvnd": "viel"}, "cost_number"),
        ({"power_mvnd": float("nan")}, "cost_number"),
        ({"power_mvnd": None}, "cost_missing"),
        ({"mast_mvnd": {}}, "cost_missing"),
        ({"mast_mvnd": {"30": -5}}, "cost_number"),
        ({"mast_mvnd": {"high": 5}}, "cost_number"),
        ({"masts": 5}, "cost_unknown"),
    ],
)
def test_costs_that_are_none_are_refused_by_name(record: dict[str, object], code: str) -> None:
    with pytest.raises(InputError) as refused:
        cost_model(record)
    assert refused.value.code == code
    assert str(next(iter(record))) in str(refused.value.parameters["name"])


def test_options_too_near_each_other_are_named_once() -> None:
    place = np.array([0, 0, 1, 2], dtype=np.int32)
    pairs = near_pairs(
        [0.0, 0.0, 90.0, 100.0],
        [0.0, 0.0, 0.0, 0.0],
        distance_m=100.0,
        place=place,
        counts=np.array([True, True, True, True]),
    )
    assert sorted(map(tuple, pairs.tolist())) == [(0, 2), (1, 2), (2, 3)]


def test_what_is_forbidden_reaches_nothing() -> None:
    instance = coverage_instance([0, 1, 2], [0, 1], [2.0, 3.0, 5.0], [1.0, 1.0], covered=[False, False, True])
    assert reachable_weight(instance, SideConstraints()) == 10.0
    assert reachable_weight(instance, SideConstraints(forbidden=np.array([False, True]))) == 7.0
