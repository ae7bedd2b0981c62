"""Rasters of a run as GeoTIFF files that tell their units and how they were made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson

from phusong.app.compute.budgets import Budgets, write_cells
from phusong.app.compute.progress import Progress
from phusong.app.compute.rasters import check_layers, service_blocks, services_of
from phusong.app.compute.shares import ALL_OPERATORS
from phusong.app.compute.signalmap import SignalMap
from phusong.app.layer_names import signal_layer
from phusong.coverage.grids import Grid
from phusong.coverage.stacks import Window
from phusong.geodata.store.blockwise import writing_cog

UNKNOWN = -32_768


@dataclass(frozen=True, slots=True)
class Stored:
    """How a layer is kept in a file.

    Attributes
    ----------
    dtype : str
    nodata : float or None
    per_unit : int
        Stored numbers to one unit; whole tenths keep files small.
    unit : str
        Of the stored numbers.
    """

    dtype: str
    nodata: float | None
    per_unit: int
    unit: str

    def numbers(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return values as they are stored."""
        if self.per_unit == 1:
            return values.astype(self.dtype)
        stored = np.full(values.shape, UNKNOWN, dtype=np.int16)
        known = ~np.isnan(values)
        stored[known] = np.rint(np.clip(values[known] * self.per_unit, -32_767, 32_767)).astype(np.int16)
        return stored


FORMS: Mapping[str, Stored] = MappingProxyType(
    {
        "rsrp": Stored("int16", UNKNOWN, 10, "dBm x 10"),
        "sinr": Stored("int16", UNKNOWN, 10, "dB x 10"),
        "rsrq": Stored("int16", UNKNOWN, 10, "dB x 10"),
        "server": Stored("int32", -1, 1, "index in cells.json"),
        "served": Stored("uint8", None, 1, "1"),
        "servers": Stored("uint8", None, 1, "cells, of three a carrier"),
        "probability": Stored("int16", UNKNOWN, 1000, "1 x 1000"),
        "throughput": Stored("int16", UNKNOWN, 10, "Mbit/s x 10"),
        "uplink": Stored("int16", UNKNOWN, 10, "dB x 10"),
    }
)


def export_coverages(
    signal: SignalMap,
    results: Mapping[str, Any],
    folder: Path,
    *,
    budgets: Budgets,
    layers: Sequence[str],
    grid: Grid,
    progress: Progress,
) -> list[Path]:
    """Write the rasters of every technology, by operator and together; return the files.

    Parameters
    ----------
    signal : SignalMap
    results : mapping
        Results document of the same run.
    folder : Path
    budgets : Budgets
        Of the same run.
    layers : sequence of str
        Names in `compute.rasters.LAYERS`.
    grid : Grid
        The study grid.
    progress : Progress

    Raises
    ------
    InputError
        ``raster_unknown``, before anything is written.
    """
    wanted = check_layers(layers)
    pairs = {(technology, who) for own, technology in signal.services for who in (own, ALL_OPERATORS)}
    paths = []
    for done, (technology, operator) in enumerate(sorted(pairs)):
        progress("maps", done, len(pairs))
        services = services_of(signal, technology, operator)
        paths += write_coverages(
            folder,
            signal_layer(technology, operator),
            service_blocks(signal, services, budgets=budgets, layers=wanted),
            layers=wanted,
            grid=grid,
            tags=provenance_tags(results, technology=technology, operator=operator),
        )
    if "server" in wanted:
        write_cells(folder, budgets.cells)
    progress("maps", len(pairs), len(pairs))
    return paths


def write_coverages(
    folder: Path,
    name: str,
    blocks: Iterable[tuple[Window, Mapping[str, npt.NDArray[Any]]]],
    *,
    layers: Sequence[str],
    grid: Grid,
    tags: Mapping[str, str],
) -> list[Path]:
    """Write the layers of a service as cloud-optimised GeoTIFFs, ``<layer>-<name>.tif``.

    Parameters
    ----------
    folder : Path
    name : str
        Of the service.
    blocks : iterable of (window, layers)
        As from `compute.rasters.service_blocks`; one is held at a time.
    layers : sequence of str
        Names in `FORMS`.
    grid : Grid
    tags : mapping of str to str
        Metadata items of every file; ``layer`` and ``unit`` are added.

    Returns
    -------
    list of Path
        In the order of the layers; all files appear at the end.
    """
    paths = [folder / f"{layer}-{name}.tif" for layer in layers]
    with ExitStack() as files:
        writers = {
            layer: files.enter_context(
                writing_cog(
                    path,
                    grid=grid,
                    dtype=FORMS[layer].dtype,
                    nodata=FORMS[layer].nodata,
                    scale=1.0 / FORMS[layer].per_unit,
                    tags={**tags, "layer": layer, "unit": FORMS[layer].unit},
                )
            )
            for layer, path in zip(layers, paths, strict=True)
        }
        for (row0, col0, _, _), values in blocks:
            for layer, writer in writers.items():
                writer.write(FORMS[layer].numbers(values[layer]), row0=row0, col0=col0)
    return paths


def provenance_tags(results: Mapping[str, Any], *, technology: str, operator: str) -> dict[str, str]:
    """Return what every file tells of its making: run, service and the method record as JSON."""
    return {
        "software": "PhuSong",
        "run": str(results["run"]),
        "technology": technology,
        "operator": operator,
        "method": orjson.dumps(results["method"]).decode(),
    }
