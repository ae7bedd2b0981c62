"""Roads of an OpenStreetMap extract: ``.osm``, ``.osm.bz2``, ``.osm.pbf``."""

from __future__ import annotations

import bz2
import shutil
import tempfile
import warnings
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyogrio
from pyogrio.errors import DataLayerError, DataSourceError, FeatureError, FieldError, GeometryError

from phusong.coverage.errors import LayerFileError
from phusong.geodata.rawtable import RawTable

ENDINGS = (".osm", ".osm.bz2", ".osm.pbf", ".pbf")
NOT_ROADS = frozenset(
    {"proposed", "construction", "abandoned", "razed", "platform", "corridor", "elevator", "rest_area", "no"}
)
"""Values of ``highway`` along which nothing can be laid (yet)."""
_BROKEN = (
    DataSourceError,
    DataLayerError,
    FeatureError,
    FieldError,
    GeometryError,
    OSError,
    EOFError,
    ValueError,
    RuntimeError,
)
_PIECE = 1 << 20


def is_osm(path: Path) -> bool:
    """Tell whether a file's name is that of an OpenStreetMap extract.

    Examples
    --------
    >>> is_osm(Path("vietnam-latest.osm.pbf")), is_osm(Path("roads.OSM")), is_osm(Path("roads.gpkg"))
    (True, True, False)
    """
    return path.name.lower().endswith(ENDINGS)


def read_osm_roads(path: Path) -> RawTable:
    """Read the ways with a tag ``highway`` as roads: ``osm_id``, ``name``, ``highway``.

    Ways keep the vertices they share, which is where roads meet; parts of a way whose nodes lie outside the
    extract are missing, as in the file.

    Raises
    ------
    LayerFileError
        ``file_broken``; ``no_rows`` where no way is a road.
    """
    try:
        if path.name.lower().endswith(".bz2"):
            with tempfile.TemporaryDirectory() as folder:
                plain = Path(folder) / "roads.osm"
                with bz2.open(path) as packed, plain.open("wb") as target:
                    shutil.copyfileobj(packed, target, _PIECE)
                ways = _ways(plain)
        else:
            ways = _ways(path)
    except _BROKEN as error:
        detail = f"{type(error).__name__}: {error}"[:120]
        raise LayerFileError("file_broken", file=path.name, detail=detail) from error
    if ways.empty:
        raise LayerFileError("no_rows", file=path.name)
    columns = {name: [_text(value) for value in ways[name]] for name in ("osm_id", "name", "highway")}
    return RawTable(
        file=path.name,
        sheet=None,
        columns=columns,
        rows=tuple(range(1, len(ways) + 1)),
        geometry=np.asarray(ways.geometry, dtype=object),
        crs=ways.crs,
    )


def _ways(path: Path) -> gpd.GeoDataFrame:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # remarks of the library on the order of layers
        ways = pyogrio.read_dataframe(path, layer="lines", columns=["osm_id", "name", "highway"])
    return ways[ways["highway"].notna() & ~ways["highway"].isin(NOT_ROADS)].reset_index(drop=True)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
