"""A subset of CQL2 (OGC API - Features, Part 3): text or JSON in, rows out.

The text is parsed by a library; its tree is walked here, and nothing but known properties, known operations
and plain values is followed. Comparisons with a missing value are unknown, and so is their negation: such a
row is never selected.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import cql2
import geopandas as gpd
import numpy as np
import numpy.typing as npt
import orjson
import pandas as pd
import shapely

from phusong.app.api.crs import AnswerCrs
from phusong.coverage.errors import InputError
from phusong.geodata.names import without_accents

LONGEST_FILTER = 4_000
DEEPEST = 60
"""Brackets and negations within each other; the parser's own recursion has no limit."""
GEOMETRY = "geometry"
BoolArray = npt.NDArray[np.bool_]
Node = Mapping[str, Any]

_COMPARISONS: Mapping[str, Callable[[Any, Any], Any]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
}
_SPATIAL: Mapping[str, Callable[[Any, Any], BoolArray]] = {
    "s_intersects": shapely.intersects,
    "s_disjoint": shapely.disjoint,
    "s_within": shapely.within,
    "s_contains": shapely.contains,
    "s_touches": shapely.touches,
    "s_crosses": shapely.crosses,
    "s_overlaps": shapely.overlaps,
    "s_equals": shapely.equals,
}
_FOLDING: Mapping[str, Callable[[str], str]] = {"casei": str.casefold, "accenti": without_accents}


@dataclass(frozen=True, slots=True)
class _Verdict:
    """Where a condition holds, and where that is known at all."""

    holds: BoolArray
    known: BoolArray


def parse_filter(text: str, language: str) -> Any:  # noqa: ANN401 - a tree of JSON
    """Parse a filter.

    Parameters
    ----------
    text : str
    language : {"cql2-text", "cql2-json"}

    Raises
    ------
    InputError
        ``filter_invalid``, with what the parser stumbled over.

    Examples
    --------
    >>> parse_filter("households > 10", "cql2-text")
    {'op': '>', 'args': [{'property': 'households'}, 10.0]}
    """
    depth = text.count("(") + len(re.findall(r"\bnot\b", text, re.IGNORECASE))
    if len(text) > LONGEST_FILTER or depth > DEEPEST:
        raise InputError("filter_long", allowed=LONGEST_FILTER, depth=DEEPEST)
    parse = cql2.parse_json if language == "cql2-json" else cql2.parse_text
    try:
        return parse(text).to_json()
    except (cql2.ParseError, cql2.ValidationError, ValueError, TypeError) as error:
        raise InputError("filter_invalid", detail=str(error).replace("\n", " ")[:200]) from error


def filter_rows(tree: Any, frame: gpd.GeoDataFrame, *, crs: AnswerCrs) -> BoolArray:  # noqa: ANN401
    """Tell which rows of a table meet a filter.

    Parameters
    ----------
    tree : JSON
        See `parse_filter`.
    frame : GeoDataFrame
        EPSG:4326; its columns are what may be asked for.
    crs : AnswerCrs
        Of shapes within the filter.

    Returns
    -------
    ndarray of bool

    Raises
    ------
    InputError
        ``filter_property``, ``filter_operation``, ``filter_value``.
    """
    found = _Filter(frame, crs).verdict(tree)
    return found.holds & found.known


class _Filter:
    def __init__(self, frame: gpd.GeoDataFrame, crs: AnswerCrs) -> None:
        self._frame = frame
        self._crs = crs

    def verdict(self, node: Any) -> _Verdict:  # noqa: ANN401
        if isinstance(node, bool):
            return self._everywhere(node)
        op, arguments = _operation(node)
        if op in ("and", "or"):
            return self._joined(op, [self.verdict(one) for one in arguments])
        if op == "not" and len(arguments) == 1:
            inner = self.verdict(arguments[0])
            return _Verdict(~inner.holds, inner.known)
        if op == "isnull" and len(arguments) == 1:
            return _Verdict(~self._column(arguments[0])[1], self._all())
        return self._predicate(op, arguments)

    def _predicate(self, op: str, arguments: Sequence[Any]) -> _Verdict:
        if op in _SPATIAL and len(arguments) == 2:
            return self._spatial(op, arguments)
        if op in _COMPARISONS and len(arguments) == 2:
            return self._compared(op, *arguments)
        if op == "between" and len(arguments) == 3:
            subject, low, high = arguments
            return self._joined(
                "and", [self._compared(">=", subject, low), self._compared("<=", subject, high)]
            )
        if op == "in" and len(arguments) == 2 and isinstance(arguments[1], list):
            each = [self._compared("=", arguments[0], value) for value in arguments[1]]
            return self._joined("or", each or [self._everywhere(False)])
        if op == "like" and len(arguments) == 2:
            return self._like(*arguments)
        raise InputError("filter_operation", value=op[:80], allowed=", ".join(_allowed()))

    def _all(self) -> BoolArray:
        return np.ones(len(self._frame), np.bool_)

    def _everywhere(self, holds: bool) -> _Verdict:
        return _Verdict(np.full(len(self._frame), holds), self._all())

    def _joined(self, op: str, parts: Sequence[_Verdict]) -> _Verdict:
        """Kleene's logic: false AND unknown is false, true OR unknown is true."""
        decisive = op == "or"
        decided = np.zeros(len(self._frame), np.bool_)
        known = self._all()
        for part in parts:
            decided |= part.known & (part.holds == decisive)
            known &= part.known
        return _Verdict(decided if decisive else ~decided & known, known | decided)

    def _compared(self, op: str, left: Any, right: Any) -> _Verdict:  # noqa: ANN401
        (one, one_known), (other, other_known) = self._column(left), self._column(right)
        known = one_known & other_known
        holds = np.zeros(len(self._frame), np.bool_)
        _check_comparable(one[known], other[known])
        holds[known] = _COMPARISONS[op](one[known], other[known]).astype(np.bool_)
        return _Verdict(holds, known)

    def _like(self, subject: Any, pattern: Any) -> _Verdict:  # noqa: ANN401
        values, known = self._column(subject)
        folded, _ = self._column(pattern)
        text = folded[0] if len(folded) else ""
        if not isinstance(text, str) or (isinstance(pattern, Mapping) and "property" in pattern):
            raise InputError("filter_value", value=str(pattern)[:80], allowed="'text%'")
        like = _Like(text)
        holds = np.array([isinstance(one, str) and like.matches(one) for one in values], np.bool_)
        return _Verdict(holds, known)

    def _column(self, node: Any) -> tuple[npt.NDArray[np.object_], BoolArray]:  # noqa: ANN401
        """Values of a property or of a constant at every row, and where there is one."""
        if isinstance(node, Mapping) and set(node) == {"property"}:
            return self._property(str(node["property"]))
        if isinstance(node, Mapping) and str(node.get("op", "")).lower() in _FOLDING:
            op, arguments = _operation(node)
            values, known = self._column(arguments[0] if len(arguments) == 1 else arguments)
            fold = _FOLDING[op]
            folded = [fold(one) if isinstance(one, str) else one for one in values]
            return _objects(folded), known
        if not isinstance(node, str | int | float | bool):
            raise InputError("filter_value", value=str(node)[:80], allowed="'text', 12.5, TRUE, name")
        return _objects([node] * len(self._frame)), self._all()

    def _property(self, name: str) -> tuple[npt.NDArray[np.object_], BoolArray]:
        allowed = queryable_columns(self._frame)
        if name not in allowed:
            raise InputError("filter_property", value=name[:80], allowed=", ".join(allowed))
        column = self._frame[name]
        return column.to_numpy(dtype=object), column.notna().to_numpy(dtype=np.bool_)

    def _spatial(self, op: str, arguments: Sequence[Any]) -> _Verdict:
        geometry, shape = arguments
        if isinstance(shape, Mapping) and "property" in shape:
            geometry, shape = shape, geometry
            op = {"s_within": "s_contains", "s_contains": "s_within"}.get(op, op)
        is_named = isinstance(geometry, Mapping) and geometry.get("property") in (GEOMETRY, "geom")
        if not is_named:
            raise InputError("filter_property", value=str(geometry)[:80], allowed=GEOMETRY)
        shapes = np.asarray(self._frame.geometry.array, dtype=object)
        known = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
        holds = np.zeros(len(shapes), np.bool_)
        asked = _shape(shape, self._crs)
        shapely.prepare(asked)
        holds[known] = _SPATIAL[op](shapes[known], asked)
        return _Verdict(holds, known)


def queryable_columns(frame: gpd.GeoDataFrame) -> list[str]:
    """Columns that a filter may name: plain values only."""
    return [str(name) for name in frame.columns if name != frame.geometry.name and _is_plain(frame[name])]


def _is_plain(column: pd.Series) -> bool:
    """Tell whether a column holds single values; lists and records are shown but not asked for."""
    if column.dtype != object:
        return True
    return all(isinstance(value, str | bool | int | float | np.generic) for value in column.dropna().head(50))


def _operation(node: Any) -> tuple[str, Sequence[Any]]:  # noqa: ANN401
    is_operation = isinstance(node, Mapping) and isinstance(node.get("op"), str)
    if not is_operation or not isinstance(node.get("args"), list):
        raise InputError("filter_value", value=str(node)[:80], allowed=", ".join(_allowed()))
    return node["op"].lower(), node["args"]


def _allowed() -> list[str]:
    return ["AND", "OR", "NOT", *_COMPARISONS, "BETWEEN", "IN", "LIKE", "IS NULL", "CASEI", "ACCENTI"] + [
        name.upper() for name in _SPATIAL
    ]


def _objects(values: Sequence[Any]) -> npt.NDArray[np.object_]:
    found = np.empty(len(values), dtype=object)
    found[:] = values
    return found


def _kind(values: npt.NDArray[np.object_]) -> str:
    first = values[0]
    if isinstance(first, bool | np.bool_):
        return "boolean"
    return "text" if isinstance(first, str) else "number"


def _check_comparable(one: npt.NDArray[np.object_], other: npt.NDArray[np.object_]) -> None:
    if len(one) and _kind(one) != _kind(other):
        raise InputError("filter_value", value=str(other[0])[:80], allowed=_kind(one))


class _Like:
    r"""A pattern: ``%`` stands for any text, ``_`` for one letter, ``\`` before them for themselves.

    Pieces between ``%`` are sought one after another, so that no pattern takes long.
    """

    def __init__(self, text: str) -> None:
        pieces: list[str] = [""]
        for part in re.findall(r"\\[%_\\]|%|_|[^%_\\]+|\\", text):
            if part == "%":
                pieces.append("")
            else:
                pieces[-1] += "." if part == "_" else re.escape(part[-1] if part[0] == "\\" else part)
        self._pieces = [re.compile(piece, re.DOTALL) for piece in pieces]

    def matches(self, value: str) -> bool:
        """Tell whether a whole text fits."""
        first, *rest = self._pieces
        if not rest:
            return first.fullmatch(value) is not None
        found = first.match(value)
        for piece in rest[:-1]:
            found = piece.search(value, found.end()) if found else None
        if found is None:
            return False
        # Pieces match texts of one length only, so the last one can stand nowhere but at the end.
        starts = range(found.end(), len(value) + 1)
        last = rest[-1]
        return any(last.fullmatch(value, start) for start in reversed(starts)) if last.pattern else True


def _shape(node: Any, crs: AnswerCrs) -> shapely.Geometry:  # noqa: ANN401
    if isinstance(node, Mapping) and isinstance(node.get("bbox"), list) and len(node["bbox"]) == 4:
        west, south, east, north = (float(edge) for edge in node["bbox"])
        shape: shapely.Geometry = shapely.box(west, south, east, north)
    else:
        try:
            shape = shapely.from_geojson(orjson.dumps(node))
        except (shapely.errors.ShapelyError, TypeError, ValueError) as error:
            raise InputError("filter_value", value=str(node)[:80], allowed="BBOX(…), POLYGON(…)") from error
    found = crs.shape_in_degrees(shape)
    if not np.isfinite(shapely.get_coordinates(found)).all():
        raise InputError("filter_value", value=str(node)[:80], allowed="BBOX(…), POLYGON(…)")
    return found
