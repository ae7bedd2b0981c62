"""A server killed in mid-upload or mid-job: the study stays whole, and the job is done or says why not."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import numpy as np
import pytest

from phusong.geodata.importing import import_layer
from phusong.geodata.store.folder import FolderStore

from . import offered, worlds

PATIENCE_S = 90.0
NOW = "2026-01-02T03:04:05+00:00"
MANY = 30_000


class Served:
    """A served study in a process of its own."""

    def __init__(self, process: subprocess.Popen[str], address: str) -> None:
        self.process = process
        self.client = httpx.Client(base_url=address, timeout=PATIENCE_S)
        self.address = urlsplit(address)

    def kill(self) -> None:
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait(10)

    def job(self, path: str) -> dict[str, Any]:
        return dict(self.client.get(path).json())

    def until(self, path: str, *statuses: str) -> dict[str, Any]:
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            record = self.job(path)
            if record["status"] in statuses:
                return record
            time.sleep(0.02)
        pytest.fail(f"the job never is {statuses}: {record}")


@contextmanager
def served(study: Path) -> Iterator[Served]:
    command = [str(Path(sys.executable).with_name("phusong")), "serve", "--study", str(study), "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    found = None
    while found is None:
        line = process.stderr.readline()
        assert line, "the server does not start"
        found = re.search(r"http://[\d.]+:\d+", line)
    server = Served(process, found.group(0))
    try:
        yield server
    finally:
        server.client.close()
        process.kill()
        process.wait(10)
        process.stderr.close()
        if process.stdout is not None:
            process.stdout.close()


@pytest.fixture
def study(tmp_path: Path) -> FolderStore:
    store = FolderStore.create(tmp_path / "study", name="Thử")
    offered.communes().to_file(tmp_path / "xa.gpkg")
    import_layer(store, "communes", [tmp_path / "xa.gpkg"], imported_at=NOW)
    offered.points(50).to_file(tmp_path / "thon.gpkg")
    import_layer(store, "villages", [tmp_path / "thon.gpkg"], imported_at=NOW)
    return store


def contents(store: FolderStore) -> dict[str, str]:
    return {name: store.meta(name).content_sha256 for name in store.layer_names()}


def many_villages() -> bytes:
    rows = [["Tên thôn", "Kinh độ", "Vĩ độ"]]
    for at in range(MANY):
        lon, lat = offered.WEST + 0.19 * (at % 300 + 1) / 301, offered.SOUTH + 0.09 * (at // 300 + 1) / 101
        rows.append([f"Thôn {at}", f"{lon:.6f}", f"{lat:.6f}"])
    return offered.text(rows)


def test_a_server_killed_in_mid_upload_leaves_nothing_of_it(study: FolderStore) -> None:
    before = contents(study)
    with served(study.path) as server:
        place = (str(server.address.hostname), int(server.address.port or 0))
        with socket.create_connection(place) as line:
            line.sendall(
                b"POST /uploads?layer=villages&filename=thon.csv HTTP/1.1\r\nHost: x\r\n"
                b"Content-Length: 9000000\r\n\r\n" + b"x" * 4_000_000
            )
            end = time.monotonic() + PATIENCE_S
            while not any(one.stat().st_size for one in (study.path / "uploads").glob("*/.*.part")):
                assert time.monotonic() < end
                time.sleep(0.01)
            server.kill()
    assert any((study.path / "uploads").iterdir())
    assert contents(study) == before
    with served(study.path) as server:
        assert server.client.get("/uploads").json() == {"uploads": []}
        assert server.client.get("/health").json()["status"] == "ok"
        assert not any((study.path / "uploads").iterdir())
    assert contents(study) == before


@pytest.mark.parametrize("is_kept", [True, False], ids=["upload kept", "upload lost"])
def test_a_server_killed_in_mid_import(study: FolderStore, is_kept: bool) -> None:
    before = contents(study)
    with served(study.path) as server:
        query = {"layer": "villages", "filename": "nhieu thon.csv"}
        upload = server.client.post("/uploads", params=query, content=many_villages()).json()["id"]
        assert server.client.get(f"/uploads/{upload}").json()["rows"] == MANY
        job = server.client.post(f"/uploads/{upload}/acceptance").headers["location"]
        server.until(job, "running")
        server.kill()
    assert contents(study) == before
    assert len(study.table("villages")) == 50
    if not is_kept:
        (study.path / "uploads" / upload / "upload.json").unlink()
    with served(study.path) as server:
        record = server.until(job, "successful", "failed")
        listed = {one["id"]: one for one in server.client.get("/layers").json()["layers"]}
    if is_kept:
        assert record["status"] == "successful"
        assert listed["villages"]["rows"] == MANY == len(study.table("villages"))
        assert listed["villages"]["source"] == "nhieu thon.csv"
        assert listed["villages"]["previous"]["rows"] == 50
    else:
        assert (record["status"], record["error"]["code"]) == ("failed", "upload_unknown")
        assert record["message"]
        assert contents(study) == before


def test_a_server_killed_while_it_computes_goes_on_where_it_was(tmp_path: Path) -> None:
    store = worlds.empty_study(tmp_path / "study", method={"max_radius_km": {"mid": 4.0}})
    worlds.put_terrain(store)
    commune = {"commune_code": "00001", "name": "Xã Một", "population": 900}
    worlds.put(store, "communes", [commune], [worlds.square(600, 600, 9000)])
    people = np.zeros((worlds.SIDE_CELLS, worlds.SIDE_CELLS))
    people[20:300, 20:300] = 900 / 280**2
    worlds.put_people(store, people)
    places = [(1500 + 2500 * (at % 4), 1500 + 2500 * (at // 4)) for at in range(12)]
    names = [f"s{at}" for at in range(len(places))]
    points = [worlds.point(*place) for place in places]
    worlds.put(store, "sites", [{"site_id": name} for name in names], points)
    worlds.put(store, "cells", [worlds.cell(name, power_dbm=24.0) for name in names], points)
    before = contents(store)
    with served(store.path) as server:
        answer = server.client.post("/processes/compute/execution", json={"inputs": {}})
        job = answer.headers["location"]
        server.until(job, "running")
        server.kill()
    assert contents(store) == before
    with served(store.path) as server:
        # What is visible is nothing, or a whole run.
        assert server.client.get("/results").status_code in {200, 404}
        record = server.until(job, "successful", "failed")
        assert record["status"] == "successful", record
        results = server.client.get("/results").json()
        events = server.client.get(f"{job}/events").text
    assert results["province"]["population"] == 900
    assert "jobs.resumed" in events
