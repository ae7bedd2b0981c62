"""A study's map as archives of tiles, for a web server that only hands out files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from phusong.app.api.catalogue import COLLECTIONS
from phusong.app.api.routes.coverages import picture_ramp
from phusong.app.api.snapshot import Snapshot
from phusong.app.compute.progress import Progress, silent
from phusong.coverage.errors import InputError, NotFoundError
from phusong.geodata.tiles.display import empty_tile, render_tile
from phusong.geodata.tiles.mercator import tile_at
from phusong.geodata.tiles.pmtiles import (
    MVT_TILES,
    PNG_TILES,
    Archive,
    Bounds,
    tiles_within,
    write_pmtiles,
)

VECTOR_TO_ZOOM = 13
PICTURES_TO_ZOOM = 12
FINEST_ZOOM = 15
VECTORS = "vector"


def archive_names(snapshot: Snapshot) -> list[str]:
    """Return what archives a study has: its vector layers together, and each picture."""
    return [VECTORS, *snapshot.coverages(), *snapshot.signal_layers()]


def write_archive(
    snapshot: Snapshot,
    name: str,
    destination: Path,
    *,
    to_zoom: int | None = None,
    progress: Progress = silent,
) -> int:
    """Write one archive; return how many tiles it addresses.

    Parameters
    ----------
    snapshot : Snapshot
    name : str
        ``vector`` or a coverage.
    destination : Path
    to_zoom : int, optional
        Finest zoom; 13 for vectors, 12 for pictures.
    progress : Progress

    Raises
    ------
    NotFoundError
        ``coverage_unknown``, ``layer_missing``.
    InputError
        ``parameter_invalid`` for a zoom that the archive does not go to.
    """
    is_vector = name == VECTORS
    finest = (VECTOR_TO_ZOOM if is_vector else PICTURES_TO_ZOOM) if to_zoom is None else to_zoom
    bounds_deg = snapshot.bounds()
    if bounds_deg is None:
        raise NotFoundError("layer_missing", layer="communes")
    first = first_zoom(bounds_deg)
    if not first <= finest <= FINEST_ZOOM:
        allowed = f"{first} .. {FINEST_ZOOM}"
        raise InputError("parameter_invalid", name="to_zoom", value=str(finest), allowed=allowed)
    zooms = range(first, finest + 1)
    cut = _vector_cut(snapshot) if is_vector else _picture_cut(snapshot, name)
    count, done = sum(1 for _ in tiles_within(bounds_deg, zooms)), 0

    def counted(zoom: int, x: int, y: int) -> bytes:
        nonlocal done
        progress("maps", done, count)
        done += 1
        return cut(zoom, x, y)

    kind = MVT_TILES if is_vector else PNG_TILES
    archive = Archive(kind, bounds_deg, zooms, _metadata(snapshot, name, zooms))
    written = write_pmtiles(destination, archive, counted, is_compressed=is_vector)
    progress("maps", count, count)
    return written


def first_zoom(bounds_deg: Bounds) -> int:
    """Return the finest zoom at which four tiles show everything."""
    west, south, east, north = bounds_deg

    def tiles(zoom: int) -> int:
        (left, top), (right, bottom) = tile_at(zoom, west, north), tile_at(zoom, east, south)
        return (right - left + 1) * (bottom - top + 1)

    return max(zoom for zoom in range(VECTOR_TO_ZOOM) if zoom == 0 or tiles(zoom) <= 4)


def _vector_cut(snapshot: Snapshot) -> Any:  # noqa: ANN401 - a function of a tile
    sources = [snapshot.vectors(one.id) for one in snapshot.collections()]
    return lambda zoom, x, y: b"".join(source.tile(zoom, x, y) for source in sources)


def _picture_cut(snapshot: Snapshot, name: str) -> Any:  # noqa: ANN401 - a function of a tile
    display = snapshot.display(name)
    ramp = picture_ramp(snapshot, name)

    def cut(zoom: int, x: int, y: int) -> bytes:
        tile = render_tile(display, zoom, x, y, ramp=ramp)
        return b"" if tile == empty_tile() else tile

    return cut


def _metadata(snapshot: Snapshot, name: str, zooms: range) -> dict[str, Any]:
    """Tell what the archive shows and how its figures were made."""
    told: dict[str, Any] = {
        "name": f"{snapshot.store.name} · {name}",
        "generator": "PhuSong",
        "run": snapshot.run,
        "synthetic_layers": list(snapshot.description["synthetic_layers"]),
    }
    if snapshot.has_results:
        told["method"] = snapshot.results["method"]
        told["computed_on"] = snapshot.results["computed_on"]
    if name == VECTORS:
        told["vector_layers"] = [_layer(snapshot, one.id, zooms) for one in snapshot.collections()]
    return told


def _layer(snapshot: Snapshot, collection: str, zooms: range) -> Mapping[str, Any]:
    frame = snapshot.frame(collection)
    columns: Sequence[str] = COLLECTIONS[collection].tile_columns
    kinds = {"b": "Boolean", "i": "Number", "u": "Number", "f": "Number"}
    return {
        "id": collection,
        "fields": {name: kinds.get(frame[name].dtype.kind, "String") for name in columns if name in frame},
        "minzoom": zooms[0],
        "maxzoom": zooms[-1],
    }
