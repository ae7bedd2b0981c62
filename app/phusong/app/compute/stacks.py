"""Best servers of each carrier, composed in blocks that are kept under the hash of what reaches them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import orjson

from phusong.app.compute.fingerprint import engine_version, fingerprint
from phusong.app.compute.inputs import ComputeInputs
from phusong.app.compute.losses import LossKey, read_loss
from phusong.app.compute.parallel import Pool
from phusong.app.compute.progress import Progress
from phusong.coverage.exchange import Members, exchange_cells, settle
from phusong.coverage.losses import PackedLoss
from phusong.coverage.radio.cell import Cell
from phusong.coverage.signal import ground_under
from phusong.coverage.signal_kernel import Int16Array, Int32Array, Stack
from phusong.coverage.stacks import PreparedCells, Window, compose_prepared, prepare_cells
from phusong.coverage.zonal import BoolArray
from phusong.geodata.store.arrays import is_whole, map_arrays, write_arrays

BLOCK_CELLS = 256
SERVERS = 3


@dataclass(frozen=True, slots=True, order=True)
class Carrier:
    """A frequency of one operator and technology."""

    operator: str
    technology: str
    frequency_mhz: float


@dataclass(frozen=True, slots=True, eq=False)
class StackBlock:
    """A rectangle of the study grid and the cells of one carrier that reach it.

    Attributes
    ----------
    carrier : Carrier
    window : tuple of int
        Row0, col0, rows, cols in the study grid.
    cells : ndarray of int32
        Indices into the inputs' cells, ascending; at least one.
    digest : str
        Hash of everything the block depends on.
    """

    carrier: Carrier
    window: Window
    cells: Int32Array
    digest: str


@dataclass(frozen=True, slots=True, eq=False)
class Exchange:
    """How a block follows from one that is kept.

    Attributes
    ----------
    digest : str
        Of the kept block.
    renumber : ndarray of int16
        New number of each of its cells; -1 for those that go.
    gone : PreparedCells
        Cells that go.
    losses : tuple of str
        Digest of the losses of each.
    """

    digest: str
    renumber: Int16Array
    gone: PreparedCells
    losses: tuple[str, ...]


def block_windows(wanted: BoolArray) -> list[Window]:
    """Cut a grid into blocks and return those with anything wanted in them."""
    height, width = wanted.shape
    windows = []
    for row0 in range(0, height, BLOCK_CELLS):
        for col0 in range(0, width, BLOCK_CELLS):
            rows, cols = min(BLOCK_CELLS, height - row0), min(BLOCK_CELLS, width - col0)
            if wanted[row0 : row0 + rows, col0 : col0 + cols].any():
                windows.append((row0, col0, rows, cols))
    return windows


def plan_stacks(
    inputs: ComputeInputs,
    keys: Mapping[str, LossKey],
    windows: Sequence[Window],
    *,
    marks: Sequence[bytes],
    basis: bytes,
) -> list[StackBlock]:
    """Name the blocks of every carrier; blocks that no cell reaches are left out.

    Parameters
    ----------
    marks : sequence of bytes
        See `cell_marks`.
    basis : bytes
        See `stacks_basis`.
    """
    reaches = np.array([_bounds(keys[cell.cell_id]) for cell in inputs.cells]).reshape(-1, 4)
    members: dict[Carrier, list[int]] = {}
    for index, cell in enumerate(inputs.cells):
        members.setdefault(carrier_of(cell), []).append(index)
    blocks = []
    for carrier, indices in sorted(members.items()):
        own = np.array(indices, dtype=np.int32)
        for window in windows:
            cells = own[_meets(reaches[own], window)]
            if cells.size:
                blocks.append(StackBlock(carrier, window, cells, _digest(basis, window, cells, marks)))
    return blocks


def carrier_of(cell: Cell) -> Carrier:
    """Return the carrier a cell sends."""
    return Carrier(cell.operator, cell.technology, cell.frequency_mhz)


def stacks_basis(inputs: ComputeInputs) -> bytes:
    """Hash of what all stacks depend on besides their cells."""
    grid = inputs.grid
    record = {
        "engine": engine_version("exchange", "signal"),
        "servers": SERVERS,
        "receiver_height_m": inputs.method.receiver_height_m,
        "terrain": inputs.layer_hashes["terrain"],
        "grid": [grid.left_m, grid.top_m, grid.cell_size_m, *grid.shape],
    }
    return fingerprint(record).encode()


def cell_marks(inputs: ComputeInputs, keys: Mapping[str, LossKey]) -> list[bytes]:
    """Hash of each cell and its losses."""
    return [_mark(cell, keys[cell.cell_id]) for cell in inputs.cells]


def _mark(cell: Cell, key: LossKey) -> bytes:
    digest = hashlib.sha256(orjson.dumps(cell, option=orjson.OPT_SERIALIZE_NUMPY))
    digest.update(key.digest.encode())
    return digest.digest()


def _bounds(key: LossKey) -> tuple[int, int, int, int]:
    return key.row0, key.col0, key.row0 + key.rows, key.col0 + key.cols


def _meets(reaches: np.ndarray, window: Window) -> BoolArray:
    row0, col0, rows, cols = window
    meets: BoolArray = (
        (reaches[:, 0] < row0 + rows)
        & (row0 < reaches[:, 2])
        & (reaches[:, 1] < col0 + cols)
        & (col0 < reaches[:, 3])
    )
    return meets


def _digest(basis: bytes, window: Window, cells: Int32Array, marks: Sequence[bytes]) -> str:
    digest = hashlib.sha256(basis + np.array(window, dtype=np.int64).tobytes())
    for cell in cells.tolist():
        digest.update(marks[cell])
    return digest.hexdigest()[:32]


def stack_path(results_dir: Path, digest: str) -> Path:
    """Where a block is kept: beside the results, which are read from it."""
    return results_dir / "signal" / digest[:2] / f"{digest}.bin"


@dataclass(frozen=True, slots=True)
class Composer:
    """What blocks are composed from.

    Attributes
    ----------
    inputs : ComputeInputs
    prepared : PreparedCells
        The inputs' cells.
    keys : tuple of LossKey
        Loss raster of each cell.
    exchanges : mapping of str to Exchange
        Blocks that follow from kept ones, by digest.
    """

    inputs: ComputeInputs
    prepared: PreparedCells
    keys: tuple[LossKey, ...]
    exchanges: Mapping[str, Exchange] = field(default_factory=dict)

    @property
    def losses_used(self) -> list[str]:
        """Digest of the losses of each cell."""
        return [key.digest for key in self.keys]

    def losses(self, cells: Sequence[int]) -> list[PackedLoss]:
        """Map the cached losses of some cells; cells that share a raster share the object."""
        cache_dir = str(self.inputs.store.cache_dir)
        digests = [self.keys[cell].digest for cell in cells]
        # Each once, because what is read again later may be another object.
        found = {digest: read_loss(cache_dir, digest) for digest in dict.fromkeys(digests)}
        return [found[digest] for digest in digests]

    def members(self, cells: Int32Array, numbers: Int16Array) -> Members:
        """Return cells with their cached losses and the numbers they have in a stack."""
        return Members(self.prepared, cells, self.losses(cells.tolist()), numbers)

    def stack(self, block: StackBlock) -> Stack:
        """Compose a block from the cached losses."""
        exchange = self.exchanges.get(block.digest)
        if exchange is not None:
            return self._exchanged(block, exchange)
        cells = block.cells.tolist()
        whole = compose_prepared(
            self.prepared,
            cells,
            self.losses(cells),
            terrain=self.inputs.terrain,
            window=block.window,
            servers=SERVERS,
        )
        return Stack(whole.level, whole.number, whole.total)

    def _exchanged(self, block: StackBlock, exchange: Exchange) -> Stack:
        """Compose a block from a kept one."""
        store, terrain = self.inputs.store, self.inputs.terrain
        numbers = np.arange(block.cells.size, dtype=np.int16)
        is_new = ~np.isin(numbers, exchange.renumber)
        losses = [read_loss(str(store.cache_dir), digest) for digest in exchange.losses]
        gone = np.arange(len(losses), dtype=np.int32)
        exchanged = exchange_cells(
            copied(map_arrays(stack_path(store.results_dir, exchange.digest))),
            exchange.renumber,
            gone=Members(exchange.gone, gone, losses, gone.astype(np.int16)),
            come=self.members(block.cells[is_new], numbers[is_new]) if is_new.any() else None,
            terrain=terrain,
            window=block.window,
            least=SERVERS,
        )
        if not exchanged.unsettled.any():
            return exchanged.stack
        return settle(exchanged, self.members(block.cells, numbers), terrain=terrain, window=block.window)


def composer(inputs: ComputeInputs, keys: Mapping[str, LossKey]) -> Composer:
    """Prepare to compose blocks of a study from nothing."""
    prepared = prepare_cells(
        inputs.cells,
        ground_m=ground_under(inputs.cells, inputs.terrain),
        receiver_height_m=inputs.method.receiver_height_m,
    )
    return Composer(inputs, prepared, tuple(keys[cell.cell_id] for cell in inputs.cells))


def copied(arrays: Mapping[str, npt.NDArray[np.generic]]) -> Stack:
    """Return a kept stack as arrays that may be written to, which is how kernels are compiled."""
    return Stack(
        np.array(arrays["level"], dtype=np.int16),
        np.array(arrays["number"], dtype=np.int16),
        np.array(arrays["total"], dtype=np.int64),
    )


def missing_blocks(inputs: ComputeInputs, blocks: Sequence[StackBlock]) -> list[StackBlock]:
    """Return the blocks that are not there, or not whole."""
    return [block for block in blocks if not is_whole(stack_path(inputs.store.results_dir, block.digest))]


def compose_stacks(maker: Composer, blocks: Sequence[StackBlock], *, pool: Pool, progress: Progress) -> None:
    """Compose and keep blocks; they are independent."""
    for done, _ in enumerate(pool.map(compose_block, blocks, maker=maker)):
        progress("blocks", done, len(blocks))
    progress("blocks", len(blocks), len(blocks))


def compose_block(block: StackBlock, *, maker: Composer) -> None:
    """Compose one block and keep it."""
    stack = maker.stack(block)
    path = stack_path(maker.inputs.store.results_dir, block.digest)
    write_arrays(path, {"total": stack.total, "level": stack.level, "number": stack.number})
