"""Rasters of a run: metric COGs for analysis and Mercator-aligned copies for the eye."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import orjson

from phusong.app.compute.blocks import ServiceSignal
from phusong.app.compute.inputs import ComputeInputs
from phusong.app.layer_names import signal_layer
from phusong.coverage.grids import FloatArray
from phusong.coverage.zonal import BoolArray
from phusong.geodata.store.rasters import write_cog
from phusong.geodata.tiles.display import build_display
from phusong.geodata.tiles.hillshade import build_hillshade

TENTHS_NODATA = -32_768


def write_signal(
    run_dir: Path,
    inputs: ComputeInputs,
    service: tuple[str, str],
    signal: ServiceSignal,
    served: BoolArray,
) -> None:
    """Write level, SINR, best server and served cells of one technology and operator (or all)."""
    name = signal_layer(*service)
    coverages = run_dir / "coverages"
    coverages.mkdir(exist_ok=True)
    (run_dir / "display").mkdir(exist_ok=True)
    grid = inputs.grid
    level_tif = coverages / f"rsrp-{name}.tif"
    sinr_tif = coverages / f"sinr-{name}.tif"
    write_cog(level_tif, _tenths(signal.rsrp_dbm), grid=grid, nodata=TENTHS_NODATA, tags={"unit": "dBm x 10"})
    write_cog(sinr_tif, _tenths(signal.sinr_db), grid=grid, nodata=TENTHS_NODATA, tags={"unit": "dB x 10"})
    write_cog(
        coverages / f"served-{name}.tif", served.astype(np.uint8), grid=grid, nodata=None, tags={"unit": "1"}
    )
    server = signal.server.astype(np.int32)
    write_cog(
        coverages / f"server-{name}.tif", server, grid=grid, nodata=-1, tags={"unit": "index in cells.json"}
    )
    build_display(level_tif, run_dir / "display" / f"rsrp-{name}.tif")


def _tenths(level_db: FloatArray) -> npt.NDArray[np.int16]:
    known = np.isfinite(level_db)
    tenths = np.full(level_db.shape, TENTHS_NODATA, dtype=np.int16)
    tenths[known] = np.rint(level_db[known] * 10.0).astype(np.int16)
    return tenths


def write_cell_names(run_dir: Path, inputs: ComputeInputs) -> None:
    """Write the cells that the server rasters number."""
    (run_dir / "cells.json").write_bytes(orjson.dumps([cell.cell_id for cell in inputs.cells]))


def write_relief(run_dir: Path, inputs: ComputeInputs) -> None:
    """Write the hillshade of the terrain."""
    (run_dir / "display").mkdir(exist_ok=True)
    build_hillshade(inputs.store.raster_path("terrain"), run_dir / "display" / "hillshade.tif")
