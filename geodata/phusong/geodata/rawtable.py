"""A table as it stands in a file, before anybody decides what its columns mean."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyproj

from phusong.coverage.errors import Finding, LayerFileError

KnownHeader = Callable[[str], bool]
"""Tells whether a header names a column the layer knows."""
HEADER_ROWS_SEARCHED = 20
MOST_COLUMNS = 2_000
"""More columns than any list has; what has more is no list."""


@dataclass(frozen=True, slots=True)
class RawTable:
    """Rows of one file.

    Attributes
    ----------
    file : str
        Name of the file.
    sheet : str or None
        Sheet of a workbook or layer of a geographic file, where it has several.
    columns : mapping of str to sequence
        Values as written, by header: text from CSV, Python values from the other formats.
    rows : tuple of int
        Number of each row as the person sees it: the row of a sheet, the feature of a geographic file.
    geometry : ndarray of object, shape (rows,), or None
        Shapes in ``crs``; None for a table without shapes.
    crs : pyproj.CRS or None
        None when the file does not say.
    findings : tuple of Finding
        What went wrong while reading single rows.
    """

    file: str
    sheet: str | None
    columns: Mapping[str, Sequence[Any]]
    rows: tuple[int, ...]
    geometry: npt.NDArray[np.object_] | None = None
    crs: pyproj.CRS | None = None
    findings: tuple[Finding, ...] = field(default=())


def table_of_records(
    records: Sequence[tuple[int, Sequence[Any]]], *, file: str, sheet: str | None, is_known: KnownHeader
) -> RawTable:
    """Make a table of the rows of a sheet: find the header, drop empty rows, notice rows that are too long.

    Parameters
    ----------
    records : sequence of (row number, cells)
        All rows from the top.
    file, sheet : str, str or None
    is_known : callable
        The header is the row among the first with most known names, else the first that is not empty.

    Raises
    ------
    LayerFileError
        ``too_many_columns``.
    """
    widest = max((len(cells) for _, cells in records[:HEADER_ROWS_SEARCHED]), default=0)
    if widest > MOST_COLUMNS:
        raise LayerFileError("too_many_columns", file=file, value=widest, allowed=MOST_COLUMNS)
    filled = [(row, cells) for row, cells in records if any(not is_blank(cell) for cell in cells)]
    at = _header_position(filled, is_known)
    if not filled:
        return RawTable(file=file, sheet=sheet, columns={}, rows=())
    headers = _unique_headers(filled[at][1])
    body = filled[at + 1 :]
    findings = tuple(
        Finding(
            code="row_too_long",
            file=file,
            sheet=sheet,
            row=row,
            value=str(len(cells)),
            allowed=str(len(headers)),
        )
        for row, cells in body
        if any(not is_blank(cell) for cell in cells[len(headers) :])
    )
    columns = {
        header: [None if index >= len(cells) or is_blank(cells[index]) else cells[index] for _, cells in body]
        for index, header in enumerate(headers)
        if header
    }
    return RawTable(
        file=file, sheet=sheet, columns=columns, rows=tuple(row for row, _ in body), findings=findings
    )


def is_blank(cell: object) -> bool:
    """Tell whether a cell holds nothing."""
    return cell is None or (isinstance(cell, str) and not cell.strip())


def _header_position(records: Sequence[tuple[int, Sequence[Any]]], is_known: KnownHeader) -> int:
    counts = [
        sum(isinstance(cell, str) and is_known(cell) for cell in cells)
        for _, cells in records[:HEADER_ROWS_SEARCHED]
    ]
    return counts.index(max(counts)) if counts else 0


def _unique_headers(cells: Sequence[Any]) -> list[str]:
    """Return one name a column; a name seen before gets its number, an empty one stays empty."""
    seen: dict[str, int] = {}
    headers = []
    for cell in cells:
        name = "" if is_blank(cell) else " ".join(str(cell).split())
        seen[name] = seen.get(name, 0) + 1
        headers.append(f"{name} ({seen[name]})" if name and seen[name] > 1 else name)
    while headers and not headers[-1]:
        headers.pop()
    return headers
