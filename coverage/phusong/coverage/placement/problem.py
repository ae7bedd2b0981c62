"""A maximum-coverage problem made ready for the solvers: side constraints as groups, forced sites built.

Options of one place, pairs in conflict and communes with a limit are all the same thing: a group of sites of
which at most so many may be built. Forced sites are built beforehand: their demand counts as served, their
cost and number are taken off.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from phusong.coverage.errors import PlacementError
from phusong.coverage.placement.instance import (
    BoolArray,
    CoverageInstance,
    FloatArray,
    Int32Array,
    SideConstraints,
)
from phusong.coverage.placement.limits import limits_of
from phusong.coverage.placement.openrows import Matrix

BUDGET_TOLERANCE = 1e-9
"""A plan may cost this part more than the budget: costs in decimals do not add up exactly in binary."""


class Resources(NamedTuple):
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
    limits : Resources
        What may be built beside the forced sites.
    usable : ndarray of bool, shape (sites,)
        Sites that may still be built; forced ones are built and no longer usable.
    forced : ndarray of int32
        Sites built beforehand.
    """

    instance: CoverageInstance
    limits: Resources
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
        ``place_no_limit``, ``place_limit``; ``place_forced_budget`` and ``place_forced_sites`` where the
        forced sites alone are too many; those of `limits_of`.
    """
    _check_limits(sites, budget)
    groups, forced, usable = limits_of(instance.sites, constraints)
    cost = math.fsum(instance.site_cost[forced].tolist())
    _check_forced(forced, cost, sites=sites, budget=budget)
    money = math.inf if budget is None else max(budget * (1.0 + BUDGET_TOLERANCE) - cost, 0.0)
    number = instance.sites if sites is None else min(sites, instance.sites)
    usable &= instance.site_cost <= money
    resources = Resources(
        instance.site_cost,
        number - forced.size,
        money,
        Matrix(groups.of_indptr, groups.of_group),
        Matrix(groups.indptr, groups.site),
        groups.most,
    )
    if sites is not None and budget is not None:
        resources = _with_group_of_all(resources)
    return Problem(_with_served(instance, forced), resources, usable, forced)


def _with_group_of_all(resources: Resources) -> Resources:
    """Write the most sites as one more group, so that the linear program prices number and money."""
    sites, group = resources.cost.size, resources.capacity.size
    groups, members = resources.groups, resources.members
    ends = groups.indptr[1:]
    return resources._replace(
        groups=Matrix(
            groups.indptr + np.arange(sites + 1),
            np.insert(groups.columns, ends, np.int32(group)),
        ),
        members=Matrix(
            np.append(members.indptr, members.indptr[-1] + sites),
            np.concatenate([members.columns, np.arange(sites, dtype=np.int32)]),
        ),
        capacity=np.append(resources.capacity, np.int32(resources.most_sites)).astype(np.int32),
    )


def _check_limits(sites: int | None, budget: float | None) -> None:
    if sites is None and budget is None:
        raise PlacementError("place_no_limit")
    if sites is not None and sites < 0:
        raise PlacementError("place_limit", name="sites", value=sites)
    if budget is not None and not (math.isfinite(budget) and budget >= 0):
        raise PlacementError("place_limit", name="budget", value=budget)


def _check_forced(forced: Int32Array, cost: float, *, sites: int | None, budget: float | None) -> None:
    if budget is not None and cost > budget * (1.0 + BUDGET_TOLERANCE):
        raise PlacementError("place_forced_budget", cost=cost, budget=budget)
    if sites is not None and forced.size > sites:
        raise PlacementError("place_forced_sites", forced=forced.size, sites=sites)


def _with_served(instance: CoverageInstance, built: Int32Array) -> CoverageInstance:
    if not built.size:
        return instance
    covered = instance.covered.copy()
    for site in built:
        covered[instance.served_by(int(site))] = True
    return CoverageInstance(
        instance.indptr, instance.demand_index, instance.demand_weight, instance.site_cost, covered
    )
