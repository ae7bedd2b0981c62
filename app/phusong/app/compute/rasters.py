"""Whole rasters of a run, for analysis elsewhere: level, SINR, best server, served cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from phusong.app.compute.signalmap import Service, SignalMap, needs_of
from phusong.coverage.grids import Grid
from phusong.coverage.service import fold_stacks
from phusong.coverage.signal import best_sinr_db
from phusong.coverage.signal_kernel import NO_LEVEL, Int16Array, Int32Array
from phusong.coverage.stacks import Window, levels_dbm
from phusong.coverage.zonal import BoolArray
from phusong.geodata.store.rasters import write_cog

TENTHS_NODATA = -32_768
RASTERS = ("rsrp", "sinr", "server", "served")


@dataclass(frozen=True, slots=True)
class ServiceRasters:
    """Signal over the whole study grid.

    Attributes
    ----------
    rsrp_dbm, sinr_db : ndarray of float32, shape (height, width)
        Of the best server; NaN where there is none.
    server : ndarray of int32, same shape
        Index of the best server among the cells of the run, -1 where there is none.
    served : ndarray of bool, same shape
        Where any of the services serves.
    """

    rsrp_dbm: npt.NDArray[np.float32]
    sinr_db: npt.NDArray[np.float32]
    server: Int32Array
    served: BoolArray


def service_rasters(signal: SignalMap, services: Sequence[Service]) -> ServiceRasters:
    """Put the stacks of some services together; the strongest server counts, of equal ones the first."""
    shape = signal.shape
    rasters = ServiceRasters(
        np.full(shape, np.nan, dtype=np.float32),
        np.full(shape, np.nan, dtype=np.float32),
        np.full(shape, -1, dtype=np.int32),
        np.zeros(shape, dtype=bool),
    )
    best = np.full(shape, NO_LEVEL, dtype=np.int16)
    windows = {block.window for block in signal.blocks.values()}
    for window in sorted(windows):
        for service in services:
            _add(signal, service, window, best, rasters)
    return rasters


def _add(
    signal: SignalMap, service: Service, window: Window, best: Int16Array, rasters: ServiceRasters
) -> None:
    row0, col0, rows, cols = window
    here = np.s_[row0 : row0 + rows, col0 : col0 + cols]
    stacks = signal.stacks(service, window)
    if stacks:
        needs = [needs_of(signal.carriers[carrier]) for carrier, _ in stacks]
        levels, totals = [one["level"][0] for _, one in stacks], [one["total"] for _, one in stacks]
        rasters.served[here] |= fold_stacks(levels, totals, needs)[1]
    for carrier, arrays in stacks:
        record, level = signal.carriers[carrier], arrays["level"][0]
        leads = level > best[here]
        cells = signal.blocks[carrier, row0, col0].cells
        best[here][leads] = level[leads]
        rasters.rsrp_dbm[here][leads] = levels_dbm(level[leads])
        rasters.server[here][leads] = cells[arrays["number"][0][leads]]
        rasters.sinr_db[here][leads] = best_sinr_db(
            level[leads], arrays["total"][leads], noise_dbm=record.noise_dbm, load=record.load
        )


def write_rasters(folder: Path, name: str, rasters: ServiceRasters, *, grid: Grid) -> list[Path]:
    """Write cloud-optimised GeoTIFFs, ``<raster>-<name>.tif``; levels are whole tenths of a decibel."""
    folder.mkdir(parents=True, exist_ok=True)
    layers: Mapping[str, tuple[npt.NDArray[np.generic], float | None, str]] = {
        "rsrp": (_tenths(rasters.rsrp_dbm), TENTHS_NODATA, "dBm x 10"),
        "sinr": (_tenths(rasters.sinr_db), TENTHS_NODATA, "dB x 10"),
        "server": (rasters.server, -1, "index in cells.json"),
        "served": (rasters.served.astype(np.uint8), None, "1"),
    }
    paths = []
    for raster, (values, nodata, unit) in layers.items():
        paths.append(folder / f"{raster}-{name}.tif")
        write_cog(paths[-1], values, grid=grid, nodata=nodata, tags={"unit": unit})
    return paths


def _tenths(level_db: npt.NDArray[np.float32]) -> npt.NDArray[np.int16]:
    known = np.isfinite(level_db)
    tenths = np.full(level_db.shape, TENTHS_NODATA, dtype=np.int16)
    tenths[known] = np.rint(level_db[known] * 10.0).astype(np.int16)
    return tenths
