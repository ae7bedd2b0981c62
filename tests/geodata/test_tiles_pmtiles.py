"""Archives of tiles, read back by the specification and by GDAL."""

from __future__ import annotations

import gzip
import struct
import subprocess
import sys
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from phusong.geodata.tiles.mercator import tile_at
from phusong.geodata.tiles.mvt import VectorSource
from phusong.geodata.tiles.pmtiles import (
    MVT_TILES,
    PNG_TILES,
    Archive,
    tile_ids,
    tiles_within,
    write_pmtiles,
)

BOUNDS = (104.4, 19.3, 106.1, 20.7)
READ_BY_GDAL = """
import sys, pyogrio
for layer, kind in pyogrio.list_layers(sys.argv[1]):
    frame = pyogrio.read_dataframe(sys.argv[1], layer=layer)
    west, south, east, north = frame.to_crs(4326).total_bounds
    names = ",".join(sorted(set(frame["name"])))
    print(layer, len(frame), f"{west:.3f} {south:.3f} {east:.3f} {north:.3f}", names, sep="|")
"""


def varints(content: bytes) -> list[int]:
    found, value, shift = [], 0, 0
    for byte in content:
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            found.append(value)
            value, shift = 0, 0
    return found


def entries(content: bytes) -> list[tuple[int, int, int, int]]:
    """Id, run length, length and offset of the entries of a directory (specification, section 4)."""
    count, *rest = varints(gzip.decompress(content))
    columns = [rest[place * count : (place + 1) * count] for place in range(4)]
    found, tile_id = [], 0
    for delta, run, length, offset in zip(*columns, strict=True):
        tile_id += delta
        start = offset - 1 if offset else found[-1][3] + found[-1][2]
        found.append((tile_id, run, length, start))
    return found


def read(path: Path) -> tuple[dict[str, int], dict[int, bytes]]:
    """Header and every tile by id."""
    whole = path.read_bytes()
    names = [
        "root",
        "root_size",
        "meta",
        "meta_size",
        "leaf",
        "leaf_size",
        "data",
        "data_size",
        "addressed",
        "entries",
        "contents",
    ]
    names += [
        "clustered",
        "internal",
        "compression",
        "kind",
        "least",
        "most",
        "west",
        "south",
        "east",
        "north",
        "zoom",
        "lon",
        "lat",
    ]
    header = dict(zip(names, struct.unpack("<7sB8Q3Q6B4iB2i", whole[:127])[2:], strict=True))
    assert whole[:8] == b"PMTiles\x03"
    tiles = {}

    def follow(content: bytes) -> None:
        for tile_id, run, length, start in entries(content):
            if run == 0:
                at = header["leaf"] + start
                follow(whole[at : at + length])
            for place in range(run):
                at = header["data"] + start
                tile = whole[at : at + length]
                tiles[tile_id + place] = gzip.decompress(tile) if header["compression"] == 2 else tile

    follow(whole[header["root"] : header["root"] + header["root_size"]])
    assert len(whole) == header["data"] + header["data_size"]
    return header, tiles


def reference_id(zoom: int, x: int, y: int) -> int:
    """The Hilbert curve tile by tile, as the specification draws it."""
    found, side = sum(4**above for above in range(zoom)), 1 << zoom
    step = side // 2
    while step:
        right, down = int(x & step > 0), int(y & step > 0)
        found += step * step * ((3 * right) ^ down)
        if not down:
            if right:
                x, y = step - 1 - (x & (step - 1)), step - 1 - (y & (step - 1))
            x, y = y, x
        step //= 2
    return found


class TestIds:
    @given(st.integers(0, 20).flatmap(lambda z: st.tuples(st.just(z), *[st.integers(0, 2**z - 1)] * 2)))
    def test_follow_the_curve(self, tile: tuple[int, int, int]) -> None:
        zoom, x, y = tile
        assert tile_ids(zoom, np.array([x]), np.array([y]))[0] == reference_id(zoom, x, y)

    def test_of_a_zoom_are_all_there_and_neighbours_touch(self) -> None:
        x, y = (one.ravel() for one in np.meshgrid(np.arange(16), np.arange(16)))
        ids = tile_ids(4, x, y)
        order = np.argsort(ids)
        assert ids[order].tolist() == list(range(85, 85 + 256))
        assert (np.abs(np.diff(x[order])) + np.abs(np.diff(y[order])) == 1).all()

    def test_of_known_tiles(self) -> None:
        # From the specification: zoom 0 is 0, zoom 1 is 1..4, zoom 12 (3423, 1763) is 19078479
        assert tile_ids(12, np.array([3423]), np.array([1763])).tolist() == [19_078_479]


class TestArchives:
    def test_give_back_every_tile(self, tmp_path: Path) -> None:
        def cut(zoom: int, x: int, y: int) -> bytes:
            return b"" if (x + y) % 7 == 0 else b"same" if x % 3 else f"{zoom}/{x}/{y}".encode()

        path, zooms = tmp_path / "all.pmtiles", range(7, 13)
        written = write_pmtiles(path, Archive(MVT_TILES, BOUNDS, zooms, {"name": "x"}), cut)
        header, tiles = read(path)
        expected = {
            tile_id: cut(zoom, x, y) for tile_id, zoom, x, y in tiles_within(BOUNDS, zooms) if cut(zoom, x, y)
        }
        assert tiles == expected
        assert header["addressed"] == written == len(expected)
        assert header["contents"] == len(set(expected.values()))
        assert (header["least"], header["most"], header["kind"]) == (7, 12, MVT_TILES)
        assert (header["west"], header["north"]) == (1_044_000_000, 207_000_000)

    def test_of_many_tiles_have_leaves_behind_a_small_root(self, tmp_path: Path) -> None:
        def cut(zoom: int, x: int, y: int) -> bytes:
            return struct.pack(">3I", zoom, x, y) * (1 + (x * 2_654_435_761 ^ y * 40_503 ^ zoom * 9_176) % 97)

        path = tmp_path / "many.pmtiles"
        archive = Archive(PNG_TILES, BOUNDS, range(8, 16), {})
        written = write_pmtiles(path, archive, cut, is_compressed=False)
        header, tiles = read(path)
        assert header["leaf_size"] > 0
        assert 127 + header["root_size"] <= 16_384
        assert len(tiles) == written
        zoom, (x, y) = 15, tile_at(15, 105.3, 20.1)
        assert tiles[reference_id(zoom, x, y)] == cut(zoom, x, y)

    def test_with_nothing_in_them_are_readable(self, tmp_path: Path) -> None:
        path = tmp_path / "none.pmtiles"
        assert write_pmtiles(path, Archive(PNG_TILES, BOUNDS, range(5, 8), {}), lambda *_: b"") == 0
        assert read(path)[1] == {}

    def test_that_fail_leave_nothing_behind(self, tmp_path: Path) -> None:
        def cut(zoom: int, x: int, y: int) -> bytes:
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            write_pmtiles(tmp_path / "no.pmtiles", Archive(PNG_TILES, BOUNDS, range(5), {}), cut)
        assert list(tmp_path.iterdir()) == []

    def test_are_read_by_gdal(self, tmp_path: Path) -> None:
        spots = shapely.points([[104.9, 19.8], [105.8, 20.2]])
        squares = shapely.box([104.8, 105.3], [19.5, 19.5], [105.3, 105.8], [20.0, 20.0])
        sources = [
            VectorSource("villages", _frame(spots, ["Bản Cà", "Bản Mùn"]), columns=["name"]),
            VectorSource("communes", _frame(squares, ["Hồi Xuân", "Thọ Xuân"]), columns=["name"]),
        ]
        zooms = range(7, 11)
        told = [
            {"id": name, "fields": {"name": "String"}, "minzoom": 7, "maxzoom": 10}
            for name in ("villages", "communes")
        ]
        path = tmp_path / "study.pmtiles"
        write_pmtiles(
            path,
            Archive(MVT_TILES, BOUNDS, zooms, {"vector_layers": told}),
            lambda zoom, x, y: b"".join(source.tile(zoom, x, y) for source in sources),
        )
        found = subprocess.run(
            [sys.executable, "-c", READ_BY_GDAL, str(path)], capture_output=True, text=True, check=True
        )
        villages, communes = (line.split("|") for line in found.stdout.strip().splitlines())
        assert villages == ["villages", "2", "104.900 19.800 105.800 20.200", "Bản Cà,Bản Mùn"]
        assert communes[0] == "communes"
        assert communes[2:] == ["104.800 19.500 105.800 20.000", "Hồi Xuân,Thọ Xuân"]


def _frame(shapes: np.ndarray, names: list[str]) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame({"name": names}, geometry=list(shapes), crs=4326)
