"""Why a target is out of reach: the sites, what must not be built, or what may not stand together."""

from __future__ import annotations

import math

import numpy as np

from phusong.coverage.errors import Parameter, PlacementError
from phusong.coverage.placement.instance import BoolArray, CoverageInstance, SideConstraints

TARGET_TOLERANCE = 1e-9
"""Share of all weight by which a target counts as reached: weights are added up in floating point."""


def out_of_reach(
    instance: CoverageInstance,
    constraints: SideConstraints | None,
    *,
    needed_weight: float,
    reachable_weight: float,
) -> PlacementError:
    """Return the error that names what can be reached and which constraint clashes with the target.

    Parameters
    ----------
    instance : CoverageInstance
        The whole instance.
    constraints : SideConstraints or None
        As given.
    needed_weight : float
        Weight to serve, what is served already included.
    reachable_weight : float
        Most weight that can be served within the constraints.

    Returns
    -------
    PlacementError
        ``place_unreachable`` where all sites together do not reach the target, else
        ``place_unreachable_forbidden`` (what must not be built), ``place_unreachable_place``,
        ``place_unreachable_near``, ``place_unreachable_area`` (the one limit that there is) or
        ``place_unreachable_limits`` (several); ``free_share`` is what could be served without.
    """
    total = math.fsum(instance.demand_weight.tolist())
    every = np.ones(instance.sites, np.bool_)
    side = SideConstraints() if constraints is None else constraints
    allowed = every if side.forbidden is None else ~side.forbidden
    code, free = "place_unreachable", _served_by(instance, every)
    if needed_weight <= free + TARGET_TOLERANCE * total:
        within = _served_by(instance, allowed)
        if needed_weight > within + TARGET_TOLERANCE * total:
            code = "place_unreachable_forbidden"
        else:
            code, free = f"place_unreachable_{_limit_of(side)}", within

    def share(weight: float) -> float:
        return weight / total if total > 0 else 1.0

    parameters: dict[str, Parameter] = {
        "share": share(needed_weight),
        "reachable_share": share(reachable_weight),
        "reachable_weight": reachable_weight,
    }
    if code != "place_unreachable":
        parameters["free_share"] = share(free)
    if code == "place_unreachable_area":
        parameters["most"] = side.area_limit
    return PlacementError(code, **parameters)


def _served_by(instance: CoverageInstance, sites: BoolArray) -> float:
    """Return the weight served when all of some sites stand beside what there is."""
    served = instance.covered.copy()
    served[instance.demand_index[np.repeat(sites, np.diff(instance.indptr))]] = True
    return math.fsum(instance.demand_weight[served].tolist())


def _limit_of(side: SideConstraints) -> str:
    """Return the one kind of limit given, or ``limits``."""
    given = [
        name
        for name, there in (
            ("place", side.place is not None),
            ("near", side.conflicts is not None and side.conflicts.size > 0),
            ("area", side.area is not None and side.area_limit is not None),
        )
        if there
    ]
    return given[0] if len(given) == 1 else "limits"
