"""What holds for any path."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from phusong.coverage.errors import GridError
from phusong.coverage.grids import Grid, Raster
from phusong.coverage.method import Method
from phusong.coverage.propagation import free_space
from phusong.coverage.propagation.area import extract_profile, path_loss_area
from phusong.coverage.propagation.p1812 import path_loss_parts
from phusong.coverage.propagation.p1812_diffraction import bullington_nu_m, crossing_nu_m
from phusong.coverage.propagation.profile import Profile

FREQUENCY_MHZ = st.floats(30.0, 6_000.0)
ANTENNA_M = st.floats(1.0, 300.0)


@st.composite
def profiles(draw: st.DrawFn) -> Profile:
    points = draw(st.integers(3, 60))
    gaps = draw(st.lists(st.floats(0.05, 2.0), min_size=points - 1, max_size=points - 1))
    heights = draw(st.lists(st.floats(0.0, 1_500.0), min_size=points, max_size=points))
    return Profile(distance_km=np.append(0.0, np.cumsum(gaps)), height_m=heights)


@given(st.floats(1.0, 1e5), st.floats(1.0001, 10.0), FREQUENCY_MHZ)
def test_free_space_loss_grows_with_distance(near_m: float, times: float, frequency_mhz: float) -> None:
    near, far = free_space.path_loss_db([near_m, near_m * times], frequency_mhz=frequency_mhz)
    assert far > near


@settings(max_examples=60, deadline=None)
@given(profiles(), FREQUENCY_MHZ, ANTENNA_M, ANTENNA_M, st.floats(1.0, 50.0))
def test_losses_are_finite_and_diffraction_never_negative(
    profile: Profile, frequency_mhz: float, tx_m: float, rx_m: float, time_percentage: float
) -> None:
    parts = path_loss_parts(
        profile,
        frequency_mhz=frequency_mhz,
        tx_height_m=tx_m,
        rx_height_m=rx_m,
        time_percentage=time_percentage,
    )
    assert math.isfinite(parts.loss_db)
    assert parts.diffraction_50_db >= 0.0
    assert parts.diffraction_50_db >= parts.terrain_db
    if profile.length_km >= 0.25:
        assert parts.loss_db >= parts.basic_p_db


@settings(max_examples=60, deadline=None)
@given(profiles(), ANTENNA_M, ANTENNA_M)
def test_bullington_is_reciprocal(profile: Profile, tx_m: float, rx_m: float) -> None:
    heights, distances = profile.height_m, profile.distance_km
    there, _ = bullington_nu_m(distances, heights, heights[0] + tx_m, heights[-1] + rx_m, 8_500.0)
    turned = distances[-1] - distances[::-1]
    back, _ = bullington_nu_m(turned, heights[::-1].copy(), heights[-1] + rx_m, heights[0] + tx_m, 8_500.0)
    # grazing paths may fall on either side of equation 15 or 20; both give about zero there
    assert abs(there - back) <= 1e-6 * max(abs(there), 1.0) or max(abs(there), abs(back)) < 1e-3


@given(st.floats(0.0, 500.0), st.floats(0.0, 500.0), st.floats(0.3, 50.0))
def test_crossing_parameter_is_equation_20(tx_rise: float, rx_rise: float, d: float) -> None:
    if min(tx_rise, rx_rise) < 1e-3:
        return
    # level terminals at height 0: slopes above the line are the slopes themselves
    crossing = rx_rise * d / (tx_rise + rx_rise)
    by_hand = tx_rise * crossing * math.sqrt(0.002 * d / (crossing * (d - crossing)))
    assert math.isclose(crossing_nu_m(tx_rise, rx_rise, d), by_hand, rel_tol=1e-6)


@settings(max_examples=15, deadline=None)
@given(
    st.integers(0, 10_000),
    st.integers(-400_000, 400_000),
    st.integers(-400_000, 400_000),
    st.floats(-80.0, 900.0),
)
def test_moving_the_world_changes_nothing(seed: int, east_m: int, north_m: int, up_m: float) -> None:
    rng = np.random.default_rng(seed)
    values = rng.uniform(0.0, 200.0, (41, 41))
    here = Raster(Grid(41, 41, 50.0, 500_000.0, 2_000_000.0, 32648), values, "m")
    there = Raster(Grid(41, 41, 50.0, 500_000.0 + east_m, 2_000_000.0 + north_m, 32648), values + up_m, "m")
    losses = []
    for terrain in (here, there):
        x_m, y_m = terrain.grid.centre(18, 23)
        losses.append(
            path_loss_area(
                terrain,
                x_m=x_m + 5.0,
                y_m=y_m - 9.0,
                antenna_height_m=25.0,
                frequencies_mhz=[800.0],
                radii_m=[900.0],
                method=Method(),
                threads=1,
            ).loss_db
        )
    assert np.allclose(losses[0], losses[1], atol=0.02, equal_nan=True)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 30), st.integers(0, 30))
def test_a_hole_hides_exactly_the_paths_that_cross_it(row: int, col: int) -> None:
    values = np.zeros((31, 31))
    values[row, col] = np.nan
    # the mast stands between the four cells in the middle, so all of them must be known
    assume(not (row in {14, 15} and col in {15, 16}))
    terrain = Raster(Grid(31, 31, 50.0, 0.0, 1_550.0, 32648), values, "m")
    x_m, y_m = terrain.grid.centre(15, 15)
    area = path_loss_area(
        terrain,
        x_m=x_m + 6.0,
        y_m=y_m + 8.0,
        antenna_height_m=25.0,
        frequencies_mhz=[800.0],
        radii_m=[700.0],
        method=Method(),
        threads=1,
    )
    pixels = np.ndindex(area.loss_db[0].shape)
    centres = np.array([terrain.grid.centre(r + area.row0, c + area.col0) for r, c in pixels])
    distance_m = np.hypot(centres[:, 0] - x_m - 6.0, centres[:, 1] - y_m - 8.0)
    near = distance_m <= 700.0
    for (x2_m, y2_m), loss_db in zip(centres[near], area.loss_db[0].ravel()[near], strict=True):
        if np.isfinite(loss_db):
            assert np.isfinite(extract_profile(terrain, x_m + 6.0, y_m + 8.0, x2_m, y2_m).height_m).all()
        else:
            with pytest.raises(GridError, match="terrain_unknown"):
                extract_profile(terrain, x_m + 6.0, y_m + 8.0, x2_m, y2_m)
