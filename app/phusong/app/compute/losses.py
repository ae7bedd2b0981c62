"""Path loss per mast, cached by everything it depends on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from phusong.app.compute.fingerprint import engine_version, fingerprint
from phusong.app.compute.inputs import ComputeInputs
from phusong.app.compute.progress import Progress
from phusong.coverage.grids import FloatArray
from phusong.coverage.propagation.area import path_loss_area
from phusong.coverage.radio.cell import Cell
from phusong.coverage.signal import LossWindow
from phusong.geodata.store.cache import read_bands, write_bands

LOSS_STEP_DB = 0.003
"""Fine enough that rounding moves the edge of a served area by under 0.05 % of its radius."""
LOSS_CAP_DB = 196.0
"""Losses above this leave no usable signal at any power allowed and are kept as unknown."""
_NODATA = 65_535


@dataclass(frozen=True, slots=True)
class LossKey:
    """One loss raster: a mast, an antenna height and a carrier frequency.

    Attributes
    ----------
    x_m, y_m : float
        Position in the study CRS.
    antenna_height_m, frequency_mhz : float
    row0, col0, rows, cols : int
        Part of the study grid within reach.
    digest : str
        Hash of everything the raster depends on.
    """

    x_m: float
    y_m: float
    antenna_height_m: float
    frequency_mhz: float
    row0: int
    col0: int
    rows: int
    cols: int
    digest: str


def loss_keys(inputs: ComputeInputs) -> dict[str, LossKey]:
    """Name the loss raster of every cell, by ``cell_id``; cells share rasters where they can."""
    basis = _basis(inputs)
    return {cell.cell_id: _key(cell, inputs, basis) for cell in inputs.cells}


def _basis(inputs: ComputeInputs) -> dict[str, object]:
    method = inputs.method
    return {
        "engine": engine_version(),
        "terrain": inputs.layer_hashes["terrain"],
        "clutter": inputs.layer_hashes.get("clutter"),
        "grid": [inputs.grid.left_m, inputs.grid.top_m, inputs.grid.cell_size_m, *inputs.grid.shape],
        "model": method.model,
        "receiver_height_m": method.receiver_height_m,
        "time_percentage": method.time_percentage,
        "delta_n": method.delta_n,
        "n0": method.n0,
        "fixed_radius_km": method.fixed_radius_km,
    }


def _key(cell: Cell, inputs: ComputeInputs, basis: dict[str, object]) -> LossKey:
    radius_m = inputs.method.radius_m(cell.frequency_mhz)
    row0, col0, rows, cols = inputs.grid.disc_window(cell.x_m, cell.y_m, radius_m)
    place = [cell.x_m, cell.y_m, cell.antenna_height_m, cell.frequency_mhz, radius_m]
    return LossKey(
        x_m=cell.x_m,
        y_m=cell.y_m,
        antenna_height_m=cell.antenna_height_m,
        frequency_mhz=cell.frequency_mhz,
        row0=row0,
        col0=col0,
        rows=rows,
        cols=cols,
        digest=fingerprint({**basis, "place": place})[:32],
    )


def loss_path(inputs: ComputeInputs, key: LossKey) -> Path:
    """Where a loss raster is cached."""
    return inputs.store.cache_dir / "loss" / key.digest[:2] / f"{key.digest}.tif"


def compute_losses(
    inputs: ComputeInputs, keys: Iterable[LossKey], *, threads: int | None = None, progress: Progress
) -> int:
    """Compute the loss rasters that are not cached; return how many masts were computed.

    Every raster is written under its own name when it is whole, so an interrupted run goes on where it was.
    """
    missing = {key.digest: key for key in keys if not loss_path(inputs, key).exists()}
    masts = list(_by_mast(missing.values()))
    for done, group in enumerate(masts):
        progress("losses", done, len(masts))
        _compute_mast(inputs, group, threads)
    progress("losses", len(masts), len(masts))
    return len(masts)


def _by_mast(keys: Iterable[LossKey]) -> Iterator[list[LossKey]]:
    groups: dict[tuple[float, float, float], list[LossKey]] = {}
    for key in keys:
        groups.setdefault((key.x_m, key.y_m, key.antenna_height_m), []).append(key)
    for place in sorted(groups):
        yield sorted(groups[place], key=lambda key: key.frequency_mhz)


def _compute_mast(inputs: ComputeInputs, group: Sequence[LossKey], threads: int | None) -> None:
    first = group[0]
    area = path_loss_area(
        inputs.terrain,
        x_m=first.x_m,
        y_m=first.y_m,
        antenna_height_m=first.antenna_height_m,
        frequencies_mhz=[key.frequency_mhz for key in group],
        radii_m=[inputs.method.radius_m(key.frequency_mhz) for key in group],
        method=inputs.method,
        clutter=inputs.clutter,
        threads=threads,
    )
    for key, loss_db in zip(group, area.loss_db, strict=True):
        row, col = key.row0 - area.row0, key.col0 - area.col0
        _write(inputs, key, loss_db[row : row + key.rows, col : col + key.cols])


def _write(inputs: ComputeInputs, key: LossKey, loss_db: FloatArray) -> None:
    known = np.isfinite(loss_db) & (loss_db < LOSS_CAP_DB)
    steps = np.full((1, *loss_db.shape), _NODATA, dtype=np.uint16)
    steps[0, known] = np.rint(np.maximum(loss_db[known], 0.0) / LOSS_STEP_DB).astype(np.uint16)
    part = inputs.grid.window(key.row0, key.col0, key.rows, key.cols)
    write_bands(loss_path(inputs, key), steps, grid=part, nodata=_NODATA)


def read_loss(inputs: ComputeInputs, key: LossKey, block: tuple[int, int, int, int]) -> LossWindow | None:
    """Read the part of a cached loss raster that lies in a block of the study grid.

    Parameters
    ----------
    block : tuple of int
        Row0, col0, rows, cols in the study grid.

    Returns
    -------
    LossWindow or None
        None where the two do not meet.
    """
    row0, row1 = max(key.row0, block[0]), min(key.row0 + key.rows, block[0] + block[2])
    col0, col1 = max(key.col0, block[1]), min(key.col0 + key.cols, block[1] + block[3])
    if row0 >= row1 or col0 >= col1:
        return None
    steps = read_bands(
        loss_path(inputs, key), row0=row0 - key.row0, col0=col0 - key.col0, rows=row1 - row0, cols=col1 - col0
    )[0]
    loss_db = np.where(steps == _NODATA, np.float32(np.nan), steps * np.float32(LOSS_STEP_DB))
    return LossWindow(row0=row0, col0=col0, loss_db=loss_db.astype(np.float32))
