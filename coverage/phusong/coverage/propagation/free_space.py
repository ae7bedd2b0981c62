"""Free-space loss (ITU-R P.525), the least any terrestrial path can have."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

LEAST_DISTANCE_M = 1.0
SPEED_OF_LIGHT_M_S = 299_792_458.0


def path_loss_db(distance_m: npt.ArrayLike, *, frequency_mhz: float) -> npt.NDArray[np.float64]:
    """Return free-space loss, 20 log10(4 pi d f / c).

    Parameters
    ----------
    distance_m : array_like
        3-D distance between the antennas; below 1 m it is held at 1 m.
    frequency_mhz : float
        Carrier, MHz.

    Returns
    -------
    ndarray of float64
        Loss in dB, shape of `distance_m`. P.1812 rounds the constant to 92.4 in its own
        equation 8; this is the exact one, 92.45.

    Examples
    --------
    >>> round(float(path_loss_db(1_000.0, frequency_mhz=1_000.0)), 2)
    92.45
    """
    held_m = np.maximum(np.asarray(distance_m, dtype=np.float64), LEAST_DISTANCE_M)
    loss: npt.NDArray[np.float64] = 20.0 * np.log10(
        4.0 * np.pi * held_m * frequency_mhz * 1e6 / SPEED_OF_LIGHT_M_S
    )
    return loss
