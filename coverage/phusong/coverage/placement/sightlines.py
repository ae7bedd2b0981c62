"""Microwave hops: which far ends a place sees with enough of the first Fresnel zone free."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numba import njit

from phusong.coverage.grids import Raster

FRESNEL_SHARE = 0.6
"""Part of the first Fresnel zone's radius that must be free for a hop (ITU-R P.530 section 2.2.2)."""
HOP_FREQUENCY_GHZ = 7.0
"""The lowest band usual for hops; its Fresnel zone is the widest."""
EARTH_RADIUS_M = 4.0 / 3.0 * 6_371_000.0
"""Effective radius of the earth at the median gradient of refractivity."""
FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Ends:
    """Antennas at one kind of end.

    Attributes
    ----------
    x_m, y_m : ndarray of float64
        In the CRS of the terrain's grid.
    above_m : ndarray of float64
        Above ground.
    """

    x_m: FloatArray
    y_m: FloatArray
    above_m: FloatArray


def clearances(
    terrain: Raster,
    near: Ends,
    far: Ends,
    pairs: npt.NDArray[np.int64],
    *,
    frequency_ghz: float = HOP_FREQUENCY_GHZ,
) -> FloatArray:
    """Return the least clearance of hops, in radii of the first Fresnel zone.

    Parameters
    ----------
    terrain : Raster
        Metres above sea level.
    near, far : Ends
    pairs : ndarray of int64, shape (hops, 2)
        Indices of the two ends.
    frequency_ghz : float

    Returns
    -------
    ndarray of float64, shape (hops,)
        `FRESNEL_SHARE` or more is a usable hop; -inf where terrain is unknown on the path or at an end.

    Notes
    -----
    Heights are interpolated between cell centres every cell size; the earth bulges by ``d1 d2 / (2 R)`` and
    the zone's radius is ``sqrt(wavelength d1 d2 / d)`` (ITU-R P.526).
    """
    found = np.empty(len(pairs))
    grid = terrain.grid
    _clear(
        np.asarray(terrain.values),
        np.column_stack([near.x_m, near.y_m, near.above_m]).astype(np.float64).reshape(-1, 3),
        np.column_stack([far.x_m, far.y_m, far.above_m]).astype(np.float64).reshape(-1, 3),
        np.asarray(pairs, dtype=np.int64).reshape(-1, 2),
        (float(grid.left_m), float(grid.top_m), float(grid.cell_size_m)),
        0.299792458 / frequency_ghz,
        found,
    )
    return found


@njit(cache=True, nogil=True, error_model="numpy")
def _height(values: npt.NDArray[np.float32], row: float, col: float) -> float:
    """Height between cell centres; beyond the outermost centres the edge is repeated."""
    last_row, last_col = values.shape[0] - 1, values.shape[1] - 1
    row, col = min(max(row, 0.0), float(last_row)), min(max(col, 0.0), float(last_col))
    r, c = int(row), int(col)
    down, right = row - r, col - c
    r1, c1 = min(r + 1, last_row), min(c + 1, last_col)
    upper = values[r, c] + (values[r, c1] - values[r, c]) * right
    lower = values[r1, c] + (values[r1, c1] - values[r1, c]) * right
    return upper + (lower - upper) * down


@njit(cache=True, nogil=True, error_model="numpy")
def _clear(  # noqa: PLR0917 - kernels take no keyword-only options
    values: npt.NDArray[np.float32],
    near: FloatArray,
    far: FloatArray,
    pairs: npt.NDArray[np.int64],
    corner: tuple[float, float, float],
    wavelength_m: float,
    out: FloatArray,
) -> None:
    left, top, cell = corner
    for hop in range(pairs.shape[0]):
        a, b = near[pairs[hop, 0]], far[pairs[hop, 1]]
        row0, col0 = (top - a[1]) / cell - 0.5, (a[0] - left) / cell - 0.5
        row1, col1 = (top - b[1]) / cell - 0.5, (b[0] - left) / cell - 0.5
        length_m = math.sqrt((a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2)
        start = _height(values, row0, col0) + a[2]
        end = _height(values, row1, col1) + b[2]
        least = math.inf if start == start and end == end else -math.inf  # noqa: PLR0124 - NaN is unknown
        steps = max(int(length_m / cell), 2)
        for i in range(1, steps):
            share = i / steps
            ground = _height(values, row0 + share * (row1 - row0), col0 + share * (col1 - col0))
            product = share * (1.0 - share) * length_m * length_m
            bulge = product / (2.0 * EARTH_RADIUS_M)
            zone = math.sqrt(wavelength_m * product / length_m) if length_m > 0.0 else 1.0
            free = (start + share * (end - start) - ground - bulge) / zone
            # NaN compares false: unknown terrain is no free path
            least = min(least, free) if free == free else -math.inf  # noqa: PLR0124
        out[hop] = least
