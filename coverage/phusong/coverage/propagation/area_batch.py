"""Geometry of pixels, gathered until their losses are worked out together."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from phusong.coverage.propagation.area_geometry import Float32Array
from phusong.coverage.propagation.profile import Float64Array, Int64Array

BATCH = 1024
"""Pixels gathered before their losses are worked out together."""
TOGETHER = 16
"""Pixels that neighbour each other and go through a step together, or are spared it together."""
LANES = 64
"""Losses are worked out for whole multiples of so many pixels: what vector loops would leave over comes out
of other instructions, in the last bit another number."""


class Batch(NamedTuple):
    """Geometry of pixels, one array a quantity, and where each pixel belongs.

    Slopes and distances of the horizons are those over bare terrain. In line of sight only the sum of the
    distances is known; ``tx_km`` is negative then, and its size and ``rx_km`` are bounds from below.
    ``smooth_nu_m`` is used where it is that of the samples (exact mode).
    """

    target: Int64Array
    corner: Int64Array
    cells: Float64Array
    distance_km: Float32Array
    rise_m: Float32Array
    nu_m: Float32Array
    tx_m: Float32Array
    rx_m: Float32Array
    tx_slope: Float32Array
    rx_slope: Float32Array
    tx_km: Float32Array
    rx_km: Float32Array
    smooth_nu_m: Float32Array


@njit(cache=True, error_model="numpy", nogil=True)
def make_batch(room: int) -> Batch:
    """Allocate a batch; its rows are plausible from the start, for losses are worked out beyond the last."""
    whole = np.ones((10, room), dtype=np.float32)
    return Batch(
        np.zeros(room, dtype=np.int64),
        np.zeros(room, dtype=np.int64),
        np.zeros(room),
        whole[0],
        whole[1],
        whole[2],
        whole[3],
        whole[4],
        whole[5],
        whole[6],
        whole[7],
        whole[8],
        whole[9],
    )


@njit(cache=True, error_model="numpy", nogil=True)
def from_row(batch: Batch, row: int) -> Batch:
    """Batch without its first rows; it shares their memory."""
    return Batch(
        batch.target[row:],
        batch.corner[row:],
        batch.cells[row:],
        batch.distance_km[row:],
        batch.rise_m[row:],
        batch.nu_m[row:],
        batch.tx_m[row:],
        batch.rx_m[row:],
        batch.tx_slope[row:],
        batch.rx_slope[row:],
        batch.tx_km[row:],
        batch.rx_km[row:],
        batch.smooth_nu_m[row:],
    )
