"""Stacks of a carrier after masts were added or taken away, touching only the pixels they reach."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from phusong.app.compute.stacks import SERVERS, Composer, StackBlock, copied
from phusong.coverage.exchange import exchange_cells, settle
from phusong.coverage.losses import PackedLoss
from phusong.coverage.signal_kernel import Int32Array, Stack
from phusong.coverage.stacks import PreparedCells, Window, add_cells, empty_stack

Arrays = Mapping[str, npt.NDArray[np.generic]]


@dataclass(frozen=True, slots=True)
class NewCells:
    """Cells that are to be added.

    Attributes
    ----------
    prepared : PreparedCells
    losses : tuple of PackedLoss
        One per cell.
    """

    prepared: PreparedCells
    losses: tuple[PackedLoss, ...]


def with_cells(
    arrays: Arrays | None,
    new: NewCells,
    members: Int32Array,
    *,
    numbered: int,
    maker: Composer,
    window: Window,
) -> Stack:
    """Add cells to a stack that is kept.

    Parameters
    ----------
    arrays : mapping or None
        The kept stack; None where nobody reaches the block.
    new : NewCells
    members : ndarray of int32
        The new cells of this carrier.
    numbered : int
        Number of cells the stack has.
    maker : Composer
    window : tuple of int

    Returns
    -------
    Stack
        Equal, in levels and power, to one composed from all cells.
    """
    stack = empty_stack(window, servers=SERVERS) if arrays is None else copied(arrays)
    add_cells(
        stack,
        new.prepared,
        members,
        [new.losses[member] for member in members.tolist()],
        terrain=maker.inputs.terrain,
        window=window,
        first_number=numbered,
    )
    return stack


def without_cells(arrays: Arrays, block: StackBlock, removed: Sequence[int], *, maker: Composer) -> Stack:
    """Take cells out of a kept stack: the runners-up move up.

    Where all servers that are kept go at once, weaker ones follow from the cached losses; no path is
    computed in either case.

    Parameters
    ----------
    arrays : mapping
        The kept stack.
    block : StackBlock
    removed : sequence of int
        Indices of cells, all of them in the block.
    maker : Composer

    Returns
    -------
    Stack
        Best level and total power equal those of a stack composed without the cells.
    """
    gone = np.isin(block.cells, np.asarray(removed, dtype=np.int32))
    numbers = np.arange(gone.size, dtype=np.int16)
    exchanged = exchange_cells(
        copied(arrays),
        np.where(gone, np.int16(-1), numbers),
        gone=maker.members(block.cells[gone], numbers[gone]),
        come=None,
        terrain=maker.inputs.terrain,
        window=block.window,
        least=1,
    )
    if not exchanged.unsettled.any():
        return exchanged.stack
    kept = maker.members(block.cells[~gone], numbers[~gone])
    return settle(exchanged, kept, terrain=maker.inputs.terrain, window=block.window)
