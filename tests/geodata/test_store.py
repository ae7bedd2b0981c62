"""A study folder is whole at every moment: errors, kills, two writers at once, other versions."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import orjson
import pytest
import rasterio
from shapely.geometry import Point, box

from phusong.coverage.errors import InputError, NotFoundError, StudyError
from phusong.coverage.grids import Grid, Raster
from phusong.coverage.method import Method
from phusong.geodata.store.folder import FolderStore
from phusong.geodata.store.meta import LayerMeta, file_sha256, meta_from_json

GRID = Grid(width=40, height=30, cell_size_m=30.0, left_m=600_000.0, top_m=2_190_000.0, epsg=32648)


def places(version: int, count: int = 50) -> gpd.GeoDataFrame:
    """A table whose every row carries the same version."""
    return gpd.GeoDataFrame(
        {"place_id": [f"p{n}" for n in range(count)], "version": [version] * count},
        geometry=[Point(105 + n / 1000, 20) for n in range(count)],
        crs="EPSG:4326",
    )


def terrain(version: int) -> Raster:
    return Raster(GRID, np.full(GRID.shape, version, dtype=np.float32), "m")


@pytest.fixture
def store(tmp_path) -> FolderStore:
    return FolderStore.create(tmp_path / "study", name="Thử", epsg=32648)


def whole_version(store: FolderStore) -> int:
    """Version of the stored table after checking that it is one whole write, hash included."""
    frame = store.table("places")
    (version,) = set(frame["version"])
    meta = store.meta("places")
    assert meta.rows == len(frame) == 50
    assert meta.source == f"v{version}"
    (data,) = (store.path / "layers").glob(f"places-{meta.content_sha256[:12]}.parquet")
    assert file_sha256(data) == meta.content_sha256
    return int(version)


def test_tables_and_rasters_come_back_as_they_went_in(store) -> None:
    given = LayerMeta("places", "v1", notes={"a": [1.5, None]}, assumed=("x",))
    kept = store.put_table("places", places(1), given)
    assert store.table("places").equals(places(1))
    assert store.meta("places") == kept
    assert kept.notes == {"a": [1.5, None]}
    assert kept.assumed == ("x",)
    values = np.linspace(-1, 1, GRID.width * GRID.height).reshape(GRID.shape)
    values[3, 4] = np.nan
    store.put_raster("population", Raster(GRID, values, "people"), LayerMeta("population", "p"))
    raster = store.raster("population")
    np.testing.assert_array_equal(raster.values, values)
    assert (raster.grid, raster.unit, raster.values.dtype) == (GRID, "people", np.float64)
    with rasterio.open(store.raster_path("population")) as source:
        assert source.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
    assert store.layer_names() == ["places", "population"]


def test_reopened_study_is_the_same(store) -> None:
    store.put_table("places", places(3), LayerMeta("places", "v3"))
    again = FolderStore.open(store.path)
    assert (again.name, again.epsg, again.grid_m) == ("Thử", 32648, 30.0)
    assert again.method() == store.method()
    assert whole_version(again) == 3


def test_a_new_layer_replaces_the_old_file(store) -> None:
    for version in (1, 2, 3):
        store.put_table("places", places(version), LayerMeta("places", f"v{version}"))
    assert whole_version(store) == 3
    files = [path for path in (store.path / "layers").iterdir() if path.is_file()]
    assert sorted(path.suffix for path in files) == [".json", ".parquet"]
    store.remove("places")
    assert [path for path in (store.path / "layers").iterdir() if path.is_file()] == []
    with pytest.raises(NotFoundError, match="layer_missing"):
        store.table("places")


def test_layers_with_a_common_beginning_do_not_touch_each_other(store) -> None:
    for layer in ("fibre", "fibre_nodes", "fibre_routes"):
        store.put_table(layer, places(1), LayerMeta(layer, "v1"))
    store.put_table("fibre", places(2), LayerMeta("fibre", "v2"))
    assert set(store.table("fibre_nodes")["version"]) == {1}


@pytest.mark.parametrize("call", ["replace", "fsync"])
@pytest.mark.parametrize("nth", range(1, 6))
def test_a_failing_disk_leaves_a_whole_layer(store, monkeypatch, call, nth) -> None:
    store.put_table("places", places(1), LayerMeta("places", "v1"))
    real, calls = getattr(os, call), []

    def failing(*arguments, **options):
        calls.append(arguments)
        if len(calls) == nth:
            raise OSError(28, "No space left on device")
        return real(*arguments, **options)

    with monkeypatch.context() as patch:
        patch.setattr(os, call, failing)
        try:
            store.put_table("places", places(2), LayerMeta("places", "v2"))
            failed = False
        except OSError:
            failed = True
    assert failed == (len(calls) >= nth)
    assert whole_version(store) in ((1, 2) if failed else (2,))
    assert not list(store.path.rglob(".*part*"))
    store.put_table("places", places(3), LayerMeta("places", "v3"))
    assert whole_version(store) == 3


DIES = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from test_store import FolderStore, LayerMeta, places
nth, calls = {nth}, []
def deadly(real):
    def call(*arguments, **options):
        calls.append(real)
        if len(calls) == nth:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*arguments, **options)
    return call
store = FolderStore.open(Path({study!r}))
os.replace, os.fsync = deadly(os.replace), deadly(os.fsync)
store.put_table("places", places(2), LayerMeta("places", "v2"))
"""


@pytest.mark.parametrize("nth", range(1, 11))
def test_a_process_killed_at_any_sync_or_rename_leaves_a_whole_layer(store, nth) -> None:
    store.put_table("places", places(1), LayerMeta("places", "v1"))
    program = DIES.format(tests=str(Path(__file__).parent), nth=nth, study=str(store.path))
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    # sync data, rename, sync folder; sync, rename, sync folder of the version kept;
    # rename by hash, sync record | rename record, sync folder
    assert whole_version(store) == (1 if nth <= 9 else 2)
    store.put_table("places", places(3), LayerMeta("places", "v3"))
    assert whole_version(store) == 3


WRITES = """
import sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from test_store import FolderStore, LayerMeta, places, terrain
store = FolderStore.open(Path({study!r}))
version = 1
while True:
    version += 1
    store.put_table("places", places(version), LayerMeta("places", f"v{{version}}"))
    store.put_raster("terrain", terrain(version), LayerMeta("terrain", f"v{{version}}"))
    store.update_settings(version=version)
    print(version, flush=True)
"""


def test_a_writer_killed_at_random_leaves_a_whole_study(store) -> None:
    store.put_table("places", places(1), LayerMeta("places", "v1"))
    program = WRITES.format(tests=str(Path(__file__).parent), study=str(store.path))
    for pause_s in (0.0, 0.013, 0.031, 0.057):
        with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as writer:
            assert writer.stdout is not None
            least = int(writer.stdout.readline())
            time.sleep(pause_s)
            writer.kill()
        again = FolderStore.open(store.path)
        assert whole_version(again) >= least
        (height,) = np.unique(again.raster("terrain").values)
        assert again.meta("terrain").source == f"v{height:.0f}"
        assert whole_version(again) - again.settings()["version"] in (0, 1)
        assert len(again.journal_entries()) >= 2 * least - 1
        again.put_table("places", places(1), LayerMeta("places", "v1"))


def test_only_one_writer(store) -> None:
    with store.lock(), pytest.raises(StudyError, match="study_locked"), FolderStore.open(store.path).lock():
        pass
    with FolderStore.open(store.path).lock():
        assert store.has("places") is False


def test_the_lock_of_a_killed_process_is_free(store) -> None:
    program = (
        "import sys, time; from pathlib import Path; from phusong.geodata.store.folder import FolderStore\n"
        f"with FolderStore.open(Path({str(store.path)!r})).lock():\n"
        "    print('held', flush=True); time.sleep(600)\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(StudyError, match="study_locked"), store.lock():
            pass
        holder.kill()
    with store.lock():
        assert holder.returncode == -signal.SIGKILL


def test_the_journal_tells_every_write_in_order(tmp_path) -> None:
    FolderStore.create(tmp_path / "s", name="x", epsg=32648)
    store = replace(FolderStore.open(tmp_path / "s"), clock=lambda: "2026-02-03T04:05:06+00:00")
    kept = store.put_table("places", places(1), LayerMeta("places", "v1"))
    store.journal("computed", run="r1", share=0.5)
    store.remove("places")
    created, layer, computed, removed = store.journal_entries()
    assert created["event"] == "created"
    assert layer["detail"] == {"layer": "places", "source": "v1", "sha256": kept.content_sha256, "rows": 50}
    assert computed == {
        "happened_at": "2026-02-03T04:05:06+00:00",
        "event": "computed",
        "detail": {"run": "r1", "share": 0.5},
    }
    assert removed["detail"] == {"layer": "places"}


def communes(left_m: float, width_m: float = 950.0) -> gpd.GeoDataFrame:
    shape = box(left_m, 2_180_000, left_m + width_m, 2_180_500)
    frame = gpd.GeoDataFrame({"commune_code": ["00001"], "name": ["A"]}, geometry=[shape], crs="EPSG:32648")
    return frame.to_crs(4326)


def test_the_grid_is_snapped_and_stays_once_a_raster_lies_on_it(store) -> None:
    with pytest.raises(InputError, match="study_has_no_place"):
        store.grid()
    store.put_table("communes", communes(600_011.0), LayerMeta("communes", "c"))
    grid = store.grid()
    assert grid.left_m % 30 == 0
    assert grid.top_m % 30 == 0
    left, bottom, right, top = grid.bounds
    assert left <= 600_011 - 30
    assert right >= 600_961 + 30
    assert bottom <= 2_180_000 - 30
    assert top >= 2_180_500 + 30
    assert store.grid() == grid
    flat = Raster(grid, np.zeros(grid.shape, np.float32), "m")
    store.put_raster("clutter", flat, LayerMeta("clutter", "t"))
    store.put_table("communes", communes(610_000.0, 5_000.0), LayerMeta("communes", "c2"))
    assert store.grid() == grid
    with pytest.raises(InputError, match="grid_fixed"):
        store.set_method(replace(Method(), grid_m=100.0))
    store.remove("clutter")
    assert store.grid() != grid


def test_a_study_around_sites_reaches_as_far_as_the_method(store) -> None:
    site = gpd.GeoDataFrame({"site_id": ["s"]}, geometry=[Point(105, 20)], crs="EPSG:4326")
    store.put_table("sites", site, LayerMeta("sites", "s"))
    left, _, right, _ = store.grid().bounds
    reach_m = max(store.method().max_radius_km.values()) * 1_000
    assert left <= 500_000 - reach_m
    assert right >= 500_000 + reach_m


def test_the_crs_of_a_study_is_set_once(tmp_path) -> None:
    store = FolderStore.create(tmp_path / "s", name="x")
    assert store.epsg is None
    with pytest.raises(InputError, match="crs_not_metric"):
        store.set_epsg(4326)
    with pytest.raises(InputError, match="crs_unknown"):
        store.set_epsg(1)
    store.set_epsg(9218)
    store.set_epsg(32648)
    assert store.epsg == 9218


@pytest.mark.parametrize(
    ("spoil", "error", "code"),
    [
        (lambda path: (path / "study.json").unlink(), NotFoundError, "study_missing"),
        (lambda path: (path / "study.json").write_text("{"), StudyError, "study_broken"),
        (lambda path: (path / "study.json").write_text("[]"), StudyError, "study_broken"),
        (lambda path: (path / "study.json").write_text('{"format": 99}'), StudyError, "study_version"),
    ],
)
def test_what_is_no_study_is_refused(store, spoil, error, code) -> None:
    spoil(store.path)
    with pytest.raises(error) as refused:
        FolderStore.open(store.path)
    assert refused.value.code == code


def test_broken_method_and_wrong_frames_are_refused(store, tmp_path) -> None:
    (store.path / "method.json").write_text("?")
    with pytest.raises(StudyError, match="study_broken"):
        store.method()
    with pytest.raises(InputError, match="layer_crs"):
        store.put_table("places", places(1).to_crs(32648), LayerMeta("places", "v1"))
    with pytest.raises(StudyError, match="study_exists"):
        FolderStore.create(store.path, name="again")
    with pytest.raises(InputError, match="study_name_empty"):
        FolderStore.create(tmp_path / "t", name=" ")
    with pytest.raises(InputError, match="crs_not_metric"):
        FolderStore.create(tmp_path / "t", name="t", epsg=4326)
    assert not (tmp_path / "t").exists()


def test_a_record_survives_json() -> None:
    meta = LayerMeta("places", "a.csv", "1", "2", 3, "now", True, ("x",), {"n": np.float64(1.5)})
    assert meta_from_json(meta.to_json()) == replace(meta, notes={"n": 1.5})
    assert orjson.loads(meta.to_json())["assumed"] == ["x"]
