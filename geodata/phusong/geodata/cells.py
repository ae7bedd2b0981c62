"""Cells of a list: placed on their masts, with defaults by band where the list is silent."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from phusong.coverage.errors import InputError
from phusong.coverage.method import TECHNOLOGIES
from phusong.coverage.radio.bands import cell_defaults, default_frequency_mhz
from phusong.geodata.columns import plain_text
from phusong.geodata.completion import Completed
from phusong.geodata.sites import OMNI_GAIN_DBI, ON_AIR, UNKNOWN_OPERATOR
from phusong.geodata.store.folder import FolderStore

ALWAYS_NEEDED = ("site_id", "technology")
"""Columns that have no default."""


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
    running: dict[str, int] = {}
    records = []
    for row in rows:
        site = by_id.get(str(row.get("site_id")), {})
        record = _filled({str(name): value for name, value in row.items()}, site)
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
    return Completed(placed, assumed=tuple(assumed), notes={"cells_on_known_sites": int(np.sum(known))})


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
    usual = cell_defaults(known_technology, frequency_mhz=frequency_mhz)
    is_omni = "azimuth_deg" not in given
    defaults = {
        "operator": operator or UNKNOWN_OPERATOR,
        "frequency_mhz": frequency,
        "bandwidth_mhz": usual.bandwidth_mhz,
        "antenna_height_m": _mast_height_m(site, usual.antenna_height_m),
        "downtilt_deg": 0.0 if is_omni else usual.downtilt_deg,
        "power_dbm": usual.power_dbm,
        "antenna_gain_dbi": OMNI_GAIN_DBI if is_omni else usual.antenna_gain_dbi,
        "horizontal_beamwidth_deg": 360.0 if is_omni else usual.horizontal_beamwidth_deg,
        "vertical_beamwidth_deg": usual.vertical_beamwidth_deg,
        "is_on_air": plain_text(site.get("status")) in (None, ON_AIR),
    }
    told = [name for name in str(given.get("assumed", "")).split(";") if name]
    assumed = ";".join(dict.fromkeys([*told, *(name for name in defaults if name not in given)]))
    empty = {"site_id": None, "technology": None, "azimuth_deg": None}
    return {**empty, **defaults, **given, "assumed": assumed or None}


def _mast_height_m(site: Mapping[str, Any], usual_m: float) -> float:
    """Height the site tells for its antennas, or of its mast."""
    for name in ("antenna_height_m", "mast_height_m"):
        if plain_text(site.get(name)) is not None:
            return float(site[name])
    return usual_m


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
