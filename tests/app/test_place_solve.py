"""``phusong place solve`` as scripts use it: one JSON object, words on stderr, files that lie."""

from __future__ import annotations

import io
import json
import os
import pickle
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from phusong.app.cli import run
from phusong.app.settings import Settings
from phusong.coverage.placement.generator import Landscape, generate_instance

INDPTR, IND = np.array([0, 4, 7, 10]), np.array([0, 1, 2, 3, 0, 1, 4, 2, 3, 5])
WEIGHT, COST = np.array([2.0, 2, 2, 2, 1, 1]), np.array([1.0, 1, 1])


def solve(*arguments: object) -> int:
    return run(["place", "solve", *map(str, arguments)], Settings(lang="en"))


def written(path: Path, **arrays: Any) -> Path:
    given = {"indptr": INDPTR, "ind": IND, "w": WEIGHT, "cost": COST} | arrays
    np.savez(path, **{name: array for name, array in given.items() if array is not None})
    return path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return written(tmp_path / "instance.npz")


def test_most_weight_for_sites(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert solve(file, "--sites", 2, "--json") == 0
    said = capsys.readouterr()
    answer = json.loads(said.out)
    assert sorted(answer["chosen"]) == [1, 2]
    assert (answer["value"], answer["bound"], answer["gap"], answer["status"]) == (10.0, 10.0, 0.0, "proved")
    assert (answer["objective"], answer["cost"], answer["total_weight"]) == ("weight", 2.0, 10.0)
    assert [step["served_weight"] for step in answer["curve"]] == [5.0, 10.0]
    assert next(step["stage"] for step in answer["trace"]) == "greedy"
    assert "greedy" in said.err


def test_most_weight_for_money_and_least_cost(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert solve(file, "--budget", 1, "--json") == 0
    assert json.loads(capsys.readouterr().out)["chosen"] == [0]
    assert solve(file, "--reach", "80%", "--json") == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["objective"], answer["value"], answer["chosen"]) == ("cost", 1.0, [0])


def test_all_that_can_be_served_at_least_cost(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = written(tmp_path / "far.npz", w=np.append(WEIGHT, 10.0))
    assert solve(file, "--reach", "all", "--json") == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["objective"], answer["value"], answer["served_weight"]) == ("cost", 2.0, 10.0)
    assert (answer["status"], answer["bound"]) == ("proved", 2.0)


CLASHES = {
    "forbidden": ({"forbidden": np.array([1, 1, 0])}, ("50.00", "100.00", "must not be built")),
    "place": ({"place": np.array([4, 4, 4])}, ("80.00", "100.00", "one option a place")),
    "near": ({"conflicts": np.array([[0, 1], [1, 2], [0, 2]])}, ("80.00", "100.00", "minimum distance")),
    "area": ({"area": np.zeros(3, int), "area_limit": np.array(1)}, ("80.00", "100.00", "at most 1 new")),
}


@pytest.mark.parametrize("name", CLASHES)
def test_targets_that_clash_with_constraints_name_them(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arrays, words = CLASHES[name]
    assert solve(written(tmp_path / "clash.npz", **arrays), "--reach", "90") == 1
    told = capsys.readouterr().err
    assert all(word in told for word in words), told


def test_words(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert solve(file, "--sites", 2, "--gap", "0.5%") == 0
    told = capsys.readouterr().out
    assert "Serves 10.00" in told and "proved optimal" in told
    assert told.count("site ") == 2


def test_side_constraints_of_the_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = written(
        tmp_path / "sides.npz",
        covered=np.array([1, 0, 0, 0, 0, 0]),
        place=np.array([-1, 4, 4]),
        conflicts=np.array([[0, 1]]),
        area=np.array([0, 1, 0]),
        area_limit=np.array(1),
    )
    assert solve(file, "--sites", 3, "--json") == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["chosen"] == [0]
    assert answer["value"] == 8.0


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("--sites", 1, "--budget", 1),
        ("--sites", -1),
        ("--budget", "nan"),
        ("--reach", "120"),
        ("--reach", "many"),
        ("--sites", 1, "--gap", "-1"),
        ("--sites", 1, "--time-limit", "inf"),
    ],
)
def test_requests_that_make_no_sense(
    file: Path, options: tuple[object, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert solve(file, *options) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.strip()


def test_reach_beyond_what_can_be_served_says_how_much_can(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = written(tmp_path / "far.npz", w=np.append(WEIGHT, 10.0))
    assert solve(file, "--reach", "60") == 1
    assert "50" in capsys.readouterr().err


HOSTILE = {
    "negative weight": {"w": -WEIGHT},
    "weight that is no number": {"w": np.full(6, np.nan)},
    "cost without end": {"cost": np.full(3, np.inf)},
    "words": {"w": np.array(["a"] * 6)},
    "complex": {"cost": COST + 1j},
    "fractions as indices": {"ind": IND + 0.5},
    "index out of range": {"ind": IND + 3},
    "negative index": {"ind": IND - 1},
    "index past 64 bits": {"ind": np.where(IND == 5, np.uint64(2**64 - 1), IND.astype(np.uint64))},
    "rows that fall": {"indptr": np.array([0, 7, 4, 10])},
    "rows that end early": {"indptr": np.array([0, 4, 7, 9])},
    "rows missing": {"indptr": INDPTR[:-1]},
    "table of weights": {"w": WEIGHT.reshape(2, 3)},
    "no costs": {"cost": None},
    "half covered": {"covered": np.full(6, 0.5)},
    "covered of another size": {"covered": np.zeros(5, bool)},
    "place of another size": {"place": np.zeros(2, int)},
    "conflict with nobody": {"conflicts": np.array([[0, 9]])},
    "conflicts in one row": {"conflicts": np.array([0, 1])},
    "forced beyond": {"forced": np.array([3])},
    "area without a limit": {"area": np.zeros(3, int)},
    "limit without areas": {"area_limit": np.array(1)},
    "weights past all sums": {"w": np.full(6, 1e308)},
    "negative cost": {"cost": -COST},
    "two limits": {"area": np.zeros(3, int), "area_limit": np.array([1, 2])},
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_arrays(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = written(tmp_path / "hostile.npz", **HOSTILE[name])
    assert solve(file, "--sites", 1) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.strip() and "Internal" not in said.err and "errors." not in said.err


class Trap:
    """Unpickling this would write a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return (Path.touch, (self.path,))


def _npy(header: str, body: bytes = b"") -> bytes:
    stream = io.BytesIO()
    padded = header.ljust(117) + "\n"
    stream.write(b"\x93NUMPY\x01\x00" + len(padded).to_bytes(2, "little") + padded.encode() + body)
    return stream.getvalue()


@pytest.mark.parametrize(
    "member",
    [
        _npy("{'descr': '<f8', 'fortran_order': False, 'shape': (4611686018427387904,), }"),
        _npy("{'descr': '<f8', 'fortran_order': False, 'shape': (6,), }", b"\0" * 40),
        _npy("{'descr': '<f8', 'shape': __import__('os').abort(), }"),
        b"\x93NUMPY\x09\x00",
        b"",
    ],
)
def test_arrays_that_lie(member: bytes, file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with zipfile.ZipFile(file) as archive:
        kept = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in (kept | {"w.npy": member}).items():
            archive.writestr(name, data)
    assert solve(file, "--sites", 1) == 1
    assert "Internal" not in capsys.readouterr().err


def test_files_that_are_no_archives(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    trap = tmp_path / "sprung"
    objects = tmp_path / "objects.npz"
    np.savez(objects, indptr=INDPTR, ind=IND, cost=COST, w=np.array([Trap(trap)] * 6, dtype=object))
    text, bare, cut = tmp_path / "text.npz", tmp_path / "bare.npz", tmp_path / "cut.npz"
    text.write_text("indptr,ind\n")
    bare.write_bytes(pickle.dumps(Trap(trap)))
    cut.write_bytes(written(tmp_path / "whole.npz").read_bytes()[:-40])
    for file in (objects, text, bare, cut, tmp_path / "absent.npz", tmp_path):
        assert solve(file, "--sites", 1) == 1
        assert "Internal" not in capsys.readouterr().err
    assert not trap.exists()


def test_ctrl_c_prints_the_best_answer_so_far(tmp_path: Path) -> None:
    instance = generate_instance(Landscape(1_200, 40_000, in_cities=0.9, reach_m=9_000, grid_cells=1024))
    file = tmp_path / "hard.npz"
    np.savez(
        file,
        indptr=instance.indptr,
        ind=instance.demand_index,
        w=instance.demand_weight,
        cost=instance.site_cost,
    )
    command = [sys.executable, "-c", "from phusong.app.cli import main; main()", "place", "solve", str(file)]
    process = subprocess.Popen(
        [*command, "--sites", "60", "--time-limit", "600", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PHUSONG_LANG": "en"},
    )
    assert process.stderr is not None
    assert process.stderr.readline()  # it has an answer
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    answer = json.loads(out)
    assert answer["status"] == "cancelled"
    assert len(answer["chosen"]) == 60
    assert 0 < answer["value"] <= answer["bound"]
