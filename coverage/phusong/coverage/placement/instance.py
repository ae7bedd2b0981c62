"""Which site would serve which demand, at what cost, and what may not be built together."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from phusong.coverage.errors import PlacementError

BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float64]
Int32Array = npt.NDArray[np.int32]
Int64Array = npt.NDArray[np.int64]

MAX_SITES = 2**31 - 1
MAX_NUMBER = 1e15
"""Largest weight or cost: sums of many stay far from where floating point ends."""
_WHOLE_BELOW = 2.0**53
NONE = -1
"""No group, no area."""


@dataclass(frozen=True, slots=True)
class CoverageInstance:
    """The sparse matrix of sites by demand, with weights and costs.

    Attributes
    ----------
    indptr : ndarray of int64, shape (sites + 1,)
        Where the demand of each site begins in `demand_index` (CSR).
    demand_index : ndarray of int32, shape (nonzeros,)
        Demand that the site would serve; rising and unique within a site.
    demand_weight : ndarray of float64, shape (demands,)
        People, households or villages at each demand; not negative.
    site_cost : ndarray of float64, shape (sites,)
        Cost of each site, in any one currency; not negative.
    covered : ndarray of bool, shape (demands,)
        Demand that is served already by what stands: fixed and free.
    """

    indptr: Int64Array
    demand_index: Int32Array
    demand_weight: FloatArray
    site_cost: FloatArray
    covered: BoolArray

    @property
    def sites(self) -> int:
        """Number of candidate sites."""
        return self.site_cost.size

    @property
    def demands(self) -> int:
        """Number of demand points."""
        return self.demand_weight.size

    def served_by(self, site: int) -> Int32Array:
        """Return the demand that `site` would serve."""
        return self.demand_index[self.indptr[site] : self.indptr[site + 1]]


def coverage_instance(
    indptr: npt.ArrayLike,
    demand_index: npt.ArrayLike,
    demand_weight: npt.ArrayLike,
    site_cost: npt.ArrayLike,
    *,
    covered: npt.ArrayLike | None = None,
) -> CoverageInstance:
    """Check the arrays of an instance and bring them into order.

    Parameters
    ----------
    indptr, demand_index : array_like of int
        CSR rows of sites by demand; indices may come unsorted or repeated.
    demand_weight, site_cost : array_like of float
        From 0 to `MAX_NUMBER`.
    covered : array_like of bool, optional
        Demand served already; none by default.

    Returns
    -------
    CoverageInstance
        Sorted rows without repeats.

    Raises
    ------
    PlacementError
        ``place_shape``, ``place_index`` or ``place_number``: the array, the position, what is allowed.
    """
    weight = _numbers("w", demand_weight)
    cost = _numbers("cost", site_cost)
    rows = _whole("indptr", indptr).astype(np.int64)
    index = _whole("ind", demand_index)
    if rows.size != cost.size + 1:
        raise PlacementError("place_shape", array="indptr", size=rows.size, allowed=cost.size + 1)
    if rows[0] != 0 or rows[-1] != index.size or np.any(np.diff(rows) < 0):
        raise PlacementError("place_index", array="indptr", position=0, allowed=f"0 .. {index.size}")
    wrong = np.flatnonzero((index < 0) | (index >= weight.size))
    if wrong.size:
        raise PlacementError(
            "place_index", array="ind", position=int(wrong[0]), allowed=f"0 .. {weight.size - 1}"
        )
    served = np.zeros(weight.size, np.bool_) if covered is None else np.array(covered, np.bool_)
    if served.shape != weight.shape:
        raise PlacementError("place_shape", array="covered", size=served.size, allowed=weight.size)
    rows, ordered = _in_order(rows, index, weight.size)
    return CoverageInstance(rows, ordered, weight, cost, served)


def _numbers(array: str, values: npt.ArrayLike) -> FloatArray:
    numbers = np.array(values, dtype=np.float64)
    if numbers.ndim != 1:
        raise PlacementError("place_shape", array=array, size=numbers.size, allowed=1)
    wrong = np.flatnonzero(~((numbers >= 0) & (numbers <= MAX_NUMBER)))  # also finds what is no number
    if wrong.size:
        at = int(wrong[0])
        raise PlacementError(
            "place_number", array=array, position=at, value=float(numbers[at]), allowed=f"0 .. {MAX_NUMBER:g}"
        )
    return numbers


def _whole(array: str, values: npt.ArrayLike) -> npt.NDArray[np.integer[Any]]:
    """Return whole numbers in the type they came in: an instance may hold a hundred million."""
    given = np.asarray(values)
    if given.ndim != 1 or (given.size and given.dtype.kind not in "iu"):
        raise PlacementError("place_shape", array=array, size=given.size, allowed=1)
    return given if given.size else given.astype(np.int32)


def _in_order(
    indptr: Int64Array, index: npt.NDArray[np.integer[Any]], demands: int
) -> tuple[Int64Array, Int32Array]:
    rising = index[1:] > index[:-1]
    starts = indptr[1:-1]
    rising[starts[(starts > 0) & (starts < index.size)] - 1] = True
    if rising.all():
        return indptr, index.astype(np.int32)
    site = np.repeat(np.arange(indptr.size - 1, dtype=np.int64), np.diff(indptr))
    key = np.unique(site * max(demands, 1) + index.astype(np.int64))
    site, column = np.divmod(key, max(demands, 1))
    counts = np.bincount(site, minlength=indptr.size - 1)
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64), column.astype(np.int32)


def exact_sum(numbers: FloatArray) -> float:
    """Return the sum of numbers that are not negative, rounded once.

    Whole numbers add up without rounding below 2**53, in any order; only others are added one by one.
    """
    quick = float(numbers.sum())
    if quick < _WHOLE_BELOW and np.array_equal(numbers, np.floor(numbers)):
        return quick
    return math.fsum(numbers.tolist())


@dataclass(frozen=True, slots=True)
class SideConstraints:
    """What may not be built together, and what must or must not be built.

    Attributes
    ----------
    place : ndarray of int32, shape (sites,), optional
        Options with the same number (heights, means at one place) exclude each other; `NONE` stands alone.
    conflicts : ndarray of int32, shape (pairs, 2), optional
        Sites that are too near each other to build both.
    area : ndarray of int32, shape (sites,), optional
        Commune of each site; `NONE` belongs to no commune.
    area_limit : int, optional
        Most new sites in one commune.
    forced : ndarray of int32, optional
        Sites that must be built ("finish this plan for me"); their cost and number count.
    forbidden : ndarray of bool, shape (sites,), optional
        Sites that must not be built (exclusion areas).
    """

    place: Int32Array | None = None
    conflicts: Int32Array | None = None
    area: Int32Array | None = None
    area_limit: int | None = None
    forced: Int32Array | None = None
    forbidden: BoolArray | None = None
