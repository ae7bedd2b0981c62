"""A generated road network: crossings, a tree of near neighbours and some of the other links."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.sparse import csgraph
from scipy.spatial import Delaunay

OTHER_LINKS = 0.3
"""Share of the short links of the triangulation that are roads besides those of the tree."""


@dataclass(frozen=True, slots=True)
class GeneratedRoads:
    """Crossings, the roads between them and who is to be joined to whom.

    Attributes
    ----------
    nodes_m : ndarray of float64, shape (nodes, 2)
    ends : ndarray of int32, shape (edges, 2)
    length_m : ndarray of float64, shape (edges,)
    fibre, terminals : ndarray of int32
    """

    nodes_m: npt.NDArray[np.float64]
    ends: npt.NDArray[np.int32]
    length_m: npt.NDArray[np.float64]
    fibre: npt.NDArray[np.int32]
    terminals: npt.NDArray[np.int32]


def generated_roads(
    nodes: int = 200_000, *, terminals: int = 500, fibre: int = 100, seed: int = 1
) -> GeneratedRoads:
    """Scatter crossings, denser around towns, and join them by a tree and by short links besides."""
    rng = np.random.default_rng(seed)
    towns = rng.uniform(0.0, 100_000.0, (max(nodes // 500, 1), 2))
    near = towns[rng.integers(0, len(towns), nodes // 2)] + rng.normal(0.0, 1_500.0, (nodes // 2, 2))
    at = np.vstack([near, rng.uniform(0.0, 100_000.0, (nodes - nodes // 2, 2))])
    corners = Delaunay(at).simplices
    links = np.unique(np.sort(np.vstack([corners[:, :2], corners[:, 1:], corners[:, ::2]]), axis=1), axis=0)
    length = np.linalg.norm(at[links[:, 0]] - at[links[:, 1]], axis=1) * rng.uniform(1.0, 1.4, len(links))
    graph = sparse.coo_array((length, (links[:, 0], links[:, 1])), shape=(nodes, nodes)).tocsr()
    tree = csgraph.minimum_spanning_tree(graph).tocoo()
    in_tree = set(zip(np.minimum(tree.row, tree.col), np.maximum(tree.row, tree.col), strict=True))
    kept = np.fromiter(((a, b) in in_tree for a, b in links), bool, len(links))
    typical = np.median(length[kept])
    kept |= (rng.random(len(links)) < OTHER_LINKS) & (length < 4 * typical)
    picked = rng.choice(nodes, terminals + fibre, replace=False)
    return GeneratedRoads(
        nodes_m=at,
        ends=links[kept].astype(np.int32),
        length_m=length[kept],
        fibre=picked[:fibre].astype(np.int32),
        terminals=picked[fibre:].astype(np.int32),
    )
