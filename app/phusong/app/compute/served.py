"""Where each service serves, judged from the stacks of its carriers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from phusong.app.compute.inputs import ComputeInputs
from phusong.app.compute.parallel import Pool
from phusong.app.compute.previous import Previous
from phusong.app.compute.progress import Progress
from phusong.app.compute.signalmap import OVERVIEW_STEP, CarrierRecord, Service, SignalMap, needs_of
from phusong.app.compute.stacks import BLOCK_CELLS, Carrier, StackBlock, carrier_of
from phusong.app.layer_names import signal_layer
from phusong.app.levelcodes import coded_levels
from phusong.coverage.errors import InputError
from phusong.coverage.method import Method
from phusong.coverage.propagation.location import fade_margin_db, location_sigma_db
from phusong.coverage.propagation.terminal import extra_loss_db
from phusong.coverage.radio.cell import Cell
from phusong.coverage.radio.link_budget import noise_per_re_dbm
from phusong.coverage.service import fold_stacks, required_rsrp_dbm
from phusong.coverage.signal_kernel import NO_LEVEL, Int16Array
from phusong.coverage.stacks import Window
from phusong.coverage.zonal import BoolArray
from phusong.geodata.tiles.png import Codes

ServiceBits = npt.NDArray[np.unsignedinteger[Any]]
MAX_SERVICES = 32


def sigma_db(method: Method, frequency_mhz: float) -> float:
    """Spread of levels within a cell of the grid: the method's, else P.1812-8 section 4.8 for that square."""
    if method.location_sigma_db is not None:
        return method.location_sigma_db
    return location_sigma_db(frequency_mhz, square_m=min(max(method.grid_m, 1.0), 1000.0))


def margin_db(method: Method, frequency_mhz: float) -> float:
    """How far a median must lie above the threshold for the method's location probability."""
    return fade_margin_db(method.location_probability, sigma_db(method, frequency_mhz))


def terminal_loss_db(method: Method, carrier: Carrier, *, has_clutter: bool) -> float:
    """Return what a carrier loses at the terminal beyond its model: clutter, building entry."""
    model = method.model_for(carrier.technology, carrier.frequency_mhz)
    return extra_loss_db(replace(method, model=model), carrier.frequency_mhz, has_clutter=has_clutter)


def required_dbm(method: Method, carrier: Carrier, *, has_clutter: bool) -> float:
    """Return the median outdoor level a carrier needs to count as served."""
    margin = margin_db(method, carrier.frequency_mhz)
    needed_dbm = required_rsrp_dbm(method, technology=carrier.technology, margin_db=margin)
    return needed_dbm + terminal_loss_db(method, carrier, has_clutter=has_clutter)


def carrier_records(inputs: ComputeInputs) -> dict[Carrier, CarrierRecord]:
    """Return what each carrier on air is judged by."""
    first: dict[Carrier, Cell] = {}
    for cell in inputs.cells:
        first.setdefault(carrier_of(cell), cell)
    return {carrier: carrier_record(inputs, cell) for carrier, cell in sorted(first.items())}


def carrier_record(inputs: ComputeInputs, cell: Cell) -> CarrierRecord:
    """Return what the carrier of a cell is judged by."""
    carrier, has_clutter = carrier_of(cell), inputs.clutter is not None
    extra_db = terminal_loss_db(inputs.method, carrier, has_clutter=has_clutter)
    return CarrierRecord(
        carrier=carrier,
        required_dbm=required_dbm(inputs.method, carrier, has_clutter=has_clutter),
        min_sinr_db=inputs.method.min_sinr_db,
        load=inputs.method.load,
        # What weakens signal and interference alike lets the noise weigh more.
        noise_dbm=noise_per_re_dbm(cell, noise_figure_db=inputs.method.noise_figure_db) + extra_db,
    )


@dataclass(frozen=True, slots=True)
class ServedLayers:
    """Services over the whole study grid.

    Attributes
    ----------
    services : tuple of (operator, technology)
        Place k has bit ``1 << k``.
    bits : ndarray of unsigned int, shape (height, width)
        Of the least type that holds them.
    best_level : ndarray of int16, same shape
        Strongest level, in steps, of the services that the village rule counts.
    overviews : mapping of Service to ndarray of uint8
        Code of every `OVERVIEW_STEP`-th level of each service.
    """

    services: tuple[Service, ...]
    bits: ServiceBits
    best_level: Int16Array
    overviews: dict[Service, Codes]

    def mask_of(self, *, technology: str | None, operator: str | None) -> int:
        """Bits of the services of a technology and an operator; None stands for any."""
        return sum(
            1 << place
            for place, (name, own) in enumerate(self.services)
            if operator in (None, name) and technology in (None, own)
        )

    def served(self, mask: int) -> BoolArray:
        """Tell where any service of a mask serves; shape of the study grid."""
        return (self.bits & self.bits.dtype.type(mask)) != 0


def judge_services(
    inputs: ComputeInputs,
    signal: SignalMap,
    windows: Sequence[Window],
    *,
    previous: Previous | None = None,
    pool: Pool,
    progress: Progress,
) -> ServedLayers:
    """Judge every block of the study; blocks of the same stacks as before keep what was found then.

    Raises
    ------
    InputError
        ``services_many`` beyond 32 combinations of operator and technology.
    """
    services = signal.services
    if len(services) > MAX_SERVICES:
        raise InputError("services_many", services=len(services), allowed=MAX_SERVICES)
    layers = _empty_layers(inputs, services) if previous is None else _kept_layers(services, previous, signal)
    changed = None if previous is None else previous.changed(signal)
    tasks = [window for window in windows if changed is None or window[:2] in changed]
    counted = frozenset(inputs.method.village_rule.technologies)
    judge = _BlockJudge(signal, layers, counted)
    for done, _ in enumerate(pool.map(judge, tasks)):
        progress("judging", done, len(tasks))
    progress("judging", len(tasks), len(tasks))
    return layers


def _empty_layers(inputs: ComputeInputs, services: tuple[Service, ...]) -> ServedLayers:
    height, width = inputs.grid.shape
    small = -(-height // OVERVIEW_STEP), -(-width // OVERVIEW_STEP)
    return ServedLayers(
        services,
        np.zeros(inputs.grid.shape, dtype=np.min_scalar_type((1 << len(services)) - 1)),
        np.full(inputs.grid.shape, NO_LEVEL, dtype=np.int16),
        {service: np.zeros(small, dtype=np.uint8) for service in services},
    )


def _kept_layers(services: tuple[Service, ...], previous: Previous, signal: SignalMap) -> ServedLayers:
    """Take over the layers of an earlier run, emptied where blocks changed."""
    layers = ServedLayers(
        services,
        previous.own_bits,
        previous.own_best_level,
        {service: previous.overviews[signal_layer(service[1], service[0])].copy() for service in services},
    )
    for row0, col0 in previous.changed(signal):
        here = np.s_[row0 : row0 + BLOCK_CELLS, col0 : col0 + BLOCK_CELLS]
        layers.bits[here] = 0
        layers.best_level[here] = NO_LEVEL
        first_row, first_col = row0 // OVERVIEW_STEP, col0 // OVERVIEW_STEP
        span = BLOCK_CELLS // OVERVIEW_STEP
        for overview in layers.overviews.values():
            overview[first_row : first_row + span, first_col : first_col + span] = 0
    return layers


@dataclass(frozen=True, slots=True)
class _BlockJudge:
    """Judges one block and writes it to its own part of the layers, which threads share."""

    signal: SignalMap
    layers: ServedLayers
    counted: frozenset[str]

    def __call__(self, window: Window) -> None:
        row0, col0, rows, cols = window
        here = np.s_[row0 : row0 + rows, col0 : col0 + cols]
        best_level = self.layers.best_level[here]
        for place, service in enumerate(self.layers.services):
            level, served = judge_block(self.signal, service, window)
            if level is None or served is None:
                continue
            bit = self.layers.bits.dtype.type(1 << place)
            self.layers.bits[here] |= np.where(served, bit, bit - bit)
            if service[1] in self.counted:
                np.maximum(best_level, level, out=best_level)
            self._thin(service, window, level)

    def _thin(self, service: Service, window: Window, level: Int16Array) -> None:
        middle = OVERVIEW_STEP // 2
        part = level[middle::OVERVIEW_STEP, middle::OVERVIEW_STEP]
        row0, col0 = window[0] // OVERVIEW_STEP, window[1] // OVERVIEW_STEP
        target = self.layers.overviews[service]
        target[row0 : row0 + part.shape[0], col0 : col0 + part.shape[1]] = coded_levels(part)


def judge_block(
    signal: SignalMap, service: Service, window: Window
) -> tuple[Int16Array | None, BoolArray | None]:
    """Return level and served cells of a service in a block; None where no carrier reaches it."""
    stacks = signal.stacks(service, window)
    if not stacks:
        return None, None
    needs = [needs_of(signal.carriers[carrier]) for carrier, _ in stacks]
    return fold_stacks([one["level"][0] for _, one in stacks], [one["total"] for _, one in stacks], needs)


def signal_map(inputs: ComputeInputs, blocks: Sequence[StackBlock]) -> SignalMap:
    """Return the signal of a run from its blocks."""
    return SignalMap(
        inputs.store.results_dir, shape=inputs.grid.shape, carriers=carrier_records(inputs), blocks=blocks
    )
