"""Bounds by regions: never above the cheapest answer whatever the prices are, and better than of sites."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from phusong.coverage.placement.anneal import kernel_view
from phusong.coverage.placement.anneal_moves import Cover
from phusong.coverage.placement.costbound import CostBound, cost_bound
from phusong.coverage.placement.costbound_regions import RegionalBound
from phusong.coverage.placement.costbound_safe import paid_prices, reduced_costs, safe_bound
from phusong.coverage.placement.costproblem import CostProblem, cost_task
from phusong.coverage.placement.covermip import Solver, has_scip
from phusong.coverage.placement.covermip_highs import solve_highs
from phusong.coverage.placement.instance import SideConstraints, coverage_instance
from phusong.coverage.placement.regions import split_sites

SOLVERS: list[Solver] = [solve_highs]
if has_scip():
    from phusong.coverage.placement.covermip_scip import solve_scip

    SOLVERS.append(solve_scip)


def problem_of(random: np.random.Generator, *, limited: bool, sites: int = 11) -> CostProblem:
    """Sites along a road, each serving what is near: regions share some demand."""
    demands = 30
    at, demand = np.sort(random.random(sites)), np.sort(random.random(demands))
    near = np.abs(at[:, None] - demand[None]) < random.uniform(0.06, 0.2, sites)[:, None]
    instance = coverage_instance(
        np.concatenate([[0], np.cumsum(near.sum(axis=1))]),
        np.nonzero(near)[1],
        random.integers(1, 9, demands),
        random.integers(3, 40, sites),
    )
    served = float(instance.demand_weight[near.any(axis=0)].sum() / instance.demand_weight.sum())
    side = SideConstraints(place=random.integers(-1, 4, sites).astype(np.int32)) if limited else None
    share = served * (0.5 if limited else float(random.choice([0.6, 0.9])))
    return cost_task(instance, reach_share=share, constraints=side).problem


def answers(problem: CostProblem) -> list[tuple[float, tuple[int, ...]]]:
    """Return cost and sites of every choice that reaches the target within the limits."""
    cover = problem.cover
    total = cover.demand_weight.sum()
    found = []
    for size in range(cover.sites + 1):
        for chosen in itertools.combinations(range(cover.sites), size):
            served = np.zeros(cover.demands, bool)
            for site in chosen:
                served[cover.served_by(site)] = True
            left = total - cover.demand_weight[served].sum()
            if left <= problem.spare and problem.limits.allow(np.array(chosen, np.int32)):
                found.append((float(cover.site_cost[list(chosen)].sum()), chosen))
    return found


def regional(problem: CostProblem, prices: CostBound, chosen: tuple[int, ...], largest: int) -> RegionalBound:
    inside = np.isin(np.arange(problem.cover.sites), chosen)
    return RegionalBound(problem, prices, inside, largest=largest)


def improved(bound: RegionalBound, solver: Solver) -> list[float]:
    told: list[float] = []
    bound.improve(solver, stop=lambda: False, remaining_s=lambda: 60.0, tell=told.append)
    return told


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("limited", [False, True])
@pytest.mark.parametrize("case", range(8))
def test_any_prices_bound_the_cheapest_answer(case: int, limited: bool, solver: Solver) -> None:
    random = np.random.default_rng([8, case])
    problem = problem_of(random, limited=limited)
    every = answers(problem)
    best = min(every)
    price = random.random(problem.cover.demands) * 4.0
    prices = CostBound(0.0, price, 1.0, random.random(problem.cover.sites))
    known = best if case % 2 else every[int(random.integers(len(every)))]
    for largest in (1, 12, 10_000):
        bound = regional(problem, prices, known[1], largest)
        before = bound.value()
        told = improved(bound, solver)
        assert before <= best[0]
        assert told == sorted(told)
        assert before <= bound.value() <= best[0]


@pytest.mark.parametrize("case", range(6))
def test_regions_prove_more_than_the_linear_program(case: int) -> None:
    problem = problem_of(np.random.default_rng([9, case]), limited=False)
    best = min(answers(problem))
    every = np.ones(problem.cover.sites, bool)
    linear = cost_bound(problem, every, stop=lambda: False, tell=lambda _one: None)
    one = regional(problem, linear, best[1], 10_000)
    improved(one, solve_highs)
    assert len(one.regions) == 1
    assert linear.value - 1e-6 <= one.value() <= best[0]
    several = regional(problem, linear, best[1], 12)
    improved(several, solve_highs)
    assert linear.value - 1e-6 <= several.value() <= best[0]


def test_a_region_closes_a_part_of_the_gap() -> None:
    # Three villages, each pair served by one site. At a price of 1/2 every site is worth just what it costs:
    # 3/2, less the half village that may be left out. The region pays 1 a village, and one site brings 1 more
    # than it costs, two sites too: 3 - 1/2 - 1. Any two sites are the cheapest answer.
    pairs = coverage_instance([0, 2, 4, 6], [0, 1, 1, 2, 0, 2], [1, 1, 1], [1, 1, 1])
    problem = cost_task(pairs, reach_share=1.0, constraints=None).problem
    assert problem.spare == 0.5
    prices = CostBound(1.0, np.full(3, 0.5), 1.0, np.full(3, 0.5))
    bound = regional(problem, prices, (0, 1), 10_000)
    assert bound.value() == pytest.approx(1.0)
    told = improved(bound, solve_highs)
    assert bound.value() == told[-1] == pytest.approx(1.5, abs=1e-6)
    assert bound.value() <= 1.5


def test_time_over_leaves_the_bound_of_the_linear_program() -> None:
    problem = problem_of(np.random.default_rng(3), limited=False)
    best = min(answers(problem))
    prices = CostBound(0.0, problem.cover.demand_weight * 0.5, 1.0, np.ones(problem.cover.sites))
    bound = regional(problem, prices, best[1], 12)
    before = bound.value()
    bound.improve(solve_highs, stop=lambda: False, remaining_s=lambda: 0.0, tell=lambda _one: None)
    assert bound.value() == before


def clusters() -> Cover:
    """Two groups of five sites; one demand is served by a site of each."""
    rows = [[group * 6 + at, group * 6 + at + 1] for group in (0, 1) for at in range(5)]
    rows[4].append(12)
    rows[9].append(12)
    index = np.array([one for row in rows for one in sorted(row)], np.int32)
    indptr = np.concatenate([[0], np.cumsum([len(row) for row in rows])]).astype(np.int64)
    return Cover(indptr, index, np.ones(13), np.ones(10))


PRICE = np.append(np.ones(12), 0.2)
"""The demand between the groups is worth little."""


def test_sites_that_share_little_are_put_apart() -> None:
    cover, half = clusters(), np.full(10, 0.5)
    region = split_sites(
        cover, PRICE, half, np.zeros(10, bool), is_large=lambda inside: bool(inside.sum() > 5)
    )
    assert len(set(region[:5])) == len(set(region[5:])) == 1
    assert region[0] != region[5]
    whole = split_sites(cover, PRICE, half, np.zeros(10, bool), is_large=lambda _inside: False)
    assert whole.tolist() == [0] * 10


def test_sites_that_nobody_builds_follow_their_neighbours() -> None:
    share = np.array([0.5] * 4 + [0.0] + [0.5] * 4 + [0.0])
    region = split_sites(
        clusters(), PRICE, share, np.zeros(10, bool), is_large=lambda inside: bool(inside.sum() > 5)
    )
    assert region[4] == region[3]
    assert region[9] == region[8]
    assert region[0] != region[5]


@pytest.mark.parametrize("case", range(10))
def test_paid_prices_prove_no_less(case: int) -> None:
    random = np.random.default_rng([4, case])
    problem = problem_of(random, limited=False)
    cover = kernel_view(problem)[0]
    price, rate = random.random(cover.weight.size) * 20.0, 3.0
    inside = np.minimum(price, rate * cover.weight)
    left = reduced_costs(cover, price, rate)
    paid = paid_prices(cover, inside, left)
    assert np.all(reduced_costs(cover, paid, rate) >= -1e-9)
    spare = problem.spare
    assert safe_bound(cover, paid, rate, spare) >= safe_bound(cover, price, rate, spare) - 1e-9
