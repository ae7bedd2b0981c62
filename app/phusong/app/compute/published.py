"""Results on disk: written aside, then put in place by one rename, so that readers see all or nothing."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy.typing as npt
import orjson
import pandas as pd

from phusong.coverage.errors import InputError, NotFoundError
from phusong.geodata.store.arrays import map_arrays
from phusong.geodata.store.atomic import write_bytes_atomic
from phusong.geodata.store.folder import FolderStore

SIGNAL = "signal"
"""Folder beside the runs that holds the stacks they share."""
JSON_COLUMNS = ("reason", "nearest")


def current_run(store: FolderStore) -> str | None:
    """Id of the run whose results are in place; None when nothing was computed."""
    pointer = store.results_dir / "current.json"
    if not pointer.exists():
        return None
    run = str(orjson.loads(pointer.read_bytes())["run"])
    return run if (store.results_dir / run / "results.json").exists() else None


def run_dir(store: FolderStore) -> Path:
    """Folder of the current results.

    Raises
    ------
    NotFoundError
        ``results_missing`` when nothing was computed.
    """
    run = current_run(store)
    if run is None:
        raise NotFoundError("results_missing", study=store.name)
    return store.results_dir / run


def run_arrays(store: FolderStore, file: str) -> dict[str, npt.NDArray[Any]]:
    """Map the arrays of a file of the current results.

    Raises
    ------
    NotFoundError
        ``results_missing`` when nothing was computed.
    InputError
        ``results_outdated`` for results of a version that did not write the file.
    FileNotFoundError
        When a computation replaced the results meanwhile.
    """
    folder = run_dir(store)
    try:
        return map_arrays(folder / file)
    except FileNotFoundError as error:
        if (folder / "results.json").exists():
            raise InputError("results_outdated", study=store.name) from error
        raise


@contextmanager
def publishing(store: FolderStore, run: str) -> Iterator[Path]:
    """Give a folder to write a run into; put it in place when the block ends without an error."""
    aside = store.results_dir / f".{run}.{os.getpid()}.part"
    store.results_dir.mkdir(parents=True, exist_ok=True)
    _sweep_aside(store)
    aside.mkdir()
    try:
        yield aside
        _put_in_place(store, run, aside)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _put_in_place(store: FolderStore, run: str, aside: Path) -> None:
    target = store.results_dir / run
    if target.exists():
        shutil.rmtree(target)
    aside.replace(target)
    write_bytes_atomic(store.results_dir / "current.json", orjson.dumps({"run": run}))
    for old in store.results_dir.iterdir():
        if old.is_dir() and old.name not in (run, SIGNAL):
            shutil.rmtree(old, ignore_errors=True)


def _sweep_aside(store: FolderStore) -> None:
    """Remove what killed runs left; the caller holds the study's lock."""
    for left in store.results_dir.glob(".*.part"):
        shutil.rmtree(left, ignore_errors=True)


def load_results(store: FolderStore) -> dict[str, Any]:
    """Read the current results document."""
    record: dict[str, Any] = orjson.loads((run_dir(store) / "results.json").read_bytes())
    return record


def village_frame(store: FolderStore) -> gpd.GeoDataFrame:
    """Read the current village table, lon/lat, JSON columns as text.

    Raises
    ------
    NotFoundError
        ``results_missing``; ``layer_missing`` where the study was computed without villages.
    """
    path = run_dir(store) / "villages.parquet"
    if not path.exists():
        raise NotFoundError("layer_missing", layer="villages")
    return gpd.read_parquet(path)


def load_villages(
    store: FolderStore, *, status: Sequence[str] | None, commune_code: str | None
) -> dict[str, Any]:
    """Read settlements with status and reason, those with most households left out first."""
    frame = village_frame(store)
    if status is not None:
        frame = frame[frame["status"].isin(list(status))]
    if commune_code is not None:
        frame = frame[frame["commune_code"] == commune_code]
    frame = frame.sort_values(["households_left_out", "village_id"], ascending=[False, True])
    results = load_results(store)
    return {
        "run": results["run"],
        "method": results["method"],
        "count": len(frame),
        "villages": [village_record(row) for row in frame.to_dict("records")],
    }


def village_record(row: Mapping[str, Any]) -> dict[str, Any]:
    """Turn a row of the village table into plain values for JSON."""
    record = {name: _plain(name, value) for name, value in row.items() if name != "geometry"}
    point = row["geometry"]
    located = point is not None and not point.is_empty
    return {**record, "lon": point.x if located else None, "lat": point.y if located else None}


def _plain(name: str, value: Any) -> Any:  # noqa: ANN401 - a cell of a table
    if value is None or value is pd.NaT or (not isinstance(value, str) and pd.isna(value)):
        return None
    if name in JSON_COLUMNS:
        return orjson.loads(value)
    return value.item() if hasattr(value, "item") else value
