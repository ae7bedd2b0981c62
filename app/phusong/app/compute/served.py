"""Served cells by technology and operator, from the assembled signal."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from phusong.app.compute.blocks import ServiceSignal
from phusong.app.compute.inputs import ComputeInputs
from phusong.coverage.method import Method
from phusong.coverage.propagation.location import fade_margin_db, location_sigma_db
from phusong.coverage.service import required_rsrp_dbm, served_levels
from phusong.coverage.zonal import BoolArray


def sigma_db(method: Method, frequency_mhz: float) -> float:
    """Spread of levels within a cell of the grid: the method's, else P.1812-8 section 4.8 for that square."""
    if method.location_sigma_db is not None:
        return method.location_sigma_db
    return location_sigma_db(frequency_mhz, square_m=min(max(method.grid_m, 1.0), 1000.0))


def margin_db(method: Method, frequency_mhz: float) -> float:
    """How far a median must lie above the threshold for the method's location probability."""
    return fade_margin_db(method.location_probability, sigma_db(method, frequency_mhz))


def served_cells(inputs: ComputeInputs, technology: str, signal: ServiceSignal) -> BoolArray:
    """Tell where one operator's technology serves; shape of the study grid."""
    margins = np.array(
        [margin_db(inputs.method, cell.frequency_mhz) for cell in inputs.cells], dtype=np.float32
    )
    needed = required_rsrp_dbm(inputs.method, technology=technology, margin_db=0.0) + margins
    required_dbm = np.append(needed, np.float32(np.inf))[signal.server]
    return served_levels(
        signal.rsrp_dbm, signal.sinr_db, required_dbm=required_dbm, min_sinr_db=inputs.method.min_sinr_db
    )


def strongest(signals: Sequence[ServiceSignal]) -> ServiceSignal:
    """Best of several operators at each cell; of equal levels the first."""
    first, *others = signals
    rsrp_dbm, sinr_db, server = first.rsrp_dbm.copy(), first.sinr_db.copy(), first.server.copy()
    for other in others:
        better = (other.rsrp_dbm > rsrp_dbm) | (np.isnan(rsrp_dbm) & np.isfinite(other.rsrp_dbm))
        rsrp_dbm[better], sinr_db[better] = other.rsrp_dbm[better], other.sinr_db[better]
        server[better] = other.server[better]
    return ServiceSignal(rsrp_dbm=rsrp_dbm, sinr_db=sinr_db, server=server)


def no_signal(inputs: ComputeInputs) -> ServiceSignal:
    """Return the signal of a study in which nobody is on air."""
    shape = inputs.grid.shape
    nothing = np.full(shape, np.nan, dtype=np.float32)
    return ServiceSignal(rsrp_dbm=nothing, sinr_db=nothing, server=np.full(shape, -1, dtype=np.int32))
