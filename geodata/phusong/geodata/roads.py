"""Roads of a study as a network: the class of each road from the words people use, true lengths."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

from phusong.coverage.placement.roadgraph import ROAD_CLASSES, SNAP_M, Roads, roads_of_lines
from phusong.geodata.crs import GEOGRAPHIC_EPSG
from phusong.geodata.names import search_key

_WORDS: Mapping[str, str] = MappingProxyType(
    {
        # OpenStreetMap in Viet Nam: trunk and primary are quốc lộ, secondary đường tỉnh, tertiary đường huyện
        **dict.fromkeys(("national", "motorway", "trunk", "primary", "quoc lo", "ql", "cao toc"), "national"),
        **dict.fromkeys(("provincial", "secondary", "tinh lo", "duong tinh", "tl", "dt"), "provincial"),
        **dict.fromkeys(("district", "tertiary", "huyen lo", "duong huyen", "hl", "dh"), "district"),
        **dict.fromkeys(
            (
                "commune",
                "unclassified",
                "residential",
                "living street",
                "service",
                "road",
                "pedestrian",
                "duong xa",
                "duong lien xa",
                "duong thon",
                "duong xom",
                "duong do thi",
                "duong pho",
                "giao thong nong thon",
                "gtnt",
                "dx",
            ),
            "commune",
        ),
        **dict.fromkeys(
            (
                "track",
                "path",
                "footway",
                "cycleway",
                "bridleway",
                "steps",
                "duong mon",
                "loi mon",
                "duong dan sinh",
                "noi dong",
            ),
            "track",
        ),
    }
)
"""What roads are called (without accents) and the class that means."""


def road_class_of(text: str | None) -> str:
    """Return the class of a road from what a file calls it.

    Examples
    --------
    >>> road_class_of("QL217"), road_class_of("primary_link"), road_class_of("ĐT.521"), road_class_of(None)
    ('national', 'national', 'provincial', 'unknown')
    """
    words = search_key(text or "").replace("_", " ").replace(".", " ").replace("-", " ").split()
    for count in range(len(words), 0, -1):
        # a code such as QL217 carries its number without a space
        found = _WORDS.get(" ".join(words[:count])) or _WORDS.get(
            " ".join(words[:count]).rstrip("0123456789")
        )
        if found:
            return found
    return "unknown"


def road_network(table: gpd.GeoDataFrame, *, epsg: int, snap_m: float = SNAP_M) -> Roads:
    """Join the roads of a study to a network in its metric CRS.

    Parameters
    ----------
    table : GeoDataFrame
        Layer ``roads``: LineString or MultiLineString in EPSG:4326, column ``class`` where known.
    epsg : int
        Metric CRS of the study.
    snap_m : float
        Ends this near to another road are joined to it.

    Returns
    -------
    Roads
        Lengths on the WGS 84 ellipsoid.
    """
    shapes = np.asarray(table.geometry, dtype=object)
    parts, row = shapely.get_parts(shapes, return_index=True)
    kept = ~(shapely.is_missing(parts) | shapely.is_empty(parts))
    lines, row = parts[kept], row[kept]
    lonlat, line = shapely.get_coordinates(lines, return_index=True)
    lonlat, line = _without_repeats(lonlat, line)
    sizes = np.bincount(line, minlength=len(lines))
    real = sizes[line] > 1
    lonlat, line = lonlat[real], line[real]
    used, line = np.unique(line, return_inverse=True)
    row = row[used]
    indptr = np.concatenate([[0], np.cumsum(np.bincount(line, minlength=used.size))]).astype(np.int64)
    metric = pyproj.Transformer.from_crs(GEOGRAPHIC_EPSG, epsg, always_xy=True)
    vertex_m = np.column_stack(metric.transform(lonlat[:, 0], lonlat[:, 1])).reshape(-1, 2)
    return roads_of_lines(
        vertex_m, indptr, _steps_m(lonlat, line), _classes(table)[row], row.astype(np.int32), snap_m=snap_m
    )


def _without_repeats(
    lonlat: np.ndarray[tuple[int, int], np.dtype[np.float64]],
    line: np.ndarray[tuple[int], np.dtype[np.int64]],
) -> tuple[np.ndarray[tuple[int, int], np.dtype[np.float64]], np.ndarray[tuple[int], np.dtype[np.int64]]]:
    """Drop vertices that repeat the one before."""
    fresh = np.ones(len(line), np.bool_)
    fresh[1:] = (line[1:] != line[:-1]) | (lonlat[1:] != lonlat[:-1]).any(axis=1)
    return lonlat[fresh], line[fresh]


def _steps_m(
    lonlat: np.ndarray[tuple[int, int], np.dtype[np.float64]],
    line: np.ndarray[tuple[int], np.dtype[np.int64]],
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Length on the ellipsoid from each vertex to the next of its line."""
    step_m = np.zeros(len(line))
    goes_on = np.flatnonzero(line[1:] == line[:-1])
    start, end = lonlat[goes_on], lonlat[goes_on + 1]
    _, _, step_m[goes_on] = pyproj.Geod(ellps="WGS84").inv(start[:, 0], start[:, 1], end[:, 0], end[:, 1])
    return step_m


def _classes(table: gpd.GeoDataFrame) -> np.ndarray[tuple[int], np.dtype[np.int8]]:
    texts = table["class"] if "class" in table else pd.Series([None] * len(table), dtype=object)
    place = {
        text: ROAD_CLASSES.index(road_class_of(None if pd.isna(text) else str(text)))
        for text in texts.unique()
    }
    return np.array([place[text] for text in texts], dtype=np.int8)
