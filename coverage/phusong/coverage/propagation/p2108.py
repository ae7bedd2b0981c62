"""ITU-R P.2108-1 section 3.2: clutter loss at a terminal below the roofs, statistical, 0.5 to 67 GHz.

For terrestrial paths in urban and suburban clutter, to be added to a loss that ends above the clutter; never
together with clutter on the profile. Each terminal within the clutter counts for itself.
"""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from phusong.coverage.errors import ModelRangeError

FREQUENCIES_MHZ = (500.0, 67_000.0)
LEAST_DISTANCE_KM = 0.25
FULL_DISTANCE_KM = 2.0
NEAR_SIGMA_DB = 6.0
FAR_SIGMA_DB = 4.0


def clutter_loss_db(
    distance_km: npt.ArrayLike, *, frequency_mhz: float, location_percentage: float = 50.0
) -> npt.NDArray[np.float64]:
    """Return the clutter loss of one terminal not exceeded for a share of locations.

    Parameters
    ----------
    distance_km : array_like
        Whole length of the path. The model begins at 0.25 km: shorter paths are held there, which is more
        than they lose. Beyond 2 km the loss grows no more.
    frequency_mhz : float
        500 .. 67,000.
    location_percentage : float
        Share of locations at which the loss is not exceeded, over 0 and under 100 %.

    Returns
    -------
    ndarray of float64
        Loss in dB, shape of `distance_km`; NaN for a distance that is NaN.

    Raises
    ------
    ModelRangeError
        ``model_range`` names the parameter, its value and what is allowed.

    Examples
    --------
    >>> clutter_loss_db([0.25, 1.0, 2.0, 20.0], frequency_mhz=3_500.0).round(2)
    array([20.2 , 30.11, 30.38, 30.38])
    """
    low, high = FREQUENCIES_MHZ
    if not low <= frequency_mhz <= high:
        allowed = f"{low:g} .. {high:g}"
        raise ModelRangeError("model_range", name="frequency_mhz", value=frequency_mhz, allowed=allowed)
    if not 0.0 < location_percentage < 100.0:
        raise ModelRangeError(
            "model_range", name="location_percentage", value=location_percentage, allowed="> 0 .. < 100"
        )
    distance = np.clip(np.asarray(distance_km, dtype=np.float64), LEAST_DISTANCE_KM, FULL_DISTANCE_KM)
    lg = np.log10(frequency_mhz / 1_000.0)
    # how much a long path loses at most (L_l), and how a short one grows towards it (L_s)
    far = -2.0 * np.log10(10.0 ** (-5.0 * lg - 12.5) + 10.0**-16.5)
    near = 32.98 + 23.9 * np.log10(distance) + 3.0 * lg
    far_weight, near_weight = 10.0 ** (-0.2 * far), 10.0 ** (-0.2 * near)
    total = far_weight + near_weight
    sigma = np.sqrt((FAR_SIGMA_DB**2 * far_weight + NEAR_SIGMA_DB**2 * near_weight) / total)
    return np.asarray(-5.0 * np.log10(total) + sigma * NormalDist().inv_cdf(location_percentage / 100.0))
