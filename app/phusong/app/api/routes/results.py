"""Shares by province and commune."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from phusong.app.api.answers import JSON, answer, encode, is_fresh, unchanged
from phusong.app.api.dependencies import CurrentSnapshot

router = APIRouter(tags=["results"])


@router.get("/results")
async def results(
    request: Request,
    snapshot: CurrentSnapshot,
    commune: Annotated[str | None, Query(max_length=80)] = None,
) -> Response:
    """Shares of area, population, households and villages with the method record; one commune on request.

    ``state`` is ``stale`` where layers or the method have changed since the figures were computed.
    """
    document, state = snapshot.results, snapshot.description["state"]
    if commune is not None:
        head = {name: document[name] for name in ("run", "computed_on", "method")}
        content = encode({**head, "state": state, "commune": snapshot.commune(commune)})
    else:
        content = snapshot.results_bytes
    return unchanged(snapshot.tag) if is_fresh(request, snapshot.tag) else answer(content, JSON, snapshot.tag)
