"""What the stacks of the results in place were composed from, so that a change exchanges a few cells only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from phusong.app.compute.inputs import ComputeInputs
from phusong.app.compute.losses import loss_file
from phusong.app.compute.previous import InPlace
from phusong.app.compute.signalmap import SignalMap
from phusong.app.compute.stacks import Composer, Exchange, StackBlock, stack_path
from phusong.coverage.errors import StudyError
from phusong.coverage.signal_kernel import Int16Array, Int32Array, Patterns, power_table
from phusong.coverage.stacks import PreparedCells
from phusong.geodata.store.arrays import map_arrays, write_arrays
from phusong.geodata.store.folder import FolderStore

COMPOSED_FILE = "composed.bin"
MOST_CHANGED = 0.25
"""Share of a block's cells beyond which it is composed anew."""
_COLUMNS = (
    "frequency_mhz",
    "x_m",
    "y_m",
    "ground_m",
    "above_m",
    "offset_dbm",
    "azimuth_deg",
    "mechanical_deg",
    "limit_db",
    "table",
)


def write_composed(run_dir: Path, maker: Composer, *, marks: Sequence[bytes], basis: bytes) -> None:
    """Keep what the stacks of a run are composed from."""
    prepared = maker.prepared
    write_arrays(
        run_dir / COMPOSED_FILE,
        {
            "basis": np.frombuffer(basis, dtype=np.uint8),
            "mark": np.frombuffer(b"".join(marks), dtype=np.uint8).reshape(len(marks), -1 if marks else 0),
            "loss": np.frombuffer(bytes.fromhex("".join(maker.losses_used)), dtype=np.uint8),
            **{name: getattr(prepared, name) for name in _COLUMNS},
            "horizontal_db": prepared.patterns.horizontal_db,
            "vertical_db": prepared.patterns.vertical_db,
        },
    )


@dataclass(frozen=True, slots=True)
class Earlier:
    """Stacks that are in place and the cells they are made of.

    Attributes
    ----------
    signal : SignalMap
    arrays : mapping of str to ndarray
        As `write_composed` keeps them.
    now_at : ndarray of int32
        Index that each of its cells has in the new run; -1 where it is gone or another one.
    """

    signal: SignalMap
    arrays: Mapping[str, npt.NDArray[Any]]
    now_at: Int32Array

    @property
    def prepared(self) -> PreparedCells:
        """Its cells, ready to be taken out of stacks."""
        columns = {name: self.arrays[name] for name in _COLUMNS}
        # Copies, because kernels are compiled apart for arrays that may not be written to.
        patterns = Patterns(np.array(self.arrays["horizontal_db"]), np.array(self.arrays["vertical_db"]))
        return PreparedCells(**columns, patterns=patterns, power=power_table())

    def loss_digest(self, cell: int) -> str:
        """Name of the losses that one of its cells was composed from."""
        return self.arrays["loss"][16 * cell : 16 * cell + 16].tobytes().hex()


def changed_stacks(
    inputs: ComputeInputs,
    in_place: InPlace | None,
    blocks: Sequence[StackBlock],
    *,
    marks: Sequence[bytes],
    basis: bytes,
) -> dict[str, Exchange]:
    """Find the blocks that follow from one in place by exchanging a few cells, by digest.

    Parameters
    ----------
    inputs : ComputeInputs
    in_place : InPlace or None
    blocks : sequence of StackBlock
        That are to be composed.
    marks : sequence of bytes
        Hash of each cell of the new run and its losses (`cell_marks`).
    basis : bytes
        What else stacks depend on (`stacks_basis`).
    """
    if in_place is None or not blocks:
        return {}
    earlier = _earlier(in_place, marks=marks, basis=basis)
    if earlier is None:
        return {}
    prepared = earlier.prepared
    changes = {block.digest: _exchange(earlier, prepared, block, inputs.store) for block in blocks}
    return {digest: exchange for digest, exchange in changes.items() if exchange is not None}


def _earlier(in_place: InPlace, *, marks: Sequence[bytes], basis: bytes) -> Earlier | None:
    """Read what the results in place were composed from; None where that is unknown or of another kind."""
    try:
        arrays = map_arrays(in_place.run_dir / COMPOSED_FILE)
    except (FileNotFoundError, StudyError):
        return None
    if arrays["basis"].tobytes() != basis:
        return None
    places = {mark: place for place, mark in enumerate(marks)}
    width = arrays["mark"].shape[1]
    content = arrays["mark"].tobytes()
    known = [places.get(content[start : start + width], -1) for start in range(0, len(content), width)]
    return Earlier(in_place.signal, arrays, np.array(known, dtype=np.int32))


def _exchange(
    earlier: Earlier, prepared: PreparedCells, block: StackBlock, store: FolderStore
) -> Exchange | None:
    old = earlier.signal.blocks.get((block.carrier, block.window[0], block.window[1]))
    if old is None or not stack_path(store.results_dir, old.digest).exists():
        return None
    moved = _moved(earlier, old, block)
    if moved is None:
        return None
    gone = old.cells[moved < 0]
    digests = tuple(earlier.loss_digest(cell) for cell in gone.tolist())
    if not all(loss_file(store.cache_dir, digest).exists() for digest in set(digests)):
        return None
    return Exchange(old.digest, moved, _picked(prepared, gone), digests)


def _moved(earlier: Earlier, old: StackBlock, block: StackBlock) -> Int16Array | None:
    """Give each cell of a kept block its new number, -1 where it goes; None where too many change."""
    now_at = earlier.now_at[old.cells]
    place = np.minimum(np.searchsorted(block.cells, now_at), block.cells.size - 1)
    is_kept = block.cells[place] == now_at
    kept = place[is_kept]
    changed = old.cells.size + block.cells.size - 2 * kept.size
    # Of equal levels the cell with the lower number is ahead: their order must be as it was.
    if changed > MOST_CHANGED * block.cells.size or (np.diff(kept) <= 0).any():
        return None
    return np.where(is_kept, place, -1).astype(np.int16)


def _picked(prepared: PreparedCells, cells: Int32Array) -> PreparedCells:
    columns = {name: np.array(getattr(prepared, name)[cells]) for name in _COLUMNS}
    return PreparedCells(**columns, patterns=prepared.patterns, power=prepared.power)
