"""Packing path losses row by row, as steps in 16 bits.

Apart from the kernels that add cells up, so that a change there leaves cached losses valid.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

Float32Array = npt.NDArray[np.float32]
Int32Array = npt.NDArray[np.int32]
Int64Array = npt.NDArray[np.int64]
UInt16Array = npt.NDArray[np.uint16]
BoolArray = npt.NDArray[np.bool_]

LOSS_STEP_DB = 0.003
"""Fine enough that rounding moves the edge of a served area by under 0.05 % of its radius."""
NO_LOSS = 65_535

_F = np.float32
_ZERO = _F(0.0)


@njit(cache=True, nogil=True, error_model="numpy")
def row_extents(
    loss_db: Float32Array, wanted: BoolArray, most_db: np.float32, first: Int32Array, offset: Int64Array
) -> None:
    """Find the first kept pixel of each row and where rows begin when only kept pixels between are stored."""
    for row in range(loss_db.shape[0]):
        begin, end = 0, 0
        for col in range(loss_db.shape[1]):
            # NaN compares false.
            if wanted[row, col] and loss_db[row, col] < most_db:
                begin = col if end == 0 else begin
                end = col + 1
        first[row] = begin
        offset[row + 1] = offset[row] + end - begin


@njit(cache=True, nogil=True, error_model="numpy")
def fill_steps(  # noqa: PLR0917 - kernels take no keyword-only options
    loss_db: Float32Array,
    wanted: BoolArray,
    most_db: np.float32,
    first: Int32Array,
    offset: Int64Array,
    steps: UInt16Array,
) -> None:
    """Write the kept pixels of each row as steps."""
    per_step = _F(1.0 / LOSS_STEP_DB)
    for row in range(loss_db.shape[0]):
        begin = first[row]
        for k in range(offset[row + 1] - offset[row]):
            loss = loss_db[row, begin + k]
            is_kept = wanted[row, begin + k] and loss < most_db
            held = loss if is_kept and loss > _ZERO else _ZERO
            steps[offset[row] + k] = np.uint16(np.rint(held * per_step)) if is_kept else NO_LOSS
