"""What an import did, for the person who asked for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from phusong.coverage.errors import Finding
from phusong.geodata.store.meta import LayerMeta

Progress = Callable[[str, int, int], None]
"""Told the stage, how much of it is done and how much there is."""


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import wrote and what it noticed.

    Attributes
    ----------
    layer : str
        Name of the layer.
    rows : int
        Rows of a table, known cells of a raster.
    findings : tuple of Finding
        Warnings and assumptions; errors never reach a report, they refuse the import.
    meta : LayerMeta
        The record kept beside the layer.
    """

    layer: str
    rows: int
    findings: tuple[Finding, ...]
    meta: LayerMeta


def no_progress(stage: str, done: int, total: int) -> None:
    """Tell nobody."""
