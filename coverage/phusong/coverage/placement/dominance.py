"""Sites that another site makes needless, and demand that is served whenever another is."""

from __future__ import annotations

import numpy as np
from numba import njit

from phusong.coverage.placement.anneal import kernel_view
from phusong.coverage.placement.anneal_moves import Cover, Groups
from phusong.coverage.placement.costproblem import CostProblem, clear_spare, narrowed
from phusong.coverage.placement.instance import BoolArray, CoverageInstance, Int32Array, Int64Array


def undominated(problem: CostProblem) -> BoolArray:
    """Return the sites that no other site replaces.

    A site replaces another if it serves all that the other serves, costs no more and belongs to no group
    that the other does not belong to. Of sites that replace each other the first stays.

    Parameters
    ----------
    problem : CostProblem
        What is left to decide.

    Returns
    -------
    ndarray of bool, shape (sites,)
        False for sites that some best answer does without.
    """
    cover, groups = kernel_view(problem)
    return np.asarray(_undominated(cover, groups, problem.by_demand.indptr, problem.by_demand.site))


def without_dominated(problem: CostProblem) -> CostProblem:
    """Return `problem` without needless sites and, where all must be served, without needless demand."""
    while True:
        keep = undominated(problem)
        smaller = problem if keep.all() else narrowed(problem, keep)
        if not smaller.covers_all:
            return smaller
        needed = _needed_demand(smaller)
        if needed.all() and keep.all():
            return smaller
        problem = _with_demand(smaller, needed)


def _needed_demand(problem: CostProblem) -> BoolArray:
    """Return the demand that is not served anyhow as soon as all other demand is."""
    by, cover = problem.by_demand, problem.cover
    return np.asarray(_minimal_rows(by.indptr, by.site, cover.indptr, cover.demand_index))


def _with_demand(problem: CostProblem, needed: BoolArray) -> CostProblem:
    if needed.all():
        return problem
    cover = problem.cover
    number = np.cumsum(needed) - 1
    stays = needed[cover.demand_index]
    before = np.concatenate([[0], np.cumsum(stays)]).astype(np.int64)
    smaller = CoverageInstance(
        before[cover.indptr],
        number[cover.demand_index[stays]].astype(np.int32),
        cover.demand_weight[needed],
        cover.site_cost,
        cover.covered[needed],
    )
    return CostProblem(smaller, problem.limits, problem.site, clear_spare(smaller.demand_weight, 0.0))


@njit(cache=True, nogil=True)
def _words(indptr: Int64Array, index: Int32Array) -> Int64Array:
    """Return for each row a word with a bit for each entry: a part's bits are among the whole's."""
    words = np.zeros(indptr.size - 1, np.int64)
    for row in range(words.size):
        for at in range(indptr[row], indptr[row + 1]):
            words[row] |= np.int64(1) << ((np.int64(index[at]) * 40503 >> 4) & 63)
    return words


@njit(cache=True, nogil=True)
def _contains(indptr: Int64Array, index: Int32Array, whole: int, part: int) -> bool:
    """Return whether row `whole` holds all of row `part` (both rising)."""
    at, end = indptr[whole], indptr[whole + 1]
    for entry in range(indptr[part], indptr[part + 1]):
        while at < end and index[at] < index[entry]:
            at += 1
        if at == end or index[at] != index[entry]:
            return False
        at += 1
    return True


@njit(cache=True, nogil=True)
def _rarest(indptr: Int64Array, index: Int32Array, row: int, other_indptr: Int64Array) -> int:
    """Return the entry of `row` that the fewest rows hold."""
    best, fewest = -1, np.int64(2**62)
    for at in range(indptr[row], indptr[row + 1]):
        size = other_indptr[index[at] + 1] - other_indptr[index[at]]
        if size < fewest:
            best, fewest = index[at], size
    return best


@njit(cache=True, nogil=True)
def _same_groups(groups: Groups, site: int, other: int) -> bool:
    """Return whether `other` belongs to no group that `site` does not belong to."""
    return _contains(groups.of_indptr, groups.of_group, site, other)


@njit(cache=True, nogil=True)
def _undominated(cover: Cover, groups: Groups, by_indptr: Int64Array, by_site: Int32Array) -> BoolArray:
    words = _words(cover.indptr, cover.demand)
    keep = np.ones(cover.cost.size, np.bool_)
    for site in range(cover.cost.size):
        size = cover.indptr[site + 1] - cover.indptr[site]
        if size == 0:
            keep[site] = False
            continue
        rarest = _rarest(cover.indptr, cover.demand, site, by_indptr)
        for at in range(by_indptr[rarest], by_indptr[rarest + 1]):
            other = by_site[at]
            if other == site or not keep[other] or words[site] & ~words[other]:
                continue
            if cover.cost[other] > cover.cost[site] or cover.indptr[other + 1] - cover.indptr[other] < size:
                continue
            if _contains(cover.indptr, cover.demand, other, site) and _same_groups(groups, site, other):
                keep[site] = False
                break
    return keep


@njit(cache=True, nogil=True)
def _minimal_rows(
    indptr: Int64Array, index: Int32Array, by_indptr: Int64Array, by_row: Int32Array
) -> BoolArray:
    """Return the rows that hold no other row."""
    words = _words(indptr, index)
    keep = np.ones(indptr.size - 1, np.bool_)
    for row in range(keep.size):
        if not keep[row]:
            continue
        rarest = _rarest(indptr, index, row, by_indptr)
        size = indptr[row + 1] - indptr[row]
        for at in range(by_indptr[rarest], by_indptr[rarest + 1]):
            other = by_row[at]
            if other == row or not keep[other] or words[row] & ~words[other]:
                continue
            if indptr[other + 1] - indptr[other] >= size and _contains(indptr, index, other, row):
                keep[other] = False
    return keep
