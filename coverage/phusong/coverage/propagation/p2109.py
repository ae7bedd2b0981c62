"""ITU-R P.2109: loss on entering a building, 80 MHz to 100 GHz.

The loss not exceeded for a share of places inside, over both classes of building; equation numbers are those
of Annex 1, coefficients those of its table 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from phusong.coverage.errors import ModelRangeError

Building = Literal["traditional", "thermally_efficient"]

FREQUENCIES_MHZ = (80.0, 100_000.0)
LEAST_GAIN_DB = -3.0  # C, equation 4


class Coefficients(NamedTuple):
    """One column of table 1."""

    r: float
    s: float
    t: float
    u: float
    v: float
    w: float
    x: float
    y: float
    z: float


TABLE_1: Mapping[str, Coefficients] = {
    "traditional": Coefficients(12.64, 3.72, 0.96, 9.6, 2.0, 9.1, -3.0, 4.5, -2.0),
    "thermally_efficient": Coefficients(28.19, -3.00, 8.48, 13.5, 3.8, 27.8, -2.9, 9.4, -2.1),
}


def entry_loss_db(
    *,
    frequency_mhz: npt.ArrayLike,
    location_percentage: npt.ArrayLike = 50.0,
    building: Building = "traditional",
    elevation_deg: npt.ArrayLike = 0.0,
) -> npt.NDArray[np.float64]:
    """Return the building entry loss not exceeded for a share of indoor locations.

    Parameters
    ----------
    frequency_mhz : array_like
        80 .. 100,000.
    location_percentage : array_like
        Probability that the loss is not exceeded, over 0 and under 100 %.
    building : {"traditional", "thermally_efficient"}
        The latter has metallised glass or foil-backed panels.
    elevation_deg : array_like
        Elevation angle of the path at the facade, -90 .. 90.

    Returns
    -------
    ndarray of float64
        Loss in dB; shape by broadcasting. It may be a gain of 3 dB at most.

    Raises
    ------
    ModelRangeError
        ``model_range`` with the first value out of range; ``model_choice`` for an unknown class.

    Examples
    --------
    >>> round(float(entry_loss_db(frequency_mhz=1_800.0)), 2)
    14.84
    """
    if building not in TABLE_1:
        raise ModelRangeError(
            "model_choice", name="building", value=str(building), allowed=", ".join(TABLE_1)
        )
    frequency = np.asarray(frequency_mhz, dtype=np.float64)
    share = np.asarray(location_percentage, dtype=np.float64) / 100.0
    elevation = np.asarray(elevation_deg, dtype=np.float64)
    low, high = FREQUENCIES_MHZ
    _refuse("frequency_mhz", frequency, (frequency >= low) & (frequency <= high), f"{low:g} .. {high:g}")
    _refuse("location_percentage", 100.0 * share, (share > 0.0) & (share < 1.0), "> 0 .. < 100")
    _refuse("elevation_deg", elevation, np.abs(elevation) <= 90.0, "-90 .. 90")
    c = TABLE_1[building]
    lg = np.log10(frequency / 1_000.0)
    median = c.r + c.s * lg + c.t * lg**2  # L_h, equation 9
    mean_1 = median + 0.212 * np.abs(elevation)  # equations 5 and 10
    mean_2 = c.w + c.x * lg  # equation 6
    from scipy.special import ndtri  # noqa: PLC0415 - slow to load, and few ask for it

    deviate = ndtri(share)
    main = deviate * (c.u + c.v * lg) + mean_1  # A, equations 2 and 7
    other = deviate * (c.y + c.z * lg) + mean_2  # B, equations 3 and 8
    total = 10.0 ** (0.1 * main) + 10.0 ** (0.1 * other) + 10.0 ** (0.1 * LEAST_GAIN_DB)
    return np.asarray(10.0 * np.log10(total))  # equation 1


def _refuse(
    name: str, values: npt.NDArray[np.float64], is_right: npt.NDArray[np.bool_], allowed: str
) -> None:
    wrong = values[~is_right]
    if wrong.size:
        raise ModelRangeError("model_range", name=name, value=float(wrong.flat[0]), allowed=allowed)
