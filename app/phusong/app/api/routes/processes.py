"""Processes and their execution (OGC API - Processes, Part 1)."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from pydantic import BaseModel, Field

from phusong.app.api.answers import JSON, encode, json_answer
from phusong.app.api.dependencies import CurrentSnapshot, JobDesk, ReaderLanguage
from phusong.app.api.guards import from_this_page
from phusong.app.api.jobrecords import status_info
from phusong.app.api.processrecords import DESCRIPTIONS, process_record, process_summary
from phusong.app.api.routes.whatif import desk_of
from phusong.app.jobs.kinds import checked_comparison
from phusong.app.whatifdesk import read_question
from phusong.coverage.errors import NotFoundError

router = APIRouter(tags=["processes"])

MOST_LISTED = 1_000


class Execution(BaseModel):
    """What a process is to work on."""

    inputs: dict[str, Any] = Field(
        default_factory=dict, description="See `/processes/{id}`", examples=[{"mode": "sweep"}]
    )
    response: Literal["raw", "document"] = Field(
        default="raw", description='The answer alone, or under its name: `{"result": ...}`'
    )


@router.get("/processes")
def processes(
    request: Request,
    snapshot: CurrentSnapshot,
    language: ReaderLanguage,
    limit: Annotated[int, Query(ge=1, le=MOST_LISTED)] = MOST_LISTED,
) -> Response:
    """List what can be asked for."""
    record = {
        "processes": [process_summary(name, language) for name in DESCRIPTIONS[:limit]],
        "links": [{"href": "/processes", "rel": "self", "type": JSON}],
    }
    return json_answer(request, record, f"{snapshot.tag}-{language}-{limit}")


@router.get("/processes/{process}")
def process(request: Request, snapshot: CurrentSnapshot, language: ReaderLanguage, process: str) -> Response:
    """Describe a process with the schema of its inputs."""
    return json_answer(request, process_record(_known(process), language), f"{snapshot.tag}-{language}")


@router.post(
    "/processes/{process}/execution",
    dependencies=[Depends(from_this_page)],
    responses={201: {"description": "A job was accepted; `Location` names it"}},
)
def execute(  # noqa: PLR0917 - parts of a request
    request: Request,
    snapshot: CurrentSnapshot,
    desk: JobDesk,
    language: ReaderLanguage,
    process: str,
    execution: Execution,
    prefer: Annotated[str, Header(max_length=200)] = "",
) -> Response:
    """Run a process: at once where that is offered and nobody prefers otherwise, else as a job."""
    _known(process)
    if process == "what-if" and "respond-async" not in prefer:
        question = read_question(execution.inputs)
        return _at_once(desk_of(snapshot).answer(question), execution)
    if process == "compare" and "respond-async" not in prefer:
        named = checked_comparison(snapshot.store, execution.inputs)
        return _at_once(desk_of(snapshot).compare(named), execution)
    job_id = desk.submit(process, execution.inputs, response=execution.response)
    desk.start()
    root = request.scope.get("root_path", "")
    headers = {"Location": f"{root}/jobs/{job_id}"}
    if "respond-async" in prefer:
        headers["Preference-Applied"] = "respond-async"
    body = encode(status_info(desk.get(job_id), language))
    return Response(body, status_code=201, media_type=JSON, headers={**headers, "Cache-Control": "no-store"})


def _at_once(found: object, execution: Execution) -> Response:
    answer = {"result": found} if execution.response == "document" else found
    return Response(encode(answer), media_type=JSON, headers={"Cache-Control": "no-store"})


def _known(process: str) -> str:
    if process not in DESCRIPTIONS:
        raise NotFoundError("process_unknown", value=process[:80], allowed=", ".join(DESCRIPTIONS))
    return process
