"""Codes of all layers of signal of a part of the grid at once, made from the stacks of a run."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson

from phusong.app.compute.fingerprint import engine_version
from phusong.app.compute.shares import ALL_OPERATORS
from phusong.app.compute.signalmap import Service, needs_of
from phusong.app.compute.stacks import BLOCK_CELLS, Carrier
from phusong.app.signalcodes_kernel import (
    RATE_SHIFT,
    SERVERS_SHIFT,
    SINR_SHIFT,
    UNION_SERVERS_SHIFT,
    Classes,
    Packed,
    count_operators,
    count_servers,
    fold_codes,
    pick_field,
    pick_margin,
    pick_server,
    take_lead,
)
from phusong.app.signallayers import (
    LEVEL_STEPS_PER_CODE,
    MARGIN_ZERO_CODE,
    MOST_OPERATORS,
    RATE_EDGES_MBIT_S,
    SERVER_EDGES,
    SHADES,
    SINR_EDGES_DB,
    LayerName,
    SignalLayers,
    middles,
    services_counted,
    thinned,
)
from phusong.coverage.radio.throughput import LEAST_SINR_DB, STEPS_PER_DB, RateTables
from phusong.coverage.signal_kernel import NO_LEVEL, Int16Array, Int64Array, power_table
from phusong.coverage.stacks import Window
from phusong.geodata.tiles.png import Codes

Arrays = Mapping[str, npt.NDArray[Any]]
"""``margin`` and ``packed`` by service, ``union`` by technology; see `signalcodes_kernel`."""
_Kept = tuple[npt.NDArray[np.intp], npt.NDArray[np.intp], int]
"""Rows and columns, and the step between them."""
_FORM = 1
_SHIFTS = {"sinr": SINR_SHIFT, "throughput": RATE_SHIFT, "servers": SERVERS_SHIFT}


class CodeMaker:
    """Makes the codes of a run and picks layers from them.

    Parameters
    ----------
    layers : SignalLayers
    """

    def __init__(self, layers: SignalLayers) -> None:
        self._layers = layers
        self._signal = layers.signal
        self.services = layers.signal.services
        self.technologies = sorted({technology for _, technology in self.services})

    @functools.cached_property
    def windows(self) -> dict[tuple[int, int], Window]:
        """Blocks of the grid that any cell reaches, by their first cell."""
        return {block.window[:2]: block.window for block in self._signal.blocks.values()}

    def empty(self, shape: tuple[int, int]) -> dict[str, npt.NDArray[Any]]:
        """Return codes of nothing."""
        services, technologies = len(self.services), len(self.technologies)
        return {
            "margin": np.zeros((services, *shape), dtype=np.uint8),
            "packed": np.zeros((services, *shape), dtype=np.uint16),
            "union": np.zeros((technologies, *shape), dtype=np.uint16),
        }

    def make(self, window: Window, step: int = 1) -> Arrays:
        """Make the codes of a block, of every so many-th cell (a power of two; the middle one)."""
        rows, cols = middles(window[2], step), middles(window[3], step)
        made = self.empty((len(rows), len(cols)))
        for technology, union in zip(self.technologies, made["union"], strict=True):
            lead = np.full(union.shape, NO_LEVEL, dtype=np.int16)
            servers = np.zeros_like(lead)
            for owner, service in enumerate(services_counted(self.services, technology, ALL_OPERATORS), 1):
                place = self.services.index(service)
                codes = made["margin"][place], made["packed"][place]
                best, count = self._fold(service, window, codes=codes, kept=(rows, cols, step))
                count_servers(count, _SERVERS, SERVERS_SHIFT, codes[1], servers)
                take_lead(best, owner, lead, union)
            count_servers(servers, _SERVERS, UNION_SERVERS_SHIFT, union, np.zeros_like(servers))
        return made

    def _fold(
        self, service: Service, window: Window, *, codes: tuple[Codes, Packed], kept: _Kept
    ) -> tuple[Int16Array, Int16Array]:
        """Fill the codes of a service; return its strongest level and its number of servers."""
        best = np.full(codes[0].shape, NO_LEVEL, dtype=np.int16)
        count = np.zeros_like(best)
        for carrier, arrays in self._signal.stacks(service, window):
            wanted = arrays["level"], arrays["total"], arrays["number"][0]
            stack = (thinned(wanted[0], *kept), thinned(wanted[1], *kept), thinned(wanted[2], *kept))
            needs, classes = needs_of(self._signal.carriers[carrier]), self._classes(carrier, window)
            fold_codes(stack, needs, classes, power_table(), best, count, *codes)
        return best, count

    def digest(self, window: Window) -> str:
        """Hash of everything the codes of a block depend on."""
        digest = hashlib.sha256(self._basis + np.array(window, dtype=np.int64).tobytes())
        for carrier in self._signal.carriers:
            block = self._signal.blocks.get((carrier, *window[:2]))
            if block is not None:
                digest.update(block.digest.encode())
                digest.update((block.cells % SHADES).astype(np.uint8).tobytes())
        return digest.hexdigest()[:32]

    def pick(self, name: LayerName, arrays: Arrays, here: tuple[slice, slice]) -> Codes:
        """Take a layer from codes.

        Parameters
        ----------
        name : LayerName
        arrays : mapping of str to ndarray
        here : tuple of slice
            Rows and columns wanted.
        """
        margin, packed, union = (arrays[part][:, *here] for part in ("margin", "packed", "union"))
        counted = services_counted(self.services, name.technology, name.operator)
        services = np.array([self.services.index(one) for one in counted], dtype=np.int64)
        found = np.zeros(margin.shape[1:], dtype=np.uint8)
        if name.kind == "margin":
            pick_margin(margin, services, found)
        elif name.kind == "operators":
            limits = MARGIN_ZERO_CODE, MOST_OPERATORS + 1
            count_operators(margin, self._operators(counted), limits, found)
        else:
            self._pick_owned(name, (packed, union), services, found)
        return found

    def _pick_owned(
        self, name: LayerName, arrays: tuple[Packed, Packed], services: Int64Array, found: Codes
    ) -> None:
        """Pick what belongs to the strongest server, of one service or of all of a technology."""
        packed, union = arrays
        own = union[self.technologies.index(name.technology)]
        if len(services) == 1:
            own = np.ones(found.shape, dtype=np.uint16)
        elif name.kind == "servers":
            np.right_shift(own, UNION_SERVERS_SHIFT, out=found, casting="unsafe")
            return
        if name.kind == "server":
            place = {operator: index for index, operator in enumerate(self._layers.operators())}
            first = [place[self.services[service][0]] * SHADES + 1 for service in services.tolist()]
            pick_server(packed, own, services, np.array(first, dtype=np.int64), found)
        else:
            pick_field(packed, own, services, _SHIFTS[name.kind], found)

    def _operators(self, counted: Sequence[Service]) -> Int64Array:
        operators = self._layers.operators()
        return np.array(
            [operators.index(one[0]) if one in counted else -1 for one in self.services], dtype=np.int64
        )

    def _classes(self, carrier: Carrier, window: Window) -> Classes:
        cells = self._signal.blocks[carrier, window[0], window[1]].cells
        kinds, ratios = self._rates
        return Classes(
            _SINR_RATIOS,
            ratios,
            _SERVERS,
            kinds[cells],
            (cells % SHADES).astype(np.int32),
            MARGIN_ZERO_CODE,
            LEVEL_STEPS_PER_CODE,
        )

    @functools.cached_property
    def _rates(self) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float64]]:
        tables = self._layers.budgets.rates
        return tables.kinds, least_ratios(tables, RATE_EDGES_MBIT_S)

    @functools.cached_property
    def _basis(self) -> bytes:
        records = [self._signal.carriers[carrier] for carrier in self._signal.carriers]
        edges = [SINR_EDGES_DB, RATE_EDGES_MBIT_S, SERVER_EDGES]
        return orjson.dumps([_FORM, engine_version("signal", "service"), records, edges, BLOCK_CELLS])


def least_ratios(tables: RateTables, edges_mbit_s: Sequence[float]) -> npt.NDArray[np.float64]:
    """Return the least power ratio at which cells of each kind reach a rate; infinite where none does.

    Rates are interpolated between the steps of the tables, as `RateTables.mbit_s` does.

    Returns
    -------
    ndarray of float64, shape (kinds, edges)
    """
    found = np.full((len(tables.tables), len(edges_mbit_s)), np.inf)
    for kind, rates in enumerate(tables.tables):
        for place, edge in enumerate(edges_mbit_s):
            above = int(np.argmax(rates >= edge))
            if rates[above] < edge:
                continue
            step = float(above)
            if above:
                low, high = float(rates[above - 1]), float(rates[above])
                step += (edge - low) / (high - low) - 1.0
            found[kind, place] = 10.0 ** ((LEAST_SINR_DB + step / STEPS_PER_DB) / 10.0)
    return found


_SINR_RATIOS = 10.0 ** (np.array(SINR_EDGES_DB) / 10.0)
_SERVERS = np.array(SERVER_EDGES, dtype=np.int64)
