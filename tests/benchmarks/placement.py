"""Maximum coverage on generated instances: value, bound, gap, seconds and memory, with peers beside it.

Each instance is solved in a process of its own, so that its memory is its own. Run by ``make bench``; alone
with ``python tests/benchmarks/placement.py [NAME ...]``.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import highspy
import numpy as np

from phusong.coverage.placement.answer import Control, Step
from phusong.coverage.placement.generator import Landscape, dense_cities, generate_instance
from phusong.coverage.placement.instance import CoverageInstance
from phusong.coverage.placement.maxcover import solve_max_cover
from phusong.coverage.placement.reduction import transpose

SITES = 50
PEER_SECONDS = 60.0
MIB = 2**10
Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Bar:
    """An instance, how long it may take, and the gap it must reach by then; 0 asks for proof."""

    landscape: Landscape
    seconds: float
    gap: float
    peers: tuple[str, ...] = ()


BARS = {
    "500 x 10,000": Bar(Landscape(500, 10_000, grid_cells=1024), 6.0, 0.0, ("highs", "spopt")),
    "5,000 x 200,000, 85 % covered": Bar(Landscape(5_000, 200_000, 0.85), 2.0, 0.0, ("highs",)),
    "5,000 x 200,000, greenfield": Bar(Landscape(5_000, 200_000), 6.0, 0.005, ("highs",)),
    "dense cities, 85 % covered": Bar(dense_cities(), 15.0, 0.01),
    "20,000 x 1,000,000, 85 % covered": Bar(Landscape(20_000, 1_000_000, 0.85), 30.0, 0.0),
}


def report() -> None:
    """Measure every bar and print a table."""
    for name, bar in BARS.items():
        for solver in ("phusong", *bar.peers):
            record = measured(name, solver)
            sys.stdout.write(line(name, solver, bar, record) + "\n")
            sys.stdout.flush()


def measured(name: str, solver: str) -> Record:
    """Solve one instance with one solver in a process of its own."""
    command = [sys.executable, str(Path(__file__).resolve()), "--one", name, solver]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=PEER_SECONDS * 5)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        return {"failed": str(error.stderr or error)[-120:]}
    return dict(json.loads(done.stdout.splitlines()[-1]))


def line(name: str, solver: str, bar: Bar, record: Record) -> str:
    """Write what was measured in one line; gaps also as part of what the new sites serve."""
    if "failed" in record:
        return f"{name:34}{solver:9} came to nothing: {record['failed']}"
    gap, of_added = record["gap"], record["gap_of_added"]
    told = (
        f"{name:34}{solver:9}value {record['value']:>11,.0f}  bound {record['bound']:>13,.1f}"
        f"  gap {gap:8.4%} (of what is added {of_added:8.4%})  {record['seconds']:7.2f} s"
        f"  {record['mib']:6,.0f} MiB  {record['status']}"
    )
    if solver != "phusong":
        return told
    first = f"  first answer {record['first_seconds']:.2f} s"
    at_bar = f"  at {bar.seconds:g} s: {record['gap_at_bar']:.4%} (bar {bar.gap:.2%})"
    return told + first + at_bar + f"  {record['nonzeros'] / 1e6:.1f} M nonzeros"


def one(name: str, solver: str) -> Record:
    """Generate an instance, solve it and say how it went."""
    bar = BARS[name]
    instance = generate_instance(bar.landscape)
    start = float(instance.demand_weight[instance.covered].sum())
    before_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / MIB
    record = {"phusong": ours, "highs": plain_highs, "spopt": spopt}[solver](instance, bar)
    record["mib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / MIB
    record["mib_before"] = before_mib
    record["nonzeros"] = int(instance.demand_index.size)
    record["gap"] = (record["bound"] - record["value"]) / record["value"]
    record["gap_of_added"] = (record["bound"] - record["value"]) / (record["value"] - start)
    return record


def ours(instance: CoverageInstance, bar: Bar) -> Record:
    """Solve with phusong: to proof, or for twice the time of the bar."""
    tiny = generate_instance(Landscape(60, 1_000, grid_cells=128))
    solve_max_cover(tiny, sites=5, control=Control(elapsed_s=lambda: 0.0))  # kernels loaded or compiled
    steps: list[Step] = []
    begun = time.perf_counter()
    control = Control(
        elapsed_s=lambda: time.perf_counter() - begun,
        time_limit_s=2.0 * bar.seconds,
        tell=lambda step, _chosen: steps.append(step),
    )
    answer = solve_max_cover(instance, sites=SITES, control=control)
    in_time = [step for step in steps if step.seconds <= bar.seconds]
    value, bound = max(s.value for s in in_time), min(s.bound for s in in_time)
    first = [s.seconds for s in steps if s.stage in ("greedy", "swap")][-1]
    gap_at_bar = (
        0.0 if answer.status == "proved" and answer.seconds <= bar.seconds else (bound - value) / value
    )
    return {
        "value": answer.value,
        "bound": answer.bound,
        "seconds": answer.seconds,
        "status": answer.status,
        "first_seconds": first,
        "gap_at_bar": gap_at_bar,
    }


def plain_highs(instance: CoverageInstance, _bar: Bar) -> Record:
    """Solve the textbook program with HiGHS, served demand left out, for `PEER_SECONDS`."""
    begun = time.perf_counter()
    by_demand = transpose(instance)
    wanted = np.flatnonzero(~instance.covered)
    sizes = np.diff(by_demand.indptr)[wanted]
    within = np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    servers = by_demand.site[np.repeat(by_demand.indptr[wanted], sizes) + within]
    sites, demands = instance.sites, wanted.size
    program = highspy.HighsLp()
    program.sense_ = highspy.ObjSense.kMaximize
    program.num_col_, program.num_row_ = sites + demands, demands + 1
    program.col_cost_ = np.concatenate([np.zeros(sites), instance.demand_weight[wanted]])
    program.col_lower_, program.col_upper_ = np.zeros(sites + demands), np.ones(sites + demands)
    whole, part = highspy.HighsVarType.kInteger, highspy.HighsVarType.kContinuous
    program.integrality_ = [whole] * sites + [part] * demands
    program.row_lower_ = np.full(demands + 1, -highspy.kHighsInf)
    program.row_upper_ = np.append(np.zeros(demands), float(SITES))
    ends = np.cumsum(sizes + 1)
    index, value = np.empty(int(ends[-1]), np.int32), np.full(int(ends[-1]), -1.0)
    last = np.zeros(index.size, np.bool_)
    last[ends - 1] = True
    index[~last], index[last], value[last] = servers, sites + np.arange(demands), 1.0
    matrix = program.a_matrix_
    matrix.format_ = highspy.MatrixFormat.kRowwise
    matrix.num_col_, matrix.num_row_ = sites + demands, demands + 1
    matrix.start_ = np.concatenate([[0], ends, [ends[-1] + sites]]).astype(np.int32)
    matrix.index_ = np.concatenate([index, np.arange(sites)]).astype(np.int32)
    matrix.value_ = np.concatenate([value, np.ones(sites)])
    highs = highspy.Highs()
    for option, setting in (("output_flag", False), ("mip_rel_gap", 0.0), ("time_limit", PEER_SECONDS)):
        highs.setOptionValue(option, setting)
    highs.passModel(program)
    highs.run()
    start = float(instance.demand_weight[instance.covered].sum())
    info = highs.getInfo()
    return {
        "value": start + info.objective_function_value,
        "bound": start + min(info.mip_dual_bound, float(instance.demand_weight[wanted].sum())),
        "seconds": time.perf_counter() - begun,
        "status": highs.modelStatusToString(highs.getModelStatus()),
    }


def spopt(instance: CoverageInstance, _bar: Bar) -> Record:
    """Solve with spopt's MCLP (PuLP and CBC); it builds a dense matrix of distances."""
    import pulp
    from spopt.locate import MCLP

    begun = time.perf_counter()
    distance = np.ones((instance.demands, instance.sites))
    for site in range(instance.sites):
        distance[instance.served_by(site), site] = 0.0
    weight = np.where(instance.covered, 0.0, instance.demand_weight)
    model = MCLP.from_cost_matrix(distance, weight, 0.5, p_facilities=SITES)
    solved = model.solve(pulp.PULP_CBC_CMD(msg=False, timeLimit=PEER_SECONDS))
    value = float(pulp.value(solved.problem.objective))
    status = pulp.LpStatus[solved.problem.status]
    proved = solved.problem.sol_status == pulp.LpSolutionOptimal
    return {
        "value": value,
        "bound": value if proved else float(weight.sum()),
        "seconds": time.perf_counter() - begun,
        "status": status,
    }


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        sys.stdout.write(json.dumps(one(sys.argv[2], sys.argv[3])) + "\n")
    else:
        for chosen in sys.argv[1:] or list(BARS):
            sys.stdout.write(line(chosen, "phusong", BARS[chosen], measured(chosen, "phusong")) + "\n")
