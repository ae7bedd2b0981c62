"""The cheapest extension of a fibre network along roads that joins villages or masts to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import Any

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph

from phusong.coverage.errors import PlacementError
from phusong.coverage.placement.fibreroads import FibreRoads
from phusong.coverage.placement.instance import BoolArray, FloatArray, Int32Array, Int64Array
from phusong.coverage.placement.roadgraph import (
    DUCT,
    FIBRE,
    ROAD_CLASSES,
    WORKS,
    Int8Array,
    RoadGraph,
    Roads,
    cut_roads,
    reachable_lines,
    road_graph,
    touch_roads,
)
from phusong.coverage.placement.steiner import SteinerTree, steiner_tree

BUILDS = ("aerial", "duct", "reused_fibre", "reused_duct", "off_road")
AERIAL, NEW_DUCT, REUSED_FIBRE, REUSED_DUCT, OFF_ROAD = range(5)
NONE = -1


@dataclass(frozen=True, slots=True)
class FibreCosts:
    """Costs of a metre of fibre, in one currency, whole units; every default is assumed.

    Attributes
    ----------
    aerial_per_m, duct_per_m : mapping of road class to float
        Cable on poles (with the poles that are missing), cable in a new duct.
    build : mapping of road class to {"aerial", "duct"}
        How fibre is laid along roads of a class.
    fibre_per_m : float
        Along fibre that exists (free strands).
    reused_duct_per_m : float
        Pulling a cable into a duct that exists.
    off_road_per_m : float
        From the road to the village or mast.
    works_saving : float
        Share saved where others dig in any case, 0 .. 1.
    """

    aerial_per_m: Mapping[str, float] = field(
        default_factory=lambda: MappingProxyType(
            {
                "national": 70_000.0,
                "provincial": 70_000.0,
                "district": 75_000.0,
                "commune": 80_000.0,
                "track": 110_000.0,
                "unknown": 80_000.0,
            }
        )
    )
    duct_per_m: Mapping[str, float] = field(
        default_factory=lambda: MappingProxyType(
            {
                "national": 480_000.0,
                "provincial": 420_000.0,
                "district": 380_000.0,
                "commune": 350_000.0,
                "track": 350_000.0,
                "unknown": 380_000.0,
            }
        )
    )
    build: Mapping[str, str] = field(
        default_factory=lambda: MappingProxyType(dict.fromkeys(ROAD_CLASSES, "aerial"))
    )
    fibre_per_m: float = 0.0
    reused_duct_per_m: float = 30_000.0
    off_road_per_m: float = 120_000.0
    works_saving: float = 0.4

    def __post_init__(self) -> None:
        """Refuse what is no cost.

        Raises
        ------
        PlacementError
            ``fibre_cost``: the name, the value, what is allowed.
        """
        for name in ("aerial_per_m", "duct_per_m", "build"):
            for road_class in set(ROAD_CLASSES) - set(getattr(self, name)):
                raise PlacementError(
                    "fibre_cost", name=f"{name}.{road_class}", value=None, allowed=", ".join(ROAD_CLASSES)
                )
        for name, per_m in self.rates().items():
            if not 0 <= per_m < 1e9:
                raise PlacementError("fibre_cost", name=name, value=per_m, allowed="0 .. 1e9")
        if not 0 <= self.works_saving <= 1:
            raise PlacementError("fibre_cost", name="works_saving", value=self.works_saving, allowed="0 .. 1")
        for road_class, build in self.build.items():
            if build not in ("aerial", "duct") or road_class not in ROAD_CLASSES:
                raise PlacementError(
                    "fibre_cost", name=f"build.{road_class}", value=build, allowed="aerial, duct"
                )

    def rates(self) -> dict[str, float]:
        """Return all costs of a metre by name."""
        kinds = {"aerial_per_m": self.aerial_per_m, "duct_per_m": self.duct_per_m}
        rates = {f"{kind}.{name}": rates[name] for kind, rates in kinds.items() for name in ROAD_CLASSES}
        for name in ("fibre_per_m", "reused_duct_per_m", "off_road_per_m"):
            rates[name] = getattr(self, name)
        return rates

    def as_dict(self) -> dict[str, Any]:
        """Return the costs as plain values, for JSON."""
        values = {item.name: getattr(self, item.name) for item in fields(self)}
        return {name: dict(value) if isinstance(value, Mapping) else value for name, value in values.items()}


@dataclass(frozen=True, slots=True)
class FibreEdge:
    """Stretches of the plan, one array an attribute.

    Attributes
    ----------
    first, last : ndarray of int64
        Vertices of `FibrePlan.roads` between which a stretch runs; for a drop, the vertex on the road and -1.
    target : ndarray of int32
        The target a drop leads to; -1 along roads.
    length_m : ndarray of float64
    cost : ndarray of int64
    road_class, build : ndarray of int8
        Places in `ROAD_CLASSES` and `BUILDS`; a drop has the class ``unknown``.
    is_shared : ndarray of bool
        Others dig there in any case.
    """

    first: Int64Array
    last: Int64Array
    target: Int32Array
    length_m: FloatArray
    cost: Int64Array
    road_class: Int8Array
    build: Int8Array
    is_shared: BoolArray


@dataclass(frozen=True, slots=True)
class FibrePlan:
    """The stretches to build, their cost, how far from the best, and who is joined.

    Attributes
    ----------
    roads : Roads
        The roads, cut where targets touch them.
    edges : FibreEdge
    cost, bound : int
        Sum over the stretches, and a cost that no plan along these roads undercuts.
    gap : float
    status : {"proved", "heuristic", "time_limit"}
    joined : ndarray of bool, shape (targets,)
    path_m : ndarray of float64, shape (targets,)
        Way along the plan to the fibre network; NaN where not joined.
    drop_m : ndarray of float64, shape (targets,)
        Straight way to the nearest road that hangs together with the fibre network; for targets that are not
        joined, what they lack. Infinite where there is no such road.
    """

    roads: Roads
    edges: FibreEdge
    cost: int
    bound: int
    gap: float
    status: str
    joined: BoolArray
    path_m: FloatArray
    drop_m: FloatArray


def plan_fibre(
    fibre: FibreRoads,
    targets_m: FloatArray,
    *,
    costs: FibreCosts,
    max_drop_m: float = 2_000.0,
    seed: int = 1,
    is_over: Callable[[], bool] = lambda: False,
) -> FibrePlan:
    """Find the cheapest tree along roads that joins targets to the fibre network.

    A target is joined from the nearest road that hangs together with the fibre network.

    Parameters
    ----------
    fibre : FibreRoads
        Roads with what lies along them.
    targets_m : ndarray, shape (targets, 2)
        Villages or masts, in the CRS of the roads.
    costs : FibreCosts
    max_drop_m : float
        Targets farther than this from such a road are left out and told.
    seed : int
        The answer is the same for the same seed.
    is_over : callable
        Asked between steps; True ends the search with what there is.

    Raises
    ------
    PlacementError
        ``fibre_no_network`` when the roads touch no fibre.
    """
    if fibre.root_id.size == 0:
        raise PlacementError("fibre_no_network")
    touch = touch_roads(fibre.roads, targets_m, lines=reachable_lines(fibre.roads, fibre.root_id))
    joined = touch.distance_m <= max_drop_m
    roads, place_id = cut_roads(fibre.roads, touch.step[joined], touch.fraction[joined])
    graph = road_graph(roads, np.concatenate([fibre.root_id, place_id]))
    builds, rates = _rates(graph, costs)
    edge_cost = np.round(graph.length_m * rates).astype(np.int64)
    drop_cost = np.round(touch.distance_m[joined] * costs.off_road_per_m).astype(np.int64)
    roots, places = graph.nodes_of(fibre.root_id), graph.nodes_of(place_id)
    tree = _tree(graph, edge_cost, roots, places, seed=seed, is_over=is_over)
    drops = int(drop_cost.sum())
    targets = np.flatnonzero(joined).astype(np.int32)
    along = _stretches(graph, tree.edges, builds, edge_cost)
    edges = _with_drops(along, _vertices(roads, place_id), targets, touch.distance_m[joined], drop_cost)
    path_m = np.full(len(targets_m), np.nan)
    path_m[joined] = _path_m(graph, tree.edges, roots)[places] + touch.distance_m[joined]
    cost, bound = tree.value + drops, tree.bound + drops
    gap = 0.0 if cost <= bound else (cost - bound) / cost
    return FibrePlan(roads, edges, cost, bound, gap, tree.status, joined, path_m, touch.distance_m)


def _rates(graph: RoadGraph, costs: FibreCosts) -> tuple[Int8Array, FloatArray]:
    """Return how each edge is built and what a metre of it costs."""
    by_class = np.array([AERIAL if costs.build[name] == "aerial" else NEW_DUCT for name in ROAD_CLASSES])
    per_m = np.array(
        [
            (costs.aerial_per_m if costs.build[name] == "aerial" else costs.duct_per_m)[name]
            for name in ROAD_CLASSES
        ]
    )
    new = per_m[graph.road_class]
    rates = np.select(
        [graph.state == FIBRE, graph.state == DUCT, graph.state == WORKS],
        [costs.fibre_per_m, np.minimum(costs.reused_duct_per_m, new), new * (1.0 - costs.works_saving)],
        default=new,
    )
    is_reused = (graph.state == DUCT) & (costs.reused_duct_per_m <= new)
    builds = np.select(
        [graph.state == FIBRE, is_reused], [REUSED_FIBRE, REUSED_DUCT], default=by_class[graph.road_class]
    )
    return builds.astype(np.int8), rates


def _tree(
    graph: RoadGraph,
    cost: Int64Array,
    roots: Int32Array,
    places: Int32Array,
    *,
    seed: int,
    is_over: Callable[[], bool],
) -> SteinerTree:
    """Join the places to the fibre network, all of which counts as one node."""
    node = np.arange(graph.node_id.size, dtype=np.int32)
    node[roots] = roots[0]
    terminals = np.concatenate([roots[:1], node[places]])
    return steiner_tree(
        node[graph.ends], cost, terminals, nodes=graph.node_id.size, seed=seed, is_over=is_over
    )


def _path_m(graph: RoadGraph, chosen: Int32Array, roots: Int32Array) -> FloatArray:
    """Length of the way along the chosen edges from the fibre network to every node."""
    size = graph.node_id.size
    tails, heads = graph.ends[chosen].T
    # a length of 0 would read as no edge
    lengths = np.maximum(graph.length_m[chosen], 1e-6)
    links = sparse.csr_array((lengths, (tails, heads)), shape=(size, size))
    return np.asarray(csgraph.dijkstra(links, directed=False, indices=roots, min_only=True))


def _stretches(graph: RoadGraph, chosen: Int32Array, builds: Int8Array, cost: Int64Array) -> FibreEdge:
    """Return the chosen edges of the graph as stretches."""
    return FibreEdge(
        first=graph.first[chosen],
        last=graph.last[chosen],
        target=np.full(chosen.size, NONE, np.int32),
        length_m=graph.length_m[chosen],
        cost=cost[chosen],
        road_class=graph.road_class[chosen],
        build=builds[chosen],
        is_shared=graph.state[chosen] == WORKS,
    )


def _with_drops(
    along: FibreEdge, vertex: Int64Array, targets: Int32Array, drop_m: FloatArray, drop_cost: Int64Array
) -> FibreEdge:
    """Add the drops from the road to the targets, those that have a length."""
    real = drop_m > 0
    count = int(real.sum())
    unknown = ROAD_CLASSES.index("unknown")
    return FibreEdge(
        first=np.concatenate([along.first, vertex[real]]),
        last=np.concatenate([along.last, np.full(count, NONE)]),
        target=np.concatenate([along.target, targets[real]]),
        length_m=np.concatenate([along.length_m, drop_m[real]]),
        cost=np.concatenate([along.cost, drop_cost[real]]),
        road_class=np.concatenate([along.road_class, np.full(count, unknown, np.int8)]),
        build=np.concatenate([along.build, np.full(count, OFF_ROAD, np.int8)]),
        is_shared=np.concatenate([along.is_shared, np.zeros(count, np.bool_)]),
    )


def _vertices(roads: Roads, vertex_id: Int64Array) -> Int64Array:
    """Return a vertex for each id."""
    order = np.argsort(roads.vertex_id, kind="stable")
    return order[np.searchsorted(roads.vertex_id, vertex_id, sorter=order)]


def quantities(edges: FibreEdge) -> dict[str, dict[str, float]]:
    """Sum length and cost by how stretches are built.

    Returns
    -------
    dict
        For each of `BUILDS`: ``length_m``, ``shared_m`` (others dig there in any case), ``cost``.
    """
    return {
        name: {
            "length_m": float(edges.length_m[edges.build == at].sum()),
            "shared_m": float(edges.length_m[(edges.build == at) & edges.is_shared].sum()),
            "cost": int(edges.cost[edges.build == at].sum()),
        }
        for at, name in enumerate(BUILDS)
    }
