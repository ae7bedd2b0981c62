"""Coverage against money, pick by pick and beyond the plan: what the last per cent cost."""

from __future__ import annotations

import heapq
import math
from dataclasses import dataclass

import numpy as np

from phusong.coverage.placement.instance import NONE, BoolArray, CoverageInstance, FloatArray, Int32Array


@dataclass(frozen=True, slots=True)
class CostCurve:
    """The curve, one point a pick, the one that adds most for its cost first.

    Attributes
    ----------
    site : ndarray of int32, shape (picks,)
    is_planned : ndarray of bool
        True for the sites of the plan; the others go on from it.
    step_cost, added_weight : ndarray of float64
        Of the pick itself.
    cost, served_weight : ndarray of float64
        Up to and with the pick, what was served before included.
    marginal_cost : ndarray of float64
        Cost of a unit of weight more (of a household, where households are the weight); it rises within the
        plan, and again within what follows the plan.
    start_weight, total_weight : float
        Served without any pick; all weight.
    """

    site: Int32Array
    is_planned: BoolArray
    step_cost: FloatArray
    added_weight: FloatArray
    cost: FloatArray
    served_weight: FloatArray
    marginal_cost: FloatArray
    start_weight: float
    total_weight: float

    def cost_to_serve(self, share: float) -> float:
        """Return the cost at which a share of all weight is served; infinite where the curve ends below."""
        needed = share * self.total_weight * (1.0 - 1e-12)
        if self.start_weight >= needed:
            return 0.0
        at = int(np.searchsorted(self.served_weight, needed))
        return float(self.cost[at]) if at < self.cost.size else math.inf

    def worth_until(self, cost_per_weight: float) -> int:
        """Return how many picks come before the first that costs more a unit of weight than something else.

        Satellite terminals at a fixed price a household are cheaper than every pick from there on.
        """
        dearer = np.flatnonzero(self.marginal_cost > cost_per_weight)
        return int(dearer[0]) if dearer.size else self.site.size

    def last_part(self, share: float) -> FloatArray:
        """Return the marginal cost of the picks that bring the last `share` of what the curve serves."""
        if not self.site.size:
            return np.empty(0)
        beyond = self.served_weight > self.served_weight[-1] - share * self.total_weight
        return self.marginal_cost[beyond]


def cost_curve(
    instance: CoverageInstance,
    chosen: Int32Array,
    *,
    beyond: int = 0,
    usable: BoolArray | None = None,
    place: Int32Array | None = None,
) -> CostCurve:
    """Put the sites of a plan in order and go on from it.

    Parameters
    ----------
    instance : CoverageInstance
    chosen : ndarray of int32
        Sites of the plan, in any order.
    beyond : int
        Most sites to go on with, each the one that adds most for its cost.
    usable : ndarray of bool, shape (sites,), optional
        Sites that may be gone on with; all by default.
    place : ndarray of int32, shape (sites,), optional
        Options with the same number exclude each other.

    Notes
    -----
    What a site adds never grows when others are built, so the order is exact and the cost of a unit of
    weight rises from pick to pick, within the plan and after it.
    """
    served = instance.covered.copy()
    planned = _picks(
        instance, np.unique(chosen).tolist(), served, most=len(chosen), place=None, keeps_all=True
    )
    left = _left(instance, chosen, usable, place) if beyond > 0 else []
    picks = planned + _picks(instance, left, served, most=beyond, place=place, keeps_all=False)
    site = np.array([one for one, _ in picks], dtype=np.int32)
    added = np.array([gain for _, gain in picks], dtype=np.float64)
    step_cost = instance.site_cost[site]
    start = math.fsum(instance.demand_weight[instance.covered].tolist())
    with np.errstate(divide="ignore", invalid="ignore"):
        marginal = np.where(added > 0, step_cost / added, np.inf)
    return CostCurve(
        site=site,
        is_planned=np.arange(site.size) < len(planned),
        step_cost=step_cost,
        added_weight=added,
        cost=np.cumsum(step_cost),
        served_weight=start + np.cumsum(added),
        marginal_cost=marginal,
        start_weight=start,
        total_weight=math.fsum(instance.demand_weight.tolist()),
    )


def _left(
    instance: CoverageInstance, chosen: Int32Array, usable: BoolArray | None, place: Int32Array | None
) -> list[int]:
    may = np.ones(instance.sites, dtype=np.bool_) if usable is None else usable.copy()
    may[chosen] = False
    if place is not None:
        taken = place[chosen]
        may &= ~(np.isin(place, taken[taken != NONE]))
    return [int(site) for site in np.flatnonzero(may)]


def _picks(
    instance: CoverageInstance,
    sites: list[int],
    served: BoolArray,
    *,
    most: int,
    place: Int32Array | None,
    keeps_all: bool,
) -> list[tuple[int, float]]:
    """Pick by what is added for the cost, looking again only at the sites that come up (lazy greedy).

    `served` is brought up to date. Sites that add nothing come last, or not at all.
    """
    heap = [_entry(instance, site, served) for site in sites]
    heapq.heapify(heap)
    picks: list[tuple[int, float]] = []
    taken: set[int] = set()
    while heap and len(picks) < most:
        entry = heapq.heappop(heap)
        site = entry[-1]
        if place is not None and place[site] != NONE and int(place[site]) in taken:
            continue
        now = _entry(instance, site, served)
        if heap and now > heap[0]:
            heapq.heappush(heap, now)
            continue
        if now[1] == 0 and not keeps_all:
            continue
        served[instance.served_by(site)] = True
        picks.append((site, -now[1]))
        if place is not None:
            taken.add(int(place[site]))
    return picks


def _entry(instance: CoverageInstance, site: int, served: BoolArray) -> tuple[float, float, int]:
    """Sorts first what adds most for its cost, then what adds most, then the lower number."""
    demand = instance.served_by(site)
    added = float(instance.demand_weight[demand[~served[demand]]].sum())
    cost = float(instance.site_cost[site])
    worth = math.inf if cost == 0 and added > 0 else added / cost if cost > 0 else 0.0
    return -worth, -added, site
