"""From a cell's power to the power of one resource element, and the noise it meets."""

from __future__ import annotations

import math

from phusong.coverage.radio.bands import resource_blocks, subcarrier_spacing_khz
from phusong.coverage.radio.cell import Cell

SUBCARRIERS_PER_BLOCK = 12
THERMAL_NOISE_DBM_PER_HZ = 10 * math.log10(1.380649e-23 * 290.0 * 1e3)
"""k T0 at 290 K: -173.98 dBm/Hz."""


def rsrp_offset_dbm(cell: Cell) -> float:
    """Return the EIRP of one resource element towards boresight.

    RSRP at a place is this minus the pattern attenuation minus the path loss. The total power is spread
    evenly over all ``12 N_RB`` resource elements of the carrier (no power boosting); the terminal's
    antenna counts as 0 dBi.

    Examples
    --------
    46 dBm over 100 resource blocks and 17.5 dBi: 46 - 30.79 + 17.5 dBm.

    >>> cell = Cell(
    ...     "a-1", "a", "Viettel", "4G", 1842.5, 20.0, 0.0, 0.0, 36.0, None, 0.0, 46.0, 17.5, 360.0, 7.0)
    >>> round(rsrp_offset_dbm(cell), 2)
    32.71
    """
    elements = SUBCARRIERS_PER_BLOCK * resource_blocks(
        cell.technology, frequency_mhz=cell.frequency_mhz, bandwidth_mhz=cell.bandwidth_mhz
    )
    return cell.power_dbm - 10 * math.log10(elements) + cell.antenna_gain_dbi


def noise_per_re_dbm(cell: Cell, *, noise_figure_db: float) -> float:
    """Return the noise in one resource element at the terminal: k T0 B of one subcarrier + noise figure.

    Examples
    --------
    >>> cell = Cell(
    ...     "a-1", "a", "Viettel", "4G", 1842.5, 20.0, 0.0, 0.0, 36.0, None, 0.0, 46.0, 17.5, 360.0, 7.0)
    >>> round(noise_per_re_dbm(cell, noise_figure_db=7.0), 1)
    -125.2
    """
    spacing_khz = subcarrier_spacing_khz(cell.technology, frequency_mhz=cell.frequency_mhz)
    return THERMAL_NOISE_DBM_PER_HZ + 10 * math.log10(spacing_khz * 1e3) + noise_figure_db
