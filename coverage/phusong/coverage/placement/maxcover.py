"""Most weight served by so many sites or for so much money, with a bound that proves how good it is.

Greedy and exchanges give an answer at once. The linear program, solved by PDHG, gives a bound, plans to round
to, and sites that no better plan can hold or lack; what is left goes to HiGHS.
"""

from __future__ import annotations

import math

import numpy as np

from phusong.coverage.placement.answer import Control, PlacementAnswer
from phusong.coverage.placement.bounds import dual_bound
from phusong.coverage.placement.core import Core, carried, shrink, whole_core
from phusong.coverage.placement.greedy import greedy, greedy_plan
from phusong.coverage.placement.instance import (
    CoverageInstance,
    FloatArray,
    Int32Array,
    SideConstraints,
    exact_sum,
)
from phusong.coverage.placement.mip import MipRun, solve_core
from phusong.coverage.placement.openrows import Matrix
from phusong.coverage.placement.pdhg import Relaxation, Relaxed
from phusong.coverage.placement.problem import Resources, make_problem
from phusong.coverage.placement.reduction import reduce_demand
from phusong.coverage.placement.rounding import fitting, noisy, rounded, shaken
from phusong.coverage.placement.search import Search
from phusong.coverage.placement.swap import improve_plan

BLOCK_STEPS = 100
"""Steps of PDHG between two looks at bound, plan and core."""
MOST_STEPS = 20_000
SHRINK_TO = 0.8
"""A core is made smaller when no more than this part of its sites is left."""
CONVERGED = 0.02
"""The linear program is done when its own gap is this part of the gap to the best plan."""
ROUNDS = 60
IDLE_ROUNDS = 15
ROUNDING_SHARE = 0.25
"""Of the time left, at most, for rounding and shaking."""
MIP_NONZEROS = 1_500_000
"""Of larger cores, HiGHS is first given a part: the sites of which the linear program builds something."""
PART_SHARE = 0.3
"""Of the time left, at most, for that part."""
MOST_NONZEROS = 4_000_000
"""Still larger cores are never given to HiGHS whole: it would take gigabytes."""


def solve_max_cover(
    instance: CoverageInstance,
    *,
    sites: int | None = None,
    budget: float | None = None,
    constraints: SideConstraints | None = None,
    control: Control,
) -> PlacementAnswer:
    """Choose the sites that serve most.

    Parameters
    ----------
    instance : CoverageInstance
        Sites, demand, weights, costs, what is served already.
    sites : int, optional
        Most sites.
    budget : float, optional
        Most cost, in the currency of the instance. At least one of the two.
    constraints : SideConstraints, optional
        What may not, must not or must be built. None by default.
    control : Control
        When to stop, whom to tell.

    Returns
    -------
    PlacementAnswer
        Value and bound are weights served, what is served already included. ``proved`` means: no plan
        serves more. With whole weights the safe bound lies less than their greatest common divisor above
        the value; with others, less than `RESOLUTION` of all weight. Among plans that serve the same,
        exchanges look for the cheapest, without proof.

    Raises
    ------
    PlacementError
        See `make_problem`.
    """
    problem = make_problem(instance, sites=sites, budget=budget, constraints=constraints)
    reduction = reduce_demand(problem.instance, usable=problem.usable)
    search = Search(problem, reduction, control)
    plan = greedy_plan(problem, search.reduced)
    search.offer(plan, "greedy")
    better = improve_plan(search.reduced, problem.limits, problem.usable, plan, stop=search.interrupted)
    search.offer(better, "swap")
    if not search.finished():
        _prove(search)
    return _answer(instance, search)


def _prove(search: Search) -> None:
    problem = search.problem
    core = whole_core(search.reduced, problem.limits, problem.usable)
    random = np.random.default_rng(1)
    core, relaxed = _relax(search, core)
    if search.finished():
        return
    _round(search, core, relaxed, random)
    if search.finished():
        return
    core, relaxed = _decide(search, core, relaxed)
    _finish(search, core, relaxed)


def _relax(search: Search, core: Core) -> tuple[Core, Relaxed]:
    """Solve the linear program, ruling sites in and out on the way."""
    relaxation = Relaxation(core.instance, core.limits, core.usable)
    look = BLOCK_STEPS
    while True:
        relaxed = relaxation.improve(BLOCK_STEPS, stop=search.interrupted)
        bound = dual_bound(core.instance, core.limits, core.usable, relaxed.price, relaxed.group_price)
        search.limit(core.base + bound.value, "bound")
        if relaxed.steps >= look and not search.finished():
            look *= 2
            _offer(search, core, rounded(core, relaxed.share, stop=search.interrupted), "rounding")
        room = max(core.base + bound.value - search.value, search.close)
        converged = relaxed.bound - relaxed.served <= CONVERGED * room or relaxed.steps >= MOST_STEPS
        if search.finished() or not core.site.size:
            return core, relaxed
        smaller, start = _decide(search, core, relaxed)
        if smaller.site.size <= SHRINK_TO * core.site.size:
            core = smaller
            relaxation = Relaxation(
                core.instance,
                core.limits,
                core.usable,
                share=start.share,
                price=start.price,
                primal_weight=relaxation.primal_weight,
            )
        elif converged:
            return core, relaxed


def _decide(search: Search, core: Core, relaxed: Relaxed) -> tuple[Core, Relaxed]:
    """Rule out and in what no plan better than the best one can hold or lack; carry the solution over."""
    bound = dual_bound(core.instance, core.limits, core.usable, relaxed.price, relaxed.group_price)
    beaten = search.beaten(bound.value - np.abs(bound.margin), core.base)
    ruled_out, ruled_in = beaten & (bound.margin < 0), beaten & (bound.margin > 0)
    if not np.any(ruled_out | ruled_in):
        return core, relaxed
    smaller = shrink(core, ruled_out, ruled_in)
    start = Relaxed(
        relaxed.share[~ruled_out & ~ruled_in],
        carried(relaxed.price, smaller.class_of, smaller.instance.demands),
        relaxed.group_price,
        relaxed.served,
        relaxed.bound,
        relaxed.steps,
    )
    return smaller, start


def _offer(search: Search, core: Core, plan: Int32Array, stage: str) -> bool:
    return search.offer(np.concatenate([core.built, core.site[plan]]).astype(np.int32), stage)


def _round(search: Search, core: Core, relaxed: Relaxed, random: np.random.Generator) -> None:
    """Round the shares with noise, and shake the best plan, while that finds better ones."""
    least_left_s = (1.0 - ROUNDING_SHARE) * search.remaining_s()
    idle = 0
    for turn in range(ROUNDS):
        inside = _inside(search, core)
        if turn % 2 and inside.size:
            plan = shaken(core, inside, relaxed.share, random, stop=search.interrupted)
        else:
            plan = rounded(core, noisy(random, relaxed.share), stop=search.interrupted)
        idle = 0 if _offer(search, core, plan, "rounding") else idle + 1
        if search.finished() or idle >= IDLE_ROUNDS or search.remaining_s() < least_left_s:
            break


def _inside(search: Search, core: Core) -> Int32Array:
    """Return the best plan in the numbers of the core, as far as it lies in it."""
    return fitting(core, np.flatnonzero(np.isin(core.site, search.chosen)).astype(np.int32))


def _finish(search: Search, core: Core, relaxed: Relaxed) -> None:
    """Give the core to HiGHS; where it is large, first what the linear program uses of it."""
    if not core.site.size:
        search.limit(core.base, "bound")
        return
    if core.instance.demand_index.size > MIP_NONZEROS:
        used = relaxed.share > 1e-6
        used[_inside(search, core)] = True
        part = shrink(core, ~used, np.zeros(used.size, np.bool_))
        _mip(search, part, whole=False)
        core, _ = _decide(search, core, relaxed)
    if core.instance.demand_index.size <= MOST_NONZEROS and not search.finished():
        bound = _mip(search, core, whole=True)
        search.limit(core.base + bound, "mip")


def _mip(search: Search, core: Core, *, whole: bool) -> float:
    def found(plan: Int32Array | None, bound: float) -> None:
        if plan is not None:
            _offer(search, core, plan, "mip")
        elif whole and math.isfinite(bound):
            search.limit(core.base + bound, "mip")

    close = max(0.9 * search.close, search.control.gap * (search.start + search.value))
    seconds = search.remaining_s() * (1.0 if whole else PART_SHARE)
    run = MipRun(seconds, close, search.scale, search.finished, found)
    return solve_core(core, _inside(search, core), run)


def _answer(instance: CoverageInstance, search: Search) -> PlacementAnswer:
    """Order the plan, add it up on the whole instance, and say what is known of it."""
    chosen = np.concatenate([search.problem.forced, search.chosen]).astype(np.int32)
    order, added = _in_order(instance, chosen)
    served = instance.covered.copy()
    for site in order:
        served[instance.served_by(int(site))] = True
    value = exact_sum(instance.demand_weight[served])
    bound = value if search.proved else max(search.start * (1.0 + 1e-15) + search.bound, value)
    cost = instance.site_cost[order]
    return PlacementAnswer(
        chosen=order,
        value=value,
        bound=bound,
        gap=search.gap,
        cost=math.fsum(cost.tolist()),
        served_weight=value,
        total_weight=exact_sum(instance.demand_weight),
        added_weight=added,
        step_cost=cost,
        seconds=search.control.elapsed_s(),
        status=search.status(),
        trace=tuple(search.steps),
    )


def _in_order(instance: CoverageInstance, chosen: Int32Array) -> tuple[Int32Array, FloatArray]:
    """Sort a plan by what each site adds for its cost; sites that add nothing come last."""
    inside = np.zeros(instance.sites, np.bool_)
    inside[chosen] = True
    reduced = reduce_demand(instance, usable=inside).instance
    nothing = Matrix(np.zeros(instance.sites + 1, np.int64), np.zeros(0, np.int32))
    empty = Matrix(np.zeros(1, np.int64), np.zeros(0, np.int32))
    limits = Resources(instance.site_cost, instance.sites, math.inf, nothing, empty, np.zeros(0, np.int32))
    order, added = greedy(reduced, limits, inside, by_cost=True)
    rest = np.setdiff1d(chosen, order).astype(np.int32)
    return np.concatenate([order, rest]).astype(np.int32), np.concatenate([added, np.zeros(rest.size)])
