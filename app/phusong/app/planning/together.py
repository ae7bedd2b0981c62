"""What the options of a plan serve together: signals add up, and so does what disturbs them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from phusong.app.compute.parallel import Pool
from phusong.app.compute.stacks import Carrier, carrier_of
from phusong.app.planning.evaluation import AtPlace, Judge
from phusong.app.planning.received import Levels
from phusong.coverage.signal_kernel import NO_LEVEL

BoolArray = npt.NDArray[np.bool_]


def served_together(judge: Judge, chosen: Sequence[int], *, pool: Pool) -> BoolArray:
    """Tell which demand is served once all chosen options stand.

    Parameters
    ----------
    judge : Judge
    chosen : sequence of int
        Options.
    pool : Pool

    Returns
    -------
    ndarray of bool, shape (demands,)
    """
    size = judge.demand.pixel.size
    new: dict[Carrier, Levels] = {}
    for option, (at, levels) in zip(chosen, pool.map(_levels, list(chosen), judge=judge), strict=True):
        carrier = carrier_of(judge.options[option].cells[0])
        empty = np.full(size, NO_LEVEL, dtype=np.int16), np.zeros(size, dtype=np.int64)
        best, total = new.setdefault(carrier, empty)
        best[at] = np.maximum(best[at], levels[0])
        total[at] += levels[1]
    served = judge.stand.with_all(np.arange(size, dtype=np.int64), new)
    if not judge.demand.villages:
        return served
    rule = judge.demand.rule
    return np.array([village.is_served(served, rule) for village in judge.demand.villages], dtype=np.bool_)


def _levels(option: int, *, judge: Judge) -> tuple[npt.NDArray[np.int64], Levels]:
    place = AtPlace(judge, [option])
    at = place.near()
    return at, place.levels(at, [option])[option]
