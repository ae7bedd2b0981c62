"""Where the unserved homes of a village stand, and which mast comes closest to serving them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyproj
import shapely
from scipy import ndimage

from phusong.app.compute.evidence import PlaceExplainer
from phusong.app.compute.published import village_frame
from phusong.app.compute.settlements import Settlements
from phusong.app.compute.shares import ANY_TECHNOLOGY
from phusong.app.compute.whatif import Baseline
from phusong.app.signallayers import services_counted
from phusong.coverage.errors import NotFoundError
from phusong.coverage.grids import FloatArray
from phusong.coverage.zonal import BoolArray

Index = npt.NDArray[np.int64]
TOUCHING = np.ones((3, 3), dtype=np.int8)
"""By side or corner, as clusters are counted for the status."""


def cluster_record(base: Baseline, explainer: PlaceExplainer, village_id: str) -> dict[str, Any]:
    """Describe the largest unserved cluster of a village.

    Parameters
    ----------
    base : Baseline
    explainer : PlaceExplainer
        Of the same run.
    village_id : str

    Returns
    -------
    dict
        Plain values: ``unserved`` and ``cluster`` as GeoJSON geometries of grid cells in degrees (None where
        everybody is served), homes and people of the village left out and in the cluster, the ``place`` with
        most people in it, the ``strongest`` server there and the ``reason`` there.

    Raises
    ------
    NotFoundError
        ``village_unknown``.
    """
    settlements = base.settlements
    place = _place_of(settlements, village_id)
    if settlements is None or place is None:
        raise NotFoundError("village_unknown", village_id=village_id[:80])
    own = settlements.order[settlements.begin[place] : settlements.begin[place + 1]]
    cell, weight = settlements.areas.cell[own].astype(np.int64), settlements.areas.weight[own]
    dark = ~_served(base, cell)
    people = float(settlements.areas.people[place])
    homes = _homes(base, village_id)
    record: dict[str, Any] = {
        "village_id": village_id,
        "technologies": list(base.inputs.method.village_rule.technologies),
        "households_unserved": _part(homes, float(weight[dark].sum())),
        "people_unserved": people * float(weight[dark].sum()),
        **dict.fromkeys(("unserved", "cluster", "households", "people", "place", "strongest", "reason")),
    }
    if not dark.any():
        return record
    cluster = _largest(base, cell[dark], weight[dark])
    held = float(weight[dark][cluster].sum())
    heaviest = int(cell[dark][cluster][np.argmax(weight[dark][cluster])])
    return {
        **record,
        "unserved": _geometry(base, cell[dark]),
        "cluster": _geometry(base, cell[dark][cluster]),
        "households": _part(homes, held),
        "people": people * held,
        **_there(base, explainer, heaviest),
    }


def _place_of(settlements: Settlements | None, village_id: str) -> int | None:
    if settlements is None:
        return None
    found = np.flatnonzero((settlements.table["village_id"].astype(str) == village_id).to_numpy())
    return int(found[0]) if found.size else None


def _homes(base: Baseline, village_id: str) -> float | None:
    frame = village_frame(base.inputs.store)
    homes = frame.loc[frame["village_id"].astype(str) == village_id, "households"]
    return None if homes.empty or homes.isna().all() else float(homes.iloc[0])


def _part(homes: float | None, weight: float) -> float | None:
    return None if homes is None else homes * weight


def _served(base: Baseline, cell: Index) -> BoolArray:
    counted = base.inputs.method.village_rule.technologies
    mask = sum(1 << place for place, (_, own) in enumerate(base.signal.services) if own in counted)
    bits = base.bits.ravel()[cell]
    return (bits & bits.dtype.type(mask)) != 0


def _largest(base: Baseline, cell: Index, weight: FloatArray) -> BoolArray:
    """Tell which cells belong to the heaviest set of touching cells."""
    row, col = np.divmod(cell, base.inputs.grid.width)
    row, col = row - row.min(), col - col.min()
    ground = np.zeros((int(row.max()) + 1, int(col.max()) + 1), dtype=np.int8)
    ground[row, col] = 1
    labels, count = ndimage.label(ground, structure=TOUCHING)
    own = labels[row, col]
    sums = np.bincount(own, weight, minlength=count + 1)
    return np.asarray(own == int(np.argmax(sums)))


def _geometry(base: Baseline, cell: Index) -> dict[str, Any]:
    grid = base.inputs.grid
    row, col = np.divmod(cell, grid.width)
    left = grid.left_m + col * grid.cell_size_m
    top = grid.top_m - row * grid.cell_size_m
    squares = shapely.box(left, top - grid.cell_size_m, left + grid.cell_size_m, top)
    to_degrees = pyproj.Transformer.from_crs(grid.epsg, 4326, always_xy=True)
    outline = shapely.transform(
        shapely.union_all(squares),
        lambda points: np.column_stack(to_degrees.transform(points[:, 0], points[:, 1])).round(6),
    )
    record: dict[str, Any] = shapely.geometry.mapping(outline)
    return record


def _there(base: Baseline, explainer: PlaceExplainer, cell: int) -> dict[str, Any]:
    """Say what is received in one cell of the grid and why it does not do."""
    grid = base.inputs.grid
    row, col = divmod(cell, grid.width)
    x_m = grid.left_m + (col + 0.5) * grid.cell_size_m
    y_m = grid.top_m - (row + 0.5) * grid.cell_size_m
    to_degrees = pyproj.Transformer.from_crs(grid.epsg, 4326, always_xy=True)
    lon_deg, lat_deg = to_degrees.transform(x_m, y_m)
    told = explainer.explain(x_m=x_m, y_m=y_m, cell=cell, is_served=False)
    return {
        "place": {"lon": round(float(lon_deg), 7), "lat": round(float(lat_deg), 7)},
        "strongest": _strongest(base, row, col, x_m, y_m),
        "reason": told["reason"],
        "nearest": told["nearest"],
    }


def _strongest(base: Baseline, row: int, col: int, x_m: float, y_m: float) -> Mapping[str, Any] | None:
    counted = base.inputs.method.village_rule.technologies
    services = [
        one for one in services_counted(base.signal.services, ANY_TECHNOLOGY, "all") if one[1] in counted
    ]
    servers = [server for service in services for server in base.signal.servers(service, row, col)]
    best = max(servers, key=lambda one: one.rsrp_dbm, default=None)
    if best is None:
        return None
    cell = base.inputs.cells[best.cell_index]
    back = pyproj.Transformer.from_crs(base.inputs.grid.epsg, 4326, always_xy=True)
    lon_deg, lat_deg = back.transform(cell.x_m, cell.y_m)
    return {
        "cell_id": cell.cell_id,
        "site_id": cell.site_id,
        "operator": cell.operator,
        "technology": cell.technology,
        "frequency_mhz": cell.frequency_mhz,
        "rsrp_dbm": round(best.rsrp_dbm, 1),
        "required_dbm": round(base.signal.carriers[best.carrier].required_dbm, 1),
        "distance_m": round(math.hypot(cell.x_m - x_m, cell.y_m - y_m), 1),
        "lon": round(float(lon_deg), 7),
        "lat": round(float(lat_deg), 7),
    }
