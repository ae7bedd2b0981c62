"""Levels of many cells at many points, where only the strongest counts and nothing is explained."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from phusong.app.compute.inputs import ComputeInputs
from phusong.app.compute.links import NEAREST_M, direction_deg, explain_links
from phusong.coverage.grids import FloatArray
from phusong.coverage.manypaths import Paths, median_losses_db
from phusong.coverage.radio.cell import Cell
from phusong.coverage.radio.link_budget import rsrp_offset_dbm
from phusong.coverage.radio.pattern import cells_loss_db
from phusong.coverage.villages import cells_at


@dataclass(frozen=True, slots=True)
class Level:
    """A cell and its median level at a point.

    Attributes
    ----------
    cell : Cell
    rsrp_dbm : float
    """

    cell: Cell
    rsrp_dbm: float


@dataclass(frozen=True, slots=True)
class Question:
    """A point and the cells of which the strongest is wanted.

    Attributes
    ----------
    x_m, y_m : float
        Study CRS, inside the grid.
    cells : tuple of Cell
    """

    x_m: float
    y_m: float
    cells: tuple[Cell, ...]


def strongest_levels(inputs: ComputeInputs, questions: Sequence[Question]) -> list[Level | None]:
    """Find the strongest cell of each question; of equal ones the first. None where all paths are unknown.

    Levels are those of `explain_links`: P.1812 many paths at a time, other models path by path.
    """
    is_plain = [all(_is_p1812(inputs, cell) for cell in one.cells) for one in questions]
    batch = _Batch(inputs)
    for question, plain in zip(questions, is_plain, strict=True):
        if plain:
            batch.add(question)
    found = iter(batch.strongest())
    return [
        next(found) if plain else _explained(inputs, question)
        for question, plain in zip(questions, is_plain, strict=True)
    ]


def _is_p1812(inputs: ComputeInputs, cell: Cell) -> bool:
    return inputs.method.model_for(cell.technology, cell.frequency_mhz) == "p1812"


def _explained(inputs: ComputeInputs, question: Question) -> Level | None:
    links = explain_links(
        inputs.terrain,
        question.cells,
        x_m=question.x_m,
        y_m=question.y_m,
        method=inputs.method,
        clutter=inputs.clutter,
    )
    return _strongest([Level(link.cell, link.rsrp_dbm) for link in links])


def _strongest(levels: Sequence[Level]) -> Level | None:
    known = [level for level in levels if math.isfinite(level.rsrp_dbm)]
    return max(known, key=lambda level: level.rsrp_dbm, default=None)


@dataclass(slots=True)
class _Batch:
    """Questions being gathered: links one after the other, and the paths that they share."""

    inputs: ComputeInputs
    counts: list[int] = field(default_factory=list)
    cells: list[Cell] = field(default_factory=list)
    path_of: list[int] = field(default_factory=list)
    points: list[tuple[float, float]] = field(default_factory=list)
    paths: list[tuple[float, float, float, float, float, float]] = field(default_factory=list)

    def add(self, question: Question) -> None:
        """Note the links of a question; sectors of one antenna and carrier share their path."""
        own: dict[tuple[float, float, float, float], int] = {}
        for cell in question.cells:
            key = (cell.x_m, cell.y_m, cell.antenna_height_m, cell.frequency_mhz)
            if key not in own:
                own[key] = len(self.paths)
                self.paths.append((*key, self._end_x_m(question, cell), question.y_m))
            self.path_of.append(own[key])
        self.counts.append(len(question.cells))
        self.cells += question.cells
        self.points += [(question.x_m, question.y_m)] * len(question.cells)

    def _end_x_m(self, question: Question, cell: Cell) -> float:
        """Easting that the path ends at: a point on the mast itself is judged from beside it."""
        if math.hypot(question.x_m - cell.x_m, question.y_m - cell.y_m) >= NEAREST_M:
            return question.x_m
        is_inside = self.inputs.grid.contains(cell.x_m + NEAREST_M, cell.y_m)
        return cell.x_m + (NEAREST_M if is_inside else -NEAREST_M)

    def strongest(self) -> list[Level | None]:
        """Answer the questions in their order."""
        if not self.cells:
            return [None] * len(self.counts)
        losses_db = self._losses_db()[self.path_of]
        named = {cell.cell_id: cell for cell in self.cells}
        offset_dbm = {name: rsrp_offset_dbm(cell) for name, cell in named.items()}
        offsets_dbm = np.array([offset_dbm[cell.cell_id] for cell in self.cells])
        rsrp_dbm = (offsets_dbm - self._patterns_db() - losses_db).tolist()
        answers, begin = [], 0
        for count in self.counts:
            own = range(begin, begin + count)
            answers.append(_strongest([Level(self.cells[k], rsrp_dbm[k]) for k in own]))
            begin += count
        return answers

    def _losses_db(self) -> FloatArray:
        x1_m, y1_m, height_m, frequency_mhz, x2_m, y2_m = np.array(self.paths, dtype=np.float64).T.copy()
        paths = Paths(x1_m, y1_m, height_m, x2_m, y2_m, frequency_mhz)
        inputs = self.inputs
        return median_losses_db(inputs.terrain, paths, method=inputs.method, clutter=inputs.clutter)

    def _patterns_db(self) -> FloatArray:
        x_m, y_m = np.array(self.points, dtype=np.float64).T
        feet = np.array([(cell.x_m, cell.y_m, cell.antenna_height_m) for cell in self.cells]).T
        ground_m = self._ground_m(x_m, y_m)
        drop_m = self._ground_m(feet[0], feet[1]) + feet[2] - ground_m - self.inputs.method.receiver_height_m
        east_m, north_m = (x_m - feet[0]).tolist(), (y_m - feet[1]).tolist()
        directions = [direction_deg(*one) for one in zip(east_m, north_m, drop_m.tolist(), strict=True)]
        azimuth_deg, depression_deg = np.array(directions, dtype=np.float64).T.copy()
        return cells_loss_db(self.cells, azimuth_deg, depression_deg)

    def _ground_m(self, x_m: FloatArray, y_m: FloatArray) -> FloatArray:
        """Height of the cell of the grid that each point lies in."""
        place = cells_at(self.inputs.grid, x_m=x_m, y_m=y_m)
        heights_m: FloatArray = self.inputs.terrain.values.ravel()[place].astype(np.float64)
        return heights_m
