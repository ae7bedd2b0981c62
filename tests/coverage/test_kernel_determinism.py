"""Kernels just compiled and kernels loaded from a cache give the same numbers, bit for bit.

Where sums may be reordered (``fastmath``) a function optimised alone and the same one optimised with its
caller may round differently, and numba keeps both: which of them runs depends on the cache. Nor do the
numbers depend on how many threads share the work.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

PROGRAM = """
import hashlib
import numpy as np
from phusong.coverage.grids import Grid, Raster
from phusong.coverage.method import Method
from phusong.coverage.propagation.area import path_loss_area

y, x = np.mgrid[0:240, 0:240] * 0.03
for values in (300.0 * np.abs(np.sin(x + 0.7 * y) * np.cos(2.3 * x)), 3.0 + np.sin(40.0 * x * y)):
    terrain = Raster(Grid(240, 240, 30.0, 500_000.0, 2_200_000.0, 32648), values.astype(np.float32), "m")
    for model, mode in (("p1812", "sweep"), ("p1812", "exact"), ("itm", "exact")):
        hashes = []
        for threads in (1, 2):
            loss = path_loss_area(
                terrain,
                x_m=503_600.0,
                y_m=2_196_400.0,
                antenna_height_m=30.0,
                frequencies_mhz=[800.0, 1842.5],
                radii_m=[3500.0, 2500.0],
                method=Method(model=model),
                threads=threads,
                mode=mode,
            ).loss_db
            hashes.append(hashlib.sha256(np.ascontiguousarray(loss)).hexdigest())
        print(model, mode, int(np.isfinite(loss).sum()), *hashes)
"""
LEAST_PIXELS = 50_000


def losses(cache: Path) -> str:
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(cache)}
    command = [sys.executable, "-c", PROGRAM]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout


def test_losses_do_not_depend_on_cache_or_threads(tmp_path: Path) -> None:
    compiled = losses(tmp_path)
    assert any(tmp_path.rglob("*.nbc"))
    assert losses(tmp_path) == compiled
    lines = [line.split() for line in compiled.splitlines()]
    assert len(lines) == 6
    for model, mode, pixels, one_thread, two_threads in lines:
        assert one_thread == two_threads, (model, mode)
        assert int(pixels) > LEAST_PIXELS


def test_what_may_be_reordered_is_compiled_into_its_caller(project_root: Path) -> None:
    kernels = re.compile(r"@njit\(([^)]*fastmath[^)]*)\)")
    options = [
        found
        for path in sorted((project_root / "coverage").rglob("*.py"))
        for found in kernels.findall(path.read_text(encoding="utf-8"))
    ]
    assert len(options) > 20
    assert [text for text in options if "forceinline=True" not in text and "inline=" not in text] == []
