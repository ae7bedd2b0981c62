"""What to assume of a station by its kind, where a list is silent.

Every value is an assumption about an ordinary station, never a fact about a given mast: whoever fills one
in has to name the column in ``assumed``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from phusong.coverage.errors import InputError
from phusong.coverage.method import TECHNOLOGIES
from phusong.coverage.radio.bands import TDD_FROM_MHZ

MACRO = "macro"


@dataclass(frozen=True, slots=True)
class CellDefaults:
    """What to assume of a cell.

    Attributes
    ----------
    bandwidth_mhz : float
    power_dbm : float
        Total power at the antenna port.
    antenna_gain_dbi : float
        Of a sector antenna.
    horizontal_beamwidth_deg, vertical_beamwidth_deg : float
        Half-power beamwidths of a sector antenna.
    downtilt_deg : float
        Electrical tilt below the horizon of a sector antenna.
    mimo_layers : int
        Streams to one handset.
    antenna_height_m : float
        Above ground.
    azimuths_deg : tuple of float
        Sectors of a mast; empty where omni antennas are usual.
    omni_gain_dbi : float
        Gain of an omni antenna, where that is what the station has.
    """

    bandwidth_mhz: float
    power_dbm: float
    antenna_gain_dbi: float
    horizontal_beamwidth_deg: float
    vertical_beamwidth_deg: float
    downtilt_deg: float
    mimo_layers: int = 2
    antenna_height_m: float = 36.0
    azimuths_deg: tuple[float, ...] = (0.0, 120.0, 240.0)
    omni_gain_dbi: float = 11.0


# 46 dBm is two 20 W branches; 53 dBm (200 W) an ordinary massive-MIMO unit. Its gain is that of the broad
# broadcast beam, which carries the synchronisation signals, not the gain of the narrow traffic beams.
_BELOW_1_GHZ = CellDefaults(10.0, 46.0, 15.0, 65.0, 10.0, 3.0)
_BELOW_TDD = CellDefaults(20.0, 46.0, 17.5, 65.0, 7.0, 4.0)
_TDD_4G = CellDefaults(20.0, 46.0, 17.5, 65.0, 7.0, 4.0)
_TDD_5G = CellDefaults(100.0, 53.0, 18.0, 65.0, 7.0, 5.0, mimo_layers=4)


@dataclass(frozen=True, slots=True)
class _Kind:
    """How a kind of station differs from a macro station of the same band."""

    height_m: float
    azimuths_deg: tuple[float, ...]
    omni_gain_dbi: float
    most_power_dbm: float
    is_small: bool = False


_KINDS: Mapping[str, _Kind] = MappingProxyType(
    {
        MACRO: _Kind(36.0, (0.0, 120.0, 240.0), 11.0, 80.0),
        # One sector of a far station on a fibre-fed radio head.
        "remote_sector": _Kind(30.0, (0.0,), 11.0, 80.0),
        # On a truck or trailer, with a telescopic mast.
        "mobile": _Kind(15.0, (), 11.0, 43.0),
        # 5 W is the middle of what outdoor repeaters send.
        "repeater": _Kind(24.0, (0.0,), 11.0, 37.0),
        # 3GPP TR 36.872 table A.1-2: 30 dBm, 5 dBi, 10 m.
        "small_cell": _Kind(10.0, (), 5.0, 30.0, is_small=True),
        # 3GPP TR 36.814 table A.2.1.1-4 (24 dBm, 0 dBi, omni) on a ceiling of 3 m (TR 38.901 section 7.2).
        "indoor": _Kind(3.0, (), 0.0, 24.0, is_small=True),
    }
)
STATION_KINDS = tuple(_KINDS)
"""Kinds of station that have defaults of their own."""


def cell_defaults(technology: str, *, frequency_mhz: float, kind: str = MACRO) -> CellDefaults:
    """Return what to assume of a cell where the data say nothing.

    Parameters
    ----------
    technology : str
    frequency_mhz : float
    kind : str
        One of `STATION_KINDS`.

    Raises
    ------
    InputError
        ``technology_unknown``, or ``station_unknown`` for a kind that is none.

    Examples
    --------
    >>> cell_defaults("5G", frequency_mhz=2550).bandwidth_mhz
    100.0
    >>> small = cell_defaults("4G", frequency_mhz=1842.5, kind="small_cell")
    >>> small.power_dbm, small.antenna_height_m, small.omni_gain_dbi, small.azimuths_deg
    (30.0, 10.0, 5.0, ())
    """
    if technology not in TECHNOLOGIES:
        raise InputError("technology_unknown", value=technology, allowed=", ".join(TECHNOLOGIES))
    own = _KINDS.get(kind)
    if own is None:
        raise InputError("station_unknown", value=kind, allowed=", ".join(STATION_KINDS))
    usual = _of_band(technology, frequency_mhz)
    return replace(
        usual,
        power_dbm=min(usual.power_dbm, own.most_power_dbm),
        antenna_gain_dbi=own.omni_gain_dbi if own.is_small else usual.antenna_gain_dbi,
        # What F.1336-5 recommends 2 gives an omni antenna of that gain; no wider than a half sphere.
        vertical_beamwidth_deg=min(round(107.6 * 10.0 ** (-own.omni_gain_dbi / 10.0), 1), 90.0)
        if own.is_small
        else usual.vertical_beamwidth_deg,
        downtilt_deg=0.0 if own.is_small else usual.downtilt_deg,
        mimo_layers=min(usual.mimo_layers, 2) if own.is_small else usual.mimo_layers,
        antenna_height_m=own.height_m,
        azimuths_deg=own.azimuths_deg,
        omni_gain_dbi=own.omni_gain_dbi,
    )


def _of_band(technology: str, frequency_mhz: float) -> CellDefaults:
    if frequency_mhz < 1_000:
        return _BELOW_1_GHZ
    if frequency_mhz < TDD_FROM_MHZ:
        return _BELOW_TDD
    return _TDD_4G if technology == "4G" else _TDD_5G
