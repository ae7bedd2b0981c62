"""ITU-R P.1812-8 at any percentage of the time over rows of pixels, each with its own path."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from numba import njit

from phusong.coverage.propagation.area_batch import BATCH, Batch
from phusong.coverage.propagation.area_carriers import SHORTEST_KM, Carriers, Climate
from phusong.coverage.propagation.area_finish import Land
from phusong.coverage.propagation.area_full import FullPath, full_path, make_scratch
from phusong.coverage.propagation.area_full_finish import finish_full, make_full_finish
from phusong.coverage.propagation.area_full_tail import More, Ranges
from phusong.coverage.propagation.area_geometry import UNKNOWN_BELOW_M, Tables, inner_samples
from phusong.coverage.propagation.area_kernel import fill_near, sample_path


@njit(cache=True, error_model="numpy", nogil=True)
def _put_full(batch: Batch, more: More, row: int, path: FullPath, d: float) -> None:
    """Write a path at any percentage of the time into a row of the batch."""
    batch.distance_km[row], batch.rise_m[row], batch.nu_m[row] = d, path.rise_m, path.nu_m
    batch.tx_m[row], batch.rx_m[row] = path.effective_tx_m, path.effective_rx_m
    batch.tx_slope[row], batch.rx_slope[row] = path.tx_slope, path.rx_slope
    batch.smooth_nu_m[row] = path.smooth_nu_m
    more.nu_m[row], more.smooth_nu_m[row] = path.nu_beta_m, path.smooth_nu_beta_m
    more.tx_m[row], more.rx_m[row] = path.ducting_tx_m, path.ducting_rx_m
    more.roughness_m[row], more.tx_km[row], more.rx_km[row] = path.roughness_m, path.tx_km, path.rx_km


@njit(cache=True, error_model="numpy", nogil=True)
def full_loss_rows(  # noqa: PLR0917 - kernels take no keyword-only options
    row_begin: int,
    row_end: int,
    land: Land,
    tables: Tables,
    carriers: Carriers,
    climate: Climate,
    ranges: Ranges,
    out: npt.NDArray[np.float32],
) -> None:
    """Fill rows of the loss of every carrier; for what is not said see ``area_kernel.loss_rows``.

    Parameters
    ----------
    ranges : Ranges
        What the distance alone decides in this climate.
    """
    site, rows, cols = land.site, land.rows - 2, land.cols - 2
    plane = rows * cols
    work = make_full_finish(1, ranges)
    scratch = make_scratch(tables.step.size, land.clutter.size > 0)
    batch, filled = work.batch, 0
    farthest = carriers.radius_cells.max()
    begin, end = row_begin * cols, row_end * cols
    for target in range(begin, end + 1):
        if filled == BATCH or target == end:
            finish_full(work, site, filled, carriers, climate, True, plane, out)
            filled = 0
        if target == end:
            break
        y, x = target // cols, target % cols
        down, right = float(y + 1 - site.row) - site.row_part, float(x + 1 - site.col) - site.col_part
        cells = math.sqrt(down * down + right * right)
        corner = (y + 1) * land.cols + x + 1
        end_m = float(land.ground[corner])
        if cells > farthest or end_m < UNKNOWN_BELOW_M:
            continue
        total, moment = sample_path(scratch, tables, land, corner, cells)
        if total < UNKNOWN_BELOW_M:
            continue
        d, count = cells * site.step_km, inner_samples(cells)
        if d < SHORTEST_KM:
            rise_m = end_m + site.rx_height_m - site.tx_height_m
            fill_near(carriers, d, rise_m, cells, target, plane, out)
            continue
        path = full_path(scratch, tables, site, count, d, end_m, total, moment, climate.delta_n)
        _put_full(batch, work.more, filled, path, d)
        batch.target[filled], batch.corner[filled], batch.cells[filled] = target, corner, cells
        filled += 1
