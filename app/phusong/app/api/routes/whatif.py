"""What the page needs to ask what if: what a mast may have, maps of answers, and who is served today."""

from __future__ import annotations

import functools
import time
from typing import Annotated

import numpy as np
from fastapi import APIRouter, Path, Request, Response

from phusong.app.api.answers import JSON, PNG, answer, encode, is_fresh, json_answer, unchanged
from phusong.app.api.dependencies import CurrentSnapshot, TileColumn, TileRow, Zoom
from phusong.app.api.snapshot import Snapshot
from phusong.app.compute.previous import SERVED_FILE
from phusong.app.compute.published import run_arrays
from phusong.app.compute.served import ServiceBits
from phusong.app.compute.shares import masks_of
from phusong.app.whatifdesk import WhatIfDesk
from phusong.app.whatifoptions import mast_options
from phusong.coverage.errors import NotFoundError
from phusong.geodata.tiles.gridcells import tile_cells
from phusong.geodata.tiles.mercator import TILE_PIXELS, check_tile
from phusong.geodata.tiles.png import Rgba, encode_palette_png

router = APIRouter(tags=["what if"])
STANDING_PALETTE: tuple[Rgba, ...] = ((0, 0, 0, 0), (0xB4, 0xBB, 0xBF, 190))
_FOREVER = {"Cache-Control": "private, max-age=31536000, immutable"}


def desk_of(snapshot: Snapshot) -> WhatIfDesk:
    """Desk of a snapshot, made when first asked for.

    Raises
    ------
    NotFoundError
        ``results_missing``.
    InputError
        ``results_stale``.
    """
    return snapshot.part("what-if desk", lambda: WhatIfDesk(snapshot.baseline()))


@router.get("/what-if")
def options(request: Request, snapshot: CurrentSnapshot) -> Response:
    """List bands, usual values, ranges and assumed costs of a new mast."""

    def make() -> dict[str, object]:
        cells = (
            snapshot.frame("cells") if snapshot.store.has("sites") or snapshot.store.has("cells") else None
        )
        columns = ["operator", "technology", "frequency_mhz"]
        rows = [] if cells is None else cells[columns].drop_duplicates().to_dict("records")
        return mast_options(rows)

    return json_answer(request, snapshot.part("what-if options", make), snapshot.tag)


@router.get("/what-if/readiness")
def readiness(snapshot: CurrentSnapshot) -> Response:
    """Prepare for questions; answers once the first will be quick."""
    started = time.perf_counter()
    snapshot.part("what-if ready", lambda: desk_of(snapshot).warm_up())
    record = {"is_ready": True, "seconds": time.perf_counter() - started}
    return Response(encode(record), media_type=JSON, headers={"Cache-Control": "no-store"})


@router.get("/what-if/maps/{mark}", responses={200: {"content": {PNG: {}}}})
def change_picture(
    snapshot: CurrentSnapshot, mark: Annotated[str, Path(pattern="^[0-9a-f]{24}$")]
) -> Response:
    """Return the picture of an answer (`map.href`): what is new, kept and lost."""
    return Response(desk_of(snapshot).picture(mark), media_type=PNG, headers=_FOREVER)


@router.get(
    "/what-if/standing/{technology}/{operator}/tiles/WebMercatorQuad/{z}/{y}/{x}",
    responses={200: {"content": {PNG: {}}}},
)
def standing_tile(  # noqa: PLR0917 - the path has five parts
    request: Request,
    snapshot: CurrentSnapshot,
    technology: str,
    operator: str,
    z: Zoom,
    y: TileRow,
    x: TileColumn,
) -> Response:
    """Draw where a technology of an operator (or ``all``) serves today."""
    check_tile(z, x, y)
    masks = masks_of(snapshot.signal().services)
    if (technology, operator) not in masks:
        allowed = ", ".join("/".join(name) for name in masks)
        raise NotFoundError("coverage_unknown", coverage=f"{technology}/{operator}"[:80], allowed=allowed)
    if is_fresh(request, snapshot.tag):
        return unchanged(snapshot.tag)
    return answer(_drawn(snapshot, masks[technology, operator], (z, x, y)), PNG, snapshot.tag)


def _drawn(snapshot: Snapshot, mask: int, tile: tuple[int, int, int]) -> bytes:
    cells = tile_cells(snapshot.store.grid(), *tile)
    if cells is None:
        return _empty()
    bits = snapshot.part("served bits", lambda: _bits(snapshot))
    row, col = cells
    served = (bits[row, col] & bits.dtype.type(mask)) != 0
    return encode_palette_png((served & (row >= 0)).astype(np.uint8), STANDING_PALETTE)


def _bits(snapshot: Snapshot) -> ServiceBits:
    bits: ServiceBits = run_arrays(snapshot.store, SERVED_FILE)["bits"]
    return bits


@functools.cache
def _empty() -> bytes:
    return encode_palette_png(np.zeros((TILE_PIXELS, TILE_PIXELS), dtype=np.uint8), STANDING_PALETTE[:1])
