"""What a planner forbids, brought into pairs, and what can be reached at all."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from phusong.coverage.placement.instance import (
    BoolArray,
    CoverageInstance,
    Int32Array,
    SideConstraints,
)


def near_pairs(
    x_m: npt.ArrayLike, y_m: npt.ArrayLike, *, distance_m: float, place: Int32Array, counts: BoolArray
) -> Int32Array:
    """Return pairs of options at different places that are too near each other to build both.

    Parameters
    ----------
    x_m, y_m : array_like, shape (options,)
    distance_m : float
        Least distance; options just so far apart may both be built.
    place : ndarray of int32, shape (options,)
        Options at one place exclude each other anyway and are not listed.
    counts : ndarray of bool, shape (options,)
        Options the rule concerns, such as those that build a mast.

    Returns
    -------
    ndarray of int32, shape (pairs, 2)

    Examples
    --------
    >>> near_pairs([0.0, 50.0, 500.0], [0.0, 0.0, 0.0], distance_m=100.0,
    ...            place=np.array([0, 1, 2], dtype=np.int32), counts=np.ones(3, dtype=bool)).tolist()
    [[0, 1]]
    """
    own = np.flatnonzero(counts)
    points = np.column_stack([np.asarray(x_m, dtype=np.float64)[own], np.asarray(y_m, dtype=np.float64)[own]])
    if len(own) < 2 or distance_m <= 0:
        return np.empty((0, 2), dtype=np.int32)
    pairs = own[cKDTree(points).query_pairs(distance_m * (1.0 - 1e-12), output_type="ndarray")]
    pairs = pairs[place[pairs[:, 0]] != place[pairs[:, 1]]]
    return np.sort(pairs, axis=1).astype(np.int32)


def reachable_weight(instance: CoverageInstance, constraints: SideConstraints) -> float:
    """Return the weight served if every option that may be built were: no answer serves more."""
    served = instance.covered.copy()
    allowed = np.ones(instance.sites, dtype=np.bool_)
    if constraints.forbidden is not None:
        allowed &= ~constraints.forbidden
    rows = np.repeat(allowed, np.diff(instance.indptr))
    served[instance.demand_index[rows]] = True
    return float(instance.demand_weight[served].sum())
