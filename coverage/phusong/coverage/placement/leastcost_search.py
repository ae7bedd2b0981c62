"""The best answer and the best bound so far, and who hears of them."""

from __future__ import annotations

import math
import threading

import numpy as np

from phusong.coverage.placement.anneal import kernel_view
from phusong.coverage.placement.anneal_moves import UNSERVED, drop, new_state, rebuild
from phusong.coverage.placement.answer import Control, PlacementAnswer, Status, Step
from phusong.coverage.placement.costproblem import CostProblem, CostTask
from phusong.coverage.placement.instance import Int32Array, exact_sum

_SAME = 2.0**-50
"""Sums of the same multiples of a unit may differ by this in floating point."""


class Search:
    """Collects answers and bounds of one question, from several threads.

    Parameters
    ----------
    task : CostTask
        The question.
    control : Control
        When to stop, and whom to tell.
    """

    def __init__(self, task: CostTask, control: Control) -> None:
        self.task, self.control = task, control
        self.chosen: Int32Array | None = None
        """Sites of the whole instance, the forced ones left out."""
        self.value = math.inf
        """Cost of `chosen`."""
        self.bound = 0.0
        """Of what the sites besides the forced ones cost."""
        self.steps: list[Step] = []
        self._changing = threading.RLock()

    @property
    def gap(self) -> float:
        """Relative gap; 1 while there is no answer."""
        if not math.isfinite(self.value):
            return 1.0
        whole = self.value + self.task.forced_cost
        return 0.0 if self.value <= self.bound or whole <= 0 else (self.value - self.bound) / whole

    def stop(self) -> bool:
        """Return whether to stop now: time over, cancelled, or the gap small enough."""
        return self.remaining_s() <= 0 or self.control.cancelled() or self.closed()

    def closed(self) -> bool:
        """Return whether the gap is small enough."""
        return math.isfinite(self.value) and self.gap <= self.control.gap

    def remaining_s(self) -> float:
        """Return the seconds left."""
        return self.control.time_limit_s - self.control.elapsed_s()

    def better(self, stage: str, problem: CostProblem, chosen: Int32Array) -> bool:
        """Take an answer to `problem`, checked and without needless sites; return whether it helps."""
        kept = _pruned(problem, chosen)
        if kept is None:
            return False
        cost = math.fsum(problem.cover.site_cost[kept].tolist())
        with self._changing:
            if cost >= self.value:
                return False
            self.chosen, self.value = problem.site[kept], cost
            self.bound = min(self.bound, cost)
            self._tell(stage)
        return True

    def bounded(self, stage: str, bound: float) -> None:
        """Take a bound."""
        with self._changing:
            if bound >= self.value * (1.0 - _SAME):
                bound = self.value
            if bound > self.bound:
                self.bound = bound
                self._tell(stage)

    def _tell(self, stage: str) -> None:
        forced = self.task.forced_cost
        step = Step(self.control.elapsed_s(), stage, self.value + forced, self.bound + forced)
        self.steps.append(step)
        if self.chosen is not None:
            self.control.tell(step, np.concatenate([self.task.forced, self.chosen]).astype(np.int32))

    def answer(self) -> PlacementAnswer:
        """Return the answer, its sites in the order to build them."""
        task = self.task
        chosen = np.zeros(0, np.int32) if self.chosen is None else self.chosen
        order, added = _in_order(task, np.concatenate([task.forced, chosen]).astype(np.int32))
        instance = task.instance
        served = exact_sum(instance.demand_weight[instance.covered])
        value = math.fsum(instance.site_cost[order].tolist())
        bound = value if self.gap == 0.0 else math.nextafter(self.bound + task.forced_cost, 0.0)
        return PlacementAnswer(
            chosen=order,
            value=value,
            bound=bound,
            gap=self.gap,
            cost=value,
            served_weight=served + math.fsum(added.tolist()),
            total_weight=task.total_weight,
            added_weight=added,
            step_cost=instance.site_cost[order],
            seconds=self.control.elapsed_s(),
            status=self._status(),
            trace=tuple(self.steps),
        )

    def _status(self) -> Status:
        if self.gap == 0.0:
            return "proved"
        if self.control.cancelled():
            return "cancelled"
        if self.closed():
            return "gap_reached"
        return "time_limit" if self.remaining_s() <= 0 else "heuristic"


def _pruned(problem: CostProblem, chosen: Int32Array) -> Int32Array | None:
    """Return `chosen` without needless sites, `None` when it misses the target or breaks a limit."""
    cover, groups = kernel_view(problem)
    state = new_state(cover, groups)
    rebuild(cover, groups, state, np.asarray(chosen, np.int32))
    if state.sums[UNSERVED] > problem.spare:
        return None
    for site in sorted((int(one) for one in chosen), key=lambda one: (-cover.cost[one], one)):
        if state.sums[UNSERVED] + state.alone[site] <= problem.spare:
            drop(cover, groups, state, site)
    kept = np.sort(state.chosen[: int(state.size[0])])
    return kept if problem.limits.allow(kept) else None


def _in_order(
    task: CostTask, chosen: Int32Array
) -> tuple[Int32Array, np.ndarray[tuple[int], np.dtype[np.float64]]]:
    """Put sites in the order of weight added for the money; return them with what each adds."""
    instance = task.instance
    served = instance.covered.copy()
    weight = instance.demand_weight
    left = {int(site) for site in chosen}
    order: list[int] = []
    added: list[float] = []
    gain = {site: float(weight[instance.served_by(site)].sum()) for site in left}
    while left:
        site = _next(instance.site_cost, left, gain)
        row = instance.served_by(site)
        now = float(weight[row[~served[row]]].sum())
        if now < gain[site] and len(left) > 1:
            gain[site] = now
            continue
        served[row] = True
        left.remove(site)
        order.append(site)
        added.append(now)
    return np.array(order, np.int32), np.array(added, np.float64)


def _next(cost: np.ndarray[tuple[int], np.dtype[np.float64]], left: set[int], gain: dict[int, float]) -> int:
    return max(left, key=lambda site: (gain[site] / max(float(cost[site]), 1e-300), gain[site], -site))
