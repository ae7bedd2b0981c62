"""Tables in text files (CSV) and workbooks (XLSX), with the row numbers a person sees."""

from __future__ import annotations

import csv
import datetime
import io
import struct
import warnings
import zipfile
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException
from openpyxl.worksheet._read_only import ReadOnlyWorksheet

from phusong.coverage.errors import LayerFileError
from phusong.geodata.rawtable import (
    HEADER_ROWS_SEARCHED,
    MOST_COLUMNS,
    KnownHeader,
    RawTable,
    table_of_records,
)

SEPARATORS = (",", ";", "\t")
_BROKEN_WORKBOOK = (
    zipfile.BadZipFile,
    InvalidFileException,
    KeyError,
    ValueError,
    TypeError,
    AttributeError,
    IndexError,
    OSError,
    EOFError,
    SyntaxError,
    NotImplementedError,
    RuntimeError,
    zlib.error,
    struct.error,
)
"""What the workbook reader raises at damaged or hostile files."""


def read_csv(path: Path, *, is_known: KnownHeader) -> RawTable:
    """Read a text table in UTF-8, separated by comma, semicolon or tab.

    Raises
    ------
    LayerFileError
        ``text_encoding`` with the line that is not UTF-8, ``file_broken``.
    """
    text = _decoded(path)
    lines = [line for line in text.splitlines() if line.strip()][:HEADER_ROWS_SEARCHED]
    separator = _separator(lines, is_known)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    try:
        records = list(enumerate(reader, start=1))
    except csv.Error as error:
        raise LayerFileError("file_broken", file=path.name, detail=str(error)) from error
    return table_of_records(records, file=path.name, sheet=None, is_known=is_known)


def _decoded(path: Path) -> str:
    content = path.read_bytes()
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise LayerFileError("text_encoding", file=path.name, row=1)
    if b"\0" in content:
        raise LayerFileError("file_broken", file=path.name, detail="NUL")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        row = content.count(b"\n", 0, error.start) + 1
        raise LayerFileError("text_encoding", file=path.name, row=row) from error


def _separator(lines: Sequence[str], is_known: KnownHeader) -> str:
    """Return the separator that yields most known headers, then most columns."""

    def score(separator: str) -> tuple[int, int]:
        rows = [line.split(separator) for line in lines]
        known = max(
            (sum(is_known(cell.strip().strip('"')) for cell in row[:MOST_COLUMNS]) for row in rows), default=0
        )
        return known, max(map(len, rows), default=0)

    return max(SEPARATORS, key=score)


def read_xlsx(path: Path, *, sheet: str | None, is_known: KnownHeader) -> RawTable:
    """Read a sheet of a workbook: the one named, else the first visible one with a known header.

    Raises
    ------
    LayerFileError
        ``file_broken``, or ``sheet_unknown`` with the sheets there are.
    """
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore"
        )  # what a workbook also holds (validations, styles) does not matter here
        try:
            return _read_workbook(path, sheet, is_known)
        except LayerFileError:
            raise
        except _BROKEN_WORKBOOK as error:
            raise LayerFileError("file_broken", file=path.name, detail=_brief(error)) from error


def sheet_names(path: Path) -> tuple[str, ...]:
    """Names of the sheets of a workbook that can be seen.

    Raises
    ------
    LayerFileError
        ``file_broken``.
    """
    with warnings.catch_warnings(), path.open("rb") as source:
        warnings.simplefilter("ignore")
        try:
            book = openpyxl.load_workbook(source, read_only=True)
            try:
                return tuple(one.title for one in book.worksheets if one.sheet_state == "visible")
            finally:
                book.close()
        except _BROKEN_WORKBOOK as error:
            raise LayerFileError("file_broken", file=path.name, detail=_brief(error)) from error


def _read_workbook(path: Path, sheet: str | None, is_known: KnownHeader) -> RawTable:
    with path.open("rb") as source:
        book = openpyxl.load_workbook(source, read_only=True, data_only=True)
        try:
            names = [one.title for one in book.worksheets]
            if sheet is not None and sheet not in names:
                raise LayerFileError("sheet_unknown", file=path.name, value=sheet, allowed=", ".join(names))
            if sheet is not None:
                return _read_sheet(book[sheet], path.name, is_known)
            visible = [one for one in book.worksheets if one.sheet_state == "visible"] or book.worksheets
            return _first_known([_read_sheet(one, path.name, is_known) for one in visible], is_known)
        finally:
            book.close()


def _first_known(tables: Sequence[RawTable], is_known: KnownHeader) -> RawTable:
    return next((one for one in tables if any(map(is_known, one.columns))), tables[0])


def _read_sheet(sheet: ReadOnlyWorksheet, file: str, is_known: KnownHeader) -> RawTable:
    sheet.reset_dimensions()  # some programs write a wrong size; read what is there
    rows: Iterable[Sequence[Any]] = sheet.iter_rows(values_only=True)
    records = [
        (number, [_plain(cell) for cell in cells])
        for number, cells in enumerate(rows, start=1)
        if any(cell is not None for cell in cells)
    ]
    return table_of_records(records, file=file, sheet=sheet.title, is_known=is_known)


def _plain(cell: object) -> object:
    if isinstance(cell, datetime.date | datetime.time | datetime.timedelta):
        return str(cell)
    return cell


def _brief(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:120]
