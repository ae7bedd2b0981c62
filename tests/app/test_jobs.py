"""Jobs: run once and one at a time, told of, cancelled, taken up after a kill."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from phusong.app.jobs.process import JobContext, ProcessKind
from phusong.app.jobs.runner import MOST_ATTEMPTS, JobRunner
from phusong.coverage.errors import InputError, NotFoundError, StudyError
from phusong.geodata.store.folder import FolderStore
from phusong.geodata.store.jobs import JobStore

LONG_S = 60.0


def _count_to(_store: FolderStore, inputs: Mapping[str, Any], context: JobContext) -> dict[str, Any]:
    for step in range(inputs["steps"]):
        context.progress("losses", step, inputs["steps"])
    context.message("cli.already_computed", run="x")
    context.progress("shares", 1, 1)
    return {"counted": inputs["steps"]}


def _wait_for_ever(_store: FolderStore, _inputs: Mapping[str, Any], context: JobContext) -> dict[str, Any]:
    context.message("begun")
    while context.elapsed_s() < LONG_S:
        context.check()
        time.sleep(0.01)
    return {}


def _refuse(_store: FolderStore, _inputs: Mapping[str, Any], _context: JobContext) -> dict[str, Any]:
    raise InputError("mode_unknown", value="x", allowed="y")


def _break(_store: FolderStore, _inputs: Mapping[str, Any], _context: JobContext) -> dict[str, Any]:
    return {"never": 1 / 0}


def _checked(inputs: Mapping[str, Any]) -> dict[str, Any]:
    steps = inputs.get("steps", 3)
    if not isinstance(steps, int):
        raise InputError("json_member", member="steps", value=str(steps), allowed="1 .. 9")
    return {"steps": steps}


KINDS = {
    kind.name: kind
    for kind in (
        ProcessKind("count", _checked, _count_to, {"losses": 3.0, "shares": 1.0}),
        ProcessKind("wait", dict, _wait_for_ever),
        ProcessKind("once", dict, _wait_for_ever, is_resumable=False),
        ProcessKind("refuse", dict, _refuse),
        ProcessKind("break", dict, _break),
    )
}


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore.create(tmp_path / "study", name="x", epsg=32648)


@pytest.fixture
def runner(store: FolderStore) -> Iterator[JobRunner]:
    with JobRunner(store, KINDS, poll_s=0.02) as working:
        yield working


def test_a_job_is_accepted_run_told_of_and_answered(runner: JobRunner) -> None:
    job_id = runner.submit("count", {"steps": 5})
    record = runner.wait(job_id, timeout_s=20)
    assert (record.status, record.progress, record.attempts, record.error) == ("successful", 100.0, 1, None)
    assert runner.result(job_id) == {"counted": 5}
    events = runner.events(job_id)
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    statuses = [event.data["status"] for event in events if event.event == "status"]
    assert statuses == ["accepted", "running", "successful"]
    told = [event.data["progress"] for event in events if event.event == "progress"]
    # Losses are three quarters of the time; the last stage ends it.
    assert told[0] == 0.0 and told[-1] == 100.0 and told == sorted(told)
    assert [event.data["code"] for event in events if event.event == "message"] == ["cli.already_computed"]
    assert runner.events(job_id, after=events[-2].seq) == events[-1:]


def test_jobs_run_one_at_a_time_in_the_order_they_came(store: FolderStore) -> None:
    running, most, order = [0], [0], []

    def work(_store: FolderStore, inputs: Mapping[str, Any], _context: JobContext) -> dict[str, Any]:
        running[0] += 1
        most[0] = max(most[0], running[0])
        order.append(inputs["n"])
        time.sleep(0.01)
        running[0] -= 1
        return {}

    clock = iter(range(10**6))
    ticking = FolderStore(store.path, lambda: f"{next(clock):09d}")
    kinds = {"work": ProcessKind("work", dict, work)}
    # Two runners as two programs would have them.
    with JobRunner(ticking, kinds, poll_s=0.01) as one, JobRunner(ticking, kinds, poll_s=0.01) as two:
        ids = [(one, two)[n % 2].submit("work", {"n": n}) for n in range(10)]
        assert {one.wait(job_id, timeout_s=20).status for job_id in ids} == {"successful"}
    assert most == [1]
    assert sorted(order) == list(range(10))


def test_a_running_job_is_cancelled(runner: JobRunner) -> None:
    job_id = runner.submit("wait", {})
    for event in runner.follow(job_id, timeout_s=20):
        if event.event == "message":
            runner.cancel(job_id)
    record = runner.get(job_id)
    assert record.status == "dismissed" and record.finished_at is not None
    with pytest.raises(NotFoundError, match="job_not_ready"):
        runner.result(job_id)
    # Once more changes nothing.
    assert runner.cancel(job_id) == record


def test_a_search_is_told_that_its_answer_is_enough(store: FolderStore) -> None:
    def search(_store: FolderStore, _inputs: Mapping[str, Any], context: JobContext) -> dict[str, Any]:
        best = 0
        while not context.is_enough() and context.elapsed_s() < LONG_S:
            best += 1
            context.step({"value": best})
            time.sleep(0.02)
        return {"best": best}

    with JobRunner(store, {"search": ProcessKind("search", dict, search)}, poll_s=0.02) as runner:
        job_id = runner.submit("search", {})
        for event in runner.follow(job_id, timeout_s=20):
            if event.event == "step" and event.data["value"] == 3:
                runner.finish(job_id)
        assert runner.get(job_id).status == "successful"
        assert 3 <= runner.result(job_id)["best"] < 100


def test_a_waiting_job_is_cancelled_at_once(store: FolderStore) -> None:
    idle = JobRunner(store, KINDS)
    job_id = idle.submit("count", {})
    assert idle.cancel(job_id).status == "dismissed"
    assert not idle.run_next()
    assert [event.data["status"] for event in idle.events(job_id)] == ["accepted", "dismissed"]


def test_errors_and_faults_end_the_job_not_the_worker(runner: JobRunner) -> None:
    refused, broken = runner.submit("refuse", {}), runner.submit("break", {})
    error = runner.wait(refused, timeout_s=20).error
    assert error == {"code": "mode_unknown", "parameters": {"value": "x", "allowed": "y"}}
    error = runner.wait(broken, timeout_s=20).error
    assert error is not None and error["code"] == "job_fault"
    assert error["parameters"]["kind"] == "ZeroDivisionError"
    assert runner.wait(runner.submit("count", {}), timeout_s=20).status == "successful"


def test_wrong_requests_are_refused_before_they_are_jobs(runner: JobRunner) -> None:
    with pytest.raises(InputError, match="job_kind"):
        runner.submit("dance", {})
    with pytest.raises(InputError, match="json_member"):
        runner.submit("count", {"steps": "many"})
    with pytest.raises(InputError, match="job_inputs"):
        runner.submit("wait", {"x": object()})
    assert runner.all() == []
    for job_id in ("../study", "", "0" * 32, "x" * 500):
        with pytest.raises(NotFoundError, match="job_unknown"):
            runner.get(job_id)


def test_a_runner_that_closes_gives_its_job_back(store: FolderStore) -> None:
    with JobRunner(store, KINDS, poll_s=0.02) as first:
        job_id = first.submit("wait", {})
        next(event for event in first.follow(job_id, timeout_s=20) if event.event == "message")
    assert first.get(job_id).status == "accepted"
    with JobRunner(store, KINDS, poll_s=0.02) as second:
        assert any(
            event.data.get("status") == "running" for event in second.follow(job_id, after=3, timeout_s=5)
        )
        second.cancel(job_id)
        assert second.wait(job_id, timeout_s=20).status == "dismissed"


KILLED = """
import sys
from pathlib import Path
sys.path[:0] = [sys.argv[2]]
from tests.app.test_jobs import KINDS
from phusong.app.jobs.runner import JobRunner
from phusong.geodata.store.folder import FolderStore
runner = JobRunner(FolderStore.open(Path(sys.argv[1])), KINDS)
runner.run_next()
"""


def _killed_at_work(store: FolderStore, kind: str) -> str:
    """Submit a job, let another process run it and kill that process in the midst of the work."""
    here = JobRunner(store, KINDS, poll_s=0.02)
    job_id = here.submit(kind, {})
    _kill_at_work(store, here, job_id)
    return job_id


def _kill_at_work(store: FolderStore, here: JobRunner, job_id: str) -> None:
    root = Path(__file__).resolve().parents[2]
    before = len(here.events(job_id))
    worker = subprocess.Popen([sys.executable, "-c", KILLED, str(store.path), str(root)], cwd=root)
    try:
        began = next(
            event
            for event in here.follow(job_id, after=before, timeout_s=60)
            if event.data.get("code") == "begun"
        )
        assert began.event == "message"
    finally:
        os.kill(worker.pid, signal.SIGKILL)
        worker.wait()
    assert here.get(job_id).status == "running"


def test_a_job_whose_program_was_killed_is_taken_up_again(store: FolderStore) -> None:
    job_id = _killed_at_work(store, "wait")
    with JobRunner(store, KINDS, poll_s=0.02) as second:
        codes = (event.data.get("code") for event in second.follow(job_id, timeout_s=20))
        assert next(code for code in codes if code == "jobs.resumed")
        second.cancel(job_id)
        record = second.wait(job_id, timeout_s=20)
    assert (record.status, record.attempts) == ("dismissed", 2)


def test_a_job_that_cannot_be_begun_again_is_said_to_have_failed(store: FolderStore) -> None:
    job_id = _killed_at_work(store, "once")
    assert not JobRunner(store, KINDS).run_next()
    record = JobRunner(store, KINDS).get(job_id)
    assert record.status == "failed" and record.error is not None
    assert record.error["code"] == "job_interrupted"


def test_a_job_that_kills_its_program_is_not_begun_for_ever(store: FolderStore) -> None:
    jobs = JobStore(store.path, store.clock)
    record = jobs.create("wait", {})
    jobs.update(record.job_id, "running", attempts=MOST_ATTEMPTS)
    assert not JobRunner(store, KINDS).run_next()
    assert jobs.get(record.job_id).status == "failed"


def test_an_orphan_is_cancelled_without_a_worker(store: FolderStore) -> None:
    jobs = JobStore(store.path, store.clock)
    record = jobs.create("wait", {})
    jobs.update(record.job_id, "running", attempts=1)
    assert JobRunner(store, KINDS).cancel(record.job_id).status == "dismissed"


def test_half_a_line_of_the_log_is_nobodys_event(store: FolderStore) -> None:
    jobs = JobStore(store.path, store.clock)
    job_id = jobs.create("count", {}).job_id
    log = jobs.folder / f"{job_id}.events.jsonl"
    with log.open("ab") as handle:
        handle.write(b'{"seq": 2, "at": "x", "ev')
    assert [event.seq for event in jobs.events(job_id)] == [1]
    jobs.tell(job_id, "message", {"code": "x"})
    assert [event.seq for event in jobs.events(job_id)] == [1, 2]


def test_many_tellers_lose_no_event(store: FolderStore) -> None:
    jobs = JobStore(store.path, store.clock)
    job_id = jobs.create("count", {}).job_id

    def tell() -> None:
        for _ in range(25):
            jobs.tell(job_id, "message", {"text": "x" * 3000})

    tellers = [threading.Thread(target=tell) for _ in range(4)]
    for teller in tellers:
        teller.start()
    for teller in tellers:
        teller.join()
    assert [event.seq for event in jobs.events(job_id)] == list(range(1, 102))
    with pytest.raises(InputError, match="job_event_large"):
        jobs.tell(job_id, "message", {"text": "x" * 300_000})


def test_what_is_over_stays_over_and_can_be_removed(store: FolderStore) -> None:
    runner = JobRunner(store, KINDS)
    first, second = runner.submit("count", {}), runner.submit("count", {})
    with pytest.raises(StudyError, match="job_not_over"):
        runner.jobs.remove(first)
    while runner.run_next():
        pass
    with pytest.raises(StudyError, match="job_order"):
        runner.jobs.update(first, "running")
    assert runner.prune(keep=1) == 1
    assert [record.job_id for record in runner.all()] in ([first], [second])
    assert len(list(runner.jobs.folder.glob("*.json"))) == 2  # one record, one result
