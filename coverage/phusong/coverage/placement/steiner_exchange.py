"""Make a tree cheaper by exchanging paths: a way outside the tree for a dearer stretch of it.

Every node belongs to the tree node nearest to it; an edge between the regions of two tree nodes gives a
chord between them (Uchoa and Werneck 2012, ACM Journal of Experimental Algorithmics 17, 2.2). A chord closes
a ring, of which the dearest stretch without terminal or fork may go.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from phusong.coverage.placement.instance import BoolArray, Int32Array, Int64Array
from phusong.coverage.placement.steiner_heap import drop_least, push

FAR = np.iinfo(np.int64).max
NONE = -1


@njit(cache=True, nogil=True, error_model="numpy")
def exchanged_nodes(
    indptr: Int64Array,
    neighbour: Int32Array,
    slot_cost: Int64Array,
    is_terminal: BoolArray,
    tree_slots: Int32Array,
) -> tuple[BoolArray, int]:
    """Exchange paths of a tree once, the most gainful first, none that touch one another.

    Parameters
    ----------
    indptr, neighbour : ndarray
        Neighbour lists.
    slot_cost : ndarray of int64, shape (slots,)
    is_terminal : ndarray of bool, shape (nodes,)
    tree_slots : ndarray of int32
        Both slots of every edge of the tree.

    Returns
    -------
    within : ndarray of bool, shape (nodes,)
        Nodes of the new tree, to be spanned and pruned.
    gain : int
        What the exchanges save at least.
    """
    nodes = indptr.size - 1
    in_tree, above, above_cost, depth, forks = _rooted(indptr, neighbour, slot_cost, tree_slots, nodes)
    key = is_terminal | (forks > 2)
    dist, base, by = _regions(indptr, neighbour, slot_cost, in_tree)
    gains, slots, owners = _chords(indptr, neighbour, slot_cost, dist, base, above, above_cost, depth, key)
    within = in_tree.copy()
    dirty = np.zeros(nodes, np.bool_)
    total = 0
    for place in np.argsort(-gains):
        tail, head = owners[place], neighbour[slots[place]]
        if _take_ring(base[tail], base[head], above, above_cost, depth, key, dirty, within):
            total += gains[place]
            for end in (tail, head):
                at = end
                while not in_tree[at]:
                    within[at] = True
                    at = by[at]
    return within, total


@njit(cache=True, nogil=True, error_model="numpy")
def _rooted(
    indptr: Int64Array, neighbour: Int32Array, slot_cost: Int64Array, tree_slots: Int32Array, nodes: int
) -> tuple[BoolArray, Int32Array, Int64Array, Int32Array, Int32Array]:
    """Hang the tree up at one of its nodes."""
    is_tree_slot = np.zeros(neighbour.size, np.bool_)
    is_tree_slot[tree_slots] = True
    above, above_cost = np.full(nodes, NONE, np.int32), np.zeros(nodes, np.int64)
    depth, forks = np.zeros(nodes, np.int32), np.zeros(nodes, np.int32)
    in_tree = np.zeros(nodes, np.bool_)
    waiting = np.empty(nodes, np.int32)
    waiting[0] = neighbour[tree_slots[0]]
    in_tree[waiting[0]] = True
    size, done = 1, 0
    while done < size:
        node = waiting[done]
        done += 1
        for slot in range(indptr[node], indptr[node + 1]):
            if is_tree_slot[slot]:
                other = neighbour[slot]
                forks[node] += 1
                if not in_tree[other]:
                    in_tree[other] = True
                    above[other], above_cost[other], depth[other] = node, slot_cost[slot], depth[node] + 1
                    waiting[size] = other
                    size += 1
    return in_tree, above, above_cost, depth, forks


@njit(cache=True, nogil=True, error_model="numpy")
def _regions(
    indptr: Int64Array, neighbour: Int32Array, slot_cost: Int64Array, in_tree: BoolArray
) -> tuple[Int64Array, Int32Array, Int32Array]:
    """Return for every node the way to the nearest tree node, that node, and the node before on the way."""
    nodes = indptr.size - 1
    dist = np.full(nodes, FAR, np.int64)
    base, by = np.full(nodes, NONE, np.int32), np.full(nodes, NONE, np.int32)
    keys = np.empty(neighbour.size + nodes, np.int64)
    items = np.empty(neighbour.size + nodes, np.int32)
    size = 0
    for node in range(nodes):
        if in_tree[node]:
            dist[node], base[node] = 0, node
            size = push(keys, items, size, 0, node)
    while size > 0:
        far, node = keys[0], items[0]
        size = drop_least(keys, items, size)
        if far > dist[node]:
            continue
        for slot in range(indptr[node], indptr[node + 1]):
            other = neighbour[slot]
            if far + slot_cost[slot] < dist[other]:
                dist[other] = far + slot_cost[slot]
                base[other], by[other] = base[node], node
                size = push(keys, items, size, dist[other], other)
    return dist, base, by


@njit(cache=True, nogil=True, error_model="numpy")
def _chords(  # noqa: PLR0917 - kernels take no keyword-only options
    indptr: Int64Array,
    neighbour: Int32Array,
    slot_cost: Int64Array,
    dist: Int64Array,
    base: Int32Array,
    above: Int32Array,
    above_cost: Int64Array,
    depth: Int32Array,
    key: BoolArray,
) -> tuple[Int64Array, Int32Array, Int32Array]:
    """Return the chords that save anything: the saving, the slot between the regions, its node."""
    gains = np.empty(neighbour.size, np.int64)
    slots, owners = np.empty(neighbour.size, np.int32), np.empty(neighbour.size, np.int32)
    found = 0
    for node in range(indptr.size - 1):
        if base[node] < 0:
            continue
        for slot in range(indptr[node], indptr[node + 1]):
            other = neighbour[slot]
            if other > node and base[other] >= 0 and base[other] != base[node]:
                length = dist[node] + slot_cost[slot] + dist[other]
                dearest, _, _ = _dearest(base[node], base[other], above, above_cost, depth, key)
                if dearest > length:
                    gains[found], slots[found], owners[found] = dearest - length, slot, node
                    found += 1
    return gains[:found], slots[:found], owners[:found]


@njit(cache=True, nogil=True, error_model="numpy")
def _dearest(  # noqa: PLR0917 - kernels take no keyword-only options
    first: int, second: int, above: Int32Array, above_cost: Int64Array, depth: Int32Array, key: BoolArray
) -> tuple[int, int, int]:
    """Return the cost of the dearest stretch between two tree nodes, and the nodes below and above its edges.

    A stretch runs upward from its lowest node; one that passes the top of the ring is told in two halves and
    counts as two, which only understates what may be saved.
    """
    best, best_low, best_high = 0, NONE, NONE
    low_first, low_second = first, second
    sum_first, sum_second = 0, 0
    while first != second:
        if depth[first] >= depth[second]:
            sum_first += above_cost[first]
            first = above[first]
            if sum_first > best:
                best, best_low, best_high = sum_first, low_first, first
            if key[first]:
                sum_first, low_first = 0, first
        else:
            sum_second += above_cost[second]
            second = above[second]
            if sum_second > best:
                best, best_low, best_high = sum_second, low_second, second
            if key[second]:
                sum_second, low_second = 0, second
    return best, best_low, best_high


@njit(cache=True, nogil=True, error_model="numpy")
def _take_ring(  # noqa: PLR0917 - kernels take no keyword-only options
    first: int,
    second: int,
    above: Int32Array,
    above_cost: Int64Array,
    depth: Int32Array,
    key: BoolArray,
    dirty: BoolArray,
    within: BoolArray,
) -> bool:
    """Take the dearest stretch of a ring out of `within`, unless another exchange has touched the ring."""
    _, low, high = _dearest(first, second, above, above_cost, depth, key)
    ends_at = (first, second)
    one, other = first, second
    while one != other:
        if dirty[one] or dirty[other]:
            return False
        if depth[one] >= depth[other]:
            one = above[one]
        else:
            other = above[other]
    if dirty[one]:
        return False
    for start in ends_at:
        at = start
        while at != one:
            dirty[at] = True
            at = above[at]
    dirty[one] = True
    at = above[low]
    while at != high:
        within[at] = False
        at = above[at]
    return True
