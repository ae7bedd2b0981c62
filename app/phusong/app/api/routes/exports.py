"""Files to take away."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal

import shapely
from fastapi import APIRouter, Depends, Query, Request, Response

from phusong.app.api.answers import answer, is_fresh, unchanged
from phusong.app.api.dependencies import CurrentSnapshot, ReaderLanguage
from phusong.app.api.parameters import VillageStatus, split_statuses, village_listing
from phusong.app.api.snapshot import Snapshot
from phusong.app.exporting import export_communes, export_villages
from phusong.app.listing import VillageListing

router = APIRouter(tags=["exports"])

MEDIA_TYPES = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
    "geojson": "application/geo+json",
    "gpkg": "application/geopackage+sqlite3",
}
Ending = Literal["xlsx", "csv", "geojson", "gpkg"]
CommuneCode = Annotated[str | None, Query(max_length=80)]


@router.get("/exports/villages.{ending}")
def villages(  # noqa: PLR0917 - query parameters
    request: Request,
    snapshot: CurrentSnapshot,
    language: ReaderLanguage,
    ending: Ending,
    listing: Annotated[VillageListing, Depends(village_listing)],
    status: VillageStatus = None,
    commune_code: CommuneCode = None,
) -> Response:
    """Settlements with status and reason, narrowed and ordered as asked: a table or a geographic file."""
    tag = f"{snapshot.tag}-{language}"
    if is_fresh(request, tag):
        return unchanged(tag)
    found = snapshot.villages(status=split_statuses(status), commune_code=commune_code)
    record = listing.of(found)
    results = snapshot.results
    return _file(
        f"villages.{ending}", tag, lambda path: export_villages(results, record, path, language=language)
    )


@router.get("/exports/communes.{ending}")
def communes(
    request: Request,
    snapshot: CurrentSnapshot,
    language: ReaderLanguage,
    ending: Ending,
    commune_code: Annotated[
        str | None, Query(max_length=20_000, description="codes by commas: only these, in this order")
    ] = None,
) -> Response:
    """Shares by commune as a spreadsheet, or with their boundaries as a geographic file."""
    tag = f"{snapshot.tag}-{language}"
    if is_fresh(request, tag):
        return unchanged(tag)
    results = snapshot.results
    codes = None if commune_code is None else [code for code in commune_code.split(",") if code]
    shapes = _boundaries(snapshot) if ending in {"geojson", "gpkg"} else None
    return _file(
        f"communes.{ending}",
        tag,
        lambda path: export_communes(results, path, language=language, codes=codes, shapes=shapes),
    )


def _boundaries(snapshot: Snapshot) -> dict[str, shapely.Geometry]:
    frame = snapshot.frame("communes")
    return dict(zip(frame["commune_code"].astype(str), frame.geometry, strict=True))


def _file(name: str, tag: str, write: Callable[[Path], int]) -> Response:
    with tempfile.TemporaryDirectory(prefix="phusong-export-") as folder:
        path = Path(folder) / name
        write(path)
        content = path.read_bytes()
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Vary": "Accept-Language"}
    return answer(content, MEDIA_TYPES[path.suffix[1:]], tag, **headers)
