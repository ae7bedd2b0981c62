"""What the HTTP interface says about a small computed study."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import mapbox_vector_tile
import numpy as np
import orjson
import pytest

from phusong.geodata.store.folder import FolderStore

from .fixture_study import COMPUTED_ON, lonlat, results_document, write_study
from .live_server import assert_problem, picture, serving, tile_path


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> FolderStore:
    return write_study(tmp_path_factory.mktemp("served") / "study")


@pytest.fixture(scope="module")
def client(study: FolderStore) -> Iterator[httpx.Client]:
    with serving(study.path) as address, httpx.Client(base_url=address) as client:
        yield client


class TestStudyAndResults:
    def test_health_tells_state_and_run(self, client: httpx.Client) -> None:
        answer = client.get("/health").json()
        assert answer["status"] == "ok"
        assert answer["state"] == "computed"

    def test_study_tells_what_there_is(self, client: httpx.Client) -> None:
        record = client.get("/study").json()
        assert record["name"] == "Tỉnh thử"
        assert record["state"] == "computed"
        assert record["is_synthetic"] is True
        assert record["synthetic_layers"] == ["terrain"]
        assert record["targets"] == {"5G": {"percent": 60, "year": 2025, "source": "178/KH-UBND"}}
        assert set(record["coverages"]) == {
            "rsrp-4G-viettel", "rsrp-5G-viettel", "rsrp-4G-vnpt", "rsrp-4G-all", "rsrp-5G-all", "hillshade",
        }  # fmt: skip
        assert record["thresholds"] == {"4G": -110.0, "5G": -110.0}
        assert record["data_as_of"] == "2026-09-30T01:02:03+00:00"
        assert record["computed_on"] == COMPUTED_ON
        west, south, east, north = record["bounds"]
        assert west < lonlat(6, 2)[0] < east
        assert south < lonlat(6, 2)[1] < north
        assert record["layers"]["villages"]["rows"] == 6

    def test_targets_stand_alone_too(self, client: httpx.Client) -> None:
        assert client.get("/targets").json()["targets"]["5G"]["percent"] == 60

    def test_results_are_the_document_on_disk(self, client: httpx.Client, study: FolderStore) -> None:
        record = client.get("/results").json()
        assert record.pop("state") == "computed"
        assert record == results_document(study, record["run"], COMPUTED_ON)
        assert record["method"]["layers"]["communes"]["sha256"]

    def test_one_commune_comes_with_its_method(self, client: httpx.Client) -> None:
        record = client.get("/results", params={"commune": "00002"}).json()
        assert record["commune"]["name"] == "Cẩm Tú"
        assert record["commune"]["shares"]["4G"]["all"]["population"] == {
            "served": 2000.0, "total": 4000, "share": 0.5,
        }  # fmt: skip
        assert record["method"]["threshold_dbm"] == {"4G": -110.0, "5G": -110.0}

    def test_an_unknown_commune_is_a_problem(self, client: httpx.Client) -> None:
        assert_problem(client.get("/results", params={"commune": "99999"}), 404, "commune_unknown")

    def test_the_api_describes_itself(self, client: httpx.Client) -> None:
        document = client.get("/api").json()
        assert document["openapi"].startswith("3.1")
        assert {"/results", "/study", "/collections/{collection}/items", "/profile", "/point"} <= set(
            document["paths"]
        )
        assert "422" not in orjson.dumps(document).decode()

    def test_conformance_lists_requirement_classes(self, client: httpx.Client) -> None:
        assert len(client.get("/conformance").json()["conformsTo"]) > 4


class TestCollections:
    def test_only_collections_the_study_has_are_listed(self, client: httpx.Client) -> None:
        listed = client.get("/collections").json()["collections"]
        assert [one["id"] for one in listed] == ["communes", "villages", "sites", "cells", "roads"]

    @pytest.mark.parametrize(("language", "title"), [("vi", "Thôn, bản"), ("en", "Villages")])
    def test_titles_come_in_the_readers_language(
        self, client: httpx.Client, language: str, title: str
    ) -> None:
        answer = client.get("/collections/villages", params={"lang": language})
        assert answer.json()["title"] == title

    def test_a_village_says_everything_the_page_needs(self, client: httpx.Client) -> None:
        feature = client.get("/collections/villages/items/00003-001").json()
        properties = feature["properties"]
        assert feature["geometry"]["coordinates"] == pytest.approx(lonlat(10.05, 2.05), abs=1e-6)
        assert properties["commune_name"] == "Đồng Tiến"
        assert properties["status"] == "white"
        assert properties["households_left_out"] == 150.0
        assert properties["reason"]["code"] == "terrain"
        assert properties["nearest"][0]["bearing_deg"] == 270.4
        unknown = client.get("/collections/villages/items/00003-002").json()["properties"]
        assert unknown["served_share_people"] is None
        assert unknown["reason"] is None

    def test_pages_follow_their_links_to_the_end(self, client: httpx.Client) -> None:
        address, found = "/collections/villages/items?limit=4", []
        for _ in range(2):
            page = client.get(address).json()
            assert page["numberMatched"] == 6
            found += [feature["id"] for feature in page["features"]]
            links = {link["rel"]: link["href"] for link in page["links"]}
            address = links.get("next", "")
        assert len(set(found)) == 6
        assert address == ""
        assert links["prev"].endswith("offset=0")

    @pytest.mark.parametrize(
        ("query", "ids"),
        [
            ("status=white", ["00002-002", "00003-001"]),
            ("status=white,unknown&commune_code=00003", ["00003-001", "00003-002"]),
            ("commune_code=00001", ["00001-001", "00001-002"]),
            ("commune_code=%27%20OR%201%3D1--", []),
            ("status=served&offset=1", ["00001-002"]),
            ("offset=1000000", []),
        ],
    )
    def test_filters_keep_what_they_name(self, client: httpx.Client, query: str, ids: list[str]) -> None:
        page = client.get(f"/collections/villages/items?{query}").json()
        assert [feature["id"] for feature in page["features"]] == ids
        assert page["numberReturned"] == len(ids)

    def test_a_box_keeps_what_it_meets(self, client: httpx.Client) -> None:
        west, south = lonlat(8.2, 0.2)
        east, north = lonlat(11.9, 3.8)
        page = client.get("/collections/villages/items", params={"bbox": f"{west},{south},{east},{north}"})
        assert [feature["id"] for feature in page.json()["features"]] == ["00003-001", "00003-002"]
        communes = client.get(
            "/collections/communes/items", params={"bbox": f"{west},{south},{east},{north}"}
        )
        assert [feature["id"] for feature in communes.json()["features"]] == ["00003"]

    def test_sites_say_who_sends_what(self, client: httpx.Client) -> None:
        properties = client.get("/collections/sites/items/S-1").json()["properties"]
        assert properties["operators"] == "Viettel"
        assert properties["technologies"] == "4G;5G"

    def test_a_filter_the_collection_lacks_is_a_problem(self, client: httpx.Client) -> None:
        assert_problem(client.get("/collections/roads/items?status=white"), 400, "filter_unavailable")

    @pytest.mark.parametrize(
        ("path", "code"),
        [
            ("/collections/moons", "collection_unknown"),
            ("/collections/moons/items", "collection_unknown"),
            ("/collections/fibre_nodes/items", "layer_missing"),
            ("/collections/villages/items/none", "feature_unknown"),
            ("/collections/villages/items/..%2F..%2Fstudy.json", "feature_unknown"),
            ("/collections/moons/tiles/WebMercatorQuad/1/0/0", "collection_unknown"),
            ("/coverages/..%2F..%2Fetc%2Fpasswd/tiles/WebMercatorQuad/1/0/0", "path_unknown"),
            ("/coverages/study.json/tiles/WebMercatorQuad/1/0/0", "coverage_unknown"),
        ],
    )
    def test_what_does_not_exist_is_a_problem(self, client: httpx.Client, path: str, code: str) -> None:
        assert_problem(client.get(path), 404, code)


class TestTiles:
    @pytest.mark.parametrize(
        ("collection", "expected"),
        [
            ("communes", {"commune_code", "name", "kind"}),
            ("villages", {"village_id", "name", "status", "households", "commune_code"}),
            ("sites", {"site_id", "operators", "technologies"}),
            ("cells", {"cell_id", "operator", "technology", "frequency_mhz", "horizontal_beamwidth_deg"}),
            ("roads", {"class"}),
        ],
    )  # fmt: skip
    def test_vector_tiles_decode_with_their_properties(
        self, client: httpx.Client, collection: str, expected: set[str]
    ) -> None:
        answer = client.get(f"/collections/{collection}/{tile_path((2.05, 2.05), 11)}")
        assert answer.headers["content-type"] == "application/vnd.mapbox-vector-tile"
        layers = mapbox_vector_tile.decode(answer.content)
        assert list(layers) == [collection]
        assert layers[collection]["features"]
        assert all(expected <= set(feature["properties"]) for feature in layers[collection]["features"])

    def test_an_empty_vector_tile_is_an_empty_answer(self, client: httpx.Client) -> None:
        answer = client.get("/collections/villages/tiles/WebMercatorQuad/12/0/0")
        assert (answer.status_code, answer.content) == (200, b"")

    def test_signal_is_drawn_where_it_is_and_clear_below_the_threshold(self, client: httpx.Client) -> None:
        strong = picture(client.get(f"/coverages/rsrp-4G-all/{tile_path((2.0, 2.0), 14)}").content)
        weak = picture(client.get(f"/coverages/rsrp-4G-all/{tile_path((7.0, 2.0), 16)}").content)
        assert strong[128, 128].tolist() == [0x2C, 0x47, 0x84, 255]
        assert not weak[..., 3].any()

    def test_another_threshold_shows_weaker_signal(self, client: httpx.Client) -> None:
        address = f"/coverages/rsrp-4G-all/{tile_path((7.0, 2.0), 16)}?threshold_dbm=-120"
        assert picture(client.get(address).content)[..., 3].any()

    def test_relief_shows_light_and_shadow(self, client: httpx.Client) -> None:
        image = picture(client.get(f"/coverages/hillshade/{tile_path((8.5, 2.0), 12)}").content)
        drawn = image[image[..., 3] > 20]
        assert {0, 255} <= set(np.unique(drawn[:, 0]).tolist())

    def test_coverages_are_listed_with_their_classes(self, client: httpx.Client) -> None:
        listed = {one["id"]: one for one in client.get("/coverages").json()["coverages"]}
        assert listed["rsrp-4G-all"]["threshold_dbm"] == -110.0
        assert listed["rsrp-4G-all"]["classes"][0] == {"from_dbm": -115.0, "colour": "#F6EAC6"}

    @pytest.mark.parametrize("place", ["99/0/0", "3/8/0", "3/0/8", "3/-1/0", "25/1/1", f"3/{10**30}/0"])
    @pytest.mark.parametrize("layer", ["collections/communes", "coverages/hillshade"])
    def test_tiles_outside_the_world_do_not_exist(self, client: httpx.Client, layer: str, place: str) -> None:
        assert_problem(client.get(f"/{layer}/tiles/WebMercatorQuad/{place}"), 404, "tile_out_of_range")

    def test_a_tile_that_is_no_number_is_a_bad_request(self, client: httpx.Client) -> None:
        address = "/collections/communes/tiles/WebMercatorQuad/a/b/c"
        assert_problem(client.get(address), 400, "parameter_invalid")


class TestPlaces:
    def test_a_point_in_coverage_names_its_cell(self, client: httpx.Client) -> None:
        lon, lat = lonlat(2.55, 2.05)
        record = client.get("/point", params={"lon": lon, "lat": lat}).json()
        assert record["commune_code"] == "00001"
        assert record["commune_name"] == "Hạc Thành"
        assert record["elevation_m"] == pytest.approx(10 + 5 * 2.55, abs=0.01)
        levels = {(one["operator"], one["technology"]): one for one in record["layers"]}
        # -80 dBm is what the run needs at 90 %; noise lies 12 dB below, half the elements but the pilots are
        # sent: RSRQ = 1 / (2 + 10 / 2 + 12 x 10^-1.2). A 20 MHz carrier with two streams at 12 dB. The
        # sender's 46 - 30.8 + 17 = 32.2 dBm make a loss of 112.2 dB, of 142.05 dB that a handset overcomes.
        assert levels["Viettel", "4G"] == {
            "operator": "Viettel",
            "technology": "4G",
            "rsrp_dbm": -80.0,
            "sinr_db": 12.0,
            "rsrq_db": -8.9,
            "is_served": True,
            "cell_id": "S-1-V4-0",
            "site_id": "S-1",
            "frequency_mhz": 1842.5,
            "distance_m": pytest.approx(552.4, abs=0.1),
            "bearing_deg": pytest.approx(265.07, abs=0.01),
            "site_lon": pytest.approx(105.7830055),
            "site_lat": pytest.approx(19.8222347),
            "required_dbm": -80.0,
            "location_probability": 0.9,
            "throughput_mbit_s": 51.2,
            "uplink_margin_db": 29.8,
            "servers": [{"cell_id": "S-1-V4-0", "frequency_mhz": 1842.5, "rsrp_dbm": -80.0}],
            "servers_above_threshold": 1,
            "indoor": {
                "thermally_efficient": {"is_served": False, "entry_loss_db": 30.5},
                "traditional": {"is_served": False, "entry_loss_db": 14.9},
            },
        }
        nothing = levels["VNPT", "4G"]
        assert all(nothing[name] is None for name in ("rsrp_dbm", "rsrq_db", "cell_id", "throughput_mbit_s"))
        assert nothing["is_served"] is False
        assert nothing["servers"] == [] and nothing["servers_above_threshold"] == 0
        assert nothing["indoor"]["traditional"] == {"is_served": False, "entry_loss_db": None}
        assert record["method"]["model"] == "p1812"

    def test_a_weak_point_is_not_served(self, client: httpx.Client) -> None:
        lon, lat = lonlat(7.05, 2.05)
        levels = client.get("/point", params={"lon": lon, "lat": lat}).json()["layers"]
        assert [(one["rsrp_dbm"], one["is_served"]) for one in levels if one["rsrp_dbm"]] == [(-118.0, False)]

    def test_a_point_outside_is_empty_but_no_failure(self, client: httpx.Client) -> None:
        record = client.get("/point", params={"lon": -70, "lat": -33}).json()
        assert record["commune_code"] is None
        assert record["elevation_m"] is None
        assert all(one["rsrp_dbm"] is None for one in record["layers"])

    def test_a_profile_shows_the_ridge_between(self, client: httpx.Client) -> None:
        record = client.get("/profile", params={"cell_id": "S-1-V4-0", "village_id": "00003-001"}).json()
        distance, ground = np.array(record["distance_m"]), np.array(record["ground_m"])
        assert distance[0] == 0
        assert distance[-1] == pytest.approx(8_050, rel=1e-3)
        assert all(
            len(record[name]) == len(distance) for name in ("sight_m", "fresnel_lower_m", "lon", "lat")
        )
        assert distance[ground.argmax()] == pytest.approx(6_500, abs=150)
        assert record["obstruction"]["distance_m"] == pytest.approx(6_500, abs=200)
        assert record["obstruction"]["excess_m"] > 200
        losses = record["loss_db"]
        assert losses["total"] == pytest.approx(sum(v for k, v in losses.items() if k != "total"), abs=1e-6)
        budget = record["eirp_per_re_dbm"] - record["pattern_loss_db"] - losses["total"]
        assert record["rsrp_dbm"] == pytest.approx(budget, abs=1e-6)
        assert record["threshold_dbm"] == -110.0
        assert record["is_served"] == (record["rsrp_dbm"] >= record["required_dbm"])
        assert [record["lon"][-1], record["lat"][-1]] == pytest.approx(lonlat(10.05, 2.05), abs=1e-5)

    def test_without_the_ridge_the_way_is_clear(self, client: httpx.Client) -> None:
        lon, lat = lonlat(4.05, 2.05)
        record = client.get("/profile", params={"cell_id": "S-1-V4-0", "lon": lon, "lat": lat}).json()
        assert record["obstruction"] is None
        assert record["is_served"] is True

    @pytest.mark.parametrize(
        ("query", "status", "code"),
        [
            ("cell_id=S-1-V4-0", 400, "profile_without_place"),
            ("cell_id=S-1-V4-0&lon=105.8", 400, "profile_without_place"),
            ("cell_id=nobody&village_id=00003-001", 404, "cell_unknown"),
            ("cell_id=S-1-V4-0&village_id=nobody", 404, "village_unknown"),
            ("cell_id=S-1-V4-0&lon=0&lat=0", 400, "place_outside"),
            ("village_id=00003-001", 400, "parameter_invalid"),
        ],
    )
    def test_a_profile_that_cannot_be_drawn_says_why(
        self, client: httpx.Client, query: str, status: int, code: str
    ) -> None:
        assert_problem(client.get(f"/profile?{query}"), status, code)

    def test_a_profile_to_the_mast_itself_is_refused(self, client: httpx.Client) -> None:
        lon, lat = lonlat(2.0, 2.0)
        answer = client.get("/profile", params={"cell_id": "S-1-V4-0", "lon": lon, "lat": lat})
        assert_problem(answer, 400, "path_too_short")


class TestSearch:
    @pytest.mark.parametrize(
        ("typed", "kind", "identity"),
        [
            ("Đồng Tiến", "commune", "00003"),
            ("dong tien", "commune", "00003"),
            ("hoằng hóa", "village", "00002-001"),
            ("hoang hoa", "village", "00002-001"),
            ("PHUONG HAC THANH", "commune", "00001"),
            ("cam quy", "commune", "00002"),
            ("ham rong", "site", "S-1"),
            ("00003-002", "village", "00003-002"),
        ],
    )
    def test_names_are_found_however_they_are_typed(
        self, client: httpx.Client, typed: str, kind: str, identity: str
    ) -> None:
        first = client.get("/search", params={"q": typed}).json()["results"][0]
        assert (first["type"], first["id"]) == (kind, identity)

    def test_exact_comes_before_prefix_before_word_before_content(self, client: httpx.Client) -> None:
        found = client.get("/search", params={"q": "ban d"}).json()["results"]
        assert [one["id"] for one in found] == ["00003-001"]
        villages = client.get("/search", params={"q": "thon", "limit": 2}).json()["results"]
        assert [one["context"] for one in villages] == ["Cẩm Tú", "Cẩm Tú"]

    @pytest.mark.parametrize(
        "typed",
        ["19,8 105,8", "19.8, 105.8", "105.8 19.8", "19°48'00\"N 105°48'00\"E", "19°48′B; 105°48′Đ"],
    )
    def test_coordinates_are_read_in_any_order_and_notation(self, client: httpx.Client, typed: str) -> None:
        (hit,) = client.get("/search", params={"q": typed}).json()["results"]
        assert hit["type"] == "coordinate"
        assert (hit["lon"], hit["lat"]) == pytest.approx((105.8, 19.8))

    @pytest.mark.parametrize("typed", ["", "   ", "'; DROP TABLE villages; --", "🦆", "nan, nan", "(" * 150])
    def test_nonsense_finds_nothing_and_breaks_nothing(self, client: httpx.Client, typed: str) -> None:
        assert client.get("/search", params={"q": typed}).json() == {"results": []}


class TestExports:
    @pytest.mark.parametrize("ending", ["xlsx", "csv", "geojson", "gpkg"])
    def test_villages_come_as_a_file(self, client: httpx.Client, ending: str) -> None:
        answer = client.get(f"/exports/villages.{ending}", params={"status": "white", "lang": "vi"})
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-disposition"] == f'attachment; filename="villages.{ending}"'
        assert len(answer.content) > 200
        if ending in {"csv", "geojson"}:
            assert "Bản Đừng" in answer.text
            assert "Phố Ái Sơn" not in answer.text

    @pytest.mark.parametrize("ending", ["xlsx", "csv"])
    def test_communes_come_as_a_file(self, client: httpx.Client, ending: str) -> None:
        answer = client.get(f"/exports/communes.{ending}", params={"lang": "en"})
        assert answer.status_code == 200, answer.text
        assert len(answer.content) > 200

    def test_other_formats_are_refused(self, client: httpx.Client) -> None:
        assert_problem(client.get("/exports/villages.exe"), 400, "parameter_invalid")
