"""What each option would serve: exact paths to the demand, judged as the maps are, in parallel and kept.

Villages are judged from the inside out: first the centre, without which a village stays white, then its cells
that no other service serves, part by part until too much is known to stay dark. The verdict is that of all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np
import numpy.typing as npt

from phusong.app.compute.fingerprint import engine_version, fingerprint
from phusong.app.compute.inputs import ComputeInputs
from phusong.app.compute.parallel import Pool
from phusong.app.compute.progress import Progress
from phusong.app.compute.stacks import carrier_of
from phusong.app.planning.demand import Demand, Goal
from phusong.app.planning.options import Option
from phusong.app.planning.received import Levels, NewNetwork, Spot, Standing, new_network, spot
from phusong.coverage.errors import StudyError
from phusong.coverage.method import VillageRule
from phusong.coverage.placement.matrix import VillageDemand
from phusong.coverage.placement.pathlosses import Pixels, Surroundings, surroundings
from phusong.geodata.store.arrays import map_arrays, write_arrays

Int64Array = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]
PLACES_A_TASK = 16
PARTS = 4
"""Parts in which the cells of a village are looked at."""
FORM = 1
"""Of the files kept; changes with what they hold."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What options serve.

    Attributes
    ----------
    rows : list of ndarray of int32
        Demand that each option serves, ascending.
    centres : ndarray of int32, shape (demands,)
        Number of options that would serve the centre of each village, or the pixel.
    computed, kept : int
        Groups of places computed now, and taken from the cache.
    """

    rows: list[npt.NDArray[np.int32]]
    centres: npt.NDArray[np.int32]
    computed: int
    kept: int


@dataclass(frozen=True, slots=True)
class _Task:
    """Some neighbouring places with their options."""

    places: tuple[tuple[int, ...], ...]
    digest: str


@dataclass(frozen=True, slots=True)
class Judge:
    """What all tasks share; see `judge_of`."""

    inputs: ComputeInputs
    demand: Demand
    stand: Standing
    options: Sequence[Option]
    network: NewNetwork
    first_cell: Int64Array
    villages: list[_Village]


def evaluate(
    inputs: ComputeInputs,
    demand: Demand,
    stand: Standing,
    options: Sequence[Option],
    *,
    goal: Goal,
    pool: Pool,
    progress: Progress,
) -> Evaluation:
    """Work out which demand each option would serve next to what stands.

    Parameters
    ----------
    demand : Demand
    stand : Standing
        At the pixels of the demand.
    options : sequence of Option
        Those of one place beside each other.
    goal : Goal
    pool : Pool
    """
    judge = judge_of(inputs, demand, stand, options)
    tasks = _tasks(inputs, demand, options, goal)
    folder = inputs.store.cache_dir / "placement"
    missing = []
    for task in tasks:
        try:
            map_arrays(folder / f"{task.digest}.bin")
        except (FileNotFoundError, StudyError):
            missing.append(task)
    for done, (task, answer) in enumerate(
        zip(missing, pool.map(_judge_task, missing, judge=judge), strict=True)
    ):
        progress("candidates", done, len(missing))
        write_arrays(folder / f"{task.digest}.bin", answer)
    progress("candidates", len(missing), len(missing))
    rows: list[npt.NDArray[np.int32]] = []
    centres = np.zeros(demand.demands, dtype=np.int32)
    for task in tasks:
        kept = map_arrays(folder / f"{task.digest}.bin")
        rows += np.split(np.array(kept["index"]), np.array(kept["indptr"])[1:-1])
        centres += np.bincount(kept["centre"], minlength=demand.demands).astype(np.int32)
    return Evaluation(rows, centres, len(missing), len(tasks) - len(missing))


def judge_of(inputs: ComputeInputs, demand: Demand, stand: Standing, options: Sequence[Option]) -> Judge:
    """Prepare to judge options."""
    cells = [cell for option in options for cell in option.cells]
    return Judge(
        inputs,
        demand,
        stand,
        options,
        new_network(inputs, cells),
        np.concatenate([[0], np.cumsum([len(option.cells) for option in options])]).astype(np.int64),
        [_Village(village, stand.elsewhere) for village in demand.villages],
    )


def _tasks(inputs: ComputeInputs, demand: Demand, options: Sequence[Option], goal: Goal) -> list[_Task]:
    by_place: dict[int, list[int]] = {}
    for number, option in enumerate(options):
        by_place.setdefault(option.place, []).append(number)
    basis = fingerprint(
        {
            "form": FORM,
            "engine": engine_version(),
            "method": inputs.method.as_dict(),
            "layers": dict(inputs.layer_hashes),
            "goal": asdict(goal),
            "pixels": fingerprint(demand.pixel),
            "villages": demand.village_index,
        }
    )
    groups = list(by_place.values())
    tasks = []
    for begin in range(0, len(groups), PLACES_A_TASK):
        part = groups[begin : begin + PLACES_A_TASK]
        told = [
            [[option.means, option.band, option.cells] for option in map(options.__getitem__, one)]
            for one in part
        ]
        tasks.append(_Task(tuple(map(tuple, part)), fingerprint([basis, told])[:32]))
    return tasks


class _Village:
    """A village with the cells that an option decides: those that no other service serves."""

    def __init__(self, village: VillageDemand, elsewhere: BoolArray) -> None:
        own = np.unique(np.append(village.pixel, village.centre))
        self.lit = elsewhere[own]
        at = np.searchsorted(own, village.pixel)
        self.weight = np.bincount(at, village.weight, minlength=own.size)
        self.shape = replace(village, pixel=at, centre=int(np.searchsorted(own, village.centre)))
        dark = np.flatnonzero(~self.lit)
        self.parts = [(own[dark[part::PARTS]], dark[part::PARTS]) for part in range(PARTS)]


class _Trial:
    """An option that serves the centre of a village, and what is known of the village's other cells."""

    def __init__(self, option: int, village: int, cells: _Village) -> None:
        self.option, self.village = option, village
        self._cells = cells
        self._lit = cells.lit.copy()
        self._dark = 0.0

    def learn(self, part: int, lit: BoolArray) -> None:
        """Take in what is known of a part of the village."""
        at = self._cells.parts[part][1]
        self._lit[at] = lit
        self._dark += float(self._cells.weight[at][~lit].sum())

    def is_open(self, rule: VillageRule) -> bool:
        """Tell whether the village may still turn out served."""
        return self._dark <= 1.0 - rule.served_share + 1e-9

    def is_served(self, rule: VillageRule) -> bool:
        """Apply the rule; every cell is known."""
        return self.is_open(rule) and self._cells.shape.is_served(self._lit, rule)


def _judge_task(task: _Task, *, judge: Judge) -> dict[str, npt.NDArray[np.generic]]:
    rows: list[Int64Array] = []
    centres: list[Int64Array] = []
    for numbers in task.places:
        place = AtPlace(judge, numbers)
        served = place.villages() if judge.demand.villages else place.pixels()
        rows += served
        centres += place.centres
    index = np.concatenate([np.empty(0, np.int64), *rows]).astype(np.int32)
    indptr = np.concatenate([[0], np.cumsum([row.size for row in rows])]).astype(np.int64)
    return {"index": index, "indptr": indptr, "centre": np.concatenate([np.empty(0, np.int64), *centres])}


class AtPlace:
    """Judges the options of one place.

    Parameters
    ----------
    judge : Judge
    numbers : sequence of int
        Options.
    """

    def __init__(self, judge: Judge, numbers: Sequence[int]) -> None:
        self._judge = judge
        self._numbers = numbers
        self.centres: list[Int64Array] = []
        first = judge.options[numbers[0]].cells[0]
        self._x_m, self._y_m = first.x_m, first.y_m
        method = judge.inputs.method
        self._around: dict[str, Surroundings] = {}
        self._reach_m = max(method.radius_m(judge.options[k].cells[0].frequency_mhz) for k in numbers)

    def near(self) -> Int64Array:
        """Demand pixels within reach."""
        grid, pixel = self._judge.inputs.grid, self._judge.demand.pixel
        row0, col0, rows, cols = grid.disc_window(self._x_m, self._y_m, self._reach_m)
        first, last = np.searchsorted(pixel, [row0 * grid.width, (row0 + rows) * grid.width])
        col = pixel[first:last] % grid.width
        return first + np.flatnonzero((col >= col0) & (col < col0 + cols))

    def pixels(self) -> list[Int64Array]:
        """Demand pixels that each option serves."""
        at = self.near()
        served = self._served(at, self._numbers)
        found = [at[served[k]] for k in self._numbers]
        self.centres = found
        return found

    def villages(self) -> list[Int64Array]:
        """Villages that each option serves."""
        demand = self._judge.demand
        centre = np.array([village.centre for village in demand.villages], dtype=np.int64)
        near = np.flatnonzero(np.isin(centre, self.near()))
        at, back = np.unique(centre[near], return_inverse=True)
        lit = self._served(at, self._numbers)
        trials = [
            _Trial(k, int(v), self._judge.villages[int(v)])
            for k in self._numbers
            for v, is_lit in zip(near, lit[k][back], strict=True)
            if is_lit
        ]
        self.centres = [
            np.array([one.village for one in trials if one.option == k], np.int64) for k in self._numbers
        ]
        self._settle(trials)
        won = [one for one in trials if one.is_served(demand.rule)]
        return [np.array([one.village for one in won if one.option == k], np.int64) for k in self._numbers]

    def _settle(self, trials: list[_Trial]) -> None:
        """Look at cells part by part, until too much of each village is known to stay dark."""
        rule = self._judge.demand.rule
        for part in range(PARTS):
            open_ = [one for one in trials if one.is_open(rule)]
            if not open_:
                return
            parts = {one.village: self._judge.villages[one.village].parts[part][0] for one in open_}
            at = np.unique(np.concatenate(list(parts.values())))
            lit = self._served(at, sorted({one.option for one in open_}))
            where = {village: np.searchsorted(at, pixel) for village, pixel in parts.items()}
            for one in open_:
                one.learn(part, lit[one.option][where[one.village]])

    def _served(self, at: Int64Array, wanted: Sequence[int]) -> dict[int, BoolArray]:
        """Tell of each option which pixels (places in the demand, ascending) are served with it."""
        judge = self._judge
        return {
            k: judge.stand.with_new(at, carrier_of(judge.options[k].cells[0]), new)
            for k, new in self.levels(at, wanted).items()
        }

    def levels(self, at: Int64Array, wanted: Sequence[int]) -> dict[int, Levels]:
        """Return what the cells of each option give at pixels (places in the demand, ascending)."""
        judge = self._judge
        here = spot(judge.demand.pixel[at], judge.inputs.grid.width)
        by_model: dict[str, list[int]] = {}
        for k in wanted:
            cell = judge.options[k].cells[0]
            model = judge.inputs.method.model_for(cell.technology, cell.frequency_mhz)
            by_model.setdefault(model, []).append(k)
        found = {}
        for model, members in by_model.items():
            losses = self._losses(here, members, model)
            for k in members:
                cell = judge.options[k].cells[0]
                found[k] = self._levels(k, losses[cell.antenna_height_m, cell.frequency_mhz], here)
        return found

    def _losses(
        self, here: Spot, members: Sequence[int], model: str
    ) -> dict[tuple[float, float], npt.NDArray[np.float32]]:
        """Losses by height and frequency; heights and carriers of a place share the paths."""
        judge, method = self._judge, self._judge.inputs.method
        cells = [judge.options[k].cells[0] for k in members]
        heights_m = sorted({cell.antenna_height_m for cell in cells})
        frequencies_mhz = sorted({cell.frequency_mhz for cell in cells})
        if model not in self._around:
            self._around[model] = surroundings(
                judge.inputs.terrain,
                x_m=self._x_m,
                y_m=self._y_m,
                radius_m=self._reach_m,
                method=replace(method, model=model),
                clutter=judge.inputs.clutter,
            )
        loss_db = self._around[model].losses(
            Pixels(here.row, here.col),
            heights_m=heights_m,
            frequencies_mhz=frequencies_mhz,
            radii_m=[method.radius_m(frequency_mhz) for frequency_mhz in frequencies_mhz],
        )
        return {
            (height_m, frequency_mhz): loss_db[h, f]
            for h, height_m in enumerate(heights_m)
            for f, frequency_mhz in enumerate(frequencies_mhz)
        }

    def _levels(self, number: int, loss_db: npt.NDArray[np.float32], here: Spot) -> Levels:
        first, last = self._judge.first_cell[number], self._judge.first_cell[number + 1]
        return self._judge.network.levels(np.arange(first, last, dtype=np.int32), loss_db, here)
