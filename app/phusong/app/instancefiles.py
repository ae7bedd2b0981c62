"""Instances of placement from ``.npz`` files, which may come from anywhere."""

from __future__ import annotations

import math
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from phusong.coverage.errors import NotFoundError, PlacementError
from phusong.coverage.placement.instance import CoverageInstance, SideConstraints, coverage_instance

NEEDED = ("indptr", "ind", "w", "cost")
OPTIONAL = ("covered", "place", "conflicts", "area", "area_limit", "forced", "forbidden")
LARGEST_BYTES = 4 * 2**30
"""All arrays together: four times the largest instance that the solvers are measured on, in 32 bits."""
Array = npt.NDArray[Any]


def read_instance(path: Path) -> tuple[CoverageInstance, SideConstraints]:
    """Read an instance and its side constraints.

    Parameters
    ----------
    path : Path
        Archive of NumPy arrays: CSR rows of sites by demand as ``indptr`` and ``ind``, weights ``w``, costs
        ``cost``; optionally ``covered``, ``place``, ``conflicts``, ``area``, ``area_limit``, ``forced``,
        ``forbidden`` (see `SideConstraints`).

    Returns
    -------
    tuple of CoverageInstance and SideConstraints
        Checked.

    Raises
    ------
    NotFoundError
        ``file_missing``.
    PlacementError
        ``place_file``, ``place_array_missing``, ``place_array_alone`` (``area`` without ``area_limit`` or
        the reverse), ``place_array``, ``place_file_large``, or what `coverage_instance` finds.
        Pickled objects are never opened.
    """
    if not path.is_file():
        raise NotFoundError("place_file_missing", file=path.name)
    arrays = _arrays(path)
    instance = coverage_instance(
        arrays["indptr"],
        arrays["ind"],
        _plain(arrays, "w", "iuf"),
        _plain(arrays, "cost", "iuf"),
        covered=_flags(arrays, "covered"),
    )
    return instance, _constraints(arrays)


def _arrays(path: Path) -> Mapping[str, Array]:
    try:
        with zipfile.ZipFile(path) as archive:
            held = {entry.filename: entry for entry in archive.infolist()}
            missing = [name for name in NEEDED if f"{name}.npy" not in held]
            if missing:
                raise PlacementError("place_array_missing", file=path.name, array=missing[0])
            wanted = [name for name in (*NEEDED, *OPTIONAL) if f"{name}.npy" in held]
            total = sum(held[f"{name}.npy"].file_size for name in wanted)
            if total > LARGEST_BYTES:
                raise PlacementError("place_file_large", file=path.name, bytes=total, allowed=LARGEST_BYTES)
            return {name: _array(archive, held[f"{name}.npy"], name) for name in wanted}
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise PlacementError("place_file", file=path.name) from error


def _array(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, name: str) -> Array:
    """Read one array after comparing what its header claims with what the archive holds."""
    try:
        with archive.open(entry) as stream:
            shape, dtype = _header(stream)
            if dtype.hasobject or math.prod(shape) * dtype.itemsize != entry.file_size - stream.tell():
                raise PlacementError("place_array", array=name, kind=str(dtype))
        with archive.open(entry) as stream:
            return np.lib.format.read_array(stream, allow_pickle=False)
    except (ValueError, MemoryError, OverflowError, SyntaxError, TypeError) as error:
        raise PlacementError("place_array", array=name, kind="?") from error


def _header(stream: IO[bytes]) -> tuple[tuple[int, ...], np.dtype[Any]]:
    if np.lib.format.read_magic(stream) == (1, 0):
        shape, _, dtype = np.lib.format.read_array_header_1_0(stream)
    else:
        shape, _, dtype = np.lib.format.read_array_header_2_0(stream)
    return shape, dtype


def _plain(arrays: Mapping[str, Array], name: str, kinds: str) -> Array:
    array = arrays[name]
    if array.dtype.kind not in kinds:
        raise PlacementError("place_array", array=name, kind=str(array.dtype))
    return array


def _flags(arrays: Mapping[str, Array], name: str) -> npt.NDArray[np.bool_] | None:
    if name not in arrays:
        return None
    array = _plain(arrays, name, "biu")
    if array.dtype.kind != "b" and np.any((array != 0) & (array != 1)):
        raise PlacementError("place_array", array=name, kind=str(array.dtype))
    return array.astype(np.bool_)


def _numbers(arrays: Mapping[str, Array], name: str) -> npt.NDArray[np.int32] | None:
    if name not in arrays:
        return None
    array = _plain(arrays, name, "iu")
    if array.size and (array.min() < -1 or array.max() > np.iinfo(np.int32).max):
        raise PlacementError("place_array", array=name, kind=str(array.dtype))
    return array.astype(np.int32)


def _constraints(arrays: Mapping[str, Array]) -> SideConstraints:
    for one, other in (("area", "area_limit"), ("area_limit", "area")):
        if one in arrays and other not in arrays:
            raise PlacementError("place_array_alone", array=one, needed=other)
    limit = _numbers(arrays, "area_limit")
    if limit is not None and limit.size != 1:
        raise PlacementError("place_shape", array="area_limit", size=limit.size, allowed=1)
    return SideConstraints(
        place=_numbers(arrays, "place"),
        conflicts=_numbers(arrays, "conflicts"),
        area=_numbers(arrays, "area"),
        area_limit=None if limit is None else int(limit.reshape(-1)[0]),
        forced=_numbers(arrays, "forced"),
        forbidden=_flags(arrays, "forbidden"),
    )
