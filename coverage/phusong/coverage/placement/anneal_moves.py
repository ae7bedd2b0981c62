"""Adding, dropping and swapping sites of a chosen set, each in one pass over what a site serves.

For every demand the kernels keep how many chosen sites serve it and the exclusive or of their numbers. Where
one site serves, that word is its number; so a pass over the demand of a new site finds what every
chosen site would lose less if the new one stood, which is the exact effect of swapping it for any of them.
Demand is read as unsigned: no check then for indices that count from the end, in loops that do little else.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from phusong.coverage.placement.instance import FloatArray, Int32Array, Int64Array

NOWHERE = np.int32(-1)
UNSERVED, COST = 0, 1
_NEVER = np.inf


class Cover(NamedTuple):
    """Sites by demand with weights and costs, for kernels."""

    indptr: Int64Array
    demand: Int32Array
    weight: FloatArray
    cost: FloatArray


class Groups(NamedTuple):
    """Limits, for kernels."""

    indptr: Int64Array
    site: Int32Array
    most: Int32Array
    of_indptr: Int64Array
    of_group: Int32Array


class State(NamedTuple):
    """A set of chosen sites and what it serves.

    ``served[demand]`` holds the number of chosen sites that serve it and the exclusive or of their numbers;
    ``alone`` the weight that each chosen site alone serves; ``chosen[:size[0]]`` the sites and ``place``
    where in it each stands; ``held`` how many of each group are chosen; ``sums`` the weight unserved and the
    cost; ``rescued`` and ``touched`` are scratch, the former all zero between calls.
    """

    served: Int32Array
    alone: FloatArray
    chosen: Int32Array
    place: Int32Array
    size: Int64Array
    held: Int32Array
    sums: FloatArray
    rescued: FloatArray
    touched: Int32Array


def new_state(cover: Cover, groups: Groups) -> State:
    """Return the state in which nothing is chosen."""
    sites, demands = cover.cost.size, cover.weight.size
    return State(
        np.zeros((demands, 2), np.int32),
        np.zeros(sites),
        np.empty(sites, np.int32),
        np.full(sites, NOWHERE),
        np.zeros(1, np.int64),
        np.zeros(groups.most.size, np.int32),
        np.array([cover.weight.sum(), 0.0]),
        np.zeros(sites),
        np.empty(sites, np.int32),
    )


@njit(cache=True, nogil=True)
def add(cover: Cover, groups: Groups, state: State, site: int) -> None:
    """Choose `site`."""
    gain = 0.0
    for at in range(cover.indptr[site], cover.indptr[site + 1]):
        demand = np.uint32(cover.demand[at])
        count = state.served[demand, 0]
        if count == 0:
            gain += cover.weight[demand]
        elif count == 1:
            state.alone[state.served[demand, 1]] -= cover.weight[demand]
        state.served[demand, 0] = count + 1
        state.served[demand, 1] ^= np.int32(site)
    state.alone[site] = gain
    state.sums[UNSERVED] -= gain
    state.sums[COST] += cover.cost[site]
    state.place[site] = state.size[0]
    state.chosen[state.size[0]] = site
    state.size[0] += 1
    for at in range(groups.of_indptr[site], groups.of_indptr[site + 1]):
        state.held[groups.of_group[at]] += 1


@njit(cache=True, nogil=True)
def drop(cover: Cover, groups: Groups, state: State, site: int) -> None:
    """Choose `site` no more."""
    for at in range(cover.indptr[site], cover.indptr[site + 1]):
        demand = np.uint32(cover.demand[at])
        count = state.served[demand, 0] - 1
        state.served[demand, 0] = count
        state.served[demand, 1] ^= np.int32(site)
        if count == 1:
            state.alone[state.served[demand, 1]] += cover.weight[demand]
    state.sums[UNSERVED] += state.alone[site]
    state.sums[COST] -= cover.cost[site]
    state.alone[site] = 0.0
    state.size[0] -= 1
    last = state.chosen[state.size[0]]
    state.chosen[state.place[site]] = last
    state.place[last] = state.place[site]
    state.place[site] = NOWHERE
    for at in range(groups.of_indptr[site], groups.of_indptr[site + 1]):
        state.held[groups.of_group[at]] -= 1


@njit(cache=True, nogil=True)
def rebuild(cover: Cover, groups: Groups, state: State, chosen: Int32Array) -> None:
    """Choose exactly `chosen`, with sums free of the rounding of earlier moves."""
    state.served[:] = 0
    state.alone[:] = 0.0
    state.place[:] = NOWHERE
    state.held[:] = 0
    state.size[0] = 0
    state.sums[UNSERVED] = cover.weight.sum()
    state.sums[COST] = 0.0
    for site in chosen:
        add(cover, groups, state, site)


@njit(cache=True, nogil=True)
def blocking_group(groups: Groups, state: State, site: int) -> int:
    """Return the first full group of `site`, -1 when it may be added."""
    for at in range(groups.of_indptr[site], groups.of_indptr[site + 1]):
        group = groups.of_group[at]
        if state.held[group] >= groups.most[group]:
            return group
    return -1


@njit(cache=True, nogil=True)
def makes_room(groups: Groups, state: State, site: int, out: int) -> bool:
    """Return whether `site` may be added once `out` is dropped."""
    for at in range(groups.of_indptr[site], groups.of_indptr[site + 1]):
        group = groups.of_group[at]
        if state.held[group] < groups.most[group]:
            continue
        shared = False
        for other in range(groups.of_indptr[out], groups.of_indptr[out + 1]):
            shared = shared or groups.of_group[other] == group
        if not shared:
            return False
    return True


@njit(cache=True, nogil=True)
def _touch(cover: Cover, state: State, site: int) -> tuple[float, int]:
    """Return what `site` adds and how many chosen sites it touches; fill ``rescued`` and ``touched``."""
    gain = 0.0
    touched = 0
    for at in range(cover.indptr[site], cover.indptr[site + 1]):
        demand = np.uint32(cover.demand[at])
        count = state.served[demand, 0]
        if count == 0:
            gain += cover.weight[demand]
        elif count == 1:
            owner = state.served[demand, 1]
            if state.rescued[owner] == 0.0:
                state.touched[touched] = owner
                touched += 1
            state.rescued[owner] += cover.weight[demand]
    return gain, touched


@njit(cache=True, nogil=True)
def _blocker(groups: Groups, state: State, site: int, group: int) -> int:
    """Return a chosen member of the full `group` whose place `site` could take, -1 if there is none."""
    for at in range(groups.indptr[group], groups.indptr[group + 1]):
        member = groups.site[at]
        if state.place[member] >= 0 and makes_room(groups, state, site, member):
            return member
    return -1


@njit(cache=True, nogil=True)
def best_entry(  # noqa: PLR0917 - kernels take no keyword-only options
    cover: Cover, groups: Groups, state: State, site: int, spare: float, price: float
) -> tuple[float, int]:
    """Find how `site` is best built: added, or swapped for a chosen site that it touches.

    Parameters
    ----------
    cover, groups, state
        The problem and the chosen set.
    site : int
        Not chosen.
    spare : float
        Weight that may stay unserved.
    price : float
        Penalty for a unit of weight that is missing beyond `spare`.

    Returns
    -------
    change : float
        Of cost and penalty; infinite when limits forbid every entry.
    out : int
        Site to drop for it, -1 for none.
    """
    gain, touched = _touch(cover, state, site)
    unserved = state.sums[UNSERVED]
    before = price * max(0.0, unserved - spare)
    group = blocking_group(groups, state, site)
    best, out = _NEVER, -1
    if group < 0:
        best = cover.cost[site] + price * max(0.0, unserved - gain - spare) - before
    else:
        member = _blocker(groups, state, site, group)
        if member >= 0 and state.rescued[member] == 0.0:
            state.touched[touched] = member
            touched += 1
    for at in range(touched):
        owner = state.touched[at]
        if group < 0 or makes_room(groups, state, site, owner):
            missing = unserved - gain + state.alone[owner] - state.rescued[owner] - spare
            change = cover.cost[site] - cover.cost[owner] + price * max(0.0, missing) - before
            if change < best:
                best, out = change, owner
        state.rescued[owner] = 0.0
    return best, out
