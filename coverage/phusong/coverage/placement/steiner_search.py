"""Cheap trees by shortest paths: grow towards the nearest terminal, then span and prune."""

from __future__ import annotations

import numpy as np
from numba import njit

from phusong.coverage.placement.instance import BoolArray, Int32Array, Int64Array
from phusong.coverage.placement.steiner_heap import drop_least, push

FAR = np.iinfo(np.int64).max
NONE = -1


@njit(cache=True, nogil=True, error_model="numpy")
def grown_nodes(
    indptr: Int64Array,
    neighbour: Int32Array,
    slot_cost: Int64Array,
    is_terminal: BoolArray,
    start: int,
) -> BoolArray:
    """Join terminals one after another by the cheapest path to the tree so far (Takahashi, Matsuyama 1980).

    Parameters
    ----------
    indptr, neighbour : ndarray
        Neighbour lists.
    slot_cost : ndarray of int64, shape (slots,)
        Cost of going along a slot from its node; negative forbids it.
    is_terminal : ndarray of bool, shape (nodes,)
    start : int
        Node to start from.

    Returns
    -------
    ndarray of bool, shape (nodes,)
        Nodes of the tree; terminals that cannot be reached are not among them.
    """
    nodes = indptr.size - 1
    dist = np.full(nodes, FAR, np.int64)
    before = np.full(nodes, NONE, np.int32)
    in_tree = np.zeros(nodes, np.bool_)
    room = neighbour.size + 2 * nodes + 1
    keys, items = np.empty(room, np.int64), np.empty(room, np.int32)
    wanted = is_terminal.sum() - is_terminal[start]
    in_tree[start] = True
    dist[start] = 0
    size = push(keys, items, 0, 0, start)
    while size > 0 and wanted > 0:
        key, node = keys[0], items[0]
        size = drop_least(keys, items, size)
        if key > dist[node]:
            continue
        if is_terminal[node] and not in_tree[node]:
            wanted -= 1
            at = node
            while not in_tree[at]:
                in_tree[at] = True
                dist[at] = 0
                size = push(keys, items, size, 0, at)
                at = before[at]
            continue
        for slot in range(indptr[node], indptr[node + 1]):
            step = slot_cost[slot]
            if step < 0:
                continue
            other = neighbour[slot]
            if key + step < dist[other]:
                dist[other] = key + step
                before[other] = node
                if size == keys.size:
                    keys, items = _doubled(keys, items)
                size = push(keys, items, size, key + step, other)
    return in_tree


@njit(cache=True, nogil=True, error_model="numpy")
def _doubled(keys: Int64Array, items: Int32Array) -> tuple[Int64Array, Int32Array]:
    more_keys, more_items = np.empty(2 * keys.size, np.int64), np.empty(2 * items.size, np.int32)
    more_keys[: keys.size], more_items[: items.size] = keys, items
    return more_keys, more_items


@njit(cache=True, nogil=True, error_model="numpy")
def spanned_edges(  # noqa: PLR0917 - kernels take no keyword-only options
    indptr: Int64Array,
    neighbour: Int32Array,
    edge: Int32Array,
    cost: Int64Array,
    within: BoolArray,
    is_terminal: BoolArray,
    root: int,
) -> Int32Array:
    """Return the edges of the cheapest tree that spans the nodes `within`, less its dead ends.

    Only what hangs together with the root is spanned.
    """
    nodes = indptr.size - 1
    dist = np.full(nodes, FAR, np.int64)
    before = np.full(nodes, NONE, np.int32)
    by = np.full(nodes, NONE, np.int32)
    done = np.zeros(nodes, np.bool_)
    order = np.empty(nodes, np.int32)
    keys, items = np.empty(neighbour.size + 1, np.int64), np.empty(neighbour.size + 1, np.int32)
    dist[root] = 0
    size, count = push(keys, items, 0, 0, root), 0
    while size > 0:
        node = items[0]
        size = drop_least(keys, items, size)
        if done[node]:
            continue
        done[node] = True
        order[count] = node
        count += 1
        for slot in range(indptr[node], indptr[node + 1]):
            other = neighbour[slot]
            if within[other] and not done[other] and cost[edge[slot]] < dist[other]:
                dist[other] = cost[edge[slot]]
                before[other], by[other] = node, edge[slot]
                size = push(keys, items, size, dist[other], other)
    needed = is_terminal.copy()
    chosen = np.empty(count, np.int32)
    found = 0
    for position in range(count - 1, 0, -1):
        node = order[position]
        if needed[node]:
            needed[before[node]] = True
            chosen[found] = by[node]
            found += 1
    return chosen[:found]


@njit(cache=True, nogil=True, error_model="numpy")
def distances(
    indptr: Int64Array, neighbour: Int32Array, slot_cost: Int64Array, starts: Int32Array
) -> tuple[Int64Array, Int32Array]:
    """Return the cost of the cheapest way from the nearest start to every node, and the slot it came by.

    Negative slot costs forbid a slot; nodes that cannot be reached keep `FAR` and -1.
    """
    nodes = indptr.size - 1
    dist = np.full(nodes, FAR, np.int64)
    by = np.full(nodes, NONE, np.int32)
    room = neighbour.size + starts.size + 1
    keys, items = np.empty(room, np.int64), np.empty(room, np.int32)
    size = 0
    for start in starts:
        if dist[start] > 0:
            dist[start] = 0
            size = push(keys, items, size, 0, start)
    while size > 0:
        key, node = keys[0], items[0]
        size = drop_least(keys, items, size)
        if key > dist[node]:
            continue
        for slot in range(indptr[node], indptr[node + 1]):
            other, step = neighbour[slot], slot_cost[slot]
            if step >= 0 and key + step < dist[other]:
                dist[other] = key + step
                by[other] = slot
                size = push(keys, items, size, key + step, other)
    return dist, by
