"""What holds for any terrain: both ways lose the same, moving the world changes nothing, modes agree."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phusong.coverage.grids import Grid, Raster
from phusong.coverage.method import Method
from phusong.coverage.propagation.area import AreaLoss, path_loss_area
from phusong.coverage.propagation.p1812 import path_loss_db
from phusong.coverage.propagation.profile import ZONES, Profile

Predict = Callable[..., AreaLoss]
SEEDS = st.integers(0, 2**32 - 1)
MODELS = ("p1812", "itm", "tr38901_rma", "free_space", "fixed_radius")
CELL_M, SIDE = 30.0, 61
MODES: tuple[tuple[Predict, str], ...] = (
    *((path_loss_area, model) for model in MODELS),
    (partial(path_loss_area, mode="sweep"), "p1812"),
)


@st.composite
def profiles(draw: st.DrawFn) -> Profile:
    # three at least: without a point between the ends P.1812 has no horizon to take ducting from
    points = draw(st.integers(3, 60))
    rng = np.random.default_rng(draw(SEEDS))
    relief_m = draw(st.sampled_from([0.0, 30.0, 1_500.0]))
    return Profile(
        distance_km=np.append(0.0, np.cumsum(rng.uniform(0.03, draw(st.floats(0.1, 5.0)), points - 1))),
        height_m=rng.uniform(0.0, 1.0, points) * relief_m,
        clutter_height_m=rng.uniform(0.0, 20.0, points),
        zone=rng.choice(ZONES, points),
    )


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    profiles(),
    st.floats(30.0, 6_000.0),
    st.floats(1.0, 300.0),
    st.floats(1.0, 300.0),
    st.floats(1.0, 50.0),
)
def test_p1812_loses_the_same_both_ways(
    profile: Profile, frequency_mhz: float, one_m: float, other_m: float, time_percentage: float
) -> None:
    turned = Profile(
        distance_km=profile.length_km - profile.distance_km[::-1],
        height_m=profile.height_m[::-1],
        clutter_height_m=profile.clutter_height_m[::-1],
        zone=profile.zone[::-1],
    )
    options = {"frequency_mhz": frequency_mhz, "time_percentage": time_percentage}
    there = path_loss_db(profile, tx_height_m=one_m, rx_height_m=other_m, **options)
    back = path_loss_db(turned, tx_height_m=other_m, rx_height_m=one_m, **options)
    assert back == pytest.approx(there, abs=1e-6)


def loss_of(
    predict: Predict, model: str, terrain: Raster, east_m: float, south_m: float, *, radius_m: float = 750.0
) -> AreaLoss:
    return predict(
        terrain,
        x_m=terrain.grid.left_m + east_m,
        y_m=terrain.grid.top_m - south_m,
        antenna_height_m=25.0,
        frequencies_mhz=[800.0],
        radii_m=[radius_m],
        method=Method(model=model),
        threads=1,
    )


def rough(seed: int, *, left_m: float = 500_000.0, top_m: float = 2_200_000.0) -> Raster:
    heights_m = np.random.default_rng(seed).uniform(0.0, 200.0, (SIDE, SIDE)).astype(np.float32)
    return Raster(Grid(SIDE, SIDE, CELL_M, left_m, top_m, 32648), heights_m, "m")


# places on a lattice of 1/64 m, and origins on it too: their sums and differences are exact
LATTICE = st.integers(-(2**28), 2**28).map(lambda steps: steps / 64.0)
MASTS = st.tuples(*[st.integers(1, SIDE * 30 * 64 - 1).map(lambda steps: steps / 64.0)] * 2)


@settings(max_examples=30, deadline=None, derandomize=True)
@given(st.sampled_from(MODES), SEEDS, MASTS, LATTICE, LATTICE)
def test_moving_the_origin_of_the_crs_changes_no_bit(
    mode: tuple[Predict, str], seed: int, mast_m: tuple[float, float], left_m: float, top_m: float
) -> None:
    here = loss_of(*mode, rough(seed), *mast_m)
    there = loss_of(*mode, rough(seed, left_m=left_m, top_m=top_m), *mast_m)
    assert (here.row0, here.col0) == (there.row0, there.col0)
    np.testing.assert_array_equal(here.loss_db, there.loss_db)


@settings(max_examples=30, deadline=None, derandomize=True)
@given(st.sampled_from(MODES), SEEDS, st.integers(0, 12), st.integers(0, 12), st.booleans())
def test_more_of_the_world_around_changes_no_bit(
    mode: tuple[Predict, str], seed: int, up: int, left: int, is_known: bool
) -> None:
    """The same land in a larger grid, its origin moved by whole cells, whatever lies out of reach."""
    small = rough(seed)
    filler = 77.0 if is_known else np.nan
    values = np.pad(small.values, ((up, 3), (left, 5)), constant_values=filler)
    grid = Grid(
        width=SIDE + left + 5,
        height=SIDE + up + 3,
        cell_size_m=CELL_M,
        left_m=small.grid.left_m - left * CELL_M,
        top_m=small.grid.top_m + up * CELL_M,
        epsg=32648,
    )
    middle_m = SIDE * CELL_M / 2.0
    near = loss_of(*mode, small, middle_m + 3.0, middle_m - 8.0)
    far = loss_of(*mode, Raster(grid, values, "m"), middle_m + 3.0 + left * 30.0, middle_m - 8.0 + up * 30.0)
    assert (far.row0, far.col0) == (near.row0 + up, near.col0 + left)
    np.testing.assert_array_equal(far.loss_db, near.loss_db)


def hills(seed: int, relief_m: float) -> np.ndarray:
    """Random relief whose waves grow with the cube of their length, as land smoothed to a 30 m grid."""
    side = 161
    noise = np.random.default_rng(seed).standard_normal((side, side))
    wave = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.fftfreq(side)[None, :])
    wave[0, 0] = np.inf
    heights_m = np.fft.ifft2(np.fft.fft2(noise) / wave**3).real
    return relief_m * (heights_m - heights_m.min()) / np.ptp(heights_m)


@settings(max_examples=25, deadline=None, derandomize=True)
@given(
    SEEDS,
    st.floats(0.0, 200.0),
    st.floats(600.0, 4_200.0),
    st.floats(600.0, 4_200.0),
    st.floats(10.0, 60.0),
    st.sampled_from([700.0, 1_800.0, 3_700.0]),
)
def test_sweep_and_exact_agree_within_the_bars_on_any_hills(  # noqa: PLR0917 - drawn
    seed: int, relief_m: float, east_m: float, south_m: float, height_m: float, frequency_mhz: float
) -> None:
    """Bars of the project: 0.4 dB (standard deviation), 1.5 dB (99th percentile).

    Hills of up to 200 m over some 5 km. Steeper worlds of this size keep the bars on average only (the worst
    of 150 with 1,200 m: 0.8 dB and 4.2 dB), as radials lie apart by a greater part of their shadows; real
    mountains over their whole radius are held to the bars in the tests of the sweep.
    """
    heights_m = hills(seed, relief_m).astype(np.float32)
    grid = Grid(heights_m.shape[1], heights_m.shape[0], CELL_M, 500_000.0, 2_200_000.0, 32648)
    options = {
        "x_m": grid.left_m + east_m,
        "y_m": grid.top_m - south_m,
        "antenna_height_m": height_m,
        "frequencies_mhz": [frequency_mhz],
        "radii_m": [2_400.0],
        "method": Method(),
        "threads": 1,
    }
    terrain = Raster(grid, heights_m, "m")
    exact, sweep = path_loss_area(terrain, **options), path_loss_area(terrain, mode="sweep", **options)
    np.testing.assert_array_equal(np.isnan(sweep.loss_db), np.isnan(exact.loss_db))
    difference_db = (sweep.loss_db - exact.loss_db)[np.isfinite(exact.loss_db)]
    assert abs(float(difference_db.mean())) <= 0.05
    assert float(difference_db.std()) <= 0.4
    assert float(np.quantile(np.abs(difference_db), 0.99)) <= 1.5
