"""Looks at an upload in a process of its own: what a hostile file does to a reader stays there.

Run as ``python -m phusong.app.uploading.reading STUDY FOLDER DIGEST`` with the question on standard input;
the answer is ``FOLDER/preview-DIGEST.json``.
"""

from __future__ import annotations

import hashlib
import os
import resource
import shutil
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import orjson

from phusong.app.uploading.desk import UploadDesk
from phusong.coverage.errors import InputError, LayerFileError
from phusong.geodata.importing import OWN_FORMATS
from phusong.geodata.previewing import Preview, preview_layer, problem_of
from phusong.geodata.store.atomic import write_bytes_atomic
from phusong.geodata.store.folder import FolderStore

MEMORY_BYTES = 6 << 30
"""Address space of the reader: three of them fit a machine that serves a province."""
CPU_S = 300
WALL_S = 420.0
LARGEST_FILE_BYTES = 4 << 30
_AT_ONCE = threading.BoundedSemaphore(2)
_CALM = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "GDAL_HTTP_TIMEOUT": "1"}


@dataclass(frozen=True, slots=True)
class Reading:
    """How to read an upload.

    Attributes
    ----------
    sheet, crs : str or None
    column_map : mapping of str to str
        Header to column.
    """

    sheet: str | None = None
    crs: str | None = None
    column_map: Mapping[str, str] = field(default_factory=dict)


def preview_upload(desk: UploadDesk, upload_id: str, reading: Reading) -> dict[str, Any]:
    """Tell what an import of an upload would do; kept, so the same question costs nothing again.

    Returns
    -------
    dict
        As `Preview.as_dict`. A file that no reader survives is told of in ``problem``.

    Raises
    ------
    NotFoundError
        ``upload_unknown``.
    """
    record = desk.get(upload_id)
    folder = desk.place(upload_id)
    question = {"layer": record.layer, "files": list(record.files), **asdict(reading)}
    digest = _digest({**question, "study": _state(desk.store)})
    answer = folder / f"preview-{digest}.json"
    with _AT_ONCE:
        if not answer.is_file():
            _ask(desk, folder, digest, question)
    if answer.is_file():
        kept: dict[str, Any] = orjson.loads(answer.read_bytes())
        return kept
    desk.get(upload_id)  # gone meanwhile?
    heavy = LayerFileError("file_heavy", file=", ".join(str(file["name"]) for file in record.files)[:120])
    return Preview(record.layer, problem=problem_of(heavy)).as_dict()


def _digest(question: Mapping[str, Any]) -> str:
    return hashlib.sha256(orjson.dumps(question, option=orjson.OPT_SORT_KEYS)).hexdigest()[:20]


def _state(store: FolderStore) -> dict[str, Any]:
    """Return what of the study a preview depends on."""
    layers = {layer: store.meta(layer).content_sha256 for layer in store.layer_names()}
    return {"layers": layers, "epsg": store.epsg, "grid_m": store.grid_m}


def _ask(desk: UploadDesk, folder: Path, digest: str, question: Mapping[str, Any]) -> None:
    command = [
        sys.executable,
        "-m",
        "phusong.app.uploading.reading",
        str(desk.store.path),
        str(folder),
        digest,
    ]
    try:
        subprocess.run(  # noqa: S603 - our own interpreter, module and paths
            command,
            input=orjson.dumps(question),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **_CALM},
            timeout=WALL_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return
    finally:
        shutil.rmtree(folder / "draft", ignore_errors=True)


def _read(study: Path, folder: Path, question: Mapping[str, Any]) -> Preview:
    desk = UploadDesk(FolderStore.open(study))
    paths = desk.paths(folder.name)
    layer = str(question["layer"])
    try:
        if not paths:
            raise LayerFileError("no_files")
        if layer in OWN_FORMATS and layer != "antennas":
            for path in paths:
                _check_raster(path)
        return preview_layer(
            desk.store,
            layer,
            paths,
            sheet=question["sheet"],
            crs=question["crs"],
            column_map=question["column_map"],
            draft_dir=folder / "draft",
        )
    except InputError as error:
        return Preview(layer, problem=problem_of(error))
    except MemoryError:
        heavy = LayerFileError("file_heavy", file=", ".join(path.name for path in paths)[:120])
        return Preview(layer, problem=problem_of(heavy))


def _check_raster(path: Path) -> None:
    """Refuse descriptions of rasters: under any ending they may name files of this machine or of others.

    Raises
    ------
    LayerFileError
        ``raster_unreadable``.
    """
    with path.open("rb") as source:
        start = source.read(1024).lstrip(b"\xef\xbb\xbf \t\r\n")
    if start[:1] in (b"<", b"{", b"["):
        raise LayerFileError("raster_unreadable", file=path.name)


def main(arguments: list[str]) -> None:
    """Answer one question within limits of memory and time."""
    study, folder, digest = arguments
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    resource.setrlimit(resource.RLIMIT_FSIZE, (LARGEST_FILE_BYTES, LARGEST_FILE_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    question = orjson.loads(sys.stdin.buffer.read())
    preview = _read(Path(study), Path(folder), question)
    option = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS
    write_bytes_atomic(
        Path(folder) / f"preview-{digest}.json", orjson.dumps(preview.as_dict(), option=option)
    )


if __name__ == "__main__":
    main(sys.argv[1:])
