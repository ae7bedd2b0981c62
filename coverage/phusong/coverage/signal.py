"""Layers of received power: best server and runners-up, and the interference they meet.

Every pixel is computed from its own place in the study grid, never from its place in a block, and cells
are added in the order given: a block equals the same part of the whole grid bit for bit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numba
import numpy as np
import numpy.typing as npt

from phusong.coverage.errors import GridError, InputError
from phusong.coverage.grids import FloatArray, Grid, Raster
from phusong.coverage.radio.antenna import sector_loss_db
from phusong.coverage.radio.cell import Cell
from phusong.coverage.radio.link_budget import rsrp_offset_dbm

Float32Array = npt.NDArray[np.float32]
Int32Array = npt.NDArray[np.int32]
Window = tuple[int, int, int, int]
"""Row0, col0, rows, cols of a part of the study grid."""


@dataclass(frozen=True, slots=True)
class LossWindow:
    """Path loss from one mast over a part of the study grid.

    Attributes
    ----------
    row0, col0 : int
        Place of the first value in the study grid.
    loss_db : ndarray of float32, shape (rows, cols)
        Between isotropic antennas; NaN where unknown or out of reach.
    """

    row0: int
    col0: int
    loss_db: FloatArray


@dataclass(frozen=True, slots=True)
class ServerStack:
    """The strongest cells of one carrier at every pixel.

    Attributes
    ----------
    rsrp_dbm : ndarray of float32, shape (servers, rows, cols)
        Strongest first; NaN where there is none.
    cell_index : ndarray of int32, shape (servers, rows, cols)
        -1 where there is none.
    total_mw : ndarray of float64, shape (rows, cols)
        Power per resource element of all cells of the carrier together, at full load.
    """

    rsrp_dbm: Float32Array
    cell_index: Int32Array
    total_mw: FloatArray


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
    losses: Sequence[LossWindow],
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
    loss. Of equal levels the cell given first is the better server. The angle below the horizon is taken
    on a flat earth from antenna to terminal; where the ground of either end is unknown, as if level.

    Parameters
    ----------
    cells : sequence of Cell
        All of one carrier frequency.
    losses : sequence of LossWindow
        One per cell, anywhere on the study grid.
    cell_indices : sequence of int, optional
        Numbers to store for the cells; their places in ``cells`` when absent.
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
        ``carrier_mixed`` when the cells are not of one frequency.
    """
    if terrain.grid != grid:
        raise GridError("raster_shape", expected=str(grid.shape), found=str(terrain.grid.shape))
    if len({cell.frequency_mhz for cell in cells}) > 1:
        raise InputError("carrier_mixed", cell_id=cells[0].cell_id)
    row0, col0, rows, cols = (0, 0, *grid.shape) if window is None else window
    surface_m = np.ascontiguousarray(terrain.values[row0 : row0 + rows, col0 : col0 + cols], dtype=np.float32)
    rsrp_dbm = np.full((servers, rows, cols), np.nan, dtype=np.float32)
    cell_index = np.full((servers, rows, cols), -1, dtype=np.int32)
    total_mw = np.zeros((rows, cols))
    numbers = range(len(cells)) if cell_indices is None else cell_indices
    masts_m = ground_under(cells, terrain) if ground_m is None else np.asarray(ground_m, dtype=np.float64)
    frame = (int(row0), int(col0), float(grid.left_m), float(grid.top_m), float(grid.cell_size_m))
    for cell, loss, number, mast_m in zip(cells, losses, numbers, masts_m, strict=True):
        _add_cell(
            (np.ascontiguousarray(loss.loss_db, dtype=np.float32), int(loss.row0), int(loss.col0)),
            (int(number), *_numbers_of(cell, float(mast_m), receiver_height_m)),
            frame,
            surface_m,
            (rsrp_dbm, cell_index, total_mw),
        )
    return ServerStack(rsrp_dbm, cell_index, total_mw)


def ground_under(cells: Sequence[Cell], terrain: Raster) -> FloatArray:
    """Return the height of the ground under each mast, shape (cells,); NaN outside the terrain."""
    heights_m = np.full(len(cells), np.nan)
    for i, cell in enumerate(cells):
        if terrain.grid.contains(cell.x_m, cell.y_m):
            heights_m[i] = terrain.values[terrain.grid.row_col(cell.x_m, cell.y_m)]
    return heights_m


def _numbers_of(cell: Cell, ground_m: float, receiver_height_m: float) -> tuple[float, ...]:
    return (
        float(cell.x_m),
        float(cell.y_m),
        ground_m,
        float(cell.antenna_height_m - receiver_height_m),
        rsrp_offset_dbm(cell),
        np.nan if cell.azimuth_deg is None else float(cell.azimuth_deg),
        float(cell.downtilt_deg),
        float(cell.horizontal_beamwidth_deg),
        float(cell.vertical_beamwidth_deg),
    )


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _add_cell(
    loss: tuple[Float32Array, int, int],
    cell: tuple[float, ...],
    frame: tuple[int, int, float, float, float],
    surface_m: Float32Array,
    stack: tuple[Float32Array, Int32Array, FloatArray],
) -> None:
    loss_db, loss_row0, loss_col0 = loss
    number, x_m, y_m, ground_m, above_m, offset_dbm, azimuth_deg, tilt_deg, across_deg, up_deg = cell
    row0, col0, left_m, top_m, size_m = frame
    rsrp_dbm, cell_index, total_mw = stack
    rows, cols = total_mw.shape
    first_row, last_row = max(loss_row0, row0), min(loss_row0 + loss_db.shape[0], row0 + rows)
    first_col, last_col = max(loss_col0, col0), min(loss_col0 + loss_db.shape[1], col0 + cols)
    for grid_row in range(first_row, last_row):
        north_m = top_m - (grid_row + 0.5) * size_m - y_m
        row = grid_row - row0
        for grid_col in range(first_col, last_col):
            path_db = loss_db[grid_row - loss_row0, grid_col - loss_col0]
            if np.isnan(path_db):
                continue
            col = grid_col - col0
            level_dbm = offset_dbm - path_db
            if not np.isnan(azimuth_deg):
                east_m = left_m + (grid_col + 0.5) * size_m - x_m
                fall_m = ground_m - surface_m[row, col]
                drop_m = above_m if np.isnan(fall_m) else above_m + fall_m
                distance_m = np.sqrt(east_m * east_m + north_m * north_m)
                level_dbm -= sector_loss_db(
                    np.degrees(np.arctan2(east_m, north_m)) - azimuth_deg,
                    np.degrees(np.arctan2(drop_m, distance_m)),
                    tilt_deg,
                    across_deg,
                    up_deg,
                )
            level = np.float32(level_dbm)
            total_mw[row, col] += 10.0 ** (np.float64(level) / 10.0)
            _insert(level, int(number), rsrp_dbm[:, row, col], cell_index[:, row, col])


@numba.njit(cache=True, nogil=True)
def _insert(level: np.float32, number: int, levels: Float32Array, numbers: Int32Array) -> None:
    place = levels.size
    # Strictly stronger only: of equal levels the earlier cell stays ahead. Empty places are NaN.
    while place > 0 and (np.isnan(levels[place - 1]) or level > levels[place - 1]):
        place -= 1
    for k in range(levels.size - 1, place, -1):
        levels[k] = levels[k - 1]
        numbers[k] = numbers[k - 1]
    if place < levels.size:
        levels[place] = level
        numbers[place] = number


def merge_carriers(stacks: Sequence[ServerStack], *, noise_dbm: npt.ArrayLike, load: float) -> SignalLayer:
    """Merge the carriers of one operator and technology into one layer.

    The best server is the strongest cell of any carrier (of equal levels the lower cell index); its SINR is
    ``S / (load (T - S) + N)`` with the total T of its own carrier. A terminal that would fare better on a
    weaker but emptier carrier is not modelled.

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
    rsrp_dbm = stacks[0].rsrp_dbm.copy()
    cell_index = stacks[0].cell_index.copy()
    sinr_db = np.full(rsrp_dbm.shape[1:], np.nan, dtype=np.float32)
    noise_mw = 10.0 ** (np.broadcast_to(np.asarray(noise_dbm, dtype=np.float64), (len(stacks),)) / 10.0)
    _carrier_sinr(rsrp_dbm[0], stacks[0].total_mw, float(noise_mw[0]), float(load), sinr_db)
    for stack, carrier_noise_mw in zip(stacks[1:], noise_mw[1:], strict=True):
        own_sinr_db = np.full_like(sinr_db, np.nan)
        _carrier_sinr(stack.rsrp_dbm[0], stack.total_mw, float(carrier_noise_mw), float(load), own_sinr_db)
        takes_over = _is_better(stack.rsrp_dbm[0], stack.cell_index[0], rsrp_dbm[0], cell_index[0])
        sinr_db[takes_over] = own_sinr_db[takes_over]
        _merge_servers(stack.rsrp_dbm, stack.cell_index, rsrp_dbm, cell_index)
    return SignalLayer(rsrp_dbm, cell_index, sinr_db)


def _is_better(
    level_dbm: Float32Array, number: Int32Array, than_dbm: Float32Array, than_number: Int32Array
) -> npt.NDArray[np.bool_]:
    beats = (level_dbm > than_dbm) | ((level_dbm == than_dbm) & (number < than_number))
    return np.asarray(beats | (np.isnan(than_dbm) & ~np.isnan(level_dbm)))


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _carrier_sinr(
    best_dbm: Float32Array, total_mw: FloatArray, noise_mw: float, load: float, sinr_db: Float32Array
) -> None:
    for row in range(best_dbm.shape[0]):
        for col in range(best_dbm.shape[1]):
            if not np.isnan(best_dbm[row, col]):
                own_mw = 10.0 ** (np.float64(best_dbm[row, col]) / 10.0)
                others_mw = max(total_mw[row, col] - own_mw, 0.0)
                sinr_db[row, col] = 10.0 * np.log10(own_mw / (load * others_mw + noise_mw))


@numba.njit(cache=True, nogil=True)
def _merge_servers(
    more_dbm: Float32Array, more_index: Int32Array, rsrp_dbm: Float32Array, cell_index: Int32Array
) -> None:
    servers, rows, cols = rsrp_dbm.shape
    for row in range(rows):
        for col in range(cols):
            for k in range(more_dbm.shape[0]):
                level, number = more_dbm[k, row, col], more_index[k, row, col]
                if np.isnan(level):
                    break
                place = servers
                while place > 0 and (
                    np.isnan(rsrp_dbm[place - 1, row, col])
                    or level > rsrp_dbm[place - 1, row, col]
                    or (level == rsrp_dbm[place - 1, row, col] and number < cell_index[place - 1, row, col])
                ):
                    place -= 1
                for j in range(servers - 1, place, -1):
                    rsrp_dbm[j, row, col] = rsrp_dbm[j - 1, row, col]
                    cell_index[j, row, col] = cell_index[j - 1, row, col]
                if place < servers:
                    rsrp_dbm[place, row, col] = level
                    cell_index[place, row, col] = number


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
