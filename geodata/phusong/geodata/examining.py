"""Look at files as a layer of a study: read, map columns, place, check every row; nothing is stored."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import geopandas as gpd

from phusong.coverage.errors import Finding, TableError
from phusong.coverage.tables import check_table
from phusong.geodata.boundaries import complete_communes
from phusong.geodata.cells import complete_cells
from phusong.geodata.completion import Completed, communes_of, outside_findings, swapped_findings
from phusong.geodata.fibre import complete_nodes, complete_routes, split_by_geometry
from phusong.geodata.headers import FIBRE_TABLES, SYNONYMS, is_known_header, match_columns
from phusong.geodata.lines import complete_lines, complete_roads
from phusong.geodata.places import complete_places
from phusong.geodata.prepared import Origin, Prepared, prepare
from phusong.geodata.rawtable import RawTable
from phusong.geodata.readers import read_table
from phusong.geodata.reports import Progress, no_progress
from phusong.geodata.sitelist import complete_sites
from phusong.geodata.store.folder import FolderStore
from phusong.geodata.villages import complete_villages

Complete = Callable[[gpd.GeoDataFrame, FolderStore], Completed]
MAX_FINDINGS = 1_000
HEADERS_SHOWN = 4
FAR_ERROR_LAYERS = ("sites", "villages", "places")
"""Layers of points, whose rows far from the study are errors; roads and fibre may run on into the country."""

_COMPLETE: Mapping[str, Complete] = MappingProxyType(
    {
        "communes": complete_communes,
        "sites": complete_sites,
        "cells": complete_cells,
        "villages": complete_villages,
        "places": complete_places,
        "lines": complete_lines,
        "roads": complete_roads,
        "fibre_routes": complete_routes,
        "fibre_nodes": complete_nodes,
    }
)


@dataclass(frozen=True, slots=True)
class Source:
    """How one file was understood.

    Attributes
    ----------
    file : str
    sheet : str or None
        Sheet of a workbook or layer of a geographic file, where it has several.
    rows : int
    crs : str or None
        Name of the CRS the file says it is in.
    headers : tuple of str
        Columns of the file, in its order.
    columns : mapping of str to str
        Header by column of the layer.
    """

    file: str
    sheet: str | None
    rows: int
    crs: str | None
    headers: tuple[str, ...]
    columns: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Examined:
    """A table held against its contract, whether it fulfils it or not.

    Attributes
    ----------
    layer : str
        Layer as stored: ``fibre_routes`` and ``fibre_nodes`` rather than ``fibre``.
    frame : GeoDataFrame
        The rows in the columns of the layer, EPSG:4326.
    sources : tuple of Source
        One a file.
    origins : tuple of Origin
        Where each row came from.
    findings : tuple of Finding
        Errors first where there are any, in terms of the files.
    assumed : tuple of str
        Columns that hold defaults.
    notes : mapping
        For the layer's record.
    """

    layer: str
    frame: gpd.GeoDataFrame
    sources: tuple[Source, ...]
    origins: tuple[Origin, ...]
    findings: tuple[Finding, ...]
    assumed: tuple[str, ...]
    notes: Mapping[str, Any]

    @property
    def is_refused(self) -> bool:
        """True where a row breaks the contract, so that nothing may be stored."""
        return any(finding.severity == "error" for finding in self.findings)

    def check(self) -> None:
        """Refuse rows that break the contract.

        Raises
        ------
        TableError
            With at most 1,000 findings and the number of the rest.
        """
        if self.is_refused:
            raise TableError(self.layer, capped(self.findings))


def examine(
    store: FolderStore,
    layer: str,
    paths: Sequence[Path],
    *,
    sheet: str | None = None,
    crs: str | None = None,
    column_map: Mapping[str, str] | None = None,
    progress: Progress = no_progress,
) -> list[Examined]:
    """Hold files against the contract of a layer of places; the study is only read.

    Parameters
    ----------
    store : FolderStore
        Study whose communes, sites and cells the rows are looked at with.
    layer, paths, sheet, crs, column_map, progress
        As for `import_layer`.

    Returns
    -------
    list of Examined
        One a table that would be stored: two for ``fibre`` with routes and nodes.

    Raises
    ------
    InputError
        ``column_unknown``, ``column_target``, ``crs_unknown``, ``cells_need_sites``.
    LayerFileError
        When a file cannot be read or placed.
    """
    tables = read_tables(layer, paths, sheet=sheet, column_map=column_map, progress=progress)
    return examine_tables(store, layer, tables, crs=crs, column_map=column_map)


def read_tables(
    layer: str,
    paths: Sequence[Path],
    *,
    sheet: str | None = None,
    column_map: Mapping[str, str] | None = None,
    progress: Progress = no_progress,
) -> list[RawTable]:
    """Read files as tables of a layer, before anybody decides what their columns mean.

    Raises
    ------
    LayerFileError
        When a file cannot be read.
    """
    tables = []
    for done, path in enumerate(paths):
        progress("import", done, len(paths) + 1)
        tables.append(_read(layer, path, sheet, column_map))
    return tables


def examine_tables(
    store: FolderStore,
    layer: str,
    tables: Sequence[RawTable],
    *,
    crs: str | None = None,
    overrides_crs: bool = False,
    column_map: Mapping[str, str] | None = None,
) -> list[Examined]:
    """Hold tables against the contract of their layer; see `examine`."""
    parts = split_by_geometry(tables) if layer == "fibre" else {layer: tables}
    return [
        _examined(
            store,
            name,
            prepare(name, part, crs=crs, overrides_crs=overrides_crs, column_map=column_map),
            tuple(source_of(name, table, column_map) for table in part),
        )
        for name, part in parts.items()
    ]


def _read(layer: str, path: Path, sheet: str | None, column_map: Mapping[str, str] | None) -> RawTable:
    names = FIBRE_TABLES if layer == "fibre" else (layer,)
    return read_table(
        path,
        sheet=sheet,
        is_known=lambda header: any(is_known_header(name, header, column_map) for name in names),
    )


def _examined(store: FolderStore, layer: str, prepared: Prepared, sources: tuple[Source, ...]) -> Examined:
    completed = _COMPLETE[layer](prepared.frame, store)
    rows = [
        *completed.findings,
        *_placed(store, layer, completed.frame),
        *_held(store, layer, completed.frame),
    ]
    told = [_with_headers(layer, finding) for finding in _without_echoes(rows)]
    findings = _once((*prepared.findings, *prepared.localised(told)))
    notes = dict(completed.notes)
    if prepared.ignored:
        notes["columns_ignored"] = list(prepared.ignored)
    if any(finding.severity == "error" for finding in findings):
        findings = tuple(sorted(findings, key=lambda finding: finding.severity != "error"))
    return Examined(
        layer=layer,
        frame=completed.frame,
        sources=sources,
        origins=prepared.origins,
        findings=findings,
        assumed=_assumed(completed, prepared),
        notes=notes,
    )


def source_of(layer: str, table: RawTable, column_map: Mapping[str, str] | None = None) -> Source:
    """Tell how a file is understood as a layer.

    Raises
    ------
    InputError
        ``column_unknown``, ``column_target``.
    """
    return Source(
        file=table.file,
        sheet=table.sheet,
        rows=len(table.rows),
        crs=None if table.crs is None else str(table.crs.name),
        headers=tuple(table.columns),
        columns=match_columns(layer, list(table.columns), column_map),
    )


def _assumed(completed: Completed, prepared: Prepared) -> tuple[str, ...]:
    return completed.assumed if len(prepared.frame) else ()


def _placed(store: FolderStore, layer: str, frame: gpd.GeoDataFrame) -> list[Finding]:
    """Look at where the rows lie."""
    if layer == "cells":
        return []
    if layer == "communes":
        return swapped_findings(frame, None)
    communes = communes_of(store)
    outside = outside_findings(frame, communes, has_far_errors=layer in FAR_ERROR_LAYERS)
    return [*swapped_findings(frame, communes), *outside]


def _held(store: FolderStore, layer: str, frame: gpd.GeoDataFrame) -> list[Finding]:
    """Hold the rows against the contract."""
    communes = communes_of(store) if layer in ("villages", "places") else None
    return check_table(
        layer,
        frame,
        site_ids=set(store.table("sites")["site_id"].astype(str)) if layer == "cells" else None,
        commune_codes=None if communes is None else set(communes["commune_code"].astype(str)),
    )


_ECHOES: Mapping[str, tuple[tuple[str, str | None], ...]] = MappingProxyType(
    {
        "coordinates_swapped": (
            ("coordinates_out_of_range", None),
            ("outside_study", None),
            ("far_from_study", None),
            ("village_outside_communes", None),
            ("missing_value", "commune_code"),
            ("missing_value", "village_id"),
        ),
        "far_from_study": (
            ("village_outside_communes", None),
            ("missing_value", "commune_code"),
            ("missing_value", "village_id"),
        ),
        "village_outside_communes": (
            ("outside_study", None),
            ("missing_value", "commune_code"),
            ("missing_value", "village_id"),
        ),
        "missing_geometry": (
            ("village_outside_communes", None),
            ("missing_value", "commune_code"),
            ("missing_value", "village_id"),
        ),
    }
)
"""Findings that only repeat what another finding about the same row says better."""


def _without_echoes(findings: Sequence[Finding]) -> list[Finding]:
    echoes = {
        (finding.row, code, column) for finding in findings for code, column in _ECHOES.get(finding.code, ())
    }
    return [
        finding
        for finding in findings
        if (finding.row, finding.code, finding.column) not in echoes
        and (finding.row, finding.code, None) not in echoes
    ]


def _once(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Leave out that a place is missing where one of its coordinates is said to be no number."""
    unread = {(one.file, one.sheet, one.row, one.column) for one in findings if one.code == "not_a_number"}
    return tuple(
        one
        for one in findings
        if one.code != "missing_geometry"
        or not any(
            (one.file, one.sheet, one.row, column) in unread for column in (one.column or "").split(", ")
        )
    )


def _with_headers(layer: str, finding: Finding) -> Finding:
    """Say which headers would be understood where a column is missing."""
    if finding.code != "missing_column" or finding.column is None:
        return finding
    names = SYNONYMS[layer].get(finding.column, (finding.column,))
    return replace(finding, allowed=", ".join(names[:HEADERS_SHOWN]))


def capped(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Return at most 1,000 findings; the last one tells how many more there are."""
    if len(findings) <= MAX_FINDINGS:
        return tuple(findings)
    rest = Finding(
        code="more_findings",
        value=str(len(findings) - MAX_FINDINGS),
        severity=findings[MAX_FINDINGS].severity,
    )
    return (*findings[:MAX_FINDINGS], rest)
