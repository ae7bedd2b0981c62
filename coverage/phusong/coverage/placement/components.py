"""Parts of a problem that share no demand and no limit, to be solved one by one where all must be served."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from phusong.coverage.placement.costproblem import CostProblem, narrowed

BUNDLE_SITES = 150
"""Small parts are bundled up to about so many sites: each bundle costs a pass over the whole."""


def parts(problem: CostProblem) -> Iterator[CostProblem]:
    """Yield the connected parts of `problem`, smallest first; small ones in bundles.

    Parameters
    ----------
    problem : CostProblem
        All of its demand must be served (a target for the whole would tie its parts together).

    Yields
    ------
    CostProblem
        Sites and demand that hang together, or are tied by limits.
    """
    cover, limits = problem.cover, problem.limits
    sites, demands = cover.sites, cover.demands
    row = np.concatenate(
        [
            np.repeat(np.arange(sites), np.diff(cover.indptr)),
            np.repeat(np.arange(sites), np.diff(limits.of_indptr)),
        ]
    )
    column = np.concatenate([sites + cover.demand_index, sites + demands + limits.of_group])
    size = sites + demands + limits.groups
    graph = csr_array((np.ones(row.size, np.int8), (row, column)), shape=(size, size))
    _, part = connected_components(graph, directed=False)
    counts = np.bincount(part[:sites])
    named = np.argsort(counts, kind="stable")
    bundle = np.zeros(counts.size, np.int64)
    bundle[named] = np.cumsum(counts[named]) // BUNDLE_SITES
    bundle[counts > BUNDLE_SITES] = bundle.max() + 1 + np.arange(int((counts > BUNDLE_SITES).sum()))
    for name in np.unique(bundle[part[:sites]]):
        yield narrowed(problem, bundle[part[:sites]] == name)
