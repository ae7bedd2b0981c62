"""Why each village has its status, and which sites are nearest: paths computed one by one."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson
import pyproj

from phusong.app.compute.blocks import ServiceSignal
from phusong.app.compute.inputs import ComputeInputs
from phusong.app.compute.links import Link, explain_links
from phusong.app.compute.progress import Progress
from phusong.app.compute.served import margin_db
from phusong.coverage.nearest import Points, nearest_sites
from phusong.coverage.radio.cell import Cell
from phusong.coverage.reasons import PathEvidence, reason
from phusong.coverage.service import required_rsrp_dbm

Candidates = list[tuple[dict[str, Any], Link | None]]
"""Nearest site of each operator (a row of `nearest_sites`) with its strongest link."""


@dataclass(frozen=True, slots=True)
class _Masts:
    """Cells on air, by operator and place.

    Attributes
    ----------
    points : Points
        One entry for each operator on a mast.
    operators : tuple of str
    members : tuple of tuple of Cell
    """

    points: Points
    operators: tuple[str, ...]
    members: tuple[tuple[Cell, ...], ...]


def explain_villages(
    inputs: ComputeInputs,
    points: Points,
    *,
    centre_cell: npt.NDArray[np.signedinteger[Any]],
    statuses: Sequence[str],
    best: ServiceSignal,
    progress: Progress,
) -> tuple[list[str | None], list[str]]:
    """Say for each village why it has its status and which sites are nearest.

    Parameters
    ----------
    points : Points
        Village centres.
    centre_cell : ndarray of int, shape (villages,)
        Flat index of the cell of the centre, -1 off the grid.
    statuses : sequence of str
    best : ServiceSignal
        Strongest signal of the technologies that count.

    Returns
    -------
    reasons, nearest : list of str
        JSON text; a reason is None for a served village.
    """
    masts = _masts(inputs)
    found = nearest_sites(points, masts.points, operators=masts.operators)
    rows: dict[int, list[dict[str, Any]]] = {}
    for record in found.to_dict("records"):
        rows.setdefault(int(record["village"]), []).append(record)
    reasons: list[str | None] = []
    nearest: list[str] = []
    for village, status in enumerate(statuses):
        progress("villages", village, len(statuses))
        place = _Place(float(points.x_m[village]), float(points.y_m[village]), int(centre_cell[village]))
        links = _candidates(inputs, masts, place, rows.get(village, []))
        evidence = _evidence(inputs, place, links, best) if status == "white" else None
        told = reason(status, evidence, min_sinr_db=inputs.method.min_sinr_db)
        reasons.append(None if told is None else _text(told.as_dict()))
        nearest.append(orjson.dumps([_described(row, link, masts.points) for row, link in links]).decode())
    progress("villages", len(statuses), len(statuses))
    return reasons, nearest


@dataclass(frozen=True, slots=True)
class _Place:
    """Centre of a village: study CRS and flat cell index (-1 off the grid)."""

    x_m: float
    y_m: float
    cell: int


def _masts(inputs: ComputeInputs) -> _Masts:
    places: dict[tuple[float, float, str], list[Cell]] = {}
    for cell in inputs.cells:
        places.setdefault((cell.x_m, cell.y_m, cell.operator), []).append(cell)
    x_m = np.array([x for x, _, _ in places], dtype=np.float64)
    y_m = np.array([y for _, y, _ in places], dtype=np.float64)
    back = pyproj.Transformer.from_crs(inputs.grid.epsg, 4326, always_xy=True)
    lon_deg, lat_deg = back.transform(x_m, y_m)
    return _Masts(
        Points(x_m=x_m, y_m=y_m, lon_deg=np.asarray(lon_deg), lat_deg=np.asarray(lat_deg)),
        tuple(operator for _, _, operator in places),
        tuple(tuple(cells) for cells in places.values()),
    )


def _candidates(
    inputs: ComputeInputs, masts: _Masts, place: _Place, rows: list[dict[str, Any]]
) -> Candidates:
    if place.cell < 0:
        return [(row, None) for row in rows]
    return [(row, _strongest(inputs, masts.members[int(row["site"])], place)) for row in rows]


def _strongest(inputs: ComputeInputs, cells: Sequence[Cell], place: _Place) -> Link | None:
    links = explain_links(
        inputs.terrain, cells, x_m=place.x_m, y_m=place.y_m, method=inputs.method, clutter=inputs.clutter
    )
    known = [link for link in links if math.isfinite(link.rsrp_dbm)]
    return max(known, key=lambda link: link.rsrp_dbm, default=None)


def _evidence(
    inputs: ComputeInputs, place: _Place, links: Candidates, best: ServiceSignal
) -> PathEvidence | None:
    """Return the path that came closest to serving: the best server's, or that of a nearest site."""
    known = [link for _, link in links if link is not None]
    server = int(best.server.flat[place.cell]) if place.cell >= 0 else -1
    sinr_db = None
    if server >= 0:
        own = _strongest(inputs, [inputs.cells[server]], place)
        if own is not None and all(own.rsrp_dbm >= link.rsrp_dbm for link in known):
            known, sinr_db = [own], float(best.sinr_db.flat[place.cell])
    if not known:
        return None
    return _path_evidence(inputs, place, max(known, key=lambda link: link.rsrp_dbm), sinr_db)


def _path_evidence(inputs: ComputeInputs, place: _Place, link: Link, sinr_db: float | None) -> PathEvidence:
    cell, obstruction = link.cell, link.path.obstruction
    margin = margin_db(inputs.method, cell.frequency_mhz)
    return PathEvidence(
        cell_id=cell.cell_id,
        operator=cell.operator,
        distance_m=math.hypot(place.x_m - cell.x_m, place.y_m - cell.y_m),
        radius_m=inputs.method.radius_m(cell.frequency_mhz),
        required_dbm=required_rsrp_dbm(inputs.method, technology=cell.technology, margin_db=margin),
        rsrp_dbm=link.rsrp_dbm,
        free_space_rsrp_dbm=link.free_space_rsrp_dbm,
        obstruction_db=link.obstruction_db,
        obstruction_distance_m=None if obstruction is None else obstruction.distance_m,
        obstruction_excess_m=None if obstruction is None else obstruction.excess_m,
        sinr_db=sinr_db,
    )


def _text(record: Mapping[str, str | float | None]) -> str:
    rounded = {name: round(value, 1) if isinstance(value, float) else value for name, value in record.items()}
    return orjson.dumps(rounded).decode()


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
        unknown = ("site_id", "cell_id", "technology", "frequency_mhz", "rsrp_dbm")
        return {**place, **dict.fromkeys(unknown)}
    cell = link.cell
    return {
        **place,
        "site_id": cell.site_id,
        "cell_id": cell.cell_id,
        "technology": cell.technology,
        "frequency_mhz": cell.frequency_mhz,
        "rsrp_dbm": round(link.rsrp_dbm, 1),
    }
