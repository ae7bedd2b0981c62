"""A mast that does not stand yet, from the little that is said of it; the rest is assumed and named."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pyproj

from phusong.app.compute.inputs import ComputeInputs
from phusong.coverage.errors import InputError
from phusong.coverage.radio.bands import (
    BANDS,
    Band,
    band_of,
    blocks_of,
    given_frequency_mhz,
    named_band,
)
from phusong.coverage.radio.cell import Cell
from phusong.coverage.radio.stations import cell_defaults

NEW_SITE = "new"
MAX_SECTORS = 12
_OF_ONE_CELL = ("cell_id", "azimuth_deg", "pattern", "antenna")


@dataclass(frozen=True, slots=True)
class MastWish:
    """What is asked.

    Attributes
    ----------
    lon_deg, lat_deg : float
        WGS 84.
    height_m : float
        Antenna above ground.
    band : str
        Name or 3GPP number of a band, or a frequency in MHz.
    azimuths_deg : tuple of float, optional
        One sector each; an empty tuple asks for an omni antenna, None for the usual three.
    power_dbm : float, optional
    operator, technology : str, optional
    """

    lon_deg: float
    lat_deg: float
    height_m: float
    band: str
    azimuths_deg: tuple[float, ...] | None = None
    power_dbm: float | None = None
    operator: str | None = None
    technology: str | None = None


@dataclass(frozen=True, slots=True)
class NewMast:
    """Cells of a new mast.

    Attributes
    ----------
    cells : tuple of Cell
    assumed : tuple of str
        What was not said.
    """

    cells: tuple[Cell, ...]
    assumed: tuple[str, ...]

    def record(self) -> dict[str, Any]:
        """Return the mast as plain values, for JSON."""
        lead = self.cells[0]
        shared = {name: value for name, value in asdict(lead).items() if name not in _OF_ONE_CELL}
        azimuths_deg = [cell.azimuth_deg for cell in self.cells if cell.azimuth_deg is not None]
        return {**shared, "azimuths_deg": azimuths_deg, "assumed": list(self.assumed)}


def new_mast(inputs: ComputeInputs, wish: MastWish) -> NewMast:
    """Fill in a mast.

    A carrier that the operator sends in the band already is taken, so that the mast joins its network; else
    the operator's block, else the middle of the band.

    Raises
    ------
    InputError
        ``coordinate``, ``band_unknown``, ``operator_unknown``, ``sectors_many``, ``cell_range``,
        ``technology_unknown``, ``mast_outside``.
    """
    _check_place(wish)
    technology = wish.technology or _technology_of(wish.band)
    operator = _known_operator(inputs, wish.operator) or _busiest_operator(inputs, technology)
    frequency_mhz = _frequency_mhz(inputs, wish.band, operator=operator, technology=technology)
    usual = cell_defaults(technology, frequency_mhz=frequency_mhz)
    azimuths_deg = usual.azimuths_deg if wish.azimuths_deg is None else wish.azimuths_deg
    if len(azimuths_deg) > MAX_SECTORS:
        raise InputError("sectors_many", value=len(azimuths_deg), allowed=MAX_SECTORS)
    to_metres = _to_metres(inputs.grid.epsg)
    x_m, y_m = to_metres.transform(wish.lon_deg, wish.lat_deg)
    if not (np.isfinite([x_m, y_m]).all() and inputs.grid.contains(x_m, y_m)):
        raise InputError("mast_outside", site_id=NEW_SITE)
    cells = tuple(
        Cell(
            cell_id=f"{NEW_SITE}-{place + 1}",
            site_id=NEW_SITE,
            operator=operator,
            technology=technology,
            frequency_mhz=frequency_mhz,
            bandwidth_mhz=_bandwidth_mhz(inputs, operator, technology, frequency_mhz, usual.bandwidth_mhz),
            x_m=round(float(x_m), 3),
            y_m=round(float(y_m), 3),
            antenna_height_m=wish.height_m,
            azimuth_deg=azimuth_deg,
            downtilt_deg=0.0 if azimuth_deg is None else usual.downtilt_deg,
            power_dbm=usual.power_dbm if wish.power_dbm is None else wish.power_dbm,
            antenna_gain_dbi=usual.omni_gain_dbi if azimuth_deg is None else usual.antenna_gain_dbi,
            horizontal_beamwidth_deg=360.0 if azimuth_deg is None else usual.horizontal_beamwidth_deg,
            vertical_beamwidth_deg=usual.vertical_beamwidth_deg,
            mimo_layers=usual.mimo_layers,
        )
        for place, azimuth_deg in enumerate(azimuths_deg or (None,))
    )
    return NewMast(cells, _assumed(wish))


@functools.cache
def _to_metres(epsg: int) -> pyproj.Transformer:
    return pyproj.Transformer.from_crs(4326, epsg, always_xy=True)


def _check_place(wish: MastWish) -> None:
    is_place = -180.0 <= wish.lon_deg <= 180.0 and -90.0 <= wish.lat_deg <= 90.0
    if not is_place:
        raise InputError("coordinate", value=f"{wish.lon_deg},{wish.lat_deg}"[:80])


def _assumed(wish: MastWish) -> tuple[str, ...]:
    asked = {
        "azimuth_deg": wish.azimuths_deg,
        "operator": wish.operator,
        "power_dbm": wish.power_dbm,
        "technology": wish.technology,
    }
    usual = ("antenna_gain_dbi", "bandwidth_mhz", "downtilt_deg", "frequency_mhz", "vertical_beamwidth_deg")
    return tuple(sorted([*usual, *(name for name, value in asked.items() if value is None)]))


def _band(text: str) -> Band | None:
    """Band of a name or number; None for a frequency outside all bands."""
    return named_band(text) or band_of(given_frequency_mhz(text))


def _technology_of(text: str) -> str:
    """Read the technology off a band number (B3, n78); otherwise take 4G wherever it may run."""
    letter = text.strip()[:1].lower()
    if letter in ("n", "b"):
        return "5G" if letter == "n" else "4G"
    band = _band(text)
    return "4G" if band is None or "4G" in band.technologies else "5G"


def _known_operator(inputs: ComputeInputs, operator: str | None) -> str | None:
    """Refuse a name that neither the study nor the list of spectrum holders knows: most likely a slip."""
    holders = {block.operator for band in BANDS for block in band.blocks}
    known = holders | {cell.operator for cell in inputs.cells}
    if operator is not None and operator not in known:
        raise InputError("operator_unknown", value=operator[:80], allowed=", ".join(sorted(known)))
    return operator


def _busiest_operator(inputs: ComputeInputs, technology: str) -> str:
    same = Counter(cell.operator for cell in inputs.cells if cell.technology == technology)
    every = same or Counter(cell.operator for cell in inputs.cells)
    if not every:
        raise InputError("operator_needed")
    return min(every, key=lambda name: (-every[name], name))


def _frequency_mhz(inputs: ComputeInputs, text: str, *, operator: str, technology: str) -> float:
    band = _band(text)
    if band is None or named_band(text) is None:
        return given_frequency_mhz(text)
    own = Counter(
        cell.frequency_mhz
        for cell in inputs.cells
        if cell.operator == operator and cell.technology == technology and band_of(cell.frequency_mhz) == band
    )
    if own:
        return min(own, key=lambda frequency_mhz: (-own[frequency_mhz], frequency_mhz))
    for block in blocks_of(operator, technology=technology):
        if band_of(block.centre_mhz) == band:
            return block.centre_mhz
    return (band.downlink_low_mhz + band.downlink_high_mhz) / 2.0


def _bandwidth_mhz(
    inputs: ComputeInputs, operator: str, technology: str, frequency_mhz: float, usual_mhz: float
) -> float:
    """Width of the operator's own carrier there, else the usual one."""
    own: Sequence[float] = [
        cell.bandwidth_mhz
        for cell in inputs.cells
        if (cell.operator, cell.technology, cell.frequency_mhz) == (operator, technology, frequency_mhz)
    ]
    return max(own, default=usual_mhz)
