"""How far a handset is heard: the path loss at which its uplink still carries a rate.

The handset spreads its power over as many resource blocks as make its task easiest: wider, each block needs
less SINR, down to the -10 dB below which nothing is decoded. Path loss is taken to be the same both ways;
the lower uplink carrier of a paired band loses a little less (0.5 dB at 1800 MHz), which is left as margin.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from phusong.coverage.errors import ModelRangeError
from phusong.coverage.grids import FloatArray
from phusong.coverage.radio.bands import resource_blocks
from phusong.coverage.radio.cell import Cell
from phusong.coverage.radio.link_budget import THERMAL_NOISE_DBM_PER_HZ
from phusong.coverage.radio.throughput import (
    LEAST_SINR_DB,
    UPLINK_ALPHA,
    UPLINK_MOST_SINR_DB,
    block_khz,
    is_tdd,
    uplink_mbit_s_per_mhz,
)

HANDSET_POWER_DBM = 23.0
HIGH_HANDSET_POWER_DBM = 26.0
"""Power classes 3 and 2 (3GPP TS 36.101 table 6.2.2-1, TS 38.101-1 table 6.2.1-1)."""
STATION_NOISE_FIGURE_DB = 5.0
"""3GPP TR 36.942 table 4.8 and TR 38.803 section 5.2.3, wide-area base station."""
NOISE_RISE_DB = 3.0
"""Interference margin of the uplink: at half load a cell hears as much interference as noise."""
EDGE_RATE_MBIT_S = 1.0
"""Uplink rate at the edge of a published service area in Viet Nam."""


def handset_power_dbm(cell: Cell) -> float:
    """Return what a handset sends at most: 26 dBm on 5G in unpaired bands (n41, n77, n78), else 23 dBm."""
    return HIGH_HANDSET_POWER_DBM if cell.technology == "5G" and is_tdd(cell) else HANDSET_POWER_DBM


def uplink_sensitivity_dbm(
    cell: Cell,
    *,
    rate_mbit_s: float = EDGE_RATE_MBIT_S,
    noise_figure_db: float = STATION_NOISE_FIGURE_DB,
    noise_rise_db: float = NOISE_RISE_DB,
) -> float:
    """Return the least power at the station's antenna port that carries a rate.

    Over n resource blocks of width B it is ``k T0 n B + noise figure + noise rise + SINR(rate / n)``, the
    least over all n of the carrier. SINR is that of the truncated Shannon bound of TR 36.942 annex A,
    uplink: alpha 0.4, -10 .. 22 dB.

    Parameters
    ----------
    cell : Cell
    rate_mbit_s : float
        To be carried, > 0.
    noise_figure_db, noise_rise_db : float
        Of the station.

    Returns
    -------
    float
        dBm; infinite where the carrier cannot carry the rate at all.

    Raises
    ------
    ModelRangeError
        ``model_range`` for a rate that is not positive.
    """
    if not (math.isfinite(rate_mbit_s) and rate_mbit_s > 0):
        raise ModelRangeError("model_range", name="rate_mbit_s", value=rate_mbit_s, allowed="> 0")
    most_blocks = resource_blocks(
        cell.technology, frequency_mhz=cell.frequency_mhz, bandwidth_mhz=cell.bandwidth_mhz
    )
    width_mhz = np.arange(1, most_blocks + 1) * block_khz(cell) / 1e3
    needed = rate_mbit_s / (width_mhz * uplink_mbit_s_per_mhz(cell) * UPLINK_ALPHA)
    most = math.log2(1.0 + 10.0 ** (UPLINK_MOST_SINR_DB / 10.0))
    possible = needed <= most
    if not possible.any():
        return math.inf
    sinr_db = 10.0 * np.log10(np.exp2(needed[possible]) - 1.0)
    noise_dbm = THERMAL_NOISE_DBM_PER_HZ + 10.0 * np.log10(width_mhz[possible] * 1e6) + noise_figure_db
    return float((noise_dbm + np.maximum(sinr_db, LEAST_SINR_DB)).min() + noise_rise_db)


def uplink_limited_loss_db(
    cell: Cell,
    *,
    rate_mbit_s: float = EDGE_RATE_MBIT_S,
    power_dbm: float | None = None,
    noise_figure_db: float = STATION_NOISE_FIGURE_DB,
    noise_rise_db: float = NOISE_RISE_DB,
) -> float:
    """Return the greatest path loss towards boresight at which a handset is still heard.

    Parameters
    ----------
    cell : Cell
        Its antenna gain counts; the handset's antenna is 0 dBi, as downwards.
    rate_mbit_s : float
        Uplink rate to be carried.
    power_dbm : float, optional
        Power of the handset; `handset_power_dbm` when absent.
    noise_figure_db, noise_rise_db : float
        Of the station.

    Returns
    -------
    float
        Loss between isotropic antennas, dB; minus infinity where the carrier cannot carry the rate.

    Raises
    ------
    ModelRangeError
        ``model_range`` for a rate that is not positive.

    Examples
    --------
    >>> cell = Cell(
    ...     "a-1", "a", "Viettel", "4G", 1842.5, 20.0, 0.0, 0.0, 36.0, 0.0, 4.0, 46.0, 17.5, 65.0, 7.0)
    >>> round(uplink_limited_loss_db(cell), 1)
    142.6
    """
    sent_dbm = handset_power_dbm(cell) if power_dbm is None else power_dbm
    needed_dbm = uplink_sensitivity_dbm(
        cell, rate_mbit_s=rate_mbit_s, noise_figure_db=noise_figure_db, noise_rise_db=noise_rise_db
    )
    return sent_dbm + cell.antenna_gain_dbi - needed_dbm


def uplink_margin_db(
    cell: Cell,
    loss_db: npt.ArrayLike,
    *,
    antenna_loss_db: npt.ArrayLike = 0.0,
    rate_mbit_s: float = EDGE_RATE_MBIT_S,
) -> FloatArray:
    """Return by how much a handset is heard better than it has to be, by place.

    Parameters
    ----------
    cell : Cell
    loss_db : array_like
        Path loss between isotropic antennas; NaN where unknown.
    antenna_loss_db : array_like
        Attenuation of the cell's antenna towards the place.
    rate_mbit_s : float
        Uplink rate to be carried.

    Returns
    -------
    ndarray of float64
        dB; negative where the uplink limits the service.
    """
    limit_db = uplink_limited_loss_db(cell, rate_mbit_s=rate_mbit_s)
    margin_db: FloatArray = limit_db - np.asarray(loss_db, dtype=np.float64) - np.asarray(antenna_loss_db)
    return margin_db
