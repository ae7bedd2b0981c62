"""What a search for the most coverage knows so far: the best plan, the bound, and when to stop."""

from __future__ import annotations

import math

import numpy as np

from phusong.coverage.placement.answer import Control, Status, Step
from phusong.coverage.placement.bounds import EPSILON
from phusong.coverage.placement.instance import FloatArray, Int32Array, exact_sum
from phusong.coverage.placement.problem import Problem
from phusong.coverage.placement.reduction import Reduction

RESOLUTION = 1e-7
"""Where weights are no whole numbers, plans whose values differ by less than
this part of all weight are alike."""
_A_FEW = 1000
SCALED_TOTAL = 2.0**23
"""Weights that are not whole are scaled to about this total for HiGHS."""


class Search:
    """The best plan and the best bound, told to whoever listens.

    Values and bounds here are of the weight still undecided: without what is served from the start.

    Parameters
    ----------
    problem : Problem
        What is searched.
    reduction : Reduction
        Its demand made smaller.
    control : Control
        When to stop, whom to tell.
    """

    def __init__(self, problem: Problem, reduction: Reduction, control: Control) -> None:
        self.control = control
        self.problem = problem
        self.reduced = reduction.instance
        self.start = reduction.served_weight
        self.chosen: Int32Array = np.zeros(0, np.int32)
        self.value = 0.0
        self.spent = 0.0
        members = np.bincount(reduction.class_of[reduction.class_of >= 0], minlength=1)
        self.quantum = weight_quantum(problem.instance.demand_weight)
        exact = self.quantum > 0
        reachable = self._reachable = exact_sum(self.reduced.demand_weight)
        self._merging_error = 0.0 if exact else float(members.max()) * EPSILON * reachable
        self.bound = reachable * (1.0 + 2.0 * EPSILON) + self._merging_error
        self.steps: list[Step] = []

    @property
    def close(self) -> float:
        """Least by which a better plan would be better."""
        return self.quantum or RESOLUTION * (self.start + self._reachable)

    @property
    def scale(self) -> float:
        """Power of two by which HiGHS is given the weights; 1 where they are whole numbers."""
        total = float(self.reduced.demand_weight.sum())
        return 1.0 if self.quantum or total <= 0 else 2.0 ** round(math.log2(SCALED_TOTAL / total))

    def offer(self, chosen: Int32Array, stage: str) -> bool:
        """Take a plan if it serves more, or as much for less money or with fewer sites; True if it does."""
        value = self._weight(chosen)
        spent = math.fsum(self.reduced.site_cost[chosen].tolist())
        alike = abs(value - self.value) <= 1e-12 * (self.start + self.value)
        less = (spent, chosen.size) < (self.spent, self.chosen.size)
        better = less if alike else value > self.value
        if self.steps and not better:
            return False
        self.chosen, self.value, self.spent = chosen, value, spent
        self.bound = max(self.bound, value)
        self._tell(stage)
        return True

    def limit(self, bound: float, stage: str) -> None:
        """Take a bound on all plans better than the best one."""
        safe = max(bound + self._merging_error, self.value)
        if safe < self.bound:
            noticeable = self.bound - safe > 1e-6 * self.bound
            self.bound = safe
            if noticeable or self.proved:
                self._tell(stage)

    @property
    def proved(self) -> bool:
        """True when no plan can be better by as much as the weights allow to tell."""
        room = self.bound - self.value
        return room <= 0 or room < self.close * (1.0 - 1e-6)

    @property
    def gap(self) -> float:
        """Gap of the whole value, 0 only when proved."""
        if self.proved:
            return 0.0
        whole = self.start + self.value
        return (self.bound - self.value) / whole if whole > 0 else math.inf

    def beaten(self, bounds: FloatArray, base: float) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        """Tell which bounds leave no room for a better plan."""
        room = self.close - 1e-11 * (abs(self.bound) + self.start) - self._merging_error
        return base + bounds < self.value + max(room, 0.0)

    def remaining_s(self) -> float:
        """Return the seconds left."""
        return self.control.time_limit_s - self.control.elapsed_s()

    def interrupted(self) -> bool:
        """Tell if the search must end at once."""
        return self.control.cancelled() or self.remaining_s() <= 0

    def finished(self) -> bool:
        """Tell if the search has reached its end or must end."""
        return self.gap <= self.control.gap or self.interrupted()

    def status(self) -> Status:
        """Say why the search ended."""
        if self.proved:
            return "proved"
        if self.gap <= self.control.gap:
            return "gap_reached"
        if self.control.cancelled():
            return "cancelled"
        return "time_limit" if self.remaining_s() <= 0 else "heuristic"

    def _weight(self, chosen: Int32Array) -> float:
        served = np.zeros(self.reduced.demands, np.bool_)
        for site in chosen:
            served[self.reduced.served_by(int(site))] = True
        return exact_sum(self.reduced.demand_weight[served])

    def _tell(self, stage: str) -> None:
        step = Step(self.control.elapsed_s(), stage, self.start + self.value, self.start + self.bound)
        self.steps.append(step)
        self.control.tell(step, np.concatenate([self.problem.forced, self.chosen]).astype(np.int32))


def weight_quantum(weight: FloatArray) -> float:
    """Return the greatest whole number that divides all weights; 0 where they are not all whole.

    Sums of whole weights are exact in float64 below 2**53, and two plans differ by a multiple of this.

    Examples
    --------
    >>> weight_quantum(np.array([4.0, 6.0])), weight_quantum(np.array([0.5]))
    (2.0, 0.0)
    """
    if not weight.size or weight.sum() >= 2.0**53 or np.any(weight != np.floor(weight)):
        return 0.0
    whole = weight.astype(np.int64)
    few = int(np.gcd.reduce(whole[:_A_FEW]))
    return 1.0 if few == 1 else float(np.gcd.reduce(whole))
