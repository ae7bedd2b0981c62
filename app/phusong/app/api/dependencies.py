"""What routes ask for: the study as it stands, the reader's language."""

from __future__ import annotations

from typing import Annotated, cast

from fastapi import Depends, Path, Query, Request

from phusong.app.api.errors import request_language
from phusong.app.api.snapshot import Snapshot, StudySource
from phusong.app.i18n import Language
from phusong.app.jobs.runner import JobRunner
from phusong.app.uploading.desk import UploadDesk


def current_snapshot(request: Request) -> Snapshot:
    """Snapshot of the study that fits what is on disk now."""
    return cast(StudySource, request.app.state.source).current()


def job_desk(request: Request) -> JobRunner:
    """Jobs of the study that is served."""
    return cast(JobRunner, request.app.state.jobs)


def upload_desk(request: Request) -> UploadDesk:
    """Return the uploads of the study that is served."""
    return cast(UploadDesk, request.app.state.uploads)


JobDesk = Annotated[JobRunner, Depends(job_desk)]
Uploads = Annotated[UploadDesk, Depends(upload_desk)]
CurrentSnapshot = Annotated[Snapshot, Depends(current_snapshot)]
ReaderLanguage = Annotated[Language, Depends(request_language)]

Longitude = Annotated[float, Query(ge=-180, le=180, allow_inf_nan=False)]
Latitude = Annotated[float, Query(ge=-90, le=90, allow_inf_nan=False)]
Zoom = Annotated[int, Path()]
TileColumn = Annotated[int, Path()]
TileRow = Annotated[int, Path()]
