"""Maximum coverage as a mixed-integer program for HiGHS, with a start, a cutoff and a way to stop it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import highspy
import numpy as np

from phusong.coverage.placement.core import Core
from phusong.coverage.placement.instance import FloatArray, Int32Array
from phusong.coverage.placement.reduction import transpose

DUAL_TOLERANCE = 1e-7
"""HiGHS's tolerance on reduced costs; every column lies in 0 .. 1, so a bound errs by this for each."""

PRESOLVED_NONZEROS = 300_000
"""HiGHS is given larger programs as they are: its presolve would look at the clock after minutes only, and
merged classes and ruled out sites leave it nothing to find."""


@dataclass(frozen=True, slots=True)
class MipRun:
    """How long to search, and whom to tell.

    Attributes
    ----------
    seconds : float
        Most time.
    close : float
        Stop when bound and value differ by no more.
    scale : float
        Power of two that weights are multiplied by, so that HiGHS's tolerances matter less.
    stop : callable
        Asked again and again; True ends the search.
    found : callable
        Receives the sites (numbers of the core) and the bound whenever either got better; the sites are
        None where only the bound did.
    """

    seconds: float
    close: float
    scale: float
    stop: Callable[[], bool]
    found: Callable[[Int32Array | None, float], None]


def solve_core(core: Core, start: Int32Array | None, run: MipRun) -> float:
    """Search the best plan of a core; return a bound on what it serves.

    Parameters
    ----------
    core : Core
        The undecided part.
    start : ndarray of int32, optional
        A plan to begin with (numbers of the core).
    run : MipRun
        Limits and listeners.

    Returns
    -------
    float
        No plan of the core serves more; HiGHS's bound and a margin for its tolerances. Infinite where HiGHS
        came to none.
    """
    program, columns = _program(core, run.scale)
    highs = highspy.Highs()  # type: ignore[no-untyped-call]
    for option, value in (
        ("output_flag", False),
        ("time_limit", max(run.seconds, 0.0)),
        ("mip_rel_gap", 0.0),
        ("mip_abs_gap", run.close * run.scale),
        ("mip_feasibility_tolerance", 1e-9),
        ("primal_feasibility_tolerance", 1e-9),
        ("random_seed", 1),
    ):
        highs.setOptionValue(option, value)
    if core.instance.demand_index.size > PRESOLVED_NONZEROS:
        highs.setOptionValue("presolve", "off")
    highs.passModel(program)
    if start is not None:
        _begin(highs, core, start, columns)
    _listen(highs, core, run)
    highs.run()
    return _outcome(highs, core, run)


def _program(core: Core, scale: float) -> tuple[highspy.HighsLp, int]:
    """Write the program: a column for each site, and one for each demand that several sites serve."""
    instance = core.instance
    by_demand = transpose(instance)
    several = np.diff(by_demand.indptr) > 1
    shared = np.flatnonzero(several)
    alone = np.flatnonzero(~several)
    gain = np.bincount(
        by_demand.site[by_demand.indptr[alone]],
        weights=instance.demand_weight[alone],
        minlength=instance.sites,
    )
    columns = instance.sites + shared.size
    program = highspy.HighsLp()
    program.sense_ = highspy.ObjSense.kMaximize
    program.num_col_ = columns
    program.col_cost_ = scale * np.concatenate([gain, instance.demand_weight[shared]])
    program.col_lower_ = np.zeros(columns)
    program.col_upper_ = np.ones(columns)
    whole, part = highspy.HighsVarType.kInteger, highspy.HighsVarType.kContinuous
    program.integrality_ = [whole] * instance.sites + [part] * shared.size
    starts, index, value, upper = _rows(core, by_demand.indptr, by_demand.site, shared)
    program.num_row_ = upper.size
    program.row_lower_ = np.full(upper.size, -highspy.kHighsInf)
    program.row_upper_ = upper
    program.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    program.a_matrix_.num_col_, program.a_matrix_.num_row_ = columns, upper.size
    program.a_matrix_.start_, program.a_matrix_.index_ = starts, index
    program.a_matrix_.value_ = value
    return program, columns


def _rows(
    core: Core,
    indptr: np.ndarray[tuple[int], np.dtype[np.int64]],
    site: Int32Array,
    shared: np.ndarray[tuple[int], np.dtype[np.int64]],
) -> tuple[Int32Array, Int32Array, FloatArray, FloatArray]:
    """Write ``z - sum(x) <= 0`` for each shared demand, then number, budget and groups."""
    limits, sites = core.limits, core.instance.sites
    starts, index, value, upper = [], [], [], []
    sizes = np.diff(indptr)[shared]
    within = np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    servers = site[np.repeat(indptr[shared], sizes) + within]
    at = np.cumsum(sizes + 1)
    cover = np.empty(int(at[-1]) if at.size else 0, np.int32)
    ones = np.full(cover.size, -1.0)
    ends = np.zeros(cover.size, np.bool_)
    ends[at - 1] = True
    cover[~ends], cover[ends], ones[ends] = servers, sites + np.arange(shared.size), 1.0
    starts.append(np.concatenate([[0], at]))
    index.append(cover)
    value.append(ones)
    upper.append(np.zeros(shared.size))
    every = np.arange(sites, dtype=np.int32)
    extra = [(every, np.ones(sites), float(limits.most_sites))]
    if math.isfinite(limits.budget):
        extra.append((every, limits.cost, limits.budget))
    for group, capacity in enumerate(limits.capacity):
        members = limits.members.columns[limits.members.indptr[group] : limits.members.indptr[group + 1]]
        extra.append((members, np.ones(members.size), float(capacity)))
    total = cover.size
    for members, factors, most in extra:
        total += members.size
        starts.append(np.array([total]))
        index.append(members)
        value.append(factors)
        upper.append(np.array([most]))
    return (
        np.concatenate(starts).astype(np.int32),
        np.concatenate(index).astype(np.int32),
        np.concatenate(value),
        np.concatenate(upper),
    )


def _begin(highs: highspy.Highs, core: Core, start: Int32Array, columns: int) -> None:
    served = np.zeros(core.instance.demands)
    for site in start:
        served[core.instance.served_by(int(site))] = 1.0
    shares = np.zeros(core.instance.sites)
    shares[start] = 1.0
    several = np.bincount(core.instance.demand_index, minlength=core.instance.demands) > 1
    values = np.concatenate([shares, served[several]])
    highs.setSolution(columns, np.arange(columns, dtype=np.int32), values)


def _listen(highs: highspy.Highs, core: Core, run: MipRun) -> None:
    sites = core.instance.sites

    def improved(event: Any) -> None:  # noqa: ANN401 - HiGHS keeps the class private
        shares = np.asarray(event.data_out.mip_solution)[:sites]
        run.found(np.flatnonzero(shares > 0.5).astype(np.int32), math.inf)

    def asked(event: Any) -> None:  # noqa: ANN401
        run.found(None, _above(float(event.data_out.mip_dual_bound), core, run))
        if run.stop():
            event.data_in.user_interrupt = True

    def busy(event: Any) -> None:  # noqa: ANN401
        if run.stop():
            event.data_in.user_interrupt = True

    highs.cbMipImprovingSolution.subscribe(improved)
    highs.cbMipInterrupt.subscribe(asked)
    highs.cbSimplexInterrupt.subscribe(busy)
    highs.cbIpmInterrupt.subscribe(busy)


def _above(bound: float, core: Core, run: MipRun) -> float:
    columns = core.instance.sites + core.instance.demands
    return (bound + DUAL_TOLERANCE * columns + 1e-12 * abs(bound)) / run.scale


def _outcome(highs: highspy.Highs, core: Core, run: MipRun) -> float:
    solution = highs.getSolution()
    if solution.value_valid:
        shares = np.asarray(solution.col_value)[: core.instance.sites]
        run.found(np.flatnonzero(shares > 0.5).astype(np.int32), math.inf)
    bound = float(highs.getInfo().mip_dual_bound)
    return _above(bound, core, run) if math.isfinite(bound) else math.inf
