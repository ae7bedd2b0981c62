"""Parts that are made when first asked for, and once only, whatever the number of threads."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, TypeVar, cast

Part = TypeVar("Part")


class Once:
    """Holds parts by name."""

    def __init__(self) -> None:
        self._made: dict[str, Any] = {}
        self._locks: dict[str, threading.RLock] = {}

    def get(self, name: str, make: Callable[[], Part]) -> Part:
        """Return the part of that name, making it if it is not there; others wait for it."""
        if name not in self._made:
            # setdefault is atomic, so all threads get the same lock
            with self._locks.setdefault(name, threading.RLock()):
                if name not in self._made:
                    self._made[name] = make()
        return cast(Part, self._made[name])
