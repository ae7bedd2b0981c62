"""3GPP TR 38.901: path loss without a terrain model, 0.5 to 100 GHz.

Rural macro (RMa), urban macro (UMa), urban micro in street canyons (UMi) and indoor office (InH-Office): path
loss and standard deviation of shadow fading after table 7.4.1-1, line-of-sight probability after table
7.4.2-1. Distances are in metres; the kernels take scalars so that areas may share them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from phusong.coverage.errors import ModelRangeError

Scenario = Literal["RMa", "UMa", "UMi", "InH-Office"]
Array = npt.NDArray[np.float64]

SPEED_OF_LIGHT_M_S = 3.0e8  # as the table rounds it (note 1)
RURAL, URBAN_MACRO, URBAN_MICRO, OFFICE = range(4)
SCENARIOS: Mapping[str, int] = {
    "RMa": RURAL,
    "UMa": URBAN_MACRO,
    "UMi": URBAN_MICRO,
    "InH-Office": OFFICE,
}


class Limits(NamedTuple):
    """Where a scenario holds: frequency in GHz, all else in metres."""

    frequency_ghz: tuple[float, float]
    least_distance_m: float
    sight_distance_m: float
    hidden_distance_m: float
    base_height_m: tuple[float, float]
    terminal_height_m: tuple[float, float]


class Setting(NamedTuple):
    """Checked inputs of one evaluation, as the kernels take them; see `path_loss_db`.

    Attributes
    ----------
    kind : int
        ``RURAL``, ``URBAN_MACRO``, ``URBAN_MICRO`` or ``OFFICE``.
    frequency_ghz, tx_height_m, rx_height_m : float
    building_height_m, street_width_m, environment_height_m : float
    """

    kind: int
    frequency_ghz: float
    tx_height_m: float
    rx_height_m: float
    building_height_m: float
    street_width_m: float
    environment_height_m: float


# The table gives heights of base stations as single defaults (25 m, 10 m, ceiling) except in RMa.
LIMITS: Mapping[str, Limits] = {
    "RMa": Limits((0.5, 30.0), 10.0, 10_000.0, 5_000.0, (10.0, 150.0), (1.0, 10.0)),
    "UMa": Limits((0.5, 100.0), 10.0, 5_000.0, 5_000.0, (10.0, 150.0), (1.5, 22.5)),
    "UMi": Limits((0.5, 100.0), 10.0, 5_000.0, 5_000.0, (3.0, 25.0), (1.5, 22.5)),
    "InH-Office": Limits((0.5, 100.0), 1.0, 150.0, 150.0, (1.0, 10.0), (0.5, 10.0)),
}
BUILDING_HEIGHT_M = (5.0, 50.0)
STREET_WIDTH_M = (5.0, 50.0)


def path_loss_db(
    distance_m: npt.ArrayLike,
    *,
    scenario: Scenario,
    frequency_mhz: float,
    tx_height_m: float,
    rx_height_m: float,
    is_line_of_sight: bool | None = None,
    building_height_m: float = 5.0,
    street_width_m: float = 20.0,
    environment_height_m: float = 1.0,
) -> Array:
    """Return the path loss of a scenario (table 7.4.1-1).

    Parameters
    ----------
    distance_m : array_like
        Distance on the ground, d_2D. Held at the least distance of the scenario (10 m; office 1 m). Beyond
        the greatest (`greatest_distance_m`) the equations simply go on.
    scenario : {"RMa", "UMa", "UMi", "InH-Office"}
    frequency_mhz : float
        500 .. 100,000; RMa to 30,000.
    tx_height_m : float
        Height of the base station above ground.
    rx_height_m : float
        Height of the terminal above ground.
    is_line_of_sight : bool, optional
        Left out, both losses are weighted, in dB, with the line-of-sight probability.
    building_height_m, street_width_m : float
        Averages around the terminal, for RMa only, 5 .. 50 m.
    environment_height_m : float
        Effective environment height h_E, for the breakpoint of UMa: 0 .. half a metre under the terminal;
        UMi always takes 1 m.

    Returns
    -------
    ndarray of float64
        Median loss in dB, shape of `distance_m`; NaN for a distance that is NaN.

    Raises
    ------
    ModelRangeError
        ``model_choice`` for a scenario there is none of; ``model_range`` for a number outside its range.

    Examples
    --------
    >>> near = path_loss_db(
    ...     1_000.0, scenario="UMa", frequency_mhz=5_000.0, tx_height_m=25.0, rx_height_m=1.5,
    ...     is_line_of_sight=True,
    ... )
    >>> round(float(near), 2)
    109.73
    """
    kind = _kind(scenario)
    limits = LIMITS[scenario]
    low_ghz, high_ghz = limits.frequency_ghz
    _check_range("frequency_mhz", frequency_mhz, (1_000.0 * low_ghz, 1_000.0 * high_ghz))
    _check_range("tx_height_m", tx_height_m, limits.base_height_m)
    _check_range("rx_height_m", rx_height_m, limits.terminal_height_m)
    if kind == RURAL:
        _check_range("building_height_m", building_height_m, BUILDING_HEIGHT_M)
        _check_range("street_width_m", street_width_m, STREET_WIDTH_M)
    if kind == URBAN_MACRO:
        _check_range("environment_height_m", environment_height_m, (0.0, rx_height_m - 0.5))
    held_m = np.maximum(np.asarray(distance_m, dtype=np.float64), limits.least_distance_m)
    heights_m = (float(tx_height_m), float(rx_height_m))
    surroundings_m = (float(building_height_m), float(street_width_m), float(environment_height_m))
    setting = Setting(kind, frequency_mhz / 1_000.0, *heights_m, *surroundings_m)
    if is_line_of_sight is not None:
        return _losses(held_m, is_line_of_sight, setting)
    seen, hidden = _losses(held_m, True, setting), _losses(held_m, False, setting)
    probability = _probabilities(held_m, kind, rx_height_m)
    return np.asarray(probability * seen + (1.0 - probability) * hidden)


def line_of_sight_probability(
    distance_m: npt.ArrayLike, *, scenario: Scenario, rx_height_m: float = 1.5
) -> Array:
    """Return the probability of line of sight (table 7.4.2-1); offices are the mixed ones.

    Parameters
    ----------
    distance_m : array_like
        Distance on the ground outdoors.
    scenario : {"RMa", "UMa", "UMi", "InH-Office"}
    rx_height_m : float
        Height of the terminal, which counts in UMa over 13 m, to 23 m.

    Returns
    -------
    ndarray of float64
        0 .. 1, shape of `distance_m`.

    Raises
    ------
    ModelRangeError
        ``model_choice`` or ``model_range``.

    Examples
    --------
    >>> line_of_sight_probability([10.0, 1_010.0], scenario="RMa").round(4)
    array([1.    , 0.3679])
    """
    kind = _kind(scenario)
    _check_range("rx_height_m", rx_height_m, LIMITS[scenario].terminal_height_m)
    return _probabilities(np.asarray(distance_m, dtype=np.float64), kind, rx_height_m)


def greatest_distance_m(scenario: Scenario, *, is_line_of_sight: bool) -> float:
    """Return the distance up to which a scenario was fitted.

    Examples
    --------
    >>> greatest_distance_m("RMa", is_line_of_sight=True)
    10000.0
    """
    _kind(scenario)
    limits = LIMITS[scenario]
    return limits.sight_distance_m if is_line_of_sight else limits.hidden_distance_m


def shadow_fading_db(
    distance_m: npt.ArrayLike,
    *,
    scenario: Scenario,
    frequency_mhz: float,
    tx_height_m: float,
    rx_height_m: float,
    is_line_of_sight: bool,
) -> Array:
    """Return the standard deviation of shadow fading (table 7.4.1-1).

    Parameters
    ----------
    distance_m : array_like
        Distance on the ground; only RMa in line of sight depends on it, through its breakpoint.
    scenario : {"RMa", "UMa", "UMi", "InH-Office"}
    frequency_mhz, tx_height_m, rx_height_m : float
        As in `path_loss_db`.
    is_line_of_sight : bool

    Returns
    -------
    ndarray of float64
        dB, shape of `distance_m`.

    Examples
    --------
    >>> options = {"frequency_mhz": 800.0, "tx_height_m": 35.0, "rx_height_m": 1.5}
    >>> shadow_fading_db([500.0, 5_000.0], scenario="RMa", is_line_of_sight=True, **options)
    array([4., 6.])
    """
    kind = _kind(scenario)
    distance = np.asarray(distance_m, dtype=np.float64)
    if not is_line_of_sight:
        return np.full(distance.shape, (8.0, 6.0, 7.82, 8.03)[kind])
    if kind == RURAL:
        breakpoint_m = 2.0 * np.pi * tx_height_m * rx_height_m * frequency_mhz * 1e6 / SPEED_OF_LIGHT_M_S
        return np.where(distance <= breakpoint_m, 4.0, 6.0)
    return np.full(distance.shape, (4.0, 4.0, 4.0, 3.0)[kind])


def _kind(scenario: str) -> int:
    if scenario not in SCENARIOS:
        allowed = ", ".join(SCENARIOS)
        raise ModelRangeError("model_choice", name="scenario", value=str(scenario), allowed=allowed)
    return SCENARIOS[scenario]


def _check_range(name: str, value: float, limits: tuple[float, float]) -> None:
    low, high = limits
    if not low <= value <= high:
        raise ModelRangeError("model_range", name=name, value=value, allowed=f"{low:g} .. {high:g}")


def _losses(distance_m: Array, is_sight: bool, setting: Setting) -> Array:
    return np.asarray(_fill_losses(distance_m.ravel(), is_sight, setting)).reshape(distance_m.shape)


def _probabilities(distance_m: Array, kind: int, rx_height_m: float) -> Array:
    filled = _fill_probabilities(distance_m.ravel(), kind, rx_height_m)
    return np.asarray(filled).reshape(distance_m.shape)


@njit(cache=True, error_model="numpy", nogil=True)
def _fill_losses(distance_m: Array, is_sight: bool, setting: Setting) -> Array:
    filled = np.empty(distance_m.size)
    for i in range(distance_m.size):
        filled[i] = setting_loss_db(distance_m[i], is_sight, setting)
    return filled


@njit(cache=True, error_model="numpy", nogil=True)
def _fill_probabilities(distance_m: Array, kind: int, rx_height_m: float) -> Array:
    filled = np.empty(distance_m.size)
    for i in range(distance_m.size):
        filled[i] = sight_probability(distance_m[i], kind, rx_height_m)
    return filled


@njit(cache=True, error_model="numpy", nogil=True)
def setting_loss_db(distance_m: float, is_sight: bool, setting: Setting) -> float:
    """Loss at one distance on the ground, unchecked: the kernel that areas share (table 7.4.1-1)."""
    reach_m = math.hypot(distance_m, setting.tx_height_m - setting.rx_height_m)
    distance, frequency = math.log10(reach_m), math.log10(setting.frequency_ghz)
    if setting.kind == RURAL:
        sight = _rural_sight_db(distance_m, setting)
        hidden = _rural_hidden_db(reach_m, setting)
    elif setting.kind == URBAN_MACRO:
        sight = _urban_sight_db(distance_m, setting)
        hidden = 13.54 + 39.08 * distance + 20.0 * frequency - 0.6 * (setting.rx_height_m - 1.5)
    elif setting.kind == URBAN_MICRO:
        sight = _urban_sight_db(distance_m, setting)
        hidden = 22.4 + 35.3 * distance + 21.3 * frequency - 0.3 * (setting.rx_height_m - 1.5)
    else:
        sight = 32.4 + 17.3 * distance + 20.0 * frequency
        hidden = 17.3 + 38.3 * distance + 24.9 * frequency
    return sight if is_sight else max(sight, hidden)


@njit(cache=True, error_model="numpy", nogil=True)
def _rural_sight_db(distance_m: float, setting: Setting) -> float:
    """RMa in line of sight: PL1 to the breakpoint d_BP (note 5), PL2 beyond."""
    tx_m, rx_m, f_ghz = setting.tx_height_m, setting.rx_height_m, setting.frequency_ghz
    break_m = 2.0 * math.pi * tx_m * rx_m * f_ghz * 1e9 / SPEED_OF_LIGHT_M_S
    building_m = setting.building_height_m
    slope = min(0.03 * building_m**1.72, 10.0)
    offset = min(0.044 * building_m**1.72, 14.77)
    near_m = math.hypot(min(distance_m, break_m), tx_m - rx_m)
    loss = (
        20.0 * math.log10(40.0 * math.pi * near_m * f_ghz / 3.0)
        + slope * math.log10(near_m)
        - offset
        + 0.002 * math.log10(building_m) * near_m
    )
    if distance_m > break_m:
        loss += 40.0 * math.log10(math.hypot(distance_m, tx_m - rx_m) / near_m)
    return loss


@njit(cache=True, error_model="numpy", nogil=True)
def _rural_hidden_db(reach_m: float, setting: Setting) -> float:
    """RMa without line of sight, PL' before it is held to the line-of-sight loss."""
    height, building_m = math.log10(setting.tx_height_m), setting.building_height_m
    return (
        161.04
        - 7.1 * math.log10(setting.street_width_m)
        + 7.5 * math.log10(building_m)
        - (24.37 - 3.7 * (building_m / setting.tx_height_m) ** 2) * height
        + (43.42 - 3.1 * height) * (math.log10(reach_m) - 3.0)
        + 20.0 * math.log10(setting.frequency_ghz)
        - (3.2 * math.log10(11.75 * setting.rx_height_m) ** 2 - 4.97)
    )


@njit(cache=True, error_model="numpy", nogil=True)
def _urban_sight_db(distance_m: float, setting: Setting) -> float:
    """UMa or UMi in line of sight: PL1 to the breakpoint d'_BP (note 1), PL2 beyond."""
    is_macro = setting.kind == URBAN_MACRO
    ground_m = setting.environment_height_m if is_macro else 1.0
    heights_m2 = (setting.tx_height_m - ground_m) * (setting.rx_height_m - ground_m)
    break_m = 4.0 * heights_m2 * setting.frequency_ghz * 1e9 / SPEED_OF_LIGHT_M_S
    rise_m = setting.tx_height_m - setting.rx_height_m
    distance = math.log10(math.hypot(distance_m, rise_m))
    start, slope, fold = (28.0, 22.0, 9.0) if is_macro else (32.4, 21.0, 9.5)
    frequency = 20.0 * math.log10(setting.frequency_ghz)
    if distance_m <= break_m:
        return start + slope * distance + frequency
    return start + 40.0 * distance + frequency - fold * math.log10(break_m**2 + rise_m**2)


@njit(cache=True, error_model="numpy", nogil=True)
def sight_probability(distance_m: float, kind: int, rx_height_m: float) -> float:
    """Probability of line of sight at one distance on the ground, unchecked (table 7.4.2-1)."""
    if math.isnan(distance_m):
        return math.nan
    if kind == RURAL:
        return math.exp(-max(distance_m - 10.0, 0.0) / 1_000.0)
    if kind == OFFICE:
        if distance_m < 6.5:
            return math.exp(-max(distance_m - 1.2, 0.0) / 4.7)
        return 0.32 * math.exp(-(distance_m - 6.5) / 32.6)
    if distance_m <= 18.0:
        return 1.0
    fade_m = 63.0 if kind == URBAN_MACRO else 36.0
    near = 18.0 / distance_m
    probability = near + math.exp(-distance_m / fade_m) * (1.0 - near)
    if kind == URBAN_MACRO and rx_height_m > 13.0:
        high = ((min(rx_height_m, 23.0) - 13.0) / 10.0) ** 1.5
        probability *= 1.0 + high * 1.25 * (distance_m / 100.0) ** 3 * math.exp(-distance_m / 150.0)
    return probability
