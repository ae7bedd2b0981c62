"""A study served on a free port for as long as a test needs it, and how to read its answers."""

from __future__ import annotations

import socket
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import uvicorn
from rasterio.errors import NotGeoreferencedWarning
from rasterio.io import MemoryFile

from phusong.app.api.main import create_app
from phusong.geodata.tiles.mercator import tile_at

from .fixture_study import lonlat


@contextmanager
def serving(study: Path, *, static_dir: Path | None = None) -> Iterator[str]:
    """Serve a study; gives the address."""
    config = uvicorn.Config(create_app(study, static_dir=static_dir), log_level="critical")
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(timeout=10)


def tile_path(place_km: tuple[float, float], zoom: int) -> str:
    """End of the address of the tile at a place given in km from the study's left bottom corner."""
    x, y = tile_at(zoom, *lonlat(*place_km))
    return f"tiles/WebMercatorQuad/{zoom}/{y}/{x}"


def picture(content: bytes) -> np.ndarray:
    """Colours [height, width, 4] of a palette PNG."""
    with warnings.catch_warnings(), MemoryFile(content) as file:
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with file.open() as image:
            colours = image.colormap(1)
            return np.array([colours.get(code, (0, 0, 0, 0)) for code in range(256)])[image.read(1)]


def assert_problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """Check that an answer is a problem document of that status and code; return it."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    document: dict[str, Any] = answer.json()
    assert set(document) >= {"type", "title", "status", "detail", "code", "instance"}
    assert document["status"] == status
    assert document["code"] == code
    assert document["type"].startswith(("urn:phusong:problem:", "http://www.opengis.net/def/exceptions/"))
    assert "Traceback" not in answer.text
    return document
