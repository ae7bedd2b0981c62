"""Fibre networks in the Open Fibre Data Standard 0.3 (JSON), and plans as GeoJSON and GeoPackage."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import orjson
import pandas as pd
import pyogrio
import shapely
from pyogrio.errors import DataSourceError

from phusong.coverage.errors import InputError
from phusong.geodata.crs import GEOGRAPHIC_EPSG
from phusong.geodata.store.atomic import replacing

SCHEMA = (
    "https://raw.githubusercontent.com/Open-Telecoms-Data/open-fibre-data-standard/0__3__0/"
    "schema/network-schema.json"
)
CRS84 = {"name": "urn:ogc:def:crs:OGC::CRS84", "uri": "http://www.opengis.net/def/crs/OGC/1.3/CRS84"}
PLAN_ENDINGS = (".json", ".geojson", ".gpkg")
_DIGITS = 7


@dataclass(frozen=True, slots=True)
class PlanNode:
    """A node of a planned network.

    Attributes
    ----------
    node_id, name : str
    lon_deg, lat_deg : float
    is_existing : bool
        Part of the network that stands.
    node_type : str or None
        Word of the standard's open code list.
    """

    node_id: str
    name: str
    lon_deg: float
    lat_deg: float
    is_existing: bool = False
    node_type: str | None = None


@dataclass(frozen=True, slots=True)
class PlanSpan:
    """A stretch of a planned network.

    Attributes
    ----------
    span_id, start, end : str
        Its id and the nodes it joins.
    lonlat : tuple of (float, float)
    length_m : float
    build, road_class : str
    is_below_ground, is_existing, is_shared : bool
    cost : int
    """

    span_id: str
    start: str
    end: str
    lonlat: tuple[tuple[float, float], ...]
    length_m: float
    build: str
    road_class: str
    is_below_ground: bool
    is_existing: bool
    is_shared: bool
    cost: int


def ofds_network(
    name: str, nodes: Sequence[PlanNode], spans: Sequence[PlanSpan], *, language: str
) -> dict[str, Any]:
    """Return a planned network as a record of the Open Fibre Data Standard 0.3.

    The id follows from the content: the same plan has the same id.
    """
    record: dict[str, Any] = {
        "name": name,
        "nodes": [_node(node) for node in nodes],
        "spans": [_span(span) for span in spans],
        "crs": CRS84,
        "language": language,
        "links": [{"href": SCHEMA, "rel": "describedby"}],
    }
    filled = {key: value for key, value in record.items() if value != []}
    content = orjson.dumps(filled, option=orjson.OPT_SORT_KEYS).decode()
    return {"id": str(uuid.uuid5(uuid.NAMESPACE_URL, content)), **filled}


def _node(node: PlanNode) -> dict[str, Any]:
    record: dict[str, Any] = {
        "id": node.node_id,
        "status": "operational" if node.is_existing else "proposed",
        "location": {"type": "Point", "coordinates": _rounded((node.lon_deg, node.lat_deg))},
    }
    if node.name:
        record["name"] = node.name
    if node.node_type:
        record["type"] = [node.node_type]
    return record


def _span(span: PlanSpan) -> dict[str, Any]:
    return {
        "id": span.span_id,
        "status": "operational" if span.is_existing else "proposed",
        "start": span.start,
        "end": span.end,
        "route": {"type": "LineString", "coordinates": [_rounded(point) for point in span.lonlat]},
        "transmissionMedium": ["fibre"],
        "deployment": ["belowGround" if span.is_below_ground else "aboveGround"],
        "deploymentDetails": {"description": f"{span.build}; road: {span.road_class}"},
        "fibreLength": round(span.length_m / 1000, 4),
    }


def _rounded(point: tuple[float, float]) -> list[float]:
    return [round(point[0], _DIGITS), round(point[1], _DIGITS)]


def write_ofds(path: Path, network: Mapping[str, Any]) -> None:
    """Write a network of the Open Fibre Data Standard.

    Raises
    ------
    InputError
        ``export_unwritable``.
    """
    _write_bytes(path, orjson.dumps(network, option=orjson.OPT_INDENT_2))


def write_plan(
    path: Path, document: Mapping[str, Any], nodes: Sequence[PlanNode], spans: Sequence[PlanSpan]
) -> None:
    """Write a plan by the ending of the file: the document as JSON, its lines and points as GeoJSON or GPKG.

    GeoJSON carries the document less its lists in the member ``plan``; a GeoPackage in the table ``method``.

    Raises
    ------
    InputError
        ``export_format``, ``export_unwritable``.
    """
    ending = path.suffix.lower()
    if ending not in PLAN_ENDINGS:
        raise InputError("export_format", value=path.suffix or path.name, allowed=" ".join(PLAN_ENDINGS))
    if ending == ".json":
        _write_bytes(path, orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_SERIALIZE_NUMPY))
        return
    summary = {name: value for name, value in document.items() if name not in ("targets", "spans", "nodes")}
    lines, points = _lines(spans), _points(nodes)
    if ending == ".gpkg":
        _write_gpkg(path, lines, points, summary)
        return
    features = [*orjson.loads(lines.to_json())["features"], *orjson.loads(points.to_json())["features"]]
    record = {"type": "FeatureCollection", "features": features, "plan": summary}
    _write_bytes(path, orjson.dumps(record, option=orjson.OPT_INDENT_2 | orjson.OPT_SERIALIZE_NUMPY))


def _lines(spans: Sequence[PlanSpan]) -> gpd.GeoDataFrame:
    names = ("span_id", "start", "end", "length_m", "build", "road_class", "is_existing", "is_shared", "cost")
    return gpd.GeoDataFrame(
        {name: [getattr(span, name) for span in spans] for name in names},
        geometry=[shapely.LineString(span.lonlat) for span in spans],
        crs=GEOGRAPHIC_EPSG,
    )


def _points(nodes: Sequence[PlanNode]) -> gpd.GeoDataFrame:
    names = ("node_id", "name", "is_existing", "node_type")
    return gpd.GeoDataFrame(
        {name: [getattr(node, name) for node in nodes] for name in names},
        geometry=[shapely.Point(node.lon_deg, node.lat_deg) for node in nodes],
        crs=GEOGRAPHIC_EPSG,
    )


def _write_gpkg(
    path: Path, lines: gpd.GeoDataFrame, points: gpd.GeoDataFrame, summary: Mapping[str, Any]
) -> None:
    try:
        with replacing(path) as partial:
            pyogrio.write_dataframe(lines, partial, layer="spans", driver="GPKG", geometry_type="LineString")
            pyogrio.write_dataframe(
                points, partial, layer="nodes", driver="GPKG", geometry_type="Point", append=True
            )
            told = [
                orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY).decode() for value in summary.values()
            ]
            remarks = pd.DataFrame({"name": list(summary), "text": told})
            pyogrio.write_dataframe(remarks, partial, layer="method", driver="GPKG", append=True)
    except (OSError, DataSourceError) as error:
        raise InputError("export_unwritable", path=str(path), detail=str(error)[:120]) from error


def _write_bytes(path: Path, content: bytes) -> None:
    try:
        with replacing(path) as partial:
            partial.write_bytes(content)
    except OSError as error:
        raise InputError("export_unwritable", path=str(path), detail=str(error)[:120]) from error
