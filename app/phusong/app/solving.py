"""Solve an instance of placement: the goal as people write it, Ctrl-C, and the record of the answer."""

from __future__ import annotations

import math
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from types import FrameType
from typing import Any

import numpy as np

from phusong.app.typed import read_number, read_percent
from phusong.coverage.errors import InputError
from phusong.coverage.placement.answer import Control, PlacementAnswer, Step
from phusong.coverage.placement.instance import (
    CoverageInstance,
    Int32Array,
    SideConstraints,
    coverage_instance,
)
from phusong.coverage.placement.leastcost import solve_least_cost
from phusong.coverage.placement.maxcover import solve_max_cover

LOADING_S = 0.5
"""Longest that the small instance is worked on once everything is loaded."""
REACH_ALL = "all"
Tell = Callable[[Step, Int32Array], None]


@dataclass(frozen=True, slots=True)
class Goal:
    """What is asked; exactly one of the four.

    Attributes
    ----------
    sites : int, optional
        Serve most with so many sites.
    budget : float, optional
        Serve most for so much money.
    reach_share : float, optional
        Serve this share of all weight, 0..1, at least cost.
    reach_all : bool
        Serve all that any site can serve, at least cost.
    """

    sites: int | None = None
    budget: float | None = None
    reach_share: float | None = None
    reach_all: bool = False

    @property
    def is_cost(self) -> bool:
        """Whether the cost is what is made small."""
        return self.reach_all or self.reach_share is not None


def goal_from(sites: int | None, budget: float | None, reach: str | None) -> Goal:
    """Read a goal; raise ``place_goal`` unless exactly one part is given; `REACH_ALL` is all that can be."""
    if sum(part is not None for part in (sites, budget, reach)) != 1:
        raise InputError("place_goal")
    if reach is not None and reach.strip().lower() == REACH_ALL:
        return Goal(reach_all=True)
    return Goal(sites, budget, None if reach is None else read_percent(reach) / 100.0)


def share_from(text: str) -> float:
    """Read a share as a fraction of one, or in per cent with its sign.

    Raises
    ------
    InputError
        ``place_share_text`` where it is no number or lies outside 0 .. 100 %.

    Examples
    --------
    >>> share_from("0.5%"), share_from("0,005")
    (0.005, 0.005)
    """
    written = text.strip()
    try:
        number = read_number(written.removesuffix("%").strip())
    except InputError:
        raise InputError("place_share_text", value=text) from None
    share = number / 100.0 if written.endswith("%") else number
    if not 0.0 <= share <= 1.0:  # also refuses what is not a number
        raise InputError("place_share_text", value=text)
    return share


def solve_instance(
    instance: CoverageInstance,
    constraints: SideConstraints,
    goal: Goal,
    *,
    gap: float,
    time_limit_s: float,
    tell: Tell,
) -> PlacementAnswer:
    """Solve until the gap or the time is reached; Ctrl-C ends the search with the best answer so far.

    Parameters
    ----------
    instance, constraints : CoverageInstance, SideConstraints
        What to solve.
    goal : Goal
        What is asked.
    gap : float
        Stop at this gap; 0 asks for proof.
    time_limit_s : float
        Stop soon after.
    tell : callable
        Receives every better answer or bound.

    Returns
    -------
    PlacementAnswer
        Whatever was found, and why the search ended.
    """
    if not (math.isfinite(time_limit_s) and time_limit_s >= 0):
        raise InputError("place_limit", name="time_limit", value=time_limit_s)
    begun = time.perf_counter()
    with interruptible() as interrupted:
        control = Control(
            elapsed_s=lambda: time.perf_counter() - begun,
            time_limit_s=time_limit_s,
            gap=gap,
            cancelled=interrupted,
            tell=tell,
        )
        if goal.is_cost:
            return solve_least_cost(
                instance, reach_share=goal.reach_share, constraints=constraints, control=control
            )
        return solve_max_cover(
            instance, sites=goal.sites, budget=goal.budget, constraints=constraints, control=control
        )


def load_kernels(goal: Goal) -> None:
    """Load the compiled parts that a goal needs, by solving a small instance.

    They lie in a cache on disk, and taking them from there costs a second that has nothing to do with the
    instance; a clock started afterwards tells how long the instance takes.
    """
    draw = np.random.default_rng(0).random((40, 400)) < 0.05
    indptr = np.concatenate([[0], draw.sum(axis=1).cumsum()])
    index = np.nonzero(draw)[1]
    small = coverage_instance(indptr, index, np.ones(400), 1.0 + np.arange(40) % 3)
    reach = 0.3 if goal.is_cost else None
    money = None if goal.budget is None else 12.0
    easy = Goal(None if goal.sites is None else 6, money, reach)
    solve_instance(
        small, SideConstraints(), easy, gap=0.0, time_limit_s=LOADING_S, tell=lambda _step, _chosen: None
    )


@contextmanager
def interruptible() -> Iterator[Callable[[], bool]]:
    """Yield a callable that is true after Ctrl-C; a second Ctrl-C interrupts as ever."""
    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    pressed = threading.Event()

    def press(_number: int, _frame: FrameType | None) -> None:
        pressed.set()
        signal.signal(signal.SIGINT, before)

    before = signal.signal(signal.SIGINT, press)
    try:
        yield pressed.is_set
    finally:
        signal.signal(signal.SIGINT, before)


def answer_record(answer: PlacementAnswer, goal: Goal) -> dict[str, Any]:
    """Return the answer for JSON: the plan, how good it is, the curve of weight against cost, the trace."""
    return {
        "objective": "cost" if goal.is_cost else "weight",
        "status": answer.status,
        "chosen": answer.chosen.tolist(),
        "value": answer.value,
        "bound": answer.bound if math.isfinite(answer.bound) else None,
        "gap": answer.gap if math.isfinite(answer.gap) else None,
        "cost": answer.cost,
        "served_weight": answer.served_weight,
        "total_weight": answer.total_weight,
        "seconds": answer.seconds,
        "curve": _curve(answer),
        "trace": [asdict(step) for step in answer.trace],
    }


def _curve(answer: PlacementAnswer) -> list[dict[str, float]]:
    before = answer.served_weight - math.fsum(answer.added_weight.tolist())
    rows = zip(
        answer.chosen.tolist(),
        answer.step_cost.tolist(),
        answer.added_weight.tolist(),
        np.cumsum(answer.step_cost).tolist(),
        (before + np.cumsum(answer.added_weight)).tolist(),
        strict=True,
    )
    names = ("site", "cost", "added_weight", "total_cost", "served_weight")
    return [dict(zip(names, row, strict=True)) for row in rows]
