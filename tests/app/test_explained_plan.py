"""A plan explained as plain values: numbers for the page, the report and JSON."""

from __future__ import annotations

import json
import time

import numpy as np
import pytest

from phusong.app.explainedplan import PlanPlaces, explain_plan
from phusong.coverage.placement.answer import Control, PlacementAnswer
from phusong.coverage.placement.instance import SideConstraints, coverage_instance
from phusong.coverage.placement.maxcover import solve_max_cover


def _control() -> Control:
    began = time.monotonic()
    return Control(elapsed_s=lambda: time.monotonic() - began, time_limit_s=20.0)


def test_everything_a_reader_asks_of_a_plan() -> None:
    # Hills 0 and 1 see one valley nearly alike, 2 another, 3 a far hamlet; hamlet 8 nobody sees.
    instance = coverage_instance(
        [0, 4, 8, 10, 11],
        [0, 1, 2, 3, 0, 1, 2, 4, 5, 6, 7],
        [100.0, 100.0, 100.0, 3.0, 2.0, 50.0, 50.0, 5.0, 9.0],
        [10.0, 12.0, 10.0, 80.0],
    )
    places = PlanPlaces(x_m=np.array([0.0, 3000.0, 9000.0, 2e4]), y_m=np.zeros(4), apart_m=1000.0)

    def resolve(side: SideConstraints) -> PlacementAnswer:
        return solve_max_cover(instance, sites=2, constraints=side, control=_control())

    answer = resolve(SideConstraints())
    record = explain_plan(instance, answer, places, resolve=resolve, other_cost_per_weight=4.0)
    assert json.loads(json.dumps(record)) == record
    assert [(one["site"], one["adds"], one["adds_alone"], one["adds_last"]) for one in record["picks"]] == [
        (0, 303.0, 303.0, 303.0),
        (2, 100.0, 100.0, 100.0),
    ]
    assert record["picks"][0]["cost_per_weight"] == pytest.approx(10 / 303)
    # Beyond the plan: the far hamlet (16 a home, dearer than 4 by satellite) and two homes of hill 1.
    assert record["curve"]["site"] == [0, 2, 1, 3]
    assert record["curve"]["is_planned"] == [True, True, False, False]
    assert record["curve"]["worth_until"] == 2
    assert record["curve"]["cost_to_serve"]["95"] == 20.0
    assert record["curve"]["cost_to_serve"]["100"] is None
    assert [one["site"] for one in record["next_best"]] == [1, 3]
    assert [(one["out"], one["in"], one["served"]) for one in record["swaps"]] == [(0, 1, 402.0)]
    assert [(one["without"], one["new"]) for one in record["other_plans"]] == [(0, [1])]
    assert [(one["demand"], one["reason"], one["site"]) for one in record["left_out"]] == [
        (8, "no_option", None),
        (7, "not_chosen", 3),
        (4, "not_chosen", 1),
    ]
