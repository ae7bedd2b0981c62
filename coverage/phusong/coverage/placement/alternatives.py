"""Why these sites: what each adds, what else would do as well elsewhere, and who stays without and why."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from phusong.coverage.placement.answer import PlacementAnswer
from phusong.coverage.placement.instance import (
    NONE,
    BoolArray,
    CoverageInstance,
    FloatArray,
    Int32Array,
    Int64Array,
    SideConstraints,
)

ANSWERS_WITHIN = 0.01
"""Alternatives may be worse by this part of the value."""
REASONS = ("no_option", "forbidden", "not_chosen")
"""Why demand stays without: no option would serve it; only forbidden ones would; one would, at a cost."""


@dataclass(frozen=True, slots=True)
class PickWorth:
    """What each site of a plan is worth, in the order of the plan.

    Attributes
    ----------
    site : ndarray of int32, shape (picks,)
    alone_weight : ndarray of float64
        Served if it were the only site built.
    last_weight : ndarray of float64
        Lost if it alone were left out: what only it serves.
    cost_per_weight : ndarray of float64
        Its cost for a unit of what only it serves; infinite where it serves nothing alone.
    """

    site: Int32Array
    alone_weight: FloatArray
    last_weight: FloatArray
    cost_per_weight: FloatArray


def pick_worth(instance: CoverageInstance, chosen: Int32Array) -> PickWorth:
    """Say what each site adds alone and as the last one.

    Examples
    --------
    >>> from phusong.coverage.placement.instance import coverage_instance
    >>> two = coverage_instance([0, 2, 4], [0, 1, 1, 2], [5.0, 3.0, 1.0], [8.0, 4.0])
    >>> worth = pick_worth(two, np.array([0, 1], dtype=np.int32))
    >>> worth.alone_weight.tolist(), worth.last_weight.tolist(), worth.cost_per_weight.tolist()
    ([8.0, 4.0], [5.0, 1.0], [1.6, 4.0])
    """
    open_weight = np.where(instance.covered, 0.0, instance.demand_weight)
    times, _ = _owners(instance, chosen)
    alone = np.array([open_weight[instance.served_by(site)].sum() for site in chosen.tolist()])
    single = np.where(times == 1, open_weight, 0.0)
    last = np.array([single[instance.served_by(site)].sum() for site in chosen.tolist()])
    with np.errstate(divide="ignore", invalid="ignore"):
        each = np.where(last > 0, instance.site_cost[chosen] / last, np.inf)
    return PickWorth(chosen.copy(), alone.astype(np.float64), last.astype(np.float64), each)


def _owners(instance: CoverageInstance, chosen: Int32Array) -> tuple[Int64Array, Int64Array]:
    """How many chosen sites serve each demand, and the place of the last of them in `chosen`."""
    times = np.zeros(instance.demands, dtype=np.int64)
    owner = np.full(instance.demands, NONE, dtype=np.int64)
    for place, site in enumerate(chosen.tolist()):
        demand = instance.served_by(site)
        times[demand] += 1
        owner[demand] = place
    return times, owner


def _matrix(instance: CoverageInstance) -> sparse.csr_array:
    ones = np.ones(instance.demand_index.size)
    shape = (instance.sites, instance.demands)
    return sparse.csr_array((ones, instance.demand_index, instance.indptr), shape=shape)


@dataclass(frozen=True, slots=True)
class NextBest:
    """Sites that were not chosen, the one that would add most for its cost first.

    Attributes
    ----------
    site : ndarray of int32
    added_weight, cost_per_weight : ndarray of float64
        If it were built as well.
    """

    site: Int32Array
    added_weight: FloatArray
    cost_per_weight: FloatArray


def next_best(
    instance: CoverageInstance, chosen: Int32Array, *, usable: BoolArray | None = None, most: int = 10
) -> NextBest:
    """Return the sites that would come next.

    Parameters
    ----------
    usable : ndarray of bool, shape (sites,), optional
    most : int
    """
    added = _added(instance, chosen)
    added[chosen] = 0.0
    if usable is not None:
        added = np.where(usable, added, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        each = np.where(added > 0, instance.site_cost / added, np.inf)
    useful = np.flatnonzero(added > 0)
    order = useful[np.lexsort((useful, -added[useful], each[useful]))][:most]
    return NextBest(order.astype(np.int32), added[order], each[order])


def _added(instance: CoverageInstance, chosen: Int32Array) -> FloatArray:
    """Weight that every site would add to what is served with the chosen ones."""
    times, _ = _owners(instance, chosen)
    free = np.where(instance.covered | (times > 0), 0.0, instance.demand_weight)
    return np.asarray(_matrix(instance) @ free, dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Swap:
    """A chosen site exchanged for one elsewhere.

    Attributes
    ----------
    out_site, in_site : int
    served_weight : float
        After the exchange, what is served already included.
    cost_change : float
    distance_m : float
        Between the two.
    """

    out_site: int
    in_site: int
    served_weight: float
    cost_change: float
    distance_m: float


def swaps_elsewhere(
    instance: CoverageInstance,
    chosen: Int32Array,
    *,
    x_m: FloatArray,
    y_m: FloatArray,
    apart_m: float,
    within: float = ANSWERS_WITHIN,
    most_cost: float = math.inf,
    usable: BoolArray | None = None,
    each: int = 3,
) -> list[Swap]:
    """Return exchanges of one site that serve nearly as much from another place.

    Parameters
    ----------
    x_m, y_m : ndarray of float64, shape (sites,)
    apart_m : float
        The new site is at least so far from the old one, from the other chosen ones and from the others
        offered for the same site.
    within : float
        Part of what the plan adds to what stands that may be lost.
    most_cost : float
        Of the whole plan after the exchange.
    usable : ndarray of bool, optional
    each : int
        Most exchanges for one chosen site.

    Returns
    -------
    list of Swap
        By the chosen site in its order, those that serve most first, the cheaper of equal ones first.
    """
    times, owner = _owners(instance, chosen)
    open_weight = np.where(instance.covered, 0.0, instance.demand_weight)
    gained = float(open_weight[times > 0].sum())
    matrix = _matrix(instance)
    base = np.asarray(matrix @ np.where(times == 0, open_weight, 0.0), dtype=np.float64)
    single = np.flatnonzero((times == 1) & (open_weight > 0))
    owned = sparse.csr_array(
        (open_weight[single], (single, owner[single])), shape=(instance.demands, len(chosen))
    )
    taken_over = (matrix @ owned).tocsc()
    lost = np.asarray(owned.sum(axis=0), dtype=np.float64).ravel()
    start = math.fsum(instance.demand_weight[instance.covered].tolist())
    may = np.ones(instance.sites, dtype=np.bool_) if usable is None else usable.copy()
    may[chosen] = False
    budget = most_cost - float(instance.site_cost[chosen].sum()) + 1e-9
    found: list[Swap] = []
    for place, site in enumerate(chosen.tolist()):
        now = gained - lost[place] + base + taken_over[:, [place]].toarray().ravel()
        more = instance.site_cost - instance.site_cost[site]
        good = may & (now >= (1.0 - within) * gained - 1e-9) & (more <= budget)
        order = np.flatnonzero(good)
        order = order[np.lexsort((order, more[order], -now[order]))]
        for other in _apart(order, chosen, x_m=x_m, y_m=y_m, apart_m=apart_m, most=each):
            distance_m = math.hypot(x_m[other] - x_m[site], y_m[other] - y_m[site])
            found.append(Swap(site, other, start + float(now[other]), float(more[other]), distance_m))
    return found


def _apart(
    order: Int64Array, chosen: Int32Array, *, x_m: FloatArray, y_m: FloatArray, apart_m: float, most: int
) -> list[int]:
    """Take sites in their order, none near a chosen one or one that is taken."""
    kept: list[int] = []
    held = chosen.tolist()
    for site in order.tolist():
        if len(kept) == most:
            break
        distance_m = np.hypot(x_m[held] - x_m[site], y_m[held] - y_m[site])
        if not held or float(distance_m.min()) >= apart_m:
            kept.append(site)
            held = [*held, site]
    return kept


@dataclass(frozen=True, slots=True)
class OtherPlan:
    """A plan without one of the sites of the first.

    Attributes
    ----------
    without_site : int
    answer : PlacementAnswer
    worse_by : float
        Part of the value by which it is worse; its bound says how much it could still be better.
    new_sites : ndarray of int32
        Sites that the first plan does not have.
    """

    without_site: int
    answer: PlacementAnswer
    worse_by: float
    new_sites: Int32Array


Resolve = Callable[[SideConstraints], PlacementAnswer]
"""Answers the same question under other constraints."""


def plans_without(
    instance: CoverageInstance,
    answer: PlacementAnswer,
    *,
    resolve: Resolve,
    constraints: SideConstraints | None = None,
    near: Callable[[int], Int32Array] | None = None,
    sites: Iterable[int] | None = None,
    within: float = ANSWERS_WITHIN,
) -> list[OtherPlan]:
    """Ask the question again with a chosen site forbidden, and what is near it.

    Parameters
    ----------
    instance : CoverageInstance
    answer : PlacementAnswer
        The first plan.
    resolve : callable
        Solves again; the sites forbidden in its argument are out.
    constraints : SideConstraints, optional
        Of the question.
    near : callable, optional
        Sites at the same place as a site, so that another height of the same mast is no alternative.
    sites : iterable of int, optional
        Chosen sites to leave out, one at a time; all by default.
    within : float
        Plans worse by a greater part of the value are left out.

    Returns
    -------
    list of OtherPlan
        The best first.
    """
    given = constraints or SideConstraints()
    forced = set() if given.forced is None else set(given.forced.tolist())
    first = set(answer.chosen.tolist())
    found = []
    for site in answer.chosen.tolist() if sites is None else sites:
        if site in forced:
            continue
        forbidden = np.zeros(instance.sites, np.bool_) if given.forbidden is None else given.forbidden.copy()
        forbidden[site] = True
        if near is not None:
            forbidden[near(site)] = True
        other = resolve(replace(given, forbidden=forbidden))
        worse_by = abs(other.value - answer.value) / abs(answer.value) if answer.value else 0.0
        new = np.array([one for one in other.chosen.tolist() if one not in first], dtype=np.int32)
        if worse_by <= within and new.size:
            found.append(OtherPlan(site, other, worse_by, new))
    return sorted(found, key=lambda one: (one.worse_by, one.answer.cost, one.without_site))


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Demand that stays without, and why.

    Attributes
    ----------
    demand : ndarray of int64
    reason : tuple of str
        Of `REASONS`.
    site : ndarray of int64
        Site that would serve it at least cost for what it adds; `NONE` where there is none.
    cost, cost_per_weight : ndarray of float64
        Of that site; infinite where there is none.
    """

    demand: Int64Array
    reason: tuple[str, ...]
    site: Int64Array
    cost: FloatArray
    cost_per_weight: FloatArray


def left_out(instance: CoverageInstance, chosen: Int32Array, *, usable: BoolArray | None = None) -> LeftOut:
    """Say of all demand without service why it has none.

    Parameters
    ----------
    usable : ndarray of bool, shape (sites,), optional
        Sites that were allowed; all by default.
    """
    times, _ = _owners(instance, chosen)
    demand = np.flatnonzero(~instance.covered & (times == 0))
    may = np.ones(instance.sites, dtype=np.bool_) if usable is None else usable
    added = _added(instance, chosen)
    with np.errstate(divide="ignore", invalid="ignore"):
        each = np.where(added > 0, instance.site_cost / added, np.inf)
    by_demand = _matrix(instance)[:, demand].tocsc()
    found: list[tuple[str, int]] = []
    for column in range(demand.size):
        sites = by_demand.indices[by_demand.indptr[column] : by_demand.indptr[column + 1]]
        allowed = sites[may[sites]]
        if allowed.size:
            order = np.lexsort((allowed, instance.site_cost[allowed], each[allowed]))
            found.append(("not_chosen", int(allowed[order[0]])))
        else:
            found.append(("forbidden" if sites.size else "no_option", NONE))
    site = np.array([one for _, one in found], dtype=np.int64)
    known = np.flatnonzero(site != NONE)
    cost, cost_each = np.full(site.size, np.inf), np.full(site.size, np.inf)
    cost[known], cost_each[known] = instance.site_cost[site[known]], each[site[known]]
    return LeftOut(
        demand=demand.astype(np.int64),
        reason=tuple(reason for reason, _ in found),
        site=site,
        cost=cost,
        cost_per_weight=cost_each,
    )
