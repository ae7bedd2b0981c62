"""The nearest site of each operator, with true distance and bearing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyproj
import shapely

from phusong.coverage.fractions import IntArray
from phusong.coverage.grids import FloatArray

CLOSE_CALL = 1.004
"""Sites up to this many times as far in the plane as the nearest are measured on the ellipsoid.

The scale of a transverse Mercator zone differs by less within the reach of a mast.
"""


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
    centres = np.asarray(shapely.points(villages.x_m[located], villages.y_m[located]))
    tree = shapely.STRtree(np.asarray(shapely.points(spots)))
    (near, _), plane_m = tree.query_nearest(centres, all_matches=False, return_distance=True)
    reach_m = np.empty(located.size)
    reach_m[near] = plane_m * CLOSE_CALL
    one, spot = tree.query(centres, predicate="dwithin", distance=reach_m)
    village, site = located[one], members[first[spot]]
    azimuth_deg, _, distance_m = pyproj.Geod(ellps="WGS84").inv(
        villages.lon_deg[village], villages.lat_deg[village], sites.lon_deg[site], sites.lat_deg[site]
    )
    found = pd.DataFrame(
        {
            "village": village,
            "site": site,
            "distance_m": distance_m,
            # The second modulo catches -1e-16, which the first rounds up to 360.
            "bearing_deg": np.asarray(azimuth_deg) % 360.0 % 360.0,
        }
    )
    return found.sort_values(["village", "distance_m", "site"]).drop_duplicates("village")
