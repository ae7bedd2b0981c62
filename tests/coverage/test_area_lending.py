"""Lent arrays: the same memory, with nobody counting it, for as long as its owner is kept."""

from __future__ import annotations

import sys

import numpy as np
import numpy.typing as npt
from numba import njit

from phusong.coverage.propagation.area_lending import keep, lend

Float64Array = npt.NDArray[np.float64]


@njit(error_model="numpy")
def _double(held: tuple[Float64Array, tuple[Float64Array, float]]) -> float:
    first, (second, factor) = lend(held)
    total = 0.0
    for i in range(first.size):
        second[i] = factor * first[i]
        total += second[i]
    keep(held)
    return float(total)


@njit(error_model="numpy")
def _sum_own(size: int, others: int) -> float:
    """Sum an array made here, while as many others of its size are made and dropped."""
    owned = (np.full(size, 2.0), np.full(size, 3.0))
    first, second = lend(owned)
    dropped = 0.0
    for _ in range(others):
        dropped += np.full(size, 7.0)[0]
    total = first.sum() + second.sum() + 0.0 * dropped
    keep(owned)
    return float(total)


def test_lent_arrays_are_the_memory_they_were_lent_from() -> None:
    first, second = np.arange(5.0), np.zeros(5)
    assert _double((first, (second, 2.0))) == 20.0
    np.testing.assert_array_equal(second, 2.0 * np.arange(5.0))


def test_lending_leaves_no_count_behind() -> None:
    first, second = np.arange(5.0), np.zeros(5)
    before = sys.getrefcount(first), sys.getrefcount(second)
    for _ in range(10):
        _double((first, (second, 2.0)))
    assert (sys.getrefcount(first), sys.getrefcount(second)) == before


def test_what_is_kept_outlives_what_is_made_later() -> None:
    assert _sum_own(4096, 200) == 5.0 * 4096
