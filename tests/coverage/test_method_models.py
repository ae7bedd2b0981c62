"""The choice of models in the method, and what is lost at the terminal."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from phusong.coverage.errors import InputError, ModelRangeError
from phusong.coverage.method import MODELS, Method, method_from_dict
from phusong.coverage.propagation.itm_settings import CLIMATES, GROUNDS, ItmSettings
from phusong.coverage.propagation.p2108 import clutter_loss_db
from phusong.coverage.propagation.p2109 import entry_loss_db
from phusong.coverage.propagation.terminal import extra_loss_db


@pytest.mark.parametrize(
    ("technology", "frequency_mhz", "model"),
    [
        ("4G", 800.0, "itm"),  # the technology decides, also where a band speaks
        ("4G", 3_500.0, "itm"),
        ("5G", 700.0, "p1812"),
        ("5G", 2_600.0, "p1812"),
        ("5G", 3_000.0, "tr38901_uma"),
    ],
)
def test_technology_before_band_before_default(technology, frequency_mhz, model) -> None:
    method = Method(models={"4G": "itm", "high": "tr38901_uma"})
    assert method.model_for(technology, frequency_mhz) == model
    assert Method(model="free_space").model_for(technology, frequency_mhz) == "free_space"


def test_the_record_survives_json() -> None:
    method = Method(
        models={"5G": "tr38901_rma"},
        itm=ItmSettings(climate="desert", polarization="horizontal", with_location=True),
        terminal_clutter="p2108",
        indoor_class="thermally_efficient",
        indoor_percentage=70.0,
    )
    assert method_from_dict(json.loads(json.dumps(method.as_dict()))) == method
    assert method_from_dict({"itm": {"ground": "poor"}}).itm == ItmSettings(ground="poor")


@pytest.mark.parametrize(
    ("code", "record"),
    [
        ("method_choice", {"models": {"6G": "itm"}}),
        ("method_choice", {"models": {"5G": "okumura"}}),
        ("method_choice", {"models": "itm"}),
        ("method_choice", {"itm": "desert"}),
        ("method_choice", {"terminal_clutter": "trees"}),
        ("method_choice", {"indoor_class": "tent"}),
        ("method_choice", {"itm": {"climate": "tropical"}}),
        ("method_choice", {"itm": {"climate": ["desert"]}}),
        ("method_choice", {"itm": {"with_location": 1}}),
        ("method_range", {"itm": {"time_percentage": 100.0}}),
        ("method_range", {"itm": {"time_percentage": float("nan")}}),
        ("method_range", {"itm": {"situation_percentage": True}}),
        ("method_unknown", {"itm": {"soil": "good"}}),
        ("method_range", {"indoor_percentage": 0.0}),
        ("method_range", {"terminal_clutter_percentage": "much"}),
        ("method_model", {"model": "TR38901"}),
    ],
)
def test_refusals_name_what_is_wrong(code, record) -> None:
    with pytest.raises(InputError) as caught:
        method_from_dict(record)
    assert caught.value.code == code


def test_itm_settings_are_the_numbers_of_the_model() -> None:
    assert sorted(CLIMATES.values()) == list(range(1, 8))
    assert GROUNDS["average"] == (15.0, 0.005)
    modes = {"single_message": 10, "accidental": 11, "mobile": 12, "broadcast": 13}
    assert {name: ItmSettings(variability=name).mdvar for name in modes} == modes
    assert ItmSettings(variability="mobile", with_location=True).mdvar == 2


def test_both_losses_at_the_terminal_add_up() -> None:
    method = Method(terminal_clutter="p2108", indoor_class="traditional", indoor_percentage=80.0)
    clutter = float(clutter_loss_db(2.0, frequency_mhz=1_800.0))
    entry = float(entry_loss_db(frequency_mhz=1_800.0, location_percentage=80.0))
    assert extra_loss_db(method, 1_800.0) == pytest.approx(clutter + entry)
    near = float(clutter_loss_db(0.25, frequency_mhz=1_800.0))
    assert extra_loss_db(method, 1_800.0, distance_km=0.25) == pytest.approx(near + entry)
    assert extra_loss_db(Method(), 1_800.0) == 0.0


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("has_clutter", [False, True])
def test_clutter_counts_once(model, has_clutter) -> None:
    method = replace(Method(terminal_clutter="p2108"), model=model)
    counts = model == "free_space" or (model in ("p1812", "itm") and not has_clutter)
    assert (extra_loss_db(method, 900.0, has_clutter=has_clutter) > 0.0) == counts


def test_carriers_outside_the_recommendations_are_refused() -> None:
    with pytest.raises(ModelRangeError, match="frequency_mhz"):
        extra_loss_db(Method(terminal_clutter="p2108"), 450.0)
    with pytest.raises(ModelRangeError, match="frequency_mhz"):
        extra_loss_db(Method(indoor_class="traditional"), 60.0)
    assert extra_loss_db(Method(indoor_class="traditional"), 450.0) > 10.0
