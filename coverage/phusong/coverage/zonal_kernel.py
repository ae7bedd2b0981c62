"""Sums inside boundaries for many masks in one pass over the grid."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from phusong.coverage.fractions import IntArray
from phusong.coverage.grids import FloatArray

Bits = npt.NDArray[np.unsignedinteger[Any]]


@njit(cache=True, nogil=True, error_model="numpy")
def interior_sums(  # noqa: PLR0917 - kernels take no keyword-only options
    interior: IntArray, values: FloatArray, bits: Bits, masks: Bits, first_row: int, last_row: int, count: int
) -> FloatArray:
    """Sum values of whole cells by mask and zone over some rows; NaN adds nothing.

    Parameters
    ----------
    interior : ndarray of int, shape (height, width)
        Zone of each cell, -1 where none.
    values : ndarray of float, same shape
    bits : ndarray of unsigned int, same shape
        A bit for each service.
    masks : ndarray of unsigned int, shape (masks,)
        A cell counts where it has any bit of the mask.
    first_row, last_row : int
    count : int
        Number of zones.

    Returns
    -------
    ndarray of float64, shape (masks, zones)
    """
    sums = np.zeros((masks.size, count))
    for row in range(first_row, last_row):
        for col in range(interior.shape[1]):
            zone, own = interior[row, col], bits[row, col]
            if zone < 0 or own == 0:
                continue
            value = np.float64(values[row, col])
            if np.isnan(value):
                continue
            for k in range(masks.size):
                if own & masks[k]:
                    sums[k, zone] += value
    return sums


@njit(cache=True, nogil=True, error_model="numpy")
def border_sums(  # noqa: PLR0917 - kernels take no keyword-only options
    cell: IntArray,
    zone: IntArray,
    fraction: FloatArray,
    values: FloatArray,
    bits: Bits,
    masks: Bits,
    count: int,
) -> FloatArray:
    """Sum values of the pieces of cut cells by mask and zone; shape (masks, zones)."""
    sums = np.zeros((masks.size, count))
    width = bits.shape[1]
    for i in range(cell.size):
        row, col = cell[i] // width, cell[i] % width
        value = np.float64(values[row, col]) * fraction[i]
        if np.isnan(value):
            continue
        for k in range(masks.size):
            if bits[row, col] & masks[k]:
                sums[k, zone[i]] += value
    return sums
