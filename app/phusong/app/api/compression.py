"""Compressed answers: Brotli or gzip as the client prefers, each body compressed once and kept."""

from __future__ import annotations

import gzip
from collections import OrderedDict
from collections.abc import Callable, Mapping
from types import MappingProxyType

import brotli
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SMALLEST_BYTES = 1_000
KEPT_FROM_BYTES = 8_000
LARGEST_BYTES = 16_000_000
KEPT_BYTES = 48_000_000
IN_THREAD_FROM_BYTES = 64_000
BROTLI_QUALITY = 5
GZIP_LEVEL = 5

_COMPRESSIBLE = ("text/", "application/json", "application/javascript", "image/svg", "model/", "font/ttf")
_KINDS = ("+json", "+xml", "mapbox-vector-tile", "manifest", "wasm")
_NEVER = ("text/event-stream",)


def _brotli(body: bytes) -> bytes:
    return bytes(brotli.compress(body, quality=BROTLI_QUALITY))


def _gzip(body: bytes) -> bytes:
    return gzip.compress(body, GZIP_LEVEL, mtime=0)


CODINGS: Mapping[str, Callable[[bytes], bytes]] = MappingProxyType({"br": _brotli, "gzip": _gzip})


def preferred_coding(accepted: str) -> str | None:
    """Choose a content coding (RFC 9110, section 12.5.3): the most wanted one, Brotli where they tie.

    Examples
    --------
    >>> preferred_coding("gzip, deflate, br"), preferred_coding("gzip;q=0.8, br;q=0.5")
    ('br', 'gzip')
    >>> preferred_coding("identity"), preferred_coding("br;q=0, *")
    (None, 'gzip')
    """
    weights: dict[str, float] = {}
    for part in accepted.lower().split(","):
        name, _, parameter = part.partition(";")
        weights[name.strip()] = _weight(parameter)
    wanted = {coding: weights.get(coding, weights.get("*", 0.0)) for coding in CODINGS}
    best = max(wanted, key=lambda coding: wanted[coding])
    return best if wanted[best] > 0 else None


def _weight(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    try:
        return float(value) if name.strip() == "q" else 1.0
    except ValueError:
        return 0.0


class CompressedBodies:
    """Compressed bodies, the ones used last; a body is its own key, so no answer can take another's place."""

    def __init__(self, *, kept_bytes: int = KEPT_BYTES) -> None:
        self._kept_bytes = kept_bytes
        self._bytes = 0
        self._bodies: OrderedDict[tuple[str, bytes], bytes] = OrderedDict()
        self._prepared: dict[tuple[str, bytes], bytes] = {}

    def prepare(self, coding: str, body: bytes) -> None:
        """Compress a body ahead of the first request and keep it for good; from any thread."""
        self._prepared[coding, body] = CODINGS[coding](body)

    async def get(self, coding: str, body: bytes) -> bytes:
        """Return a body compressed."""
        key = coding, body
        if key in self._prepared:
            return self._prepared[key]
        kept = self._bodies.get(key)
        if kept is not None:
            self._bodies.move_to_end(key)
            return kept
        compress = CODINGS[coding]
        is_long = len(body) >= IN_THREAD_FROM_BYTES
        made = await run_in_threadpool(compress, body) if is_long else compress(body)
        if len(body) >= KEPT_FROM_BYTES and key not in self._bodies:
            self._keep(key, made)
        return made

    def _keep(self, key: tuple[str, bytes], made: bytes) -> None:
        self._bodies[key] = made
        self._bytes += len(key[1]) + len(made)
        while self._bytes > self._kept_bytes:
            (_, body), compressed = self._bodies.popitem(last=False)
            self._bytes -= len(body) + len(compressed)


class Compression:
    """Compresses answers that are text or tiles of commands; pictures and streams pass as they are."""

    def __init__(self, app: ASGIApp, *, bodies: CompressedBodies) -> None:
        self._app = app
        self._bodies = bodies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        coding = (
            preferred_coding(Headers(scope=scope).get("accept-encoding", "")) if _is_http(scope) else None
        )
        if _is_http(scope):
            send = _Answer(send, self._bodies, coding).send
        await self._app(scope, receive, send)


def _is_http(scope: Scope) -> bool:
    return bool(scope["type"] == "http")


class _Answer:
    """One answer on its way: held back until its body is whole if it is to be compressed."""

    def __init__(self, send: Send, bodies: CompressedBodies, coding: str | None) -> None:
        self._send = send
        self._bodies = bodies
        self._coding = coding
        self._start: Message | None = None
        self._parts: list[bytes] = []

    async def send(self, message: Message) -> None:
        """Pass a message on, or keep it until the body is whole."""
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            is_fitting = _is_compressible(headers)
            if is_fitting or message["status"] == 304:
                headers.add_vary_header("Accept-Encoding")
            if is_fitting and self._coding is not None:
                self._start = message
                return
        if self._start is None or message["type"] != "http.response.body":
            await self._send(message)
            return
        self._parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            await self._finish(self._start)

    async def _finish(self, start: Message) -> None:
        body = self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)
        if self._coding is not None and len(body) >= SMALLEST_BYTES:
            body = await self._bodies.get(self._coding, body)
            headers = MutableHeaders(scope=start)
            headers["Content-Encoding"] = self._coding
            headers["Content-Length"] = str(len(body))
            tag = headers.get("etag", "")
            if tag.startswith('"'):  # strong tags promise the same bytes
                headers["ETag"] = f"W/{tag}"
        self._start = None
        await self._send(start)
        await self._send({"type": "http.response.body", "body": body, "more_body": False})


def _is_compressible(headers: MutableHeaders) -> bool:
    """Tell whether an answer is text of a known length that nobody has compressed yet."""
    kind = headers.get("content-type", "")
    length = headers.get("content-length", "")
    if "content-encoding" in headers or "content-range" in headers or kind.startswith(_NEVER):
        return False
    if not length.isdecimal() or not SMALLEST_BYTES <= int(length) <= LARGEST_BYTES:
        return False
    return kind.startswith(_COMPRESSIBLE) or any(part in kind for part in _KINDS)
