"""Collections and their features (OGC API - Features)."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote, urlencode

import numpy as np
import numpy.typing as npt
from fastapi import APIRouter, Depends, Query, Request, Response

from phusong.app.api.answers import GEOJSON, answer, encode, is_fresh, json_answer, unchanged
from phusong.app.api.asking import FeatureQuery, asked_properties, feature_query, queryables_record
from phusong.app.api.catalogue import Collection, collection_of
from phusong.app.api.crs import CRS84, answer_crs, offered_uris
from phusong.app.api.dependencies import CurrentSnapshot, ReaderLanguage
from phusong.app.api.features import Features
from phusong.app.api.parameters import VillageStatus, split_statuses
from phusong.app.api.snapshot import Snapshot
from phusong.app.i18n import Language, translate

router = APIRouter(tags=["collections"])

MOST_FEATURES = 10_000
Limit = Annotated[int, Query(ge=1, le=MOST_FEATURES)]
Offset = Annotated[int, Query(ge=0, le=1_000_000_000)]
SCHEMA = "application/schema+json"
QUERYABLES = "http://www.opengis.net/def/rel/ogc/1.0/queryables"


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


@router.get("/collections/{collection}/queryables")
def queryables(
    request: Request, snapshot: CurrentSnapshot, language: ReaderLanguage, collection: str
) -> Response:
    """Describe the properties that a filter may name, as a JSON schema."""
    features = snapshot.features(collection)
    title = translate(f"collections.{collection_of(collection).id}", language)
    record = queryables_record(features, address=f"{_root(request)}{request.url.path}", title=title)
    tag = f"{snapshot.tag}-{language}"
    return unchanged(tag) if is_fresh(request, tag) else answer(encode(record), SCHEMA, tag)


@router.get("/collections/{collection}/items")
def items(  # noqa: PLR0917 - query parameters
    request: Request,
    snapshot: CurrentSnapshot,
    collection: str,
    query: Annotated[FeatureQuery, Depends(feature_query)],
    limit: Limit = 100,
    offset: Offset = 0,
    status: VillageStatus = None,
    commune_code: Annotated[str | None, Query(max_length=80)] = None,
) -> Response:
    """Features as GeoJSON, a page at a time, filtered by box, CQL2, status, commune or any property."""
    features = snapshot.features(collection)
    crs = query.answer_crs()
    rows = _chosen(features, query, {**asked_properties(request, features), **_named(status, commune_code)})
    if is_fresh(request, snapshot.tag):
        return unchanged(snapshot.tag)
    kept = {name: value for name, value in request.query_params.items() if name not in ("limit", "offset")}
    links = _page_links(request, collection, kept, limit=limit, offset=offset, matched=len(rows))
    page = features.page(rows[offset : offset + limit], matched=len(rows), links=links, crs=crs)
    return answer(page, GEOJSON, snapshot.tag, **{"Content-Crs": f"<{crs.uri}>"})


def _named(status: str | None, commune_code: str | None) -> dict[str, list[str]]:
    statuses = split_statuses(status)
    named = {} if statuses is None else {"status": statuses}
    return named if commune_code is None else {**named, "commune_code": [commune_code]}


def _chosen(features: Features, query: FeatureQuery, equals: dict[str, list[str]]) -> npt.NDArray[np.int64]:
    rows = features.select(bbox=query.box_in_degrees(), equals=equals)
    matching = query.matching(features)
    return rows if matching is None else rows[matching[rows]]


@router.get("/collections/{collection}/items/{feature_id:path}")
def item(
    request: Request,
    snapshot: CurrentSnapshot,
    collection: str,
    feature_id: str,
    crs: Annotated[str | None, Query(max_length=120)] = None,
) -> Response:
    """One feature as GeoJSON."""
    asked = answer_crs("crs", crs)
    feature = snapshot.features(collection).one(feature_id, crs=asked)
    if is_fresh(request, snapshot.tag):
        return unchanged(snapshot.tag)
    return answer(feature, GEOJSON, snapshot.tag, **{"Content-Crs": f"<{asked.uri}>"})


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
        "crs": offered_uris(),
        "storageCrs": CRS84,
        "numberOfFeatures": len(frame),
        "links": [
            _link(request, here, "self", "application/json"),
            _link(request, f"{here}/items", "items", GEOJSON),
            _link(request, f"{here}/queryables", QUERYABLES, SCHEMA),
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
    link = {"href": f"{_root(request)}{path}", "rel": relation}
    return {**link, "type": media_type} if media_type else link


def _root(request: Request) -> str:
    return str(request.scope.get("root_path", ""))
