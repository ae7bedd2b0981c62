"""What the importers of single layers share: the result, minted ids, and the commune a shape lies in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from phusong.coverage.errors import Finding
from phusong.coverage.tables import shown
from phusong.geodata.columns import CODE_DIGITS, plain_text
from phusong.geodata.store.folder import FolderStore

COAST_TOLERANCE_DEG = 0.003
"""A shape this near the communes is not called outside: coast lines are generalised."""
SWAP_MARGIN_DEG = 0.2
FAR_KM = 200.0
"""Farther from its study no site, village or place is believed to lie."""
EARTH_RADIUS_KM = 6_371.0


@dataclass(frozen=True, slots=True)
class Completed:
    """A table after its layer's own rules.

    Attributes
    ----------
    frame : GeoDataFrame
        Not yet held against the contract.
    findings : tuple of Finding
        Rows counted from 1.
    assumed : tuple of str
        Columns that hold defaults.
    notes : mapping
        For the layer's record.
    """

    frame: gpd.GeoDataFrame
    findings: tuple[Finding, ...] = ()
    assumed: tuple[str, ...] = ()
    notes: Mapping[str, Any] = field(default_factory=dict)


def communes_of(store: FolderStore) -> gpd.GeoDataFrame | None:
    """Communes of a study; None where there are none yet."""
    return store.table("communes") if store.has("communes") else None


def is_filled(frame: pd.DataFrame, column: str) -> npt.NDArray[np.bool_]:
    """Tell in which rows a column holds something; nowhere when it is absent."""
    if column not in frame:
        return np.zeros(len(frame), dtype=np.bool_)
    return np.array([plain_text(value) is not None for value in frame[column]], dtype=np.bool_)


def with_minted_ids(frame: gpd.GeoDataFrame, column: str, letter: str) -> gpd.GeoDataFrame:
    """Fill missing ids with a letter and a running number that is not taken."""
    filled = is_filled(frame, column)
    if filled.all():
        return frame
    taken = {str(value) for value in frame[column][filled]} if column in frame else set()
    fresh = (name for number in range(1, 10**9) if (name := f"{letter}{number:05d}") not in taken)
    ids = [str(frame[column].iloc[at]) if is_there else next(fresh) for at, is_there in enumerate(filled)]
    return frame.assign(**{column: pd.Series(ids, dtype=object)})


def commune_at(shapes: Sequence[Any], communes: gpd.GeoDataFrame) -> list[str | None]:
    """Return the code of the commune each shape's inner point lies in; None outside all of them."""
    points = shapely.point_on_surface(np.asarray(shapes, dtype=object))
    tree = shapely.STRtree(np.asarray(communes.geometry, dtype=object))
    known = np.flatnonzero([point is not None and not point.is_empty for point in points])
    codes: list[str | None] = [None] * len(points)
    places, zones = tree.query(points[known], predicate="intersects")
    for place, zone in sorted(zip(places.tolist(), zones.tolist(), strict=True), reverse=True):
        codes[int(known[place])] = str(communes["commune_code"].iloc[zone])
    return codes


def with_known_codes(
    frame: gpd.GeoDataFrame, communes: gpd.GeoDataFrame
) -> tuple[gpd.GeoDataFrame, list[Finding]]:
    """Give commune codes leading zeros back where that makes an unknown code a known one."""
    if "commune_code" not in frame:
        return frame, []
    known = set(communes["commune_code"].astype(str))
    codes, findings = [], []
    for position, code in enumerate(frame["commune_code"], start=1):
        text = plain_text(code)
        padded = None if text is None else text.zfill(CODE_DIGITS)
        if padded is not None and text not in known and padded in known:
            findings.append(
                Finding(
                    code="code_padded",
                    row=position,
                    column="commune_code",
                    value=str(code),
                    allowed=padded,
                    severity="warning",
                )
            )
            code = padded  # noqa: PLW2901 - the repaired code takes the place of the written one
        codes.append(code)
    return frame.assign(commune_code=pd.Series(codes, dtype=object)), findings


def swapped_findings(frame: gpd.GeoDataFrame, communes: gpd.GeoDataFrame | None) -> list[Finding]:
    """Find shapes whose longitude and latitude seem to have changed places."""
    bounds = shapely.bounds(np.asarray(frame.geometry, dtype=object))
    low, high = bounds[:, :2], bounds[:, 2:]
    west, south, east, north = (
        (-180.0, -90.0, 180.0, 90.0)
        if communes is None
        else np.asarray(communes.total_bounds) + SWAP_MARGIN_DEG * np.array([-1, -1, 1, 1])
    )
    inside = ((low >= (west, south)) & (high <= (east, north))).all(axis=1)
    inside_swapped = ((low >= (south, west)) & (high <= (north, east))).all(axis=1)
    return [
        Finding(
            code="coordinates_swapped",
            row=int(at) + 1,
            value=f"{low[at, 0]:.10g}, {low[at, 1]:.10g}",
            allowed=f"{low[at, 1]:.10g}, {low[at, 0]:.10g}",
        )
        for at in np.flatnonzero(~inside & inside_swapped)
    ]


def outside_findings(
    frame: gpd.GeoDataFrame, communes: gpd.GeoDataFrame | None, *, has_far_errors: bool = False
) -> list[Finding]:
    """Warn of shapes that lie outside all communes of the study, and tell how far.

    Parameters
    ----------
    frame : GeoDataFrame
        EPSG:4326.
    communes : GeoDataFrame or None
        Nothing is said where there are none.
    has_far_errors : bool
        Refuse what lies more than 200 km away: no list of a province reaches that far, so that its
        coordinates are wrong or in another system.
    """
    if communes is None:
        return []
    shapes = np.asarray(frame.geometry, dtype=object)
    bounds = shapely.bounds(shapes)
    tree = shapely.STRtree(np.asarray(communes.geometry, dtype=object))
    candidates = np.flatnonzero(np.isfinite(bounds).all(axis=1))
    near = tree.query(shapes[candidates], predicate="dwithin", distance=COAST_TOLERANCE_DEG)[0]
    outside = np.setdiff1d(candidates, candidates[np.unique(near)])
    away_km = _away_km(bounds[outside], communes)
    told = [shown(f"{west:.6g}, {south:.6g}") for west, south, _, _ in bounds[outside]]
    return [
        Finding(code="far_from_study", row=int(at) + 1, value=value, allowed=f"{km:.0f} km")
        if has_far_errors and km > FAR_KM
        else Finding(
            code="outside_study", row=int(at) + 1, severity="warning", value=value, allowed=_km_told(km)
        )
        for at, km, value in zip(outside, away_km, told, strict=True)
    ]


def _km_told(km: float) -> str:
    return f"{km:.1f} km" if km < 100.0 else f"{km:.0f} km"


def _away_km(bounds: npt.NDArray[np.float64], communes: gpd.GeoDataFrame) -> npt.NDArray[np.float64]:
    """Great-circle distance from the middles of boxes to the box around the communes, on a sphere.

    The box stands for the communes: this tells kilometres from hundreds of them.
    """
    west, south, east, north = communes.total_bounds
    middle = (bounds[:, :2] + bounds[:, 2:]) / 2.0
    nearest = np.clip(middle, (west, south), (east, north))
    (lon, lat), (near_lon, near_lat) = np.radians(middle).T, np.radians(nearest).T
    half = (
        np.sin((lat - near_lat) / 2.0) ** 2
        + np.cos(lat) * np.cos(near_lat) * np.sin((lon - near_lon) / 2.0) ** 2
    )
    return np.asarray(2.0 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(np.clip(half, 0.0, 1.0))))
