"""Judging whole blocks at once: which pixels each service serves, straight from the stacks."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from phusong.coverage.signal_kernel import Int16Array, Int64Array

UInt8Array = npt.NDArray[np.uint8]


class Needs(NamedTuple):
    """What a carrier's best server must have.

    Attributes
    ----------
    level : int
        Least level, in steps.
    ratio : float
        Least power over interference and noise; below 0 switches the criterion off.
    load : float
        Of the interfering cells, 0..1.
    noise : float
        In one resource element, in power units.
    """

    level: int
    ratio: float
    load: float
    noise: float


@njit(cache=True, nogil=True, error_model="numpy")
def fold_carrier(  # noqa: PLR0917 - kernels take no keyword-only options
    level: Int16Array,
    total: Int64Array,
    needs: Needs,
    power: Int64Array,
    best: Int16Array,
    served: UInt8Array,
) -> None:
    """Let a carrier take over where it is the strongest so far, and judge it there.

    Parameters
    ----------
    level : ndarray of int16, shape (rows, cols)
        Best servers of the carrier.
    total : ndarray of int64, same shape
        Power of all cells of the carrier.
    needs : Needs
    power : ndarray of int64, shape (65536,)
        `signal_kernel.power_table`.
    best : ndarray of int16, same shape
        Strongest level of the carriers folded so far; updated.
    served : ndarray of uint8, same shape
        1 where that carrier suffices; updated.
    """
    for row in range(level.shape[0]):
        for col in range(level.shape[1]):
            if level[row, col] <= best[row, col]:
                continue
            best[row, col] = level[row, col]
            own = power[np.int64(level[row, col]) + 32_768]
            noise = needs.load * np.float64(total[row, col] - own) + needs.noise
            is_clear = needs.ratio < 0.0 or np.float64(own) >= needs.ratio * noise
            served[row, col] = 1 if level[row, col] >= needs.level and is_clear else 0
