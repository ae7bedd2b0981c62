"""Files to take away."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response

from phusong.app.api.answers import answer, is_fresh, unchanged
from phusong.app.api.dependencies import CurrentSnapshot, ReaderLanguage
from phusong.app.api.parameters import VillageStatus, split_statuses
from phusong.app.exporting import export_communes, export_villages

router = APIRouter(tags=["exports"])

MEDIA_TYPES = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
    "geojson": "application/geo+json",
    "gpkg": "application/geopackage+sqlite3",
}
CommuneCode = Annotated[str | None, Query(max_length=80)]


@router.get("/exports/villages.{ending}")
def villages(  # noqa: PLR0917 - query parameters
    request: Request,
    snapshot: CurrentSnapshot,
    language: ReaderLanguage,
    ending: Literal["xlsx", "csv", "geojson", "gpkg"],
    status: VillageStatus = None,
    commune_code: CommuneCode = None,
) -> Response:
    """Settlements with status and reason as a spreadsheet or a geographic file."""
    tag = f"{snapshot.tag}-{language}"
    if is_fresh(request, tag):
        return unchanged(tag)
    statuses = split_statuses(status)
    record = snapshot.villages(status=statuses, commune_code=commune_code)
    results = snapshot.results
    return _file(
        f"villages.{ending}", tag, lambda path: export_villages(results, record, path, language=language)
    )


@router.get("/exports/communes.{ending}")
def communes(
    request: Request, snapshot: CurrentSnapshot, language: ReaderLanguage, ending: Literal["xlsx", "csv"]
) -> Response:
    """Shares by commune as a spreadsheet."""
    tag = f"{snapshot.tag}-{language}"
    if is_fresh(request, tag):
        return unchanged(tag)
    results = snapshot.results
    return _file(f"communes.{ending}", tag, lambda path: export_communes(results, path, language=language))


def _file(name: str, tag: str, write: Callable[[Path], int]) -> Response:
    with tempfile.TemporaryDirectory(prefix="phusong-export-") as folder:
        path = Path(folder) / name
        write(path)
        content = path.read_bytes()
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Vary": "Accept-Language"}
    return answer(content, MEDIA_TYPES[path.suffix[1:]], tag, **headers)
