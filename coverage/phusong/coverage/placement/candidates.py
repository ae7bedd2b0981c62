"""Places where something could be built: thinned out, spread over an area, taken from lines."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from phusong.coverage.errors import PlacementError
from phusong.coverage.grids import Grid

SOURCES = ("site", "public", "hilltop", "settlement", "road", "power_line", "grid")
"""Where places come from, in the order of preference when two are near each other."""

BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float64]
Int64Array = npt.NDArray[np.int64]


def thinned(
    x_m: npt.ArrayLike, y_m: npt.ArrayLike, *, distance_m: float, always: npt.ArrayLike | None = None
) -> Int64Array:
    """Keep places in their order and drop those too near to one that is kept.

    Parameters
    ----------
    x_m, y_m : array_like, shape (places,)
    distance_m : float
        Places nearer than this to an earlier one that is kept are dropped; 0 keeps all.
    always : array_like of bool, shape (places,), optional
        Places that are kept whatever is near them, such as masts that stand.

    Returns
    -------
    ndarray of int64
        Places kept, ascending.

    Examples
    --------
    >>> thinned([0.0, 30.0, 100.0], [0.0, 0.0, 0.0], distance_m=50.0).tolist()
    [0, 2]
    """
    points = np.column_stack([np.asarray(x_m, dtype=np.float64), np.asarray(y_m, dtype=np.float64)])
    kept = np.zeros(len(points), dtype=np.bool_) if always is None else np.array(always, dtype=np.bool_)
    if distance_m <= 0 or len(points) == 0:
        return np.arange(len(points), dtype=np.int64)
    pairs = cKDTree(points).query_pairs(distance_m * (1.0 - 1e-12), output_type="ndarray")
    near: list[list[int]] = [[] for _ in points]
    for one, other in pairs.tolist():
        near[one].append(other)
        near[other].append(one)
    for place, others in enumerate(near):
        if not kept[place]:
            kept[place] = not any(kept[other] for other in others)
    return np.flatnonzero(kept).astype(np.int64)


def grid_places(grid: Grid, *, spacing_m: float) -> tuple[FloatArray, FloatArray]:
    """Return the points of a regular grid over the study, a half step from its edges.

    Raises
    ------
    PlacementError
        ``place_number`` unless the spacing is positive.
    """
    if not spacing_m > 0:
        raise PlacementError("place_number", array="spacing_m", position=0, value=spacing_m, allowed="> 0")
    left, bottom, right, top = grid.bounds
    across = np.arange(left + spacing_m / 2.0, right, spacing_m)
    down = np.arange(top - spacing_m / 2.0, bottom, -spacing_m)
    x_m, y_m = np.meshgrid(across, down)
    return x_m.ravel(), y_m.ravel()


def along_lines(lines: Sequence[FloatArray], *, spacing_m: float) -> tuple[FloatArray, FloatArray]:
    """Return points along lines, a whole number of equal steps no longer than the spacing on each.

    Parameters
    ----------
    lines : sequence of ndarray, shape (vertices, 2)
        In metres.
    spacing_m : float

    Examples
    --------
    >>> x_m, y_m = along_lines([np.array([[0.0, 0.0], [100.0, 0.0]])], spacing_m=60.0)
    >>> x_m.tolist()
    [0.0, 50.0, 100.0]
    """
    parts = [_along(line, spacing_m) for line in lines if len(line) > 1]
    if not parts:
        return np.empty(0), np.empty(0)
    points = np.concatenate(parts)
    return points[:, 0], points[:, 1]


def _along(line: FloatArray, spacing_m: float) -> FloatArray:
    reached = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))])
    steps = max(int(np.ceil(reached[-1] / spacing_m)), 1)
    at = np.linspace(0.0, reached[-1], steps + 1)
    return np.column_stack([np.interp(at, reached, line[:, 0]), np.interp(at, reached, line[:, 1])])


def within_reach(
    x_m: npt.ArrayLike, y_m: npt.ArrayLike, *, to_x_m: npt.ArrayLike, to_y_m: npt.ArrayLike
) -> FloatArray:
    """Return the distance in metres of each place from the nearest of some points; infinite without any."""
    points = np.column_stack([np.asarray(x_m, dtype=np.float64), np.asarray(y_m, dtype=np.float64)])
    goals = np.column_stack([np.asarray(to_x_m, dtype=np.float64), np.asarray(to_y_m, dtype=np.float64)])
    if not len(goals) or not len(points):
        return np.full(len(points), np.inf)
    distance_m, _ = cKDTree(goals).query(points)
    return np.asarray(distance_m, dtype=np.float64)
