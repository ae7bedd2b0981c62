"""A cell: one carrier sent by one antenna on one mast."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from phusong.coverage.errors import InputError
from phusong.coverage.radio.bands import allowed_bandwidths_mhz, is_bandwidth_allowed
from phusong.coverage.radio.tabulated import AntennaPattern


@dataclass(frozen=True, slots=True)
class Cell:
    """One carrier sent by one antenna on one mast.

    Attributes
    ----------
    cell_id, site_id, operator : str
    technology : str
        ``"4G"`` or ``"5G"``.
    frequency_mhz, bandwidth_mhz : float
        Centre and width of the downlink carrier.
    x_m, y_m : float
        Mast in the study CRS.
    antenna_height_m : float
        Above ground.
    azimuth_deg : float or None
        Direction the sector looks, clockwise from grid north; None for an omni antenna.
    downtilt_deg : float
        Electrical tilt below the horizon.
    power_dbm : float
        Total power at the antenna port.
    antenna_gain_dbi : float
    horizontal_beamwidth_deg, vertical_beamwidth_deg : float
        Half-power beamwidths.
    antenna : str or None
        Name of a measured antenna; None for the sector or omni antenna of the beamwidths.
    mechanical_tilt_deg : float
        How far the antenna leans forward, on top of the electrical tilt.
    mimo_layers : int
        Streams the cell can send to one handset at a time.
    pattern : AntennaPattern or None
        What ``antenna`` measures; None where that is unknown.

    Raises
    ------
    InputError
        ``cell_range`` names the first value that is not allowed; ``technology_unknown``.
    """

    cell_id: str
    site_id: str
    operator: str
    technology: str
    frequency_mhz: float
    bandwidth_mhz: float
    x_m: float
    y_m: float
    antenna_height_m: float
    azimuth_deg: float | None
    downtilt_deg: float
    power_dbm: float
    antenna_gain_dbi: float
    horizontal_beamwidth_deg: float
    vertical_beamwidth_deg: float
    antenna: str | None = None
    mechanical_tilt_deg: float = 0.0
    mimo_layers: int = 2
    pattern: AntennaPattern | None = None

    def __post_init__(self) -> None:
        for name, (low, high) in CELL_RANGES.items():
            value = getattr(self, name)
            if value is None and name == "azimuth_deg":
                continue
            if not (math.isfinite(value) and low <= value <= high):
                allowed = f"{low:g} .. {high:g}"
                raise self._refusal(name, allowed)
        if self.mimo_layers not in MIMO_LAYERS:
            raise self._refusal("mimo_layers", ", ".join(map(str, MIMO_LAYERS)))
        if not is_bandwidth_allowed(
            self.technology, frequency_mhz=self.frequency_mhz, bandwidth_mhz=self.bandwidth_mhz
        ):
            widths_mhz = allowed_bandwidths_mhz(self.technology, frequency_mhz=self.frequency_mhz)
            raise self._refusal("bandwidth_mhz", ", ".join(f"{width:g}" for width in widths_mhz))

    def _refusal(self, name: str, allowed: str) -> InputError:
        value = getattr(self, name)
        return InputError("cell_range", cell_id=self.cell_id, name=name, value=value, allowed=allowed)

    @property
    def is_omni(self) -> bool:
        """True where the antenna sends alike in all directions."""
        return self.azimuth_deg is None


MIMO_LAYERS = tuple(range(1, 9))
"""Numbers of streams to one handset that LTE and NR know (TS 36.211 section 6.3, TS 38.211 section 7.3)."""
CELL_RANGES: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        "frequency_mhz": (30.0, 6_000.0),
        "x_m": (-1e8, 1e8),
        "y_m": (-1e8, 1e8),
        "antenna_height_m": (0.5, 500.0),
        "azimuth_deg": (0.0, 360.0),
        "downtilt_deg": (-30.0, 45.0),
        "power_dbm": (-30.0, 80.0),
        "antenna_gain_dbi": (-20.0, 40.0),
        "horizontal_beamwidth_deg": (1.0, 360.0),
        "vertical_beamwidth_deg": (1.0, 360.0),
        "mechanical_tilt_deg": (-30.0, 45.0),
    }
)
"""Least and greatest value of each number of a cell."""
