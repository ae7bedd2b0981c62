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

import numpy as np
import rasterio
from rasterio.transform import from_origin

from phusong.app.bench import bench_sweep
from phusong.coverage.grids import Grid
from phusong.coverage.zonal import build_zones, cell_areas_m2, zone_sums

ROOT = Path(__file__).resolve().parents[2]
KEPT = ROOT / ".tmp" / "bench.json"
REAL_TERRAIN = ROOT.parent / "shared" / "data" / "terrain" / "dem_monterey_3s.tif"
RUNS = 3


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


def _area(terrain: Path, at: str, frequencies_mhz: list[float]) -> float:
    record = bench_sweep(
        terrain,
        at=at,
        radius_km=12.0,
        cell_m=30.0,
        model="p1812",
        mode="exact",
        frequencies_mhz=frequencies_mhz,
        height_m=40.0,
        threads=None,
        out=None,
    )
    return float(record["seconds"])


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
        measured = {
            "P.1812 exact, one site, 12 km, 30 m, one carrier": _area(terrain, at, [1800.0]),
            "P.1812 exact, the same, four carriers": _area(terrain, at, [700.0, 1800.0, 2600.0, 3700.0]),
            "exact zones and sums, 25 communes, 4 M cells": _zones(),
        }
    before = json.loads(KEPT.read_text()) if KEPT.exists() else {}
    for name, seconds in measured.items():
        ratio = (
            f"{seconds / before[name]:.2f} x the previous result" if name in before else "no previous result"
        )
        sys.stdout.write(f"{name:58}{seconds:9.3f} s  {ratio}\n")
    KEPT.parent.mkdir(exist_ok=True)
    KEPT.write_text(json.dumps(measured, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
