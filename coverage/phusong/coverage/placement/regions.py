"""Sites put into regions that share little of what prices pay for.

Where sites stand is not known here, but whose demand overlaps is: the sites that a linear program uses are
halved along the second eigenvector of the Laplacian of their overlaps (M. Fiedler: A property of eigenvectors
of nonnegative symmetric matrices, 1975), again and again; other sites follow those with which they share
most.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numba import njit
from scipy.linalg import eigh
from scipy.sparse import csr_array

from phusong.coverage.placement.anneal_moves import Cover
from phusong.coverage.placement.instance import BoolArray, FloatArray, Int32Array, Int64Array

_LEAST_SHARE = 0.02
"""Share counted for sites of a good answer that the linear program does not build."""
_USED = 1e-3
_UNEVEN = 0.3
"""The smaller half has at least this part of the whole."""
_FEWEST = 4
"""Regions with fewer sites in use are not halved."""
MOST_USED = 3_000
"""More sites in use would make a table of overlaps too large."""


def split_sites(
    cover: Cover,
    price: FloatArray,
    share: FloatArray,
    chosen: BoolArray,
    *,
    is_large: Callable[[BoolArray], bool],
) -> Int32Array:
    """Halve the sites until no part is large.

    Parameters
    ----------
    cover : Cover
        Sites by demand.
    price : ndarray of float64, shape (demands,)
        Money for serving each demand.
    share : ndarray of float64, shape (sites,)
        How much of each site the linear program builds.
    chosen : ndarray of bool, shape (sites,)
        Sites of a good answer; they count as used.
    is_large : callable
        Told the sites of a part, shape (sites,), says whether to halve it.

    Returns
    -------
    ndarray of int32, shape (sites,)
        Number of the region of each site, from 0; all 0 where more than `MOST_USED` sites are in use.
    """
    region = np.zeros(share.size, np.int32)
    used = np.flatnonzero((share > _USED) | chosen)
    if used.size > MOST_USED:
        return region
    size = np.maximum(share[used], _LEAST_SHARE)
    overlap = _overlaps(cover, price, used, size)
    waiting, count = [0], 1
    while waiting:
        number = waiting.pop()
        inside = region == number
        own = np.flatnonzero(inside[used])
        if own.size < _FEWEST or not is_large(inside):
            continue
        upper = np.zeros(used.size, np.bool_)
        upper[own[_upper_half(overlap[np.ix_(own, own)], size[own])]] = True
        moves = inside & _leans(cover, price, used[own], np.where(upper[own], size[own], -size[own]))
        moves[used[own]] = upper[own]
        region[moves] = count
        waiting += [number, count]
        count += 1
    return region


def _overlaps(cover: Cover, price: FloatArray, used: Int64Array, size: FloatArray) -> FloatArray:
    """Return the money that pairs of sites are both paid, in proportion to how much of them is built."""
    shape = (cover.cost.size, cover.weight.size)
    serves = csr_array((np.ones(cover.demand.size, np.float32), cover.demand, cover.indptr), shape=shape)
    mine = serves[used]
    paid = csr_array((price[mine.indices], mine.indices, mine.indptr), shape=mine.shape)
    table = np.asarray((paid @ mine.T).toarray(), dtype=np.float64)
    table *= np.sqrt(size[:, None] * size[None, :])
    np.fill_diagonal(table, 0.0)
    return table


def _upper_half(overlap: FloatArray, size: FloatArray) -> Int64Array:
    """Return the sites of one half: the cut that shares least along the eigenvector, near the middle."""
    degree = overlap.sum(axis=1) + 1e-12 * max(float(overlap.max()), 1e-300)
    scale = 1.0 / np.sqrt(degree)
    laplacian = np.eye(size.size) - overlap * scale[:, None] * scale[None, :]
    vector = eigh(laplacian, subset_by_index=[1, 1], check_finite=False)[1][:, 0] * scale
    order = np.argsort(vector, kind="stable")
    sorted_overlap = overlap[np.ix_(order, order)]
    inward = np.tril(sorted_overlap).sum(axis=1)
    across = np.cumsum(sorted_overlap.sum(axis=1) - 2.0 * inward)[:-1]
    filled = np.cumsum(size[order])[:-1] / size.sum()
    across[(filled < _UNEVEN) | (filled > 1.0 - _UNEVEN)] = np.inf
    at = int(np.argmin(across)) if np.isfinite(across).any() else size.size // 2 - 1
    return np.asarray(order[at + 1 :], dtype=np.int64)


def _leans(cover: Cover, price: FloatArray, used: Int64Array, side: FloatArray) -> BoolArray:
    """Tell which sites share more with the used sites of positive `side` than with the others."""
    return np.asarray(_balance(cover, price * _served_by(cover, used, side)) > 0.0)


@njit(cache=True, nogil=True)
def _served_by(cover: Cover, site: Int64Array, amount: FloatArray) -> FloatArray:
    """Return for each demand the sum of `amount` over the sites given that serve it."""
    sums = np.zeros(cover.weight.size)
    for number in range(site.size):
        for at in range(cover.indptr[site[number]], cover.indptr[site[number] + 1]):
            sums[cover.demand[at]] += amount[number]
    return sums


@njit(cache=True, nogil=True)
def _balance(cover: Cover, amount: FloatArray) -> FloatArray:
    """Return for each site the sum of `amount` over the demand that it serves."""
    sums = np.zeros(cover.cost.size)
    for site in range(cover.cost.size):
        for at in range(cover.indptr[site], cover.indptr[site + 1]):
            sums[site] += amount[cover.demand[at]]
    return sums


@njit(cache=True, nogil=True)
def servers(cover: Cover, among: BoolArray) -> Int32Array:
    """Return how many of the sites `among` serve each demand."""
    count = np.zeros(cover.weight.size, np.int32)
    for site in range(cover.cost.size):
        if among[site]:
            for at in range(cover.indptr[site], cover.indptr[site + 1]):
                count[cover.demand[at]] += 1
    return count
