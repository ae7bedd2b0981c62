"""Networks for Steiner trees: edges as neighbour lists, made smaller without losing an optimum."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from phusong.coverage.placement.instance import BoolArray, Int32Array, Int64Array

NONE = -1


@dataclass(frozen=True, slots=True)
class Network:
    """An undirected network with whole costs.

    Attributes
    ----------
    ends : ndarray of int32, shape (edges, 2)
    cost : ndarray of int64, shape (edges,)
        Not negative.
    indptr : ndarray of int64, shape (nodes + 1,)
        Where the slots of each node begin.
    neighbour, edge : ndarray of int32, shape (2 * edges,)
        Node and edge of each slot.
    twin : ndarray of int32, shape (2 * edges,)
        The slot of the same edge at its other end.
    """

    ends: Int32Array
    cost: Int64Array
    indptr: Int64Array
    neighbour: Int32Array
    edge: Int32Array
    twin: Int32Array

    @property
    def nodes(self) -> int:
        """Number of nodes."""
        return self.indptr.size - 1


def network_of(ends: Int32Array, cost: Int64Array, nodes: int) -> Network:
    """Build the neighbour lists of a network.

    Parameters
    ----------
    ends : ndarray of int32, shape (edges, 2)
    cost : ndarray of int64, shape (edges,)
    nodes : int
    """
    indptr, neighbour, edge, twin = _slots(ends, nodes)
    return Network(ends, cost, indptr, neighbour, edge, twin)


@njit(cache=True, nogil=True, error_model="numpy")
def _slots(ends: Int32Array, nodes: int) -> tuple[Int64Array, Int32Array, Int32Array, Int32Array]:
    edges = ends.shape[0]
    indptr = np.zeros(nodes + 1, np.int64)
    for at in range(edges):
        indptr[ends[at, 0] + 1] += 1
        indptr[ends[at, 1] + 1] += 1
    for node in range(nodes):
        indptr[node + 1] += indptr[node]
    free = indptr[:-1].copy()
    neighbour = np.empty(2 * edges, np.int32)
    edge = np.empty(2 * edges, np.int32)
    twin = np.empty(2 * edges, np.int32)
    for at in range(edges):
        tail, head = ends[at, 0], ends[at, 1]
        here = free[tail]
        free[tail] += 1
        there = free[head]
        free[head] += 1
        neighbour[here], neighbour[there] = head, tail
        edge[here], edge[there] = at, at
        twin[here], twin[there] = there, here
    return indptr, neighbour, edge, twin


@dataclass(frozen=True, slots=True)
class Condensed:
    """A smaller network with the same cheapest trees.

    Attributes
    ----------
    network : Network
    node : ndarray of int32
        Node of the original for each node.
    terminals : ndarray of int32
        The first is the root.
    chain_indptr, chain : ndarray of int64, ndarray of int32
        Original edges of each edge (CSR).
    """

    network: Network
    node: Int32Array
    terminals: Int32Array
    chain_indptr: Int64Array
    chain: Int32Array


def condensed(network: Network, terminals: Int32Array, *, kept: BoolArray | None = None) -> Condensed:
    """Drop dead ends without terminal, join edges that merely pass on, keep the cheapest of parallel edges.

    Parameters
    ----------
    network : Network
    terminals : ndarray of int32
        The first is the root.
    kept : ndarray of bool, shape (nodes,), optional
        Nodes that may be used; the rest is dropped. All by default.
    """
    is_terminal = np.zeros(network.nodes, np.bool_)
    is_terminal[terminals] = True
    usable = np.ones(network.nodes, np.bool_) if kept is None else kept | is_terminal
    degree = _trimmed(network.indptr, network.neighbour, is_terminal, usable)
    is_end = usable & (is_terminal | (degree > 2))
    tails, heads, costs, indptr, chain = _chained(
        network.indptr, network.neighbour, network.edge, network.cost, usable, is_end
    )
    order = np.lexsort((costs, heads, tails))
    tails, heads, costs = tails[order], heads[order], costs[order]
    first = np.ones(order.size, np.bool_)
    first[1:] = (tails[1:] != tails[:-1]) | (heads[1:] != heads[:-1])
    first &= tails != heads
    order = order[first]
    node = np.flatnonzero(is_end).astype(np.int32)
    place = np.full(network.nodes, NONE, np.int32)
    place[node] = np.arange(node.size, dtype=np.int32)
    ends = np.column_stack([place[tails[first]], place[heads[first]]]).astype(np.int32)
    sizes = indptr[order + 1] - indptr[order]
    kept_indptr = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    picked = np.repeat(indptr[order] - kept_indptr[:-1], sizes) + np.arange(kept_indptr[-1])
    return Condensed(
        network=network_of(ends, costs[first], node.size),
        node=node,
        terminals=place[terminals],
        chain_indptr=kept_indptr,
        chain=chain[picked],
    )


@njit(cache=True, nogil=True, error_model="numpy")
def _trimmed(
    indptr: Int64Array, neighbour: Int32Array, is_terminal: BoolArray, usable: BoolArray
) -> Int32Array:
    """Take dead ends out of `usable` (changed in place: the caller owns it); return what degree is left."""
    nodes = indptr.size - 1
    degree = np.zeros(nodes, np.int32)
    for node in range(nodes):
        for slot in range(indptr[node], indptr[node + 1]):
            degree[node] += usable[node] and usable[neighbour[slot]]
    waiting = np.empty(nodes, np.int32)
    size = 0
    for node in range(nodes):
        if usable[node] and degree[node] <= 1 and not is_terminal[node]:
            waiting[size] = node
            size += 1
    while size > 0:
        size -= 1
        node = waiting[size]
        usable[node] = False
        for slot in range(indptr[node], indptr[node + 1]):
            other = neighbour[slot]
            if usable[other]:
                degree[other] -= 1
                if degree[other] == 1 and not is_terminal[other]:
                    waiting[size] = other
                    size += 1
    return degree


@njit(cache=True, nogil=True, error_model="numpy")
def _chained(  # noqa: PLR0917 - kernels take no keyword-only options
    indptr: Int64Array,
    neighbour: Int32Array,
    edge: Int32Array,
    cost: Int64Array,
    usable: BoolArray,
    is_end: BoolArray,
) -> tuple[Int32Array, Int32Array, Int64Array, Int64Array, Int32Array]:
    """Walk from end to end through nodes of degree two; each walk once, from its lower end."""
    walks = 0
    for node in range(is_end.size):
        if is_end[node]:
            walks += indptr[node + 1] - indptr[node]
    tails, heads = np.empty(walks, np.int32), np.empty(walks, np.int32)
    costs, starts = np.empty(walks, np.int64), np.zeros(walks + 1, np.int64)
    chain = np.empty(edge.size, np.int32)
    found, used = 0, 0
    for start in range(is_end.size):
        if not is_end[start]:
            continue
        for first in range(indptr[start], indptr[start + 1]):
            if not usable[neighbour[first]]:
                continue
            at, total, after = _walk(first, indptr, neighbour, edge, cost, usable, is_end, chain, used)
            if start < at:  # else the walk from the other end is kept; a walk back to its start joins nothing
                tails[found], heads[found], costs[found] = start, at, total
                found += 1
                starts[found] = used = after
    return tails[:found], heads[:found], costs[:found], starts[: found + 1], chain[:used]


@njit(cache=True, nogil=True, error_model="numpy")
def _walk(  # noqa: PLR0917 - kernels take no keyword-only options
    slot: int,
    indptr: Int64Array,
    neighbour: Int32Array,
    edge: Int32Array,
    cost: Int64Array,
    usable: BoolArray,
    is_end: BoolArray,
    chain: Int32Array,
    used: int,
) -> tuple[int, int, int]:
    """Follow a slot to the next end; write the edges into `chain`; return the end, the cost, what is used."""
    total, at = cost[edge[slot]], neighbour[slot]
    chain[used] = edge[slot]
    used += 1
    while not is_end[at]:
        last = edge[slot]
        for onward in range(indptr[at], indptr[at + 1]):
            if edge[onward] != last and usable[neighbour[onward]]:
                slot = onward
                break
        total += cost[edge[slot]]
        chain[used] = edge[slot]
        used += 1
        at = neighbour[slot]
    return at, total, used
