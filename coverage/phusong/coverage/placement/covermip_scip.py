"""The mixed integer program in SCIP (optional; Apache 2.0).

S. Bolusani et al.: The SCIP Optimization Suite 9.0. Technical report, Optimization Online, 2024.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from typing import Any

import numpy as np
from pyscipopt import Eventhdlr, Model
from pyscipopt.scip import PY_SCIP_EVENTTYPE as SCIP_EVENTTYPE

from phusong.coverage.placement.covermip import (
    DUAL_TOLERANCE,
    MipAnswer,
    Program,
    Watch,
    start_values,
)
from phusong.coverage.placement.instance import FloatArray, Int32Array

_LOOK_S = 0.02
"""How often the watch is asked whether to stop."""


class _Listener(Eventhdlr):
    """Passes on better answers and bounds."""

    def __init__(self, program: Program, columns: list[Any], watch: Watch) -> None:
        self.program, self.columns, self.watch = program, columns, watch
        self.events = SCIP_EVENTTYPE.BESTSOLFOUND | SCIP_EVENTTYPE.NODESOLVED

    def eventinit(self) -> None:
        """Listen."""
        self.model.catchEvent(self.events, self)

    def eventexit(self) -> None:
        """Listen no more."""
        self.model.dropEvent(self.events, self)

    def eventexec(self, event: Any) -> None:  # noqa: ANN401 - the interface has no types
        """Pass on what happened."""
        if event.getType() == SCIP_EVENTTYPE.BESTSOLFOUND:
            self.watch.better(_chosen(self.model, self.columns[: self.program.sites]))
        else:
            self.watch.bounded(self.program.safe(self.model.getDualbound()))


def solve_scip(program: Program, start: Int32Array | None, watch: Watch) -> MipAnswer:
    """Solve `program` with SCIP.

    Parameters
    ----------
    program : Program
        What to solve.
    start : ndarray of int32, optional
        An answer known already; its cost cuts off what is dearer.
    watch : Watch
        Is told of progress and says when to stop.

    Returns
    -------
    MipAnswer
        The best answer and a safe bound.
    """
    model, columns = _model(program)
    model.setParam("limits/time", max(watch.remaining_s(), 0.01))
    if start is not None:
        _give_start(model, columns, start_values(program, start))
    model.includeEventhdlr(_Listener(program, columns, watch), "watch", "passes on better answers and bounds")
    with ThreadPoolExecutor(max_workers=1) as pool:
        solving = pool.submit(model.optimizeNogil)
        while not wait([solving], timeout=_LOOK_S).done:
            if watch.stop():
                # refused between two stages of the solution process: asked again at the next look
                with suppress(Exception):
                    model.interruptSolve()
        solving.result()
    infeasible = model.getStatus() == "infeasible"
    found = model.getNSols() > 0
    chosen = _chosen(model, columns[: program.sites]) if found else np.zeros(0, np.int32)
    return MipAnswer(chosen, found, program.safe(model.getDualbound()), infeasible)


def _model(program: Program) -> tuple[Model, list[Any]]:
    model = Model()
    model.hideOutput()
    model.setParam("numerics/dualfeastol", DUAL_TOLERANCE)
    model.setParam("misc/catchctrlc", False)
    sites = program.sites
    columns = [
        model.addVar(vtype="B" if at < sites else "C", lb=0.0, ub=1.0, obj=float(cost))
        for at, cost in enumerate(program.objective)
    ]
    ends = program.indptr.tolist()
    column, value = program.column.tolist(), program.value.tolist()
    for row, (low, high) in enumerate(zip(program.low.tolist(), program.high.tolist(), strict=True)):
        _add_row(
            model, columns, column[ends[row] : ends[row + 1]], value[ends[row] : ends[row + 1]], low, high
        )
    return model, columns


def _add_row(  # noqa: PLR0917 - one call, its numbers in the order of the equation
    model: Model, columns: list[Any], column: list[int], value: list[float], low: float, high: float
) -> None:
    first = columns[column[0]] * value[0]
    row = model.addCons(first >= low if np.isfinite(low) else first <= high)
    for at, amount in zip(column[1:], value[1:], strict=True):
        model.addConsCoeff(row, columns[at], amount)


def _give_start(model: Model, columns: list[Any], values: FloatArray) -> None:
    solution = model.createSol()
    for at in np.flatnonzero(values):
        model.setSolVal(solution, columns[at], float(values[at]))
    model.addSol(solution)


def _chosen(model: Model, columns: list[Any]) -> Int32Array:
    best: Any = model.getBestSol()
    return np.array([at for at, column in enumerate(columns) if best[column] > 0.5], np.int32)
