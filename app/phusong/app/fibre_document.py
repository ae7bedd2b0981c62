"""What a fibre plan says: figures, bill of quantities, who is joined, and the record of how it was made."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyproj

from phusong.app.compute.progress import Progress, silent
from phusong.app.fibre_planning import LAYERS, FibreAnswer, FibreRequest, study_fibre_plan
from phusong.coverage.errors import InputError
from phusong.coverage.placement.fibreplan import (
    BUILDS,
    NEW_DUCT,
    OFF_ROAD,
    REUSED_DUCT,
    REUSED_FIBRE,
    quantities,
)
from phusong.coverage.placement.roadgraph import ROAD_CLASSES
from phusong.geodata.crs import GEOGRAPHIC_EPSG
from phusong.geodata.ofds import PLAN_ENDINGS, PlanNode, PlanSpan, ofds_network, write_ofds, write_plan
from phusong.geodata.store.folder import FolderStore

POLE_SPACING_M = 50.0
HANDHOLE_SPACING_M = 150.0
DRUM_M = 4_000.0
CABLE_SLACK = 0.05
BILL_ASSUMPTIONS: Mapping[str, float] = {
    "pole_spacing_m": POLE_SPACING_M,
    "handhole_spacing_m": HANDHOLE_SPACING_M,
    "drum_m": DRUM_M,
    "cable_slack": CABLE_SLACK,
}


def fibre_document(store: FolderStore, request: FibreRequest, answer: FibreAnswer) -> dict[str, Any]:
    """Return a plan as plain values: figures, bill, targets, method."""
    plan = answer.plan
    joined = plan.joined
    told = [_target(answer, at) for at in range(len(joined))]
    return {
        "kind": "fibre_plan",
        "currency": "VND",
        "cost": plan.cost,
        "bound": plan.bound,
        "gap": plan.gap,
        "status": plan.status,
        "seconds": round(answer.seconds, 3),
        "targets_asked": len(joined),
        "targets_joined": int(joined.sum()),
        "households_joined": _sum(answer.targets["households"].to_numpy(float)[joined]),
        "length_m": float(plan.edges.length_m.sum()),
        "bill": bill_of_quantities(answer),
        "not_joined": [one for one in told if not one["joined"]],
        "targets": told,
        "method": _method(store, request, answer),
    }


def _sum(values: np.ndarray[Any, np.dtype[np.float64]]) -> float | None:
    return float(np.nansum(values)) if np.isfinite(values).any() else None


def _target(answer: FibreAnswer, at: int) -> dict[str, Any]:
    row, plan = answer.targets.iloc[at], answer.plan
    households = float(row["households"])
    return {
        "target_id": str(row["target_id"]),
        "name": str(row["name"]),
        "households": None if math.isnan(households) else households,
        "joined": bool(plan.joined[at]),
        "path_m": _finite(plan.path_m[at]),
        "to_reachable_road_m": _finite(plan.drop_m[at]),
        "lon": float(row.geometry.x),
        "lat": float(row.geometry.y),
    }


def _finite(value: float) -> float | None:
    return round(float(value), 1) if math.isfinite(value) else None


def plan_study_fibre(
    store: FolderStore,
    request: FibreRequest,
    *,
    out: Path | None = None,
    ofds: Path | None = None,
    language: str = "vi",
    progress: Progress = silent,
) -> dict[str, Any]:
    """Plan fibre for a study (see `study_fibre_plan`), write it where asked, and return the document.

    Raises
    ------
    InputError
        ``export_format`` (before anything is computed), ``export_unwritable``.
    """
    if out is not None and out.suffix.lower() not in PLAN_ENDINGS:
        raise InputError("export_format", value=out.suffix or out.name, allowed=" ".join(PLAN_ENDINGS))
    answer = study_fibre_plan(store, request, progress=progress)
    document = fibre_document(store, request, answer)
    nodes, spans = plan_parts(answer) if out is not None or ofds is not None else ([], [])
    if out is not None:
        write_plan(out, document, nodes, spans)
    if ofds is not None:
        write_ofds(ofds, ofds_network(store.name, nodes, spans, language=language))
    return document


def bill_of_quantities(answer: FibreAnswer) -> dict[str, Any]:
    """Return what is to be bought and built, strategic: from a plan along road lines, not from a survey.

    Poles, handholes, closures and terminals are counted from lengths by `BILL_ASSUMPTIONS`; what they cost is
    part of the rates a metre.
    """
    by_build = quantities(answer.plan.edges)
    new_m = sum(by_build[name]["length_m"] for name in BUILDS if name != "reused_fibre")
    lines: list[dict[str, Any]] = [
        {"item": name, "quantity": by_build[name]["length_m"] / 1000, "unit": "km", **_money(by_build[name])}
        for name in BUILDS
    ]
    lines.append({"item": "cable", "quantity": new_m * (1 + CABLE_SLACK) / 1000, "unit": "km"})
    poles_m = by_build["aerial"]["length_m"] + by_build["off_road"]["length_m"]
    pieces = {
        "poles": math.ceil(poles_m / POLE_SPACING_M),
        "handholes": math.ceil(by_build["duct"]["length_m"] / HANDHOLE_SPACING_M),
        "closures": math.ceil(new_m / DRUM_M),
        "terminals": int(answer.plan.joined.sum()),
    }
    lines += [{"item": item, "quantity": count, "unit": "piece"} for item, count in pieces.items()]
    return {"level": "strategic", "lines": lines, "assumed": dict(BILL_ASSUMPTIONS)}


def _money(figures: Mapping[str, float]) -> dict[str, float]:
    return {"shared_km": figures["shared_m"] / 1000, "cost": figures["cost"]}


def _method(store: FolderStore, request: FibreRequest, answer: FibreAnswer) -> dict[str, Any]:
    metas = {layer: store.meta(layer) for layer in LAYERS + _target_layer(request) if store.has(layer)}
    return {
        "costs": {**request.costs.as_dict(), "currency": "VND"},
        "assumed": ["costs", "bill", "served_within_m", "max_drop_m"],
        "among": request.among,
        "served_within_m": request.served_within_m,
        "max_drop_m": request.max_drop_m,
        "snap_m": request.snap_m,
        "routes_tapped_anywhere": request.is_tapped,
        "attached_to": "nearest road that hangs together with the fibre network",
        "epsg": answer.epsg,
        "lengths": "WGS 84 ellipsoid",
        "layers": {
            layer: {
                "sha256": meta.content_sha256,
                "source": meta.source,
                "synthetic": meta.synthetic,
                "rows": meta.rows,
            }
            for layer, meta in metas.items()
        },
        "synthetic_layers": [layer for layer, meta in metas.items() if meta.synthetic],
        "files": dict(answer.files),
        "fibre_nodes_off_road": int(answer.fibre.nodes_off_road.size),
        "fibre_routes_off_road_m": round(answer.fibre.routes_off_road_m, 1),
    }


def _target_layer(request: FibreRequest) -> tuple[str, ...]:
    if request.scenario is not None or request.new_masts:
        return ()
    return ("sites",) if request.to == "masts" else ("villages",)


def plan_parts(answer: FibreAnswer) -> tuple[list[PlanNode], list[PlanSpan]]:
    """Return a plan as nodes and spans in longitude and latitude."""
    plan, roads = answer.plan, answer.plan.roads
    back = pyproj.Transformer.from_crs(answer.epsg, GEOGRAPHIC_EPSG, always_xy=True)
    lon, lat = back.transform(roads.vertex_m[:, 0], roads.vertex_m[:, 1])
    roots = set(answer.fibre.root_id.tolist())
    nodes: dict[str, PlanNode] = {}

    def junction(vertex: int) -> str:
        place = int(roads.vertex_id[vertex])
        name = f"J{place}"
        nodes.setdefault(name, PlanNode(name, "", float(lon[vertex]), float(lat[vertex]), place in roots))
        return name

    spans = []
    for at in range(plan.edges.length_m.size):
        first, last, target = int(plan.edges.first[at]), int(plan.edges.last[at]), int(plan.edges.target[at])
        start = junction(first)
        if target >= 0:
            row = answer.targets.iloc[target]
            end = f"T{row['target_id']}"
            lonlat = [(float(lon[first]), float(lat[first])), (float(row.geometry.x), float(row.geometry.y))]
        else:
            end = junction(last)
            lonlat = [(float(lon[vertex]), float(lat[vertex])) for vertex in range(first, last + 1)]
        spans.append(_span(answer, at, start, end, lonlat))
    nodes |= _target_nodes(answer)
    return list(nodes.values()), spans


def _span(answer: FibreAnswer, at: int, start: str, end: str, lonlat: list[tuple[float, float]]) -> PlanSpan:
    edges = answer.plan.edges
    build = int(edges.build[at])
    return PlanSpan(
        span_id=f"S{at + 1}",
        start=start,
        end=end,
        lonlat=tuple(lonlat),
        length_m=float(edges.length_m[at]),
        build=BUILDS[build],
        road_class="off_road" if build == OFF_ROAD else ROAD_CLASSES[int(edges.road_class[at])],
        is_below_ground=build in (NEW_DUCT, REUSED_DUCT),
        is_existing=build == REUSED_FIBRE,
        is_shared=bool(edges.is_shared[at]),
        cost=int(edges.cost[at]),
    )


def _target_nodes(answer: FibreAnswer) -> dict[str, PlanNode]:
    joined = answer.targets[answer.plan.joined]
    return {
        f"T{row['target_id']}": PlanNode(
            f"T{row['target_id']}", str(row["name"]), float(row.geometry.x), float(row.geometry.y)
        )
        for _, row in joined.iterrows()
    }
