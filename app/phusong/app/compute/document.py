"""The results document: shares by province and commune with the method record."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from phusong.app.compute.derived import derived
from phusong.app.compute.fingerprint import engine_version
from phusong.app.compute.inputs import ComputeInputs
from phusong.app.compute.served import ServedLayers, carrier_records
from phusong.app.compute.settlements import points_of
from phusong.app.compute.shares import ALL_OPERATORS, ANY_TECHNOLOGY, figure_masks, share_tree, sum_where
from phusong.app.compute.world import World
from phusong.coverage.places import commune_centres
from phusong.coverage.villages import STATUSES, cells_at
from phusong.coverage.zonal import ZoneShares

Parts = Mapping[tuple[str, str], Mapping[str, ZoneShares | None]]


def results_document(
    inputs: ComputeInputs,
    world: World,
    parts: Parts,
    *,
    villages: gpd.GeoDataFrame | None,
    centres: Mapping[str, Mapping[str, bool | None]],
    computed_on: str,
) -> dict[str, Any]:
    """Assemble the document that every reader of figures gets."""
    technologies = [*sorted({cell.technology for cell in inputs.cells}), ANY_TECHNOLOGY]
    operators = [ALL_OPERATORS, *sorted({cell.operator for cell in inputs.cells})]
    return {
        "run": inputs.run_id,
        "computed_on": computed_on,
        "method": method_record(inputs, computed_on),
        "technologies": technologies,
        "operators": operators,
        "province": _province(inputs, world, parts, villages),
        "communes": _communes(world, parts, villages, centres) if world.has_communes else [],
    }


def method_record(inputs: ComputeInputs, computed_on: str) -> dict[str, Any]:
    """Everything the figures depend on, as plain values."""
    store = inputs.store
    metas = {layer: store.meta(layer) for layer in store.layer_names()}
    return {
        **inputs.method.as_dict(),
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
        "assumed": {layer: list(columns) for layer, columns in inputs.assumed.items()},
        "sites_left_out": {why: list(sites) for why, sites in inputs.left_out.items()},
        "grid": {
            "cell_size_m": inputs.grid.cell_size_m,
            "width": inputs.grid.width,
            "height": inputs.grid.height,
            "epsg": inputs.grid.epsg,
        },
        "mode": inputs.mode,
        "engine": engine_version(),
        "required_rsrp_dbm": _required_dbm(inputs),
        "computed_on": computed_on,
    }


def _required_dbm(inputs: ComputeInputs) -> dict[str, float]:
    """Median level that counts as served, by technology; the highest among its carriers."""
    needed: dict[str, float] = {}
    for carrier, record in carrier_records(inputs).items():
        own = record.required_dbm
        needed[carrier.technology] = max(own, needed.get(carrier.technology, own))
    return {name: round(level_dbm, 2) for name, level_dbm in sorted(needed.items())}


def _province(
    inputs: ComputeInputs, world: World, parts: Parts, villages: gpd.GeoDataFrame | None
) -> dict[str, Any]:
    return {
        "name": inputs.store.name,
        "area_km2": float(world.area_km2.sum()),
        "population": sum_where(world.population),
        "households": _total(parts, "households", None),
        "villages": 0 if villages is None else len(villages),
        "villages_by_status": _by_status(villages),
        "no_terrain_share": _no_terrain_share(inputs),
        "shares": share_tree(parts, None),
    }


def _no_terrain_share(inputs: ComputeInputs) -> float:
    def share() -> dict[str, npt.NDArray[np.float64]]:
        return {"share": np.array([np.mean(~np.isfinite(inputs.terrain.values))])}

    return float(derived(inputs, "no-terrain", depends_on=("terrain",), make=share)["share"][0])


def _total(parts: Parts, denominator: str, code: str | None) -> float | None:
    for by_denominator in parts.values():
        zone_shares = by_denominator[denominator]
        if zone_shares is not None:
            return (zone_shares.province() if code is None else zone_shares.zone(code)).total
    return None


def _by_status(villages: pd.DataFrame | None) -> dict[str, int]:
    return _counted([] if villages is None else villages["status"].tolist())


def _counted(statuses: Iterable[str]) -> dict[str, int]:
    counts = Counter(statuses)
    return {status: counts[status] for status in STATUSES}


def _communes(
    world: World,
    parts: Parts,
    villages: gpd.GeoDataFrame | None,
    centres: Mapping[str, Mapping[str, bool | None]],
) -> list[dict[str, Any]]:
    by_commune: dict[str, list[str]] = {}
    if villages is not None:
        for code, status in zip(villages["commune_code"], villages["status"], strict=True):
            by_commune.setdefault(code, []).append(status)
    inner = world.communes.geometry.representative_point()
    bounds = world.communes.geometry.bounds.to_numpy()
    return [
        {
            "commune_code": code,
            "name": str(row["name"]),
            "kind": _text(row.get("kind")),
            "area_km2": float(world.area_km2[index]),
            "population": _number(world.population[index]),
            "households": _total(parts, "households", code),
            "villages": len(by_commune.get(code, ())),
            "villages_by_status": _counted(by_commune.get(code, ())),
            "lon": float(inner.iloc[index].x),
            "lat": float(inner.iloc[index].y),
            "bbox": [float(edge) for edge in bounds[index]],
            "centre": dict(centres.get(code, {})),
            "shares": share_tree(parts, code),
        }
        for index, (code, row) in enumerate(
            zip(world.zones.codes, world.communes.drop(columns="geometry").to_dict("records"), strict=True)
        )
    ]


def _text(value: object) -> str | None:
    return None if value is None or pd.isna(value) else str(value)


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def centre_answers(
    inputs: ComputeInputs, codes: Sequence[str], layers: ServedLayers
) -> dict[str, dict[str, bool | None]]:
    """Tell for each commune whether its centre is served, by technology; None where no centre is known."""
    masks = {
        technology: mask
        for (technology, operator), mask in figure_masks(layers).items()
        if operator == ALL_OPERATORS
    }
    if not inputs.store.has("places"):
        return {code: dict.fromkeys(masks) for code in codes}
    places = inputs.store.table("places")
    heads = places[(places["kind"] == "commune_centre") & (places.geometry.geom_type == "Point")]
    points = points_of(heads, inputs.grid.epsg)
    cell = cells_at(inputs.grid, x_m=points.x_m, y_m=points.y_m)
    place = np.maximum(cell, 0)
    is_known = (cell >= 0) & np.isfinite(inputs.terrain.values.ravel()[place])
    bits = layers.bits.ravel()[place]
    table = commune_centres(
        list(codes),
        place_commune=[str(code) for code in heads["commune_code"]],
        place_served={
            technology: [
                bool(is_served) if known else None
                for is_served, known in zip(bits & bits.dtype.type(mask), is_known, strict=True)
            ]
            for technology, mask in masks.items()
        },
    )
    return {
        str(row["commune_code"]): {technology: _answer(row[technology]) for technology in masks}
        for row in table.to_dict("records")
    }


def _answer(value: object) -> bool | None:
    return None if value is None else bool(value)
