"""Archives of tiles to take away."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from starlette.background import BackgroundTask
from starlette.responses import FileResponse

from phusong.app.api.answers import caching, is_fresh, unchanged
from phusong.app.api.dependencies import CurrentSnapshot
from phusong.app.api.tilearchives import FINEST_ZOOM, archive_names, write_archive
from phusong.coverage.errors import NotFoundError

router = APIRouter(tags=["exports"])

MEDIA_TYPE = "application/vnd.pmtiles"


@router.get("/exports/tiles/{name}.pmtiles", responses={200: {"content": {MEDIA_TYPE: {}}}})
def tile_archive(
    request: Request,
    snapshot: CurrentSnapshot,
    name: str,
    to_zoom: Annotated[int | None, Query(ge=0, le=FINEST_ZOOM)] = None,
) -> Response:
    """Every tile of the vector layers (`vector`) or of a picture, down to a zoom, as one PMTiles file."""
    known = archive_names(snapshot)
    if name not in known:
        raise NotFoundError("coverage_unknown", coverage=name[:80], allowed=", ".join(known))
    if is_fresh(request, snapshot.tag):
        return unchanged(snapshot.tag)
    folder = tempfile.TemporaryDirectory(prefix="phusong-export-")
    try:
        path = Path(folder.name) / f"{name}.pmtiles"
        write_archive(snapshot, name, path, to_zoom=to_zoom)
    except BaseException:
        folder.cleanup()
        raise
    return FileResponse(
        path,
        media_type=MEDIA_TYPE,
        filename=path.name,
        headers=caching(snapshot.tag),
        background=BackgroundTask(folder.cleanup),
    )
