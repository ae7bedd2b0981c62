"""Uploads of a study: a folder each beside the layers, never part of the study until they are imported.

``uploads/ID/upload.json`` is the record, ``uploads/ID/files/`` what was sent, ``uploads/ID/preview-*.json``
what an import would do with it. Who sends a file holds ``uploads/ID/.lock``: an upload without a record whose
lock is free was cut off, and is swept.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import time
import unicodedata
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import orjson

from phusong.coverage.errors import InputError, NotFoundError, PhuSongError, StudyError
from phusong.geodata.antennas import ANTENNA_ENDINGS
from phusong.geodata.importing import LAYERS
from phusong.geodata.rasterfiles import RASTER_ENDINGS
from phusong.geodata.readers import ENDINGS
from phusong.geodata.store.atomic import sync, write_bytes_atomic
from phusong.geodata.store.folder import FolderStore

LARGEST_UPLOAD_BYTES = 500_000_000
MOST_UPLOADS = 20
MOST_FILES = 500
KEPT_S = 24 * 3600.0
LONGEST_NAME = 100
SIDECARS = (".dbf", ".shx", ".prj", ".cpg", ".sbn", ".sbx", ".qix")
"""Parts of a Shapefile that are no tables of their own."""
_REFERRING = (".vrt",)
"""Files that only point at others, here or elsewhere: nothing a stranger may send."""
_RASTERS = tuple(ending for ending in RASTER_ENDINGS if ending not in _REFERRING)
_TABLES = (*ENDINGS, *SIDECARS)
_OWN_ENDINGS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"population": _RASTERS, "terrain": _RASTERS, "clutter": _RASTERS, "antennas": ANTENNA_ENDINGS}
)
_ID = re.compile(r"[0-9a-f]{32}")


class UploadTooLargeError(PhuSongError):
    """More was sent than an upload may hold."""


@dataclass(frozen=True, slots=True)
class UploadRecord:
    """Files that wait for a decision.

    Attributes
    ----------
    upload_id : str
    layer : str
        One of `importing.LAYERS`.
    created_at : str
        ISO 8601, UTC.
    files : tuple of mapping
        ``name`` and ``bytes`` of each, in the order they came.
    job_id : str or None
        Job that imports them, once they are accepted.
    """

    upload_id: str
    layer: str
    created_at: str
    files: tuple[Mapping[str, Any], ...] = ()
    job_id: str | None = None

    @property
    def size_bytes(self) -> int:
        """Size of all files."""
        return sum(int(file["bytes"]) for file in self.files)


def endings_of(layer: str) -> tuple[str, ...]:
    """Return the endings of the files a layer may come in.

    Raises
    ------
    InputError
        ``layer_unknown``.
    """
    if layer not in LAYERS:
        raise InputError("layer_unknown", value=layer[:80], allowed=", ".join(LAYERS))
    return _OWN_ENDINGS.get(layer, _TABLES)


def safe_name(name: str, *, layer: str) -> str:
    r"""Return a name to keep a file under: one part of a path, of letters, digits and ``._-()``, short.

    Parameters
    ----------
    name : str
        As the sender gives it; nothing of it but the last part is looked at.
    layer : str

    Raises
    ------
    InputError
        ``layer_unknown``; ``upload_format`` for an ending that the layer does not come in.

    Examples
    --------
    >>> safe_name("../../etc/Trạm 4G.XLSX", layer="sites"), safe_name("C:\\a\\b<c>.csv", layer="sites")
    ('Trạm 4G.xlsx', 'b_c_.csv')
    """
    allowed = endings_of(layer)
    last = unicodedata.normalize("NFC", name).replace("\\", "/").rsplit("/", 1)[-1]
    ending = max((one for one in allowed if last.lower().endswith(one)), key=len, default=None)
    if ending is None:
        told = Path(last).suffix[:20] or last[:20]
        raise InputError("upload_format", file=last[:80], value=told, allowed=" ".join(allowed))
    stem = re.sub(r"[^\w .()\-]", "_", last[: len(last) - len(ending)]).strip(" .")
    while len(stem.encode()) > LONGEST_NAME:
        stem = stem[:-1]
    return f"{stem or 'file'}{ending}"


@dataclass(frozen=True, slots=True)
class UploadDesk:
    """Takes, lists and removes uploads.

    Attributes
    ----------
    store : FolderStore
        The study.
    largest_bytes : int
        Most that an upload may hold, all its files together.
    """

    store: FolderStore
    largest_bytes: int = LARGEST_UPLOAD_BYTES

    @property
    def folder(self) -> Path:
        """Where the uploads are."""
        return self.store.path / "uploads"

    def get(self, upload_id: str) -> UploadRecord:
        """Read an upload.

        Raises
        ------
        NotFoundError
            ``upload_unknown``.
        """
        try:
            record = orjson.loads((self.place(upload_id) / "upload.json").read_bytes())
            return UploadRecord(**{**record, "files": tuple(record["files"])})
        except (FileNotFoundError, orjson.JSONDecodeError, TypeError, KeyError) as error:
            raise NotFoundError("upload_unknown", upload_id=upload_id[:40]) from error

    def all(self) -> list[UploadRecord]:
        """Return the uploads there are, the oldest first."""
        found = []
        for path in self.folder.glob("*/upload.json"):
            with suppress(NotFoundError):
                found.append(self.get(path.parent.name))
        return sorted(found, key=lambda one: (one.created_at, one.upload_id))

    def place(self, upload_id: str) -> Path:
        """Folder of an upload.

        Raises
        ------
        NotFoundError
            ``upload_unknown`` for what is no id.
        """
        if not _ID.fullmatch(upload_id):
            raise NotFoundError("upload_unknown", upload_id=upload_id[:40])
        return self.folder / upload_id

    def paths(self, upload_id: str) -> list[Path]:
        """Return the files to import, without the parts that belong to another file."""
        kept = [self.place(upload_id) / "files" / str(file["name"]) for file in self.get(upload_id).files]
        return [path for path in kept if path.suffix.lower() not in SIDECARS]

    @contextmanager
    def receiving(self, layer: str, filename: str, *, upload_id: str | None = None) -> Iterator[Receiver]:
        """Take a file, as a new upload or as one more of an upload; it is there once the block has ended.

        Raises
        ------
        InputError
            ``layer_unknown``, ``upload_format``.
        NotFoundError
            ``upload_unknown``.
        StudyError
            ``uploads_many``, ``upload_busy``.
        UploadTooLargeError
            ``upload_large``.
        """
        record = self._record(layer, upload_id)
        name = safe_name(filename, layer=record.layer)
        folder = self.place(record.upload_id)
        (folder / "files").mkdir(parents=True, exist_ok=True)
        with (folder / ".lock").open("w") as lock:
            _hold(lock.fileno())
            partial = folder / f".{uuid.uuid4().hex}.part"
            try:
                with partial.open("xb") as target:
                    receiver = Receiver(target, self.largest_bytes - record.size_bytes, self.largest_bytes)
                    yield receiver
                    target.flush()
                    os.fsync(target.fileno())
                partial.replace(folder / "files" / name)
                sync(folder / "files")
                known = [file for file in record.files if file["name"] != name]
                receiver.record = replace(
                    record, files=(*known, {"name": name, "bytes": receiver.written_bytes})
                )
                self._write(receiver.record)
            finally:
                partial.unlink(missing_ok=True)
                if upload_id is None and not (folder / "upload.json").exists():
                    shutil.rmtree(folder, ignore_errors=True)

    def note_job(self, upload_id: str, job_id: str) -> UploadRecord:
        """Note the job that imports an upload."""
        record = replace(self.get(upload_id), job_id=job_id)
        self._write(record)
        return record

    def remove(self, upload_id: str) -> None:
        """Remove an upload and all that was made of it."""
        self.get(upload_id)
        # The record goes first: without it there is no upload.
        (self.place(upload_id) / "upload.json").unlink(missing_ok=True)
        shutil.rmtree(self.place(upload_id), ignore_errors=True)

    def sweep(self, *, kept_s: float = KEPT_S) -> int:
        """Remove uploads that nobody decided on for a day, and those that were cut off; return how many."""
        gone = 0
        for folder in self.folder.glob("*/"):
            record = folder / "upload.json"
            with suppress(OSError):
                is_old = time.time() - (record if record.exists() else folder).stat().st_mtime > kept_s
                if is_old or (not record.exists() and _is_free(folder / ".lock")):
                    record.unlink(missing_ok=True)
                    shutil.rmtree(folder, ignore_errors=True)
                    gone += 1
                elif _is_free(folder / ".lock"):
                    for partial in folder.glob(".*.part"):
                        partial.unlink(missing_ok=True)
        return gone

    def _record(self, layer: str, upload_id: str | None) -> UploadRecord:
        if upload_id is None:
            endings_of(layer)
            if len(self.all()) >= MOST_UPLOADS:
                raise StudyError("uploads_many", allowed=MOST_UPLOADS)
            return UploadRecord(uuid.uuid4().hex, layer, self.store.clock())
        record = self.get(upload_id)
        if record.job_id is not None or len(record.files) >= MOST_FILES:
            raise StudyError("upload_busy", upload_id=upload_id)
        return record

    def _write(self, record: UploadRecord) -> None:
        text = orjson.dumps({**asdict(record), "files": list(record.files)}, option=orjson.OPT_INDENT_2)
        write_bytes_atomic(self.place(record.upload_id) / "upload.json", text)


class Receiver:
    """Writes what comes, up to a limit.

    Parameters
    ----------
    target : binary file
    room_bytes : int
        How much it may take.
    limit_bytes : int
        Limit to tell of.
    """

    def __init__(self, target: Any, room_bytes: int, limit_bytes: int) -> None:  # noqa: ANN401
        self._target = target
        self._room_bytes = room_bytes
        self._limit_bytes = limit_bytes
        self.written_bytes = 0
        self.record: UploadRecord | None = None

    def expect(self, size_bytes: int) -> None:
        """Refuse a size that the sender tells of before anything is sent.

        Raises
        ------
        UploadTooLargeError
            ``upload_large``.
        """
        if size_bytes > self._room_bytes:
            raise UploadTooLargeError("upload_large", allowed_mb=self._limit_bytes // 1_000_000)

    def write(self, piece: bytes) -> None:
        """Write a piece.

        Raises
        ------
        UploadTooLargeError
            ``upload_large``.
        """
        self.expect(self.written_bytes + len(piece))
        self._target.write(piece)
        self.written_bytes += len(piece)


def _hold(handle: int) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise StudyError("upload_busy", upload_id="") from error


def _is_free(lock: Path) -> bool:
    """Tell whether nobody holds a lock; a file that is not there is held by nobody."""
    try:
        with lock.open("r+") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True
