"""Fixed radius: the naive baseline that calls everything near a mast reached, whatever the terrain.

Inside the radius the loss is that of free space, beyond it there is no signal at all (NaN); nothing else
enters, so comparing it with another model shows what that model adds.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from phusong.coverage.propagation import free_space


def path_loss_db(
    distance_m: npt.ArrayLike, *, frequency_mhz: float, radius_m: float
) -> npt.NDArray[np.float64]:
    """Return free-space loss within the radius and NaN beyond.

    Parameters
    ----------
    distance_m : array_like
        Distance between the antennas.
    frequency_mhz : float
        Carrier, MHz.
    radius_m : float
        Radius of the disc that counts as reached.

    Returns
    -------
    ndarray of float64
        Loss in dB, shape of `distance_m`.

    Examples
    --------
    >>> path_loss_db([1_000.0, 5_000.0], frequency_mhz=1_000.0, radius_m=4_000.0).round(2)
    array([92.45,   nan])
    """
    distance = np.asarray(distance_m, dtype=np.float64)
    loss = free_space.path_loss_db(distance, frequency_mhz=frequency_mhz)
    return np.where(distance <= radius_m, loss, np.nan)
