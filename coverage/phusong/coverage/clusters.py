"""Unserved clusters of a village: populated cells of one catchment that touch by side or corner."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

from phusong.coverage.fractions import IntArray
from phusong.coverage.grids import FloatArray

BoolArray = npt.NDArray[np.bool_]
Int32Array = npt.NDArray[np.int32]


@njit(cache=True, nogil=True, error_model="numpy")
def served_weights(
    cell: IntArray, village: IntArray, weight: FloatArray, served: BoolArray, count: int
) -> FloatArray:
    """Sum the weight of the served cells of each village.

    Parameters
    ----------
    cell, village : ndarray of int, shape (n,)
        Flat index and owner of each populated cell.
    weight : ndarray of float64, shape (n,)
    served : ndarray of bool, flat
    count : int
        Number of villages.

    Returns
    -------
    ndarray of float64, shape (count,)
    """
    sums = np.zeros(count)
    for i in range(cell.size):
        if served[cell[i]]:
            sums[village[i]] += weight[i]
    return sums


@njit(cache=True, nogil=True, error_model="numpy")
def largest_clusters(  # noqa: PLR0917 - kernels take no keyword-only options
    cell: IntArray, village: IntArray, weight: FloatArray, served: BoolArray, width: int, count: int
) -> FloatArray:
    """Return the weight of the heaviest unserved cluster of each village, 0 where there is none.

    Parameters
    ----------
    cell : ndarray of int, shape (n,)
        Flat indices of populated cells, ascending; one may occur for several villages.
    village : ndarray of int, shape (n,)
    weight : ndarray of float64, shape (n,)
    served : ndarray of bool, flat
    width : int
        Columns of the grid.
    count : int
        Number of villages.

    Returns
    -------
    ndarray of float64, shape (count,)
    """
    dark = _dark(cell, served)
    parent = np.arange(dark.size).astype(np.int32)
    behind = 0
    for i in range(dark.size):
        here = cell[dark[i]]
        col = here % width
        above_from = here - width - (1 if col > 0 else 0)
        above_to = here - width + (1 if col < width - 1 else 0)
        while cell[dark[behind]] < above_from:
            behind += 1
        k = behind
        while k < i and cell[dark[k]] <= above_to:
            if village[dark[k]] == village[dark[i]]:
                _join(parent, k, i)
            k += 1
        k = i - 1
        while k >= 0 and cell[dark[k]] >= here - (1 if col > 0 else 0):
            if village[dark[k]] == village[dark[i]]:
                _join(parent, k, i)
            k -= 1
    return _heaviest(parent, dark, village, weight, count)


@njit(cache=True, nogil=True, error_model="numpy")
def _dark(cell: IntArray, served: BoolArray) -> Int32Array:
    """Places in the list of the cells that nobody serves."""
    total = 0
    for i in range(cell.size):
        total += 0 if served[cell[i]] else 1
    dark = np.empty(total, dtype=np.int32)
    total = 0
    for i in range(cell.size):
        if not served[cell[i]]:
            dark[total] = i
            total += 1
    return dark


@njit(cache=True, nogil=True, error_model="numpy")
def _root(parent: Int32Array, i: int) -> int:
    while parent[i] != i:
        parent[i] = parent[parent[i]]
        i = parent[i]
    return i


@njit(cache=True, nogil=True, error_model="numpy")
def _join(parent: Int32Array, i: int, j: int) -> None:
    i, j = _root(parent, i), _root(parent, j)
    if i < j:
        parent[j] = i
    elif j < i:
        parent[i] = j


@njit(cache=True, nogil=True, error_model="numpy")
def _heaviest(
    parent: Int32Array, dark: Int32Array, village: IntArray, weight: FloatArray, count: int
) -> FloatArray:
    sums = np.zeros(parent.size)
    largest = np.zeros(count)
    # A root is the first of its cluster, so its sum is whole only after all were added.
    for i in range(parent.size):
        sums[_root(parent, i)] += weight[dark[i]]
    for i in range(parent.size):
        if parent[i] == i:
            owner = village[dark[i]]
            largest[owner] = max(largest[owner], sums[i])
    return largest
