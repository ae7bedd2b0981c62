"""Arrays on disk that are mapped, not read: losses of masts, stacks of servers, and what else is large.

A file is a small header (names, types, shapes and places as JSON) and the arrays as they lie in memory,
each aligned to 64 bytes. It appears whole or not at all, and opening one costs no more than a page fault.
"""

from __future__ import annotations

import math
import mmap
import os
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson

from phusong.coverage.errors import StudyError

MAGIC = b"PSARRAY1"
ALIGNMENT = 64
HEAD_BYTES = 4096
"""Room for the header of a file of a few arrays."""


def write_arrays(path: Path, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
    """Write arrays into one file; its folder is made, an older file is replaced at once.

    Parameters
    ----------
    path : Path
    arrays : mapping of str to ndarray
        Plain numeric types.
    """
    header, places = _layout(arrays)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{uuid.uuid4().hex}.part")
    try:
        with partial.open("wb") as file:
            file.write(header)
            for array, place in zip(arrays.values(), places, strict=True):
                file.write(b"\0" * (place - file.tell()))
                file.write(np.ascontiguousarray(array).data.cast("B") if array.size else b"")
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _layout(arrays: Mapping[str, npt.NDArray[Any]]) -> tuple[bytes, list[int]]:
    """Header and the place of each array; places count from the end of the header's own room."""
    records = [[name, array.dtype.str, list(array.shape)] for name, array in arrays.items()]
    text = orjson.dumps(records)
    end = _aligned(len(MAGIC) + 8 + len(text))
    places = []
    for array in arrays.values():
        places.append(end)
        end = _aligned(end + array.nbytes)
    return MAGIC + len(text).to_bytes(8, "little") + text, places


def _aligned(place: int) -> int:
    return -(-place // ALIGNMENT) * ALIGNMENT


def map_arrays(path: Path, *, is_private: bool = False) -> dict[str, npt.NDArray[Any]]:
    """Map the arrays of a file, read-only.

    Parameters
    ----------
    path : Path
    is_private : bool
        Let them be written to in memory; pages that are get copied first, and the file stays as it is.

    Raises
    ------
    StudyError
        ``study_broken`` when the file is not one of ours or was cut short.
    FileNotFoundError
    """
    try:
        with path.open("rb") as file:
            access = mmap.ACCESS_COPY if is_private else mmap.ACCESS_READ
            whole = np.frombuffer(mmap.mmap(file.fileno(), 0, access=access), dtype=np.uint8)
    except ValueError as error:  # of an empty file
        raise StudyError("study_broken", path=str(path)) from error
    start = len(MAGIC) + 8
    if whole.size < start or whole[: len(MAGIC)].tobytes() != MAGIC:
        raise StudyError("study_broken", path=str(path))
    length = int.from_bytes(whole[len(MAGIC) : start].tobytes(), "little")
    try:
        records = orjson.loads(whole[start : start + length].tobytes())
        return _mapped(whole, records, _aligned(start + length))
    except ValueError as error:
        raise StudyError("study_broken", path=str(path)) from error


def _mapped(
    whole: npt.NDArray[np.uint8], records: list[tuple[str, str, list[int]]], place: int
) -> dict[str, npt.NDArray[Any]]:
    arrays = {}
    for name, kind, shape in records:
        dtype = np.dtype(kind)
        size = dtype.itemsize * math.prod(shape)
        arrays[name] = whole[place : place + size].view(dtype).reshape(shape)
        place = _aligned(place + size)
    return arrays


def is_whole(path: Path) -> bool:
    """Tell whether a file is there, one of ours and as long as its header says; only the header is read."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        start = len(MAGIC) + 8
        head = os.read(descriptor, HEAD_BYTES)
        length = int.from_bytes(head[len(MAGIC) : start], "little")
        size = os.fstat(descriptor).st_size
        if not head.startswith(MAGIC) or start + length > size:
            return False
        # A header longer than the room for it is read on.
        head += os.read(descriptor, max(0, start + length - len(head)))
        return size >= _end(orjson.loads(head[start : start + length]), start + length)
    except (ValueError, TypeError):
        return False
    finally:
        os.close(descriptor)


def _end(records: list[tuple[str, str, list[int]]], place: int) -> int:
    """Where the last array ends, after a header that ends at a place."""
    for _, kind, shape in records:
        place = _aligned(place) + np.dtype(kind).itemsize * math.prod(shape)
    return place


def read_first(path: Path, name: str) -> npt.NDArray[Any]:
    """Read the first item of one array of a file: for a small part, reading costs less than mapping.

    Raises
    ------
    StudyError
        ``study_broken`` when the file is not one of ours, was cut short or has no such array.
    FileNotFoundError
    """
    with path.open("rb", buffering=0) as file:
        head = file.read(HEAD_BYTES)
        start = len(MAGIC) + 8
        length = int.from_bytes(head[len(MAGIC) : start], "little")
        if not head.startswith(MAGIC) or start + length > len(head):
            raise StudyError("study_broken", path=str(path))
        place = _aligned(start + length)
        for kept, kind, shape in orjson.loads(head[start : start + length]):
            dtype = np.dtype(kind)
            if kept == name:
                file.seek(place)
                content = file.read(dtype.itemsize * math.prod(shape[1:]))
                if len(content) < dtype.itemsize * math.prod(shape[1:]):
                    break
                return np.frombuffer(content, dtype=dtype).reshape(shape[1:])
            place = _aligned(place + dtype.itemsize * math.prod(shape))
    raise StudyError("study_broken", path=str(path))
