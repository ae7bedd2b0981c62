"""A plan explained: what every pick is worth, what would do as well elsewhere, who stays without and why."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from phusong.app.planning.named import options_record
from phusong.app.planning.settings import REACH_ALL
from phusong.app.planning.towers import TowerPlan
from phusong.coverage.placement.alternatives import (
    ANSWERS_WITHIN,
    Resolve,
    left_out,
    next_best,
    pick_worth,
    plans_without,
    swaps_elsewhere,
)
from phusong.coverage.placement.answer import Control, PlacementAnswer
from phusong.coverage.placement.costcurve import CostCurve, cost_curve
from phusong.coverage.placement.curvebound import most_served
from phusong.coverage.placement.instance import (
    NONE,
    BoolArray,
    CoverageInstance,
    FloatArray,
    Int32Array,
    SideConstraints,
)
from phusong.coverage.placement.leastcost import solve_least_cost
from phusong.coverage.placement.maxcover import solve_max_cover

SHARES = (50, 80, 90, 95, 98, 99, 100)
LAST_PART = 0.02
BOUND_POINTS = 41


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanPlaces:
    """Where the sites of an instance are.

    Attributes
    ----------
    x_m, y_m : ndarray of float64, shape (sites,)
    apart_m : float
        From how far a site counts as another place.
    """

    x_m: FloatArray
    y_m: FloatArray
    apart_m: float = 500.0

    def near(self, site: int) -> Int32Array:
        """Sites at the same place as a site."""
        distance_m = np.hypot(self.x_m - self.x_m[site], self.y_m - self.y_m[site])
        return np.flatnonzero(distance_m < self.apart_m).astype(np.int32)


def explain_plan(
    instance: CoverageInstance,
    answer: PlacementAnswer,
    places: PlanPlaces,
    *,
    constraints: SideConstraints | None = None,
    resolve: Resolve | None = None,
    resolved_picks: int = 3,
    beyond: int = 50,
    most_cost: float = math.inf,
    other_cost_per_weight: float | None = None,
) -> dict[str, Any]:
    """Return all that explains a plan as plain values.

    Parameters
    ----------
    instance : CoverageInstance
        What the plan was made from; the weight is homes, people or villages.
    answer : PlacementAnswer
    places : PlanPlaces
    constraints : SideConstraints, optional
        Of the question: forbidden sites and places that exclude each other.
    resolve : callable, optional
        Solves the question again under other constraints; without it only exchanges are looked for.
    resolved_picks : int
        For so many picks, those worth most, the question is asked again without them.
    beyond : int
        Most picks by which the curve goes on.
    most_cost : float
        Budget that exchanges must keep to.
    other_cost_per_weight : float, optional
        What a unit of weight costs by other means, e.g. a satellite terminal a home.

    Returns
    -------
    dict
        ``picks``, ``curve``, ``next_best``, ``swaps``, ``other_plans`` (within 1 % of the value, elsewhere),
        ``left_out`` with the reason of each.
    """
    given = constraints or SideConstraints()
    usable = None if given.forbidden is None else ~given.forbidden
    curve = cost_curve(instance, answer.chosen, beyond=beyond, usable=usable, place=given.place)
    swaps = swaps_elsewhere(
        instance,
        answer.chosen,
        x_m=places.x_m,
        y_m=places.y_m,
        apart_m=places.apart_m,
        most_cost=most_cost,
        usable=usable,
    )
    more = next_best(instance, answer.chosen, usable=usable)
    return {
        "picks": _picks(instance, curve),
        "curve": curve_record(curve, other_cost_per_weight=other_cost_per_weight),
        "next_best": [
            {"site": int(site), "adds": float(added), "cost_per_weight": float(each)}
            for site, added, each in zip(more.site, more.added_weight, more.cost_per_weight, strict=True)
        ],
        "swaps": [
            {
                "out": one.out_site,
                "in": one.in_site,
                "served": one.served_weight,
                "cost_change": one.cost_change,
                "distance_m": one.distance_m,
            }
            for one in swaps
        ],
        "other_plans": _other_plans(
            instance, answer, places, constraints=given, resolve=resolve, most=resolved_picks
        ),
        "left_out": _left_out(instance, answer.chosen, usable),
    }


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _picks(instance: CoverageInstance, curve: CostCurve) -> list[dict[str, Any]]:
    """Sites of the plan in the order to build them."""
    count = int(curve.is_planned.sum())
    worth = pick_worth(instance, curve.site[:count])
    return [
        {
            "site": int(worth.site[place]),
            "cost": float(curve.step_cost[place]),
            "adds": float(curve.added_weight[place]),
            "adds_alone": float(worth.alone_weight[place]),
            "adds_last": float(worth.last_weight[place]),
            "cost_per_weight": _finite(float(curve.marginal_cost[place])),
            "cost_per_weight_last": _finite(float(worth.cost_per_weight[place])),
        }
        for place in range(count)
    ]


def curve_record(curve: CostCurve, *, other_cost_per_weight: float | None = None) -> dict[str, Any]:
    """Return a cost curve as plain values, with what the last 2 % cost and where other means take over."""
    record: dict[str, Any] = {
        "site": curve.site.tolist(),
        "is_planned": curve.is_planned.tolist(),
        "cost": curve.cost.tolist(),
        "served": curve.served_weight.tolist(),
        "marginal_cost": [_finite(value) for value in curve.marginal_cost.tolist()],
        "start": curve.start_weight,
        "total": curve.total_weight,
        "cost_to_serve": {f"{share}": _finite(curve.cost_to_serve(share / 100.0)) for share in SHARES},
        "last_2_percent": [_finite(value) for value in curve.last_part(LAST_PART).tolist()],
    }
    if other_cost_per_weight is not None:
        record["other_cost_per_weight"] = other_cost_per_weight
        record["worth_until"] = curve.worth_until(other_cost_per_weight)
    return record


def _other_plans(
    instance: CoverageInstance,
    answer: PlacementAnswer,
    places: PlanPlaces,
    *,
    constraints: SideConstraints,
    resolve: Resolve | None,
    most: int,
) -> list[dict[str, Any]]:
    """Ask again without each of the picks worth most."""
    if resolve is None:
        return []
    worth = pick_worth(instance, answer.chosen)
    wanted = worth.site[np.argsort(-worth.last_weight, kind="stable")][:most].tolist()
    plans = plans_without(
        instance,
        answer,
        resolve=resolve,
        constraints=constraints,
        near=places.near,
        sites=wanted,
        within=ANSWERS_WITHIN,
    )
    return [
        {
            "without": one.without_site,
            "chosen": one.answer.chosen.tolist(),
            "new": one.new_sites.tolist(),
            "value": one.answer.value,
            "bound": one.answer.bound,
            "cost": one.answer.cost,
            "worse_by": one.worse_by,
        }
        for one in plans
    ]


def _left_out(
    instance: CoverageInstance, chosen: Int32Array, usable: BoolArray | None
) -> list[dict[str, Any]]:
    found = left_out(instance, chosen, usable=usable)
    rows: Sequence[Mapping[str, Any]] = [
        {
            "demand": int(demand),
            "weight": float(instance.demand_weight[demand]),
            "reason": reason,
            "site": None if site == NONE else int(site),
            "cost": _finite(float(cost)),
            "cost_per_weight": _finite(float(each)),
        }
        for demand, reason, site, cost, each in zip(
            found.demand, found.reason, found.site, found.cost, found.cost_per_weight, strict=True
        )
    ]
    return sorted((dict(row) for row in rows), key=lambda row: (-row["weight"], row["demand"]))


def explain_tower_plan(
    plan: TowerPlan, *, resolves: bool = True, time_limit_s: float = 10.0
) -> dict[str, Any]:
    """Explain a plan for towers; sites are options of the plan, demand is named by village where it is one.

    Parameters
    ----------
    plan : TowerPlan
    resolves : bool
        Ask the question again without each of the picks worth most.
    time_limit_s : float
        Most time for each such question.
    """
    request, found = plan.request, plan.found
    cells = [option.cells[0] for option in found.options]
    places = PlanPlaces(
        x_m=np.array([cell.x_m for cell in cells], dtype=np.float64),
        y_m=np.array([cell.y_m for cell in cells], dtype=np.float64),
    )

    def resolve(side: SideConstraints) -> PlacementAnswer:
        began = time.monotonic()
        control = Control(
            elapsed_s=lambda: time.monotonic() - began, time_limit_s=time_limit_s, gap=request.gap
        )
        if request.reach_percent is None:
            return solve_max_cover(
                plan.instance,
                sites=request.sites,
                budget=request.budget_mvnd,
                constraints=side,
                control=control,
            )
        share = None if request.reach_percent == REACH_ALL else float(request.reach_percent) / 100.0
        return solve_least_cost(plan.instance, reach_share=share, constraints=side, control=control)

    record = explain_plan(
        plan.instance,
        plan.answer,
        places,
        constraints=plan.constraints,
        resolve=resolve if resolves else None,
        most_cost=math.inf if request.budget_mvnd is None else request.budget_mvnd,
    )
    # The last two of the demand stand for what is served already and what nothing can be said of.
    real = [row for row in record["left_out"] if row["demand"] < found.demand.demands]
    curve = record["curve"]
    # An even run of amounts besides the corners, so that the bound can be drawn where nothing is picked.
    money = sorted(
        {*curve["cost"], *np.linspace(0.0, max(curve["cost"], default=0.0), BOUND_POINTS).tolist()}
    )
    side = plan.constraints
    most = most_served(
        plan.instance,
        np.array(curve["site"], dtype=np.int32),
        money,
        usable=None if side.forbidden is None else ~side.forbidden,
        place=side.place,
    )
    return {
        **record,
        "curve_bound": {"cost": money, "most": most.tolist()},
        "options": options_record(plan, _named(record)),
        "left_out": [{**row, "village_id": _village(plan, row["demand"])} for row in real],
    }


def _named(record: Mapping[str, Any]) -> set[int]:
    """Options that an explanation speaks of."""
    swapped = {number for swap in record["swaps"] for number in (swap["out"], swap["in"])}
    others = {number for other in record["other_plans"] for number in (other["without"], *other["new"])}
    left = {row["site"] for row in record["left_out"] if row["site"] is not None}
    more = {one["site"] for one in record["next_best"]}
    return swapped | others | left | more | set(record["curve"]["site"])


def _village(plan: TowerPlan, demand: int) -> str | None:
    settlements = plan.base.settlements
    if settlements is None or not plan.found.demand.villages:
        return None
    return str(settlements.table["village_id"].iloc[int(plan.found.demand.village_index[demand])])
