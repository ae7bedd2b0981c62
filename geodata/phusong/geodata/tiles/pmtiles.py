"""Archives of tiles in one file, PMTiles version 3 (github.com/protomaps/PMTiles, spec/v3).

Tiles lie in the order of their ids (zoom by zoom along a Hilbert curve); a tile that occurs again is kept
once, and a run of the same tile is one entry of the directory.
"""

from __future__ import annotations

import gzip
import itertools
import shutil
import struct
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt
import orjson

from phusong.geodata.tiles.display import unfinished_name
from phusong.geodata.tiles.mercator import tile_at
from phusong.geodata.tiles.varint import pack

MVT_TILES, PNG_TILES = 1, 2
_NOT_COMPRESSED, _GZIP = 1, 2
_HEADER_BYTES = 127
_ROOT_MOST_BYTES = 16_384 - _HEADER_BYTES
_LEAF_ENTRIES = 4_096

Integers = npt.NDArray[np.int64]
Bounds = tuple[float, float, float, float]
Cut = Callable[[int, int, int], bytes]


@dataclass(frozen=True, slots=True)
class Archive:
    """What an archive holds.

    Attributes
    ----------
    tile_type : int
        `MVT_TILES` or `PNG_TILES`.
    bounds_deg : tuple of float
        West, south, east, north.
    zooms : range
    metadata : mapping
        Told in the archive as JSON; vector tiles need ``vector_layers``.
    """

    tile_type: int
    bounds_deg: Bounds
    zooms: range
    metadata: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Entry:
    tile_id: int
    offset: int
    length: int
    run_length: int


def tile_ids(zoom: int, x: Integers, y: Integers) -> Integers:
    """Return ids of tiles: those of all zooms above, then the place along the Hilbert curve.

    Examples
    --------
    >>> tile_ids(0, np.array([0]), np.array([0])).tolist()
    [0]
    >>> tile_ids(1, np.array([0, 0, 1, 1]), np.array([0, 1, 1, 0])).tolist()
    [1, 2, 3, 4]
    """
    x, y = x.astype(np.int64), y.astype(np.int64)
    place = np.zeros_like(x)
    for bit in reversed(range(zoom)):
        side = 1 << bit
        right, down = (x & side) > 0, (y & side) > 0
        place += side * side * ((3 * right) ^ down)
        flipped = right & ~down
        x, y = np.where(flipped, side - 1 - x, x), np.where(flipped, side - 1 - y, y)
        x, y = np.where(down, x, y), np.where(down, y, x)
        x, y = x & (side - 1), y & (side - 1)
    return place + (4**zoom - 1) // 3


def tiles_within(bounds_deg: Bounds, zooms: Iterable[int]) -> Iterator[tuple[int, int, int, int]]:
    """Yield id, zoom, column and row of the tiles that touch a box, by ascending id."""
    west, south, east, north = bounds_deg
    for zoom in zooms:
        (left, top), (right, bottom) = tile_at(zoom, west, north), tile_at(zoom, east, south)
        x, y = (one.ravel() for one in np.meshgrid(range(left, right + 1), range(top, bottom + 1)))
        ids = tile_ids(zoom, x, y)
        for place in np.argsort(ids).tolist():
            yield int(ids[place]), zoom, int(x[place]), int(y[place])


def write_pmtiles(destination: Path, archive: Archive, cut: Cut, *, is_compressed: bool = True) -> int:
    """Write an archive; return how many tiles it addresses.

    Parameters
    ----------
    destination : Path
        Replaced at once when the archive is complete; its folder must exist.
    archive : Archive
    cut : callable
        From zoom, column and row to a tile; empty bytes for none.
    is_compressed : bool
        Compress tiles with gzip; PNG gains nothing from it.
    """
    unfinished = unfinished_name(destination)
    try:
        with tempfile.TemporaryFile(dir=destination.parent) as data, unfinished.open("wb") as target:
            entries, contents = _write_tiles(data, archive, cut, is_compressed=is_compressed)
            addressed = sum(entry.run_length for entry in entries)
            root, leaves = _directories(entries)
            metadata = gzip.compress(orjson.dumps(archive.metadata), mtime=0)
            sizes = len(root), len(metadata), len(leaves), data.tell()
            counts = addressed, len(entries), contents
            target.write(_header(archive, sizes, counts, is_compressed=is_compressed))
            target.write(root + metadata + leaves)
            data.seek(0)
            shutil.copyfileobj(data, target)
        unfinished.replace(destination)
    finally:
        unfinished.unlink(missing_ok=True)
    return addressed


def _write_tiles(
    data: IO[bytes], archive: Archive, cut: Cut, *, is_compressed: bool
) -> tuple[list[_Entry], int]:
    """Write tile contents one after the other; return the directory and how many contents there are."""
    places: dict[bytes, tuple[int, int]] = {}
    entries: list[_Entry] = []
    for tile_id, zoom, x, y in tiles_within(archive.bounds_deg, archive.zooms):
        tile = cut(zoom, x, y)
        if not tile:
            continue
        key = blake2b(tile, digest_size=16).digest()
        if key not in places:
            content = gzip.compress(tile, 6, mtime=0) if is_compressed else tile
            places[key] = data.tell(), len(content)
            data.write(content)
        offset, length = places[key]
        last = entries[-1] if entries else None
        if last is not None and last.offset == offset and last.tile_id + last.run_length == tile_id:
            entries[-1] = _Entry(last.tile_id, offset, length, last.run_length + 1)
        else:
            entries.append(_Entry(tile_id, offset, length, 1))
    return entries, len(places)


def _directories(entries: list[_Entry]) -> tuple[bytes, bytes]:
    """Root directory and leaf directories; one directory is enough while it is small."""
    root = _directory(entries)
    if len(root) <= _ROOT_MOST_BYTES:
        return root, b""
    size = _LEAF_ENTRIES
    while True:
        leaves = [_directory(entries[first : first + size]) for first in range(0, len(entries), size)]
        starts = [0, *itertools.accumulate(len(leaf) for leaf in leaves)]
        pointers = [
            _Entry(entry.tile_id, start, len(leaf), 0)
            for entry, start, leaf in zip(entries[::size], starts, leaves, strict=False)
        ]
        root = _directory(pointers)
        if len(root) <= _ROOT_MOST_BYTES:
            return root, b"".join(leaves)
        size *= 2


def _directory(entries: list[_Entry]) -> bytes:
    ids = np.array([entry.tile_id for entry in entries], dtype=np.int64)
    runs = np.array([entry.run_length for entry in entries], dtype=np.int64)
    lengths = np.array([entry.length for entry in entries], dtype=np.int64)
    offsets = np.array([entry.offset for entry in entries], dtype=np.int64)
    follows = np.zeros(len(entries), dtype=bool)
    follows[1:] = offsets[1:] == offsets[:-1] + lengths[:-1]
    columns = [
        np.array([len(entries)]),
        np.diff(ids, prepend=0),
        runs,
        lengths,
        np.where(follows, 0, offsets + 1),
    ]
    packed, _ = pack(np.concatenate(columns).astype(np.int64))
    return gzip.compress(packed, mtime=0)


def _header(
    archive: Archive,
    sizes: tuple[int, int, int, int],
    counts: tuple[int, int, int],
    *,
    is_compressed: bool,
) -> bytes:
    starts = itertools.accumulate(sizes[:-1], initial=_HEADER_BYTES)
    places = [part for start, size in zip(starts, sizes, strict=True) for part in (start, size)]
    west, south, east, north = (round(edge * 1e7) for edge in archive.bounds_deg)
    least, most = archive.zooms[0], archive.zooms[-1]
    return struct.pack(
        "<7sB8Q3Q6B4iB2i",
        b"PMTiles",
        3,
        *places,
        *counts,
        1,  # tiles lie in the order of their ids
        _GZIP,
        _GZIP if is_compressed else _NOT_COMPRESSED,
        archive.tile_type,
        least,
        most,
        west,
        south,
        east,
        north,
        least,
        (west + east) // 2,
        (south + north) // 2,
    )
