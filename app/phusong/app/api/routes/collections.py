"""Collections and their features (OGC API - Features)."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Query, Request, Response

from phusong.app.api.answers import GEOJSON, answer, is_fresh, json_answer, unchanged
from phusong.app.api.catalogue import Collection, collection_of
from phusong.app.api.dependencies import CurrentSnapshot, ReaderLanguage
from phusong.app.api.parameters import VillageStatus, parse_bbox, split_statuses
from phusong.app.api.snapshot import Snapshot
from phusong.app.i18n import Language, translate

router = APIRouter(tags=["collections"])

MOST_FEATURES = 10_000
Limit = Annotated[int, Query(ge=1, le=MOST_FEATURES)]
Offset = Annotated[int, Query(ge=0, le=1_000_000_000)]
BBox = Annotated[str | None, Query(max_length=200, description="west,south,east,north in degrees")]


@router.get("/collections")
def collections(request: Request, snapshot: CurrentSnapshot, language: ReaderLanguage) -> Response:
    """List the collections the study has."""
    record = {
        "links": [_link(request, "/collections", "self", "application/json")],
        "collections": [_record(request, snapshot, one, language) for one in snapshot.collections()],
    }
    return json_answer(request, record, f"{snapshot.tag}-{language}")


@router.get("/collections/{collection}")
def collection(
    request: Request, snapshot: CurrentSnapshot, language: ReaderLanguage, collection: str
) -> Response:
    """Describe a collection."""
    record = _record(request, snapshot, collection_of(collection), language)
    return json_answer(request, record, f"{snapshot.tag}-{language}")


@router.get("/collections/{collection}/items")
def items(  # noqa: PLR0917 - query parameters
    request: Request,
    snapshot: CurrentSnapshot,
    collection: str,
    limit: Limit = 100,
    offset: Offset = 0,
    bbox: BBox = None,
    status: VillageStatus = None,
    commune_code: Annotated[str | None, Query(max_length=80)] = None,
) -> Response:
    """Features as GeoJSON, a page at a time, filtered by box, status and commune."""
    statuses = split_statuses(status)
    equals = {"status": statuses, "commune_code": None if commune_code is None else [commune_code]}
    features = snapshot.features(collection)
    rows = features.select(
        bbox=parse_bbox(bbox),
        equals={name: values for name, values in equals.items() if values is not None},
    )
    if is_fresh(request, snapshot.tag):
        return unchanged(snapshot.tag)
    asked = {"bbox": bbox, "status": status, "commune_code": commune_code}
    filters = {name: value for name, value in asked.items() if value is not None}
    links = _page_links(request, collection, filters, limit=limit, offset=offset, matched=len(rows))
    page = features.page(rows[offset : offset + limit], matched=len(rows), links=links)
    return answer(page, GEOJSON, snapshot.tag)


@router.get("/collections/{collection}/items/{feature_id:path}")
def item(request: Request, snapshot: CurrentSnapshot, collection: str, feature_id: str) -> Response:
    """One feature as GeoJSON."""
    feature = snapshot.features(collection).one(feature_id)
    return (
        unchanged(snapshot.tag) if is_fresh(request, snapshot.tag) else answer(feature, GEOJSON, snapshot.tag)
    )


def _record(
    request: Request, snapshot: Snapshot, collection: Collection, language: Language
) -> dict[str, Any]:
    here = f"/collections/{quote(collection.id)}"
    frame = snapshot.frame(collection.id)
    extent = [float(edge) for edge in frame.total_bounds] if len(frame) else None
    tiles = f"{here}/tiles/WebMercatorQuad/{{z}}/{{y}}/{{x}}"
    return {
        "id": collection.id,
        "title": translate(f"collections.{collection.id}", language),
        "itemType": "feature",
        "extent": None if extent is None else {"spatial": {"bbox": [extent]}},
        "crs": ["http://www.opengis.net/def/crs/OGC/1.3/CRS84"],
        "numberOfFeatures": len(frame),
        "links": [
            _link(request, here, "self", "application/json"),
            _link(request, f"{here}/items", "items", GEOJSON),
            _link(request, tiles, "http://www.opengis.net/def/rel/ogc/1.0/tilesets-vector", "")
            | {"templated": "true"},
        ],
    }


def _page_links(
    request: Request, collection: str, filters: dict[str, str], *, limit: int, offset: int, matched: int
) -> list[dict[str, str]]:
    here = f"/collections/{quote(collection)}/items"

    def page(start: int, relation: str) -> dict[str, str]:
        query = urlencode({**filters, "limit": limit, "offset": start})
        return _link(request, f"{here}?{query}", relation, GEOJSON)

    links = [page(offset, "self")]
    if offset + limit < matched:
        links.append(page(offset + limit, "next"))
    if offset > 0:
        links.append(page(max(offset - limit, 0), "prev"))
    return [*links, _link(request, f"/collections/{quote(collection)}", "collection", "application/json")]


def _link(request: Request, path: str, relation: str, media_type: str) -> dict[str, str]:
    """Make a link that also holds behind a proxy that serves the app under a prefix."""
    link = {"href": f"{request.scope.get('root_path', '')}{path}", "rel": relation}
    return {**link, "type": media_type} if media_type else link
