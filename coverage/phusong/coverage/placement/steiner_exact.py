"""Cheapest trees for few terminals, exactly (Dreyfus and Wagner 1972, Networks 1, 195-207)."""

from __future__ import annotations

import numpy as np
from numba import njit

from phusong.coverage.placement.instance import Int32Array, Int64Array
from phusong.coverage.placement.steiner_heap import drop_least, push

FAR = np.iinfo(np.int64).max
NONE = -1
MAX_WORK = 300_000_000
MAX_TERMINALS = 12


def is_exact_affordable(nodes: int, terminals: int) -> bool:
    """Tell whether `exact_edges` takes seconds and less than 400 MB; the root counts as a terminal."""
    others = terminals - 1
    return others <= MAX_TERMINALS and (3**others + 20 * 2**others) * nodes <= MAX_WORK


@njit(cache=True, nogil=True, error_model="numpy")
def exact_edges(
    indptr: Int64Array, neighbour: Int32Array, edge: Int32Array, cost: Int64Array, terminals: Int32Array
) -> Int32Array:
    """Return the edges of a cheapest tree that joins all terminals.

    Parameters
    ----------
    indptr, neighbour, edge : ndarray
        Neighbour lists.
    cost : ndarray of int64, shape (edges,)
    terminals : ndarray of int32
        Different nodes, connected to one another.
    """
    others = terminals.size - 1
    nodes = indptr.size - 1
    best = np.full((1 << others, nodes), FAR, np.int64)
    part = np.zeros((1 << others, nodes), np.int32)
    by = np.full((1 << others, nodes), NONE, np.int32)
    keys, items = np.empty(neighbour.size + nodes, np.int64), np.empty(neighbour.size + nodes, np.int32)
    for mask in range(1, 1 << others):
        if mask & (mask - 1) == 0:
            at = 0
            while mask >> at != 1:
                at += 1
            best[mask, terminals[at + 1]] = 0
        _merge(best, part, mask)
        _spread(indptr, neighbour, edge, cost, best[mask], by[mask], keys, items)
    owner = np.empty(neighbour.size, np.int32)
    for node in range(nodes):
        owner[indptr[node] : indptr[node + 1]] = node
    return _walked_back(owner, edge, terminals[0], part, by)


@njit(cache=True, nogil=True, error_model="numpy")
def _merge(best: Int64Array, part: Int32Array, mask: int) -> None:
    """Join two subtrees at a node."""
    half = (mask - 1) & mask
    while half > mask - half:
        rest = mask - half
        for node in range(best.shape[1]):
            first, second = best[half, node], best[rest, node]
            if first < FAR and second < FAR and first + second < best[mask, node]:
                best[mask, node] = first + second
                part[mask, node] = half
        half = (half - 1) & mask


@njit(cache=True, nogil=True, error_model="numpy")
def _spread(  # noqa: PLR0917 - kernels take no keyword-only options
    indptr: Int64Array,
    neighbour: Int32Array,
    edge: Int32Array,
    cost: Int64Array,
    best: Int64Array,
    by: Int32Array,
    keys: Int64Array,
    items: Int32Array,
) -> None:
    """Let subtrees reach out along edges."""
    size = 0
    for node in range(best.size):
        if best[node] < FAR:
            size = push(keys, items, size, best[node], node)
    while size > 0:
        key, node = keys[0], items[0]
        size = drop_least(keys, items, size)
        if key > best[node]:
            continue
        for slot in range(indptr[node], indptr[node + 1]):
            other = neighbour[slot]
            if key + cost[edge[slot]] < best[other]:
                best[other] = key + cost[edge[slot]]
                by[other] = slot
                size = push(keys, items, size, best[other], other)


@njit(cache=True, nogil=True, error_model="numpy")
def _walked_back(
    owner: Int32Array, edge: Int32Array, root: int, part: Int32Array, by: Int32Array
) -> Int32Array:
    """Collect the edges of the tree that ends at the root with all terminals."""
    masks, at = np.empty(part.shape[0] + 1, np.int64), np.empty(part.shape[0] + 1, np.int32)
    found = np.empty(part.shape[1] * 2, np.int32)
    size, count = 1, 0
    masks[0], at[0] = part.shape[0] - 1, root
    while size > 0:
        size -= 1
        mask, node = masks[size], at[size]
        while True:
            slot = by[mask, node]
            half = part[mask, node]
            if slot >= 0:
                found[count] = edge[slot]
                count += 1
                node = owner[slot]
                continue
            if half > 0:
                masks[size], at[size] = half, node
                size += 1
                mask -= half
                continue
            break
    return np.unique(found[:count])
