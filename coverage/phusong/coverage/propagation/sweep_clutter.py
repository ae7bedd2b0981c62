"""Clutter along the radials of a sweep.

A radial takes the clutter of the cells it crosses. The last samples before a receiver, which decide most
where it stands among trees or houses, are those of the pixel's own path: half a cell aside may be another
cell with other clutter, and clutter does not lean.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from phusong.coverage.propagation.area_geometry import LOWEST, Float32Array, Site, Tables
from phusong.coverage.propagation.area_vectors import load_step
from phusong.coverage.propagation.area_vectors import load_terrain as load
from phusong.coverage.propagation.area_vectors import store_sample as store
from phusong.coverage.propagation.profile import Int64Array
from phusong.coverage.propagation.sweep_geometry import Seen
from phusong.coverage.propagation.sweep_trace import Int32Array, Trace

NEAR = 4
"""Samples before a receiver that are those of the pixel's own path."""
_FAST = {"nnan", "ninf", "nsz", "reassoc", "contract", "arcp"}
_F = np.float32
_ZERO = _F(0.0)


class Near(NamedTuple):
    """What the last samples before each pixel of a radial tell, one array a quantity.

    Attributes
    ----------
    down, right : ndarray of float32
        Cells a step from the site to the pixel.
    farther : ndarray of int32
        Samples before those.
    tx_slope, rx_slope : ndarray of float32
        Greatest slopes over the curved earth, as those of a trace.
    margin : ndarray of float32
        Least clearance^2 / (d_i (d - d_i)) where the line is clear (equation 15 squared).
    """

    down: Float32Array
    right: Float32Array
    farther: Int32Array
    tx_slope: Float32Array
    rx_slope: Float32Array
    margin: Float32Array


@njit(cache=True, error_model="numpy", nogil=True)
def make_near(room: int) -> Near:
    """Allocate room for the pixels of a radial; as it is, nothing is near."""
    five = np.full((5, room), LOWEST, dtype=np.float32)
    five[4] = -LOWEST
    return Near(five[0], five[1], np.zeros(room, dtype=np.int32), five[2], five[3], five[4])


@njit(cache=True, error_model="numpy", nogil=True)
def aim_near(  # noqa: PLR0917 - kernels take no keyword-only options
    near: Near, seen: Seen, corner: Int64Array, width: int, site: Site, pixels: int, lanes: int
) -> None:
    """Set the directions of the pixels' own paths, the last one's copies too, and where samples are near."""
    for i in range(lanes):
        place = corner[min(i, pixels - 1)]
        row, col = place // width, place % width
        per_cell = 1.0 / np.float64(seen.cells[i])
        near.down[i] = (row - site.row - site.row_part) * per_cell
        near.right[i] = (col - site.col - site.col_part) * per_cell
        near.farther[i] = max(seen.inner[i] - NEAR, 0)


@njit(cache=True, error_model="numpy", nogil=True, forceinline=True, fastmath=_FAST)
def see_near(  # noqa: PLR0917 - kernels take no keyword-only options
    near: Near,
    seen: Seen,
    trace: Trace,
    cover: Float32Array,
    width: int,
    tables: Tables,
    site: Site,
    pixels: int,
) -> None:
    """Look into the last samples of each pixel's own path, over the site's earth.

    Parameters
    ----------
    near : Near
        Slopes and margin are written.
    trace : Trace
        Of the bare terrain.
    cover : ndarray of float32
        Clutter of the padded window, flattened.
    width : int
        Columns of that window.
    """
    heights, lean, per_km, bulge = trace.heights, trace.lean, tables.per_km, tables.bulge
    across, start = np.int32(width), np.int32(site.row * width + site.col)
    row, col = _F(site.row_part + 0.5), _F(site.col_part + 0.5)
    spacing, curve, top = _F(site.step_km), _F(500.0 / site.radius_km), _F(site.tx_height_m)
    over = _F(site.rx_height_m)
    for i in range(pixels):
        n, d, sway = load(seen.inner, i), load(seen.cells, i) * spacing, load(seen.sway, i)
        down, right = load(near.down, i), load(near.right, i)
        rx = load(seen.end_m, i) + over
        direct = (rx - top) / d
        tx_slope = rx_slope = least = LOWEST
        for j in range(NEAR):
            k = np.int32(n - np.int32(j))
            k = k if k > np.int32(1) else np.int32(1)
            step = _F(k)
            r0 = np.int32(np.floor(row + step * down))
            c0 = np.int32(np.floor(col + step * right))
            height = load(heights, k) + load(lean, k) * sway * step
            height += load(cover, np.int32(start + r0 * across + c0))
            rest, per = d - step * spacing, load_step(per_km, k)
            clearance = top + (direct - curve * rest) * step * spacing - height
            behind = (height - rx) / rest - curve * rest
            before = (height - top) * per - load_step(bulge, k)
            margin = -(clearance * clearance * per / rest)
            tx_slope = before if before > tx_slope else tx_slope
            rx_slope = behind if behind > rx_slope else rx_slope
            least = margin if margin > least else least
        store(near.tx_slope, i, tx_slope)
        store(near.rx_slope, i, rx_slope)
        store(near.margin, i, -least)
