"""Finishing a plan: the masts of a scenario are built in any case, and count, before the rest is chosen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from phusong.app.compute.inputs import ComputeInputs
from phusong.app.compute.world import World
from phusong.app.planning.candidates import Places
from phusong.app.planning.demand import Goal
from phusong.app.planning.options import Option
from phusong.app.scenarios import scenario_cells
from phusong.coverage.errors import InputError
from phusong.coverage.placement.costs import Backhaul, CostParts
from phusong.coverage.radio.bands import band_of
from phusong.coverage.radio.cell import Cell
from phusong.coverage.zonal import zone_of_cells
from phusong.geodata.scenario import Addition, Scenario

KEPT = "scenario"
"""Source of the places of a scenario."""
NO_BACKHAUL = Backhaul("none", 0.0)
Price = tuple[CostParts, Backhaul]


@dataclass(frozen=True, slots=True)
class Kept:
    """What a scenario has, as options that must be built.

    Attributes
    ----------
    additions : tuple of Addition
    options : tuple of Option
        One for each addition.
    """

    additions: tuple[Addition, ...]
    options: tuple[Option, ...]


def additions_to_keep(scenario: Scenario) -> tuple[Addition, ...]:
    """Return what a scenario adds.

    Raises
    ------
    InputError
        ``plan_kept_changes`` for a scenario that takes away or changes what stands: a plan starts from the
        network as it was computed. ``plan_kept_empty`` for one that adds nothing.
    """
    if scenario.removed_sites or scenario.removed_cells or scenario.edits:
        raise InputError("plan_kept_changes", name=scenario.name)
    if not scenario.additions:
        raise InputError("plan_kept_empty", name=scenario.name)
    return scenario.additions


def keep(
    inputs: ComputeInputs, world: World, places: Places, additions: Sequence[Addition], *, goal: Goal
) -> tuple[Places, Kept]:
    """Put the masts of a scenario beside the candidates, each at a place of its own.

    Raises
    ------
    InputError
        ``plan_kept_service`` for an addition whose signal does not count towards the goal, and whatever is
        wrong with it otherwise.
    """
    standing = {cell.site_id for cell in inputs.cells}
    options = []
    for number, addition in enumerate(additions):
        alone = Scenario("kept", (replace(addition, site_id=f"{number}+{addition.site_id}"[:80]),))
        cells = scenario_cells(inputs, alone).change.added
        lead = cells[0]
        if not goal.counts((lead.operator, lead.technology)):
            raise InputError(
                "plan_kept_service",
                site_id=addition.site_id,
                service=f"{lead.operator} {lead.technology}",
                allowed=", ".join((*goal.technologies, *((goal.operator,) if goal.operator else ()))),
            )
        means = "carrier" if addition.site_id in standing else "mast"
        place = places.x_m.size + number
        options.append(Option(place, means, lead.antenna_height_m, _band(lead), tuple(cells)))
    return _beside(inputs, world, places, additions, options), Kept(tuple(additions), tuple(options))


def _band(cell: Cell) -> str:
    band = band_of(cell.frequency_mhz)
    return f"{cell.frequency_mhz:g}" if band is None else band.name


def _beside(
    inputs: ComputeInputs,
    world: World,
    places: Places,
    additions: Sequence[Addition],
    options: Sequence[Option],
) -> Places:
    x_m = np.array([one.cells[0].x_m for one in options], dtype=np.float64)
    y_m = np.array([one.cells[0].y_m for one in options], dtype=np.float64)
    grid = inputs.grid
    row = np.clip(((grid.top_m - y_m) // grid.cell_size_m).astype(np.int64), 0, grid.height - 1)
    col = np.clip(((x_m - grid.left_m) // grid.cell_size_m).astype(np.int64), 0, grid.width - 1)
    zone = zone_of_cells(world.zones)[row, col].astype(np.int64)
    return replace(
        places,
        x_m=np.append(places.x_m, x_m),
        y_m=np.append(places.y_m, y_m),
        source=(*places.source, *(KEPT for _ in options)),
        name=(*places.name, *(one.site_id for one in additions)),
        zone=np.append(places.zone, zone),
        to_demand_m=np.append(places.to_demand_m, np.zeros(x_m.size)),
        found={**places.found, KEPT: len(options)},
    )


def kept_prices(kept: Kept, priced: Sequence[Price | None]) -> list[Price]:
    """Return what each addition costs: what its owner said, else what the model says of it.

    Parameters
    ----------
    priced : sequence
        Of the model, one for each; None where no backhaul reaches the place.
    """
    prices = []
    for addition, price in zip(kept.additions, priced, strict=True):
        if addition.cost_mvnd is not None:
            prices.append((CostParts(addition.cost_mvnd, 0.0, 0.0, 0.0, 0.0), NO_BACKHAUL))
        else:
            prices.append(price or (CostParts(0.0, 0.0, 0.0, 0.0, 0.0), NO_BACKHAUL))
    return prices


def without_kept_pairs(
    conflicts: npt.NDArray[np.int32] | None, is_kept: npt.NDArray[np.bool_]
) -> npt.NDArray[np.int32] | None:
    """Masts of the scenario may stand as near each other as its owner wants."""
    if conflicts is None or not conflicts.size:
        return conflicts
    return conflicts[~is_kept[conflicts].all(axis=1)]


def kept_sites(sources: Sequence[str], options: Sequence[Option]) -> npt.NDArray[np.bool_]:
    """Tell which options come from the scenario."""
    return np.array([sources[option.place] == KEPT for option in options], dtype=np.bool_)
