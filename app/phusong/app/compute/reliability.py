"""In which share of the places of an area a level holds, shadow fading included."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from phusong.app.compute.budgets import Budgets
from phusong.app.compute.inputs import load_inputs
from phusong.app.compute.published import current_run, load_results
from phusong.app.compute.rasters import service_rasters
from phusong.app.compute.signalmap import Service, SignalMap
from phusong.app.compute.world import World, build_world
from phusong.coverage.errors import InputError
from phusong.coverage.grids import FloatArray
from phusong.coverage.zonal import zone_sums
from phusong.geodata.store.folder import FolderStore


def area_reliability(
    store: FolderStore, signal: SignalMap, services: Sequence[Service], *, budgets: Budgets
) -> dict[str, Any]:
    """Average the location probability over every commune and the province, by area.

    A share of places of all cells of the grid, also of those whose median is too low for service: other
    than the served area, which counts a cell whole or not at all. Where nothing is received it is 0.

    Parameters
    ----------
    store : FolderStore
    signal : SignalMap
        Of the study's current results.
    services : sequence of Service
        The surest of them counts in every cell of the grid.
    budgets : Budgets
        Of the same run.

    Returns
    -------
    dict
        ``run``, ``reliability`` of the province, ``communes`` with ``commune_code``, ``name`` and
        ``reliability`` (0 .. 1; None for a commune outside the grid), and ``method``.

    Raises
    ------
    InputError
        ``results_stale`` where the layers have changed since the results were computed.
    """
    results = load_results(store)
    inputs = load_inputs(store, mode=results["method"]["mode"])
    if inputs.run_id != current_run(store):
        raise InputError("results_stale", study=store.name)
    world = build_world(inputs)
    probability = service_rasters(
        signal, services, budgets=budgets, layers=("probability",)
    ).location_probability
    shares = _shares(world, probability)
    known = np.isfinite(shares)
    total_km2 = float(world.area_km2[known].sum())
    return {
        "run": results["run"],
        "reliability": float((shares * world.area_km2)[known].sum() / total_km2) if total_km2 else None,
        "communes": [
            {"commune_code": code, "name": str(name), "reliability": float(share) if known[place] else None}
            for place, (code, name, share) in enumerate(
                zip(world.zones.codes, world.communes["name"], shares, strict=True)
            )
        ],
        "method": results["method"],
    }


def _shares(world: World, probability: np.ndarray[Any, np.dtype[np.float32]]) -> FloatArray:
    """Mean probability of each zone; NaN for a zone that the grid does not meet."""
    held_m2 = zone_sums(world.zones, probability * world.area_m2)
    known = world.grid_area_m2 > 0
    shares = np.full(held_m2.shape, np.nan)
    shares[known] = held_m2[known] / world.grid_area_m2[known]
    return shares
