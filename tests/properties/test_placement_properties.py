"""Maximum coverage against brute force, and its bounds against exact fractions, for random instances."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phusong.coverage.errors import PlacementError
from phusong.coverage.placement import openrows
from phusong.coverage.placement.answer import Control
from phusong.coverage.placement.bounds import dual_bound
from phusong.coverage.placement.greedy import greedy
from phusong.coverage.placement.instance import SideConstraints, coverage_instance
from phusong.coverage.placement.maxcover import solve_max_cover
from phusong.coverage.placement.openrows import Matrix, open_rows
from phusong.coverage.placement.phases import split_into_years
from phusong.coverage.placement.problem import make_problem
from phusong.coverage.placement.reduction import reduce_demand, transpose
from phusong.coverage.placement.search import RESOLUTION

CONTROL = Control(elapsed_s=lambda: 0.0)
"""A clock that stands still: no time limit strikes, so every answer is proved."""
EXAMPLES = 200


def random_instance(random, *, whole):
    sites, demands = int(random.integers(1, 15)), int(random.integers(1, 40))
    serves = random.random((sites, demands)) < random.uniform(0.05, 0.5)
    weight = random.integers(0, 20, demands).astype(float)
    cost = random.integers(0, 8, sites).astype(float)
    if not whole:
        weight, cost = weight * random.random(demands), cost / 10.0
    indptr = np.concatenate([[0], np.cumsum(serves.sum(axis=1))])
    covered = random.random(demands) < random.choice([0.0, 0.4])
    return coverage_instance(indptr, np.nonzero(serves)[1], weight, cost, covered=covered), serves


def random_constraints(random, sites):
    pairs = random.integers(0, sites, (int(random.integers(0, 4)), 2)).astype(np.int32)
    return SideConstraints(
        place=random.integers(-1, 6, sites).astype(np.int32),
        conflicts=pairs[pairs[:, 0] != pairs[:, 1]],
        area=random.integers(-1, 3, sites).astype(np.int32),
        area_limit=int(random.integers(0, 4)),
        forced=random.integers(0, sites, int(random.integers(0, 2))).astype(np.int32),
        forbidden=random.random(sites) < 0.15,
    )


def allowed(plan, constraints):
    inside = set(plan)
    if not set(constraints.forced.tolist()) <= inside or any(constraints.forbidden[list(plan)]):
        return False
    if any(first in inside and second in inside for first, second in constraints.conflicts.tolist()):
        return False
    for number, most in ((constraints.place, 1), (constraints.area, constraints.area_limit)):
        named = number[list(plan)]
        if any(np.sum(named == one) > most for one in named if one >= 0):
            return False
    return True


def best_by_enumeration(instance, serves, constraints, *, sites, budget):
    """Return the most weight over all plans; None if no plan is allowed."""
    best = None
    for number in range(0, min(sites, instance.sites) + 1):
        for plan in combinations(range(instance.sites), number):
            cost = float(instance.site_cost[list(plan)].sum())
            if cost > budget * (1 + 1e-9) or (constraints is not None and not allowed(plan, constraints)):
                continue
            served = instance.covered | serves[list(plan)].any(axis=0)
            weight = float(instance.demand_weight[served].sum())
            best = weight if best is None else max(best, weight)
    return best


def solved(random, *, constrained, whole):
    instance, serves = random_instance(random, whole=whole)
    asked = random.integers(0, 5)  # twice sites, twice money, once both
    sites = int(random.integers(0, 6)) if asked in (0, 1, 4) else None
    budget = float(random.uniform(0, 12 if whole else 1.2)) if asked >= 2 else None
    constraints = random_constraints(random, instance.sites) if constrained else None
    expected = best_by_enumeration(
        instance,
        serves,
        constraints,
        sites=instance.sites if sites is None else sites,
        budget=np.inf if budget is None else budget,
    )
    try:
        answer = solve_max_cover(
            instance, sites=sites, budget=budget, constraints=constraints, control=CONTROL
        )
    except PlacementError as error:
        assert expected is None, error
        return None
    assert expected is not None
    return instance, serves, constraints, expected, answer


@pytest.mark.parametrize("constrained", [False, True])
@pytest.mark.parametrize("whole", [True, False])
def test_equals_brute_force(constrained, whole):
    random = np.random.default_rng(20_260_101 + 2 * constrained + whole)
    solvable = 0
    for _ in range(EXAMPLES // 2):
        outcome = solved(random, constrained=constrained, whole=whole)
        if outcome is None:
            continue
        solvable += 1
        instance, serves, constraints, expected, answer = outcome
        assert answer.value == pytest.approx(
            expected, rel=1e-12, abs=RESOLUTION * instance.demand_weight.sum()
        )
        assert answer.status == "proved"
        assert answer.gap == 0 and answer.bound == answer.value
        plan = answer.chosen.tolist()
        assert len(set(plan)) == len(plan)
        served = instance.covered | serves[plan].any(axis=0)
        assert answer.value == pytest.approx(instance.demand_weight[served].sum(), rel=1e-12)
        assert answer.cost == pytest.approx(instance.site_cost[plan].sum(), rel=1e-12)
        assert constraints is None or allowed(plan, constraints)
        start = instance.demand_weight[instance.covered].sum()
        assert start + answer.added_weight.sum() == pytest.approx(answer.value, rel=1e-12)
        for site, added in zip(plan, answer.added_weight, strict=True):
            assert added > 0 or (constraints is not None and site in constraints.forced)
    assert solvable >= EXAMPLES // 5


def exact_bound(instance, problem, price, group_price):
    """Return the bound of some prices in fractions, and bring fractional knapsacks to their optimum."""
    limits = problem.limits
    weight = [Fraction(value) for value in instance.demand_weight.tolist()]
    fair = [min(max(Fraction(y), Fraction(0)), w) for y, w in zip(price.tolist(), weight, strict=True)]
    dear = [max(Fraction(value), Fraction(0)) for value in group_price.tolist()]
    total = sum((w - y for w, y in zip(weight, fair, strict=True)), Fraction(0))
    total += sum(one * int(most) for one, most in zip(dear, limits.capacity, strict=True))
    worth = []
    for site in np.flatnonzero(problem.usable):
        groups = limits.groups.columns[limits.groups.indptr[site] : limits.groups.indptr[site + 1]]
        worth.append(
            (int(site), sum(fair[d] for d in instance.served_by(site)) - sum(dear[g] for g in groups))
        )
    worth = [pair for pair in worth if pair[1] > 0]
    if not np.isfinite(limits.budget):
        return total + sum(sorted((one for _, one in worth), reverse=True)[: limits.most_sites])
    left = Fraction(limits.budget)
    cost = {site: Fraction(limits.cost[site]) for site, _ in worth}
    for site, one in sorted(worth, key=lambda pair: -pair[1] / cost[pair[0]] if cost[pair[0]] else -(10**9)):
        part = min(Fraction(1), left / cost[site]) if cost[site] else Fraction(1)
        total += part * one
        left -= part * cost[site]
    return total


@settings(max_examples=60, deadline=None, derandomize=True)
@given(seed=st.integers(0, 2**31), by_number=st.booleans(), whole=st.booleans())
def test_bound_of_any_prices_is_no_less_than_in_fractions(seed, by_number, whole):
    random = np.random.default_rng(seed)
    instance, _ = random_instance(random, whole=whole)
    constraints = SideConstraints(place=random.integers(-1, 6, instance.sites).astype(np.int32))
    sites, budget = (3, None) if by_number else (None, float(random.uniform(0.1, 5)))
    problem = make_problem(instance, sites=sites, budget=budget, constraints=constraints)
    reduced = reduce_demand(problem.instance, usable=problem.usable).instance
    price = reduced.demand_weight * random.uniform(-0.2, 1.2, reduced.demands)
    group_price = random.uniform(-1, 5, problem.limits.capacity.size)
    bound = dual_bound(reduced, problem.limits, problem.usable, price, group_price)
    exact = exact_bound(reduced, problem, price, group_price)
    assert Fraction(bound.value) >= exact
    assert bound.value <= float(exact) * (1 + 1e-12) + 1e-12


@settings(max_examples=40, deadline=None, derandomize=True)
@given(seed=st.integers(0, 2**31))
def test_bound_is_never_below_value_while_searching(seed):
    random = np.random.default_rng(seed)
    instance, _ = random_instance(random, whole=False)
    told = []
    control = Control(elapsed_s=lambda: 0.0, tell=lambda step, chosen: told.append((step, chosen)))
    answer = solve_max_cover(instance, sites=3, control=control)
    assert told
    assert all(step.bound >= step.value for step, _ in told)
    values = [step.value for step, _ in told]
    assert values == sorted(values)
    assert answer.trace == tuple(step for step, _ in told)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(seed=st.integers(0, 2**31))
def test_reduction_keeps_what_every_plan_serves(seed):
    random = np.random.default_rng(seed)
    instance, serves = random_instance(random, whole=True)
    reduction = reduce_demand(instance)
    reduced = reduction.instance
    rows = transpose(reduced)
    sets = [tuple(rows.site[rows.indptr[d] : rows.indptr[d + 1]]) for d in range(reduced.demands)]
    assert len(set(sets)) == len(sets) and all(sets)
    plan = np.flatnonzero(random.random(instance.sites) < 0.4)
    served = instance.covered | serves[plan].any(axis=0)
    merged = np.zeros(reduced.demands, bool)
    for site in plan:
        merged[reduced.served_by(site)] = True
    assert (
        reduction.served_weight + reduced.demand_weight[merged].sum() == instance.demand_weight[served].sum()
    )


@pytest.mark.parametrize("seed", range(10))
def test_reduction_on_two_cores_is_the_same(seed, monkeypatch):
    random = np.random.default_rng(seed)
    instance, _ = random_instance(random, whole=True)
    usable = random.random(instance.sites) < 0.8
    alone = reduce_demand(instance, usable=usable)
    monkeypatch.setattr(openrows, "SHARED_NONZEROS", 0)
    shared = reduce_demand(instance, usable=usable)
    for name in ("indptr", "demand_index", "demand_weight"):
        assert np.array_equal(getattr(alone.instance, name), getattr(shared.instance, name))
    assert np.array_equal(alone.class_of, shared.class_of)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(seed=st.integers(0, 2**31), wanted_share=st.sampled_from([0.0, 0.05, 0.5, 1.0]))
def test_open_rows_hold_the_wanted_demand_of_the_sites_allowed(seed, wanted_share):
    random = np.random.default_rng(seed)
    instance, serves = random_instance(random, whole=True)
    wanted = random.random(instance.demands) < wanted_share
    allowed = random.random(instance.sites) < 0.8
    rows, demand = open_rows(Matrix(instance.indptr, instance.demand_index), wanted, allowed)
    assert np.array_equal(demand, np.flatnonzero(wanted))
    for site in range(instance.sites):
        found = demand[rows.columns[rows.indptr[site] : rows.indptr[site + 1]]]
        assert np.array_equal(found, np.flatnonzero(serves[site] & wanted & allowed[site]))


@settings(max_examples=40, deadline=None, derandomize=True)
@given(seed=st.integers(0, 2**31), by_cost=st.booleans())
def test_greedy_takes_the_site_worth_most_each_time(seed, by_cost):
    random = np.random.default_rng(seed)
    instance, serves = random_instance(random, whole=True)
    problem = make_problem(instance, sites=4, budget=float(random.integers(1, 20)))
    reduced = reduce_demand(problem.instance, usable=problem.usable).instance
    left = np.where(instance.covered, 0.0, instance.demand_weight)
    cost, money, expected = instance.site_cost, problem.limits.budget, []
    for _ in range(4):
        gain = serves @ left * (problem.usable & (cost <= money))
        worth = np.divide(gain, cost, out=np.full(cost.size, np.inf), where=cost > 0) if by_cost else gain
        best = min(np.flatnonzero(gain > 0), key=lambda s: (-worth[s], -gain[s], cost[s], s), default=None)
        if best is None:
            break
        expected.append(int(best))
        money -= cost[best]
        left = left * ~serves[best]
    chosen, added = greedy(reduced, problem.limits, problem.usable, by_cost=by_cost)
    assert chosen.tolist() == expected
    assert added.sum() == np.where(instance.covered, 0.0, instance.demand_weight).sum() - left.sum()


@settings(max_examples=40, deadline=None, derandomize=True)
@given(seed=st.integers(0, 2**31), carry_over=st.booleans())
def test_years_keep_their_budgets_and_build_the_plan(seed, carry_over):
    random = np.random.default_rng(seed)
    instance, _ = random_instance(random, whole=True)
    plan = np.flatnonzero(random.random(instance.sites) < 0.6).astype(np.int32)
    budget = random.integers(0, 15, 3).astype(float).tolist()
    target = [0.0, float(instance.demand_weight.sum()) + 1.0]
    phases = split_into_years(
        instance, plan, yearly_budget=budget, target_weight=target, carry_over=carry_over
    )
    every = np.concatenate([*phases.sites, phases.left_out])
    assert sorted(every.tolist()) == plan.tolist()
    purse = 0.0
    for year, money in enumerate(budget):
        purse = money + (purse if carry_over else 0.0) - phases.cost[year]
        assert purse >= 0
    assert np.all(np.diff(phases.served_weight) >= 0)
    assert phases.target_year == (0, -1)
