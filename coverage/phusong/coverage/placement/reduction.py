"""Make an instance smaller without changing what its best answer is.

Demand that is served already, that no site reaches or that weighs nothing is dropped; demand points that
exactly the same sites would serve become one. Sites keep their numbers.
"""

from __future__ import annotations

from dataclasses import dataclass

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
    exact_sum,
)
from phusong.coverage.placement.openrows import Matrix, in_ranges, open_rows

UInt64Array = npt.NDArray[np.uint64]

_PHI = np.uint64(0x9E3779B97F4A7C15)
_MIX_1, _MIX_2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_SHIFT_1, _SHIFT_2, _SHIFT_3 = np.uint64(30), np.uint64(27), np.uint64(31)
_SECOND = np.uint64(0xD1B54A32D192ED03)


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
    rows, demand = open_rows(Matrix(instance.indptr, instance.demand_index), wanted, allowed)
    words = _hashes(rows, demand.size)
    reached = (words[:, 0] != 0) | (words[:, 1] != 0)
    of_open, first = _classes(reached, words)
    smaller, is_whole = _filled(rows, of_open, first)
    if not is_whole:
        of_open, first = _each_alone(reached)
        smaller, _ = _filled(rows, of_open, first)
    class_of = np.full(instance.demands, NONE, np.int32)
    class_of[demand] = of_open
    merged = CoverageInstance(
        smaller.indptr,
        smaller.columns,
        _sums(class_of, weight, first.size),
        instance.site_cost,
        np.zeros(first.size, np.bool_),
    )
    return Reduction(merged, class_of, exact_sum(weight[instance.covered]), exact_sum(weight))


def transpose(instance: CoverageInstance) -> Transposed:
    """Return which sites would serve each demand."""
    indptr, site = _transpose(instance.indptr, instance.demand_index, instance.demands)
    return Transposed(indptr, site)


def _hashes(rows: Matrix, demands: int) -> UInt64Array:
    """Return two words for each demand: sums over its sites, in any order."""
    parts = in_ranges(rows.indptr, lambda begin, end: _hash_demand(rows, demands, begin, end))
    words = parts[0]
    for other in parts[1:]:
        words += other
    return words


def _filled(rows: Matrix, class_of: Int32Array, first: Int32Array) -> tuple[Matrix, bool]:
    """Return the classes of each site, and whether every site serves whole classes only."""
    members = np.bincount(class_of[class_of >= 0], minlength=first.size)
    code = -2 - class_of
    code[first] = class_of[first]
    # Large arrays come from NumPy, not from the kernels: it asks the system for large pages.
    out = np.empty(rows.columns.size, np.int32)
    parts = in_ranges(rows.indptr, lambda begin, end: _fill(rows, code, members, out, begin, end))
    lengths = np.concatenate([part[0] for part in parts])
    begins = rows.indptr[np.cumsum([0, *(part[0].size for part in parts)])[:-1]]
    filled = [
        out[begin : begin + int(part[0].sum())] for begin, part in zip(begins.tolist(), parts, strict=True)
    ]
    indptr = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    return Matrix(indptr, np.concatenate(filled)), all(part[1] for part in parts)


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
def _hash_demand(rows: Matrix, demands: int, begin: int, end: int) -> UInt64Array:
    """Add up two words of 64 bits over the sites of each demand."""
    words = np.zeros((demands, 2), np.uint64)
    for site in range(begin, end):
        word = np.uint64(site + 1) * _PHI
        first, second = _mixed(word), _mixed(word ^ _SECOND)
        for at in range(rows.indptr[site], rows.indptr[site + 1]):
            demand = np.uint32(rows.columns[at])
            words[demand, 0] += first
            words[demand, 1] += second
    return words


@njit(cache=True, nogil=True)
def _classes(reached: BoolArray, words: UInt64Array) -> tuple[Int32Array, Int32Array]:
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
        slot = np.int64(words[demand, 0] & np.uint64(size - 1))
        while slots[slot] != NONE:
            other = first[slots[slot]]
            if words[other, 0] == words[demand, 0] and words[other, 1] == words[demand, 1]:
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
    rows: Matrix, code: Int32Array, members: Int64Array, out: Int32Array, begin: int, end: int
) -> tuple[Int64Array, bool]:
    """Write the classes of the sites of a range; False if some site serves a part of a class only.

    `code` is the class of the first demand of each, ``-2 - class`` of the others; what is written for the
    range begins where its rows do.
    """
    last = np.full(members.size, np.int32(NONE))
    lengths = np.zeros(end - begin, np.int64)
    filled = rows.indptr[begin]
    whole = True
    for site in range(begin, end):
        before = filled
        due = rows.indptr[site + 1] - rows.indptr[site]
        for at in range(rows.indptr[site], rows.indptr[site + 1]):
            cls = code[np.uint32(rows.columns[at])]
            if cls >= 0:
                out[filled] = cls
                filled += 1
                last[cls] = site
                due -= members[cls]
            elif last[-2 - cls] != site:
                whole = False
        whole = whole and due == 0
        lengths[site - begin] = filled - before
    return lengths, whole


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
