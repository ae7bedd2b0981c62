"""A maximum-coverage problem made ready for the solvers: side constraints as groups, forced sites built.

Options of one place, pairs in conflict and communes with a limit are all the same thing: a group of sites of
which at most so many may be built. Forced sites are built beforehand: their demand counts as served, their
cost and number are taken off.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from phusong.coverage.errors import PlacementError
from phusong.coverage.placement.instance import (
    NONE,
    BoolArray,
    CoverageInstance,
    FloatArray,
    Int32Array,
    Int64Array,
    SideConstraints,
)
from phusong.coverage.placement.reduction import Matrix

Group = tuple[Int32Array, int]
"""Sites, and how many of them may be built."""


class Limits(NamedTuple):
    """What may be built, for kernels.

    Attributes
    ----------
    cost : ndarray of float64, shape (sites,)
        Cost of each site.
    most_sites : int
        Most sites.
    budget : float
        Most cost; infinite without a budget.
    groups : Matrix
        Groups by site.
    members : Matrix
        Sites by group.
    capacity : ndarray of int32, shape (groups,)
        Most sites of each group.
    """

    cost: FloatArray
    most_sites: int
    budget: float
    groups: Matrix
    members: Matrix
    capacity: Int32Array


@dataclass(frozen=True, slots=True)
class Problem:
    """What is left to decide.

    Attributes
    ----------
    instance : CoverageInstance
        The whole instance, with the demand of forced sites served.
    limits : Limits
        What may be built beside the forced sites.
    usable : ndarray of bool, shape (sites,)
        Sites that may still be built; forced ones are built and no longer usable.
    forced : ndarray of int32
        Sites built beforehand.
    """

    instance: CoverageInstance
    limits: Limits
    usable: BoolArray
    forced: Int32Array


def make_problem(
    instance: CoverageInstance,
    *,
    sites: int | None,
    budget: float | None,
    constraints: SideConstraints | None = None,
) -> Problem:
    """Check limits and side constraints against each other and bring them into one form.

    Parameters
    ----------
    instance : CoverageInstance
        Sites, demand, weights, costs.
    sites, budget : int, float, optional
        Most sites, most cost; None does not limit.
    constraints : SideConstraints, optional
        None by default.

    Returns
    -------
    Problem
        Ready for the solvers.

    Raises
    ------
    PlacementError
        ``place_limit``, ``place_shape``, ``place_index`` for what makes no sense by itself;
        ``place_clash_*`` where forced sites contradict another constraint, naming both.
    """
    given = SideConstraints() if constraints is None else constraints
    _check_limits(sites, budget)
    _check_arrays(instance.sites, given)
    groups = side_groups(given)
    forced = np.unique(given.forced).astype(np.int32) if given.forced is not None else np.zeros(0, np.int32)
    _check_forced(instance, given, forced, sites=sites, budget=budget)
    usable = np.ones(instance.sites, np.bool_) if given.forbidden is None else ~given.forbidden
    usable[forced] = False
    left = [_what_is_left(group, forced, usable) for group in groups]
    money = math.inf if budget is None else budget - math.fsum(instance.site_cost[forced].tolist())
    number = instance.sites if sites is None else min(sites, instance.sites)
    usable &= instance.site_cost <= money
    limits = _limits(instance.site_cost, number - forced.size, max(money, 0.0), _binding(left, usable))
    return Problem(_with_served(instance, forced), limits, usable, forced)


def side_groups(given: SideConstraints) -> list[Group]:
    """Write places, conflicts and communes as groups of sites of which at most so many may be built."""
    groups = [] if given.place is None else [(members, 1) for members in _same_number(given.place)]
    if given.area is not None and given.area_limit is not None:
        groups += [(members, given.area_limit) for members in _same_number(given.area)]
    if given.conflicts is not None:
        groups += [(np.unique(pair).astype(np.int32), 1) for pair in given.conflicts]
    return groups


def _same_number(number: Int32Array) -> list[Int32Array]:
    order = np.argsort(number, kind="stable").astype(np.int32)
    order = order[number[order] != NONE]
    cuts = np.flatnonzero(np.diff(number[order])) + 1
    return list(np.split(order, cuts)) if order.size else []


def _check_limits(sites: int | None, budget: float | None) -> None:
    if sites is None and budget is None:
        raise PlacementError("place_no_limit")
    if sites is not None and sites < 0:
        raise PlacementError("place_limit", name="sites", value=sites)
    if budget is not None and not (math.isfinite(budget) and budget >= 0):
        raise PlacementError("place_limit", name="budget", value=budget)


def _check_arrays(sites: int, given: SideConstraints) -> None:
    for name, array in (("place", given.place), ("area", given.area), ("forbidden", given.forbidden)):
        if array is not None and array.shape != (sites,):
            raise PlacementError("place_shape", array=name, size=array.size, allowed=sites)
    if given.conflicts is not None and (given.conflicts.ndim != 2 or given.conflicts.shape[1] != 2):
        raise PlacementError("place_shape", array="conflicts", size=given.conflicts.size, allowed="n x 2")
    if given.area_limit is not None and given.area_limit < 0:
        raise PlacementError("place_limit", name="area_limit", value=given.area_limit)
    for name, numbers in (("conflicts", given.conflicts), ("forced", given.forced)):
        if numbers is None or not numbers.size:
            continue
        wrong = np.flatnonzero((numbers.ravel() < 0) | (numbers.ravel() >= sites))
        if wrong.size:
            raise PlacementError(
                "place_index", array=name, position=int(wrong[0]), allowed=f"0 .. {sites - 1}"
            )


def _check_forced(
    instance: CoverageInstance,
    given: SideConstraints,
    forced: Int32Array,
    *,
    sites: int | None,
    budget: float | None,
) -> None:
    """Raise where forced sites contradict each other or another constraint."""
    if given.forbidden is not None and given.forbidden[forced].any():
        site = int(forced[given.forbidden[forced]][0])
        raise PlacementError("place_clash_forbidden", site=site)
    cost = math.fsum(instance.site_cost[forced].tolist())
    if budget is not None and cost > budget:
        raise PlacementError("place_clash_budget", cost=cost, budget=budget)
    if sites is not None and forced.size > sites:
        raise PlacementError("place_clash_sites", forced=forced.size, sites=sites)
    if given.place is not None:
        _check_groups("place_clash_place", _same_number(given.place), forced, 1)
    if given.conflicts is not None:
        pairs = [pair for pair in given.conflicts if pair[0] != pair[1]]
        _check_groups("place_clash_conflict", pairs, forced, 1)
    if given.area is not None and given.area_limit is not None:
        _check_groups("place_clash_area", _same_number(given.area), forced, given.area_limit)


def _check_groups(code: str, groups: Iterable[Int32Array], forced: Int32Array, most: int) -> None:
    for members in groups:
        both = np.intersect1d(members, forced)
        if both.size > most:
            named = ", ".join(str(site) for site in both[:8].tolist())
            raise PlacementError(code, sites=named, forced=both.size, allowed=most)


def _what_is_left(group: Group, forced: Int32Array, usable: BoolArray) -> Group:
    """Take forced members off; where nothing is left, no other member may be built (`usable` is told)."""
    members, most = group
    built = np.isin(members, forced)
    rest, left = members[~built], most - int(built.sum())
    if left <= 0:
        usable[rest] = False
    return rest, left


def _binding(groups: list[Group], usable: BoolArray) -> list[Group]:
    kept = ((members[usable[members]], most) for members, most in groups)
    return [(members, most) for members, most in kept if members.size > most]


def _limits(cost: FloatArray, most_sites: int, budget: float, groups: list[Group]) -> Limits:
    capacity = np.array([most for _, most in groups], np.int32)
    member = np.concatenate([np.zeros(0, np.int32), *(members for members, _ in groups)])
    group = np.repeat(np.arange(len(groups), dtype=np.int32), [members.size for members, _ in groups])
    order = np.argsort(member, kind="stable")
    by_site = Matrix(_starts(member, cost.size), group[order])
    return Limits(cost, most_sites, budget, by_site, Matrix(_starts(group, len(groups)), member), capacity)


def _starts(numbers: npt.NDArray[np.int32], rows: int) -> Int64Array:
    return np.concatenate([[0], np.cumsum(np.bincount(numbers, minlength=rows))]).astype(np.int64)


def _with_served(instance: CoverageInstance, built: Int32Array) -> CoverageInstance:
    if not built.size:
        return instance
    covered = instance.covered.copy()
    for site in built:
        covered[instance.served_by(int(site))] = True
    return CoverageInstance(
        instance.indptr, instance.demand_index, instance.demand_weight, instance.site_cost, covered
    )
