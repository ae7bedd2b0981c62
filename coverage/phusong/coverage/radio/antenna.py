"""The 3GPP sector by its formula; `phusong.coverage.radio.pattern` tables it with all other antennas.

It is the pattern of 3GPP TR 38.901 table 7.3-1 with its beamwidths as parameters and the vertical
lobe moved to the electrical tilt: horizontal and vertical attenuations add up and never exceed the
front-to-back ratio of 30 dB.
"""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt

from phusong.coverage.grids import FloatArray

FRONT_TO_BACK_DB = 30.0
SIDE_LOBE_LIMIT_DB = 30.0


@numba.njit(cache=True, error_model="numpy")
def sector_loss_db(
    off_azimuth_deg: float,
    depression_deg: float,
    downtilt_deg: float,
    horizontal_beamwidth_deg: float,
    vertical_beamwidth_deg: float,
) -> float:
    """Return how far the 3GPP sector sends below its gain in one direction (scalar, compiled).

    Parameters
    ----------
    off_azimuth_deg : float
        Direction minus the sector's azimuth; any number of turns.
    depression_deg : float
        Angle of the direction below the horizon, negative above.
    downtilt_deg : float
        Tilt of the main lobe below the horizon.
    horizontal_beamwidth_deg, vertical_beamwidth_deg : float
        Half-power beamwidths.
    """
    turned_deg = off_azimuth_deg - 360.0 * np.floor((off_azimuth_deg + 180.0) / 360.0)
    across = turned_deg / horizontal_beamwidth_deg
    up = (depression_deg - downtilt_deg) / vertical_beamwidth_deg
    horizontal_db = min(12.0 * across * across, FRONT_TO_BACK_DB)
    vertical_db = min(12.0 * up * up, SIDE_LOBE_LIMIT_DB)
    return min(horizontal_db + vertical_db, FRONT_TO_BACK_DB)


@numba.njit(cache=True, error_model="numpy")
def _sector_losses_db(
    off_azimuth_deg: FloatArray,
    depression_deg: FloatArray,
    downtilt_deg: float,
    horizontal_beamwidth_deg: float,
    vertical_beamwidth_deg: float,
) -> FloatArray:
    losses_db = np.empty(off_azimuth_deg.size)
    for i in range(off_azimuth_deg.size):
        losses_db[i] = sector_loss_db(
            off_azimuth_deg[i],
            depression_deg[i],
            downtilt_deg,
            horizontal_beamwidth_deg,
            vertical_beamwidth_deg,
        )
    return losses_db


def pattern_loss_db(
    azimuth_deg: npt.ArrayLike,
    depression_deg: npt.ArrayLike,
    *,
    sector_azimuth_deg: float,
    downtilt_deg: float,
    horizontal_beamwidth_deg: float,
    vertical_beamwidth_deg: float,
) -> FloatArray:
    """Return how far a 3GPP sector without mechanical tilt sends below its gain, by direction.

    Parameters
    ----------
    azimuth_deg, depression_deg : array_like, same shape after broadcasting
        Directions, clockwise from grid north and below the horizon.
    sector_azimuth_deg : float
        Where the sector looks.
    downtilt_deg, horizontal_beamwidth_deg, vertical_beamwidth_deg : float
        As in `Cell`.

    Returns
    -------
    ndarray of float64
        Attenuation in dB, 0 .. 30.

    Examples
    --------
    >>> front_and_back = pattern_loss_db(
    ...     [90.0, 270.0], 4.0, sector_azimuth_deg=90.0, downtilt_deg=4.0,
    ...     horizontal_beamwidth_deg=65.0, vertical_beamwidth_deg=7.0)
    >>> front_and_back.tolist()
    [0.0, 30.0]
    """
    azimuths_deg, depressions_deg = np.broadcast_arrays(
        np.asarray(azimuth_deg, dtype=np.float64), np.asarray(depression_deg, dtype=np.float64)
    )
    losses_db: FloatArray = _sector_losses_db(
        (azimuths_deg - sector_azimuth_deg).ravel(),
        depressions_deg.ravel(),
        float(downtilt_deg),
        float(horizontal_beamwidth_deg),
        float(vertical_beamwidth_deg),
    )
    return losses_db.reshape(azimuths_deg.shape)
