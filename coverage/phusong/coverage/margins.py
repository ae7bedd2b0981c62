"""By how much a service exceeds what it needs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numba import njit

from phusong.coverage.errors import InputError
from phusong.coverage.serving_kernel import Needs
from phusong.coverage.signal_kernel import NO_LEVEL, Int16Array, Int64Array, power_table

_MOST = 32_767


def service_margins(
    levels: Sequence[Int16Array], totals: Sequence[Int64Array], needs: Sequence[Needs]
) -> Int16Array:
    """Return how far the strongest carrier of a service lies above the level it needs.

    A place is served by `service.fold_stacks` exactly where the margin is not negative; with thresholds
    raised or lowered by whole level steps, exactly where it is not below that number of steps.

    Parameters
    ----------
    levels : sequence of ndarray of int16, shape (rows, cols)
        Best servers of each carrier; at least one.
    totals : sequence of ndarray of int64, same shape
        Power of all cells of the carrier.
    needs : sequence of Needs

    Returns
    -------
    ndarray of int16, same shape
        Level steps; `NO_LEVEL` where nothing is received or the interference forbids service at any level.

    Raises
    ------
    InputError
        ``carriers_none`` for an empty sequence.
    """
    if not levels:
        raise InputError("carriers_none")
    best = np.full(levels[0].shape, NO_LEVEL, dtype=np.int16)
    margin = np.full(levels[0].shape, NO_LEVEL, dtype=np.int16)
    power = power_table()
    for level, total, need in zip(levels, totals, needs, strict=True):
        _fold_margin(level, total, need, power, best, margin)
    return margin


@njit(cache=True, nogil=True, error_model="numpy")
def _fold_margin(  # noqa: PLR0917 - kernels take no keyword-only options
    level: Int16Array,
    total: Int64Array,
    needs: Needs,
    power: Int64Array,
    best: Int16Array,
    margin: Int16Array,
) -> None:
    for row in range(level.shape[0]):
        for col in range(level.shape[1]):
            if level[row, col] <= best[row, col]:
                continue
            best[row, col] = level[row, col]
            own = power[np.int64(level[row, col]) + 32_768]
            noise = needs.load * np.float64(total[row, col] - own) + needs.noise
            is_clear = needs.ratio < 0.0 or np.float64(own) >= needs.ratio * noise
            above = int(level[row, col]) - needs.level
            if not is_clear:
                above = NO_LEVEL
            elif above < -_MOST:
                above = -_MOST
            elif above > _MOST:
                above = _MOST
            margin[row, col] = above
