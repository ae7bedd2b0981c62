"""Villages and households served, by technology and operator; after a change only where it reaches."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from phusong.app.compute.inputs import ComputeInputs
from phusong.app.compute.parallel import ThreadPool
from phusong.app.compute.previous import Corner, Previous
from phusong.app.compute.served import ServedLayers
from phusong.app.compute.settlements import Settlements, judge, picked, villages_at
from phusong.app.compute.shares import Name
from phusong.app.compute.signalmap import SignalMap
from phusong.app.compute.stacks import BLOCK_CELLS
from phusong.app.compute.world import World
from phusong.coverage.grids import FloatArray
from phusong.coverage.zonal import BoolArray, ZoneShares
from phusong.geodata.store.arrays import write_arrays

VillageFigures = dict[str, npt.NDArray[np.float64]]
"""``is_served``, ``households_served`` and ``households``, one number a village each."""


def village_shares(
    inputs: ComputeInputs,
    settlements: Settlements,
    layers: ServedLayers,
    masks: Mapping[Name, int],
    *,
    signal: SignalMap,
    previous: Previous | None = None,
) -> dict[Name, VillageFigures]:
    """Villages and households served, by technology and operator.

    Villages whose cells are served as in the earlier run are taken from there.
    """
    kept: dict[Name, VillageFigures] = {}
    moved: _Moved | None = None
    if previous is not None:
        kept = _kept_figures(settlements, masks, previous)
        moved = _Moved.since(settlements, layers, previous, previous.changed(signal)) if kept else None

    def figures(name: Name) -> VillageFigures:
        if moved is not None and name in kept:
            return moved.figures(inputs, kept[name], layers, masks[name])
        return _judged(inputs, settlements, layers.served(masks[name]))

    names = list(masks)
    return dict(zip(names, ThreadPool().map(figures, names), strict=True))


def figure_shares(
    world: World, settlements: Settlements, figures: VillageFigures
) -> tuple[ZoneShares, ZoneShares]:
    """Shares of villages and of households."""
    codes, zone = world.zones.codes, settlements.zone
    inside = zone >= 0

    def by_zone(values: FloatArray) -> npt.NDArray[np.float64]:
        sums = np.bincount(zone[inside], np.nan_to_num(values[inside]), minlength=len(codes))
        return sums.astype(np.float64)

    return (
        ZoneShares(codes, by_zone(figures["is_served"]), by_zone(np.ones(len(zone)))),
        ZoneShares(codes, by_zone(figures["households_served"]), by_zone(figures["households"])),
    )


@dataclass(frozen=True, slots=True)
class _Moved:
    """Villages with a cell whose services changed.

    Attributes
    ----------
    changed : int
        Services that changed anywhere.
    own : ndarray of int64
        Indices of the villages.
    part : Settlements
        Only they.
    cells : ndarray of int64
        Their cells, centres among them.
    """

    changed: int
    own: npt.NDArray[np.int64]
    part: Settlements
    cells: npt.NDArray[np.int64]

    @classmethod
    def since(
        cls, settlements: Settlements, layers: ServedLayers, previous: Previous, corners: Iterable[Corner]
    ) -> _Moved:
        """Compare a run with an earlier one in the blocks that were judged again."""
        width, places = layers.bits.shape[1], [np.empty(0, dtype=np.int64)]
        for row0, col0 in corners:
            here = np.s_[row0 : row0 + BLOCK_CELLS, col0 : col0 + BLOCK_CELLS]
            row, col = np.nonzero(layers.bits[here] != previous.bits[here])
            places.append((row0 + row) * width + col0 + col)
        place = np.sort(np.concatenate(places))
        differences = layers.bits.flat[place] ^ previous.bits.flat[place]
        own = villages_at(settlements, place)
        part = picked(settlements, own)
        centres = part.areas.centre_cell
        cells = np.union1d(part.areas.cell, centres[centres >= 0]).astype(np.int64)
        return cls(int(np.bitwise_or.reduce(differences, initial=0)), own, part, cells)

    def figures(
        self, inputs: ComputeInputs, kept: VillageFigures, layers: ServedLayers, mask: int
    ) -> VillageFigures:
        """Judge these villages again where a mask is concerned; all others stay."""
        if not mask & self.changed or not self.own.size:
            return kept
        # Fresh pages of zeros cost nothing until they are written to.
        served = np.zeros(inputs.grid.shape, dtype=bool)
        bits = layers.bits.flat[self.cells]
        served.flat[self.cells] = (bits & bits.dtype.type(mask)) != 0
        found = {name: values.copy() for name, values in kept.items()}
        for name, values in _judged(inputs, self.part, served).items():
            found[name][self.own] = values
        return found


def _kept_figures(
    settlements: Settlements, masks: Mapping[Name, int], previous: Previous
) -> dict[Name, VillageFigures]:
    """Figures of the earlier run, by name."""
    found: dict[Name, VillageFigures] = {}
    for key, values in previous.villages.items():
        technology, operator, figure = key.split("\t")
        if (technology, operator) in masks and values.shape == settlements.zone.shape:
            found.setdefault((technology, operator), {})[figure] = values
    return found


def write_village_figures(path: Path, figures: Mapping[Name, VillageFigures]) -> None:
    """Keep the figures of villages for the next run."""
    named = {
        "\t".join((*name, figure)): values for name, own in figures.items() for figure, values in own.items()
    }
    write_arrays(path, named)


def _judged(inputs: ComputeInputs, settlements: Settlements, served: BoolArray) -> VillageFigures:
    judged = judge(inputs, settlements, served, best_level=None, is_signal_known=True)
    return {
        "is_served": (judged["status"] == "served").to_numpy(dtype=np.float64),
        "households_served": judged["households_served"].to_numpy(dtype=np.float64),
        "households": judged["households"].to_numpy(dtype=np.float64),
    }
