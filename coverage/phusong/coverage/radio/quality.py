"""Figures of one place from levels per resource element: SINR, RSRQ, and how many cells can be heard."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from phusong.coverage.errors import ModelRangeError
from phusong.coverage.grids import FloatArray
from phusong.coverage.radio.link_budget import SUBCARRIERS_PER_BLOCK

PILOTS_PER_BLOCK = 2


def sinr_db(
    rsrp_dbm: npt.ArrayLike, *, total_dbm: npt.ArrayLike, noise_dbm: npt.ArrayLike, load: float
) -> FloatArray:
    """Return the ratio of a cell's level to that of the others of its carrier at a load, and noise.

    ``S / (load (T - S) + N)``, all per resource element.

    Parameters
    ----------
    rsrp_dbm : array_like
        Level S of the serving cell; NaN where there is none.
    total_dbm : array_like
        Level T of all cells of the carrier at full load, the server's own included.
    noise_dbm : array_like
        Noise N in one resource element.
    load : float
        Load of the other cells, 0 .. 1.

    Returns
    -------
    ndarray of float64
        dB.

    Raises
    ------
    ModelRangeError
        ``model_range`` for a load outside 0 .. 1.

    Examples
    --------
    Twice the server's own level in all, no noise to speak of, half load: 1 / 0.5.

    >>> float(sinr_db(-90.0, total_dbm=-86.9897, noise_dbm=-200.0, load=0.5).round(2))
    3.01
    """
    _check_load(load)
    own, total, noise = (_milliwatts(level) for level in (rsrp_dbm, total_dbm, noise_dbm))
    ratio_db: FloatArray = 10.0 * np.log10(own / (load * np.maximum(total - own, 0.0) + noise))
    return ratio_db


def rsrq_db(
    rsrp_dbm: npt.ArrayLike,
    *,
    total_dbm: npt.ArrayLike,
    noise_dbm: npt.ArrayLike,
    load: float,
    pilots_per_block: int = PILOTS_PER_BLOCK,
) -> FloatArray:
    """Return the reference signal received quality: N RSRP / RSSI (3GPP TS 36.214 section 5.1.3).

    RSSI is measured over the N resource blocks of the carrier in the symbols that hold reference signals.
    Of the twelve resource elements of a block in such a symbol ``pilots_per_block`` are always sent, the
    others at the load; each holds noise. Both RSSI and N RSRP grow with the carrier, so N drops out. An
    empty lone cell comes to -3 dB, a full one to -10.8 dB.

    Parameters
    ----------
    rsrp_dbm, total_dbm, noise_dbm, load
        As in `sinr_db`; the load is that of all cells, the server included.
    pilots_per_block : int
        2 for one antenna port, 4 for two.

    Returns
    -------
    ndarray of float64
        dB.

    Raises
    ------
    ModelRangeError
        ``model_range`` for a load outside 0 .. 1.

    Examples
    --------
    >>> float(rsrq_db(-90.0, total_dbm=-90.0, noise_dbm=-200.0, load=1.0).round(2))
    -10.79
    """
    _check_load(load)
    own, total, noise = (_milliwatts(level) for level in (rsrp_dbm, total_dbm, noise_dbm))
    sent = pilots_per_block + (SUBCARRIERS_PER_BLOCK - pilots_per_block) * load
    block = sent * np.maximum(total, own) + SUBCARRIERS_PER_BLOCK * noise
    quality_db: FloatArray = 10.0 * np.log10(own / block)
    return quality_db


def _milliwatts(level_dbm: npt.ArrayLike) -> FloatArray:
    milliwatts: FloatArray = 10.0 ** (np.asarray(level_dbm, dtype=np.float64) / 10.0)
    return milliwatts


def _check_load(load: float) -> None:
    if not 0.0 <= load <= 1.0:
        raise ModelRangeError("model_range", name="load", value=load, allowed="0 .. 1")


def servers_above(levels_dbm: npt.ArrayLike, threshold_dbm: npt.ArrayLike) -> npt.NDArray[np.int16]:
    """Return how many cells reach a threshold at every pixel.

    Parameters
    ----------
    levels_dbm : array_like, shape (servers, ...)
        Levels of the strongest cells in any order; NaN where there is none.
    threshold_dbm : array_like
        Level that counts; broadcast over the pixels.

    Returns
    -------
    ndarray of int16, shape of a pixel layer
        At most as many as the stack holds servers.

    Examples
    --------
    >>> servers_above([[-80.0, -120.0], [-95.0, float("nan")]], -100.0).tolist()
    [2, 0]
    """
    reached = np.asarray(levels_dbm) >= np.asarray(threshold_dbm)
    return reached.sum(axis=0, dtype=np.int16)
