"""The features of a collection, encoded once and filtered by row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import orjson
import pandas as pd
import shapely

from phusong.app.api.crs import DEGREES, AnswerCrs
from phusong.app.api.filters import BoolArray, filter_rows, queryable_columns
from phusong.coverage.errors import InputError, NotFoundError

JSON_COLUMNS = frozenset({"reason", "nearest"})

Box = tuple[float, float, float, float]


class Features:
    """Rows of a layer as GeoJSON features.

    Parameters
    ----------
    collection : str
        Name of the collection, for errors.
    frame : GeoDataFrame
        EPSG:4326. Not changed.
    id_column : str
        Column whose values identify features.
    """

    def __init__(self, collection: str, frame: gpd.GeoDataFrame, *, id_column: str) -> None:
        self._collection = collection
        self._frame = frame
        self._ids = frame[id_column].astype(str).to_numpy()
        self._places = {name: row for row, name in enumerate(self._ids)}
        self._tree = shapely.STRtree(np.asarray(frame.geometry.array, dtype=object))
        self._encoded = _encode(frame, self._ids, DEGREES)

    def __len__(self) -> int:
        return len(self._encoded)

    @property
    def bounds(self) -> Box | None:
        """West, south, east, north in degrees; None without a located feature."""
        west, south, east, north = (float(edge) for edge in self._frame.total_bounds)
        return (west, south, east, north) if np.isfinite([west, south, east, north]).all() else None

    def one(self, feature_id: str, *, crs: AnswerCrs = DEGREES) -> bytes:
        """Return a feature as JSON.

        Raises
        ------
        NotFoundError
            ``feature_unknown``.
        """
        row = self._places.get(feature_id)
        if row is None:
            raise NotFoundError("feature_unknown", collection=self._collection, id=feature_id[:80])
        return self._rows(np.array([row]), crs)[0]

    def _rows(self, rows: npt.NDArray[np.int64], crs: AnswerCrs) -> list[bytes]:
        """Features as JSON; those in degrees are kept, others are made when asked for."""
        if crs == DEGREES:
            return [self._encoded[row] for row in rows.tolist()]
        return _encode(self._frame.iloc[rows], self._ids[rows], crs)

    @property
    def queryables(self) -> dict[str, str]:
        """Columns that may be filtered by, with the JSON type of their values."""
        names = [name for name in queryable_columns(self._frame) if name not in JSON_COLUMNS]
        return {name: _json_type(self._frame[name]) for name in names}

    def matching(self, tree: Any, *, crs: AnswerCrs) -> BoolArray:  # noqa: ANN401 - a tree of JSON
        """Tell which features meet a CQL2 filter (see `filter_rows`)."""
        return filter_rows(tree, self._frame, crs=crs)

    def select(self, *, bbox: Box | None, equals: Mapping[str, Sequence[str]]) -> npt.NDArray[np.int64]:
        """Rows that meet a box and have one of the values in each of some columns.

        Raises
        ------
        InputError
            ``filter_unavailable`` when the collection has no such column.
        """
        wanted = np.ones(len(self), dtype=bool)
        if bbox is not None:
            wanted[:] = False
            wanted[self._tree.query(shapely.box(*bbox), predicate="intersects")] = True
        for column, values in equals.items():
            if column not in self._frame:
                raise InputError("filter_unavailable", name=column, collection=self._collection)
            wanted &= _text(self._frame[column]).isin(list(values)).to_numpy()
        return np.flatnonzero(wanted)

    def page(
        self,
        rows: npt.NDArray[np.int64],
        *,
        matched: int,
        links: Sequence[Mapping[str, str]],
        crs: AnswerCrs = DEGREES,
    ) -> bytes:
        """Return some features as a GeoJSON feature collection."""
        head = {
            "type": "FeatureCollection",
            "numberMatched": matched,
            "numberReturned": len(rows),
            "links": links,
        }
        body = b",".join(self._rows(rows, crs))
        return orjson.dumps(head)[:-1] + b',"features":[' + body + b"]}"


def _text(column: pd.Series) -> pd.Series:
    """Values as an address writes them: ``true``, ``12``, ``0.5``."""
    if column.dtype == bool or column.dropna().map(type).eq(bool).all():
        return column.map({True: "true", False: "false"})
    if pd.api.types.is_numeric_dtype(column):
        return column.map(lambda value: f"{value:g}", na_action="ignore")
    return column.astype(object)


def _json_type(column: pd.Series) -> str:
    values = column.dropna()
    if column.dtype == bool or (len(values) and values.map(type).eq(bool).all()):
        return "boolean"
    return "number" if pd.api.types.is_numeric_dtype(column) else "string"


def _encode(frame: gpd.GeoDataFrame, ids: npt.NDArray[np.object_], crs: AnswerCrs) -> list[bytes]:
    shapes = np.asarray(frame.geometry.array, dtype=object)
    drawn = shapely.to_geojson(crs.from_degrees(shapes))
    records = pd.DataFrame(frame.drop(columns=frame.geometry.name)).to_dict("records")
    return [
        orjson.dumps(
            {
                "type": "Feature",
                "id": str(name),
                "geometry": None if shape is None else orjson.Fragment(shape),
                "properties": {key: _plain(key, value) for key, value in record.items()},
            },
            option=orjson.OPT_SERIALIZE_NUMPY,
        )
        for name, shape, record in zip(ids, drawn, records, strict=True)
    ]


def _plain(name: str, value: Any) -> Any:  # noqa: ANN401 - a cell of a table
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    if name in JSON_COLUMNS and isinstance(value, str):
        return orjson.Fragment(value)
    if isinstance(value, str | bool | int | float | np.generic | np.ndarray | list | dict):
        return value
    return str(value)
