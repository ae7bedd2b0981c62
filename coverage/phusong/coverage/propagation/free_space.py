"""Free-space loss (ITU-R P.525), the least any terrestrial path can have."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

LEAST_DISTANCE_M = 1.0


def path_loss_db(distance_m: npt.ArrayLike, *, frequency_mhz: float) -> npt.NDArray[np.float64]:
    """Return free-space loss, 92.4 + 20 log10(f GHz) + 20 log10(d km).

    Parameters
    ----------
    distance_m : array_like
        3-D distance between the antennas; below 1 m it is held at 1 m.
    frequency_mhz : float
        Carrier, MHz.

    Returns
    -------
    ndarray of float64
        Loss in dB, shape of `distance_m`. The constant is rounded as in P.1812 equation 8.

    Examples
    --------
    >>> float(path_loss_db(1_000.0, frequency_mhz=1_000.0))
    92.4
    """
    distance_km = np.maximum(np.asarray(distance_m, dtype=np.float64), LEAST_DISTANCE_M) / 1000.0
    loss: npt.NDArray[np.float64] = (
        92.4 + 20.0 * np.log10(frequency_mhz / 1000.0) + 20.0 * np.log10(distance_km)
    )
    return loss
