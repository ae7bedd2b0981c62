"""The cheapest means for what is left: masts that villages share, beside what serves one village alone.

A means that serves one village costs ``fixed + per household * households``; a shared one costs once for all
the villages it serves. The whole is a least-cost cover in which every village has one site of its own, its
cheapest means alone, so the solver for least cost decides it and proves the answer; satellite terminals are
feasible everywhere, so there always is one.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from phusong.coverage.errors import PlacementError
from phusong.coverage.placement.answer import PlacementAnswer
from phusong.coverage.placement.instance import BoolArray, CoverageInstance, FloatArray, Int32Array

NONE = -1


def annuity_factor(*, years: float, discount_rate: float) -> float:
    """Present value of 1 a year, paid at the end of each of `years` years.

    Raises
    ------
    PlacementError
        ``place_number`` for a number of years or a rate that makes no sense.

    Examples
    --------
    >>> annuity_factor(years=10, discount_rate=0.0)
    10.0
    >>> round(annuity_factor(years=10, discount_rate=0.08), 4)
    6.7101
    """
    for name, value, least in (("years", years, 0.0), ("discount_rate", discount_rate, -0.99)):
        if not (math.isfinite(value) and value >= least):
            raise PlacementError("place_number", array=name, position=0, value=value, allowed=f">= {least:g}")
    if discount_rate == 0:
        return float(years)
    # expm1 keeps the digits of a rate next to nothing.
    return -math.expm1(-years * math.log1p(discount_rate)) / discount_rate


@dataclass(frozen=True, slots=True)
class MeansCost:
    """What a means costs, in any one currency.

    Attributes
    ----------
    capex, capex_household : float
        Once, and once for each household.
    opex_year, opex_household_year : float
        Every year.
    """

    capex: float = 0.0
    capex_household: float = 0.0
    opex_year: float = 0.0
    opex_household_year: float = 0.0

    def present(self, *, years: float, discount_rate: float) -> tuple[float, float]:
        """Return the present cost of the fixed part, and of each household.

        Examples
        --------
        >>> MeansCost(100.0, 5.0, 10.0, 1.0).present(years=10, discount_rate=0.0)
        (200.0, 15.0)
        """
        factor = annuity_factor(years=years, discount_rate=discount_rate)
        return (
            self.capex + factor * self.opex_year,
            self.capex_household + factor * self.opex_household_year,
        )


def break_even_households(
    fixed: float, per_household: float, *, other_fixed: float, other_per_household: float
) -> float:
    """Return the number of households from which a means costs no more than another.

    Returns
    -------
    float
        ``(fixed - other_fixed) / (other_per_household - per_household)`` where the lines of cost cross;
        0 where the means never costs more, infinite where more households never make it the cheaper one.

    Examples
    --------
    A mast for 1,500 against terminals for 60 a household:

    >>> break_even_households(1500.0, 0.0, other_fixed=0.0, other_per_household=60.0)
    25.0
    """
    if fixed <= other_fixed:
        return 0.0 if per_household <= other_per_household else math.inf
    if per_household >= other_per_household or not math.isfinite(fixed):
        return math.inf
    return (fixed - other_fixed) / (other_per_household - per_household)


@dataclass(frozen=True, slots=True)
class AloneChoice:
    """The cheapest means of each village taken alone.

    Attributes
    ----------
    means, second : ndarray of int32, shape (villages,)
        Row of the cheapest means and of the next; `NONE` where there is none.
    cost, second_cost : ndarray of float64
        Infinite where there is none.
    """

    means: Int32Array
    second: Int32Array
    cost: FloatArray
    second_cost: FloatArray


def means_costs(fixed: FloatArray, per_household: FloatArray, households: FloatArray) -> FloatArray:
    """Return the cost of every means in every village.

    Parameters
    ----------
    fixed : ndarray of float64, shape (means, villages)
        Infinite where the means cannot serve the village.
    per_household : ndarray of float64, shape (means, villages)
    households : ndarray of float64, shape (villages,)

    Raises
    ------
    PlacementError
        ``place_shape`` or ``place_number``.
    """
    if fixed.ndim != 2 or per_household.shape != fixed.shape or households.shape != fixed.shape[1:]:
        raise PlacementError(
            "place_shape", array="per_household", size=per_household.size, allowed=fixed.size
        )
    for name, values in (("fixed", fixed), ("per_household", per_household), ("households", households)):
        is_wrong = np.isnan(values) | (values < 0) | (np.isinf(values) & (name != "fixed"))
        if is_wrong.any():
            at = int(np.flatnonzero(is_wrong)[0])
            value = float(values.ravel()[at])
            raise PlacementError("place_number", array=name, position=at, value=value, allowed=">= 0")
    return fixed + per_household * households


def choose_alone(costs: FloatArray) -> AloneChoice:
    """Pick the cheapest means of each village; of equal ones the first row.

    Parameters
    ----------
    costs : ndarray of float64, shape (means, villages)
        See `means_costs`.

    Examples
    --------
    >>> choice = choose_alone(np.array([[9.0, np.inf], [4.0, 7.0]]))
    >>> choice.means.tolist(), choice.second.tolist(), choice.second_cost.tolist()
    ([1, 1], [0, -1], [9.0, inf])
    """
    rank = np.argsort(costs, axis=0, kind="stable")
    padded = np.vstack([costs, np.full(costs.shape[1], np.inf)])

    def at(place: int) -> tuple[Int32Array, FloatArray]:
        row = rank[place] if place < len(rank) else np.full(costs.shape[1], len(costs))
        found = np.take_along_axis(padded, row[None, :], axis=0)[0]
        return np.where(np.isfinite(found), row, NONE).astype(np.int32), found

    means, cost = at(0)
    second, second_cost = at(1)
    return AloneChoice(means, second, cost, second_cost)


@dataclass(frozen=True, slots=True)
class TogetherChoice:
    """What to build for all villages at least cost.

    Attributes
    ----------
    shared : ndarray of int32
        Shared sites to build, those that serve most for their cost first.
    served_by : ndarray of int32, shape (villages,)
        Shared site that serves the village; `NONE` where it has its own means.
    cost, bound, gap : float
        Of the whole; no choice costs less than the bound.
    alone_cost : float
        If every village had its cheapest means alone.
    answer : PlacementAnswer
        As the solver gave it, on the instance of `with_alone`.
    """

    shared: Int32Array
    served_by: Int32Array
    cost: float
    bound: float
    gap: float
    alone_cost: float
    answer: PlacementAnswer


def with_alone(shared: CoverageInstance, alone_cost: FloatArray) -> CoverageInstance:
    """Add a site to an instance for every village: its cheapest means alone.

    Parameters
    ----------
    shared : CoverageInstance
        Options by villages.
    alone_cost : ndarray of float64, shape (villages,)
        Finite.

    Returns
    -------
    CoverageInstance
        The options first, then one site a village in their order.

    Raises
    ------
    PlacementError
        ``place_shape``; ``place_number`` where a village has no means.
    """
    villages = shared.demands
    if alone_cost.shape != (villages,):
        raise PlacementError("place_shape", array="alone_cost", size=alone_cost.size, allowed=villages)
    wrong = np.flatnonzero(~(np.isfinite(alone_cost) & (alone_cost >= 0)))
    if wrong.size:
        value = float(alone_cost[wrong[0]])
        raise PlacementError(
            "place_number", array="alone_cost", position=int(wrong[0]), value=value, allowed=">= 0"
        )
    last = shared.indptr[-1]
    return CoverageInstance(
        np.concatenate([shared.indptr, last + np.arange(1, villages + 1)]).astype(np.int64),
        np.concatenate([shared.demand_index, np.arange(villages, dtype=np.int32)]).astype(np.int32),
        shared.demand_weight,
        np.concatenate([shared.site_cost, alone_cost]),
        shared.covered,
    )


def choose_together(
    shared: CoverageInstance,
    alone_cost: FloatArray,
    *,
    solve: Callable[[CoverageInstance], PlacementAnswer],
) -> TogetherChoice:
    """Choose what serves every village at least cost, shared sites and means of one village together.

    Parameters
    ----------
    shared : CoverageInstance
        Options that may serve several villages; the weight of a village is that of its households.
    alone_cost : ndarray of float64, shape (villages,)
        Cost of the cheapest means alone.
    solve : callable
        Finds the least cost that serves all demand of an instance; its value is a cost.
    """
    whole = with_alone(shared, alone_cost)
    # Weight decides nothing where all is served, and demand without weight must be served as well.
    unit = np.where(shared.covered, 0.0, 1.0)
    answer = solve(CoverageInstance(whole.indptr, whole.demand_index, unit, whole.site_cost, whole.covered))
    chosen = answer.chosen[answer.chosen < shared.sites]
    order, served_by = _served_by(shared, chosen)
    open_ = ~shared.covered
    return TogetherChoice(
        shared=order,
        served_by=served_by,
        cost=answer.value,
        bound=answer.bound,
        gap=answer.gap,
        alone_cost=math.fsum(alone_cost[open_].tolist()),
        answer=answer,
    )


def with_own_means(
    shared: CoverageInstance,
    choice: TogetherChoice,
    dark: BoolArray,
    alone_cost: FloatArray,
    *,
    bound: float,
) -> TogetherChoice:
    """Give villages that a choice does not serve after all their own means.

    Parameters
    ----------
    shared : CoverageInstance
    choice : TogetherChoice
    dark : ndarray of bool, shape (villages,)
    alone_cost : ndarray of float64, shape (villages,)
    bound : float
        No choice costs less.

    Returns
    -------
    TogetherChoice
        Its gap is against `bound`; shared sites that serve nobody any more are not built.
    """
    if not dark.any() and bound >= choice.bound:
        return choice
    served_by = np.where(dark, NONE, choice.served_by).astype(np.int32)
    kept = choice.shared[np.isin(choice.shared, served_by)]
    own = alone_cost[(served_by == NONE) & ~shared.covered]
    cost = math.fsum([*shared.site_cost[kept].tolist(), *own.tolist()])
    gap = (cost - bound) / cost if cost > bound else 0.0
    return replace(choice, shared=kept, served_by=served_by, cost=cost, bound=min(bound, cost), gap=gap)


def _served_by(shared: CoverageInstance, chosen: Int32Array) -> tuple[Int32Array, Int32Array]:
    """Order sites by what they add for their cost; every village belongs to the first that serves it."""
    served_by = np.full(shared.demands, NONE, dtype=np.int32)
    free: BoolArray = ~shared.covered
    left, order = chosen.tolist(), []
    while left:
        mine = [shared.served_by(site) for site in left]
        added = [float(shared.demand_weight[own[free[own]]].sum()) for own in mine]
        worth = [
            (gain / shared.site_cost[site] if shared.site_cost[site] > 0 else math.inf, gain, -site)
            for gain, site in zip(added, left, strict=True)
        ]
        best = max(range(len(left)), key=worth.__getitem__)
        site, own = left.pop(best), mine[best]
        served_by[own[free[own]]] = site
        free[own] = False
        order.append(site)
    return np.array(order, dtype=np.int32), served_by
