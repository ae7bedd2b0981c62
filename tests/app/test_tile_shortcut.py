"""What the shortcut answers is what the route answers; what it does not know goes to the route."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from .fixture_study import write_study
from .live_server import serving, tile_path

PLAIN = ("date",)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    store = write_study(tmp_path_factory.mktemp("shortcut") / "study")
    with serving(store.path) as address, httpx.Client(base_url=address) as client:
        yield client


def _tile(beginning: str, zoom: int = 13) -> str:
    return f"{beginning}/{tile_path((6.0, 2.1), zoom)}"


def _answer(client: httpx.Client, path: str) -> tuple[int, dict[str, str], bytes]:
    found = client.get(path)
    return found.status_code, {k: v for k, v in found.headers.items() if k not in PLAIN}, found.content


# A zoom with a leading nought beyond two digits is no plain address, so the route answers it.
@pytest.mark.parametrize(
    "beginning", ["/collections/communes", "/collections/villages", "/coverages/rsrp-4G-viettel"]
)
def test_the_answer_is_the_routes(client: httpx.Client, beginning: str) -> None:
    path = _tile(beginning)
    longer = path.replace("/13/", "/0013/")
    status, headers, content = _answer(client, path)
    assert status == 200
    assert content
    assert (status, headers, content) == _answer(client, longer)
    assert client.get(path, headers={"If-None-Match": headers["etag"]}).status_code == 304


def test_a_threshold_goes_to_the_route(client: httpx.Client) -> None:
    path = _tile("/coverages/rsrp-4G-viettel")
    strict = client.get(path, params={"threshold_dbm": -60})
    assert strict.status_code == 200
    assert strict.content != client.get(path).content
    assert client.get(path, params={"form": "codes"}).content != client.get(path).content
    assert client.get(path, params={"threshold_dbm": "nan"}).status_code == 400


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/collections/nothing/tiles/WebMercatorQuad/9/1/1", 404),
        ("/coverages/nothing/tiles/WebMercatorQuad/9/1/1", 404),
        ("/collections/communes/tiles/WebMercatorQuad/9/1/99999", 404),
        ("/collections/communes/tiles/WebMercatorQuad/99/1/1", 404),
    ],
)
def test_errors_are_told_by_the_route(client: httpx.Client, path: str, status: int) -> None:
    answer = client.get(path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
