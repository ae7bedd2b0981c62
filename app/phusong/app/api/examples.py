"""Examples for the API description: values of the sample province, which anybody can make and ask."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

COMMUNE, VILLAGE, CELL = "99010", "99001-004", "MAU0002-M41"
_JOB = "5f1d7a0c9b8e4c2f8a6d3e1b2c4d5e6f"
_MAST = {"site_id": "N1", "lon_deg": 105.1, "lat_deg": 20.3, "height_m": 36.0, "band": "B3"}

PARAMETERS: Mapping[str, Any] = MappingProxyType(
    {
        "area_class": "III",
        "bbox": "105.2,19.6,105.8,20.1",
        "bbox-crs": "http://www.opengis.net/def/crs/OGC/1.3/CRS84",
        "cell_id": CELL,
        "collection": "villages",
        "commune": COMMUNE,
        "commune_code": COMMUNE,
        "coverage": "rsrp-4G-all",
        "crs": "http://www.opengis.net/def/crs/EPSG/0/3405",
        "datetime": "2026-11-30T00:00:00Z",
        "descending": True,
        "ending": "csv",
        "feature_id": VILLAGE,
        "filename": "tram.csv",
        "filter": "status = 'white' AND households > 50",
        "filter-crs": "http://www.opengis.net/def/crs/OGC/1.3/CRS84",
        "filter-lang": "cql2-text",
        "form": "colours",
        "frequency_mhz": 1800.0,
        "from_height_m": 36.0,
        "from_lat": 19.8,
        "from_lon": 105.6,
        "If-Match": '"3"',
        "job_id": _JOB,
        "last-event-id": 0,
        "lat": 19.8,
        "layer": "sites",
        "limit": 10,
        "lon": 105.7,
        "mark": "0" * 24,
        "maxDuration": 3600,
        "minDuration": 0,
        "name": "Thêm 10 trạm",
        "offset": 0,
        "operator": "Viettel",
        "prefer": "respond-async",
        "process": "what-if",
        "processID": ["optimise"],
        "q": "Xuan Bao",
        "reason": "terrain",
        "sha256": "0" * 64,
        "sheet": "Trạm",
        "sort": "households",
        "status": "white,patchy",
        "technology": "4G",
        "threshold_dbm": -110.0,
        "to_height_m": 1.5,
        "to_lat": 19.9,
        "to_lon": 105.7,
        "to_zoom": 9,
        "type": ["process"],
        "upload_id": _JOB,
        "version": 1,
        "village_id": VILLAGE,
        "x": 1625,
        "y": 911,
        "z": 11,
    }
)
"""Values of parameters by name."""
OF_PATHS: Mapping[tuple[str, str], Any] = MappingProxyType(
    {
        ("/collections/{collection}/items/{feature_id}", "crs"): "http://www.opengis.net/def/crs/EPSG/0/4326",
        ("/coverages/{coverage}/distribution", "coverage"): "margin-4G-all",
        ("/exports/rasters/{layer}.tif", "layer"): "rsrp",
        ("/jobs", "status"): ["running", "accepted"],
        ("/exports/rasters/{layer}.tif", "operator"): "all",
        ("/exports/tiles/{name}.pmtiles", "name"): "vector",
        ("/what-if/standing/{technology}/{operator}/tiles/WebMercatorQuad/{z}/{y}/{x}", "operator"): "all",
    }
)
"""Values where a parameter means something of its own in a path."""
BODIES: Mapping[tuple[str, str], Any] = MappingProxyType(
    {
        ("put", "/method"): {"location_probability": 0.95},
        ("put", "/targets"): {
            "targets": {"5G": {"percent": 60.0, "year": 2025, "source": "178/KH-UBND (Thanh Hóa)"}}
        },
        ("post", "/processes/{process}/execution"): {"inputs": {"additions": [_MAST]}},
        ("post", "/jobs/{job_id}/scenario"): {"name": "Thêm 10 trạm"},
        ("put", "/scenarios/{name}"): {"additions": [_MAST]},
    }
)
_PROBLEM = {
    "type": "urn:phusong:problem:parameter_invalid",
    "title": "Yêu cầu không hợp lệ",
    "status": 400,
    "detail": "Tham số limit = 0 không hợp lệ; cho phép: ≥ 1.",
    "code": "parameter_invalid",
    "instance": "/collections/villages/items",
}


def add_examples(document: dict[str, Any]) -> None:
    """Put examples into an OpenAPI document, in place: parameters, bodies and the answer to a failure."""
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            for parameter in operation.get("parameters", ()):
                example = OF_PATHS.get((path, parameter["name"]), PARAMETERS.get(parameter["name"]))
                if example is not None:
                    parameter.setdefault("example", example)
            body = BODIES.get((method, path))
            if body is not None:
                operation["requestBody"]["content"]["application/json"]["example"] = body
            for content in operation["responses"]["default"]["content"].values():
                content["example"] = {**_PROBLEM, "instance": path}
