"""Tables people take away: XLSX, CSV, GeoJSON and GeoPackage, written whole or not at all.

What goes out is opened in spreadsheets by others, so no text may turn into a formula there, and no figure goes
without the notes on how it was made.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any

import geopandas as gpd
import numpy as np
import orjson
import pandas as pd
import pyogrio
import shapely
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet._write_only import WriteOnlyWorksheet
from pyogrio.errors import DataSourceError

from phusong.coverage.errors import InputError
from phusong.geodata.crs import GEOGRAPHIC_EPSG
from phusong.geodata.store.atomic import replacing, write_bytes_atomic

Rows = Sequence[Mapping[str, Any]]
Plain = str | int | float | bool | None

NOTES_TITLE = "method"
NO_NOTES: Mapping[str, str] = MappingProxyType({})
LON, LAT = "lon", "lat"
MAX_CELL_TEXT = 32_767
MAX_EXACT_INTEGER = 10**15
"""Spreadsheets keep 15 digits; longer integers go out as text."""
MAX_SHEET_NAME = 31
MAX_COLUMN_WIDTH = 60
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_FORBIDDEN_IN_SHEET_NAME = str.maketrans(dict.fromkeys("[]:*?/\\'", "_"))


def write_table(
    path: Path, rows: Rows, headers: Mapping[str, str], *, notes: Mapping[str, str] = NO_NOTES
) -> None:
    """Write rows in the format of the file's ending; the file appears whole or not at all.

    Numbers stay numbers, missing values and NaN stay empty. GeoJSON and GeoPackage need the columns ``lon`` and
    ``lat`` (degrees, EPSG:4326) and name columns by their keys; XLSX and CSV by their headers.

    Parameters
    ----------
    path : Path
        Destination; its folder is made. Ending ``.xlsx``, ``.csv``, ``.geojson`` or ``.gpkg``.
    rows : sequence of mapping
        Values by column key.
    headers : mapping of str to str
        Header by column key, in the order to write; columns without a header are left out.
    notes : mapping of str to str, optional
        How the figures were made: a sheet of the XLSX, a table of the GeoPackage, a member ``method`` of the
        GeoJSON, and a file ``<name>.csv-metadata.json`` (W3C CSV on the Web) beside the CSV.

    Raises
    ------
    InputError
        ``export_format`` for another ending, or a place asked of rows that have none; ``export_unwritable``
        where the file cannot be written.
    """
    writers: dict[str, Callable[..., None]] = {".xlsx": _write_xlsx, ".csv": _write_csv}
    if {LON, LAT} <= set(headers):
        writers |= {".geojson": _write_geojson, ".gpkg": _write_gpkg}
    write = writers.get(path.suffix.lower())
    if write is None:
        raise InputError("export_format", value=path.suffix or path.name, allowed=", ".join(writers))
    table = [{key: plain_value(row.get(key)) for key in headers} for row in rows]
    with _writable(path):
        write(path, table, headers, notes)


@contextmanager
def _writable(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, DataSourceError) as error:
        raise InputError("export_unwritable", path=str(path), detail=str(error)[:120]) from error


def plain_value(value: object) -> Plain:
    """Return a value as text, number, truth or None, fit for every format.

    Examples
    --------
    >>> import numpy as np
    >>> [plain_value(value) for value in (np.int64(3), float("nan"), "a\\x00b", ["x", 1])]
    [3, None, 'ab', 'x; 1']
    """
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if abs(value) < MAX_EXACT_INTEGER else str(value)
    if isinstance(value, list | tuple):
        return clean_text("; ".join(str(part) for part in value))
    return clean_text(str(value))


def clean_text(text: str) -> str:
    """Drop what no format carries: control characters and halves of surrogate pairs.

    Examples
    --------
    >>> clean_text("Hoằng\\x07 Hoá\\ud800")
    'Hoằng Hoá'
    """
    return ILLEGAL_CHARACTERS_RE.sub("", text.encode("utf-8", "ignore").decode("utf-8"))


def _write_xlsx(path: Path, table: Rows, headers: Mapping[str, str], notes: Mapping[str, str]) -> None:
    book = Workbook(write_only=True)
    title = clean_text(path.stem).translate(_FORBIDDEN_IN_SHEET_NAME)[:MAX_SHEET_NAME] or NOTES_TITLE[0]
    sheet = book.create_sheet(title)
    _lay_out(sheet, [*([header] for header in headers.values())], table, list(headers))
    _append(sheet, list(headers.values()), is_header=True)
    for row in table:
        _append(sheet, list(row.values()))
    # Excel takes names that differ in case for the same.
    beside = book.create_sheet(NOTES_TITLE if title.casefold() != NOTES_TITLE else f"{NOTES_TITLE} 2")
    beside.column_dimensions["A"].width, beside.column_dimensions["B"].width = 30, MAX_COLUMN_WIDTH
    for name, note in notes.items():
        _append(beside, [clean_text(name), clean_text(note)])
    with replacing(path) as partial:
        book.save(partial)


def _lay_out(sheet: WriteOnlyWorksheet, heads: Sequence[list[str]], table: Rows, keys: Sequence[str]) -> None:
    sheet.freeze_panes = "A2"
    sheet.auto_filter.ref = f"A1:{get_column_letter(max(len(keys), 1))}{len(table) + 1}"
    for index, (key, head) in enumerate(zip(keys, heads, strict=True), start=1):
        longest = max((len(str(row[key])) for row in table[:200] if row[key] is not None), default=0)
        width = min(max(longest, len(head[0])) + 3, MAX_COLUMN_WIDTH)
        sheet.column_dimensions[get_column_letter(index)].width = width


def _append(sheet: WriteOnlyWorksheet, values: Sequence[Plain], *, is_header: bool = False) -> None:
    cells = []
    for value in values:
        cell = WriteOnlyCell(sheet, None if value == "" else value)
        if isinstance(value, str) and value:
            cell.value = clean_text(value)[:MAX_CELL_TEXT]
            # openpyxl takes "=..." for a formula and "#N/A" for an error; a text is a text, also when edited.
            cell.data_type = "s"
            cell.quotePrefix = value.startswith(FORMULA_STARTS)
        if is_header:
            cell.font = Font(bold=True)
        cells.append(cell)
    sheet.append(cells)


def _write_csv(path: Path, table: Rows, headers: Mapping[str, str], notes: Mapping[str, str]) -> None:
    with replacing(path) as partial, partial.open("w", encoding="utf-8-sig", newline="") as target:
        writer = csv.writer(target)
        writer.writerow([guarded_text(clean_text(header)) for header in headers.values()])
        for row in table:
            writer.writerow([_csv_cell(value) for value in row.values()])
    columns = [{"name": key, "titles": clean_text(header)} for key, header in headers.items()]
    record = {
        "@context": "http://www.w3.org/ns/csvw",
        "url": path.name,
        "tableSchema": {"columns": columns},
        "notes": [{"name": clean_text(name), "value": clean_text(note)} for name, note in notes.items()],
    }
    beside = path.with_name(f"{path.name}-metadata.json")
    write_bytes_atomic(beside, orjson.dumps(record, option=orjson.OPT_INDENT_2))


def _csv_cell(value: Plain) -> Plain:
    return guarded_text(value) if isinstance(value, str) else value


def guarded_text(text: str) -> str:
    """Put an apostrophe before a text that a spreadsheet would run as a formula.

    Examples
    --------
    >>> guarded_text("=HYPERLINK(1)"), guarded_text("Bản Lát")
    ("'=HYPERLINK(1)", 'Bản Lát')
    """
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def _write_geojson(path: Path, table: Rows, headers: Mapping[str, str], notes: Mapping[str, str]) -> None:
    keys = [key for key in headers if key not in (LON, LAT)]
    features = [
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": list(place)} if (place := _place(row)) else None,
            "properties": {key: row[key] for key in keys},
        }
        for row in table
    ]
    told = {clean_text(name): clean_text(note) for name, note in notes.items()}
    record = {"type": "FeatureCollection", "method": told, "features": features}
    write_bytes_atomic(path, orjson.dumps(record))


def _place(row: Mapping[str, Any]) -> tuple[float, float] | None:
    lon, lat = row[LON], row[LAT]
    is_place = all(isinstance(value, int | float) and not isinstance(value, bool) for value in (lon, lat))
    return (float(lon), float(lat)) if is_place else None


def _write_gpkg(path: Path, table: Rows, headers: Mapping[str, str], notes: Mapping[str, str]) -> None:
    keys = [key for key in headers if key not in (LON, LAT)]
    columns = {key: _typed([row[key] for row in table]) for key in keys}
    places = [_place(row) for row in table]
    points = [None if place is None else shapely.Point(place) for place in places]
    frame = gpd.GeoDataFrame(
        pd.DataFrame(columns, index=pd.RangeIndex(len(table))), geometry=points, crs=GEOGRAPHIC_EPSG
    )
    told = pd.DataFrame(
        {"name": [clean_text(name) for name in notes], "value": [clean_text(note) for note in notes.values()]},
        dtype="string",
    )
    with replacing(path) as partial:
        pyogrio.write_dataframe(frame, partial, driver="GPKG", layer=path.stem, geometry_type="Point")
        if len(told):
            pyogrio.write_dataframe(told, partial, driver="GPKG", layer=NOTES_TITLE)


def _typed(values: Sequence[Plain]) -> pd.Series[Any]:
    """Return a column in the narrowest type that holds all its values."""
    kinds = {type(value) for value in values if value is not None}
    if kinds == {bool}:
        return pd.Series(values, dtype="boolean")
    if kinds == {int}:
        return pd.Series(values, dtype="Int64")
    if kinds and kinds <= {int, float}:
        return pd.Series(values, dtype="float64")
    return pd.Series([None if value is None else str(value) for value in values], dtype="string")
