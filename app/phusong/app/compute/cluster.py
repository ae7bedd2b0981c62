"""Tasks on a Dask cluster: processes of this machine, or many machines that share the study's folder.

Tasks write what they make into the study under names that say what is in it, so a task may be lost and run
again anywhere. Workers read layers from the study by themselves: only names travel, and a worker that dies
takes nothing along that another could not read.
"""

from __future__ import annotations

import logging
import signal
import tempfile
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from typing import Any, TypeVar

from distributed import (
    CancelledError,
    Client,
    Future,
    KilledWorker,
    LocalCluster,
    Worker,
    WorkerPlugin,
    get_worker,
)
from distributed.comm.core import CommClosedError
from distributed.system import MEMORY_LIMIT
from distributed.utils import silence_logging_cmgr

from phusong.app.compute.parcel import Parcel, Refusal, Workbench, packed, software
from phusong.coverage.errors import InputError, StudyError
from phusong.geodata.store.folder import FolderStore

Task = TypeVar("Task")
Answer = TypeVar("Answer")

LOOPBACK = "127.0.0.1"
WORKER_MEMORY_BYTES = 2_500 * 2**20
"""Of one local process at most; two and the process that sends the tasks stay within 6 GiB."""
LEAST_AHEAD = 32
TASKS_AHEAD = 4
"""Tasks handed out per core before the first is back: no core waits, and no scheduler is flooded."""
CONNECT_S = 5
FIRST_WORKER_S = 10
PATIENCE_S = 30
"""How long an answer may take before it is asked whether any worker is left."""
ATTEMPTS_AGAIN = 2
"""How often a task that ended in a fault is run again: a shared folder may be away for a moment."""


class DaskPool:
    """Workers of a Dask cluster; to be used in a ``with`` block, which ends them or lets go of them.

    Parameters
    ----------
    workers : int or str
        Number of local processes, or the address of a scheduler (``tcp://host:port``, ``tls://host:port``).
        Local processes start with the first task; a scheduler is called when the block begins.
    store : FolderStore
        The study, which every worker must find at the same path.
    """

    def __init__(self, workers: int | str, *, store: FolderStore) -> None:
        self._workers = workers
        self._store = store
        self._open = ExitStack()
        self._client: Client | None = None

    def __enter__(self) -> DaskPool:
        """Call the scheduler.

        Raises
        ------
        InputError
            ``scheduler_unreachable``; ``scheduler_idle`` when it has no worker.
        """
        if isinstance(self._workers, str):
            self._connect()
        return self

    def __exit__(self, *_: object) -> None:
        """End the local processes, or let go of the cluster; what runs there is cancelled."""
        self._client = None
        self._open.close()

    def map(
        self,
        work: Callable[..., Answer],
        tasks: Sequence[Task],
        **shared: Any,  # noqa: ANN401 - passed on
    ) -> Iterator[Answer]:
        """Yield ``work(task, **shared)`` of each task, in the order of the tasks.

        Raises
        ------
        InputError
            ``scheduler_idle`` when no worker is left.
        StudyError
            ``worker_folder`` when a worker does not see the study; ``worker_engine`` or ``worker_cells`` when
            it would compute something else; ``worker_lost`` when a task ends one worker after another;
            ``scheduler_lost``.
        PhuSongError
            Whatever the work itself refuses.
        """
        if not tasks:
            return
        client = self._connect()
        with packed(self._store, work, shared) as parcel, _losses_told(self._workers):
            yield from _in_order(client, parcel, tasks)

    def _connect(self) -> Client:
        if self._client is None:
            with ExitStack() as opened:
                client = opened.enter_context(_client(self._workers))
                opened.enter_context(_workbenches(client))
                self._client, self._open = client, opened.pop_all()
        return self._client


@contextmanager
def _client(workers: int | str) -> Iterator[Client]:
    if isinstance(workers, str):
        with _scheduler_client(workers) as client:
            yield client
        return
    with _local_cluster(workers) as cluster, Client(cluster, set_as_default=False) as client:
        client.register_plugin(Uninterrupted())
        yield client


class Uninterrupted(WorkerPlugin):
    """Leaves Ctrl-C, which a terminal sends to all processes, to the one that ends the others."""

    def setup(self, worker: Worker) -> None:  # noqa: ARG002 - the signature is Dask's
        """Ignore the signal; Dask calls this in each process, those that replace a lost one too."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextmanager
def _local_cluster(workers: int) -> Iterator[LocalCluster]:
    """Start processes that can only be reached from this machine."""
    with (
        tempfile.TemporaryDirectory(prefix="phusong-") as scratch,
        LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            processes=True,
            host=LOOPBACK,
            dashboard_address=f"{LOOPBACK}:0",
            worker_dashboard_address=f"{LOOPBACK}:0",
            memory_limit=min(WORKER_MEMORY_BYTES, MEMORY_LIMIT // workers),
            local_directory=scratch,
            silence_logs=logging.CRITICAL,
            # Workers keep nothing that Dask could spill; mapped files count as theirs and must not stop them.
            config={f"distributed.worker.memory.{name}": False for name in ("target", "spill", "pause")},
        ) as cluster,
    ):
        yield cluster


@contextmanager
def _scheduler_client(address: str) -> Iterator[Client]:
    with silence_logging_cmgr(logging.CRITICAL):  # what matters is told in our words
        try:
            client = Client(address, timeout=CONNECT_S, set_as_default=False)
        except (OSError, ValueError) as error:
            raise InputError("scheduler_unreachable", address=address, detail=str(error)) from error
        with client:
            _await_worker(client, FIRST_WORKER_S)
            yield client


def _await_worker(client: Client, seconds: float) -> None:
    try:
        client.wait_for_workers(1, timeout=seconds)
    except TimeoutError as error:
        raise InputError("scheduler_idle", address=str(client.scheduler_info()["address"])) from error


@contextmanager
def _workbenches(client: Client) -> Iterator[None]:
    """Give every worker, those that come later too, a place to keep what it has opened."""
    name = bench_name(client.id)
    try:
        client.register_plugin(Workbench(), name=name)
    except (ImportError, AttributeError) as error:  # who cannot unpack it has none of our modules, or others
        address = str(client.scheduler_info()["address"])
        raise StudyError("worker_engine", worker=address, found=str(error), allowed=software()) from error
    try:
        yield
    finally:
        _tidy_up(client, lambda: client.unregister_worker_plugin(name))


def _tidy_up(client: Client, step: Callable[[], object]) -> None:
    """Do a last thing on a cluster; where the scheduler is gone, or goes just then, nothing is left to do."""
    if client.status == "running":
        with suppress(OSError, CancelledError, RuntimeError):
            step()


def bench_name(client: str) -> str:
    """Name of the workbench of a client."""
    return f"phusong-{client}"


@dataclass(frozen=True, slots=True)
class Order:
    """A task on its way to a worker."""

    bench: str
    parcel: Parcel
    task: object


def carry_out(order: Order) -> object:
    """Run a task at the workbench of this worker."""
    bench: Workbench = get_worker().plugins[order.bench]  # type: ignore[assignment]
    return bench.carry_out(order.parcel, order.task)


def _in_order(client: Client, parcel: Parcel, tasks: Sequence[Any]) -> Iterator[Any]:
    ahead = max(LEAST_AHEAD, TASKS_AHEAD * sum(client.ncores().values()))
    under_way: deque[Future[Any]] = deque()
    try:
        for task in tasks:
            order = Order(bench_name(client.id), parcel, task)
            under_way.append(client.submit(carry_out, order, pure=False, retries=ATTEMPTS_AGAIN))
            if len(under_way) >= ahead:
                yield _answer(client, under_way.popleft())
        while under_way:
            yield _answer(client, under_way.popleft())
    finally:
        _tidy_up(client, lambda: client.cancel(list(under_way)))


def _answer(client: Client, future: Future[Any]) -> Any:  # noqa: ANN401 - what the work returns
    while True:
        try:
            answer = future.result(timeout=PATIENCE_S)
        except TimeoutError:
            if future.done():  # the task's own
                raise
            _await_worker(client, PATIENCE_S)
            continue
        if isinstance(answer, Refusal):
            raise answer.error()
        return answer


@contextmanager
def _losses_told(workers: int | str) -> Iterator[None]:
    """Say in our words that a worker or the scheduler is gone."""
    try:
        yield
    except KilledWorker as error:
        raise StudyError("worker_lost", worker=str(error.last_worker)) from error
    except (CommClosedError, CancelledError) as error:
        raise StudyError("scheduler_lost", address=str(workers)) from error
