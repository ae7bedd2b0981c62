"""Layers of signal for maps, as byte codes worked out from the stacks of a run, block by block.

Every layer is one byte a cell of the grid: 0 where there is nothing to show, else a class counted from 1.
The layer ``margin`` tells how far a service lies above what it needs in steps of half a decibel, so that a
reader may move the threshold without asking again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from phusong.app.compute.budgets import Budgets
from phusong.app.compute.shares import ALL_OPERATORS, ANY_TECHNOLOGY
from phusong.app.compute.signalmap import Service, SignalMap, needs_of
from phusong.app.compute.stacks import Carrier
from phusong.app.layer_names import signal_layer
from phusong.coverage.margins import service_margins
from phusong.coverage.serving_kernel import Needs
from phusong.coverage.signal import best_sinr_db
from phusong.coverage.signal_kernel import LEVEL_STEP_DB, NO_LEVEL, Int16Array, Int32Array, Int64Array
from phusong.coverage.stacks import Window
from phusong.geodata.tiles.png import Codes

MARGIN_ZERO_CODE = 128
"""Code of the margin from 0 to half a decibel: the least that is served."""
MARGIN_STEPS_PER_DB = 2
LEVEL_STEPS_PER_CODE = round(1.0 / MARGIN_STEPS_PER_DB / LEVEL_STEP_DB)
SINR_EDGES_DB = (-6.0, -3.0, 0.0, 10.0, 20.0)
RATE_EDGES_MBIT_S = (2.0, 10.0, 40.0, 100.0, 300.0)
MOST_OPERATORS = 4
SERVER_EDGES = (1, 2, 3, 4, 6)
SHADES = 4
"""Tones of an operator, so that neighbouring cells can be told apart."""

KINDS = ("margin", "server", "sinr", "throughput", "operators", "servers")
_ONE_TECHNOLOGY = ("server", "sinr", "throughput", "servers")


@dataclass(frozen=True, slots=True)
class LayerName:
    """What a layer shows.

    Attributes
    ----------
    kind : str
        One of `KINDS`.
    technology : str
        Or ``ANY_TECHNOLOGY``.
    operator : str
        Or ``ALL_OPERATORS``.
    """

    kind: str
    technology: str
    operator: str

    @property
    def id(self) -> str:
        """Name in addresses."""
        return f"{self.kind}-{signal_layer(self.technology, self.operator)}"


def layer_names(services: Sequence[Service]) -> dict[str, LayerName]:
    """Return the layers that some services offer, by id.

    Examples
    --------
    >>> [name for name in layer_names([("VNPT", "4G")]) if name.startswith("operators")]
    ['operators-4G-all', 'operators-4G+5G-all']
    """
    technologies = sorted({technology for _, technology in services})
    operators = sorted({operator for operator, _ in services})
    names = []
    for technology in [*technologies, *([ANY_TECHNOLOGY] if technologies else [])]:
        for operator in (ALL_OPERATORS, *operators):
            kinds = [kind for kind in KINDS if _is_offered(kind, technology, operator)]
            if services_counted(services, technology, operator):
                names += [LayerName(kind, technology, operator) for kind in kinds]
    return {name.id: name for name in names}


def services_counted(services: Sequence[Service], technology: str, operator: str) -> list[Service]:
    """Return the services that count for a technology and an operator."""
    return [
        (own, kind)
        for own, kind in services
        if operator in (ALL_OPERATORS, own) and technology in (ANY_TECHNOLOGY, kind)
    ]


def operators_of(services: Sequence[Service]) -> list[str]:
    """Return operators on air in the order of their codes in ``server``."""
    return sorted({operator for operator, _ in services})


def _is_offered(kind: str, technology: str, operator: str) -> bool:
    if kind == "operators" and operator != ALL_OPERATORS:
        return False
    # The strongest server of two technologies at once serves nobody: a terminal uses one of them.
    return technology != ANY_TECHNOLOGY or kind not in _ONE_TECHNOLOGY


@dataclass(frozen=True, slots=True)
class _Stacks:
    """A carrier in a part of a block, thinned out."""

    carrier: Carrier
    needs: Needs
    level: Int16Array
    total: Int64Array
    number: Int16Array
    cells: Int32Array


@dataclass(frozen=True, slots=True, eq=False)
class SignalLayers:
    """Codes of the layers of a run.

    Attributes
    ----------
    signal : SignalMap
    budgets : Budgets
        Of the same run.
    """

    signal: SignalMap
    budgets: Budgets

    def names(self) -> dict[str, LayerName]:
        """Return the layers there are, by id."""
        return layer_names(self.signal.services)

    def operators(self) -> list[str]:
        """Operators on air in the order of their codes in ``server``."""
        return operators_of(self.signal.services)

    def block(self, name: LayerName, window: Window, step: int = 1) -> Codes:
        """Work out the codes of a block.

        Parameters
        ----------
        name : LayerName
        window : tuple of int
            A block of the grid: row0, col0, rows, cols.
        step : int
            Only every so many-th cell, the middle one, a power of two.

        Returns
        -------
        ndarray of uint8, shape (ceil(rows / step), ceil(cols / step))
        """
        services = services_counted(self.signal.services, name.technology, name.operator)
        found = _MAKERS[name.kind](self, services, window, step)
        shape = -(-window[2] // step), -(-window[3] // step)
        return np.zeros(shape, dtype=np.uint8) if found is None else found

    def _parts(self, services: Sequence[Service], window: Window, step: int) -> list[list[_Stacks]]:
        """Return the carriers of each service in a block; services that do not reach it are left out."""
        rows, cols = middles(window[2], step), middles(window[3], step)
        parts = []
        for service in services:
            stacks = [
                _Stacks(
                    carrier,
                    needs_of(self.signal.carriers[carrier]),
                    thinned(arrays["level"], rows, cols, step),
                    thinned(arrays["total"], rows, cols, step),
                    thinned(arrays["number"], rows, cols, step),
                    self.signal.blocks[carrier, window[0], window[1]].cells,
                )
                for carrier, arrays in self.signal.stacks(service, window)
            ]
            if stacks:
                parts.append(stacks)
        return parts

    def _margin(self, services: Sequence[Service], window: Window, step: int) -> Codes | None:
        codes: Codes | None = None
        for stacks in self._parts(services, window, step):
            margin = service_margins(
                [one.level[0] for one in stacks],
                [one.total for one in stacks],
                [one.needs for one in stacks],
            )
            own = margin_codes(margin)
            codes = own if codes is None else np.maximum(codes, own)
        return codes

    def _server(self, services: Sequence[Service], window: Window, step: int) -> Codes | None:
        best = self._best(services, window, step)
        if best is None:
            return None
        place = {operator: index for index, operator in enumerate(self.operators())}
        code = best.owner_of([place[one.operator] for one in best.carriers]) * SHADES + best.cell % SHADES + 1
        return np.where(best.is_enough, code, 0).astype(np.uint8)

    def _sinr(self, services: Sequence[Service], window: Window, step: int) -> Codes | None:
        best = self._best(services, window, step)
        if best is None:
            return None
        return _classes(self._sinr_db(best), SINR_EDGES_DB, where=best.is_enough)

    def _throughput(self, services: Sequence[Service], window: Window, step: int) -> Codes | None:
        best = self._best(services, window, step)
        if best is None:
            return None
        rate = self.budgets.rates.mbit_s(np.where(best.is_enough, best.cell, -1), self._sinr_db(best))
        return _classes(rate, RATE_EDGES_MBIT_S, where=best.is_enough)

    def _operators(self, services: Sequence[Service], window: Window, step: int) -> Codes:
        shape = -(-window[2] // step), -(-window[3] // step)
        count = np.ones(shape, dtype=np.uint8)
        for operator in self.operators():
            margin = self._margin([one for one in services if one[0] == operator], window, step)
            if margin is not None:
                count += margin >= MARGIN_ZERO_CODE
        return np.minimum(count, np.uint8(MOST_OPERATORS + 1))

    def _servers(self, services: Sequence[Service], window: Window, step: int) -> Codes | None:
        count: npt.NDArray[np.int64] | None = None
        for one in (stack for stacks in self._parts(services, window, step) for stack in stacks):
            above = (one.level >= one.needs.level).sum(axis=0)
            count = above if count is None else count + above
        return None if count is None else np.searchsorted(SERVER_EDGES, count, side="right").astype(np.uint8)

    def _best(self, services: Sequence[Service], window: Window, step: int) -> _Best | None:
        stacks = [stack for part in self._parts(services, window, step) for stack in part]
        return _Best.of(stacks) if stacks else None

    def _sinr_db(self, best: _Best) -> npt.NDArray[np.float32]:
        found = np.full(best.level.shape, np.nan, dtype=np.float32)
        for place, carrier in enumerate(best.carriers):
            record = self.signal.carriers[carrier]
            here = (best.lead == place) & best.is_enough
            found[here] = best_sinr_db(
                best.level[here], best.total[here], noise_dbm=record.noise_dbm, load=record.load
            )
        return found


@dataclass(frozen=True, slots=True, eq=False)
class _Best:
    """Strongest server of some carriers; of equal ones the first.

    Attributes
    ----------
    carriers : list of Carrier
    level, total, cell : ndarray
    lead : ndarray of int8
        Place of its carrier.
    is_enough : ndarray of bool
        Whether its level is what the carrier needs.
    """

    carriers: list[Carrier]
    level: Int16Array
    total: Int64Array
    cell: Int32Array
    lead: npt.NDArray[np.int8]
    is_enough: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, stacks: Sequence[_Stacks]) -> _Best:
        shape = stacks[0].total.shape
        level = np.full(shape, NO_LEVEL, dtype=np.int16)
        total, cell = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int32)
        lead, enough = np.zeros(shape, dtype=np.int8), np.zeros(shape, dtype=np.bool_)
        for place, one in enumerate(stacks):
            leads = one.level[0] > level
            np.copyto(level, one.level[0], where=leads)
            np.copyto(total, one.total, where=leads)
            np.copyto(cell, one.cells[np.maximum(one.number[0], 0)], where=leads)
            np.copyto(lead, np.int8(place), where=leads)
            np.copyto(enough, one.level[0] >= one.needs.level, where=leads)
        return cls([one.carrier for one in stacks], level, total, cell, lead, enough)

    def owner_of(self, owners: Sequence[int]) -> Int32Array:
        """Return what belongs to the leading carrier of each cell."""
        return np.array(owners, dtype=np.int32)[self.lead]


_Maker = Callable[[SignalLayers, Sequence[Service], Window, int], Codes | None]
_MAKERS: Mapping[str, _Maker] = MappingProxyType(
    {
        "margin": SignalLayers._margin,
        "server": SignalLayers._server,
        "sinr": SignalLayers._sinr,
        "throughput": SignalLayers._throughput,
        "operators": SignalLayers._operators,
        "servers": SignalLayers._servers,
    }
)


def margin_codes(margin: Int16Array) -> Codes:
    """Turn margins in level steps into codes of half a decibel.

    Examples
    --------
    >>> margin_codes(np.array([NO_LEVEL, -32_000, -1, 0, 124, 125, 32_000], dtype=np.int16)).tolist()
    [0, 1, 127, 128, 128, 129, 255]
    """
    code = np.clip(margin.astype(np.int32) // LEVEL_STEPS_PER_CODE + MARGIN_ZERO_CODE, 1, 255)
    return np.where(margin == NO_LEVEL, 0, code).astype(np.uint8)


def _classes(
    values: npt.NDArray[np.floating[Any]], edges: Sequence[float], *, where: npt.NDArray[np.bool_]
) -> Codes:
    """Count classes from 1; a value on an edge belongs to the class above."""
    found = np.searchsorted(edges, values, side="right") + 1
    return np.where(where & ~np.isnan(values), found, 0).astype(np.uint8)


def middles(count: int, step: int) -> npt.NDArray[np.intp]:
    """Places of every so many-th cell, the middle one of those it stands for."""
    return np.minimum(np.arange(0, count, step) + step // 2, count - 1)


def thinned(
    array: npt.NDArray[Any], rows: npt.NDArray[np.intp], cols: npt.NDArray[np.intp], step: int
) -> npt.NDArray[Any]:
    """Return some rows and columns of an array; the array itself where none are left out."""
    return array if step == 1 else np.ascontiguousarray(array[..., rows, :][..., cols])
