"""Finishing a plan: what a scenario has is built, paid and counted before the rest is chosen."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from phusong.app.explainedplan import explain_tower_plan
from phusong.app.planning.document import tower_document
from phusong.app.planning.kept import additions_to_keep
from phusong.app.planning.settings import CandidateSettings, TowerRequest
from phusong.app.planning.towers import plan_towers
from phusong.app.planning.writing import keep_as_scenario
from phusong.app.scenarios import scenario_store
from phusong.app.study import Study
from phusong.coverage.errors import InputError, PlacementError
from phusong.geodata.scenario import Addition, Scenario

from .ridge_study import VILLAGES, lonlat, ridge_study

KEPT_COST = 321.0


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    return ridge_study(tmp_path_factory.mktemp("finish") / "study")


def _request(**asked: Any) -> TowerRequest:
    settings = CandidateSettings(grid_step_m=3_000.0, sources=("hilltop", "settlement"))
    plain = {"target": "villages", "heights_m": (30.0,), "bands": ("1800",)}
    plain |= {"operator": "Viettel", "time_limit_s": 20.0}
    return TowerRequest(**{**plain, "candidates": settings, **asked})


def _mast(village: str, **more: Any) -> Addition:
    lon_deg, lat_deg = lonlat(*VILLAGES[village])
    plain = {"height_m": 30.0, "band": "1800", "azimuths_deg": (), "operator": "Viettel", "technology": "4G"}
    return Addition("A1", lon_deg, lat_deg, **{**plain, "cost_mvnd": KEPT_COST, **more})


def test_what_the_scenario_serves_is_not_served_twice(study: Study) -> None:
    plain = plan_towers(study.store, _request(reach_percent="all"))
    finished = plan_towers(study.store, _request(reach_percent="all", kept=(_mast("far"),)))
    told = tower_document(finished)
    kept = [pick for pick in told["picks"] if pick["is_kept"]]
    assert [(one["name"], one["cost_mvnd"], one["source"]) for one in kept] == [("A1", KEPT_COST, "scenario")]
    mine = set(kept[0]["villages"])
    assert "far" in mine
    assert finished.answer.served_weight == plain.answer.served_weight == 4.0
    others = [pick for pick in told["picks"] if not pick["is_kept"]]
    assert {village for pick in others for village in pick["villages"]} >= set(VILLAGES) - mine - {"served"}
    assert len(others) < len(tower_document(plain)["picks"])
    assert told["cost_mvnd"] == pytest.approx(KEPT_COST + sum(one["cost_mvnd"] for one in others))
    assert told["check"]["engine"] == told["check"]["together"] == 3.0


def test_the_money_of_the_scenario_counts(study: Study) -> None:
    nothing_left = plan_towers(study.store, _request(budget_mvnd=KEPT_COST + 1.0, kept=(_mast("far"),)))
    assert [one["name"] for one in tower_document(nothing_left)["picks"]] == ["A1"]
    with pytest.raises(PlacementError):
        plan_towers(study.store, _request(budget_mvnd=KEPT_COST - 1.0, kept=(_mast("far"),)))


def test_a_finished_plan_is_kept_without_two_masts_of_one_name(study: Study) -> None:
    mast = replace(_mast("far"), site_id="plan-1")
    plan = plan_towers(study.store, _request(reach_percent="all", kept=(mast,)))
    keep_as_scenario(study.store, tower_document(plan), "Hoàn thiện")
    saved = scenario_store(study.store).load("Hoàn thiện").scenario
    names = [one.site_id for one in saved.additions]
    assert "plan-1" in names
    assert len(set(names)) == len(names) == plan.answer.chosen.size


def test_only_additions_can_be_finished() -> None:
    with pytest.raises(InputError) as changed:
        additions_to_keep(Scenario("x", removed_sites=("S1",)))
    with pytest.raises(InputError) as empty:
        additions_to_keep(Scenario("x"))
    assert (changed.value.code, empty.value.code) == ("plan_kept_changes", "plan_kept_empty")


def test_a_mast_that_cannot_count_is_refused(study: Study) -> None:
    with pytest.raises(InputError) as refused:
        plan_towers(study.store, _request(sites=1, technology="4G", kept=(_mast("far", technology="5G"),)))
    assert refused.value.code == "plan_kept_service"


def test_no_plan_is_above_the_bound_of_the_curve(study: Study, tmp_path: Path) -> None:
    plan = plan_towers(study.store, _request(budget_mvnd=1_500.0))
    told = explain_tower_plan(plan, resolves=False)
    curve, bound = told["curve"], told["curve_bound"]
    most = dict(zip(bound["cost"], bound["most"], strict=True))
    assert all(served <= most[cost] for cost, served in zip(curve["cost"], curve["served"], strict=True))
    assert {str(one) for one in curve["site"]} <= set(told["options"])
