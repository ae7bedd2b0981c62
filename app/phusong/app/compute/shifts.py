"""Figures after a change, from the cells of the grid where any service changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from phusong.app.compute.inputs import ComputeInputs
from phusong.app.compute.served import ServiceBits
from phusong.app.compute.settlements import Settlements, judge, part_of
from phusong.app.compute.shares import Name, masks_of
from phusong.app.compute.signalmap import Service
from phusong.app.compute.world import World
from phusong.coverage.grids import FloatArray
from phusong.coverage.zonal import Zones

Delta = dict[str, FloatArray]
"""What is served more (or less), by denominator: one number a zone."""


@dataclass(frozen=True, slots=True)
class Shift:
    """Cells of the grid where any service changed.

    Attributes
    ----------
    place : ndarray of int64, shape (n,)
        Flat indices, ascending.
    before, after : ndarray of uint32, shape (n,)
        Services.
    """

    place: npt.NDArray[np.int64]
    before: ServiceBits
    after: ServiceBits

    def touches(self, mask: int) -> bool:
        """Tell whether any figure of a mask can have changed."""
        return bool(np.any((self.before ^ self.after) & np.uint32(mask)))

    def change(self, mask: int) -> npt.NDArray[np.int8]:
        """Return +1 where a mask is served now, -1 where it is no longer, else 0."""
        bits = np.uint32(mask)
        now, then = (self.after & bits) != 0, (self.before & bits) != 0
        return now.astype(np.int8) - then.astype(np.int8)


@dataclass(frozen=True, slots=True)
class Shifted:
    """What a change does to the figures.

    Attributes
    ----------
    deltas : dict of Name to Delta
        Figures without an entry are as they were.
    villages : tuple of dict
        Villages whose status changed.
    """

    deltas: dict[Name, Delta]
    villages: tuple[dict[str, Any], ...]


def shifted_figures(
    inputs: ComputeInputs,
    world: World,
    settlements: Settlements | None,
    *,
    services: Sequence[Service],
    bits: ServiceBits,
    shift: Shift,
) -> Shifted:
    """Work out what a change of services does to every figure.

    Parameters
    ----------
    services : sequence of Service
        Place k has bit ``1 << k``; new services at the end.
    bits : ndarray of unsigned int, shape (height, width)
        Services before.
    shift : Shift
    """
    masks = {name: mask for name, mask in masks_of(services).items() if shift.touches(mask)}
    pieces = _pieces(world.zones, shift.place)
    village = None if settlements is None else _Villages(inputs, settlements, bits, shift)
    deltas = {}
    for name, mask in masks.items():
        change = shift.change(mask)
        delta = {"area": _area_km2(world, shift.place, change, pieces)}
        if world.people is not None:
            delta["population"] = _sums(world.zones, world.people.flat[shift.place] * change, pieces)
        if village is not None:
            delta |= village.delta(mask, world.zones)
        deltas[name] = delta
    rule = _rule_mask(inputs, services)
    return Shifted(deltas, () if village is None else tuple(village.changed(rule)))


def _rule_mask(inputs: ComputeInputs, services: Sequence[Service]) -> int:
    counted = inputs.method.village_rule.technologies
    return sum(1 << place for place, (_, technology) in enumerate(services) if technology in counted)


Pieces = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], FloatArray]
"""Place in the shift, zone and fraction of each part of a cell that lies in a zone."""


def _pieces(zones: Zones, place: npt.NDArray[np.int64]) -> Pieces:
    inner = zones.interior.flat[place]
    whole = np.flatnonzero(inner >= 0)
    if place.size == 0:
        return whole, whole, np.empty(0)
    at = np.minimum(np.searchsorted(place, zones.border_cell), place.size - 1)
    cut = np.flatnonzero(place[at] == zones.border_cell)
    return (
        np.concatenate([whole, at[cut]]),
        np.concatenate([inner[whole].astype(np.int64), zones.border_zone[cut].astype(np.int64)]),
        np.concatenate([np.ones(whole.size), zones.border_fraction[cut]]),
    )


def _sums(zones: Zones, amounts: FloatArray, pieces: Pieces) -> FloatArray:
    at, zone, fraction = pieces
    parts = np.nan_to_num(amounts.astype(np.float64))[at] * fraction
    return np.bincount(zone, parts, minlength=len(zones.codes)).astype(np.float64)


def _area_km2(
    world: World, place: npt.NDArray[np.int64], change: npt.NDArray[np.int8], pieces: Pieces
) -> FloatArray:
    served_m2 = _sums(world.zones, world.area_m2.flat[place] * change, pieces)
    with np.errstate(divide="ignore", invalid="ignore"):
        fraction = np.where(world.grid_area_m2 > 0, served_m2 / world.grid_area_m2, 0.0)
    return np.asarray(world.area_km2 * fraction)


class _Villages:
    """Villages with a cell whose services changed."""

    def __init__(
        self, inputs: ComputeInputs, settlements: Settlements, bits: ServiceBits, shift: Shift
    ) -> None:
        self._inputs = inputs
        self._part = part_of(settlements, shift.place)
        areas = self._part.areas
        self._cells = np.union1d(areas.cell, areas.centre_cell[areas.centre_cell >= 0]).astype(np.int64)
        self._before = bits.flat[self._cells].astype(np.uint32)
        self._after = self._before.copy()
        if shift.place.size:
            at = np.minimum(np.searchsorted(shift.place, self._cells), shift.place.size - 1)
            moved = shift.place[at] == self._cells
            self._after[moved] = shift.after[at[moved]]

    def delta(self, mask: int, zones: Zones) -> Delta:
        """Villages and households served more, by zone."""
        then, now = (self._judged(bits, mask) for bits in (self._before, self._after))
        inside = self._part.zone >= 0

        def by_zone(change: FloatArray) -> FloatArray:
            return np.bincount(
                self._part.zone[inside], np.nan_to_num(change)[inside], minlength=len(zones.codes)
            ).astype(np.float64)

        served = [(one["status"] == "served").to_numpy(dtype=np.float64) for one in (then, now)]
        homes = [one["households_served"].to_numpy(dtype=np.float64) for one in (then, now)]
        return {"villages": by_zone(served[1] - served[0]), "households": by_zone(homes[1] - homes[0])}

    def changed(self, mask: int) -> list[dict[str, Any]]:
        """Villages whose status is another one now."""
        then, now = (self._judged(bits, mask) for bits in (self._before, self._after))
        table, found = self._part.table, []
        for place in np.flatnonzero(then["status"] != now["status"]):
            found.append(
                {
                    "village_id": str(table["village_id"].iloc[place]),
                    "name": str(table["name"].iloc[place]),
                    "commune_code": str(table["commune_code"].iloc[place]),
                    "households": float(now["households"].iloc[place]),
                    "before": str(then["status"].iloc[place]),
                    "after": str(now["status"].iloc[place]),
                }
            )
        return found

    def _judged(self, bits: ServiceBits, mask: int) -> pd.DataFrame:
        # Fresh pages of zeros cost nothing until they are written to.
        served = np.zeros(self._inputs.grid.shape, dtype=bool)
        served.flat[self._cells] = (bits & np.uint32(mask)) != 0
        return judge(self._inputs, self._part, served, best_level=None, is_signal_known=True)
