"""Earlier versions of layers: a few of each, to bring back what an import replaced.

``layers/history/LAYER/NUMBER.json`` is the record of a version and names its data file in the same folder.
A version is kept before the layer's record is replaced, so a write that is killed leaves at most a version
that says the same as the layer, and such a one is passed over.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from phusong.geodata.store.atomic import write_bytes_atomic

VERSIONS_KEPT = 3


@dataclass(frozen=True, slots=True)
class Version:
    """An earlier version of a layer.

    Attributes
    ----------
    number : int
        Counts up; the newest has the greatest.
    record : mapping
        As beside the layer, with ``file``.
    data : Path
    """

    number: int
    record: Mapping[str, Any]
    data: Path


def keep_version(layers: Path, layer: str, record: Mapping[str, Any], *, kept: int = VERSIONS_KEPT) -> None:
    """Keep the present version of a layer; the oldest ones beyond `kept` go.

    Parameters
    ----------
    layers : Path
        Folder of the layers.
    layer : str
    record : mapping
        The present record; its data file lies in `layers`.
    kept : int
    """
    data = layers / str(record["file"])
    if not data.is_file():
        return
    folder = layers / "history" / layer
    folder.mkdir(parents=True, exist_ok=True)
    earlier = versions(layers, layer)
    if earlier and _is_same(earlier[0].record, record):
        return
    _link(data, folder / data.name)
    number = earlier[0].number + 1 if earlier else 1
    write_bytes_atomic(folder / f"{number}.json", orjson.dumps(dict(record), option=orjson.OPT_INDENT_2))
    for old in earlier[kept - 1 :]:
        (folder / f"{old.number}.json").unlink(missing_ok=True)
    _sweep(folder, {version.data.name for version in versions(layers, layer)})


def versions(layers: Path, layer: str) -> list[Version]:
    """Return the versions of a layer that can be brought back, newest first."""
    folder = layers / "history" / layer
    found = []
    for path in folder.glob("*.json"):
        if not path.stem.isdecimal():
            continue
        try:
            record = orjson.loads(path.read_bytes())
        except (OSError, orjson.JSONDecodeError):
            continue
        if isinstance(record, dict) and (folder / str(record.get("file"))).is_file():
            found.append(Version(int(path.stem), record, folder / str(record["file"])))
    return sorted(found, key=lambda version: -version.number)


def other_versions(layers: Path, layer: str, present: Mapping[str, Any]) -> list[Version]:
    """Return the versions that differ from the present one, newest first."""
    return [one for one in versions(layers, layer) if not _is_same(one.record, present)]


def drop_version(version: Version) -> None:
    """Forget a version."""
    (version.data.parent / f"{version.number}.json").unlink(missing_ok=True)


def _is_same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return one.get("content_sha256") == other.get("content_sha256")


def _link(data: Path, target: Path) -> None:
    """Give a data file a second name; copy it where the file system knows no second names."""
    if target.exists():
        return
    try:
        os.link(data, target)
    except OSError:
        aside = target.with_name(f".{target.stem}.{os.getpid()}.part{target.suffix}")
        shutil.copyfile(data, aside)
        aside.replace(target)


def _sweep(folder: Path, named: set[str]) -> None:
    for path in folder.iterdir():
        if path.suffix != ".json" and path.name not in named:
            path.unlink(missing_ok=True)
