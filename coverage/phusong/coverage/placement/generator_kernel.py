"""Which points a mast sees over the terrain, for generated instances."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

Float32Array = npt.NDArray[np.float32]
Int32Array = npt.NDArray[np.int32]

RECEIVER_M = 10.0
"""Over the ground: on a roof."""
EFFECTIVE_EARTH_M = 8_500_000.0
"""Radius of the Earth with median refraction, k = 4/3 (ITU-R P.310)."""


class Ground(NamedTuple):
    """Terrain heights, shape (rows, columns), and the side of a cell."""

    height_m: Float32Array
    cell_m: float


class Points(NamedTuple):
    """Demand in the order of its cells; where each cell's points begin; what stands around each."""

    cell: Int32Array
    start: Int32Array
    clutter_m: Float32Array


@njit(cache=True, nogil=True)
def most_seen(points: Points, mast: Float32Array, reach_m: float, cell_m: float) -> int:
    """Count the points in the squares around all masts: no more can be seen."""
    width = int(np.sqrt(points.start.size - 1))
    radius = int(reach_m / cell_m)
    total = 0
    for at in range(len(mast)):
        row, col = int(mast[at, 0]), int(mast[at, 1])
        left, right = max(col - radius, 0), min(col + radius, width - 1)
        for line in range(max(row - radius, 0), min(row + radius, width - 1) + 1):
            total += points.start[line * width + right + 1] - points.start[line * width + left]
    return total


@njit(cache=True, nogil=True)
def seen_points(
    ground: Ground, points: Points, mast: Float32Array, reach_m: float, room: int
) -> tuple[Int32Array, Int32Array]:
    """Return how many points each mast serves, and which, rising within a mast."""
    width = ground.height_m.shape[1]
    radius = int(reach_m / ground.cell_m)
    side = 2 * radius + 1
    clear_m = np.empty((side, side), np.float32)
    count = np.zeros(len(mast), np.int32)
    index = np.empty(room, np.int32)
    filled = 0
    for at in range(len(mast)):
        row, col = int(mast[at, 0]), int(mast[at, 1])
        _clearance(ground, row, col, mast[at, 2], clear_m)
        left, right = max(col - radius, 0), min(col + radius, width - 1)
        before = filled
        for line in range(max(row - radius, 0), min(row + radius, width - 1) + 1):
            local = clear_m[line - row + radius]
            for point in range(points.start[line * width + left], points.start[line * width + right + 1]):
                column = points.cell[point] - line * width
                if local[column - col + radius] >= points.clutter_m[point]:
                    index[filled] = point
                    filled += 1
        count[at] = filled - before
    return count, index[:filled].copy()


@njit(cache=True, nogil=True)
def _clearance(ground: Ground, row: int, col: int, antenna_m: float, clear_m: Float32Array) -> None:
    """Write how far above the horizon of the mast a receiver in each cell stands; -inf out of reach."""
    radius = clear_m.shape[0] // 2
    size = ground.height_m.shape[0]
    clear_m[:] = -np.inf
    clear_m[radius, radius] = np.inf
    eye_m = ground.height_m[row, col] + antenna_m
    directions = int(2.0 * np.pi * radius * 1.2)
    for direction in range(directions):
        angle = 2.0 * np.pi * direction / directions
        north, east = np.cos(angle), np.sin(angle)
        horizon = -np.inf
        for step in range(1, radius + 1):
            line, column = row + round(step * north), col + round(step * east)
            if line < 0 or column < 0 or line >= size or column >= size:
                break
            away_m = step * ground.cell_m
            drop_m = away_m * away_m / (2.0 * EFFECTIVE_EARTH_M)
            rise_m = ground.height_m[line, column] - drop_m - eye_m
            over_m = rise_m + RECEIVER_M - horizon * away_m
            local_row, local_col = line - row + radius, column - col + radius
            clear_m[local_row, local_col] = max(clear_m[local_row, local_col], over_m)
            horizon = max(horizon, rise_m / away_m)
