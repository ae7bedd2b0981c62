"""ITM against the NTIA: losses, intermediate quantities, warnings; and what must hold of any path."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phusong.app.i18n import catalogue
from phusong.app.validation import json_records
from phusong.app.validation_itm import read_itm_cases, validate_itm
from phusong.coverage.errors import InputError, LayerFileError, ModelRangeError
from phusong.coverage.propagation.itm import UNDEFINED, even_heights, path_loss_db, path_loss_parts
from phusong.coverage.propagation.profile import Profile

OFFICIAL_ROWS = 3
SYNTHETIC_CASES = 300
# bits of the reference's warnings -> ours
WARNINGS = {
    0x0001: "height",
    0x0002: "height",
    0x0004: "frequency",
    0x0008: "distance_long",
    0x0010: "distance_too_long",
    0x0020: "distance_short",
    0x0040: "distance_too_short",
    0x0080: "horizon_angle",
    0x0100: "horizon_angle",
    0x0200: "horizon_near",
    0x0400: "horizon_near",
    0x0800: "horizon_far",
    0x1000: "horizon_far",
    0x2000: "variability",
    0x4000: "refractivity",
}
# name in the example's log -> ours, and the digits it is written with
LOGGED = {
    "Free Space": ("free_space_db", 0.05),
    "d__km": ("distance_km", 0.0005),
    "theta_hzn_tx": ("tx_angle_mrad", 0.0005),
    "theta_hzn_rx": ("rx_angle_mrad", 0.0005),
    "d_hzn_tx__meter": ("tx_horizon_m", 0.5),
    "d_hzn_rx__meter": ("rx_horizon_m", 0.5),
    "h_e_tx__meter": ("tx_effective_m", 0.05),
    "h_e_rx__meter": ("rx_effective_m", 0.05),
    "N_s": ("refractivity", 0.05),
    "delta_h__meter": ("irregularity_m", 0.05),
    "A_ref__db": ("reference_db", 0.05),
    "Basic Transmission Loss": ("loss_db", 0.05),
}
MAST = {"frequency_mhz": 800.0, "tx_height_m": 40.0, "rx_height_m": 1.5}


@pytest.fixture(scope="module")
def itm_data(shared_data: Path) -> Path:
    return shared_data / "validation" / "itm"


def _profile(heights_m, *, step_km: float = 0.1) -> Profile:
    return Profile(distance_km=step_km * np.arange(len(heights_m)), height_m=heights_m)


def test_official_rows_to_their_last_digit(itm_data: Path) -> None:
    report = validate_itm(itm_data / "p2p.csv")
    assert report.cases == OFFICIAL_ROWS
    assert report.max_abs_db <= 0.005 + 0.001, report


def test_synthetic_cases(itm_data: Path) -> None:
    report = validate_itm(itm_data / "synthetic_ntia_itm.jsonl.gz")
    assert report.cases == SYNTHETIC_CASES
    assert report.max_abs_db <= 0.004, report
    assert validate_itm(itm_data).cases == SYNTHETIC_CASES + OFFICIAL_ROWS


def test_mechanisms_and_warnings_of_the_synthetic_cases(itm_data: Path) -> None:
    path = itm_data / "synthetic_ntia_itm.jsonl.gz"
    records = [record for _, record in json_records(path)]
    mechanisms = set()
    for case, record in zip(read_itm_cases(path), records, strict=True):
        parts = case.parts()
        mechanisms.add(parts.mechanism)
        named = {name for bit, name in WARNINGS.items() if int(record["warnings"]) & bit}
        assert set(parts.warnings) == named, case.name
        assert parts.error is None
    assert mechanisms == {"line_of_sight", "diffraction", "troposcatter"}


def test_intermediate_quantities_of_the_example(itm_data: Path) -> None:
    folder = itm_data / "cmd_examples"
    given_as = dict(line.split(",") for line in (folder / "i_p2ptls.txt").read_text().split())
    numbers = [float(value) for value in (folder / "pfl.txt").read_text().strip().strip(",").split(",")]
    parts = path_loss_parts(
        _profile(numbers[2:], step_km=numbers[1] / 1_000.0),
        frequency_mhz=float(given_as["f__mhz"]),
        tx_height_m=float(given_as["h_tx__meter"]),
        rx_height_m=float(given_as["h_rx__meter"]),
        climate=int(given_as["climate"]),
        n0=float(given_as["N_0"]),
        sigma=float(given_as["sigma"]),
        mdvar=int(given_as["mdvar"]),
    )
    results = (folder / "o_p2ptls.txt").read_text().split("Results")[1].splitlines()
    checked = 0
    for name, (quantity, digits) in LOGGED.items():
        line = next(line for line in results if line.startswith(name))
        assert getattr(parts, quantity) == pytest.approx(
            float(line[len(name) :].split()[0]), abs=1.001 * digits
        )
        checked += 1
    assert checked == len(LOGGED)
    assert parts.mechanism == "line_of_sight"
    assert parts.warnings == ()


def test_parts_sum_to_the_total() -> None:
    parts = path_loss_parts(_profile([10.0, 40.0, 300.0, 20.0, 15.0] * 10), **MAST)
    assert parts.free_space_db + parts.reference_db + parts.variability_db == pytest.approx(
        parts.loss_db, abs=1e-9
    )
    assert parts.free_space_db == pytest.approx(32.45 + 20 * math.log10(800 * 4.9), abs=1e-9)


@settings(max_examples=60, deadline=None)
@given(
    heights_m=st.lists(st.floats(0.0, 1_500.0), min_size=2, max_size=80),
    tx_height_m=st.floats(1.0, 200.0),
    rx_height_m=st.floats(1.0, 200.0),
    frequency_mhz=st.floats(400.0, 6_000.0),
    polarization=st.sampled_from(["vertical", "horizontal"]),
    mdvar=st.sampled_from([0, 1, 2, 3, 11, 12, 23, 33]),
    time_percentage=st.floats(1.0, 99.0),
)
def test_both_ways_lose_the_same(heights_m, tx_height_m, rx_height_m, **options) -> None:
    there = path_loss_parts(_profile(heights_m), tx_height_m=tx_height_m, rx_height_m=rx_height_m, **options)
    back = path_loss_parts(
        _profile(heights_m[::-1]), tx_height_m=rx_height_m, rx_height_m=tx_height_m, **options
    )
    assert there.error is None
    assert back.loss_db == pytest.approx(there.loss_db, abs=1e-6)


@settings(max_examples=40, deadline=None)
@given(
    heights_m=st.lists(st.floats(0.0, 800.0), min_size=3, max_size=60),
    shares=st.tuples(st.floats(1.0, 99.0), st.floats(1.0, 99.0)),
    name=st.sampled_from(["time_percentage", "location_percentage", "situation_percentage"]),
)
def test_larger_shares_lose_more(heights_m, shares, name) -> None:
    low, high = (path_loss_db(_profile(heights_m), **MAST, mdvar=3, **{name: s}) for s in sorted(shares))
    assert low <= high + 1e-9


def test_uneven_steps_are_made_even_and_clutter_counts() -> None:
    uneven = Profile(distance_km=[0.0, 1.0, 4.0], height_m=[0.0, 30.0, 60.0])
    heights_m, step_m = even_heights(uneven)
    assert step_m == pytest.approx(2_000.0)
    assert heights_m == pytest.approx([0.0, 40.0, 60.0])
    bare = _profile([5.0] * 30)
    covered = Profile(distance_km=bare.distance_km, height_m=bare.height_m, clutter_height_m=[20.0] * 30)
    assert path_loss_db(covered, **MAST) > path_loss_db(bare, **MAST) + 5.0


def test_a_ridge_hides_what_is_behind() -> None:
    flat, ridge = [5.0] * 100, [5.0] * 100
    ridge[60] = 400.0
    seen, hidden = path_loss_parts(_profile(flat), **MAST), path_loss_parts(_profile(ridge), **MAST)
    assert seen.mechanism == "line_of_sight"
    assert hidden.tx_horizon_m == pytest.approx(6_000.0)
    assert hidden.rx_horizon_m == pytest.approx(3_900.0)
    assert hidden.loss_db > seen.loss_db + 20.0


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        ("model_range", {"frequency_mhz": 10.0}),
        ("model_range", {"frequency_mhz": math.nan}),
        ("model_range", {"rx_height_m": 0.0}),
        ("model_range", {"n0": 500.0}),
        ("model_range", {"sigma": 0.0}),
        ("model_range", {"epsilon": 1.0}),
        ("model_range", {"time_percentage": 100.0}),
        ("model_range", {"climate": 8}),
        ("model_choice", {"climate": 2.5}),
        ("model_choice", {"polarization": "circular"}),
        ("model_choice", {"mdvar": 4}),
    ],
)
def test_refusals(code: str, changes: dict[str, object]) -> None:
    with pytest.raises(ModelRangeError) as caught:
        path_loss_db(_profile([5.0, 6.0, 7.0]), **{**MAST, **changes})
    assert caught.value.code == code
    assert caught.value.parameters["name"] == next(iter(changes))


@pytest.mark.parametrize(
    ("reason", "heights_m", "changes"),
    [
        ("refractivity", [8_000.0] * 5, {"n0": 300.0}),
        ("earth_curvature", [-2_000.0] * 5, {"n0": 400.0}),
        ("geometry", [0.0, 9_000.0, 0.0], {"frequency_mhz": 20.0, "epsilon": 1.01, "sigma": 5.0}),
    ],
)
def test_where_the_model_gives_no_result_it_says_why(reason, heights_m, changes) -> None:
    options = {**MAST, **changes}
    parts = path_loss_parts(_profile(heights_m), **options)
    assert parts.error == reason
    assert math.isnan(parts.loss_db)
    with pytest.raises(ModelRangeError) as caught:
        path_loss_db(_profile(heights_m), **options)
    assert caught.value.code == f"itm_{reason}"


def test_every_reason_has_words() -> None:
    assert all(f"errors.{code}" in catalogue("vi") for code in UNDEFINED.values())


def test_cases_that_cannot_be_compared_are_said(itm_data: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="validation_empty"):
        validate_itm(itm_data / "area.csv")
    (tmp_path / "broken.jsonl").write_text(json.dumps({"pfl": [1, 30.0, 5.0, 5.0]}))
    with pytest.raises(LayerFileError, match="validation_file"):
        validate_itm(tmp_path)
    (tmp_path / "broken.jsonl").unlink()
    (tmp_path / "p2p.csv").write_text((itm_data / "p2p.csv").read_text())
    with pytest.raises(LayerFileError, match="pfls"):
        validate_itm(tmp_path)
