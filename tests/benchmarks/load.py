"""Load on a served study: tiles cold from disk, answers the client has already, open event streams, memory.

Run with ``make load STUDY=DIR`` or ``python tests/benchmarks/load.py --study DIR``. Server and client share
the machine. The server is started afresh for every kind of tile and the study's files are dropped from the
system's cache before, so that each tile is asked for once and comes from disk. The study is not changed,
but for one job that waits and is then dismissed.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import re
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from phusong.geodata.store.jobs import JobStore
from phusong.geodata.tiles.mercator import tile_at

CLIENTS = 16
STREAMS = 200
ZOOMS = range(8, 16)
PAGE_COLLECTIONS = ("communes", "villages", "sites", "cells", "roads", "fibre_routes")
BARS = {
    "vector tiles": 150,
    "PNG tiles": 150,
    "PNG, worked out": 150,
    "/results, 304": 500,
    "/results, 200": None,
}
P95_BAR_MS = 60.0
PLAIN_PICTURES = ("rsrp-", "hillshade")
"""Levels and relief; the other pictures (margin, SINR, servers ...) are picked from codes of whole blocks,
which a server makes in the background when it has started, or when a tile first needs them."""
ACCEPT = "Accept-Encoding: gzip, br\r\n"


@dataclass
class Measured:
    """What was seen of some requests."""

    seconds: float = 0.0
    waits_s: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    body_bytes: int = 0

    @property
    def rate(self) -> float:
        return len(self.waits_s) / self.seconds

    def quantile_ms(self, share: float) -> float:
        ordered = sorted(self.waits_s)
        return 1000 * ordered[min(int(share * len(ordered)), len(ordered) - 1)]


@contextmanager
def serving(study: Path) -> Iterator[tuple[str, int]]:
    """Serve a study in a process of its own; gives address and process."""
    command = [str(Path(sys.executable).with_name("phusong")), "serve", "--study", str(study), "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            found = re.search(r"http://[\d.]+:\d+", process.stderr.readline())
            assert found is not None, "the server did not start"
            yield found[0], process.pid
        finally:
            process.terminate()


def forget_files(folder: Path) -> None:
    """Let the system drop what it holds of the files of a folder."""
    for path in folder.rglob("*"):
        if path.is_file():
            handle = os.open(path, os.O_RDONLY)
            try:
                os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
            finally:
                os.close(handle)


async def drive(
    address: str, requests: Callable[[], str | None], *, extra: str = "", pause_s: float = 0.0
) -> Measured:
    """Send requests over some connections at once until there are no more, each after a pause of its own."""
    parts, measured = urlsplit(address), Measured()

    async def client() -> None:
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        while (path := requests()) is not None:
            began = time.perf_counter()
            writer.write(f"GET {path} HTTP/1.1\r\nHost: {parts.netloc}\r\n{ACCEPT}{extra}\r\n".encode())
            head = await reader.readuntil(b"\r\n\r\n")
            length = re.search(rb"(?i)\r\ncontent-length: (\d+)", head)
            size = 0 if length is None else int(length[1])
            await reader.readexactly(size)
            measured.waits_s.append(time.perf_counter() - began)
            measured.statuses[int(head[9:12])] += 1
            measured.body_bytes += size
            await asyncio.sleep(pause_s)
        writer.close()

    began = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(CLIENTS)))
    measured.seconds = time.perf_counter() - began
    return measured


def once_each(paths: Sequence[str], *, seconds: float) -> Callable[[], str | None]:
    """Hand out every path once, until the time is up."""
    left, end = iter(paths), time.perf_counter() + seconds
    return lambda: next(left, None) if time.perf_counter() < end else None


def again(path: str, *, seconds: float) -> Callable[[], str | None]:
    """Hand out one path until the time is up."""
    end = time.perf_counter() + seconds
    return lambda: path if time.perf_counter() < end else None


def places(address: str) -> list[tuple[float, float]]:
    """Villages, where people look; the middle of the study where there are none."""
    answer = httpx.get(f"{address}/collections/villages/items", params={"limit": 10_000}, timeout=60)
    shapes = [one["geometry"] for one in answer.json().get("features", [])]
    found = [tuple(shape["coordinates"]) for shape in shapes if shape]
    west, south, east, north = httpx.get(f"{address}/study", timeout=60).json()["bounds"]
    return found or [((west + east) / 2, (south + north) / 2)]


def tile_paths(spots: Sequence[tuple[float, float]], beginnings: Sequence[str]) -> list[str]:
    """Addresses of tiles that hold a spot: every zoom as often as another, mixed, none twice."""
    mixed = random.Random(5)
    by_zoom = []
    for zoom in ZOOMS:
        tiles = sorted({tile_at(zoom, *spot) for spot in spots})
        paths = [
            f"{beginning}/tiles/WebMercatorQuad/{zoom}/{y}/{x}" for beginning in beginnings for x, y in tiles
        ]
        mixed.shuffle(paths)
        by_zoom.append(paths)
    most = 2 * statistics.median_low(len(paths) for paths in by_zoom)
    chosen = [path for paths in by_zoom for path in paths[:most]]
    mixed.shuffle(chosen)
    return chosen


def tell(name: str, measured: Measured) -> None:
    bar = BARS.get(name)
    statuses = ", ".join(f"{count} x {status}" for status, count in sorted(measured.statuses.items()))
    quantiles = " ".join(f"{measured.quantile_ms(share):7.1f}" for share in (0.5, 0.95, 0.99))
    told = "" if bar is None else f"bar {bar}/s, p95 {P95_BAR_MS:g} ms"
    sys.stdout.write(
        f"{name:18}{measured.rate:9.0f}/s  p50/95/99 {quantiles} ms  {statuses}  "
        f"{measured.body_bytes / 1e6:.1f} MB  {told}\n"
    )


def resident_mb(pid: int) -> float:
    """Memory of a process that is its own: not counting files it has mapped."""
    text = Path(f"/proc/{pid}/status").read_text()
    return sum(int(found) for found in re.findall(r"Rss(?:Anon|Shmem):\s+(\d+) kB", text)) / 1024


def tiles_cold(study: Path, name: str, beginnings: Sequence[str], seconds: float) -> None:
    with serving(study) as (address, _):
        paths = tile_paths(places(address), beginnings)
    forget_files(study)
    with serving(study) as (address, pid):
        measured = asyncio.run(drive(address, once_each(paths, seconds=seconds)))
        tell(name, measured)
        sys.stdout.write(f"{'':18}{resident_mb(pid):9.0f} MB resident\n")


def beginnings_of(study: Path) -> dict[str, list[str]]:
    """Vector layers that the page draws, and pictures."""
    with serving(study) as (address, _), httpx.Client(base_url=address, timeout=120) as client:
        collections = {one["id"] for one in client.get("/collections").json()["collections"]}
        coverages = [one["id"] for one in client.get("/coverages").json()["coverages"]]
    drawn = [f"/collections/{name}" for name in PAGE_COLLECTIONS if name in collections]
    plain = [name for name in coverages if name.startswith(PLAIN_PICTURES)]
    return {
        "vector tiles": drawn,
        "PNG tiles": [f"/coverages/{name}" for name in plain],
        "PNG, worked out": [f"/coverages/{name}" for name in coverages if name not in plain],
    }


def results(study: Path, seconds: float) -> None:
    with serving(study) as (address, _):
        tag = httpx.get(f"{address}/results", timeout=60).headers["etag"]
        known = asyncio.run(
            drive(address, again("/results", seconds=seconds), extra=f"If-None-Match: {tag}\r\n")
        )
        tell("/results, 304", known)
        tell("/results, 200", asyncio.run(drive(address, again("/results", seconds=seconds))))


@dataclass
class Streams:
    """Event streams by how far they are; each counts once, however much it is told."""

    told: set[int] = field(default_factory=set)
    dismissed: set[int] = field(default_factory=set)
    closed: set[int] = field(default_factory=set)
    all_told: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def open_now(self) -> int:
        """Streams that were told something and are not closed."""
        return len(self.told - self.closed)

    async def follow(self, number: int, address: str, path: str) -> None:
        """Read one stream to its end."""
        parts = urlsplit(address)
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {parts.netloc}\r\nConnection: close\r\n\r\n".encode())
        while line := await reader.readline():
            if line.startswith(b"event: "):
                self.told.add(number)
            if line.startswith(b"data: ") and b"dismissed" in line:
                self.dismissed.add(number)
            if len(self.told) == STREAMS:
                self.all_told.set()
        self.closed.add(number)
        writer.close()


async def _streams(address: str, job: str) -> tuple[Streams, int, Measured, float]:
    """Open the streams, ask beside them, dismiss the job; also how many were open, and seconds taken."""
    streams = Streams()
    tasks = [
        asyncio.create_task(streams.follow(number, address, f"/jobs/{job}/events"))
        for number in range(STREAMS)
    ]
    await asyncio.wait_for(streams.all_told.wait(), timeout=30)
    beside = await drive(address, again("/results", seconds=3.0))
    open_at_once = streams.open_now
    async with httpx.AsyncClient(base_url=address, timeout=30) as client:
        began = time.perf_counter()
        await client.delete(f"/jobs/{job}")
    await asyncio.wait_for(asyncio.gather(*tasks), timeout=30)
    return streams, open_at_once, beside, time.perf_counter() - began


def event_streams(study: Path) -> None:
    """Open streams of a job that waits because the study's worker is held here, then dismiss it."""
    import datetime as dt

    jobs = JobStore(study, lambda: dt.datetime.now(dt.UTC).isoformat())
    with jobs.at_work() as is_alone, serving(study) as (address, pid):
        assert is_alone, "a job of this study is running"
        answer = httpx.post(f"{address}/processes/compute/execution", json={"inputs": {}}, timeout=60)
        job = answer.json()["jobID"]
        before = resident_mb(pid)
        streams, open_at_once, beside, ended_s = asyncio.run(_streams(address, job))
        sys.stdout.write(
            f"{'event streams':18}{open_at_once:9} open at once, {len(streams.dismissed)} told of the end, "
            f"{len(streams.closed)} closed {ended_s:.2f} s after it; {resident_mb(pid) - before:+.0f} MB\n"
        )
        tell("  /results beside", beside)


def memory(study: Path, minutes: float, beginnings: Sequence[str], *, pause_s: float) -> None:
    """Ask for tiles again and again and fit a line through the memory of the second half."""
    with serving(study) as (address, pid):
        paths = tile_paths(places(address), beginnings)
        seen: list[tuple[float, float]] = []
        end, asked = time.perf_counter() + 60 * minutes, 0
        while time.perf_counter() < end:
            random.Random(len(seen)).shuffle(paths)
            measured = asyncio.run(drive(address, once_each(paths, seconds=5.0), pause_s=pause_s))
            asked += len(measured.waits_s)
            seen.append((time.perf_counter(), resident_mb(pid)))
        later = seen[len(seen) // 2 :]
        slope, _ = statistics.linear_regression([at / 60 for at, _ in later], [mb for _, mb in later])
        sys.stdout.write(
            f"{'memory':18}{minutes:g} min, {asked} tiles: {seen[0][1]:.0f} MB at first, "
            f"{later[0][1]:.0f} MB half-way, {later[-1][1]:.0f} MB at the end, "
            f"slope of the second half {slope:+.2f} MB/min\n"
        )


def main() -> int:
    """Measure and print."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--study", type=Path, required=True)
    asked.add_argument("--seconds", type=float, default=15.0)
    asked.add_argument("--memory-minutes", type=float, default=0.0)
    asked.add_argument("--memory-pause", type=float, default=0.0, help="seconds each client waits")
    asked.add_argument("--only", nargs="*", default=["vector", "png", "worked-out", "results", "streams"])
    options: Any = asked.parse_args()
    layers = beginnings_of(options.study)
    if "vector" in options.only:
        tiles_cold(options.study, "vector tiles", layers["vector tiles"], options.seconds)
    if "png" in options.only:
        tiles_cold(options.study, "PNG tiles", layers["PNG tiles"], options.seconds)
    if "worked-out" in options.only and layers["PNG, worked out"]:
        tiles_cold(options.study, "PNG, worked out", layers["PNG, worked out"], options.seconds)
    if "results" in options.only:
        results(options.study, min(options.seconds, 5.0))
    if "streams" in options.only:
        event_streams(options.study)
    if options.memory_minutes:
        tiles = [*layers["vector tiles"], *layers["PNG tiles"]]
        memory(options.study, options.memory_minutes, tiles, pause_s=options.memory_pause)
    return 0


if __name__ == "__main__":
    sys.exit(main())
