"""Roads as a network: what meets is joined, what is far from a crossing passes on, lengths are true.

`Roads` holds the lines vertex by vertex, so that they can be cut where a village, a mast or fibre touches
them; `road_graph` makes nodes and edges of it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import shapely
from scipy import sparse
from scipy.sparse import csgraph

from phusong.coverage.placement.instance import BoolArray, FloatArray, Int32Array, Int64Array

Int8Array = npt.NDArray[np.int8]

ROAD_CLASSES = ("national", "provincial", "district", "commune", "track", "unknown")
NEW, FIBRE, DUCT, WORKS = range(4)
"""What lies along a stretch of road: nothing, fibre, a duct with room, works planned by others."""
SNAP_M = 2.0
_END = 1e-9
_CM = 100.0


@dataclass(frozen=True, slots=True)
class Roads:
    """Lines of roads, vertex by vertex, in a metric CRS.

    Attributes
    ----------
    vertex_m : ndarray of float64, shape (vertices, 2)
    vertex_id : ndarray of int64, shape (vertices,)
        Vertices with the same id are one place: roads meet there.
    step_m : ndarray of float64, shape (vertices,)
        True length from a vertex to the next of its line; 0 at the end of a line.
    state : ndarray of int8, shape (vertices,)
        What lies along that step: `NEW`, `FIBRE`, `DUCT` or `WORKS`.
    indptr : ndarray of int64, shape (lines + 1,)
        Where the vertices of each line begin.
    road_class : ndarray of int8, shape (lines,)
        Place in `ROAD_CLASSES`.
    row : ndarray of int32, shape (lines,)
        Row of the layer the line came from.
    """

    vertex_m: FloatArray
    vertex_id: Int64Array
    step_m: FloatArray
    state: Int8Array
    indptr: Int64Array
    road_class: Int8Array
    row: Int32Array

    @property
    def line(self) -> Int64Array:
        """Line of each vertex."""
        return np.repeat(np.arange(self.road_class.size), np.diff(self.indptr))

    @property
    def is_step(self) -> BoolArray:
        """Tell of each vertex whether its line goes on."""
        goes_on = np.ones(self.step_m.size, np.bool_)
        goes_on[self.indptr[1:] - 1] = False
        return goes_on

    def shapes(self) -> npt.NDArray[np.object_]:
        """Return the lines as shapes."""
        return np.asarray(shapely.linestrings(self.vertex_m, indices=self.line), dtype=object)


@dataclass(frozen=True, slots=True)
class RoadGraph:
    """Crossings, ends and marked places of roads, and the stretches between them.

    Attributes
    ----------
    node_m : ndarray of float64, shape (nodes, 2)
    node_id : ndarray of int64, shape (nodes,)
        Vertex id of each node, rising.
    ends : ndarray of int32, shape (edges, 2)
    length_m : ndarray of float64, shape (edges,)
    road_class, state : ndarray of int8, shape (edges,)
    first, last : ndarray of int64, shape (edges,)
        Vertices of `Roads` at which an edge begins and ends; those between are its shape.
    """

    node_m: FloatArray
    node_id: Int64Array
    ends: Int32Array
    length_m: FloatArray
    road_class: Int8Array
    state: Int8Array
    first: Int64Array
    last: Int64Array

    def nodes_of(self, vertex_id: Int64Array) -> Int32Array:
        """Return the nodes that stand at vertices that were marked."""
        return np.searchsorted(self.node_id, vertex_id).astype(np.int32)


def roads_of_lines(
    vertex_m: FloatArray,
    indptr: Int64Array,
    step_m: FloatArray,
    road_class: Int8Array,
    row: Int32Array,
    *,
    snap_m: float = SNAP_M,
) -> Roads:
    """Join lines to a network.

    Lines meet at vertices they share (to the centimetre): a bridge does not meet the road below. An end of
    a line that nothing shares is joined to another line within `snap_m`.

    Parameters
    ----------
    vertex_m : ndarray, shape (vertices, 2)
        In a metric CRS.
    indptr : ndarray, shape (lines + 1,)
        Where the vertices of each line begin; two at least.
    step_m : ndarray, shape (vertices,)
        True length (on the ellipsoid) to the next vertex; 0 at the end of a line.
    road_class : ndarray of int8, shape (lines,)
    row : ndarray of int32, shape (lines,)
    snap_m : float
    """
    whole = np.round(vertex_m * _CM).astype(np.int64)
    low = whole.min(axis=0) if whole.size else np.zeros(2, np.int64)
    key = (whole[:, 0] - low[0] << 31) + (whole[:, 1] - low[1])
    ids = np.unique(key, return_inverse=True)[1].astype(np.int64)
    roads = Roads(vertex_m, ids, step_m, np.zeros(len(ids), np.int8), indptr, road_class, row)
    return _joined_ends(roads, snap_m) if snap_m > 0 and len(ids) else roads


def _joined_ends(roads: Roads, snap_m: float) -> Roads:
    """Join ends that nothing shares to the nearest other line."""
    at_end = np.concatenate([roads.indptr[:-1], roads.indptr[1:] - 1])
    used = np.bincount(roads.vertex_id)
    loose = at_end[used[roads.vertex_id[at_end]] == 1]
    own = roads.line[loose]
    points = shapely.points(roads.vertex_m[loose])
    shapes = roads.shapes()
    end, line = shapely.STRtree(shapes).query(points, predicate="dwithin", distance=snap_m)
    other = own[end] != line
    end, line = end[other], line[other]
    distance = shapely.distance(points[end], shapes[line])
    order = np.lexsort((distance, end))
    nearest = order[np.unique(end[order], return_index=True)[1]]
    end, line = end[nearest], line[nearest]
    step, fraction = _located(roads, shapes, line, points[end])
    cut, met = cut_roads(roads, step, fraction, near_m=snap_m)
    return _merged(cut, np.column_stack([roads.vertex_id[loose[end]], met]))


def _merged(roads: Roads, pairs: Int64Array) -> Roads:
    """Make one place of each pair of vertex ids."""
    size = int(roads.vertex_id.max()) + 1
    links = sparse.coo_array((np.ones(len(pairs), np.int8), (pairs[:, 0], pairs[:, 1])), shape=(size, size))
    _, place = csgraph.connected_components(links, directed=False)
    return replace(roads, vertex_id=place[roads.vertex_id].astype(np.int64))


def _located(
    roads: Roads, shapes: npt.NDArray[np.object_], line: Int64Array, points: npt.NDArray[np.object_]
) -> tuple[Int64Array, FloatArray]:
    """Return the step (its first vertex) and the fraction of it nearest to each point."""
    drawn = np.zeros(len(roads.vertex_m))
    drawn[:-1] = np.linalg.norm(np.diff(roads.vertex_m, axis=0), axis=1) * roads.is_step[:-1]
    along = np.concatenate([[0.0], np.cumsum(drawn)])[:-1]
    start = along[roads.indptr[line]]
    wanted = start + shapely.line_locate_point(shapes[line], points)
    step = np.searchsorted(along, wanted, side="right") - 1
    step = np.clip(step, roads.indptr[line], roads.indptr[line + 1] - 2)
    fraction = (wanted - along[step]) / np.maximum(drawn[step], 1e-12)
    return step.astype(np.int64), np.clip(fraction, 0.0, 1.0)


def cut_roads(
    roads: Roads, step: Int64Array, fraction: FloatArray, *, near_m: float = 0.01
) -> tuple[Roads, Int64Array]:
    """Put vertices into steps of the roads.

    Parameters
    ----------
    roads : Roads
    step : ndarray of int64, shape (cuts,)
        First vertex of the step to cut.
    fraction : ndarray of float64, shape (cuts,)
        How far along it, 0 .. 1.
    near_m : float
        A vertex this near is taken instead of a new one.

    Returns
    -------
    roads : Roads
    vertex_id : ndarray of int64, shape (cuts,)
        Id of the vertex at each cut.
    """
    slack = np.minimum(near_m / np.maximum(roads.step_m[step], near_m), 0.5) + _END
    ids = np.where(fraction <= slack, roads.vertex_id[step], roads.vertex_id[step + 1])
    inner = (fraction > slack) & (fraction < 1.0 - slack)
    if not inner.any():
        return roads, ids
    places, which = np.unique(np.column_stack([step[inner], fraction[inner]]), axis=0, return_inverse=True)
    at = places[:, 0].astype(np.int64)
    share = places[:, 1]
    new_ids = int(roads.vertex_id.max()) + 1 + np.arange(at.size)
    ids[inner] = new_ids[which.ravel()]
    point = roads.vertex_m[at] + share[:, None] * (roads.vertex_m[at + 1] - roads.vertex_m[at])
    of_step = np.insert(np.arange(roads.step_m.size), at + 1, at)
    begins = np.insert(np.zeros(roads.step_m.size), at + 1, share)
    goes_on = np.zeros(of_step.size, np.bool_)
    goes_on[:-1] = of_step[1:] == of_step[:-1]
    ends = np.where(goes_on, np.append(begins[1:], 1.0), 1.0)
    cuts_before = np.searchsorted(at, roads.indptr - 1, side="right")
    return (
        replace(
            roads,
            vertex_m=np.insert(roads.vertex_m, at + 1, point, axis=0),
            vertex_id=np.insert(roads.vertex_id, at + 1, new_ids),
            step_m=roads.step_m[of_step] * (ends - begins),
            state=roads.state[of_step],
            indptr=roads.indptr + cuts_before,
        ),
        ids,
    )


@dataclass(frozen=True, slots=True)
class Touches:
    """Where points touch the roads.

    Attributes
    ----------
    step : ndarray of int64, shape (points,)
    fraction, distance_m : ndarray of float64, shape (points,)
        `distance_m` is infinite where there is no road at all.
    """

    step: Int64Array
    fraction: FloatArray
    distance_m: FloatArray


def touch_roads(roads: Roads, points_m: FloatArray, *, lines: BoolArray | None = None) -> Touches:
    """Find the place on a road nearest to each point.

    Parameters
    ----------
    roads : Roads
    points_m : ndarray, shape (points, 2)
    lines : ndarray of bool, shape (lines,), optional
        Roads that count; all by default.
    """
    wanted = np.arange(roads.road_class.size) if lines is None else np.flatnonzero(lines)
    count = len(points_m)
    if wanted.size == 0 or count == 0:
        return Touches(np.zeros(count, np.int64), np.zeros(count), np.full(count, np.inf))
    shapes = roads.shapes()
    points = np.asarray(shapely.points(points_m), dtype=object)
    (_, nearest), distance = shapely.STRtree(shapes[wanted]).query_nearest(
        points, return_distance=True, all_matches=False
    )
    step, fraction = _located(roads, shapes, wanted[nearest], points)
    return Touches(step, fraction, distance)


def road_graph(roads: Roads, marked: Int64Array) -> RoadGraph:
    """Make nodes of crossings, ends, marked vertices and changes of state, and edges of what lies between.

    Parameters
    ----------
    roads : Roads
    marked : ndarray of int64
        Vertex ids that must be nodes.
    """
    size = int(roads.vertex_id.max()) + 1 if roads.vertex_id.size else 0
    is_node = np.bincount(roads.vertex_id, minlength=size) > 1
    is_node[marked] = True
    at_node = is_node[roads.vertex_id]
    at_node[roads.indptr[:-1]] = True
    at_node[roads.indptr[1:] - 1] = True
    at_node[1:] |= (roads.state[1:] != roads.state[:-1]) & roads.is_step[:-1]
    stops = np.flatnonzero(at_node)
    begins = roads.is_step[stops]
    first, last = stops[begins], stops[np.flatnonzero(begins) + 1]
    node_id, where = np.unique(roads.vertex_id[np.concatenate([first, last])], return_inverse=True)
    node_m = np.zeros((node_id.size, 2))
    node_m[where] = roads.vertex_m[np.concatenate([first, last])]
    along = np.concatenate([[0.0], np.cumsum(roads.step_m)])
    return RoadGraph(
        node_m=node_m,
        node_id=node_id,
        ends=np.column_stack([where[: first.size], where[first.size :]]).astype(np.int32),
        length_m=along[last] - along[first],
        road_class=roads.road_class[roads.line[first]],
        state=roads.state[first],
        first=first,
        last=last,
    )


def reachable_lines(roads: Roads, root_ids: Int64Array) -> BoolArray:
    """Tell which lines hang together with any of some vertices."""
    if roads.vertex_id.size == 0:
        return np.zeros(0, np.bool_)
    size = int(roads.vertex_id.max()) + 1
    line = roads.line
    links = sparse.coo_array(
        (np.ones(line.size, np.int8), (line, roads.vertex_id + roads.road_class.size)),
        shape=(roads.road_class.size + size,) * 2,
    )
    _, part = csgraph.connected_components(links, directed=False)
    return np.isin(part[: roads.road_class.size], part[roads.road_class.size + root_ids])
