"""ITU-R P.1812-8 at 50 % of the time over rows of pixels, each with its own path.

Geometry comes once for all carriers, and the losses of many pixels are worked out together.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from numba import njit

from phusong.coverage.propagation.area_batch import BATCH, Batch
from phusong.coverage.propagation.area_carriers import LEAST_DISTANCE_KM, SHORTEST_KM, Carriers, Climate
from phusong.coverage.propagation.area_finish import Land, finish_batch, make_finish
from phusong.coverage.propagation.area_full import Scratch
from phusong.coverage.propagation.area_geometry import (
    UNKNOWN_BELOW_M,
    Float32Array,
    Tables,
    add_clutter,
    inner_samples,
)
from phusong.coverage.propagation.area_lending import keep, lend
from phusong.coverage.propagation.area_patch_block import PIXELS
from phusong.coverage.propagation.area_patches import aim, make_patch, patch_count, path_of, sample_patch
from phusong.coverage.propagation.area_path import AreaPath, area_path
from phusong.coverage.propagation.area_sampling import sample_terrain


@njit(cache=True, error_model="numpy", nogil=True)
def _put(batch: Batch, row: int, path: AreaPath, d: float) -> None:
    """Write a path into a row of the batch."""
    batch.distance_km[row], batch.rise_m[row], batch.nu_m[row] = d, path.rise_m, path.nu_m
    batch.tx_m[row], batch.rx_m[row] = path.effective_tx_m, path.effective_rx_m
    batch.tx_slope[row], batch.rx_slope[row] = path.tx_slope, path.rx_slope
    batch.tx_km[row], batch.rx_km[row] = path.tx_km, path.rx_km
    batch.smooth_nu_m[row] = path.smooth_nu_m


@njit(cache=True, error_model="numpy", nogil=True)
def fill_near(  # noqa: PLR0917 - kernels take no keyword-only options
    carriers: Carriers, d: float, rise_m: float, cells: float, target: int, plane: int, out: Float32Array
) -> None:
    """Write free-space loss, which holds under the Recommendation's shortest path."""
    near = max(d, LEAST_DISTANCE_KM)
    for i in range(carriers.free_db.size):
        if cells <= carriers.radius_cells[i]:
            spread = 10.0 * math.log10(near * near + (0.001 * rise_m) ** 2)
            out[i * plane + target] = carriers.free_db[i] + spread


@njit(cache=True, error_model="numpy", nogil=True, forceinline=True)
def sample_path(
    scratch: Scratch, tables: Tables, land: Land, corner: int, cells: float
) -> tuple[float, float]:
    """Sample the path to a pixel; return the sums of heights and of index times height."""
    site = land.site
    per_cell = 1.0 / max(cells, 1e-9)
    row, col = corner // land.cols, corner % land.cols
    row_step = np.float32((row - site.row - site.row_part) * per_cell)
    col_step = np.float32((col - site.col - site.col_part) * per_cell)
    count = inner_samples(cells)
    sums = sample_terrain(
        land.ground, land.cols, site, row_step, col_step, count, tables.step, scratch.heights
    )
    if land.clutter.size > 0:
        add_clutter(
            land.clutter,
            land.cols,
            site,
            row_step,
            col_step,
            count,
            tables,
            scratch.heights,
            scratch.surface,
        )
    return float(sums[0]), float(sums[1])


@njit(cache=True, error_model="numpy", nogil=True)
def loss_rows(  # noqa: PLR0917 - kernels take no keyword-only options
    row_begin: int,
    row_end: int,
    land: Land,
    tables: Tables,
    carriers: Carriers,
    climate: Climate,
    out: npt.NDArray[np.float32],
) -> None:
    """Fill rows of the loss of every carrier.

    Parameters
    ----------
    row_begin, row_end : int
        Rows of the window to fill.
    land : Land
    tables : Tables
    carriers : Carriers
    climate : Climate
    out : ndarray of float32, shape (carriers * rows * cols,)
        Written in place; cells that nothing reaches keep what they hold.
    """
    site, rows, cols = land.site, land.rows - 2, land.cols - 2
    plane = rows * cols
    owned = make_finish(PIXELS, tables.step.size, land.clutter.size > 0), make_patch(tables.step.size)
    work, patch = lend(owned)
    lent, table, waves, result = lend(land), lend(tables), lend(carriers), lend(out)
    batch, scratch, filled = work.batch, work.scratch, 0
    farthest, squares = waves.radius_cells.max(), patch_count(row_end - row_begin, cols)
    for number in range(squares):
        pixels = aim(patch, lent, row_begin, row_end, number, farthest)
        if pixels > 0:
            sample_patch(patch, lent, table, pixels)
        for j in range(pixels):
            way, total, moment = path_of(scratch, patch, lent, table, j)
            if total < UNKNOWN_BELOW_M:
                continue
            cells, target, corner = patch.cells[j], patch.target[j], patch.corner[j]
            d, count, end_m = cells * site.step_km, int(patch.inner[j]), float(lent.ground[corner])
            if d < SHORTEST_KM:
                rise_m = end_m + site.rx_height_m - site.tx_height_m
                fill_near(waves, d, rise_m, cells, target, plane, result)
            else:
                path = area_path(way.heights, way.surface, table, site, count, d, end_m, total, moment)
                _put(batch, filled, path, d)
                batch.target[filled], batch.corner[filled], batch.cells[filled] = target, corner, cells
                filled += 1
        if filled >= BATCH or number + 1 == squares:
            finish_batch(work, table, lent, filled, waves, climate, True, result)
            filled = 0
    keep(owned)
