"""Speed of the parts people wait for, as ratios against the previous result in ``.tmp/bench.json``.

Run with ``make bench``. Terrain is the development data where present, else synthetic ridges.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import placement
import placement_cost
import rasterio
from fibre import bench_fibre
from peer import peer_seconds
from province import bench_province
from rasterio.transform import from_origin

from phusong.app.bench import bench_sweep
from phusong.coverage.grids import Grid
from phusong.coverage.zonal import build_zones, cell_areas_m2, zone_sums

ROOT = Path(__file__).resolve().parents[2]
KEPT = ROOT / ".tmp" / "bench.json"
REAL_TERRAIN = ROOT.parent / "shared" / "data" / "terrain" / "dem_monterey_3s.tif"
RUNS = 3
RADIUS_KM, CELL_M, HEIGHT_M = 20.0, 30.0, 30.0
PEER_BAR = 40
"""How many times SPLAT! HD's speed a sweep must reach."""
Record = dict[str, Any]


def _terrain(folder: Path) -> tuple[Path, str]:
    if REAL_TERRAIN.exists():
        return REAL_TERRAIN, "-121.55,36.35"
    rows, cols = np.mgrid[0:900, 0:900]
    height_m = (200 * np.sin(rows / 23.0) * np.cos(cols / 31.0) + 300).astype(np.float32)
    path = folder / "ridges.tif"
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        width=900,
        height=900,
        count=1,
        dtype="float32",
        crs="EPSG:4326",
        transform=from_origin(105.0, 20.5, 1 / 1200, 1 / 1200),
    ) as target:
        target.write(height_m, 1)
    return path, "105.37,20.12"


def _median_seconds(work: Callable[[], object]) -> float:
    work()
    seconds = []
    for _ in range(RUNS):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def _patches(folder: Path) -> Path:
    """Clutter of forest and houses in patches of some 300 m, half of the land open."""
    heights_m = np.random.default_rng(7).choice([0.0, 0.0, 10.0, 15.0], (400, 400)).astype(np.float32)
    path = folder / "clutter.tif"
    lon, lat = (-122.1, 36.9) if REAL_TERRAIN.exists() else (105.0, 20.5)
    options: dict[str, Any] = {"driver": "GTiff", "width": 400, "height": 400, "count": 1}
    frame = {"crs": "EPSG:4326", "transform": from_origin(lon, lat, 1 / 360, 1 / 360)}
    with rasterio.open(path, "w", dtype="float32", **options, **frame) as target:
        target.write(heights_m, 1)
    return path


def _harder(terrain: Path, at: str, folder: Path, measured: dict[str, float]) -> None:
    """Time other percentages of time and clutter, as ratios to the plain case; the bar is 2."""
    clutter = _patches(folder)
    for mode in ("exact", "sweep"):
        for title, options in (("p 10 %", {"time_percentage": 10.0}), ("clutter", {"clutter": clutter})):
            # the plain case again, beside the other: a machine with other work changes by the minute
            plain = float(_record(terrain, at, mode, [1800.0], None)["seconds"])
            record = _record(terrain, at, mode, [1800.0], None, **options)
            name, seconds = f"P.1812 {mode}, {title}", float(record["seconds"])
            measured[name] = seconds
            sys.stdout.write(f"{name:44}{'':18}{seconds:10.3f} s  {seconds / plain:.2f} x the plain case\n")


def _record(
    terrain: Path, at: str, mode: str, frequencies_mhz: list[float], threads: int | None, **more: Any
) -> Record:
    return bench_sweep(
        terrain,
        at=at,
        radius_km=RADIUS_KM,
        cell_m=CELL_M,
        model="p1812",
        mode=mode,
        frequencies_mhz=frequencies_mhz,
        height_m=HEIGHT_M,
        threads=threads,
        out=None,
        **more,
    )


def _engines(terrain: Path, at: str) -> dict[str, float]:
    """Time every mode; print microseconds a path on one core, and the whole site on all."""
    title = f"one site, {RADIUS_KM:g} km, {CELL_M:g} m"
    sys.stdout.write(f"{title:44}{'us/path, 1 core':>18}{'all cores':>12}\n")
    measured = {}
    for mode in ("exact", "sweep"):
        for bands in ([1800.0], [700.0, 1800.0, 2600.0, 3700.0]):
            one, all_cores = (_record(terrain, at, mode, bands, threads) for threads in (1, None))
            name = f"P.1812 {mode}, {len(bands)} carrier{'s' * (len(bands) > 1)}"
            measured[name] = float(all_cores["seconds"])
            sys.stdout.write(f"{name:44}{one['microseconds_per_pixel']:18.3f}{measured[name]:10.3f} s\n")
    return measured


def _compare(terrain: Path, folder: Path, at: str, measured: dict[str, float]) -> None:
    """Print the time of the peer beside ours, where it is installed."""
    lon, lat = (float(part) for part in at.split(","))
    seconds = peer_seconds(
        terrain, folder, lon=lon, lat=lat, radius_km=RADIUS_KM, height_m=HEIGHT_M, frequency_mhz=1800.0
    )
    if seconds is None:
        sys.stdout.write("SPLAT! HD is not installed (Debian package splat): no comparison\n")
        return
    sys.stdout.write(f"{'SPLAT! HD (ITM)':44}{'':18}{seconds:10.3f} s\n")
    for mode in ("exact", "sweep"):
        ratio = seconds / measured[f"P.1812 {mode}, 1 carrier"]
        sys.stdout.write(f"  {mode}: {ratio:.0f} x its wall time (the bar for sweep is {PEER_BAR} x)\n")


def _zones() -> float:
    from shapely.geometry import Point, box

    grid = Grid(width=2000, height=2000, cell_size_m=30.0, left_m=500_000, top_m=2_200_000, epsg=32648)
    squares = [
        box(
            500_000 + 12_000 * col, 2_140_000 + 12_000 * row, 512_000 + 12_000 * col, 2_152_000 + 12_000 * row
        )
        for row in range(5)
        for col in range(5)
    ]
    shapes = [square.difference(Point(square.centroid).buffer(777)) for square in squares]
    values = cell_areas_m2(grid)

    def work() -> None:
        zones = build_zones(shapes, [str(index) for index in range(len(shapes))], grid)
        zone_sums(zones, values)

    return _median_seconds(work)


def main() -> int:
    """Measure everything and print a table."""
    with tempfile.TemporaryDirectory() as folder:
        terrain, at = _terrain(Path(folder))
        measured = _engines(terrain, at)
        _harder(terrain, at, Path(folder), measured)
        _compare(terrain, Path(folder), at, measured)
        measured["exact zones and sums, 25 communes, 4 M cells"] = _zones()
    measured |= bench_province()
    measured |= bench_fibre()
    before = json.loads(KEPT.read_text()) if KEPT.exists() else {}
    for name, seconds in measured.items():
        ratio = (
            f"{seconds / before[name]:.2f} x the previous result" if name in before else "no previous result"
        )
        sys.stdout.write(f"{name:58}{seconds:9.3f} s  {ratio}\n")
    KEPT.parent.mkdir(exist_ok=True)
    KEPT.write_text(json.dumps(measured, indent=2))
    placement.report()
    placement_cost.report()
    return 0


if __name__ == "__main__":
    sys.exit(main())
