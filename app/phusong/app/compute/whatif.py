"""What if a mast stood here, or a site went off air: every figure before and after it."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from phusong.app.compute.change import NewCells, with_cells, without_cells
from phusong.app.compute.inputs import ComputeInputs, load_inputs
from phusong.app.compute.losses import LossKey, compute_losses, loss_keys, mast_losses
from phusong.app.compute.parallel import Pool, ThreadPool
from phusong.app.compute.previous import SERVED_FILE
from phusong.app.compute.progress import silent
from phusong.app.compute.published import current_run, load_results, run_arrays, run_dir
from phusong.app.compute.served import ServiceBits, carrier_record
from phusong.app.compute.settlements import Settlements, area_of, locate_settlements, village_points
from phusong.app.compute.shares import Name
from phusong.app.compute.shifts import Delta, Shift, shifted_figures
from phusong.app.compute.signalmap import CarrierRecord, Service, SignalMap, needs_of
from phusong.app.compute.stacks import Carrier, Composer, block_windows, carrier_of, composer
from phusong.app.compute.world import StudyArea, World, build_world
from phusong.coverage.errors import InputError, NotFoundError
from phusong.coverage.losses import pack_loss
from phusong.coverage.radio.cell import Cell
from phusong.coverage.service import fold_stacks
from phusong.coverage.signal import ground_under
from phusong.coverage.signal_kernel import Int32Array
from phusong.coverage.stacks import Window, prepare_cells
from phusong.geodata.store.folder import FolderStore


@dataclass(frozen=True, slots=True)
class Change:
    """What is different.

    Attributes
    ----------
    added : tuple of Cell
        Cells of new masts, in the study CRS.
    removed_sites : tuple of str
        Sites that go off air.
    removed_cells : tuple of str
        Cells that go off air while their site stays.
    """

    added: tuple[Cell, ...] = ()
    removed_sites: tuple[str, ...] = ()
    removed_cells: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Moved:
    """Where a change alters who serves.

    Attributes
    ----------
    services : tuple of Service
        Place k has bit ``1 << k``; new services at the end.
    shift : Shift
    """

    services: tuple[Service, ...]
    shift: Shift


class Baseline:
    """A computed study held ready, so that each question costs only the pixels it concerns.

    Parameters
    ----------
    store : FolderStore
        With current results.

    Raises
    ------
    NotFoundError
        ``results_missing`` where nothing was computed.
    InputError
        ``results_stale``, ``results_outdated``.
    """

    def __init__(self, store: FolderStore) -> None:
        results = load_results(store)
        self.results: Mapping[str, Any] = results
        self.inputs: ComputeInputs = load_inputs(store, mode=str(results["method"].get("mode", "exact")))
        if self.inputs.run_id != current_run(store):
            raise InputError("results_stale", study=store.name)
        self.world: World = build_world(self.inputs)
        villages = village_points(self.inputs)
        self.settlements: Settlements | None = locate_settlements(self.inputs, self.world, villages)
        self.signal = SignalMap.load(store.results_dir, run_dir(store))
        kept = run_arrays(store, SERVED_FILE)
        self.bits: ServiceBits = kept["bits"]
        self.area: StudyArea = area_of(self.inputs, self.world, villages)
        self.windows: list[Window] = block_windows(self.area.wanted)
        self.keys: dict[str, LossKey] = loss_keys(self.inputs, area_hash=self.area.digest)
        self.maker: Composer = composer(self.inputs, self.keys)

    def answer(self, change: Change, *, pool: Pool | None = None) -> dict[str, Any]:
        """Return every figure before and after a change.

        Raises
        ------
        InputError
            ``whatif_nothing`` for a change of nothing; ``mast_outside`` for a mast off the grid.
        NotFoundError
            ``site_unknown``, ``cell_unknown``.
        """
        started = time.perf_counter()
        answer = self.told(self.moved(change, pool=pool))
        return {**answer, "seconds": time.perf_counter() - started}

    def moved(self, change: Change, *, pool: Pool | None = None) -> Moved:
        """Return where a change alters who serves.

        Raises
        ------
        InputError
            ``whatif_nothing`` for a change of nothing; ``mast_outside`` for a mast off the grid.
        NotFoundError
            ``site_unknown``, ``cell_unknown``.
        """
        if not (change.added or change.removed_sites or change.removed_cells):
            raise InputError("whatif_nothing")
        threads = pool or ThreadPool()
        removed = self._cells_of(change)
        compute_losses(
            self.inputs, self._keys_of(removed), wanted=self.area.wanted, pool=threads, progress=silent
        )
        touched = _Touched(self, change.added, self._new_cells(change.added), removed)
        return Moved(tuple(touched.places()), touched.shift(threads))

    def told(self, moved: Moved) -> dict[str, Any]:
        """Return every figure before and after, from where the services changed."""
        shifted = shifted_figures(
            self.inputs,
            self.world,
            self.settlements,
            services=moved.services,
            bits=self.bits,
            shift=moved.shift,
        )
        return {
            "run": self.inputs.run_id,
            "method": dict(self.results["method"]),
            "province": {
                "name": self.results["province"]["name"],
                **_before_and_after(self.results["province"]["shares"], _province(shifted.deltas)),
            },
            "communes": self._communes(shifted.deltas),
            "villages": list(shifted.villages),
            "villages_by_status": self._by_status(shifted.villages),
            "cells_changed": int(moved.shift.place.size),
        }

    def _by_status(self, villages: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, int]]:
        before = dict(self.results["province"]["villages_by_status"])
        after = dict(before)
        for village in villages:
            after[village["before"]] -= 1
            after[village["after"]] += 1
        return {"before": before, "after": after}

    def _communes(self, deltas: Mapping[Name, Delta]) -> list[dict[str, Any]]:
        changed = []
        for index, record in enumerate(self.results["communes"]):
            own = {
                name: {denominator: float(values[index]) for denominator, values in delta.items()}
                for name, delta in deltas.items()
            }
            if any(any(delta.values()) for delta in own.values()):
                named = {"commune_code": record["commune_code"], "name": record["name"]}
                changed.append({**named, **_before_and_after(record["shares"], own)})
        return changed

    def _cells_of(self, change: Change) -> Int32Array:
        cells = self.inputs.cells
        sites, names = {cell.site_id for cell in cells}, {cell.cell_id for cell in cells}
        for site in change.removed_sites:
            if site not in sites:
                raise NotFoundError("site_unknown", site_id=site[:80])
        for name in change.removed_cells:
            if name not in names:
                raise NotFoundError("cell_unknown", cell_id=name[:80])
        gone_sites, gone_cells = set(change.removed_sites), set(change.removed_cells)
        indices = [
            index
            for index, cell in enumerate(cells)
            if cell.site_id in gone_sites or cell.cell_id in gone_cells
        ]
        return np.array(indices, dtype=np.int32)

    def _keys_of(self, cells: Int32Array) -> list[LossKey]:
        """Loss rasters of the blocks that must be composed anew when some cells go."""
        if not cells.size:
            return []
        gone = set(cells.tolist())
        blocks = [one for one in self.signal.blocks.values() if not gone.isdisjoint(one.cells.tolist())]
        return [self.maker.keys[cell] for block in blocks for cell in block.cells.tolist()]

    def _new_cells(self, added: Sequence[Cell]) -> NewCells:
        grid = self.inputs.grid
        for cell in added:
            if not grid.contains(cell.x_m, cell.y_m):
                raise InputError("mast_outside", site_id=cell.site_id)
        keys = loss_keys(self.inputs, area_hash=self.area.digest, cells=added)
        windows = mast_losses_of(keys.values(), inputs=self.inputs)
        packed = {key: pack_loss(window, wanted=self.area.wanted) for key, window in windows.items()}
        prepared = prepare_cells(
            added,
            ground_m=ground_under(added, self.inputs.terrain),
            receiver_height_m=self.inputs.method.receiver_height_m,
        )
        return NewCells(prepared, tuple(packed[keys[cell.cell_id].digest] for cell in added))


ShareTree = Mapping[str, Mapping[str, Mapping[str, Mapping[str, float | None]]]]


def _province(deltas: Mapping[Name, Delta]) -> dict[Name, dict[str, float]]:
    return {
        name: {denominator: math.fsum(values) for denominator, values in delta.items()}
        for name, delta in deltas.items()
    }


def _before_and_after(
    shares: ShareTree, deltas: Mapping[Name, Mapping[str, float]]
) -> dict[str, dict[str, Any]]:
    """Shares of the figures that a change can have touched, before and after it."""
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    for (technology, operator), delta in deltas.items():
        then = _known(shares, technology, operator)
        before.setdefault(technology, {})[operator] = then
        now = {name: _moved(share, name, then, delta) for name, share in then.items()}
        after.setdefault(technology, {})[operator] = now
    return {"before": before, "after": after}


def _known(shares: ShareTree, technology: str, operator: str) -> dict[str, Mapping[str, float | None]]:
    """Shares in the results; a service that is new there has served nobody."""
    known = shares.get(technology, {}).get(operator)
    if known is not None:
        return dict(known)
    some = next(iter(next(iter(shares.values())).values()))
    return {
        name: {"served": None if share["served"] is None else 0.0, "total": share["total"], "share": 0.0}
        for name, share in some.items()
    }


def _moved(
    share: Mapping[str, float | None],
    name: str,
    all_shares: Mapping[str, Mapping[str, float | None]],
    delta: Mapping[str, float],
) -> dict[str, float | None]:
    served, total = share["served"], share["total"]
    if served is None or total is None:
        return dict(share)
    more = delta.get(name)
    if more is None and name == "households":
        # Without villages, households live where people do.
        people = all_shares["population"]["total"] or 0.0
        more = total * delta.get("population", 0.0) / people if people else 0.0
    now = min(max(served + (more or 0.0), 0.0), total)
    return {"served": now, "total": total, "share": now / total if total else None}


def mast_losses_of(keys: Any, *, inputs: ComputeInputs) -> dict[str, Any]:  # noqa: ANN401 - see mast_losses
    """Compute the losses of new masts, each mast once for all its carriers, on all cores."""
    groups: dict[tuple[float, float, float, str], dict[str, LossKey]] = {}
    for key in keys:
        place = key.x_m, key.y_m, key.antenna_height_m, key.model
        groups.setdefault(place, {})[key.digest] = key
    found = {}
    for members in groups.values():
        ordered = sorted(members.values(), key=lambda key: key.frequency_mhz)
        for key, window in zip(ordered, mast_losses(ordered, inputs=inputs, threads=None), strict=True):
            found[key.digest] = window
    return found


@dataclass(frozen=True, slots=True)
class _Touched:
    """The blocks that a change reaches."""

    base: Baseline
    added: tuple[Cell, ...]
    new: NewCells
    removed: Int32Array

    def shift(self, pool: Pool) -> Shift:
        """Judge the touched blocks again; return the cells of the grid where any service changed."""
        tasks = [window for window in self.base.windows if self._is_reached(window)]
        parts = list(pool.map(self._judge, tasks))
        if not parts:
            empty = np.empty(0, dtype=np.int64)
            return Shift(empty, empty.astype(np.uint32), empty.astype(np.uint32))
        place, before, after = (np.concatenate(column) for column in zip(*parts, strict=True))
        order = np.argsort(place, kind="stable")
        return Shift(place[order], before[order], after[order])

    def _is_reached(self, window: Window) -> bool:
        row0, col0, rows, cols = window
        for loss in self.new.losses:
            last = loss.row0 + loss.first.size
            if loss.row0 < row0 + rows and row0 < last:
                first = loss.first[max(row0 - loss.row0, 0) : row0 + rows - loss.row0]
                lengths = np.diff(loss.offset)[max(row0 - loss.row0, 0) : row0 + rows - loss.row0]
                if ((first < col0 + cols) & (first + lengths > col0)).any():
                    return True
        return bool(self.removed.size) and any(
            np.isin(block.cells, self.removed).any()
            for carrier in self._removed_carriers()
            if (block := self.base.signal.blocks.get((carrier, row0, col0))) is not None
        )

    def _removed_carriers(self) -> set[Carrier]:
        return {carrier_of(self.base.inputs.cells[cell]) for cell in self.removed.tolist()}

    def _judge(self, window: Window) -> tuple[npt.NDArray[np.int64], ServiceBits, ServiceBits]:
        row0, col0, rows, cols = window
        here = np.s_[row0 : row0 + rows, col0 : col0 + cols]
        before = self.base.bits[here].astype(np.uint32)
        after = before.copy()
        services = {(cell.operator, cell.technology) for cell in self.added}
        services |= {(carrier.operator, carrier.technology) for carrier in self._removed_carriers()}
        for service in sorted(services):
            bit = np.uint32(1 << self.places()[service])
            served = self._served(service, window)
            after = np.where(served, after | bit, after & ~bit)
        row, col = np.nonzero(before != after)
        flat = (row + row0).astype(np.int64) * self.base.inputs.grid.width + col + col0
        return flat, before[row, col], after[row, col]

    def places(self) -> dict[Service, int]:
        """Bit of each service; a service that is new takes the next."""
        known = list(self.base.signal.services)
        fresh = sorted({(cell.operator, cell.technology) for cell in self.added} - set(known))
        return {service: place for place, service in enumerate([*known, *fresh])}

    def _served(self, service: Service, window: Window) -> npt.NDArray[np.bool_]:
        carriers = set(self.base.signal.carriers_of(service))
        carriers |= {one for one in map(carrier_of, self.added) if (one.operator, one.technology) == service}
        levels, totals, needs = [], [], []
        for carrier in sorted(carriers):
            found = self._stack(carrier, window)
            if found is not None:
                levels.append(found[0])
                totals.append(found[1])
                needs.append(needs_of(self._record(carrier)))
        if not levels:
            return np.zeros(window[2:], dtype=bool)
        return fold_stacks(levels, totals, needs)[1]

    def _stack(self, carrier: Carrier, window: Window) -> tuple[Any, Any] | None:
        """Best level and power of a carrier in a block after the change; None where nobody reaches it."""
        base = self.base
        block = base.signal.blocks.get((carrier, window[0], window[1]))
        arrays = None if block is None else base.signal.arrays(block.digest)
        own = [place for place, cell in enumerate(self.added) if carrier_of(cell) == carrier]
        if block is not None and arrays is not None:
            gone = block.cells[np.isin(block.cells, self.removed)].tolist()
            if gone:
                changed = without_cells(arrays, block, gone, maker=base.maker)
                arrays = {"level": changed.level, "number": changed.number, "total": changed.total}
        if own:
            count = 0 if block is None else block.cells.size
            members = np.array(own, dtype=np.int32)
            stack = with_cells(arrays, self.new, members, numbered=count, maker=base.maker, window=window)
            return stack.level[0], stack.total
        return None if arrays is None else (arrays["level"][0], arrays["total"])

    def _record(self, carrier: Carrier) -> CarrierRecord:
        known = self.base.signal.carriers.get(carrier)
        if known is not None:
            return known
        cell = next(cell for cell in self.added if carrier_of(cell) == carrier)
        return carrier_record(self.base.inputs, cell)
