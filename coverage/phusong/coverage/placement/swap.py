"""Local search: add a site, exchange one site for another, drop what has become useless.

The exchange of every site outside for its best counterpart inside is judged in one pass over the site's
demand (Resende and Werneck 2007): what it adds, what leaving it lets go, and what it would catch of that.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numba import njit

from phusong.coverage.placement.instance import (
    NONE,
    BoolArray,
    CoverageInstance,
    FloatArray,
    Int32Array,
)
from phusong.coverage.placement.openrows import Matrix
from phusong.coverage.placement.problem import Resources

LEAST_GAIN = 1e-11
"""Smaller gains, as part of all weight, are rounding."""
MOST_PASSES = 200


class Plan(NamedTuple):
    """The sites inside and what they serve, changed in place by the kernels.

    Attributes
    ----------
    slot_of : ndarray of int32, shape (sites,)
        Slot of each site inside, `NONE` outside.
    site_in : ndarray of int32
        Site in each slot; as many slots as sites can be inside.
    times : ndarray of int32, shape (demands,)
        How many sites inside serve each demand.
    owner : ndarray of int32, shape (demands,)
        Exclusive or of their numbers: the site itself where only one serves.
    lost : ndarray of float64
        By slot: weight that only this site serves.
    used : ndarray of int32, shape (groups,)
        Sites inside of each group.
    number, spent : ndarray of shape (1,)
        Sites inside, and their cost.
    """

    slot_of: Int32Array
    site_in: Int32Array
    times: Int32Array
    owner: Int32Array
    lost: FloatArray
    used: Int32Array
    number: Int32Array
    spent: FloatArray


def improve_plan(
    reduced: CoverageInstance,
    limits: Resources,
    usable: BoolArray,
    chosen: Int32Array,
    *,
    stop: Callable[[], bool] = lambda: False,
) -> Int32Array:
    """Return the plan after additions and exchanges have nothing left to gain.

    Weight decides, then cost: an exchange for a cheaper site that serves the same is made.

    Parameters
    ----------
    reduced : CoverageInstance
        Demand after `reduce_demand`.
    limits : Resources
        What may be built.
    usable : ndarray of bool, shape (sites,)
        Sites that may be taken.
    chosen : ndarray of int32
        Where to start; within the limits.
    stop : callable
        Asked between passes.

    Returns
    -------
    ndarray of int32
        Sites; none of them useless.
    """
    matrix = Matrix(reduced.indptr, reduced.demand_index)
    plan = _empty_plan(limits, reduced.demands)
    weight = reduced.demand_weight
    for site in chosen:
        _enter(int(site), plan, matrix, weight, limits)
    least = LEAST_GAIN * float(weight.sum())
    for _ in range(MOST_PASSES):
        if not _pass(matrix, weight, limits, usable, (plan, least)) or stop():
            break
    return plan.site_in[: plan.number[0]].copy()


def _empty_plan(limits: Resources, demands: int) -> Plan:
    sites = limits.cost.size
    slots = max(min(limits.most_sites, sites), 0)
    return Plan(
        np.full(sites, NONE, np.int32),
        np.full(slots, NONE, np.int32),
        np.zeros(demands, np.int32),
        np.zeros(demands, np.int32),
        np.zeros(slots),
        np.zeros(limits.capacity.size, np.int32),
        np.zeros(1, np.int32),
        np.zeros(1),
    )


@njit(cache=True, nogil=True)
def _enter(site: int, plan: Plan, matrix: Matrix, weight: FloatArray, limits: Resources) -> None:
    slot = plan.number[0]
    plan.slot_of[site], plan.site_in[slot], plan.lost[slot] = slot, site, 0.0
    plan.number[0] += 1
    plan.spent[0] += limits.cost[site]
    for at in range(matrix.indptr[site], matrix.indptr[site + 1]):
        demand = matrix.columns[at]
        if plan.times[demand] == 1:
            plan.lost[plan.slot_of[plan.owner[demand]]] -= weight[demand]
        elif plan.times[demand] == 0:
            plan.lost[slot] += weight[demand]
        plan.times[demand] += 1
        plan.owner[demand] ^= site
    for at in range(limits.groups.indptr[site], limits.groups.indptr[site + 1]):
        plan.used[limits.groups.columns[at]] += 1


@njit(cache=True, nogil=True)
def _leave(site: int, plan: Plan, matrix: Matrix, weight: FloatArray, limits: Resources) -> None:
    for at in range(matrix.indptr[site], matrix.indptr[site + 1]):
        demand = matrix.columns[at]
        plan.times[demand] -= 1
        plan.owner[demand] ^= site
        if plan.times[demand] == 1:
            plan.lost[plan.slot_of[plan.owner[demand]]] += weight[demand]
    for at in range(limits.groups.indptr[site], limits.groups.indptr[site + 1]):
        plan.used[limits.groups.columns[at]] -= 1
    slot = plan.slot_of[site]
    last = plan.number[0] - 1
    moved = plan.site_in[last]
    plan.site_in[slot], plan.lost[slot], plan.slot_of[moved] = moved, plan.lost[last], slot
    plan.slot_of[site] = NONE
    plan.number[0] = last
    plan.spent[0] -= limits.cost[site]


@njit(cache=True, nogil=True)
def _fits_for(site: int, leaving: int, plan: Plan, limits: Resources) -> bool:
    """Tell if a site may enter when another (or none: -1) leaves."""
    freed = 0.0 if leaving < 0 else limits.cost[leaving]
    number = plan.number[0] + (1 if leaving < 0 else 0)
    if number > limits.most_sites or plan.spent[0] - freed + limits.cost[site] > limits.budget:
        return False
    for at in range(limits.groups.indptr[site], limits.groups.indptr[site + 1]):
        group = limits.groups.columns[at]
        used = plan.used[group]
        if leaving >= 0:
            for back in range(limits.groups.indptr[leaving], limits.groups.indptr[leaving + 1]):
                if limits.groups.columns[back] == group:
                    used -= 1
        if used >= limits.capacity[group]:
            return False
    return True


@njit(cache=True, nogil=True)
def _judge(site: int, plan: Plan, matrix: Matrix, weight: FloatArray, caught: FloatArray) -> float:
    """Return what a site adds; write what it would catch of each slot's own demand."""
    gain = 0.0
    caught[: plan.number[0]] = 0.0
    for at in range(matrix.indptr[site], matrix.indptr[site + 1]):
        demand = matrix.columns[at]
        times = plan.times[demand]
        if times == 0:
            gain += weight[demand]
        elif times == 1:
            caught[plan.slot_of[plan.owner[demand]]] += weight[demand]
    return gain


@njit(cache=True, nogil=True)
def _counterpart(
    site: int, plan: Plan, limits: Resources, caught: FloatArray, bar: tuple[float, float]
) -> tuple[int, float]:
    """Return the slot whose exchange gains most (in weight, then in cost), and the gain."""
    gain, least = bar
    best, most, saved = -1, least, 0.0
    for slot in range(plan.number[0]):
        balance = gain + caught[slot] - plan.lost[slot]
        saving = limits.cost[plan.site_in[slot]] - limits.cost[site]
        better = balance > most + least or (
            balance > (most if best >= 0 else 0.0) - least and saving > saved and saving > 0.0
        )
        if better and _fits_for(site, plan.site_in[slot], plan, limits):
            best, most, saved = slot, balance, saving
    return best, most


@njit(cache=True, nogil=True)
def _drop_useless(plan: Plan, matrix: Matrix, weight: FloatArray, limits: Resources, least: float) -> None:
    while True:
        worst = -1
        for slot in range(plan.number[0]):
            site = plan.site_in[slot]
            if plan.lost[slot] <= least and (
                worst < 0 or limits.cost[site] > limits.cost[plan.site_in[worst]]
            ):
                worst = slot
        if worst < 0:
            break
        _leave(plan.site_in[worst], plan, matrix, weight, limits)


@njit(cache=True, nogil=True)
def _pass(
    matrix: Matrix, weight: FloatArray, limits: Resources, usable: BoolArray, state: tuple[Plan, float]
) -> bool:
    """Try every site outside once; True if anything got better."""
    plan, least = state
    better = False
    caught = np.zeros(plan.site_in.size)
    _drop_useless(plan, matrix, weight, limits, least)
    for site in range(usable.size):
        if not usable[site] or plan.slot_of[site] != NONE:
            continue
        gain = _judge(site, plan, matrix, weight, caught)
        if gain > least and _fits_for(site, -1, plan, limits):
            _enter(site, plan, matrix, weight, limits)
            better = True
            continue
        slot, _ = _counterpart(site, plan, limits, caught, (gain, least))
        if slot >= 0:
            _leave(plan.site_in[slot], plan, matrix, weight, limits)
            _enter(site, plan, matrix, weight, limits)
            better = True
    _drop_useless(plan, matrix, weight, limits, least)
    return better
