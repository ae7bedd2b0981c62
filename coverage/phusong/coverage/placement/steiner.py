"""The cheapest tree that joins terminals in a network, with a bound that no tree undercuts.

Costs are whole numbers (of the smallest coin, say), so that value, bound and "proved" are exact.

1. Dead ends go, passing nodes are joined (`steiner_network`).
2. Shortest-path trees from several starts on slightly disturbed costs (`steiner_search`), made cheaper by
   exchanging paths (`steiner_exchange`), combined in the small network of all their edges.
3. Dual ascent bounds the cost (`steiner_bound`); what cannot be in a cheaper tree is cut away, and the rest
   is bounded again.
4. With few terminals left over from that, the optimum itself (`steiner_exact`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.sparse import csgraph

from phusong.coverage.errors import PlacementError
from phusong.coverage.placement.instance import BoolArray, Int32Array, Int64Array
from phusong.coverage.placement.steiner_bound import dual_ascent
from phusong.coverage.placement.steiner_exact import exact_edges, is_exact_affordable
from phusong.coverage.placement.steiner_exchange import exchanged_nodes
from phusong.coverage.placement.steiner_network import Condensed, Network, condensed, network_of
from phusong.coverage.placement.steiner_search import FAR, distances, grown_nodes, spanned_edges

MAX_TOTAL = 2**61
STARTS, MORE_STARTS, COMBINATIONS = 1, 5, 200
DISTURBANCE, COMBINED_DISTURBANCE = 0.1, 0.25
GROWTH = 1.5
EXCHANGES, MORE_EXCHANGES, LEAST_GAIN = 8, 40, 1e-4
MIN_SHRINK = 0.9
IDLE_GAP = 0.02
LARGE_EDGES = 50_000
"""Networks smaller than this get more of everything: it takes hardly any time."""
MAX_CUTS = 8

Stopping = Callable[[], bool]


@dataclass(frozen=True, slots=True)
class SteinerTree:
    """A tree that joins the terminals.

    Attributes
    ----------
    edges : ndarray of int32
        Edges of the tree, rising.
    value, bound : int
        Cost of the tree, and a cost that no tree undercuts.
    status : {"proved", "heuristic", "time_limit"}
        ``proved`` only where bound and value are equal.
    """

    edges: Int32Array
    value: int
    bound: int
    status: Literal["proved", "heuristic", "time_limit"]

    @property
    def gap(self) -> float:
        """``(value - bound) / value``; 0 where nothing needs to be built."""
        return (self.value - self.bound) / self.value if self.value > self.bound else 0.0


def steiner_tree(
    ends: npt.ArrayLike,
    cost: npt.ArrayLike,
    terminals: npt.ArrayLike,
    *,
    nodes: int,
    starts: int = STARTS,
    combinations: int = COMBINATIONS,
    seed: int = 1,
    is_over: Stopping = lambda: False,
) -> SteinerTree:
    """Find a cheap tree that joins terminals, and bound how cheap one can be.

    Parameters
    ----------
    ends : array_like of int, shape (edges, 2)
    cost : array_like of int, shape (edges,)
        Whole and not negative; zero for what exists.
    terminals : array_like of int
        Nodes to join; the first is the root (the network that exists, as one node).
    nodes : int
        Number of nodes.
    starts, combinations : int
        Trees grown on the whole network, and on the network of their edges.
    seed : int
        Of the disturbed costs; the answer is the same for the same seed unless `is_over` cut it short.
    is_over : callable
        Asked between steps; True ends the search with what there is.

    Raises
    ------
    PlacementError
        ``place_index``, ``place_number`` (costs), ``steiner_disconnected``.

    Examples
    --------
    A star is cheaper than any two of the three sides:

    >>> ends = [(0, 1), (1, 2), (0, 2), (0, 3), (1, 3), (2, 3)]
    >>> tree = steiner_tree(ends, [5, 5, 5, 3, 3, 3], [0, 1, 2], nodes=4)
    >>> tree.edges.tolist(), tree.value, tree.bound, tree.status
    ([3, 4, 5], 9, 9, 'proved')
    """
    network = network_of(*_checked(ends, cost, nodes), nodes)
    wanted = _unique(np.asarray(terminals, np.int32), nodes)
    if wanted.size < 2:
        return SteinerTree(np.empty(0, np.int32), 0, 0, "proved")
    _check_connected(network, wanted)
    search = _Search(condensed(network, wanted), np.random.default_rng(seed), is_over)
    search.run(starts, combinations)
    status: Literal["proved", "heuristic", "time_limit"] = "heuristic"
    if search.bound >= search.value:
        status = "proved"
    elif is_over():
        status = "time_limit"
    return SteinerTree(np.sort(search.best), search.value, min(search.bound, search.value), status)


def _checked(ends: npt.ArrayLike, cost: npt.ArrayLike, nodes: int) -> tuple[Int32Array, Int64Array]:
    pairs, money = np.asarray(ends), np.asarray(cost)
    if pairs.size and (pairs.min() < 0 or pairs.max() >= nodes):
        at = int(np.flatnonzero((pairs < 0).any(axis=1) | (pairs >= nodes).any(axis=1))[0])
        raise PlacementError("place_index", array="ends", position=at, allowed=f"0 .. {nodes - 1}")
    whole = money.astype(np.int64)
    bad = np.flatnonzero((whole != money) | (whole < 0) | (whole > MAX_TOTAL // max(nodes, 1)))
    if bad.size:
        raise PlacementError(
            "place_number", array="cost", position=int(bad[0]), value=float(money[bad[0]]), allowed=">= 0"
        )
    return np.ascontiguousarray(pairs.reshape(-1, 2), np.int32), whole


def _unique(terminals: Int32Array, nodes: int) -> Int32Array:
    """Each terminal once, the root first."""
    if terminals.size and (terminals.min() < 0 or terminals.max() >= nodes):
        at = int(np.flatnonzero((terminals < 0) | (terminals >= nodes))[0])
        raise PlacementError("place_index", array="terminals", position=at, allowed=f"0 .. {nodes - 1}")
    _, first = np.unique(terminals, return_index=True)
    return terminals[np.sort(first)]


def _check_connected(network: Network, terminals: Int32Array) -> None:
    shape = (network.nodes, network.nodes)
    links = sparse.coo_array((np.ones(len(network.ends), np.int8), tuple(network.ends.T)), shape=shape)
    _, part = csgraph.connected_components(links, directed=False)
    lost = np.flatnonzero(part[terminals] != part[terminals[0]])
    if lost.size:
        raise PlacementError(
            "steiner_disconnected", position=int(terminals[lost[0]]), root=int(terminals[0]), count=lost.size
        )


class _Search:
    """The best tree and bound so far, and the network in which a cheaper tree must lie."""

    def __init__(self, small: Condensed, rng: np.random.Generator, is_over: Stopping) -> None:
        self.small = small
        self.rng = rng
        self.is_over = is_over
        self.bound = 0
        self.own_bound = 0
        self.value = MAX_TOTAL
        self.best = np.empty(0, np.int32)
        self.pool: list[Int32Array] = []

    def run(self, starts: int, combinations: int) -> None:
        """Grow, bound and combine trees, cut away what no cheaper tree uses, and so on while that helps."""
        for _ in range(MAX_CUTS):
            if self._solved():
                return
            edges = self.small.network.cost.size
            self._grow(max(starts, 1 if self._is_large else MORE_STARTS))
            reduced = self._raised()
            self._combine(combinations)
            if self.bound >= self.value or self.is_over() or self._is_cut_idle() or not self._cut(reduced):
                return
            if self.small.network.cost.size > MIN_SHRINK * edges:
                break
        self._solved()

    def _grow(self, count: int) -> None:
        """Grow a tree from the root on the costs as they are, others elsewhere on disturbed costs."""
        cost, terminals = self.small.network.cost, self.small.terminals
        self._exchange(_tree(self.small, _both_ways(self.small, cost), terminals[0]))
        for _ in range(count - 1):
            if self.is_over():
                return
            disturbed = _both_ways(self.small, self._disturbed(cost, DISTURBANCE))
            self._exchange(_tree(self.small, disturbed, self.rng.choice(terminals)))

    def _exchange(self, edges: Int32Array) -> None:
        """Exchange paths of a tree of this network while that saves enough; keep what comes of it."""
        network, terminals = self.small.network, self.small.terminals
        slot_cost = network.cost[network.edge]
        is_terminal = np.zeros(network.nodes, np.bool_)
        is_terminal[terminals] = True
        for _ in range(EXCHANGES if self._is_large else MORE_EXCHANGES):
            in_tree = np.zeros(network.cost.size, np.bool_)
            in_tree[edges] = True
            slots = np.flatnonzero(in_tree[network.edge]).astype(np.int32)
            within, gain = exchanged_nodes(network.indptr, network.neighbour, slot_cost, is_terminal, slots)
            if gain == 0:
                break
            edges = _spanned(self.small, within)
            if self.is_over() or (self._is_large and gain < LEAST_GAIN * self._cost(edges)):
                break
        self._keep(edges)

    def _is_cut_idle(self) -> bool:
        """Cutting a large network takes time, and hardly anything goes while the gap is wide."""
        gap = (self.value - self.bound) / self.value
        return gap > IDLE_GAP and self._is_large

    @property
    def _is_large(self) -> bool:
        return self.small.network.cost.size > LARGE_EDGES

    def _combine(self, count: int) -> None:
        """Grow many trees in the small network of all edges that any tree has used."""
        used = np.unique(np.concatenate(self.pool))
        network = self.small.network
        joined = network_of(network.ends[used], network.cost[used], network.nodes)
        union = _told_in(used, condensed(joined, self.small.terminals))
        best = min(self.pool, key=self._cost)
        for _ in range(count):
            if self.is_over() or union.terminals.size < 3:
                break
            disturbed = self._disturbed(union.network.cost, COMBINED_DISTURBANCE)
            tree = _tree(union, _both_ways(union, disturbed), self.rng.choice(union.terminals))
            if int(union.network.cost[tree].sum()) < self._cost(best):
                best = _expanded(union, tree)
        self._exchange(best)

    def _cost(self, edges: Int32Array) -> int:
        return int(self.small.network.cost[edges].sum())

    def _raised(self) -> Int64Array:
        """Raise the bound, grow a tree where no reduced cost is left; return the reduced costs."""
        network, terminals = self.small.network, self.small.terminals
        cost = network.cost[network.edge]
        bound, reduced = dual_ascent(network.indptr, network.neighbour, cost, terminals, GROWTH)
        # this bounds the trees of this network; a cheaper tree lies in it, or there is none
        self.own_bound = int(bound)
        self._keep(_tree(self.small, np.where(reduced[network.twin] == 0, cost, -1), terminals[0]))
        self.bound = max(self.bound, min(self.own_bound, self.value))
        return reduced

    def _cut(self, reduced: Int64Array) -> bool:
        """Cut edges away whose use would cost at least the best value; False where nothing is left."""
        network, terminals = self.small.network, self.small.terminals
        onward = reduced[network.twin]
        from_root, _ = distances(network.indptr, network.neighbour, onward, terminals[:1])
        to_some, _ = distances(network.indptr, network.neighbour, reduced, terminals[1:])
        head = np.repeat(np.arange(network.nodes), np.diff(network.indptr))
        least = self.own_bound + from_root[network.neighbour] + reduced + to_some[head]
        useful = np.zeros(network.cost.size, np.bool_)
        useful[network.edge[least < self.value]] = True
        kept = np.flatnonzero(useful).astype(np.int32)
        rest = network_of(network.ends[kept], network.cost[kept], network.nodes)
        dist, _ = distances(rest.indptr, rest.neighbour, rest.cost[rest.edge], terminals[:1])
        if (dist[terminals] == FAR).any():
            self.bound = self.value  # no cheaper tree joins all terminals
            return False
        self.small = _composed(self.small, condensed(rest, terminals), kept)
        self.pool = []
        return True

    def _solved(self) -> bool:
        """Solve exactly what is small enough."""
        network, terminals = self.small.network, self.small.terminals
        if self.bound >= self.value or not is_exact_affordable(network.nodes, terminals.size):
            return self.bound >= self.value
        edges = exact_edges(network.indptr, network.neighbour, network.edge, network.cost, terminals)
        self._keep(edges)
        self.bound = self.value
        return True

    def _disturbed(self, cost: Int64Array, by: float) -> Int64Array:
        return (cost * self.rng.uniform(1.0, 1.0 + by, cost.size)).astype(np.int64)

    def _keep(self, edges: Int32Array) -> None:
        """Remember a tree of this network, and whether it is the cheapest so far."""
        self.pool.append(edges)
        value = self._cost(edges)
        if value < self.value:
            self.value = value
            self.best = _expanded(self.small, edges)


def _both_ways(small: Condensed, cost: Int64Array) -> Int64Array:
    return cost[small.network.edge]


def _tree(small: Condensed, slot_cost: Int64Array, start: int) -> Int32Array:
    """Grow a tree on costs that may differ from the true ones, then span its nodes at the true costs."""
    network, terminals = small.network, small.terminals
    is_terminal = np.zeros(network.nodes, np.bool_)
    is_terminal[terminals] = True
    return _spanned(small, grown_nodes(network.indptr, network.neighbour, slot_cost, is_terminal, start))


def _spanned(small: Condensed, within: BoolArray) -> Int32Array:
    """Return the cheapest tree on some nodes, less its dead ends."""
    network, terminals = small.network, small.terminals
    is_terminal = np.zeros(network.nodes, np.bool_)
    is_terminal[terminals] = True
    return spanned_edges(
        network.indptr, network.neighbour, network.edge, network.cost, within, is_terminal, terminals[0]
    )


def _expanded(small: Condensed, edges: Int32Array) -> Int32Array:
    """Return the original edges that edges of a condensed network stand for."""
    starts, sizes = small.chain_indptr[edges], np.diff(small.chain_indptr)[edges]
    before = np.concatenate([[0], np.cumsum(sizes)])
    return small.chain[np.repeat(starts - before[:-1], sizes) + np.arange(before[-1])]


def _told_in(kept: Int32Array, inner: Condensed) -> Condensed:
    """Let a network condensed from edges `kept` of another tell the edges of that."""
    return replace(inner, chain=kept[inner.chain])


def _composed(outer: Condensed, inner: Condensed, kept: Int32Array) -> Condensed:
    """Let a network condensed from edges `kept` of a condensed network tell the original edges."""
    via = kept[inner.chain]
    sizes = np.diff(outer.chain_indptr)[via]
    ends = np.concatenate([[0], np.cumsum(sizes)])
    return replace(
        inner,
        node=outer.node[inner.node],
        chain_indptr=ends[inner.chain_indptr].astype(np.int64),
        chain=_expanded(outer, via),
    )
