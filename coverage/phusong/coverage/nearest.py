"""The nearest site of each operator, with true distance and bearing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyproj
from scipy.spatial import cKDTree

from phusong.coverage.fractions import IntArray
from phusong.coverage.grids import FloatArray

CANDIDATES = 4
"""The plane distance may order close calls differently from the ellipsoid, so this many are measured."""


@dataclass(frozen=True, slots=True)
class Points:
    """Places in the study CRS and in WGS 84.

    Attributes
    ----------
    x_m, y_m : ndarray of float64, shape (n,)
        NaN where the location is missing.
    lon_deg, lat_deg : ndarray of float64, shape (n,)
    """

    x_m: FloatArray
    y_m: FloatArray
    lon_deg: FloatArray
    lat_deg: FloatArray


def nearest_sites(villages: Points, sites: Points, *, operators: Sequence[str]) -> pd.DataFrame:
    """Find the nearest site of each operator for every village.

    Parameters
    ----------
    villages : Points
    sites : Points
        On-air sites (or cells), one entry for each operator on a mast.
    operators : sequence of str, shape (sites,)

    Returns
    -------
    DataFrame
        One row per located village and operator, ordered by village, then distance: ``village`` and
        ``site`` (places in the inputs; the first of several entries at one spot), ``operator``,
        ``distance_m`` on the ellipsoid and ``bearing_deg`` from the village, clockwise from true north,
        0 <= bearing < 360.
    """
    names = np.asarray(operators, dtype=object)
    located = np.flatnonzero(np.isfinite(villages.x_m) & np.isfinite(villages.y_m))
    placed = np.isfinite(sites.x_m) & np.isfinite(sites.y_m)
    tables = [
        _nearest(villages, located, sites, np.flatnonzero((names == name) & placed)).assign(operator=name)
        for name in sorted(set(operators))
    ]
    columns = ["village", "operator", "site", "distance_m", "bearing_deg"]
    if not tables:
        return pd.DataFrame({name: [] for name in columns})
    return pd.concat(tables)[columns].sort_values(["village", "distance_m", "operator"], ignore_index=True)


def _nearest(villages: Points, located: IntArray, sites: Points, members: IntArray) -> pd.DataFrame:
    spots, first = np.unique(
        np.column_stack([sites.x_m[members], sites.y_m[members]]), axis=0, return_index=True
    )
    if not len(spots) or not located.size:
        return pd.DataFrame({"village": [], "site": [], "distance_m": [], "bearing_deg": []})
    wanted = min(CANDIDATES, len(spots))
    _, found = cKDTree(spots).query(
        np.column_stack([villages.x_m[located], villages.y_m[located]]), k=range(1, wanted + 1)
    )
    site = members[first[found]]
    village = np.repeat(located[:, None], wanted, axis=1)
    azimuth_deg, _, distance_m = pyproj.Geod(ellps="WGS84").inv(
        villages.lon_deg[village], villages.lat_deg[village], sites.lon_deg[site], sites.lat_deg[site]
    )
    best = np.argmin(distance_m, axis=1)[:, None]
    return pd.DataFrame(
        {
            "village": located,
            "site": np.take_along_axis(site, best, axis=1)[:, 0],
            "distance_m": np.take_along_axis(distance_m, best, axis=1)[:, 0],
            # The second modulo catches -1e-16, which the first rounds up to 360.
            "bearing_deg": np.take_along_axis(azimuth_deg, best, axis=1)[:, 0] % 360.0 % 360.0,
        }
    )
