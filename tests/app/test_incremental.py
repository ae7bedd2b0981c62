"""Computing again, after a change, after a kill: always what a full recompute gives."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from tests.app import worlds

from phusong.app.study import Study, open_study
from phusong.coverage.errors import StudyError

MASTS = [(1500, 1500), (10500, 1500), (1500, 10500), (10500, 10500)]


def _study(path: Path, *, masts: list[tuple[float, float]], powers_dbm: list[float]) -> Study:
    store = worlds.empty_study(
        path, method={**worlds.NOISE_FREE, "max_radius_km": {"mid": 3.0}, "min_sinr_db": -6.0}
    )
    rng = np.random.default_rng(1)
    worlds.put_terrain(store, rng.normal(100, 15, (worlds.SIDE_CELLS, worlds.SIDE_CELLS)))
    _put_masts(store, masts, powers_dbm)
    return open_study(path)


def _put_masts(store, masts, powers_dbm) -> None:  # type: ignore[no-untyped-def]
    points = [worlds.point(*mast) for mast in masts]
    worlds.put(store, "sites", [{"site_id": f"s{i}"} for i in range(len(masts))], points)
    worlds.put(
        store, "cells", [worlds.cell(f"s{i}", power_dbm=power) for i, power in enumerate(powers_dbm)], points
    )


def _layers(study: Study) -> dict[str, np.ndarray]:
    rasters = study.coverage("4G")
    return {name: getattr(rasters, name) for name in ("rsrp_dbm", "sinr_db", "server", "served")}


def _assert_equal(left: Study, right: Study) -> None:
    ours, theirs = _layers(left), _layers(right)
    assert ours.keys() == theirs.keys()
    for name in ours:
        np.testing.assert_array_equal(ours[name], theirs[name], err_msg=name)
    assert left.results()["province"] == right.results()["province"]


def test_computing_again_does_nothing(tmp_path: Path) -> None:
    study = _study(tmp_path / "a", masts=MASTS, powers_dbm=[46.0] * 4)
    first = study.compute()
    stamp = (study.store.results_dir / "current.json").stat().st_mtime_ns
    again = study.compute()
    assert not first.was_current and again.was_current and again.run == first.run
    assert (study.store.results_dir / "current.json").stat().st_mtime_ns == stamp


@pytest.mark.parametrize(
    ("masts", "powers_dbm", "masts_computed"),
    [
        (MASTS, [46.0, 46.0, 46.0, 40.0], 0),
        ([*MASTS[:3], (9000.0, 9900.0)], [46.0] * 4, 1),
        (MASTS[:3], [46.0] * 3, 0),
        ([*MASTS, (6000.0, 6000.0)], [46.0] * 5, 1),
    ],
    ids=["power", "moved", "removed", "added"],
)
def test_a_changed_mast_costs_itself_and_equals_a_full_recompute(
    tmp_path: Path, masts: list[tuple[float, float]], powers_dbm: list[float], masts_computed: int
) -> None:
    study = _study(tmp_path / "a", masts=MASTS, powers_dbm=[46.0] * 4)
    study.compute()
    _put_masts(study.store, masts, powers_dbm)
    report = study.compute()
    assert report.masts_computed == masts_computed
    fresh = _study(tmp_path / "b", masts=masts, powers_dbm=powers_dbm)
    full = fresh.compute()
    assert report.blocks_composed <= full.blocks_composed
    _assert_equal(study, fresh)


def test_a_changed_threshold_needs_no_propagation(tmp_path: Path) -> None:
    from phusong.coverage.method import method_from_dict

    study = _study(tmp_path / "a", masts=MASTS, powers_dbm=[46.0] * 4)
    study.compute()
    record = study.store.method().as_dict()
    study.store.set_method(method_from_dict({**record, "threshold_dbm": {"4G": -90.0}}))
    report = study.compute()
    assert (report.masts_computed, report.blocks_composed) == (0, 0)


def test_a_killed_run_goes_on_where_it_was(tmp_path: Path) -> None:
    study = _study(tmp_path / "a", masts=MASTS, powers_dbm=[46.0] * 4)
    fresh = _study(tmp_path / "b", masts=MASTS, powers_dbm=[46.0] * 4)
    full = fresh.compute()
    code = (
        "import sys, time\n"
        "import phusong.app.compute.losses as losses\n"
        "from phusong.app.study import open_study\n"
        "write = losses.write_loss\n"
        "def slowly(path, loss):\n"
        "    time.sleep(0.5)\n"
        "    write(path, loss)\n"
        "losses.write_loss = slowly\n"
        "def tell(stage, done, total):\n"
        "    print(stage, done, flush=True)\n"
        "open_study(sys.argv[1]).compute(progress=tell)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path / "a")],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    for line in process.stdout:
        if line.split() == ["losses", "0"]:
            os.kill(process.pid, signal.SIGKILL)
            break
    process.wait()
    process.stdout.close()
    assert study.describe()["state"] == "empty"
    report = study.compute()
    assert 0 < report.masts_computed < full.masts_computed
    _assert_equal(study, fresh)


def test_one_run_at_a_time(tmp_path: Path) -> None:
    study = _study(tmp_path / "a", masts=MASTS, powers_dbm=[46.0] * 4)
    with study.store.lock(), pytest.raises(StudyError, match="study_locked"):
        study.compute()


def test_a_run_leaves_the_earlier_results_until_it_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = _study(tmp_path / "a", masts=MASTS, powers_dbm=[46.0] * 4)
    study.compute()
    before = study.results()
    _put_masts(study.store, MASTS, [40.0] * 4)

    def broken(*_: object, **__: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("phusong.app.compute.run.write_relief", broken)
    with pytest.raises(OSError, match="disk full"):
        study.compute()
    assert study.results() == before
    assert study.describe()["state"] == "stale"
    assert [path.name for path in study.store.results_dir.glob(".*")] == []


def test_a_study_can_be_moved(tmp_path: Path) -> None:
    study = _study(tmp_path / "a", masts=MASTS, powers_dbm=[46.0] * 4)
    study.compute()
    shutil.move(tmp_path / "a", tmp_path / "c")
    assert open_study(tmp_path / "c").compute().was_current
