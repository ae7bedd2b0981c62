"""Which jobs a reader asks for (OGC API - Processes, Part 1, requirements class "job list")."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import Query

from phusong.coverage.errors import InputError
from phusong.geodata.store.jobs import JobRecord

OPEN_ENDS = ("", "..")
LONGEST_S = 10**9
_Names = Annotated[list[str], Query(max_length=20)]
_Seconds = Annotated[int | None, Query(ge=0, le=LONGEST_S)]


class JobWish:
    """Filters of a list of jobs; without one every job is taken.

    Raises
    ------
    InputError
        ``parameter_invalid`` for a time that cannot be read.
    """

    def __init__(  # noqa: PLR0917 - one argument for each parameter of the standard
        self,
        type: _Names = [],  # noqa: A002, B006 - named by the standard; FastAPI copies defaults
        processID: _Names = [],  # noqa: N803, B006
        status: _Names = [],  # noqa: B006
        datetime: Annotated[str, Query(max_length=80)] = "../..",
        minDuration: _Seconds = None,  # noqa: N803
        maxDuration: _Seconds = None,  # noqa: N803
    ) -> None:
        self._types, self._processes, self._states = frozenset(type), frozenset(processID), frozenset(status)
        self._from, self._to = interval(datetime)
        self._least_s, self._most_s = minDuration, maxDuration

    def takes(self, job: JobRecord) -> bool:
        """Tell whether a job is among those asked for."""
        named = (
            (self._types, "process"),
            (self._processes, job.kind),
            (self._states, job.status),
        )
        if any(asked and value not in asked for asked, value in named):
            return False
        created = _instant(job.created_at)
        if (self._from and created < self._from) or (self._to and created > self._to):
            return False
        return self._lasted(job)

    def _lasted(self, job: JobRecord) -> bool:
        """Compare the duration: none before the start, until now while it runs."""
        if self._least_s is None and self._most_s is None:
            return True
        if job.started_at is None:
            return False
        end = _instant(job.finished_at) if job.finished_at else datetime.now(UTC)
        seconds = (end - _instant(job.started_at)).total_seconds()
        return (self._least_s or 0) <= seconds <= (LONGEST_S if self._most_s is None else self._most_s)


def interval(text: str) -> tuple[datetime | None, datetime | None]:
    """Read an instant or an interval of RFC 3339 times; an end left open is None.

    Raises
    ------
    InputError
        ``parameter_invalid``.
    """
    first, slash, last = text.partition("/")
    try:
        begin = None if first in OPEN_ENDS else _instant(first)
        end = begin if not slash else None if last in OPEN_ENDS else _instant(last)
    except ValueError as error:
        allowed = "2026-09-30T00:00:00Z, ../2026-09-30T00:00:00Z, 2026-09-01T00:00:00Z/.."
        raise InputError("parameter_invalid", name="datetime", value=text[:80], allowed=allowed) from error
    return begin, end


def _instant(text: str) -> datetime:
    read = datetime.fromisoformat(text)
    return read if read.tzinfo else read.replace(tzinfo=UTC)
