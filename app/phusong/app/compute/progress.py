"""How long work tells how far it is."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str, int, int], None]
"""Called with the stage (key ``stages.<stage>`` of the catalogues), steps done and steps in all."""


def silent(_stage: str, _done: int, _total: int) -> None:
    """Tell nobody."""
