"""What a terminal would find at one place, by operator and technology."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from phusong.app.compute.budgets import Budgets
from phusong.app.compute.signalmap import CarrierRecord, PointServer, PointSignal, Service, SignalMap
from phusong.coverage.method import INDOOR_CLASSES
from phusong.coverage.radio.reliability import location_probability
from phusong.coverage.radio.throughput import downlink_mbit_s

SERVERS_SHOWN = 3
Judge = Callable[[CarrierRecord], bool]
NOTHING = PointSignal(None, None, None, is_served=False)


def reception_record(
    signal: SignalMap, budgets: Budgets, service: Service, at: tuple[int, int] | None
) -> dict[str, Any]:
    """Say what one service gives at a cell of the study grid.

    Parameters
    ----------
    signal : SignalMap
    budgets : Budgets
        Of the same run.
    service : (operator, technology)
    at : tuple of int or None
        Row and column; None outside the grid.

    Returns
    -------
    dict
        Plain values, None where nothing is received: figures of the best server, the probability that its
        level holds at a place in the cell of the grid, the three strongest servers, and service indoors.
    """
    found = NOTHING if at is None else signal.point(service, *at)
    servers = () if at is None else signal.servers(service, *at)

    def judge(record: CarrierRecord) -> bool:
        return at is not None and signal.serves(service, *at, record)

    return {
        "operator": service[0],
        "technology": service[1],
        "rsrp_dbm": _rounded(found.rsrp_dbm),
        "sinr_db": _rounded(found.sinr_db),
        "rsrq_db": _rounded(found.rsrq_db),
        "is_served": found.is_served,
        "cell_id": None if found.cell_index is None else budgets.cells[found.cell_index].cell_id,
        **_budget(signal, budgets, found),
        "servers": [_server(budgets, server) for server in servers[:SERVERS_SHOWN]],
        "servers_above_threshold": sum(server.is_above for server in servers),
        "indoor": {name: _indoor(signal, budgets, found, judge, name) for name in INDOOR_CLASSES},
    }


def _budget(signal: SignalMap, budgets: Budgets, found: PointSignal) -> dict[str, Any]:
    """Figures of the best server that follow from its level."""
    carrier, index, level_dbm = found.carrier, found.cell_index, found.rsrp_dbm
    if carrier is None or index is None or level_dbm is None or found.sinr_db is None:
        names = ("required_dbm", "location_probability", "throughput_mbit_s", "uplink_margin_db")
        return dict.fromkeys(names)
    record, cell = signal.carriers[carrier], budgets.cells[index]
    probability = location_probability(level_dbm, budgets.holding_dbm(record), budgets.sigma_db(record))
    return {
        "required_dbm": _rounded(record.required_dbm),
        "location_probability": _rounded(float(probability), 3),
        "throughput_mbit_s": _rounded(float(downlink_mbit_s(cell, found.sinr_db))),
        "uplink_margin_db": _rounded(level_dbm + float(budgets.uplink_offset_db[index])),
    }


def _server(budgets: Budgets, server: PointServer) -> dict[str, Any]:
    return {
        "cell_id": budgets.cells[server.cell_index].cell_id,
        "frequency_mhz": server.carrier.frequency_mhz,
        "rsrp_dbm": _rounded(server.rsrp_dbm),
    }


def _indoor(
    signal: SignalMap, budgets: Budgets, found: PointSignal, judge: Judge, indoor_class: str
) -> dict[str, Any]:
    """Service inside a class of buildings: the same judgement after the loss of entering."""
    if found.carrier is None:
        return {"is_served": False, "entry_loss_db": None}
    inside = budgets.indoors(signal.carriers[found.carrier], indoor_class)
    if inside is None:
        return {"is_served": None, "entry_loss_db": None}
    entry_db = budgets.entry_loss_db(indoor_class, found.carrier.frequency_mhz)
    return {"is_served": judge(inside), "entry_loss_db": _rounded(entry_db)}


def _rounded(value: float | None, decimals: int = 1) -> float | None:
    return round(value, decimals) if value is not None and np.isfinite(value) else None
