"""From a study to a plan for towers: candidates, what they serve and cost, the choice, and its truth."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyproj
import shapely
from shapely.geometry.base import BaseGeometry

from phusong.app.compute.inputs import ComputeInputs
from phusong.app.compute.parallel import Pool, ThreadPool
from phusong.app.compute.progress import Progress, silent
from phusong.app.compute.whatif import Baseline
from phusong.app.planning.backhaul import Ways, priced, ways
from phusong.app.planning.candidates import Places, find_places
from phusong.app.planning.checking import Truth, check_plan
from phusong.app.planning.demand import Demand, Goal, cell_demand, village_demand
from phusong.app.planning.evaluation import Evaluation, Judge, evaluate, judge_of
from phusong.app.planning.kept import Kept, keep, kept_prices, kept_sites, without_kept_pairs
from phusong.app.planning.options import Builder, Option, build_options, builder_of
from phusong.app.planning.received import standing
from phusong.app.planning.settings import REACH_ALL, TowerRequest
from phusong.app.planning.together import served_together
from phusong.app.solving import interruptible
from phusong.coverage.errors import PlacementError
from phusong.coverage.placement.answer import Control, PlacementAnswer, Step
from phusong.coverage.placement.constraints import near_pairs, reachable_weight
from phusong.coverage.placement.costs import Backhaul, CostParts
from phusong.coverage.placement.instance import NONE, CoverageInstance, Int32Array, SideConstraints
from phusong.coverage.placement.leastcost import solve_least_cost
from phusong.coverage.placement.matrix import instance_of
from phusong.coverage.placement.maxcover import solve_max_cover
from phusong.geodata.store.folder import FolderStore

Tell = Callable[[Step, Int32Array], None]
MOST_ROUNDS = 4
NEW_SITES = ("mast", "repeater", "colocation")
"""Means that make a new site of the builder, for limits by commune."""


def untold(_step: Step, _chosen: Int32Array) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """What could be built and what it would serve.

    Attributes
    ----------
    builder : Builder
    goal : Goal
    demand : Demand
    places : Places
    way : Ways
    options : list of Option
    prices : list of tuple of CostParts and Backhaul
    judge : Judge
    served : Evaluation
    unjoined : int
        Options left out because no backhaul reaches them.
    """

    builder: Builder
    goal: Goal
    demand: Demand
    places: Places
    way: Ways
    options: list[Option]
    prices: list[tuple[CostParts, Backhaul]]
    judge: Judge
    served: Evaluation
    unjoined: int


@dataclass(frozen=True, slots=True)
class TowerPlan:
    """A plan and everything it rests on.

    Attributes
    ----------
    request : TowerRequest
    base : Baseline
    found : Candidates
    instance : CoverageInstance
        Demand of `Candidates`, then what is served already, then what nothing can be said of.
    constraints : SideConstraints
    answer : PlacementAnswer
    together : ndarray of bool, shape (demands,)
        Demand that the chosen options serve together.
    truth : Truth
    rounds : int
        Times the problem was solved.
    taken_back : int
        Claims that other options of a plan spoilt, taken out before solving again.
    seconds : dict of str to float
        By stage.
    """

    request: TowerRequest
    base: Baseline
    found: Candidates
    instance: CoverageInstance
    constraints: SideConstraints
    answer: PlacementAnswer
    together: npt.NDArray[np.bool_]
    truth: Truth
    rounds: int
    taken_back: int
    seconds: dict[str, float]


def plan_towers(
    store: FolderStore,
    request: TowerRequest,
    *,
    progress: Progress = silent,
    tell: Tell = untold,
    cancelled: Callable[[], bool] = lambda: False,
) -> TowerPlan:
    """Choose where to build, and compute what it gives.

    Parameters
    ----------
    store : FolderStore
        With current results.
    request : TowerRequest
    progress : callable
        Stages ``candidates`` and ``checking``.
    tell : callable
        Receives every better answer or bound; first, stage ``standing``, what is served without a plan.
    cancelled : callable
        True ends the search with the best answer so far.

    Raises
    ------
    NotFoundError
        ``results_missing``.
    InputError
        ``results_stale``, whatever is wrong with the request.
    PlacementError
        Constraints that contradict each other; ``place_unreachable`` with the share that can be reached.
    """
    clock = _Stages()
    base, pool = Baseline(store), ThreadPool()
    clock.done("reading")
    found = find_candidates(base, request, pool=pool, progress=progress, clock=clock.done)
    if request.reach_percent is None:
        before = found.demand.served_weight
        tell(Step(0.0, "standing", before, np.inf), np.empty(0, dtype=np.int32))
    instance, constraints = _problem(request, found)
    answer, together, rounds, taken_back = _settled(
        request, found, instance, constraints, pool=pool, tell=tell, cancelled=cancelled
    )
    clock.done("solving")
    progress("checking", 0, 1)
    chosen = [found.options[k] for k in answer.chosen.tolist()]
    truth = check_plan(base, chosen, goal=found.goal, target=request.target, pool=pool)
    progress("checking", 1, 1)
    clock.done("checking")
    ends = (instance, constraints, answer, together, truth, rounds, taken_back, clock.seconds)
    return TowerPlan(request, base, found, *ends)


class _Stages:
    """Times stages one after another."""

    def __init__(self) -> None:
        self._begun = time.perf_counter()
        self.seconds: dict[str, float] = {}

    def done(self, stage: str) -> None:
        """Note how long a stage took."""
        now = time.perf_counter()
        self.seconds[stage] = round(now - self._begun, 3)
        self._begun = now


def _unclocked(_stage: str) -> None:
    """Time nothing."""


def find_candidates(
    base: Baseline,
    request: TowerRequest,
    *,
    pool: Pool,
    progress: Progress = silent,
    clock: Callable[[str], None] = _unclocked,
) -> Candidates:
    """Gather what could be built, price it and work out what it would serve."""
    inputs = base.inputs
    builder = builder_of(inputs, request)
    goal = _goal(base, request, builder)
    demand = _demand(base, request, goal)
    places = find_places(
        inputs,
        base.world,
        demand,
        request.candidates,
        excluded=_metric(request.excluded, inputs.grid.epsg),
        from_masts_m=request.min_distance_m,
    )
    listed = build_options(inputs, places, demand, builder=builder, request=request, signal=base.signal)
    places, kept = keep(inputs, base.world, places, request.kept, goal=goal)
    clock("candidates")
    way = ways(inputs, places, request.candidates)
    options, prices = _affordable(inputs, places, listed, kept, request=request, way=way)
    clock("prices")
    stand = standing(
        inputs,
        base.signal,
        base.bits,
        demand.pixel,
        service=(builder.operator, builder.technology),
        goal=goal,
        new_cells=[cell for option in options for cell in option.cells],
    )
    served = evaluate(inputs, demand, stand, options, goal=goal, pool=pool, progress=progress)
    clock("evaluation")
    return Candidates(
        builder,
        goal,
        demand,
        places,
        way,
        options,
        prices,
        judge_of(inputs, demand, stand, options),
        served,
        len(listed) + len(kept.options) - len(options),
    )


def _affordable(
    inputs: ComputeInputs,
    places: Places,
    listed: list[Option],
    kept: Kept,
    *,
    request: TowerRequest,
    way: Ways,
) -> tuple[list[Option], list[tuple[CostParts, Backhaul]]]:
    """Price all options; what no backhaul reaches is left out, except what is built in any case."""
    all_options = [*listed, *kept.options]
    prices = priced(inputs, places, all_options, model=request.costs, settings=request.candidates, way=way)
    joined = [(one, price) for one, price in zip(listed, prices, strict=False) if price is not None]
    certain = list(zip(kept.options, kept_prices(kept, prices[len(listed) :]), strict=True))
    return [one for one, _ in (*joined, *certain)], [price for _, price in (*joined, *certain)]


def _goal(base: Baseline, request: TowerRequest, builder: Builder) -> Goal:
    technologies = base.inputs.method.village_rule.technologies
    if request.technology is not None:
        technologies = (request.technology,)
    return Goal(tuple(technologies), builder.operator if request.served_by == "own" else None)


def _demand(base: Baseline, request: TowerRequest, goal: Goal) -> Demand:
    served = (base.bits & np.uint32(goal.mask(base.signal.services))) != 0
    if request.target == "villages":
        return village_demand(base.inputs, base.settlements, served)
    return cell_demand(base.inputs, base.world, base.settlements, served, target=request.target)


def _metric(shape: BaseGeometry | None, epsg: int) -> BaseGeometry | None:
    if shape is None:
        return None
    to_metres = pyproj.Transformer.from_crs(4326, epsg, always_xy=True)

    def moved(lonlat: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return np.column_stack(to_metres.transform(lonlat[:, 0], lonlat[:, 1]))

    return shapely.transform(shape, moved)


def _problem(request: TowerRequest, found: Candidates) -> tuple[CoverageInstance, SideConstraints]:
    demand, places, options = found.demand, found.places, found.options
    rest = max(demand.total_weight - demand.served_weight - float(demand.weight.sum()), 0.0)
    instance = instance_of(
        found.served.rows,
        weight=np.concatenate([demand.weight, [demand.served_weight, rest]]),
        cost=np.array([parts.total_mvnd for parts, _ in found.prices], dtype=np.float64),
    )
    covered = np.zeros(instance.demands, dtype=np.bool_)
    covered[demand.demands] = True
    place = np.array([option.place for option in options], dtype=np.int32)
    conflicts = near_pairs(
        places.x_m[place] if place.size else [],
        places.y_m[place] if place.size else [],
        distance_m=request.min_distance_m,
        place=place,
        counts=np.array([option.means in ("mast", "repeater") for option in options], dtype=np.bool_),
    )
    is_kept = kept_sites(places.source, options)
    is_new = np.array([option.means in NEW_SITES for option in options], dtype=np.bool_) & ~is_kept
    zone = places.zone[place] if place.size else place
    return replace(instance, covered=covered), SideConstraints(
        place=place,
        conflicts=without_kept_pairs(conflicts, is_kept),
        area=np.where(is_new, zone, NONE).astype(np.int32),
        area_limit=request.per_commune,
        forced=np.flatnonzero(is_kept).astype(np.int32),
    )


def _settled(
    request: TowerRequest,
    found: Candidates,
    instance: CoverageInstance,
    constraints: SideConstraints,
    *,
    pool: Pool,
    tell: Tell,
    cancelled: Callable[[], bool],
) -> tuple[PlacementAnswer, npt.NDArray[np.bool_], int, int]:
    """Solve; where chosen options spoil each other's claims, take those claims out and solve again."""
    left, taken_back, rounds = instance, 0, 0
    tried: list[tuple[float, float, int, PlacementAnswer, npt.NDArray[np.bool_]]] = []
    while rounds < MOST_ROUNDS:
        rounds += 1
        answer = _solve(request, left, constraints, tell=tell, cancelled=cancelled)
        together = served_together(found.judge, answer.chosen.tolist(), pool=pool)
        weight = float(found.demand.weight[together].sum())
        tried.append((weight, -answer.cost, -rounds, answer, together))
        left, spoilt = _without_spoilt(left, answer.chosen, together)
        if spoilt == 0 or cancelled():
            break
        taken_back += spoilt
    _, _, _, answer, together = max(tried, key=lambda one: one[:3])
    return answer, together, rounds, taken_back


def _without_spoilt(
    instance: CoverageInstance, chosen: Int32Array, together: npt.NDArray[np.bool_]
) -> tuple[CoverageInstance, int]:
    """Take out claims of chosen options on demand that they do not serve together."""
    option = np.repeat(np.arange(instance.sites), np.diff(instance.indptr))
    dark = np.append(~together, [False, False])
    spoilt = np.isin(option, chosen) & dark[instance.demand_index]
    if not spoilt.any():
        return instance, 0
    counts = np.bincount(option[~spoilt], minlength=instance.sites)
    return replace(
        instance,
        indptr=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        demand_index=instance.demand_index[~spoilt],
    ), int(spoilt.sum())


def _solve(
    request: TowerRequest,
    instance: CoverageInstance,
    constraints: SideConstraints,
    *,
    tell: Tell,
    cancelled: Callable[[], bool],
) -> PlacementAnswer:
    begun = time.perf_counter()
    with interruptible() as interrupted:
        control = Control(
            elapsed_s=lambda: time.perf_counter() - begun,
            time_limit_s=request.time_limit_s,
            gap=request.gap,
            cancelled=lambda: interrupted() or cancelled(),
            tell=tell,
        )
        if request.reach_percent is None:
            return solve_max_cover(
                instance,
                sites=request.sites,
                budget=request.budget_mvnd,
                constraints=constraints,
                control=control,
            )
        share = None if request.reach_percent == REACH_ALL else float(request.reach_percent) / 100.0
        _check_reach(instance, constraints, share)
        return solve_least_cost(instance, reach_share=share, constraints=constraints, control=control)


def _check_reach(instance: CoverageInstance, constraints: SideConstraints, share: float | None) -> None:
    """Refuse a share that all options together do not reach."""
    total = float(instance.demand_weight.sum())
    most = reachable_weight(instance, constraints) / total if total else 1.0
    if share is not None and share > most * (1.0 + 1e-12):
        raise PlacementError("tower_unreachable", asked=round(100.0 * share, 4), most=int(most * 1e6) / 1e4)
