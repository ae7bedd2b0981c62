"""What ITM reads from a terrain profile, against plain ways of finding the same."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phusong.coverage.propagation.itm_conditions import checked_conditions
from phusong.coverage.propagation.itm_terrain import (
    SCRATCH_LENGTH,
    Link,
    _irregularity_m,
    _ranked_between,
    analyse_link,
)

STEP_M = 30.0
CURVATURE_PER_M = 157e-9 * (1.0 - 0.04665 * np.exp(301.0 / 179.3))
GIVEN = checked_conditions(
    frequency_mhz=800.0,
    tx_height_m=20.0,
    rx_height_m=2.0,
    polarization="vertical",
    climate=3,
    n0=301.0,
    epsilon=15.0,
    sigma=0.005,
    mdvar=13,
    time_percentage=50.0,
    location_percentage=50.0,
    situation_percentage=50.0,
)
HILLS = st.lists(st.one_of(st.floats(0.0, 900.0), st.integers(0, 4)), min_size=12, max_size=245)


def _link(heights_m: np.ndarray) -> Link:
    return analyse_link(heights_m, STEP_M, GIVEN, np.empty(SCRATCH_LENGTH))


@settings(max_examples=80, deadline=None)
@given(values=HILLS, share=st.floats(0.0, 1.0))
def test_ranks_are_those_of_sorting(values: list[float], share: float) -> None:
    rank = round(share * (len(values) - 1))
    scratch = np.zeros(SCRATCH_LENGTH)
    scratch[: len(values)] = values
    found = _ranked_between(scratch, len(values), rank, min(values), max(values))
    assert found == sorted(values)[rank]


@settings(max_examples=60, deadline=None)
@given(values=HILLS)
def test_horizons_of_a_blocked_path_are_the_steepest_points(values: list[float]) -> None:
    heights = np.array(values, dtype=np.float64)
    middle = heights.size // 2
    heights[middle] = 2_000.0
    heights[0] = heights[-1] = 0.0
    link = _link(heights)
    away = STEP_M * np.arange(1, heights.size - 1)
    half = 0.5 * link.curvature_per_m
    from_tx = (heights[1:-1] - 20.0) / away - half * away
    from_rx = (heights[-2:0:-1] - 2.0) / away - half * away
    assert link.tx_angle_rad == from_tx.max()
    assert link.rx_angle_rad == from_rx.max()
    assert link.tx_horizon_m == away[np.argmax(from_tx)]
    assert link.rx_horizon_m == away[np.argmax(from_rx)]


def test_irregularity_of_a_saw_is_its_height() -> None:
    # 101 points, teeth of 40 m: the deciles lie on the teeth; an endless path shows 1 / (1 - 0.8 exp(-3/50))
    heights = np.where(np.arange(101) % 2 == 0, 0.0, 40.0)
    found = _irregularity_m(heights, STEP_M, 0.0, 100 * STEP_M, np.empty(SCRATCH_LENGTH))
    resampled = 10 * int(0.1 * 108.0) - 5
    at = np.linspace(0.0, 100.0, resampled)
    saw = np.sort(np.interp(at, np.arange(101.0), heights))
    expected = (saw[resampled - 10] - saw[9]) / (1.0 - 0.8 * np.exp(-3.0 / 50.0))
    assert found == pytest.approx(expected, rel=0.02)
    assert _irregularity_m(np.full(101, 7.0), STEP_M, 0.0, 3_000.0, np.empty(SCRATCH_LENGTH)) == 0.0


def test_curvature_follows_refractivity() -> None:
    link = _link(np.zeros(50))
    assert link.refractivity == 301.0
    assert link.curvature_per_m == pytest.approx(CURVATURE_PER_M)
