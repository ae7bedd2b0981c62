"""Levels of single paths from cells to points, explained."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from phusong.coverage.errors import GridError
from phusong.coverage.grids import Raster
from phusong.coverage.method import Method
from phusong.coverage.propagation.explain import PathExplanation, explain_path
from phusong.coverage.radio.cell import Cell
from phusong.coverage.radio.link_budget import rsrp_offset_dbm
from phusong.coverage.radio.pattern import cell_loss_db

NEAREST_M = 1.0
"""A point on the mast itself is judged from this far, because a path needs a length."""


@dataclass(frozen=True, slots=True)
class Link:
    """The path from a cell to a point and the level that arrives.

    Attributes
    ----------
    cell : Cell
    path : PathExplanation
    pattern_loss_db : float
        How far the antenna sends below its gain in this direction.
    rsrp_dbm : float
        Median level at the point.
    """

    cell: Cell
    path: PathExplanation
    pattern_loss_db: float
    rsrp_dbm: float

    @property
    def free_space_rsrp_dbm(self) -> float:
        """Level over the same distance in free space."""
        return rsrp_offset_dbm(self.cell) - self.pattern_loss_db - self.path.parts_db["free_space"]

    @property
    def obstruction_db(self) -> float:
        """How much less the path would lose over even ground between its ends."""
        return max(self.path.total_db - self.path.without_terrain_db, 0.0)


def explain_link(
    terrain: Raster, cell: Cell, *, x_m: float, y_m: float, method: Method, clutter: Raster | None = None
) -> Link:
    """Explain the path from a cell to a point of the study grid.

    Parameters
    ----------
    terrain : Raster
        Metres above sea level.
    cell : Cell
    x_m, y_m : float
        The point, in the study CRS.
    method : Method
    clutter : Raster, optional
        Representative clutter heights on the grid of the terrain.

    Raises
    ------
    GridError
        When the mast or the point lies off the grid or the path crosses unknown terrain.
    """
    path = _Ends(terrain, clutter, x_m, y_m, method).path(cell)
    return _link(terrain, cell, path, x_m=x_m, y_m=y_m, method=method)


def explain_links(
    terrain: Raster,
    cells: Sequence[Cell],
    *,
    x_m: float,
    y_m: float,
    method: Method,
    clutter: Raster | None = None,
) -> list[Link]:
    """Explain the paths from several cells to a point; sectors of one antenna and carrier share theirs.

    Cells whose path crosses unknown terrain are left out.
    """
    ends = _Ends(terrain, clutter, x_m, y_m, method)
    paths: dict[tuple[float, float, float, float, str], PathExplanation | None] = {}
    links = []
    for cell in cells:
        model = method.model_for(cell.technology, cell.frequency_mhz)
        key = (cell.x_m, cell.y_m, cell.antenna_height_m, cell.frequency_mhz, model)
        if key not in paths:
            paths[key] = ends.known_path(cell)
        if (path := paths[key]) is not None:
            links.append(_link(terrain, cell, path, x_m=x_m, y_m=y_m, method=method))
    return links


@dataclass(frozen=True, slots=True)
class _Ends:
    """The point that paths end in, and what they cross."""

    terrain: Raster
    clutter: Raster | None
    x_m: float
    y_m: float
    method: Method

    def known_path(self, cell: Cell) -> PathExplanation | None:
        """Explain the path from a cell; None where it crosses unknown terrain."""
        try:
            return self.path(cell)
        except GridError as error:
            if error.code == "terrain_unknown":
                return None
            raise

    def path(self, cell: Cell) -> PathExplanation:
        """Explain the path from a cell."""
        x_m = self.x_m
        if math.hypot(x_m - cell.x_m, self.y_m - cell.y_m) < NEAREST_M:
            is_inside = self.terrain.grid.contains(cell.x_m + NEAREST_M, cell.y_m)
            x_m = cell.x_m + (NEAREST_M if is_inside else -NEAREST_M)
        return explain_path(
            self.terrain,
            cell.x_m,
            cell.y_m,
            cell.antenna_height_m,
            x_m,
            self.y_m,
            self.method.receiver_height_m,
            cell.frequency_mhz,
            replace(self.method, model=self.method.model_for(cell.technology, cell.frequency_mhz)),
            clutter=self.clutter,
        )


def _link(
    terrain: Raster, cell: Cell, path: PathExplanation, *, x_m: float, y_m: float, method: Method
) -> Link:
    pattern_db = _pattern_db(terrain, cell, x_m, y_m, method.receiver_height_m)
    return Link(cell, path, pattern_db, rsrp_offset_dbm(cell) - pattern_db - path.total_db)


def _pattern_db(terrain: Raster, cell: Cell, x_m: float, y_m: float, receiver_height_m: float) -> float:
    east_m, north_m = x_m - cell.x_m, y_m - cell.y_m
    foot_m = float(terrain.values[terrain.grid.row_col(cell.x_m, cell.y_m)])
    ground_m = float(terrain.values[terrain.grid.row_col(x_m, y_m)])
    drop_m = foot_m + cell.antenna_height_m - ground_m - receiver_height_m
    return float(cell_loss_db(cell, *direction_deg(east_m, north_m, drop_m)))


def direction_deg(east_m: float, north_m: float, drop_m: float) -> tuple[float, float]:
    """Return azimuth from grid north and depression of what lies so far east, north and below."""
    azimuth_deg = math.degrees(math.atan2(east_m, north_m))
    return azimuth_deg, math.degrees(math.atan2(drop_m, max(math.hypot(east_m, north_m), 1.0)))
