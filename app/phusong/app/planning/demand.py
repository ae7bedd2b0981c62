"""What a plan is to serve: villages, or people and homes in cells, that have no signal yet."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from phusong.app.compute.inputs import ComputeInputs
from phusong.app.compute.settlements import Settlements, judge
from phusong.app.compute.signalmap import Service
from phusong.app.compute.world import World
from phusong.coverage.errors import InputError
from phusong.coverage.method import VillageRule
from phusong.coverage.placement.matrix import VillageDemand, village_demands, village_pixels
from phusong.coverage.zonal import BoolArray

MOST_PIXELS = 400_000
"""Demand beyond this is judged by squares."""
FloatArray = npt.NDArray[np.float64]
Int64Array = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Goal:
    """Whose signal counts.

    Attributes
    ----------
    technologies : tuple of str
    operator : str or None
        None: anybody's.
    """

    technologies: tuple[str, ...]
    operator: str | None

    def mask(self, services: Sequence[Service]) -> int:
        """Bits of the services that count."""
        return sum(
            1 << place
            for place, (operator, technology) in enumerate(services)
            if technology in self.technologies and self.operator in (None, operator)
        )

    def counts(self, service: Service) -> bool:
        """Tell whether a service counts."""
        return service[1] in self.technologies and self.operator in (None, service[0])


@dataclass(frozen=True, slots=True)
class Demand:
    """Demand that is not served yet, at pixels of the study grid.

    Attributes
    ----------
    pixel : ndarray of int64, shape (pixels,)
        Flat cells, ascending.
    weight : ndarray of float64, shape (demands,)
        One a village, or one a pixel.
    villages : list of VillageDemand
        Empty where pixels are the demand.
    village_index : ndarray of int64
        Row of each village in the settlements.
    x_m, y_m : ndarray of float64, shape (demands,)
    served_weight : float
        What is served already.
    total_weight : float
        Everything, what is unknown or cannot be placed included.
    rule : VillageRule
    block : int
        Side, in cells, of the squares that one pixel stands for; 1: every pixel stands for itself.
    """

    pixel: Int64Array
    weight: FloatArray
    villages: list[VillageDemand]
    village_index: Int64Array
    x_m: FloatArray
    y_m: FloatArray
    served_weight: float
    total_weight: float
    rule: VillageRule
    block: int = 1

    @property
    def demands(self) -> int:
        """Number of things to serve."""
        return self.weight.size


def village_demand(inputs: ComputeInputs, settlements: Settlements | None, served: BoolArray) -> Demand:
    """Villages that are white or patchy for a goal.

    Parameters
    ----------
    served : ndarray of bool, shape of the grid
        Where the goal is met.

    Raises
    ------
    InputError
        ``villages_needed`` where the study has none.
    """
    if settlements is None:
        raise InputError("villages_needed")
    judged = judge(inputs, settlements, served, best_level=None, is_signal_known=True)
    status = judged["status"].to_numpy()
    wanted = np.flatnonzero(np.isin(status, ("white", "patchy")))
    pixel = village_pixels(settlements.areas, wanted.tolist())
    homes = judged["households"].to_numpy(dtype=np.float64)
    villages = village_demands(settlements.areas, wanted.tolist(), pixels=pixel, households=homes)
    return Demand(
        pixel=pixel,
        weight=np.ones(wanted.size),
        villages=villages,
        village_index=wanted.astype(np.int64),
        x_m=settlements.points.x_m[wanted].astype(np.float64),
        y_m=settlements.points.y_m[wanted].astype(np.float64),
        served_weight=float((status == "served").sum()),
        total_weight=float(status.size),
        rule=inputs.method.village_rule,
    )


def cell_demand(
    inputs: ComputeInputs, world: World, settlements: Settlements | None, served: BoolArray, *, target: str
) -> Demand:
    """People, or homes, in cells that are not served for a goal.

    Of more than `MOST_PIXELS` cells the one with most people of each square stands for the whole square.

    Raises
    ------
    InputError
        ``population_needed`` or ``villages_needed`` where nobody is counted.
    """
    amount = cell_amounts(inputs, world, settlements, target=target)
    wanted = (amount > 0) & ~served & np.isfinite(inputs.terrain.values)
    pixel = np.flatnonzero(wanted).astype(np.int64)
    block = max(math.ceil(math.sqrt(pixel.size / MOST_PIXELS)), 1)
    pixel, weight = _merged(pixel, amount.ravel()[pixel], width=inputs.grid.width, block=block)
    row, col = np.divmod(pixel, inputs.grid.width)
    total = float(amount.sum())
    return Demand(
        pixel=pixel,
        weight=weight,
        villages=[],
        village_index=np.empty(0, dtype=np.int64),
        x_m=inputs.grid.left_m + (col + 0.5) * inputs.grid.cell_size_m,
        y_m=inputs.grid.top_m - (row + 0.5) * inputs.grid.cell_size_m,
        served_weight=float(amount[served].sum()),
        total_weight=total,
        rule=inputs.method.village_rule,
        block=block,
    )


def cell_amounts(
    inputs: ComputeInputs, world: World, settlements: Settlements | None, *, target: str
) -> FloatArray:
    """People, or homes, in each cell of the grid.

    Raises
    ------
    InputError
        ``population_needed`` or ``villages_needed`` where nobody is counted.
    """
    return _homes(inputs, settlements) if target == "households" else _people(world)


def _merged(
    pixel: Int64Array, weight: FloatArray, *, width: int, block: int
) -> tuple[Int64Array, FloatArray]:
    """Let the heaviest pixel of each square stand for all of it."""
    row, col = np.divmod(pixel, width)
    square = row // block * (width // block + 1) + col // block
    order = np.lexsort((pixel, -weight, square))
    _, first, number = np.unique(square[order], return_index=True, return_inverse=True)
    sums = np.bincount(number, weight[order], minlength=first.size).astype(np.float64)
    kept = pixel[order][first]
    ascending = np.argsort(kept)
    return kept[ascending], sums[ascending]


def _people(world: World) -> FloatArray:
    """People in each cell, by the part of it inside the communes."""
    if world.people is None:
        raise InputError("population_needed")
    zones = world.zones
    inside = (zones.interior >= 0).astype(np.float64)
    np.add.at(inside.ravel(), zones.border_cell, zones.border_fraction)
    return np.nan_to_num(np.asarray(world.people, dtype=np.float64)) * inside


def _homes(inputs: ComputeInputs, settlements: Settlements | None) -> FloatArray:
    if settlements is None:
        raise InputError("villages_needed")
    none: BoolArray = np.zeros(inputs.grid.shape, dtype=np.bool_)
    judged = judge(inputs, settlements, none, best_level=None, is_signal_known=True)
    homes: npt.NDArray[Any] = judged["households"].to_numpy(dtype=np.float64)
    counted = np.where((judged["status"] == "unknown").to_numpy(), 0.0, np.nan_to_num(homes))
    areas = settlements.areas
    amounts = np.bincount(
        areas.cell, areas.weight * counted[areas.village], minlength=inputs.grid.width * inputs.grid.height
    )
    return amounts.reshape(inputs.grid.shape).astype(np.float64)
