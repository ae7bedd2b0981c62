"""Fibre along the main roads and on to most masts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.spatial import cKDTree

from phusong.geodata.sample.land import Land, Points, points_of, reach_from
from phusong.geodata.sample.roads import Links, Roads, draw_links
from phusong.geodata.sample.spec import layer_generator

_CARRIERS = ("VNPT", "Viettel")


@dataclass(frozen=True, slots=True)
class Fibre:
    """A fibre network.

    Attributes
    ----------
    lines : ndarray of shapely.LineString
    operators, kinds : ndarray of str
        One a line; kinds are ``"aerial"`` and ``"underground"``.
    nodes_m : ndarray, shape (nodes, 2)
        Commune exchanges first, then masts.
    node_kinds : ndarray of str
        ``"exchange"`` or ``"mast"``.
    node_operators : ndarray of str
    capacity : ndarray of int
        Ports.
    """

    lines: npt.NDArray[np.object_]
    operators: npt.NDArray[np.str_]
    kinds: npt.NDArray[np.str_]
    nodes_m: Points
    node_kinds: npt.NDArray[np.str_]
    node_operators: npt.NDArray[np.str_]
    capacity: npt.NDArray[np.int64]


def build_fibre(
    land: Land,
    roads: Roads,
    *,
    seats_m: Points,
    masts_m: Points,
    mast_owners: npt.NDArray[np.str_],
    has_fibre: npt.NDArray[np.bool_],
    seed: int,
) -> Fibre:
    """Lay fibre along the main roads and from there to the masts that have it.

    Parameters
    ----------
    land : Land
    roads : Roads
    seats_m : ndarray, shape (communes, 2)
    masts_m : ndarray, shape (masts, 2)
    mast_owners : ndarray of str, shape (masts,)
    has_fibre : ndarray of bool, shape (masts,)
    seed : int
    """
    rng = layer_generator(seed, "fibre")
    linked = masts_m[has_fibre]
    links = _followed(land, roads.links, np.vstack([seats_m, linked]))
    lines, ranks = draw_links(land, links, seed=seed)
    owners = np.array(_CARRIERS)[(rng.random(len(lines)) < 0.5).astype(int)]
    in_town = land.at(land.is_mountain, _middles(lines)) == 0
    kinds = np.where((rng.random(len(lines)) < 0.35) & (ranks > 0) & in_town, "underground", "aerial")
    kinds_of_nodes = np.array(["exchange"] * len(seats_m) + ["mast"] * len(linked))
    carriers = np.array(_CARRIERS)[(rng.random(len(seats_m)) < 0.5).astype(int)]
    capacity = np.where(
        kinds_of_nodes == "exchange", rng.choice([4_096, 8_192, 16_384], len(kinds_of_nodes)), 96
    )
    return Fibre(
        lines=lines,
        operators=owners,
        kinds=kinds,
        nodes_m=np.vstack([seats_m, linked]),
        node_kinds=kinds_of_nodes,
        node_operators=np.concatenate([carriers, mast_owners[has_fibre]]),
        capacity=capacity.astype(np.int64),
    )


def _middles(lines: npt.NDArray[np.object_]) -> Points:
    if len(lines) == 0:
        return np.empty((0, 2))
    return np.array([line.interpolate(0.5, normalized=True).coords[0] for line in lines]).reshape(-1, 2)


def _followed(land: Land, links: Links, ends_m: Points) -> Links:
    """Keep the main roads, and the roads from the ends to them."""
    if len(links) == 0:
        return links
    size = land.grid.width * land.grid.height
    points = points_of(land.grid, np.arange(size))
    length_m = np.linalg.norm(points[links[:, 0]] - points[links[:, 1]], axis=1)
    graph = sparse.coo_array((length_m, (links[:, 0], links[:, 1])), shape=(size, size)).tocsr()
    main = links[links[:, 2] > 0]
    on_road = np.unique(links[:, :2])
    from_road = points_of(land.grid, on_road)
    # imported roads may have no rank: then all starts at the road nearest to the first commune centre
    trunk = np.unique(main[:, :2]) if len(main) else on_road[_nearest(from_road, ends_m[:1])]
    reach = reach_from(graph, trunk)
    wanted = np.zeros(size, bool)
    front = np.unique(on_road[_nearest(from_road, ends_m)])
    while front.size:
        front = front[(reach.before[front] >= 0) & ~wanted[front]]
        wanted[front] = True
        front = np.unique(reach.before[front])
    branch = np.flatnonzero(wanted)
    low, high = np.minimum(branch, reach.before[branch]), np.maximum(branch, reach.before[branch])
    return np.vstack([main, np.column_stack([low, high, np.zeros(branch.size, np.int64)])])


def _nearest(points: Points, ends_m: Points) -> npt.NDArray[np.int64]:
    return np.asarray(cKDTree(points).query(ends_m)[1], dtype=np.int64)
