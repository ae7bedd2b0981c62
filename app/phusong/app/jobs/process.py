"""What a job runs, and how the work speaks to whoever waits for it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from phusong.coverage.errors import Parameter
from phusong.geodata.store.folder import FolderStore
from phusong.geodata.store.jobs import JobStore

TOLD_EVERY_S = 0.5
"""Progress within a stage is told no more often."""
ASKED_EVERY_S = 0.1
"""A worker looks for the flag of cancelling no more often."""
Inputs = Mapping[str, Any]


class JobStopped(Exception):  # noqa: N818 - no fault: somebody wanted it
    """Raised inside work that nobody wants any more; ``is_cancelled`` tells a person from a shutdown."""

    def __init__(self, *, is_cancelled: bool) -> None:
        self.is_cancelled = is_cancelled
        super().__init__("cancelled" if is_cancelled else "shutting down")


@dataclass(frozen=True, slots=True)
class ProcessKind:
    """A kind of job.

    Attributes
    ----------
    name : str
    check : callable
        Takes the inputs as given, returns them complete and checked; raises `InputError` at submission.
    run : callable
        Takes the study, the checked inputs and a `JobContext`; returns the answer as plain values.
    stages : mapping of str to float
        Share of the time of each stage, in order; what progress in per cent is made of.
    is_resumable : bool
        True where work that was cut off may simply be begun again.
    """

    name: str
    check: Callable[[Inputs], dict[str, Any]]
    run: Callable[[FolderStore, Inputs, JobContext], Mapping[str, Any]]
    stages: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    is_resumable: bool = True


class JobContext:
    """How work tells of itself, and learns that nobody waits for it.

    Parameters
    ----------
    jobs : JobStore
    job_id : str
    stages : mapping of str to float
    is_closing : callable
        True when the worker is to stop for now.
    """

    def __init__(
        self,
        jobs: JobStore,
        job_id: str,
        *,
        stages: Mapping[str, float],
        is_closing: Callable[[], bool] = lambda: False,
    ) -> None:
        self.job_id = job_id
        self._jobs = jobs
        self._stages = stages
        self._is_closing = is_closing
        self._began = time.monotonic()
        self._percent = 0.0
        self._stage: str | None = None
        self._told = -TOLD_EVERY_S
        self._asked = -ASKED_EVERY_S
        self._is_unwanted = False

    def elapsed_s(self) -> float:
        """Seconds since the work began."""
        return time.monotonic() - self._began

    def cancelled(self) -> bool:
        """Tell whether the work should end; cheap enough to ask at every step."""
        now = self.elapsed_s()
        if not self._is_unwanted and now - self._asked >= ASKED_EVERY_S:
            self._asked = now
            self._is_unwanted = self._is_closing() or self._jobs.is_cancelled(self.job_id)
        return self._is_unwanted

    def is_enough(self) -> bool:
        """Tell whether a search should end with the best answer so far."""
        return self.cancelled() or self._jobs.is_to_finish(self.job_id)

    def check(self) -> None:
        """Raise where the work should end.

        Raises
        ------
        JobStopped
        """
        if self.cancelled():
            raise JobStopped(is_cancelled=self._jobs.is_cancelled(self.job_id))

    def progress(self, stage: str, done: int, total: int) -> None:
        """Tell how far a stage is (see `compute.progress.Progress`).

        Raises
        ------
        JobStopped
            Where the work should end.
        """
        self.check()
        now = self.elapsed_s()
        is_new = stage != self._stage
        if not is_new and now - self._told < TOLD_EVERY_S:
            return
        self._stage, self._told = stage, now
        self._percent = max(self._percent, self._percent_at(stage, done / total if total else 1.0))
        self._jobs.update(self.job_id, progress=round(self._percent, 2), stage=stage)
        told = {"stage": stage, "done": done, "total": total, "progress": round(self._percent, 2)}
        self._jobs.tell(self.job_id, "progress", told)

    def _percent_at(self, stage: str, part: float) -> float:
        if stage not in self._stages:
            return self._percent
        names = list(self._stages)
        before = sum(self._stages[name] for name in names[: names.index(stage)])
        return 100.0 * (before + self._stages[stage] * min(part, 1.0)) / sum(self._stages.values())

    def message(self, code: str, **parameters: Parameter) -> None:
        """Tell a remark: a key of the catalogues and its values, for the reader's language."""
        self._jobs.tell(self.job_id, "message", {"code": code, "parameters": parameters})

    def step(self, data: Mapping[str, Any]) -> None:
        """Tell of a better answer on the way."""
        self._jobs.tell(self.job_id, "step", data)
