"""Mapbox Vector Tiles 2.1, cut from a layer held in memory.

A layer is projected once, thinned once a zoom, indexed, and cut by rectangle; commands and integers are
written by numpy for all features of a tile together. Far out, points stand for those around them and
features carry only what they are drawn and known by; a tile that would still be too large is thinned.
"""

from __future__ import annotations

import math
import struct
import threading
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from phusong.geodata.tiles import varint
from phusong.geodata.tiles.mercator import check_tile, tile_bounds_m, tile_side_m, to_mercator
from phusong.geodata.tiles.paths import (
    Commands,
    Geometries,
    line_commands,
    point_commands,
    polygon_commands,
)

EXTENT = 4096
BUFFER = 64
FINEST_LEVEL = 15
SCREEN_PIXELS = 512
COARSE_BELOW = 9  # from here down points only hint at where something is, and features carry less
COARSE_PIXELS = 4
COUNTED_BELOW = 8  # from here down a point tells how many it stands for
COUNTED_PIXELS = 8
COUNT = "point_count"
LARGEST_BYTES = 450_000
MOST_FEATURES = 20_000
FEW_FEATURES = 8

Box = tuple[float, float, float, float]
Keep = Callable[[int, Callable[[], Geometries]], Geometries]
"""Gives what was kept of a zoom, or makes and keeps it."""

_COMMANDS: tuple[Callable[[Geometries, Box, int], Commands], ...] = (
    point_commands,
    line_commands,
    polygon_commands,
)


@dataclass(frozen=True, slots=True)
class Column:
    """A property: the message of each distinct value, and which of them each feature has (-1 none)."""

    name: str
    messages: tuple[bytes, ...]
    codes: npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Level:
    """Geometries as drawn at one zoom, EPSG:3857; rows says which features they belong to."""

    zoom: int
    geometries: Geometries
    rows: npt.NDArray[np.int64]
    tree: shapely.STRtree
    columns: tuple[Column, ...]


class VectorSource:
    """A layer from which tiles are cut.

    Parameters
    ----------
    name : str
        Name of the layer inside the tiles.
    frame : GeoDataFrame
        EPSG:4326; geometries of one dimension: points, lines or polygons. Not changed.
    columns : sequence of str
        Properties to carry; missing columns are skipped, null values omitted.
    coarse_columns : sequence of str, optional
        Those of `columns` that are carried below zoom 9; all by default.
    is_coverage : bool
        Polygons tile the plane: neighbours are simplified together and keep sharing borders.
    is_stacked : bool
        Points at one place all count (the sectors of a mast): none is left out from zoom 9 on.
    keep : callable, optional
        Keeps thinned polygons that tile the plane, which take long to make, by zoom; the same frame must
        get what was kept of it.

    Notes
    -----
    Feature ids are the row's position plus one. Below zoom 8 a point carries ``point_count``, the number of
    points it stands for. A tile that would pass `LARGEST_BYTES` shows fewer points, without the smallest
    lines or polygons, or coarser borders where the polygons tile the plane. Thread-safe.
    """

    def __init__(
        self,
        name: str,
        frame: gpd.GeoDataFrame,
        *,
        columns: Sequence[str],
        coarse_columns: Sequence[str] | None = None,
        is_coverage: bool = False,
        is_stacked: bool = False,
        keep: Keep = lambda _zoom, make: make(),
    ) -> None:
        geometries = np.asarray(frame.geometry.array, dtype=object)
        present = ~(shapely.is_missing(geometries) | shapely.is_empty(geometries))
        self._name = name
        self._rows = np.flatnonzero(present)
        self._projected = shapely.transform(geometries[present], to_mercator)
        self._dimension = int(shapely.get_dimensions(self._projected).max(initial=0))
        self._columns = tuple(make_column(column, frame[column]) for column in columns if column in frame)
        kept = columns if coarse_columns is None else coarse_columns
        self._coarse_columns = tuple(column for column in self._columns if column.name in kept)
        self._is_coverage = is_coverage
        self._is_stacked = is_stacked
        self._keep = keep
        self._levels: dict[int, _Level] = {}
        self._lock = threading.Lock()

    def tile(self, zoom: int, x: int, y: int) -> bytes:
        """Return a tile; empty bytes where the layer has nothing.

        Raises
        ------
        NotFoundError
            When the matrix set has no such tile.
        """
        check_tile(zoom, x, y)
        level = self._level(min(zoom, FINEST_LEVEL))
        bounds_m = tile_bounds_m(zoom, x, y)
        margin_m = tile_side_m(zoom) * BUFFER / EXTENT
        west_m, south_m, east_m, north_m = bounds_m
        around_m = west_m - margin_m, south_m - margin_m, east_m + margin_m, north_m + margin_m
        found = np.sort(level.tree.query(shapely.box(*around_m)))
        if len(found) > MOST_FEATURES:
            found = self._fewer(level, found, MOST_FEATURES)
        tile = self._cut(level, found, bounds_m, around_m)
        while len(tile) > LARGEST_BYTES:
            smaller = self._smaller(level, found, LARGEST_BYTES / len(tile), around_m)
            if smaller is None:
                break
            level, found = smaller
            tile = self._cut(level, found, bounds_m, around_m)
        return tile

    def _smaller(
        self, level: _Level, found: npt.NDArray[np.int64], share: float, around_m: Box
    ) -> tuple[_Level, npt.NDArray[np.int64]] | None:
        """Give geometries that make a smaller tile; None where there are none."""
        if self._dimension and level.zoom > 0 and (self._is_coverage or len(found) <= FEW_FEATURES):
            coarser = self._level(level.zoom - 1)
            return coarser, np.sort(coarser.tree.query(shapely.box(*around_m)))
        most = int(0.9 * len(found) * share)
        return (level, self._fewer(level, found, most)) if most else None

    def _cut(self, level: _Level, found: npt.NDArray[np.int64], bounds_m: Box, around_m: Box) -> bytes:
        """Encode some geometries of a level; empty bytes where nothing of them shows."""
        if not len(found):
            return b""
        shapes = level.geometries[found]
        if self._dimension:
            shapes = shapely.clip_by_rect(shapes, *around_m)
        commands = _COMMANDS[self._dimension](shapes, bounds_m, EXTENT)
        return self._encode(level, found[commands.owners], commands) if len(commands.owners) else b""

    def _fewer(self, level: _Level, found: npt.NDArray[np.int64], most: int) -> npt.NDArray[np.int64]:
        """Leave points that crowd each other out, or the smallest shapes."""
        shapes = level.geometries[found]
        if self._dimension:
            west, south, east, north = shapely.bounds(shapes).T
            return np.sort(found[np.argsort(-np.hypot(east - west, north - south), kind="stable")[:most]])
        side_m = tile_side_m(level.zoom) / SCREEN_PIXELS
        shown, _ = _one_per_square(shapes, side_m)
        while len(shown) > max(most, 1):
            side_m *= 1.5
            shown, _ = _one_per_square(shapes, side_m)
        return found[shown]

    def warm(self, zooms: Sequence[int]) -> None:
        """Prepare some zooms ahead of the first request."""
        for zoom in zooms:
            self._level(min(zoom, FINEST_LEVEL))

    def _level(self, zoom: int) -> _Level:
        level = self._levels.get(zoom)
        if level is None:
            with self._lock:
                level = self._levels.get(zoom) or self._build_level(zoom)
                self._levels[zoom] = level
        return level

    def _build_level(self, zoom: int) -> _Level:
        pixel_m = tile_side_m(zoom) / SCREEN_PIXELS
        shapes, rows = self._projected, self._rows
        columns = self._columns if zoom >= COARSE_BELOW else self._coarse_columns
        if self._dimension == 0 and not (self._is_stacked and zoom >= COARSE_BELOW):
            shown, counts = _one_per_square(shapes, pixel_m * _square_pixels(zoom))
            shapes, rows = shapes[shown], rows[shown]
            if zoom < COUNTED_BELOW:
                columns = (*columns, _counts_column(rows, counts))
        elif self._dimension and zoom < FINEST_LEVEL and len(shapes):
            shapes = self._thinned(zoom, pixel_m / 2)
        return _Level(zoom, shapes, rows, shapely.STRtree(shapes), columns)

    def _thinned(self, zoom: int, tolerance_m: float) -> Geometries:
        def make() -> Geometries:
            return _simplified(self._projected, tolerance_m, is_coverage=self._is_coverage)

        return self._keep(zoom, make) if self._is_coverage else make()

    def _encode(self, level: _Level, places: npt.NDArray[np.int64], commands: Commands) -> bytes:
        return encode_layer(self._name, self._dimension, level.columns, level.rows[places], commands)


def encode_layer(
    name: str,
    dimension: int,
    columns: Sequence[Column],
    rows: npt.NDArray[np.int64],
    commands: Commands,
) -> bytes:
    """Write one layer of a tile; a tile of several layers is their encodings joined.

    Parameters
    ----------
    name : str
    dimension : int
        0 points, 1 lines, 2 polygons.
    columns : sequence of Column
    rows : ndarray of int64, shape (n,)
        Row of each feature in the columns; its id is the row plus one.
    commands : Commands
        Of the n features.
    """
    keys, values, tags, tag_starts = _tags(columns, rows)
    packed, at = varint.pack(commands.integers)
    starts = at[commands.starts].tolist()
    kind = b"\x18" + varint.one(dimension + 1)
    parts = [varint.sized(1, name.encode())]
    for place, row in enumerate(rows.tolist()):
        content = (
            b"\x08"
            + varint.one(row + 1)
            + varint.sized(2, tags[tag_starts[place] : tag_starts[place + 1]])
            + kind
            + varint.sized(4, packed[starts[place] : starts[place + 1]])
        )
        parts.append(varint.sized(2, content))
    parts += [varint.sized(3, key.encode()) for key in keys]
    parts += values
    parts.append(b"\x28" + varint.one(EXTENT) + b"\x78\x02")
    return varint.sized(3, b"".join(parts))


def _tags(
    columns: Sequence[Column], rows: npt.NDArray[np.int64]
) -> tuple[list[str], list[bytes], bytes, list[int]]:
    """Keys and values that occur in the tile, and each feature's packed pairs of indices to them."""
    keys: list[str] = []
    values: list[bytes] = []
    pairs = np.full((len(rows), len(columns), 2), -1, dtype=np.int64)
    for place, column in enumerate(columns):
        present, inverse = np.unique(column.codes[rows], return_inverse=True)
        filled = int(present[0] == -1)
        if len(present) == filled:
            continue
        pairs[:, place, 0] = len(keys)
        pairs[:, place, 1] = inverse - filled + len(values)
        pairs[column.codes[rows] < 0, place] = -1
        keys.append(column.name)
        values += [varint.sized(4, column.messages[code]) for code in present[filled:]]
    flat = pairs.reshape(len(rows), -1)
    packed, at = varint.pack(flat[flat >= 0])
    counts = np.concatenate([[0], np.cumsum((flat >= 0).sum(axis=1))])
    return keys, values, packed, at[counts].tolist()


def make_column(name: str, series: pd.Series) -> Column:
    """Make a property of a column of a table."""
    plain = [_plain(value) for value in series.tolist()]
    typed = [None if value is None else (type(value).__name__, value) for value in plain]
    codes, distinct = pd.factorize(np.fromiter(typed, dtype=object, count=len(typed)))
    return Column(name, tuple(_value_message(value) for _, value in distinct), codes.astype(np.int64))


def _plain(value: object) -> Hashable | None:
    """Reduce a cell of a table to text, number, truth value or nothing."""
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or value is pd.NA or (isinstance(value, float) and not math.isfinite(value)):
        return None
    return value if isinstance(value, str | bool | int | float) else str(value)


def _value_message(value: object) -> bytes:
    if isinstance(value, str):
        return varint.sized(1, value.encode())
    if isinstance(value, bool):
        return b"\x38" + varint.one(value)
    if isinstance(value, float):
        return b"\x19" + struct.pack("<d", value)
    if isinstance(value, int):
        return b"\x30" + varint.one((value << 1) ^ (value >> 63))
    raise TypeError(type(value))


def _square_pixels(zoom: int) -> int:
    """Side of the square of the screen of which one point shows."""
    if zoom >= COARSE_BELOW:
        return 1
    return COARSE_PIXELS if zoom >= COUNTED_BELOW else COUNTED_PIXELS


def _one_per_square(points: Geometries, side_m: float) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Positions of the points that show, of several in a square the first, and how many each stands for."""
    squares = np.floor(shapely.bounds(points)[:, :2] / side_m).astype(np.int64)
    keys = squares[:, 0] << 32 | squares[:, 1] & 0xFFFFFFFF
    _, first, counts = np.unique(keys, return_index=True, return_counts=True)
    order = np.argsort(first)
    return first[order], counts[order]


def _counts_column(rows: npt.NDArray[np.int64], counts: npt.NDArray[np.int64]) -> Column:
    distinct, inverse = np.unique(counts, return_inverse=True)
    codes = np.full(int(rows.max(initial=-1)) + 1, -1, dtype=np.int64)
    codes[rows] = inverse
    return Column(COUNT, tuple(_value_message(value) for value in distinct.tolist()), codes)


def _simplified(shapes: Geometries, tolerance_m: float, *, is_coverage: bool) -> Geometries:
    if not is_coverage:
        return np.asarray(shapely.simplify(shapes, tolerance_m, preserve_topology=False))
    try:
        return np.asarray(shapely.coverage_simplify(shapes, tolerance_m))
    except shapely.errors.GEOSException:  # no valid coverage: draw it as separate polygons
        return np.asarray(shapely.simplify(shapes, tolerance_m))
