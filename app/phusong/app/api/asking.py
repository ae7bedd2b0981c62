"""What a reader of features may ask for: box, filter, reference systems, properties (OGC API - Features)."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from fastapi import Query, Request

from phusong.app.api.crs import AnswerCrs, answer_crs
from phusong.app.api.features import Box, Features
from phusong.app.api.filters import BoolArray, parse_filter
from phusong.app.api.parameters import parse_bbox
from phusong.coverage.errors import InputError

FilterLanguage = Literal["cql2-text", "cql2-json"]
CONTROLS = (
    "limit",
    "offset",
    "bbox",
    "bbox-crs",
    "crs",
    "datetime",
    "filter",
    "filter-lang",
    "filter-crs",
    "status",
    "commune_code",
    "lang",
    "f",
)
_INSTANT = r"(?:\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2}))?|\.\.|)"
_DATETIME = re.compile(rf"{_INSTANT}(?:/{_INSTANT})?")


@dataclass(frozen=True, slots=True)
class FeatureQuery:
    """The parameters of a request for features, as they were written.

    Attributes
    ----------
    bbox, bbox_crs, crs, filter, filter_crs : str or None
    filter_lang : {"cql2-text", "cql2-json"}
    """

    bbox: str | None
    bbox_crs: str | None
    crs: str | None
    filter: str | None
    filter_lang: FilterLanguage
    filter_crs: str | None

    def answer_crs(self) -> AnswerCrs:
        """Return the reference system that the answer is asked in."""
        return answer_crs("crs", self.crs)

    def box_in_degrees(self) -> Box | None:
        """Box in longitude and latitude.

        Raises
        ------
        InputError
            ``parameter_invalid``, ``crs_not_offered``.
        """
        if self.bbox is None or self.bbox_crs is None:
            return parse_bbox(self.bbox)
        box = answer_crs("bbox-crs", self.bbox_crs).box_in_degrees(_four_numbers(self.bbox))
        if not all(math.isfinite(edge) for edge in box):
            raise _bbox_error(self.bbox)
        return box

    def matching(self, features: Features) -> BoolArray | None:
        """Tell which features meet the filter; None without one."""
        if self.filter is None:
            return None
        tree = parse_filter(self.filter, self.filter_lang)
        return features.matching(tree, crs=answer_crs("filter-crs", self.filter_crs))


def feature_query(  # noqa: PLR0917 - query parameters
    bbox: Annotated[
        str | None, Query(max_length=200, description="west,south,east,north, in degrees or in `bbox-crs`")
    ] = None,
    bbox_crs: Annotated[str | None, Query(alias="bbox-crs", max_length=120)] = None,
    crs: Annotated[str | None, Query(max_length=120, description="URI of a CRS of the collection")] = None,
    filter_text: Annotated[
        str | None, Query(alias="filter", max_length=8_000, description="CQL2, e.g. `households > 50`")
    ] = None,
    filter_lang: Annotated[FilterLanguage, Query(alias="filter-lang")] = "cql2-text",
    filter_crs: Annotated[str | None, Query(alias="filter-crs", max_length=120)] = None,
    datetime: Annotated[
        str | None, Query(max_length=80, description="Features bear no time: every one matches")
    ] = None,
) -> FeatureQuery:
    """Read the parameters of a request for features.

    Raises
    ------
    InputError
        ``parameter_invalid`` for a time that is none.
    """
    if datetime is not None and not _DATETIME.fullmatch(datetime):
        allowed = "2026-11-30, 2026-11-30T00:00:00Z, ../2026-11-30"
        raise InputError("parameter_invalid", name="datetime", value=datetime, allowed=allowed)
    return FeatureQuery(bbox, bbox_crs, crs, filter_text, filter_lang, filter_crs)


def asked_properties(request: Request, features: Features) -> dict[str, list[str]]:
    """Read properties asked for by name (``?commune_code=00007``), several values by commas.

    Raises
    ------
    InputError
        ``parameter_unknown`` for a parameter that is neither a control nor a property.
    """
    found: dict[str, list[str]] = {}
    for name, value in request.query_params.multi_items():
        if name in CONTROLS:
            continue
        if name not in features.queryables:
            allowed = ", ".join([*CONTROLS, *features.queryables])
            raise InputError("parameter_unknown", name=name[:80], allowed=allowed)
        found[name] = [part.strip() for part in value.split(",")]
    return found


def queryables_record(features: Features, *, address: str, title: str) -> dict[str, Any]:
    """Describe what may be filtered by, as a JSON schema."""
    properties: dict[str, Any] = {name: {"type": kind} for name, kind in features.queryables.items()}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": address,
        "type": "object",
        "title": title,
        "properties": {**properties, "geometry": {"format": "geometry-any"}},
        "additionalProperties": False,
    }


def _four_numbers(text: str) -> Box:
    try:
        west, south, east, north = (float(part) for part in text.split(","))
    except ValueError as error:
        raise _bbox_error(text) from error
    if not all(math.isfinite(edge) for edge in (west, south, east, north)) or west > east or south > north:
        raise _bbox_error(text)
    return west, south, east, north


def _bbox_error(text: str) -> InputError:
    allowed = "a, b, c, d; a ≤ c, b ≤ d"
    return InputError("parameter_invalid", name="bbox", value=text, allowed=allowed)
