"""A bound for Steiner trees by dual ascent, in whole numbers, so that no rounding can spoil it.

Wong (1984) raises the duals of directed cuts between the root and a terminal until an arc of each cut has no
reduced cost left. Here a terminal's cuts are raised many at a time: they are the balls of a backward
shortest-path search from the terminal on reduced costs, and the arc u -> v gives up ``min(r, d(u)) - d(v)``
where the ball has radius ``r``. Terminals take turns, the one with the smallest ball first, as smallest cuts
come first in Pajor, Uchoa and Werneck (2018, Mathematical Programming Computation 10, 69-118).
"""

from __future__ import annotations

import numpy as np
from numba import njit

from phusong.coverage.placement.instance import BoolArray, Int32Array, Int64Array
from phusong.coverage.placement.steiner_heap import drop_least, push

FAR = np.iinfo(np.int64).max
FIRST_BALL = 8


@njit(cache=True, nogil=True, error_model="numpy")
def dual_ascent(
    indptr: Int64Array,
    neighbour: Int32Array,
    arc_cost: Int64Array,
    terminals: Int32Array,
    growth: float,
) -> tuple[int, Int64Array]:
    """Raise the duals of all terminals until each is joined to the root by arcs without reduced cost.

    Parameters
    ----------
    indptr, neighbour : ndarray
        Neighbour lists.
    arc_cost : ndarray of int64, shape (slots,)
        Cost of the arc that *enters* a slot's node from its neighbour.
    terminals : ndarray of int32
        The first is the root; all must be connected.
    growth : float
        A ball may grow to this many times the nodes within zero reduced cost before others take their turn.

    Returns
    -------
    bound : int
        No tree that joins the terminals costs less.
    reduced : ndarray of int64, shape (slots,)
        What is left of `arc_cost`; never negative.
    """
    nodes = indptr.size - 1
    reduced = arc_cost.copy()
    active = np.zeros(nodes, np.bool_)
    active[terminals] = True
    dist = np.full(nodes, FAR, np.int64)
    settled = np.empty(nodes, np.int32)
    touched = np.empty(nodes, np.int32)
    turns, turn_of = np.empty(terminals.size + 1, np.int64), np.empty(terminals.size + 1, np.int32)
    keys, items = np.empty(neighbour.size + 1, np.int64), np.empty(neighbour.size + 1, np.int32)
    waiting = 0
    for terminal in terminals[1:]:
        if terminal != terminals[0]:
            waiting = push(turns, turn_of, waiting, indptr[terminal + 1] - indptr[terminal], terminal)
    bound = 0
    while waiting > 0:
        terminal = turn_of[0]
        waiting = drop_least(turns, turn_of, waiting)
        if not active[terminal]:
            continue
        radius, count, joined = _raise(
            indptr, neighbour, reduced, active, terminal, growth, dist, settled, touched, keys, items
        )
        bound += radius
        if joined:
            active[terminal] = False
        else:
            waiting = push(turns, turn_of, waiting, count, terminal)
    return bound, reduced


@njit(cache=True, nogil=True, error_model="numpy")
def _raise(  # noqa: PLR0917, C901 - kernels take no keyword-only options; a search reads best in one piece
    indptr: Int64Array,
    neighbour: Int32Array,
    reduced: Int64Array,
    active: BoolArray,
    terminal: int,
    growth: float,
    dist: Int64Array,
    settled: Int32Array,
    touched: Int32Array,
    keys: Int64Array,
    items: Int32Array,
) -> tuple[int, int, bool]:
    """Grow the ball of one terminal; return its radius, its nodes and whether it met an active terminal."""
    # a search that ends by itself has nothing left to grow into: the terminal hangs together with no other
    count, seen, limit, radius, joined = 0, 1, 0, 0, True
    touched[0], dist[terminal] = terminal, 0
    size = push(keys, items, 0, 0, terminal)
    while size > 0:
        key, node = keys[0], items[0]
        size = drop_least(keys, items, size)
        if key > dist[node]:
            continue
        if active[node] and node != terminal:
            radius = key
            break
        if key > 0:
            if limit == 0:
                limit = int(growth * count) + FIRST_BALL
            if count >= limit and key > radius:
                radius, joined = key, False
                break
        radius, settled[count] = key, node
        count += 1
        for slot in range(indptr[node], indptr[node + 1]):
            other = neighbour[slot]
            if key + reduced[slot] < dist[other]:
                if dist[other] == FAR:
                    touched[seen] = other
                    seen += 1
                dist[other] = key + reduced[slot]
                size = push(keys, items, size, dist[other], other)
    if radius > 0:
        _take(indptr, neighbour, reduced, dist, settled[:count], radius)
    for position in range(seen):
        dist[touched[position]] = FAR
    return radius, count, joined


@njit(cache=True, nogil=True, error_model="numpy")
def _take(  # noqa: PLR0917 - kernels take no keyword-only options
    indptr: Int64Array,
    neighbour: Int32Array,
    reduced: Int64Array,
    dist: Int64Array,
    settled: Int32Array,
    radius: int,
) -> None:
    """Take from the reduced costs (in place) what the cuts of a ball use up."""
    for node in settled:
        for slot in range(indptr[node], indptr[node + 1]):
            given = min(radius, dist[neighbour[slot]]) - dist[node]
            if given > 0:
                reduced[slot] -= given
