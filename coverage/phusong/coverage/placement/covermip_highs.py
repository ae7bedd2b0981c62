"""The mixed integer program in HiGHS (MIT), always installed.

Q. Huangfu, J. A. J. Hall: Parallelizing the dual revised simplex method. Mathematical Programming
Computation 10 (2018), 119-142.
"""

from __future__ import annotations

from typing import Any

import highspy
import numpy as np

from phusong.coverage.placement.covermip import (
    DUAL_TOLERANCE,
    MipAnswer,
    Program,
    Watch,
    start_values,
)
from phusong.coverage.placement.instance import Int32Array
from phusong.coverage.placement.mip import PRESOLVED_NONZEROS


def solve_highs(program: Program, start: Int32Array | None, watch: Watch) -> MipAnswer:
    """Solve `program` with HiGHS.

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
    solver = _solver(program)
    solver.setOptionValue("time_limit", max(watch.remaining_s(), 0.01))
    if start is not None:
        solution = highspy.HighsSolution()
        solution.col_value = start_values(program, start)
        solver.setSolution(solution)
    _listen(solver, program, watch)
    solver.run()
    info = solver.getInfo()
    infeasible = solver.getModelStatus() == highspy.HighsModelStatus.kInfeasible
    found = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
    values = np.asarray(solver.getSolution().col_value)[: program.sites] if found else np.zeros(0)
    chosen = np.flatnonzero(values > 0.5).astype(np.int32)
    return MipAnswer(chosen, found, program.safe(info.mip_dual_bound), infeasible)


def _solver(program: Program) -> highspy.Highs:
    lp = highspy.HighsLp()
    columns = program.objective.size
    lp.num_col_, lp.num_row_ = columns, program.low.size
    lp.col_cost_ = program.objective
    lp.col_lower_, lp.col_upper_ = np.zeros(columns), np.ones(columns)
    lp.row_lower_, lp.row_upper_ = program.low, program.high
    kind = [highspy.HighsVarType.kInteger] * program.sites
    lp.integrality_ = kind + [highspy.HighsVarType.kContinuous] * (columns - program.sites)
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_ = program.indptr.astype(np.int32)
    lp.a_matrix_.index_, lp.a_matrix_.value_ = program.column, program.value
    solver: highspy.Highs = highspy.Highs()  # type: ignore[no-untyped-call]
    solver.setOptionValue("output_flag", False)
    solver.setOptionValue("mip_rel_gap", 0.0)
    solver.setOptionValue("mip_abs_gap", 0.0)
    solver.setOptionValue("dual_feasibility_tolerance", DUAL_TOLERANCE)
    if program.only_bound:
        solver.setOptionValue("mip_heuristic_effort", 0.0)  # half of the time, where the tree stays small
    if program.column.size > PRESOLVED_NONZEROS:
        solver.setOptionValue("presolve", "off")
    solver.passModel(lp)
    return solver


def _listen(solver: highspy.Highs, program: Program, watch: Watch) -> None:
    def interrupt(event: Any) -> None:  # noqa: ANN401 - made by the solver, has no type
        watch.bounded(program.safe(event.data_out.mip_dual_bound))
        event.data_in.user_interrupt = watch.stop()

    def busy(event: Any) -> None:  # noqa: ANN401 - made by the solver, has no type
        event.data_in.user_interrupt = watch.stop()

    def better(event: Any) -> None:  # noqa: ANN401 - made by the solver, has no type
        values = np.asarray(event.data_out.mip_solution)[: program.sites]
        watch.better(np.flatnonzero(values > 0.5).astype(np.int32))

    solver.cbMipInterrupt += interrupt
    solver.cbSimplexInterrupt += busy
    solver.cbIpmInterrupt += busy
    solver.cbMipImprovingSolution += better
