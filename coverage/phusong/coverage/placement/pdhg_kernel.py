"""Iterations of the primal-dual hybrid gradient method for maximum coverage.

The linear program: most of ``sum w[d] min(1, u[d])`` with ``u = A x``, shares ``0 <= x <= 1`` of each site
and one limit on their number or cost. As a saddle point, with a price ``0 <= y[d] <= w[d]`` on each demand:

    max over x, min over y, of  sum(w - y) + y' A x

Steps in x and y alternate (Chambolle and Pock 2011), their lengths set for each site and demand (Pock and
Chambolle 2011). Groups of which at most so many sites may be built enter as prices too.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from phusong.coverage.placement.instance import FloatArray, Int32Array
from phusong.coverage.placement.openrows import Matrix


class Saddle(NamedTuple):
    """The linear program and its step lengths.

    Attributes
    ----------
    matrix : Matrix
        Demand by site.
    weight : ndarray of float64, shape (demands,)
    claim : ndarray of float64, shape (sites,)
        What a site takes of the limit: 1 or its cost.
    limit : float
        Most sites or most cost.
    groups : Matrix
        Groups by site.
    capacity : ndarray of int32, shape (groups,)
    site_step, demand_step, group_step : ndarray of float64
        Step lengths before the primal weight.
    """

    matrix: Matrix
    weight: FloatArray
    claim: FloatArray
    limit: float
    groups: Matrix
    capacity: Int32Array
    site_step: FloatArray
    demand_step: FloatArray
    group_step: FloatArray


class Point(NamedTuple):
    """A pair of solutions with what they imply, or a sum of many, changed in place.

    Attributes
    ----------
    share : ndarray of float64, shape (sites,)
        How much of each site is built.
    reach : ndarray of float64, shape (demands,)
        ``A share``.
    price : ndarray of float64, shape (demands,)
    profit : ndarray of float64, shape (sites,)
        ``A' price``.
    group_price, group_use : ndarray of float64, shape (groups,)
    """

    share: FloatArray
    reach: FloatArray
    price: FloatArray
    profit: FloatArray
    group_price: FloatArray
    group_use: FloatArray


@njit(cache=True, nogil=True, error_model="numpy")
def iterate(saddle: Saddle, now: Point, total: Point, primal_weight: float, steps: int) -> None:
    """Make some steps from `now`, adding each point to `total`."""
    before_reach = np.empty_like(now.reach)
    before_use = np.empty_like(now.group_use)
    for _ in range(steps):
        before_reach[:] = now.reach
        before_use[:] = now.group_use
        _step_sites(saddle, now, primal_weight)
        _step_demand(saddle, now, before_reach, primal_weight)
        for group in range(now.group_price.size):
            excess = 2.0 * now.group_use[group] - before_use[group] - saddle.capacity[group]
            step = saddle.group_step[group] * primal_weight
            now.group_price[group] = max(0.0, now.group_price[group] + step * excess)
        site_profit(saddle.matrix, now.price, now.profit)
        _add(now, total)


@njit(cache=True, nogil=True, error_model="numpy")
def site_profit(matrix: Matrix, price: FloatArray, profit: FloatArray) -> None:
    """Write the sum of prices that each site would earn."""
    for site in range(profit.size):
        earned = 0.0
        for at in range(matrix.indptr[site], matrix.indptr[site + 1]):
            earned += price[matrix.columns[at]]
        profit[site] = earned


@njit(cache=True, nogil=True, error_model="numpy")
def _step_sites(saddle: Saddle, now: Point, primal_weight: float) -> None:
    wish = np.empty_like(now.share)
    slope = np.empty_like(now.share)
    for site in range(wish.size):
        step = saddle.site_step[site] / primal_weight
        earned = now.profit[site]
        for at in range(saddle.groups.indptr[site], saddle.groups.indptr[site + 1]):
            earned -= now.group_price[saddle.groups.columns[at]]
        wish[site] = now.share[site] + step * earned
        slope[site] = step * saddle.claim[site]
    charge = _charge(wish, slope, saddle.claim, saddle.limit)
    now.reach[:] = 0.0
    now.group_use[:] = 0.0
    for site in range(wish.size):
        share = min(max(wish[site] - charge * slope[site], 0.0), 1.0)
        now.share[site] = share
        if share > 0.0:
            for at in range(saddle.matrix.indptr[site], saddle.matrix.indptr[site + 1]):
                now.reach[saddle.matrix.columns[at]] += share
            for at in range(saddle.groups.indptr[site], saddle.groups.indptr[site + 1]):
                now.group_use[saddle.groups.columns[at]] += share


@njit(cache=True, nogil=True, error_model="numpy")
def _step_demand(saddle: Saddle, now: Point, before_reach: FloatArray, primal_weight: float) -> None:
    for demand in range(now.price.size):
        ahead = 2.0 * now.reach[demand] - before_reach[demand] - 1.0
        moved = now.price[demand] - saddle.demand_step[demand] * primal_weight * ahead
        now.price[demand] = min(max(moved, 0.0), saddle.weight[demand])


@njit(cache=True, nogil=True, error_model="numpy")
def _used(charge: float, wish: FloatArray, slope: FloatArray, claim: FloatArray) -> tuple[float, float]:
    """Return what the shares take of the limit at a charge, and how fast that falls."""
    taken, falling = 0.0, 0.0
    for site in range(wish.size):
        share = wish[site] - charge * slope[site]
        if share >= 1.0:
            taken += claim[site]
        elif share > 0.0:
            taken += claim[site] * share
            falling += claim[site] * slope[site]
    return taken, falling


@njit(cache=True, nogil=True, error_model="numpy")
def _charge(wish: FloatArray, slope: FloatArray, claim: FloatArray, limit: float) -> float:
    """Return the charge at which the shares just keep the limit (Newton's method, bracketed)."""
    taken, falling = _used(0.0, wish, slope, claim)
    if taken <= limit:
        return 0.0
    low, high = 0.0, 0.0
    for site in range(wish.size):
        if slope[site] > 0.0:
            high = max(high, wish[site] / slope[site])
    charge = 0.0
    for _ in range(60):
        if taken > limit:
            low = charge
        else:
            high = charge
        charge = charge + (taken - limit) / falling if falling > 0.0 else np.inf
        if not low < charge < high:
            charge = 0.5 * (low + high)
        taken, falling = _used(charge, wish, slope, claim)
        if abs(taken - limit) <= 1e-10 * limit or high - low <= 1e-14 * high:
            break
    return charge


@njit(cache=True, nogil=True, error_model="numpy")
def _add(now: Point, total: Point) -> None:
    total.share[:] += now.share
    total.reach[:] += now.reach
    total.price[:] += now.price
    total.profit[:] += now.profit
    total.group_price[:] += now.group_price
    total.group_use[:] += now.group_use
