"""Layers of received power: one carrier, then all carriers of a service, then all operators."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from phusong.coverage.errors import GridError, InputError
from phusong.coverage.grids import FloatArray, Grid, Raster
from phusong.coverage.losses import LossWindow, PackedLoss, pack_loss
from phusong.coverage.radio.cell import Cell
from phusong.coverage.radio.quality import rsrq_db
from phusong.coverage.signal_kernel import (
    NO_LEVEL,
    POWER_UNIT_MW,
    Float32Array,
    Int16Array,
    Int32Array,
    Int64Array,
    power_table,
)
from phusong.coverage.stacks import ServerStack, Window, compose_prepared, levels_dbm, prepare_cells

BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class SignalLayer:
    """The strongest cells of one operator and technology, over all its carriers.

    Attributes
    ----------
    rsrp_dbm : ndarray of float32, shape (servers, rows, cols)
        Strongest first; NaN where there is none.
    cell_index : ndarray of int32, shape (servers, rows, cols)
        -1 where there is none.
    sinr_db : ndarray of float32, shape (rows, cols)
        Of the best server, against the other cells of its carrier at the given load and noise.
    """

    rsrp_dbm: Float32Array
    cell_index: Int32Array
    sinr_db: Float32Array


def compose_carrier(
    cells: Sequence[Cell],
    losses: Sequence[LossWindow | PackedLoss],
    *,
    cell_indices: Sequence[int] | None = None,
    grid: Grid,
    window: Window | None = None,
    terrain: Raster,
    ground_m: npt.ArrayLike | None = None,
    receiver_height_m: float,
    servers: int = 3,
) -> ServerStack:
    """Stack the strongest cells of one carrier at every pixel of a part of the study grid.

    RSRP is the EIRP per resource element minus the antenna's attenuation towards the pixel minus the path
    loss. Of equal levels the cell given first is the better server; cells under -150 dBm are left out. The
    angle below the horizon is taken on a flat earth from antenna to terminal; where the ground of either
    end is unknown, as if level.

    Parameters
    ----------
    cells : sequence of Cell
        All of one carrier frequency.
    losses : sequence of LossWindow or PackedLoss
        One per cell, anywhere on the study grid. Cells of one mast that share a loss object share work.
    cell_indices : sequence of int, optional
        Numbers to report for the cells; their places in ``cells`` when absent.
    grid : Grid
        The study grid.
    window : tuple of int, optional
        Row0, col0, rows, cols of the part to compute; the whole grid when absent.
    terrain : Raster
        Ground height on the study grid, metres.
    ground_m : array_like, shape (cells,), optional
        Ground height under each mast; from the terrain when absent.
    receiver_height_m : float
        Above ground.
    servers : int
        How many of the strongest to keep.

    Raises
    ------
    GridError
        ``raster_shape`` when the terrain does not lie on the grid.
    InputError
        As `compose_prepared`.
    """
    if terrain.grid != grid:
        raise GridError("raster_shape", expected=str(grid.shape), found=str(terrain.grid.shape))
    masts_m = ground_under(cells, terrain) if ground_m is None else ground_m
    prepared = prepare_cells(cells, ground_m=masts_m, receiver_height_m=receiver_height_m)
    packed = {id(loss): loss if isinstance(loss, PackedLoss) else pack_loss(loss) for loss in losses}
    stack = compose_prepared(
        prepared,
        range(len(cells)),
        [packed[id(loss)] for loss in losses],
        terrain=terrain,
        window=(0, 0, *grid.shape) if window is None else window,
        servers=servers,
    )
    numbers = range(len(cells)) if cell_indices is None else cell_indices
    return replace(stack, cells=np.asarray(numbers, dtype=np.int32))


def ground_under(cells: Sequence[Cell], terrain: Raster) -> FloatArray:
    """Return the height of the ground under each mast, shape (cells,); NaN outside the terrain."""
    heights_m = np.full(len(cells), np.nan)
    for i, cell in enumerate(cells):
        if terrain.grid.contains(cell.x_m, cell.y_m):
            heights_m[i] = terrain.values[terrain.grid.row_col(cell.x_m, cell.y_m)]
    return heights_m


def merge_carriers(stacks: Sequence[ServerStack], *, noise_dbm: npt.ArrayLike, load: float) -> SignalLayer:
    """Merge the carriers of one operator and technology into one layer.

    The best server is the strongest cell of any carrier (of equal levels the carrier given first); its SINR
    is ``S / (load (T - S) + N)`` with the total T of its own carrier. A terminal that would fare better on
    a weaker but emptier carrier is not modelled.

    Parameters
    ----------
    stacks : sequence of ServerStack
        One per carrier, all of one shape; at least one.
    noise_dbm : float or array_like, shape (carriers,)
        Noise in one resource element.
    load : float
        Load of the interfering cells, 0..1.

    Raises
    ------
    InputError
        ``carriers_none`` for an empty sequence.
    """
    if not stacks:
        raise InputError("carriers_none")
    noises_dbm = np.broadcast_to(np.asarray(noise_dbm, dtype=np.float64), (len(stacks),))
    level = np.concatenate([stack.level for stack in stacks])
    index = np.concatenate([stack.cell_index for stack in stacks])
    order = np.argsort(-level.astype(np.int32), axis=0, kind="stable")[: stacks[0].level.shape[0]]
    sinr_db = np.full(level.shape[1:], np.nan, dtype=np.float32)
    best = np.full(level.shape[1:], NO_LEVEL, dtype=np.int16)
    for stack, carrier_noise_dbm in zip(stacks, noises_dbm, strict=True):
        leads = stack.level[0] > best
        sinr_db[leads] = best_sinr_db(
            stack.level[0][leads], stack.total[leads], noise_dbm=float(carrier_noise_dbm), load=load
        )
        best[leads] = stack.level[0][leads]
    return SignalLayer(
        levels_dbm(np.take_along_axis(level, order, axis=0)),
        np.take_along_axis(index, order, axis=0),
        sinr_db,
    )


def best_sinr_db(level: Int16Array, total: Int64Array, *, noise_dbm: float, load: float) -> Float32Array:
    """Return the SINR of best servers from their level steps and the power of all cells of the carrier.

    Parameters
    ----------
    level : ndarray of int16
        As in `ServerStack`; NaN where there is none.
    total : ndarray of int64, same shape
    noise_dbm : float
        In one resource element.
    load : float
        Load of the interfering cells, 0..1.
    """
    own = power_table()[level.astype(np.int32) - NO_LEVEL]
    noise = 10.0 ** (noise_dbm / 10.0) / POWER_UNIT_MW
    ratio = own / (load * (total - own) + noise)
    sinr_db = np.full(level.shape, np.nan, dtype=np.float32)
    known = level != NO_LEVEL
    sinr_db[known] = 10.0 * np.log10(ratio[known])
    return sinr_db


def best_rsrq_db(level: Int16Array, total: Int64Array, *, noise_dbm: float, load: float) -> Float32Array:
    """Return the RSRQ of best servers (`radio.quality.rsrq_db`); parameters as in `best_sinr_db`."""
    quality_db = np.full(level.shape, np.nan, dtype=np.float32)
    known = level != NO_LEVEL
    quality_db[known] = rsrq_db(
        levels_dbm(level[known]),
        total_dbm=10.0 * np.log10(total[known] * POWER_UNIT_MW),
        noise_dbm=noise_dbm,
        load=load,
    )
    return quality_db


def _is_better(
    level_dbm: Float32Array, number: Int32Array, than_dbm: Float32Array, than_number: Int32Array
) -> BoolArray:
    beats = (level_dbm > than_dbm) | ((level_dbm == than_dbm) & (number < than_number))
    return np.asarray(beats | (np.isnan(than_dbm) & ~np.isnan(level_dbm)))


def merge_operators(layers: Sequence[SignalLayer]) -> SignalLayer:
    """Merge layers (operators, technologies) into one with the strongest server of all and its SINR.

    Parameters
    ----------
    layers : sequence of SignalLayer
        All of one shape, with indices into one list of cells; of equal levels the lower index wins.

    Returns
    -------
    SignalLayer
        With one server.

    Raises
    ------
    InputError
        ``carriers_none`` for an empty sequence.
    """
    if not layers:
        raise InputError("carriers_none")
    rsrp_dbm = layers[0].rsrp_dbm[0].copy()
    cell_index = layers[0].cell_index[0].copy()
    sinr_db = layers[0].sinr_db.copy()
    for layer in layers[1:]:
        better = _is_better(layer.rsrp_dbm[0], layer.cell_index[0], rsrp_dbm, cell_index)
        rsrp_dbm[better] = layer.rsrp_dbm[0][better]
        cell_index[better] = layer.cell_index[0][better]
        sinr_db[better] = layer.sinr_db[better]
    return SignalLayer(rsrp_dbm[np.newaxis], cell_index[np.newaxis], sinr_db)
