"""Rasters of a run: metric COGs for analysis and Mercator-aligned copies for the eye."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import orjson

from phusong.app.compute.blocks import NODATA, ServiceSignal
from phusong.app.compute.inputs import ComputeInputs
from phusong.app.layer_names import signal_layer
from phusong.geodata.store.rasters import write_cog
from phusong.geodata.tiles.display import build_display
from phusong.geodata.tiles.hillshade import build_hillshade


def write_signal(run_dir: Path, inputs: ComputeInputs, technology: str, operator: str, signal: ServiceSignal) -> str:
    """Write level, SINR and best server of one technology and operator (or all); return the layer's name."""
    name = signal_layer(technology, operator)
    coverages = run_dir / "coverages"
    coverages.mkdir(exist_ok=True)
    (run_dir / "display").mkdir(exist_ok=True)
    grid = inputs.grid
    level_tif = coverages / f"rsrp-{name}.tif"
    write_cog(level_tif, signal.rsrp_dbm10, grid=grid, nodata=NODATA, tags={"unit": "dBm x 10"})
    write_cog(coverages / f"sinr-{name}.tif", signal.sinr_db10, grid=grid, nodata=NODATA, tags={"unit": "dB x 10"})
    server = signal.server.astype(np.int32)
    write_cog(coverages / f"server-{name}.tif", server, grid=grid, nodata=-1, tags={"unit": "index in cells.json"})
    build_display(level_tif, run_dir / "display" / f"rsrp-{name}.tif")
    return f"rsrp-{name}"


def write_cell_names(run_dir: Path, inputs: ComputeInputs) -> None:
    """Write the cells that the server rasters number."""
    (run_dir / "cells.json").write_bytes(orjson.dumps([cell.cell_id for cell in inputs.cells]))


def write_relief(run_dir: Path, inputs: ComputeInputs) -> None:
    """Write the hillshade of the terrain."""
    (run_dir / "display").mkdir(exist_ok=True)
    build_hillshade(inputs.store.raster_path("terrain"), run_dir / "display" / "hillshade.tif")
