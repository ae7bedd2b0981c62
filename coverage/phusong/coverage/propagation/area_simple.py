"""Models that know no terrain between the ends, over the pixels of a window.

Free space and a fixed radius need distances only. TR 38.901 (RMa, UMa, UMi) takes antenna heights above
ground and the distance on the ground; a pixel's loss is the expected one, both losses weighted in decibels
with the probability of line of sight. It holds to 10 km (RMa in line of sight) or 5 km; beyond, its equations
go on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from phusong.coverage.grids import FloatArray
from phusong.coverage.method import Method
from phusong.coverage.propagation import fixed_radius, free_space, tr38901

SCENARIOS: Mapping[str, tr38901.Scenario] = MappingProxyType(
    {"tr38901_rma": "RMa", "tr38901_uma": "UMa", "tr38901_umi": "UMi"}
)
_TOLERANCE_M = 1e-9


def fill_simple(
    loss_db: npt.NDArray[np.float32],
    *,
    distance_m: FloatArray,
    rise_m: FloatArray,
    antenna_height_m: float,
    frequencies_mhz: Sequence[float],
    radii_m: Sequence[float],
    method: Method,
) -> None:
    """Fill in the loss of several carriers by a model without a profile.

    Parameters
    ----------
    loss_db : ndarray of float32, shape (carriers, rows, cols)
        Written in place; NaN beyond a carrier's radius and where `rise_m` is unknown.
    distance_m : ndarray, shape (rows, cols)
        Plane distance of every pixel from the antenna.
    rise_m : ndarray, shape (rows, cols)
        Height of the receiver less that of the antenna, both above sea level; NaN where terrain is unknown.
    antenna_height_m : float
        Above ground.
    frequencies_mhz, radii_m : sequence of float
        One radius a carrier.
    method : Method
        Model and receiver height.

    Raises
    ------
    ModelRangeError
        ``model_range`` for a carrier or height that TR 38.901 does not take.
    """
    for band, (frequency_mhz, radius_m) in enumerate(zip(frequencies_mhz, radii_m, strict=True)):
        is_known = (distance_m <= radius_m + _TOLERANCE_M) & np.isfinite(rise_m)
        if method.model == "fixed_radius":
            reach_m = 1_000.0 * method.fixed_radius_km
            found_db = fixed_radius.path_loss_db(distance_m, frequency_mhz=frequency_mhz, radius_m=reach_m)
        elif method.model in SCENARIOS:
            found_db = tr38901.path_loss_db(
                np.where(is_known, distance_m, np.nan),
                scenario=SCENARIOS[method.model],
                frequency_mhz=frequency_mhz,
                tx_height_m=antenna_height_m,
                rx_height_m=method.receiver_height_m,
            )
        else:
            slant_m = np.hypot(distance_m, rise_m)
            found_db = free_space.path_loss_db(slant_m, frequency_mhz=frequency_mhz)
        loss_db[band] = np.where(is_known, found_db, np.nan)
