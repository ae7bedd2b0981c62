"""What maps are drawn from: thinned-out codes of level, who serves where, and the relief."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from phusong.app.compute.inputs import ComputeInputs
from phusong.app.compute.previous import OVERVIEWS_FILE, SERVED_FILE
from phusong.app.compute.served import ServedLayers
from phusong.app.compute.shares import ALL_OPERATORS
from phusong.app.layer_names import signal_layer
from phusong.geodata.store.arrays import write_arrays
from phusong.geodata.tiles.hillshade import build_hillshade
from phusong.geodata.tiles.png import Codes


def write_overviews(run_dir: Path, layers: ServedLayers) -> None:
    """Write thinned-out codes of level of every service, and of all operators of a technology together."""
    named: dict[str, Codes] = {}
    for (operator, technology), codes in layers.overviews.items():
        named[signal_layer(technology, operator)] = codes
        union = signal_layer(technology, ALL_OPERATORS)
        named[union] = np.maximum(named[union], codes) if union in named else codes
    write_arrays(run_dir / OVERVIEWS_FILE, named)


def write_services(run_dir: Path, layers: ServedLayers) -> None:
    """Write which services serve each cell of the grid."""
    write_arrays(run_dir / SERVED_FILE, {"bits": layers.bits, "best_level": layers.best_level})


def write_relief(inputs: ComputeInputs) -> None:
    """Write the hillshade of the terrain, unless it is there."""
    path = relief_path(inputs.store.cache_dir, inputs.layer_hashes["terrain"])
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    build_hillshade(inputs.store.raster_path("terrain"), path)
    for outdated in path.parent.glob("hillshade-*.tif"):
        if outdated != path:
            outdated.unlink(missing_ok=True)


def relief_path(cache_dir: Path, terrain_sha256: str) -> Path:
    """Where the hillshade of a terrain is kept."""
    return cache_dir / "display" / f"hillshade-{terrain_sha256[:20]}.tif"
