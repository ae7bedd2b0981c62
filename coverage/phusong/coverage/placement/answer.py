"""What a solver answers, and how it tells of better answers on its way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from phusong.coverage.placement.instance import FloatArray, Int32Array

Status = Literal["proved", "gap_reached", "time_limit", "cancelled", "heuristic"]
"""``proved``: the gap is 0, by a bound computed safely. The others: why the solver stopped."""


@dataclass(frozen=True, slots=True)
class Step:
    """A better answer or a better bound, told while the solver works.

    Attributes
    ----------
    seconds : float
        Since the solver began.
    stage : str
        What found it: ``greedy``, ``swap``, ``bound``, ``rounding``, ``anneal``, ``mip`` …
    value, bound : float
        Objective of the best answer and the bound so far.
    """

    seconds: float
    stage: str
    value: float
    bound: float


@dataclass(frozen=True, slots=True)
class PlacementAnswer:
    """The sites to build, what they reach, and how far from the best that can be.

    Attributes
    ----------
    chosen : ndarray of int32
        Sites in the order to build them: the one that adds most for its cost first.
    value : float
        Objective: weight served (maximum coverage, what is served already included) or cost (least cost).
    bound : float
        No answer exceeds it (maximum coverage) or costs less (least cost); safe against rounding.
    gap : float
        ``|bound - value| / value``; 0 only when proved.
    cost : float
        Cost of the chosen sites.
    served_weight, total_weight : float
        Weight served with the chosen sites, what is served already included, and all weight.
    added_weight, step_cost : ndarray of float64, shape (chosen,)
        What each pick adds when built in this order, and its cost: the curve of coverage against money.
    seconds : float
        Time taken.
    status : str
        See `Status`.
    trace : tuple of Step
        Better answers and bounds in the order they were found.
    """

    chosen: Int32Array
    value: float
    bound: float
    gap: float
    cost: float
    served_weight: float
    total_weight: float
    added_weight: FloatArray
    step_cost: FloatArray
    seconds: float
    status: Status
    trace: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Control:
    """When to stop, and whom to tell.

    Attributes
    ----------
    elapsed_s : callable
        Seconds since the solver was asked; the engine knows no clock of its own.
    time_limit_s : float
        Stop soon after.
    gap : float
        Stop when the gap is at most this; 0 asks for proof.
    cancelled : callable
        True when nobody waits for the answer any more.
    tell : callable
        Receives each `Step` and the sites of the best answer so far.
    threads : int
        Most threads to use.
    """

    elapsed_s: Callable[[], float]
    time_limit_s: float = 60.0
    gap: float = 0.0
    cancelled: Callable[[], bool] = lambda: False
    tell: Callable[[Step, Int32Array], None] = lambda _step, _chosen: None
    threads: int = 2
