"""Settings of the study that figures depend on: the method and the targets."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, Field

from phusong.app.api.answers import JSON, encode, json_answer
from phusong.app.api.dependencies import CurrentSnapshot, JobDesk
from phusong.app.api.guards import from_this_page
from phusong.app.studysettings import TARGET_TECHNOLOGIES, replace_method, replace_targets
from phusong.coverage.method import BANDS, INDOOR_CLASSES, MODELS, TECHNOLOGIES, TERMINAL_CLUTTERS, Method

router = APIRouter(tags=["study"])

_FRESH = {"Cache-Control": "no-store"}
_CHOICES = {
    "models": MODELS,
    "technologies": TECHNOLOGIES,
    "bands": BANDS,
    "terminal_clutters": TERMINAL_CLUTTERS,
    "indoor_classes": INDOOR_CLASSES,
    "target_technologies": TARGET_TECHNOLOGIES,
}


class Targets(BaseModel):
    """Targets by technology."""

    targets: dict[str, dict[str, Any]] = Field(
        examples=[{"5G": {"percent": 60, "year": 2025, "source": "178/KH-UBND"}}]
    )


@router.get("/method")
def method(request: Request, snapshot: CurrentSnapshot) -> Response:
    """Return the method of the study, its defaults, and what may be chosen."""
    record = {
        "method": snapshot.store.method().as_dict(),
        "defaults": Method().as_dict(),
        "choices": _CHOICES,
        "is_grid_fixed": any(snapshot.store.has(layer) for layer in ("terrain", "population", "clutter")),
    }
    return json_answer(request, record, snapshot.tag)


@router.put("/method", dependencies=[Depends(from_this_page)])
def change_method(jobs: JobDesk, changes: dict[str, Any]) -> Response:
    """Replace the method; members that are left out keep their values."""
    kept = replace_method(jobs.store, changes)
    return Response(encode({"method": kept.as_dict()}), media_type=JSON, headers=_FRESH)


@router.put("/targets", dependencies=[Depends(from_this_page)])
def change_targets(jobs: JobDesk, wanted: Targets) -> Response:
    """Replace the targets; a technology that is left out has none."""
    kept = replace_targets(jobs.store, wanted.targets)
    return Response(encode({"targets": kept}), media_type=JSON, headers=_FRESH)
