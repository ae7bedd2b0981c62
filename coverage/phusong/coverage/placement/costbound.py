"""Bound on cost by linear programming, sites entering as their prices ask for them.

The program of some sites is solved by interior point steps (`costbound_newton`); sites whose demand is
worth more than they cost enter. Each step has prices of all demand in its hands, and any prices bound the
cost (`costbound_safe`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from phusong.coverage.placement.anneal import kernel_view
from phusong.coverage.placement.costbound_newton import (
    Point,
    Within,
    make_step,
    start_point,
    warm_point,
    within_sites,
)
from phusong.coverage.placement.costbound_safe import paid_prices, reduced_costs, safe_bound
from phusong.coverage.placement.costproblem import CostProblem
from phusong.coverage.placement.instance import BoolArray, FloatArray

MOST_STEPS = 80
_PRECISE = 2e-4
"""Gap of the linear program at which it counts as solved."""
COARSE = 1e-2
"""Gap at which the first sites are priced; each further round is `_FINER` times finer."""
_FINER = 0.2
NEARLY = 1e-3
"""Gap that is fine enough where no site wants to enter."""
_MOST_NEW = 600
"""Most sites that enter at once."""


@dataclass(frozen=True, slots=True)
class CostBound:
    """A bound and the prices that prove it.

    Attributes
    ----------
    value : float
        No answer costs less.
    price : ndarray of float64, shape (demands,)
        Money for serving each demand.
    rate : float
        Money for a unit of weight.
    share : ndarray of float64, shape (sites,)
        How much of each site the linear program builds, 0 to 1 (not exact).
    """

    value: float
    price: FloatArray
    rate: float
    share: FloatArray


def cost_bound(
    problem: CostProblem,
    first: BoolArray,
    *,
    stop: Callable[[], bool],
    tell: Callable[[CostBound], None],
    precise: float = COARSE,
) -> CostBound:
    """Return the bound of the linear program of `problem`, or a weaker one when stopped early.

    Parameters
    ----------
    problem : CostProblem
        Its limits are left out, which can only lower the bound.
    first : ndarray of bool, shape (sites,)
        Sites to begin with, among them those of a good answer.
    stop : callable
        True when time is over.
    tell : callable
        Receives each better bound.
    precise : float
        Gap of the linear program of the first sites at which others are priced: finer, where few are missing.

    Returns
    -------
    CostBound
        The best found.
    """
    rounds = _Rounds(problem, first, stop, tell)
    while not stop():
        if not rounds.solve(precise):
            break
        new = rounds.wanted()
        if new.size == 0 and precise <= NEARLY:
            break
        rounds.keep[new] = True
        precise = max(precise * _FINER, _PRECISE)
    return rounds.best


class _Rounds:
    """Linear programs of more and more sites, each begun from the last."""

    def __init__(
        self,
        problem: CostProblem,
        first: BoolArray,
        stop: Callable[[], bool],
        tell: Callable[[CostBound], None],
    ) -> None:
        self.problem, self.stop, self.tell = problem, stop, tell
        self.cover = kernel_view(problem)[0]
        self.keep = first.copy()
        self.x = np.zeros(self.cover.cost.size)
        self.price = np.zeros(self.cover.weight.size)
        self.rate = 0.0
        self.left = self.cover.cost
        self.best = CostBound(0.0, self.price, 0.0, self.x)

    def wanted(self) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        """Return the sites to let in: those worth most beyond their cost, if they matter together."""
        excess = np.where(self.keep, 0.0, -self.left)
        new = np.flatnonzero(excess > 1e-7 * self.cover.cost.mean())
        if excess[new].sum() < _PRECISE * self.best.value:
            new = new[:0]
        return new[np.argsort(-excess[new], kind="stable")[:_MOST_NEW]]

    def solve(self, precise: float) -> bool:
        """Solve the program of the sites in `keep`; return whether it got there."""
        within = within_sites(self.problem, self.keep)
        kept = np.flatnonzero(self.keep)
        warm = self.rate > 0
        point = (
            warm_point(within, self.x[kept], within.classes.gathered(self.price), self.rate)
            if warm
            else start_point(within)
        )
        for _ in range(MOST_STEPS):
            moved = None if self.stop() else _tried(within, point)
            if moved is None:
                return False
            point, gap = moved
            self._take(within, point, kept)
            if gap < precise:
                return True
        return True

    def _take(self, within: Within, point: Point, kept: np.ndarray[tuple[int], np.dtype[np.int64]]) -> None:
        """Look at prices and what they prove."""
        cover = self.cover
        # What no site in the program serves is worth its weight.
        self.price = within.classes.spread(point.price, point.rate * cover.weight)
        self.rate = point.rate
        self.x = np.zeros(cover.cost.size)
        self.x[kept] = np.minimum(point.x, 1.0)
        self.left = reduced_costs(cover, self.price, self.rate)
        inside = np.minimum(self.price, self.rate * cover.weight)
        worth = cover.cost - self.left
        over = float(np.max(worth / np.maximum(cover.cost, 1e-300), initial=1.0))
        self._offer(inside, self.rate)
        self.price = paid_prices(cover, inside, self.left)
        self._offer(self.price, self.rate)
        if np.isfinite(over):
            self._offer(inside / over, self.rate / over)

    def _offer(self, price: FloatArray, rate: float) -> None:
        """Take prices that prove more than the best so far."""
        value = safe_bound(self.cover, price, rate, self.problem.spare)
        if value > self.best.value:
            self.best = CostBound(value, price, rate, self.x)
            self.tell(self.best)


def _tried(within: Within, point: Point) -> tuple[Point, float] | None:
    """Make a step, `None` where the numbers give out."""
    try:
        with np.errstate(all="ignore"):
            point, gap = make_step(within, point)
    except np.linalg.LinAlgError:
        return None
    whole = np.isfinite(point.rate) and np.isfinite(point.price).all() and np.isfinite(point.x).all()
    return (point, gap) if whole and point.rate > 0 else None
