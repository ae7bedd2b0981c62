"""Path loss per mast, cached by everything it depends on."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from phusong.app.compute.fingerprint import engine_version, fingerprint
from phusong.app.compute.inputs import ComputeInputs
from phusong.app.compute.parallel import Pool
from phusong.app.compute.progress import Progress
from phusong.coverage.losses import LossWindow, PackedLoss, pack_loss
from phusong.coverage.propagation.area import path_loss_area
from phusong.coverage.radio.cell import Cell
from phusong.coverage.zonal import BoolArray
from phusong.geodata.store.arrays import map_arrays, write_arrays

OPEN_LOSSES = 1024


@dataclass(frozen=True, slots=True)
class LossKey:
    """One loss raster: a mast, an antenna height, a carrier frequency and a model.

    Attributes
    ----------
    x_m, y_m : float
        Position in the study CRS.
    antenna_height_m, frequency_mhz : float
    model : str
    row0, col0, rows, cols : int
        Part of the study grid within reach.
    digest : str
        Hash of everything the raster depends on.
    """

    x_m: float
    y_m: float
    antenna_height_m: float
    frequency_mhz: float
    model: str
    row0: int
    col0: int
    rows: int
    cols: int
    digest: str


def loss_keys(
    inputs: ComputeInputs, *, area_hash: str, cells: Sequence[Cell] | None = None
) -> dict[str, LossKey]:
    """Name the loss raster of every cell, by ``cell_id``; cells share rasters where they can.

    Parameters
    ----------
    area_hash : str
        Hash of the part of the grid that is wanted (`StudyArea.digest`).
    cells : sequence of Cell, optional
        The inputs' own when absent.
    """
    basis = fingerprint({**_basis(inputs), "area": area_hash})
    keys: dict[tuple[float, float, float, float, str], LossKey] = {}
    named = {}
    for cell in inputs.cells if cells is None else cells:
        model = inputs.method.model_for(cell.technology, cell.frequency_mhz)
        place = cell.x_m, cell.y_m, cell.antenna_height_m, cell.frequency_mhz, model
        if place not in keys:
            keys[place] = _key(place, inputs, basis)
        named[cell.cell_id] = keys[place]
    return named


def _basis(inputs: ComputeInputs) -> dict[str, object]:
    method = inputs.method
    return {
        "engine": engine_version("propagation.area", "losses"),
        "mode": inputs.mode,
        "terrain": inputs.layer_hashes["terrain"],
        "clutter": inputs.layer_hashes.get("clutter"),
        "grid": [inputs.grid.left_m, inputs.grid.top_m, inputs.grid.cell_size_m, *inputs.grid.shape],
        "receiver_height_m": method.receiver_height_m,
        "time_percentage": method.time_percentage,
        "delta_n": method.delta_n,
        "n0": method.n0,
        "fixed_radius_km": method.fixed_radius_km,
        "itm": asdict(method.itm),
    }


def _key(place: tuple[float, float, float, float, str], inputs: ComputeInputs, basis: str) -> LossKey:
    x_m, y_m, _, frequency_mhz, _ = place
    radius_m = inputs.method.radius_m(frequency_mhz)
    digest = fingerprint([basis, *place, radius_m])[:32]
    return LossKey(*place, *inputs.grid.disc_window(x_m, y_m, radius_m), digest=digest)


def loss_path(cache_dir: Path, key: LossKey) -> Path:
    """Where a loss raster is cached."""
    return loss_file(cache_dir, key.digest)


def loss_file(cache_dir: Path, digest: str) -> Path:
    """Where the loss raster of a digest is cached."""
    return cache_dir / "loss" / digest[:2] / f"{digest}.bin"


def compute_losses(
    inputs: ComputeInputs, keys: Iterable[LossKey], *, wanted: BoolArray, pool: Pool, progress: Progress
) -> int:
    """Compute the loss rasters that are not cached; return how many masts were computed.

    Every raster is written under its own name when it is whole, so an interrupted run goes on where it was.

    Parameters
    ----------
    keys : iterable of LossKey
    wanted : ndarray of bool, shape of the study grid
        Pixels to keep.
    pool : Pool
        Masts are independent: each is one task on one thread, unless there is one alone.
    """
    missing = {key.digest: key for key in keys if not loss_path(inputs.store.cache_dir, key).exists()}
    masts = list(_by_mast(missing.values()))
    threads = None if len(masts) == 1 else 1
    for done, _ in enumerate(pool.map(compute_mast, masts, inputs=inputs, wanted=wanted, threads=threads)):
        progress("losses", done, len(masts))
    progress("losses", len(masts), len(masts))
    return len(masts)


def _by_mast(keys: Iterable[LossKey]) -> Iterator[list[LossKey]]:
    groups: dict[tuple[float, float, float, str], list[LossKey]] = {}
    for key in keys:
        groups.setdefault((key.x_m, key.y_m, key.antenna_height_m, key.model), []).append(key)
    for place in sorted(groups):
        yield sorted(groups[place], key=lambda key: key.frequency_mhz)


def compute_mast(
    group: Sequence[LossKey], *, inputs: ComputeInputs, wanted: BoolArray, threads: int | None = 1
) -> None:
    """Compute and cache the losses of one mast, all carriers at once."""
    windows = mast_losses(group, inputs=inputs, wanted=wanted, threads=threads)
    for key, window in zip(group, windows, strict=True):
        packed = pack_loss(window, wanted=wanted)
        write_loss(loss_path(inputs.store.cache_dir, key), packed)


def mast_losses(
    group: Sequence[LossKey],
    *,
    inputs: ComputeInputs,
    threads: int | None = 1,
    wanted: BoolArray | None = None,
) -> list[LossWindow]:
    """Compute the losses of one mast for each of its carriers, NaN where they are not wanted."""
    first = group[0]
    area = path_loss_area(
        inputs.terrain,
        x_m=first.x_m,
        y_m=first.y_m,
        antenna_height_m=first.antenna_height_m,
        frequencies_mhz=[key.frequency_mhz for key in group],
        radii_m=[inputs.method.radius_m(key.frequency_mhz) for key in group],
        method=replace(inputs.method, model=first.model),
        clutter=inputs.clutter,
        threads=threads,
        mode=inputs.mode,
        wanted=wanted,
    )
    windows = []
    for key, loss_db in zip(group, area.loss_db, strict=True):
        row, col = key.row0 - area.row0, key.col0 - area.col0
        windows.append(LossWindow(key.row0, key.col0, loss_db[row : row + key.rows, col : col + key.cols]))
    return windows


def write_loss(path: Path, loss: PackedLoss) -> None:
    """Keep a packed loss."""
    row0 = np.array([loss.row0], dtype=np.int64)
    write_arrays(path, {"row0": row0, "first": loss.first, "offset": loss.offset, "steps": loss.steps})


@functools.lru_cache(maxsize=OPEN_LOSSES)
def read_loss(cache_dir: str, digest: str) -> PackedLoss:
    """Map a packed loss; neighbouring blocks need the same masts, and a file never changes under its name."""
    arrays = map_arrays(loss_file(Path(cache_dir), digest))
    return PackedLoss(int(arrays["row0"][0]), arrays["first"], arrays["offset"], arrays["steps"])
