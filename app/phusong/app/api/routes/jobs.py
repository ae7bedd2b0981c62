"""Jobs: how far they are, what they found, and how to end them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse

from phusong.app.api.answers import JSON, encode
from phusong.app.api.dependencies import JobDesk, ReaderLanguage
from phusong.app.api.guards import from_this_page
from phusong.app.api.joblist import JobWish
from phusong.app.api.jobrecords import EVENT_STREAM, event_text, status_info
from phusong.app.jobs.runner import JobRunner
from phusong.coverage.errors import InputError
from phusong.geodata.store.jobs import JobRecord

router = APIRouter(tags=["processes"])

MOST_JOBS = 1_000
LOOKED_EVERY_S = 0.25
BEAT_EVERY_S = 15.0
"""A line without meaning keeps proxies from cutting a quiet stream."""
_FRESH = {"Cache-Control": "no-store"}


@router.get("/jobs")
def jobs(
    request: Request,
    desk: JobDesk,
    language: ReaderLanguage,
    wanted: Annotated[JobWish, Depends()],
    limit: Annotated[int, Query(ge=1, le=MOST_JOBS)] = 50,
) -> Response:
    """List jobs, the newest first."""
    newest = [one for one in reversed(desk.all()) if wanted.takes(one)]
    record = {
        "jobs": [status_info(one, language) for one in newest[:limit]],
        "numberMatched": len(newest),
        "links": [{"href": _self(request), "rel": "self", "type": JSON}],
    }
    return Response(encode(record), media_type=JSON, headers=_FRESH)


def _self(request: Request) -> str:
    """Address of the list as it was asked for, filters included."""
    return f"/jobs?{request.url.query}" if request.url.query else "/jobs"


@router.get("/jobs/{job_id}")
def job(desk: JobDesk, language: ReaderLanguage, job_id: str) -> Response:
    """Tell how far a job is."""
    return _told(desk.get(job_id), language)


@router.delete("/jobs/{job_id}", dependencies=[Depends(from_this_page)])
def dismiss(desk: JobDesk, language: ReaderLanguage, job_id: str) -> Response:
    """End a job that waits or runs; what it had finished is kept for the next one."""
    return _told(desk.cancel(job_id), language)


@router.get("/jobs/{job_id}/results")
def results(desk: JobDesk, job_id: str) -> Response:
    """Return the answer of a job that ended well; the reason of one that failed."""
    record = desk.get(job_id)
    if record.status == "failed" and record.error is not None:
        raise InputError(record.error["code"], **record.error["parameters"])
    found = desk.result(job_id)
    answer = {"result": found} if record.response == "document" else found
    return Response(encode(answer), media_type=JSON, headers=_FRESH)


@router.get("/jobs/{job_id}/events", responses={200: {"content": {EVENT_STREAM: {}}}})
async def events(
    request: Request,
    desk: JobDesk,
    job_id: str,
    last_event_id: Annotated[int, Header(ge=0, le=10**12)] = 0,
) -> Response:
    """Stream what happens to a job, from the event after the last one seen, until it is over."""
    await run_in_threadpool(desk.get, job_id)
    stream = _stream(request, desk, job_id, last_event_id)
    return StreamingResponse(stream, media_type=EVENT_STREAM, headers={**_FRESH, "X-Accel-Buffering": "no"})


async def _stream(request: Request, desk: JobRunner, job_id: str, after: int) -> AsyncIterator[bytes]:
    yield b"retry: 2000\n\n"
    seen_size, quiet_since = -1, time.monotonic()
    while not await request.is_disconnected():
        # Most looks find nothing new: the size of the log alone tells so, without reading it.
        size = desk.jobs.log_bytes(job_id)
        if size != seen_size:
            seen_size, quiet_since = size, time.monotonic()
            # The status is read before the events, so that none that came before the end is missed.
            record = await run_in_threadpool(desk.get, job_id)
            for event in await run_in_threadpool(desk.events, job_id, after=after):
                after = event.seq
                yield event_text(event)
            if record.is_over:
                return
        elif time.monotonic() - quiet_since > BEAT_EVERY_S:
            quiet_since = time.monotonic()
            yield b": still here\n\n"
        await asyncio.sleep(LOOKED_EVERY_S)


def _told(record: JobRecord, language: ReaderLanguage) -> Response:
    return Response(encode(status_info(record, language)), media_type=JSON, headers=_FRESH)
