"""What already lies along the roads: fibre to start from, ducts with room, works planned by others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import shapely

from phusong.coverage.placement.instance import FloatArray, Int64Array
from phusong.coverage.placement.roadgraph import (
    DUCT,
    FIBRE,
    NEW,
    WORKS,
    Roads,
    cut_roads,
    road_graph,
    touch_roads,
)
from phusong.coverage.placement.steiner_network import network_of
from phusong.coverage.placement.steiner_search import FAR, distances

Shapes = npt.NDArray[np.object_]
ALONG_M = 60.0
"""A line within this of a road runs along it."""
NODE_M = 300.0
"""A fibre node within this of a road is reached from it."""
TAP_EVERY_M = 100.0
_PROBES = (0.1, 0.5, 0.9)
_SAME_WAY = 0.7
"""Cosine of the angle within which a line runs along a road."""
_MM = 1000.0


@dataclass(frozen=True, slots=True)
class FibreRoads:
    """Roads with what lies along them, and where the fibre network can be joined.

    Attributes
    ----------
    roads : Roads
    root_id : ndarray of int64
        Vertex ids at which the fibre network can be joined.
    nodes_off_road : ndarray of int64
        Fibre nodes that lie too far from any road.
    routes_off_road_m : float
        Length of fibre routes that run along no road (as drawn in the metric CRS).
    """

    roads: Roads
    root_id: Int64Array
    nodes_off_road: Int64Array
    routes_off_road_m: float


def fibre_roads(
    roads: Roads,
    *,
    nodes_m: FloatArray,
    routes: Sequence[shapely.Geometry] | Shapes = (),
    ducts: Sequence[shapely.Geometry] | Shapes = (),
    works: Sequence[shapely.Geometry] | Shapes = (),
    along_m: float = ALONG_M,
    node_m: float = NODE_M,
    is_tapped: bool = True,
) -> FibreRoads:
    """Lay the fibre network, ducts and planned works onto the roads.

    Parameters
    ----------
    roads : Roads
    nodes_m : ndarray, shape (nodes, 2)
        Fibre nodes.
    routes, ducts, works : sequence of LineString or MultiLineString
        In the CRS of the roads.
    along_m, node_m : float
        How near a line or a node must be to a road.
    is_tapped : bool
        A route can be joined anywhere (a splice closure), not at its nodes only.
    """
    node_touch = touch_roads(roads, nodes_m)
    near = node_touch.distance_m <= node_m
    roads, node_id = cut_roads(roads, node_touch.step[near], node_touch.fraction[near])
    off_m, tapped = 0.0, np.empty(0, np.int64)
    # what is free comes last and wins where several run along the same road
    for state, lines in ((WORKS, works), (DUCT, ducts), (FIBRE, routes)):
        shapes = np.asarray(list(lines), dtype=object)
        if shapes.size == 0 or roads.road_class.size == 0:
            continue
        roads, touched, off_m = _laid(roads, shapes, state, along_m)
        tapped = touched if state == FIBRE and is_tapped else np.empty(0, np.int64)
    return FibreRoads(
        roads=roads,
        root_id=np.unique(np.concatenate([node_id, tapped])),
        nodes_off_road=np.flatnonzero(~near),
        routes_off_road_m=off_m if len(routes) else 0.0,
    )


def _laid(roads: Roads, shapes: Shapes, state: int, along_m: float) -> tuple[Roads, Int64Array, float]:
    """Cut roads where lines run along them and mark the steps between; what lies off every road is told."""
    points_m, line = shapely.get_coordinates(shapely.segmentize(shapes, TAP_EVERY_M), return_index=True)
    touch = touch_roads(roads, points_m)
    near = touch.distance_m <= along_m
    roads, touched = cut_roads(roads, touch.step[near], touch.fraction[near], near_m=1.0)
    covered = _covered_steps(roads, points_m, line, along_m)
    marks = roads.state.copy()
    marks[covered] = state
    met = np.concatenate([touched, roads.vertex_id[covered], roads.vertex_id[covered + 1]])
    total_m = float(shapely.length(shapes).sum())
    return replace(roads, state=marks), np.unique(met), total_m * float((~near).mean())


def _covered_steps(roads: Roads, points_m: FloatArray, line: Int64Array, along_m: float) -> Int64Array:
    """Return the steps of roads along which lines run: near all the way, and in much the same direction.

    Direction tells a road that fibre follows from a side road that merely begins near it.
    """
    goes_on = np.flatnonzero(line[1:] == line[:-1])
    pieces = shapely.linestrings(np.stack([points_m[goes_on], points_m[goes_on + 1]], axis=1))
    tree = shapely.STRtree(np.asarray(pieces, dtype=object))
    piece_way = points_m[goes_on + 1] - points_m[goes_on]
    step = np.flatnonzero(roads.is_step)
    way = roads.vertex_m[step + 1] - roads.vertex_m[step]
    covered = np.ones(step.size, np.bool_)
    for share in _PROBES:
        probe, piece = tree.query_nearest(
            shapely.points(roads.vertex_m[step] + share * way),
            max_distance=along_m,
            return_distance=False,
            all_matches=False,
        )
        along = np.abs((way[probe] * piece_way[piece]).sum(axis=1))
        sizes = np.linalg.norm(way[probe], axis=1) * np.linalg.norm(piece_way[piece], axis=1)
        is_near = np.zeros(step.size, np.bool_)
        is_near[probe[along >= _SAME_WAY * sizes]] = True
        covered &= is_near
    return step[covered]


def fibre_distance_m(fibre: FibreRoads, points_m: FloatArray, *, new_only: bool = False) -> FloatArray:
    """Return the way from each point along the roads to the nearest place to join the fibre network.

    Parameters
    ----------
    fibre : FibreRoads
    points_m : ndarray, shape (points, 2)
    new_only : bool
        Stretches with fibre or a duct count as nothing.

    Returns
    -------
    ndarray of float64, shape (points,)
        The straight way to the road included; infinite where no fibre hangs together with the nearest road.
    """
    touch = touch_roads(fibre.roads, points_m)
    if fibre.roads.road_class.size == 0 or fibre.root_id.size == 0 or len(points_m) == 0:
        return np.full(len(points_m), np.inf)
    cut, point_id = cut_roads(fibre.roads, touch.step, touch.fraction)
    graph = road_graph(cut, np.concatenate([fibre.root_id, point_id]))
    length_m = np.where(np.isin(graph.state, (NEW, WORKS)) | (not new_only), graph.length_m, 0.0)
    network = network_of(graph.ends, np.round(length_m * _MM).astype(np.int64), graph.node_id.size)
    dist, _ = distances(
        network.indptr, network.neighbour, network.cost[network.edge], graph.nodes_of(fibre.root_id)
    )
    found = dist[graph.nodes_of(point_id)]
    return np.where(found == FAR, np.inf, found / _MM) + touch.distance_m
