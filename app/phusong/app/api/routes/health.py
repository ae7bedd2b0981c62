"""Whether the server can answer."""

from __future__ import annotations

from importlib.metadata import version

from fastapi import APIRouter

from phusong.app.api.dependencies import CurrentSnapshot
from phusong.app.api.schemas import Health

router = APIRouter(tags=["service"])


@router.get("/health")
def health(snapshot: CurrentSnapshot) -> Health:
    """Tell that the server answers and in which state its study is."""
    state = str(snapshot.description["state"])
    return Health(status="ok", version=version("phusong"), state=state, run=snapshot.run)
