"""Least cost on generated instances: value, bound, gap and seconds against the bars.

Run by ``make bench``; alone with ``python tests/benchmarks/placement_cost.py [NAME ...]``. A target is a
share of what the candidates can serve.
"""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import maximum_filter

from phusong.coverage.placement.answer import Control, PlacementAnswer
from phusong.coverage.placement.generator import CELL_M, Landscape, fractal_terrain, generate_instance
from phusong.coverage.placement.generator_kernel import Ground, Points, most_seen, seen_points
from phusong.coverage.placement.instance import CoverageInstance, coverage_instance
from phusong.coverage.placement.leastcost import solve_least_cost

VILLAGES, PLACES, HEIGHTS_M = 350, 2_500, (30.0, 45.0, 60.0)
PROVINCE_CELLS, REACH_M = 1024, 9_000.0
POPULATION_CELLS, SPREAD_CELLS = 60_000, 8.0


@dataclass(frozen=True, slots=True)
class Bar:
    """An instance, the share to reach (of what can be served), which gap is due after which seconds."""

    make: Callable[[], CoverageInstance]
    share: float
    due: tuple[tuple[float, float], ...]


def mountain_villages(seed: int = 1, *, population_cells: int = 0) -> CoverageInstance:
    """Return villages in valleys and many places with three heights each; costs rise with height.

    With `population_cells` the demand are not the villages but that many cells around them.
    """
    random = np.random.default_rng(seed)
    height_m = fractal_terrain(random, PROVINCE_CELLS)
    tries = random.integers(4, PROVINCE_CELLS - 4, (4, VILLAGES, 2))
    village = tries[np.argmin(height_m[tries[..., 0], tries[..., 1]], axis=0), np.arange(VILLAGES)]
    demand = village
    if population_cells:
        around = random.normal(0, SPREAD_CELLS, (population_cells, 2))
        demand = np.clip(
            village[random.integers(0, VILLAGES, population_cells)] + around, 0, PROVINCE_CELLS - 1
        )
    cell = np.sort(demand[:, 0].astype(np.int64) * PROVINCE_CELLS + demand[:, 1].astype(np.int64)).astype(
        np.int32
    )
    start = np.searchsorted(cell, np.arange(PROVINCE_CELLS**2 + 1)).astype(np.int32)
    points = Points(cell, start, random.exponential(4.0, len(cell)).astype(np.float32))
    tops = np.argwhere(maximum_filter(height_m, size=9) == height_m)
    hill = tops[random.choice(len(tops), min(PLACES // 2, len(tops)), replace=False)]
    near = village[random.integers(0, VILLAGES, PLACES - len(hill))] + random.normal(
        0, 6, (PLACES - len(hill), 2)
    )
    place = np.repeat(np.clip(np.concatenate([hill, near]), 2, PROVINCE_CELLS - 3), len(HEIGHTS_M), axis=0)
    antenna_m = np.tile(HEIGHTS_M, PLACES)
    mast = np.column_stack([place, antenna_m]).astype(np.float32)
    ground = Ground(height_m, CELL_M)
    counts, index = seen_points(ground, points, mast, REACH_M, most_seen(points, mast, REACH_M, CELL_M))
    access = np.repeat(random.integers(300, 900, PLACES), len(HEIGHTS_M))
    return coverage_instance(
        np.concatenate([[0], np.cumsum(counts)]),
        index,
        random.integers(1, 20, len(cell)) if population_cells else random.integers(20, 200, VILLAGES),
        access + 12 * antenna_m,
    )


def _generated(*size: int, covered: float = 0.0, cells: int = 2048) -> Callable[[], CoverageInstance]:
    return lambda: generate_instance(Landscape(*size, covered_share=covered, grid_cells=cells))


BARS = {
    "500 x 10,000, 95 %": Bar(_generated(500, 10_000, cells=1024), 0.95, ((90.0, 0.0),)),
    "villages, all": Bar(mountain_villages, 1.0, ((3.0, 0.0),)),
    "villages, 95 %": Bar(mountain_villages, 0.95, ((10.0, 0.0),)),
    "60,000 cells, 95 %": Bar(
        lambda: mountain_villages(population_cells=POPULATION_CELLS), 0.95, ((80.0, 0.008),)
    ),
    "85 % covered, 95 %": Bar(_generated(5_000, 200_000, covered=0.85), 0.95, ((10.0, 0.01), (90.0, 0.001))),
    "85 % covered, 98 %": Bar(_generated(5_000, 200_000, covered=0.85), 0.98, ((25.0, 0.015),)),
    "85 % covered, all": Bar(_generated(5_000, 200_000, covered=0.85), 1.0, ((5.0, 0.0),)),
    "greenfield, 95 %": Bar(_generated(5_000, 200_000), 0.95, ((20.0, 0.04), (90.0, 0.026))),
}


def report(names: list[str] | None = None) -> None:
    """Measure the bars and print a table; kernels are compiled before the clock starts."""
    small = mountain_villages(seed=2)
    for share in (0.5, 1.0):
        solved(small, share, 5.0)
    for name in names or list(BARS):
        bar = BARS[name]
        answer = solved(bar.make(), bar.share, max(seconds for seconds, _ in bar.due))
        sys.stdout.write(line(name, bar, answer))
        sys.stdout.flush()


def solved(instance: CoverageInstance, share: float, seconds: float) -> PlacementAnswer:
    """Solve for a share of what can be served."""
    served = instance.covered.copy()
    served[instance.demand_index] = True
    weight = instance.demand_weight
    reach = None if share == 1.0 else share * float(weight[served].sum() / weight.sum())
    began = time.perf_counter()
    control = Control(elapsed_s=lambda: time.perf_counter() - began, time_limit_s=seconds)
    return solve_least_cost(instance, reach_share=reach, control=control)


def _peak_mib() -> float:
    """Return the most memory that the process has held, instances generated and solved before included."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10


def line(name: str, bar: Bar, answer: PlacementAnswer) -> str:
    """Return what was reached beside what was due."""
    parts = [
        f"  {name:20} {answer.value:9.0f} bound {answer.bound:9.0f} gap {answer.gap:.3%} {answer.status}"
        f" {answer.seconds:.1f} s; at most {_peak_mib():,.0f} MiB up to here;"
        f" first answer {answer.trace[0].seconds:.2f} s,"
        f" {1 - answer.value / answer.trace[0].value:.1%} cheaper than it;"
    ]
    for seconds, gap in bar.due:
        gaps = [
            1 - step.bound / step.value for step in answer.trace if step.seconds <= seconds and step.value
        ]
        reached = min(gaps, default=1.0)
        parts.append(
            f" {reached:.3%} at {seconds:.0f} s ({'meets' if reached <= gap else 'MISSES'} {gap:.1%})"
        )
    return "".join(parts) + "\n"


if __name__ == "__main__":
    report(sys.argv[1:])
