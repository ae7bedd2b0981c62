"""Vector tiles of collections and of contour lines (OGC API - Tiles, WebMercatorQuad)."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from phusong.app.api.answers import MVT, answer, is_fresh, unchanged
from phusong.app.api.dependencies import CurrentSnapshot, TileColumn, TileRow, Zoom, draw
from phusong.app.api.snapshot import Snapshot
from phusong.geodata.tiles.mercator import check_tile

router = APIRouter(tags=["tiles"])


@router.get("/collections/{collection}/tiles/WebMercatorQuad/{z}/{y}/{x}")
async def vector_tile(  # noqa: PLR0917 - the path has four parts
    request: Request, snapshot: CurrentSnapshot, collection: str, z: Zoom, y: TileRow, x: TileColumn
) -> Response:
    """Cut a Mapbox vector tile; its layer bears the collection's name. Empty where nothing is."""
    check_tile(z, x, y)
    return await draw(request, lambda: vector_answer(request, snapshot, collection, (z, x, y)))


def vector_answer(
    request: Request, snapshot: Snapshot, collection: str, place: tuple[int, int, int]
) -> Response:
    """Cut a tile at a place (zoom, x, y), or tell that the client has it."""
    snapshot.check_drawable(collection)
    if is_fresh(request, snapshot.tag):
        return unchanged(snapshot.tag)
    return answer(snapshot.vectors(collection).tile(*place), MVT, snapshot.tag)


@router.get("/contours/tiles/WebMercatorQuad/{z}/{y}/{x}")
async def contour_tile(
    request: Request, snapshot: CurrentSnapshot, z: Zoom, y: TileRow, x: TileColumn
) -> Response:
    """Cut contour lines of the terrain: every 100 m from zoom 11, every 20 m from 12; layer `contours`."""
    check_tile(z, x, y)
    if is_fresh(request, snapshot.tag):
        return unchanged(snapshot.tag)
    tile = await draw(request, lambda: snapshot.contours().tile(z, x, y))
    return answer(tile, MVT, snapshot.tag)
