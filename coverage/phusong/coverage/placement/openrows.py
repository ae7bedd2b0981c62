"""Rows of an instance without the demand that decides nothing: of a real network, most of it.

What is left is numbered anew, so that what is kept for each demand lies close together.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple, TypeVar

import numpy as np
from numba import njit

from phusong.coverage.placement.instance import NONE, BoolArray, Int32Array, Int64Array

Part = TypeVar("Part")

SHARED_NONZEROS = 1_000_000
"""Instances from here on are gone through on two cores."""
BLOCK = 8
"""Demand that is looked at together: mostly none of it is wanted."""


class Matrix(NamedTuple):
    """Rows of a sparse matrix of ones, for kernels: ``columns[indptr[row] : indptr[row + 1]]``."""

    indptr: Int64Array
    columns: Int32Array


def in_ranges(indptr: Int64Array, work: Callable[[int, int], Part]) -> list[Part]:
    """Call `work` with the first and the end row of one range, or of two of about as many nonzeros each.

    Parameters
    ----------
    indptr : ndarray of int64, shape (rows + 1,)
        Where rows begin.
    work : callable
        Runs beside itself where there are `SHARED_NONZEROS` and more; should let go of the interpreter.

    Returns
    -------
    list
        What it returned, in the order of rows.
    """
    rows = indptr.size - 1
    if indptr[-1] < SHARED_NONZEROS:
        return [work(0, rows)]
    middle = int(np.searchsorted(indptr, indptr[-1] // 2))
    with ThreadPoolExecutor(max_workers=1) as pool:
        other = pool.submit(work, middle, rows)
        return [work(0, middle), other.result()]


def open_rows(matrix: Matrix, wanted: BoolArray, allowed: BoolArray) -> tuple[Matrix, Int64Array]:
    """Return the wanted demand of the sites allowed, numbered anew.

    Parameters
    ----------
    matrix : Matrix
        Demand by site.
    wanted : ndarray of bool, shape (demands,)
        Demand to keep.
    allowed : ndarray of bool, shape (sites,)
        The rows of other sites are left empty.

    Returns
    -------
    rows : Matrix
        The same sites.
    demand : ndarray of int64
        Number before of each demand of `rows`, rising.
    """
    if wanted.all() and allowed.all():
        return matrix, np.arange(wanted.size)
    demand = np.flatnonzero(wanted)
    number = np.full(wanted.size, np.int32(NONE))
    number[demand] = np.arange(demand.size, dtype=np.int32)
    # Large arrays come from NumPy, not from the kernels: it asks the system for large pages. What is never
    # written takes no memory.
    kept = np.empty(matrix.columns.size, np.int32)
    parts = in_ranges(
        matrix.indptr, lambda begin, end: _keep(matrix, wanted, allowed, number, kept, begin, end)
    )
    indptr = np.concatenate([[0], np.cumsum(np.concatenate(parts))]).astype(np.int64)
    begins = matrix.indptr[np.cumsum([0, *(part.size for part in parts)])[:-1]].tolist()
    filled = [kept[begin : begin + int(part.sum())] for begin, part in zip(begins, parts, strict=True)]
    return Matrix(indptr, np.concatenate(filled)), demand


@njit(cache=True, nogil=True)
def _copy(columns: Int32Array, wanted: BoolArray, out: Int32Array, filled: np.uint64) -> np.uint64:
    """Write what is wanted of some demand; return where to go on."""
    for at in range(columns.size):
        # Unsigned indices spare the check for negative ones, which count from the end.
        demand = np.uint32(columns[at])
        out[filled] = demand  # always, without a branch: the next one overwrites what is not wanted
        filled += np.uint64(wanted[demand])
    return filled


@njit(cache=True, nogil=True)
def _keep(  # noqa: PLR0917 - kernels take no keyword-only options
    matrix: Matrix,
    wanted: BoolArray,
    allowed: BoolArray,
    number: Int32Array,
    out: Int32Array,
    begin: int,
    end: int,
) -> Int64Array:
    """Write the wanted demand of a range of sites by its new numbers, from where the range begins."""
    lengths = np.zeros(end - begin, np.int64)
    filled = np.uint64(matrix.indptr[begin])
    for site in range(begin, end):
        if not allowed[site]:
            continue
        before = filled
        first, stop = matrix.indptr[site], matrix.indptr[site + 1]
        whole = first + (stop - first) // BLOCK * BLOCK
        for block in range(first, whole, BLOCK):
            some = False
            for at in range(block, block + BLOCK):
                some |= wanted[np.uint32(matrix.columns[at])]
            if some:
                filled = _copy(matrix.columns[block : block + BLOCK], wanted, out, filled)
        filled = _copy(matrix.columns[whole:stop], wanted, out, filled)
        for at in range(before, filled):
            out[at] = number[np.uint32(out[at])]
        lengths[site - begin] = filled - before
    return lengths
