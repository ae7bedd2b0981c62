"""Least cost as a mixed integer program, solved by SCIP where it is installed, else by HiGHS.

    min c x   s.t.  A' x + u >= 1,   w u <= spare,   sum of x in a group <= most,   x in {0, 1},  0 <= u <= 1

A solver's own bound holds within its tolerances: each column may cost less than it should by the dual
tolerance, and lies in a box of width 1. The bound reported is lower by that much for every column, and by a
relative `RELATIVE_MARGIN` for sums. Where all costs are whole multiples of a unit it is then rounded up to
the next multiple; only so can it meet the value, and only then is an answer called proved. Units that are
small beside the costs are put together in the objective, so that its numbers suit the tolerance.
"""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from phusong.coverage.placement.costproblem import CostProblem, unit_of
from phusong.coverage.placement.instance import BoolArray, FloatArray, Int32Array, Int64Array
from phusong.coverage.placement.limits import Limits

DUAL_TOLERANCE = 1e-7
"""Dual feasibility tolerance that both solvers are given."""
RELATIVE_MARGIN = 2e-9
"""Twice the relative difference below which SCIP takes numbers for equal; sums of a million terms err by less
(N. J. Higham: Accuracy and Stability of Numerical Algorithms, 2002, eq. 4.4)."""
_TYPICAL = 1000.0
"""Mean cost in the program when costs have no unit in common."""
_MOST_MEAN = 1e4
"""Most that the mean cost is in the program, times ten."""


@dataclass(frozen=True, slots=True)
class Program:
    """The mixed integer program in scaled numbers: sites come first, then demand that may stay unserved.

    Attributes
    ----------
    objective : ndarray of float64, shape (columns,)
        Costs in `scale`; 0 for demand.
    sites : int
        Number of columns that are sites (binary).
    indptr, column, value : ndarray
        Rows (CSR).
    low, high : ndarray of float64, shape (rows,)
        Bounds of the rows.
    scale : float
        Money of a unit of the objective.
    unit : float
        All costs are whole multiples of this money; 0 when there is no such unit.
    only_bound : bool
        Only the bound is wanted; better answers are of no use.
    """

    objective: FloatArray
    sites: int
    indptr: Int64Array
    column: Int32Array
    value: FloatArray
    low: FloatArray
    high: FloatArray
    scale: float
    unit: float
    only_bound: bool = False

    def safe(self, bound: float) -> float:
        """Return, in money, what of a solver's `bound` is certain whatever its tolerances."""
        if not math.isfinite(bound):
            return 0.0
        certain = bound - DUAL_TOLERANCE * self.objective.size - RELATIVE_MARGIN * (1.0 + abs(bound))
        if self.unit > 0:
            return max(0.0, math.ceil(certain * (self.scale / self.unit)) * self.unit)
        return max(0.0, certain * self.scale)


@dataclass(frozen=True, slots=True)
class MipAnswer:
    """What a solver found.

    Attributes
    ----------
    chosen : ndarray of int32
        Sites of the best answer it knows; empty when `found` is false.
    found : bool
        Whether there is an answer.
    bound : float
        No answer costs less (money, safe).
    infeasible : bool
        Whether the solver is certain that there is no answer.
    """

    chosen: Int32Array
    found: bool
    bound: float
    infeasible: bool


class Watch(Protocol):
    """Who is told of progress and says when to stop."""

    def stop(self) -> bool:
        """Return whether to stop now."""

    def remaining_s(self) -> float:
        """Return the seconds left."""

    def better(self, chosen: Int32Array) -> None:
        """Take a better answer."""

    def bounded(self, bound: float) -> None:
        """Take a better bound (money, safe)."""


Solver = Callable[[Program, Int32Array | None, Watch], MipAnswer]


def has_scip() -> bool:
    """Return whether the optional solver SCIP is installed."""
    return importlib.util.find_spec("pyscipopt") is not None


def best_solver() -> Solver:
    """Return SCIP where it is installed, else HiGHS."""
    if has_scip():
        from phusong.coverage.placement.covermip_scip import solve_scip  # noqa: PLC0415

        return solve_scip
    from phusong.coverage.placement.covermip_highs import solve_highs  # noqa: PLC0415

    return solve_highs


def cover_program(problem: CostProblem) -> Program:
    """Write `problem` as a mixed integer program.

    Parameters
    ----------
    problem : CostProblem
        What is left to decide.

    Returns
    -------
    Program
        Demand heavier than `spare` has no column: it must be served.
    """
    cover = problem.cover
    may_miss = (
        np.zeros(cover.demands, np.bool_) if problem.covers_all else cover.demand_weight <= problem.spare
    )
    unit = unit_of(cover.site_cost)
    scale, cost = _scaled(cover.site_cost, unit)
    objective = np.concatenate([cost, np.zeros(int(may_miss.sum()))])
    rows = [_cover_rows(problem, may_miss)]
    if may_miss.any():
        rows.append(_target_row(problem, may_miss))
    if problem.limits.groups:
        rows.append(_limit_rows(problem.limits))
    lengths, column, value, low, high = (np.concatenate(parts) for parts in zip(*rows, strict=True))
    indptr = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    return Program(objective, cover.sites, indptr, column.astype(np.int32), value, low, high, scale, unit)


def reach_program(problem: CostProblem) -> Program:
    """Write as a program how little weight can stay unserved within the limits, whatever it costs."""
    cover, limits = problem.cover, problem.limits
    unit = unit_of(cover.demand_weight)
    scale, weight = _scaled(cover.demand_weight, unit)
    rows = [_cover_rows(problem, np.ones(cover.demands, np.bool_)), _limit_rows(limits)]
    lengths, column, value, low, high = (np.concatenate(parts) for parts in zip(*rows, strict=True))
    objective = np.concatenate([np.zeros(cover.sites), weight])
    indptr = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    return Program(objective, cover.sites, indptr, column.astype(np.int32), value, low, high, scale, unit)


def prize_program(problem: CostProblem) -> Program:
    """Write as a program what sites cost and the weight unserved, in one money; only its bound is wanted."""
    cover, limits = problem.cover, problem.limits
    scale, cost = _scaled(cover.site_cost, 0.0)
    rows = [_cover_rows(problem, np.ones(cover.demands, np.bool_))]
    if limits.groups:
        rows.append(_limit_rows(limits))
    lengths, column, value, low, high = (np.concatenate(parts) for parts in zip(*rows, strict=True))
    objective = np.concatenate([cost, cover.demand_weight / scale])
    indptr = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    return Program(
        objective,
        cover.sites,
        indptr,
        column.astype(np.int32),
        value,
        low,
        high,
        scale,
        unit=0.0,
        only_bound=True,
    )


_Rows = tuple[Int64Array, Int32Array, FloatArray, FloatArray, FloatArray]


def _cover_rows(problem: CostProblem, may_miss: BoolArray) -> _Rows:
    cover, by = problem.cover, problem.by_demand
    ends = by.indptr[1:][may_miss]
    number = cover.sites + np.arange(ends.size, dtype=np.int32)
    column = np.insert(by.site, ends, number)
    lengths = np.diff(by.indptr) + may_miss
    return (
        lengths,
        column,
        np.ones(column.size),
        np.ones(cover.demands),
        np.full(cover.demands, np.inf),
    )


def _limit_rows(limits: Limits) -> _Rows:
    most = limits.most.astype(np.float64)
    return np.diff(limits.indptr), limits.site, np.ones(limits.site.size), np.full(most.size, -np.inf), most


def _target_row(problem: CostProblem, may_miss: BoolArray) -> _Rows:
    weight = problem.cover.demand_weight[may_miss]
    unit = unit_of(weight) or float(weight.mean())
    return (
        np.array([weight.size]),
        problem.cover.sites + np.arange(weight.size, dtype=np.int32),
        weight / unit,
        np.array([-np.inf]),
        np.array([problem.spare / unit]),
    )


def _scaled(numbers: FloatArray, unit: float) -> tuple[float, FloatArray]:
    """Return what a unit of the objective is, and `numbers` in it; whole where that is `unit`."""
    mean = float(numbers.mean())
    if unit <= 0:
        scale = mean / _TYPICAL if mean > 0 else 1.0
        return scale, numbers / scale
    together = max(0, math.floor(math.log10(max(mean / unit, 1.0) / _MOST_MEAN)))
    scale = unit * 10.0**together
    return scale, np.rint(numbers / unit) / 10.0**together


def start_values(program: Program, chosen: Int32Array) -> FloatArray:
    """Return the columns of an answer: its sites, and what it leaves unserved."""
    values = np.zeros(program.objective.size)
    values[chosen] = 1.0
    row = np.repeat(np.arange(program.low.size), np.diff(program.indptr))
    is_site = program.column < program.sites
    reached = np.bincount(row[is_site], weights=values[program.column[is_site]], minlength=program.low.size)
    misses = ~is_site & (program.low[row] == 1.0)
    values[program.column[misses]] = np.where(reached[row[misses]] > 0, 0.0, 1.0)
    return values
