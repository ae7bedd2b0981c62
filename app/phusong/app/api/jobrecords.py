"""Jobs as the API tells of them (OGC API - Processes, Part 1, status information)."""

from __future__ import annotations

from typing import Any

import orjson

from phusong.app.i18n import Language, translate
from phusong.geodata.store.jobs import JobEvent, JobRecord

EVENT_STREAM = "text/event-stream"


def status_info(record: JobRecord, language: Language) -> dict[str, Any]:
    """Return what is known of a job."""
    here = f"/jobs/{record.job_id}"
    links = [
        {"href": here, "rel": "self", "type": "application/json"},
        {"href": f"{here}/events", "rel": "monitor", "type": EVENT_STREAM},
    ]
    if record.status == "successful":
        results = "http://www.opengis.net/def/rel/ogc/1.0/results"
        links.append({"href": f"{here}/results", "rel": results, "type": "application/json"})
    return {
        "jobID": record.job_id,
        "processID": record.kind,
        "type": "process",
        "status": record.status,
        "message": _message(record, language),
        "created": record.created_at,
        "started": record.started_at,
        "updated": record.updated_at,
        "finished": record.finished_at,
        "progress": int(record.progress),
        "stage": record.stage,
        "error": None if record.error is None else dict(record.error),
        "links": links,
    }


def _message(record: JobRecord, language: Language) -> str:
    if record.error is not None:
        return translate(f"errors.{record.error['code']}", language, **record.error["parameters"])
    if record.status == "running" and record.stage is not None:
        return translate(f"stages.{record.stage}", language)
    return translate(f"jobs.status.{record.status}", language)


def event_text(event: JobEvent) -> bytes:
    """Write an event as a server-sent event."""
    data = orjson.dumps({**event.data, "at": event.at}, option=orjson.OPT_SERIALIZE_NUMPY)
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (event.seq, event.event.encode(), data)
