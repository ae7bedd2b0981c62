"""What the levels of a run mean to a terminal: how surely they hold, at what rate, and who is heard back."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from phusong.app.compute.served import margin_db, sigma_db, terminal_loss_db
from phusong.app.compute.signalmap import CarrierRecord
from phusong.app.compute.stacks import carrier_of
from phusong.coverage.errors import ModelRangeError, NotFoundError
from phusong.coverage.grids import FloatArray
from phusong.coverage.method import Method, method_from_dict
from phusong.coverage.propagation.terminal import extra_loss_db
from phusong.coverage.radio.cell import Cell
from phusong.coverage.radio.link_budget import rsrp_offset_dbm
from phusong.coverage.radio.throughput import RateTables
from phusong.coverage.radio.uplink import uplink_limited_loss_db

CELLS_FILE = "cells.json"
"""File of a run that tells how its cells send, in the order in which its stacks number them."""
_FIELDS = tuple(item.name for item in fields(Cell) if item.name != "pattern")


@dataclass(frozen=True)
class Budgets:
    """Cells and method of a run, and what follows from them.

    Attributes
    ----------
    cells : tuple of Cell
        As the stacks number them, without their antenna patterns: levels are known already.
    method : Method
    has_clutter : bool
        Whether the run had a layer of clutter heights.
    """

    cells: tuple[Cell, ...]
    method: Method
    has_clutter: bool

    @functools.cached_property
    def rates(self) -> RateTables:
        """Bit rates of the cells by SINR."""
        return RateTables.of(self.cells)

    @functools.cached_property
    def uplink_offset_db(self) -> FloatArray:
        """Margin of the uplink at a median RSRP of 0 dBm outdoors, by cell; add the RSRP.

        RSRP tells the loss from boresight to the terminal, antenna pattern included: EIRP of a resource
        element less RSRP. What is lost at the terminal counts upwards as well.
        """
        return np.array([self._uplink_offset_db(cell) for cell in self.cells], dtype=np.float64)

    def _uplink_offset_db(self, cell: Cell) -> float:
        lost_db = terminal_loss_db(self.method, carrier_of(cell), has_clutter=self.has_clutter)
        return uplink_limited_loss_db(cell) - rsrp_offset_dbm(cell) - lost_db

    def sigma_db(self, record: CarrierRecord) -> float:
        """Spread of a carrier's levels within a cell of the grid."""
        return sigma_db(self.method, record.carrier.frequency_mhz)

    def holding_dbm(self, record: CarrierRecord) -> float:
        """Level outdoors that must hold for service: what the median must reach, less the fade margin."""
        return record.required_dbm - margin_db(self.method, record.carrier.frequency_mhz)

    def entry_loss_db(self, indoor_class: str | None, frequency_mhz: float) -> float | None:
        """Loss of entering a building as the method counts it; None outside the range of ITU-R P.2109."""
        inside = replace(self.method, terminal_clutter=None, indoor_class=indoor_class)
        try:
            return extra_loss_db(inside, frequency_mhz)
        except ModelRangeError:
            return None

    def indoors(self, record: CarrierRecord, indoor_class: str) -> CarrierRecord | None:
        """Return what a carrier is judged by inside a class of buildings; None where that is unknown."""
        frequency_mhz = record.carrier.frequency_mhz
        entry_db = self.entry_loss_db(indoor_class, frequency_mhz)
        counted_db = self.entry_loss_db(self.method.indoor_class, frequency_mhz)
        if entry_db is None or counted_db is None:
            return None
        more_db = entry_db - counted_db
        return replace(
            record, required_dbm=record.required_dbm + more_db, noise_dbm=record.noise_dbm + more_db
        )


def write_cells(run_dir: Path, cells: Sequence[Cell]) -> None:
    """Write the cells that the stacks of a run number, and how they send."""
    records = [{name: getattr(cell, name) for name in _FIELDS} for cell in cells]
    (run_dir / CELLS_FILE).write_bytes(orjson.dumps(records))


def load_budgets(run_dir: Path, method_record: Mapping[str, Any]) -> Budgets:
    """Read what the levels of a run mean.

    Parameters
    ----------
    run_dir : Path
    method_record : mapping
        Of its results document.

    Raises
    ------
    NotFoundError
        ``results_missing``, also for results that an older version wrote.
    """
    try:
        cells = tuple(Cell(**record) for record in orjson.loads((run_dir / CELLS_FILE).read_bytes()))
    except (FileNotFoundError, TypeError) as error:
        raise NotFoundError("results_missing", study=str(run_dir.parent.parent)) from error
    return Budgets(
        cells=cells,
        method=method_of(method_record),
        has_clutter="clutter" in method_record["layers"],
    )


def method_of(method_record: Mapping[str, Any]) -> Method:
    """Return the method of a results document, without what is printed beside it."""
    known = {item.name for item in fields(Method)}
    return method_from_dict({name: value for name, value in method_record.items() if name in known})
