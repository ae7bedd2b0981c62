"""Search over names of communes, villages and sites, blind to accents, to đ and to tone placement."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import geopandas as gpd

from phusong.app.api.coordinates import Box, parse_coordinates
from phusong.app.api.gridplaces import grid_places
from phusong.geodata.names import search_key

EXACT, PREFIX, WORD_PREFIX, CONTAINS, FORMER = range(5)
_TYPES = ("commune", "village", "site")


@dataclass(frozen=True, slots=True)
class _Entry:
    """Something that can be found: its search keys and what is answered."""

    keys: tuple[str, ...]
    former: tuple[str, ...]
    former_keys: tuple[str, ...]
    order: int
    hit: Mapping[str, Any]


class Finder:
    """Finds communes, villages, sites and coordinates.

    Parameters
    ----------
    frames : mapping of str to GeoDataFrame
        EPSG:4326; ``communes``, ``villages`` and ``sites``, any of which may be absent.
    bounds : tuple or None
        West, south, east, north of the study in degrees.
    epsg : int or None
        Grid of the study, on which typed metres are read first.
    """

    def __init__(
        self, frames: Mapping[str, gpd.GeoDataFrame], *, bounds: Box | None, epsg: int | None = None
    ) -> None:
        self._bounds, self._epsg = bounds, epsg
        communes = frames.get("communes")
        names = {} if communes is None else dict(zip(communes["commune_code"], communes["name"], strict=True))
        self._entries = [
            *_communes(communes),
            *_points(frames.get("villages"), "village", names),
            *_points(frames.get("sites"), "site", names),
        ]

    def find(self, text: str, *, limit: int) -> list[dict[str, Any]]:
        """Return the best matches, exact ones first, then by prefix, by a word's prefix, by content."""
        place = parse_coordinates(text, bounds=self._bounds)
        if place is not None:
            return [_coordinate(*place)][:limit]
        on_grid = grid_places(text, bounds=self._bounds, epsg=self._epsg)
        if on_grid:
            return [_coordinate(one.lon, one.lat, system=one.system) for one in on_grid][:limit]
        wanted = search_key(text).strip()
        if not wanted:
            return []
        ranked = [
            (rank, entry.order, len(entry.keys[0]), entry.keys[0], position)
            for position, entry in enumerate(self._entries)
            if (rank := _rank(entry, wanted)) is not None
        ]
        return [_told(self._entries[position], wanted, rank) for rank, *_, position in sorted(ranked)[:limit]]


def _rank(entry: _Entry, wanted: str) -> int | None:
    ranks = [rank for key in entry.keys if (rank := _match(key, wanted)) is not None]
    if ranks:
        return min(ranks)
    return FORMER if any(_match(key, wanted) is not None for key in entry.former_keys) else None


def _told(entry: _Entry, wanted: str, rank: int) -> dict[str, Any]:
    """Answer with an entry; one found by a name it no longer bears says by which."""
    if rank != FORMER:
        return dict(entry.hit)
    former = next(
        name
        for name, key in zip(entry.former, entry.former_keys, strict=True)
        if _match(key, wanted) is not None
    )
    return {**entry.hit, "former": former}


def _match(key: str, wanted: str) -> int | None:
    at = key.find(wanted)
    if at < 0:
        return None
    if at == 0:
        return EXACT if len(key) == len(wanted) else PREFIX
    return WORD_PREFIX if f" {wanted}" in key else CONTAINS


def _communes(frame: gpd.GeoDataFrame | None) -> Iterator[_Entry]:
    if frame is None:
        return
    points = frame.geometry.representative_point()
    for row, point, box in zip(
        frame.to_dict("records"), points, frame.bounds.to_numpy().tolist(), strict=True
    ):
        name, kind = str(row["name"]), _text(row.get("kind"))
        hit = {
            "type": "commune",
            "id": str(row["commune_code"]),
            "name": name,
            "context": kind,
            "lon": point.x,
            "lat": point.y,
            "bbox": box,
            "former": None,
        }
        listed = re.split(r"[;,]", _text(row.get("former_units")) or "")
        former = tuple(part.strip() for part in listed if part.strip())
        yield _Entry(
            keys=_keys(name, f"{kind} {name}" if kind else None, hit["id"]),
            former=former,
            former_keys=tuple(search_key(one).strip() for one in former),
            order=0,
            hit=hit,
        )


def _points(frame: gpd.GeoDataFrame | None, kind: str, communes: Mapping[str, str]) -> Iterator[_Entry]:
    if frame is None:
        return
    for row in frame.to_dict("records"):
        point = row["geometry"]
        if point is None or point.is_empty:
            continue
        identity = str(row[f"{kind}_id"])
        name = _text(row.get("name")) or identity
        context = communes.get(str(row.get("commune_code"))) if kind == "village" else _text(row.get("owner"))
        hit = {
            "type": kind,
            "id": identity,
            "name": name,
            "context": context,
            "lon": point.x,
            "lat": point.y,
            "bbox": None,
            "former": None,
        }
        yield _Entry(keys=_keys(name, identity), former=(), former_keys=(), order=_TYPES.index(kind), hit=hit)


def _coordinate(lon: float, lat: float, *, system: str | None = None) -> dict[str, Any]:
    name = f"{lat:.5f}, {lon:.5f}"
    return {
        "type": "coordinate",
        "id": name,
        "name": name,
        "context": system,
        "lon": lon,
        "lat": lat,
        "bbox": None,
        "former": None,
    }


def _keys(*texts: str | None) -> tuple[str, ...]:
    return tuple(dict.fromkeys(search_key(text).strip() for text in texts if text))


def _text(value: Any) -> str | None:  # noqa: ANN401 - a cell of a table
    return value.strip() or None if isinstance(value, str) else None
