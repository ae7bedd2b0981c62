"""Coordinate reference systems: which are metric, which suits a place, and how to get there."""

from __future__ import annotations

import math

import pyproj
from pyproj.exceptions import CRSError

from phusong.coverage.errors import InputError

GEOGRAPHIC_EPSG = 4326
Bounds = tuple[float, float, float, float]


def check_metric_epsg(epsg: int) -> None:
    """Refuse a CRS that is no projection in metres.

    Raises
    ------
    InputError
        ``crs_unknown`` or ``crs_not_metric``.
    """
    try:
        crs = pyproj.CRS.from_epsg(epsg)
    except CRSError as error:
        raise InputError("crs_unknown", value=str(epsg)) from error
    units = {axis.unit_name for axis in crs.axis_info}
    if not crs.is_projected or units != {"metre"}:
        raise InputError("crs_not_metric", value=f"EPSG:{epsg} ({crs.name})")


def parse_crs(text: str) -> pyproj.CRS:
    """Read a CRS as people write it (``EPSG:4326``, ``4326``, WKT).

    Raises
    ------
    InputError
        ``crs_unknown``.
    """
    try:
        return pyproj.CRS.from_user_input(int(text) if text.strip().isdigit() else text)
    except (CRSError, ValueError) as error:
        raise InputError("crs_unknown", value=text[:80]) from error


def utm_epsg(lon_deg: float, lat_deg: float) -> int:
    """EPSG code of the WGS 84 / UTM zone of a place.

    Examples
    --------
    >>> utm_epsg(105.78, 19.81), utm_epsg(-121.6, 36.4), utm_epsg(151.2, -33.9)
    (32648, 32610, 32756)
    """
    zone = min(max(math.floor((lon_deg + 180) / 6) + 1, 1), 60)
    return (32600 if lat_deg >= 0 else 32700) + zone


def transformed_bounds(bounds: Bounds, source: pyproj.CRS, epsg: int) -> Bounds:
    """Bounds in another CRS that hold the whole of the given bounds."""
    transformer = pyproj.Transformer.from_crs(source, pyproj.CRS.from_epsg(epsg), always_xy=True)
    left, bottom, right, top = transformer.transform_bounds(*bounds, densify_pts=21)
    return left, bottom, right, top
