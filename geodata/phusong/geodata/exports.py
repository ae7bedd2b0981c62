"""Files to take away: XLSX, CSV, GeoJSON and GeoPackage, written whole or not at all."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import geopandas as gpd
import numpy as np
import openpyxl
import orjson
import pandas as pd
import pyogrio
import shapely
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE, WriteOnlyCell
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet._write_only import WriteOnlyWorksheet
from pyogrio.errors import DataSourceError

from phusong.coverage.errors import InputError
from phusong.geodata.crs import GEOGRAPHIC_EPSG
from phusong.geodata.store.atomic import replacing

Rows = Sequence[Mapping[str, Any]]
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_CELL_TEXT_MAX = 32_000
"""A cell of a workbook holds 32,767 characters."""
_SHEET_NAME_MAX = 31
_EXACT_INTEGER = 10**15
"""Spreadsheets keep 15 digits; a longer integer goes out as text."""


def write_table(
    path: Path,
    rows: Rows,
    headers: Mapping[str, str],
    *,
    lon_key: str = "lon",
    lat_key: str = "lat",
    shape_key: str | None = None,
    notes: Mapping[str, str] | None = None,
    sheet: str = "data",
    notes_sheet: str = "notes",
) -> int:
    """Write rows to a file in the format of its ending.

    Parameters
    ----------
    path : Path
        ``.xlsx``, ``.csv``, ``.geojson`` or ``.gpkg``.
    rows : sequence of mapping
        Values by key; None and NaN are left empty.
    headers : mapping of str to str
        Keys to write, in order, and the words above them. Geographic files carry the keys themselves.
    lon_key, lat_key : str
        Keys of longitude and latitude in degrees; rows of geographic files need them.
    shape_key : str, optional
        Key of a shape in degrees, for geographic files of areas or lines; then no longitude is needed.
    notes : mapping of str to str, optional
        The method record and remarks: a second sheet, a member of GeoJSON, a table of a GeoPackage. CSV has
        no room for them.
    sheet, notes_sheet : str
        Names of the sheets or tables.

    Returns
    -------
    int
        Number of rows written.

    Raises
    ------
    InputError
        ``export_format`` for another ending; ``export_no_place`` for a geographic file of rows without place;
        ``export_unwritable`` where the file cannot be written.
    """
    writer = _WRITERS.get(path.suffix.lower())
    if writer is None:
        raise InputError("export_format", value=path.suffix or path.name, allowed=" ".join(_WRITERS))
    is_placed = not rows or shape_key in rows[0] or (lon_key in rows[0] and lat_key in rows[0])
    if not is_placed and path.suffix.lower() in (".geojson", ".gpkg"):
        raise InputError("export_no_place", value=path.suffix.lower(), allowed=".xlsx .csv")
    table = _Table(rows, headers, (lon_key, lat_key), shape_key, notes or {}, (sheet, notes_sheet))
    try:
        with replacing(path) as partial:
            writer(partial, table)
    except (OSError, DataSourceError) as error:
        raise InputError("export_unwritable", path=str(path), detail=str(error)[:120]) from error
    return len(rows)


def safe_text(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula.

    Examples
    --------
    >>> safe_text("=1+1"), safe_text("Bản Na"), safe_text("-5")
    ("'=1+1", 'Bản Na', "'-5")
    """
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


@dataclass(frozen=True, slots=True)
class _Table:
    """What to write: see `write_table`."""

    rows: Rows
    headers: Mapping[str, str]
    place: tuple[str, str]
    shape_key: str | None
    notes: Mapping[str, str]
    names: tuple[str, str]


def _plain(value: object) -> object:
    """Return None, a bool, a finite number or text."""
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or value is pd.NA or (isinstance(value, float) and not math.isfinite(value)):
        return None
    if isinstance(value, int) and abs(value) >= _EXACT_INTEGER:
        return str(value)
    if isinstance(value, bool | int | float):
        return value
    if isinstance(value, Mapping | list | tuple):
        return orjson.dumps(value, default=str, option=orjson.OPT_SERIALIZE_NUMPY).decode()
    return _clean(str(value))


def _clean(text: str) -> str:
    """Drop control characters and halves of surrogate pairs, which no format carries."""
    return ILLEGAL_CHARACTERS_RE.sub("", text.encode("utf-8", "ignore").decode("utf-8"))


def _written(value: object) -> object:
    """Return what stands in a cell of a sheet: numbers as numbers, text that cannot run."""
    plain = _plain(value)
    return safe_text(plain[:_CELL_TEXT_MAX]) if isinstance(plain, str) else plain


def _cell(sheet: WriteOnlyWorksheet, value: object) -> WriteOnlyCell:
    """Return a cell in which a text is a text: openpyxl would take ``#N/A`` for an error."""
    written = _written(value)
    cell = WriteOnlyCell(sheet, value=written)
    if isinstance(written, str):
        cell.data_type = "s"
    return cell


def _write_csv(path: Path, table: _Table) -> None:
    with path.open("w", encoding="utf-8-sig", newline="") as target:
        writer = csv.writer(target, lineterminator="\r\n")
        writer.writerow([_written(header) for header in table.headers.values()])
        writer.writerows([_written(row.get(key)) for key in table.headers] for row in table.rows)


def _write_xlsx(path: Path, table: _Table) -> None:
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet(table.names[0][:_SHEET_NAME_MAX])
    sheet.freeze_panes = "A2"
    _set_widths(sheet, table.rows, table.headers)
    _append_head(sheet, list(table.headers.values()))
    for row in table.rows:
        sheet.append([_cell(sheet, row.get(key)) for key in table.headers])
    sheet.auto_filter.ref = f"A1:{get_column_letter(max(len(table.headers), 1))}{len(table.rows) + 1}"
    if table.notes:
        remarks = book.create_sheet(table.names[1][:_SHEET_NAME_MAX])
        remarks.column_dimensions["A"].width = 32
        remarks.column_dimensions["B"].width = 80
        for name, text in table.notes.items():
            remarks.append([_cell(remarks, name), _cell(remarks, text)])
    book.save(path)


def _append_head(sheet: WriteOnlyWorksheet, titles: Sequence[str]) -> None:
    cells = []
    for title in titles:
        cell = _cell(sheet, title)
        cell.font = Font(bold=True)
        cells.append(cell)
    sheet.append(cells)


def _set_widths(sheet: WriteOnlyWorksheet, rows: Rows, headers: Mapping[str, str]) -> None:
    for number, (key, title) in enumerate(headers.items(), start=1):
        longest = max([len(title), *(len(str(row.get(key) or "")) for row in rows[:200])])
        sheet.column_dimensions[get_column_letter(number)].width = min(max(longest + 2, 8), 60)


def _write_geojson(path: Path, table: _Table) -> None:
    features = [
        {
            "type": "Feature",
            "geometry": _shape(row, table),
            "properties": {key: _plain(row.get(key)) for key in table.headers},
        }
        for row in table.rows
    ]
    record: dict[str, Any] = {"type": "FeatureCollection", "features": features}
    if table.notes:
        record["notes"] = {_clean(name): _clean(text) for name, text in table.notes.items()}
    path.write_bytes(orjson.dumps(record))


def _shape(row: Mapping[str, Any], table: _Table) -> dict[str, Any] | None:
    if table.shape_key is not None:
        shape = row.get(table.shape_key)
        return None if shape is None else orjson.loads(shapely.to_geojson(shape))
    lon, lat = (_plain(row.get(key)) for key in table.place)
    if lon is None or lat is None:
        return None
    return {"type": "Point", "coordinates": [lon, lat]}


def _write_gpkg(path: Path, table: _Table) -> None:
    columns = {key: _gpkg_column([_plain(row.get(key)) for row in table.rows]) for key in table.headers}
    geometry = gpd.GeoSeries(_shapes(table), crs=GEOGRAPHIC_EPSG)
    frame = gpd.GeoDataFrame(pd.DataFrame(columns, index=geometry.index), geometry=geometry)
    kind = "Point" if table.shape_key is None else "Unknown"
    pyogrio.write_dataframe(frame, path, layer=table.names[0], driver="GPKG", geometry_type=kind)
    if table.notes:
        remarks = pd.DataFrame(
            {"name": list(map(_clean, table.notes)), "text": list(map(_clean, table.notes.values()))}
        )
        pyogrio.write_dataframe(remarks, path, layer=table.names[1], driver="GPKG", append=True)


def _shapes(table: _Table) -> list[shapely.Geometry | None]:
    if table.shape_key is not None:
        return [row.get(table.shape_key) for row in table.rows]
    lon, lat = (_degrees(table.rows, key) for key in table.place)
    known = np.isfinite(lon) & np.isfinite(lat)
    points = np.full(len(table.rows), None, dtype=object)
    points[known] = shapely.points(lon[known], lat[known])
    return list(points)


def _degrees(rows: Rows, key: str) -> np.ndarray[Any, np.dtype[np.float64]]:
    values = [_plain(row.get(key)) for row in rows]
    return np.array(
        [value if isinstance(value, int | float) else math.nan for value in values], dtype=np.float64
    )


def _gpkg_column(values: Sequence[object]) -> pd.Series[Any]:
    """Return a column of one type: numbers, flags as 0 and 1, or text."""
    known = [value for value in values if value is not None]
    if known and all(isinstance(value, bool) for value in known):
        return pd.Series(values, dtype="boolean")
    if known and all(isinstance(value, int) for value in known):
        return pd.Series(values, dtype="Int64")
    if known and all(isinstance(value, int | float) for value in known):
        return pd.Series([math.nan if value is None else value for value in values], dtype=np.float64)
    return pd.Series([None if value is None else str(value) for value in values], dtype=object)


Writer = Callable[[Path, _Table], None]
_WRITERS: Mapping[str, Writer] = MappingProxyType(
    {".xlsx": _write_xlsx, ".csv": _write_csv, ".geojson": _write_geojson, ".gpkg": _write_gpkg}
)
