"""OGC API - Features: reference systems, filters, queryables; read by GDAL as any other client would."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import geopandas as gpd
import httpx
import numpy as np
import pyproj
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from phusong.app.api.crs import DEGREES, answer_crs, offered_uris
from phusong.app.api.filters import filter_rows, parse_filter
from phusong.coverage.errors import InputError
from phusong.geodata.store.folder import FolderStore

from .fixture_study import lonlat, write_study
from .live_server import assert_problem, serving

EPSG = "http://www.opengis.net/def/crs/EPSG/0/"
ITEMS = "/collections/villages/items"
WITH_GDAL = """
import json, sys, pyogrio
source, layer, where, options = sys.argv[1], sys.argv[2], sys.argv[3], json.loads(sys.argv[4])
frame = pyogrio.read_dataframe(source, layer=layer, where=where or None, **options)
epsg = frame.crs.to_epsg() if frame.crs is not None else None
points = [list(shape.coords[0]) for shape in frame.geometry]
print(json.dumps({"ids": list(frame["village_id"]), "epsg": epsg, "points": points}))
"""


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> FolderStore:
    return write_study(tmp_path_factory.mktemp("features") / "study")


@pytest.fixture(scope="module")
def client(study: FolderStore) -> Iterator[httpx.Client]:
    with serving(study.path) as address, httpx.Client(base_url=address) as client:
        yield client


def ids(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [feature["id"] for feature in answer.json()["features"]]


def gdal(client: httpx.Client, where: str = "", **options: str) -> dict[str, Any]:
    """Read villages with GDAL's driver, in a process of its own: it holds the interpreter while it waits."""
    source = f"OAPIF:{str(client.base_url).rstrip('/')}"
    arguments = [sys.executable, "-c", WITH_GDAL, source, "villages", where, json.dumps(options)]
    told = subprocess.run(arguments, capture_output=True, text=True, check=True, timeout=60)
    record: dict[str, Any] = json.loads(told.stdout)
    return record


class TestReferenceSystems:
    def test_every_collection_offers_the_vietnamese_systems(self, client: httpx.Client) -> None:
        offered = client.get("/collections/villages").json()["crs"]
        assert offered[0].endswith("CRS84")
        assert {f"{EPSG}4326", f"{EPSG}3857", f"{EPSG}3405", f"{EPSG}9209"} <= set(offered)

    @pytest.mark.parametrize("uri", offered_uris())
    def test_coordinates_are_those_of_an_independent_transformation(
        self, client: httpx.Client, uri: str
    ) -> None:
        answer = client.get(f"{ITEMS}/00003-001", params={"crs": uri})
        assert answer.headers["content-crs"] == f"<{uri}>"
        authority = "OGC:CRS84" if uri.endswith("CRS84") else f"EPSG:{uri.rsplit('/', 1)[1]}"
        # The authority's own order of axes: that of pyproj without `always_xy`.
        there = pyproj.Transformer.from_crs("OGC:CRS84", authority).transform(*lonlat(10.05, 2.05))
        assert answer.json()["geometry"]["coordinates"] == pytest.approx(there, rel=1e-9, abs=2e-3)

    def test_a_box_means_the_same_in_every_system(self, client: httpx.Client) -> None:
        west, south = lonlat(9.0, 1.0)
        east, north = lonlat(11.0, 3.0)
        plain = ids(client.get(ITEMS, params={"bbox": f"{west},{south},{east},{north}"}))
        assert plain
        latitude_first = f"{south},{west},{north},{east}"
        assert ids(client.get(ITEMS, params={"bbox": latitude_first, "bbox-crs": f"{EPSG}4326"})) == plain
        to_metres = pyproj.Transformer.from_crs(4326, 3405, always_xy=True)
        metric = (*to_metres.transform(west, south), *to_metres.transform(east, north))
        box = ",".join(str(edge) for edge in metric)
        assert ids(client.get(ITEMS, params={"bbox": box, "bbox-crs": f"{EPSG}3405"})) == plain

    @pytest.mark.parametrize("name", ["crs", "bbox-crs", "filter-crs"])
    def test_a_system_that_is_not_offered_is_refused(self, client: httpx.Client, name: str) -> None:
        query = {name: f"{EPSG}2154", "bbox": "1,2,3,4", "filter": "households > 1"}
        problem = assert_problem(client.get(ITEMS, params=query), 400, "crs_not_offered")
        assert name in problem["detail"]


class TestFilters:
    @pytest.mark.parametrize(
        ("text", "count"),
        [
            ("status = 'white'", 2),
            ("status IN ('white', 'unknown')", 3),
            ("status = 'white' AND commune_code = '00003'", 1),
            ("NOT status = 'white'", 4),
            ("accenti(casei(commune_name)) LIKE 'dong tien%'", None),
            ("TRUE", 6),
        ],
    )
    def test_text_filters(self, client: httpx.Client, text: str, count: int | None) -> None:
        found = client.get(ITEMS, params={"filter": text})
        everything = client.get(ITEMS).json()["features"]
        if count is None:
            count = sum(one["properties"]["commune_name"] == "Đồng Tiến" for one in everything)
        assert len(ids(found)) == count > 0

    def test_json_says_the_same_as_text(self, client: httpx.Client) -> None:
        tree = {"op": "=", "args": [{"property": "status"}, "white"]}
        asked = {"filter": json.dumps(tree), "filter-lang": "cql2-json"}
        assert ids(client.get(ITEMS, params=asked)) == ids(
            client.get(ITEMS, params={"filter": "status = 'white'"})
        )

    def test_pages_keep_the_filter(self, client: httpx.Client) -> None:
        address: str | None = f"{ITEMS}?filter=status%20%3D%20%27white%27&limit=1&crs={EPSG}3405"
        seen = []
        while address is not None:
            page = client.get(address)
            seen += ids(page)
            links = {link["rel"]: link["href"] for link in page.json()["links"]}
            address = links.get("next")
        assert seen == ids(client.get(ITEMS, params={"filter": "status = 'white'"}))

    def test_a_property_is_a_parameter_too(self, client: httpx.Client) -> None:
        one = client.get(ITEMS).json()["features"][0]
        found = client.get(ITEMS, params={"name": one["properties"]["name"]})
        assert one["id"] in ids(found)

    def test_queryables_are_what_a_filter_may_name(self, client: httpx.Client) -> None:
        schema = client.get("/collections/villages/queryables").json()
        for name, record in schema["properties"].items():
            if name != "geometry":
                assert client.get(ITEMS, params={"filter": f"{name} IS NULL"}).status_code == 200
                assert record["type"] in ("string", "number", "boolean")
        assert "reason" not in schema["properties"]

    @pytest.mark.parametrize(
        ("query", "code"),
        [
            ({"filter": "status ="}, "filter_invalid"),
            ({"filter": "password = 'x'"}, "filter_property"),
            ({"filter": "households > 'many'"}, "filter_value"),
            ({"filter": "S_DWITHIN(geometry, POINT(1 2), 5, meters)"}, "filter_operation"),
            ({"filter": "S_INTERSECTS(name, POINT(1 2))"}, "filter_property"),
            ({"filter": "(" * 500 + "TRUE" + ")" * 500}, "filter_long"),
            ({"filter": "NOT " * 200 + "TRUE"}, "filter_long"),
            ({"filter": "1; DROP TABLE villages"}, "filter_invalid"),
            ({"filter": "<script>alert(1)</script>"}, "filter_invalid"),
            ({"filter": "{}", "filter-lang": "cql2-json"}, "filter_invalid"),
            ({"colour": "red"}, "parameter_unknown"),
            ({"datetime": "yesterday"}, "parameter_invalid"),
        ],
    )
    def test_what_cannot_be_asked_is_told(
        self, client: httpx.Client, query: dict[str, str], code: str
    ) -> None:
        answer = client.get(ITEMS, params=query)
        allowed = {code, "filter_value"} if query.get("filter") == "{}" else {code}
        assert answer.status_code == 400, answer.text
        assert answer.json()["code"] in allowed


class TestThroughGdal:
    def test_paging_gives_every_feature_once(self, client: httpx.Client) -> None:
        assert sorted(gdal(client, PAGE_SIZE="2")["ids"]) == sorted(ids(client.get(ITEMS)))

    def test_a_filter_is_understood(self, client: httpx.Client) -> None:
        wanted = ids(client.get(ITEMS, params={"filter": "status = 'white'"}))
        assert gdal(client, "status = 'white'", PAGE_SIZE="1")["ids"] == wanted

    def test_another_reference_system_is_read_where_it_lies(self, client: httpx.Client) -> None:
        found = gdal(client, CRS="EPSG:3405")
        assert found["epsg"] == 3405
        place = found["points"][found["ids"].index("00003-001")]
        to_metres = pyproj.Transformer.from_crs(4326, 3405, always_xy=True)
        assert place == pytest.approx(to_metres.transform(*lonlat(10.05, 2.05)), abs=0.02)


FRAME = gpd.GeoDataFrame(
    {"name": ["Bản Mường", "Thôn Đông", "Làng B%", None], "households": [5.0, np.nan, 20.0, 30.0]},
    geometry=gpd.points_from_xy([105, 105.5, 106, 107], [20, 20, 20, 20]),
    crs=4326,
)


def rows(text: str) -> list[int]:
    chosen = filter_rows(parse_filter(text, "cql2-text"), FRAME, crs=DEGREES)
    return np.flatnonzero(chosen).tolist()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("households > 10", [2, 3]),
        ("NOT households > 10", [0]),  # row 1 has no number: neither more than ten nor not
        ("households > 10 OR name LIKE 'Th%'", [1, 2, 3]),
        ("households > 10 AND name LIKE '%'", [2]),
        ("households BETWEEN 5 AND 20", [0, 2]),
        ("households IS NULL", [1]),
        ("NOT name IS NULL", [0, 1, 2]),
        (r"name LIKE '%\%'", [2]),
        ("name LIKE '_ản%'", [0]),
        ("casei(name) LIKE casei('%ĐÔNG')", [1]),
        ("S_WITHIN(geometry, BBOX(105.2, 19, 106.5, 21))", [1, 2]),
        ("S_DISJOINT(geometry, BBOX(105.2, 19, 106.5, 21))", [0, 3]),
        ("S_INTERSECTS(POINT(107 20), geometry)", [3]),
        ("FALSE", []),
    ],
)
def test_a_hand_checked_table(text: str, expected: list[int]) -> None:
    assert rows(text) == expected


def test_shapes_of_a_filter_may_come_in_another_system() -> None:
    tree = parse_filter("S_WITHIN(geometry, BBOX(19, 105.2, 21, 106.5))", "cql2-text")
    found = filter_rows(tree, FRAME, crs=answer_crs("filter-crs", f"{EPSG}4326"))
    assert np.flatnonzero(found).tolist() == [1, 2]


@settings(max_examples=60, derandomize=True, deadline=None)
@given(pattern=st.text("ab%_", max_size=8), value=st.text("ab", max_size=8))
def test_like_equals_a_naive_matcher(pattern: str, value: str) -> None:
    def naive(pattern: str, value: str) -> bool:
        if not pattern:
            return not value
        if pattern[0] == "%":
            return naive(pattern[1:], value) or (bool(value) and naive(pattern, value[1:]))
        return bool(value) and pattern[0] in (value[0], "_") and naive(pattern[1:], value[1:])

    frame = gpd.GeoDataFrame({"name": [value]}, geometry=[shapely.Point(0, 0)], crs=4326)
    tree = {"op": "like", "args": [{"property": "name"}, pattern]}
    assert filter_rows(tree, frame, crs=DEGREES).tolist() == [naive(pattern, value)]


def test_a_pattern_of_many_wildcards_takes_no_time() -> None:
    frame = gpd.GeoDataFrame({"name": ["a" * 2_000]}, geometry=[shapely.Point(0, 0)], crs=4326)
    tree = {"op": "like", "args": [{"property": "name"}, "%a" * 200 + "%b"]}
    assert not filter_rows(tree, frame, crs=DEGREES).any()


@settings(max_examples=200, derandomize=True, deadline=None)
@given(text=st.text(max_size=60) | st.text("()'=<>ANDORNOT%,.1 name", max_size=60))
def test_any_text_is_a_filter_or_refused(text: str) -> None:
    try:
        tree = parse_filter(text, "cql2-text")
        assert len(filter_rows(tree, FRAME, crs=DEGREES)) == len(FRAME)
    except InputError as refused:
        assert refused.code.startswith("filter_")
