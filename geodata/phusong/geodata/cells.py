"""Cells of a list: placed on their masts, with defaults by band where the list is silent."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from phusong.coverage.errors import Finding, InputError
from phusong.coverage.method import TECHNOLOGIES
from phusong.coverage.radio.bands import default_frequency_mhz
from phusong.coverage.radio.cell import MIMO_LAYERS
from phusong.coverage.radio.stations import cell_defaults
from phusong.coverage.radio.tabulated import AntennaPattern
from phusong.geodata.antennas import antenna_patterns, pattern_of, with_antenna_values
from phusong.geodata.columns import plain_text
from phusong.geodata.completion import Completed
from phusong.geodata.sites import (
    ON_AIR,
    UNKNOWN_OPERATOR,
    antenna_defaults,
    antenna_height_on_mast_m,
    station_kind,
)
from phusong.geodata.store.folder import FolderStore

ALWAYS_NEEDED = ("site_id", "technology")
"""Columns that have no default."""
HANDSET_ANTENNAS = 4
NAMES_SHOWN = 5


def complete_cells(frame: gpd.GeoDataFrame, store: FolderStore) -> Completed:
    """Place cells on the masts of the study and fill what the list leaves open.

    Every column filled is named in the row's ``assumed``. An empty azimuth means an omni antenna.

    Raises
    ------
    InputError
        ``cells_need_sites`` when the study has no sites yet.
    """
    if not store.has("sites"):
        raise InputError("cells_need_sites")
    sites = store.table("sites")
    by_id = {str(row["site_id"]): row for row in sites.to_dict("records")}
    rows = frame.drop(columns="geometry").to_dict("records")
    patterns = antenna_patterns(store)
    running: dict[str, int] = {}
    records = []
    for row in rows:
        site = by_id.get(str(row.get("site_id")), {})
        record = _filled({str(name): value for name, value in row.items()}, site)
        pattern = pattern_of(record.get("antenna"), patterns)
        if pattern is not None:
            record = with_antenna_values(record, pattern)
        records.append({**record, "cell_id": _cell_id(record, running)})
    columns = {name for record in records for name in record} - _absent(frame)
    table = pd.DataFrame(
        {name: [record.get(name) for record in records] for name in sorted(columns)}, dtype=object
    )
    # a cell of an unknown site is refused by the contract; until then it stands where the list says
    points = [
        by_id.get(str(row.get("site_id")), {}).get("geometry", point)
        for row, point in zip(rows, frame.geometry, strict=True)
    ]
    placed = gpd.GeoDataFrame(table, geometry=gpd.GeoSeries(points, crs=frame.crs), crs=frame.crs)
    known = placed["site_id"].isin(by_id) if "site_id" in placed else np.zeros(len(placed), dtype=bool)
    assumed = sorted({name for record in records for name in str(record["assumed"] or "").split(";") if name})
    return Completed(
        placed,
        findings=tuple(_unknown_antennas(placed, patterns)),
        assumed=tuple(assumed),
        notes={"cells_on_known_sites": int(np.sum(known))},
    )


def _unknown_antennas(cells: gpd.GeoDataFrame, patterns: Mapping[str, AntennaPattern]) -> list[Finding]:
    """Say which antennas are named but not known: their cells send like an ordinary sector or omni."""
    if "antenna" not in cells:
        return []
    names = {plain_text(name) for name in cells["antenna"]} - {None}
    unknown = sorted(str(name) for name in names if pattern_of(name, patterns) is None)
    if not unknown:
        return []
    more = f" (+{len(unknown) - NAMES_SHOWN})" if len(unknown) > NAMES_SHOWN else ""
    told = ", ".join(unknown[:NAMES_SHOWN]) + more
    return [Finding(code="unknown_antenna", column="antenna", value=told, severity="warning")]


def _absent(frame: gpd.GeoDataFrame) -> set[str]:
    """Columns that cannot be filled and are not there: the contract names them as missing."""
    return {name for name in ALWAYS_NEEDED if name not in frame}


def _filled(row: Mapping[str, Any], site: Mapping[str, Any]) -> dict[str, Any]:
    given = {name: value for name, value in row.items() if plain_text(value) is not None}
    technology = given.get("technology")
    known_technology = technology if technology in TECHNOLOGIES else "4G"
    operator = (
        plain_text(given.get("operator")) or plain_text(site.get("operator")) or plain_text(site.get("owner"))
    )
    frequency = given.get("frequency_mhz", default_frequency_mhz(known_technology, operator=operator))
    frequency_mhz = frequency if isinstance(frequency, int | float) and math.isfinite(frequency) else 1_842.5
    usual = cell_defaults(known_technology, frequency_mhz=frequency_mhz, kind=station_kind(site))
    if "total_tilt_deg" in given:
        given = _with_electrical_tilt(given)
    if "mimo_layers" in given:
        given["mimo_layers"] = mimo_layers(given["mimo_layers"])
    defaults = {
        "operator": operator or UNKNOWN_OPERATOR,
        "frequency_mhz": frequency,
        "bandwidth_mhz": usual.bandwidth_mhz,
        "antenna_height_m": _mast_height_m(site, usual.antenna_height_m),
        "power_dbm": usual.power_dbm,
        **antenna_defaults(usual, is_omni="azimuth_deg" not in given),
        "mimo_layers": usual.mimo_layers,
        "is_on_air": plain_text(site.get("status")) in (None, ON_AIR),
    }
    told = [name for name in str(given.get("assumed", "")).split(";") if name]
    assumed = ";".join(dict.fromkeys([*told, *(name for name in defaults if name not in given)]))
    empty = {"site_id": None, "technology": None, "azimuth_deg": None}
    return {**empty, **defaults, **given, "assumed": assumed or None}


def _with_electrical_tilt(given: Mapping[str, Any]) -> dict[str, Any]:
    """Part the total tilt of a list into its tilts; what is no number stays for the contract to refuse."""
    total_deg, leaning_deg = given["total_tilt_deg"], given.get("mechanical_tilt_deg", 0.0)
    if not all(isinstance(angle, int | float) and math.isfinite(angle) for angle in (total_deg, leaning_deg)):
        return dict(given)
    rest = {name: value for name, value in given.items() if name != "total_tilt_deg"}
    return {"downtilt_deg": float(total_deg) - float(leaning_deg), **rest}


def mimo_layers(written: object) -> object:
    """Read a number of MIMO layers; what cannot be read stays as written, for the contract to refuse.

    ``4x2`` has as many layers as the smaller side has antennas. ``32T32R`` counts the antennas of the
    station only: a handset of today has four (3GPP TS 38.101-1 section 7.2).

    Examples
    --------
    >>> mimo_layers("2x2"), mimo_layers("MIMO 4T4R"), mimo_layers("64T64R"), mimo_layers(2), mimo_layers("?")
    (2, 4, 4, 2, '?')
    """
    text = plain_text(written) or ""
    if text.isdecimal():
        return int(text)
    sides = re.search(r"(\d{1,3})\s*[x×tT*]\s*(\d{1,3})", text)
    if sides is None:
        return text
    layers = min(int(sides[1]), int(sides[2]), HANDSET_ANTENNAS)
    return layers if layers in MIMO_LAYERS else text


def _mast_height_m(site: Mapping[str, Any], usual_m: float) -> float:
    """Height the site tells for its antennas, or of its mast."""
    if plain_text(site.get("antenna_height_m")) is not None:
        return float(site["antenna_height_m"])
    mast = plain_text(site.get("mast_height_m"))
    on_mast_m = antenna_height_on_mast_m(None if mast is None else float(site["mast_height_m"]))
    return usual_m if on_mast_m is None else on_mast_m


def _cell_id(record: Mapping[str, Any], running: dict[str, int]) -> object:
    if record.get("cell_id") is not None:
        return record["cell_id"]
    stem = f"{record['site_id']}-{record['technology']}-{plain_text(record['frequency_mhz'])}"
    running[stem] = running.get(stem, 0) + 1
    return f"{stem}-{running[stem]}"


def cells_moved(cells: gpd.GeoDataFrame, sites: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Put cells on the points that a new site list gives their masts."""
    points = dict(zip(sites["site_id"].astype(str), sites.geometry, strict=True))
    moved = [
        points.get(str(site_id), point)
        for site_id, point in zip(cells["site_id"], cells.geometry, strict=True)
    ]
    return cells.set_geometry(gpd.GeoSeries(moved, index=cells.index, crs=cells.crs))
