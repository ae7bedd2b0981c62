"""What the API promises: the abstract tests of the OGC standards it is shaped after, its own description, and
no server error whatever is asked.

Tests are named by the abstract test they port (OGC 19-072 Common, 17-069r4 Features 1, 18-058r1 Features 2,
19-079r2 Features 3, 20-057 Tiles, 18-062r2 Processes).
"""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import mapbox_vector_tile
import numpy as np
import pytest

from phusong.app.study import Study, open_study
from phusong.geodata.tiles.mercator import tile_at

from . import worlds
from .live_server import assert_problem, serving

CASES_AT_LEAST = 500
HOSTILE = [
    "' OR 1=1 --",
    "'; DROP TABLE villages; --",
    "<script>alert(1)</script>",
    "../../etc/passwd",
    "{{7*7}}",
    "%s%n%x",
    "\u202e\u0000",
    "9" * 400,
    "𐍈" * 60,
]


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    path = tmp_path_factory.mktemp("contract") / "study"
    store = worlds.empty_study(path, method={"max_radius_km": {"mid": 4.0}})
    worlds.put_terrain(store, np.add.outer(np.arange(400.0), np.arange(400.0)))
    codes = ["00001", "00002"]
    worlds.put(
        store,
        "communes",
        [{"commune_code": code, "name": f"Xã {code}", "population": 900} for code in codes],
        [worlds.square(600, 600, 5000), worlds.square(5600, 600, 5000)],
    )
    people = np.zeros((worlds.SIDE_CELLS, worlds.SIDE_CELLS))
    people[20:300, 20:300] = 900 / 280**2
    worlds.put_people(store, people)
    worlds.put(
        store,
        "villages",
        [
            {
                "village_id": f"{codes[place % 2]}-{place:03}",
                "name": f"Bản {place}",
                "commune_code": codes[place % 2],
            }
            for place in range(23)
        ],
        [
            worlds.point(900 + 5000 * (place % 2) + 180 * (place // 2), 900 + 200 * place)
            for place in range(23)
        ],
    )
    worlds.put(store, "sites", [{"site_id": "a"}], [worlds.point(2500, 2500)])
    worlds.put(store, "cells", [worlds.cell("a", power_dbm=24.0)], [worlds.point(2500, 2500)])
    opened = open_study(path)
    opened.compute()
    return opened


@pytest.fixture(scope="module")
def address(study: Study) -> Iterator[str]:
    with serving(study.store.path) as address:
        yield address


@pytest.fixture(scope="module")
def client(address: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=address, timeout=60) as client:
        yield client


def links(record: dict[str, Any], relation: str) -> list[str]:
    return [link["href"] for link in record["links"] if link["rel"] == relation]


def asked_for_json(client: httpx.Client, path: str) -> dict[str, Any]:
    answer = client.get(path, headers={"Accept": "application/json"})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


class TestCommon:
    """Common Part 1 and 2."""

    def test_landing_page_links_lead_somewhere(self, client: httpx.Client) -> None:
        # /conf/core/root-success
        landing = asked_for_json(client, "/")
        for relation in ("service-desc", "conformance", "data"):
            (path,) = links(landing, relation)
            assert client.get(path).status_code == 200

    def test_api_definition_is_openapi_3_1(
        self, client: httpx.Client
    ) -> None:  # /conf/core/api-definition-success
        described = asked_for_json(client, "/api")
        assert described["openapi"].startswith("3.1")
        assert set(described["paths"]) >= {"/conformance", "/collections", "/collections/{collection}/items"}

    def test_conformance_is_of_what_is_tested_here(self, client: httpx.Client) -> None:
        classes = asked_for_json(client, "/conformance")["conformsTo"]
        assert len(classes) == len(set(classes))
        assert {uri.split("/spec/")[1].split("/")[0] for uri in classes} == {
            "ogcapi-common-1",
            "ogcapi-common-2",
            "ogcapi-features-1",
            "ogcapi-features-2",
            "ogcapi-features-3",
            "cql2",
            "ogcapi-tiles-1",
            "ogcapi-processes-1",
        }

    def test_every_collection_is_the_same_alone(
        self, client: httpx.Client
    ) -> None:  # /conf/collections/src-md-success
        listed = asked_for_json(client, "/collections")["collections"]
        assert {one["id"] for one in listed} >= {"communes", "villages", "sites", "cells"}
        for one in listed:
            assert asked_for_json(client, f"/collections/{one['id']}") == one
            west, south, east, north = one["extent"]["spatial"]["bbox"][0]
            assert -180 <= west <= east <= 180
            assert -90 <= south <= north <= 90

    @pytest.mark.parametrize("name", ["nothing", *HOSTILE])
    def test_other_collections_are_not_found(self, client: httpx.Client, name: str) -> None:
        answer = client.get(f"/collections/{quote(name, safe='')}")
        assert answer.status_code in (400, 404)
        assert answer.headers["content-type"] == "application/problem+json"
        assert len(answer.text) < 3_000


class TestFeatures:
    """Features Part 1 and 2."""

    ITEMS = "/collections/villages/items"

    def test_pages_bring_each_feature_once(self, client: httpx.Client) -> None:
        # /conf/core/fc-links
        seen: list[str] = []
        path = f"{self.ITEMS}?limit=5"
        while path:
            page = client.get(path).json()
            assert page["numberReturned"] == len(page["features"]) <= 5
            assert page["numberMatched"] == 23
            seen += [feature["id"] for feature in page["features"]]
            path = next(iter(links(page, "next")), "")
        assert len(seen) == len(set(seen)) == 23

    def test_features_are_the_same_alone(self, client: httpx.Client) -> None:
        # /conf/core/f-op
        for feature in client.get(f"{self.ITEMS}?limit=3").json()["features"]:
            alone = client.get(f"{self.ITEMS}/{feature['id']}").json()
            assert {name: alone[name] for name in feature} == feature

    def test_boxes_select_what_they_touch(self, client: httpx.Client) -> None:
        # /conf/core/fc-bbox-response
        features = client.get(f"{self.ITEMS}?limit=100").json()["features"]
        places = np.array([feature["geometry"]["coordinates"] for feature in features])
        west, south = np.median(places, axis=0) - 0.01
        east, north = np.median(places, axis=0) + 0.02
        inside = (places >= [west, south]).all(axis=1) & (places <= [east, north]).all(axis=1)
        found = client.get(self.ITEMS, params={"bbox": f"{west},{south},{east},{north}", "limit": 100}).json()
        assert found["numberMatched"] == inside.sum() > 0

    @pytest.mark.parametrize(
        "query",
        [
            "limit=0",
            "limit=1e9",
            "bbox=1,2,3",
            "bbox=a,b,c,d",
            "datetime=yesterday",
            "colour=red",
            "crs=EPSG:1",
        ],
    )
    def test_bad_parameters_are_400(
        self, client: httpx.Client, query: str
    ) -> None:  # /conf/core/query-param-*
        answer = client.get(f"{self.ITEMS}?{query}")
        assert answer.status_code == 400
        assert_problem(answer, 400, answer.json()["code"])

    def test_the_crs_is_told_and_any_offered_one_is_served(
        self, client: httpx.Client
    ) -> None:  # /conf/crs/crs-uri
        offered = asked_for_json(client, "/collections/villages")["crs"]
        for uri in offered:
            answer = client.get(self.ITEMS, params={"crs": uri, "limit": 2})
            assert answer.headers["content-crs"] == f"<{uri}>"
        assert len(offered) >= 4

    @pytest.mark.parametrize("value", HOSTILE)
    @pytest.mark.parametrize(
        "name", ["filter", "bbox", "crs", "bbox-crs", "filter-lang", "datetime", "limit"]
    )
    def test_hostile_text_is_a_problem(self, client: httpx.Client, name: str, value: str) -> None:
        answer = client.get(
            self.ITEMS, params={name: value, **({"bbox": "1,1,2,2"} if name == "bbox-crs" else {})}
        )
        assert answer.status_code == 400
        assert answer.headers["content-type"] == "application/problem+json"
        assert "Traceback" not in answer.text


class TestFilters:
    """Features Part 3."""

    ITEMS = "/collections/villages/items"

    def test_queryables_may_be_queried(
        self, client: httpx.Client
    ) -> None:  # /conf/queryables/get-conformance
        described = asked_for_json(client, "/collections/villages/queryables")
        assert described["type"] == "object"
        names = [name for name in described["properties"] if name != "geometry"]
        assert len(names) > 5
        for name in names:
            answer = client.get(self.ITEMS, params={"filter": f"{name} IS NULL", "limit": 1})
            assert answer.status_code == 200, name

    def test_filters_and_properties_agree(self, client: httpx.Client) -> None:
        # /conf/features-filter
        by_name = client.get(f"{self.ITEMS}?commune_code=00001").json()
        by_text = client.get(self.ITEMS, params={"filter": "commune_code = '00001'"}).json()
        assert by_name["numberMatched"] == by_text["numberMatched"] == 12
        tree = '{"op":"=","args":[{"property":"commune_code"},"00001"]}'
        by_tree = client.get(self.ITEMS, params={"filter": tree, "filter-lang": "cql2-json"}).json()
        assert by_tree["numberMatched"] == 12

    @pytest.mark.parametrize("text", ["nobody = 1", "households >", "((((", "S_INTERSECTS(geometry, 3)", "1"])
    def test_wrong_filters_are_400(self, client: httpx.Client, text: str) -> None:
        assert client.get(self.ITEMS, params={"filter": text}).status_code == 400


class TestTiles:
    """Tiles Part 1."""

    def test_the_template_of_a_collection_leads_to_tiles(
        self, client: httpx.Client
    ) -> None:  # /conf/core/tc-success
        (template,) = links(
            asked_for_json(client, "/collections/villages"),
            "http://www.opengis.net/def/rel/ogc/1.0/tilesets-vector",
        )
        west, south, _, _ = asked_for_json(client, "/collections/villages")["extent"]["spatial"]["bbox"][0]
        x, y = tile_at(8, west, south)
        answer = client.get(template.format(z=8, y=y, x=x))
        assert answer.headers["content-type"] == "application/vnd.mapbox-vector-tile"
        assert set(mapbox_vector_tile.decode(answer.content)) == {"villages"}

    @pytest.mark.parametrize("tile", ["25/0/0", "3/8/0", "3/0/8", "-1/0/0", "3/-1/0"])
    @pytest.mark.parametrize("source", ["collections/communes", "contours", "coverages/hillshade"])
    def test_tiles_outside_the_matrix_are_not_found(
        self, client: httpx.Client, source: str, tile: str
    ) -> None:
        assert_problem(client.get(f"/{source}/tiles/WebMercatorQuad/{tile}"), 404, "tile_out_of_range")

    @pytest.mark.parametrize("part", ["a", "1.5", "1e3", "0x1", "%27", "9" * 60])
    def test_tile_numbers_are_numbers(self, client: httpx.Client, part: str) -> None:
        answer = client.get(f"/collections/communes/tiles/WebMercatorQuad/3/{part}/0")
        assert answer.status_code in (400, 404)

    def test_contours_are_a_layer_of_lines(self, client: httpx.Client) -> None:
        west, south, east, north = asked_for_json(client, "/study")["bounds"]
        x, y = tile_at(12, (west + east) / 2, (south + north) / 2)
        tile = mapbox_vector_tile.decode(client.get(f"/contours/tiles/WebMercatorQuad/12/{y}/{x}").content)
        heights = {one["properties"]["height_m"] for one in tile["contours"]["features"]}
        assert heights
        assert all(height % 20 == 0 for height in heights)

    def test_archives_are_made_of_the_same_tiles(self, client: httpx.Client) -> None:
        answer = client.get("/exports/tiles/vector.pmtiles?to_zoom=12")
        assert answer.headers["content-type"] == "application/vnd.pmtiles"
        assert answer.content[:8] == b"PMTiles\x03"
        again = client.get("/exports/tiles/vector.pmtiles", headers={"If-None-Match": answer.headers["etag"]})
        assert again.status_code == 304
        assert client.get("/exports/tiles/hillshade.pmtiles?to_zoom=13").content[99] == 2  # PNG
        assert_problem(client.get("/exports/tiles/nothing.pmtiles"), 404, "coverage_unknown")


def ended(client: httpx.Client, where: str) -> dict[str, Any]:
    """Wait for the end of a job; its record then."""
    deadline = time.monotonic() + 60
    while (record := client.get(where).json())["status"] in ("accepted", "running"):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return dict(record)


class TestProcesses:
    """OGC 18-062r2, Processes Part 1: core, process description, JSON, job list, dismiss."""

    EXCEPTIONS = "http://www.opengis.net/def/exceptions/ogcapi-processes-1/1.0"

    def test_the_list_is_as_long_as_asked(self, client: httpx.Client) -> None:
        # /conf/core/pl-limit-definition, pl-limit-response
        assert len(asked_for_json(client, "/processes?limit=2")["processes"]) == 2
        for limit in ("0", "1001", "x"):
            assert client.get(f"/processes?limit={limit}").status_code == 400

    def test_exceptions_have_the_types_of_the_standard(self, client: httpx.Client) -> None:
        # /conf/core/process-exception-no-such-process, job-exception-no-such-job
        cases = {
            "/processes/none": "no-such-process",
            "/jobs/none": "no-such-job",
            "/jobs/none/results": "no-such-job",
        }
        for path, kind in cases.items():
            answer = client.get(path)
            assert answer.status_code == 404
            assert answer.json()["type"] == f"{self.EXCEPTIONS}/{kind}"
        lost = client.post("/processes/none/execution", json={"inputs": {}})
        assert lost.json()["type"] == f"{self.EXCEPTIONS}/no-such-process"

    def test_the_answer_comes_raw_or_as_a_document(self, client: httpx.Client) -> None:
        # /conf/core/process-execute-sync-raw-value-one, process-execute-sync-document
        # /conf/core/job-results-async-document
        named = {"inputs": {"scenarios": [{"name": "A", "removed_sites": ["a"]}]}}
        raw = client.post("/processes/compare/execution", json=named)
        assert raw.status_code == 200, raw.text
        told = client.post("/processes/compare/execution", json={**named, "response": "document"})
        assert told.json()["result"].keys() == raw.json().keys()
        where = client.post("/processes/compute/execution", json={"inputs": {}, "response": "document"})
        ended(client, where.headers["location"])
        assert set(client.get(f"{where.headers['location']}/results").json()) == {"result"}

    def test_jobs_are_chosen_by_what_they_are(self, client: httpx.Client) -> None:
        # /conf/job-list/*
        where = client.post("/processes/compute/execution", json={"inputs": {}}).headers["location"]
        record = ended(client, where)

        def listed(query: str) -> list[str]:
            return [one["jobID"] for one in asked_for_json(client, f"/jobs?{query}")["jobs"]]

        own = record["jobID"]
        created = quote(record["created"])
        for query in (
            "processID=compute&status=successful",
            "processID=optimise&processID=compute",
            "type=process&maxDuration=3600",
            f"datetime={created}",
            f"datetime={created}/..",
            f"datetime=../{created}&minDuration=0",
        ):
            assert own in listed(query), query
            links = asked_for_json(client, f"/jobs?{query}")["links"]
            assert [one["href"] for one in links if one["rel"] == "self"] == [f"/jobs?{query}"]
        for query in (
            "processID=optimise",
            "status=failed",
            "type=other",
            "minDuration=3600",
            "datetime=../2020-01-01T00:00:00Z",
            "datetime=2099-01-01T00:00:00Z/..",
        ):
            assert own not in listed(query), query
        for query in ("datetime=yesterday", "minDuration=-1", "limit=0"):
            assert client.get(f"/jobs?{query}").status_code == 400

    def test_a_job_is_dismissed_and_has_no_answer(self, client: httpx.Client) -> None:
        # /conf/dismiss/job-dismiss-op, job-dismiss-success
        # /conf/core/job-results-exception-results-not-ready
        where = client.post("/processes/optimise/execution", json={"inputs": {"sites": 1}}).headers[
            "location"
        ]
        told = client.delete(where)
        assert told.status_code == 200
        record = ended(client, where)
        assert record["type"] == "process"
        answer = client.get(f"{where}/results")
        if record["status"] == "dismissed":
            assert answer.status_code == 404
            assert answer.json()["type"] == f"{self.EXCEPTIONS}/result-not-ready"
        else:  # it ended before it could be dismissed, well or not
            assert answer.status_code == (200 if record["status"] == "successful" else 400)

    def test_every_process_is_described(self, client: httpx.Client) -> None:
        # /conf/core/process-success
        listed = asked_for_json(client, "/processes")["processes"]
        for one in listed:
            alone = asked_for_json(client, f"/processes/{one['id']}")
            assert {name: alone[name] for name in one} == one
            assert alone["inputs"] is not None
            assert alone["outputs"]

    def test_a_job_has_an_address_and_an_end(self, client: httpx.Client) -> None:
        # /conf/core/job-creation-*
        accepted = client.post("/processes/compute/execution", json={"inputs": {}})
        assert accepted.status_code == 201
        where = accepted.headers["location"]
        assert ended(client, where)["status"] == "successful"
        assert client.get(f"{where}/results").status_code == 200

    @pytest.mark.parametrize("name", HOSTILE)
    def test_other_processes_and_jobs_are_not_found(self, client: httpx.Client, name: str) -> None:
        for path in (f"/processes/{quote(name, safe='')}", f"/jobs/{quote(name, safe='')}"):
            assert client.get(path).status_code in (400, 404)


class TestDescription:
    def test_every_operation_has_an_example(self, client: httpx.Client) -> None:
        for path, operations in asked_for_json(client, "/api")["paths"].items():
            for method, operation in operations.items():
                assert operation["responses"]["default"]["content"]["application/problem+json"]["example"]
                for parameter in operation.get("parameters", ()):
                    told = {"example", "examples"} & set(parameter)
                    assert told or parameter["name"] == "columns", (method, path, parameter["name"])

    def test_unknown_parameters_pass_unheeded_but_for_items(self, client: httpx.Client) -> None:
        assert client.get("/results?run=12").content == client.get("/results").content
        assert_problem(client.get("/collections/villages/items?run=12"), 400, "parameter_unknown")


class TestNothingBreaks:
    def test_made_up_requests_get_no_server_error(self, address: str) -> None:
        """Schemathesis with a fixed seed, a bounded number of cases; `make fuzz` makes many more."""
        done = subprocess.run(
            [
                str(Path(sys.executable).with_name("schemathesis")),
                *("run", f"{address}/api", "--phases", "examples,coverage", "--seed", "7"),
                *("--checks", "not_a_server_error", "--request-timeout", "60", "--warnings", "off"),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        found = re.search(r"(\d+) generated", done.stdout)
        assert found is not None, done.stdout + done.stderr
        assert done.returncode == 0, done.stdout[-6_000:]
        assert int(found[1]) >= CASES_AT_LEAST

    def test_the_study_is_whole_after_the_server_was_killed(self, study: Study) -> None:
        before = {path: path.stat().st_mtime_ns for path in (study.store.path / "layers").iterdir()}
        command = [str(Path(sys.executable).with_name("phusong")), "serve", "--port", "0", "--study"]
        with subprocess.Popen(
            [*command, str(study.store.path)], stderr=subprocess.PIPE, text=True
        ) as process:
            assert process.stderr is not None
            address = re.search(r"http://[\d.:]+", process.stderr.readline())
            assert address is not None
            with httpx.Client(base_url=address[0], timeout=60) as client:
                assert client.get("/health").status_code == 200
                with client.stream("GET", "/exports/tiles/vector.pmtiles?to_zoom=14") as _:
                    process.kill()
            process.wait()
        assert process.returncode == -9
        assert {path: path.stat().st_mtime_ns for path in (study.store.path / "layers").iterdir()} == before
        with serving(study.store.path) as again:
            assert httpx.get(f"{again}/results", timeout=60).status_code == 200
