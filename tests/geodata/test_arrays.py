"""Mapped arrays: what was written is what is read, and a broken file is said to be broken."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from phusong.coverage.errors import StudyError
from phusong.geodata.store.arrays import is_whole, map_arrays, read_first, write_arrays

ARRAYS = {
    "steps": np.arange(7, dtype=np.uint16),
    "nothing": np.empty((0, 3), dtype=np.float64),
    "area": np.arange(12, dtype=np.float32).reshape(3, 4)[:, ::2],
}


def test_arrays_come_back_as_they_were(tmp_path: Path) -> None:
    write_arrays(tmp_path / "deep" / "a.bin", ARRAYS)
    found = map_arrays(tmp_path / "deep" / "a.bin")
    assert list(found) == list(ARRAYS)
    for name, array in ARRAYS.items():
        assert found[name].dtype == array.dtype
        assert np.array_equal(found[name], array)
        assert not found[name].flags.writeable


def test_a_newer_file_takes_the_place_and_open_maps_stay(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    write_arrays(path, {"one": np.ones(1000)})
    before = map_arrays(path)["one"]
    write_arrays(path, {"one": np.zeros(1000)})
    assert (before == 1.0).all()
    assert (map_arrays(path)["one"] == 0.0).all()
    assert [one.name for one in tmp_path.iterdir()] == ["a.bin"]


@pytest.mark.parametrize("keep", [0, 4, 20, 90, -1])
def test_a_cut_file_is_broken(tmp_path: Path, keep: int) -> None:
    path = tmp_path / "a.bin"
    write_arrays(path, ARRAYS)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(StudyError, match="study_broken"):
        map_arrays(path)
    assert not is_whole(path)


def test_a_whole_file_is_told_from_its_header(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    assert not is_whole(path)
    for arrays in (ARRAYS, {f"array {k}": np.ones(k) for k in range(400)}):
        write_arrays(path, arrays)
        assert is_whole(path)
    path.write_bytes(path.read_bytes()[:16] + b"[nothing like it]" * 500)
    assert not is_whole(path)


def test_another_file_is_broken_and_none_is_missing(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(b"PK\x03\x04 something else entirely")
    with pytest.raises(StudyError, match="study_broken"):
        map_arrays(path)
    assert not is_whole(path)
    with pytest.raises(FileNotFoundError):
        map_arrays(tmp_path / "none.bin")


def test_the_first_item_of_an_array_is_read_alone(tmp_path: Path) -> None:
    stack = np.arange(3 * 40 * 50, dtype=np.int16).reshape(3, 40, 50)
    write_arrays(tmp_path / "a.bin", {"before": np.arange(5), "stack": stack, "after": np.ones(3)})
    first = read_first(tmp_path / "a.bin", "stack")
    assert first.dtype == stack.dtype
    assert np.array_equal(first, stack[0])
    with pytest.raises(StudyError, match="study_broken"):
        read_first(tmp_path / "a.bin", "other")


@pytest.mark.parametrize("kept_bytes", [0, 5, 12, 40, 1_000])
def test_a_file_cut_short_is_said_to_be_broken_when_read_too(tmp_path: Path, kept_bytes: int) -> None:
    path = tmp_path / "a.bin"
    write_arrays(path, {"stack": np.arange(4_000, dtype=np.int16).reshape(2, 2_000)})
    path.write_bytes(path.read_bytes()[:kept_bytes])
    with pytest.raises(StudyError, match="study_broken"):
        read_first(path, "stack")
