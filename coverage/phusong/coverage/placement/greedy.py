"""Lazy greedy choice of sites: the instant answer, and the order in which to build a plan."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numba import njit

from phusong.coverage.placement.instance import BoolArray, CoverageInstance, FloatArray, Int32Array
from phusong.coverage.placement.openrows import Matrix, in_ranges
from phusong.coverage.placement.problem import Problem, Resources

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
    matrix, weight, limits = _rows(reduced), reduced.demand_weight, problem.limits
    gain = first_gains(matrix, weight, problem.usable)
    # Both take as long: where that is noticeable, they run side by side.
    with ThreadPoolExecutor(max_workers=1) as pool:
        other = pool.submit(_greedy, matrix, weight, limits, gain.copy(), True)
        plans = [_greedy(matrix, weight, limits, gain, False)[0], other.result()[0]]
    plans.append(plans[0][:1])
    cost = [float(reduced.site_cost[plan].sum()) for plan in plans]
    served = [served_weight(reduced, plan) for plan in plans]
    return max(zip(served, cost, plans, strict=True), key=lambda plan: (plan[0], -plan[1]))[2]


def greedy(
    reduced: CoverageInstance, limits: Resources, usable: BoolArray, *, by_cost: bool
) -> tuple[Int32Array, FloatArray]:
    """Take sites by what they add (for their cost) while limits allow; return them and what each adds."""
    matrix, weight = _rows(reduced), reduced.demand_weight
    return _greedy(matrix, weight, limits, first_gains(matrix, weight, usable), by_cost)


def _rows(reduced: CoverageInstance) -> Matrix:
    return Matrix(reduced.indptr, reduced.demand_index)


def first_gains(matrix: Matrix, weight: FloatArray, usable: BoolArray) -> FloatArray:
    """Return what each usable site serves; 0 for the others."""
    parts = in_ranges(matrix.indptr, lambda begin, end: _row_weights(matrix, weight, usable, begin, end))
    return np.concatenate(parts)


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


@njit(cache=True, nogil=True, forceinline=True, fastmath={"reassoc"})
def row_weight(matrix: Matrix, left: FloatArray, site: int) -> float:
    """Return the weight of a site's demand, added up in any order: several at a time."""
    total = 0.0
    for at in range(matrix.indptr[site], matrix.indptr[site + 1]):
        total += left[np.uint32(matrix.columns[at])]  # unsigned: no check for indices from the end
    return total


@njit(cache=True, nogil=True)
def _worth(gain: float, cost: float, by_cost: bool) -> float:
    if not by_cost:
        return gain
    return gain / cost if cost > 0 else np.inf


@njit(cache=True, nogil=True)
def _row_weights(matrix: Matrix, weight: FloatArray, usable: BoolArray, begin: int, end: int) -> FloatArray:
    total = np.zeros(end - begin)
    for site in range(begin, end):
        if usable[site]:
            total[site - begin] = row_weight(matrix, weight, site)
    return total


@njit(cache=True, nogil=True)
def _is_before(one: int, other: int, worth: FloatArray, gain: FloatArray, cost: FloatArray) -> bool:
    """Tell which of two sites comes first: worth more; ties: more gain, less cost, the lower number."""
    if worth[one] != worth[other]:
        return bool(worth[one] > worth[other])
    if gain[one] != gain[other]:
        return bool(gain[one] > gain[other])
    if cost[one] != cost[other]:
        return bool(cost[one] < cost[other])
    return one < other


@njit(cache=True, nogil=True)
def sink(  # noqa: PLR0917 - kernels take no keyword-only options
    heap: Int32Array, at: int, size: int, worth: FloatArray, gain: FloatArray, cost: FloatArray
) -> None:
    """Move a site down to where the heap is in order again."""
    site = heap[at]
    while 2 * at + 1 < size:
        below = 2 * at + 1
        if below + 1 < size and _is_before(heap[below + 1], heap[below], worth, gain, cost):
            below += 1
        if not _is_before(heap[below], site, worth, gain, cost):
            break
        heap[at] = heap[below]
        at = below
    heap[at] = site


@njit(cache=True, nogil=True)
def _take(site: int, matrix: Matrix, left: FloatArray, limits: Resources, used: Int32Array) -> None:
    for at in range(matrix.indptr[site], matrix.indptr[site + 1]):
        left[matrix.columns[at]] = 0.0
    for at in range(limits.groups.indptr[site], limits.groups.indptr[site + 1]):
        used[limits.groups.columns[at]] += 1


@njit(cache=True, nogil=True)
def _greedy(
    matrix: Matrix, weight: FloatArray, limits: Resources, gain: FloatArray, by_cost: bool
) -> tuple[Int32Array, FloatArray]:
    """Take sites from a heap of what they added when last looked at (lazy evaluation: M. Minoux, 1978).

    `gain` is what each site adds to nothing, and is written over.
    """
    sites, cost = gain.size, limits.cost
    left = weight.copy()
    used = np.zeros(limits.capacity.size, np.int32)
    worth, fresh = np.zeros(sites), np.zeros(sites, np.int32)
    for site in range(sites):
        worth[site] = _worth(gain[site], cost[site], by_cost)
    heap = np.flatnonzero(gain > 0.0).astype(np.int32)
    size = heap.size
    for at in range(size // 2 - 1, -1, -1):
        sink(heap, at, size, worth, gain, cost)
    least = GAIN_TOLERANCE * weight.max() if weight.size else 0.0
    chosen, added = np.empty(sites, np.int32), np.empty(sites)
    number, spent = 0, 0.0
    while number < limits.most_sites and size > 0:
        site = heap[0]
        # Limits only tighten and gains only fall: what does not fit now never will.
        is_out = gain[site] <= least or not _fits(site, limits, number, spent, used)
        if not is_out and fresh[site] == number:
            chosen[number], added[number] = site, gain[site]
            number += 1
            spent += cost[site]
            _take(site, matrix, left, limits, used)
            is_out = True
        if is_out:
            size -= 1
            heap[0] = heap[size]
        else:
            gain[site] = row_weight(matrix, left, site)
            worth[site] = _worth(gain[site], cost[site], by_cost)
            fresh[site] = number
        sink(heap, 0, size, worth, gain, cost)
    return chosen[:number].copy(), added[:number].copy()
