"""Real work as jobs: the same answers as asked directly, and whole results after a kill."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.app import worlds
from tests.app.test_scenarios import CASES, _mast
from tests.app.test_what_if import MASTS, NEW, _study

from phusong.app.cli import run
from phusong.app.comparing import compare
from phusong.app.compute.whatif import Baseline
from phusong.app.i18n import translate
from phusong.app.jobs.kinds import KINDS
from phusong.app.jobs.runner import JobRunner
from phusong.app.scenarios import save_scenario
from phusong.app.settings import Settings
from phusong.app.study import Study
from phusong.coverage.errors import InputError
from phusong.geodata.scenario import Scenario


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    made = _study(tmp_path_factory.mktemp("jobs") / "study", MASTS)
    worlds.put(made.store, "fibre_nodes", [{"node_id": "n1"}], [worlds.point(2_500.0, 2_500.0)])
    return made


def _done(runner: JobRunner, kind: str, inputs: dict[str, Any]) -> dict[str, Any]:
    job_id = runner.submit(kind, inputs)
    assert runner.run_next()
    record = runner.get(job_id)
    assert record.status == "successful", record.error
    assert record.progress == 100.0
    return runner.result(job_id)


def _without_seconds(record: Any) -> Any:
    if isinstance(record, dict):
        return {name: _without_seconds(value) for name, value in record.items() if name != "seconds"}
    return [_without_seconds(one) for one in record] if isinstance(record, list) else record


def test_compute_what_if_and_compare_as_jobs(study: Study) -> None:
    runner = JobRunner(study.store, KINDS)
    job_id = runner.submit("compute", {"mode": "sweep"})
    assert runner.run_next()
    assert runner.result(job_id)["run"] == study.describe()["run"]
    told = [event.data for event in runner.events(job_id) if event.event == "progress"]
    assert {"zones", "losses", "blocks"} <= {one["stage"] for one in told}
    assert [one["progress"] for one in told] == sorted(one["progress"] for one in told)
    base = Baseline(study.store)
    wish = CASES["all at once"].as_dict()
    asked = {name: wish[name] for name in ("additions", "removed_sites", "removed_cells", "edits")}
    found = _done(runner, "what-if", asked)
    direct = json.loads(json.dumps(compare(base, [CASES["all at once"]])))
    assert _without_seconds(found["scenarios"][1]["figures"]) == direct["scenarios"][1]["figures"]
    save_scenario(study.store, Scenario("Một", additions=(_mast("n1", NEW),)))
    found = _done(runner, "compare", {"scenarios": ["Một", {**wish, "name": "Hai"}]})
    assert [one["name"] for one in found["scenarios"]] == [None, "Một", "Hai"]


def test_a_plan_for_towers_as_a_job_is_kept_as_a_scenario_and_compared(study: Study) -> None:
    study.compute()
    runner = JobRunner(study.store, KINDS)
    asked: dict[str, Any] = {"sites": 2, "target": "villages", "means": ["mast"], "heights": [30]}
    asked |= {"sources": ["settlement"], "most_places": 30}
    job_id = runner.submit("optimise", {**asked, "time_limit_s": 20, "save_as": "Tối ưu", "explain": True})
    assert runner.run_next()
    assert runner.get(job_id).status == "successful", runner.get(job_id).error
    plan = runner.result(job_id)
    assert 1 <= len(plan["picks"]) <= 2
    told = plan["explained"]
    assert [one["site"] for one in told["picks"]] and told["curve"]["cost"]
    assert all(
        one["served"] >= 0.99 * plan["value"] - 1e-9 or one["distance_m"] >= 500 for one in told["swaps"]
    )
    names = {one["village_id"] for one in study.villages(status=["white", "patchy"])["villages"]}
    assert {one["village_id"] for one in told["left_out"]} <= names
    steps = [event.data for event in runner.events(job_id) if event.event == "step"]
    assert steps and steps[-1]["value"] <= steps[-1]["bound"] * (1 + 1e-9)
    found = _done(runner, "compare", {"scenarios": ["Tối ưu"]})["scenarios"][1]
    assert found["masts"] == len(plan["picks"])
    assert found["delta"]["villages"] > 0
    assert found["cost_mvnd"] == pytest.approx(sum(one["cost_mvnd"] for one in plan["picks"]))


@pytest.mark.parametrize(
    ("kind", "inputs", "code"),
    [
        ("compute", {"mode": "guess"}, "mode_unknown"),
        ("compute", {"workers": 10**6}, "workers_range"),
        ("compute", {"path": "/etc/passwd"}, "json_member"),
        ("what-if", {}, "whatif_nothing"),
        ("what-if", {"removed_sites": 5}, "json_member"),
        ("compare", {}, "json_member"),
        ("optimise", {}, "tower_goal_one"),
        ("optimise", {"sites": 2, "path": "x"}, "json_member"),
        ("optimise", {"sites": -1}, "json_member"),
        ("optimise", {"sites": 2, "costs": {"gold": 1}}, "cost_unknown"),
        ("optimise", {"sites": 2, "costs": 5}, "json_member"),
        ("optimise", {"sites": 2, "means": ["magic"]}, "tower_choice"),
        ("optimise", {"sites": 2, "save_as": ""}, "scenario_name"),
        ("technology", {"costs": {"years": -1}}, "cost_number"),
        ("technology", {"most_places": 0}, "json_member"),
        ("compare", {"scenarios": [""]}, "scenario_name"),
        ("compare", {"scenarios": [{"name": "x", "additions": [1]}]}, "json_member"),
    ],
)
def test_inputs_are_checked_before_a_job_is_accepted(
    study: Study, kind: str, inputs: dict[str, Any], code: str
) -> None:
    runner = JobRunner(study.store, KINDS)
    before = len(runner.all())
    with pytest.raises(InputError, match=code):
        runner.submit(kind, inputs)
    assert len(runner.all()) == before


def test_a_computation_killed_half_way_is_finished_after_a_restart(tmp_path: Path) -> None:
    whole = _study(tmp_path / "whole", MASTS)
    whole.compute()
    cut = _study(tmp_path / "cut", MASTS)
    runner = JobRunner(cut.store, KINDS)
    job_id = runner.submit("compute", {})
    entry = "from phusong.app.cli import main; main()"
    worker = subprocess.Popen([sys.executable, "-c", entry, "job", "work", "--study", str(cut.store.path)])
    try:
        next(event for event in runner.follow(job_id, timeout_s=90) if event.data.get("stage") == "losses")
    finally:
        os.kill(worker.pid, signal.SIGKILL)
        worker.wait()
    record = runner.get(job_id)
    assert record.status in ("running", "successful")
    if record.status == "running":
        assert cut.describe()["run"] is None
        assert runner.run_next()
    assert runner.get(job_id).status == "successful"
    then, now = whole.results(), cut.results()
    assert then["province"] == now["province"]
    assert then["communes"] == now["communes"]


def _status(status: str) -> str:
    return translate(f"jobs.status.{status}", "vi")


def test_the_command_line_submits_works_shows_and_cancels(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    study = _study(tmp_path / "a", MASTS)
    at = ("--study", str(study.store.path))

    def phusong(*arguments: str) -> str:
        assert run(list(arguments), Settings(lang="vi")) == 0
        return capsys.readouterr().out

    first = phusong("job", "submit", "compute", *at).strip()
    second = json.loads(phusong("job", "submit", "compute", *at, "--json"))["job_id"]
    assert _status("dismissed") in phusong("job", "cancel", second, *at)
    phusong("job", "work", *at)
    shown = json.loads(phusong("job", "show", first, *at, "--json"))
    assert shown["status"] == "successful"
    assert shown["result"]["run"] == study.describe()["run"]
    told = phusong("job", "list", *at)
    assert _status("successful") in told and _status("dismissed") in told
