"""Bring files in as a layer of a study: read, map columns, place, check every row, store. All or nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import geopandas as gpd
import pandas as pd

from phusong.coverage.contracts import ColumnRule, table_rule
from phusong.coverage.errors import Finding, InputError, LayerFileError, TableError
from phusong.coverage.tables import check_table, readable
from phusong.geodata.antennas import import_antennas
from phusong.geodata.boundaries import complete_communes
from phusong.geodata.cells import cells_moved, complete_cells
from phusong.geodata.clutter import import_clutter
from phusong.geodata.completion import Completed, communes_of, outside_findings, swapped_findings
from phusong.geodata.crs import utm_epsg
from phusong.geodata.fibre import complete_nodes, complete_routes, split_by_geometry
from phusong.geodata.headers import FIBRE_TABLES, SYNONYMS, is_known_header
from phusong.geodata.lines import complete_lines, complete_roads
from phusong.geodata.places import complete_places
from phusong.geodata.population import import_population
from phusong.geodata.prepared import Prepared, prepare
from phusong.geodata.rawtable import RawTable
from phusong.geodata.readers import read_table
from phusong.geodata.reports import ImportReport, Progress, no_progress
from phusong.geodata.sitelist import complete_sites
from phusong.geodata.store.folder import FolderStore
from phusong.geodata.store.meta import LayerMeta, file_sha256
from phusong.geodata.terrain import import_terrain
from phusong.geodata.villages import complete_villages

__all__ = ["LAYERS", "ImportReport", "import_layer"]

Complete = Callable[[gpd.GeoDataFrame, FolderStore], Completed]
MAX_FINDINGS = 1_000
HEADERS_SHOWN = 4

_OWN_FORMATS = MappingProxyType(
    {
        "population": import_population,
        "terrain": import_terrain,
        "clutter": import_clutter,
        "antennas": import_antennas,
    }
)
"""Layers that are no tables of places."""
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
LAYERS = (
    "communes",
    "sites",
    "cells",
    "villages",
    "places",
    "lines",
    "roads",
    "fibre",
    "population",
    "terrain",
    "clutter",
    "antennas",
)
"""Names a person may import; ``fibre`` becomes ``fibre_routes`` and ``fibre_nodes``."""


@dataclass(frozen=True, slots=True)
class _Checked:
    """A table that fulfils its contract."""

    layer: str
    frame: gpd.GeoDataFrame
    warnings: tuple[Finding, ...]
    assumed: tuple[str, ...]
    notes: Mapping[str, Any]


def import_layer(
    store: FolderStore,
    layer: str,
    paths: Sequence[Path],
    *,
    sheet: str | None = None,
    crs: str | None = None,
    column_map: Mapping[str, str] | None = None,
    imported_at: str,
    progress: Progress = no_progress,
) -> ImportReport:
    """Import files as a layer; any error leaves the study as it was.

    Parameters
    ----------
    store : FolderStore
    layer : str
        One of `LAYERS`.
    paths : sequence of Path
        Their rows together become the layer.
    sheet : str or None
        Sheet of a workbook or layer of a geographic file.
    crs : str or None
        CRS of files that do not say theirs.
    column_map : mapping of str to str, optional
        Header in the files to column of the layer; wins over the headers known by themselves.
    imported_at : str
        ISO 8601, UTC.
    progress : callable

    Returns
    -------
    ImportReport
        With all warnings, at most 1,000.

    Raises
    ------
    InputError
        ``layer_unknown``, ``column_unknown``, ``column_target``, ``crs_unknown``, ``cells_need_sites``.
    LayerFileError
        When a file cannot be read or placed.
    TableError
        When rows break the layer's contract; with the findings, at most 1,000 and the number of the rest.
    """
    if layer not in LAYERS:
        raise InputError("layer_unknown", value=layer, allowed=", ".join(LAYERS))
    if not paths:
        raise LayerFileError("no_files")
    if layer in _OWN_FORMATS:
        return _OWN_FORMATS[layer](store, paths, crs=crs, imported_at=imported_at, progress=progress)
    tables = []
    for done, path in enumerate(paths):
        progress("import", done, len(paths) + 1)
        tables.append(_read(layer, path, sheet, column_map))
    parts = split_by_geometry(tables) if layer == "fibre" else {layer: tables}
    checked = [_checked(store, name, part, crs, column_map) for name, part in parts.items()]
    metas = [_stored(store, one, paths, imported_at) for one in checked]
    progress("import", len(paths) + 1, len(paths) + 1)
    warnings = tuple(finding for one in checked for finding in one.warnings)
    return ImportReport(layer, sum(len(one.frame) for one in checked), _capped(warnings), metas[0])


def _read(layer: str, path: Path, sheet: str | None, column_map: Mapping[str, str] | None) -> RawTable:
    names = FIBRE_TABLES if layer == "fibre" else (layer,)
    return read_table(
        path,
        sheet=sheet,
        is_known=lambda header: any(is_known_header(name, header, column_map) for name in names),
    )


def _checked(
    store: FolderStore,
    layer: str,
    tables: Sequence[RawTable],
    crs: str | None,
    column_map: Mapping[str, str] | None,
) -> _Checked:
    prepared = prepare(layer, tables, crs=crs, column_map=column_map)
    completed = _COMPLETE[layer](prepared.frame, store)
    rows = [
        *completed.findings,
        *_placed(store, layer, completed.frame),
        *_held(store, layer, completed.frame),
    ]
    told = [_with_headers(layer, finding) for finding in _without_echoes(rows)]
    findings = (*prepared.findings, *prepared.localised(told))
    if any(finding.severity == "error" for finding in findings):
        ordered = sorted(findings, key=lambda finding: finding.severity != "error")
        raise TableError(layer, _capped(ordered))
    notes = dict(completed.notes)
    if prepared.ignored:
        notes["columns_ignored"] = list(prepared.ignored)
    return _Checked(layer, _as_stored(layer, completed.frame), findings, _assumed(completed, prepared), notes)


def _assumed(completed: Completed, prepared: Prepared) -> tuple[str, ...]:
    return completed.assumed if len(prepared.frame) else ()


def _placed(store: FolderStore, layer: str, frame: gpd.GeoDataFrame) -> list[Finding]:
    """Look at where the rows lie."""
    if layer in ("communes", "cells"):
        return []
    communes = communes_of(store)
    return [*swapped_findings(frame, communes), *outside_findings(frame, communes)]


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


def _with_headers(layer: str, finding: Finding) -> Finding:
    """Say which headers would be understood where a column is missing."""
    if finding.code != "missing_column" or finding.column is None:
        return finding
    names = SYNONYMS[layer].get(finding.column, (finding.column,))
    return replace(finding, allowed=", ".join(names[:HEADERS_SHOWN]))


def _capped(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    if len(findings) <= MAX_FINDINGS:
        return tuple(findings)
    rest = Finding(
        code="more_findings",
        value=str(len(findings) - MAX_FINDINGS),
        severity=findings[MAX_FINDINGS].severity,
    )
    return (*findings[:MAX_FINDINGS], rest)


def _as_stored(layer: str, frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the columns of the contract that hold anything, in its order and types."""
    rule = table_rule(layer)
    clean = readable(rule, frame)
    columns = {
        column.name: _typed(column, clean[column.name])
        for column in rule.columns
        if column.name in clean and (column.is_required or clean[column.name].notna().any())
    }
    return gpd.GeoDataFrame(
        columns, geometry=gpd.GeoSeries(list(frame.geometry), crs=frame.crs), crs=frame.crs
    )


def _typed(column: ColumnRule, values: pd.Series[Any]) -> pd.Series[Any]:
    is_full = bool(values.notna().all())
    if column.kind == "flag" and is_full:
        return values.astype(bool)
    if column.kind == "count" and is_full and bool((values == values.round()).all()):
        return values.astype("int64")
    return values


def _stored(store: FolderStore, checked: _Checked, paths: Sequence[Path], imported_at: str) -> LayerMeta:
    if store.epsg is None:
        west, south, east, north = checked.frame.total_bounds
        store.set_epsg(utm_epsg((west + east) / 2, (south + north) / 2))
    meta = LayerMeta(
        layer=checked.layer,
        source=", ".join(path.name for path in paths),
        source_sha256=_source_sha256(paths),
        rows=len(checked.frame),
        imported_at=imported_at,
        assumed=checked.assumed,
        notes=checked.notes,
    )
    kept = store.put_table(checked.layer, checked.frame, meta)
    if checked.layer == "sites" and store.has("cells"):
        cells = store.table("cells")
        moved = cells_moved(cells, checked.frame)
        if not moved.geometry.geom_equals(cells.geometry).all():
            store.put_table("cells", moved, store.meta("cells"))
    return kept


_SIDECARS = (".dbf", ".shx", ".prj", ".cpg")


def _source_sha256(paths: Sequence[Path]) -> str:
    """Hash of a file; of the hashes of all files where there are several (a Shapefile is several)."""
    files = [
        file
        for path in paths
        for file in (
            path,
            *(path.with_suffix(ending) for ending in _SIDECARS if path.suffix.lower() == ".shp"),
        )
        if file.is_file()
    ]
    digests = [file_sha256(file) for file in files]
    return digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest()
