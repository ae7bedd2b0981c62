"""Independent tasks on all cores of this machine, or on many machines, in order."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol, TypeVar

Task = TypeVar("Task")
Answer = TypeVar("Answer")


class Pool(Protocol):
    """Runs tasks that share nothing; results do not depend on where or in which order they ran."""

    def map(
        self,
        work: Callable[..., Answer],
        tasks: Sequence[Task],
        **shared: Any,  # noqa: ANN401 - passed on
    ) -> Iterator[Answer]:
        """Yield ``work(task, **shared)`` of each task, in the order of the tasks."""
        ...


class ThreadPool:
    """Threads of this process; the kernels hold no lock.

    Parameters
    ----------
    threads : int, optional
        All cores when absent.
    """

    def __init__(self, threads: int | None = None) -> None:
        self._threads = threads or os.cpu_count() or 1

    def map(
        self,
        work: Callable[..., Answer],
        tasks: Sequence[Task],
        **shared: Any,  # noqa: ANN401 - passed on
    ) -> Iterator[Answer]:
        """Yield ``work(task, **shared)`` of each task, in the order of the tasks."""
        with ThreadPoolExecutor(max_workers=self._threads) as executor:
            try:
                yield from executor.map(lambda task: work(task, **shared), tasks)
            except BaseException:
                executor.shutdown(cancel_futures=True)
                raise
