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
from phusong.coverage.signal import best_rsrq_db, best_sinr_db
from phusong.coverage.signal_kernel import NO_LEVEL, Int16Array, Int64Array
from phusong.coverage.stacks import Window, levels_dbm
from phusong.geodata.store.arrays import map_arrays, read_first, write_arrays

OVERVIEW_STEP = 2
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
    rsrq_db : float or None
        Of the best server.
    carrier : Carrier or None
        That the best server sends.
    """

    rsrp_dbm: float | None
    sinr_db: float | None
    cell_index: int | None
    is_served: bool
    rsrq_db: float | None = None
    carrier: Carrier | None = None


@dataclass(frozen=True, slots=True)
class PointServer:
    """One cell that is received at a cell of the grid.

    Attributes
    ----------
    cell_index : int
    carrier : Carrier
    rsrp_dbm : float
    is_above : bool
        Whether the level alone would do for service.
    """

    cell_index: int
    carrier: Carrier
    rsrp_dbm: float
    is_above: bool


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

    def levels(self, service: Service, window: Window) -> list[Int16Array]:
        """Best level of each of a service's carriers in one block, for those who need nothing else of it."""
        found = [self.blocks.get((carrier, window[0], window[1])) for carrier in self.carriers_of(service)]
        return [self._best_level(block.digest) for block in found if block is not None]

    def _best_level(self, digest: str) -> Int16Array:
        try:
            level: Int16Array = read_first(stack_path(self._results_dir, digest), "level")
        except FileNotFoundError as error:
            raise NotFoundError("results_missing", study=str(self._results_dir.parent)) from error
        return level

    def point(self, service: Service, row: int, col: int) -> PointSignal:
        """Signal of a service at a cell of the study grid."""
        best = self._best(service, row, col)
        if best is None:
            return PointSignal(None, None, None, is_served=False)
        carrier, level, total, cell_index = best
        record = self.carriers[carrier]
        interference = {"noise_dbm": record.noise_dbm, "load": record.load}
        return PointSignal(
            rsrp_dbm=float(levels_dbm(level)[0, 0]),
            sinr_db=float(best_sinr_db(level, total, **interference)[0, 0]),
            cell_index=cell_index,
            is_served=_is_served(level, total, record),
            rsrq_db=float(best_rsrq_db(level, total, **interference)[0, 0]),
            carrier=carrier,
        )

    def serves(self, service: Service, row: int, col: int, record: CarrierRecord) -> bool:
        """Tell whether the best server would do if its carrier were judged by another record."""
        best = self._best(service, row, col)
        return best is not None and _is_served(best[1], best[2], record)

    def servers(self, service: Service, row: int, col: int) -> tuple[PointServer, ...]:
        """Cells received at a cell of the study grid, strongest first.

        Over all carriers of the service, as many of each as its stack holds; of equal levels the carrier
        of lower frequency comes first.
        """
        row0, col0 = row // BLOCK_CELLS * BLOCK_CELLS, col // BLOCK_CELLS * BLOCK_CELLS
        found = []
        for carrier, arrays in self.stacks(service, (row0, col0, 0, 0)):
            least = needs_of(self.carriers[carrier]).level
            cells = self.blocks[carrier, row0, col0].cells
            levels = arrays["level"][:, row - row0, col - col0]
            numbers = arrays["number"][:, row - row0, col - col0]
            known = levels != NO_LEVEL
            found += [
                PointServer(int(cells[number]), carrier, float(level_dbm), is_above=bool(level >= least))
                for level, level_dbm, number in zip(
                    levels[known], levels_dbm(levels[known]), numbers[known], strict=True
                )
            ]
        return tuple(sorted(found, key=lambda server: -server.rsrp_dbm))

    def _best(
        self, service: Service, row: int, col: int
    ) -> tuple[Carrier, Int16Array, Int64Array, int] | None:
        """Carrier, level, total power and cell of the best server; None where nothing is received."""
        row0, col0 = row // BLOCK_CELLS * BLOCK_CELLS, col // BLOCK_CELLS * BLOCK_CELLS
        found = self.stacks(service, (row0, col0, 0, 0))
        here = np.s_[row - row0 : row - row0 + 1, col - col0 : col - col0 + 1]
        levels = [arrays["level"][0][here] for _, arrays in found]
        place = max(range(len(found)), key=lambda k: int(levels[k][0, 0]), default=None)
        if place is None or levels[place][0, 0] == NO_LEVEL:
            return None
        carrier, arrays = found[place]
        number = int(arrays["number"][0][here][0, 0])
        return (
            carrier,
            levels[place],
            arrays["total"][here],
            int(self.blocks[carrier, row0, col0].cells[number]),
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


def _is_served(level: Int16Array, total: Int64Array, record: CarrierRecord) -> bool:
    _, served = fold_stacks([level], [total], [needs_of(record)])
    return bool(served[0, 0])
