"""Geographic files: GeoPackage, Shapefile (plain or zipped), GeoJSON and GeoParquet."""

from __future__ import annotations

import json
import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
import pyproj
from pyogrio.errors import DataLayerError, DataSourceError, FeatureError, FieldError, GeometryError
from pyproj.exceptions import CRSError
from shapely.errors import ShapelyError
from shapely.geometry import shape

from phusong.coverage.errors import LayerFileError
from phusong.geodata.crs import GEOGRAPHIC_EPSG
from phusong.geodata.rawtable import RawTable

_BROKEN = (
    DataSourceError,
    DataLayerError,
    FeatureError,
    FieldError,
    GeometryError,
    pa.ArrowException,
    ShapelyError,
    OSError,
    ValueError,
    TypeError,
    KeyError,
    AttributeError,
    RuntimeError,
    OverflowError,
)
"""What the readers raise at damaged or hostile files."""
_SQLITE_START = b"SQLite format 3\0"
_SHAPEFILE_START = b"\0\0\x27\x0a"


def read_geopackage(path: Path, *, sheet: str | None) -> RawTable:
    """Read a layer of a GeoPackage; the only one, unless ``sheet`` names it.

    Raises
    ------
    LayerFileError
        ``file_broken``, ``sheet_unknown`` or ``sheet_needed``.
    """
    _check_start(path, path.read_bytes()[:16], _SQLITE_START)
    return _read_with_gdal(str(path), path.name, sheet)


def read_shapefile(path: Path, *, sheet: str | None) -> RawTable:
    """Read a Shapefile, or one in a ZIP archive.

    Raises
    ------
    LayerFileError
        ``file_broken``, ``text_encoding``, ``sheet_unknown`` or ``sheet_needed``.
    """
    if path.suffix.lower() == ".shp":
        _check_start(path, path.read_bytes()[:4], _SHAPEFILE_START)
        has_code_page = path.with_suffix(".cpg").exists() or path.with_suffix(".CPG").exists()
        return _read_with_gdal(str(path), path.name, None, encoding=None if has_code_page else "UTF-8")
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise LayerFileError("file_broken", file=path.name, detail=str(error)[:120]) from error
    shapes = {
        Path(name).stem: name for name in names if name.lower().endswith(".shp") and "__MACOSX" not in name
    }
    inner = shapes[_chosen(path.name, list(shapes), sheet)]
    has_code_page = any(name.lower() == f"{inner[:-4]}.cpg".lower() for name in names)
    return _read_with_gdal(
        f"/vsizip/{path.resolve()}/{inner}", path.name, None, encoding=None if has_code_page else "UTF-8"
    )


def layer_names(path: Path) -> tuple[str, ...]:
    """Names of the layers with shapes of a GeoPackage, or of the Shapefiles in an archive.

    Raises
    ------
    LayerFileError
        ``file_broken``.
    """
    try:
        if path.suffix.lower() == ".zip":
            with zipfile.ZipFile(path) as archive:
                names = archive.namelist()
            return tuple(Path(name).stem for name in names if name.lower().endswith(".shp"))
        return tuple(str(name) for name, kind in pyogrio.list_layers(path) if kind is not None)
    except (*_BROKEN, zipfile.BadZipFile) as error:
        raise _broken(path.name, error) from error


def read_geoparquet(path: Path) -> RawTable:
    """Read a GeoParquet file, or a Parquet table without shapes.

    Raises
    ------
    LayerFileError
        ``file_broken``.
    """
    try:
        if b"geo" in (pq.read_schema(path).metadata or {}):
            return _table_of_frame(gpd.read_parquet(path), path.name, None)
        return _table_of_frame(pd.read_parquet(path), path.name, None)
    except _BROKEN as error:
        raise _broken(path.name, error) from error


def read_geojson(path: Path) -> RawTable:
    """Read GeoJSON (RFC 7946); nested properties become columns such as ``phase.name``.

    Raises
    ------
    LayerFileError
        ``text_encoding``, ``file_broken``.
    """
    content = path.read_bytes()
    try:
        record = json.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        row = content.count(b"\n", 0, error.start) + 1
        raise LayerFileError("text_encoding", file=path.name, row=row) from error
    except json.JSONDecodeError as error:
        raise LayerFileError("json_broken", file=path.name, row=error.lineno, column=error.colno) from error
    except (ValueError, RecursionError) as error:
        raise _broken(path.name, error) from error
    features = _features(record, path.name)
    properties = [_flattened(_mapping(feature.get("properties"))) for feature in features]
    names = list(dict.fromkeys(name for one in properties for name in one))
    geometry = np.array([None] * len(features), dtype=object)
    geometry[:] = [_shape_of(feature.get("geometry")) for feature in features]
    return RawTable(
        file=path.name,
        sheet=None,
        columns={name: [one.get(name) for one in properties] for name in names},
        rows=tuple(range(1, len(features) + 1)),
        geometry=geometry,
        crs=_geojson_crs(record, path.name),
    )


def _features(record: object, file: str) -> list[Mapping[str, Any]]:
    found = _mapping(record)
    features = found.get("features") if found.get("type") == "FeatureCollection" else None
    if found.get("type") == "Feature":
        features = [found]
    if not isinstance(features, list):
        raise LayerFileError("geojson_features", file=file)
    return [_mapping(feature) for feature in features]


def _mapping(record: object) -> Mapping[str, Any]:
    return record if isinstance(record, Mapping) else {}


def _flattened(properties: Mapping[str, Any], prefix: str = "", depth: int = 0) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in properties.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping) and depth < 5:
            flat.update(_flattened(value, f"{name}.", depth + 1))
        elif isinstance(value, list | Mapping):
            flat[name] = _listed(value)
        else:
            flat[name] = value
    return flat


def _listed(value: object) -> str:
    if isinstance(value, list) and all(isinstance(one, str | int | float) for one in value):
        return ";".join(str(one) for one in value)
    return json.dumps(value, ensure_ascii=False)


def _shape_of(record: object) -> object:
    """Return a shape, or None where the file holds none that can be read."""
    if not isinstance(record, Mapping):
        return None
    try:
        return shape(dict(record))
    except (
        ValueError,
        TypeError,
        KeyError,
        AttributeError,
        IndexError,
        RecursionError,
        ShapelyError,
    ):
        return None


def _geojson_crs(record: object, file: str) -> pyproj.CRS:
    """WGS 84 by the standard, unless the file names another CRS as files of 2008 did."""
    name = _mapping(_mapping(_mapping(record).get("crs")).get("properties")).get("name")
    if name is None:
        return pyproj.CRS.from_epsg(GEOGRAPHIC_EPSG)
    try:
        return pyproj.CRS.from_user_input(str(name))
    except CRSError as error:
        raise LayerFileError("file_broken", file=file, detail=str(name)[:120]) from error


def _check_start(path: Path, start: bytes, expected: bytes) -> None:
    """Refuse a file that is not what its ending says, before a library guesses what else it may be."""
    if not start.startswith(expected):
        raise LayerFileError("file_broken", file=path.name, detail=path.suffix.lower())


def _read_with_gdal(source: str, file: str, sheet: str | None, *, encoding: str | None = None) -> RawTable:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # remarks of the library; what matters is checked after reading
        try:
            names = [str(name) for name, kind in pyogrio.list_layers(source) if kind is not None]
            chosen = _chosen(file, names, sheet)
            frame = pyogrio.read_dataframe(source, layer=chosen, encoding=encoding)
        except LayerFileError:
            raise
        except UnicodeDecodeError as error:
            raise LayerFileError("text_encoding", file=file, row=None) from error
        except _BROKEN as error:
            raise _broken(file, error) from error
    return _table_of_frame(frame, file, chosen if len(names) > 1 else None)


def _chosen(file: str, names: list[str], sheet: str | None) -> str:
    if not names:
        raise LayerFileError("no_rows", file=file)
    if sheet is None and len(names) > 1:
        raise LayerFileError("sheet_needed", file=file, allowed=", ".join(names))
    if sheet is not None and sheet not in names:
        raise LayerFileError("sheet_unknown", file=file, value=sheet, allowed=", ".join(names))
    return sheet or names[0]


def _table_of_frame(frame: pd.DataFrame, file: str, sheet: str | None) -> RawTable:
    geometry: npt.NDArray[np.object_] | None = None
    crs = None
    shapes = ""
    if isinstance(frame, gpd.GeoDataFrame):
        shapes = str(frame.geometry.name)
        geometry = np.asarray(frame.geometry, dtype=object)
        crs = frame.crs
    columns = {str(name): _values(frame[name]) for name in frame.columns if str(name) != shapes}
    return RawTable(
        file=file,
        sheet=sheet,
        columns=columns,
        rows=tuple(range(1, len(frame) + 1)),
        geometry=geometry,
        crs=crs,
    )


def _values(series: pd.Series[Any]) -> list[Any]:
    """Return plain Python values, None where missing."""
    return [None if _is_missing(value) else value for value in series.astype(object).tolist()]


def _is_missing(value: object) -> bool:
    return (
        value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and np.isnan(value))
    )


def _broken(file: str, error: BaseException) -> LayerFileError:
    return LayerFileError("file_broken", file=file, detail=f"{type(error).__name__}: {error}"[:120])
