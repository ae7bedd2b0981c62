"""A bound on cost from regions, each solved as a mixed integer program at fixed prices of what they share.

With a rate ``l`` between weight and money and prices ``p_d <= l w_d``, for any choice *x* of the sites that
leaves at most *spare* unserved (Lagrangian relaxation of the target and, where several regions serve a
demand, of "served by somebody"),

    cost(x) >= sum_d r_d - l spare + sum_k min_x [ c_k x - sum_{d served in k} r_d ],

where *r_d* is ``l w_d`` for demand that one region alone serves and ``p_d`` for the rest. With single sites
for regions that is the bound of the linear program; the larger the regions, the closer to the best answer.
A region is small once sites are ruled out by their reduced costs: its own gap is a small part of the whole.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from phusong.coverage.placement.anneal import kernel_view
from phusong.coverage.placement.costbound import CostBound
from phusong.coverage.placement.costbound_safe import reduced_costs
from phusong.coverage.placement.costproblem import CostProblem, with_sites
from phusong.coverage.placement.covermip import Solver, prize_program
from phusong.coverage.placement.instance import BoolArray, CoverageInstance, FloatArray, Int32Array
from phusong.coverage.placement.regions import servers, split_sites

_MARGIN = 1e-11
"""Share of all that is added up by which the sum is lowered: more than rounding can have raised it."""
_NEGLIGIBLE = 1e-5
"""A region whose gap is a smaller share of the whole value is left as it is."""


@dataclass(frozen=True, slots=True)
class _Region:
    """A region, its value at the known answer and its bound.

    `value` and `bound` are of cost less the prices of what is served; `keep` are the sites that a better
    choice can hold.
    """

    keep: BoolArray
    value: float
    bound: float


class RegionWatch:
    """Ends the work on a region when its time is over; its answers are of no use by themselves."""

    def __init__(self, stop: Callable[[], bool], left_s: Callable[[], float]) -> None:
        self.stop_all, self.left_s = stop, left_s

    def stop(self) -> bool:
        """Return whether to stop now."""
        return self.left_s() <= 0 or self.stop_all()

    def remaining_s(self) -> float:
        """Return the seconds left for the region."""
        return self.left_s()

    def better(self, chosen: Int32Array) -> None:
        """Take an answer of the region."""

    def bounded(self, bound: float) -> None:
        """Take a bound of the region."""


class RegionalBound:
    """The bound of a problem split into regions.

    Parameters
    ----------
    problem : CostProblem
        What is left to decide.
    prices : CostBound
        Prices of demand and the rate, near the best of the linear program.
    chosen : ndarray of bool, shape (sites,)
        A good answer.
    largest : int
        Nonzeros of a region's program above which it is halved.
    """

    def __init__(self, problem: CostProblem, prices: CostBound, chosen: BoolArray, *, largest: int) -> None:
        self.problem, self.chosen = problem, chosen
        self.cover = kernel_view(problem)[0]
        self.rate = prices.rate
        self.full = prices.rate * self.cover.weight
        self.price = np.minimum(np.maximum(prices.price, 0.0), self.full)
        self.left = reduced_costs(self.cover, prices.price, prices.rate)
        self.of_all = servers(self.cover, np.ones(self.cover.cost.size, np.bool_))
        self.sizes = np.diff(self.cover.indptr)
        region = split_sites(
            self.cover,
            self.price,
            prices.share,
            chosen,
            is_large=lambda inside: self._size(inside) > largest,
        )
        self.regions: list[_Region] = []
        self.worth = self.price.copy()
        for number in range(int(region.max(initial=0)) + 1):
            inside = region == number
            found, worth = self._region(inside)
            self.worth = np.maximum(self.worth, worth)
            self.regions.append(found)
        self.regions.sort(key=lambda one: int(self.sizes[one.keep].sum()))

    def value(self) -> float:
        """Return the bound, lower than the sum by what rounding can have added."""
        whole = math.fsum(self.worth.tolist())
        spare = self.rate * self.problem.spare
        bounds = [one.bound for one in self.regions]
        size = whole + abs(spare) + math.fsum(abs(one) for one in bounds)
        return max(0.0, math.fsum([whole, -spare, *bounds]) - _MARGIN * size)

    def improve(
        self,
        solve: Solver,
        *,
        stop: Callable[[], bool],
        remaining_s: Callable[[], float],
        tell: Callable[[float], None],
    ) -> None:
        """Solve region after region, small ones first, each with an equal share of the time that is left.

        Parameters
        ----------
        solve : Solver
            Of mixed integer programs.
        stop : callable
            True when all is over.
        remaining_s : callable
            Seconds left for all regions.
        tell : callable
            Receives the bound after each region.
        """
        for number, one in enumerate(self.regions):
            if stop() or remaining_s() <= 0:
                break
            if one.value - one.bound <= _NEGLIGIBLE * abs(self.value()):
                continue
            until_s = remaining_s() * (1.0 - 1.0 / (len(self.regions) - number))
            watch = RegionWatch(stop, lambda until_s=until_s: remaining_s() - until_s)  # type: ignore[misc]
            bound = self._solved(one, solve, watch)
            if bound > one.bound:
                self.regions[number] = _Region(one.keep, one.value, bound)
                tell(self.value())

    def _size(self, inside: BoolArray) -> int:
        return int(self.sizes[self._region(inside)[0].keep].sum())

    def _region(self, inside: BoolArray) -> tuple[_Region, FloatArray]:
        """Return a region and the worth of each demand to it, 0 for what it does not serve."""
        count = servers(self.cover, inside)
        own = count > 0
        worth = np.where(own, np.where(count == self.of_all, self.full, self.price), 0.0)
        built = inside & self.chosen
        served = servers(self.cover, built) > 0
        value = math.fsum([*self.cover.cost[built].tolist(), *(-worth[served]).tolist()])
        bound = math.fsum(
            [*(self.price[own] - worth[own]).tolist(), *np.minimum(self.left[inside], 0.0).tolist()]
        )
        room = value - bound + _MARGIN * math.fsum(worth.tolist())
        return _Region(built | (inside & (self.left <= room)), value, min(bound, value)), worth

    def _solved(self, one: _Region, solve: Solver, watch: RegionWatch) -> float:
        """Return a bound of a region: no choice of its sites costs less than it brings by more."""
        cover = self.problem.cover
        worth = np.where(servers(self.cover, one.keep) > 0, self.worth, 0.0)
        priced = CoverageInstance(cover.indptr, cover.demand_index, worth, cover.site_cost, cover.covered)
        part = with_sites(priced, self.problem.limits, one.keep, spare=math.inf)
        if part.cover.sites == 0 or part.cover.demands == 0:
            return one.bound
        start = np.searchsorted(part.site, np.flatnonzero(one.keep & self.chosen)).astype(np.int32)
        found = solve(prize_program(part), start, watch)
        brings = math.fsum(part.cover.demand_weight.tolist())
        return min(one.value, found.bound - brings)
