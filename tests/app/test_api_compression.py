"""How answers are compressed: what clients prefer, what is kept, what passes as it is."""

from __future__ import annotations

import asyncio
import gzip

import brotli
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Message, Receive, Scope, Send

from phusong.app.api.compression import CODINGS, CompressedBodies, Compression, preferred_coding

TEXT = b'{"name":"B\xc3\xa0n"}' * 400


def asked(
    parts: list[bytes], *, accepts: str = "gzip, br", status: int = 200, **headers: str
) -> tuple[dict[str, str], bytes]:
    """Headers and body of an answer that passed through."""
    told = {"content-type": "application/json", "content-length": str(sum(map(len, parts))), **headers}
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in told.items()]

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": status, "headers": raw})
        for place, part in enumerate(parts):
            more = place < len(parts) - 1
            await send({"type": "http.response.body", "body": part, "more_body": more})

    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        raise AssertionError

    scope = {"type": "http", "headers": [(b"accept-encoding", accepts.encode())]}
    asyncio.run(Compression(app, bodies=CompressedBodies())(scope, receive, send))
    found = {name.decode().lower(): value.decode() for name, value in sent[0]["headers"]}
    return found, b"".join(message.get("body", b"") for message in sent[1:])


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("gzip, deflate, br, zstd", "br"),
        ("gzip", "gzip"),
        ("br;q=0.1, gzip;q=0.2", "gzip"),
        ("*", "br"),
        ("identity", None),
        ("", None),
        ("gzip;q=0", None),
        ("gzip;q=nonsense", None),
        ("BR", "br"),
    ],
)
def test_the_client_decides(accepted: str, coding: str | None) -> None:
    assert preferred_coding(accepted) == coding


@given(st.text(max_size=60))
def test_any_header_is_read(accepted: str) -> None:
    assert preferred_coding(accepted) in (None, *CODINGS)


@pytest.mark.parametrize("parts", [[TEXT], [TEXT[:3000], TEXT[3000:]], [TEXT[:1], b"", TEXT[1:]]])
def test_bodies_come_back_whole(parts: list[bytes]) -> None:
    headers, body = asked(parts)
    assert headers["content-encoding"] == "br"
    assert int(headers["content-length"]) == len(body) < len(TEXT) / 2
    assert brotli.decompress(body) == TEXT
    headers, body = asked(parts, accepts="gzip")
    assert gzip.decompress(body) == TEXT


def test_a_strong_tag_becomes_weak_and_a_weak_one_stays() -> None:
    assert asked([TEXT], etag='"abc"')[0]["etag"] == 'W/"abc"'
    assert asked([TEXT], etag='W/"abc"')[0]["etag"] == 'W/"abc"'
    assert asked([TEXT], accepts="", etag='"abc"')[0]["etag"] == '"abc"'


@pytest.mark.parametrize(
    "headers",
    [
        {"content_type": "image/png"},
        {"content_type": "text/event-stream"},
        {"content_encoding": "gzip"},
        {"content_length": "12"},
        {"content_length": "17000000"},
    ],
)
def test_other_answers_pass_as_they_are(headers: dict[str, str]) -> None:
    renamed = {name.replace("_", "-"): value for name, value in headers.items()}
    found, body = asked([TEXT], **renamed)
    assert body == TEXT
    assert found.get("content-encoding") == headers.get("content_encoding")


def test_what_is_compressed_or_not_changed_says_that_it_depends_on_the_client() -> None:
    assert asked([TEXT])[0]["vary"] == asked([TEXT], accepts="")[0]["vary"] == "Accept-Encoding"
    assert asked([b""], status=304, vary="Accept-Language")[0]["vary"] == "Accept-Language, Accept-Encoding"


def test_a_body_is_compressed_once_and_the_oldest_are_forgotten() -> None:
    bodies = CompressedBodies(kept_bytes=40_000)

    async def work() -> None:
        texts = [bytes([65 + place]) * 12_000 for place in range(5)]
        first = await bodies.get("br", texts[0])
        assert await bodies.get("br", texts[0]) is first
        assert await bodies.get("gzip", texts[0]) is not first
        for text in texts[1:]:
            assert brotli.decompress(await bodies.get("br", text)) == text
        again = await bodies.get("br", texts[0])
        assert again == first
        assert again is not first

    asyncio.run(work())


def test_a_body_prepared_ahead_is_kept_whatever_comes_after() -> None:
    bodies = CompressedBodies(kept_bytes=10)
    page = b"the page " * 5_000
    bodies.prepare("br", page)
    prepared = asyncio.run(bodies.get("br", page))
    for at in range(3):
        asyncio.run(bodies.get("br", b"%d " % at * 5_000))
    assert asyncio.run(bodies.get("br", page)) is prepared
    assert CODINGS["br"](page) == prepared
