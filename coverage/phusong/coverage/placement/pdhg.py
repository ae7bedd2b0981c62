"""Restarted primal-dual hybrid gradient for the linear program of maximum coverage.

Restarts at the better of the last point and the average since the last restart, and the primal weight, follow
Applegate et al. (Practical large-scale linear programming using primal-dual hybrid gradient, 2021); the
criterion is the true duality gap, which this problem gives at every point.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from phusong.coverage.placement.instance import BoolArray, CoverageInstance, FloatArray, Int32Array
from phusong.coverage.placement.openrows import Matrix
from phusong.coverage.placement.pdhg_kernel import Point, Saddle, iterate
from phusong.coverage.placement.problem import Resources

CHECK_STEPS = 20
"""Steps between two looks at the gap."""
SUFFICIENT, NECESSARY, ARTIFICIAL = 0.2, 0.8, 0.36
"""When to restart: enough gained; something gained and no more coming; too long without."""
SMOOTHING = 0.5


@dataclass(frozen=True, slots=True)
class Relaxed:
    """The linear program's solution as far as it was found.

    Attributes
    ----------
    share : ndarray of float64, shape (sites,)
        Of each site; keeps the limits up to the groups.
    price : ndarray of float64, shape (demands,)
        Of each demand, 0 .. its weight: any such prices prove a bound.
    group_price : ndarray of float64, shape (groups,)
    served, bound : float
        Objective of the shares, and of the prices; in plain float64.
    steps : int
        Made so far.
    """

    share: FloatArray
    price: FloatArray
    group_price: FloatArray
    served: float
    bound: float
    steps: int


class Relaxation:
    """The linear program of one instance, improved call by call.

    Parameters
    ----------
    reduced : CoverageInstance
        Demand after `reduce_demand`; sites that may not be built serve nothing.
    limits : Resources
        What may be built.
    usable : ndarray of bool, shape (sites,)
    share : ndarray of float64, shape (sites,), optional
        Where to start; nothing built by default.
    price : ndarray of float64, shape (demands,), optional
        Where to start; the full weight by default.
    """

    def __init__(
        self,
        reduced: CoverageInstance,
        limits: Resources,
        usable: BoolArray,
        *,
        share: FloatArray | None = None,
        price: FloatArray | None = None,
        primal_weight: float = 1.0,
    ) -> None:
        self._usable = usable
        self._limits = limits
        self._saddle = _saddle(reduced, limits, usable)
        self._now = _point(self._saddle, share, price)
        self._total = _zero(self._now)
        self._since = 0
        self._steps = 0
        self._origin = _copy(self._now)
        self.primal_weight = primal_weight
        self._restart_gap = math.inf
        self._last_gap = math.inf
        self.best = self._judge(self._now)

    def improve(self, steps: int, *, stop: Callable[[], bool] = lambda: False) -> Relaxed:
        """Make some steps and return the best prices and shares so far."""
        made = 0
        while made < steps and not stop():
            iterate(self._saddle, self._now, self._total, self.primal_weight, CHECK_STEPS)
            made += CHECK_STEPS
            self._since += CHECK_STEPS
            self._steps += CHECK_STEPS
            self._look()
        return self.best

    def _look(self) -> None:
        average = _scaled(self._total, 1.0 / self._since)
        judged = [(self._judge(point), point) for point in (self._now, average)]
        for relaxed, _ in judged:
            self._keep(relaxed)
        candidate, point = min(judged, key=lambda pair: pair[0].bound - pair[0].served)
        gap = candidate.bound - candidate.served
        if self._is_due(gap):
            self._restart(point, gap)
        else:
            self._last_gap = gap

    def _is_due(self, gap: float) -> bool:
        if gap <= SUFFICIENT * self._restart_gap:
            return True
        stalls = gap <= NECESSARY * self._restart_gap and gap > self._last_gap
        return stalls or self._since >= ARTIFICIAL * self._steps

    def _restart(self, point: Point, gap: float) -> None:
        self._now = _copy(point)
        saddle, moved = self._saddle, self._origin
        in_share = _norm(point.share - moved.share, saddle.site_step)
        in_price = math.hypot(
            _norm(point.price - moved.price, saddle.demand_step),
            _norm(point.group_price - moved.group_price, saddle.group_step),
        )
        if in_share > 1e-12 and in_price > 1e-12:
            target = math.log(in_price / in_share)
            self.primal_weight = math.exp(
                SMOOTHING * target + (1.0 - SMOOTHING) * math.log(self.primal_weight)
            )
        self._origin = _copy(self._now)
        self._total = _zero(self._now)
        self._since = 0
        self._restart_gap, self._last_gap = gap, gap

    def _keep(self, relaxed: Relaxed) -> None:
        best = self.best
        price, share = best, best
        if relaxed.bound < best.bound:
            price = relaxed
        if relaxed.served > best.served:
            share = relaxed
        self.best = Relaxed(
            share.share, price.price, price.group_price, share.served, price.bound, self._steps
        )

    def _judge(self, point: Point) -> Relaxed:
        saddle = self._saddle
        served = float(saddle.weight @ np.minimum(point.reach, 1.0))
        over = np.maximum(point.group_use - saddle.capacity, 0.0)
        served -= 2.0 * float(over @ (point.group_price + saddle.group_step))
        worth = point.profit - _charges(saddle, point.group_price)
        most = _most_worth(worth, saddle.claim, saddle.limit)
        bound = float((saddle.weight - point.price).sum() + point.group_price @ saddle.capacity + most)
        return Relaxed(
            point.share.copy(), point.price.copy(), point.group_price.copy(), served, bound, self._steps
        )


def _saddle(reduced: CoverageInstance, limits: Resources, usable: BoolArray) -> Saddle:
    matrix = Matrix(reduced.indptr, reduced.demand_index)
    weight = reduced.demand_weight
    of_site = np.add.reduceat(np.append(weight[reduced.demand_index], 0.0), reduced.indptr[:-1])
    of_site[np.diff(reduced.indptr) == 0] = 0.0
    members = np.diff(limits.members.indptr)
    mean = _row_sums(limits.members, of_site) / np.maximum(members, 1)
    charged = _row_sums(limits.groups, mean)
    by_number = not math.isfinite(limits.budget)
    claim = np.ones(reduced.sites) if by_number else limits.cost
    limit = float(limits.most_sites) if by_number else limits.budget
    site_step = np.where(usable & (of_site > 0), 1.0 / np.maximum(of_site + charged, 1e-300), 0.0)
    degree = np.bincount(reduced.demand_index, minlength=reduced.demands)
    return Saddle(
        matrix,
        weight,
        claim,
        limit,
        limits.groups,
        limits.capacity,
        site_step,
        weight / np.maximum(degree, 1),
        mean / np.maximum(members, 1),
    )


def _row_sums(matrix: Matrix, values: FloatArray) -> FloatArray:
    rows = np.repeat(np.arange(matrix.indptr.size - 1), np.diff(matrix.indptr))
    sums = np.bincount(rows, weights=values[matrix.columns], minlength=matrix.indptr.size - 1)
    return sums.astype(np.float64)


def _charges(saddle: Saddle, group_price: FloatArray) -> FloatArray:
    return _row_sums(saddle.groups, group_price)


def _most_worth(worth: FloatArray, claim: FloatArray, limit: float) -> float:
    """Fill the limit by worth for claim, the last site in part."""
    good = np.flatnonzero(worth > 0)
    rate = worth[good] / np.maximum(claim[good], 1e-300)
    order = good[np.argsort(-rate, kind="stable")]
    taken = np.cumsum(claim[order])
    whole = int(np.searchsorted(taken, limit, side="right"))
    most = float(worth[order[:whole]].sum())
    if whole < order.size:
        rest = limit - (taken[whole - 1] if whole else 0.0)
        most += float(worth[order[whole]] * rest / claim[order[whole]])
    return most


def _norm(moved: FloatArray, step: FloatArray) -> float:
    known = step > 0
    return math.sqrt(float((moved[known] ** 2 / step[known]).sum()))


def _point(saddle: Saddle, share: FloatArray | None, price: FloatArray | None) -> Point:
    sites, demands, groups = saddle.site_step.size, saddle.weight.size, saddle.capacity.size
    start = np.zeros(sites) if share is None else share.copy()
    fair = saddle.weight.copy() if price is None else np.clip(price, 0.0, saddle.weight)
    reach = np.bincount(
        saddle.matrix.columns, weights=np.repeat(start, np.diff(saddle.matrix.indptr)), minlength=demands
    )
    profit = _row_sums(saddle.matrix, fair)
    use = np.bincount(
        saddle.groups.columns, weights=np.repeat(start, np.diff(saddle.groups.indptr)), minlength=groups
    )
    return Point(start, reach.astype(np.float64), fair, profit, np.zeros(groups), use.astype(np.float64))


def _zero(like: Point) -> Point:
    return Point(*(np.zeros_like(part) for part in like))


def _copy(point: Point) -> Point:
    return Point(*(part.copy() for part in point))


def _scaled(total: Point, factor: float) -> Point:
    return Point(*(part * factor for part in total))


def top_shares(share: FloatArray) -> Int32Array:
    """Return the sites of which something is built, most first."""
    inside = np.flatnonzero(share > 1e-6)
    return inside[np.argsort(-share[inside], kind="stable")].astype(np.int32)
