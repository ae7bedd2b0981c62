"""Where tasks run: what a person says about workers, and the pool that it means."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager

from phusong.app.compute.parallel import Pool, ThreadPool
from phusong.coverage.errors import InputError
from phusong.geodata.store.folder import FolderStore

LEAST_LIMIT = 8
_ADDRESS = re.compile(r"(tcp|tls)://(\[[0-9a-fA-F:.]+\]|[\w.-]+):(?P<port>\d{1,5})")


def checked_workers(workers: int | str) -> int | str:
    """Return a number of local processes or the address of a scheduler.

    Raises
    ------
    InputError
        ``workers_range`` or ``workers_unknown``.

    Examples
    --------
    >>> checked_workers("2"), checked_workers("tcp://10.0.0.5:8786")
    (2, 'tcp://10.0.0.5:8786')
    """
    text = str(workers).strip()
    if re.fullmatch(r"[+-]?[0-9]+", text):
        most = max(LEAST_LIMIT, os.cpu_count() or 1)
        if len(text) > 9 or not 1 <= int(text) <= most:
            raise InputError("workers_range", value=text, allowed=f"1 .. {most}")
        return int(text)
    address = _ADDRESS.fullmatch(text)
    if address is None or not 1 <= int(address["port"]) <= 65_535:
        raise InputError("workers_unknown", value=text, allowed="tcp://HOST:PORT, tls://HOST:PORT")
    return text


@contextmanager
def open_pool(workers: int | str | None, *, store: FolderStore) -> Iterator[Pool]:
    """Open the pool that a computation runs in.

    Parameters
    ----------
    workers : int, str or None
        Number of local processes, address of a Dask scheduler, or None for threads of this process.
    store : FolderStore
        The study to compute.

    Raises
    ------
    InputError
        ``workers_range``, ``workers_unknown``, ``scheduler_unreachable`` or ``scheduler_idle``.
    """
    if workers is None:
        yield ThreadPool()
        return
    asked = checked_workers(workers)
    # Most commands need no cluster, and importing one takes most of a second.
    from phusong.app.compute.cluster import DaskPool  # noqa: PLC0415

    with DaskPool(asked, store=store) as pool:
        yield pool
