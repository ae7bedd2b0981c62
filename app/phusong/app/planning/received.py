"""What new cells would give at chosen pixels of a computed study, in the engine's own whole numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from phusong.app.compute.inputs import ComputeInputs
from phusong.app.compute.served import carrier_record
from phusong.app.compute.signalmap import Service, SignalMap, needs_of
from phusong.app.compute.stacks import BLOCK_CELLS, Carrier, carrier_of
from phusong.app.planning.demand import Goal
from phusong.coverage.losses import PackedLoss
from phusong.coverage.losses_kernel import LOSS_STEP_DB, NO_LOSS
from phusong.coverage.radio.cell import Cell
from phusong.coverage.service import fold_stacks
from phusong.coverage.signal import ground_under
from phusong.coverage.signal_kernel import NO_LEVEL, UInt16Array
from phusong.coverage.stacks import PreparedCells, add_cells, empty_stack, prepare_cells

BoolArray = npt.NDArray[np.bool_]
Int64Array = npt.NDArray[np.int64]
Levels = tuple[npt.NDArray[np.int16], Int64Array]
"""Best level and sum of powers at each pixel."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What stands already, at the demand pixels.

    Attributes
    ----------
    pixel : ndarray of int64
        Flat cells, ascending.
    carriers : tuple of Carrier
        Of the builder's service, those of new cells included, by frequency.
    levels : tuple of Levels
        Of each carrier.
    needs : tuple
        What each carrier is judged by.
    elsewhere : ndarray of bool
        Pixels where another service meets the goal.
    served : ndarray of bool
        Pixels where any service meets the goal.
    """

    pixel: Int64Array
    carriers: tuple[Carrier, ...]
    levels: tuple[Levels, ...]
    needs: tuple[Any, ...]
    elsewhere: BoolArray
    served: BoolArray

    def with_new(self, at: Int64Array, carrier: Carrier, new: Levels) -> BoolArray:
        """Tell which pixels are served once new cells of a carrier send.

        Parameters
        ----------
        at : ndarray of int64
            Places in ``pixel``.
        carrier : Carrier
        new : Levels
            At those pixels.
        """
        return self.with_all(at, {carrier: new})

    def with_all(self, at: Int64Array, new: Mapping[Carrier, Levels]) -> BoolArray:
        """Tell which pixels are served once new cells of several carriers send; see `with_new`."""
        levels, totals = [], []
        for own, (level, total) in zip(self.carriers, self.levels, strict=True):
            best, power = level[at], total[at]
            if own in new:
                best, power = np.maximum(best, new[own][0]), power + new[own][1]
            levels.append(best[None, :])
            totals.append(power[None, :])
        served = fold_stacks(levels, totals, self.needs)[1][0]
        return served | self.elsewhere[at]


def standing(
    inputs: ComputeInputs,
    signal: SignalMap,
    bits: npt.NDArray[np.unsignedinteger[Any]],
    pixel: Int64Array,
    *,
    service: Service,
    goal: Goal,
    new_cells: Sequence[Cell],
) -> Standing:
    """Read what stands at some pixels from the stacks of a run.

    Parameters
    ----------
    bits : ndarray of unsigned int, shape of the grid
        Services of the run.
    service : Service
        The builder's; it counts towards the goal.
    new_cells : sequence of Cell
        For carriers that are not on air yet.
    """
    first = {carrier_of(cell): cell for cell in reversed(new_cells)}
    carriers = tuple(sorted(set(signal.carriers_of(service)) | set(first)))
    row, col = np.divmod(pixel, inputs.grid.width)
    corner = _corners(row, col)
    levels, needs = [], []
    for carrier in carriers:
        record = signal.carriers.get(carrier) or carrier_record(inputs, first[carrier])
        needs.append(needs_of(record))
        levels.append(_gathered(signal, carrier, row, col, corner))
    mask = goal.mask(signal.services)
    own = 1 << signal.services.index(service) if service in signal.services else 0
    here = bits.ravel()[pixel].astype(np.uint32)
    return Standing(
        pixel=pixel,
        carriers=carriers,
        levels=tuple(levels),
        needs=tuple(needs),
        elsewhere=(here & np.uint32(mask & ~own)) != 0,
        served=(here & np.uint32(mask)) != 0,
    )


def _corners(row: Int64Array, col: Int64Array) -> Mapping[tuple[int, int], Int64Array]:
    """Places of the pixels of each block, by its first row and column."""
    across = int(col.max(initial=0)) // BLOCK_CELLS + 1
    key = row // BLOCK_CELLS * across + col // BLOCK_CELLS
    order = np.argsort(key, kind="stable")
    found, begin = np.unique(key[order], return_index=True)
    parts = np.split(order, begin[1:]) if order.size else []
    return {
        (int(one) // across * BLOCK_CELLS, int(one) % across * BLOCK_CELLS): part.astype(np.int64)
        for one, part in zip(found, parts, strict=True)
    }


def _gathered(
    signal: SignalMap,
    carrier: Carrier,
    row: Int64Array,
    col: Int64Array,
    corner: Mapping[tuple[int, int], Int64Array],
) -> Levels:
    level = np.full(row.size, NO_LEVEL, dtype=np.int16)
    total = np.zeros(row.size, dtype=np.int64)
    for (row0, col0), part in corner.items():
        block = signal.blocks.get((carrier, row0, col0))
        if block is not None:
            arrays = signal.arrays(block.digest)
            at = row[part] - row0, col[part] - col0
            level[part] = arrays["level"][0][at]
            total[part] = arrays["total"][at]
    return level, total


@dataclass(frozen=True, slots=True)
class Spot:
    """Pixels that are looked at together, in the blocks of the study grid.

    Attributes
    ----------
    row, col : ndarray of int64, shape (pixels,)
        By row and column, ascending.
    corner : mapping
        Places of the pixels of each block.
    """

    row: Int64Array
    col: Int64Array
    corner: Mapping[tuple[int, int], Int64Array]


def spot(pixel: Int64Array, width: int) -> Spot:
    """Sort pixels (flat, ascending) into blocks."""
    row, col = np.divmod(pixel, width)
    return Spot(row.astype(np.int64), col.astype(np.int64), _corners(row, col))


@dataclass(frozen=True, slots=True)
class NewNetwork:
    """All cells that could be built, prepared once.

    Attributes
    ----------
    inputs : ComputeInputs
    prepared : PreparedCells
    """

    inputs: ComputeInputs
    prepared: PreparedCells

    def levels(self, members: npt.NDArray[np.int32], loss_db: npt.NDArray[np.float32], here: Spot) -> Levels:
        """Return what some new cells of one antenna height and carrier give at pixels.

        Equal, in levels and power, to adding the cells to an empty stack of the whole grid.

        Parameters
        ----------
        members : ndarray of int32
            Cells.
        loss_db : ndarray of float32, shape (pixels,)
        here : Spot
        """
        level = np.full(loss_db.size, NO_LEVEL, dtype=np.int16)
        total = np.zeros(loss_db.size, dtype=np.int64)
        known = np.flatnonzero(np.isfinite(loss_db))
        if not known.size:
            return level, total
        packed = packed_pixels(here.row[known], here.col[known], loss_db[known])
        for (_, col0), part in here.corner.items():
            row, col = here.row[part], here.col[part]
            first_row = int(row[0])
            window = first_row, col0, int(row[-1]) - first_row + 1, int(col.max()) - col0 + 1
            stack = empty_stack(window, servers=1)
            add_cells(
                stack,
                self.prepared,
                members,
                [packed] * members.size,
                terrain=self.inputs.terrain,
                window=window,
            )
            at = row - first_row, col - col0
            level[part] = stack.level[0][at]
            total[part] = stack.total[at]
        return level, total


def new_network(inputs: ComputeInputs, cells: Sequence[Cell]) -> NewNetwork:
    """Prepare cells that could be built."""
    prepared = prepare_cells(
        cells,
        ground_m=ground_under(cells, inputs.terrain),
        receiver_height_m=inputs.method.receiver_height_m,
    )
    return NewNetwork(inputs, prepared)


def packed_pixels(row: Int64Array, col: Int64Array, loss_db: npt.NDArray[np.float32]) -> PackedLoss:
    """Pack the losses of single pixels as `pack_loss` packs a window that is unknown elsewhere."""
    first_row = int(row[0])
    rows = int(row[-1]) - first_row + 1
    begin = np.searchsorted(row, first_row + np.arange(rows + 1))
    filled = begin[1:] > begin[:-1]
    first = np.zeros(rows, dtype=np.int32)
    length = np.zeros(rows, dtype=np.int64)
    first[filled] = col[begin[:-1][filled]]
    length[filled] = col[begin[1:][filled] - 1] - first[filled] + 1
    offset = np.concatenate([[0], np.cumsum(length)]).astype(np.int64)
    steps = np.full(offset[-1], NO_LOSS, dtype=np.uint16)
    _put_steps(row - first_row, col, loss_db, first, offset, steps)
    return PackedLoss(first_row, first, offset, steps)


@njit(cache=True, nogil=True, error_model="numpy")
def _put_steps(  # noqa: PLR0917 - kernels take no keyword-only options
    row: Int64Array,
    col: Int64Array,
    loss_db: npt.NDArray[np.float32],
    first: npt.NDArray[np.int32],
    offset: Int64Array,
    steps: UInt16Array,
) -> None:
    """Write losses as steps, rounded as `signal_kernel.fill_steps` rounds them."""
    per_step, most_db = np.float32(1.0 / LOSS_STEP_DB), np.float32((NO_LOSS - 1) * LOSS_STEP_DB)
    for k in range(row.size):
        loss = loss_db[k]
        if loss < most_db:
            held = loss if loss > np.float32(0.0) else np.float32(0.0)
            place = offset[row[k]] + col[k] - first[row[k]]
            steps[place] = np.uint16(np.rint(held * per_step))
