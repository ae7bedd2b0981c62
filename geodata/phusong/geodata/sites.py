"""Cells from a plain site list: what the list says, defaults for the rest, every default named."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

import geopandas as gpd
import pandas as pd

from phusong.coverage.method import TECHNOLOGIES
from phusong.coverage.radio.bands import band_of, default_frequency_mhz
from phusong.coverage.radio.cell import CELL_RANGES
from phusong.coverage.radio.stations import MACRO, STATION_KINDS, CellDefaults, cell_defaults

ON_AIR = "on_air"
UNKNOWN_OPERATOR = "Không rõ"
"""Operator of a cell where the list names neither an operator nor an owner."""
CELL_COLUMNS = (
    "cell_id",
    "site_id",
    "operator",
    "technology",
    "frequency_mhz",
    "bandwidth_mhz",
    "antenna_height_m",
    "azimuth_deg",
    "downtilt_deg",
    "power_dbm",
    "antenna_gain_dbi",
    "horizontal_beamwidth_deg",
    "vertical_beamwidth_deg",
    "mimo_layers",
    "is_on_air",
    "assumed",
)
_TECHNOLOGY_WORDS = {"4G": "4G", "LTE": "4G", "5G": "5G", "NR": "5G"}
_GENERATIONS = {**_TECHNOLOGY_WORDS, "GSM": "2G", "UMTS": "3G", "WCDMA": "3G", "HSPA": "3G"}
_SEPARATORS = re.compile(r"[;,/+|&\s]+")
_NAME_SEPARATORS = re.compile(r"[;,/+|&]+")


def derive_cells(sites: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Make the cells of a site list.

    Parameters
    ----------
    sites : GeoDataFrame
        Checked sites, one Point each. Of the optional columns ``operator``, ``technologies``,
        ``frequency_mhz``, ``azimuths_deg``, ``antenna_height_m`` and ``power_dbm`` what is there is used.

    Returns
    -------
    GeoDataFrame
        Cells in the columns of the cells table, in the CRS of the sites; ``assumed`` names the columns of
        each row that hold defaults. A site of 2G or 3G only has no cells.
    """
    records: list[dict[str, Any]] = []
    points: list[Any] = []
    for row, point in zip(sites.drop(columns="geometry").to_dict("records"), sites.geometry, strict=True):
        own = _cells_of({str(name): value for name, value in row.items()})
        records += own
        points += [point] * len(own)
    frame = pd.DataFrame(records, columns=list(CELL_COLUMNS))
    return gpd.GeoDataFrame(frame, geometry=gpd.GeoSeries(points, crs=sites.crs), crs=sites.crs)


def split_technologies(text: object) -> tuple[str, ...]:
    """Read a list of technologies; those other than 4G and 5G are left out.

    Examples
    --------
    >>> split_technologies("3G/LTE; 5g"), split_technologies(None)
    (('4G', '5G'), ())
    """
    words = [_TECHNOLOGY_WORDS.get(word.upper()) for word in _words(text)]
    return tuple(technology for technology in TECHNOLOGIES if technology in words)


def technology_words(text: object) -> tuple[str, ...]:
    """Read a list of technologies of any generation; a word that is none stays as written.

    Examples
    --------
    >>> technology_words("gsm; LTE, 7G")
    ('2G', '4G', '7G')
    """
    words = [word.upper() for word in _words(text)]
    return tuple(_GENERATIONS.get(word, word) for word in words)


def split_azimuths(text: object) -> tuple[float, ...]:
    """Read a list of azimuths in degrees.

    Raises
    ------
    ValueError
        When a part is no finite number.

    Examples
    --------
    >>> split_azimuths("0;120; 240"), split_azimuths(90.0)
    ((0.0, 120.0, 240.0), (90.0,))
    """
    azimuths = tuple(float(word) for word in _words(text))
    if not all(map(math.isfinite, azimuths)):
        raise ValueError(text)
    return azimuths


def _words(text: object) -> list[str]:
    if _is_missing(text):
        return []
    return [word for word in _SEPARATORS.split(str(text)) if word]


def _is_missing(value: object) -> bool:
    return value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value)) or value == ""


def _text(value: object) -> str | None:
    return None if _is_missing(value) else str(value).strip() or None


def _number(value: object) -> float | None:
    return None if _is_missing(value) else float(str(value))


def _cells_of(site: Mapping[str, Any]) -> list[dict[str, Any]]:
    technologies, is_technology_assumed = _technologies(site)
    running: dict[tuple[str, str], int] = {}
    cells = []
    for operator in _operators(site):
        for technology in technologies:
            frequency_mhz, is_frequency_assumed = _frequency(site, technology, technologies, operator)
            assumed = [
                name
                for name, is_assumed in (
                    ("operator", _text(site.get("operator")) is None),
                    ("technology", is_technology_assumed),
                    ("frequency_mhz", is_frequency_assumed),
                )
                if is_assumed
            ]
            for azimuth in split_azimuths(site.get("azimuths_deg")) or (None,):
                key = (technology, f"{frequency_mhz:g}")
                running[key] = running.get(key, 0) + 1
                cells.append(
                    {
                        "cell_id": f"{site['site_id']}-{technology}-{frequency_mhz:g}-{running[key]}",
                        "site_id": str(site["site_id"]),
                        "operator": operator,
                        "technology": technology,
                        "frequency_mhz": frequency_mhz,
                        **_antenna(site, technology, frequency_mhz, azimuth, assumed),
                        "is_on_air": _text(site.get("status")) in (None, ON_AIR),
                    }
                )
    return cells


def _operators(site: Mapping[str, Any]) -> Sequence[str]:
    """Operators on a mast; the owner stands in where none is named."""
    text = _text(site.get("operator")) or _text(site.get("owner")) or UNKNOWN_OPERATOR
    names = [name.strip() for name in _NAME_SEPARATORS.split(text)]
    return list(dict.fromkeys(name for name in names if name)) or [UNKNOWN_OPERATOR]


def _technologies(site: Mapping[str, Any]) -> tuple[tuple[str, ...], bool]:
    """Technologies of a mast and whether they are assumed."""
    if not _words(site.get("technologies")):
        return ("4G",), True
    return split_technologies(site.get("technologies")), False


def _frequency(
    site: Mapping[str, Any], technology: str, technologies: Sequence[str], operator: str
) -> tuple[float, bool]:
    """Frequency of a carrier and whether it is assumed.

    One frequency of a mast with several technologies is that of those which may run in its band.
    """
    given_mhz = _number(site.get("frequency_mhz"))
    if given_mhz is not None:
        band = band_of(given_mhz)
        if len(technologies) == 1 or band is None or technology in band.technologies:
            return given_mhz, False
    return default_frequency_mhz(technology, operator=operator), True


def _antenna(
    site: Mapping[str, Any],
    technology: str,
    frequency_mhz: float,
    azimuth_deg: float | None,
    assumed: Sequence[str],
) -> dict[str, Any]:
    """Antenna and power of a cell, with the names of all defaults of the cell."""
    usual = cell_defaults(technology, frequency_mhz=frequency_mhz, kind=station_kind(site))
    is_omni = azimuth_deg is None
    height_m = _number(site.get("antenna_height_m"))
    power_dbm = _number(site.get("power_dbm"))
    named = [
        *assumed,
        "bandwidth_mhz",
        *(["antenna_height_m"] if height_m is None else []),
        *(["azimuth_deg"] if is_omni else []),
        "downtilt_deg",
        *(["power_dbm"] if power_dbm is None else []),
        "antenna_gain_dbi",
        "horizontal_beamwidth_deg",
        "vertical_beamwidth_deg",
        "mimo_layers",
    ]
    if height_m is None:
        height_m = antenna_height_on_mast_m(_number(site.get("mast_height_m")))
    return {
        "bandwidth_mhz": usual.bandwidth_mhz,
        "antenna_height_m": usual.antenna_height_m if height_m is None else height_m,
        "azimuth_deg": math.nan if azimuth_deg is None else azimuth_deg,
        "power_dbm": usual.power_dbm if power_dbm is None else power_dbm,
        **antenna_defaults(usual, is_omni=is_omni),
        "mimo_layers": usual.mimo_layers,
        "assumed": ";".join(named),
    }


def antenna_defaults(usual: CellDefaults, *, is_omni: bool) -> dict[str, float]:
    """Return tilt, gain and beamwidths to assume of a sector or an omni antenna."""
    return {
        "downtilt_deg": 0.0 if is_omni else usual.downtilt_deg,
        "antenna_gain_dbi": usual.omni_gain_dbi if is_omni else usual.antenna_gain_dbi,
        "horizontal_beamwidth_deg": 360.0 if is_omni else usual.horizontal_beamwidth_deg,
        "vertical_beamwidth_deg": usual.vertical_beamwidth_deg,
    }


def antenna_height_on_mast_m(mast_height_m: float | None) -> float | None:
    """Return the height of an antenna at the top of its mast; None for a mast of no or an unlikely height."""
    low_m, high_m = CELL_RANGES["antenna_height_m"]
    return mast_height_m if mast_height_m is not None and low_m <= mast_height_m <= high_m else None


def station_kind(site: Mapping[str, Any]) -> str:
    """Return the kind of a site's station; an ordinary macro station where the list does not tell."""
    kind = _text(site.get("station_kind"))
    return kind if kind in STATION_KINDS else MACRO
