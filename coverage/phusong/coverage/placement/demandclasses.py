"""Demand as some sites see it: what the same of them would serve is one, what none would serve is apart."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from phusong.coverage.placement.instance import (
    NONE,
    BoolArray,
    CoverageInstance,
    FloatArray,
    Int32Array,
    Int64Array,
)
from phusong.coverage.placement.reduction import reduce_demand


@dataclass(frozen=True, slots=True)
class DemandClasses:
    """An instance of some sites, and its demand in terms of the demand it came from.

    Attributes
    ----------
    cover : CoverageInstance
        The sites of `site`, in that order, and a demand for each class.
    site : ndarray of int64
        Number of each site where it came from.
    class_of : ndarray of int32, shape (demands before,)
        `NONE` for what none of the sites serves.
    part : ndarray of float64, shape (demands before,)
        Weight of each demand as share of its class; 0 outside.
    lost : float
        Weight that none of the sites serves.
    """

    cover: CoverageInstance
    site: Int64Array
    class_of: Int32Array
    part: FloatArray
    lost: float

    def spread(self, price: FloatArray, outside: FloatArray) -> FloatArray:
        """Return the price of each demand from those of classes, and from `outside` where there is none."""
        inside = self.class_of != NONE
        whole = outside.copy()
        whole[inside] = price[self.class_of[inside]] * self.part[inside]
        return whole

    def gathered(self, price: FloatArray) -> FloatArray:
        """Return the price of each class from those of demands."""
        inside = self.class_of != NONE
        sums = np.bincount(self.class_of[inside], weights=price[inside], minlength=self.cover.demands)
        return sums.astype(np.float64)


def demand_classes(cover: CoverageInstance, keep: BoolArray) -> DemandClasses:
    """Return the instance of the sites `keep`; nothing of `cover` may be covered already."""
    reduction = reduce_demand(cover, usable=keep)
    reduced, class_of = reduction.instance, reduction.class_of
    site = np.flatnonzero(keep)
    lengths = np.diff(reduced.indptr)[site]
    rows = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    smaller = CoverageInstance(
        rows, reduced.demand_index, reduced.demand_weight, cover.site_cost[site], reduced.covered
    )
    inside = class_of != NONE
    part = np.zeros(class_of.size)
    part[inside] = cover.demand_weight[inside] / reduced.demand_weight[class_of[inside]]
    return DemandClasses(smaller, site, class_of, part, math.fsum(cover.demand_weight[~inside].tolist()))
