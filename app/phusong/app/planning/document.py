"""What a plan for towers says, as plain values: picks, curve, who stays without, the check, the method."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
import pyproj

from phusong.app.compute.document import method_record
from phusong.app.planning.kept import KEPT
from phusong.app.planning.towers import TowerPlan
from phusong.coverage.placement.alternatives import left_out, pick_worth
from phusong.coverage.placement.phases import Phases, split_into_years
from phusong.coverage.placement.sightlines import FRESNEL_SHARE, HOP_FREQUENCY_GHZ

LEFT_REASONS = ("out_of_reach", "partly", "not_chosen")
"""No candidate gives a signal there; some do, but none serves the village whole; one would, at a cost."""


def tower_document(plan: TowerPlan) -> dict[str, Any]:
    """Return a plan as plain values, for JSON."""
    answer, found, base = plan.answer, plan.found, plan.base
    before, total = found.demand.served_weight, found.demand.total_weight
    after = before + plan.truth.added_weight
    return {
        "kind": "tower_plan",
        "run": base.inputs.run_id,
        "request": plan.request.record(),
        "builder": asdict(found.builder),
        "objective": "weight" if plan.request.reach_percent is None else "cost",
        "status": answer.status,
        "value": answer.value,
        "bound": _finite(answer.bound),
        "gap": _finite(answer.gap),
        "cost_mvnd": round(answer.cost, 3),
        "served": {
            "target": plan.request.target,
            "before": before,
            "after": after,
            "total": total,
            "share_before": before / total if total else None,
            "share_after": after / total if total else None,
        },
        "check": _check(plan),
        "curve": _curve(plan),
        "picks": picks(plan),
        "left_out": _left_out(plan),
        "phases": _phases(plan),
        "candidates": _candidates(plan),
        "province": plan.truth.answer.get("province"),
        "seconds": plan.seconds,
        "method": _method(plan),
    }


def _finite(number: float) -> float | None:
    return float(number) if np.isfinite(number) else None


def _rounded(difference: float) -> float:
    """Return a difference of sums without what rounding leaves of it; never a negative nought."""
    return round(difference, 6) + 0.0


def _check(plan: TowerPlan) -> dict[str, Any]:
    """Hold what the optimiser claims against what the maps give with the plan in them."""
    claimed = plan.answer.served_weight - plan.found.demand.served_weight
    together = float(plan.found.demand.weight[plan.together].sum())
    villages = plan.truth.answer.get("villages", [])
    return {
        "claimed": claimed,
        "together": together,
        "engine": plan.truth.added_weight,
        "lost": plan.truth.lost_weight,
        "difference": _rounded(plan.truth.added_weight + plan.truth.lost_weight - together),
        "served_jointly": _rounded(together - claimed),
        "rounds": plan.rounds,
        "claims_taken_back": plan.taken_back,
        "villages_lost": [one for one in villages if one["before"] == "served"],
        "villages_won": [one for one in villages if one["after"] == "served"],
    }


def _curve(plan: TowerPlan) -> list[dict[str, float]]:
    answer = plan.answer
    served = plan.found.demand.served_weight + np.cumsum(answer.added_weight)
    cost = np.cumsum(answer.step_cost)
    start = [{"picks": 0, "cost_mvnd": 0.0, "served": plan.found.demand.served_weight}]
    steps = [
        {"picks": k + 1, "cost_mvnd": round(float(cost[k]), 3), "served": float(served[k])}
        for k in range(answer.chosen.size)
    ]
    return start + steps


def picks(plan: TowerPlan) -> list[dict[str, Any]]:
    """Return what is built, in the order of building."""
    answer, found = plan.answer, plan.found
    worth = pick_worth(plan.instance, answer.chosen)
    to_degrees = pyproj.Transformer.from_crs(plan.base.inputs.grid.epsg, 4326, always_xy=True)
    told = []
    for order, number in enumerate(answer.chosen.tolist()):
        option, (parts, backhaul) = found.options[number], found.prices[number]
        lead = option.cells[0]
        lon_deg, lat_deg = to_degrees.transform(lead.x_m, lead.y_m)
        told.append(
            {
                "number": order + 1,
                "option": number,
                "means": option.means,
                "is_kept": found.places.source[option.place] == KEPT,
                "source": found.places.source[option.place],
                "name": found.places.name[option.place],
                "lon": round(float(lon_deg), 7),
                "lat": round(float(lat_deg), 7),
                **_commune(plan, int(found.places.zone[option.place])),
                "operator": lead.operator,
                "technology": lead.technology,
                "band": option.band,
                "frequency_mhz": lead.frequency_mhz,
                "height_m": option.height_m,
                "azimuths_deg": [cell.azimuth_deg for cell in option.cells if cell.azimuth_deg is not None],
                "power_dbm": lead.power_dbm,
                "downtilt_deg": lead.downtilt_deg,
                "cost_mvnd": parts.total_mvnd,
                "cost_parts": asdict(parts),
                "backhaul": asdict(backhaul),
                "adds": float(answer.added_weight[order]),
                "adds_alone": float(worth.alone_weight[order]),
                "adds_last": float(worth.last_weight[order]),
                "villages": _villages(plan, number),
            }
        )
    return told


def _commune(plan: TowerPlan, zone: int) -> dict[str, str | None]:
    world = plan.base.world
    if zone < 0 or not world.has_communes:
        return {"commune_code": None, "commune_name": None}
    return {"commune_code": world.zones.codes[zone], "commune_name": str(world.communes["name"].iloc[zone])}


def _villages(plan: TowerPlan, option: int) -> list[str]:
    """Ids of the villages an option serves by itself."""
    settlements, demand = plan.base.settlements, plan.found.demand
    if settlements is None or not demand.villages:
        return []
    own = plan.instance.served_by(option)
    ids = settlements.table["village_id"].iloc[demand.village_index[own[own < demand.demands]]]
    return [str(one) for one in ids]


def _left_out(plan: TowerPlan) -> dict[str, Any]:
    """Demand without service and why: villages one by one, cells summed up."""
    demand, found = plan.found.demand, left_out(plan.instance, plan.answer.chosen)
    rows = [
        (int(one), reason, float(cost))
        for one, reason, cost in zip(found.demand, found.reason, found.cost, strict=True)
        if one < demand.demands and not plan.together[one]
    ]
    centres = plan.found.served.centres
    reasons = {
        one: "not_chosen" if reason != "no_option" else "partly" if centres[one] else "out_of_reach"
        for one, reason, _ in rows
    }
    weights = {
        name: float(sum(demand.weight[one] for one, reason in reasons.items() if reason == name))
        for name in LEFT_REASONS
    }
    return {"by_reason": weights, "villages": _left_villages(plan, rows, reasons)}


def _left_villages(
    plan: TowerPlan, rows: list[tuple[int, str, float]], reasons: Mapping[int, str]
) -> list[dict[str, Any]]:
    settlements, demand = plan.base.settlements, plan.found.demand
    if settlements is None or not demand.villages:
        return []
    told = []
    for one, _, cost_mvnd in rows:
        place = int(demand.village_index[one])
        row = settlements.table.iloc[place]
        told.append(
            {
                "village_id": str(row["village_id"]),
                "name": str(row["name"]),
                "commune_code": str(row["commune_code"]),
                "households": demand.villages[one].households,
                "reason": reasons[one],
                "cheapest_mvnd": _finite(cost_mvnd),
                "lon": round(float(settlements.points.lon_deg[place]), 7),
                "lat": round(float(settlements.points.lat_deg[place]), 7),
            }
        )
    return sorted(told, key=lambda one: (-one["households"], one["village_id"]))


def _phases(plan: TowerPlan) -> dict[str, Any] | None:
    budgets = plan.request.yearly_budgets_mvnd
    if not budgets:
        return None
    targets = plan.base.inputs.store.settings().get("targets") or {}
    named = {name: one for name, one in targets.items() if name in (*plan.found.goal.technologies, "4G+5G")}
    total = plan.found.demand.total_weight
    phases: Phases = split_into_years(
        plan.instance,
        plan.answer.chosen,
        yearly_budget=budgets,
        target_weight=[float(one["percent"]) / 100.0 * total for one in named.values()],
    )
    order = {int(option): k + 1 for k, option in enumerate(plan.answer.chosen)}
    return {
        "years": [
            {
                "budget_mvnd": budget,
                "cost_mvnd": round(float(cost), 3),
                "served": float(served),
                "picks": [order[int(site)] for site in sites],
            }
            for budget, cost, served, sites in zip(
                budgets, phases.cost, phases.served_weight, phases.sites, strict=True
            )
        ],
        "left_out": [order[int(site)] for site in phases.left_out],
        "targets": [
            {"technology": name, "percent": one["percent"], "year": None if year < 0 else year + 1}
            for (name, one), year in zip(named.items(), phases.target_year, strict=True)
        ],
    }


def _candidates(plan: TowerPlan) -> dict[str, Any]:
    found = plan.found
    return {
        "places": found.places.x_m.size,
        "by_source": found.places.found,
        "dropped": found.places.dropped,
        "options": len(found.options),
        "without_backhaul": found.unjoined,
        "options_serving": sum(row.size > 0 for row in found.served.rows),
        "demand": found.demand.demands,
        "demand_pixels": found.demand.pixel.size,
        "demand_block_cells": found.demand.block,
    }


def _method(plan: TowerPlan) -> dict[str, Any]:
    request = plan.request
    costs = asdict(request.costs)
    costs["mast_mvnd"] = {f"{height_m:g}": cost for height_m, cost in request.costs.mast_mvnd.items()}
    record = method_record(plan.base.inputs, str(plan.base.results["computed_on"]))
    return {
        **record,
        "placement": {
            "paths": "exact",
            "goal": asdict(plan.found.goal),
            "candidates": asdict(request.candidates),
            "costs_mvnd": costs,
            "assumed_costs": list(request.assumed_costs),
            "assumed": _assumed(plan),
            "hop": {"fresnel_share": FRESNEL_SHARE, "frequency_ghz": HOP_FREQUENCY_GHZ},
        },
    }


def _assumed(plan: TowerPlan) -> list[str]:
    """Names of what nobody gave, besides costs."""
    names = ["candidates", "antenna_gain_dbi", "azimuth_deg", "downtilt_deg", "power_dbm"]
    if not plan.found.way.has_roads:
        names.append("road_detour")
    if plan.found.way.assumes_fibre:
        names.append("has_fibre")
    if plan.request.operator is None:
        names.append("operator")
    if plan.request.bands is None:
        names.append("bands")
    return sorted(names)
