"""Status of villages with reasons, and shares of villages and households."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import orjson
import pandas as pd
import pyproj

from phusong.app.compute.inputs import ComputeInputs
from phusong.app.compute.links import Link, explain_links
from phusong.app.compute.progress import Progress
from phusong.app.compute.served import margin_db
from phusong.app.compute.shares import Masks
from phusong.app.compute.world import World
from phusong.coverage.grids import FloatArray, Raster
from phusong.coverage.nearest import Points, nearest_sites
from phusong.coverage.reasons import PathEvidence, reason
from phusong.coverage.service import required_rsrp_dbm
from phusong.coverage.villages import Catchments, assess, catchments
from phusong.coverage.zonal import BoolArray, ZoneShares, code_index, zone_of_cells


@dataclass(frozen=True, slots=True)
class Settlements:
    """Villages of a study brought onto its grid.

    Attributes
    ----------
    table : GeoDataFrame
        Villages, lon/lat, ordered by ``village_id``.
    points : Points
    zone : ndarray of int, shape (villages,)
        Commune of each village, -1 where unknown.
    areas : Catchments
    """

    table: gpd.GeoDataFrame
    points: Points
    zone: np.ndarray[Any, np.dtype[np.int64]]
    areas: Catchments


def locate_settlements(inputs: ComputeInputs, world: World) -> Settlements | None:
    """Bring the villages onto the grid; None where the study has none."""
    if not inputs.store.has("villages"):
        return None
    table = inputs.store.table("villages").sort_values("village_id", ignore_index=True)
    points = points_of(table, inputs.grid.epsg)
    people = world.people if world.people is not None else np.zeros(inputs.grid.shape)
    zone = (
        code_index(world.zones.codes, table["commune_code"])
        if world.has_communes
        else np.zeros(len(table), int)
    )
    areas = catchments(
        Raster(inputs.grid, people, "people"),
        zone_of_cells(world.zones),
        x_m=points.x_m,
        y_m=points.y_m,
        zone=zone,
    )
    return Settlements(table, points, zone, areas)


def points_of(table: gpd.GeoDataFrame, epsg: int) -> Points:
    """Coordinates of point features in the study CRS and in lon/lat; NaN where missing."""
    metric = table.geometry.to_crs(epsg=epsg)
    return Points(
        x_m=metric.x.to_numpy(dtype=np.float64),
        y_m=metric.y.to_numpy(dtype=np.float64),
        lon_deg=table.geometry.x.to_numpy(dtype=np.float64),
        lat_deg=table.geometry.y.to_numpy(dtype=np.float64),
    )


def judge(
    inputs: ComputeInputs,
    settlements: Settlements,
    served: BoolArray,
    *,
    rsrp_dbm: FloatArray,
    is_signal_known: bool,
) -> pd.DataFrame:
    """Apply the village rule to one mask of served cells."""
    table = settlements.table
    return assess(
        settlements.areas,
        households=_numbers(table, "households"),
        population=_numbers(table, "population"),
        served=served,
        rsrp_dbm=rsrp_dbm,
        is_known=np.isfinite(inputs.terrain.values),
        is_signal_known=is_signal_known,
        rule=inputs.method.village_rule,
        household_size=inputs.method.household_size,
    )


def _numbers(table: pd.DataFrame, column: str) -> FloatArray:
    if column not in table:
        return np.full(len(table), np.nan)
    return pd.to_numeric(table[column], errors="coerce").to_numpy(dtype=np.float64)


def village_shares(
    inputs: ComputeInputs, world: World, settlements: Settlements, masks: Masks
) -> dict[tuple[str, str], tuple[ZoneShares, ZoneShares]]:
    """Villages and households served, by technology and operator."""
    nothing = np.zeros(inputs.grid.shape, dtype=np.float32)
    return {
        name: _counted(
            world, settlements, judge(inputs, settlements, mask, rsrp_dbm=nothing, is_signal_known=True)
        )
        for name, mask in masks.items()
    }


def _counted(world: World, settlements: Settlements, judged: pd.DataFrame) -> tuple[ZoneShares, ZoneShares]:
    codes, zone = world.zones.codes, settlements.zone
    inside = zone >= 0

    def by_zone(values: FloatArray) -> FloatArray:
        return np.bincount(zone[inside], np.nan_to_num(values[inside]), minlength=len(codes)).astype(
            np.float64
        )

    villages = ZoneShares(
        codes, by_zone((judged["status"] == "served").to_numpy(dtype=np.float64)), by_zone(np.ones(len(zone)))
    )
    households = ZoneShares(
        codes,
        by_zone(judged["households_served"].to_numpy(dtype=np.float64)),
        by_zone(judged["households"].to_numpy(dtype=np.float64)),
    )
    return villages, households


def village_table(
    inputs: ComputeInputs,
    world: World,
    settlements: Settlements,
    *,
    served: BoolArray,
    rsrp_dbm: FloatArray,
    progress: Progress,
) -> gpd.GeoDataFrame:
    """Everything known about each village, with reason and nearest sites as JSON text."""
    judged = judge(inputs, settlements, served, rsrp_dbm=rsrp_dbm, is_signal_known=bool(inputs.cells))
    table = settlements.table.drop(columns=["households", "population"], errors="ignore")
    names = dict(zip(world.communes["commune_code"], world.communes["name"], strict=True))
    frame = pd.concat([table.drop(columns="geometry"), judged], axis=1)
    frame["commune_name"] = frame["commune_code"].map(names) if world.has_communes else None
    frame["elevation_m"] = _elevations_m(inputs, settlements)
    reasons, nearest = _explained(inputs, settlements, list(judged["status"]), progress)
    frame["reason"], frame["nearest"] = reasons, nearest
    return gpd.GeoDataFrame(frame, geometry=table.geometry, crs=table.crs)


def _elevations_m(inputs: ComputeInputs, settlements: Settlements) -> FloatArray:
    centre = settlements.areas.centre_cell
    heights_m = inputs.terrain.values.ravel()[np.maximum(centre, 0)].astype(np.float64)
    return np.where(centre >= 0, heights_m, np.nan)


def _explained(
    inputs: ComputeInputs, settlements: Settlements, statuses: Sequence[str], progress: Progress
) -> tuple[list[str | None], list[str | None]]:
    by_place = _cells_by_place(inputs)
    entries = list(by_place)
    sites = _entry_points(inputs, entries)
    nearest = nearest_sites(settlements.points, sites, operators=[operator for _, _, operator in entries])
    rows: dict[int, list[dict[str, Any]]] = {}
    for record in nearest.to_dict("records"):
        rows.setdefault(int(record["village"]), []).append(record)
    reasons: list[str | None] = []
    described: list[str | None] = []
    for village, status in enumerate(statuses):
        progress("villages", village, len(statuses))
        links = _links(
            inputs, settlements, village, rows.get(village, []), [by_place[key] for key in entries]
        )
        reasons.append(_reason_text(inputs, status, links))
        described.append(orjson.dumps([_described(row, link, sites) for row, link in links]).decode())
    progress("villages", len(statuses), len(statuses))
    return reasons, described


Place = tuple[float, float, str]


def _cells_by_place(inputs: ComputeInputs) -> dict[Place, list[int]]:
    places: dict[Place, list[int]] = {}
    for index, cell in enumerate(inputs.cells):
        places.setdefault((cell.x_m, cell.y_m, cell.operator), []).append(index)
    return places


def _entry_points(inputs: ComputeInputs, entries: Sequence[Place]) -> Points:
    x_m = np.array([x for x, _, _ in entries], dtype=np.float64)
    y_m = np.array([y for _, y, _ in entries], dtype=np.float64)
    back = pyproj.Transformer.from_crs(inputs.grid.epsg, 4326, always_xy=True)
    lon_deg, lat_deg = back.transform(x_m, y_m)
    return Points(x_m=x_m, y_m=y_m, lon_deg=np.asarray(lon_deg), lat_deg=np.asarray(lat_deg))


def _links(
    inputs: ComputeInputs,
    settlements: Settlements,
    village: int,
    rows: list[dict[str, Any]],
    members: Sequence[list[int]],
) -> list[tuple[dict[str, Any], Link | None]]:
    """Return the strongest link of each operator's nearest site."""
    x_m, y_m = float(settlements.points.x_m[village]), float(settlements.points.y_m[village])
    if settlements.areas.centre_cell[village] < 0:
        return [(row, None) for row in rows]
    return [
        (row, _strongest(inputs, [inputs.cells[i] for i in members[int(row["site"])]], x_m, y_m))
        for row in rows
    ]


def _strongest(inputs: ComputeInputs, cells: Sequence[Any], x_m: float, y_m: float) -> Link | None:
    links = explain_links(inputs.terrain, cells, x_m=x_m, y_m=y_m, method=inputs.method)
    known = [link for link in links if math.isfinite(link.rsrp_dbm)]
    return max(known, key=lambda link: link.rsrp_dbm, default=None)


def _described(row: Mapping[str, Any], link: Link | None, sites: Points) -> dict[str, Any]:
    site = int(row["site"])
    place = {
        "operator": row["operator"],
        "distance_m": round(float(row["distance_m"]), 1),
        "bearing_deg": round(float(row["bearing_deg"]), 1),
        "lon": round(float(sites.lon_deg[site]), 7),
        "lat": round(float(sites.lat_deg[site]), 7),
    }
    if link is None:
        return {
            **place,
            "site_id": None,
            "cell_id": None,
            "technology": None,
            "frequency_mhz": None,
            "rsrp_dbm": None,
        }
    cell = link.cell
    return {
        **place,
        "site_id": cell.site_id,
        "cell_id": cell.cell_id,
        "technology": cell.technology,
        "frequency_mhz": cell.frequency_mhz,
        "rsrp_dbm": round(link.rsrp_dbm, 1),
    }


def _reason_text(
    inputs: ComputeInputs, status: str, links: Sequence[tuple[Mapping[str, Any], Link | None]]
) -> str | None:
    known = [(row, link) for row, link in links if link is not None]
    evidence = None
    if known and status == "white":
        row, link = max(known, key=lambda pair: pair[1].rsrp_dbm)
        evidence = _evidence(inputs, float(row["distance_m"]), link)
    found = reason(status, evidence, min_sinr_db=inputs.method.min_sinr_db)
    if found is None:
        return None
    return orjson.dumps({name: _rounded(value) for name, value in found.as_dict().items()}).decode()


def _rounded(value: str | float | None) -> str | float | None:
    return round(value, 1) if isinstance(value, float) else value


def _evidence(inputs: ComputeInputs, distance_m: float, link: Link) -> PathEvidence:
    cell, path = link.cell, link.path
    obstruction = path.obstruction
    return PathEvidence(
        cell_id=cell.cell_id,
        operator=cell.operator,
        distance_m=distance_m,
        radius_m=inputs.method.radius_m(cell.frequency_mhz),
        required_dbm=required_rsrp_dbm(
            inputs.method, technology=cell.technology, margin_db=margin_db(inputs.method, cell.frequency_mhz)
        ),
        rsrp_dbm=link.rsrp_dbm,
        free_space_rsrp_dbm=link.free_space_rsrp_dbm,
        obstruction_db=link.obstruction_db,
        obstruction_distance_m=None if obstruction is None else obstruction.distance_m,
        obstruction_excess_m=None if obstruction is None else obstruction.excess_m,
    )
