"""Scenarios in a study folder: checked, versioned, brought back, never half-written."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phusong.coverage.errors import InputError, NotFoundError, StudyError
from phusong.geodata.scenario import Addition, Edit, Scenario, scenario_from_dict, scenario_from_json
from phusong.geodata.store.scenarios import KEPT_VERSIONS, ScenarioStore, file_key


def mast(site_id: str = "m1", **more: Any) -> dict[str, Any]:
    return {"site_id": site_id, "lon_deg": 105.5, "lat_deg": 19.9, "height_m": 36, "band": "B3", **more}


FULL = Scenario(
    "Phương án A",
    additions=(
        Addition("m1", 105.5, 19.9, 36.0, "B3", (0.0, 120.0), 43.0, 4.0, "Viettel", "4G", 1600.0, "hilltop"),
        Addition("m1", 105.5, 19.9, 36.0, "n78"),
    ),
    removed_sites=("old",),
    removed_cells=("s-1",),
    edits=(Edit("s-2", {"downtilt_deg": 6.0}, 5.0),),
    note="Thử\nhai dòng",
    run="abc",
    layers={"sites": "00ff"},
    plan={"gap": 0.0, "curve": [[1, 2.5], [2, 3.5]]},
)


@pytest.fixture
def store(tmp_path: Path) -> ScenarioStore:
    ticks = iter(range(10_000))
    return ScenarioStore(tmp_path, lambda: f"2026-11-21T00:00:{next(ticks):02d}+00:00")


def test_what_is_saved_is_what_is_read(store: ScenarioStore) -> None:
    saved = store.save(FULL)
    assert (saved.version, saved.saved_at) == (1, "2026-11-21T00:00:00+00:00")
    assert store.load("phương án a") == saved
    assert saved.scenario == FULL
    assert store.names() == ["Phương án A"]
    assert scenario_from_json(orjson.dumps(saved.as_dict())) == FULL


def test_every_version_is_kept_and_undo_brings_one_back(store: ScenarioStore) -> None:
    for note in ("một", "hai", "ba"):
        store.save(Scenario("A", note=note))
    assert store.versions("A") == [1, 2, 3]
    assert store.load("A", version=2).scenario.note == "hai"
    undone = store.restore("A")
    assert (undone.version, undone.scenario.note) == (4, "hai")
    assert store.restore("A", version=1).scenario.note == "một"
    assert store.load("A").version == 5


def test_a_deleted_scenario_comes_back(store: ScenarioStore) -> None:
    store.save(FULL)
    assert store.delete("Phương án A").scenario == FULL
    assert store.names() == []
    with pytest.raises(NotFoundError, match="scenario_unknown"):
        store.load("Phương án A")
    back = store.restore("Phương án A")
    assert (back.version, back.scenario) == (2, FULL)
    with pytest.raises(NotFoundError, match="scenario_unknown"):
        store.restore("Chưa có")
    with pytest.raises(NotFoundError, match="scenario_version_unknown"):
        store.load("Phương án A", version=9)


def test_a_change_made_on_an_old_version_is_refused(store: ScenarioStore) -> None:
    store.save(Scenario("A"), expected_version=0)
    store.save(Scenario("A", note="của người khác"), expected_version=1)
    with pytest.raises(InputError, match="scenario_conflict"):
        store.save(Scenario("A", note="của tôi"), expected_version=1)
    assert store.load("A").scenario.note == "của người khác"


def test_a_new_name_is_not_taken_from_another(store: ScenarioStore) -> None:
    store.save(Scenario("A"))
    store.save(Scenario("B", note="b"))
    with pytest.raises(InputError, match="scenario_exists"):
        store.rename("A", "b")
    assert store.rename("B", "b").scenario.note == "b"
    store.rename("A", "C")
    assert store.names() == ["C", "b"]


def test_old_versions_are_let_go(store: ScenarioStore) -> None:
    for turn in range(KEPT_VERSIONS + 5):
        store.save(Scenario("A", note=str(turn)))
    kept = store.versions("A")
    assert len(kept) == KEPT_VERSIONS
    assert kept[-1] == store.load("A").version == KEPT_VERSIONS + 5


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "..", "a/b", "CON", "a\\b", "Ẩ" * 80, ".hidden", "日本"]
)
def test_a_name_never_leaves_the_folder(store: ScenarioStore, name: str) -> None:
    store.save(Scenario(name))
    assert store.names() == [name]
    files = [path for path in store.study.rglob("*.json") if "versions" not in path.parts]
    assert [path.parent for path in files] == [store.folder]
    assert len(files[0].name.encode()) < 100


@pytest.mark.parametrize(
    "name", ["", "   ", "a\nb", "a\x00", "x" * 81, "\u202egnp", "\ud800", None, 5, ["a"]]
)
def test_names_nobody_can_read_are_refused(name: Any) -> None:
    with pytest.raises(InputError, match="scenario_name"):
        scenario_from_dict({"name": name})


@pytest.mark.parametrize(
    ("record", "member"),
    [
        ([], "JSON"),
        ({"name": "A", "extra": 1}, "extra"),
        ({"name": "A", "additions": {}}, "additions"),
        ({"name": "A", "additions": "abc"}, "additions"),
        ({"name": "A", "additions": [5]}, "additions[0]"),
        ({"name": "A", "additions": [mast(lon_deg="105")]}, "additions[0].lon_deg"),
        ({"name": "A", "additions": [mast(lon_deg=True)]}, "additions[0].lon_deg"),
        ({"name": "A", "additions": [mast(lat_deg=float("nan"))]}, "additions[0].lat_deg"),
        ({"name": "A", "additions": [mast(height_m=10**400)]}, "additions[0].height_m"),
        ({"name": "A", "additions": [mast(height_m=-1)]}, "additions[0].height_m"),
        ({"name": "A", "additions": [mast(cost_mvnd=-1)]}, "additions[0].cost_mvnd"),
        ({"name": "A", "additions": [mast(technology="6G")]}, "additions[0].technology"),
        ({"name": "A", "additions": [mast(azimuths_deg=[0] * 13)]}, "additions[0].azimuths_deg"),
        ({"name": "A", "additions": [mast(azimuths_deg=[361])]}, "additions[0].azimuths_deg[0]"),
        ({"name": "A", "additions": [mast(site_id="")]}, "additions[0].site_id"),
        ({"name": "A", "additions": [mast(site_id="a\x07b")]}, "additions[0].site_id"),
        ({"name": "A", "additions": [mast(x=1)]}, "additions[0].x"),
        ({"name": "A", "removed_sites": [1]}, "removed_sites[0]"),
        ({"name": "A", "edits": [{"cell_id": "c", "changes": {}}]}, "edits[0].changes"),
        ({"name": "A", "edits": [{"cell_id": "c", "changes": {"operator": 1}}]}, "edits[0].changes.operator"),
        (
            {"name": "A", "edits": [{"cell_id": "c", "changes": {"power_dbm": 99}}]},
            "edits[0].changes.power_dbm",
        ),
        ({"name": "A", "layers": []}, "layers"),
        ({"name": "A", "note": "x" * 9000}, "note"),
        ({"name": "A", "plan": [1]}, "plan"),
        ({"name": "A", "plan": {"x": {1, 2}}}, "plan"),
    ],
)
def test_hostile_members_are_refused_by_name(record: Any, member: str) -> None:
    with pytest.raises(InputError) as caught:
        scenario_from_dict(record)
    assert caught.value.code == "json_member"
    assert caught.value.parameters["member"] == member


def test_a_bottomless_plan_is_refused() -> None:
    plan: dict[str, Any] = {}
    for _ in range(30):
        plan = {"x": plan}
    with pytest.raises(InputError, match="json_member"):
        scenario_from_dict({"name": "A", "plan": plan})


@pytest.mark.parametrize(
    "record",
    [
        {"name": "A", "removed_sites": ["s", "s"]},
        {"name": "A", "additions": [mast(), mast()]},
        {"name": "A", "removed_cells": ["c"], "edits": [{"cell_id": "c", "changes": {"power_dbm": 40}}]},
    ],
)
def test_what_is_named_twice_is_refused(record: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="scenario_clash"):
        scenario_from_dict(record)


@pytest.mark.parametrize("text", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b" " * 9_000_000, b'{"name": NaN}'])
def test_what_is_no_json_is_refused(text: bytes) -> None:
    with pytest.raises(InputError, match=r"scenario_json|scenario_large"):
        scenario_from_json(text)


@pytest.mark.parametrize("version", [0, 2, True, "1", None])
def test_another_format_is_refused(version: Any) -> None:
    with pytest.raises(InputError, match="scenario_version"):
        scenario_from_dict({"name": "A", "format": version})


def test_a_damaged_file_is_named(store: ScenarioStore) -> None:
    store.save(FULL)
    path = store.folder / f"{file_key(FULL.name)}.json"
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(StudyError, match="study_broken"):
        store.load(FULL.name)
    with pytest.raises(StudyError, match="study_broken"):
        store.all()
    # Its versions are whole.
    assert store.load(FULL.name, version=1).scenario == FULL


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=200, derandomize=True, deadline=None)
@given(st.dictionaries(st.sampled_from(sorted(FULL.as_dict())), JSON))
def test_any_json_is_a_scenario_or_a_clear_refusal(record: dict[str, Any]) -> None:
    try:
        scenario = scenario_from_dict({"name": "A", **record})
    except InputError as error:
        assert error.code in {"json_member", "scenario_name", "scenario_version", "scenario_clash"}
    else:
        assert scenario_from_dict(scenario.as_dict()) == scenario


KILLED = """
import os, signal, sys
from pathlib import Path
from phusong.geodata.scenario import Scenario
from phusong.geodata.store.scenarios import ScenarioStore
store = ScenarioStore(Path(sys.argv[1]), lambda: "now")
store.save(Scenario("A", note="0"))
killed, step = 0, 0
while True:
    step += 1
    before = store.load("A").scenario.note
    child = os.fork()
    if child == 0:
        left = [step]
        def dying(real):
            def call(*arguments, **options):
                left[0] -= 1
                if left[0] == 0:
                    os.kill(os.getpid(), signal.SIGKILL)
                return real(*arguments, **options)
            return call
        os.fsync, Path.replace = dying(os.fsync), dying(Path.replace)
        store.save(Scenario("A", note=str(int(before) + 1)))
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    found = store.load("A").scenario.note
    assert found in (before, str(int(before) + 1)), (step, before, found)
    assert store.names() == ["A"]
    if os.WIFEXITED(status):
        assert os.WEXITSTATUS(status) == 0 and found == str(int(before) + 1)
        break
    killed += 1
print(killed)
"""


def test_a_killed_save_leaves_the_old_or_the_new(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) >= 6
