"""What tasks in other processes share: packed once into the study's folder, opened once by each process.

Only a name and a hash travel with a task. Layers are not packed: a worker reads them from the study, and a
worker that sees another study, or would compute with another engine, refuses the task.
"""

from __future__ import annotations

import hashlib
import io
import pickle
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import orjson
from distributed import Worker, WorkerPlugin

from phusong.app.compute.fingerprint import engine_version
from phusong.app.compute.inputs import ComputeInputs, load_inputs, run_id_of
from phusong.coverage.errors import PhuSongError, StudyError
from phusong.geodata.store.atomic import write_bytes_atomic
from phusong.geodata.store.folder import FolderStore

Work = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Parcel:
    """Where the shared part of tasks lies.

    Attributes
    ----------
    path : str
        File in the study's cache.
    digest : str
        SHA-256 of its content.
    software : str
        What whoever opens it must compute with (see `software`).
    """

    path: str
    digest: str
    software: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error raised on purpose, on its way to another process."""

    kind: type[PhuSongError]
    code: str
    parameters: Mapping[str, Any]

    def error(self) -> PhuSongError:
        """Return the error."""
        return self.kind(self.code, **self.parameters)


def software() -> str:
    """Name everything that figures depend on besides the study: our engine and who compiles it."""
    libraries = [f"{name} {metadata.version(name)}" for name in ("numba", "numpy")]
    return ", ".join([f"engine {engine_version()}", *libraries])


@contextmanager
def packed(store: FolderStore, work: Work, shared: Mapping[str, Any]) -> Iterator[Parcel]:
    """Pack work and what its tasks share; the file is gone when the block ends.

    The caller holds the study's lock and packs one parcel at a time.
    """
    content = io.BytesIO()
    _Packer(content, protocol=pickle.HIGHEST_PROTOCOL).dump((work, dict(shared)))
    digest = hashlib.sha256(content.getbuffer()).hexdigest()
    path = store.cache_dir.resolve() / "parcels" / f"{digest[:32]}.pickle"
    for left in path.parent.glob("*"):  # by a run that was killed
        left.unlink(missing_ok=True)
    write_bytes_atomic(path, content.getvalue())
    try:
        yield Parcel(str(path), digest, software())
    finally:
        path.unlink(missing_ok=True)


class _Packer(pickle.Pickler):
    """Writes the name of a study's inputs instead of the inputs."""

    def persistent_id(self, value: object) -> tuple[str, str, str, str] | None:
        if not isinstance(value, ComputeInputs):
            return None
        return str(value.store.path.resolve()), value.mode, value.run_id, _cells_digest(value)


def _cells_digest(inputs: ComputeInputs) -> str:
    return hashlib.sha256(orjson.dumps(inputs.cells, option=orjson.OPT_SERIALIZE_NUMPY)).hexdigest()


class Workbench(WorkerPlugin):
    """What a worker process keeps between tasks; it goes when the plugin is taken back."""

    def setup(self, worker: Worker) -> None:
        """Prepare for tasks; called in the worker."""
        self._address = f"{socket.gethostname()} ({worker.address})"
        self._opening = threading.Lock()
        self._parcels: dict[Parcel, tuple[Work, dict[str, Any]]] = {}
        self._inputs: dict[tuple[str, ...], ComputeInputs] = {}

    def carry_out(self, parcel: Parcel, task: object) -> object:
        """Run a task; an error raised on purpose comes back as a value."""
        try:
            work, shared = self._open(parcel)
            return work(task, **shared)
        except PhuSongError as error:
            kind = type(error) if type(error).__init__ is PhuSongError.__init__ else StudyError
            return Refusal(kind, error.code, error.parameters)

    def _open(self, parcel: Parcel) -> tuple[Work, dict[str, Any]]:
        with self._opening:
            if parcel not in self._parcels:
                if parcel.software != software():
                    raise StudyError(
                        "worker_engine", worker=self._address, found=software(), allowed=parcel.software
                    )
                self._parcels[parcel] = self._read(parcel)
        return self._parcels[parcel]

    def _read(self, parcel: Parcel) -> tuple[Work, dict[str, Any]]:
        """Read a parcel that the sender has just written: who does not find it sees another folder."""
        try:
            content = Path(parcel.path).read_bytes()
        except OSError as error:
            raise self._other_folder(parcel.path) from error
        if hashlib.sha256(content).hexdigest() != parcel.digest:
            raise self._other_folder(parcel.path)
        return _Unpacker(io.BytesIO(content), self._study_inputs).load()

    def _study_inputs(self, path: str, mode: str, run: str, cells: str) -> ComputeInputs:
        named = path, mode, run, cells
        if named not in self._inputs:
            store = FolderStore.open(Path(path))
            if run_id_of(store, mode=mode) != run:
                raise self._other_folder(path)
            inputs = load_inputs(store, mode=mode)
            if _cells_digest(inputs) != cells:
                raise StudyError("worker_cells", worker=self._address)
            self._inputs[named] = inputs
        return self._inputs[named]

    def _other_folder(self, path: str) -> StudyError:
        return StudyError("worker_folder", worker=self._address, path=path)


class _Unpacker(pickle.Unpickler):
    """Reads a parcel; its content was checked against the hash that came with the task."""

    def __init__(self, content: io.BytesIO, inputs: Callable[..., ComputeInputs]) -> None:
        super().__init__(content)
        self._inputs = inputs

    def persistent_load(self, named: tuple[str, str, str, str]) -> ComputeInputs:
        return self._inputs(*named)
