"""How far an antenna sends below its gain, as tables that every kind of antenna shares.

One rule holds for sectors, omni antennas and measured ones::

    attenuation = min(H(azimuth off boresight) + V(depression - mechanical tilt cos(azimuth off)), limit)

with linear interpolation between steps of 0.1 degree. Electrical tilt lowers the beam alike all around
and is part of V. Mechanical tilt leans the whole antenna forward: the beam sinks in front, stays at the
sides and rises behind.

Adding the two planes up is what planning tools and 3GPP TR 38.901 table 7.3-1 do; it is exact in both
planes and an estimate between them. The half of a measured vertical cut behind the antenna is not used:
the back is described by H.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numba
import numpy as np
import numpy.typing as npt

from phusong.coverage.grids import FloatArray
from phusong.coverage.radio.antenna import FRONT_TO_BACK_DB
from phusong.coverage.radio.cell import Cell
from phusong.coverage.radio.tabulated import DEGREES, AntennaPattern

Float32Array = npt.NDArray[np.float32]
STEPS_PER_DEG = 10
AZIMUTH_STEPS = 360 * STEPS_PER_DEG
DEPRESSION_STEPS = 180 * STEPS_PER_DEG + 1
OMNI_LIMIT_DB = 15.0 - 10.0 * math.log10(0.7)
"""Average far side lobes of an omni antenna, ITU-R F.1336-5 recommends 2.2 with k = 0.7: 16.55 dB."""


@dataclass(frozen=True, slots=True, eq=False)
class PatternTable:
    """Attenuation of an antenna by direction.

    Attributes
    ----------
    horizontal_db : ndarray of float32, shape (3600,)
        Attenuation, >= 0, by azimuth off boresight clockwise, 0 .. 359.9 degrees.
    vertical_db : ndarray of float32, shape (1801,)
        Attenuation, >= 0, by depression from -90 (straight up) to +90 degrees (straight down), with the
        electrical tilt applied.
    limit_db : float
        Greatest attenuation of both planes together; infinite for a measured antenna.
    mechanical_tilt_deg : float
        How far the antenna leans forward.
    """

    horizontal_db: Float32Array
    vertical_db: Float32Array
    limit_db: float
    mechanical_tilt_deg: float


PatternKey = tuple[str, float, float, float, float, AntennaPattern | None]


def pattern_key(cell: Cell) -> PatternKey:
    """Return what a cell's table depends on: cells with equal keys share one table.

    Examples
    --------
    The key knows neither where the sector looks nor what it sends:

    >>> from dataclasses import replace
    >>> cell = Cell(
    ...     "a-1", "a", "Viettel", "4G", 1842.5, 20.0, 0.0, 0.0, 36.0, 0.0, 4.0, 46.0, 17.5, 65.0, 7.0)
    >>> pattern_key(cell) == pattern_key(replace(cell, cell_id="a-2", azimuth_deg=120.0, power_dbm=40.0))
    True
    """
    leaning_deg = 0.0 if cell.is_omni else cell.mechanical_tilt_deg
    if cell.pattern is not None:
        return "tabulated", cell.downtilt_deg, 0.0, 0.0, leaning_deg, cell.pattern
    if cell.is_omni:
        return "omni", cell.downtilt_deg, 0.0, omni_beamwidth_deg(cell), leaning_deg, None
    widths_deg = cell.horizontal_beamwidth_deg, cell.vertical_beamwidth_deg
    return "sector", cell.downtilt_deg, *widths_deg, leaning_deg, None


def omni_beamwidth_deg(cell: Cell) -> float:
    """Return the vertical beamwidth an omni antenna is taken to have.

    It is the cell's own, but never narrower than ``107.6 10^(-G/10)`` degrees, the width that ITU-R
    F.1336-5 recommends 2 gives an omni antenna of gain G: 8.5 degrees at 11 dBi. Lists give omni
    antennas the width of a sector (or nothing), and an antenna of low gain cannot be that narrow.

    Examples
    --------
    >>> cell = Cell(
    ...     "a-1", "a", "Viettel", "4G", 1842.5, 20.0, 0.0, 0.0, 36.0, None, 0.0, 46.0, 11.0, 360.0, 7.0)
    >>> round(omni_beamwidth_deg(cell), 1)
    8.5
    """
    return max(cell.vertical_beamwidth_deg, 107.6 * 10.0 ** (-cell.antenna_gain_dbi / 10.0))


def pattern_table(cell: Cell) -> PatternTable:
    """Return the table of a cell's antenna.

    - A sector is that of 3GPP TR 38.901 table 7.3-1 with its beamwidths as parameters: both planes are
      parabolas, and the front-to-back ratio of 30 dB limits their sum. (The limits that the report sets to
      each plane change nothing: they are not below that of the sum.)
    - An omni antenna has no horizontal attenuation. Its vertical plane is the same parabola with
      `omni_beamwidth_deg`, limited by the average side lobes of a stack of dipoles (`OMNI_LIMIT_DB`), which
      do not fall as far as those of a panel: what lies right below the mast, or on a hill above it, is
      served by them.
    - A measured antenna is interpolated between its degrees. Where the cell's tilt differs from the tilt
      at which it was measured, the vertical plane is turned by the difference.

    Parameters
    ----------
    cell : Cell
        With ``pattern`` for a measured antenna. Where an omni antenna points is unknown, so mechanical
        tilt does not apply to it; a measured antenna without azimuth counts its degrees from north.

    Returns
    -------
    PatternTable
    """
    return table_of_key(pattern_key(cell))


def table_of_key(key: PatternKey) -> PatternTable:
    """Return the table that a key of `pattern_key` stands for."""
    kind, tilt_deg, across_deg, up_deg, leaning_deg, pattern = key
    if pattern is not None:
        horizontal_db, vertical_db = _measured(pattern, tilt_deg)
        return PatternTable(horizontal_db, vertical_db, math.inf, leaning_deg)
    vertical_db = _parabola_db(_depressions_deg() - tilt_deg, up_deg)
    if kind == "omni":
        horizontal_db = np.zeros(AZIMUTH_STEPS, dtype=np.float32)
        return PatternTable(horizontal_db, vertical_db, OMNI_LIMIT_DB, leaning_deg)
    return PatternTable(_parabola_db(_turned_deg(), across_deg), vertical_db, FRONT_TO_BACK_DB, leaning_deg)


def _depressions_deg() -> FloatArray:
    return np.arange(DEPRESSION_STEPS) / STEPS_PER_DEG - 90.0


def _turned_deg() -> FloatArray:
    clockwise_deg = np.arange(AZIMUTH_STEPS) / STEPS_PER_DEG
    return np.where(clockwise_deg > 180.0, clockwise_deg - 360.0, clockwise_deg)


def _parabola_db(off_deg: FloatArray, beamwidth_deg: float) -> Float32Array:
    # Not limited here: a kink between two steps would be interpolated away by up to a tenth of a decibel.
    return (12.0 * (off_deg / beamwidth_deg) ** 2).astype(np.float32)


def _measured(pattern: AntennaPattern, tilt_deg: float) -> tuple[Float32Array, Float32Array]:
    turned_deg = tilt_deg - pattern.electrical_tilt_deg
    horizontal_db = _between_degrees(pattern.horizontal_db, np.arange(AZIMUTH_STEPS) / STEPS_PER_DEG)
    return horizontal_db, _between_degrees(pattern.vertical_db, _depressions_deg() - turned_deg)


def _between_degrees(values_db: tuple[float, ...], angles_deg: FloatArray) -> Float32Array:
    degrees = np.arange(DEGREES + 1)
    around = np.append(values_db, values_db[0])
    return np.interp(np.mod(angles_deg, 360.0), degrees, around).astype(np.float32)


@numba.njit(cache=True, nogil=True, error_model="numpy")
def table_loss_db(
    planes_db: tuple[Float32Array, Float32Array],
    limit_db: float,
    mechanical_tilt_deg: float,
    off_azimuth_deg: float,
    depression_deg: float,
) -> float:
    """Return the attenuation in one direction (scalar, compiled).

    Parameters
    ----------
    planes_db : tuple of ndarray
        ``horizontal_db`` and ``vertical_db`` of a `PatternTable`.
    limit_db, mechanical_tilt_deg : float
        As in `PatternTable`.
    off_azimuth_deg : float
        Direction minus the sector's azimuth; any number of turns.
    depression_deg : float
        Angle of the direction below the horizon, negative above.
    """
    horizontal_db, vertical_db = planes_db
    turns = off_azimuth_deg / 360.0
    place = (turns - np.floor(turns)) * 3600.0
    low = int(place)
    share = place - low
    low %= 3600
    across_db = horizontal_db[low] + share * (horizontal_db[(low + 1) % 3600] - horizontal_db[low])
    down_deg = depression_deg
    if mechanical_tilt_deg != 0.0:
        down_deg -= mechanical_tilt_deg * np.cos(np.radians(off_azimuth_deg))
    place = min(max((down_deg + 90.0) * 10.0, 0.0), 1800.0)
    low = min(int(place), 1799)
    up_db = vertical_db[low] + (place - low) * (vertical_db[low + 1] - vertical_db[low])
    return min(np.float64(across_db + up_db), limit_db)


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _table_losses_db(
    planes_db: tuple[Float32Array, Float32Array],
    limit_db: float,
    mechanical_tilt_deg: float,
    off_azimuth_deg: FloatArray,
    depression_deg: FloatArray,
) -> FloatArray:
    losses_db = np.empty(off_azimuth_deg.size)
    for i in range(off_azimuth_deg.size):
        losses_db[i] = table_loss_db(
            planes_db, limit_db, mechanical_tilt_deg, off_azimuth_deg[i], depression_deg[i]
        )
    return losses_db


def cell_loss_db(cell: Cell, azimuth_deg: npt.ArrayLike, depression_deg: npt.ArrayLike) -> FloatArray:
    """Return how far a cell's antenna sends below its gain, by direction.

    Parameters
    ----------
    cell : Cell
    azimuth_deg, depression_deg : array_like of float, same shape after broadcasting
        Finite directions, clockwise from grid north and below the horizon.

    Returns
    -------
    ndarray of float64
        Attenuation in dB, >= 0.

    Examples
    --------
    >>> cell = Cell(
    ...     "a-1", "a", "Viettel", "4G", 1842.5, 20.0, 0.0, 0.0, 36.0, 90.0, 4.0, 46.0, 17.5, 65.0, 7.0)
    >>> cell_loss_db(cell, [90.0, 270.0], 4.0).tolist()
    [0.0, 30.0]
    """
    table = pattern_table(cell)
    azimuths_deg, depressions_deg = np.broadcast_arrays(
        np.asarray(azimuth_deg, dtype=np.float64), np.asarray(depression_deg, dtype=np.float64)
    )
    losses_db: FloatArray = _table_losses_db(
        (table.horizontal_db, table.vertical_db),
        table.limit_db,
        float(table.mechanical_tilt_deg),
        (azimuths_deg - (cell.azimuth_deg or 0.0)).ravel(),
        depressions_deg.ravel(),
    )
    return losses_db.reshape(azimuths_deg.shape)


def cells_loss_db(cells: Sequence[Cell], azimuth_deg: FloatArray, depression_deg: FloatArray) -> FloatArray:
    """Return what `cell_loss_db` gives for many cells in one direction each.

    Parameters
    ----------
    cells : sequence of Cell
        One may occur often; cells with the same antenna share its table.
    azimuth_deg, depression_deg : ndarray of float64, shape (cells,)
    """
    places: dict[PatternKey, list[int]] = {}
    for place, cell in enumerate(cells):
        places.setdefault(pattern_key(cell), []).append(place)
    off_deg = azimuth_deg - np.array([cell.azimuth_deg or 0.0 for cell in cells])
    losses_db = np.empty(len(cells))
    for key, members in places.items():
        table = table_of_key(key)
        losses_db[members] = _table_losses_db(
            (table.horizontal_db, table.vertical_db),
            table.limit_db,
            float(table.mechanical_tilt_deg),
            off_deg[members],
            depression_deg[members],
        )
    return losses_db
