"""Answers from bytes made beforehand, with conditional requests (RFC 9110, section 13)."""

from __future__ import annotations

from typing import Any

import orjson
from fastapi import Request, Response

JSON = "application/json"
GEOJSON = "application/geo+json"
MVT = "application/vnd.mapbox-vector-tile"
PNG = "image/png"


def encode(record: Any) -> bytes:  # noqa: ANN401 - anything that JSON can hold
    """Encode plain values as JSON; NaN becomes null."""
    return orjson.dumps(record, option=orjson.OPT_SERIALIZE_NUMPY)


def entity_tag(tag: str) -> str:
    """Weak entity tag: compression may change the bytes, never what they say."""
    return f'W/"{tag}"'


def is_fresh(request: Request, tag: str) -> bool:
    """Tell whether the client already has what bears this tag."""
    known = request.headers.get("if-none-match", "")
    marks = [mark.strip().removeprefix("W/") for mark in known.split(",")]
    return "*" in marks or f'"{tag}"' in marks


def unchanged(tag: str) -> Response:
    """Answer 304."""
    return Response(status_code=304, headers=caching(tag))


def answer(content: bytes, media_type: str, tag: str, **headers: str) -> Response:
    """Answer with bytes that may be kept but must be asked for again."""
    return Response(content, media_type=media_type, headers={**caching(tag), **headers})


def json_answer(request: Request, record: Any, tag: str) -> Response:  # noqa: ANN401
    """Answer with a record, or 304 when the client has it."""
    return unchanged(tag) if is_fresh(request, tag) else answer(encode(record), JSON, tag)


def caching(tag: str) -> dict[str, str]:
    """Headers of an answer that may be kept but must be asked for again."""
    return {"ETag": entity_tag(tag), "Cache-Control": "no-cache"}
