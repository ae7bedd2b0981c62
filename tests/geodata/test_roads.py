"""Roads: classes from words, true lengths, OpenStreetMap files against an independent reading."""

from __future__ import annotations

import bz2
import xml.etree.ElementTree as ET
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyproj
import pytest
import shapely

from phusong.coverage.errors import LayerFileError, TableError
from phusong.coverage.placement.roadgraph import ROAD_CLASSES, road_graph
from phusong.geodata.importing import import_layer
from phusong.geodata.linefiles import read_lines
from phusong.geodata.osmroads import NOT_ROADS, read_osm_roads
from phusong.geodata.roads import road_class_of, road_network
from phusong.geodata.store.folder import FolderStore

NOBODY = np.empty(0, np.int64)
EXTRACTS = {"west_oakland.osm.bz2": 32610, "planet_10.068_48.135_10.071_48.137.osm": 32632}

WAY = """<?xml version='1.0' encoding='UTF-8'?>
<osm version="0.6" generator="test">
  <node id="1" lat="19.80" lon="105.70" version="1"/>
  <node id="2" lat="19.81" lon="105.70" version="1"/>
  <node id="3" lat="19.81" lon="105.71" version="1"/>
  <node id="4" lat="19.82" lon="105.70" version="1"/>
  <way id="10" version="1"><nd ref="1"/><nd ref="2"/><nd ref="4"/>
    <tag k="highway" v="primary"/><tag k="name" v="Quốc lộ 45"/></way>
  <way id="11" version="1"><nd ref="2"/><nd ref="3"/><tag k="highway" v="track"/></way>
  <way id="12" version="1"><nd ref="1"/><nd ref="3"/><tag k="highway" v="proposed"/></way>
  <way id="13" version="1"><nd ref="1"/><nd ref="3"/><tag k="waterway" v="river"/></way>
</osm>
"""


@pytest.mark.parametrize(
    ("text", "road_class"),
    [
        ("trunk", "national"),
        ("motorway_link", "national"),
        ("QL.9", "national"),
        ("Quốc lộ", "national"),
        ("Cao tốc", "national"),
        ("ĐT.521C", "provincial"),
        ("Tỉnh lộ 506", "provincial"),
        ("secondary", "provincial"),
        ("Đường huyện", "district"),
        ("tertiary", "district"),
        ("residential", "commune"),
        ("Đường xã", "commune"),
        ("GTNT", "commune"),
        ("living_street", "commune"),
        ("path", "track"),
        ("Đường mòn", "track"),
        ("ferry", "unknown"),
        ("", "unknown"),
        (None, "unknown"),
    ],
)
def test_classes_from_words(text: str | None, road_class: str) -> None:
    assert road_class_of(text) == road_class


def _independent(path: Path) -> dict[str, tuple[str, float]]:
    """Read roads and their lengths straight from the XML."""
    content = bz2.decompress(path.read_bytes()) if path.suffix == ".bz2" else path.read_bytes()
    tree = ET.fromstring(content)  # noqa: S314 - extracts of our own
    place = {
        node.get("id"): (float(node.get("lon", "")), float(node.get("lat", ""))) for node in tree.iter("node")
    }
    geod = pyproj.Geod(ellps="WGS84")
    found = {}
    for way in tree.iter("way"):
        highway = next((tag.get("v", "") for tag in way.iter("tag") if tag.get("k") == "highway"), None)
        points = [place[at.get("ref")] for at in way.iter("nd") if at.get("ref") in place]
        if highway is not None and highway not in NOT_ROADS and len(points) > 1:
            found[way.get("id", "")] = (highway, geod.line_length(*zip(*points, strict=True)))
    return found


@pytest.mark.parametrize("name", EXTRACTS)
def test_real_extracts_equal_an_independent_reading(shared_data: Path, name: str) -> None:
    path = shared_data / "osm" / name
    expected = _independent(path)
    table = read_osm_roads(path)
    assert dict(zip(table.columns["osm_id"], table.columns["highway"], strict=True)) == {
        way: highway for way, (highway, _) in expected.items()
    }
    assert table.geometry is not None
    frame = gpd.GeoDataFrame({"class": table.columns["highway"]}, geometry=list(table.geometry), crs=4326)
    roads = road_network(frame, epsg=EXTRACTS[name], snap_m=0.0)
    by_way = np.bincount(roads.row[roads.line], roads.step_m, len(frame))
    assert by_way == pytest.approx([expected[way][1] for way in table.columns["osm_id"]], rel=1e-9)
    graph = road_graph(roads, NOBODY)
    assert graph.length_m.sum() == pytest.approx(sum(length for _, length in expected.values()))


def test_real_extract_as_layer(tmp_path: Path, shared_data: Path) -> None:
    store = FolderStore.create(tmp_path / "s", name="s")
    report = import_layer(
        store, "roads", [shared_data / "osm" / "west_oakland.osm.bz2"], imported_at="2026-01-01T00:00:00Z"
    )
    table = store.table("roads")
    assert report.rows == len(table) == 31
    assert set(table["class"]) >= {"residential", "secondary", "footway"}
    assert table["road_id"].is_unique
    assert len(store.meta("roads").source_sha256) == 64


def test_osm_roads_meet_where_they_share_a_node(tmp_path: Path) -> None:
    path = tmp_path / "small.osm"
    path.write_text(WAY, encoding="utf-8")
    table = read_osm_roads(path)
    assert list(
        zip(table.columns["osm_id"], table.columns["name"], table.columns["highway"], strict=True)
    ) == [
        ("10", "Quốc lộ 45", "primary"),
        ("11", None, "track"),
    ]
    assert table.geometry is not None
    frame = gpd.GeoDataFrame({"class": table.columns["highway"]}, geometry=list(table.geometry), crs=4326)
    graph = road_graph(road_network(frame, epsg=32648), NOBODY)
    assert graph.ends.shape == (3, 2)
    assert graph.node_id.size == 4
    assert [ROAD_CLASSES[at] for at in graph.road_class] == ["national", "national", "track"]


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("empty.osm", b"<?xml version='1.0'?><osm version='0.6' generator='x'></osm>", "no_rows"),
        ("broken.osm.bz2", b"BZh9 nothing of the kind", "file_broken"),
        ("cut.osm.bz2", bz2.compress(WAY.encode())[:60], "file_broken"),
        ("broken.osm.pbf", b"\x00\x01 nothing of the kind", "file_broken"),
    ],
)
def test_broken_extracts_are_refused(tmp_path: Path, name: str, content: bytes, code: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(LayerFileError) as refused:
        read_osm_roads(path)
    assert refused.value.code == code


def test_parts_repeats_and_classes_of_any_layer() -> None:
    lines = [
        shapely.MultiLineString([[(105, 20), (105, 20), (105.01, 20)], [(105.01, 20), (105.01, 20.01)]]),
        shapely.LineString([(105.01, 20.01), (105.02, 20.01)]),
        shapely.LineString([(105.5, 20), (105.5, 20)]),
    ]
    frame = gpd.GeoDataFrame({"class": ["Quốc lộ", None, "x"]}, geometry=lines, crs=4326)
    roads = road_network(frame, epsg=32648)
    assert roads.row.tolist() == [0, 0, 1]
    assert [ROAD_CLASSES[at] for at in roads.road_class] == ["national", "national", "unknown"]
    geod = pyproj.Geod(ellps="WGS84")
    assert roads.step_m.sum() == pytest.approx(sum(geod.geometry_length(line) for line in lines))
    bare = road_network(frame.drop(columns="class"), epsg=32648)
    assert {ROAD_CLASSES[at] for at in bare.road_class} == {"unknown"}
    nothing = road_network(frame.iloc[:0], epsg=32648)
    assert nothing.road_class.size == 0
    assert road_graph(nothing, NOBODY).ends.shape == (0, 2)


def test_lines_in_any_crs(tmp_path: Path) -> None:
    frame = gpd.GeoDataFrame(
        {"name": ["a"]},
        geometry=[shapely.LineString([(500_000, 2_200_000), (500_100, 2_200_000)])],
        crs=32648,
    )
    frame.to_file(tmp_path / "a.gpkg")
    frame.to_crs(3405).to_file(tmp_path / "b.shp")
    for name in ("a.gpkg", "b.shp"):
        (line,) = read_lines(tmp_path / name, epsg=32648)
        assert shapely.get_coordinates(line) == pytest.approx(
            shapely.get_coordinates(frame.geometry.iloc[0]), abs=0.01
        )
    frame.set_geometry(frame.centroid).to_file(tmp_path / "c.gpkg")
    with pytest.raises(TableError) as refused:
        read_lines(tmp_path / "c.gpkg", epsg=32648)
    assert [finding.row for finding in refused.value.findings] == [1]
    (tmp_path / "d.csv").write_text("x,y\n1,2\n")
    with pytest.raises(LayerFileError, match="crs_missing"):
        read_lines(tmp_path / "d.csv", epsg=32648)
