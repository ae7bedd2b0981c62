"""Maximum coverage: worlds that can be checked by hand, HiGHS on a whole instance, and when searches stop."""

from __future__ import annotations

import highspy
import numpy as np
import pytest

from phusong.coverage.errors import PlacementError
from phusong.coverage.placement.answer import Control
from phusong.coverage.placement.generator import Landscape, generate_instance
from phusong.coverage.placement.instance import SideConstraints, coverage_instance
from phusong.coverage.placement.maxcover import solve_max_cover
from phusong.coverage.placement.phases import NOT_MET, split_into_years
from phusong.coverage.placement.reduction import transpose
from phusong.coverage.placement.search import weight_quantum

CONTROL = Control(elapsed_s=lambda: 0.0)


def instance_of(rows, weight, cost, covered=None):
    indptr = np.cumsum([0, *(len(row) for row in rows)])
    index = np.array([demand for row in rows for demand in row], np.int32)
    return coverage_instance(indptr, index, weight, cost, covered=covered)


GREEDY_TRAP = instance_of([[0, 1, 2, 3], [0, 1, 4], [2, 3, 5]], [2, 2, 2, 2, 1, 1], [1, 1, 1])
"""Greedy takes site 0 (weight 8) and then reaches 9; sites 1 and 2 together serve all 10."""


def test_exchange_leaves_the_trap_of_greedy():
    told = []
    control = Control(elapsed_s=lambda: 0.0, tell=lambda step, chosen: told.append((step.stage, step.value)))
    answer = solve_max_cover(GREEDY_TRAP, sites=2, control=control)
    assert told[0] == ("greedy", 9.0)
    assert sorted(answer.chosen.tolist()) == [1, 2]
    assert (answer.value, answer.bound, answer.gap, answer.status) == (10.0, 10.0, 0.0, "proved")


def test_budget_prefers_two_cheap_sites_and_the_single_best_where_ratio_misleads():
    two = instance_of([[0, 1, 2], [0, 1], [2]], [3, 3, 3], [10, 4, 4])
    assert sorted(solve_max_cover(two, budget=8, control=CONTROL).chosen.tolist()) == [1, 2]
    misleading = instance_of([[0], [1]], [1, 100], [0.5, 100])
    assert solve_max_cover(misleading, budget=100, control=CONTROL).chosen.tolist() == [1]


def test_useless_sites_are_never_added():
    nested = instance_of([[0, 1], [0], [1]], [1, 1], [1, 0, 0])
    answer = solve_max_cover(nested, sites=3, control=CONTROL)
    assert answer.value == 2.0
    assert sorted(answer.chosen.tolist()) == [1, 2]  # the two that cost nothing
    assert answer.cost == 0.0


def test_sites_that_cost_nothing_are_not_added_in_vain():
    trap = instance_of([[0, 1, 2, 3], [0, 1, 4], [2, 3, 5]], [2, 2, 2, 2, 1, 1], [0, 0, 0])
    answer = solve_max_cover(trap, budget=0, control=CONTROL)
    assert (answer.value, sorted(answer.chosen.tolist())) == (10.0, [1, 2])


def test_ties_fall_to_the_cheaper_then_to_the_lower_number():
    alike = instance_of([[0], [0], [0]], [5], [3, 2, 2])
    assert solve_max_cover(alike, sites=1, control=CONTROL).chosen.tolist() == [1]


@pytest.mark.parametrize(
    ("world", "limit", "value"),
    [
        (([[0], [1]], [4, 2], [1, 1], None), {"budget": 0}, 0.0),  # no money
        (([[0], [1]], [4, 2], [1, 1], None), {"sites": 0}, 0.0),  # no site
        (([[0], [1]], [4, 2], [1, 1], [True, True]), {"sites": 2}, 6.0),  # all served already
        (([[0]], [4], [1], None), {"sites": 1}, 4.0),  # one candidate
        (([], [], [], None), {"sites": 5}, 0.0),  # nothing at all
        (([[], []], [4, 2], [1, 1], None), {"sites": 2}, 0.0),  # nobody can be reached
        (([[0], [1]], [0, 0], [1, 1], None), {"sites": 2}, 0.0),  # nobody is there
        (([[0], [1]], [4, 2], [0, 0], None), {"budget": 0}, 6.0),  # sites that cost nothing
    ],
)
def test_edges(world, limit, value):
    answer = solve_max_cover(instance_of(*world), **limit, control=CONTROL)
    assert (answer.value, answer.bound, answer.gap, answer.status) == (value, value, 0.0, "proved")
    assert answer.cost <= limit.get("budget", np.inf)


def test_decimal_costs_that_just_meet_the_budget_are_affordable():
    tenths = instance_of([[0], [1]], [1, 1], [0.1, 0.2])  # 0.1 + 0.2 > 0.3 in binary
    assert solve_max_cover(tenths, budget=0.3, control=CONTROL).value == 2.0


CLASHING = instance_of([[0], [1], [2], [3]], [1, 1, 1, 1], [2, 2, 2, 2])


@pytest.mark.parametrize(
    ("constraints", "limit", "code"),
    [
        (SideConstraints(forced=[0, 1], place=np.array([7, 7, 8, -1], np.int32)), {"sites": 3}, "together"),
        (SideConstraints(forced=[0, 2], conflicts=np.array([[2, 0]], np.int32)), {"sites": 3}, "near"),
        (
            SideConstraints(forced=[1], forbidden=np.array([False, True, False, False])),
            {"sites": 3},
            "forbidden",
        ),
        (SideConstraints(forced=[0, 1], area=np.zeros(4, np.int32), area_limit=1), {"sites": 3}, "area"),
        (SideConstraints(forced=[0, 1]), {"budget": 3.0}, "budget"),
        (SideConstraints(forced=[0, 1]), {"sites": 1}, "sites"),
    ],
)
def test_contradictions_say_what_clashes(constraints, limit, code):
    given = SideConstraints(
        **{
            name: getattr(constraints, name)
            for name in ("place", "conflicts", "area", "area_limit", "forbidden")
        },
        forced=np.array(constraints.forced, np.int32),
    )
    with pytest.raises(PlacementError) as refused:
        solve_max_cover(CLASHING, **limit, constraints=given, control=CONTROL)
    assert refused.value.code == f"place_forced_{code}"


def test_forced_sites_count_and_limits_hold():
    rows = [[0], [0, 1, 2], [3], [4, 5], [5]]
    instance = instance_of(rows, [1, 1, 1, 1, 5, 5], [1, 1, 1, 1, 1])
    constraints = SideConstraints(
        forced=np.array([0], np.int32),
        place=np.array([0, 0, -1, 1, 1], np.int32),
        area=np.array([3, 3, 4, 4, -1], np.int32),
        area_limit=1,
    )
    answer = solve_max_cover(instance, sites=4, constraints=constraints, control=CONTROL)
    assert sorted(answer.chosen.tolist()) == [0, 3]  # 1 excluded by place, 2 by area, 4 by place
    assert (answer.value, answer.status) == (11.0, "proved")


@pytest.mark.parametrize("limit", [{}, {"sites": -1}, {"budget": -1.0}, {"budget": float("nan")}])
def test_limits_that_make_no_sense_are_refused(limit):
    with pytest.raises(PlacementError):
        solve_max_cover(GREEDY_TRAP, **limit, control=CONTROL)


def test_equals_highs_on_a_whole_instance():
    instance = generate_instance(Landscape(500, 10_000, grid_cells=1024))
    answer = solve_max_cover(instance, sites=50, control=CONTROL)
    assert answer.status == "proved"
    assert answer.value == plain_highs(instance, 50)


def plain_highs(instance, sites):
    """Solve the textbook program as it stands, without any reduction."""
    by_demand = transpose(instance)
    served = np.diff(by_demand.indptr)
    highs = highspy.Highs()
    highs.setOptionValue("output_flag", False)
    highs.setOptionValue("mip_rel_gap", 0.0)
    program = highspy.HighsLp()
    columns = instance.sites + instance.demands
    program.sense_ = highspy.ObjSense.kMaximize
    program.num_col_, program.num_row_ = columns, instance.demands + 1
    program.col_cost_ = np.concatenate([np.zeros(instance.sites), instance.demand_weight])
    program.col_lower_, program.col_upper_ = np.zeros(columns), np.ones(columns)
    kinds = [highspy.HighsVarType.kInteger, highspy.HighsVarType.kContinuous]
    program.integrality_ = [kinds[0]] * instance.sites + [kinds[1]] * instance.demands
    program.row_lower_ = np.full(instance.demands + 1, -highspy.kHighsInf)
    program.row_upper_ = np.concatenate([np.zeros(instance.demands), [float(sites)]])
    rows = [
        np.append(by_demand.site[by_demand.indptr[d] : by_demand.indptr[d + 1]], instance.sites + d)
        for d in range(instance.demands)
    ]
    program.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    program.a_matrix_.num_col_, program.a_matrix_.num_row_ = columns, instance.demands + 1
    starts = np.concatenate([[0], np.cumsum(served + 1), [served.sum() + instance.demands + instance.sites]])
    program.a_matrix_.start_ = starts.astype(np.int32)
    program.a_matrix_.index_ = np.concatenate([*rows, np.arange(instance.sites)]).astype(np.int32)
    signs = [np.append(np.full(count, -1.0), 1.0) for count in served]
    program.a_matrix_.value_ = np.concatenate([*signs, np.ones(instance.sites)])
    highs.passModel(program)
    highs.run()
    assert highs.getModelStatus() == highspy.HighsModelStatus.kOptimal
    return round(highs.getObjectiveValue(), 6)


def hard_instance():
    return generate_instance(Landscape(300, 6_000, grid_cells=512, seed=3))


def test_stops_when_the_time_is_over_or_nobody_waits():
    instance = hard_instance()
    late = solve_max_cover(instance, sites=30, control=Control(elapsed_s=lambda: 9.0, time_limit_s=1.0))
    assert late.status == "time_limit"
    gone = solve_max_cover(instance, sites=30, control=Control(elapsed_s=lambda: 0.0, cancelled=lambda: True))
    assert gone.status == "cancelled"
    for answer in (late, gone):
        assert 0 < answer.value <= answer.bound
        assert answer.gap == pytest.approx((answer.bound - answer.value) / answer.value)
        assert len(answer.chosen) == 30


def test_stops_at_the_asked_gap():
    answer = solve_max_cover(hard_instance(), sites=30, control=Control(elapsed_s=lambda: 0.0, gap=0.05))
    assert answer.status == "gap_reached"
    assert 0 < answer.gap <= 0.05


def test_generated_instances_depend_on_their_seed_alone():
    first, again, other = (
        generate_instance(Landscape(40, 2_000, 0.5, grid_cells=256, seed=seed)) for seed in (5, 5, 6)
    )
    assert np.array_equal(first.demand_index, again.demand_index)
    assert np.array_equal(first.covered, again.covered)
    assert not np.array_equal(first.demand_index, other.demand_index)
    assert first.covered.mean() == pytest.approx(0.5, abs=0.2)
    for site in range(first.sites):
        assert np.all(np.diff(first.served_by(site)) > 0)


def test_quantum_of_weights():
    assert weight_quantum(np.array([6.0, 9.0, 0.0])) == 3.0
    assert weight_quantum(np.array([1.0, 0.5])) == 0.0
    assert weight_quantum(np.array([0.0])) == 0.0


def test_years_by_hand():
    instance = instance_of([[0, 1], [2], [3]], [10, 10, 6, 3], [4, 2, 1])
    phases = split_into_years(
        instance, np.array([0, 1, 2], np.int32), yearly_budget=[4, 3], target_weight=[20, 29, 30]
    )
    assert [sites.tolist() for sites in phases.sites] == [[0], [1, 2]]
    assert phases.cost.tolist() == [4.0, 3.0]
    assert phases.served_weight.tolist() == [20.0, 29.0]
    assert phases.target_year == (0, 1, NOT_MET)


def test_years_leave_out_what_they_cannot_pay_and_may_save():
    instance = instance_of([[0], [1]], [5, 1], [3, 1])
    both = np.array([0, 1], np.int32)
    poor = split_into_years(instance, both, yearly_budget=[2, 2])
    assert poor.left_out.tolist() == [0]
    saving = split_into_years(instance, both, yearly_budget=[2, 2], carry_over=True)
    assert saving.left_out.tolist() == []
    assert [sites.tolist() for sites in saving.sites] == [[1], [0]]
