"""ITM: what one evaluation is asked for, as the kernels take it."""

from __future__ import annotations

from typing import NamedTuple


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
