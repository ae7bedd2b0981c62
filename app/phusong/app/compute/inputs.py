"""What a computation reads: the layers of a study, checked and brought onto the study grid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np

from phusong.app.compute.cellrows import cells_of_table
from phusong.app.compute.fingerprint import engine_version, fingerprint
from phusong.app.compute.mapped import mapped_raster
from phusong.coverage.errors import InputError
from phusong.coverage.grids import Grid, Raster
from phusong.coverage.method import Method
from phusong.coverage.propagation.area_setup import bilinear, cell_position
from phusong.coverage.radio.cell import Cell
from phusong.coverage.radio.tabulated import AntennaPattern
from phusong.geodata.antennas import antenna_patterns, with_antennas
from phusong.geodata.sites import derive_cells
from phusong.geodata.store.folder import FolderStore

MODES = ("sweep", "exact")
DEFAULT_MODE = "sweep"
"""Maps and shares differ from exact mode by hundredths of a percentage point at a sixth of the time."""
FIGURE_LAYERS = (
    "communes",
    "population",
    "terrain",
    "clutter",
    "sites",
    "cells",
    "antennas",
    "villages",
    "places",
)
"""Layers that figures depend on; roads and fibre are only shown so far."""


@dataclass(frozen=True, slots=True)
class ComputeInputs:
    """Everything a computation depends on.

    Attributes
    ----------
    store : FolderStore
    method : Method
    mode : str
        ``"sweep"`` or ``"exact"``: how areas are predicted.
    grid : Grid
        The study grid.
    terrain : Raster
        Height above sea level in metres.
    clutter : Raster or None
        Representative clutter height in metres.
    cells : tuple of Cell
        Cells on air, ordered by ``cell_id``.
    layer_hashes : mapping of str to str
        SHA-256 of the content of each layer.
    assumed : mapping of str to tuple of str
        Columns filled with defaults, by layer.
    left_out : mapping of str to tuple of str
        Sites that count nowhere, by why: ``outside_grid``, ``unknown_terrain``.
    """

    store: FolderStore
    method: Method
    mode: str
    grid: Grid
    terrain: Raster
    clutter: Raster | None
    cells: tuple[Cell, ...]
    layer_hashes: Mapping[str, str]
    assumed: Mapping[str, tuple[str, ...]]
    left_out: Mapping[str, tuple[str, ...]]

    @property
    def run_id(self) -> str:
        """Hash of all inputs and parameters; equal inputs give equal results."""
        return _run_id(self.method, self.mode, self.layer_hashes, self.grid.epsg)


def run_id_of(store: FolderStore, *, mode: str) -> str:
    """Hash of a study's inputs without reading the layers themselves."""
    return _run_id(store.method(), mode, layer_hashes(store), store.epsg)


def _run_id(method: Method, mode: str, hashes: Mapping[str, str], epsg: int | None) -> str:
    record = {
        "engine": engine_version(),
        "method": method.as_dict(),
        "mode": mode,
        "layers": dict(hashes),
        "epsg": epsg,
    }
    return fingerprint(record)[:20]


def layer_hashes(store: FolderStore) -> dict[str, str]:
    """Content hashes of the layers that figures depend on."""
    return {layer: store.meta(layer).content_sha256 for layer in FIGURE_LAYERS if store.has(layer)}


def load_inputs(store: FolderStore, *, mode: str = DEFAULT_MODE) -> ComputeInputs:
    """Read and check what a computation needs.

    Raises
    ------
    InputError
        ``terrain_missing`` or ``sites_missing`` when there is nothing to compute from.
    """
    if not store.has("terrain"):
        raise InputError("terrain_missing")
    if not store.has("sites"):
        raise InputError("sites_missing")
    grid = store.grid()
    terrain = mapped_raster(store, "terrain")
    if terrain.grid != grid:
        raise InputError("terrain_other_grid")
    clutter = mapped_raster(store, "clutter") if store.has("clutter") else None
    table, assumed = cells_table(store)
    cells, left_out = _placed(_cells(table, grid, antenna_patterns(store)), terrain)
    return ComputeInputs(
        store=store,
        method=store.method(),
        mode=mode,
        grid=grid,
        terrain=terrain,
        clutter=clutter,
        cells=cells,
        layer_hashes=layer_hashes(store),
        assumed=assumed,
        left_out=left_out,
    )


def _placed(cells: Sequence[Cell], terrain: Raster) -> tuple[tuple[Cell, ...], dict[str, tuple[str, ...]]]:
    """Part cells that stand on known ground from those that do not."""
    x_m, y_m = (
        np.array([getattr(cell, axis) for cell in cells], dtype=np.float64) for axis in ("x_m", "y_m")
    )
    ground_m = bilinear(terrain.values, cell_position(terrain.grid, x_m, y_m))
    kept, left_out = [], {"outside_grid": set[str](), "unknown_terrain": set[str]()}
    for cell, height_m in zip(cells, ground_m.tolist(), strict=True):
        if not terrain.grid.contains(cell.x_m, cell.y_m):
            left_out["outside_grid"].add(cell.site_id)
        elif not np.isfinite(height_m):
            left_out["unknown_terrain"].add(cell.site_id)
        else:
            kept.append(cell)
    return tuple(kept), {why: tuple(sorted(sites)) for why, sites in left_out.items() if sites}


def cells_table(store: FolderStore) -> tuple[gpd.GeoDataFrame, dict[str, tuple[str, ...]]]:
    """Cells of a study: the cells layer, or cells derived from the site list with marked defaults."""
    assumed = {layer: store.meta(layer).assumed for layer in FIGURE_LAYERS if store.has(layer)}
    table = store.table("cells") if store.has("cells") else derive_cells(store.table("sites"))
    table = with_antennas(table, antenna_patterns(store))
    if "assumed" in table:
        named = {name for text in table["assumed"].dropna() for name in str(text).split(";") if name}
        assumed["cells"] = tuple(sorted(named | set(assumed.get("cells", ()))))
    return table, {layer: names for layer, names in assumed.items() if names}


def _cells(table: gpd.GeoDataFrame, grid: Grid, patterns: Mapping[str, AntennaPattern]) -> list[Cell]:
    on_air = table[table["is_on_air"].fillna(True).astype(bool)] if "is_on_air" in table else table
    return cells_of_table(on_air.to_crs(epsg=grid.epsg).sort_values("cell_id"), patterns=patterns)
