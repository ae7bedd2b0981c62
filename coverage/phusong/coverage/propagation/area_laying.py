"""The ground around a site, laid out for the kernels by all threads, as the memory is first touched.

Memory fresh from the system costs most of what it takes to fill it, page by page: by one thread alone that
were a fifth of a sweep's time.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from phusong.coverage.propagation.area_geometry import UNKNOWN_M, Float32Array
from phusong.coverage.propagation.area_setup import AreaRequest, pad_rows, run_blocks

_ROWS_A_TASK = 96
_ROWS_BEYOND = 8
"""Rows of memory under the ground: kernels read whole blocks of cells and use those that they have."""
_COLUMNS_TOGETHER = 16
"""Columns turned into rows at a time: a line of the processor's cache holds so many."""


class Lay(NamedTuple):
    """Ground and clutter of the padded window, and both with rows and columns exchanged.

    Attributes
    ----------
    ground, ground_across : ndarray of float32
        Heights above the ground at the site, shape (rows + 2, cols + 2) and the other way round.
    clutter, clutter_across : ndarray of float32
        Likewise; empty for none. What lies across is empty where it was not asked for.
    """

    ground: Float32Array
    ground_across: Float32Array
    clutter: Float32Array
    clutter_across: Float32Array


def lay_out(request: AreaRequest, *, is_across: bool) -> Lay:
    """Lay out the ground of a request, and set its losses to NaN.

    Parameters
    ----------
    request : AreaRequest
        Its ``loss_db`` is written.
    is_across : bool
        With rows and columns exchanged too.
    """
    window, loss = request.window, request.loss_db
    shape = window.rows + 2, window.cols + 2
    ground, ground_across = _rooms(shape, is_wanted=True, is_across=is_across)
    clutter, clutter_across = _rooms(shape, is_wanted=request.clutter is not None, is_across=is_across)

    def lay(begin: int, end: int) -> None:
        loss[:, begin : min(end, window.rows)] = np.nan
        terrain = request.terrain.values
        pad_rows(terrain, window.row0, window.col0, request.ground_m, UNKNOWN_M, begin, end, ground)
        _turn(ground, begin, end, ground_across)
        if request.clutter is not None:
            cover = request.clutter.values
            pad_rows(cover, window.row0, window.col0, 0.0, np.float32(0.0), begin, end, clutter)
            _turn(clutter, begin, end, clutter_across)

    run_blocks(lay, count=shape[0], block=_ROWS_A_TASK, threads=request.threads)
    return Lay(ground, ground_across, clutter, clutter_across)


def _rooms(shape: tuple[int, int], *, is_wanted: bool, is_across: bool) -> tuple[Float32Array, Float32Array]:
    """Arrays of a shape and of it turned; empty where they are not wanted."""
    upright = shape if is_wanted else (0, 0)
    across = upright[::-1] if is_across else (0, 0)
    more = upright[0] + (_ROWS_BEYOND if is_wanted else 0), upright[1]
    return np.empty(more, dtype=np.float32)[: upright[0]], np.empty(across, dtype=np.float32)


@njit(cache=True, error_model="numpy", nogil=True)
def _turn(upright: npt.NDArray[np.float32], begin: int, end: int, across: npt.NDArray[np.float32]) -> None:
    """Write some rows as columns of another array; nothing where that is empty."""
    for first in range(0, across.shape[0], _COLUMNS_TOGETHER):
        for j in range(first, min(first + _COLUMNS_TOGETHER, across.shape[0])):
            for i in range(begin, end):
                across[j, i] = upright[i, j]
