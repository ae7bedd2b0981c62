"""A lower bound on cost from prices of demand, safe against rounding.

Let ``price[d] >= 0`` be the money that demand *d* is worth and ``rate >= 0`` the money of a unit of weight.
For every choice *x* that leaves at most *spare* unserved,

    cost >= sum_d p_d - rate spare + sum_s min(0, c_s - sum_{d in s} p_d),   p_d = min(price_d, rate w_d),

whatever the prices are (Lagrangian relaxation of "served by somebody" and of the target).
"""

from __future__ import annotations

import numpy as np
from numba import njit

from phusong.coverage.placement.anneal_moves import Cover
from phusong.coverage.placement.instance import FloatArray

_UNIT_ROUNDING = 2.0**-53


def safe_bound(cover: Cover, price: FloatArray, rate: float, spare: float) -> float:
    """Return a lower bound on cost, never above its exact value.

    Parameters
    ----------
    cover : Cover
        Sites by demand, weights and costs.
    price : ndarray of float64, shape (demands,)
        Money for serving each demand; negative prices count as 0.
    rate : float
        Money for a unit of weight; not negative.
    spare : float
        Weight that may stay unserved.

    Returns
    -------
    float
        The bound less what rounding can have added to it. Summing *n* numbers in floating point errs by less
        than ``n u / (1 - n u)`` of the sum of their magnitudes, ``u = 2**-53`` (N. J. Higham: Accuracy and
        Stability of Numerical Algorithms, 2002, eq. 4.4); the margin taken is twice that.
    """
    value, size, terms = _bound(cover, price, rate)
    size += rate * abs(spare)
    return max(0.0, float(value - rate * spare - 2.0 * (terms + 8.0) * _UNIT_ROUNDING * size))


def reduced_costs(cover: Cover, price: FloatArray, rate: float) -> FloatArray:
    """Return what each site costs beyond the prices of the demand that it serves."""
    return np.asarray(_reduced(cover, np.minimum(np.maximum(price, 0.0), rate * cover.weight)))


def paid_prices(cover: Cover, price: FloatArray, left: FloatArray) -> FloatArray:
    """Return prices at which no site is worth more than it costs.

    Parameters
    ----------
    cover : Cover
        Sites by demand and costs.
    price : ndarray of float64, shape (demands,)
        Money for serving each demand.
    left : ndarray of float64, shape (sites,)
        Reduced costs at these prices; where they are negative, the demand of the site is paid less.

    Returns
    -------
    ndarray of float64, shape (demands,)
        The bound loses no more by it than by adding up the negative reduced costs, and less where the same
        demand makes several sites worth too much.
    """
    return np.asarray(price * _paid_share(cover, left))


@njit(cache=True, nogil=True)
def _paid_share(cover: Cover, left: FloatArray) -> FloatArray:
    share = np.ones(cover.weight.size)
    for site in range(cover.cost.size):
        if left[site] < 0.0:
            most = cover.cost[site] / (cover.cost[site] - left[site])
            for at in range(cover.indptr[site], cover.indptr[site + 1]):
                share[cover.demand[at]] = min(share[cover.demand[at]], most)
    return share


@njit(cache=True, nogil=True)
def _reduced(cover: Cover, price: FloatArray) -> FloatArray:
    left = np.empty(cover.cost.size)
    for site in range(cover.cost.size):
        worth = 0.0
        for at in range(cover.indptr[site], cover.indptr[site + 1]):
            worth += price[cover.demand[at]]
        left[site] = cover.cost[site] - worth
    return left


@njit(cache=True, nogil=True)
def _bound(cover: Cover, price: FloatArray, rate: float) -> tuple[float, float, float]:
    """Return the sum, the sum of magnitudes of all that was added, and the greatest number of terms."""
    value = 0.0
    for demand in range(cover.weight.size):
        value += min(max(price[demand], 0.0), rate * cover.weight[demand])
    size = value
    longest = 0
    for site in range(cover.cost.size):
        worth = 0.0
        for at in range(cover.indptr[site], cover.indptr[site + 1]):
            demand = cover.demand[at]
            worth += min(max(price[demand], 0.0), rate * cover.weight[demand])
        longest = max(longest, cover.indptr[site + 1] - cover.indptr[site])
        value += min(0.0, cover.cost[site] - worth)
        if worth > cover.cost[site] * 0.999:
            size += worth + cover.cost[site]
    return value, size, float(longest + cover.weight.size + cover.cost.size)
