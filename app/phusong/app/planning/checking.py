"""The truth about a plan: the engine's maps with the chosen cells in them, against what was claimed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from phusong.app.compute.parallel import Pool
from phusong.app.compute.shares import ALL_OPERATORS, ANY_TECHNOLOGY
from phusong.app.compute.whatif import Baseline, Change, Moved
from phusong.app.planning.demand import Goal, cell_amounts
from phusong.app.planning.options import Option
from phusong.coverage.method import TECHNOLOGIES
from phusong.coverage.radio.cell import Cell

DENOMINATOR = {"villages": "villages", "people": "population", "households": "households"}


@dataclass(frozen=True, slots=True)
class Truth:
    """What the engine says of a plan.

    Attributes
    ----------
    added_weight : float
        Served more than before: villages, people or households by the target.
    lost_weight : float
        Served before and no longer, because new cells disturb it; already taken off `added_weight`.
    answer : mapping
        Figures before and after, as of `Baseline.answer`; empty where nothing is built.
    """

    added_weight: float
    lost_weight: float
    answer: dict[str, Any]


def plan_cells(options: Sequence[Option]) -> tuple[Cell, ...]:
    """Cells of the chosen options with names of their own."""
    return tuple(
        replace(cell, cell_id=f"plan-{number + 1}-{sector + 1}", site_id=f"plan-{number + 1}")
        for number, option in enumerate(options)
        for sector, cell in enumerate(option.cells)
    )


def check_plan(
    base: Baseline, options: Sequence[Option], *, goal: Goal, target: str, pool: Pool | None = None
) -> Truth:
    """Put the chosen cells into the maps, every pixel by its own path, and count again.

    Parameters
    ----------
    base : Baseline
    options : sequence of Option
        The chosen ones.
    goal : Goal
    target : str
        Of `TARGETS`.
    """
    if not options:
        return Truth(0.0, 0.0, {})
    mode = base.inputs.mode
    base.inputs = replace(base.inputs, mode="exact")
    try:
        moved = base.moved(Change(added=plan_cells(options)), pool=pool)
        answer = base.told(moved)
    finally:
        base.inputs = replace(base.inputs, mode=mode)
    technology = ANY_TECHNOLOGY if goal.technologies == TECHNOLOGIES else goal.technologies[0]
    operator = goal.operator or ALL_OPERATORS
    denominator = DENOMINATOR[target]
    served = []
    for moment in ("before", "after"):
        shares = answer["province"][moment].get(technology, {}).get(operator, {})
        served.append((shares.get(denominator) or {}).get("served") or 0.0)
    lost = _lost_weight(base, moved, answer, goal=goal, target=target)
    return Truth(served[1] - served[0], lost, answer)


def _lost_weight(
    base: Baseline, moved: Moved, answer: Mapping[str, Any], *, goal: Goal, target: str
) -> float:
    """Return what the goal counted as served before and no longer does."""
    if target == "villages":
        # The status of a village is by any service: of a narrower goal it says nothing.
        is_by_any = goal.technologies == TECHNOLOGIES and goal.operator is None
        return float(sum(one["before"] == "served" for one in answer["villages"])) if is_by_any else 0.0
    gone = moved.shift.place[moved.shift.change(goal.mask(moved.services)) < 0]
    if not gone.size:
        return 0.0
    amount = cell_amounts(base.inputs, base.world, base.settlements, target=target)
    return float(amount.ravel()[gone].sum())
