"""P.1812 on paths one can check by hand, and its refusals."""

from __future__ import annotations

import math

import numpy as np
import pytest

from phusong.coverage.errors import InputError, ModelRangeError
from phusong.coverage.propagation import fixed_radius, free_space
from phusong.coverage.propagation.location import fade_margin_db, location_sigma_db
from phusong.coverage.propagation.p1812 import path_loss_db, path_loss_parts
from phusong.coverage.propagation.p1812_diffraction import (
    bullington_nu_m,
    knife_edge_db,
    least_clearance,
)
from phusong.coverage.propagation.profile import Profile


def flat(length_km: float, points: int = 101, height_m: float = 10.0) -> Profile:
    return Profile(distance_km=np.linspace(0.0, length_km, points), height_m=np.full(points, height_m))


def ridge(height_m: float, *, length_km: float = 10.0, points: int = 101) -> Profile:
    heights = np.zeros(points)
    heights[points // 2] = height_m
    return Profile(distance_km=np.linspace(0.0, length_km, points), height_m=heights)


def test_high_antennas_over_flat_ground_have_free_space_loss() -> None:
    loss = path_loss_db(flat(5.0), frequency_mhz=2_000.0, tx_height_m=200.0, rx_height_m=200.0)
    assert loss == pytest.approx(92.4 + 20.0 * math.log10(2.0) + 20.0 * math.log10(5.0), abs=1e-9)


def test_single_ridge_follows_the_knife_edge_by_hand() -> None:
    # 50 m over the ray of two 100 m masts, mid-path of 10 km, 1 GHz: nu = h sqrt(0.002 d / (lambda d1 d2))
    bulge_m = 500.0 * 5.0 * 5.0 / (6371.0 * 157.0 / 107.0)
    nu = (50.0 + bulge_m) * math.sqrt(0.002 * 10.0 / (0.2998 * 5.0 * 5.0))
    edge = 6.9 + 20.0 * math.log10(math.sqrt((nu - 0.1) ** 2 + 1.0) + nu - 0.1)
    by_hand = edge + (1.0 - math.exp(-edge / 6.0)) * (10.0 + 0.02 * 10.0)
    parts = path_loss_parts(ridge(150.0), frequency_mhz=1_000.0, tx_height_m=100.0, rx_height_m=100.0)
    assert parts.terrain_db == pytest.approx(by_hand, abs=1e-9)
    assert parts.is_transhorizon
    assert parts.tx_horizon_km == pytest.approx(5.0)
    assert parts.loss_db > parts.free_space_db + 20.0


def test_knife_edge_at_grazing_is_six_decibels() -> None:
    assert knife_edge_db(0.0) == pytest.approx(6.03, abs=0.01)
    assert knife_edge_db(-0.78) == 0.0
    assert knife_edge_db(-math.inf) == 0.0


def test_under_a_quarter_kilometre_there_is_free_space_only() -> None:
    near = ridge(500.0, length_km=0.2, points=5)
    loss = path_loss_db(near, frequency_mhz=800.0, tx_height_m=30.0, rx_height_m=1.5)
    slant_km = math.hypot(0.2, 0.0285)
    assert loss == pytest.approx(92.4 + 20.0 * math.log10(0.8) + 20.0 * math.log10(slant_km), abs=1e-9)


def test_two_points_are_a_path() -> None:
    pair = Profile(distance_km=[0.0, 3.0], height_m=[0.0, 0.0])
    loss = path_loss_db(pair, frequency_mhz=800.0, tx_height_m=30.0, rx_height_m=1.5)
    assert math.isfinite(loss)


def test_a_very_long_path_neither_overflows_nor_warns() -> None:
    far = flat(2_500.0, points=2_501)
    parts = path_loss_parts(far, frequency_mhz=6_000.0, tx_height_m=10.0, rx_height_m=1.5)
    assert math.isfinite(parts.loss_db)
    assert parts.loss_db == pytest.approx(parts.combined_db)
    assert parts.least_anomalous_db >= parts.ducting_db


def test_clutter_counts_between_the_terminals_only() -> None:
    distances = np.linspace(0.0, 4.0, 41)
    ends = np.zeros(41)
    ends[[0, -1]] = 30.0
    between = np.full(41, 30.0)
    between[[0, -1]] = 0.0
    options = {"frequency_mhz": 800.0, "tx_height_m": 30.0, "rx_height_m": 1.5}
    bare = path_loss_db(Profile(distances, np.zeros(41)), **options)
    assert path_loss_db(Profile(distances, np.zeros(41), ends), **options) == bare
    assert path_loss_db(Profile(distances, np.zeros(41), between), **options) > bare + 10.0


def test_polarisation_matters_over_sea_and_hardly_over_land() -> None:
    options = {"frequency_mhz": 50.0, "tx_height_m": 10.0, "rx_height_m": 1.5}
    over_sea = Profile(np.linspace(0.0, 40.0, 401), np.zeros(401), zone=np.full(401, 1))

    def gap(profile: Profile) -> float:
        vertical = path_loss_parts(profile, polarization="vertical", **options).spherical_db
        return path_loss_parts(profile, polarization="horizontal", **options).spherical_db - vertical

    assert gap(over_sea) > 20.0
    assert 0.0 < gap(flat(40.0, 401, 0.0)) < 0.5 * gap(over_sea)


def test_location_percentage_shifts_the_loss_by_the_margin() -> None:
    options = {"frequency_mhz": 800.0, "tx_height_m": 30.0, "rx_height_m": 1.5, "location_sigma_db": 5.5}
    median = path_loss_db(ridge(150.0), **options)
    nine_of_ten = path_loss_db(ridge(150.0), location_percentage=90.0, **options)
    assert nine_of_ten - median == pytest.approx(fade_margin_db(0.9, 5.5), abs=0.01)


def test_rarer_times_have_less_loss() -> None:
    losses = [
        path_loss_db(
            ridge(300.0, length_km=60.0),
            frequency_mhz=600.0,
            tx_height_m=50.0,
            rx_height_m=10.0,
            time_percentage=p,
        )
        for p in (1.0, 10.0, 50.0)
    ]
    assert losses == sorted(losses)
    assert losses[0] < losses[-1] - 3.0


def test_root_of_the_clearance_cubic_solves_equation_23() -> None:
    for d, tx, rx in ((5.0, 30.0, 1.5), (20.0, 200.0, 1.5), (40.0, 100.0, 60.0), (30.0, 1.5, 100.0)):
        c = (tx - rx) / (tx + rx)
        m = 250.0 * d * d / (8_500.0 * (tx + rx))
        angle = math.acos(1.5 * c * math.sqrt(3.0 * m / (m + 1.0) ** 3))
        b = 2.0 * math.sqrt((m + 1.0) / (3.0 * m)) * math.cos(math.pi / 3.0 + angle / 3.0)
        _, near, rest = least_clearance(d, tx, rx, 8_500.0)
        assert near == pytest.approx(0.5 * d * (1.0 + b), abs=1e-9)
        assert near + rest == pytest.approx(d)


def test_bullington_parameter_does_not_depend_on_direction() -> None:
    rng = np.random.default_rng(7)
    heights = rng.uniform(0.0, 300.0, 60)
    distances = np.linspace(0.0, 25.0, 60)
    there, _ = bullington_nu_m(distances, heights, heights[0] + 30.0, heights[-1] + 2.0, 8_500.0)
    back, _ = bullington_nu_m(distances, heights[::-1].copy(), heights[-1] + 2.0, heights[0] + 30.0, 8_500.0)
    assert there == pytest.approx(back, rel=1e-9)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("frequency_mhz", 29.0),
        ("frequency_mhz", 6_001.0),
        ("tx_height_m", 0.0),
        ("rx_height_m", 3_001.0),
        ("time_percentage", 51.0),
        ("location_percentage", 0.5),
        ("latitude_deg", math.nan),
        ("delta_n", 157.0),
        ("location_sigma_db", -1.0),
    ],
)
def test_out_of_range_names_the_parameter(name: str, value: float) -> None:
    options = {"frequency_mhz": 800.0, "tx_height_m": 30.0, "rx_height_m": 1.5, name: value}
    with pytest.raises(ModelRangeError) as caught:
        path_loss_db(flat(5.0), **options)
    assert caught.value.code == "model_range"
    assert caught.value.parameters["name"] == name


def test_too_long_a_path_and_unknown_choices_are_refused() -> None:
    options = {"frequency_mhz": 800.0, "tx_height_m": 30.0, "rx_height_m": 1.5}
    with pytest.raises(ModelRangeError, match="distance_km"):
        path_loss_db(flat(3_001.0), **options)
    with pytest.raises(ModelRangeError, match="model_choice"):
        path_loss_db(flat(5.0), polarization="circular", **options)  # type: ignore[arg-type]
    with pytest.raises(ModelRangeError, match="model_choice"):
        path_loss_db(flat(5.0), smooth_earth="round", **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        ("profile_points", {"distance_km": [0.0], "height_m": [1.0]}),
        ("profile_length", {"height_m": [1.0, 2.0]}),
        ("profile_value", {"height_m": [1.0, math.nan, 2.0]}),
        ("profile_value", {"clutter_height_m": [0.0, -1.0, 0.0]}),
        ("profile_start", {"distance_km": [0.5, 1.0, 2.0]}),
        ("profile_order", {"distance_km": [0.0, 2.0, 1.0]}),
        ("profile_zone", {"zone": [4, 2, 4]}),
    ],
)
def test_bad_profiles_are_refused(code: str, changes: dict[str, list[float]]) -> None:
    arguments = {"distance_km": [0.0, 1.0, 2.0], "height_m": [1.0, 2.0, 3.0], **changes}
    with pytest.raises(InputError) as caught:
        Profile(**arguments)
    assert caught.value.code == code


def test_a_profile_keeps_its_own_unchangeable_copy() -> None:
    heights = np.array([1.0, 2.0, 3.0])
    profile = Profile(distance_km=[0.0, 1.0, 2.0], height_m=heights)
    heights[1] = 99.0
    assert profile.height_m.tolist() == [1.0, 2.0, 3.0]
    with pytest.raises(ValueError, match="read-only"):
        profile.height_m[0] = 5.0


def test_baselines() -> None:
    assert float(free_space.path_loss_db(0.0, frequency_mhz=1_000.0)) == pytest.approx(32.45, abs=0.005)
    near, far = fixed_radius.path_loss_db([3_999.0, 4_001.0], frequency_mhz=1_000.0, radius_m=4_000.0)
    assert math.isfinite(near)
    assert math.isnan(far)


def test_location_spread_and_margin_refuse_nonsense() -> None:
    assert location_sigma_db(3_500.0, square_m=30.0) == pytest.approx((0.52 + 0.084) * 30.0**0.28)
    for call in (
        lambda: location_sigma_db(800.0, square_m=0.0),
        lambda: fade_margin_db(1.0, 5.0),
        lambda: fade_margin_db(0.9, -1.0),
    ):
        with pytest.raises(ModelRangeError):
            call()
