"""Build a plan year by year: what to build first within each year's money, and when a target is met."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, product

import numpy as np

from phusong.coverage.errors import PlacementError
from phusong.coverage.placement.instance import CoverageInstance, FloatArray, Int32Array
from phusong.coverage.placement.problem import BUDGET_TOLERANCE
from phusong.coverage.placement.reduction import reduce_demand

NOT_MET = -1
"""No year: the plan does not reach the target."""
MOST_TRIES = 20_000
"""Exchanges tried at most: a second or so for a plan of hundreds of sites."""


@dataclass(frozen=True, slots=True)
class Phases:
    """A plan in years.

    Attributes
    ----------
    sites : tuple of ndarray of int32
        Sites of each year, in the order to build them.
    cost : ndarray of float64, shape (years,)
        What each year costs; no more than its budget and what earlier years left over.
    served_weight : ndarray of float64, shape (years,)
        Weight served at the end of each year, what is served already included.
    left_out : ndarray of int32
        Sites for which the years' budgets do not suffice.
    target_year : tuple of int
        Number of the year (0 is the first) at whose end each target is met; `NOT_MET` if never. Year 0 also
        where it is met before anything is built.
    """

    sites: tuple[Int32Array, ...]
    cost: FloatArray
    served_weight: FloatArray
    left_out: Int32Array
    target_year: tuple[int, ...]


def split_into_years(
    instance: CoverageInstance,
    chosen: Int32Array,
    *,
    yearly_budget: Sequence[float],
    target_weight: Sequence[float] = (),
    carry_over: bool = False,
) -> Phases:
    """Choose which sites of a plan to build in which year so that people are served as early as possible.

    Each year, the site that adds most for its cost among those the year can still pay comes first; the year's
    sites are then exchanged one for one with later ones while the weight served, summed over the ends of all
    years, rises.

    Parameters
    ----------
    instance : CoverageInstance
        What the sites serve and cost.
    chosen : ndarray of int32
        The plan.
    yearly_budget : sequence of float
        Money of each year; not negative.
    target_weight : sequence of float
        Weights to be served; the year each is met is told.
    carry_over : bool
        Money left over counts in the next year.

    Returns
    -------
    Phases
        The plan in years.

    Raises
    ------
    PlacementError
        ``place_limit`` for a budget that is negative or no number.
    """
    for budget in yearly_budget:
        if not (math.isfinite(budget) and budget >= 0):
            raise PlacementError("place_limit", name="yearly_budget", value=budget)
    ledger = _Ledger(instance, chosen, tuple(yearly_budget), carry_over=carry_over)
    years, left_out = ledger.fill()
    years = ledger.exchange(years)
    return _phases(ledger, years, left_out, target_weight)


class _Ledger:
    """What the years can pay, and what an assignment serves at the end of each."""

    def __init__(
        self, instance: CoverageInstance, chosen: Int32Array, budget: tuple[float, ...], *, carry_over: bool
    ) -> None:
        inside = np.zeros(instance.sites, np.bool_)
        inside[chosen] = True
        reduction = reduce_demand(instance, usable=inside)
        self.instance = reduction.instance
        self.start = reduction.served_weight
        self.chosen = np.flatnonzero(inside).astype(np.int32)
        self.budget = budget
        self.carry_over = carry_over

    def fill(self) -> tuple[list[list[int]], list[int]]:
        """Give each year, one after the other, the sites that add most for their cost."""
        served = self.instance.covered.copy()
        waiting = self.chosen.tolist()
        years: list[list[int]] = []
        for year in range(len(self.budget)):
            years.append([])
            while True:
                payable = [site for site in waiting if self._can_pay([*years[:-1], [*years[year], site]])]
                if not payable:
                    break
                site = max(payable, key=lambda one: self._rank(one, served))
                years[year].append(site)
                waiting.remove(site)
                served[self.instance.served_by(site)] = True
        return years, waiting

    def exchange(self, years: list[list[int]]) -> list[list[int]]:
        """Exchange sites of two years while that serves more people-years."""
        best = self._weight_years(years)
        tries = _exchanges(years)
        for _ in range(MOST_TRIES):
            tried = next(tries, None)
            if tried is None:
                break
            value = self._weight_years(tried) if self._can_pay(tried) else -math.inf
            if value > best * (1.0 + 1e-12):
                years, best, tries = tried, value, _exchanges(tried)
        return years

    def served_after(self, years: list[list[int]]) -> list[float]:
        """Return the weight served at the end of each year."""
        served = self.instance.covered.copy()
        after = []
        for sites in years:
            for site in sites:
                served[self.instance.served_by(site)] = True
            after.append(math.fsum([self.start, *self.instance.demand_weight[served].tolist()]))
        return after

    def _rank(
        self, site: int, served: np.ndarray[tuple[int], np.dtype[np.bool_]]
    ) -> tuple[float, float, int]:
        row = self.instance.served_by(site)
        adds = float(self.instance.demand_weight[row[~served[row]]].sum())
        cost = float(self.instance.site_cost[site])
        return (adds / cost if cost > 0 else math.inf, adds, -site)

    def _can_pay(self, years: list[list[int]]) -> bool:
        purse = 0.0
        for budget, sites in zip(self.budget, years, strict=False):
            purse = budget + (purse if self.carry_over else 0.0)
            purse -= math.fsum(self.instance.site_cost[sites].tolist())
            if purse < -BUDGET_TOLERANCE * budget:
                return False
        return True

    def _weight_years(self, years: list[list[int]]) -> float:
        return math.fsum(self.served_after(years))


def _exchanges(years: list[list[int]]) -> Iterator[list[list[int]]]:
    """Yield all assignments that differ by one exchange between two years."""
    for early, late in combinations(range(len(years)), 2):
        for before, after in product(range(len(years[early])), range(len(years[late]))):
            tried = [list(sites) for sites in years]
            tried[early][before], tried[late][after] = years[late][after], years[early][before]
            yield tried


def _phases(
    ledger: _Ledger, years: list[list[int]], left_out: list[int], target_weight: Sequence[float]
) -> Phases:
    served = ledger.served_after(years)
    met = []
    for target in target_weight:
        reached = [year for year, weight in enumerate(served) if weight >= target * (1.0 - 1e-12)]
        met.append(0 if ledger.start >= target else (reached[0] if reached else NOT_MET))
    cost = [math.fsum(ledger.instance.site_cost[sites].tolist()) for sites in years]
    return Phases(
        tuple(np.array(sites, np.int32) for sites in years),
        np.array(cost, np.float64),
        np.array(served, np.float64),
        np.array(left_out, np.int32),
        tuple(met),
    )
