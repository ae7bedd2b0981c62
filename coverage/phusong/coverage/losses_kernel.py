"""Packing path losses row by row, as steps in 16 bits.

Apart from the kernels that add cells up, so that a change there leaves cached losses valid.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

from phusong.coverage.propagation.area_vectors import load_terrain, store_sample

Float32Array = npt.NDArray[np.float32]
Int32Array = npt.NDArray[np.int32]
Int64Array = npt.NDArray[np.int64]
UInt16Array = npt.NDArray[np.uint16]
UInt8Array = npt.NDArray[np.uint8]
BoolArray = npt.NDArray[np.bool_]

LOSS_STEP_DB = 0.003
"""Fine enough that rounding moves the edge of a served area by under 0.05 % of its radius."""
NO_LOSS = 65_535

_F = np.float32
_ZERO = _F(0.0)
_UNKNOWN = np.int32(NO_LOSS)


@njit(cache=True, nogil=True, error_model="numpy")
def row_extents(
    loss_db: Float32Array, wanted: UInt8Array, most_db: np.float32, first: Int32Array, offset: Int64Array
) -> None:
    """Find the first kept pixel of each row and where rows begin when only kept pixels between are stored."""
    cols = loss_db.shape[1]
    for row in range(loss_db.shape[0]):
        begin, end = 0, cols
        # NaN compares false.
        while begin < end and not (wanted[row, begin] and loss_db[row, begin] < most_db):
            begin += 1
        while end > begin and not (wanted[row, end - 1] and loss_db[row, end - 1] < most_db):
            end -= 1
        first[row] = begin if begin < end else 0
        offset[row + 1] = offset[row] + end - begin


@njit(cache=True, nogil=True, error_model="numpy")
def fill_steps(  # noqa: PLR0917 - kernels take no keyword-only options
    loss_db: Float32Array,
    wanted: UInt8Array,
    most_db: np.float32,
    first: Int32Array,
    offset: Int64Array,
    steps: UInt16Array,
) -> None:
    """Write the kept pixels of each row as steps; arrays are contiguous."""
    per_step, cols = _F(1.0 / LOSS_STEP_DB), loss_db.shape[1]
    losses, kept = loss_db.reshape(-1), wanted.reshape(-1)
    for row in range(loss_db.shape[0]):
        begin, place = row * cols + first[row], offset[row]
        for k in range(offset[row + 1] - place):
            loss = load_terrain(losses, begin + k)
            is_kept = (load_terrain(kept, begin + k) != 0) & (loss < most_db)
            held = loss if is_kept & (loss > _ZERO) else _ZERO
            step = np.int32(np.rint(held * per_step))
            store_sample(steps, place + k, np.uint16(step if is_kept else _UNKNOWN))
