"""Upper bounds on what can be served, from any prices, safe against rounding.

For any price ``0 <= y[d] <= w[d]`` of each demand and ``l[g] >= 0`` of each group, no plan serves more than

    sum(w - y) + sum(l * capacity) + most of sum((A'y - G'l)[s] over the sites built)

(weak duality of the linear program). The last part is bounded by the best sites one by one, or through a
price on cost. Sums are taken so that rounding can only raise the bound.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from phusong.coverage.placement.instance import BoolArray, CoverageInstance, FloatArray
from phusong.coverage.placement.openrows import Matrix
from phusong.coverage.placement.pdhg_kernel import site_profit
from phusong.coverage.placement.problem import Resources

EPSILON = 2.0**-52
_GOLDEN = (math.sqrt(5.0) - 1.0) / 2.0


@dataclass(frozen=True, slots=True)
class DualBound:
    """A bound, and what it says of each site.

    Attributes
    ----------
    value : float
        No plan serves more.
    margin : ndarray of float64, shape (sites,)
        How far the bound falls if the site is forced to the other side: built where it is not worth its
        price (negative), left out where it is worth more (positive).
    """

    value: float
    margin: FloatArray


def dual_bound(
    reduced: CoverageInstance,
    limits: Resources,
    usable: BoolArray,
    price: FloatArray,
    group_price: FloatArray,
) -> DualBound:
    """Return the bound of some prices, rounded upwards.

    Parameters
    ----------
    reduced : CoverageInstance
        Demand after `reduce_demand`.
    limits : Resources
        What may be built.
    usable : ndarray of bool, shape (sites,)
        Sites that may be built.
    price : ndarray of float64, shape (demands,)
        Of each demand; clipped to 0 .. its weight.
    group_price : ndarray of float64, shape (groups,)
        Of each group; clipped to 0 and more.

    Returns
    -------
    DualBound
        Valid whatever the prices.
    """
    fair = np.clip(price, 0.0, reduced.demand_weight)
    dear = np.maximum(group_price, 0.0)
    worth = np.where(usable, _worth_above(reduced, limits, fair, dear), -np.inf)
    unclaimed = math.fsum([*reduced.demand_weight.tolist(), *(-fair).tolist()])
    grouped = math.fsum((dear * limits.capacity * (1.0 + EPSILON)).tolist())
    most, margin = _most(worth, limits)
    value = math.fsum([unclaimed, grouped, most]) + 8.0 * EPSILON * (abs(unclaimed) + grouped + most)
    return DualBound(value, margin)


def _worth_above(
    reduced: CoverageInstance, limits: Resources, price: FloatArray, group_price: FloatArray
) -> FloatArray:
    """Return what each site is worth, no less than exact: a sum of n terms errs by under n eps of itself."""
    matrix = Matrix(reduced.indptr, reduced.demand_index)
    earned = np.zeros(reduced.sites)
    site_profit(matrix, price, earned)
    charged = np.zeros(reduced.sites)
    site_profit(limits.groups, group_price, charged)
    terms = np.diff(reduced.indptr) + np.diff(limits.groups.indptr) + 4
    return earned - charged + (earned + charged) * terms * EPSILON


def _most(worth: FloatArray, limits: Resources) -> tuple[float, FloatArray]:
    """Bound the worth of all sites built together."""
    if not math.isfinite(limits.budget):
        return _best_number(worth, limits.most_sites)
    cost = limits.cost
    if limits.most_sites >= worth.size:
        rate = _knapsack_rate(worth, cost, limits.budget)
        return _charged(worth, limits, rate)
    high = float(np.max(np.where(cost > 0, worth, 0.0) / np.where(cost > 0, cost, 1.0), initial=0.0))
    return _charged(worth, limits, _least_at(lambda rate: _charged(worth, limits, rate)[0], max(high, 0.0)))


def _best_number(worth: FloatArray, most_sites: int) -> tuple[float, FloatArray]:
    """Add up the best sites; the margin of the others is to the last inside, of those to the first out."""
    number = min(most_sites, worth.size)
    if number <= 0 or not worth.size:
        return 0.0, np.where(np.isfinite(worth), -np.inf, worth)
    falling = np.sort(worth)[::-1]
    inside = falling[:number]
    most = math.fsum(inside[inside > 0].tolist())
    last = max(float(inside[-1]), 0.0)
    following = max(float(falling[number]), 0.0) if number < worth.size else 0.0
    margin = np.where(worth < last, worth - last, np.maximum(worth - following, 0.0))
    return most, margin


def _knapsack_rate(worth: FloatArray, cost: FloatArray, budget: float) -> float:
    """Return the worth of the last unit of money when sites are bought by worth for cost."""
    paid = np.flatnonzero((worth > 0) & (cost > 0))
    order = paid[np.argsort(-worth[paid] / cost[paid], kind="stable")]
    beyond = np.flatnonzero(np.cumsum(cost[order]) > budget)
    return float(worth[order[beyond[0]]] / cost[order[beyond[0]]]) if beyond.size else 0.0


def _charged(worth: FloatArray, limits: Resources, rate: float) -> tuple[float, FloatArray]:
    """Bound with a price on cost: the budget at that rate, and what sites are worth beyond their cost."""
    net = worth - rate * limits.cost
    net += EPSILON * (np.where(np.isfinite(worth), np.abs(worth), 0.0) + rate * limits.cost)
    most, margin = _best_number(net, limits.most_sites)
    return most + rate * limits.budget * (1.0 + EPSILON) + EPSILON * most, margin


def _least_at(bound: Callable[[float], float], high: float) -> float:
    """Search the rate of the least bound by golden section; the bound is convex in the rate."""
    low = 0.0
    for _ in range(60):
        left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
        if bound(left) <= bound(right):
            high = right
        else:
            low = left
    return high
