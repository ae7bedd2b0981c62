"""Taking cells out of a kept stack, pixel by pixel, and telling where that is not enough."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

from phusong.coverage.signal_kernel import NO_LEVEL, Int16Array, Stack

UInt8Array = npt.NDArray[np.uint8]


@njit(cache=True, nogil=True, error_model="numpy")
def withdraw(kept: Stack, renumber: Int16Array, left: Stack, leaves: UInt8Array) -> None:
    """Copy a stack without the cells that go; those behind them move up. Powers are not touched.

    Parameters
    ----------
    kept : Stack
    renumber : ndarray of int16
        New number of each cell; -1 goes.
    left : Stack
        Empty; written.
    leaves : ndarray of uint8, shape (rows, cols)
        1 where any of the strongest goes; written.
    """
    servers, rows, cols = kept.level.shape
    for row in range(rows):
        for col in range(cols):
            place = 0
            for server in range(servers):
                level = kept.level[server, row, col]
                if level == NO_LEVEL:
                    break
                number = renumber[kept.number[server, row, col]]
                if number < 0:
                    leaves[row, col] = 1
                    continue
                left.level[place, row, col] = level
                left.number[place, row, col] = number
                place += 1


@njit(cache=True, nogil=True, error_model="numpy")
def unsettled(  # noqa: PLR0917 - kernels take no keyword-only options
    kept: Stack, renumber: Int16Array, now: Stack, leaves: UInt8Array, least: int, found: UInt8Array
) -> int:
    """Mark pixels where a cell that was not kept may be among the strongest now; return how many.

    Such a cell ranked behind the weakest that was kept. So the ``least`` strongest are right where the last
    of them still ranks before it, or is it.

    Parameters
    ----------
    kept : Stack
        Before the exchange.
    renumber : ndarray of int16
    now : Stack
        After it.
    leaves : ndarray of uint8, shape (rows, cols)
    least : int
        How many of the strongest must be right.
    found : ndarray of uint8, shape (rows, cols)
        Zeros; 1 is written.
    """
    last = kept.level.shape[0] - 1
    count = 0
    for row in range(leaves.shape[0]):
        for col in range(leaves.shape[1]):
            bound = kept.level[last, row, col]
            # Where less were kept than there is room for, they were all.
            if leaves[row, col] == 0 or bound == NO_LEVEL:
                continue
            level = now.level[least - 1, row, col]
            is_bound = now.number[least - 1, row, col] == renumber[kept.number[last, row, col]]
            if level < bound or (level == bound and not is_bound):
                found[row, col] = 1
                count += 1
    return count
