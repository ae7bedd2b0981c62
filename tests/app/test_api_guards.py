"""How the HTTP interface guards itself: hostile input, problems, conditional requests, headers, states."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import orjson
import pytest

from .fixture_study import write_results, write_study
from .live_server import assert_problem, serving, tile_path

LANGUAGES = ("vi", "en")


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    folder = tmp_path_factory.mktemp("guarded")
    study = write_study(folder / "study")
    page = folder / "page"
    (page / "assets").mkdir(parents=True)
    (page / "index.html").write_text("<!doctype html><title>page</title>", encoding="utf-8")
    (page / "assets" / "index-abc123.js").write_text("export {};", encoding="utf-8")
    (folder / "secret.txt").write_text("secret", encoding="utf-8")
    with serving(study.path, static_dir=page) as address, httpx.Client(base_url=address) as client:
        yield client


class TestHostileInput:
    @pytest.mark.parametrize(
        "query",
        [
            "limit=0",
            "limit=-1",
            "limit=10001",
            "limit=1e308",
            "limit=NaN",
            "limit=",
            "offset=-5",
            "offset=99999999999999999999",
            "bbox=1,2,3",
            "bbox=nan,nan,nan,nan",
            "bbox=inf,0,inf,1",
            "bbox=106,19,105,20",
            "bbox=0,0,1e308,1e308",
            "bbox=a,b,c,d",
            "bbox=%27%3B--,0,1,1",
            "status=dead",
            "status=white;drop",
            "status=" + "white," * 30,
            "limit=" + "9" * 5000,
        ],
    )
    def test_bad_parameters_are_named(self, client: httpx.Client, query: str) -> None:
        document = assert_problem(
            client.get(f"/collections/villages/items?{query}"), 400, "parameter_invalid"
        )
        assert query.split("=", maxsplit=1)[0] in document["detail"]
        assert len(document["detail"]) < 500

    @pytest.mark.parametrize("path", ["/point", "/profile"])
    @pytest.mark.parametrize("value", ["nan", "inf", "-181", "1e308", "abc", "<script>", "", "0x10"])
    def test_places_must_be_on_earth(self, client: httpx.Client, path: str, value: str) -> None:
        answer = client.get(path, params={"lon": value, "lat": "19.8", "cell_id": "S-1-V4-0"})
        assert_problem(answer, 400, "parameter_invalid")

    @pytest.mark.parametrize("value", ["nan", "-inf", "1e308", "x"])
    def test_thresholds_must_be_levels(self, client: httpx.Client, value: str) -> None:
        address = f"/coverages/rsrp-4G-all/{tile_path((2, 2), 12)}"
        assert_problem(client.get(address, params={"threshold_dbm": value}), 400, "parameter_invalid")

    @pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
    def test_other_methods_are_refused(self, client: httpx.Client, method: str) -> None:
        assert_problem(client.request(method, "/results"), 405, "method_not_allowed")

    @pytest.mark.parametrize(
        "path",
        [
            "/../secret.txt",
            "/..%2fsecret.txt",
            "/assets/..%2f..%2fsecret.txt",
            "/assets/../../secret.txt",
            "//etc/passwd",
            "/%2e%2e/secret.txt",
            "/assets/%00",
            "/..\\secret.txt",
        ],
    )
    def test_no_path_leads_out_of_the_page(self, client: httpx.Client, path: str) -> None:
        parts = urlsplit(str(client.base_url))
        connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=10)
        try:
            connection.request("GET", path)  # http.client sends the path as it is
            answer = connection.getresponse()
            body = answer.read()
        finally:
            connection.close()
        assert 400 <= answer.status < 500
        assert b"secret" not in body.replace(b"secret.txt", b"")
        assert b"root:" not in body

    def test_a_name_with_markup_stays_data(self, client: httpx.Client) -> None:
        feature = client.get("/collections/villages/items/00003-002")
        assert feature.headers["content-type"] == "application/geo+json"
        assert feature.json()["properties"]["name"] == "Bản <script>alert(1)</script>"


class TestProblems:
    @pytest.mark.parametrize("path", ["/nope", "/results?commune=99", "/collections/villages/items?limit=0"])
    def test_come_in_both_languages(self, client: httpx.Client, path: str) -> None:
        told = {language: client.get(path, headers={"Accept-Language": language}) for language in LANGUAGES}
        details = {language: answer.json()["detail"] for language, answer in told.items()}
        titles = {language: answer.json()["title"] for language, answer in told.items()}
        assert details["vi"] != details["en"]
        assert titles["vi"] != titles["en"]
        assert not any(
            text.startswith(("errors.", "problems.")) for text in [*details.values(), *titles.values()]
        )
        assert told["en"].headers["content-language"] == "en"

    def test_the_address_decides_before_the_header(self, client: httpx.Client) -> None:
        answer = client.get("/nope?lang=en", headers={"Accept-Language": "vi"})
        assert answer.headers["content-language"] == "en"


class TestConditionalRequests:
    @pytest.mark.parametrize(
        "path",
        [
            "/results",
            "/study",
            "/results?commune=00001",
            "/collections",
            "/collections/villages/items",
            "/collections/villages/items/00001-001",
            "/exports/communes.csv",
            "/coverages",
            f"/collections/communes/{tile_path((2, 2), 10)}",
            f"/coverages/rsrp-4G-all/{tile_path((2, 2), 10)}",
        ],
    )
    def test_what_is_known_is_not_sent_again(self, client: httpx.Client, path: str) -> None:
        first = client.get(path)
        assert first.status_code == 200
        again = client.get(path, headers={"If-None-Match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        other = client.get(path, headers={"If-None-Match": '"something-else"'})
        assert other.status_code == 200

    def test_head_tells_the_same_without_the_body(self, client: httpx.Client) -> None:
        for path in ("/results", "/", f"/coverages/hillshade/{tile_path((2, 2), 10)}"):
            head, full = client.head(path), client.get(path)
            assert head.status_code == 200
            assert head.content == b""
            assert head.headers["content-type"] == full.headers["content-type"]

    def test_large_answers_are_compressed_and_pictures_are_not(self, client: httpx.Client) -> None:
        plain = client.get("/results", headers={"Accept-Encoding": "identity"})
        assert "content-encoding" not in plain.headers
        for coding in ("gzip", "br"):
            packed = client.get("/results", headers={"Accept-Encoding": coding})
            assert packed.headers["content-encoding"] == coding
            assert "Accept-Encoding" in packed.headers["vary"]
            assert packed.content == plain.content  # the client unpacks it
            assert int(packed.headers["content-length"]) < len(plain.content) / 2
        tile = client.get(f"/coverages/hillshade/{tile_path((8, 2), 12)}")
        assert "content-encoding" not in tile.headers


class TestHeaders:
    @pytest.mark.parametrize(
        "path", ["/", "/results", "/nope", "/results?commune=99", "/assets/index-abc123.js"]
    )
    def test_every_answer_is_guarded(self, client: httpx.Client, path: str) -> None:
        headers = client.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert "connect-src 'self'" in policy
        assert "unsafe-eval" not in policy
        assert "http" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert "access-control-allow-origin" not in headers

    def test_the_page_is_asked_for_again_and_its_parts_are_kept(self, client: httpx.Client) -> None:
        page = client.get("/", headers={"Accept": "text/html"})
        assert "<title>page</title>" in page.text
        assert page.headers["cache-control"] == "no-cache"
        assert "immutable" in client.get("/assets/index-abc123.js").headers["cache-control"]

    def test_programs_get_links_instead_of_the_page(self, client: httpx.Client) -> None:
        record = client.get("/", headers={"Accept": "application/json"}).json()
        assert {link["rel"] for link in record["links"]} >= {"service-desc", "conformance", "data"}


class TestOtherStates:
    def test_a_study_without_results_serves_its_layers(self, tmp_path: Path) -> None:
        study = write_study(tmp_path / "study", computed=False)
        with serving(study.path, static_dir=tmp_path) as address, httpx.Client(base_url=address) as client:
            record = client.get("/study").json()
            assert (record["state"], record["computed_on"]) == ("empty", None)
            assert record["coverages"] == ["hillshade"]
            assert_problem(client.get("/results"), 404, "results_missing")
            assert_problem(client.get("/point?lon=105.8&lat=19.8"), 404, "results_missing")
            assert_problem(client.get("/exports/villages.csv"), 404, "results_missing")
            assert client.get("/collections/villages/items").json()["numberMatched"] == 6
            assert_problem(
                client.get("/coverages/rsrp-4G-all/tiles/WebMercatorQuad/1/0/0"), 404, "coverage_unknown"
            )

    def test_without_the_built_page_the_server_says_how_to_build_it(self, tmp_path: Path) -> None:
        study = write_study(tmp_path / "study", computed=False)
        with serving(study.path, static_dir=tmp_path / "none") as address:
            answer = httpx.get(address, headers={"Accept": "text/html", "Accept-Language": "en"})
        assert answer.status_code == 200
        assert "make web" in answer.text

    def test_a_new_computation_is_served_at_once(self, tmp_path: Path) -> None:
        study = write_study(tmp_path / "study", computed=False)
        with serving(study.path, static_dir=tmp_path) as address, httpx.Client(base_url=address) as client:
            before = client.get("/study").headers["etag"]
            run = write_results(study, computed_on="2026-11-01T00:00:00+00:00")
            answer = client.get("/results")
            assert answer.json()["run"] == run
            assert answer.json()["computed_on"] == "2026-11-01T00:00:00+00:00"
            assert client.get("/study").headers["etag"] != before

    def test_a_changed_method_makes_results_stale(self, tmp_path: Path) -> None:
        study = write_study(tmp_path / "study")
        with serving(study.path, static_dir=tmp_path) as address, httpx.Client(base_url=address) as client:
            assert client.get("/study").json()["state"] == "computed"
            before = client.get("/results")
            assert before.json()["state"] == "computed"
            method = orjson.loads((study.path / "method.json").read_bytes())
            (study.path / "method.json").write_bytes(orjson.dumps({**method, "load": 0.9}))
            assert client.get("/study").json()["state"] == "stale"
            after = client.get("/results", headers={"If-None-Match": before.headers["etag"]})
            assert after.json()["method"]["load"] == 0.5 and after.json()["state"] == "stale"
            commune = after.json()["communes"][0]["commune_code"]
            assert client.get("/results", params={"commune": commune}).json()["state"] == "stale"
