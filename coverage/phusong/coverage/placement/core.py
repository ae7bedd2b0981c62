"""The part of a problem that is still undecided: sites ruled out are gone, sites ruled in are built."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from phusong.coverage.placement.instance import BoolArray, CoverageInstance, FloatArray, Int32Array
from phusong.coverage.placement.openrows import Matrix
from phusong.coverage.placement.problem import Resources
from phusong.coverage.placement.reduction import reduce_demand


@dataclass(frozen=True, slots=True)
class Core:
    """An instance of its own, with its own numbers of sites.

    Attributes
    ----------
    instance : CoverageInstance
        Sites and demand still undecided; nothing covered, classes merged.
    limits : Resources
        What is left of the limits.
    site : ndarray of int32, shape (sites of the core,)
        Number of each site in the problem.
    built : ndarray of int32
        Sites of the problem that are ruled in.
    base : float
        Weight that those serve, rounded to nearest.
    class_of : ndarray of int32
        Demand of the core that each demand of the core before became.
    """

    instance: CoverageInstance
    limits: Resources
    site: Int32Array
    built: Int32Array
    base: float
    class_of: Int32Array

    @property
    def usable(self) -> BoolArray:
        """All sites of a core may be built."""
        return np.ones(self.site.size, np.bool_)


def whole_core(reduced: CoverageInstance, limits: Resources, usable: BoolArray) -> Core:
    """Return the core of a problem of which nothing is decided yet but what may not be built."""
    everything = Core(
        reduced,
        limits,
        np.arange(reduced.sites, dtype=np.int32),
        np.zeros(0, np.int32),
        0.0,
        np.arange(reduced.demands, dtype=np.int32),
    )
    serves = usable & (np.diff(reduced.indptr) > 0)
    return shrink(everything, ~serves, np.zeros(reduced.sites, np.bool_))


def shrink(core: Core, ruled_out: BoolArray, ruled_in: BoolArray) -> Core:
    """Return the core without the sites ruled out, with the sites ruled in built.

    Parameters
    ----------
    core : Core
        Before.
    ruled_out, ruled_in : ndarray of bool, shape (sites of the core,)
        What was decided.

    Returns
    -------
    Core
        After; demand no longer in question is gone.
    """
    instance = core.instance
    kept = np.flatnonzero(~ruled_out & ~ruled_in)
    built = np.flatnonzero(ruled_in)
    covered = np.zeros(instance.demands, np.bool_)
    for site in built:
        covered[instance.served_by(int(site))] = True
    rows = _rows(instance, kept)
    cost = instance.site_cost[kept]
    smaller = CoverageInstance(rows.indptr, rows.columns, instance.demand_weight, cost, covered)
    reduction = reduce_demand(smaller)
    base = math.fsum([core.base, *instance.demand_weight[covered].tolist()])
    return Core(
        reduction.instance,
        _limits_left(core.limits, kept, built),
        core.site[kept],
        np.concatenate([core.built, core.site[built]]).astype(np.int32),
        base,
        reduction.class_of,
    )


def carried(values: FloatArray, class_of: Int32Array, classes: int) -> FloatArray:
    """Add up what belonged to demand before a core shrank, by the demand it became."""
    kept = class_of >= 0
    return np.bincount(class_of[kept], weights=values[kept], minlength=classes).astype(np.float64)


def _rows(instance: CoverageInstance, kept: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Matrix:
    sizes = np.diff(instance.indptr)[kept]
    indptr = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    within = np.arange(indptr[-1]) - np.repeat(indptr[:-1], sizes)
    return Matrix(indptr, instance.demand_index[np.repeat(instance.indptr[kept], sizes) + within])


def _limits_left(
    limits: Resources,
    kept: np.ndarray[tuple[int], np.dtype[np.int64]],
    built: np.ndarray[tuple[int], np.dtype[np.int64]],
) -> Resources:
    groups = limits.groups
    of_built = [groups.columns[groups.indptr[site] : groups.indptr[site + 1]] for site in built]
    taken = np.bincount(np.concatenate([np.zeros(0, np.int32), *of_built]), minlength=limits.capacity.size)
    number_of = np.full(limits.cost.size, -1, np.int32)
    number_of[kept] = np.arange(kept.size, dtype=np.int32)
    member = number_of[limits.members.columns]
    group = np.repeat(np.arange(limits.capacity.size, dtype=np.int32), np.diff(limits.members.indptr))
    member, group = member[member >= 0], group[member >= 0]
    order = np.argsort(member, kind="stable")
    return Resources(
        limits.cost[kept],
        limits.most_sites - built.size,
        max(limits.budget - math.fsum(limits.cost[built].tolist()), 0.0),
        Matrix(_starts(member, kept.size), group[order]),
        Matrix(_starts(group, limits.capacity.size), member),
        (limits.capacity - taken).astype(np.int32),
    )


def _starts(numbers: Int32Array, rows: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.concatenate([[0], np.cumsum(np.bincount(numbers, minlength=rows))]).astype(np.int64)
