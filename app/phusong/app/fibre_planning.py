"""Fibre for a study: roads and what lies along them, who is to be joined, the plan."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import geopandas as gpd
import numpy as np
import numpy.typing as npt

from phusong.app.compute.progress import Progress, silent
from phusong.app.compute.published import village_frame
from phusong.coverage.errors import InputError, NotFoundError
from phusong.coverage.placement.fibreplan import FibreCosts, FibrePlan, plan_fibre
from phusong.coverage.placement.fibreroads import FibreRoads, fibre_distance_m, fibre_roads
from phusong.coverage.placement.roadgraph import SNAP_M
from phusong.geodata.linefiles import read_lines
from phusong.geodata.roads import road_network
from phusong.geodata.scenario import Addition, scenario_from_json
from phusong.geodata.store.folder import FolderStore
from phusong.geodata.store.meta import file_sha256

Among = Literal["without_fibre", "white", "all"]
AMONG: tuple[Among, ...] = ("without_fibre", "white", "all")
LAYERS = ("roads", "fibre_nodes", "fibre_routes")
Points = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class FibreRequest:
    """What is asked of a fibre plan.

    Attributes
    ----------
    to : {"villages", "masts"}
    among : {"without_fibre", "white", "all"}
        Which of them: those farther than `served_within_m` from fibre along the roads (masts: those whose
        list says they have none), villages without signal, or all.
    ids : tuple of str
        Only these, whatever `among` says; all when empty.
    scenario : Path or None
        Join the new masts of a scenario file.
    served_within_m : float
        A village with fibre this near along the roads has fibre.
    ducts, works : Path or None
        Lines of ducts with room, and of works planned by others.
    max_drop_m, snap_m : float
        How far a target may be from a road; how far ends of roads may be apart and still meet.
    is_tapped : bool
        Fibre routes can be joined anywhere along them.
    costs : FibreCosts
    time_limit_s : float
    new_masts : tuple of Addition
        Join these instead of a layer's.
    """

    to: Literal["villages", "masts"] = "villages"
    among: Among = "without_fibre"
    ids: tuple[str, ...] = ()
    scenario: Path | None = None
    served_within_m: float = 500.0
    ducts: Path | None = None
    works: Path | None = None
    max_drop_m: float = 2_000.0
    snap_m: float = SNAP_M
    is_tapped: bool = True
    costs: FibreCosts = field(default_factory=FibreCosts)
    time_limit_s: float = 60.0
    new_masts: tuple[Addition, ...] = ()


@dataclass(frozen=True, slots=True)
class FibreAnswer:
    """A plan with what it was made of.

    Attributes
    ----------
    plan : FibrePlan
    targets : GeoDataFrame
        One row a target, EPSG:4326: ``target_id``, ``name``, ``households``.
    fibre : FibreRoads
    files : dict of str to str
        Hash of each file that the request named.
    epsg : int
    seconds : float
    """

    plan: FibrePlan
    targets: gpd.GeoDataFrame
    fibre: FibreRoads
    files: dict[str, str]
    epsg: int
    seconds: float


def study_fibre(
    store: FolderStore,
    *,
    ducts: Path | None = None,
    works: Path | None = None,
    snap_m: float = SNAP_M,
    is_tapped: bool = True,
) -> FibreRoads:
    """Lay a study's fibre network onto its roads.

    Raises
    ------
    InputError
        ``fibre_needs_roads``, ``fibre_needs_fibre``.
    LayerFileError
        When a file of ducts or works cannot be read.
    """
    if store.epsg is None or not store.has("roads"):
        raise InputError("fibre_needs_roads")
    if not (store.has("fibre_nodes") or store.has("fibre_routes")):
        raise InputError("fibre_needs_fibre")
    epsg = store.epsg
    nodes_m = _metric(store.table("fibre_nodes"), epsg) if store.has("fibre_nodes") else np.empty((0, 2))
    routes = list(store.table("fibre_routes").to_crs(epsg=epsg).geometry) if store.has("fibre_routes") else []
    return fibre_roads(
        road_network(store.table("roads"), epsg=epsg, snap_m=snap_m),
        nodes_m=nodes_m,
        routes=routes,
        ducts=[] if ducts is None else list(read_lines(ducts, epsg=epsg)),
        works=[] if works is None else list(read_lines(works, epsg=epsg)),
        is_tapped=is_tapped,
    )


def study_fibre_plan(
    store: FolderStore, request: FibreRequest, *, progress: Progress = silent
) -> FibreAnswer:
    """Join a study's villages or masts to its fibre network.

    Raises
    ------
    InputError
        ``fibre_needs_roads``, ``fibre_needs_fibre``, ``fibre_no_network``, ``fibre_nothing_to_join``,
        ``target_unknown``, ``layer_missing``; ``results_missing`` for villages without signal.
    """
    began = time.monotonic()
    progress("fibre_roads", 0, 1)
    fibre = study_fibre(
        store, ducts=request.ducts, works=request.works, snap_m=request.snap_m, is_tapped=request.is_tapped
    )
    epsg = int(store.settings()["epsg"])
    progress("fibre_roads", 1, 1)
    targets = _targets(store, request, fibre, epsg)
    progress("fibre_tree", 0, 1)
    plan = plan_fibre(
        fibre,
        _metric(targets, epsg),
        costs=request.costs,
        max_drop_m=request.max_drop_m,
        is_over=lambda: time.monotonic() - began > request.time_limit_s,
    )
    progress("fibre_tree", 1, 1)
    named = {"ducts": request.ducts, "works": request.works, "scenario": request.scenario}
    files = {name: file_sha256(path) for name, path in named.items() if path is not None}
    return FibreAnswer(plan, targets, fibre, files, epsg, time.monotonic() - began)


def _metric(table: gpd.GeoDataFrame, epsg: int) -> Points:
    points = table.to_crs(epsg=epsg).geometry
    return np.column_stack([points.x, points.y]).reshape(-1, 2)


def _targets(store: FolderStore, request: FibreRequest, fibre: FibreRoads, epsg: int) -> gpd.GeoDataFrame:
    """Who is to be joined."""
    if request.new_masts:
        chosen = _new_masts(request.new_masts)
    elif request.scenario is not None:
        chosen = _new_masts(scenario_from_json(request.scenario.read_bytes()).additions)
    elif request.to == "masts":
        chosen = _masts(store, request)
    else:
        chosen = _villages(store, request, fibre, epsg)
    if chosen.empty:
        raise InputError("fibre_nothing_to_join")
    return chosen.reset_index(drop=True)


def _new_masts(additions: Sequence[Addition]) -> gpd.GeoDataFrame:
    masts = {one.site_id: one for one in additions}
    return gpd.GeoDataFrame(
        {"target_id": list(masts), "name": list(masts), "households": np.full(len(masts), np.nan)},
        geometry=gpd.points_from_xy(
            [one.lon_deg for one in masts.values()], [one.lat_deg for one in masts.values()]
        ),
        crs="EPSG:4326",
    )


def _masts(store: FolderStore, request: FibreRequest) -> gpd.GeoDataFrame:
    sites = store.table("sites")
    lacks = np.ones(len(sites), np.bool_)
    if request.among != "all" and not request.ids and "has_fibre" in sites:
        lacks = ~sites["has_fibre"].fillna(False).astype(bool).to_numpy()
    named = sites["name"] if "name" in sites else sites["site_id"]
    table = gpd.GeoDataFrame(
        {"target_id": sites["site_id"], "name": named.fillna(""), "households": np.nan},
        geometry=sites.geometry,
        crs=sites.crs,
    )
    return _picked(table, request) if request.ids else table[lacks]


def _villages(store: FolderStore, request: FibreRequest, fibre: FibreRoads, epsg: int) -> gpd.GeoDataFrame:
    villages = store.table("villages")
    households = villages.get("households", np.nan)
    table = gpd.GeoDataFrame(
        {"target_id": villages["village_id"], "name": villages["name"], "households": households},
        geometry=villages.geometry,
        crs=villages.crs,
    )
    if request.ids:
        return _picked(table, request)
    if request.among == "white":
        known = village_frame(store)
        return table[table["target_id"].isin(set(known.loc[known["status"] == "white", "village_id"]))]
    if request.among == "without_fibre":
        return table[fibre_distance_m(fibre, _metric(table, epsg)) > request.served_within_m]
    return table


def _picked(table: gpd.GeoDataFrame, request: FibreRequest) -> gpd.GeoDataFrame:
    unknown = sorted(set(request.ids) - set(table["target_id"]))
    if unknown:
        raise NotFoundError("target_unknown", value=", ".join(unknown[:5]), count=len(unknown))
    return table[table["target_id"].isin(request.ids)]
