"""Signal of a run, read from its stacks: at points, in blocks, and thinned out for small maps."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson

from phusong.app.compute.stacks import BLOCK_CELLS, Carrier, StackBlock, stack_path
from phusong.coverage.errors import NotFoundError
from phusong.coverage.service import carrier_needs, fold_stacks
from phusong.coverage.signal import best_sinr_db
from phusong.coverage.signal_kernel import NO_LEVEL
from phusong.coverage.stacks import Window, levels_dbm
from phusong.geodata.store.arrays import map_arrays, write_arrays

OVERVIEW_STEP = 8
"""Small maps are drawn from every so many-th cell."""
OPEN_BLOCKS = 384
Service = tuple[str, str]
"""Operator and technology."""
Arrays = Mapping[str, npt.NDArray[Any]]


@dataclass(frozen=True, slots=True)
class CarrierRecord:
    """What a carrier is judged by.

    Attributes
    ----------
    carrier : Carrier
    required_dbm : float
        Median outdoor level that counts as served.
    min_sinr_db : float or None
    load : float
        Of interfering cells.
    noise_dbm : float
        In one resource element.
    """

    carrier: Carrier
    required_dbm: float
    min_sinr_db: float | None
    load: float
    noise_dbm: float


@dataclass(frozen=True, slots=True)
class PointSignal:
    """Signal of one service at one cell of the grid.

    Attributes
    ----------
    rsrp_dbm, sinr_db : float or None
        Of the best server; None where there is none.
    cell_index : int or None
        Best server.
    is_served : bool
    """

    rsrp_dbm: float | None
    sinr_db: float | None
    cell_index: int | None
    is_served: bool


class SignalMap:
    """Signal of a run.

    Parameters
    ----------
    results_dir : Path
        Folder of the results, which holds the stacks.
    shape : tuple of int
        Of the study grid.
    carriers : mapping of Carrier to CarrierRecord
    blocks : sequence of StackBlock
    """

    def __init__(
        self,
        results_dir: Path,
        *,
        shape: tuple[int, int],
        carriers: Mapping[Carrier, CarrierRecord],
        blocks: Sequence[StackBlock],
    ) -> None:
        self._results_dir = results_dir
        self.shape = shape
        self.carriers = dict(carriers)
        self.blocks = {(block.carrier, block.window[0], block.window[1]): block for block in blocks}
        self._by_service: dict[Service, list[Carrier]] = {}
        for carrier in sorted(self.carriers):
            self._by_service.setdefault((carrier.operator, carrier.technology), []).append(carrier)
        self.arrays = functools.lru_cache(maxsize=OPEN_BLOCKS)(self._map)

    @property
    def services(self) -> tuple[Service, ...]:
        """Operators and technologies on air, sorted."""
        return tuple(self._by_service)

    def carriers_of(self, service: Service) -> list[Carrier]:
        """Carriers of a service by frequency."""
        return self._by_service.get(service, [])

    def stacks(self, service: Service, window: Window) -> list[tuple[Carrier, Arrays]]:
        """Stacks of a service's carriers in one block."""
        found = []
        for carrier in self.carriers_of(service):
            block = self.blocks.get((carrier, window[0], window[1]))
            if block is not None:
                found.append((carrier, self.arrays(block.digest)))
        return found

    def point(self, service: Service, row: int, col: int) -> PointSignal:
        """Signal of a service at a cell of the study grid."""
        row0, col0 = row // BLOCK_CELLS * BLOCK_CELLS, col // BLOCK_CELLS * BLOCK_CELLS
        found = self.stacks(service, (row0, col0, 0, 0))
        here = np.s_[row - row0 : row - row0 + 1, col - col0 : col - col0 + 1]
        levels = [arrays["level"][0][here] for _, arrays in found]
        place = max(range(len(found)), key=lambda k: int(levels[k][0, 0]), default=None)
        if place is None or levels[place][0, 0] == NO_LEVEL:
            return PointSignal(None, None, None, is_served=False)
        carrier, arrays = found[place]
        record, total = self.carriers[carrier], arrays["total"][here]
        sinr_db = best_sinr_db(levels[place], total, noise_dbm=record.noise_dbm, load=record.load)
        number = int(arrays["number"][0][here][0, 0])
        _, served = fold_stacks([levels[place]], [total], [needs_of(record)])
        return PointSignal(
            rsrp_dbm=float(levels_dbm(levels[place])[0, 0]),
            sinr_db=float(sinr_db[0, 0]),
            cell_index=int(self.blocks[carrier, row0, col0].cells[number]),
            is_served=bool(served[0, 0]),
        )

    def save(self, run_dir: Path) -> None:
        """Write which stacks belong to the run."""
        order = {carrier: place for place, carrier in enumerate(self.carriers)}
        blocks = list(self.blocks.values())
        cells = [block.cells for block in blocks]
        write_arrays(
            run_dir / "signal.bin",
            {
                "shape": np.array(self.shape, dtype=np.int64),
                "carrier": np.array([order[block.carrier] for block in blocks], dtype=np.int32),
                "window": np.array([block.window for block in blocks], dtype=np.int64).reshape(-1, 4),
                "digest": np.frombuffer(bytes.fromhex("".join(block.digest for block in blocks)), np.uint8),
                "offset": np.concatenate([[0], np.cumsum([len(one) for one in cells])]).astype(np.int64),
                "cells": np.concatenate(cells) if cells else np.empty(0, dtype=np.int32),
            },
        )
        records = [asdict(record) for record in self.carriers.values()]
        (run_dir / "carriers.json").write_bytes(orjson.dumps(records))

    @classmethod
    def load(cls, results_dir: Path, run_dir: Path) -> SignalMap:
        """Read the signal of a run that was saved.

        Raises
        ------
        NotFoundError
            ``results_missing``.
        """
        try:
            kept = map_arrays(run_dir / "signal.bin")
            records = orjson.loads((run_dir / "carriers.json").read_bytes())
        except FileNotFoundError as error:
            raise NotFoundError("results_missing", study=str(results_dir.parent)) from error
        carriers = [CarrierRecord(**{**one, "carrier": Carrier(**one["carrier"])}) for one in records]
        digests = kept["digest"].tobytes().hex()
        blocks = [
            StackBlock(
                carriers[carrier].carrier,
                (window[0], window[1], window[2], window[3]),
                kept["cells"][kept["offset"][k] : kept["offset"][k + 1]],
                digests[32 * k : 32 * k + 32],
            )
            for k, (carrier, window) in enumerate(
                zip(kept["carrier"].tolist(), kept["window"].tolist(), strict=True)
            )
        ]
        height, width = kept["shape"].tolist()
        by_carrier = {record.carrier: record for record in carriers}
        return cls(results_dir, shape=(height, width), carriers=by_carrier, blocks=blocks)

    def _map(self, digest: str) -> Arrays:
        try:
            return map_arrays(stack_path(self._results_dir, digest))
        except FileNotFoundError as error:
            raise NotFoundError("results_missing", study=str(self._results_dir.parent)) from error


def needs_of(record: CarrierRecord) -> Any:  # noqa: ANN401 - a tuple of the compiled kernel
    """Return what a carrier's best server must have, for the kernels."""
    return carrier_needs(
        required_dbm=record.required_dbm,
        min_sinr_db=record.min_sinr_db,
        load=record.load,
        noise_dbm=record.noise_dbm,
    )
