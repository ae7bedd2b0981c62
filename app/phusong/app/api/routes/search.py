"""Search by name or coordinates."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from phusong.app.api.dependencies import CurrentSnapshot
from phusong.app.api.schemas import Found

router = APIRouter(tags=["search"])


@router.get("/search", response_model=Found)
def search(
    snapshot: CurrentSnapshot,
    q: Annotated[str, Query(max_length=200)] = "",
    limit: Annotated[int, Query(ge=1, le=50)] = 10,
) -> dict[str, object]:
    """Find communes, villages, sites or a coordinate; accents, đ and tone placement do not matter."""
    return {"results": snapshot.finder().find(q, limit=limit)}
