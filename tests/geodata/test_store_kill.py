"""A write cut short at any moment leaves the layer that was there, or the new one: nothing between."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
from shapely.geometry import Point

from phusong.coverage.grids import Grid, Raster
from phusong.geodata.store.folder import FolderStore
from phusong.geodata.store.meta import LayerMeta, file_sha256

GRID = Grid(width=40, height=30, cell_size_m=30.0, left_m=600_000.0, top_m=2_200_080.0, epsg=32648)
MOST_STEPS = 40

# One interpreter loads the libraries; every write runs in a fork of it, so a kill is a real kill.
KILLED_AT_EVERY_STEP = """
import os, signal, sys
from pathlib import Path
from tests_of_store import put, seen, STEPS, FolderStore
path = Path(sys.argv[1])
version, step, killed = 0, 0, 0
while True:
    step += 1
    child = os.fork()
    if child == 0:
        left = [step]
        def dying(real):
            def call(*arguments, **options):
                left[0] -= 1
                if left[0] == 0:
                    os.kill(os.getpid(), signal.SIGKILL)
                return real(*arguments, **options)
            return call
        os.fsync, Path.replace, Path.unlink = dying(os.fsync), dying(Path.replace), dying(Path.unlink)
        put(FolderStore.open(path), version + 1)
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    found = seen(path)
    assert found in (version, version + 1), (step, version, found)
    if os.WIFEXITED(status):
        assert os.WEXITSTATUS(status) == 0 and found == version + 1, (status, found)
        break
    killed += 1
    version = found
    assert step < STEPS
print("killed", killed)
"""

KILLED_AT_ANY_TIME = """
import os, random, signal, sys, time
from pathlib import Path
from tests_of_store import put, seen, FolderStore
path, chance, last = Path(sys.argv[1]), random.Random(7), 0
for turn in range(25):
    child = os.fork()
    if child == 0:
        version = last
        while True:
            version += 1
            put(FolderStore.open(path), version)
    time.sleep(chance.uniform(0.0, 0.25))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    found = seen(path)
    assert found >= last, (turn, last, found)
    last = found
print("killed", turn + 1, "reached", last)
"""


def sites(version: int) -> gpd.GeoDataFrame:
    ids = [f"{version}-{index}" for index in range(50)]
    return gpd.GeoDataFrame({"site_id": ids}, geometry=[Point(105, 20)] * 50, crs=4326)


def put_table(store: FolderStore, version: int) -> None:
    store.put_table("sites", sites(version), LayerMeta("sites", source=str(version)))


def put_raster(store: FolderStore, version: int) -> None:
    values = np.full(GRID.shape, version, dtype=np.float32)
    store.put_raster("terrain", Raster(GRID, values, "m"), LayerMeta("terrain", source=str(version)))


def version_of_table(store: FolderStore) -> int:
    return int(store.table("sites")["site_id"].iloc[0].split("-")[0])


def version_of_raster(store: FolderStore) -> int:
    values = store.raster("terrain").values
    assert values.min() == values.max()
    return int(values[0, 0])


def check_whole(path: Path, layer: str, version: int) -> None:
    """The record belongs to the data, and nothing else passes for a layer."""
    store = FolderStore.open(path)
    meta = store.meta(layer)
    assert store.layer_names() == [layer]
    assert meta.source == str(version)
    assert file_sha256(store.raster_path(layer)) == meta.content_sha256
    assert isinstance(store.journal_entries(), list)


WRITES = {
    "sites": (put_table, version_of_table),
    "terrain": (put_raster, version_of_raster),
}


@pytest.mark.parametrize("layer", list(WRITES))
@pytest.mark.parametrize("step", ["fsync", "rename"])
def test_write_that_fails_at_any_step_leaves_a_whole_layer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, layer: str, step: str
) -> None:
    put, version_of = WRITES[layer]
    store = FolderStore.create(tmp_path / "study", name="x", epsg=32648)
    put(store, 0)
    version, failures = 0, 0
    for at in range(1, MOST_STEPS):
        calls = [0]
        with monkeypatch.context() as patched:
            owner, name = (os, "fsync") if step == "fsync" else (Path, "replace")
            patched.setattr(owner, name, _failing(getattr(owner, name), calls, at))
            try:
                put(store, version + 1)
            except OSError as error:
                assert "disk is full" in str(error)
                failures += 1
        found = version_of(store)
        assert found in (version, version + 1)
        check_whole(store.path, layer, found)
        if calls[0] < at:
            assert found == version + 1
            break
        version = found
    assert failures >= 3


def _failing(real, calls: list[int], at: int):
    def call(*arguments, **options):
        calls[0] += 1
        if calls[0] == at:
            raise OSError("disk is full")
        return real(*arguments, **options)

    return call


@pytest.mark.parametrize("layer", list(WRITES))
@pytest.mark.parametrize("script", [KILLED_AT_EVERY_STEP, KILLED_AT_ANY_TIME], ids=["every step", "any time"])
def test_killed_writer_leaves_a_whole_layer(tmp_path: Path, layer: str, script: str) -> None:
    study = tmp_path / "study"
    WRITES[layer][0](FolderStore.create(study, name="x", epsg=32648), 0)
    own = (
        f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        f"from {Path(__file__).stem} import *\n"
        f"from {Path(__file__).stem} import WRITES, check_whole, MOST_STEPS as STEPS\n"
        f"put, version_of = WRITES[{layer!r}]\n"
        "def seen(path):\n"
        "    version = version_of(FolderStore.open(path))\n"
        f"    check_whole(path, {layer!r}, version)\n"
        "    return version\n"
    )
    (tmp_path / "tests_of_store.py").write_text(own)
    done = subprocess.run(
        [sys.executable, "-c", script, str(study)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.split()[1]) >= 5
