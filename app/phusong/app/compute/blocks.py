"""Signal of the study grid, composed in blocks that are cached by the cells that reach them."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from phusong.app.compute.fingerprint import engine_version, fingerprint
from phusong.app.compute.inputs import ComputeInputs, ground_heights_m
from phusong.app.compute.losses import LossKey, read_loss
from phusong.app.compute.progress import Progress
from phusong.coverage.grids import FloatArray
from phusong.coverage.radio.cell import Cell
from phusong.coverage.radio.link_budget import noise_per_re_dbm
from phusong.coverage.signal import LossWindow, ServerStack, SignalLayer, compose_carrier, merge_carriers
from phusong.geodata.store.cache import IntArray, read_bands, write_bands

BLOCK_CELLS = 512
SERVERS = 3
LEVEL_STEP_DB = 0.004
LEVEL_MIDDLE_DBM = -90.0
"""Levels are kept as steps from here: -221 .. 41 dBm in 16 bits."""
NODATA = -32768
Service = tuple[str, str]
"""Operator and technology."""


@dataclass(frozen=True, slots=True)
class Block:
    """A rectangle of the study grid and the cells of one operator and technology that reach it.

    Attributes
    ----------
    service : tuple of str
        Operator and technology.
    row0, col0, rows, cols : int
    cells : tuple of int
        Indices into the inputs' cells, ascending; empty where nobody reaches.
    digest : str
        Hash of everything the block's signal depends on.
    """

    service: Service
    row0: int
    col0: int
    rows: int
    cols: int
    cells: tuple[int, ...]
    digest: str

    @property
    def window(self) -> tuple[int, int, int, int]:
        """Row0, col0, rows, cols."""
        return self.row0, self.col0, self.rows, self.cols


def services_of(inputs: ComputeInputs) -> list[Service]:
    """Operators and technologies on air, sorted."""
    return sorted({(cell.operator, cell.technology) for cell in inputs.cells})


def plan_blocks(inputs: ComputeInputs, keys: Mapping[str, LossKey]) -> list[Block]:
    """Cut the grid into blocks for each operator and technology and name what each depends on."""
    marks = [_mark(cell, keys[cell.cell_id]) for cell in inputs.cells]
    basis = {
        "engine": engine_version(),
        "load": inputs.method.load,
        "noise_figure_db": inputs.method.noise_figure_db,
        "servers": SERVERS,
    }
    blocks = []
    for service in services_of(inputs):
        members = [i for i, cell in enumerate(inputs.cells) if (cell.operator, cell.technology) == service]
        for window in _windows(inputs):
            reaching = tuple(i for i in members if _meets(keys[inputs.cells[i].cell_id], window))
            record = {**basis, "window": window, "cells": [marks[i] for i in reaching]}
            blocks.append(Block(service, *window, cells=reaching, digest=fingerprint(record)[:32]))
    return blocks


def _windows(inputs: ComputeInputs) -> Iterator[tuple[int, int, int, int]]:
    height, width = inputs.grid.shape
    for row0 in range(0, height, BLOCK_CELLS):
        for col0 in range(0, width, BLOCK_CELLS):
            yield row0, col0, min(BLOCK_CELLS, height - row0), min(BLOCK_CELLS, width - col0)


def _mark(cell: Cell, key: LossKey) -> str:
    return fingerprint({**asdict(cell), "loss": key.digest})


def _meets(key: LossKey, window: tuple[int, int, int, int]) -> bool:
    row0, col0, rows, cols = window
    return (
        key.row0 < row0 + rows
        and row0 < key.row0 + key.rows
        and key.col0 < col0 + cols
        and col0 < key.col0 + key.cols
    )


def block_path(inputs: ComputeInputs, block: Block) -> Path:
    """Where the signal of a block is cached."""
    return inputs.store.cache_dir / "blocks" / block.digest[:2] / f"{block.digest}.tif"


def compose_blocks(
    inputs: ComputeInputs,
    blocks: Sequence[Block],
    keys: Mapping[str, LossKey],
    *,
    threads: int | None = None,
    progress: Progress,
) -> int:
    """Compose the blocks that are not cached; return how many were composed.

    Blocks are independent, and reading and adding up release the interpreter's lock, so threads share them.
    """
    missing = [block for block in blocks if block.cells and not block_path(inputs, block).exists()]
    ground_m = ground_heights_m(inputs.terrain, inputs.cells)

    def work(block: Block) -> None:
        _write(inputs, block, _compose(inputs, block, keys, ground_m))

    with ThreadPoolExecutor(max_workers=threads or os.cpu_count()) as pool:
        try:
            for done, _ in enumerate(pool.map(work, missing)):
                progress("blocks", done, len(missing))
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    progress("blocks", len(missing), len(missing))
    return len(missing)


def _compose(
    inputs: ComputeInputs, block: Block, keys: Mapping[str, LossKey], ground_m: FloatArray
) -> SignalLayer | None:
    carriers: dict[float, list[tuple[int, LossWindow]]] = defaultdict(list)
    for index in block.cells:
        cell = inputs.cells[index]
        window = read_loss(inputs, keys[cell.cell_id], block.window)
        if window is not None:
            carriers[cell.frequency_mhz].append((index, window))
    if not carriers:
        return None
    stacks = [_compose_carrier(inputs, block, members, ground_m) for _, members in sorted(carriers.items())]
    noise_dbm = [
        noise_per_re_dbm(inputs.cells[members[0][0]], noise_figure_db=inputs.method.noise_figure_db)
        for _, members in sorted(carriers.items())
    ]
    return merge_carriers(stacks, noise_dbm=noise_dbm, load=inputs.method.load)


def _compose_carrier(
    inputs: ComputeInputs, block: Block, members: list[tuple[int, LossWindow]], ground_m: FloatArray
) -> ServerStack:
    indices = [index for index, _ in members]
    return compose_carrier(
        [inputs.cells[index] for index in indices],
        [window for _, window in members],
        cell_indices=indices,
        grid=inputs.grid,
        window=block.window,
        terrain=inputs.terrain,
        ground_m=ground_m[indices],
        receiver_height_m=inputs.method.receiver_height_m,
        servers=SERVERS,
    )


def _write(inputs: ComputeInputs, block: Block, layer: SignalLayer | None) -> None:
    bands = np.full((2 * SERVERS + 1, block.rows, block.cols), NODATA, dtype=np.int32)
    if layer is not None:
        bands[:SERVERS] = _steps(layer.rsrp_dbm - np.float32(LEVEL_MIDDLE_DBM))
        bands[SERVERS] = _steps(layer.sinr_db)
        bands[SERVERS + 1 :] = _local(layer.cell_index, block.cells)
    part = inputs.grid.window(*block.window)
    write_bands(block_path(inputs, block), bands.astype(np.int16), grid=part, nodata=NODATA)


def _steps(level_db: FloatArray) -> IntArray:
    known = np.isfinite(level_db)
    steps = np.full(level_db.shape, NODATA, dtype=np.int32)
    steps[known] = np.clip(np.rint(level_db[known] / LEVEL_STEP_DB), NODATA + 1, -NODATA - 1).astype(np.int32)
    return steps


def _local(cell_index: IntArray, cells: tuple[int, ...]) -> IntArray:
    """Return servers numbered within the block, so that it stays valid when cells elsewhere come or go."""
    local = np.searchsorted(np.asarray(cells, dtype=np.int32), cell_index).astype(np.int32)
    return np.where(cell_index < 0, NODATA, local)


@dataclass(frozen=True, slots=True)
class ServiceSignal:
    """Signal of one operator and technology over the whole study grid.

    Attributes
    ----------
    rsrp_dbm : ndarray of float32, shape (height, width)
        Level of the best server; NaN where there is none.
    sinr_db : ndarray of float32
        SINR of the best server at the method's load.
    server : ndarray of int32
        Index of the best server in the inputs' cells, -1 where there is none.
    """

    rsrp_dbm: FloatArray
    sinr_db: FloatArray
    server: IntArray


def assemble(inputs: ComputeInputs, blocks: Sequence[Block], service: Service) -> ServiceSignal:
    """Put the cached blocks of an operator and technology together."""
    shape = inputs.grid.shape
    rsrp_dbm = np.full(shape, np.nan, dtype=np.float32)
    sinr_db = np.full(shape, np.nan, dtype=np.float32)
    server = np.full(shape, -1, dtype=np.int32)
    for block in blocks:
        if block.service != service or not block.cells:
            continue
        bands = read_bands(block_path(inputs, block))
        here = np.s_[block.row0 : block.row0 + block.rows, block.col0 : block.col0 + block.cols]
        rsrp_dbm[here] = _levels(bands[0]) + np.float32(LEVEL_MIDDLE_DBM)
        sinr_db[here] = _levels(bands[SERVERS])
        local = bands[SERVERS + 1].astype(np.int32)
        known = local >= 0
        server[here][known] = np.asarray(block.cells, dtype=np.int32)[local[known]]
    return ServiceSignal(rsrp_dbm=rsrp_dbm, sinr_db=sinr_db, server=server)


def _levels(steps: IntArray) -> FloatArray:
    return np.where(steps == NODATA, np.float32(np.nan), steps * np.float32(LEVEL_STEP_DB))
