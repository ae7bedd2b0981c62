"""Compiled steps that turn stacks of servers into codes for maps, and pick layers from these.

A packed code holds what a map may show of a service's strongest server: the class of SINR in bits 0-2, of
throughput in 3-5, of the number of servers in 6-8, the tone of the cell in 9-10, and bit 11 where the level
is enough. The code of a technology is the place of the service that is strongest, counted from 1, in bits
0-12, and the class of the number of servers of all its services from 13 on.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from phusong.coverage.serving_kernel import Needs
from phusong.coverage.signal_kernel import NO_LEVEL, Int16Array, Int32Array, Int64Array
from phusong.geodata.tiles.png import Codes

Packed = npt.NDArray[np.uint16]
Floats = npt.NDArray[np.float64]

CLASS_MASK = 7
SINR_SHIFT, RATE_SHIFT, SERVERS_SHIFT, TONE_SHIFT, ENOUGH_SHIFT = 0, 3, 6, 9, 11
OWNER_MASK = (1 << 13) - 1
UNION_SERVERS_SHIFT = 13
_TONE_MASK = 3
_MARGIN_MOST = 255


class Classes(NamedTuple):
    """What is counted as which class.

    Attributes
    ----------
    sinr : ndarray of float64
        Least power ratio of each class of SINR above the first.
    rate : ndarray of float64, shape (kinds, edges)
        The same of throughput, by the kind of the cell.
    servers : ndarray of int64
        Least number of servers of each class above none.
    kind, tone : ndarray of int32, shape (cells,)
        Of each cell that the stack numbers.
    margin_zero, steps_per_code : int
        Code of a margin of nothing, and level steps to a code.
    """

    sinr: Floats
    rate: Floats
    servers: Int64Array
    kind: Int32Array
    tone: Int32Array
    margin_zero: int
    steps_per_code: int


@njit(cache=True, nogil=True, error_model="numpy")
def fold_codes(  # noqa: PLR0917 - kernels take no keyword-only options
    stack: tuple[Int16Array, Int64Array, Int16Array],
    needs: Needs,
    classes: Classes,
    power: Int64Array,
    best: Int16Array,
    count: Int16Array,
    margin: Codes,
    packed: Packed,
) -> None:
    """Let a carrier take over the codes of its service where it is the strongest so far.

    Parameters
    ----------
    stack : tuple of ndarray
        ``level`` (servers, rows, cols), ``total`` and the ``number`` of the best server (rows, cols).
    needs : Needs
    classes : Classes
    power : ndarray of int64
        `signal_kernel.power_table`.
    best, count, margin, packed : ndarray, shape (rows, cols)
        Strongest level, number of servers above what they need, and codes so far; updated.
    """
    level, total, number = stack
    for row in range(total.shape[0]):
        for col in range(total.shape[1]):
            for server in range(level.shape[0]):
                count[row, col] += level[server, row, col] >= needs.level
            own_level = level[0, row, col]
            if own_level <= best[row, col]:
                continue
            best[row, col] = own_level
            own = power[np.int64(own_level) - NO_LEVEL]
            noise = needs.load * np.float64(total[row, col] - own) + needs.noise
            above = np.int64(own_level) - needs.level
            is_clear = needs.ratio < 0.0 or np.float64(own) >= needs.ratio * noise
            step = int(above) // classes.steps_per_code + classes.margin_zero
            margin[row, col] = min(max(step, 1), _MARGIN_MOST) if is_clear else 0
            cell = max(number[row, col], 0)
            code = np.int64(classes.tone[cell]) << TONE_SHIFT
            if above >= 0:
                ratio = np.float64(own) / noise
                code |= _class(ratio, classes.sinr) << SINR_SHIFT
                code |= _class(ratio, classes.rate[classes.kind[cell]]) << RATE_SHIFT
                code |= 1 << ENOUGH_SHIFT
            packed[row, col] = code


@njit(cache=True, nogil=True, error_model="numpy")
def _class(value: float, edges: Floats) -> int:
    found = 1
    for edge in edges:
        found += value >= edge
    return found


@njit(cache=True, nogil=True, error_model="numpy")
def count_servers(
    count: Int16Array, edges: Int64Array, shift: int, packed: Packed, total: Int16Array
) -> None:
    """Add the class of a number of servers to a code, and the number to those of the technology."""
    for row in range(count.shape[0]):
        for col in range(count.shape[1]):
            found = 0
            for edge in edges:
                found += count[row, col] >= edge
            packed[row, col] |= found << shift
            total[row, col] += count[row, col]


@njit(cache=True, nogil=True, error_model="numpy")
def take_lead(best: Int16Array, owner: int, lead: Int16Array, union: Packed) -> None:
    """Let a service own the places where it is stronger than those before it."""
    for row in range(best.shape[0]):
        for col in range(best.shape[1]):
            if best[row, col] > lead[row, col]:
                lead[row, col] = best[row, col]
                union[row, col] = owner


@njit(cache=True, nogil=True, error_model="numpy")
def pick_field(packed: Packed, union: Packed, services: Int64Array, shift: int, found: Codes) -> None:
    """Take a class from the code of the service that owns each place.

    Parameters
    ----------
    packed : ndarray of uint16, shape (all services, rows, cols)
    union : ndarray of uint16, shape (rows, cols)
        Of the technology.
    services : ndarray of int64
        Place in `packed` of the services that an owner stands for.
    shift : int
        Bits below the class.
    found : ndarray of uint8, shape (rows, cols)
        Filled.
    """
    for row in range(found.shape[0]):
        for col in range(found.shape[1]):
            owner = np.int64(union[row, col] & OWNER_MASK)
            code = np.int64(packed[services[owner - 1], row, col]) if owner else 0
            found[row, col] = (code >> shift) & CLASS_MASK


@njit(cache=True, nogil=True, error_model="numpy")
def pick_server(packed: Packed, union: Packed, services: Int64Array, first: Int64Array, found: Codes) -> None:
    """Give each place the code of its operator and tone where the level is enough; see `pick_field`.

    Parameters
    ----------
    first : ndarray of int64
        Code of the first tone of each owner's operator.
    """
    for row in range(found.shape[0]):
        for col in range(found.shape[1]):
            owner = np.int64(union[row, col] & OWNER_MASK)
            code = np.int64(packed[services[owner - 1], row, col]) if owner else 0
            is_enough = (code >> ENOUGH_SHIFT) & 1
            tone = (code >> TONE_SHIFT) & _TONE_MASK
            found[row, col] = first[owner - 1] + tone if is_enough else 0


@njit(cache=True, nogil=True, error_model="numpy")
def pick_margin(margin: Codes, services: Int64Array, found: Codes) -> None:
    """Take the highest margin of some services."""
    for row in range(found.shape[0]):
        for col in range(found.shape[1]):
            most = 0
            for service in services:
                most = max(most, int(margin[service, row, col]))
            found[row, col] = most


@njit(cache=True, nogil=True, error_model="numpy")
def count_operators(margin: Codes, operator: Int64Array, limits: tuple[int, int], found: Codes) -> None:
    """Count operators that serve, from 1.

    Parameters
    ----------
    margin : ndarray of uint8, shape (services, rows, cols)
    operator : ndarray of int64, shape (services,)
        Whose service it is; services of one operator lie together, -1 for those that do not count.
    limits : tuple of int
        Code of the least margin that serves, and of the most operators told apart.
    found : ndarray of uint8, shape (rows, cols)
        Filled.
    """
    zero, most = limits
    for row in range(found.shape[0]):
        for col in range(found.shape[1]):
            code, last = 1, -1
            for service in range(operator.size):
                who = operator[service]
                if who >= 0 and who != last and margin[service, row, col] >= zero:
                    code, last = code + 1, who
            found[row, col] = min(code, most)
