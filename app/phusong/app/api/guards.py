"""What may change a study: requests of the page itself, of a size that makes sense.

The server listens on the reader's own machine, where any web site he visits could send requests to it. A
browser tells where a request comes from (Fetch Metadata, `Origin`), so requests of other sites are refused.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from fastapi import Request
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from phusong.coverage.errors import PhuSongError

LARGEST_BODY_BYTES = 8_000_000
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_OWN = frozenset({"same-origin", "none"})


class ForeignRequestError(PhuSongError):
    """A request that another web site sent through the reader's browser."""


def from_this_page(request: Request) -> None:
    """Refuse what another site sends; programs that are no browsers say nothing of an origin and pass.

    Raises
    ------
    ForeignRequestError
        ``foreign_request``.
    """
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    is_foreign = site is not None and site not in _OWN
    if origin is not None:
        is_foreign = is_foreign or urlsplit(origin).netloc != request.headers.get("host", "")
    if is_foreign:
        raise ForeignRequestError("foreign_request", origin=(origin or "?")[:80])


class BodyLimit:
    """Refuses bodies larger than anything the API takes, before they are kept.

    Parameters
    ----------
    app : ASGIApp
    largest_bytes : int
    unlimited : tuple of str
        Beginnings of paths that see to their own limit, because they write to disk as they read.
    """

    def __init__(
        self, app: ASGIApp, *, largest_bytes: int = LARGEST_BODY_BYTES, unlimited: tuple[str, ...] = ()
    ) -> None:
        self._app = app
        self._largest_bytes = largest_bytes
        self._unlimited = unlimited

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, counting what it brings."""
        is_free = scope["type"] != "http" or scope["method"] in _SAFE_METHODS
        if is_free or scope["path"].startswith(self._unlimited or ("\0",)):
            await self._app(scope, receive, send)
            return
        told = Headers(scope=scope).get("content-length", "0")
        is_told_large = not told.isdecimal() or int(told) > self._largest_bytes
        seen = 0

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if is_told_large or seen > self._largest_bytes:
                raise HTTPException(413)
            return message

        await self._app(scope, counted, send)
