"""Open a file offered as a table, by its ending."""

from __future__ import annotations

from pathlib import Path

from phusong.coverage.errors import LayerFileError
from phusong.geodata import geofiles, osmroads, sheets
from phusong.geodata.archives import ARCHIVE_ENDINGS, check_archive
from phusong.geodata.rawtable import KnownHeader, RawTable

ENDINGS = (
    ".gpkg",
    ".geojson",
    ".json",
    ".shp",
    ".zip",
    ".parquet",
    ".geoparquet",
    ".csv",
    ".tsv",
    ".txt",
    ".xlsx",
    ".xlsm",
    *osmroads.ENDINGS,
)
"""Endings of files that can be read."""


def read_table(path: Path, *, sheet: str | None, is_known: KnownHeader) -> RawTable:
    """Read a file as a table.

    Parameters
    ----------
    path : Path
    sheet : str or None
        Sheet of a workbook or layer of a geographic file.
    is_known : callable
        Tells whether a header names a column of the layer; finds the header row of sheets.

    Raises
    ------
    LayerFileError
        ``file_missing``, ``file_is_folder``, ``file_empty``, ``file_unreadable``, ``file_format``,
        ``file_broken``, ``text_encoding``, ``sheet_unknown``, ``sheet_needed``, ``no_rows``,
        ``archive_bomb``, ``archive_path`` or ``too_many_columns``.
    """
    check_file(path)
    table = _read(path, sheet, is_known)
    if not table.rows:
        raise LayerFileError("no_rows", file=path.name)
    return table


def check_file(path: Path) -> None:
    """Refuse what is no file with anything in it.

    Raises
    ------
    LayerFileError
        ``file_missing``, ``file_is_folder``, ``file_empty`` or ``file_unreadable``.
    """
    try:
        if path.is_dir():
            raise LayerFileError("file_is_folder", file=str(path))
        if not path.is_file():
            raise LayerFileError("file_missing", file=str(path))
        if path.stat().st_size == 0:
            raise LayerFileError("file_empty", file=path.name)
        with path.open("rb"):
            return
    except (OSError, ValueError) as error:
        raise LayerFileError("file_unreadable", file=str(path), detail=str(error)[:120]) from error


def _read(path: Path, sheet: str | None, is_known: KnownHeader) -> RawTable:
    if osmroads.is_osm(path):
        return osmroads.read_osm_roads(path)
    return _read_by_ending(path, path.suffix.lower(), sheet, is_known)


def _read_by_ending(path: Path, ending: str, sheet: str | None, is_known: KnownHeader) -> RawTable:
    if ending in ARCHIVE_ENDINGS:
        check_archive(path)
    if ending == ".gpkg":
        return geofiles.read_geopackage(path, sheet=sheet)
    if ending in (".shp", ".zip"):
        return geofiles.read_shapefile(path, sheet=sheet)
    if ending in (".geojson", ".json"):
        return geofiles.read_geojson(path)
    if ending in (".parquet", ".geoparquet"):
        return geofiles.read_geoparquet(path)
    if ending in (".csv", ".tsv", ".txt"):
        return sheets.read_csv(path, is_known=is_known)
    if ending in (".xlsx", ".xlsm"):
        return sheets.read_xlsx(path, sheet=sheet, is_known=is_known)
    raise LayerFileError("file_format", file=path.name, value=ending, allowed=" ".join(ENDINGS))


def sheets_of(path: Path) -> tuple[str, ...]:
    """Names that ``sheet`` may take for a file: sheets of a workbook, layers of a geographic file.

    Returns
    -------
    tuple of str
        Empty for files that hold one table only, and for files that cannot be read.
    """
    ending = path.suffix.lower()
    try:
        if ending in ARCHIVE_ENDINGS:
            check_archive(path)
        if ending in (".xlsx", ".xlsm"):
            return sheets.sheet_names(path)
        if ending in (".gpkg", ".zip"):
            return geofiles.layer_names(path)
    except LayerFileError:
        pass
    return ()
