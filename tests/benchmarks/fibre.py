"""Fibre trees on a generated network of 200,000 crossings, with networkx's tree of Mehlhorn beside them."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import TypeVar

import networkx as nx
import numpy as np
from networkx.algorithms.approximation import steiner_tree as approximate_tree
from road_network import GeneratedRoads, generated_roads

from phusong.coverage.placement.fibreplan import FibreCosts, plan_fibre
from phusong.coverage.placement.fibreroads import fibre_distance_m, fibre_roads
from phusong.coverage.placement.roadgraph import ROAD_CLASSES, Roads, roads_of_lines
from phusong.coverage.placement.steiner import steiner_tree
from phusong.coverage.placement.steiner_network import network_of
from phusong.coverage.placement.steiner_search import distances

NODES, TERMINALS, FIBRE_NODES = 200_000, 500, 100
BAR_S, BAR_GAP = 1.0, 0.06
VND_PER_M = 80.0
RUNS = 3

Answer = TypeVar("Answer")


def bench_fibre() -> dict[str, float]:
    """Print times, values and bounds; return the seconds by name."""
    world = generated_roads(NODES, terminals=TERMINALS, fibre=FIBRE_NODES)
    node = np.arange(NODES, dtype=np.int32)
    node[world.fibre] = world.fibre[0]
    ends, cost = node[world.ends], np.round(world.length_m * VND_PER_M).astype(np.int64)
    terminals = np.concatenate([world.fibre[:1], node[world.terminals]])
    seconds, tree = _timed(lambda: steiner_tree(ends, cost, terminals, nodes=NODES))
    sys.stdout.write(
        f"fibre: {TERMINALS} places, {NODES:,} crossings, {len(ends):,} roads\n"
        f"  tree and bound{seconds:10.3f} s (bar {BAR_S:g})   cost {tree.value:,}   bound {tree.bound:,}"
        f"   gap {100 * tree.gap:.2f} % (bar {100 * BAR_GAP:g})\n"
    )
    peer_seconds, peer_cost = _mehlhorn(ends, cost, terminals)
    sys.stdout.write(
        f"  networkx, Mehlhorn{peer_seconds:6.1f} s   cost {peer_cost:,}:"
        f" {100 * (peer_cost / tree.value - 1):.2f} % dearer\n"
    )
    network = network_of(ends, cost, NODES)
    nearest_seconds, _ = _timed(
        lambda: distances(network.indptr, network.neighbour, network.cost[network.edge], world.fibre[:1])
    )
    sys.stdout.write(f"  distance from fibre to every crossing{nearest_seconds:8.3f} s\n")
    return {
        "fibre tree, 500 places, 200,000 crossings": seconds,
        "distance to fibre, 200,000 crossings": nearest_seconds,
        **_along_roads(world),
    }


def _along_roads(world: GeneratedRoads) -> dict[str, float]:
    """Time the whole way from lines on a map: fibre onto roads, places to roads, tree, bound."""
    roads = _drawn(world)
    fibre = fibre_roads(roads, nodes_m=world.nodes_m[world.fibre])
    places_m = world.nodes_m[world.terminals] + 25.0
    costs = FibreCosts(aerial_per_m=dict.fromkeys(ROAD_CLASSES, VND_PER_M), off_road_per_m=VND_PER_M)
    seconds, plan = _timed(lambda: plan_fibre(fibre, places_m, costs=costs))
    far_seconds, _ = _timed(lambda: fibre_distance_m(fibre, world.nodes_m[:5_000] + 25.0))
    sys.stdout.write(
        f"  plan from lines on a map{seconds:8.3f} s   cost {plan.cost:,}   gap {100 * plan.gap:.2f} %\n"
        f"  way to fibre for 5,000 points{far_seconds:8.3f} s\n"
    )
    return {"fibre plan from lines, 200,000 crossings": seconds, "way to fibre, 5,000 points": far_seconds}


def _drawn(world: GeneratedRoads) -> Roads:
    count = len(world.ends)
    step_m = np.zeros(2 * count)
    step_m[::2] = world.length_m
    return roads_of_lines(
        world.nodes_m[world.ends].reshape(-1, 2),
        np.arange(0, 2 * count + 1, 2, dtype=np.int64),
        step_m,
        np.full(count, ROAD_CLASSES.index("commune"), np.int8),
        np.arange(count, dtype=np.int32),
    )


def _mehlhorn(ends: np.ndarray, cost: np.ndarray, terminals: np.ndarray) -> tuple[float, int]:
    """Time networkx; it fails where a network does not hang together, so it gets the part that does."""
    graph = nx.Graph()
    for (tail, head), price in zip(ends.tolist(), cost.tolist(), strict=True):
        if tail != head and price < graph.get_edge_data(tail, head, {"weight": np.inf})["weight"]:
            graph.add_edge(tail, head, weight=price)
    graph = graph.subgraph(nx.node_connected_component(graph, int(terminals[0])))
    began = time.perf_counter()
    tree = approximate_tree(graph, {int(at) for at in terminals}, method="mehlhorn")
    return time.perf_counter() - began, int(tree.size(weight="weight"))


def _timed(work: Callable[[], Answer]) -> tuple[float, Answer]:
    """Return the median of the warm times and the answer."""
    answer = work()
    seconds = []
    for _ in range(RUNS):
        began = time.perf_counter()
        answer = work()
        seconds.append(time.perf_counter() - began)
    return float(np.median(seconds)), answer


if __name__ == "__main__":
    bench_fibre()
