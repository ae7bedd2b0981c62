"""Jobs of a study: a record each, a log of events each, and results, all whole whenever they are read.

``jobs/ID.json`` is the record, replaced in one rename; ``jobs/ID.events.jsonl`` grows by one line a write;
``jobs/ID.result.json`` is the answer; ``jobs/ID.cancel`` asks the worker to
stop, ``jobs/ID.finish`` a search to end with the best answer so far. Who works on a job holds
``jobs/ID.lock``: the system lets go of it when a process dies, however it dies, so a job that is said to
run and whose lock is free runs no more.
"""

from __future__ import annotations

import fcntl
import os
import re
import uuid
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, get_args

import orjson

from phusong.coverage.errors import InputError, NotFoundError, StudyError
from phusong.geodata.store.atomic import write_bytes_atomic
from phusong.geodata.store.journal import Clock

JobStatus = Literal["accepted", "running", "successful", "failed", "dismissed"]
"""Names of OGC API - Processes - Part 1 (OGC 18-062r2), section 7.11."""
STATUSES: tuple[str, ...] = get_args(JobStatus)
OVER = frozenset({"successful", "failed", "dismissed"})
"""Statuses that nothing follows."""
_NEXT: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "accepted": frozenset({"accepted", "running", "failed", "dismissed"}),
        # A job whose worker died is accepted again.
        "running": frozenset({"running", "accepted", *OVER}),
    }
)
_TAIL_BYTES = 1 << 18
"""The last event of a log lies within so many bytes of its end."""
LARGEST_EVENT_BYTES = _TAIL_BYTES // 2
_ID = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class JobRecord:
    """A job as it stands.

    Attributes
    ----------
    job_id : str
    kind : str
        Process it runs.
    inputs : mapping
    status : str
        See `JobStatus`.
    created_at : str
        ISO 8601, UTC; the times below are None until they come.
    started_at, updated_at, finished_at : str or None
    progress : float
        Per cent, 0 .. 100.
    stage : str or None
        What it is doing (key ``stages.<stage>`` of the catalogues).
    attempts : int
        How often it was begun.
    error : mapping or None
        ``code`` and ``parameters`` of the error it failed with.
    response : str
        ``raw`` or ``document``: whether who asked wants the answer alone, or under its name.
    """

    job_id: str
    kind: str
    inputs: Mapping[str, Any]
    status: JobStatus
    created_at: str
    started_at: str | None = None
    updated_at: str | None = None
    finished_at: str | None = None
    progress: float = 0.0
    stage: str | None = None
    attempts: int = 0
    error: Mapping[str, Any] | None = None
    response: str = "raw"

    @property
    def is_over(self) -> bool:
        """True where nothing will change any more."""
        return self.status in OVER

    def as_dict(self) -> dict[str, Any]:
        """Return the record as plain values."""
        return {**asdict(self), "inputs": dict(self.inputs)}


@dataclass(frozen=True, slots=True)
class JobEvent:
    """Something that happened to a job.

    Attributes
    ----------
    seq : int
        Counts from 1 within the job.
    at : str
        ISO 8601, UTC.
    event : str
        ``status``, ``progress``, ``step`` or ``message``.
    data : mapping
    """

    seq: int
    at: str
    event: str
    data: Mapping[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Return the event as plain values."""
        return {"seq": self.seq, "at": self.at, "event": self.event, "data": dict(self.data)}


@dataclass(frozen=True, slots=True)
class JobStore:
    """Jobs in the folder of a study.

    Attributes
    ----------
    study : Path
        Folder of the study.
    clock : callable
        Gives the time.
    """

    study: Path
    clock: Clock

    @property
    def folder(self) -> Path:
        """Where the jobs are."""
        return self.study / "jobs"

    def create(self, kind: str, inputs: Mapping[str, Any], *, response: str = "raw") -> JobRecord:
        """Accept a job.

        Raises
        ------
        InputError
            ``job_inputs`` where they cannot be kept as JSON.
        """
        try:
            kept = orjson.loads(orjson.dumps(dict(inputs), option=orjson.OPT_SERIALIZE_NUMPY))
        except (TypeError, orjson.JSONEncodeError) as error:
            raise InputError("job_inputs", detail=str(error)[:120]) from error
        record = JobRecord(uuid.uuid4().hex, kind, kept, "accepted", self.clock(), response=response)
        self._write(record)
        self.tell(record.job_id, "status", {"status": record.status})
        return record

    def get(self, job_id: str) -> JobRecord:
        """Read a job.

        Raises
        ------
        NotFoundError
            ``job_unknown``.
        StudyError
            ``study_broken``.
        """
        path = self._path(job_id, ".json")
        try:
            return JobRecord(**orjson.loads(path.read_bytes()))
        except FileNotFoundError as error:
            raise NotFoundError("job_unknown", job_id=job_id[:40]) from error
        except (orjson.JSONDecodeError, TypeError) as error:
            raise StudyError("study_broken", path=str(path)) from error

    def ids(self) -> list[str]:
        """Ids of the jobs, in no order."""
        return [path.stem for path in self.folder.glob("*.json") if _ID.fullmatch(path.stem)]

    def all(self, *, but: Collection[str] = ()) -> list[JobRecord]:
        """Every job but some, the oldest first; one that is removed meanwhile is left out."""
        found = []
        for job_id in self.ids():
            if job_id not in but:
                with suppress(NotFoundError):
                    found.append(self.get(job_id))
        return sorted(found, key=lambda job: (job.created_at, job.job_id))

    def update(self, job_id: str, status: JobStatus | None = None, **changes: Any) -> JobRecord:  # noqa: ANN401
        """Change a job; only for who holds it (`holding`) or accepts its cancelling.

        Raises
        ------
        StudyError
            ``job_order`` where a job that is over would change.
        """
        with self._changing():
            old = self.get(job_id)
            wanted = status or old.status
            if wanted not in _NEXT.get(old.status, frozenset()):
                raise StudyError("job_order", job_id=job_id, found=old.status, wanted=wanted)
            now = self.clock()
            if wanted in OVER:
                changes.setdefault("finished_at", now)
            new = replace(old, status=wanted, updated_at=now, **changes)
            self._write(new)
        if status is not None:
            error = {} if new.error is None else {"error": dict(new.error)}
            self.tell(job_id, "status", {"status": new.status, "progress": new.progress, **error})
        return new

    def tell(self, job_id: str, event: str, data: Mapping[str, Any]) -> JobEvent:
        """Append an event; it is on disk when this returns.

        A line is one write, and a reader takes whole lines only, so nobody sees half an event. What a killed
        writer began is closed by a line break of its own.
        """
        path = self._path(job_id, ".events.jsonl")
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            size = os.fstat(handle).st_size
            end = os.pread(handle, _TAIL_BYTES, max(size - _TAIL_BYTES, 0))
            last = max((one.seq for one in _whole_lines(end)), default=0)
            happened = JobEvent(last + 1, self.clock(), event, data)
            option = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS
            line = orjson.dumps(happened.as_dict(), option=option) + b"\n"
            if len(line) > LARGEST_EVENT_BYTES:
                raise InputError("job_event_large", job_id=job_id, allowed=LARGEST_EVENT_BYTES)
            os.write(handle, line if end[-1:] in (b"", b"\n") else b"\n" + line)
            os.fsync(handle)
        finally:
            os.close(handle)
        return happened

    def events(self, job_id: str, *, after: int = 0) -> list[JobEvent]:
        """Events of a job with a number above `after`, oldest first."""
        try:
            text = self._path(job_id, ".events.jsonl").read_bytes()
        except FileNotFoundError:
            return []
        return [one for one in _whole_lines(text) if one.seq > after]

    def log_bytes(self, job_id: str) -> int:
        """Size of the log of events: it grows with every one."""
        try:
            return self._path(job_id, ".events.jsonl").stat().st_size
        except FileNotFoundError:
            return 0

    def put_result(self, job_id: str, result: Mapping[str, Any]) -> None:
        """Keep the answer; before the job is said to be successful."""
        option = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS
        write_bytes_atomic(self._path(job_id, ".result.json"), orjson.dumps(dict(result), option=option))

    def result(self, job_id: str) -> dict[str, Any]:
        """Read the answer.

        Raises
        ------
        NotFoundError
            ``job_unknown``; ``job_not_ready`` where the job has not ended well.
        """
        record = self.get(job_id)
        path = self._path(job_id, ".result.json")
        if record.status != "successful" or not path.is_file():
            raise NotFoundError("job_not_ready", job_id=job_id, status=record.status)
        answer: dict[str, Any] = orjson.loads(path.read_bytes())
        return answer

    def ask_to_cancel(self, job_id: str) -> None:
        """Leave the flag that a worker looks for."""
        self.get(job_id)
        self._path(job_id, ".cancel").touch()

    def is_cancelled(self, job_id: str) -> bool:
        """Tell whether anybody has asked for the end of a job."""
        return self._path(job_id, ".cancel").exists()

    def ask_to_finish(self, job_id: str) -> None:
        """Leave the flag that asks a search to end with the best answer so far."""
        self.get(job_id)
        self._path(job_id, ".finish").touch()

    def is_to_finish(self, job_id: str) -> bool:
        """Tell whether anybody has asked for the best answer so far."""
        return self._path(job_id, ".finish").exists()

    def remove(self, job_id: str) -> None:
        """Remove a job that is over, its events and its answer.

        Raises
        ------
        StudyError
            ``job_not_over``.
        """
        if not self.get(job_id).is_over:
            raise StudyError("job_not_over", job_id=job_id)
        # The record goes first: without it there is no job.
        for ending in (".json", ".result.json", ".events.jsonl", ".cancel", ".finish", ".lock"):
            self._path(job_id, ending).unlink(missing_ok=True)

    @contextmanager
    def holding(self, job_id: str) -> Iterator[bool]:
        """Hold a job to work on it; gives False at once where another worker, here or elsewhere, holds it."""
        with self._flock(self._path(job_id, ".lock")) as is_held:
            yield is_held

    @contextmanager
    def at_work(self) -> Iterator[bool]:
        """Be the one worker of the study; gives False at once where there is another."""
        with self._flock(self.folder / ".worker") as is_held:
            yield is_held

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """Wait for whoever changes a record, in this process or another."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / ".records").open("w") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield

    @contextmanager
    def _flock(self, path: Path) -> Iterator[bool]:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
                return
            yield True

    def _write(self, record: JobRecord) -> None:
        text = orjson.dumps(record.as_dict(), option=orjson.OPT_INDENT_2)
        write_bytes_atomic(self._path(record.job_id, ".json"), text)

    def _path(self, job_id: str, ending: str) -> Path:
        if not _ID.fullmatch(job_id):
            raise NotFoundError("job_unknown", job_id=job_id[:40])
        return self.folder / f"{job_id}{ending}"


def _whole_lines(text: bytes) -> list[JobEvent]:
    """Events of the whole lines of a log; a line that a kill cut short is passed over."""
    found = []
    for line in text[: text.rfind(b"\n") + 1].splitlines():
        with suppress(orjson.JSONDecodeError, TypeError):
            found.append(JobEvent(**orjson.loads(line)))
    return found
