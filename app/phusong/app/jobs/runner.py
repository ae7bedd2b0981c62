"""Runs the jobs of a study, one at a time, in a thread of its own; several programs may share a study."""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Iterator, Mapping
from typing import Any

import structlog

from phusong.app.jobs.process import JobContext, JobStopped, ProcessKind
from phusong.coverage.errors import InputError, PhuSongError
from phusong.geodata.store.folder import FolderStore
from phusong.geodata.store.jobs import JobEvent, JobRecord, JobStore

MOST_ATTEMPTS = 3
"""Work that takes its process down with it is not begun for ever."""
KEPT_JOBS = 200
POLL_S = 0.5


class JobRunner:
    """Accepts, runs, follows and cancels the jobs of a study.

    Every program that opens the study may have one: locks in the folder see to it that a job is run once
    and that one job runs at a time. A job whose program died is taken up again by the next runner that
    looks, or is said to have failed where its kind cannot be begun again.

    Parameters
    ----------
    store : FolderStore
    kinds : mapping of str to ProcessKind
    poll_s : float
        How often to look for what other programs submitted.
    """

    def __init__(
        self, store: FolderStore, kinds: Mapping[str, ProcessKind], *, poll_s: float = POLL_S
    ) -> None:
        self.store = store
        self.kinds = kinds
        self.jobs = JobStore(store.path, store.clock)
        self._poll_s = poll_s
        self._over: set[str] = set()
        self._wake = threading.Event()
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to work; returns at once."""
        if self._thread is None:
            self._closing.clear()
            self._thread = threading.Thread(target=self._work, name="phusong-jobs", daemon=True)
            self._thread.start()

    def close(self, *, timeout_s: float = 10.0) -> None:
        """Stop working; a running job is given back, to be taken up by the next runner."""
        self._closing.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join(timeout_s)
            self._thread = None

    def __enter__(self) -> JobRunner:
        """Begin to work."""
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop working."""
        self.close()

    def submit(self, kind: str, inputs: Mapping[str, Any], *, response: str = "raw") -> str:
        """Accept a job; return its id.

        Raises
        ------
        InputError
            ``job_kind`` for a kind that there is not, and whatever is wrong with the inputs.
        """
        process = self.kinds.get(kind)
        if process is None:
            raise InputError("job_kind", value=kind[:80], allowed=", ".join(sorted(self.kinds)))
        record = self.jobs.create(kind, process.check(inputs), response=response)
        self._wake.set()
        return record.job_id

    def get(self, job_id: str) -> JobRecord:
        """Read a job as it stands."""
        return self.jobs.get(job_id)

    def all(self) -> list[JobRecord]:
        """Every job, the oldest first."""
        return self.jobs.all()

    def result(self, job_id: str) -> dict[str, Any]:
        """Read the answer of a job that ended well."""
        return self.jobs.result(job_id)

    def events(self, job_id: str, *, after: int = 0) -> list[JobEvent]:
        """Events so far with a number above `after`."""
        self.jobs.get(job_id)
        return self.jobs.events(job_id, after=after)

    def follow(self, job_id: str, *, after: int = 0, timeout_s: float | None = None) -> Iterator[JobEvent]:
        """Yield events as they come, until the job is over or the time is up."""
        began, last = time.monotonic(), after
        while True:
            is_over = self.jobs.get(job_id).is_over
            for event in self.jobs.events(job_id, after=last):
                last = event.seq
                yield event
            if is_over or (timeout_s is not None and time.monotonic() - began > timeout_s):
                return
            time.sleep(min(self._poll_s, 0.1))

    def wait(self, job_id: str, *, timeout_s: float | None = None) -> JobRecord:
        """Wait until a job is over or the time is up; return it as it stands."""
        for _ in self.follow(job_id, timeout_s=timeout_s):
            pass
        return self.jobs.get(job_id)

    def cancel(self, job_id: str) -> JobRecord:
        """Ask a job to end: one that waits is dismissed at once, one that runs at its next step.

        A job that is over stays as it is.
        """
        record = self.jobs.get(job_id)
        if record.is_over:
            return record
        self.jobs.ask_to_cancel(job_id)
        # Whoever holds it will see the flag; nobody holds a job that waits or whose program died.
        with self.jobs.holding(job_id) as is_held:
            if is_held and not self.jobs.get(job_id).is_over:
                return self.jobs.update(job_id, "dismissed")
        return self.jobs.get(job_id)

    def finish(self, job_id: str) -> JobRecord:
        """Ask a search to end with the best answer so far ("stop, keep the result")."""
        if not self.jobs.get(job_id).is_over:
            self.jobs.ask_to_finish(job_id)
        return self.jobs.get(job_id)

    def run_next(self) -> bool:
        """Run one job in this thread; return False where there is none to run, or another runner works."""
        with self.jobs.at_work() as is_alone:
            if not is_alone:
                return False
            # A job that is over stays so: none is read again just to see that.
            for record in self.jobs.all(but=self._over):
                if record.is_over:
                    self._over.add(record.job_id)
                elif self._run_if_free(record.job_id):
                    return True
        return False

    def prune(self, *, keep: int = KEPT_JOBS) -> int:
        """Remove the oldest jobs that are over; return how many."""
        over = [record for record in self.jobs.all() if record.is_over]
        gone = over[: max(len(over) - keep, 0)]
        for record in gone:
            self.jobs.remove(record.job_id)
        return len(gone)

    def _work(self) -> None:
        while not self._closing.is_set():
            self._wake.clear()
            try:
                worked = self.run_next()
            except Exception as fault:  # noqa: BLE001 - the worker outlives what one job does to the folder
                structlog.get_logger().error("jobs", fault=repr(fault), where=traceback.format_exc())
                worked = False
            if worked:
                self.prune()
            else:
                self._wake.wait(self._poll_s)

    def _run_if_free(self, job_id: str) -> bool:
        with self.jobs.holding(job_id) as is_held:
            record = self.jobs.get(job_id) if is_held else None
            if record is None or record.is_over:
                return False
            if record.status == "running" and not self._take_up(record):
                return False
            if self.jobs.is_cancelled(job_id):
                self.jobs.update(job_id, "dismissed")
                return False
            self._run(record)
            return True

    def _take_up(self, record: JobRecord) -> bool:
        """Decide on a job whose program died: the lock is ours, so nobody runs it."""
        process = self.kinds.get(record.kind)
        if process is not None and process.is_resumable and record.attempts < MOST_ATTEMPTS:
            self.jobs.tell(record.job_id, "message", {"code": "jobs.resumed", "parameters": {}})
            return True
        self._fail(record.job_id, "job_interrupted", {"attempts": record.attempts})
        return False

    def _run(self, record: JobRecord) -> None:
        process = self.kinds.get(record.kind)
        if process is None:
            allowed = ", ".join(sorted(self.kinds))
            self._fail(record.job_id, "job_kind", {"value": record.kind, "allowed": allowed})
            return
        attempts, now = record.attempts + 1, self.store.clock()
        self.jobs.update(record.job_id, "running", attempts=attempts, started_at=record.started_at or now)
        context = JobContext(self.jobs, record.job_id, stages=process.stages, is_closing=self._closing.is_set)
        try:
            self.jobs.put_result(record.job_id, process.run(self.store, record.inputs, context))
        except JobStopped as stop:
            self._stopped(record.job_id, process, is_cancelled=stop.is_cancelled)
        except PhuSongError as error:
            self._fail(record.job_id, error.code, error.parameters)
        except Exception as fault:  # noqa: BLE001 - a fault in the work must not take the worker along
            structlog.get_logger().error(
                "job", job=record.job_id, fault=repr(fault), where=traceback.format_exc()
            )
            self._fail(record.job_id, "job_fault", {"kind": type(fault).__name__, "detail": str(fault)[:200]})
        else:
            self.jobs.update(record.job_id, "successful", progress=100.0)

    def _stopped(self, job_id: str, process: ProcessKind, *, is_cancelled: bool) -> None:
        if is_cancelled:
            self.jobs.update(job_id, "dismissed")
        elif process.is_resumable:
            # Stopping in good order is no attempt that failed.
            attempts = max(self.jobs.get(job_id).attempts - 1, 0)
            self.jobs.update(job_id, "accepted", attempts=attempts, progress=0.0)
        else:
            self._fail(job_id, "job_interrupted", {"attempts": 1})

    def _fail(self, job_id: str, code: str, parameters: Mapping[str, Any]) -> None:
        self.jobs.update(job_id, "failed", error={"code": code, "parameters": dict(parameters)})
