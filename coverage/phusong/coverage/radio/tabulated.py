"""Measured antennas: attenuation degree by degree in the horizontal and the vertical plane."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from phusong.coverage.errors import InputError

DEGREES = 360
MAX_ATTENUATION_DB = 200.0
HALF_POWER_DB = 3.0


@dataclass(frozen=True, slots=True)
class AntennaPattern:
    """An antenna as its maker measured it, for one band and one electrical tilt.

    Attributes
    ----------
    antenna_id : str
        Name that cells know it by.
    gain_dbi : float or None
        Gain in the direction of no attenuation; None where its file does not tell.
    electrical_tilt_deg : float
        Tilt below the horizon that ``vertical_db`` holds already.
    horizontal_db : tuple of float, length 360
        Attenuation by azimuth off boresight, clockwise in steps of 1 degree from 0.
    vertical_db : tuple of float, length 360
        Attenuation in the vertical plane through boresight, in steps of 1 degree: 0 is the horizon in
        front, 90 straight down, 180 the horizon behind, 270 straight up.

    Raises
    ------
    InputError
        ``antenna_values`` for a plane that is not 360 numbers of 0 .. 200 dB.
    """

    antenna_id: str
    gain_dbi: float | None
    electrical_tilt_deg: float
    horizontal_db: tuple[float, ...]
    vertical_db: tuple[float, ...]

    def __post_init__(self) -> None:
        for plane in ("horizontal_db", "vertical_db"):
            values = np.asarray(getattr(self, plane), dtype=np.float64)
            if values.shape != (DEGREES,) or not ((values >= 0) & (values <= MAX_ATTENUATION_DB)).all():
                raise InputError(
                    "antenna_values",
                    antenna_id=self.antenna_id,
                    name=plane,
                    allowed=f"{DEGREES} x 0 .. {MAX_ATTENUATION_DB:g}",
                )

    @property
    def horizontal_beamwidth_deg(self) -> float:
        """Half-power beamwidth across; 360 for an antenna that never falls to half power."""
        return half_power_beamwidth_deg(self.horizontal_db)

    @property
    def vertical_beamwidth_deg(self) -> float:
        """Half-power beamwidth up and down."""
        return half_power_beamwidth_deg(self.vertical_db)


def half_power_beamwidth_deg(attenuation_db: tuple[float, ...]) -> float:
    """Return the angle between the 3 dB points on both sides of the strongest direction.

    Examples
    --------
    A triangle that falls by 1 dB in 10 degrees:

    >>> half_power_beamwidth_deg(tuple(min(i, 360 - i) / 10 for i in range(360)))
    60.0
    """
    values = np.asarray(attenuation_db, dtype=np.float64)
    around = np.roll(values, -int(np.argmin(values))) - values.min()
    sides_deg = [_first_crossing_deg(side) for side in (around, around[np.r_[0, -1 : -len(around) : -1]])]
    return round(min(sum(sides_deg), float(DEGREES)), 3)


def _first_crossing_deg(side_db: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float:
    below = np.flatnonzero(side_db >= HALF_POWER_DB)
    if below.size == 0:
        return DEGREES / 2
    last = int(below[0])
    step_db = side_db[last] - side_db[last - 1]
    return float(last - 1 + (HALF_POWER_DB - side_db[last - 1]) / step_db)
