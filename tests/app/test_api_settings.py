"""Method and targets over HTTP: checked, replaced whole, and told of."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from phusong.coverage.method import Method
from phusong.geodata.store.folder import FolderStore

from .fixture_study import write_study
from .live_server import assert_problem, serving


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[FolderStore, httpx.Client]]:
    store = write_study(tmp_path_factory.mktemp("settings") / "study")
    with serving(store.path) as address, httpx.Client(base_url=address) as client:
        yield store, client


def test_what_is_left_out_keeps_its_value(served: tuple[FolderStore, httpx.Client]) -> None:
    store, client = served
    before = client.get("/method").json()
    assert before["method"] == store.method().as_dict()
    assert before["defaults"] == Method().as_dict()
    assert before["is_grid_fixed"] is True
    answer = client.put(
        "/method", json={"threshold_dbm": {"5G": -104}, "village_rule": {"served_share": 0.9}}
    )
    assert answer.status_code == 200
    method = store.method()
    assert dict(method.threshold_dbm) == {"4G": -110.0, "5G": -104}
    assert method.village_rule.served_share == 0.9
    assert method.village_rule.cluster_min_households == Method().village_rule.cluster_min_households
    assert client.get("/method").json()["method"] == store.method().as_dict()
    assert client.get("/study").json()["state"] == "stale"
    assert client.put("/method", json={"models": {"5G": "itm"}}).status_code == 200
    assert client.put("/method", json={"models": {}}).json()["method"]["models"] == {}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"load": 2}, "method_range"),
        ({"load": True}, "method_choice"),
        ({"load": "0.5"}, "method_range"),
        ({"threshold_dbm": {"4G": None}}, "method_range"),
        ({"threshold_dbm": {"6G": -100}}, "method_choice"),
        ({"threshold_dbm": 5}, "method_unreadable"),
        ({"model": "magic"}, "method_model"),
        ({"model": ["itm"]}, "method_model"),
        ({"models": {"5G": "magic"}}, "method_choice"),
        ({"models": [1]}, "method_choice"),
        ({"village_rule": {"technologies": []}}, "method_choice"),
        ({"village_rule": {"nothing": 1}}, "method_unreadable"),
        ({"village_rule": 7}, "method_unreadable"),
        ({"nothing": 1}, "method_unknown"),
        ({"id": "mine"}, "method_unknown"),
        ({"grid_m": 50}, "grid_fixed"),
        ({"itm": {"nothing": 1}}, "method_unknown"),
        ({"load": 10**400}, "method_range"),
    ],
)
def test_what_makes_no_sense_is_refused(
    served: tuple[FolderStore, httpx.Client], changes: dict[str, Any], code: str
) -> None:
    store, client = served
    before = store.method()
    assert_problem(client.put("/method", json=changes), 400, code)
    assert store.method() == before


def test_numbers_that_are_none_are_refused(served: tuple[FolderStore, httpx.Client]) -> None:
    store, client = served
    answer = client.put("/method", content=b'{"load": NaN}', headers={"Content-Type": "application/json"})
    assert_problem(answer, 400, "method_range")
    assert not math.isnan(store.method().load)


def test_targets_are_replaced_as_a_whole(served: tuple[FolderStore, httpx.Client]) -> None:
    store, client = served
    wanted = {
        "4G": {"percent": 99.5, "year": 2027, "source": "Kế hoạch"},
        "4G+5G": {"percent": 100, "year": 2030},
    }
    answer = client.put("/targets", json={"targets": wanted})
    assert answer.status_code == 200
    kept = {
        "4G": {"percent": 99.5, "year": 2027, "source": "Kế hoạch"},
        "4G+5G": {"percent": 100.0, "year": 2030, "source": ""},
    }
    assert client.get("/targets").json() == {"targets": kept} == {"targets": store.settings()["targets"]}


@pytest.mark.parametrize(
    ("targets", "code"),
    [
        ({"6G": {"percent": 50, "year": 2030}}, "technology_unknown"),
        ({"4G": {"percent": 101, "year": 2030}}, "json_member"),
        ({"4G": {"percent": 0, "year": 2030}}, "json_member"),
        ({"4G": {"percent": 50, "year": 3030}}, "json_member"),
        ({"4G": {"percent": 50}}, "json_member"),
        ({"4G": {"percent": 50, "year": 2030, "source": "x" * 500}}, "json_member"),
        ({"4G": {"percent": 50, "year": 2030, "more": 1}}, "json_member"),
    ],
)
def test_targets_that_make_no_sense_are_refused(
    served: tuple[FolderStore, httpx.Client], targets: dict[str, Any], code: str
) -> None:
    store, client = served
    before = store.settings()["targets"]
    assert_problem(client.put("/targets", json={"targets": targets}), 400, code)
    assert store.settings()["targets"] == before
