"""A quick look at a mast that is being moved: coarse terrain, new signal only, few figures.

What the mast adds is estimated on a thinned-out terrain by sweeps, without the interference that it causes
others and they cause it. The network that stands, its people and its households are those of the exact
answer; only the new signal is coarse. The page shows such figures as a preview and asks for exact ones as
soon as the mast rests.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from phusong.app.compute.inputs import ComputeInputs
from phusong.app.compute.losses import loss_keys
from phusong.app.compute.served import carrier_record
from phusong.app.compute.settlements import judge
from phusong.app.compute.shares import Name
from phusong.app.compute.shifts import Shift
from phusong.app.compute.signalmap import Service, needs_of
from phusong.app.compute.stacks import carrier_of
from phusong.app.compute.whatif import Baseline, Moved, mast_losses_of
from phusong.app.whatifmap import service_mask
from phusong.coverage.grids import FloatArray, Grid, Raster
from phusong.coverage.losses import LossWindow, PackedLoss, pack_loss
from phusong.coverage.radio.cell import Cell
from phusong.coverage.service import fold_stacks
from phusong.coverage.signal import ground_under
from phusong.coverage.signal_kernel import Stack
from phusong.coverage.stacks import PreparedCells, Window, add_cells, empty_stack, prepare_cells
from phusong.coverage.zonal import BoolArray

CELLS_OF_RADIUS = 230
"""Terrain is thinned out until the reach of a mast is no more cells than these."""


@dataclass(frozen=True, slots=True)
class Quick:
    """A preview.

    Attributes
    ----------
    moved : Moved
        Where services change, as far as a preview knows.
    delta : dict of str to float or None
        Served more than by the network that stands: ``population``, ``households``, ``area`` (km2); None
        where nobody knows.
    """

    moved: Moved
    delta: dict[str, float | None]


class Previewer:
    """What previews need, made once for a computed study.

    Parameters
    ----------
    base : Baseline
    """

    def __init__(self, base: Baseline) -> None:
        self._base = base
        steps = {self._step(radius_km * 1e3) for radius_km in base.inputs.method.max_radius_km.values()}
        self._coarse = {step: _thinned(base.inputs, step) for step in sorted(steps)}
        self._homes = _homes(base)

    def grid_m(self, cells: Sequence[Cell]) -> float:
        """Cell size of the terrain that new cells are judged on."""
        return self._terrain_of(cells).grid.cell_size_m

    def _step(self, radius_m: float) -> int:
        return max(math.ceil(radius_m / CELLS_OF_RADIUS / self._base.inputs.grid.cell_size_m), 1)

    def _terrain_of(self, cells: Sequence[Cell]) -> ComputeInputs:
        radius_m = max(self._base.inputs.method.radius_m(cell.frequency_mhz) for cell in cells)
        return self._coarse[self._step(radius_m)]

    def look(self, cells: Sequence[Cell], rest: Moved | None, name: Name) -> Quick:
        """Return what some new cells add to the rest of a plan.

        Parameters
        ----------
        cells : sequence of Cell
            New cells, in the study CRS.
        rest : Moved, optional
            What the rest of the plan changes, exactly; None where there is nothing else.
        name : tuple of str
            Technology and operator that the figures count.

        Raises
        ------
        GridError, InputError, ModelRangeError
            Whatever is wrong with a cell.
        """
        moved = self._moved(cells, rest)
        change = moved.shift.change(service_mask(moved.services, name)).astype(np.float64)
        place = moved.shift.place[change != 0]
        change = change[change != 0]
        world = self._base.world
        people = None
        if world.people is not None:
            people = float(np.nan_to_num(world.people.flat[place]) @ change)
        return Quick(
            moved,
            {
                "population": people,
                "households": self._households(place, change, people),
                "area": float(world.area_m2.flat[place] @ change) / 1e6,
            },
        )

    def _households(
        self, place: npt.NDArray[np.int64], change: FloatArray, people: float | None
    ) -> float | None:
        settlements = self._base.settlements
        if settlements is None:
            # Without villages, households live where people do.
            size = self._base.inputs.method.household_size
            return None if people is None else people / size
        if not place.size:
            return 0.0
        areas = settlements.areas
        # Bounds of another type would have the whole list converted.
        bounds = np.array([place[0], place[-1] + 1], dtype=areas.cell.dtype)
        first, last = np.searchsorted(areas.cell, bounds)
        listed = areas.cell[first:last]
        row0, row1 = int(place[0]) // areas.grid.width, int(place[-1]) // areas.grid.width + 1
        changed = np.zeros((row1 - row0) * areas.grid.width)
        changed[place - row0 * areas.grid.width] = change
        amount = changed[listed - row0 * areas.grid.width]
        hit = np.flatnonzero(amount)
        return float(
            self._homes[areas.village[first:last][hit]] @ (amount[hit] * areas.weight[first:last][hit])
        )

    def _moved(self, cells: Sequence[Cell], rest: Moved | None) -> Moved:
        base = self._base
        known = base.signal.services if rest is None else rest.services
        fresh = sorted({(cell.operator, cell.technology) for cell in cells} - set(known))
        services = (*known, *fresh)
        window, served = self._served(cells)
        row0, col0, rows, cols = window
        here = np.s_[row0 : row0 + rows, col0 : col0 + cols]
        standing = base.bits[here].astype(np.uint32)
        after = standing.copy()
        if rest is not None:
            _apply(after, rest.shift, window, base.inputs.grid)
        for service, where in served.items():
            after[where & base.area.wanted[here]] |= np.uint32(1 << services.index(service))
        row, col = np.nonzero(after != standing)
        flat = (row + row0).astype(np.int64) * base.inputs.grid.width + col + col0
        found = Shift(flat, standing[row, col], after[row, col])
        return Moved(
            services, found if rest is None else _joined(found, rest.shift, window, base.inputs.grid)
        )

    def _served(self, cells: Sequence[Cell]) -> tuple[Window, dict[Service, BoolArray]]:
        """Tell where new cells alone would serve, on the study grid, in the part within their reach."""
        coarse = self._terrain_of(cells)
        step = round(coarse.grid.cell_size_m / self._base.inputs.grid.cell_size_m)
        keys = loss_keys(coarse, area_hash="preview", cells=cells)
        losses = mast_losses_of(keys.values(), inputs=coarse)
        window = _around(list(losses.values()))
        packed = {digest: pack_loss(loss) for digest, loss in losses.items()}
        new = _NewCells(
            coarse,
            tuple(cells),
            tuple(packed[keys[cell.cell_id].digest] for cell in cells),
            prepare_cells(
                cells,
                ground_m=ground_under(cells, coarse.terrain),
                receiver_height_m=coarse.method.receiver_height_m,
            ),
        )
        fine = _fine_window(window, step, self._base.inputs.grid)
        services = {(cell.operator, cell.technology) for cell in cells}
        return fine, {
            service: _repeated(new.served(service, window), step)[: fine[2], : fine[3]]
            for service in sorted(services)
        }


@dataclass(frozen=True, slots=True)
class _NewCells:
    """New cells with their losses on the coarse terrain."""

    coarse: ComputeInputs
    cells: tuple[Cell, ...]
    losses: tuple[PackedLoss, ...]
    prepared: PreparedCells

    def served(self, service: Service, window: Window) -> BoolArray:
        """Tell where the cells of a service serve."""
        levels, totals, needs = [], [], []
        for carrier in sorted({carrier_of(cell) for cell in self.cells}):
            if (carrier.operator, carrier.technology) != service:
                continue
            own = [place for place, cell in enumerate(self.cells) if carrier_of(cell) == carrier]
            stack = self._stack(own, window)
            levels.append(stack.level[0])
            totals.append(stack.total)
            needs.append(needs_of(carrier_record(self.coarse, self.cells[own[0]])))
        return fold_stacks(levels, totals, needs)[1]

    def _stack(self, own: list[int], window: Window) -> Stack:
        stack = empty_stack(window, servers=1)
        add_cells(
            stack,
            self.prepared,
            np.array(own, dtype=np.int32),
            [self.losses[place] for place in own],
            terrain=self.coarse.terrain,
            window=window,
            first_number=0,
        )
        return stack


def _thinned(inputs: ComputeInputs, step: int) -> ComputeInputs:
    """Take the middle cell of each block of terrain: heights of ridges stay, averages would lower them."""
    grid = inputs.grid
    height, width = -(-grid.height // step), -(-grid.width // step)
    row = np.minimum(np.arange(height) * step + step // 2, grid.height - 1)
    col = np.minimum(np.arange(width) * step + step // 2, grid.width - 1)
    coarse = Grid(
        width=width,
        height=height,
        cell_size_m=grid.cell_size_m * step,
        left_m=grid.left_m,
        top_m=grid.top_m,
        epsg=grid.epsg,
    )

    def thin(raster: Raster) -> Raster:
        return Raster(coarse, np.ascontiguousarray(raster.values[np.ix_(row, col)]), raster.unit)

    clutter = None if inputs.clutter is None else thin(inputs.clutter)
    return replace(inputs, mode="sweep", grid=coarse, terrain=thin(inputs.terrain), clutter=clutter)


def _homes(base: Baseline) -> FloatArray:
    """Households of each village, as the village rule counts them."""
    if base.settlements is None:
        return np.empty(0)
    nobody = np.zeros(base.inputs.grid.shape, dtype=bool)
    judged = judge(base.inputs, base.settlements, nobody, best_level=None, is_signal_known=True)
    return np.nan_to_num(judged["households"].to_numpy(dtype=np.float64))


def _around(losses: Sequence[LossWindow]) -> Window:
    """Return the least window that holds all losses."""
    row0, col0 = min(loss.row0 for loss in losses), min(loss.col0 for loss in losses)
    row1 = max(loss.row0 + loss.loss_db.shape[0] for loss in losses)
    col1 = max(loss.col0 + loss.loss_db.shape[1] for loss in losses)
    return row0, col0, row1 - row0, col1 - col0


def _fine_window(window: Window, step: int, grid: Grid) -> Window:
    row0, col0, rows, cols = (number * step for number in window)
    return row0, col0, min(rows, grid.height - row0), min(cols, grid.width - col0)


def _repeated(coarse: BoolArray, step: int) -> BoolArray:
    return np.repeat(np.repeat(coarse, step, axis=0), step, axis=1)


def _inside(place: npt.NDArray[np.int64], window: Window, grid: Grid) -> BoolArray:
    row0, col0, rows, cols = window
    row, col = np.divmod(place, grid.width)
    inside: BoolArray = (row >= row0) & (row < row0 + rows) & (col >= col0) & (col < col0 + cols)
    return inside


def _apply(bits: npt.NDArray[np.uint32], shift: Shift, window: Window, grid: Grid) -> None:
    """Write what a shift leaves into the bits of a window."""
    inside = _inside(shift.place, window, grid)
    row, col = np.divmod(shift.place[inside], grid.width)
    bits[row - window[0], col - window[1]] = shift.after[inside]


def _joined(found: Shift, rest: Shift, window: Window, grid: Grid) -> Shift:
    """Put together what changes in a window and what a shift changes beyond it."""
    beyond = ~_inside(rest.place, window, grid)
    place = np.concatenate([found.place, rest.place[beyond]])
    order = np.argsort(place, kind="stable")
    return Shift(
        place[order],
        np.concatenate([found.before, rest.before[beyond]])[order],
        np.concatenate([found.after, rest.after[beyond]])[order],
    )
