"""Least cost: equal to looking at every choice, bounds that no rounding breaks, clashes that are named."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from fractions import Fraction

import highspy
import numpy as np
import pytest

from phusong.coverage.errors import PlacementError
from phusong.coverage.placement import leastcost
from phusong.coverage.placement.anneal import annealer, kernel_view
from phusong.coverage.placement.answer import Control, PlacementAnswer, Step
from phusong.coverage.placement.costbound import cost_bound
from phusong.coverage.placement.costbound_early import early_bound
from phusong.coverage.placement.costbound_safe import safe_bound
from phusong.coverage.placement.costproblem import cost_task, unit_of
from phusong.coverage.placement.covermip import MipAnswer, Program, Solver, Watch, has_scip
from phusong.coverage.placement.covermip_highs import solve_highs
from phusong.coverage.placement.demandclasses import demand_classes
from phusong.coverage.placement.dominance import without_dominated
from phusong.coverage.placement.generator import Landscape, generate_instance
from phusong.coverage.placement.instance import (
    CoverageInstance,
    Int32Array,
    SideConstraints,
    coverage_instance,
)
from phusong.coverage.placement.leastcost import solve_all_coverable, solve_least_cost
from phusong.coverage.placement.leastcost_search import Search


def _control(*, seconds: float = 300.0) -> Control:
    began = time.perf_counter()
    return Control(elapsed_s=lambda: time.perf_counter() - began, time_limit_s=seconds)


def _solvers() -> Iterator[Solver]:
    yield solve_highs
    if has_scip():
        from phusong.coverage.placement.covermip_scip import solve_scip

        yield solve_scip


SOLVERS = list(_solvers())


def _random_instance(random: np.random.Generator) -> CoverageInstance:
    sites, demands = int(random.integers(1, 13)), int(random.integers(1, 25))
    serves = random.random((sites, demands)) < random.uniform(0.1, 0.5)
    rows = [np.flatnonzero(row) for row in serves]
    return coverage_instance(
        np.concatenate([[0], np.cumsum([row.size for row in rows])]),
        np.concatenate(rows),
        random.integers(0, 9, demands),
        random.integers(0, random.choice([2, 5, 90]), sites),
        covered=random.random(demands) < 0.15,
    )


def _random_constraints(random: np.random.Generator, sites: int) -> SideConstraints:
    pairs = random.integers(0, sites, (int(random.integers(0, 4)), 2)).astype(np.int32)
    return SideConstraints(
        place=random.integers(-1, max(1, sites // 2), sites).astype(np.int32),
        conflicts=pairs,
        area=random.integers(-1, 3, sites).astype(np.int32),
        area_limit=int(random.integers(1, 4)),
        forced=random.integers(0, sites, int(random.integers(0, 2))).astype(np.int32),
        forbidden=random.random(sites) < 0.1,
    )


def _may_stand(chosen: tuple[int, ...], side: SideConstraints) -> bool:
    """Say the same as the constraints, in other words than the solver's."""
    places = [int(side.place[site]) for site in chosen if side.place[site] >= 0]
    areas = [int(side.area[site]) for site in chosen if side.area[site] >= 0]
    return (
        len(set(places)) == len(places)
        and all(areas.count(area) <= side.area_limit for area in areas)
        and not any(a != b and a in chosen and b in chosen for a, b in side.conflicts.tolist())
        and all(int(site) in chosen for site in side.forced)
        and not any(side.forbidden[site] for site in chosen)
    )


def _every_choice(
    instance: CoverageInstance, side: SideConstraints | None
) -> Iterator[tuple[float, float, tuple[int, ...]]]:
    """Yield weight served, cost and sites of all choices that may stand."""
    for size in range(instance.sites + 1):
        for chosen in itertools.combinations(range(instance.sites), size):
            if side is not None and not _may_stand(chosen, side):
                continue
            served = instance.covered.copy()
            for site in chosen:
                served[instance.served_by(site)] = True
            yield (
                float(instance.demand_weight[served].sum()),
                float(sum(instance.site_cost[site] for site in chosen)),
                chosen,
            )


def _check(answer: PlacementAnswer, instance: CoverageInstance, side: SideConstraints | None) -> None:
    """Check what an answer claims against the instance itself."""
    served = instance.covered.copy()
    chosen = tuple(int(site) for site in answer.chosen)
    assert len(set(chosen)) == len(chosen)
    for site in chosen:
        served[instance.served_by(site)] = True
    assert answer.served_weight == instance.demand_weight[served].sum()
    assert answer.value == answer.cost == answer.step_cost.sum() == instance.site_cost[list(chosen)].sum()
    assert answer.bound <= answer.value
    assert answer.added_weight.sum() == answer.served_weight - instance.demand_weight[instance.covered].sum()
    assert (answer.status == "proved") == (answer.gap == 0.0)
    assert side is None or _may_stand(chosen, side)


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("block", range(10))
def test_equals_the_best_of_all_choices(block: int, solver: Solver) -> None:
    for case in range(20):
        random = np.random.default_rng([block, case])
        instance = _random_instance(random)
        side = _random_constraints(random, instance.sites) if case % 2 else None
        total = float(instance.demand_weight.sum())
        share = float(random.choice([0.0, 0.3, 0.7, 0.9, 1.0]))
        choices = list(_every_choice(instance, side))
        costs = [cost for weight, cost, _ in choices if weight >= share * total * (1 - 1e-12)]
        if costs:
            answer = solve_least_cost(
                instance, reach_share=share, constraints=side, control=_control(), solver=solver
            )
            _check(answer, instance, side)
            assert answer.status == "proved"
            assert answer.value == answer.bound == min(costs), (block, case)
            assert answer.served_weight >= share * total * (1 - 1e-12)
        elif choices:
            with pytest.raises(PlacementError, match="place_unreachable") as told:
                solve_least_cost(
                    instance, reach_share=share, constraints=side, control=_control(), solver=solver
                )
            most = max(weight for weight, _, _ in choices)
            assert told.value.parameters["reachable_share"] == pytest.approx(most / total)
        else:
            with pytest.raises(PlacementError, match="place_forced"):
                solve_least_cost(
                    instance, reach_share=share, constraints=side, control=_control(), solver=solver
                )


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("case", range(20))
def test_all_coverable_equals_the_best_of_all_choices(case: int, solver: Solver) -> None:
    instance = _random_instance(np.random.default_rng([77, case]))
    choices = list(_every_choice(instance, None))
    most = max(weight for weight, _, _ in choices)
    answer = solve_all_coverable(instance, control=_control(), solver=solver)
    _check(answer, instance, None)
    assert answer.served_weight == most
    assert answer.value == answer.bound == min(cost for weight, cost, _ in choices if weight == most)


def _middling(random: np.random.Generator, *, sites: int, demands: int) -> CoverageInstance:
    """Sites and demand in a square, served within a distance: chains of overlaps as in a province."""
    site, demand = random.random((sites, 2)), random.random((demands, 2))
    near = (
        np.hypot(*(site[:, None] - demand[None]).transpose(2, 0, 1))
        < random.uniform(0.05, 0.12, sites)[:, None]
    )
    rows = [np.flatnonzero(row) for row in near]
    return coverage_instance(
        np.concatenate([[0], np.cumsum([row.size for row in rows])]),
        np.concatenate(rows),
        random.integers(1, 30, demands),
        random.integers(50, 150, sites),
    )


@pytest.mark.parametrize("share", [0.6, None])
def test_both_solvers_prove_the_same_cost(share: float | None) -> None:
    instance = _middling(np.random.default_rng(5), sites=120, demands=700)
    answers = [
        solve_least_cost(instance, reach_share=share, control=_control(), solver=solver) for solver in SOLVERS
    ]
    for answer in answers:
        _check(answer, instance, None)
        assert answer.status == "proved"
    assert len({answer.value for answer in answers}) == 1


@pytest.mark.parametrize("solver", SOLVERS)
def test_regions_bound_what_is_too_large_to_solve_whole(
    solver: Solver, monkeypatch: pytest.MonkeyPatch
) -> None:
    instance = _middling(np.random.default_rng(5), sites=60, demands=400)
    best = solve_least_cost(instance, reach_share=0.6, control=_control(), solver=solver)
    assert best.status == "proved"
    task = cost_task(instance, reach_share=0.6, constraints=None)
    every = np.ones(task.problem.cover.sites, np.bool_)
    prices = cost_bound(task.problem, every, stop=lambda: False, tell=lambda _one: None)
    search = Search(task, _control())
    search.better("greedy", task.problem, annealer(task.problem).chosen)
    monkeypatch.setattr(leastcost, "_REGION_NONZEROS", 60)
    monkeypatch.setattr(leastcost, "_LARGEST", 600)
    leastcost._bound_regions(search, task.problem, prices, solver)
    assert prices.value < search.bound <= best.value
    bounds = [step.bound for step in search.steps]
    assert bounds == sorted(bounds)


def _exact_bound(instance: CoverageInstance, price: np.ndarray, rate: float, spare: float) -> Fraction:
    prices = [
        min(max(Fraction(float(p)), Fraction(0)), Fraction(rate) * Fraction(float(w)))
        for p, w in zip(price, instance.demand_weight, strict=True)
    ]
    bound = sum(prices, Fraction(0)) - Fraction(rate) * Fraction(spare)
    for site in range(instance.sites):
        worth = sum((prices[int(demand)] for demand in instance.served_by(site)), Fraction(0))
        bound += min(Fraction(0), Fraction(float(instance.site_cost[site])) - worth)
    return bound


@pytest.mark.parametrize("case", range(30))
def test_the_bound_stays_under_its_exact_value(case: int) -> None:
    random = np.random.default_rng([3, case])
    instance = _random_instance(random)
    price = random.normal(2.0, 3.0, instance.demands) / 3.0
    rate, spare = float(random.random()) / 7.0, float(random.random()) * 10.0
    problem = cost_task(instance, reach_share=None, constraints=None).problem
    price = random.normal(2.0, 3.0, problem.cover.demands) / 3.0
    exact = _exact_bound(problem.cover, price, rate, spare)
    bound = safe_bound(kernel_view(problem)[0], price, rate, spare)
    assert bound <= max(exact, Fraction(0))
    assert float(exact) <= 0 or bound >= float(exact) - 1e-9


def test_linear_bound_holds_and_is_tight() -> None:
    instance = _middling(np.random.default_rng(8), sites=80, demands=400)
    problem = without_dominated(cost_task(instance, reach_share=0.6, constraints=None).problem)
    bound = cost_bound(
        problem, np.ones(problem.cover.sites, np.bool_), stop=lambda: False, tell=lambda _: None
    )
    best = solve_least_cost(instance, reach_share=0.6, control=_control())
    assert best.status == "proved"
    exact = _exact_bound(problem.cover, bound.price, bound.rate, problem.spare)
    assert 0.9 * best.value < bound.value <= exact <= best.value


def test_early_bound_holds_and_is_near() -> None:
    instance = _middling(np.random.default_rng(8), sites=80, demands=400)
    problem = without_dominated(cost_task(instance, reach_share=0.6, constraints=None).problem)
    best = solve_least_cost(instance, reach_share=0.6, control=_control())
    told: list[float] = []
    bound = early_bound(
        problem, 1.05 * best.value, stop=lambda: False, tell=lambda one: told.append(one.value)
    )
    exact = _exact_bound(problem.cover, bound.price, bound.rate, problem.spare)
    assert told == sorted(told)
    assert 0.9 * best.value < bound.value == told[-1] <= exact <= best.value


def test_classes_of_demand_keep_weight_and_prices() -> None:
    cover = coverage_instance([0, 3, 5, 6], [0, 1, 2, 2, 3, 4], [1, 3, 5, 7, 9], [1, 1, 1])
    classes = demand_classes(cover, np.array([True, True, False]))
    assert classes.lost == 9.0
    assert sorted(classes.cover.demand_weight.tolist()) == [4.0, 5.0, 7.0]
    price = np.array([1.0, 3.0, 5.0, 6.0, 2.0])
    again = classes.spread(classes.gathered(price), np.full(5, -1.0))
    assert again.tolist() == [1.0, 3.0, 5.0, 6.0, -1.0]


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("unit", [0.1, 0.01, 0.001])
def test_fine_costs_are_proved(unit: float, solver: Solver) -> None:
    random = np.random.default_rng(11)
    plain = _middling(random, sites=120, demands=500)
    cost = np.round(random.integers(500_000, 3_000_000, plain.sites) * unit, 3)
    instance = coverage_instance(plain.indptr, plain.demand_index, plain.demand_weight, cost)
    answer = solve_all_coverable(instance, control=_control(), solver=solver)
    assert (answer.status, answer.gap, answer.bound) == ("proved", 0.0, answer.value)
    chosen_cost = sum(Fraction(str(cost[site])) for site in answer.chosen)
    assert float(chosen_cost) == answer.value


def _highs_least_cost(instance: CoverageInstance, needed: float) -> float:
    """Solve the plain program, nothing reduced: built sites, demand served only by them."""
    wanted = np.flatnonzero(~instance.covered)
    sites, demands = instance.sites, wanted.size
    serves = np.zeros((sites, instance.demands), np.bool_)
    for site in range(sites):
        serves[site, instance.served_by(site)] = True
    highs = highspy.Highs()
    for option, setting in (("output_flag", False), ("mip_rel_gap", 0.0)):
        highs.setOptionValue(option, setting)
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = sites + demands, demands + 1
    lp.col_cost_ = np.concatenate([instance.site_cost, np.zeros(demands)])
    lp.col_lower_, lp.col_upper_ = np.zeros(sites + demands), np.ones(sites + demands)
    lp.integrality_ = [highspy.HighsVarType.kInteger] * sites + [highspy.HighsVarType.kContinuous] * demands
    rows = [np.append(np.flatnonzero(serves[:, one]), sites + at) for at, one in enumerate(wanted)]
    rows.append(sites + np.arange(demands))
    ends = np.cumsum([row.size for row in rows])
    value = np.ones(int(ends[-1]))
    value[ends[:-1] - 1] = -1.0
    value[ends[-2] :] = instance.demand_weight[wanted]
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_ = np.concatenate([[0], ends]).astype(np.int32)
    lp.a_matrix_.index_, lp.a_matrix_.value_ = np.concatenate(rows).astype(np.int32), value
    served = float(instance.demand_weight[instance.covered].sum())
    lp.row_lower_ = np.append(np.zeros(demands), needed - served - 1e-6)
    lp.row_upper_ = np.full(demands + 1, np.inf)
    highs.passModel(lp)
    highs.run()
    assert highs.getModelStatus() == highspy.HighsModelStatus.kOptimal
    return float(highs.getInfo().objective_function_value)


def test_equals_highs_on_500_sites_and_10_000_points() -> None:
    instance = generate_instance(Landscape(500, 10_000, covered_share=0.85, grid_cells=512))
    served = instance.covered.copy()
    served[instance.demand_index] = True
    weight = instance.demand_weight
    share = 0.98 * float(weight[served].sum() / weight.sum())
    answer = solve_least_cost(instance, reach_share=share, control=_control())
    assert answer.status == "proved"
    assert answer.value == pytest.approx(_highs_least_cost(instance, share * float(weight.sum())), rel=1e-9)


def test_annealing_keeps_its_books() -> None:
    instance = _middling(np.random.default_rng(4), sites=100, demands=500)
    problem = cost_task(instance, reach_share=0.6, constraints=None).problem
    walker = annealer(problem)
    greedy = walker.found[1]
    for step in range(20):
        walker.run(walker.heat(step / 20), 500)
    state, chosen = walker.state, walker.state.chosen[: int(walker.state.size[0])]
    count = np.zeros(problem.cover.demands, np.int64)
    for site in chosen:
        count[problem.cover.served_by(int(site))] += 1
    assert np.array_equal(state.served[:, 0], count)
    assert state.sums[0] == pytest.approx(problem.cover.demand_weight[count == 0].sum())
    for site in chosen:
        row = problem.cover.served_by(int(site))
        assert state.alone[site] == pytest.approx(problem.cover.demand_weight[row[count[row] == 1]].sum())
    assert walker.found[1] <= greedy


def _chain() -> CoverageInstance:
    """Site s serves demand s and s + 1; weights 10, 20, 30, 40; costs 3, 4, 5."""
    return coverage_instance([0, 2, 4, 6], [0, 1, 1, 2, 2, 3], [10, 20, 30, 40], [3, 4, 5])


def test_a_chain_by_hand() -> None:
    answer = solve_least_cost(_chain(), reach_share=0.7, control=_control())
    assert answer.chosen.tolist() == [2]
    assert (answer.value, answer.served_weight, answer.status) == (5.0, 70.0, "proved")
    both = solve_all_coverable(_chain(), control=_control())
    assert both.chosen.tolist() == [2, 0]
    assert both.added_weight.tolist() == [70.0, 30.0]
    assert both.step_cost.tolist() == [5.0, 3.0]


def test_reached_already_costs_nothing() -> None:
    covered = np.array([False, True, True, True])
    chain = _chain()
    instance = coverage_instance(
        chain.indptr, chain.demand_index, [10, 20, 30, 40], [3, 4, 5], covered=covered
    )
    answer = solve_least_cost(instance, reach_share=0.9, control=_control())
    assert (answer.value, answer.bound, answer.gap, answer.status) == (0.0, 0.0, 0.0, "proved")
    assert answer.chosen.size == 0
    assert answer.served_weight == 90.0


def test_one_candidate_no_demand_and_free_sites() -> None:
    one = coverage_instance([0, 1], [0], [5], [7])
    assert solve_all_coverable(one, control=_control()).value == 7.0
    none = coverage_instance([0, 0], np.zeros(0, np.int64), [], [7])
    assert solve_all_coverable(none, control=_control()).chosen.size == 0
    free = coverage_instance([0, 2, 4, 6], [0, 1, 1, 2, 2, 3], [10, 20, 30, 40], [0, 0, 0])
    answer = solve_least_cost(free, reach_share=0.7, control=_control())
    assert (answer.value, answer.gap, answer.status) == (0.0, 0.0, "proved")
    assert answer.served_weight >= 70.0


def test_no_site_too_many_is_built() -> None:
    answer = solve_least_cost(_chain(), reach_share=0.3, control=_control())
    assert answer.chosen.tolist() == [0]


@pytest.mark.parametrize(
    ("side", "code"),
    [
        (
            SideConstraints(forced=np.array([0]), forbidden=np.array([True, False, False])),
            "place_forced_forbidden",
        ),
        (SideConstraints(forced=np.array([0, 1]), place=np.array([4, 4, -1])), "place_forced_together"),
        (SideConstraints(forced=np.array([0, 2]), conflicts=np.array([[2, 0]])), "place_forced_near"),
        (
            SideConstraints(forced=np.array([0, 1]), area=np.array([7, 7, 7]), area_limit=1),
            "place_forced_area",
        ),
        (SideConstraints(forced=np.array([3])), "place_index"),
        (SideConstraints(place=np.array([1, 1])), "place_shape"),
    ],
)
def test_contradictions_are_named(side: SideConstraints, code: str) -> None:
    with pytest.raises(PlacementError) as told:
        solve_least_cost(_chain(), reach_share=0.5, constraints=side, control=_control())
    assert told.value.code == code


@pytest.mark.parametrize(
    ("side", "code", "reachable", "free"),
    [
        (None, "place_unreachable", 0.6, None),
        (SideConstraints(forbidden=np.array([False, False, True])), "place_unreachable_forbidden", 0.3, 0.6),
        (SideConstraints(place=np.array([7, -1, 7])), "place_unreachable_place", 0.5, 0.6),
        (SideConstraints(conflicts=np.array([[2, 0]])), "place_unreachable_near", 0.5, 0.6),
        (SideConstraints(area=np.zeros(3, int), area_limit=1), "place_unreachable_area", 0.3, 0.6),
        (SideConstraints(area=np.zeros(3, int), area_limit=0), "place_unreachable_area", 0.0, 0.6),
        (
            SideConstraints(place=np.array([7, -1, 7]), conflicts=np.array([[1, 2]])),
            "place_unreachable_limits",
            0.3,
            0.6,
        ),
    ],
)
def test_out_of_reach_names_what_can_be_reached_and_what_clashes(
    side: SideConstraints | None, code: str, reachable: float, free: float | None
) -> None:
    instance = coverage_instance([0, 1, 2, 3], [0, 1, 2], [10, 20, 30, 40], [3, 4, 5])
    with pytest.raises(PlacementError) as told:
        solve_least_cost(instance, reach_share=0.6 if free else 0.7, constraints=side, control=_control())
    parameters = told.value.parameters
    assert told.value.code == code
    assert parameters["reachable_share"] == pytest.approx(reachable)
    assert parameters.get("free_share") == (None if free is None else pytest.approx(free))


def test_shares_outside_of_all_are_refused() -> None:
    with pytest.raises(PlacementError, match="place_share"):
        solve_least_cost(_chain(), reach_share=1.2, control=_control())


def test_cancelled_and_out_of_time_still_answer() -> None:
    instance = _middling(np.random.default_rng(6), sites=150, demands=900)
    late = solve_least_cost(instance, reach_share=0.6, control=_control(seconds=0.0))
    assert late.status in {"time_limit", "proved"}
    _check(late, instance, None)
    told: list[Step] = []
    began = time.perf_counter()
    control = Control(
        elapsed_s=lambda: time.perf_counter() - began,
        cancelled=lambda: bool(told),
        tell=lambda step, _chosen: told.append(step),
    )
    answer = solve_least_cost(instance, reach_share=0.6, control=control)
    assert told[0].stage == "greedy"
    assert answer.status in {"cancelled", "proved"}
    assert answer.bound <= answer.value


def test_progress_only_gets_better() -> None:
    instance = _middling(np.random.default_rng(9), sites=120, demands=700)
    trace = solve_least_cost(instance, reach_share=0.6, control=_control()).trace
    values, bounds = [step.value for step in trace], [step.bound for step in trace]
    assert values == sorted(values, reverse=True)
    assert bounds == sorted(bounds)
    assert all(bound <= value for bound, value in zip(bounds, values, strict=True))


@pytest.mark.parametrize(
    ("numbers", "unit"),
    [([2.0, 4.0], 2.0), ([0.5, 1.25], 0.25), ([0.1, 0.3], 0.1), ([np.pi, 1.0], 0.0), ([0.0, 0.0], 1.0)],
)
def test_unit_of(numbers: list[float], unit: float) -> None:
    assert unit_of(np.array(numbers)) == pytest.approx(unit)


@pytest.mark.parametrize("solver", SOLVERS)
def test_weight_that_stays_unserved_is_no_bound_on_cost(
    solver: Solver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The program that is asked for any answer at all bounds weight, not cost."""

    def telling(program: Program, start: Int32Array | None, watch: Watch) -> MipAnswer:
        if not program.objective[: program.sites].any():
            asked.append(program)
            watch.bounded(1e6)
        return solver(program, start, watch)

    asked: list[Program] = []
    monkeypatch.setattr(leastcost, "_first_answer", lambda *_: None)
    rows = [[0, 1, 2, 3], [0, 1, 4], [2, 3, 5]]
    instance = coverage_instance(
        np.cumsum([0, *(len(row) for row in rows)]), np.concatenate(rows), np.ones(6), [1.0, 2.0, 2.0]
    )
    side = SideConstraints(conflicts=np.array([[0, 1], [0, 2]], np.int32))
    answer = solve_least_cost(instance, reach_share=1.0, constraints=side, control=_control(), solver=telling)
    assert asked
    assert answer.value == answer.bound == 4.0
    assert all(step.bound <= 4.0 for step in answer.trace)
