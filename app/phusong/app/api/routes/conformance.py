"""Landing page for programs, and what the API keeps to."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from phusong.app.api.answers import json_answer
from phusong.app.api.dependencies import CurrentSnapshot, ReaderLanguage
from phusong.app.api.page import page_answer, wants_page
from phusong.app.i18n import translate

router = APIRouter(tags=["service"])

CONFORMS_TO = (
    "http://www.opengis.net/spec/ogcapi-common-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-common-1/1.0/conf/json",
    "http://www.opengis.net/spec/ogcapi-common-2/1.0/conf/collections",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/geojson",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/oas31",
    "http://www.opengis.net/spec/ogcapi-features-2/1.0/conf/crs",
    "http://www.opengis.net/spec/ogcapi-features-3/1.0/conf/queryables",
    "http://www.opengis.net/spec/ogcapi-features-3/1.0/conf/queryables-query-parameters",
    "http://www.opengis.net/spec/ogcapi-features-3/1.0/conf/filter",
    "http://www.opengis.net/spec/ogcapi-features-3/1.0/conf/features-filter",
    "http://www.opengis.net/spec/cql2/1.0/conf/cql2-text",
    "http://www.opengis.net/spec/cql2/1.0/conf/cql2-json",
    "http://www.opengis.net/spec/cql2/1.0/conf/basic-cql2",
    "http://www.opengis.net/spec/cql2/1.0/conf/advanced-comparison-operators",
    "http://www.opengis.net/spec/cql2/1.0/conf/case-insensitive-comparison",
    "http://www.opengis.net/spec/cql2/1.0/conf/accent-insensitive-comparison",
    "http://www.opengis.net/spec/cql2/1.0/conf/basic-spatial-functions",
    "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/mvt",
    "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/png",
    "http://www.opengis.net/spec/ogcapi-processes-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-processes-1/1.0/conf/ogc-process-description",
    "http://www.opengis.net/spec/ogcapi-processes-1/1.0/conf/json",
    "http://www.opengis.net/spec/ogcapi-processes-1/1.0/conf/job-list",
    "http://www.opengis.net/spec/ogcapi-processes-1/1.0/conf/dismiss",
)


@router.get("/conformance")
def conformance() -> dict[str, list[str]]:
    """List the requirement classes the API is shaped after; no certification is claimed."""
    return {"conformsTo": list(CONFORMS_TO)}


@router.get("/", include_in_schema=False)
def landing(request: Request, snapshot: CurrentSnapshot, language: ReaderLanguage) -> Response:
    """Give people the page and programs the links."""
    if wants_page(request):
        return page_answer(request, language)
    relations = (
        ("self", "/"),
        ("service-desc", "/api"),
        ("conformance", "/conformance"),
        ("data", "/collections"),
        ("results", "/results"),
        ("http://www.opengis.net/def/rel/ogc/1.0/processes", "/processes"),
        ("http://www.opengis.net/def/rel/ogc/1.0/job-list", "/jobs"),
    )
    root = request.scope.get("root_path", "")
    record = {
        "title": snapshot.store.name,
        "description": translate("api.description", language),
        "links": [{"rel": relation, "href": f"{root}{path}"} for relation, path in relations],
    }
    answer = json_answer(request, record, f"{snapshot.tag}-{language}")
    answer.headers["Vary"] = "Accept, Accept-Language"
    return answer
