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
    """Find points whose longitude and latitude seem to have changed places."""
    shapes = np.asarray(frame.geometry, dtype=object)
    is_point = shapely.get_type_id(shapes) == shapely.GeometryType.POINT
    x, y = shapely.get_x(shapes), shapely.get_y(shapes)
    west, south, east, north = (
        (-180.0, -90.0, 180.0, 90.0)
        if communes is None
        else np.asarray(communes.total_bounds) + SWAP_MARGIN_DEG * np.array([-1, -1, 1, 1])
    )
    inside = (x >= west) & (x <= east) & (y >= south) & (y <= north)
    inside_swapped = (y >= west) & (y <= east) & (x >= south) & (x <= north)
    return [
        Finding(
            code="coordinates_swapped",
            row=int(at) + 1,
            value=f"{x[at]:.10g}, {y[at]:.10g}",
            allowed=f"{y[at]:.10g}, {x[at]:.10g}",
        )
        for at in np.flatnonzero(is_point & ~inside & inside_swapped)
    ]


def outside_findings(frame: gpd.GeoDataFrame, communes: gpd.GeoDataFrame | None) -> list[Finding]:
    """Warn of shapes that lie outside all communes of the study."""
    if communes is None:
        return []
    shapes = np.asarray(frame.geometry, dtype=object)
    bounds = shapely.bounds(shapes)
    tree = shapely.STRtree(np.asarray(communes.geometry, dtype=object))
    candidates = np.flatnonzero(np.isfinite(bounds).all(axis=1))
    near = tree.query(shapes[candidates], predicate="dwithin", distance=COAST_TOLERANCE_DEG)[0]
    outside = np.setdiff1d(candidates, candidates[np.unique(near)])
    return [
        Finding(
            code="outside_study",
            row=int(at) + 1,
            severity="warning",
            value=shown(f"{bounds[at, 0]:.6g}, {bounds[at, 1]:.6g}"),
        )
        for at in outside
    ]
