"""Path loss of one mast over a part of the study grid, as it is kept."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from phusong.coverage.grids import FloatArray
from phusong.coverage.losses_kernel import (
    LOSS_STEP_DB,
    NO_LOSS,
    BoolArray,
    Int32Array,
    Int64Array,
    UInt16Array,
    fill_steps,
    row_extents,
)


@dataclass(frozen=True, slots=True)
class LossWindow:
    """Path loss from one mast over a part of the study grid.

    Attributes
    ----------
    row0, col0 : int
        Place of the first value in the study grid.
    loss_db : ndarray of float32, shape (rows, cols)
        Between isotropic antennas; NaN where unknown or out of reach.
    """

    row0: int
    col0: int
    loss_db: FloatArray


@dataclass(frozen=True, slots=True)
class PackedLoss:
    """Path loss from one mast as steps of `LOSS_STEP_DB`, row by row from the first to the last known pixel.

    Attributes
    ----------
    row0 : int
        First row in the study grid.
    first : ndarray of int32, shape (rows,)
        Column in the study grid at which each row begins.
    offset : ndarray of int64, shape (rows + 1,)
        Where each row begins in ``steps``.
    steps : ndarray of uint16
        Loss in steps; `NO_LOSS` where unknown.
    """

    row0: int
    first: Int32Array
    offset: Int64Array
    steps: UInt16Array


def pack_loss(window: LossWindow, *, wanted: BoolArray | None = None) -> PackedLoss:
    """Pack a loss window.

    Parameters
    ----------
    window : LossWindow
    wanted : ndarray of bool, shape of the study grid, optional
        Pixels to keep; all when absent.

    Returns
    -------
    PackedLoss
        Losses beyond 196.6 dB, which leave no usable signal at any power allowed, are unknown.

    Examples
    --------
    >>> packed = pack_loss(LossWindow(5, 7, np.array([[np.nan, 90.0, 93.0], [np.nan, np.nan, np.nan]])))
    >>> packed.first.tolist(), packed.offset.tolist(), packed.steps.tolist()
    ([8, 7], [0, 2, 2], [30000, 31000])
    """
    loss_db = np.ascontiguousarray(window.loss_db, dtype=np.float32)
    rows, cols = loss_db.shape
    kept = np.ones(loss_db.shape, dtype=np.uint8)
    if wanted is not None:
        part = wanted[window.row0 : window.row0 + rows, window.col0 : window.col0 + cols]
        kept = np.ascontiguousarray(part).view(np.uint8)
    most_db = np.float32((NO_LOSS - 1) * LOSS_STEP_DB)
    first, offset = np.zeros(rows, dtype=np.int32), np.zeros(rows + 1, dtype=np.int64)
    row_extents(loss_db, kept, most_db, first, offset)
    steps = np.empty(offset[-1], dtype=np.uint16)
    fill_steps(loss_db, kept, most_db, first, offset, steps)
    return PackedLoss(window.row0, window.col0 + first, offset, steps)
