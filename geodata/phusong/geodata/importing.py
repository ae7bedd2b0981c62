"""Bring files in as a layer of a study: read, map columns, place, check every row, store. All or nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import geopandas as gpd
import pandas as pd

from phusong.coverage.contracts import ColumnRule, table_rule
from phusong.coverage.errors import InputError, LayerFileError
from phusong.coverage.tables import readable
from phusong.geodata.antennas import import_antennas
from phusong.geodata.cells import cells_moved
from phusong.geodata.clutter import import_clutter
from phusong.geodata.crs import utm_epsg
from phusong.geodata.examining import Examined, capped, examine_tables, read_tables
from phusong.geodata.population import import_population
from phusong.geodata.reports import ImportReport, Progress, no_progress
from phusong.geodata.store.folder import FolderStore
from phusong.geodata.store.meta import LayerMeta, file_sha256
from phusong.geodata.terrain import import_terrain

__all__ = ["LAYERS", "ImportReport", "import_layer"]

OWN_FORMATS = MappingProxyType(
    {
        "population": import_population,
        "terrain": import_terrain,
        "clutter": import_clutter,
        "antennas": import_antennas,
    }
)
"""Layers that are no tables of places."""
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


def import_layer(
    store: FolderStore,
    layer: str,
    paths: Sequence[Path],
    *,
    sheet: str | None = None,
    crs: str | None = None,
    overrides_crs: bool = False,
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
    overrides_crs : bool
        Read tables of places in `crs` even where they say another.
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
    if layer in OWN_FORMATS:
        return OWN_FORMATS[layer](store, paths, crs=crs, imported_at=imported_at, progress=progress)
    tables = read_tables(layer, paths, sheet=sheet, column_map=column_map, progress=progress)
    parts = examine_tables(store, layer, tables, crs=crs, overrides_crs=overrides_crs, column_map=column_map)
    for part in parts:
        part.check()
    kept = [(part, _as_stored(part.layer, part.frame)) for part in parts]
    metas = [_stored(store, part, frame, paths, imported_at) for part, frame in kept]
    progress("import", len(paths) + 1, len(paths) + 1)
    warnings = tuple(finding for part in parts for finding in part.findings)
    return ImportReport(layer, sum(len(frame) for _, frame in kept), capped(warnings), metas[0])


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


def _stored(
    store: FolderStore, part: Examined, frame: gpd.GeoDataFrame, paths: Sequence[Path], imported_at: str
) -> LayerMeta:
    if store.epsg is None:
        west, south, east, north = frame.total_bounds
        store.set_epsg(utm_epsg((west + east) / 2, (south + north) / 2))
    meta = LayerMeta(
        layer=part.layer,
        source=", ".join(path.name for path in paths),
        source_sha256=_source_sha256(paths),
        rows=len(frame),
        imported_at=imported_at,
        assumed=part.assumed,
        notes=part.notes,
    )
    kept = store.put_table(part.layer, frame, meta)
    if part.layer == "sites":
        move_cells_with_sites(store, frame)
    return kept


def move_cells_with_sites(store: FolderStore, sites: gpd.GeoDataFrame) -> None:
    """Put the cells of a study where its sites stand now."""
    if not store.has("cells"):
        return
    cells = store.table("cells")
    moved = cells_moved(cells, sites)
    if not moved.geometry.geom_equals(cells.geometry).all():
        store.put_table("cells", moved, store.meta("cells"))


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
