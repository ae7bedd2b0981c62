"""Compiled steps of drawing a tile of a grid.

They leave the interpreter's lock alone, because several threads draw beside the one that answers.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

Codes = npt.NDArray[np.uint8]
Int16Array = npt.NDArray[np.int16]
Int32Array = npt.NDArray[np.int32]


@njit(cache=True, error_model="numpy", nogil=True)
def fill_cells(
    down: npt.NDArray[np.float64],
    across: npt.NDArray[np.float64],
    shape: tuple[int, int],
    row: Int32Array,
    col: Int32Array,
) -> bool:
    """Interpolate a lattice of places at the middles of the pixels; tell whether any lies in the grid.

    A node that cannot be projected is not finite, and so is what is interpolated from it: outside.
    """
    height, width = shape
    spans = down.shape[0] - 1
    pixels = row.shape[0] // spans
    is_any = False
    for i in range(row.shape[0]):
        high, low_share = i // pixels, (i % pixels + 0.5) / pixels
        for k in range(spans):
            first, last = k * pixels, (k + 1) * pixels
            r0 = down[high, k] + (down[high + 1, k] - down[high, k]) * low_share
            r1 = down[high, k + 1] + (down[high + 1, k + 1] - down[high, k + 1]) * low_share
            c0 = across[high, k] + (across[high + 1, k] - across[high, k]) * low_share
            c1 = across[high, k + 1] + (across[high + 1, k + 1] - across[high, k + 1]) * low_share
            r_step, c_step = (r1 - r0) / pixels, (c1 - c0) / pixels
            if min(r0, r1) >= 0.0 and max(r0, r1) < height and min(c0, c1) >= 0.0 and max(c0, c1) < width:
                is_any = True
                for j in range(first, last):  # without a condition, so that it is vectorised
                    row[i, j] = np.int32(r0 + r_step * (j - first + 0.5))
                    col[i, j] = np.int32(c0 + c_step * (j - first + 0.5))
                continue
            for j in range(first, last):
                r, c = r0 + r_step * (j - first + 0.5), c0 + c_step * (j - first + 0.5)
                is_inside = 0.0 <= r < height and 0.0 <= c < width
                row[i, j], col[i, j] = (
                    (np.int32(r), np.int32(c)) if is_inside else (np.int32(-1), np.int32(-1))
                )
                is_any = is_any or is_inside
    return is_any


@njit(cache=True, error_model="numpy", nogil=True)
def fill_codes(
    codes: Codes, cells: tuple[Int32Array, Int32Array], first: tuple[int, int], shift: int, found: Codes
) -> None:
    """Look codes up in an array that holds one of ``1 << shift`` cells each way, from a cell on."""
    row, col = cells
    row0, col0 = first
    height, width = codes.shape
    for i in range(row.shape[0]):
        for j in range(row.shape[1]):
            r, c = (row[i, j] - row0) >> shift, (col[i, j] - col0) >> shift
            is_there = row[i, j] >= 0 and 0 <= r < height and 0 <= c < width
            found[i, j] = codes[r, c] if is_there else 0


@njit(cache=True, error_model="numpy", nogil=True)
def raise_codes(level: Int16Array, code_of_level: Codes, lowest_level: int, codes: Codes) -> None:
    """Raise codes to those of some levels where these are higher; a higher level has no lower code."""
    for i in range(level.shape[0]):
        for j in range(level.shape[1]):
            codes[i, j] = max(codes[i, j], code_of_level[level[i, j] - lowest_level])
