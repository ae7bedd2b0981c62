"""Variable-length integers of Protocol Buffers, many at once."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]

_STEPS = tuple(1 << (7 * count) for count in range(1, 5))


def zigzag(values: npt.NDArray[np.integer[Any]]) -> Integers:
    """Map signed to unsigned integers so that small magnitudes stay small.

    Examples
    --------
    >>> zigzag(np.array([0, -1, 1, -2])).tolist()
    [0, 1, 2, 3]
    """
    wide = values.astype(np.int64)
    return (wide << 1) ^ (wide >> 63)


def pack(values: Integers) -> tuple[bytes, Integers]:
    r"""Encode integers one after the other.

    Parameters
    ----------
    values : ndarray of int64, shape (n,)
        0 <= value < 2**35.

    Returns
    -------
    bytes
        All encodings joined.
    ndarray of int64, shape (n + 1,)
        Where each encoding starts; the last entry is the total length.

    Examples
    --------
    >>> pack(np.array([1, 300]))
    (b'\x01\xac\x02', array([0, 1, 3]))
    """
    lengths = np.ones(len(values), dtype=np.int64)
    for step in _STEPS:
        lengths += values >= step
    starts = np.zeros(len(values) + 1, dtype=np.int64)
    np.cumsum(lengths, out=starts[1:])
    packed = np.empty(starts[-1], dtype=np.uint8)
    for place in range(int(lengths.max(initial=0))):
        at = lengths > place
        more = np.where(lengths[at] > place + 1, 0x80, 0)
        packed[starts[:-1][at] + place] = (values[at] >> (7 * place) & 0x7F) | more
    return packed.tobytes(), starts


def one(value: int) -> bytes:
    r"""Encode a single integer >= 0.

    Examples
    --------
    >>> one(300)
    b'\xac\x02'
    """
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def sized(field: int, content: bytes) -> bytes:
    """Frame a length-delimited field (wire type 2) of a message."""
    return one(field << 3 | 2) + one(len(content)) + content
