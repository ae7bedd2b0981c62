"""The study that a server has open: the snapshot that fits what is on disk."""

from __future__ import annotations

import contextlib
import os
import threading
from pathlib import Path

from phusong.app.api.snapshot import Snapshot, Stamp
from phusong.app.study import open_study


class StudySource:
    """The study of a server; hands out the snapshot that fits what is on disk now.

    Parameters
    ----------
    path : Path
        Folder of the study.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._snapshot = Snapshot(open_study(path), _stamp(path))

    def standing(self) -> Snapshot | None:
        """Return the snapshot if it still fits what is on disk, without ever making one."""
        snapshot = self._snapshot
        return snapshot if snapshot.stamp == _stamp(self._path) else None

    def current(self) -> Snapshot:
        """Return the snapshot; a new one when a computation or an import has replaced files."""
        stamp = _stamp(self._path)
        snapshot = self._snapshot
        if snapshot.stamp == stamp:
            return snapshot
        with self._lock:
            if self._snapshot.stamp != stamp:
                self._snapshot = Snapshot(open_study(self._path), stamp)
            return self._snapshot


def _stamp(path: Path) -> Stamp:
    """State of the files that are replaced whenever the study changes."""
    files = [path / name for name in ("study.json", "method.json", "results/current.json")]
    found = []
    with contextlib.suppress(FileNotFoundError), os.scandir(path / "layers") as entries:
        # Every request asks, so nothing is made of the names.
        found += sorted(_state(entry) for entry in entries if entry.name.endswith(".json"))
    for file in files:
        with contextlib.suppress(FileNotFoundError):
            found.append(_state(file))
    return tuple(found)


def _state(file: Path | os.DirEntry[str]) -> tuple[str, int, int, int]:
    status = file.stat()
    return file.name, status.st_mtime_ns, status.st_size, status.st_ino
