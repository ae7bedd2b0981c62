"""The cheapest means for what is left, in a world small enough to look at every village."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from tests.app import worlds
from tests.app.test_what_if import MASTS, _study

from phusong.app.choosing import ALL_MEANS, TechnologyRequest, choose_technology, technology_request
from phusong.app.cli import run
from phusong.app.compute.whatif import Baseline
from phusong.app.planning.settings import CandidateSettings, TowerRequest
from phusong.app.settings import Settings
from phusong.app.study import Study
from phusong.coverage.errors import InputError
from phusong.coverage.placement.runningcosts import RunningCosts, running_costs

NEAR = CandidateSettings(sources=("site", "settlement", "hilltop"), apart_m=900.0)


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    made = _study(tmp_path_factory.mktemp("choosing") / "study", MASTS)
    worlds.put(made.store, "fibre_nodes", [{"node_id": "n1"}], [worlds.point(2_500.0, 2_500.0)])
    made.compute(mode="exact")
    return made


@pytest.fixture(scope="module")
def base(study: Study) -> Baseline:
    return Baseline(study.store)


def _ask(base: Baseline, **running: float) -> dict[str, Any]:
    costs, assumed = running_costs(running)
    towers = TowerRequest(reach_percent="all", target="villages", candidates=NEAR)
    return choose_technology(
        base, TechnologyRequest(towers=towers, running=costs, assumed_running=assumed, time_limit_s=20.0)
    )


@pytest.fixture(scope="module")
def record(base: Baseline) -> dict[str, Any]:
    return _ask(base)


def test_every_village_without_service_has_a_means_and_nobody_else(
    study: Study, record: dict[str, Any]
) -> None:
    left = {one["village_id"]: one for one in study.villages(status=["white", "patchy"])["villages"]}
    assert left and {one["village_id"] for one in record["villages"]} == set(left)
    assert {one["means"] for one in record["villages"]} <= set(ALL_MEANS)
    for one in record["villages"]:
        # Terminals are for the homes that have no service, and can be had everywhere.
        assert one["households"] == pytest.approx(max(left[one["village_id"]]["households_left_out"], 1.0))
        satellite = one["cost_by_means_mvnd"]["satellite"]
        assert satellite == pytest.approx(record["terminal_mvnd_household"] * one["households"], abs=0.0501)
        known = [cost for cost in one["cost_by_means_mvnd"].values() if cost is not None]
        assert one["alone_cost_mvnd"] == min(known)
        assert one["cost_by_means_mvnd"][one["alone_means"]] == min(known)


def test_the_whole_is_proved_adds_up_and_is_no_dearer_than_alone(record: dict[str, Any]) -> None:
    assert (record["status"] == "proved") == (record["gap"] == 0.0)
    if record["spoilt"] == 0:
        assert record["status"] == "proved"
    assert record["bound_mvnd"] <= record["cost_mvnd"] * (1 + 1e-9)
    own = [
        min(
            one["cost_by_means_mvnd"][means]
            for means in ("fibre", "microwave", "satellite")
            if one["cost_by_means_mvnd"][means] is not None
        )
        for one in record["villages"]
        if one["option"] is None
    ]
    assert record["sites"]
    assert record["cost_mvnd"] == pytest.approx(
        math.fsum(own) + math.fsum(one["cost_mvnd"] for one in record["sites"])
    )
    assert record["cost_mvnd"] <= record["alone_cost_mvnd"] + 1e-6
    assert record["alone_cost_mvnd"] <= record["satellite_only_cost_mvnd"] + 1e-6
    for site in record["sites"]:
        # A mast is built only where its villages have at least its break-even of homes.
        assert site["households"] >= site["break_even_households"] - 1e-9
        assert site["cost_mvnd"] >= math.fsum(site["building_mvnd"].values())
    served = record["curve"]["served"]
    assert served[-1] == pytest.approx(math.fsum(one["households"] for one in record["villages"]))
    marginal = record["curve"]["marginal_cost"]
    assert marginal == pytest.approx(sorted(marginal), rel=1e-12)


def test_the_engine_serves_what_is_claimed(record: dict[str, Any]) -> None:
    claimed = sum(one["option"] is not None for one in record["villages"])
    assert record["check"] == {"claimed": claimed, "served": claimed, "missing": []}


def test_dearer_terminals_bring_masts_and_cheaper_ones_drive_them_out(
    base: Baseline, record: dict[str, Any]
) -> None:
    cheap = _ask(base, terminal_mvnd=0.01, terminal_mvnd_month=0.0)
    assert cheap["sites"] == [] and set(cheap["totals"]) == {"satellite"}
    assert cheap["cost_mvnd"] == pytest.approx(cheap["satellite_only_cost_mvnd"])
    dear = _ask(base, terminal_mvnd=10_000.0)
    # The ground serves whatever it can serve by itself.
    for one in dear["villages"]:
        assert (one["means"] == "satellite") == (one["ground_means"] is None)
    assert len(dear["sites"]) >= len(record["sites"])


def test_the_means_of_a_village_flips_at_its_break_even(base: Baseline, record: dict[str, Any]) -> None:
    """Sweep the fee: each village alone takes the ground once its homes exceed the break-even."""
    crossed = set()
    for fee in (0.0, 0.05, 0.2, 1.0, 5.0):
        told = _ask(base, terminal_mvnd=1.0, terminal_mvnd_month=fee)
        for one in told["villages"]:
            homes = one["break_even_households"]
            takes_satellite = one["alone_means"] == "satellite"
            if homes is not None and abs(one["households"] - homes) * told["terminal_mvnd_household"] < 0.1:
                continue  # both cost the same to the last figure kept
            assert takes_satellite == (homes is None or one["households"] < homes)
            crossed.add((one["village_id"], takes_satellite))
    flipped = {name for name, takes in crossed if (name, not takes) in crossed}
    assert flipped


def test_what_is_assumed_is_said(base: Baseline) -> None:
    told = _ask(base, years=7.0, discount_rate=0.05)
    assert not {"years", "discount_rate"} & set(told["costs"]["assumed"])
    assert {"terminal_mvnd", "mast_mvnd"} <= set(told["costs"]["assumed"])
    assert told["costs"]["running"]["years"] == 7.0
    factor = (1 - 1.05**-7) / 0.05
    assert told["terminal_mvnd_household"] == pytest.approx(10.0 + factor * 12.0)
    assert told["method"]["id"]


@pytest.mark.parametrize(
    ("costs", "code"),
    [
        ({"gold": 1}, "cost_unknown"),
        ({"years": -1}, "cost_number"),
        ({"terminal_mvnd": "5"}, "cost_number"),
        ({"terminal_mvnd": float("nan")}, "cost_number"),
        ({"radio_mvnd": True}, "cost_number"),
    ],
)
def test_costs_that_make_no_sense_are_refused(costs: dict[str, Any], code: str) -> None:
    with pytest.raises(InputError, match=code):
        technology_request(costs)


def test_running_costs_by_means() -> None:
    costs = RunningCosts(years=1.0, discount_rate=0.0, fibre_mvnd_m_year=0.01)
    assert costs.of_backhaul("fibre", length_m=500.0) == 5.0
    assert costs.of_backhaul("none", length_m=0.0) == 0.0
    assert costs.built(100.0, costs.of_means("mast")) == 148.0


def test_the_command_line_writes_a_table_and_says_what_is_assumed(
    study: Study, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    costs, table = tmp_path / "costs.json", tmp_path / "giai-phap.xlsx"
    costs.write_text(json.dumps({"terminal_mvnd": 0.01, "terminal_mvnd_month": 0.0}))
    asked = [
        "place",
        "technology",
        "--study",
        str(study.store.path),
        "--costs",
        str(costs),
        "--most-places",
        "40",
    ]
    assert run([*asked, "--to", str(table)], Settings(lang="vi")) == 0
    sheet = openpyxl.load_workbook(table)["data"]
    assert [cell.value for cell in sheet[1]][:2] == ["Mã thôn, bản", "Tên thôn, bản"]
    assert sheet.max_row - 1 == len(study.villages(status=["white", "patchy"])["villages"])
    capsys.readouterr()
    assert run(asked, Settings(lang="vi")) == 0
    told = capsys.readouterr().out
    assert "thiết bị vệ tinh từng hộ" in told and "24 mục là giả định" in told
    costs.write_text("[")
    assert run(asked, Settings(lang="en")) == 1
