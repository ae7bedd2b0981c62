"""A province from its layers to figures, again after one mast was changed, and what one mast more would do.

The province is that of ``PHUSONG_BENCH_STUDY`` (a study folder; only its layers are copied), else the sample.
"""

from __future__ import annotations

import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import geopandas as gpd

from phusong.app.compute.whatif import Baseline, Change
from phusong.app.newmast import MastWish, new_mast
from phusong.app.study import open_study

COMMAND = [sys.executable, "-c", "from phusong.app.cli import main; main()"]
FIRST_BAR_S, AGAIN_BAR_S, WHAT_IF_BAR_S = 180.0, 5.0, 0.3
MASTS_CHANGED = 3
RUNS = 5


def bench_province() -> dict[str, float]:
    """Print seconds from the start of the command to its end, and return them by name."""
    with tempfile.TemporaryDirectory() as folder:
        study = _layers(Path(folder) / "study")
        masts = open_study(study).store.table("sites")["site_id"].nunique()
        sys.stdout.write(
            f"province: {masts:,} masts, grid {open_study(study).store.grid().cell_size_m:g} m\n"
        )
        first_s = _run("compute", "--study", str(study))
        memory_gib = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20
        again_s = statistics.median(_after_a_change(study, mast) for mast in range(MASTS_CHANGED))
        what_if_s = _what_if_s(study)
    sys.stdout.write(
        f"  all of it{first_s:14.1f} s (bar {FIRST_BAR_S:g} for 3,000 masts)   memory {memory_gib:.1f} GiB\n"
        f"  one mast changed{again_s:7.2f} s (bar {AGAIN_BAR_S:g})\n"
        f"  what if, engine{what_if_s:8.3f} s (bar {WHAT_IF_BAR_S:g})\n"
    )
    return {
        "province, all of it": first_s,
        "province, one mast changed": again_s,
        "province, what if": what_if_s,
    }


def _layers(target: Path) -> Path:
    given = os.environ.get("PHUSONG_BENCH_STUDY")
    if given is None:
        _run("sample", "create", str(target))
    else:
        shutil.copytree(given, target, ignore=shutil.ignore_patterns("cache", "results"))
    return target


def _after_a_change(study: Path, place: int) -> float:
    """Raise the antennas of a mast by 3 m; return how long the run after it takes."""
    cells: Any = open_study(study).store.table("cells")
    sites = sorted(set(cells["site_id"]))
    own = cells["site_id"] == sites[(place + 1) * len(sites) // (MASTS_CHANGED + 1)]
    cells.loc[own, "antenna_height_m"] += 3.0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "cells.gpkg"
        gpd.GeoDataFrame(cells).drop(columns="assumed", errors="ignore").to_file(path, driver="GPKG")
        _run("import", "cells", str(path), "--study", str(study))
    return _run("compute", "--study", str(study))


def _what_if_s(study: Path) -> float:
    """Seconds the engine takes for a mast of three sectors in the middle, figures included, when warm."""
    base = Baseline(open_study(study).store)
    villages = open_study(study).store.table("villages").geometry
    middle = villages.iloc[len(villages) // 2]
    mast = new_mast(base.inputs, MastWish(middle.x, middle.y, 36.0, "1800"))
    base.answer(Change(added=mast.cells))
    return statistics.median(float(base.answer(Change(added=mast.cells))["seconds"]) for _ in range(RUNS))


def _run(*arguments: str) -> float:
    start = time.perf_counter()
    subprocess.run([*COMMAND, *arguments], check=True, capture_output=True)
    return time.perf_counter() - start


if __name__ == "__main__":
    bench_province()
