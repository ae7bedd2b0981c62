"""Workers in other processes: the same hashes, whatever happens to them."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import geopandas as gpd
import numpy as np
import orjson
import pytest
from distributed import LocalCluster
from tests.app import worlds

from phusong.app.cli import run
from phusong.app.compute.inputs import load_inputs
from phusong.app.compute.parcel import Parcel, Refusal, Workbench, packed, software
from phusong.app.compute.pools import checked_workers
from phusong.app.settings import Settings
from phusong.app.study import Study, open_study
from phusong.coverage.errors import InputError, NotFoundError, PhuSongError, StudyError
from phusong.coverage.method import method_from_dict

MASTS = [(1500 + 3000 * (i % 4), 1500 + 3000 * (i // 4)) for i in range(12)]


def make_study(path: Path) -> Study:
    """A rough plain with two communes, nine villages and a dozen masts of two carriers."""
    store = worlds.empty_study(path, method={"max_radius_km": {"low": 4.0, "mid": 3.0}, "min_sinr_db": -6.0})
    side = worlds.SIDE_CELLS
    worlds.put_terrain(store, np.random.default_rng(7).normal(120, 20, (side, side)))
    communes = [{"commune_code": code, "name": code, "population": 900} for code in ("00001", "00002")]
    worlds.put(store, "communes", communes, [worlds.square(300, 300, 5400), worlds.square(6000, 3000, 5400)])
    places = [(900 + 1200 * i, 900 + 1100 * i) for i in range(9)]
    villages = [
        {"village_id": f"v{i}", "name": f"Bản {i}", "commune_code": "00001", "households": 10 + i}
        for i in range(9)
    ]
    worlds.put(store, "villages", villages, [worlds.point(*place) for place in places])
    sites = [worlds.point(*mast) for mast in MASTS]
    worlds.put(store, "sites", [{"site_id": f"s{i}"} for i in range(len(MASTS))], sites)
    cells = [
        worlds.cell(f"s{i}-{mhz}", site_id=f"s{i}", frequency_mhz=mhz, power_dbm=46.0 - i)
        for i in range(len(MASTS))
        for mhz in (900.0, 1800.0)
    ]
    worlds.put(store, "cells", cells, [site for site in sites for _ in range(2)])
    return open_study(path)


def hashes(study: Study) -> dict[str, str]:
    """Hash of everything a run leaves: figures, villages, stacks, losses, maps."""
    results = study.store.results_dir
    run_dir = results / str(study.describe()["run"])
    record = study.results()
    del record["computed_on"], record["method"]["computed_on"]
    contents = {"results": orjson.dumps(record, option=orjson.OPT_SORT_KEYS)}
    villages = gpd.read_parquet(run_dir / "villages.parquet")
    contents["villages"] = villages.to_wkt().to_csv().encode()
    for folder in (results / "signal", study.store.cache_dir / "loss"):
        contents |= {file.name: file.read_bytes() for file in folder.rglob("*.bin")}
    return {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What one process computes."""
    study = make_study(tmp_path_factory.mktemp("alone") / "a")
    study.compute()
    return hashes(study)


class Killer:
    """Kills a worker with SIGKILL as soon as the first answer of a stage is back."""

    def __init__(self, study: Study) -> None:
        self._study = study
        self.killed: list[int] = []
        self.losses_then: list[int] = []

    def __call__(self, stage: str, done: int, _total: int) -> None:
        if stage not in ("losses", "blocks") or done > 0:
            return
        self.losses_then.append(len(list((self._study.store.cache_dir / "loss").rglob("*.bin"))))
        pids = [child.pid for child in multiprocessing.active_children() if child.pid not in self.killed]
        assert pids[0] is not None
        os.kill(pids[0], signal.SIGKILL)
        self.killed.append(pids[0])


def test_two_processes_give_the_hashes_of_one(tmp_path: Path, alone: dict[str, str]) -> None:
    study = make_study(tmp_path / "b")
    report = study.compute(workers=2)
    assert report.masts_computed == len(MASTS)
    assert hashes(study) == alone
    assert multiprocessing.active_children() == []
    assert not list((study.store.cache_dir / "parcels").iterdir())


def test_killed_workers_lose_nothing(
    tmp_path: Path, alone: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("phusong.app.compute.cluster.LEAST_AHEAD", 6)  # half the masts wait for an answer
    study = make_study(tmp_path / "b")
    killer = Killer(study)
    study.compute(workers=2, progress=killer)
    assert len(killer.killed) == 2
    assert killer.losses_then[0] < 2 * len(MASTS), "the workers were killed after their work"
    assert hashes(study) == alone
    assert multiprocessing.active_children() == []


def _is_gone(group: int) -> bool:
    """Tell whether a group of processes ends; its last member cleans up after the others."""
    for _ in range(100):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.1)
    return False


def test_ctrl_c_ends_the_workers_and_the_run_goes_on(tmp_path: Path, alone: dict[str, str]) -> None:
    study = make_study(tmp_path / "b")
    code = (
        "import signal, sys; from phusong.app.study import open_study\n"
        # What is started in the background by a shell ignores Ctrl-C, and so would this.
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "def tell(stage, done, total):\n"
        "    print(stage, done, flush=True)\n"
        "    if (stage, done) == ('losses', 1): sys.stdin.read()\n"
        "open_study(sys.argv[1]).compute(workers=2, progress=tell)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(study.store.path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    for line in process.stdout:
        if line.split() == ["losses", "1"]:
            os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to the whole group
            break
    _, told = process.communicate(timeout=30)
    assert told.count("Traceback") == 1 and told.rstrip().endswith("KeyboardInterrupt")
    assert _is_gone(process.pid)
    assert not list((study.store.cache_dir / "parcels").iterdir())
    study.compute()
    assert hashes(study) == alone


def test_a_scheduler_elsewhere_gives_the_same(tmp_path: Path, alone: dict[str, str]) -> None:
    study = make_study(tmp_path / "b")
    with LocalCluster(
        n_workers=1,
        threads_per_worker=2,
        processes=False,
        protocol="tcp://",
        host="127.0.0.1",
        dashboard_address="127.0.0.1:0",
        worker_dashboard_address="127.0.0.1:0",
    ) as cluster:
        study.compute(workers=cluster.scheduler_address)
        assert study.compute(workers=cluster.scheduler_address).was_current
    assert hashes(study) == alone


def test_a_wrong_address_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("phusong.app.compute.cluster.CONNECT_S", 0.5)
    make_study(tmp_path / "b")
    with socket.socket() as taken:  # bound, but nobody listens
        taken.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{taken.getsockname()[1]}"
        arguments = ["compute", "--study", str(tmp_path / "b"), "--workers", address]
        assert run(arguments, Settings(lang="en")) == 1
    assert address in capsys.readouterr().err
    assert open_study(tmp_path / "b").describe()["state"] == "empty"


@pytest.mark.parametrize(
    "workers",
    [
        *(0, -1, 10**30, "0", "-2", "99999", "abc", "", "1e3", "2.5", "٢"),
        *("http://h:80", "tcp://h", "tcp://h:0", "tcp://h:65536", "tcp://:8786", "tcp://h:8786/x", "h:8786"),
    ],
)
def test_workers_that_make_no_sense_are_refused(workers: int | str) -> None:
    with pytest.raises(InputError, match="workers_"):
        checked_workers(workers)


@pytest.mark.parametrize(
    "workers", [1, "2", " 8 ", "tcp://10.0.0.5:8786", "tls://may-1.example:1", "tcp://[::1]:80"]
)
def test_workers_that_make_sense(workers: int | str) -> None:
    assert str(checked_workers(workers)) == str(workers).strip()


def _bench() -> Workbench:
    bench = Workbench()
    bench.setup(SimpleNamespace(address="tcp://w:1"))  # type: ignore[arg-type]
    return bench


def _cells(task: str, *, inputs: Any) -> tuple[str, list[str]]:
    if task == "refused":
        raise NotFoundError("cell_unknown", cell_id=task)
    return task, [cell.cell_id for cell in inputs.cells]


def test_layers_are_read_by_the_worker_not_sent(tmp_path: Path) -> None:
    store = make_study(tmp_path / "b").store
    inputs = load_inputs(store)
    with packed(store, _cells, {"inputs": inputs}) as parcel:
        assert Path(parcel.path).stat().st_size < 1000
        assert _bench().carry_out(parcel, "x") == ("x", [cell.cell_id for cell in inputs.cells])
    assert not Path(parcel.path).exists()


def test_what_the_work_refuses_comes_back(tmp_path: Path) -> None:
    store = make_study(tmp_path / "b").store
    with packed(store, _cells, {"inputs": load_inputs(store)}) as parcel:
        refusal = _bench().carry_out(parcel, "refused")
    assert isinstance(refusal, Refusal)
    error = refusal.error()
    assert type(error) is NotFoundError
    assert (error.code, error.parameters) == ("cell_unknown", {"cell_id": "refused"})


def _refusal(parcel: Parcel) -> PhuSongError:
    refusal = _bench().carry_out(parcel, "x")
    assert isinstance(refusal, Refusal)
    return refusal.error()


def _other_method(store: Any, parcel: Parcel) -> Parcel:
    store.set_method(method_from_dict({**store.method().as_dict(), "load": 0.9}))
    return parcel


def _damaged(_store: Any, parcel: Parcel) -> Parcel:
    Path(parcel.path).write_bytes(b"other")
    return parcel


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda _, parcel: replace(parcel, software=software() + "x"), "worker_engine"),
        (lambda _, parcel: replace(parcel, path=parcel.path + "x"), "worker_folder"),
        (_damaged, "worker_folder"),
        (_other_method, "worker_folder"),
    ],
    ids=["engine", "folder", "damaged", "other-study"],
)
def test_an_unfit_worker_refuses(tmp_path: Path, change: Callable[[Any, Parcel], Parcel], code: str) -> None:
    store = make_study(tmp_path / "b").store
    with packed(store, _cells, {"inputs": load_inputs(store)}) as parcel:
        error = _refusal(change(store, parcel))
    assert isinstance(error, StudyError) and error.code == code


def test_a_worker_that_reads_other_cells_refuses(tmp_path: Path) -> None:
    store = make_study(tmp_path / "b").store
    inputs = load_inputs(store)
    moved = replace(
        inputs, cells=(replace(inputs.cells[0], x_m=inputs.cells[0].x_m + 0.001), *inputs.cells[1:])
    )
    with packed(store, _cells, {"inputs": moved}) as parcel:
        assert _refusal(parcel).code == "worker_cells"
