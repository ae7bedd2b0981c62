"""Lazy greedy choice of sites: the instant answer, and the order in which to build a plan."""

from __future__ import annotations

import numpy as np
from numba import njit

from phusong.coverage.placement.instance import BoolArray, CoverageInstance, FloatArray, Int32Array
from phusong.coverage.placement.problem import Problem, Resources
from phusong.coverage.placement.reduction import Matrix

GAIN_TOLERANCE = 1e-12
"""A gain below this part of the largest weight is rounding."""


def greedy_plan(problem: Problem, reduced: CoverageInstance) -> Int32Array:
    """Return the best of greedy by gain, greedy by gain for cost, and the best single site.

    Together they reach (1 - 1/e) / 2 of the most that a budget can serve (Khuller, Moss, Naor 1999).
    Sites that add nothing are never taken; ties fall to the cheaper, then the lower number.

    Parameters
    ----------
    problem : Problem
        Resources and usable sites.
    reduced : CoverageInstance
        The problem's demand after `reduce_demand`; nothing covered.

    Returns
    -------
    ndarray of int32
        Sites in the order they were taken.
    """
    plans = [greedy(reduced, problem.limits, problem.usable, by_cost=by_cost)[0] for by_cost in (False, True)]
    plans.append(plans[0][:1])
    cost = [float(reduced.site_cost[plan].sum()) for plan in plans]
    served = [served_weight(reduced, plan) for plan in plans]
    return max(zip(served, cost, plans, strict=True), key=lambda plan: (plan[0], -plan[1]))[2]


def greedy(
    reduced: CoverageInstance, limits: Resources, usable: BoolArray, *, by_cost: bool
) -> tuple[Int32Array, FloatArray]:
    """Take sites by what they add (for their cost) while limits allow; return them and what each adds."""
    matrix = Matrix(reduced.indptr, reduced.demand_index)
    return _greedy(matrix, reduced.demand_weight, limits, usable, by_cost)


def served_weight(reduced: CoverageInstance, chosen: Int32Array) -> float:
    """Return the weight that the chosen sites serve."""
    served = np.zeros(reduced.demands, np.bool_)
    for site in chosen:
        served[reduced.served_by(int(site))] = True
    return float(reduced.demand_weight[served].sum())


@njit(cache=True, nogil=True)
def _fits(site: int, limits: Resources, number: int, spent: float, used: Int32Array) -> bool:
    if number >= limits.most_sites or spent + limits.cost[site] > limits.budget:
        return False
    for at in range(limits.groups.indptr[site], limits.groups.indptr[site + 1]):
        group = limits.groups.columns[at]
        if used[group] >= limits.capacity[group]:
            return False
    return True


@njit(cache=True, nogil=True)
def _gain(site: int, matrix: Matrix, weight: FloatArray, served: BoolArray) -> float:
    total = 0.0
    for at in range(matrix.indptr[site], matrix.indptr[site + 1]):
        if not served[matrix.columns[at]]:
            total += weight[matrix.columns[at]]
    return total


@njit(cache=True, nogil=True)
def _worth(gain: float, cost: float, by_cost: bool) -> float:
    if not by_cost:
        return gain
    return gain / cost if cost > 0 else np.inf


@njit(cache=True, nogil=True)
def _best(worth: FloatArray, gain: FloatArray, cost: FloatArray, left: float) -> int:
    """Return the site worth most that can be paid; ties: more gain, less cost, the lower number."""
    best = -1
    for site in range(worth.size):
        if gain[site] <= 0.0 or cost[site] > left:
            continue
        if best >= 0 and worth[site] == worth[best]:
            equal = gain[site] == gain[best]
            better = cost[site] < cost[best] if equal else gain[site] > gain[best]
        else:
            better = best < 0 or worth[site] > worth[best]
        if better:
            best = site
    return best


@njit(cache=True, nogil=True)
def _take(site: int, matrix: Matrix, served: BoolArray, limits: Resources, used: Int32Array) -> None:
    for at in range(matrix.indptr[site], matrix.indptr[site + 1]):
        served[matrix.columns[at]] = True
    for at in range(limits.groups.indptr[site], limits.groups.indptr[site + 1]):
        used[limits.groups.columns[at]] += 1


@njit(cache=True, nogil=True)
def _greedy(
    matrix: Matrix, weight: FloatArray, limits: Resources, usable: BoolArray, by_cost: bool
) -> tuple[Int32Array, FloatArray]:
    sites = usable.size
    served = np.zeros(weight.size, np.bool_)
    used = np.zeros(limits.capacity.size, np.int32)
    gain, worth = np.zeros(sites), np.zeros(sites)
    fresh = np.zeros(sites, np.int32)
    for site in range(sites):
        if usable[site]:
            gain[site] = _gain(site, matrix, weight, served)
            worth[site] = _worth(gain[site], limits.cost[site], by_cost)
    least = GAIN_TOLERANCE * weight.max() if weight.size else 0.0
    chosen, added = np.empty(sites, np.int32), np.empty(sites)
    number, spent = 0, 0.0
    while number < limits.most_sites:
        site = _best(worth, gain, limits.cost, limits.budget - spent)
        if site < 0:
            break
        if gain[site] <= least or not _fits(site, limits, number, spent, used):
            gain[site] = 0.0  # limits only tighten and gains only fall: never again
        elif fresh[site] == number:
            chosen[number], added[number] = site, gain[site]
            number += 1
            spent += limits.cost[site]
            gain[site] = 0.0
            _take(site, matrix, served, limits, used)
        else:
            gain[site] = _gain(site, matrix, weight, served)
            worth[site] = _worth(gain[site], limits.cost[site], by_cost)
            fresh[site] = number
    return chosen[:number].copy(), added[:number].copy()
