"""Steiner trees: equal to brute force on small networks, bounded, proved only where that is so."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.benchmarks.road_network import generated_roads

from phusong.coverage.errors import PlacementError
from phusong.coverage.placement.steiner import steiner_tree
from phusong.coverage.placement.steiner_bound import dual_ascent
from phusong.coverage.placement.steiner_exact import exact_edges
from phusong.coverage.placement.steiner_network import condensed, network_of

Edges = list[tuple[int, int]]


def _parts(ends: Edges, nodes: set[int]) -> dict[int, int]:
    part = {node: node for node in nodes}

    def top(node: int) -> int:
        while part[node] != node:
            node = part[node]
        return node

    for a, b in ends:
        part[top(a)] = top(b)
    return {node: top(node) for node in nodes}


def _least(ends: Edges, cost: list[int], terminals: list[int], nodes: int) -> int:
    """Least cost by trying every set of nodes between (Kruskal on each)."""
    others = [node for node in range(nodes) if node not in terminals]
    best = None
    for size in range(len(others) + 1):
        for between in itertools.combinations(others, size):
            within = {*terminals, *between}
            taken: Edges = []
            total = 0
            for price, (a, b) in sorted(zip(cost, ends, strict=True)):
                if a in within and b in within and _parts(taken, within)[a] != _parts(taken, within)[b]:
                    taken.append((a, b))
                    total += price
            if len(taken) == len(within) - 1 and (best is None or total < best):
                best = total
    assert best is not None
    return best


@st.composite
def networks(draw: st.DrawFn) -> tuple[Edges, list[int], list[int], int]:
    nodes = draw(st.integers(2, 7))
    tree = [(draw(st.integers(0, node - 1)), node) for node in range(1, nodes)]
    node = st.integers(0, nodes - 1)
    more = draw(st.lists(st.tuples(node, node), max_size=nodes + 2))
    ends = tree + more  # loops and parallel edges included
    cost = draw(st.lists(st.integers(0, 9), min_size=len(ends), max_size=len(ends)))
    terminals = draw(st.lists(node, min_size=1, max_size=nodes, unique=True))
    return ends, cost, terminals, nodes


@settings(max_examples=60, deadline=None)
@given(networks())
def test_equals_brute_force(world: tuple[Edges, list[int], list[int], int]) -> None:
    ends, cost, terminals, nodes = world
    tree = steiner_tree(ends, cost, terminals, nodes=nodes)
    assert tree.value == _least(ends, cost, terminals, nodes)
    assert (tree.bound, tree.gap, tree.status) == (tree.value, 0.0, "proved")
    chosen = [ends[at] for at in tree.edges]
    parts = _parts(chosen, set(range(nodes)))
    assert len({parts[node] for node in terminals}) == 1
    assert sum(cost[at] for at in tree.edges) == tree.value


@settings(max_examples=60, deadline=None)
@given(networks(), st.sampled_from([1.0, 1.5, 4.0]))
def test_dual_ascent_never_exceeds_the_optimum(
    world: tuple[Edges, list[int], list[int], int], growth: float
) -> None:
    ends, cost, terminals, nodes = world
    network = network_of(np.array(ends, np.int32), np.array(cost, np.int64), nodes)
    arcs = network.cost[network.edge]
    bound, reduced = dual_ascent(
        network.indptr, network.neighbour, arcs, np.array(terminals, np.int32), growth
    )
    assert 0 <= bound <= _least(ends, cost, terminals, nodes)
    assert reduced.min() >= 0
    assert np.array_equal(arcs, network.cost[network.edge])


@settings(max_examples=40, deadline=None)
@given(networks())
def test_condensing_keeps_the_optimum(world: tuple[Edges, list[int], list[int], int]) -> None:
    ends, cost, terminals, nodes = world
    network = network_of(np.array(ends, np.int32), np.array(cost, np.int64), nodes)
    small = condensed(network, np.array(terminals, np.int32))
    least = _least(ends, cost, terminals, nodes)
    edges = exact_edges(
        small.network.indptr,
        small.network.neighbour,
        small.network.edge,
        small.network.cost,
        small.terminals,
    )
    assert small.network.cost[edges].sum() == least
    for edge in range(small.network.cost.size):
        chain = small.chain[small.chain_indptr[edge] : small.chain_indptr[edge + 1]]
        assert sum(cost[at] for at in chain) == small.network.cost[edge]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_generated_network_is_joined_and_bounded(seed: int) -> None:
    roads = generated_roads(3_000, terminals=40, fibre=8, seed=seed)
    node = np.arange(3_000)
    node[roads.fibre] = roads.fibre[0]
    cost = np.round(roads.length_m * 80).astype(np.int64)
    terminals = [roads.fibre[0], *node[roads.terminals]]
    tree = steiner_tree(node[roads.ends], cost, terminals, nodes=3_000)
    parts = _parts(node[roads.ends[tree.edges]].tolist(), set(node.tolist()))
    assert {parts[at] for at in terminals} == {parts[int(roads.fibre[0])]}
    assert tree.value == cost[tree.edges].sum()
    assert 0.9 * tree.value <= tree.bound <= tree.value
    assert (tree.status == "proved") == (tree.bound == tree.value)
    again = steiner_tree(node[roads.ends], cost, terminals, nodes=3_000)
    assert np.array_equal(tree.edges, again.edges)


def test_few_terminals_are_solved_to_the_optimum() -> None:
    roads = generated_roads(2_000, terminals=7, fibre=1, seed=5)
    cost = np.round(roads.length_m).astype(np.int64)
    tree = steiner_tree(roads.ends, cost, [roads.fibre[0], *roads.terminals], nodes=2_000)
    assert (tree.gap, tree.status) == (0.0, "proved")


def test_stopping_at_once_still_answers() -> None:
    roads = generated_roads(3_000, terminals=40, fibre=1, seed=1)
    cost = np.round(roads.length_m).astype(np.int64)
    tree = steiner_tree(
        roads.ends, cost, [roads.fibre[0], *roads.terminals], nodes=3_000, is_over=lambda: True
    )
    assert tree.status == "time_limit"
    assert 0 < tree.bound < tree.value == cost[tree.edges].sum()


def test_what_costs_nothing_is_free() -> None:
    tree = steiner_tree([(0, 1), (1, 2), (0, 2)], [0, 0, 5], [0, 2], nodes=3)
    assert (tree.value, tree.bound, tree.status) == (0, 0, "proved")
    assert tree.edges.tolist() == [0, 1]


def test_nothing_to_join() -> None:
    assert steiner_tree([(0, 1)], [3], [1], nodes=2).value == 0
    assert steiner_tree([(0, 1)], [3], [1, 1], nodes=2).edges.size == 0


@pytest.mark.parametrize(
    ("ends", "cost", "terminals", "code"),
    [
        ([(0, 1), (2, 3)], [1, 1], [0, 3], "steiner_disconnected"),
        ([(0, 1), (1, 4)], [1, 1], [0, 1], "place_index"),
        ([(0, 1), (1, 2)], [1, -1], [0, 1], "place_number"),
        ([(0, 1), (1, 2)], [1, 1.5], [0, 1], "place_number"),
        ([(0, 1), (1, 2)], [1, 1], [0, 9], "place_index"),
    ],
)
def test_what_makes_no_sense_is_refused(
    ends: Edges, cost: list[float], terminals: list[int], code: str
) -> None:
    with pytest.raises(PlacementError) as refused:
        steiner_tree(ends, cost, terminals, nodes=4)
    assert refused.value.code == code
