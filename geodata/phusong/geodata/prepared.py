"""Rows of files as one table in the columns of a layer, in longitude and latitude, each with its origin."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyproj
import shapely

from phusong.coverage.contracts import ColumnRule, TableRule, table_rule
from phusong.coverage.errors import Finding, LayerFileError
from phusong.coverage.tables import shown
from phusong.geodata.columns import pad_codes, parse_column, parse_coordinate
from phusong.geodata.crs import GEOGRAPHIC_EPSG, parse_crs
from phusong.geodata.headers import match_columns
from phusong.geodata.rawtable import RawTable

Shapes = npt.NDArray[np.object_]
WGS_84 = pyproj.CRS.from_epsg(GEOGRAPHIC_EPSG)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a row came from.

    Attributes
    ----------
    file : str
    sheet : str or None
    row : int
        As the person sees it in the file.
    headers : mapping of str to str
        Header in the file by column of the layer.
    """

    file: str
    sheet: str | None
    row: int
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Prepared:
    """A table ready for its contract.

    Attributes
    ----------
    frame : GeoDataFrame
        Columns of the layer that the files have, EPSG:4326; rows counted from 0.
    origins : tuple of Origin
        One a row.
    findings : tuple of Finding
        What was noticed so far, in terms of the files.
    ignored : tuple of str
        Headers of the files that mean no column of the layer.
    """

    frame: gpd.GeoDataFrame
    origins: tuple[Origin, ...]
    findings: tuple[Finding, ...]
    ignored: tuple[str, ...] = ()

    def localised(self, findings: Sequence[Finding]) -> tuple[Finding, ...]:
        """Return findings about rows counted from 1 in terms of the files: file, sheet, row and header."""
        return tuple(_localised(finding, self.origins) for finding in findings)


def _localised(finding: Finding, origins: Sequence[Origin]) -> Finding:
    at = 0 if finding.row is None else finding.row - 1
    origin = origins[at]
    column = _column_told(finding, origin.headers)
    row = None if finding.row is None else origin.row
    return replace(finding, file=origin.file, sheet=origin.sheet, row=row, column=column)


PLACE_CODES = frozenset(
    {
        "coordinates_out_of_range",
        "coordinates_swapped",
        "far_from_study",
        "missing_geometry",
        "outside_study",
        "village_outside_communes",
        "wrong_geometry",
    }
)
"""Findings about where a row lies; its columns are those of the coordinates, or the geometry."""


def _column_told(finding: Finding, headers: Mapping[str, str]) -> str | None:
    if finding.column is not None:
        return headers.get(finding.column, finding.column)
    if finding.code not in PLACE_CODES or finding.row is None:
        return None
    for pair in (("lon", "lat"), ("x", "y")):
        if set(pair) <= set(headers):
            return ", ".join(headers[name] for name in pair)
    return "geometry"


def prepare(
    layer: str,
    tables: Sequence[RawTable],
    *,
    crs: str | None,
    overrides_crs: bool = False,
    column_map: Mapping[str, str] | None = None,
) -> Prepared:
    """Bring the rows of files into the columns of a layer.

    Parameters
    ----------
    layer : str
        A key of the contracts.
    tables : sequence of RawTable
    crs : str or None
        CRS of files that do not say theirs, and of columns ``x`` and ``y``.
    overrides_crs : bool
        Read everything in `crs`, whatever files say they are in.
    column_map : mapping of str to str, optional
        Header to column.

    Raises
    ------
    LayerFileError
        ``crs_missing``, or ``coordinates_missing`` where a file has neither shapes nor coordinates.
    InputError
        ``crs_unknown``, ``column_unknown``, ``column_target``.
    """
    if overrides_crs and crs is not None:
        parse_crs(crs)
        tables = [replace(table, crs=None) for table in tables]
    parts = [_part(layer, table, crs, column_map, overrides_crs=overrides_crs) for table in tables]
    frame = pd.concat([part.frame for part in parts], ignore_index=True)
    return Prepared(
        frame=gpd.GeoDataFrame(frame, geometry="geometry", crs=GEOGRAPHIC_EPSG),
        origins=tuple(origin for part in parts for origin in part.origins),
        findings=tuple(finding for part in parts for finding in part.findings),
        ignored=tuple(dict.fromkeys(name for part in parts for name in part.ignored)),
    )


def _part(
    layer: str,
    table: RawTable,
    crs: str | None,
    column_map: Mapping[str, str] | None,
    *,
    overrides_crs: bool,
) -> Prepared:
    rule = table_rule(layer)
    headers = match_columns(layer, list(table.columns), column_map)
    degrees_crs = parse_crs(crs) if overrides_crs and crs is not None else WGS_84
    shapes, findings = _shapes(rule, table, headers, crs, degrees_crs)
    columns: dict[str, Any] = {}
    for column in rule.columns:
        if column.name in headers:
            columns[column.name], remarks = _column(layer, column, table.columns[headers[column.name]])
            findings += remarks
    shapes, remarks = repaired(shapes)
    frame = pd.DataFrame({name: pd.Series(values, dtype=object) for name, values in columns.items()})
    if not columns:
        frame = pd.DataFrame(index=pd.RangeIndex(len(table.rows)))
    part = Prepared(
        frame=gpd.GeoDataFrame(frame, geometry=gpd.GeoSeries(list(shapes), crs=GEOGRAPHIC_EPSG)),
        origins=tuple(Origin(table.file, table.sheet, row, headers) for row in table.rows),
        findings=(),
        ignored=tuple(name for name in table.columns if name not in headers.values()),
    )
    ignored = [] if overrides_crs else _crs_remarks(table, headers, crs)
    told = (*table.findings, *ignored, *part.localised([*findings, *remarks]))
    return replace(part, findings=told)


def _column(layer: str, column: ColumnRule, values: Sequence[Any]) -> tuple[list[Any], list[Finding]]:
    if column.name == "commune_code":
        codes, remarks = pad_codes(values, column=column.name)
        return list(codes), remarks
    return parse_column(layer, column, values)


def _crs_remarks(table: RawTable, headers: Mapping[str, str], crs: str | None) -> list[Finding]:
    """Say that a CRS was given for a file that says its own, or that has longitude and latitude."""
    if crs is None:
        return []
    given = parse_crs(crs)
    own = table.crs
    if table.geometry is None and {"lon", "lat"} <= set(headers):
        own = WGS_84
    if own is None or given == own:
        return []
    return [
        Finding(code="crs_ignored", file=table.file, value=crs, allowed=str(own.name), severity="warning")
    ]


def _shapes(
    rule: TableRule, table: RawTable, headers: Mapping[str, str], crs: str | None, degrees_crs: pyproj.CRS
) -> tuple[Shapes, list[Finding]]:
    """Shapes of a file in EPSG:4326, 2-D; points of its coordinates where it has no shapes.

    Columns of longitude and latitude are in `degrees_crs`.
    """
    if table.geometry is not None:
        source = table.crs or (None if crs is None else parse_crs(crs))
        if source is None:
            raise LayerFileError("crs_missing", file=table.file)
        return to_geographic(_simple(table.geometry), source), []
    if {"lon", "lat"} <= set(headers):
        return _points(table, headers, ("lon", "lat"), degrees_crs)
    if {"x", "y"} <= set(headers):
        if crs is None:
            raise LayerFileError("crs_missing", file=table.file)
        return _points(table, headers, ("x", "y"), parse_crs(crs))
    if rule.layer != "cells":  # a cell hangs on its site
        raise LayerFileError("coordinates_missing", file=table.file, allowed=", ".join(table.columns))
    empty: Shapes = np.full(len(table.rows), None, dtype=object)
    return empty, []


def _points(
    table: RawTable, headers: Mapping[str, str], names: tuple[str, str], crs: pyproj.CRS
) -> tuple[Shapes, list[Finding]]:
    findings = []
    columns = []
    for name in names:
        values = [parse_coordinate(value) for value in table.columns[headers[name]]]
        findings += [
            Finding(code="not_a_number", row=position, column=name, value=shown(value))
            for position, value in enumerate(values, start=1)
            if isinstance(value, str)
        ]
        columns.append(pd.to_numeric(pd.Series(values, dtype=object), errors="coerce").to_numpy(np.float64))
    known = np.isfinite(columns[0]) & np.isfinite(columns[1])
    shapes: Shapes = np.full(len(table.rows), None, dtype=object)
    shapes[known] = shapely.points(columns[0][known], columns[1][known])
    return to_geographic(shapes, crs), findings


def _simple(shapes: Shapes) -> Shapes:
    """Drop heights; a collection of one point is that point, an empty shape is none."""
    flat: Shapes = shapely.force_2d(shapes)
    single = (shapely.get_type_id(flat) == shapely.GeometryType.MULTIPOINT) & (
        shapely.get_num_geometries(flat) == 1
    )
    flat = flat.copy()
    flat[single] = shapely.get_geometry(flat[single], 0)
    flat[shapely.is_empty(flat)] = None
    return flat


def to_geographic(shapes: Shapes, source: pyproj.CRS) -> Shapes:
    """Bring shapes from a CRS to longitude and latitude (EPSG:4326); the impossible becomes infinite."""
    target = pyproj.CRS.from_epsg(GEOGRAPHIC_EPSG)
    if source.to_epsg() == GEOGRAPHIC_EPSG or "CRS84" in source.to_string() or "CRS84" in source.name:
        return shapes
    transformer = pyproj.Transformer.from_crs(source, target, always_xy=True)

    def moved(points: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return np.column_stack(transformer.transform(points[:, 0], points[:, 1]))

    there = np.array([shape is not None and not shape.is_empty for shape in shapes], dtype=bool)
    result: Shapes = shapes.copy()
    if there.any():
        result[there] = shapely.transform(shapes[there], moved)
    return result


def repaired(shapes: Shapes) -> tuple[Shapes, list[Finding]]:
    """Repair areas whose rings cross or touch themselves; nothing else is changed."""
    is_area = np.isin(
        shapely.get_type_id(shapes), (shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON)
    )
    bounds_known = np.isfinite(shapely.bounds(shapes)).all(axis=1)
    bad = np.flatnonzero(is_area & bounds_known & ~shapely.is_valid(shapes))
    result: Shapes = shapes.copy()
    findings = []
    for at in bad:
        reason = shapely.is_valid_reason(shapes[at])
        result[at] = _area_of(shapely.make_valid(shapes[at]))
        findings.append(
            Finding(code="geometry_repaired", row=int(at) + 1, value=shown(reason), severity="warning")
        )
    return result, findings


def _area_of(shape: shapely.Geometry) -> shapely.Geometry | None:
    """Keep the areas of a repaired shape; None when nothing is left of it."""
    parts = [part for part in shapely.get_parts(shape, return_index=False) if part.area > 0]
    areas = [part for part in parts if part.geom_type in ("Polygon", "MultiPolygon")]
    return shapely.union_all(areas) if areas else None
