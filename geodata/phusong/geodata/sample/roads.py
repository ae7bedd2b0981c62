"""Roads that join commune centres and villages along cheap ground."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely
from scipy import ndimage, sparse
from scipy.sparse import csgraph

from phusong.geodata.sample.land import Land, Points, Reach, cells_of, cost_graph, points_of, reach_from
from phusong.geodata.sample.noise import fractal_noise
from phusong.geodata.sample.spec import layer_generator

NATIONAL, PROVINCIAL, COMMUNE = "national", "provincial", "commune"
_CLASSES = (COMMUNE, PROVINCIAL, NATIONAL)
_BACKBONE_SHARE = 0.4

Links = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Roads:
    """A road network.

    Attributes
    ----------
    lines : ndarray of shapely.LineString
    kinds : ndarray of str
        ``"national"``, ``"provincial"`` or ``"commune"``.
    links : ndarray of int, shape (links, 3)
        Neighbouring cells of the work grid a road joins, and the rank of the road (0 commune .. 2 national).
    """

    lines: npt.NDArray[np.object_]
    kinds: npt.NDArray[np.str_]
    links: Links


def build_roads(
    land: Land, seats_m: Points, seat_people: npt.NDArray[np.floating], villages_m: Points, *, seed: int
) -> Roads:
    """Join seats to their neighbours, then villages to the network.

    Parameters
    ----------
    land : Land
    seats_m : ndarray, shape (communes, 2)
    seat_people : ndarray, shape (communes,)
        The largest seats are joined by national roads.
    villages_m : ndarray, shape (villages, 2)
    seed : int
    """
    rng = layer_generator(seed, "roads")
    graph = cost_graph(_cost(rng, land), cell_m=land.grid.cell_size_m)
    seats = _unique_cells(land, seats_m)
    main = _join_seats(rng, graph, seats, seat_people)
    minor = _join_villages(graph, main, _unique_cells(land, villages_m))
    links = _merged([*main, *minor], land.grid.width * land.grid.height)
    lines, ranks = draw_links(land, links, seed=seed)
    return Roads(lines, np.array(_CLASSES)[ranks], links)


def _cost(rng: np.random.Generator, land: Land) -> npt.NDArray[np.float64]:
    wander = fractal_noise(
        rng, land.grid, longest_m=24 * land.grid.cell_size_m, shortest_m=4 * land.grid.cell_size_m
    )
    river = np.clip(np.log10(np.maximum(land.drained_m2, 1.0)) - 6.7, 0.0, 2.0) * 2.0
    cost = np.exp(0.30 * wander) * (1.0 + (land.slope / 0.06) ** 2) + river
    near_sea = ndimage.binary_dilation(land.is_sea, iterations=2) if land.is_sea.any() else land.is_sea
    cost = np.where(near_sea, cost + 12.0, cost)
    off_limits = land.is_sea | ndimage.binary_erosion(land.commune < 0, border_value=1)
    return np.where(off_limits, np.inf, np.minimum(cost, 50.0))


def _unique_cells(land: Land, points_m: Points) -> npt.NDArray[np.int64]:
    rows, cols = cells_of(land.grid, points_m)
    return rows * land.grid.width + cols


def _join_seats(
    rng: np.random.Generator,
    graph: sparse.csr_array,
    seats: npt.NDArray[np.int64],
    people: npt.NDArray[np.floating],
) -> list[Links]:
    """Join neighbouring seats: the cheapest tree, a third of the other pairs, and a national backbone."""
    unique, first = np.unique(seats, return_index=True)
    reach = reach_from(graph, unique)
    edges = graph.tocoo()
    pairs = np.column_stack([reach.source[edges.row], reach.source[edges.col]])
    total = reach.cost[edges.row] + edges.data + reach.cost[edges.col]
    across = (pairs[:, 0] != pairs[:, 1]) & (pairs.min(axis=1) >= 0)
    tails, heads, pairs, total = edges.row[across], edges.col[across], pairs[across], total[across]
    swap = pairs[:, 0] > pairs[:, 1]
    pairs[swap] = pairs[swap][:, ::-1]
    key = pairs[:, 0] * len(unique) + pairs[:, 1]
    order = np.lexsort((total, key))
    order = order[np.r_[True, np.diff(key[order]) != 0]] if order.size else order
    ways = sparse.coo_array(
        (total[order], (pairs[order, 0], pairs[order, 1])), shape=(len(unique), len(unique))
    ).tocsr()
    tree = csgraph.minimum_spanning_tree(ways).tocoo()
    used = set(zip(tree.row.tolist(), tree.col.tolist(), strict=True))
    backbone = _backbone(ways, people[first])
    joined = []
    for at in order:
        pair = (int(pairs[at, 0]), int(pairs[at, 1]))
        if pair in used or pair in backbone or rng.random() < 0.33:
            links = np.concatenate([_way_back(reach, int(tails[at])), _way_back(reach, int(heads[at]))])
            links = np.concatenate([links, [[int(tails[at]), int(heads[at])]]])
            rank = 2 if pair in backbone else 1
            joined.append(np.column_stack([links, np.full(len(links), rank)]))
    return joined


def _backbone(ways: sparse.csr_array, people: npt.NDArray[np.floating]) -> set[tuple[int, int]]:
    """Pairs of seats on the cheapest ways between the largest seats, tied into a tree."""
    large = np.argsort(-people, kind="stable")[: max(2, round(_BACKBONE_SHARE * len(people)))]
    cost, before = csgraph.dijkstra(ways, directed=False, indices=large, return_predecessors=True)
    between = np.where(np.isfinite(cost[:, large]), cost[:, large], 0.0)
    tree = csgraph.minimum_spanning_tree(sparse.csr_array(between)).tocoo()
    pairs: set[tuple[int, int]] = set()
    for start, end in zip(tree.row, tree.col, strict=True):
        at = int(large[end])
        while before[start, at] >= 0:
            previous = int(before[start, at])
            pairs.add((min(previous, at), max(previous, at)))
            at = previous
    return pairs


def _way_back(reach: Reach, cell: int) -> Links:
    steps = []
    while reach.before[cell] >= 0:
        previous = int(reach.before[cell])
        steps.append((previous, cell))
        cell = previous
    return np.array(steps, dtype=np.int64).reshape(-1, 2)


def _join_villages(
    graph: sparse.csr_array, main: list[Links], villages: npt.NDArray[np.int64]
) -> list[Links]:
    """Join each village to the nearest road; ways that meet go on together."""
    on_road = np.unique(np.concatenate([links[:, :2].ravel() for links in main])) if main else villages[:1]
    reach = reach_from(graph, on_road)
    wanted = np.zeros(graph.shape[0], bool)
    front = np.unique(villages)
    while front.size:
        front = front[(reach.before[front] >= 0) & ~wanted[front]]
        wanted[front] = True
        front = np.unique(reach.before[front])
    cells = np.flatnonzero(wanted)
    return [np.column_stack([reach.before[cells], cells, np.zeros(cells.size, np.int64)])]


def _merged(parts: list[Links], cells: int) -> Links:
    """Each link once, with the highest rank it has."""
    links = np.concatenate(parts)
    low, high = links[:, :2].min(axis=1), links[:, :2].max(axis=1)
    key = low * cells + high
    order = np.lexsort((-links[:, 2], key))
    order = order[np.r_[True, np.diff(key[order]) != 0]] if order.size else order
    return np.column_stack([low[order], high[order], links[order, 2]])


def draw_links(
    land: Land, links: Links, *, seed: int
) -> tuple[npt.NDArray[np.object_], npt.NDArray[np.int64]]:
    """Draw links as lines from crossing to crossing, smoothed; crossings stay where they are.

    Returns
    -------
    lines : ndarray of shapely.LineString
    ranks : ndarray of int
    """
    size = land.grid.width * land.grid.height
    shift = layer_generator(seed, "road bends").uniform(-0.35, 0.35, (size, 2)) * land.grid.cell_size_m
    lines, ranks = [], []
    for chain, rank in _chains(links):
        cells = np.array(chain)
        points = points_of(land.grid, cells) + shift[cells]
        if len(points) > 2:
            soft = ndimage.gaussian_filter1d(points, 1.3, axis=0, mode="nearest")
            points = np.vstack([points[:1], soft[1:-1], points[-1:]])
        lines.append(shapely.simplify(shapely.LineString(points), land.grid.cell_size_m / 12.0))
        ranks.append(rank)
    return np.array(lines, dtype=object), np.array(ranks, dtype=np.int64)


def _chains(links: Links) -> Iterator[tuple[list[int], int]]:
    """Walk the network from crossing to crossing; a change of rank counts as a crossing."""
    neighbours: dict[int, list[tuple[int, int]]] = {}
    for low, high, rank in links.tolist():
        neighbours.setdefault(low, []).append((high, rank))
        neighbours.setdefault(high, []).append((low, rank))
    crossings = {cell for cell, near in neighbours.items() if len(near) != 2 or near[0][1] != near[1][1]}
    walked: set[tuple[int, int]] = set()
    for start in [*sorted(crossings), *sorted(neighbours)]:
        for after, rank in neighbours[start]:
            if (start, after) not in walked:
                yield _walk(start, after, neighbours, crossings, walked), rank


def _walk(
    start: int,
    after: int,
    neighbours: dict[int, list[tuple[int, int]]],
    crossings: set[int],
    walked: set[tuple[int, int]],
) -> list[int]:
    """Follow the road until the next crossing (or round to the start), noting the links walked."""
    chain = [start]
    while True:
        walked.add((chain[-1], after))
        walked.add((after, chain[-1]))
        before = chain[-1]
        chain.append(after)
        if after in crossings or after == start:
            return chain
        after = next(cell for cell, _rank in neighbours[after] if cell != before)
