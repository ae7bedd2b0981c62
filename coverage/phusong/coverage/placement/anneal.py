"""Cheaper answers by simulated annealing: sites are added, dropped and swapped, weight that is missing costs.

S. Kirkpatrick, C. D. Gelatt, M. P. Vecchi: Optimization by simulated annealing. Science 220 (1983), 671-680.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numba import njit

from phusong.coverage.placement.anneal_moves import (
    COST,
    UNSERVED,
    Cover,
    Groups,
    State,
    add,
    best_entry,
    blocking_group,
    drop,
    new_state,
    rebuild,
)
from phusong.coverage.placement.costproblem import CostProblem
from phusong.coverage.placement.greedy import first_gains, row_weight, sink
from phusong.coverage.placement.instance import FloatArray, Int32Array
from phusong.coverage.placement.openrows import Matrix

UInt64Array = npt.NDArray[np.uint64]

_HOT, _COLD = 0.3, 0.004
"""First and last temperature, as shares of the mean cost of a chosen site."""
_DROPS = 0.3
"""Share of moves that try to drop a site; the others try to bring one in."""
_SCARCE, _PLENTY = 0.25, 0.6
"""Share of moves that end with the target reached: below the first the price of weight rises, above the
second it falls."""
_RISE, _FALL = 1.04, 0.98


@dataclass(frozen=True, slots=True)
class Annealer:
    """A chosen set on its way, with the best that it passed.

    Attributes
    ----------
    cover, groups, state
        The problem and the chosen set.
    spare : float
        Weight that may stay unserved.
    best : ndarray of int32, shape (sites,)
        The cheapest set that reaches the target, in its first places.
    found : ndarray of float64
        Size and cost of `best`; the price of missing weight.
    random : ndarray of uint64, shape (1,)
        State of the random numbers.
    """

    cover: Cover
    groups: Groups
    state: State
    spare: float
    best: Int32Array
    found: FloatArray
    random: UInt64Array

    @property
    def chosen(self) -> Int32Array:
        """The cheapest set that reaches the target, empty while there is none."""
        return self.best[: int(self.found[0])].copy()

    @property
    def reached(self) -> bool:
        """Whether any set passed reached the target."""
        return bool(np.isfinite(self.found[1]))

    def run(self, heat: float, moves: int) -> None:
        """Make `moves` moves at temperature `heat` (money)."""
        _anneal(
            self.cover, self.groups, self.state, self.best, self.found, self.random, self.spare, heat, moves
        )

    def restart(self, chosen: Int32Array) -> None:
        """Go on from `chosen`."""
        rebuild(self.cover, self.groups, self.state, chosen)

    def heat(self, progress: float, *, hot: float = _HOT) -> float:
        """Return the temperature after `progress` (0 to 1) of the cooling."""
        size = max(int(self.state.size[0]), 1)
        mean = self.state.sums[COST] / size
        return float(mean * hot * (_COLD / hot) ** min(max(progress, 0.0), 1.0))


def annealer(problem: CostProblem, *, seed: int = 1) -> Annealer:
    """Start from the greedy answer of `problem`.

    Parameters
    ----------
    problem : CostProblem
        What is left to decide.
    seed : int
        Of the random numbers.

    Returns
    -------
    Annealer
        With the greedy answer as its best, if limits let it reach the target.
    """
    cover, groups = kernel_view(problem)
    state = new_state(cover, groups)
    gain = first_gains(Matrix(cover.indptr, cover.demand), cover.weight, np.ones(cover.cost.size, np.bool_))
    price = _greedy(cover, groups, state, gain, problem.spare)
    found = np.array([0.0, np.inf, price])
    best = np.zeros(max(cover.cost.size, 1), np.int32)
    _prune(cover, groups, state, problem.spare)
    _keep(state, best, found, problem.spare)
    random = np.array([0x9E3779B97F4A7C15 ^ (seed * 0xBF58476D1CE4E5B9 & (2**64 - 1)) | 1], np.uint64)
    return Annealer(cover, groups, state, problem.spare, best, found, random)


def kernel_view(problem: CostProblem) -> tuple[Cover, Groups]:
    """Return the arrays of `problem` as kernels read them."""
    cover, limits = problem.cover, problem.limits
    return (
        Cover(cover.indptr, cover.demand_index, cover.demand_weight, cover.site_cost),
        Groups(limits.indptr, limits.site, limits.most, limits.of_indptr, limits.of_group),
    )


@njit(cache=True, nogil=True)
def _greedy(cover: Cover, groups: Groups, state: State, gain: FloatArray, spare: float) -> float:
    """Add the site with the most weight still wanted for its money, until the target is reached.

    Gains only shrink, so the last gain of a site bounds its next one (lazy evaluation: M. Minoux, 1978).
    `gain` is what each site adds to nothing. Returns the money a unit of weight cost at the last site.
    """
    matrix = Matrix(cover.indptr, cover.demand)
    left = cover.weight.copy()
    worth = gain / np.maximum(cover.cost, 1e-300)
    heap = np.flatnonzero(worth > 0.0).astype(np.int32)
    size = heap.size
    for at in range(size // 2 - 1, -1, -1):
        sink(heap, at, size, worth, worth, worth)
    price = 0.0
    while state.sums[UNSERVED] > spare and size > 0:
        site = heap[0]
        more = row_weight(matrix, left, site)
        now = min(more, state.sums[UNSERVED] - spare) / max(cover.cost[site], 1e-300)
        is_free = blocking_group(groups, state, site) < 0
        if is_free and 0.0 < now < worth[site]:
            worth[site] = now
        else:
            if is_free and now > 0.0:
                price = cover.cost[site] / more
                add(cover, groups, state, site)
                for at in range(cover.indptr[site], cover.indptr[site + 1]):
                    left[cover.demand[at]] = 0.0
            size -= 1
            heap[0] = heap[size]
        sink(heap, 0, size, worth, worth, worth)
    return price


@njit(cache=True, nogil=True)
def _prune(cover: Cover, groups: Groups, state: State, spare: float) -> None:
    """Drop sites that the target does not need, dearest first."""
    while True:
        out, dearest = -1, -1.0
        for at in range(state.size[0]):
            site = state.chosen[at]
            if state.sums[UNSERVED] + state.alone[site] <= spare and cover.cost[site] > dearest:
                out, dearest = site, cover.cost[site]
        if out < 0:
            break
        drop(cover, groups, state, out)


@njit(cache=True, nogil=True)
def _keep(state: State, best: Int32Array, found: FloatArray, spare: float) -> None:
    if state.sums[UNSERVED] <= spare and state.sums[COST] < found[1] * (1 - 1e-12):
        best[: state.size[0]] = state.chosen[: state.size[0]]
        found[0] = state.size[0]
        found[1] = state.sums[COST]


@njit(cache=True, nogil=True)
def _word(random: UInt64Array) -> np.uint64:
    """Return the next random word (G. Marsaglia: Xorshift RNGs, 2003)."""
    word = random[0]
    word ^= word << np.uint64(13)
    word ^= word >> np.uint64(7)
    word ^= word << np.uint64(17)
    random[0] = word
    return word


@njit(cache=True, nogil=True)
def _share(random: UInt64Array) -> float:
    return float(_word(random) >> np.uint64(11)) * (1.0 / 9007199254740992.0)


@njit(cache=True, nogil=True)
def _below(random: UInt64Array, count: int) -> int:
    return int(_word(random) >> np.uint64(33)) % count


@njit(cache=True, nogil=True)
def _accepted(random: UInt64Array, change: float, heat: float) -> bool:
    return change <= 0.0 or (heat > 0.0 and _share(random) < np.exp(-change / heat))


@njit(cache=True, nogil=True)
def _try_drop(  # noqa: PLR0917 - kernels take no keyword-only options
    cover: Cover, groups: Groups, state: State, random: UInt64Array, spare: float, price: float, heat: float
) -> None:
    site = state.chosen[_below(random, state.size[0])]
    unserved = state.sums[UNSERVED]
    more = max(0.0, unserved + state.alone[site] - spare) - max(0.0, unserved - spare)
    if _accepted(random, price * more - cover.cost[site], heat):
        drop(cover, groups, state, site)


@njit(cache=True, nogil=True)
def _try_entry(  # noqa: PLR0917 - kernels take no keyword-only options
    cover: Cover, groups: Groups, state: State, random: UInt64Array, spare: float, price: float, heat: float
) -> None:
    site = _below(random, cover.cost.size)
    if state.place[site] >= 0:
        return
    change, out = best_entry(cover, groups, state, site, spare, price)
    if change < np.inf and _accepted(random, change, heat):
        if out >= 0:
            drop(cover, groups, state, out)
        add(cover, groups, state, site)


@njit(cache=True, nogil=True)
def _anneal(  # noqa: PLR0917 - kernels take no keyword-only options
    cover: Cover,
    groups: Groups,
    state: State,
    best: Int32Array,
    found: FloatArray,
    random: UInt64Array,
    spare: float,
    heat: float,
    moves: int,
) -> None:
    """Make moves; the price of missing weight follows how often the target is reached."""
    rebuild(cover, groups, state, state.chosen[: state.size[0]].copy())
    reached = 0
    for _ in range(moves):
        if state.size[0] > 0 and _share(random) < _DROPS:
            _try_drop(cover, groups, state, random, spare, found[2], heat)
        else:
            _try_entry(cover, groups, state, random, spare, found[2], heat)
        if state.sums[UNSERVED] <= spare:
            reached += 1
            _keep(state, best, found, spare)
    if reached < _SCARCE * moves:
        found[2] *= _RISE
    elif reached > _PLENTY * moves:
        found[2] *= _FALL
