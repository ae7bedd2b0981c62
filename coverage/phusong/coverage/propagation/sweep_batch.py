"""Arrays of pixels on their way through the sweep: those of one radial, and a batch of several radials."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from phusong.coverage.propagation.area_geometry import Float32Array
from phusong.coverage.propagation.profile import Float64Array, Int64Array
from phusong.coverage.propagation.sweep_trace import Int32Array


class Seen(NamedTuple):
    """Pixels on their way through the geometry, one array a quantity.

    Attributes
    ----------
    cells : ndarray of float32
        Distance in cells.
    sway : ndarray of float32
        Distance aside of the radial over distance along it.
    end_m : ndarray of float32
        Height of the ground.
    inner : ndarray of int32
        Samples between the terminals.
    horizon, highest : ndarray of int32
        Sample of the receiver's horizon, and highest sample over the direct line.
    rise : ndarray of float32
        Slope of the transmitter's horizon over the direct line; negative in line of sight.
    """

    cells: Float32Array
    sway: Float32Array
    end_m: Float32Array
    inner: Int32Array
    horizon: Int32Array
    highest: Int32Array
    rise: Float32Array


class Batch(NamedTuple):
    """Geometry of pixels, one array a quantity, and where each pixel belongs.

    Horizon distances are bounds from below and above: in line of sight only their sum is known.
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


@njit(cache=True, error_model="numpy", nogil=True)
def make_seen(room: int) -> Seen:
    """Allocate room for the pixels of a radial."""
    real, whole = np.zeros((4, room), dtype=np.float32), np.zeros((3, room), dtype=np.int32)
    return Seen(real[0], real[1], real[2], whole[0], whole[1], whole[2], real[3])


@njit(cache=True, error_model="numpy", nogil=True)
def make_batch(room: int) -> Batch:
    """Allocate a batch; its rows are plausible from the start, for losses are worked out beyond the last."""
    whole = np.ones((9, room), dtype=np.float32)
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
    )
