"""Shares of area, people, households and villages by commune and province."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from phusong.app.compute.served import ServedLayers
from phusong.app.compute.signalmap import Service
from phusong.app.compute.world import World
from phusong.coverage.grids import FloatArray
from phusong.coverage.zonal import ZoneShares, zone_sums_by_mask

ANY_TECHNOLOGY = "4G+5G"
ALL_OPERATORS = "all"
Name = tuple[str, str]
"""Technology (or ``ANY_TECHNOLOGY``) and operator (or ``ALL_OPERATORS``) of a figure."""


def figure_masks(layers: ServedLayers) -> dict[Name, int]:
    """Bits of the services that each figure counts."""
    return masks_of(layers.services)


def masks_of(services: Sequence[Service]) -> dict[Name, int]:
    """Bits that each figure counts, where service k has bit ``1 << k``.

    Examples
    --------
    >>> masks_of([("VNPT", "4G"), ("VNPT", "5G")])["4G+5G", "all"]
    3
    """
    technologies = sorted({technology for _, technology in services})
    operators = sorted({operator for operator, _ in services})
    masks = {}
    for technology in [*technologies, *([ANY_TECHNOLOGY] if technologies else [])]:
        for operator in [ALL_OPERATORS, *operators]:
            masks[technology, operator] = sum(
                1 << place
                for place, (name, own) in enumerate(services)
                if operator in (ALL_OPERATORS, name) and technology in (ANY_TECHNOLOGY, own)
            )
    return masks


def area_shares(world: World, layers: ServedLayers, masks: Mapping[Name, int]) -> dict[Name, ZoneShares]:
    """Return served areas in km2; totals are geodesic, the served part is exact on the grid."""
    served_m2 = zone_sums_by_mask(world.zones, world.area_m2, layers.bits, list(masks.values()))
    with np.errstate(divide="ignore", invalid="ignore"):
        fraction = np.where(world.grid_area_m2 > 0, served_m2 / world.grid_area_m2, 0.0)
    return {
        name: ZoneShares(world.zones.codes, world.area_km2 * own, world.area_km2)
        for name, own in zip(masks, fraction, strict=True)
    }


def people_shares(
    world: World, layers: ServedLayers, masks: Mapping[Name, int]
) -> dict[Name, ZoneShares] | None:
    """Return served people; None where nobody knows where people live."""
    if world.people is None:
        return None
    served = zone_sums_by_mask(world.zones, world.people, layers.bits, list(masks.values()))
    total = np.nan_to_num(world.population)
    return {
        name: ZoneShares(world.zones.codes, np.minimum(own, total), total)
        for name, own in zip(masks, served, strict=True)
    }


def share_tree(
    parts: Mapping[tuple[str, str], Mapping[str, ZoneShares | None]], code: str | None
) -> dict[str, dict[str, dict[str, Any]]]:
    """Arrange shares as technology -> operator -> denominator, for one commune or (None) the province."""
    tree: dict[str, dict[str, dict[str, Any]]] = {}
    for (technology, operator), by_denominator in parts.items():
        tree.setdefault(technology, {})[operator] = {
            name: _one(zone_shares, code) for name, zone_shares in by_denominator.items()
        }
    return tree


def _one(zone_shares: ZoneShares | None, code: str | None) -> dict[str, float | None]:
    if zone_shares is None:
        return {"served": None, "total": None, "share": None}
    share = zone_shares.province() if code is None else zone_shares.zone(code)
    return share.as_dict()


def sum_where(values: FloatArray) -> float | None:
    """Sum of what is known; None where nothing is."""
    known = values[np.isfinite(values)]
    return float(known.sum()) if known.size else None
