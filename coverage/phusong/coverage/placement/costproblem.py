"""What least cost has to decide: the sites left, the demand left, and what may stay unserved.

Sites that are forced are built, sites that are forbidden, exclude themselves against a forced one or serve
nothing are gone, demand that decides nothing is dropped or merged.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from phusong.coverage.errors import PlacementError
from phusong.coverage.placement.instance import (
    BoolArray,
    CoverageInstance,
    FloatArray,
    Int32Array,
    SideConstraints,
    exact_sum,
)
from phusong.coverage.placement.limits import Limits, limits_of
from phusong.coverage.placement.reduction import Transposed, reduce_demand, transpose
from phusong.coverage.placement.unreachable import TARGET_TOLERANCE, out_of_reach

MAX_GRID_DIGITS = 6
"""Decimals of numbers that are read as whole multiples of a unit."""


@dataclass(frozen=True)
class CostProblem:
    """What is left to decide.

    Attributes
    ----------
    cover : CoverageInstance
        Sites and demand left, nothing of it covered.
    limits : Limits
        How many sites of each group may be built.
    site : ndarray of int32, shape (sites of `cover`,)
        Number of each site in the whole instance.
    spare : float
        Weight of `cover` that may stay unserved; negative when the target is out of reach.
    """

    cover: CoverageInstance
    limits: Limits
    site: Int32Array
    spare: float

    @cached_property
    def by_demand(self) -> Transposed:
        """`cover` read by demand; made when it is first asked for."""
        return transpose(self.cover)

    @property
    def nonzeros(self) -> int:
        """Number of pairs of site and demand."""
        return self.cover.demand_index.size

    @property
    def covers_all(self) -> bool:
        """Whether every demand left has to be served."""
        weight = self.cover.demand_weight
        return weight.size == 0 or self.spare < float(weight.min())


@dataclass(frozen=True, slots=True)
class CostTask:
    """The whole question, and the part of it that is left to decide.

    Attributes
    ----------
    instance : CoverageInstance
        As given.
    constraints : SideConstraints or None
        As given.
    forced : ndarray of int32
        Sites that are built in any case.
    needed_weight, total_weight : float
        Weight to serve, what is served already included; all weight.
    reachable_weight : float
        Weight served if all usable sites stood, whatever limits say.
    problem : CostProblem
        What is left.
    """

    instance: CoverageInstance
    constraints: SideConstraints | None
    forced: Int32Array
    needed_weight: float
    total_weight: float
    reachable_weight: float
    problem: CostProblem

    @property
    def forced_cost(self) -> float:
        """Cost of the forced sites."""
        return math.fsum(self.instance.site_cost[self.forced].tolist())


def cost_task(
    instance: CoverageInstance, *, reach_share: float | None, constraints: SideConstraints | None
) -> CostTask:
    """Check the question and set aside what is decided.

    Parameters
    ----------
    instance : CoverageInstance
        Sites, demand, costs.
    reach_share : float or None
        Share of all weight to serve, 0 to 1; `None` for all that any site can serve.
    constraints : SideConstraints or None
        What may not be built together, what must and must not be built.

    Returns
    -------
    CostTask
        The question, reduced.

    Raises
    ------
    PlacementError
        ``place_share`` (share outside 0 .. 1), what `out_of_reach` returns, or what `limits_of` raises.
    """
    if reach_share is not None and not 0 <= reach_share <= 1:
        raise PlacementError("place_share", value=float(reach_share), allowed="0 .. 1")
    limits, forced, usable = limits_of(instance.sites, constraints)
    served = instance.covered.copy()
    for site in forced:
        served[instance.served_by(int(site))] = True
    open_instance = CoverageInstance(
        instance.indptr, instance.demand_index, instance.demand_weight, instance.site_cost, served
    )
    reduced = reduce_demand(open_instance, usable=usable)
    total = reduced.total_weight
    left = exact_sum(reduced.instance.demand_weight)
    reachable = reduced.served_weight + left
    needed = reachable if reach_share is None else reach_share * total
    slack = TARGET_TOLERANCE * total
    if needed > reachable + slack and not limits.groups:
        raise out_of_reach(instance, constraints, needed_weight=needed, reachable_weight=reachable)
    spare = _on_grid(reduced.instance.demand_weight, reachable - needed, slack)
    if needed <= reduced.served_weight + slack:
        problem = with_sites(reduced.instance, limits, np.zeros(instance.sites, np.bool_), spare=spare)
    else:
        serves = usable & (np.diff(reduced.instance.indptr) > 0)
        numbers = np.arange(instance.sites, dtype=np.int32)
        problem = _of_rows(reduced.instance, limits, serves, spare=spare, numbers=numbers)
    return CostTask(instance, constraints, forced, needed, total, reachable, problem)


def with_sites(
    cover: CoverageInstance,
    limits: Limits,
    keep: BoolArray,
    *,
    spare: float,
    numbers: Int32Array | None = None,
) -> CostProblem:
    """Return the problem that has only the sites `keep`; what nobody serves any more uses up `spare`.

    Parameters
    ----------
    cover : CoverageInstance
        Nothing of it covered.
    limits : Limits
        Of the sites of `cover`.
    keep : ndarray of bool, shape (sites,)
        Sites that stay.
    spare : float
        Weight of `cover` that may stay unserved.
    numbers : ndarray of int32, shape (sites,), optional
        Number of each site in the whole instance; its own by default.

    Returns
    -------
    CostProblem
        The smaller problem.
    """
    own = np.arange(cover.sites, dtype=np.int32) if numbers is None else numbers
    reduced = reduce_demand(cover, usable=keep).instance
    lost = exact_sum(cover.demand_weight) - exact_sum(reduced.demand_weight)
    return _of_rows(reduced, limits, keep, spare=spare - lost, numbers=own)


def _of_rows(
    reduced: CoverageInstance, limits: Limits, keep: BoolArray, *, spare: float, numbers: Int32Array
) -> CostProblem:
    """Return the problem of the sites `keep`; the others serve nothing."""
    kept = np.flatnonzero(keep)
    lengths = np.diff(reduced.indptr)[kept]
    smaller = CoverageInstance(
        np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        reduced.demand_index,
        reduced.demand_weight,
        reduced.site_cost[kept],
        reduced.covered,
    )
    return CostProblem(
        smaller, limits.of_sites(kept), numbers[kept], clear_spare(smaller.demand_weight, spare)
    )


def clear_spare(weight: FloatArray, spare: float) -> float:
    """Return half the least weight where nothing may be missed, so that rounding cannot tell otherwise."""
    least = float(weight.min()) if weight.size else 0.0
    return 0.5 * least if 0.0 <= spare < least else spare


def narrowed(problem: CostProblem, keep: BoolArray) -> CostProblem:
    """Return `problem` with the sites `keep` only."""
    return with_sites(problem.cover, problem.limits, keep, spare=problem.spare, numbers=problem.site)


def unit_of(numbers: FloatArray) -> float:
    """Return the greatest decimal unit that all `numbers` are whole multiples of, 0 when there is none."""
    if numbers.size == 0:
        return 1.0
    for digits in range(MAX_GRID_DIGITS + 1):
        scaled = numbers * 10.0**digits
        whole = np.rint(scaled)
        if scaled.max() < 2**52 and np.all(np.abs(scaled - whole) <= 1e-9):
            divisor = int(np.gcd.reduce(whole.astype(np.int64)))
            return divisor / 10.0**digits if divisor else 1.0
    return 0.0


def _on_grid(weight: FloatArray, spare: float, slack: float) -> float:
    """Put `spare` in the middle between two sums of weights, where rounding cannot tell them apart."""
    unit = unit_of(weight)
    if unit <= 4 * slack:
        return spare + slack
    return (math.floor((spare + slack) / unit) + 0.5) * unit
