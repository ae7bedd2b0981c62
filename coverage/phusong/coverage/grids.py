"""Metric, north-up grids and the rasters that lie on them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from phusong.coverage.errors import GridError

FloatArray = npt.NDArray[np.floating[Any]]

MAX_CELLS = 400_000_000


@dataclass(frozen=True, slots=True)
class Grid:
    """A metric, north-up grid.

    Attributes
    ----------
    width, height : int
        Number of columns and rows.
    cell_size_m : float
        Side of a square cell in metres of the projection.
    left_m, top_m : float
        Easting and northing of the outer corner of the top-left cell.
    epsg : int
        EPSG code of the projected CRS.

    Examples
    --------
    >>> grid = Grid(width=2, height=3, cell_size_m=30.0, left_m=0.0, top_m=90.0, epsg=32648)
    >>> grid.bounds
    (0.0, 0.0, 60.0, 90.0)
    >>> grid.row_col(15.0, 75.0)
    (0, 0)
    """

    width: int
    height: int
    cell_size_m: float
    left_m: float
    top_m: float
    epsg: int

    def __post_init__(self) -> None:
        if self.width < 1 or self.height < 1:
            raise GridError("grid_empty", width=self.width, height=self.height)
        if not (np.isfinite(self.cell_size_m) and self.cell_size_m > 0):
            raise GridError("grid_cell_size", cell_size_m=self.cell_size_m)
        if self.width * self.height > MAX_CELLS:
            raise GridError("grid_too_large", cells=self.width * self.height, allowed=MAX_CELLS)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.height, self.width

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """Left, bottom, right, top in metres."""
        right_m = self.left_m + self.width * self.cell_size_m
        bottom_m = self.top_m - self.height * self.cell_size_m
        return self.left_m, bottom_m, right_m, self.top_m

    def row_col(self, x_m: float, y_m: float) -> tuple[int, int]:
        """Row and column of the cell holding a point; may lie outside the grid."""
        col = int(np.floor((x_m - self.left_m) / self.cell_size_m))
        row = int(np.floor((self.top_m - y_m) / self.cell_size_m))
        return row, col

    def contains(self, x_m: float, y_m: float) -> bool:
        """Tell whether a point lies in the grid."""
        row, col = self.row_col(x_m, y_m)
        return 0 <= row < self.height and 0 <= col < self.width

    def centre(self, row: int, col: int) -> tuple[float, float]:
        """Easting and northing of a cell's centre."""
        return (
            self.left_m + (col + 0.5) * self.cell_size_m,
            self.top_m - (row + 0.5) * self.cell_size_m,
        )

    def window(self, row0: int, col0: int, height: int, width: int) -> Grid:
        """Return the part of the grid that starts at a cell; shares cells with this grid."""
        return Grid(
            width=width,
            height=height,
            cell_size_m=self.cell_size_m,
            left_m=self.left_m + col0 * self.cell_size_m,
            top_m=self.top_m - row0 * self.cell_size_m,
            epsg=self.epsg,
        )

    def disc_window(self, x_m: float, y_m: float, radius_m: float) -> tuple[int, int, int, int]:
        """Row0, col0, rows, cols of the part of the grid within reach of a point (rows, cols may be 0)."""
        top, left = self.row_col(x_m - radius_m, y_m + radius_m)
        bottom, right = self.row_col(x_m + radius_m, y_m - radius_m)
        row0, row1 = max(top, 0), min(bottom + 1, self.height)
        col0, col1 = max(left, 0), min(right + 1, self.width)
        return row0, col0, max(row1 - row0, 0), max(col1 - col0, 0)


@dataclass(frozen=True, slots=True)
class Raster:
    """Values on a grid.

    Attributes
    ----------
    grid : Grid
    values : ndarray, shape (grid.height, grid.width)
        NaN where nothing is known.
    unit : str
        Unit of the values, e.g. ``"m"``, ``"dBm"``, ``"people"``.
    """

    grid: Grid
    values: FloatArray
    unit: str

    def __post_init__(self) -> None:
        if self.values.shape != self.grid.shape:
            raise GridError("raster_shape", expected=str(self.grid.shape), found=str(self.values.shape))
