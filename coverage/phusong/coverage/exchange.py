"""Exchanging some cells of a kept stack for others, so that it equals one composed from nothing.

Powers are whole numbers: what a cell added is taken off exactly. A pixel needs all cells again only where
one of its strongest goes and what takes its place might be weaker than a cell that was not kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from phusong.coverage.exchange_kernel import UInt8Array, unsettled, withdraw
from phusong.coverage.grids import Raster
from phusong.coverage.losses import PackedLoss
from phusong.coverage.signal_kernel import Int16Array, Int32Array, Runs, Stack
from phusong.coverage.stacks import PreparedCells, Window, add_cells, empty_stack


@dataclass(frozen=True, slots=True)
class Members:
    """Cells as they take part in a stack.

    Attributes
    ----------
    prepared : PreparedCells
    cells : ndarray of int32
        Indices into ``prepared``.
    losses : sequence of PackedLoss
        One per cell.
    numbers : ndarray of int16
        Number of each in the stack.
    """

    prepared: PreparedCells
    cells: Int32Array
    losses: Sequence[PackedLoss]
    numbers: Int16Array

    def add_to(self, stack: Stack, *, terrain: Raster, window: Window, runs: Runs | None = None) -> None:
        """Add the cells to a stack in place."""
        add_cells(
            stack,
            self.prepared,
            self.cells,
            self.losses,
            terrain=terrain,
            window=window,
            numbers=self.numbers,
            runs=runs,
        )


@dataclass(frozen=True, slots=True)
class Exchanged:
    """A stack after an exchange.

    Attributes
    ----------
    stack : Stack
        Powers are those of a stack composed from nothing; so are the strongest, but where unsettled.
    unsettled : ndarray of uint8, shape (rows, cols)
        1 where all cells must be looked at again (`settle`).
    """

    stack: Stack
    unsettled: UInt8Array


def exchange_cells(
    kept: Stack,
    renumber: Int16Array,
    *,
    gone: Members,
    come: Members | None,
    terrain: Raster,
    window: Window,
    least: int,
) -> Exchanged:
    """Take cells out of a stack and add others.

    Parameters
    ----------
    kept : Stack
        As it was composed; not changed.
    renumber : ndarray of int16
        New number of each of its cells, in the order of the old numbers; -1 for those that go.
    gone : Members
        Cells that go, with the losses they were composed from.
    come : Members, optional
        Cells that are added.
    terrain : Raster
        Ground height on the study grid, metres.
    window : tuple of int
        Row0, col0, rows, cols of the stack.
    least : int
        How many of the strongest must be right where a pixel is not marked as unsettled.
    """
    servers = kept.level.shape[0]
    shape = kept.total.shape
    taken = empty_stack(window, servers=1)
    gone.add_to(taken, terrain=terrain, window=window)
    blank = empty_stack(window, servers=servers)
    now = Stack(blank.level, blank.number, kept.total - taken.total)
    leaves, found = np.zeros(shape, dtype=np.uint8), np.zeros(shape, dtype=np.uint8)
    withdraw(kept, renumber, now, leaves)
    if come is not None:
        come.add_to(now, terrain=terrain, window=window)
    unsettled(kept, renumber, now, leaves, least, found)
    return Exchanged(now, found)


def settle(exchanged: Exchanged, everyone: Members, *, terrain: Raster, window: Window) -> Stack:
    """Compose the unsettled pixels of an exchange from all cells.

    Parameters
    ----------
    exchanged : Exchanged
    everyone : Members
        All cells of the stack after the exchange.
    terrain : Raster
    window : tuple of int
    """
    stack = exchanged.stack
    fresh = empty_stack(window, servers=stack.level.shape[0])
    everyone.add_to(fresh, terrain=terrain, window=window, runs=runs_of(exchanged.unsettled))
    asked = exchanged.unsettled != 0
    return Stack(
        np.where(asked, fresh.level, stack.level),
        np.where(asked, fresh.number, stack.number),
        np.where(asked, fresh.total, stack.total),
    )


def runs_of(asked: npt.NDArray[np.uint8]) -> Runs:
    """List the runs of pixels that are asked for.

    Examples
    --------
    >>> runs = runs_of(np.array([[0, 1, 1, 0], [1, 0, 0, 1]], dtype=np.uint8))
    >>> list(zip(runs.row.tolist(), runs.begin.tolist(), runs.end.tolist()))
    [(0, 1, 3), (1, 0, 1), (1, 3, 4)]
    """
    edge = np.diff(np.pad(asked.astype(np.int8), ((0, 0), (1, 1))), axis=1)
    row, begin = np.nonzero(edge == 1)
    end = np.nonzero(edge == -1)[1]
    return Runs(row.astype(np.int32), begin.astype(np.int32), end.astype(np.int32))
