"""Uploads: files sent by the page, looked at, and imported once somebody has accepted them."""

from __future__ import annotations

from contextlib import suppress
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.concurrency import contextmanager_in_threadpool, run_in_threadpool
from starlette.requests import ClientDisconnect

from phusong.app.api.answers import JSON, encode
from phusong.app.api.dependencies import JobDesk, ReaderLanguage, Uploads
from phusong.app.api.guards import from_this_page
from phusong.app.api.jobrecords import status_info
from phusong.app.api.uploadrecords import preview_record, upload_record
from phusong.app.jobs.importing import reading_of
from phusong.app.jobs.runner import JobRunner
from phusong.app.uploading.desk import Receiver, UploadDesk, UploadRecord
from phusong.app.uploading.reading import Reading, preview_upload
from phusong.coverage.errors import InputError, NotFoundError, StudyError

router = APIRouter(tags=["uploads"])

PIECE_BYTES = 1 << 20
_FRESH = {"Cache-Control": "no-store"}
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}
_TAKEN: dict[int | str, dict[str, Any]] = {
    201: {"description": "The file is there; `Location` names the upload"},
    413: {"description": "More than an upload may hold"},
}

LayerName = Annotated[str, Query(max_length=40, examples=["sites"])]
FileName = Annotated[str, Query(min_length=1, max_length=400, examples=["tram.xlsx"])]
Sheet = Annotated[str | None, Query(max_length=200)]
Crs = Annotated[str | None, Query(max_length=4_000, examples=["EPSG:9210"])]
Columns = Annotated[
    str, Query(max_length=40_000, description="JSON: header in the file to column of the layer")
]


def _reading(sheet: Sheet = None, crs: Crs = None, columns: Columns = "{}") -> Reading:
    try:
        pairs = orjson.loads(columns or "{}")
    except orjson.JSONDecodeError:
        pairs = None
    is_map = isinstance(pairs, dict) and all(isinstance(value, str) for value in pairs.values())
    if not is_map:
        raise InputError("json_member", member="columns", value=columns[:80], allowed="{header: column}")
    return reading_of(sheet, crs, pairs)


HowToRead = Annotated[Reading, Depends(_reading)]


@router.get("/uploads")
def uploads(desk: Uploads) -> Response:
    """List the uploads that wait for a decision."""
    return _answer({"uploads": [upload_record(one) for one in desk.all()]})


@router.post(
    "/uploads", dependencies=[Depends(from_this_page)], responses=_TAKEN, openapi_extra=_BODY, status_code=201
)
async def send(request: Request, desk: Uploads, layer: LayerName, filename: FileName) -> Response:
    """Take a file as a new upload; the body is the file itself."""
    await run_in_threadpool(desk.sweep)
    return await _taken(request, desk, layer, filename)


@router.post(
    "/uploads/{upload_id}/files",
    dependencies=[Depends(from_this_page)],
    responses=_TAKEN,
    openapi_extra=_BODY,
    status_code=201,
)
async def send_more(request: Request, desk: Uploads, upload_id: str, filename: FileName) -> Response:
    """Take one more file of an upload: rows of all files together become the layer."""
    record = await run_in_threadpool(desk.get, upload_id)
    return await _taken(request, desk, record.layer, filename, upload_id=upload_id)


@router.get("/uploads/{upload_id}")
def preview(desk: Uploads, language: ReaderLanguage, upload_id: str, reading: HowToRead) -> Response:
    """Tell what the import of an upload would do: rows, columns, CRS, findings by row, a sample for a map."""
    record = desk.get(upload_id)
    found = preview_upload(desk, upload_id, reading)
    return _answer({**upload_record(record), **preview_record(found, desk.store, language)})


@router.post(
    "/uploads/{upload_id}/acceptance",
    dependencies=[Depends(from_this_page)],
    responses={201: {"description": "A job imports the upload; `Location` names it"}},
    status_code=201,
)
def accept(  # noqa: PLR0917 - parts of a request
    request: Request,
    desk: Uploads,
    jobs: JobDesk,
    language: ReaderLanguage,
    upload_id: str,
    reading: HowToRead,
) -> Response:
    """Import an upload as its layer, as a job; refused where its preview has errors."""
    record = desk.get(upload_id)
    _check_idle(jobs, record)
    if preview_upload(desk, upload_id, reading)["is_refused"]:
        raise InputError("upload_refused", layer=record.layer)
    inputs = {
        "upload": upload_id,
        "sheet": reading.sheet,
        "crs": reading.crs,
        "columns": dict(reading.column_map),
    }
    job_id = jobs.submit("import", inputs)
    desk.note_job(upload_id, job_id)
    jobs.start()
    root = request.scope.get("root_path", "")
    return _answer(status_info(jobs.get(job_id), language), 201, Location=f"{root}/jobs/{job_id}")


@router.delete("/uploads/{upload_id}", dependencies=[Depends(from_this_page)], status_code=204)
def discard(desk: Uploads, jobs: JobDesk, upload_id: str) -> Response:
    """Remove an upload; the study is what it was."""
    _check_idle(jobs, desk.get(upload_id))
    desk.remove(upload_id)
    return Response(status_code=204)


def _check_idle(jobs: JobRunner, record: UploadRecord) -> None:
    """Refuse to touch an upload that a job imports.

    Raises
    ------
    StudyError
        ``upload_busy``.
    """
    if record.job_id is None:
        return
    with suppress(NotFoundError):
        if not jobs.get(record.job_id).is_over:
            raise StudyError("upload_busy", upload_id=record.upload_id)


async def _taken(
    request: Request, desk: UploadDesk, layer: str, filename: str, *, upload_id: str | None = None
) -> Response:
    try:
        receiving = desk.receiving(layer, filename, upload_id=upload_id)
        async with contextmanager_in_threadpool(receiving) as receiver:
            await _receive(request, receiver)
    except ClientDisconnect:
        return Response(status_code=400)  # nobody reads it
    record = receiver.record
    if record is None:  # the context manager has ended well, so there is one
        raise StudyError("upload_busy", upload_id=upload_id or "")
    root = request.scope.get("root_path", "")
    return _answer(upload_record(record), 201, Location=f"{root}/uploads/{record.upload_id}")


async def _receive(request: Request, receiver: Receiver) -> None:
    told = request.headers.get("content-length", "0")
    receiver.expect(int(told) if told.isdecimal() else 0)
    piece = bytearray()
    async for chunk in request.stream():
        piece += chunk
        if len(piece) >= PIECE_BYTES:
            await run_in_threadpool(receiver.write, bytes(piece))
            piece.clear()
    await run_in_threadpool(receiver.write, bytes(piece))


def _answer(record: dict[str, Any], status: int = 200, **headers: str) -> Response:
    return Response(encode(record), status_code=status, media_type=JSON, headers={**_FRESH, **headers})
