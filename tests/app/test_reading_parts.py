"""What readers type and what lists hold: coordinates on grids, order of names, files of a list."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import httpx
import pyogrio
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Transformer

from phusong.app.api.coordinates import parse_coordinates
from phusong.app.api.gridplaces import grid_places
from phusong.app.listing import VillageListing, alphabetical

from .fixture_study import write_study
from .live_server import serving

BOUNDS = (104.4, 19.2, 106.1, 20.7)
PLACE = (105.775, 19.0 + 48 / 60 + 25 / 3600)


@pytest.mark.parametrize(
    "typed",
    [
        "N 19 48 25 E 105 46 30",
        "19 48 25 N, 105 46 30 E",
        "19°48'25\" 105°46'30\"",
        "105°46,5'Đ 19°48'25\"B",
        "19 độ 48 phút 25 giây B 105 độ 46 phút 30 giây Đ",
        "N19.8069444 E105.775",
        "19,8069444 B; 105,775 Đ",
    ],
)
def test_degrees_in_any_notation_are_one_place(typed: str) -> None:
    assert parse_coordinates(typed, bounds=BOUNDS) == pytest.approx(PLACE, abs=1e-6)


@pytest.mark.parametrize("typed", ["thôn 2 N", "Bản 19 B", "2193500 582500", "Khu 5 Đ 6 B x"])
def test_names_and_metres_are_no_degrees(typed: str) -> None:
    assert parse_coordinates(typed, bounds=BOUNDS) is None


@pytest.mark.parametrize(
    "typed",
    [
        "2193500 582500",
        "582500 2193500",
        "X=2193500 Y=582500",
        "2.193.500 582.500",
        "X: 2193500,0; Y: 582500,0 m",
    ],
)
def test_metres_are_read_on_the_grid_of_the_study_first(typed: str) -> None:
    lon, lat = Transformer.from_crs(9209, 4326, always_xy=True).transform(582_500, 2_193_500)
    wide = (104.0, 19.0, 107.0, 21.0)
    first, *others = grid_places(typed, bounds=wide, epsg=9209)
    assert (first.lon, first.lat) == pytest.approx((lon, lat))
    assert first.system == "VN-2000 / TM-3 105-30"
    assert others
    assert all(104 <= place.lon <= 107 for place in others)


def test_a_utm_zone_leaves_one_place() -> None:
    (place,) = grid_places("48Q 582500 2193500", bounds=BOUNDS, epsg=None)
    lon, lat = Transformer.from_crs(32_648, 4326, always_xy=True).transform(582_500, 2_193_500)
    assert (place.lon, place.lat) == pytest.approx((lon, lat))


@pytest.mark.parametrize("typed", ["", "12345 67890", "Bản 12", "99999 9999999", "1 2 3", "2193500"])
def test_other_numbers_are_no_metres(typed: str) -> None:
    assert grid_places(typed, bounds=BOUNDS, epsg=9209) == []


@given(st.text(max_size=60))
def test_no_text_breaks_the_reading_of_metres(typed: str) -> None:
    assert all(104.4 <= place.lon <= 106.1 for place in grid_places(typed, bounds=BOUNDS, epsg=9209))


def test_names_stand_as_in_a_dictionary() -> None:
    ordered = [
        "An 2",
        "Ao",
        "Ăn",
        "Ân",
        "Ba",
        "Bà",
        "Bả",
        "Bã",
        "Bá",
        "Bạ",
        "Bac",
        "Da",
        "Đa",
        "Em",
        "Êm",
        "Ôn",
        "Ơn",
    ]
    shuffled = [*ordered[5:], *ordered[:5]]
    assert sorted(shuffled, key=alphabetical) == ordered


def test_a_listing_narrows_and_orders() -> None:
    villages = [
        {"village_id": "1", "name": "Bản Ế", "commune_name": "Xã A", "area_class": "III", "households": 10},
        {"village_id": "2", "name": "Bản Đa", "commune_name": "Xã B", "area_class": "I", "households": None},
        {"village_id": "3", "name": "Bản Da", "commune_name": "Xã B", "area_class": "III", "households": 10},
    ]
    ids = [one["village_id"] for one in VillageListing(area_classes=("III",)).of(villages)]
    assert ids == ["3", "1"]
    assert [one["village_id"] for one in VillageListing(text="xa b").of(villages)] == ["3", "2"]
    up = VillageListing(sort="households", is_descending=False).of(villages)
    assert [one["village_id"] for one in up] == ["2", "3", "1"]


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    study = write_study(tmp_path_factory.mktemp("listed") / "study")
    with serving(study.path) as address, httpx.Client(base_url=address) as client:
        yield client


def _rows(answer: httpx.Response) -> list[dict[str, str]]:
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))


class TestFiles:
    def test_a_file_of_villages_holds_what_was_asked_in_that_order(self, client: httpx.Client) -> None:
        asked = {"status": "white,patchy", "sort": "name", "descending": "false", "lang": "en"}
        rows = _rows(client.get("/exports/villages.csv", params=asked))
        assert [next(iter(row.values())) for row in rows] == ["00003-001", "00002-002", "00002-001"]
        narrowed = _rows(client.get("/exports/villages.csv", params={**asked, "reason": "terrain"}))
        assert [next(iter(row.values())) for row in narrowed] == ["00003-001", "00002-002"]

    def test_a_file_of_communes_holds_those_named_in_that_order(self, client: httpx.Client) -> None:
        rows = _rows(client.get("/exports/communes.csv", params={"commune_code": "00003,00001"}))
        assert [next(iter(row.values())) for row in rows] == ["00003", "00001"]

    @pytest.mark.parametrize("ending", ["geojson", "gpkg"])
    def test_communes_go_out_with_their_boundaries(
        self, client: httpx.Client, ending: str, tmp_path: Path
    ) -> None:
        path = tmp_path / f"communes.{ending}"
        path.write_bytes(client.get(f"/exports/communes.{ending}").content)
        frame = pyogrio.read_dataframe(path, layer="data" if ending == "gpkg" else None)
        assert list(frame["commune_code"]) == ["00001", "00002", "00003"]
        assert (frame.to_crs(32_648).geometry.area / 1e6).tolist() == pytest.approx([16, 16, 16], rel=0.01)

    @pytest.mark.parametrize(
        "asked", ["sort=x", "area_class=IV", "reason=<script>", "descending=maybe", "q=" + "a" * 300]
    )
    def test_what_no_list_can_be_is_refused(self, client: httpx.Client, asked: str) -> None:
        answer = client.get(f"/exports/villages.csv?{asked}")
        assert 400 <= answer.status_code < 500
        assert answer.headers["content-type"].startswith("application/problem+json")

    def test_an_unknown_commune_is_told(self, client: httpx.Client) -> None:
        answer = client.get("/exports/communes.csv", params={"commune_code": "99999"})
        assert (answer.status_code, answer.json()["code"]) == (404, "commune_unknown")

    def test_a_commune_found_by_a_former_name_says_which(self, client: httpx.Client) -> None:
        (hit,) = client.get("/search", params={"q": "ba dinh"}).json()["results"]
        assert (hit["id"], hit["former"]) == ("00001", "Phường Ba Đình")

    def test_metres_are_searched_for_on_the_grid_of_the_study(self, client: httpx.Client) -> None:
        hit = client.get("/search", params={"q": "X=2192000 Y=582000"}).json()["results"][0]
        lon, lat = Transformer.from_crs(32_648, 4326, always_xy=True).transform(582_000, 2_192_000)
        assert (hit["lon"], hit["lat"]) == pytest.approx((lon, lat))
        assert hit["context"] == "WGS 84 / UTM zone 48N"
