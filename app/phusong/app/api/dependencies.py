"""What routes ask for: the study as it stands, the reader's language."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, TypeVar, cast

import anyio.to_thread
from fastapi import Depends, Path, Query, Request
from starlette.concurrency import run_in_threadpool

from phusong.app.api.errors import request_language
from phusong.app.api.snapshot import Snapshot
from phusong.app.api.studysource import StudySource
from phusong.app.i18n import Language
from phusong.app.jobs.runner import JobRunner
from phusong.app.uploading.desk import UploadDesk

Drawn = TypeVar("Drawn")

# Asynchronous, because each synchronous dependency would cost a trip through the pool of threads.


async def current_snapshot(request: Request) -> Snapshot:
    """Snapshot of the study that fits what is on disk now."""
    source = cast(StudySource, request.app.state.source)
    standing = source.standing()
    return await run_in_threadpool(source.current) if standing is None else standing


async def reader_language(request: Request) -> Language:
    """Language of the reader (see `request_language`)."""
    return request_language(request)


async def draw(request: Request, work: Callable[[], Drawn]) -> Drawn:
    """Do the work of a tile in a thread of a few kept for tiles.

    Few threads, because more than the cores only take turns; their own, because a map asks for dozens of
    tiles at once and nothing else should wait behind them.
    """
    return await anyio.to_thread.run_sync(work, limiter=request.app.state.drawing)


async def job_desk(request: Request) -> JobRunner:
    """Jobs of the study that is served."""
    return cast(JobRunner, request.app.state.jobs)


async def upload_desk(request: Request) -> UploadDesk:
    """Return the uploads of the study that is served."""
    return cast(UploadDesk, request.app.state.uploads)


JobDesk = Annotated[JobRunner, Depends(job_desk)]
Uploads = Annotated[UploadDesk, Depends(upload_desk)]
CurrentSnapshot = Annotated[Snapshot, Depends(current_snapshot)]
ReaderLanguage = Annotated[Language, Depends(reader_language)]

Longitude = Annotated[float, Query(ge=-180, le=180, allow_inf_nan=False)]
Latitude = Annotated[float, Query(ge=-90, le=90, allow_inf_nan=False)]
Zoom = Annotated[int, Path()]
TileColumn = Annotated[int, Path()]
TileRow = Annotated[int, Path()]
