"""Stacks of a carrier after masts were added or taken away, touching only the pixels they reach."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from phusong.app.compute.stacks import SERVERS, Composer, StackBlock
from phusong.coverage.losses import PackedLoss
from phusong.coverage.signal_kernel import NO_LEVEL, Int32Array, Stack
from phusong.coverage.stacks import PreparedCells, Window, add_cells, compose_prepared, empty_stack

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
    stack = empty_stack(window, servers=SERVERS) if arrays is None else _copy(arrays)
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


def _copy(arrays: Arrays) -> Stack:
    return Stack(
        np.array(arrays["level"], dtype=np.int16),
        np.array(arrays["number"], dtype=np.int16),
        np.array(arrays["total"], dtype=np.int64),
    )


def without_cells(arrays: Arrays, block: StackBlock, removed: Sequence[int], *, maker: Composer) -> Stack:
    """Take cells out of a kept stack: the runners-up move up.

    Their own power is taken off exactly, because it is counted in whole numbers. Where all servers that
    are kept go at once and weaker ones may follow, the block is composed anew from the cached losses;
    no path is computed in either case.

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
    level = np.array(arrays["level"], dtype=np.int16)
    number = np.array(arrays["number"], dtype=np.int16)
    leaves = (level != NO_LEVEL) & gone[np.maximum(number, 0)]
    if (leaves.all(axis=0)).any():
        return _composed_without(block, gone, maker=maker)
    taken = compose_prepared(
        maker.prepared,
        block.cells[gone].tolist(),
        maker.losses(block.cells[gone].tolist()),
        terrain=maker.inputs.terrain,
        window=block.window,
        servers=1,
    )
    # A stable sort of "leaves" moves the runners-up forward in their order.
    order = np.argsort(leaves, axis=0, kind="stable")
    level[leaves] = NO_LEVEL
    total = np.asarray(arrays["total"], dtype=np.int64) - taken.total
    moved = np.take_along_axis(level, order, axis=0), np.take_along_axis(number, order, axis=0)
    return Stack(moved[0], moved[1], total)


def _composed_without(block: StackBlock, gone: npt.NDArray[np.bool_], *, maker: Composer) -> Stack:
    kept = np.flatnonzero(~gone)
    if kept.size == 0:
        return empty_stack(block.window, servers=SERVERS)
    cells = block.cells[kept].tolist()
    stack = compose_prepared(
        maker.prepared,
        cells,
        maker.losses(cells),
        terrain=maker.inputs.terrain,
        window=block.window,
        servers=SERVERS,
    )
    return Stack(stack.level, kept.astype(np.int16)[stack.number], stack.total)
