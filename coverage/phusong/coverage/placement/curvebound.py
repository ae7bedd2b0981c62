"""No plan of any cost serves more than this: a bound along the whole curve of coverage against money."""

from __future__ import annotations

import itertools
import math

import numpy as np
import numpy.typing as npt

from phusong.coverage.placement.instance import NONE, BoolArray, CoverageInstance, FloatArray, Int32Array

MOST_STARTS = 16
"""Beginnings of the plan from which the bound is looked for; each is valid, the least of them holds."""
_SAFE = 1.0 + 1e-9


def most_served(
    instance: CoverageInstance,
    picks: Int32Array,
    costs: npt.ArrayLike,
    *,
    usable: BoolArray | None = None,
    place: Int32Array | None = None,
) -> FloatArray:
    """Bound what any choice of sites can serve for each of several amounts of money.

    Parameters
    ----------
    instance : CoverageInstance
    picks : ndarray of int32
        Sites of a good plan in the order of building; any order is valid, a good one makes the bound sharp.
    costs : array_like of float
        Amounts of money.
    usable : ndarray of bool, shape (sites,), optional
        Sites that may be built; all by default.
    place : ndarray of int32, shape (sites,), optional
        Options with the same number exclude each other.

    Returns
    -------
    ndarray of float64
        Weight that no choice of such a cost exceeds, what is served already included; not falling.

    Notes
    -----
    Coverage is submodular: for any set S a plan P serves at most f(S) plus what each site of P adds to S
    alone (Nemhauser, Wolsey, Fisher 1978). The best sum of that within the money is bounded by the linear
    relaxation of a knapsack with one choice a place (Sinha, Zoltners 1979). S runs through beginnings of
    `picks`.
    """
    money = np.asarray(costs, dtype=np.float64)
    covered = instance.covered.copy()
    # Without any money sites that cost nothing can still be built.
    bound = np.full(money.shape, float(instance.demand_weight.sum()))
    starts = set(np.unique(np.linspace(0, picks.size, MOST_STARTS).round().astype(int)).tolist())
    for done in range(picks.size + 1):
        if done in starts:
            start = math.fsum(instance.demand_weight[covered].tolist())
            spent, added = _steps(instance, covered, usable, place)
            more = np.interp(money, spent, added)
            bound = np.minimum(bound, (start + more) * _SAFE)
        if done < picks.size:
            covered[instance.served_by(int(picks[done]))] = True
    return np.maximum.accumulate(bound) if np.all(np.diff(money) >= 0) else bound


def _steps(
    instance: CoverageInstance, covered: BoolArray, usable: BoolArray | None, place: Int32Array | None
) -> tuple[FloatArray, FloatArray]:
    """Most that money adds when parts of sites may be bought: corners of a rising, concave curve."""
    weight = np.where(covered, 0.0, instance.demand_weight)[instance.demand_index]
    sums = np.concatenate([[0.0], np.cumsum(weight)])
    gain = sums[instance.indptr[1:]] - sums[instance.indptr[:-1]]
    gain = np.where(gain > 0, gain * _SAFE, 0.0)
    if usable is not None:
        gain = np.where(usable, gain, 0.0)
    own = np.arange(instance.sites) + 1 + (0 if place is None else int(place.max(initial=0)))
    group = own if place is None else np.where(place == NONE, own, place)
    useful = np.flatnonzero(gain > 0)
    parts: list[tuple[float, float]] = []
    order = useful[np.lexsort((instance.site_cost[useful], group[useful]))]
    for one in np.split(order, np.flatnonzero(np.diff(group[order])) + 1):
        parts += _hull(instance.site_cost[one].tolist(), gain[one].tolist())
    parts.sort(key=lambda part: -part[1] / part[0] if part[0] > 0 else -math.inf)
    steps = np.array(parts, dtype=np.float64).reshape(-1, 2)
    return np.concatenate([[0.0], np.cumsum(steps[:, 0])]), _from_free(steps)


def _from_free(steps: FloatArray) -> FloatArray:
    """Sum up gains; what costs nothing is there before any money is spent."""
    added = np.concatenate([[0.0], np.cumsum(steps[:, 1])])
    free = int((steps[:, 0] == 0).sum())
    added[: free + 1] = added[free]
    return added


def _hull(cost: list[float], gain: list[float]) -> list[tuple[float, float]]:
    """Cut the options of a place, by rising cost, into steps of falling worth."""
    corners = [(0.0, 0.0)]
    for one in zip(cost, gain, strict=True):
        if one[1] <= corners[-1][1]:
            continue
        while len(corners) > 1 and _worth(corners[-2], one) >= _worth(corners[-2], corners[-1]):
            corners.pop()
        if one[0] == 0.0:
            corners = [(0.0, 0.0)]
        corners.append(one)
    return [(after[0] - before[0], after[1] - before[1]) for before, after in itertools.pairwise(corners)]


def _worth(start: tuple[float, float], end: tuple[float, float]) -> float:
    cost = end[0] - start[0]
    return (end[1] - start[1]) / cost if cost > 0 else math.inf
