"""Least cost to reach a target: which sites to build, and how far that can be from the cheapest.

What decides nothing is set aside, a greedy answer is told at once and improved by annealing, linear
programming bounds the cost and rules sites out, and a mixed integer program over the rest closes the gap
where it is small enough. Where all that can be served is to be served, the parts that hang together are
solved one by one.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from phusong.coverage.errors import PlacementError
from phusong.coverage.placement.anneal import Annealer, annealer, kernel_view
from phusong.coverage.placement.answer import Control, PlacementAnswer
from phusong.coverage.placement.components import parts
from phusong.coverage.placement.costbound import NEARLY, CostBound, cost_bound
from phusong.coverage.placement.costbound_early import early_bound, near_sites
from phusong.coverage.placement.costbound_regions import RegionalBound
from phusong.coverage.placement.costbound_safe import reduced_costs
from phusong.coverage.placement.costproblem import CostProblem, cost_task, narrowed
from phusong.coverage.placement.covermip import (
    MipAnswer,
    Solver,
    best_solver,
    cover_program,
    reach_program,
)
from phusong.coverage.placement.dominance import without_dominated
from phusong.coverage.placement.instance import BoolArray, CoverageInstance, Int32Array, SideConstraints
from phusong.coverage.placement.leastcost_search import Search
from phusong.coverage.placement.unreachable import out_of_reach

MOST_MIP_NONZEROS = 250_000
"""Larger programs are left to bounds."""
_SMALL = 20_000
"""Nonzeros up to which the mixed integer program comes at once."""
_FIRST_S = 0.12
"""Annealing before anything else is looked at."""
_COOLER = 0.15
"""Share of the cooling after which chosen sites are worth a look by the bound."""
_MATTER, _PRICED = 0.05, 0.08
"""Reduced cost, as share of the mean cost, of the sites that long annealing tries, and of those that interior
point steps begin with."""
_FIRST_WALK_S, _EARLY_S, _BESIDE_S = 1.0, 5.0, 14.0
"""Annealing before the first bound, and at most beside the early bound and beside the exact one."""
_LARGE_NONZEROS = 4e6
"""Nonzeros at which annealing beside the bounds takes its full time."""
_LONGER_S, _REHEAT = 30.0, 0.12
"""First length of long annealing, and its first temperature as share of the mean cost."""
_OTHER_SEEDS = 1_000
"""Where the random numbers of a second annealing begin."""
_REGION_NONZEROS, _LARGER, _LARGEST = 50_000, 3, 450_000
"""Nonzeros of the regions of the first round, how much larger those of the next are, and of the last."""
_ENOUGH_MOVES = 5_000
"""Moves for each site after which short annealing ends before its time."""
_SLICE_NONZEROS = 2_000_000
"""Nonzeros that a slice of annealing passes over: some milliseconds."""


def solve_least_cost(
    instance: CoverageInstance,
    *,
    reach_share: float | None,
    constraints: SideConstraints | None = None,
    control: Control,
    solver: Solver | None = None,
) -> PlacementAnswer:
    """Find the cheapest sites that serve a share of all weight.

    Parameters
    ----------
    instance : CoverageInstance
        Sites, demand, costs.
    reach_share : float or None
        Share (0 to 1) of all weight that must be served, what is served already included; `None` for all that
        any site can serve.
    constraints : SideConstraints, optional
        What may not be built together, what must and must not be built.
    control : Control
        When to stop, and whom to tell.
    solver : callable, optional
        Of mixed integer programs; SCIP where it is installed, else HiGHS.

    Returns
    -------
    PlacementAnswer
        ``value`` is the cost, ``bound`` a cost below which there is no answer.

    Raises
    ------
    PlacementError
        What `out_of_reach` returns: the share that can be reached and what clashes with the target;
        ``place_share``; what contradicts itself in the constraints.
    """
    task = cost_task(instance, reach_share=reach_share, constraints=constraints)
    search = Search(task, control)
    solve = best_solver() if solver is None else solver
    _first_answer(search, task.problem)
    if search.chosen is None:
        _find_any(search, task.problem, solve)
    if search.stop():
        return search.answer()
    problem = without_dominated(task.problem)
    if problem.covers_all:
        _solve_parts(search, problem, solve)
    else:
        _solve_target(search, problem, solve)
    return search.answer()


def solve_all_coverable(
    instance: CoverageInstance,
    *,
    constraints: SideConstraints | None = None,
    control: Control,
    solver: Solver | None = None,
) -> PlacementAnswer:
    """Find the cheapest sites that serve all that any usable site can serve; see `solve_least_cost`."""
    return solve_least_cost(
        instance, reach_share=None, constraints=constraints, control=control, solver=solver
    )


@dataclass(frozen=True, slots=True)
class _Watch:
    """Passes on to the search what a solver finds in one problem.

    ``take`` receives its answers; ``rest`` is a bound of everything outside of the problem. What a program
    bounds that minimises something else than cost is nothing to the search: ``is_cost`` is false then.
    """

    search: Search
    take: Callable[[Int32Array], object]
    rest: float = 0.0
    enough: Callable[[], bool] = lambda: False
    is_cost: bool = True

    def stop(self) -> bool:
        return self.search.stop() or self.enough()

    def remaining_s(self) -> float:
        return self.search.remaining_s()

    def better(self, chosen: Int32Array) -> None:
        self.take(chosen)

    def bounded(self, bound: float) -> None:
        if self.is_cost:
            self.search.bounded("mip", self.rest + bound)


def _first_answer(search: Search, problem: CostProblem) -> None:
    walker = annealer(problem)
    if walker.reached:
        search.better("greedy", problem, walker.chosen)
    if problem.cover.sites > 1:
        _anneal_briefly(search, problem, walker, seconds=_FIRST_S, hot=0.03)


def _anneal(
    search: Search,
    problem: CostProblem,
    walker: Annealer,
    *,
    seconds: float,
    hot: float,
    most_moves: float = math.inf,
) -> BoolArray:
    """Cool down once; return the sites that were chosen in the cooler part."""
    control = search.control
    began = control.elapsed_s()
    seconds = max(min(seconds, search.remaining_s()), 1e-9)
    seen = np.zeros(problem.cover.sites, np.bool_)
    moves = max(50, _SLICE_NONZEROS // (problem.nonzeros // problem.cover.sites + 20))
    moves = int(min(moves, max(50.0, most_moves / 20)))
    made = 0
    if walker.reached:
        walker.restart(walker.chosen)
    while not search.stop():
        progress = max((control.elapsed_s() - began) / seconds, made / most_moves)
        if progress >= 1:
            break
        cost = walker.found[1]
        walker.run(walker.heat(progress, hot=hot), moves)
        made += moves
        if walker.found[1] < cost:
            search.better("anneal", problem, walker.chosen)
        if progress > _COOLER:
            seen[walker.state.chosen[: int(walker.state.size[0])]] = True
    if walker.reached:
        search.better("anneal", problem, walker.chosen)
        seen[walker.chosen] = True
    return seen


def _anneal_briefly(
    search: Search, problem: CostProblem, walker: Annealer, *, seconds: float, hot: float
) -> BoolArray:
    """Cool down once, in less than `seconds` where there are few sites."""
    most = float(_ENOUGH_MOVES * problem.cover.sites)
    return _anneal(search, problem, walker, seconds=seconds, hot=hot, most_moves=most)


def _known(search: Search, problem: CostProblem) -> Int32Array | None:
    """Return the best answer in the numbers of `problem`, `None` when it uses other sites."""
    if search.chosen is None or not np.isin(search.chosen, problem.site).all():
        return None
    return np.searchsorted(problem.site, np.sort(search.chosen)).astype(np.int32)


def _solve_target(search: Search, problem: CostProblem, solve: Solver) -> None:
    """Solve a problem that may leave some weight unserved."""
    walker = annealer(problem)
    # Annealing has a core to itself: linear algebra that wants it too makes both wait for each other.
    with ThreadPoolExecutor(max_workers=1) as pool, threadpool_limits(limits=1, user_api="blas"):
        if problem.nonzeros <= _SMALL:
            seen = _anneal_briefly(search, problem, walker, seconds=0.2, hot=0.2)
            first = seen if seen.any() else np.ones(seen.size, np.bool_)
            bound = cost_bound(problem, first, stop=search.stop, tell=_bound_teller(search))
        else:
            bound = _bound_beside(search, problem, walker, pool)
        if search.stop():
            return
        core = _core(search, problem, bound, room=search.value - bound.value)
        if core.nonzeros > MOST_MIP_NONZEROS:
            _bound_and_cool(search, problem, bound, solve, pool)
            return
    core = _core(search, problem, bound, room=search.value - bound.value)
    watch = _Watch(search, lambda chosen: search.better("mip", core, chosen))
    found = solve(cover_program(core), _known(search, core), watch)
    if found.found:
        search.better("mip", core, found.chosen)
    search.bounded("mip", found.bound)


def _bound_teller(search: Search) -> Callable[[CostBound], None]:
    return lambda one: search.bounded("bound", one.value)


def _bound_beside(
    search: Search, problem: CostProblem, walker: Annealer, pool: ThreadPoolExecutor
) -> CostBound:
    """Bound here and anneal in `pool`, among all sites first, then among those that matter."""
    _anneal(search, problem, walker, seconds=_FIRST_WALK_S, hot=0.2)
    size = min(1.0, problem.nonzeros / _LARGE_NONZEROS)
    tell = _bound_teller(search)
    if search.chosen is None:
        every = np.ones(problem.cover.sites, np.bool_)
        return cost_bound(problem, every, stop=search.stop, tell=tell)
    walking = pool.submit(_anneal, search, problem, walker, seconds=1.0 + _EARLY_S * size, hot=0.3)
    early = early_bound(problem, search.value, stop=search.stop, tell=tell)
    near = near_sites(problem, early, _MATTER)
    if search.stop():
        return early
    pool.submit(_anneal_among, search, problem, near, seconds=1.0 + _BESIDE_S * size)
    chosen = np.isin(problem.site, search.chosen)
    first = near_sites(problem, early, _PRICED) | chosen
    bound = cost_bound(problem, first, stop=search.stop, tell=tell, precise=NEARLY)
    walking.result()
    return max(early, bound, key=lambda one: one.value)


def _anneal_among(search: Search, problem: CostProblem, near: BoolArray, *, seconds: float) -> None:
    """Anneal among the sites `near` and those of the best answer."""
    chosen = np.zeros(0, np.int32) if search.chosen is None else search.chosen
    few = narrowed(problem, near | np.isin(problem.site, chosen))
    _anneal(search, few, annealer(few), seconds=seconds, hot=_REHEAT)


def _bound_and_cool(
    search: Search, problem: CostProblem, bound: CostBound, solve: Solver, pool: ThreadPoolExecutor
) -> None:
    """Bound region by region here and anneal in `pool`, to the end."""
    near = _core(search, problem, bound, room=_MATTER * float(problem.cover.site_cost.mean()))
    walking = pool.submit(_keep_cooling, search, near, seed=2)
    _bound_regions(search, problem, bound, solve)
    _keep_cooling(search, near, seed=_OTHER_SEEDS)
    walking.result()


def _bound_regions(search: Search, problem: CostProblem, prices: CostBound, solve: Solver) -> None:
    """Bound by small regions first; by larger ones where time is left."""
    largest = _REGION_NONZEROS
    while not search.stop() and search.chosen is not None and largest <= _LARGEST:
        chosen = np.isin(problem.site, search.chosen)
        RegionalBound(problem, prices, chosen, largest=largest).improve(
            solve,
            stop=search.stop,
            remaining_s=search.remaining_s,
            tell=lambda one: search.bounded("bound", one),
        )
        largest *= _LARGER


def _keep_cooling(search: Search, near: CostProblem, *, seed: int) -> None:
    """Anneal among the sites that prices nearly pay for, longer each time, to the end."""
    seconds = _LONGER_S
    while not search.stop():
        left_s = search.remaining_s()
        length = left_s if left_s < 2.0 * seconds else seconds
        _anneal(search, near, annealer(near, seed=seed), seconds=length, hot=_REHEAT)
        seconds *= 2.0
        seed += 1


def _core(search: Search, problem: CostProblem, bound: CostBound, *, room: float) -> CostProblem:
    """Return `problem` without the sites whose reduced cost is above `room`.

    An answer with a site costs at least the bound and the reduced cost of the site: where `room` is the gap,
    no better answer builds the sites that go.
    """
    cover, _ = kernel_view(problem)
    left = reduced_costs(cover, bound.price, bound.rate)
    keep = left <= room + 1e-9 * search.value
    if search.chosen is not None:
        keep |= np.isin(problem.site, search.chosen)
    return narrowed(problem, keep)


def _solve_parts(search: Search, problem: CostProblem, solve: Solver) -> None:
    """Solve each part that hangs together by itself; their bounds add up."""
    walker = annealer(problem)
    seconds = min(1.0, 0.1 + problem.nonzeros / 2e5)
    _anneal_briefly(search, problem, walker, seconds=seconds, hot=0.1)
    known = _known(search, problem)
    chosen = set() if known is None else set(problem.site[known].tolist())
    bounds: list[float] = []
    for part in parts(problem):
        own = [site for site in part.site.tolist() if site in chosen]
        others = chosen.difference(own)

        def take(found: Int32Array, part: CostProblem = part, others: set[int] = others) -> None:
            whole = np.array(sorted(others.union(part.site[found].tolist())), np.int32)
            search.better("mip", problem, np.searchsorted(problem.site, whole).astype(np.int32))

        start = None if known is None else np.searchsorted(part.site, np.array(sorted(own))).astype(np.int32)
        answer = _part_answer(part, start, solve, _Watch(search, take, math.fsum(bounds)))
        bounds.append(answer.bound)
        if answer.found:
            chosen = others.union(part.site[answer.chosen].tolist())
            take(answer.chosen)
        if search.stop():
            break
    search.bounded("mip", math.fsum(bounds))


def _part_answer(part: CostProblem, start: Int32Array | None, solve: Solver, watch: _Watch) -> MipAnswer:
    if part.cover.sites == 1:
        return MipAnswer(
            np.zeros(1, np.int32), found=True, bound=float(part.cover.site_cost[0]), infeasible=False
        )
    return solve(cover_program(part), start, watch)


def _find_any(search: Search, problem: CostProblem, solve: Solver) -> None:
    """Look for any answer within the limits; say what can be reached when there is none."""

    def take(chosen: Int32Array) -> None:
        search.better("mip", problem, chosen)

    watch = _Watch(search, take, enough=lambda: search.chosen is not None, is_cost=False)
    if problem.cover.sites == 0:
        raise _out_of_reach(search, 0.0)
    answer = solve(reach_program(problem), np.zeros(0, np.int32), watch)
    take(answer.chosen)
    if search.chosen is not None:
        return
    if search.stop():
        raise PlacementError("place_none_found", seconds=search.control.elapsed_s())
    served = np.zeros(problem.cover.demands, np.bool_)
    for site in answer.chosen:
        served[problem.cover.served_by(int(site))] = True
    missed = math.fsum(problem.cover.demand_weight[~served].tolist())
    raise _out_of_reach(search, missed)


def _out_of_reach(search: Search, missed: float) -> PlacementError:
    task = search.task
    return out_of_reach(
        task.instance,
        task.constraints,
        needed_weight=task.needed_weight,
        reachable_weight=task.reachable_weight - missed,
    )
