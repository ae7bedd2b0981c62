"""Tiles answered before routes are matched and parameters are checked: a map asks for hundreds of them.

Only what is plain and right is answered here; everything else, errors above all, goes on to the routes,
which also describe the addresses.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial

import anyio.to_thread
from anyio import CapacityLimiter
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from phusong.app.api.routes.coverages import picture_answer
from phusong.app.api.routes.tiles import vector_answer
from phusong.app.api.snapshot import Snapshot
from phusong.app.api.studysource import StudySource
from phusong.coverage.errors import PhuSongError
from phusong.geodata.tiles.mercator import check_tile

_ADDRESS = re.compile(
    r"/(collections|coverages)/([^/]+)/tiles/WebMercatorQuad/([0-9]{1,2})/([0-9]{1,8})/([0-9]{1,8})"
)
_CHECKED = ("form", "threshold_dbm")
_CODES = "codes"


class TileShortcut:
    """Answers plain requests for tiles.

    Parameters
    ----------
    app : ASGIApp
    source : StudySource
    drawing : CapacityLimiter
        Threads that draw.
    """

    def __init__(self, app: ASGIApp, *, source: StudySource, drawing: CapacityLimiter) -> None:
        self._app = app
        self._source = source
        self._drawing = drawing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a tile, or pass the request on."""
        found = None
        if scope["type"] == "http" and scope["method"] == "GET":
            found = _ADDRESS.fullmatch(scope["path"])
        snapshot = None if found is None else self._source.standing()
        if found is None or snapshot is None:
            await self._app(scope, receive, send)
            return
        draw = _work(Request(scope), snapshot, found)
        response = None if draw is None else await anyio.to_thread.run_sync(draw, limiter=self._drawing)
        await (self._app if response is None else response)(scope, receive, send)


def _work(request: Request, snapshot: Snapshot, found: re.Match[str]) -> Callable[[], Response | None] | None:
    """Return what draws a tile, or gives None where that fails; None where the request needs checking."""
    kind, layer = found[1], found[2]
    z, y, x = int(found[3]), int(found[4]), int(found[5])
    query = dict(request.query_params)
    if kind == "collections":
        draw: Callable[[], Response] = partial(vector_answer, request, snapshot, layer, (z, x, y))
    elif query.get("form") == _CODES and "threshold_dbm" not in query:
        draw = partial(picture_answer, request, snapshot, layer, (z, x, y), _CODES)
    elif not any(name in query for name in _CHECKED):
        draw = partial(picture_answer, request, snapshot, layer, (z, x, y))
    else:
        return None

    def attempt() -> Response | None:
        try:
            check_tile(z, x, y)
            return draw()
        except PhuSongError:
            return None

    return attempt
