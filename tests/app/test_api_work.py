"""Work asked for over HTTP: processes, jobs and their events, scenarios; nothing for other sites."""

from __future__ import annotations

import json
import shutil
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from pyproj import Transformer
from tests.app import worlds

from phusong.app.comparing import compare
from phusong.app.compute.whatif import Baseline
from phusong.app.study import Study, open_study
from phusong.geodata.scenario import scenario_from_dict

from .live_server import assert_problem, serving

PATIENCE_S = 60.0


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    path = tmp_path_factory.mktemp("work") / "study"
    store = worlds.empty_study(path, method={"max_radius_km": {"mid": 4.0}})
    worlds.put_terrain(store)
    worlds.put(
        store,
        "communes",
        [{"commune_code": "00001", "name": "Xã Một", "population": 900}],
        [worlds.square(600, 600, 9000)],
    )
    people = np.zeros((worlds.SIDE_CELLS, worlds.SIDE_CELLS))
    people[20:300, 20:300] = 900 / 280**2
    worlds.put_people(store, people)
    worlds.put(store, "sites", [{"site_id": "a"}], [worlds.point(2500, 2500)])
    worlds.put(store, "cells", [worlds.cell("a", power_dbm=24.0)], [worlds.point(2500, 2500)])
    opened = open_study(path)
    opened.compute()
    return opened


@pytest.fixture(scope="module")
def client(study: Study) -> Iterator[httpx.Client]:
    with serving(study.store.path) as address, httpx.Client(base_url=address, timeout=PATIENCE_S) as client:
        yield client


def mast(study: Study) -> dict[str, Any]:
    back = Transformer.from_crs(study.store.epsg, 4326, always_xy=True)
    x_m, y_m = worlds.at(7000, 7000)
    lon_deg, lat_deg = back.transform(x_m, y_m)
    return {
        "site_id": "N1",
        "lon_deg": lon_deg,
        "lat_deg": lat_deg,
        "height_m": 36.0,
        "band": "1800",
        "operator": "Viettel",
        "cost_mvnd": 1500.0,
    }


def ended(client: httpx.Client, job_id: str) -> dict[str, Any]:
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        record: dict[str, Any] = client.get(f"/jobs/{job_id}").json()
        if record["status"] in {"successful", "failed", "dismissed"}:
            return record
        time.sleep(0.1)
    pytest.fail("the job does not end")


class TestProcesses:
    def test_each_is_described_with_its_inputs(self, client: httpx.Client) -> None:
        listed = client.get("/processes").json()["processes"]
        assert {"compute", "what-if", "compare"} <= {one["id"] for one in listed}
        for one in listed:
            record = client.get(f"/processes/{one['id']}").json()
            assert record["inputs"]
            assert record["title"] and "processes." not in record["title"]

    def test_what_if_at_once_equals_the_engine(self, client: httpx.Client, study: Study) -> None:
        inputs = {"additions": [mast(study)]}
        found = client.post("/processes/what-if/execution", json={"inputs": inputs}).json()
        own = compare(Baseline(study.store), [scenario_from_dict({"name": "what-if", **inputs})])
        assert found["scenarios"][1]["figures"] == own["scenarios"][1]["figures"]
        assert found["scenarios"][1]["delta"] == own["scenarios"][1]["delta"]
        assert found["scenarios"][1]["delta"]["population"] > 0

    @pytest.mark.parametrize(
        ("process", "inputs", "status", "code"),
        [
            ("what-if", {}, 400, "whatif_nothing"),
            ("what-if", {"additions": "x"}, 400, "json_member"),
            ("what-if", {"removed_sites": ["nobody"]}, 404, "site_unknown"),
            ("compute", {"mode": "guess"}, 400, "mode_unknown"),
            ("compare", {"scenarios": []}, 400, "json_member"),
            ("format-disk", {}, 404, "process_unknown"),
        ],
    )
    def test_what_cannot_be_done_is_told(
        self, client: httpx.Client, process: str, inputs: dict[str, Any], status: int, code: str
    ) -> None:
        assert_problem(client.post(f"/processes/{process}/execution", json={"inputs": inputs}), status, code)


class TestJobs:
    def test_a_job_is_accepted_followed_and_answered(self, client: httpx.Client) -> None:
        accepted = client.post("/processes/compute/execution", json={"inputs": {}})
        assert accepted.status_code == 201
        job_id = accepted.headers["location"].rsplit("/", 1)[1]
        assert accepted.json()["jobID"] == job_id
        record = ended(client, job_id)
        assert (record["status"], record["progress"]) == ("successful", 100)
        assert client.get(f"/jobs/{job_id}/results").json()["was_current"] is True
        assert job_id in [one["jobID"] for one in client.get("/jobs").json()["jobs"]]

    def test_events_come_in_order_and_from_where_one_left_off(self, client: httpx.Client) -> None:
        job_id = client.post("/processes/compute/execution", json={"inputs": {}}).json()["jobID"]

        def events(after: int = 0) -> list[tuple[int, str, dict[str, Any]]]:
            answer = client.get(f"/jobs/{job_id}/events", headers={"Last-Event-ID": str(after)})
            assert answer.headers["content-type"].startswith("text/event-stream")
            blocks = [block.splitlines() for block in answer.text.split("\n\n") if block.startswith("id:")]
            return [(int(one[0][4:]), one[1][7:], json.loads(one[2][6:])) for one in blocks]

        seen = events()
        assert [number for number, _, _ in seen] == list(range(1, len(seen) + 1))
        assert seen[0][2]["status"] == "accepted"
        assert seen[-1][2]["status"] == "successful"
        assert events(after=seen[0][0]) == seen[1:]

    def test_many_may_follow_at_once(self, client: httpx.Client) -> None:
        job_id = client.post("/processes/compute/execution", json={"inputs": {}}).json()["jobID"]
        texts: list[str] = []

        def follow() -> None:
            with httpx.Client(base_url=client.base_url, timeout=PATIENCE_S) as own:
                texts.append(own.get(f"/jobs/{job_id}/events").text)

        threads = [threading.Thread(target=follow) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(texts) == 20
        assert all('"successful"' in text for text in texts)

    def test_a_job_that_failed_says_why(self, client: httpx.Client) -> None:
        posted = client.post(
            "/processes/what-if/execution",
            json={"inputs": {"removed_sites": ["nobody"]}},
            headers={"Prefer": "respond-async"},
        )
        record = ended(client, posted.json()["jobID"])
        assert record["status"] == "failed"
        assert "nobody" in record["message"]
        assert_problem(client.get(f"/jobs/{record['jobID']}/results"), 400, "site_unknown")

    @pytest.mark.parametrize("job_id", ["x", "0" * 32, "..%2F..%2Fstudy", "a" * 500])
    def test_unknown_jobs_are_not_found(self, client: httpx.Client, job_id: str) -> None:
        for path in (f"/jobs/{job_id}", f"/jobs/{job_id}/results", f"/jobs/{job_id}/events"):
            assert client.get(path).status_code == 404
        assert client.delete(f"/jobs/{job_id}").status_code in {404, 405}


class TestScenarios:
    def test_kept_changed_deleted_and_brought_back(self, client: httpx.Client, study: Study) -> None:
        body = {"additions": [mast(study)], "note": "bản nháp"}
        first = client.put("/scenarios/Phương án A", json=body)
        assert first.status_code == 200, first.text
        assert first.headers["etag"].removeprefix("W/") == '"1"'
        higher = {**body, "additions": [{**mast(study), "height_m": 45.0}]}
        second = client.put("/scenarios/Phương án A", json=higher, headers={"If-Match": '"1"'})
        assert second.json()["version"] == 2
        late = client.put("/scenarios/Phương án A", json=body, headers={"If-Match": '"1"'})
        assert_problem(late, 400, "scenario_conflict")
        assert client.get("/scenarios").json()["scenarios"][0]["cost_mvnd"] == 1500.0
        client.delete("/scenarios/Phương án A")
        assert_problem(client.get("/scenarios/Phương án A"), 404, "scenario_unknown")
        undone = client.post("/scenarios/Phương án A/restoration").json()
        assert undone["scenario"]["additions"][0]["height_m"] == 45.0
        earlier = client.get("/scenarios/Phương án A", params={"version": 1}).json()
        assert earlier["scenario"]["additions"][0]["height_m"] == 36.0

    def test_compared_by_name(self, client: httpx.Client, study: Study) -> None:
        client.put("/scenarios/B", json={"additions": [mast(study)]})
        inputs = {"scenarios": ["B", {"name": "dark", "removed_sites": ["a"]}]}
        job_id = client.post(
            "/processes/compare/execution", json={"inputs": inputs}, headers={"Prefer": "respond-async"}
        ).json()["jobID"]
        assert ended(client, job_id)["status"] == "successful"
        base, gaining, losing = client.get(f"/jobs/{job_id}/results").json()["scenarios"]
        assert gaining["delta"]["population"] > 0 > losing["delta"]["population"]
        assert base["key"] == "base"

    @pytest.mark.parametrize(
        ("name", "body"),
        [
            ("..", {}),
            ("x" * 200, {}),
            ("ok", {"additions": [{"site_id": "1"}]}),
            (
                "ok",
                {"additions": [{"site_id": "1", "lon_deg": 1e9, "lat_deg": 0, "height_m": 3, "band": "B3"}]},
            ),
            ("ok", {"rows": "'; DROP TABLE"}),
        ],
    )
    def test_nonsense_is_refused(self, client: httpx.Client, name: str, body: dict[str, Any]) -> None:
        answer = client.put(f"/scenarios/{name}", json=body)
        assert answer.status_code in {400, 404, 405}
        assert answer.headers["content-type"] == "application/problem+json"


class TestOtherSites:
    @pytest.mark.parametrize(
        "headers",
        [
            {"Origin": "https://evil.example"},
            {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site"},
            {"Origin": "null"},
        ],
    )
    def test_may_change_nothing(self, client: httpx.Client, headers: dict[str, str]) -> None:
        for method, path in (
            ("POST", "/processes/compute/execution"),
            ("PUT", "/scenarios/x"),
            ("DELETE", "/scenarios/x"),
            ("DELETE", f"/jobs/{'0' * 32}"),
        ):
            answer = client.request(method, path, json={}, headers=headers)
            assert_problem(answer, 403, "foreign_request")

    def test_the_page_itself_may(self, client: httpx.Client) -> None:
        own = {"Origin": str(client.base_url).rstrip("/"), "Sec-Fetch-Site": "same-origin"}
        assert client.post("/processes/compute/execution", json={}, headers=own).status_code == 201

    def test_a_form_of_another_site_is_no_json(self, client: httpx.Client) -> None:
        answer = client.post(
            "/processes/compute/execution", content=b'{"inputs":{}}', headers={"Content-Type": "text/plain"}
        )
        assert answer.status_code == 400

    def test_huge_bodies_are_refused_before_they_are_read(self, client: httpx.Client) -> None:
        assert_problem(client.put("/scenarios/x", json={"note": "x" * 9_000_000}), 413, "body_large")


def test_results_that_are_stale_are_not_asked_what_if(study: Study, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(study.store.path, folder)
    copy = open_study(folder)
    copy.store.set_method(replace(copy.store.method(), load=0.9))
    with serving(folder) as address:
        answer = httpx.post(
            f"{address}/processes/what-if/execution",
            json={"inputs": {"additions": [mast(study)]}},
            timeout=PATIENCE_S,
        )
    assert_problem(answer, 400, "results_stale")
