"""A bound on cost after seconds, by first-order steps; and which sites matter.

The dual of least cost is that of most weight for a budget: prices of demand, and a rate between weight and
money. So the primal-dual method of maximum coverage (`pdhg`), with the cost of a known answer as budget,
gives prices that bound the cost. It comes within a hundredth soon and near only slowly: interior point
steps (`costbound`) follow, on the sites whose prices nearly pay for them.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from phusong.coverage.placement.anneal import kernel_view
from phusong.coverage.placement.anneal_moves import Cover
from phusong.coverage.placement.costbound import CostBound
from phusong.coverage.placement.costbound_safe import reduced_costs, safe_bound
from phusong.coverage.placement.costproblem import CostProblem
from phusong.coverage.placement.demandclasses import DemandClasses, demand_classes
from phusong.coverage.placement.instance import BoolArray, CoverageInstance, FloatArray
from phusong.coverage.placement.limits import grouped
from phusong.coverage.placement.openrows import Matrix
from phusong.coverage.placement.pdhg import Relaxation
from phusong.coverage.placement.problem import Resources

_FIRST_STEPS, _MORE_STEPS, _LOOK_STEPS = 200, 1000, 100
"""Steps with all sites, then with those that are `_NEAR`; steps between two bounds."""
_NEAR = 0.15
"""Reduced cost, as share of the mean cost, of the sites that are kept after the first steps."""
_SETTLED = 5e-4
"""Gain of the bound between two looks below which interior point steps go on faster."""
_GOLDEN = (math.sqrt(5.0) - 1.0) / 2.0


def early_bound(
    problem: CostProblem, value: float, *, stop: Callable[[], bool], tell: Callable[[CostBound], None]
) -> CostBound:
    """Return a bound within about a hundredth of that of the linear program.

    Parameters
    ----------
    problem : CostProblem
        Its limits are left out, which can only lower the bound.
    value : float
        Cost of a good answer.
    stop : callable
        True when time is over.
    tell : callable
        Receives each better bound.

    Returns
    -------
    CostBound
        The best found.
    """
    cover = kernel_view(problem)[0]
    best = CostBound(0.0, np.zeros(cover.weight.size), 0.0, np.zeros(cover.cost.size))
    if stop():
        return best
    relaxation = _relaxation(problem.cover, value, None)
    classes: DemandClasses | None = None
    made = 0
    while made < _FIRST_STEPS + _MORE_STEPS and not stop():
        relaxed = relaxation.improve(_LOOK_STEPS, stop=stop)
        made += _LOOK_STEPS
        price, share = relaxed.price, relaxed.share
        if classes is not None:
            price = classes.spread(price, cover.weight)
            share = np.zeros(cover.cost.size)
            share[classes.site] = relaxed.share
        found = _bound_of(cover, price, share, problem.spare)
        gain = found.value - best.value
        if gain > 0:
            best = found
            tell(best)
        if made == _FIRST_STEPS:
            classes = demand_classes(problem.cover, near_sites(problem, best, _NEAR))
            start = (share[classes.site], classes.gathered(price), relaxation.primal_weight)
            relaxation = _relaxation(classes.cover, value, start)
        elif made > 2 * _FIRST_STEPS and gain < _SETTLED * best.value:
            break
    return best


def near_sites(problem: CostProblem, bound: CostBound, share: float) -> BoolArray:
    """Return the sites whose reduced cost is at most `share` of the mean cost."""
    left = reduced_costs(kernel_view(problem)[0], bound.price, bound.rate)
    return left <= share * float(problem.cover.site_cost.mean())


def _relaxation(
    cover: CoverageInstance, value: float, start: tuple[FloatArray, FloatArray, float] | None
) -> Relaxation:
    """Return maximum coverage for a budget of `value`; `start` are shares, prices and primal weight."""
    free = grouped(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.int32), cover.sites)
    limits = Resources(
        cover.site_cost,
        cover.sites,
        value,
        Matrix(free.of_indptr, free.of_group),
        Matrix(free.indptr, free.site),
        free.most,
    )
    every = np.ones(cover.sites, np.bool_)
    if start is None:
        return Relaxation(cover, limits, every)
    share, price, primal_weight = start
    return Relaxation(cover, limits, every, share=share, price=price, primal_weight=primal_weight)


def _bound_of(cover: Cover, in_weight: FloatArray, share: FloatArray, spare: float) -> CostBound:
    """Return the bound at the best rate between weight and money for prices in weight."""
    worth = cover.cost - reduced_costs(cover, in_weight, 1.0)
    rate = _best_rate(cover.cost, worth, float(in_weight.sum()) - spare)
    price = rate * in_weight
    return CostBound(safe_bound(cover, price, rate, spare), price, rate, share)


def _best_rate(cost: FloatArray, worth: FloatArray, demanded: float) -> float:
    """Search the rate of the highest bound by golden section; the bound is concave in the rate."""

    def bound(rate: float) -> float:
        return rate * demanded + float(np.minimum(cost - rate * worth, 0.0).sum())

    serves = worth > 0
    low, high = 0.0, float(np.max(cost[serves] / worth[serves], initial=0.0))
    for _ in range(80):
        left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
        if bound(left) < bound(right):
            low = left
        else:
            high = right
    return 0.5 * (low + high)
