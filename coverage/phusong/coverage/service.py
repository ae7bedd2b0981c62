"""From signal to served: threshold, location probability and load."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from phusong.coverage.errors import InputError
from phusong.coverage.method import Method
from phusong.coverage.serving_kernel import Needs, fold_carrier
from phusong.coverage.signal import SignalLayer
from phusong.coverage.signal_kernel import (
    LEVEL_MIDDLE_DBM,
    LEVEL_STEP_DB,
    NO_LEVEL,
    POWER_UNIT_MW,
    Int16Array,
    Int64Array,
    power_table,
)

BoolArray = npt.NDArray[np.bool_]


def required_rsrp_dbm(method: Method, *, technology: str, margin_db: float) -> float:
    """Return the median level a place needs to count as served.

    Parameters
    ----------
    method : Method
    technology : str
    margin_db : float
        Fade margin: how far the median must lie above the threshold for the threshold to hold with the
        method's location probability; 0 at 50 %.

    Raises
    ------
    InputError
        ``threshold_missing`` when the method has no threshold for the technology.

    Examples
    --------
    >>> required_rsrp_dbm(Method(), technology="4G", margin_db=7.0)
    -103.0
    """
    if technology not in method.threshold_dbm:
        raise InputError("threshold_missing", technology=technology)
    return method.threshold_dbm[technology] + margin_db


def served_mask(
    layer: SignalLayer, *, technology: str, method: Method, margin_db: npt.ArrayLike = 0.0
) -> BoolArray:
    """Tell where one operator's technology counts as served.

    Parameters
    ----------
    layer : SignalLayer
        Its best server counts.
    technology : str
    method : Method
        Gives threshold and least SINR.
    margin_db : float or array_like broadcasting to the pixels
        Fade margin; one number, or one per pixel where it depends on the server's frequency.

    Returns
    -------
    ndarray of bool, shape (rows, cols)
        False where nothing is known.
    """
    required_dbm = required_rsrp_dbm(method, technology=technology, margin_db=0.0) + np.asarray(margin_db)
    return served_levels(
        layer.rsrp_dbm[0], layer.sinr_db, required_dbm=required_dbm, min_sinr_db=method.min_sinr_db
    )


def served_levels(
    rsrp_dbm: npt.ArrayLike,
    sinr_db: npt.ArrayLike | None,
    *,
    required_dbm: npt.ArrayLike,
    min_sinr_db: float | None,
) -> BoolArray:
    """Tell which levels suffice.

    Parameters
    ----------
    rsrp_dbm : array_like
        NaN is not served.
    sinr_db : array_like or None
        Needed only where ``min_sinr_db`` is given; NaN is not served.
    required_dbm : float or array_like
        See `required_rsrp_dbm`.
    min_sinr_db : float or None
        None switches the interference criterion off.

    Examples
    --------
    >>> served_levels([-100, -100, -111], [0, -9, 20], required_dbm=-110, min_sinr_db=-6).tolist()
    [True, False, False]
    """
    # NaN compares false, which is the answer wanted.
    served = np.asarray(np.asarray(rsrp_dbm) >= np.asarray(required_dbm))
    if min_sinr_db is None or sinr_db is None:
        return served
    return served & (np.asarray(sinr_db) >= min_sinr_db)


def any_served(masks: Sequence[BoolArray]) -> BoolArray:
    """Tell where at least one of several operators or technologies serves.

    Raises
    ------
    InputError
        ``masks_none`` for an empty sequence.
    """
    if not masks:
        raise InputError("masks_none")
    served = masks[0].copy()
    for mask in masks[1:]:
        served |= mask
    return served


def carrier_needs(*, required_dbm: float, min_sinr_db: float | None, load: float, noise_dbm: float) -> Needs:
    """Return what a carrier's best server must have, in the whole numbers of the stacks.

    A level counts as reached when its step is not below the required level rounded up to a step.
    """
    level = math.ceil((required_dbm - LEVEL_MIDDLE_DBM) / LEVEL_STEP_DB - 1e-6)
    return Needs(
        level=min(max(level, NO_LEVEL + 1), -NO_LEVEL),
        ratio=-1.0 if min_sinr_db is None else 10.0 ** (min_sinr_db / 10.0),
        load=float(load),
        noise=10.0 ** (noise_dbm / 10.0) / POWER_UNIT_MW,
    )


def fold_stacks(
    levels: Sequence[Int16Array], totals: Sequence[Int64Array], needs: Sequence[Needs]
) -> tuple[Int16Array, BoolArray]:
    """Merge the carriers of one service over a block and judge the strongest at every pixel.

    Of equal levels the carrier given first counts, as in `signal.merge_carriers`.

    Parameters
    ----------
    levels : sequence of ndarray of int16, shape (rows, cols)
        Best servers of each carrier; at least one.
    totals : sequence of ndarray of int64, same shape
    needs : sequence of Needs

    Returns
    -------
    level : ndarray of int16, shape (rows, cols)
        Of the strongest server.
    served : ndarray of bool, same shape

    Raises
    ------
    InputError
        ``carriers_none`` for an empty sequence.
    """
    if not levels:
        raise InputError("carriers_none")
    best = np.full(levels[0].shape, NO_LEVEL, dtype=np.int16)
    served = np.zeros(levels[0].shape, dtype=np.uint8)
    power = power_table()
    for level, total, need in zip(levels, totals, needs, strict=True):
        fold_carrier(level, total, need, power, best, served)
    return best, served.view(np.bool_)
