"""A binary heap of (key, item) pairs in two arrays, for the searches on road networks."""

from __future__ import annotations

from numba import njit

from phusong.coverage.placement.instance import Int32Array, Int64Array


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def push(keys: Int64Array, items: Int32Array, size: int, key: int, item: int) -> int:
    """Add a pair; return the new size. The arrays must have room."""
    at = size
    while at > 0:
        above = (at - 1) >> 1
        if keys[above] <= key:
            break
        keys[at] = keys[above]
        items[at] = items[above]
        at = above
    keys[at] = key
    items[at] = item
    return size + 1


@njit(cache=True, nogil=True, error_model="numpy")
def drop_least(keys: Int64Array, items: Int32Array, size: int) -> int:
    """Remove the pair with the least key, which stands at 0; return the new size."""
    size -= 1
    key, item = keys[size], items[size]
    at = 0
    below = 1
    while below < size:
        if below + 1 < size and keys[below + 1] < keys[below]:
            below += 1
        if keys[below] >= key:
            break
        keys[at] = keys[below]
        items[at] = items[below]
        at = below
        below = 2 * at + 1
    keys[at] = key
    items[at] = item
    return size
