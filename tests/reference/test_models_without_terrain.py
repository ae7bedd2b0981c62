"""TR 38.901, P.2109 and P.2108 against reference tables, values worked by hand, and what must always hold."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from phusong.app.cli import build_app
from phusong.app.validation_tables import validate_p2109, validate_tr38901
from phusong.coverage.errors import InputError, LayerFileError, ModelRangeError
from phusong.coverage.propagation import tr38901
from phusong.coverage.propagation.p2108 import clutter_loss_db
from phusong.coverage.propagation.p2109 import entry_loss_db

OUTDOORS = ("RMa", "UMa", "UMi")
MAST = {"frequency_mhz": 3_500.0, "tx_height_m": 25.0, "rx_height_m": 1.5}


def test_tr38901_table(shared_data: Path) -> None:
    report = validate_tr38901(shared_data / "validation" / "tr38901")
    assert report.cases == 16
    assert report.max_abs_db <= 0.001, report


def test_p2109_table(shared_data: Path) -> None:
    report = validate_p2109(shared_data / "validation" / "p2109" / "validation.csv")
    assert report.cases == 15_625
    assert report.max_abs_db <= 1e-7, report


@pytest.mark.parametrize("model", ["itm", "tr38901", "p2109"])
def test_the_command_compares(shared_data: Path, model: str) -> None:
    cases = shared_data / "validation" / model
    result = CliRunner().invoke(build_app(), ["validate", model, str(cases), "--json"])
    assert result.exit_code == 0, result.output
    record = json.loads(result.stdout)
    assert {"cases", "max_abs_db", "p99_abs_db", "worst"} <= set(record)
    assert 0.0 <= record["p99_abs_db"] <= record["max_abs_db"] <= 0.01


def test_tables_that_cannot_be_read_are_said(tmp_path: Path) -> None:
    (tmp_path / "cases.csv").write_text("a,b\n1,2\n")
    for validate in (validate_tr38901, validate_p2109):
        with pytest.raises(LayerFileError, match="validation_file"):
            validate(tmp_path)
    (tmp_path / "cases.csv").write_text("a,b\n")
    for validate in (validate_tr38901, validate_p2109):
        with pytest.raises(InputError, match="validation_empty"):
            validate(tmp_path)


def test_urban_macro_by_hand() -> None:
    # 28 + 22 lg(500.552) + 20 lg(3.5) = 28 + 59.388 + 10.881; the breakpoint is at 560 m
    loss = tr38901.path_loss_db(500.0, scenario="UMa", is_line_of_sight=True, **MAST)
    assert float(loss) == pytest.approx(98.269, abs=0.005)
    # 13.54 + 39.08 lg(500.552) + 10.881
    hidden = tr38901.path_loss_db(500.0, scenario="UMa", is_line_of_sight=False, **MAST)
    assert float(hidden) == pytest.approx(129.916, abs=0.005)


@pytest.mark.parametrize("scenario", OUTDOORS)
@pytest.mark.parametrize("is_line_of_sight", [True, False, None])
def test_loss_grows_with_distance_and_has_no_jump(scenario, is_line_of_sight) -> None:
    distance_m = np.linspace(10.0, 10_000.0, 20_000)
    loss = tr38901.path_loss_db(distance_m, scenario=scenario, is_line_of_sight=is_line_of_sight, **MAST)
    assert loss.shape == distance_m.shape
    steps = np.diff(loss)
    assert steps.min() > 0.0
    assert steps.max() < 1.0


@pytest.mark.parametrize("scenario", tr38901.SCENARIOS)
def test_probability_weights_both_losses(scenario) -> None:
    distance_m = np.array([[1.0, 30.0], [100.0, np.nan]])
    options = {"scenario": scenario, **MAST, "tx_height_m": 10.0}
    seen = tr38901.path_loss_db(distance_m, is_line_of_sight=True, **options)
    hidden = tr38901.path_loss_db(distance_m, is_line_of_sight=False, **options)
    mixed = tr38901.path_loss_db(distance_m, **options)
    share = tr38901.line_of_sight_probability(distance_m, scenario=scenario)
    known = ~np.isnan(distance_m)
    assert np.isnan(mixed[~known]).all()
    assert np.isnan(share[~known]).all()
    assert (hidden >= seen)[known].all()
    assert ((share >= 0.0) & (share <= 1.0))[known].all()
    assert mixed[known] == pytest.approx((share * seen + (1.0 - share) * hidden)[known])


def test_line_of_sight_probability_by_hand() -> None:
    at_100 = {
        scenario: float(tr38901.line_of_sight_probability(100.0, scenario=scenario)) for scenario in OUTDOORS
    }
    assert at_100["RMa"] == pytest.approx(math.exp(-0.09))
    assert at_100["UMa"] == pytest.approx(0.18 + 0.82 * math.exp(-100.0 / 63.0))
    assert at_100["UMi"] == pytest.approx(0.18 + 0.82 * math.exp(-100.0 / 36.0))
    high = tr38901.line_of_sight_probability(100.0, scenario="UMa", rx_height_m=22.5)
    raised = 1.0 + 0.95**1.5 * 1.25 * math.exp(-100.0 / 150.0)
    assert float(high) == pytest.approx(at_100["UMa"] * raised)


def test_shadow_fading_and_reach() -> None:
    deviations = [
        float(tr38901.shadow_fading_db(100.0, scenario=scenario, is_line_of_sight=False, **MAST))
        for scenario in (*OUTDOORS, "InH-Office")
    ]
    assert deviations == [8.0, 6.0, 7.82, 8.03]
    assert tr38901.greatest_distance_m("RMa", is_line_of_sight=False) == 5_000.0


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        ("model_choice", {"scenario": "Moon"}),
        ("model_range", {"frequency_mhz": 400.0}),
        ("model_range", {"frequency_mhz": math.nan}),
        ("model_range", {"tx_height_m": 500.0}),
        ("model_range", {"rx_height_m": 0.0}),
        ("model_range", {"environment_height_m": 1.5}),
    ],
)
def test_tr38901_refusals(code, changes) -> None:
    with pytest.raises(ModelRangeError) as caught:
        tr38901.path_loss_db(100.0, **{"scenario": "UMa", **MAST, **changes})
    assert caught.value.code == code


def test_building_entry_by_hand() -> None:
    # at 1 GHz and one half: 10 lg(10^1.264 + 10^0.91 + 10^-0.3)
    median = 10.0 * math.log10(10.0**1.264 + 10.0**0.91 + 10.0**-0.3)
    assert float(entry_loss_db(frequency_mhz=1_000.0)) == pytest.approx(median)
    shares = entry_loss_db(frequency_mhz=1_800.0, location_percentage=[5.0, 50.0, 95.0])
    assert (np.diff(shares) > 0.0).all()
    assert float(entry_loss_db(frequency_mhz=1_800.0, building="thermally_efficient")) > 10.0 + float(
        entry_loss_db(frequency_mhz=1_800.0)
    )


@pytest.mark.parametrize(
    ("code", "options"),
    [
        ("model_range", {"frequency_mhz": 79.0}),
        ("model_range", {"frequency_mhz": [900.0, math.nan]}),
        ("model_range", {"frequency_mhz": 900.0, "location_percentage": 100.0}),
        ("model_range", {"frequency_mhz": 900.0, "elevation_deg": 91.0}),
        ("model_choice", {"frequency_mhz": 900.0, "building": "tent"}),
    ],
)
def test_building_entry_refusals(code, options) -> None:
    with pytest.raises(ModelRangeError) as caught:
        entry_loss_db(**options)
    assert caught.value.code == code


def test_clutter_loss_by_hand() -> None:
    # 1 GHz, 1 km: L_l = -2 lg(10^-12.5 + 10^-16.5) = 24.9999, L_s = 32.98
    far, near = -2.0 * math.log10(10.0**-12.5 + 10.0**-16.5), 32.98
    weights = 10.0 ** (-0.2 * far), 10.0 ** (-0.2 * near)
    median = -5.0 * math.log10(sum(weights))
    assert median == pytest.approx(24.945, abs=0.001)
    assert float(clutter_loss_db(1.0, frequency_mhz=1_000.0)) == pytest.approx(median)
    sigma = math.sqrt((16.0 * weights[0] + 36.0 * weights[1]) / sum(weights))
    most = clutter_loss_db(1.0, frequency_mhz=1_000.0, location_percentage=90.0)
    assert float(most) == pytest.approx(median + 1.2815515655 * sigma)


@settings(max_examples=50, deadline=None)
@given(
    distances_km=st.tuples(st.floats(0.0, 50.0), st.floats(0.0, 50.0)),
    frequency_mhz=st.floats(500.0, 67_000.0),
)
def test_clutter_loss_grows_to_two_kilometres(distances_km, frequency_mhz) -> None:
    near, far = clutter_loss_db(sorted(distances_km), frequency_mhz=frequency_mhz)
    assert near <= far <= float(clutter_loss_db(2.0, frequency_mhz=frequency_mhz))
    assert np.isnan(clutter_loss_db(math.nan, frequency_mhz=frequency_mhz))


@pytest.mark.parametrize(
    "changes", [{"frequency_mhz": 300.0}, {"frequency_mhz": math.nan}, {"location_percentage": 0.0}]
)
def test_clutter_loss_refusals(changes) -> None:
    with pytest.raises(ModelRangeError, match="model_range"):
        clutter_loss_db(1.0, **{"frequency_mhz": 900.0, **changes})
