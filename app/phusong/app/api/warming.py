"""Preparing what a map asks for first, while nobody waits for anything."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import structlog
from starlette.types import ASGIApp, Receive, Scope, Send

from phusong.app.api.compression import CODINGS, KEPT_FROM_BYTES, CompressedBodies
from phusong.app.api.snapshot import Snapshot
from phusong.app.api.studysource import StudySource
from phusong.coverage.errors import PhuSongError
from phusong.geodata.tiles.mercator import tile_at

CALM_S = 0.4
"""No request for so long counts as calm."""
LOOKED_EVERY_S = 0.05
ZOOMS = range(7, 11), (6, *range(11, 16))
"""Those that a province opens at first."""
PICTURE_ZOOMS = (10, 14)
"""One drawn from small maps and one from blocks."""
_PAGE_FILES = ("index.html", "assets/*.js", "assets/*.mjs", "assets/*.css")


class Bustle:
    """When somebody last asked for something.

    Parameters
    ----------
    clock : callable
        Seconds that never run back.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._asked_at = -float("inf")

    def note(self) -> None:
        """Note a request."""
        self._asked_at = self._clock()

    def wait_for_calm(self, closing: threading.Event) -> None:
        """Wait until nobody has asked for a while, or until closing."""
        while self._clock() - self._asked_at < CALM_S and not closing.is_set():
            closing.wait(LOOKED_EVERY_S)


class Noticing:
    """Notes every request."""

    def __init__(self, app: ASGIApp, *, bustle: Bustle) -> None:
        self._app = app
        self._bustle = bustle

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        self._bustle.note()
        await self._app(scope, receive, send)


class Warming:
    """A thread that prepares the page's files and the study, and gives way to requests.

    Parameters
    ----------
    source : StudySource
    bodies : CompressedBodies
        Takes the page's files.
    static_dir : Path
    bustle : Bustle
    """

    def __init__(
        self, source: StudySource, *, bodies: CompressedBodies, static_dir: Path, bustle: Bustle
    ) -> None:
        self._source = source
        self._bodies = bodies
        self._static_dir = static_dir
        self._bustle = bustle
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin."""
        self._closing.clear()
        self._thread = threading.Thread(target=self._run, name="phusong-warm", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End after the step under way."""
        self._closing.set()
        if self._thread is not None:
            self._thread.join(timeout=5)

    def _run(self) -> None:
        steps: list[Callable[[], None]] = [self._compress_page, self._warm_study]
        for step in steps:
            try:
                step()
            except (PhuSongError, OSError) as error:  # told of when it is asked for
                structlog.get_logger().warning("not prepared", error=str(error))

    def _is_over(self) -> bool:
        self._bustle.wait_for_calm(self._closing)
        return self._closing.is_set()

    def _compress_page(self) -> None:
        for pattern in _PAGE_FILES:
            for path in self._static_dir.glob(pattern):
                body = path.read_bytes()
                if len(body) >= KEPT_FROM_BYTES and not self._closing.is_set():
                    self._bodies.prepare(next(iter(CODINGS)), body)

    def _warm_study(self) -> None:
        snapshot = self._source.current()
        for step in (*steps_of(snapshot), *later_steps_of(snapshot)):
            if self._is_over():
                return
            step()


def steps_of(snapshot: Snapshot) -> list[Callable[[], object]]:
    """Return what prepares a study for its map, in the order in which a map asks."""
    steps: list[Callable[[], object]] = []
    present = snapshot.collections()
    if any(one.id == "communes" for one in present):
        steps.append(snapshot.outline)
    if snapshot.has_results:
        steps.append(lambda: snapshot.results_bytes)
    for zooms in ZOOMS:
        steps += [partial(_warm_level, snapshot, one.id, zoom) for one in present for zoom in zooms]
    return [*steps, partial(_warm_pictures, snapshot)]


def later_steps_of(snapshot: Snapshot) -> Iterator[Callable[[], object]]:
    """Yield what prepares the other pictures of signal."""
    if snapshot.has_results:
        yield from snapshot.shelf().prepare()


def _warm_level(snapshot: Snapshot, collection: str, zoom: int) -> None:
    snapshot.vectors(collection).warm([zoom])


def _warm_pictures(snapshot: Snapshot) -> None:
    """Draw a few tiles: most of the first one's time goes into what all of them need."""
    bounds = snapshot.bounds()
    if bounds is None:
        return
    west, south, east, north = bounds
    for coverage in snapshot.coverages()[:1]:
        for zoom in PICTURE_ZOOMS:
            place = tile_at(zoom, (west + east) / 2, (south + north) / 2)
            snapshot.display(coverage).codes(zoom, *place)
