"""What an import would do, shown before it is done: rows, columns, findings and a sample for a map."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyproj
import shapely

from phusong.coverage.contracts import table_rule
from phusong.coverage.errors import Finding, InputError, Parameter, TableError
from phusong.coverage.grids import Raster
from phusong.geodata.columns import plain_text
from phusong.geodata.crs import GEOGRAPHIC_EPSG
from phusong.geodata.examining import Examined, Source, capped, examine_tables, read_tables, source_of
from phusong.geodata.headers import COORDINATES, FIBRE_TABLES
from phusong.geodata.importing import OWN_FORMATS, import_layer
from phusong.geodata.readers import sheets_of
from phusong.geodata.store.draft import draft_of
from phusong.geodata.store.folder import FolderStore

MOST_FEATURES = 2_000
FIRST_ROWS = 20
MOST_VERTICES = 100_000
RASTER_SIDE = 40
"""A raster is shown as at most so many squares a side."""
_SIMPLIFIED_TO = 1 / 1_000
"""Shapes are simplified to this part of the extent of all of them."""

Feature = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Preview:
    """What an import would do.

    Attributes
    ----------
    layer : str
    rows : int
        Rows of tables, known cells of a raster.
    sources : tuple of Source
        How each file was understood; empty for rasters and antennas.
    sheets : mapping of str to tuple of str
        Sheets or layers there are, by file.
    targets : tuple of mapping
        Columns a header may stand for: ``name``, ``is_required``.
    findings : tuple of Finding
    problem : mapping or None
        ``code`` and ``parameters`` of what keeps the files from being read at all.
    bounds : tuple of float or None
        West, south, east, north in degrees.
    first_rows : tuple of mapping
        Values of the first rows by column of the layer.
    features : tuple of mapping
        GeoJSON features, rows with findings first; ``row``, ``file`` and ``severity`` among the properties.
    """

    layer: str
    rows: int = 0
    sources: tuple[Source, ...] = ()
    sheets: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    targets: tuple[Mapping[str, Any], ...] = ()
    findings: tuple[Finding, ...] = ()
    problem: Mapping[str, Any] | None = None
    bounds: tuple[float, float, float, float] | None = None
    first_rows: tuple[Mapping[str, Any], ...] = ()
    features: tuple[Mapping[str, Any], ...] = ()

    @property
    def is_refused(self) -> bool:
        """True where the import would be refused."""
        return self.problem is not None or any(one.severity == "error" for one in self.findings)

    def as_dict(self) -> dict[str, Any]:
        """Return the preview as plain values."""
        return {**asdict(self), "is_refused": self.is_refused}


def preview_layer(
    store: FolderStore,
    layer: str,
    paths: Sequence[Path],
    *,
    sheet: str | None = None,
    crs: str | None = None,
    column_map: Mapping[str, str] | None = None,
    draft_dir: Path,
) -> Preview:
    """Tell what `import_layer` would do with the same files and options; the study is only read.

    Parameters
    ----------
    store : FolderStore
    layer, paths, sheet, crs, column_map
        As for `import_layer`.
    draft_dir : Path
        Room for rasters and antennas, which are imported into a draft of the study.

    Returns
    -------
    Preview
        Files that cannot be read are told of in ``problem``, never raised.
    """
    blank = Preview(layer, sheets={path.name: sheets_of(path) for path in paths}, targets=_targets(layer))
    if layer in OWN_FORMATS:
        return _drafted(store, blank, paths, crs=crs, draft_dir=draft_dir)
    try:
        tables = read_tables(layer, paths, sheet=sheet, column_map=column_map)
        known = FIBRE_TABLES[0] if layer == "fibre" else layer
        blank = replace(
            blank,
            rows=sum(len(table.rows) for table in tables),
            sources=tuple(source_of(known, table) for table in tables),
        )
        parts = examine_tables(store, layer, tables, crs=crs, column_map=column_map)
    except InputError as error:
        return replace(blank, problem=problem_of(error))
    return _shown(blank, parts)


def problem_of(error: InputError) -> dict[str, Any]:
    """Return code and parameters of an error."""
    parameters: Mapping[str, Parameter] = error.parameters
    return {"code": error.code, "parameters": dict(parameters)}


def _targets(layer: str) -> tuple[Mapping[str, Any], ...]:
    if layer in OWN_FORMATS:
        return ()
    names = FIBRE_TABLES if layer == "fibre" else (layer,)
    columns = {column.name: column for name in names for column in table_rule(name).columns}
    wanted = [{"name": column.name, "is_required": column.is_required} for column in columns.values()]
    return (*wanted, *({"name": name, "is_required": False} for name in COORDINATES))


def _shown(blank: Preview, parts: Sequence[Examined]) -> Preview:
    frames = [part.frame.geometry for part in parts]
    whole = np.concatenate([np.asarray(frame, dtype=object) for frame in frames]) if frames else np.empty(0)
    bounds = _bounds(whole)
    findings = capped([finding for part in parts for finding in part.findings])
    room = MOST_FEATURES // max(len(parts), 1)
    return replace(
        blank,
        rows=sum(len(part.frame) for part in parts),
        sources=tuple(source for part in parts for source in part.sources),
        findings=findings,
        bounds=bounds,
        first_rows=tuple(row for part in parts for row in _first_rows(part.frame))[:FIRST_ROWS],
        features=tuple(one for part in parts for one in _features(part, bounds, room)),
    )


def _first_rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    rows = frame.drop(columns="geometry", errors="ignore").head(FIRST_ROWS).to_dict("records")
    return [{str(name): _plain(value) for name, value in row.items()} for row in rows]


def _plain(value: object) -> str | int | float | bool | None:
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, int | np.integer):
        return int(value)
    if isinstance(value, float | np.floating):
        return float(value) if np.isfinite(value) else None
    return plain_text(value)


def _bounds(shapes: Any) -> tuple[float, float, float, float] | None:  # noqa: ANN401 - array of shapes
    edges = shapely.bounds(shapes) if len(shapes) else np.empty((0, 4))
    known = edges[_on_earth(edges)]
    if not len(known):
        return None
    west, south = known[:, :2].min(axis=0)
    east, north = known[:, 2:].max(axis=0)
    return float(west), float(south), float(east), float(north)


def _on_earth(edges: Any) -> npt.NDArray[np.bool_]:  # noqa: ANN401 - bounds of shapes
    """Tell which bounds a map can show: longitude and latitude that changed places are off the earth."""
    lon, lat = edges[:, [0, 2]], edges[:, [1, 3]]
    known = np.isfinite(edges).all(axis=1)
    return np.asarray(known & (np.abs(lon) <= 180).all(axis=1) & (np.abs(lat) <= 90).all(axis=1))


def _features(part: Examined, bounds: tuple[float, ...] | None, room: int) -> list[Feature]:
    """Return a sample of the rows: those with findings first, the others evenly."""
    if bounds is None:
        return []
    worst = _worst(part.findings)
    keys = [(origin.file, origin.row) for origin in part.origins]
    shapes = np.asarray(part.frame.geometry, dtype=object)
    there = np.flatnonzero(_on_earth(shapely.bounds(shapes)))
    found = [at for at in there if keys[at] in worst][: room // 2]
    others = [at for at in there if keys[at] not in worst]
    step = max(1, -(-len(others) // (room - len(found))))
    chosen = np.array([*found, *others[::step]], dtype=int)
    extent = max(bounds[2] - bounds[0], bounds[3] - bounds[1])
    simple = _simplified(shapes[chosen], extent)
    label = next((name for name in ("name", "site_id", "commune_code") if name in part.frame), None)
    return [
        {
            "type": "Feature",
            "geometry": json.loads(shapely.to_geojson(shape)),
            "properties": {
                "layer": part.layer,
                "file": keys[at][0],
                "row": keys[at][1],
                "name": None if label is None else plain_text(part.frame[label].iloc[at]),
                "severity": worst.get(keys[at]),
            },
        }
        for at, shape in zip(chosen.tolist(), simple, strict=True)
    ]


def _simplified(shapes: Any, extent_deg: float) -> Any:  # noqa: ANN401 - arrays of shapes
    if shapely.get_num_coordinates(shapes).sum() < MOST_VERTICES // 10:
        return shapes
    return shapely.simplify(shapes, extent_deg * _SIMPLIFIED_TO, preserve_topology=True)


def _worst(findings: Sequence[Finding]) -> dict[tuple[str, int], str]:
    ranks = {"assumed": 0, "warning": 1, "error": 2}
    worst: dict[tuple[str, int], str] = {}
    for one in findings:
        if one.file is None or one.row is None:
            continue
        key = (one.file, one.row)
        if ranks[one.severity] >= ranks.get(worst.get(key, ""), -1):
            worst[key] = one.severity
    return worst


def _drafted(
    store: FolderStore, blank: Preview, paths: Sequence[Path], *, crs: str | None, draft_dir: Path
) -> Preview:
    """Import rasters and antennas into a draft, and show what is there then."""
    draft = draft_of(store, draft_dir)
    try:
        report = import_layer(draft, blank.layer, paths, crs=crs, imported_at=store.clock())
    except TableError as refused:
        return replace(blank, findings=tuple(refused.findings))
    except InputError as error:
        return replace(blank, problem=problem_of(error))
    done = replace(blank, rows=report.rows, findings=report.findings)
    if blank.layer == "antennas":
        known = draft.records("antennas").drop(columns=["horizontal_db", "vertical_db"])
        return replace(done, first_rows=tuple(_first_rows(known)))
    squares, bounds = _squares(draft.raster(blank.layer), blank.layer)
    return replace(done, features=tuple(squares), bounds=bounds)


def _squares(raster: Raster, layer: str) -> tuple[list[Feature], tuple[float, float, float, float] | None]:
    """Return means of a raster over at most 40 x 40 squares."""
    grid = raster.grid
    step = max(1, -(-max(grid.width, grid.height) // RASTER_SIDE))
    values = np.asarray(raster.values, dtype=np.float64)
    rows, columns = -(-grid.height // step), -(-grid.width // step)
    padded = np.full((rows * step, columns * step), np.nan)
    padded[: grid.height, : grid.width] = values
    blocks = padded.reshape(rows, step, columns, step)
    known = np.isfinite(blocks)
    counts = known.sum(axis=(1, 3))
    totals = np.where(known, blocks, 0.0).sum(axis=(1, 3))
    total = layer == "population"
    at_row, at_column = np.nonzero((counts > 0) & (totals > 0 if total else True))
    left = grid.left_m + at_column * step * grid.cell_size_m
    top = grid.top_m - at_row * step * grid.cell_size_m
    side_m = step * grid.cell_size_m
    shapes = shapely.box(left, top - side_m, left + side_m, top)
    placed = np.asarray(gpd.GeoSeries(list(shapes), crs=grid.epsg).to_crs(GEOGRAPHIC_EPSG), dtype=object)
    shown = totals[at_row, at_column] / (1 if total else counts[at_row, at_column])
    features = [
        {
            "type": "Feature",
            "geometry": json.loads(shapely.to_geojson(shape)),
            "properties": {"layer": layer, "value": round(float(value), 1), "severity": None},
        }
        for shape, value in zip(placed, shown.tolist(), strict=True)
    ]
    corners = pyproj.Transformer.from_crs(grid.epsg, GEOGRAPHIC_EPSG, always_xy=True)
    west, south, east, north = corners.transform_bounds(*grid.bounds)
    return features, (west, south, east, north) if features else None
