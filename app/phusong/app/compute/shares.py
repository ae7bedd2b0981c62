"""Shares of area, people, households and villages by commune and province."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from phusong.app.compute.world import World
from phusong.coverage.grids import FloatArray
from phusong.coverage.zonal import BoolArray, ZoneShares, shares, zone_sums

ANY_TECHNOLOGY = "4G+5G"
ALL_OPERATORS = "all"
Masks = Mapping[tuple[str, str], BoolArray]
"""Served cells by technology (or ``ANY_TECHNOLOGY``) and operator (or ``ALL_OPERATORS``)."""


def area_shares(world: World, mask: BoolArray) -> ZoneShares:
    """Return served area in km2; totals are geodesic, the served part is exact on the grid."""
    on_grid = shares(world.zones, mask, world.area_m2)
    with np.errstate(divide="ignore", invalid="ignore"):
        fraction = np.where(on_grid.total > 0, on_grid.served / on_grid.total, 0.0)
    return ZoneShares(on_grid.codes, world.area_km2 * fraction, world.area_km2)


def people_shares(world: World, mask: BoolArray) -> ZoneShares | None:
    """Return served people; None where nobody knows where people live."""
    if world.people is None:
        return None
    served = zone_sums(world.zones, world.people, where=mask)
    total = np.nan_to_num(world.population)
    return ZoneShares(world.zones.codes, np.minimum(served, total), total)


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
