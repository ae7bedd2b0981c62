"""The outer edge of a study: what its communes cover together."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import orjson
import shapely

from phusong.geodata.store.atomic import write_bytes_atomic
from phusong.geodata.store.folder import FolderStore

TOLERANCE_DEG = 1e-5
"""About the side of a pixel at the closest zoom of the map."""
SLIVER_SHARE = 1e-5
"""Parts under this share of the largest, by the boxes around them, are slivers between neighbours."""


def outline_geojson(store: FolderStore, communes: gpd.GeoDataFrame) -> bytes:
    """Return the outer edge as a GeoJSON feature, from the cache where it was worked out before.

    Parameters
    ----------
    store : FolderStore
        With the layer of communes.
    communes : GeoDataFrame
        That layer, EPSG:4326.
    """
    folder = store.cache_dir / "display"
    path = folder / f"outline-{store.meta('communes').content_sha256[:20]}.json"
    if path.exists():
        return path.read_bytes()
    feature = {"type": "Feature", "properties": {}, "geometry": shapely.geometry.mapping(outline(communes))}
    content = orjson.dumps(feature)
    folder.mkdir(parents=True, exist_ok=True)
    write_bytes_atomic(path, content)
    for outdated in folder.glob("outline-*.json"):
        if outdated != path:
            outdated.unlink(missing_ok=True)
    return content


def outline(communes: gpd.GeoDataFrame) -> shapely.MultiPolygon:
    """Return the outer edge without holes, shells against the clock (RFC 7946).

    Gaps between neighbours whose borders do not meet are no part of the edge, and slivers are no islands.

    Examples
    --------
    >>> boxes = [shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1)]
    >>> outline(gpd.GeoDataFrame(geometry=boxes, crs=4326)).area
    2.0
    """
    shapes = np.asarray(communes.geometry.array, dtype=object)
    present = shapes[~(shapely.is_missing(shapes) | shapely.is_empty(shapes))]
    parts = shapely.get_parts(shapely.union_all(shapely.make_valid(present)))
    shells = shapely.polygons(shapely.get_exterior_ring(parts[shapely.get_type_id(parts) == _POLYGON]))
    if not shells.size:
        return shapely.MultiPolygon()
    extent = shapely.area(shapely.envelope(shells))
    kept = shapely.simplify(shells[extent >= extent.max() * SLIVER_SHARE], TOLERANCE_DEG)
    placed = shapely.set_precision(kept, 1e-7, mode="pointwise")
    return shapely.MultiPolygon(shapely.orient_polygons(placed).tolist())


_POLYGON = int(shapely.GeometryType.POLYGON)
