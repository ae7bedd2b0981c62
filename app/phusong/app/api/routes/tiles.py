"""Vector tiles of collections (OGC API - Tiles, WebMercatorQuad)."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from phusong.app.api.answers import MVT, answer, is_fresh, unchanged
from phusong.app.api.dependencies import CurrentSnapshot, TileColumn, TileRow, Zoom, draw
from phusong.geodata.tiles.mercator import check_tile

router = APIRouter(tags=["tiles"])


@router.get("/collections/{collection}/tiles/WebMercatorQuad/{z}/{y}/{x}")
async def vector_tile(  # noqa: PLR0917 - the path has four parts
    request: Request, snapshot: CurrentSnapshot, collection: str, z: Zoom, y: TileRow, x: TileColumn
) -> Response:
    """Cut a Mapbox vector tile; its layer bears the collection's name. Empty where nothing is."""
    check_tile(z, x, y)
    snapshot.check_drawable(collection)
    if is_fresh(request, snapshot.tag):
        return unchanged(snapshot.tag)
    tile = await draw(request, lambda: snapshot.vectors(collection).tile(z, x, y))
    return answer(tile, MVT, snapshot.tag)
