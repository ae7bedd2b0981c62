"""Make an instance smaller without changing what its best answer is.

Demand that is served already, that no site reaches or that weighs nothing is dropped; demand points that
exactly the same sites would serve become one. Sites keep their numbers.
"""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from phusong.coverage.placement.instance import (
    NONE,
    BoolArray,
    CoverageInstance,
    FloatArray,
    Int32Array,
    Int64Array,
)

UInt64Array = npt.NDArray[np.uint64]

SHARED_NONZEROS = 4_000_000
"""Instances from here on are gone through on two cores."""
_PHI = np.uint64(0x9E3779B97F4A7C15)
_MIX_1, _MIX_2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_SHIFT_1, _SHIFT_2, _SHIFT_3 = np.uint64(30), np.uint64(27), np.uint64(31)
_SECOND = np.uint64(0xD1B54A32D192ED03)


class Matrix(NamedTuple):
    """Rows of a sparse matrix of ones, for kernels: ``columns[indptr[row] : indptr[row + 1]]``."""

    indptr: Int64Array
    columns: Int32Array


@dataclass(frozen=True, slots=True)
class Reduction:
    """A smaller instance, and how it hangs together with the one it came from.

    Attributes
    ----------
    instance : CoverageInstance
        The same sites; one demand for every set of sites; nothing covered.
    class_of : ndarray of int32, shape (demands of the whole instance,)
        Demand of `instance` that each demand became; `NONE` where it was dropped.
    served_weight : float
        Weight that is served already.
    total_weight : float
        All weight of the whole instance.
    """

    instance: CoverageInstance
    class_of: Int32Array
    served_weight: float
    total_weight: float


@dataclass(frozen=True, slots=True)
class Transposed:
    """Sites by demand, read by demand.

    Attributes
    ----------
    indptr : ndarray of int64, shape (demands + 1,)
        Where the sites of each demand begin.
    site : ndarray of int32, shape (nonzeros,)
        Sites that would serve the demand, rising.
    """

    indptr: Int64Array
    site: Int32Array


def reduce_demand(instance: CoverageInstance, *, usable: BoolArray | None = None) -> Reduction:
    """Drop demand that decides nothing and merge demand that the same sites would serve.

    Demand is compared by 128-bit hashes of its sites, and each class found is then checked against the
    matrix: a collision, however unlikely, leaves the demand unmerged.

    Parameters
    ----------
    instance : CoverageInstance
        The whole instance.
    usable : ndarray of bool, shape (sites,), optional
        Sites that may be built; the others keep their number and serve nothing. All by default.

    Returns
    -------
    Reduction
        The smaller instance and the weight that was set aside.
    """
    allowed = np.ones(instance.sites, np.bool_) if usable is None else usable
    weight = instance.demand_weight
    wanted = ~instance.covered & (weight > 0)
    matrix = Matrix(instance.indptr, instance.demand_index)
    counts, low, high = _hashes(matrix, wanted, allowed)
    reached = wanted & ((low != 0) | (high != 0))
    class_of, first = _classes(reached, low, high)
    rows, is_whole = _filled(matrix, allowed, class_of, first, counts)
    if not is_whole:
        class_of, first = _each_alone(reached)
        rows, _ = _filled(matrix, allowed, class_of, first, counts)
    merged = _sums(class_of, weight, first.size)
    covered = np.zeros(first.size, np.bool_)
    smaller = CoverageInstance(rows.indptr, rows.columns, merged, instance.site_cost, covered)
    served = math.fsum(weight[instance.covered].tolist())
    return Reduction(smaller, class_of, served, math.fsum(weight.tolist()))


def transpose(instance: CoverageInstance) -> Transposed:
    """Return which sites would serve each demand."""
    indptr, site = _transpose(instance.indptr, instance.demand_index, instance.demands)
    return Transposed(indptr, site)


def _site_ranges(matrix: Matrix) -> list[tuple[int, int]]:
    """Return one range of sites, or two of about as many nonzeros each where there are many."""
    sites = matrix.indptr.size - 1
    if matrix.columns.size < SHARED_NONZEROS:
        return [(0, sites)]
    middle = int(np.searchsorted(matrix.indptr, matrix.columns.size // 2))
    return [(0, middle), (middle, sites)]


def _hashes(
    matrix: Matrix, wanted: BoolArray, allowed: BoolArray
) -> tuple[Int64Array, UInt64Array, UInt64Array]:
    """Return the wanted demand of each site, and two words a demand: sums over sites, in any order."""
    ranges = _site_ranges(matrix)
    with ThreadPoolExecutor(max_workers=len(ranges)) as pool:
        parts = list(pool.map(lambda one: _hash_demand(matrix, wanted, allowed, *one), ranges))
    counts, low, high = parts[0]
    for other in parts[1:]:
        counts, low, high = counts + other[0], low + other[1], high + other[2]
    return counts, low, high


def _filled(
    matrix: Matrix, allowed: BoolArray, class_of: Int32Array, first: Int32Array, counts: Int64Array
) -> tuple[Matrix, bool]:
    """Return the classes of each site, and whether every site serves whole classes only."""
    members = np.bincount(class_of[class_of >= 0], minlength=first.size)
    is_first = np.zeros(class_of.size, np.bool_)
    is_first[first] = True
    ranges = _site_ranges(matrix)
    with ThreadPoolExecutor(max_workers=len(ranges)) as pool:
        parts = list(
            pool.map(
                lambda one: _fill(matrix, allowed, class_of, is_first, members, counts, *one),
                ranges,
            )
        )
    lengths = np.concatenate([part[0] for part in parts])
    indptr = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    return Matrix(indptr, np.concatenate([part[1] for part in parts])), all(part[2] for part in parts)


def _each_alone(reached: BoolArray) -> tuple[Int32Array, Int32Array]:
    first = np.flatnonzero(reached).astype(np.int32)
    class_of = np.full(reached.size, NONE, np.int32)
    class_of[first] = np.arange(first.size, dtype=np.int32)
    return class_of, first


def _sums(class_of: Int32Array, weight: FloatArray, classes: int) -> FloatArray:
    kept = class_of >= 0
    return np.bincount(class_of[kept], weights=weight[kept], minlength=classes).astype(np.float64)


@njit(cache=True, nogil=True)
def _mixed(number: np.uint64) -> np.uint64:
    """Spread a number over 64 bits (Steele, Lea, Flood: SplitMix, 2014)."""
    number = (number ^ (number >> _SHIFT_1)) * _MIX_1
    number = (number ^ (number >> _SHIFT_2)) * _MIX_2
    return number ^ (number >> _SHIFT_3)


@njit(cache=True, nogil=True)
def _hash_demand(
    matrix: Matrix, wanted: BoolArray, allowed: BoolArray, begin: int, end: int
) -> tuple[Int64Array, UInt64Array, UInt64Array]:
    """Count the wanted demand of each site; add up two words of 64 bits over the sites of each demand."""
    low = np.zeros(wanted.size, np.uint64)
    high = np.zeros(wanted.size, np.uint64)
    counts = np.zeros(allowed.size, np.int64)
    for site in range(begin, end):
        if not allowed[site]:
            continue
        word = np.uint64(site + 1) * _PHI
        first, second = _mixed(word), _mixed(word ^ _SECOND)
        for at in range(matrix.indptr[site], matrix.indptr[site + 1]):
            demand = matrix.columns[at]
            if wanted[demand]:
                low[demand] += first
                high[demand] += second
                counts[site] += 1
    return counts, low, high


@njit(cache=True, nogil=True)
def _classes(reached: BoolArray, low: UInt64Array, high: UInt64Array) -> tuple[Int32Array, Int32Array]:
    """Give each different hash a number, in the order of their first demand (open addressing)."""
    size = np.int64(16)
    while size < 2 * reached.size:
        size *= 2
    slots = np.full(size, np.int32(NONE))
    class_of = np.full(reached.size, np.int32(NONE))
    first = np.empty(reached.size, np.int32)
    found = 0
    for demand in range(reached.size):
        if not reached[demand]:
            continue
        slot = np.int64(low[demand] & np.uint64(size - 1))
        while slots[slot] != NONE:
            other = first[slots[slot]]
            if low[other] == low[demand] and high[other] == high[demand]:
                break
            slot = (slot + 1) & (size - 1)
        if slots[slot] == NONE:
            slots[slot] = found
            first[found] = demand
            found += 1
        class_of[demand] = slots[slot]
    return class_of, first[:found].copy()


@njit(cache=True, nogil=True)
def _fill(  # noqa: PLR0917 - kernels take no keyword-only options
    matrix: Matrix,
    allowed: BoolArray,
    class_of: Int32Array,
    is_first: BoolArray,
    members: Int64Array,
    counts: Int64Array,
    begin: int,
    end: int,
) -> tuple[Int64Array, Int32Array, bool]:
    """Write the classes of the sites of a range; False if some site serves a part of a class only."""
    last = np.full(members.size, np.int64(NONE))
    lengths = np.zeros(end - begin, np.int64)
    out = np.empty(counts[begin:end].sum(), np.int32)
    filled = 0
    whole = True
    for site in range(begin, end):
        due = counts[site]
        if due == 0 or not allowed[site]:
            continue
        before = filled
        for at in range(matrix.indptr[site], matrix.indptr[site + 1]):
            demand = matrix.columns[at]
            cls = class_of[demand]
            if cls < 0:
                continue
            if is_first[demand]:
                out[filled] = cls
                filled += 1
                last[cls] = site
                due -= members[cls]
            elif last[cls] != site:
                whole = False
        whole = whole and due == 0
        lengths[site - begin] = filled - before
    return lengths, out[:filled].copy(), whole


@njit(cache=True, nogil=True)
def _transpose(indptr: Int64Array, index: Int32Array, demands: int) -> tuple[Int64Array, Int32Array]:
    rows = np.zeros(demands + 1, np.int64)
    for at in range(index.size):
        rows[index[at] + 1] += 1
    for demand in range(demands):
        rows[demand + 1] += rows[demand]
    place = rows[:-1].copy()
    site_of = np.empty(index.size, np.int32)
    for site in range(indptr.size - 1):
        for at in range(indptr[site], indptr[site + 1]):
            demand = index[at]
            site_of[place[demand]] = site
            place[demand] += 1
    return rows, site_of
