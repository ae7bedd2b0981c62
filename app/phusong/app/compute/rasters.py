"""What a terminal would find in every cell of the grid, for analysis elsewhere, worked out block by block."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from phusong.app.compute.budgets import Budgets
from phusong.app.compute.shares import ALL_OPERATORS
from phusong.app.compute.signalmap import Arrays, Service, SignalMap, needs_of
from phusong.app.compute.stacks import Carrier
from phusong.coverage.errors import InputError, NotFoundError
from phusong.coverage.radio.reliability import location_probability
from phusong.coverage.service import fold_stacks
from phusong.coverage.signal import best_rsrq_db, best_sinr_db
from phusong.coverage.signal_kernel import NO_LEVEL, Int16Array, Int32Array
from phusong.coverage.stacks import Window, levels_dbm
from phusong.coverage.zonal import BoolArray

Float32Array = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Layer:
    """One raster of a service.

    Attributes
    ----------
    dtype : str
        In memory.
    empty : float
        Value where nothing is received.
    unit : str
        Of the values in memory.
    """

    dtype: str
    empty: float
    unit: str


LAYERS: Mapping[str, Layer] = MappingProxyType(
    {
        "rsrp": Layer("float32", np.nan, "dBm"),
        "sinr": Layer("float32", np.nan, "dB"),
        "rsrq": Layer("float32", np.nan, "dB"),
        "server": Layer("int32", -1, "cell"),
        "served": Layer("bool", 0, "1"),
        "servers": Layer("uint8", 0, "cells"),
        "probability": Layer("float32", np.nan, "1"),
        "throughput": Layer("float32", np.nan, "Mbit/s"),
        "uplink": Layer("float32", np.nan, "dB"),
    }
)
"""What can be asked for."""


def check_layers(names: Sequence[str]) -> tuple[str, ...]:
    """Return the layers asked for, each once, in the order of `LAYERS`.

    Raises
    ------
    InputError
        ``raster_unknown``; also when nothing is asked for.
    """
    allowed = ", ".join(LAYERS)
    for name in names:
        if name not in LAYERS:
            raise InputError("raster_unknown", value=name[:80], allowed=allowed)
    if not names:
        raise InputError("raster_unknown", value="", allowed=allowed)
    return tuple(name for name in LAYERS if name in names)


def services_of(signal: SignalMap, technology: str, operator: str) -> list[Service]:
    """Return the services of a technology and an operator, or of all of them.

    Raises
    ------
    NotFoundError
        ``service_unknown`` where nobody like that is on air.
    """
    found = [one for one in signal.services if one[1] == technology and operator in (one[0], ALL_OPERATORS)]
    if not found:
        known = ", ".join(f"{name} {own}" for name, own in signal.services)
        raise NotFoundError("service_unknown", technology=technology, operator=operator, allowed=known)
    return found


@dataclass(frozen=True, slots=True)
class ServiceRasters:
    """Signal over the whole study grid; every layer has its shape.

    Attributes
    ----------
    layers : mapping of str to ndarray
        By name, as in `LAYERS`; only those that were asked for.
    """

    layers: Mapping[str, npt.NDArray[Any]]

    @property
    def rsrp_dbm(self) -> Float32Array:
        """Median level of the best server outdoors; NaN where there is none."""
        return self.layers["rsrp"]

    @property
    def sinr_db(self) -> Float32Array:
        """SINR of the best server at the method's load; NaN where there is none."""
        return self.layers["sinr"]

    @property
    def rsrq_db(self) -> Float32Array:
        """RSRQ of the best server at the method's load; NaN where there is none."""
        return self.layers["rsrq"]

    @property
    def server(self) -> Int32Array:
        """Index of the best server among the cells of the run, -1 where there is none."""
        return self.layers["server"]

    @property
    def served(self) -> BoolArray:
        """Where any of the services serves."""
        return self.layers["served"]

    @property
    def servers_above(self) -> npt.NDArray[np.uint8]:
        """Cells that reach the level required, out of the three strongest of each carrier."""
        return self.layers["servers"]

    @property
    def location_probability(self) -> Float32Array:
        """Share of places in the cell of the grid where the level holds; NaN where there is no server."""
        return self.layers["probability"]

    @property
    def throughput_mbit_s(self) -> Float32Array:
        """Rate to a single terminal from the best server; NaN where there is none."""
        return self.layers["throughput"]

    @property
    def uplink_margin_db(self) -> Float32Array:
        """By how much the best server hears a terminal better than it has to; NaN where there is none."""
        return self.layers["uplink"]


def service_rasters(
    signal: SignalMap, services: Sequence[Service], *, budgets: Budgets, layers: Sequence[str] = tuple(LAYERS)
) -> ServiceRasters:
    """Put the stacks of some services together over the whole grid; see `service_blocks`."""
    names = check_layers(layers)
    rasters = {name: np.full(signal.shape, LAYERS[name].empty, LAYERS[name].dtype) for name in names}
    for (row0, col0, rows, cols), block in service_blocks(signal, services, budgets=budgets, layers=names):
        for name, values in block.items():
            rasters[name][row0 : row0 + rows, col0 : col0 + cols] = values
    return ServiceRasters(rasters)


def service_blocks(
    signal: SignalMap, services: Sequence[Service], *, budgets: Budgets, layers: Sequence[str]
) -> Iterator[tuple[Window, dict[str, npt.NDArray[Any]]]]:
    """Work out what some services give together, block by block.

    Level, SINR, RSRQ, rate and uplink are those of the strongest server, of equal ones the first. A cell of
    the grid is served where any service serves, the probability is that of the surest service, and the
    servers that reach the level required are counted over all of them.

    Parameters
    ----------
    signal : SignalMap
    services : sequence of Service
    budgets : Budgets
        Of the same run.
    layers : sequence of str
        Names in `LAYERS`.

    Yields
    ------
    window : tuple of int
        Row0, col0, rows, cols; only blocks that a cell reaches.
    layers : dict of str to ndarray, shape (rows, cols)
    """
    wanted = check_layers(layers)
    for window in sorted({block.window for block in signal.blocks.values()}):
        parts = [
            _ServiceBlock(signal, service, window, budgets, frozenset(wanted))
            for service in services
            if signal.stacks(service, window)
        ]
        if not parts:
            continue
        for part in parts[1:]:
            parts[0].join(part)
        found = parts[0].finished()
        yield window, {name: found[name] for name in wanted}


class _ServiceBlock:
    """One service over a block: its carriers, folded strongest first."""

    def __init__(
        self, signal: SignalMap, service: Service, window: Window, budgets: Budgets, wanted: frozenset[str]
    ) -> None:
        self._signal, self._window, self._budgets, self._wanted = signal, window, budgets, wanted
        shape = window[2], window[3]
        self.level: Int16Array = np.full(shape, NO_LEVEL, dtype=np.int16)
        self.layers = {name: np.full(shape, LAYERS[name].empty, LAYERS[name].dtype) for name in LAYERS}
        stacks = signal.stacks(service, window)
        records = [signal.carriers[carrier] for carrier, _ in stacks]
        levels, totals = [one["level"][0] for _, one in stacks], [one["total"] for _, one in stacks]
        self.layers["served"] = fold_stacks(levels, totals, [needs_of(record) for record in records])[1]
        for carrier, arrays in stacks:
            self._add(carrier, arrays)

    def _add(self, carrier: Carrier, arrays: Arrays) -> None:
        record, stack = self._signal.carriers[carrier], arrays["level"]
        layers, wanted = self.layers, self._wanted
        leads = stack[0] > self.level
        level, total = stack[0][leads], arrays["total"][leads]
        interference = {"noise_dbm": record.noise_dbm, "load": record.load}
        self.level[leads] = level
        cells = self._signal.blocks[carrier, self._window[0], self._window[1]].cells
        layers["server"][leads] = cells[arrays["number"][0][leads]]
        if wanted & {"sinr", "throughput"}:
            layers["sinr"][leads] = best_sinr_db(level, total, **interference)
        if "rsrq" in wanted:
            layers["rsrq"][leads] = best_rsrq_db(level, total, **interference)
        if "probability" in wanted:
            holding_dbm, sigma_db = self._budgets.holding_dbm(record), self._budgets.sigma_db(record)
            layers["probability"][leads] = location_probability(levels_dbm(level), holding_dbm, sigma_db)
        if "servers" in wanted:
            layers["servers"] += (stack >= needs_of(record).level).sum(axis=0, dtype=np.uint8)

    def join(self, other: _ServiceBlock) -> None:
        """Take over where another service is stronger, or serves, or is surer."""
        mine, leads = self.layers, other.level > self.level
        for name in ("server", "sinr", "rsrq"):
            mine[name][leads] = other.layers[name][leads]
        self.level[leads] = other.level[leads]
        mine["served"] = mine["served"] | other.layers["served"]
        mine["servers"] += other.layers["servers"]
        mine["probability"] = np.fmax(mine["probability"], other.layers["probability"])

    def finished(self) -> dict[str, npt.NDArray[Any]]:
        """Return the layers, those that follow from others included."""
        layers = self.layers
        layers["rsrp"] = levels_dbm(self.level)
        if "throughput" in self._wanted:
            layers["throughput"] = self._budgets.rates.mbit_s(layers["server"], layers["sinr"])
        if "uplink" in self._wanted:
            offset_db = self._budgets.uplink_offset_db[layers["server"]].astype(np.float32)
            layers["uplink"] = layers["rsrp"] + offset_db
        return layers
