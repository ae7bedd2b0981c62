"""What a new mast may have: bands, usual values, ranges and assumed costs, for whoever fills in a form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from phusong.app.newmast import MAX_SECTORS
from phusong.coverage.method import TECHNOLOGIES
from phusong.coverage.placement.costs import CostModel
from phusong.coverage.radio.bands import BANDS, Band, band_of
from phusong.coverage.radio.cell import CELL_RANGES
from phusong.coverage.radio.stations import cell_defaults

_RANGED = ("antenna_height_m", "azimuth_deg", "downtilt_deg", "power_dbm")


def mast_options(cells: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return what may be asked of a new mast.

    Parameters
    ----------
    cells : sequence of mapping
        Cells on air: ``operator``, ``technology``, ``frequency_mhz``.

    Returns
    -------
    dict
        ``technologies``, ``operators`` (on air first), ``bands`` (by technology, with usual values and who is
        on air there or holds a block), ``ranges``, ``most_sectors``, ``costs`` (assumed, million VND).
    """
    on_air = {(one["operator"], one["technology"], _name(one["frequency_mhz"])) for one in cells}
    holders = {block.operator for band in BANDS for block in band.blocks}
    own = sorted({operator for operator, _, _ in on_air})
    costs = CostModel()
    return {
        "technologies": list(TECHNOLOGIES),
        "operators": [*own, *sorted(holders - set(own))],
        "bands": [
            _band(band, technology, on_air)
            for technology in TECHNOLOGIES
            for band in BANDS
            if technology in band.technologies
        ],
        "ranges": {name: list(CELL_RANGES[name]) for name in _RANGED},
        "most_sectors": MAX_SECTORS,
        "costs": {
            "mast_mvnd": [[height_m, cost] for height_m, cost in sorted(costs.mast_mvnd.items())],
            "radio_mvnd": costs.radio_mvnd,
        },
    }


def _name(frequency_mhz: float) -> str | None:
    band = band_of(frequency_mhz)
    return None if band is None else band.name


def _band(band: Band, technology: str, on_air: set[tuple[str, str, str | None]]) -> dict[str, Any]:
    middle_mhz = (band.downlink_low_mhz + band.downlink_high_mhz) / 2.0
    usual = cell_defaults(technology, frequency_mhz=middle_mhz)
    sending = {operator for operator, kind, name in on_air if (kind, name) == (technology, band.name)}
    return {
        "technology": technology,
        "band": band.name,
        "numbers": list(band.numbers),
        "on_air": sorted(sending),
        "holders": sorted({block.operator for block in band.blocks}),
        "power_dbm": usual.power_dbm,
        "downtilt_deg": usual.downtilt_deg,
        "height_m": usual.antenna_height_m,
        "azimuths_deg": list(usual.azimuths_deg),
    }
