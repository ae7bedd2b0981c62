"""The cheapest means for every village that has no signal, masts that several share included, with proof."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyproj

from phusong.app.compute.parallel import ThreadPool
from phusong.app.compute.progress import Progress, silent
from phusong.app.compute.whatif import Baseline
from phusong.app.explainedplan import curve_record
from phusong.app.planning.settings import CandidateSettings, TowerRequest
from phusong.app.planning.together import served_together
from phusong.app.residual import (
    COST_DECIMALS,
    Residual,
    cheapest_by_means,
    engine_check,
    option_costs,
    residual_of,
    small_cell_costs,
)
from phusong.coverage.errors import InputError
from phusong.coverage.placement.answer import Control, PlacementAnswer
from phusong.coverage.placement.costcurve import cost_curve
from phusong.coverage.placement.costs import MEANS as SHARED_MEANS
from phusong.coverage.placement.costs import CostModel, cost_model
from phusong.coverage.placement.instance import CoverageInstance, FloatArray
from phusong.coverage.placement.leastcost import solve_all_coverable
from phusong.coverage.placement.matrix import instance_of
from phusong.coverage.placement.runningcosts import RUNNING_NAMES, RunningCosts, running_costs
from phusong.coverage.placement.technology import (
    NONE,
    TogetherChoice,
    break_even_households,
    choose_alone,
    choose_together,
    with_alone,
    with_own_means,
)

MOST_ROUNDS = 4
ALONE_MEANS = ("fibre", "microwave", "satellite")
"""Means that serve one village: a small cell on fibre, one on a hop, a terminal in every home."""
ALL_MEANS = (*SHARED_MEANS, *ALONE_MEANS)
BUILDING_NAMES = tuple(item.name for item in fields(CostModel))


@dataclass(frozen=True, slots=True, kw_only=True)
class TechnologyRequest:
    """A question for the cheapest means.

    Attributes
    ----------
    towers : TowerRequest
        Who builds what, where to look, and what building costs; its goal is not asked for.
    running : RunningCosts
    assumed_running : tuple of str
        Running costs that nobody gave.
    time_limit_s, gap : float
        When the solver may stop.
    """

    towers: TowerRequest = field(default_factory=lambda: TowerRequest(reach_percent="all", target="villages"))
    running: RunningCosts = field(default_factory=RunningCosts)
    assumed_running: tuple[str, ...] = RUNNING_NAMES
    time_limit_s: float = 60.0
    gap: float = 0.0


def technology_request(
    costs: Mapping[str, Any],
    *,
    operator: str | None = None,
    technology: str | None = None,
    most_places: int = 4_000,
    time_limit_s: float = 60.0,
) -> TechnologyRequest:
    """Put a request together from plain values.

    Parameters
    ----------
    costs : mapping
        Names of `CostModel` and `RunningCosts`; what is left out is assumed.

    Raises
    ------
    InputError
        ``cost_unknown``, ``cost_number``, ``tower_choice``, ``tower_range``.
    """
    known = (*BUILDING_NAMES, *RUNNING_NAMES)
    for name in costs:
        if name not in known:
            raise InputError("cost_unknown", name=str(name)[:40], allowed=", ".join(known))
    building, assumed = cost_model({name: costs[name] for name in BUILDING_NAMES if name in costs})
    running, assumed_running = running_costs({name: costs[name] for name in RUNNING_NAMES if name in costs})
    towers = TowerRequest(
        reach_percent="all",
        target="villages",
        operator=operator,
        technology=technology,
        costs=building,
        assumed_costs=assumed,
        candidates=replace(CandidateSettings(), most_places=most_places),
    )
    return TechnologyRequest(
        towers=towers, running=running, assumed_running=assumed_running, time_limit_s=time_limit_s
    )


@dataclass(frozen=True, slots=True)
class _Question:
    """Numbers of the question: options by villages, and what each village costs by each means alone."""

    instance: CoverageInstance
    option: npt.NDArray[np.int64]
    alone: FloatArray
    by_means: FloatArray
    which: npt.NDArray[np.int64]


def choose_technology(
    base: Baseline,
    request: TechnologyRequest,
    *,
    progress: Progress = silent,
    cancelled: Callable[[], bool] = lambda: False,
) -> dict[str, Any]:
    """Pick for every village without service the cheapest feasible means, all villages together.

    Parameters
    ----------
    base : Baseline
        The computed study.
    request : TechnologyRequest

    Returns
    -------
    dict
        ``villages`` with the means chosen, what each other means would cost alone and the break-even with
        satellite terminals; ``sites`` to build; ``totals`` by means; ``cost_mvnd`` with ``bound_mvnd`` and
        ``gap``; ``spoilt``: claims taken back because masts chosen together disturb each other; ``check`` by
        the engine; ``curve`` of cost against homes; ``costs`` with what is assumed; ``method``.

    Raises
    ------
    InputError
        ``villages_needed``, and what is wrong with the request.
    """
    began = time.perf_counter()
    residual = residual_of(base, request.towers, progress=progress)
    question = _question(residual, request)

    progress("technology", 0, 1)
    choice, spoilt = _settled(residual, question, request, cancelled=cancelled)
    progress("technology", 1, 1)
    villages = _villages(base, residual, question, choice, request)
    terminal = request.running.terminal()
    return {
        "run": base.results["run"],
        "method": base.results["method"],
        "builder": asdict(residual.found.builder),
        "costs": _costs(request),
        "candidates": {
            "places": int(residual.found.places.x_m.size),
            "options": len(residual.options),
            "found": residual.found.places.found,
            "dropped": residual.found.places.dropped,
        },
        "villages": villages,
        "sites": _sites(base, residual, question, choice, request),
        "totals": _totals(villages),
        "cost_mvnd": choice.cost,
        "bound_mvnd": choice.bound,
        "gap": choice.gap,
        "spoilt": spoilt,
        "status": "proved" if choice.gap == 0 else choice.answer.status,
        "alone_cost_mvnd": math.fsum(np.minimum(question.by_means.min(axis=0), question.alone).tolist()),
        "satellite_only_cost_mvnd": math.fsum(question.by_means[-1].tolist()),
        "terminal_mvnd_household": terminal,
        "check": engine_check(base, residual, _claims(question, choice)),
        "curve": _curve(question, choice, terminal),
        "seconds": time.perf_counter() - began,
    }


def _question(residual: Residual, request: TechnologyRequest) -> _Question:
    costs = option_costs(residual, request.running)
    rows = residual.found.served.rows
    useful = np.array([k for k, row in enumerate(rows) if row.size], dtype=np.int64)
    instance = instance_of([rows[k] for k in useful.tolist()], weight=residual.households, cost=costs[useful])
    best, which = cheapest_by_means(residual, costs, SHARED_MEANS)
    small = small_cell_costs(residual, request.towers, request.running)
    satellite = np.round(request.running.terminal() * residual.households, COST_DECIMALS)
    own = np.vstack([small["fibre"], small["microwave"], satellite])
    return _Question(instance, useful, own.min(axis=0), np.vstack([best, own]), which)


def _settled(
    residual: Residual,
    question: _Question,
    request: TechnologyRequest,
    *,
    cancelled: Callable[[], bool],
) -> tuple[TogetherChoice, int]:
    """Solve; where masts chosen together disturb each other, take their claims back and solve again.

    The bound is that of the first round: of all claims. Whoever is dark in the last has means of its own.
    """

    def solve(instance: CoverageInstance) -> PlacementAnswer:
        started = time.monotonic()
        control = Control(
            elapsed_s=lambda: time.monotonic() - started,
            time_limit_s=request.time_limit_s,
            gap=request.gap,
            cancelled=cancelled,
        )
        return solve_all_coverable(instance, control=control)

    instance, spoilt, bound = question.instance, 0, -math.inf
    for _ in range(MOST_ROUNDS):
        choice = choose_together(instance, question.alone, solve=solve)
        bound = choice.bound if bound == -math.inf else bound
        options = question.option[choice.shared].tolist()
        lit = served_together(residual.found.judge, options, pool=ThreadPool())
        dark = (choice.served_by != NONE) & ~lit
        if not dark.any() or cancelled():
            break
        spoilt += int(dark.sum())
        instance = _without(instance, choice, dark)
    return with_own_means(instance, choice, dark, question.alone, bound=bound), spoilt


def _without(
    instance: CoverageInstance, choice: TogetherChoice, dark: npt.NDArray[np.bool_]
) -> CoverageInstance:
    """Take out claims of chosen options on villages that they do not serve together."""
    option = np.repeat(np.arange(instance.sites), np.diff(instance.indptr))
    kept = ~(np.isin(option, choice.shared) & dark[instance.demand_index])
    counts = np.bincount(option[kept], minlength=instance.sites)
    indptr = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    return replace(instance, indptr=indptr, demand_index=instance.demand_index[kept])


def _costs(request: TechnologyRequest) -> dict[str, Any]:
    building = asdict(request.towers.costs)
    building["mast_mvnd"] = {f"{height:g}": cost for height, cost in building["mast_mvnd"].items()}
    # A caller who gave no cost at all has assumed every one.
    is_default = not request.towers.assumed_costs and request.towers.costs == TowerRequest(sites=0).costs
    assumed = tuple(building) if is_default else request.towers.assumed_costs
    return {
        "building": building,
        "running": request.running.as_dict(),
        "assumed": sorted({*assumed, *request.assumed_running}),
        "unit": "million VND",
    }


def _degrees(base: Baseline, x_m: float, y_m: float) -> tuple[float, float]:
    to_degrees = pyproj.Transformer.from_crs(base.inputs.grid.epsg, 4326, always_xy=True)
    lon, lat = to_degrees.transform(x_m, y_m)
    return round(float(lon), 6), round(float(lat), 6)


def _villages(
    base: Baseline,
    residual: Residual,
    question: _Question,
    choice: TogetherChoice,
    request: TechnologyRequest,
) -> list[dict[str, Any]]:
    """Every village with its means, those with most homes first."""
    if base.settlements is None:
        return []
    table = base.settlements.table.iloc[residual.demand.village_index]
    alone = choose_alone(question.by_means)
    terminal = request.running.terminal()
    to_degrees = pyproj.Transformer.from_crs(base.inputs.grid.epsg, 4326, always_xy=True)
    lon, lat = to_degrees.transform(residual.demand.x_m, residual.demand.y_m)
    found = []
    for village, row in enumerate(table.to_dict("records")):
        site = int(choice.served_by[village])
        own = int(np.argmin(question.by_means[len(SHARED_MEANS) :, village])) + len(SHARED_MEANS)
        number = int(question.option[site]) if site != NONE else None
        means = ALL_MEANS[own] if number is None else residual.options[number].means
        found.append(
            {
                "village_id": str(row["village_id"]),
                "name": str(row["name"]),
                "commune_code": str(row["commune_code"]),
                "lon": round(float(lon[village]), 6),
                "lat": round(float(lat[village]), 6),
                "households": float(residual.households[village]),
                "means": means,
                "option": number,
                "alone_means": ALL_MEANS[int(alone.means[village])],
                "alone_cost_mvnd": float(alone.cost[village]),
                "cost_by_means_mvnd": _told(question.by_means[:, village]),
                **_ground(question.by_means[:, village], terminal),
                "to_fibre_m": _finite(residual.small_fibre_m[village]),
            }
        )
    return sorted(found, key=lambda one: (-one["households"], one["village_id"]))


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _told(costs: FloatArray) -> dict[str, float | None]:
    """Cost by means; None where the means cannot serve the village by itself."""
    return {name: _finite(cost) for name, cost in zip(ALL_MEANS, costs.tolist(), strict=True)}


def _ground(costs: FloatArray, terminal: float) -> dict[str, Any]:
    """Cheapest means on the ground and the number of homes from which it beats satellite terminals."""
    ground = costs[: ALL_MEANS.index("satellite")]
    best = int(np.argmin(ground))
    homes = break_even_households(float(ground[best]), 0.0, other_fixed=0.0, other_per_household=terminal)
    is_there = math.isfinite(float(ground[best]))
    return {
        "ground_means": ALL_MEANS[best] if is_there else None,
        "break_even_households": _finite(homes),
    }


def _sites(
    base: Baseline,
    residual: Residual,
    question: _Question,
    choice: TogetherChoice,
    request: TechnologyRequest,
) -> list[dict[str, Any]]:
    """Shared sites to build, those that serve most homes for their cost first."""
    found = []
    terminal = request.running.terminal()
    for site in choice.shared.tolist():
        number = int(question.option[site])
        option, price = residual.options[number], residual.found.prices[number]
        x_m, y_m = option.cells[0].x_m, option.cells[0].y_m
        lon, lat = _degrees(base, x_m, y_m)
        mine = np.flatnonzero(choice.served_by == site)
        cost = float(question.instance.site_cost[site])
        homes = math.fsum(residual.households[mine].tolist())
        found.append(
            {
                "option": number,
                "means": option.means,
                "lon": lon,
                "lat": lat,
                "height_m": option.height_m,
                "band": option.band,
                "azimuths_deg": [one.azimuth_deg for one in option.cells if one.azimuth_deg is not None],
                "operator": option.cells[0].operator,
                "technology": option.cells[0].technology,
                "source": residual.found.places.source[option.place],
                "name": residual.found.places.name[option.place],
                "cost_mvnd": cost,
                "building_mvnd": asdict(price[0]),
                "backhaul": asdict(price[1]),
                "villages": int(mine.size),
                "households": homes,
                "cost_per_household_mvnd": cost / homes if homes else None,
                "break_even_households": cost / terminal if terminal > 0 else None,
            }
        )
    return found


def _totals(villages: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, float]]:
    totals: dict[str, dict[str, float]] = {}
    for village in villages:
        own = totals.setdefault(village["means"], {"villages": 0, "households": 0.0})
        own["villages"] += 1
        own["households"] += village["households"]
    return {name: totals[name] for name in ALL_MEANS if name in totals}


def _claims(question: _Question, choice: TogetherChoice) -> dict[int, list[int]]:
    """Villages that each chosen option is to serve."""
    return {
        int(question.option[site]): np.flatnonzero(choice.served_by == site).tolist()
        for site in choice.shared.tolist()
    }


def _curve(question: _Question, choice: TogetherChoice, terminal: float) -> dict[str, Any]:
    """Cost of a home more, pick by pick: masts and what serves one village among each other."""
    own = question.instance.sites + np.flatnonzero(choice.served_by == NONE)
    chosen = np.concatenate([choice.shared, own]).astype(np.int32)
    curve = cost_curve(with_alone(question.instance, question.alone), chosen)
    return curve_record(curve, other_cost_per_weight=terminal)
