"""Plans from the shares of a linear program, and from shaken plans: each followed by local search."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from phusong.coverage.placement.core import Core
from phusong.coverage.placement.instance import FloatArray, Int32Array
from phusong.coverage.placement.swap import improve_plan

NOISE = 0.35
"""How much chance counts beside the share of a site."""
SHAKEN = 0.12
"""Part of the sites that a shaken plan loses."""


def rounded(core: Core, key: FloatArray, *, stop: Callable[[], bool]) -> Int32Array:
    """Take sites by falling key while the limits allow, then search around; numbers of the core."""
    order = np.argsort(-key, kind="stable")
    plan = fitting(core, order[key[order] > 0].astype(np.int32))
    return improve_plan(core.instance, core.limits, core.usable, plan, stop=stop)


def noisy(random: np.random.Generator, share: FloatArray) -> FloatArray:
    """Return shares with noise where there is any share."""
    return np.where(share > 1e-6, share + NOISE * random.random(share.size), 0.0)


def shaken(
    core: Core,
    plan: Int32Array,
    share: FloatArray,
    random: np.random.Generator,
    *,
    stop: Callable[[], bool],
) -> Int32Array:
    """Take some sites out of a plan, bring in others by their shares, and search around."""
    out = max(2, round(SHAKEN * plan.size))
    kept = random.permutation(plan)[: max(plan.size - int(random.integers(2, out + 1)), 0)]
    key = noisy(random, share)
    key[plan] = 0.0
    wanted = np.argsort(-key, kind="stable")[: max(out, 8)]
    fresh = random.permutation(wanted[key[wanted] > 0])
    start = fitting(core, np.concatenate([kept, fresh]).astype(np.int32))
    return improve_plan(core.instance, core.limits, core.usable, start, stop=stop)


def fitting(core: Core, order: Int32Array) -> Int32Array:
    """Return the sites of a list that can be built one after the other."""
    limits = core.limits
    used = np.zeros(limits.capacity.size, np.int64)
    taken: list[int] = []
    spent = 0.0
    for site in order.tolist():
        groups = limits.groups.columns[limits.groups.indptr[site] : limits.groups.indptr[site + 1]]
        cost = float(limits.cost[site])
        if len(taken) >= limits.most_sites:
            break
        if spent + cost > limits.budget or np.any(used[groups] >= limits.capacity[groups]):
            continue
        used[groups] += 1
        spent += cost
        taken.append(site)
    return np.array(taken, np.int32)
