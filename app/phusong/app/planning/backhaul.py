"""How each option is joined to the network: the cheapest of fibre, a microwave hop, a satellite."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely
from scipy.spatial import cKDTree

from phusong.app.compute.inputs import ComputeInputs
from phusong.app.planning.candidates import Places
from phusong.app.planning.options import Option
from phusong.app.planning.settings import CandidateSettings
from phusong.coverage.placement.costs import Backhaul, CostModel, CostParts, option_cost
from phusong.coverage.placement.fibreroads import fibre_distance_m, fibre_roads
from phusong.coverage.placement.roadgraph import Roads, touch_roads
from phusong.coverage.placement.sightlines import FRESNEL_SHARE, Ends, clearances
from phusong.geodata.roads import road_network

FloatArray = npt.NDArray[np.float64]
MOST_HOPS = 12
"""Far ends tried from each antenna, the nearest first."""
HOP_BELOW_M = 1.0
"""Dishes hang so far under the antennas."""


@dataclass(frozen=True, slots=True)
class Ways:
    """How far each place is from roads and fibre.

    Attributes
    ----------
    to_road_m : ndarray of float64, shape (places,)
        0 where the study has no roads.
    to_fibre_m : ndarray of float64, shape (places,)
        Along roads, the way to the road included; infinite where no fibre can be reached.
    has_roads : bool
        Otherwise lengths are straight lines times the detour.
    assumes_fibre : bool
        The study says nothing of fibre, so every standing site is taken to have it.
    """

    to_road_m: FloatArray
    to_fibre_m: FloatArray
    has_roads: bool
    assumes_fibre: bool = False


def ways(inputs: ComputeInputs, places: Places, settings: CandidateSettings) -> Ways:
    """Measure the way from every place to the nearest road and, along roads, to the nearest fibre."""
    points = np.column_stack([places.x_m, places.y_m])
    nodes = _fibre_nodes(inputs)
    roads, assumes_fibre = _roads(inputs), fibre_is_unknown(inputs)
    if roads is None:
        straight = np.full(len(points), np.inf)
        if len(nodes) and len(points):
            straight = np.asarray(cKDTree(nodes).query(points)[0], dtype=np.float64)
        return Ways(
            np.zeros(len(points)), straight * settings.detour, has_roads=False, assumes_fibre=assumes_fibre
        )
    to_road_m = touch_roads(roads, points).distance_m
    laid = fibre_roads(roads, nodes_m=nodes, routes=_routes(inputs))
    return Ways(to_road_m, fibre_distance_m(laid, points), has_roads=True, assumes_fibre=assumes_fibre)


def _roads(inputs: ComputeInputs) -> Roads | None:
    if not inputs.store.has("roads"):
        return None
    return road_network(inputs.store.table("roads"), epsg=inputs.grid.epsg)


def _fibre_nodes(inputs: ComputeInputs) -> FloatArray:
    """Fibre nodes and masts with fibre."""
    parts = [np.empty((0, 2))]
    if inputs.store.has("fibre_nodes"):
        table = inputs.store.table("fibre_nodes").to_crs(epsg=inputs.grid.epsg)
        parts.append(shapely.get_coordinates(table.geometry.to_numpy()))
    parts.append(fibre_sites(inputs)[1])
    return np.concatenate(parts).astype(np.float64)


def _routes(inputs: ComputeInputs) -> npt.NDArray[np.object_]:
    if not inputs.store.has("fibre_routes"):
        return np.empty(0, dtype=object)
    table = inputs.store.table("fibre_routes").to_crs(epsg=inputs.grid.epsg)
    return np.asarray(table.geometry.to_numpy(), dtype=object)


def fibre_is_unknown(inputs: ComputeInputs) -> bool:
    """Tell whether no layer of the study says where fibre is; a site known to have none is knowledge."""
    if inputs.store.has("fibre_nodes") or inputs.store.has("fibre_routes"):
        return False
    sites = inputs.store.table("sites")
    return "has_fibre" not in sites or bool(sites["has_fibre"].isna().all())


def fibre_sites(inputs: ComputeInputs) -> tuple[list[str], FloatArray]:
    """Ids and places (study CRS) of the sites that have fibre; all, where nothing is known of fibre.

    A station on air is joined to the network somehow: better an assumption that is told than no plan at all.
    """
    sites = inputs.store.table("sites")
    has_fibre = np.ones(len(sites), dtype=bool)
    if not fibre_is_unknown(inputs):
        has_fibre[:] = sites["has_fibre"].fillna(False).astype(bool) if "has_fibre" in sites else False
    known = sites[has_fibre].to_crs(epsg=inputs.grid.epsg)
    return known["site_id"].astype(str).tolist(), shapely.get_coordinates(known.geometry.to_numpy())


def priced(
    inputs: ComputeInputs,
    places: Places,
    options: Sequence[Option],
    *,
    model: CostModel,
    settings: CandidateSettings,
    way: Ways,
) -> list[tuple[CostParts, Backhaul] | None]:
    """Price every option; None where it cannot be joined to the network by any means allowed."""
    hops = _hops(inputs, places, options, settings)
    joined = set(fibre_sites(inputs)[0])
    found: list[tuple[CostParts, Backhaul] | None] = []
    for number, option in enumerate(options):
        backhaul = _joined(option, places, joined)
        if backhaul is None:
            fibre_m = float(way.to_fibre_m[option.place])
            backhaul = _cheapest(model, settings, fibre_m=fibre_m, hop=hops.get(number))
        if backhaul is None:
            found.append(None)
            continue
        to_road_m = float(way.to_road_m[option.place])
        parts = option_cost(
            model, option.means, height_m=option.height_m, to_road_m=to_road_m, backhaul=backhaul
        )
        found.append((parts, backhaul))
    return found


def _joined(option: Option, places: Places, sites_with_fibre: set[str]) -> Backhaul | None:
    """Return no backhaul where none is needed; None where one must be found."""
    if option.means in ("carrier", "sector", "repeater"):
        return Backhaul("none", 0.0)
    if option.means == "colocation" and places.name[option.place] in sites_with_fibre:
        return Backhaul("none", 0.0)
    return None


def _cheapest(
    model: CostModel, settings: CandidateSettings, *, fibre_m: float, hop: tuple[str, float] | None
) -> Backhaul | None:
    ways_in = []
    if np.isfinite(fibre_m):
        cost_mvnd = model.fibre_end_mvnd + model.fibre_mvnd_m * fibre_m
        ways_in.append(Backhaul("fibre", round(cost_mvnd, 6), round(fibre_m, 1)))
    if hop is not None:
        ways_in.append(Backhaul("microwave", model.microwave_mvnd, round(hop[1], 1), hop[0]))
    if settings.has_satellite:
        ways_in.append(Backhaul("satellite", model.satellite_mvnd))
    return min(ways_in, key=lambda one: one.cost_mvnd, default=None)


def _hops(
    inputs: ComputeInputs,
    places: Places,
    options: Sequence[Option],
    settings: CandidateSettings,
) -> dict[int, tuple[str, float]]:
    """Nearest site with fibre in sight of each option that needs a backhaul: its id and distance."""
    names, points = fibre_sites(inputs)
    wanted = [k for k, option in enumerate(options) if option.means in ("mast", "colocation")]
    if not names or not wanted or settings.hop_km <= 0:
        return {}
    at = np.array([options[k].place for k in wanted])
    # Options of one place and height share their hops.
    ends, own = np.unique(
        np.column_stack([places.x_m[at], places.y_m[at], [options[k].height_m for k in wanted]]),
        axis=0,
        return_inverse=True,
    )
    tops = _tops(inputs, names)
    queried = cKDTree(points).query(
        ends[:, :2], k=min(MOST_HOPS, len(names)), distance_upper_bound=1000.0 * settings.hop_km
    )
    distance_m, far = (np.asarray(part).reshape(len(ends), -1) for part in queried)
    near, rank = np.nonzero(np.isfinite(distance_m) & (distance_m > 1.0))
    pairs = np.column_stack([near, far[near, rank]])
    free = clearances(
        inputs.terrain,
        Ends(ends[:, 0], ends[:, 1], np.maximum(ends[:, 2] - HOP_BELOW_M, 1.0)),
        Ends(points[:, 0], points[:, 1], np.maximum(tops - HOP_BELOW_M, 1.0)),
        pairs.astype(np.int64),
    )
    best: dict[int, tuple[str, float]] = {}
    for k in np.flatnonzero(free >= FRESNEL_SHARE).tolist():
        end, length_m = int(near[k]), float(distance_m[near[k], rank[k]])
        if end not in best or length_m < best[end][1]:
            best[end] = names[int(far[end, rank[k]])], length_m
    return {
        number: best[int(end)] for number, end in zip(wanted, own.ravel(), strict=True) if int(end) in best
    }


def _tops(inputs: ComputeInputs, names: Sequence[str]) -> FloatArray:
    """Height of the highest antenna of each site; 30 m where it has none on air."""
    highest: dict[str, float] = {}
    for cell in inputs.cells:
        highest[cell.site_id] = max(highest.get(cell.site_id, 0.0), cell.antenna_height_m)
    return np.array([highest.get(name, 30.0) for name in names], dtype=np.float64)
