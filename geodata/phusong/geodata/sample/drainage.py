"""Where water runs on a grid, and how it cuts valleys into rising ground.

Every cell drains along the minimum spanning tree of the grid, an edge weighing the higher of its two
ends: the tree holds for each cell the path to an outlet with the lowest highest point, so that no
cell is a sink. Valleys follow the stream-power law with the implicit scheme of Braun and Willett
(2013), "A very efficient O(n), implicit and parallel method to solve the stream power equation",
Geomorphology 180-181, with slope exponent 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.sparse import csgraph

_STEPS = ((0, 1), (1, 0), (1, 1), (1, -1))


@dataclass(frozen=True, slots=True)
class Drainage:
    """Where each cell of a grid drains to.

    Attributes
    ----------
    receiver : ndarray of int, shape (cells,)
        Cell (flat index) each cell drains to; outlets drain to themselves.
    distance_m : ndarray of float, shape (cells,)
        Length of that step; 0 for outlets.
    by_level : tuple of ndarray of int
        Cells by number of steps from their outlet, outlets first.
    area_m2 : ndarray of float, shape (cells,)
        Area drained through each cell, its own included.
    """

    receiver: npt.NDArray[np.int64]
    distance_m: npt.NDArray[np.float64]
    by_level: tuple[npt.NDArray[np.int64], ...]
    area_m2: npt.NDArray[np.float64]


def grid_edges(
    shape: tuple[int, int],
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Return the pairs of neighbouring cells (flat indices, eight directions) and their distance in cells."""
    index = np.arange(shape[0] * shape[1]).reshape(shape)
    tails, heads, lengths = [], [], []
    for down, right in _STEPS:
        first = index[: shape[0] - down, max(0, -right) : shape[1] - max(0, right)].ravel()
        second = index[down:, max(0, right) : shape[1] - max(0, -right)].ravel()
        tails.append(first)
        heads.append(second)
        lengths.append(np.full(first.size, np.hypot(down, right)))
    return np.concatenate(tails), np.concatenate(heads), np.concatenate(lengths)


def drain(height_m: npt.NDArray[np.floating], outlets: npt.NDArray[np.bool_], *, cell_m: float) -> Drainage:
    """Find where each cell drains to.

    Parameters
    ----------
    height_m : ndarray, shape (rows, cols)
    outlets : ndarray of bool, shape (rows, cols)
        Where water leaves the grid; at least one.
    cell_m : float

    Returns
    -------
    Drainage

    Examples
    --------
    >>> ground = np.array([[3.0, 2.0, 1.0, 0.0]])
    >>> found = drain(ground, ground == 0, cell_m=10.0)
    >>> found.receiver.tolist(), found.area_m2.tolist()
    ([1, 2, 3, 3], [100.0, 200.0, 300.0, 400.0])
    """
    flat = height_m.astype(np.float64).ravel()
    cells = flat.size
    tails, heads, lengths = grid_edges((height_m.shape[0], height_m.shape[1]))
    slope = np.abs(flat[tails] - flat[heads]) / (lengths * cell_m)
    # the steeper of two edges below the same cell comes first; zero weights would be no edges
    weight = np.maximum(flat[tails], flat[heads]) - np.minimum(slope, 1.0) * 1e-3
    weight += 1.0 - weight.min()
    roots = np.flatnonzero(outlets.ravel())
    tails = np.concatenate([tails, np.full(roots.size, cells)])
    heads = np.concatenate([heads, roots])
    weight = np.concatenate([weight, np.full(roots.size, 0.5)])
    graph = sparse.coo_array((weight, (tails, heads)), shape=(cells + 1, cells + 1)).tocsr()
    tree = csgraph.minimum_spanning_tree(graph)
    _order, before = csgraph.breadth_first_order(tree, cells, directed=False)
    receiver = before[:cells].astype(np.int64)
    is_root = (receiver == cells) | (receiver < 0)
    receiver[is_root] = np.flatnonzero(is_root)
    return _describe(receiver, width=height_m.shape[1], cell_m=cell_m)


def _describe(receiver: npt.NDArray[np.int64], *, width: int, cell_m: float) -> Drainage:
    own = np.arange(receiver.size)
    step = np.abs(receiver - own)
    straight = (step == 1) | (step == width)
    distance_m = np.where(step == 0, 0.0, np.where(straight, cell_m, cell_m * np.sqrt(2.0)))
    level = (step != 0).astype(np.int64)
    pointer = receiver.copy()
    while True:
        ahead = level[pointer]
        if not ahead.any():
            break
        level += ahead
        pointer = pointer[pointer]
    order = np.argsort(level, kind="stable")
    edges = np.cumsum(np.bincount(level))[:-1]
    by_level = tuple(np.split(order, edges))
    area_m2 = np.full(receiver.size, cell_m * cell_m)
    for cells in reversed(by_level[1:]):
        np.add.at(area_m2, receiver[cells], area_m2[cells])
    return Drainage(receiver, distance_m, by_level, area_m2)


def carve(
    height_m: npt.NDArray[np.floating],
    drainage: Drainage,
    *,
    uplift_m: npt.NDArray[np.floating],
    erodibility: float,
    area_exponent: float = 0.45,
    steepest: float = 0.75,
) -> npt.NDArray[np.float64]:
    """Lift the ground once and let the streams cut into it.

    Parameters
    ----------
    height_m : ndarray, shape (rows, cols)
    drainage : Drainage
    uplift_m : ndarray, shape (rows, cols)
        How much the ground rises in this step.
    erodibility : float
        Stream-power coefficient times the time step, in units that suit ``area_m2 ** area_exponent``.
    steepest : float
        Steepest slope (rise over run) that stands; steeper ground slides.

    Returns
    -------
    ndarray of float64, shape (rows, cols)
        Outlets keep their height.
    """
    flat = height_m.astype(np.float64).ravel()
    lifted = flat + uplift_m.astype(np.float64).ravel()
    with np.errstate(divide="ignore"):
        pull = np.where(
            drainage.distance_m > 0, erodibility * drainage.area_m2**area_exponent / drainage.distance_m, 0.0
        )
    limit_m = steepest * drainage.distance_m
    for cells in drainage.by_level[1:]:
        below = flat[drainage.receiver[cells]]
        flat[cells] = np.minimum(
            (lifted[cells] + pull[cells] * below) / (1.0 + pull[cells]), below + limit_m[cells]
        )
    return flat.reshape(height_m.shape)
