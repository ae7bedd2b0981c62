"""ITM: what one evaluation is asked for, checked, and as the kernels take it."""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

from phusong.coverage.errors import ModelRangeError
from phusong.coverage.propagation.p1812_statistics import inverse_normal

Polarization = Literal["vertical", "horizontal"]

RANGES: dict[str, tuple[float, float]] = {
    "frequency_mhz": (20.0, 20_000.0),
    "tx_height_m": (0.5, 3_000.0),
    "rx_height_m": (0.5, 3_000.0),
    "climate": (1, 7),
    "n0": (250.0, 400.0),
    "epsilon": (1.01, 1e6),
    "sigma": (1e-12, 1e6),
    "time_percentage": (0.01, 99.99),
    "location_percentage": (0.01, 99.99),
    "situation_percentage": (0.01, 99.99),
}
POLARIZATIONS = ("vertical", "horizontal")
CLIMATES = tuple(range(1, 8))
VARIABILITIES = tuple(tens + mode for tens in (0, 10, 20, 30) for mode in range(4))


class Conditions(NamedTuple):
    """Checked inputs of one evaluation.

    Attributes
    ----------
    frequency_mhz : float
    tx_height_m, rx_height_m : float
        Antenna heights above ground.
    is_vertical : bool
        Polarisation.
    climate : int
        1 .. 7, as in ``itm.path_loss_parts``.
    n0 : float
        Surface refractivity reduced to sea level, N-units.
    epsilon : float
        Relative permittivity of the ground.
    sigma : float
        Conductivity of the ground, S/m.
    mdvar : int
        Mode of variability 0 .. 3; + 10 leaves location variability out, + 20 situation variability.
    z_time, z_location, z_situation : float
        Deviates of the complementary normal distribution: positive for shares under one half.
    """

    frequency_mhz: float
    tx_height_m: float
    rx_height_m: float
    is_vertical: bool
    climate: int
    n0: float
    epsilon: float
    sigma: float
    mdvar: int
    z_time: float
    z_location: float
    z_situation: float


def checked_conditions(
    *,
    frequency_mhz: float,
    tx_height_m: float,
    rx_height_m: float,
    polarization: Polarization,
    climate: int,
    n0: float,
    epsilon: float,
    sigma: float,
    mdvar: int,
    time_percentage: float,
    location_percentage: float,
    situation_percentage: float,
) -> Conditions:
    """Check the inputs of an evaluation and put them as the kernels take them; see `path_loss_parts`.

    Raises
    ------
    ModelRangeError
        ``model_range`` or ``model_choice``.
    """
    numbers = {
        "frequency_mhz": frequency_mhz,
        "tx_height_m": tx_height_m,
        "rx_height_m": rx_height_m,
        "climate": climate,
        "n0": n0,
        "epsilon": epsilon,
        "sigma": sigma,
        "time_percentage": time_percentage,
        "location_percentage": location_percentage,
        "situation_percentage": situation_percentage,
    }
    _check(numbers, polarization, mdvar)
    return Conditions(
        float(frequency_mhz),
        float(tx_height_m),
        float(rx_height_m),
        polarization == "vertical",
        int(climate),
        float(n0),
        float(epsilon),
        float(sigma),
        int(mdvar),
        float(inverse_normal(time_percentage / 100.0)),
        float(inverse_normal(location_percentage / 100.0)),
        float(inverse_normal(situation_percentage / 100.0)),
    )


def _check(numbers: dict[str, float], polarization: str, mdvar: int) -> None:
    for name, value in numbers.items():
        low, high = RANGES[name]
        if not (math.isfinite(value) and low <= value <= high):
            raise ModelRangeError("model_range", name=name, value=value, allowed=f"{low:g} .. {high:g}")
    choices: dict[str, tuple[object, tuple[object, ...]]] = {
        "polarization": (polarization, POLARIZATIONS),
        "mdvar": (mdvar, VARIABILITIES),
        "climate": (numbers["climate"], CLIMATES),
    }
    for name, (choice, allowed) in choices.items():
        if choice not in allowed:
            told = ", ".join(str(one) for one in allowed)
            raise ModelRangeError("model_choice", name=name, value=str(choice), allowed=told)
