"""Bit rates from SINR: a Shannon bound with the losses and limits of real links.

One stream carries ``alpha log2(1 + SINR)`` bit/s/Hz, nothing below -10 dB and no more than the highest
modulation allows: 3GPP TR 36.942 annex A (4G: alpha 0.6, at most 22 dB, 64QAM, 4.4 bit/s/Hz) and
TR 38.803 section 5.2.7 (5G: alpha 0.6, at most 30 dB, 256QAM, 6.0 bit/s/Hz). Uplink: alpha 0.4, at most
22 dB. The rate is that of a single terminal that gets the whole carrier: a share of it where it is shared.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numba
import numpy as np
import numpy.typing as npt

from phusong.coverage.errors import ModelRangeError
from phusong.coverage.grids import FloatArray
from phusong.coverage.radio.bands import TDD_FROM_MHZ, resource_blocks, subcarrier_spacing_khz
from phusong.coverage.radio.cell import Cell
from phusong.coverage.radio.link_budget import SUBCARRIERS_PER_BLOCK

LEAST_SINR_DB = -10.0
DOWNLINK_ALPHA = 0.6
UPLINK_ALPHA = 0.4
UPLINK_MOST_SINR_DB = 22.0
STEPS_PER_DB = 100
RATE_STEPS = 60 * STEPS_PER_DB
"""Rates of rasters are interpolated from -10 dB on; at 50 dB even eight streams have all they can use."""


@dataclass(frozen=True, slots=True)
class LinkLimits:
    """What a technology makes of its carrier.

    Attributes
    ----------
    most_sinr_db : float
        Downlink SINR of one stream above which the rate does not grow.
    downlink_overhead, uplink_overhead : float
        Share of the resource elements that carry no data.
    """

    most_sinr_db: float
    downlink_overhead: float
    uplink_overhead: float


# 4G: up to three control symbols of fourteen and the reference signals of two antenna ports (TS 36.211
# sections 6.7 and 6.10); uplink control and reference symbols. 5G: TS 38.306 section 4.1.2, FR1.
LIMITS: Mapping[str, LinkLimits] = MappingProxyType(
    {"4G": LinkLimits(22.0, 0.25, 0.25), "5G": LinkLimits(30.0, 0.14, 0.08)}
)
DOWNLINK_SHARE = (3 + 10 / 14) / 5
UPLINK_SHARE = (1 + 2 / 14) / 5
"""Parts of the time in unpaired bands: of five slots three down, one up, one of 10 : 2 : 2 symbols."""


def spectral_efficiency(sinr_db: npt.ArrayLike, *, technology: str, mimo_layers: int = 1) -> FloatArray:
    """Return what a downlink carries per hertz of resource elements that carry data.

    With L streams each gets 1/L of the power, so L streams carry ``L f(SINR / L)``: what antennas at both
    ends give in rich scattering (Foschini and Gans, Wireless Personal Communications 6, 1998). The link
    uses as many of its streams as carry most.

    Parameters
    ----------
    sinr_db : array_like
        SINR if all power went into one stream; NaN where unknown.
    technology : str
        A key of `LIMITS`.
    mimo_layers : int
        Most streams, >= 1.

    Returns
    -------
    ndarray of float64
        bit/s/Hz; NaN where the SINR is.

    Examples
    --------
    >>> spectral_efficiency([-11.0, 0.0, 40.0], technology="4G").round(2).tolist()
    [0.0, 0.6, 4.39]
    """
    if mimo_layers < 1:
        raise ModelRangeError("model_range", name="mimo_layers", value=mimo_layers, allowed=">= 1")
    power = 10.0 ** (np.asarray(sinr_db, dtype=np.float64) / 10.0)
    most = 10.0 ** (LIMITS[technology].most_sinr_db / 10.0)
    best = _stream(power, DOWNLINK_ALPHA, most)
    for layers in range(2, mimo_layers + 1):
        best = np.maximum(best, layers * _stream(power / layers, DOWNLINK_ALPHA, most))
    return best


def _stream(power: FloatArray, alpha: float, most: float) -> FloatArray:
    carried = alpha * np.log2(1.0 + np.minimum(power, most))
    return np.where(power < 10.0 ** (LEAST_SINR_DB / 10.0), 0.0, carried)


def occupied_mhz(cell: Cell) -> float:
    """Return the part of a carrier that its resource blocks fill.

    Examples
    --------
    >>> cell = Cell(
    ...     "a-1", "a", "Viettel", "4G", 1842.5, 20.0, 0.0, 0.0, 36.0, None, 0.0, 46.0, 11.0, 360.0, 9.0)
    >>> occupied_mhz(cell)
    18.0
    """
    blocks = resource_blocks(
        cell.technology, frequency_mhz=cell.frequency_mhz, bandwidth_mhz=cell.bandwidth_mhz
    )
    return blocks * block_khz(cell) / 1e3


def block_khz(cell: Cell) -> float:
    """Return the width of one resource block."""
    return SUBCARRIERS_PER_BLOCK * subcarrier_spacing_khz(cell.technology, frequency_mhz=cell.frequency_mhz)


def is_tdd(cell: Cell) -> bool:
    """Tell whether both directions share the carrier in time."""
    return cell.frequency_mhz >= TDD_FROM_MHZ


def downlink_mbit_s(
    cell: Cell,
    sinr_db: npt.ArrayLike,
    *,
    overhead: float | None = None,
    downlink_share: float | None = None,
) -> FloatArray:
    """Return the rate to a single terminal that gets the whole carrier.

    Parameters
    ----------
    cell : Cell
        Gives technology, carrier and streams.
    sinr_db : array_like
        NaN where unknown.
    overhead : float, optional
        Share of resource elements without data, 0 .. 1; by technology when absent.
    downlink_share : float, optional
        Share of the time the carrier sends downwards; 1 in paired bands, else `DOWNLINK_SHARE`.

    Returns
    -------
    ndarray of float64
        Mbit/s; NaN where the SINR is.

    Examples
    --------
    18 MHz, three quarters of it data, two streams of 4.39 bit/s/Hz:

    >>> cell = Cell(
    ...     "a-1", "a", "Viettel", "4G", 1842.5, 20.0, 0.0, 0.0, 36.0, None, 0.0, 46.0, 11.0, 360.0, 9.0)
    >>> float(downlink_mbit_s(cell, 30.0).round(1))
    118.5
    """
    data = 1.0 - _share("overhead", overhead, LIMITS[cell.technology].downlink_overhead)
    time = _share("downlink_share", downlink_share, DOWNLINK_SHARE if is_tdd(cell) else 1.0)
    carried = spectral_efficiency(sinr_db, technology=cell.technology, mimo_layers=cell.mimo_layers)
    return occupied_mhz(cell) * data * time * carried


def uplink_mbit_s_per_mhz(cell: Cell, *, uplink_share: float | None = None) -> float:
    """Return what one megahertz carries upwards for each bit/s/Hz: time and overhead taken off."""
    time = _share("uplink_share", uplink_share, UPLINK_SHARE if is_tdd(cell) else 1.0)
    return time * (1.0 - LIMITS[cell.technology].uplink_overhead)


def _share(name: str, given: float | None, usual: float) -> float:
    if given is None:
        return usual
    if not 0.0 <= given <= 1.0:
        raise ModelRangeError("model_range", name=name, value=given, allowed="0 .. 1")
    return given


@dataclass(frozen=True, slots=True, eq=False)
class RateTables:
    """Rates of many cells, ready for any number of rasters.

    Attributes
    ----------
    kinds : ndarray of int32, shape (cells,)
        Row of the tables that each cell follows.
    tables : ndarray of float32, shape (kinds, RATE_STEPS)
        `downlink_mbit_s` of each kind of carrier in steps of 0.01 dB from `LEAST_SINR_DB` on.
    """

    kinds: npt.NDArray[np.int32]
    tables: npt.NDArray[np.float32]

    @classmethod
    def of(cls, cells: Sequence[Cell]) -> RateTables:
        """Tabulate the rates of cells; cells alike in carrier and streams share a table."""
        carriers: dict[tuple[str, float, float, int], int] = {}
        members = []
        kinds = np.zeros(len(cells), dtype=np.int32)
        for index, cell in enumerate(cells):
            key = (cell.technology, cell.frequency_mhz, cell.bandwidth_mhz, cell.mimo_layers)
            if key not in carriers:
                members.append(cell)
            kinds[index] = carriers.setdefault(key, len(carriers))
        steps_db = LEAST_SINR_DB + np.arange(RATE_STEPS) / STEPS_PER_DB
        tables = np.empty((len(members), RATE_STEPS), dtype=np.float32)
        for row, cell in enumerate(members):
            tables[row] = downlink_mbit_s(cell, steps_db)
        return cls(kinds, tables)

    def mbit_s(self, server: npt.ArrayLike, sinr_db: npt.ArrayLike) -> npt.NDArray[np.float32]:
        """Return the rate of every pixel from its own server; parameters as in `server_mbit_s`."""
        numbers = np.ascontiguousarray(server, dtype=np.int32)
        ratios_db = np.ascontiguousarray(sinr_db, dtype=np.float32)
        rates = np.empty(numbers.size, dtype=np.float32)
        _look_up(self.kinds, self.tables, (numbers.ravel(), ratios_db.ravel()), rates)
        return rates.reshape(numbers.shape)


def server_mbit_s(
    cells: Sequence[Cell], server: npt.ArrayLike, sinr_db: npt.ArrayLike
) -> npt.NDArray[np.float32]:
    """Return the rate of every pixel from its own server.

    Interpolated in steps of 0.01 dB of `downlink_mbit_s`.

    Parameters
    ----------
    cells : sequence of Cell
    server : array_like of int
        Index of the serving cell, negative where there is none.
    sinr_db : array_like of float, same shape
        SINR of that server.

    Returns
    -------
    ndarray of float32, same shape
        Mbit/s; NaN where there is no server or its SINR is unknown.
    """
    return RateTables.of(cells).mbit_s(server, sinr_db)


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _look_up(
    kinds: npt.NDArray[np.int32],
    tables: npt.NDArray[np.float32],
    pixels: tuple[npt.NDArray[np.int32], npt.NDArray[np.float32]],
    rates: npt.NDArray[np.float32],
) -> None:
    server, sinr_db = pixels
    last = tables.shape[1] - 2
    for i in range(server.size):
        place = (sinr_db[i] - np.float32(LEAST_SINR_DB)) * np.float32(STEPS_PER_DB)
        if server[i] < 0 or np.isnan(place):
            rates[i] = np.nan
        elif place < 0:
            rates[i] = 0.0
        else:
            table = tables[kinds[server[i]]]
            low = int(min(place, np.float32(last)))
            share = min(place - np.float32(low), np.float32(1.0))
            rates[i] = table[low] + share * (table[low + 1] - table[low])
