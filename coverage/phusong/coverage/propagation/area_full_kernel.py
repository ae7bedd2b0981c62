"""ITU-R P.1812-8 at any percentage of the time over rows of pixels, each with its own path."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

from phusong.coverage.propagation.area_batch import BATCH, Batch
from phusong.coverage.propagation.area_carriers import SHORTEST_KM, Carriers, Climate
from phusong.coverage.propagation.area_finish import Land
from phusong.coverage.propagation.area_full import FullPath, full_path, make_scratch
from phusong.coverage.propagation.area_full_finish import finish_full, make_full_finish
from phusong.coverage.propagation.area_full_tail import More, Ranges
from phusong.coverage.propagation.area_geometry import UNKNOWN_BELOW_M, Tables
from phusong.coverage.propagation.area_kernel import fill_near
from phusong.coverage.propagation.area_lending import keep, lend
from phusong.coverage.propagation.area_patch_block import PIXELS
from phusong.coverage.propagation.area_patches import aim, make_patch, patch_count, path_of, sample_patch


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
    samples = tables.step.size
    owned = (
        make_full_finish(PIXELS, ranges),
        make_scratch(samples, land.clutter.size > 0),
        make_patch(samples),
    )
    work, scratch, patch = lend(owned)
    lent, table, waves, result = lend(land), lend(tables), lend(carriers), lend(out)
    batch, filled = work.batch, 0
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
                continue
            path = full_path(way, table, site, count, d, end_m, total, moment, climate.delta_n)
            _put_full(batch, work.more, filled, path, d)
            batch.target[filled], batch.corner[filled], batch.cells[filled] = target, corner, cells
            filled += 1
        if filled >= BATCH or number + 1 == squares:
            finish_full(work, site, filled, waves, climate, True, plane, result)
            filled = 0
    keep(owned)
