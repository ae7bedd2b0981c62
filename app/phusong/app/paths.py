"""Terrain of a study around single paths and masts, and paths drawn over it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import rasterio
from pyproj import Transformer
from rasterio.windows import Window

from phusong.app.compute.cellrows import cell_of_row
from phusong.coverage.errors import InputError, NotFoundError
from phusong.coverage.grids import FloatArray, Grid, Raster
from phusong.coverage.method import Method
from phusong.coverage.propagation.explain import PathExplanation, explain_path
from phusong.coverage.radio.cell import Cell
from phusong.geodata.antennas import antenna_patterns
from phusong.geodata.store.folder import FolderStore
from phusong.geodata.store.rasters import read_grid

MARGIN_CELLS = 3  # of terrain around a path, for interpolation
LONGEST_PATH_M = 150_000.0
SHORTEST_PATH_M = 1.0


@dataclass(frozen=True, slots=True)
class Place:
    """A place in degrees and on the study grid."""

    lon_deg: float
    lat_deg: float
    x_m: float
    y_m: float


class StudyGround:
    """Terrain and clutter of a study, read only where they are needed.

    Parameters
    ----------
    store : FolderStore

    Raises
    ------
    InputError
        ``terrain_missing`` for a study without terrain.
    """

    def __init__(self, store: FolderStore) -> None:
        if not store.has("terrain"):
            raise InputError("terrain_missing")
        self.terrain_tif = Path(store.raster_path("terrain"))
        self.clutter_tif = Path(store.raster_path("clutter")) if store.has("clutter") else None
        self.grid: Grid = read_grid(self.terrain_tif)
        self._patterns = antenna_patterns(store)
        self._to_metres = Transformer.from_crs(4326, self.grid.epsg, always_xy=True)

    def place(self, lon_deg: float, lat_deg: float) -> Place:
        """Bring a place onto the study grid; it may lie outside."""
        return Place(lon_deg, lat_deg, *self._to_metres.transform(lon_deg, lat_deg))

    def degrees(self, x_m: FloatArray, y_m: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Longitudes and latitudes of points of the study grid, to about a centimetre."""
        lon_deg, lat_deg = self._to_metres.transform(x_m, y_m, direction="INVERSE")
        return np.round(lon_deg, 7), np.round(lat_deg, 7)

    def contains(self, x_m: float, y_m: float) -> bool:
        """Tell whether a point lies in the study grid."""
        return bool(np.isfinite([x_m, y_m]).all()) and self.grid.contains(x_m, y_m)

    def between(self, x1_m: float, y1_m: float, x2_m: float, y2_m: float) -> tuple[Raster, Raster | None]:
        """Read terrain and clutter around a path.

        Raises
        ------
        InputError
            ``place_outside`` when an end lies outside the terrain, ``path_too_short``, ``path_too_long``.
        """
        if not (self.contains(x1_m, y1_m) and self.contains(x2_m, y2_m)):
            raise InputError("place_outside")
        distance_m = float(np.hypot(x2_m - x1_m, y2_m - y1_m))
        if distance_m < SHORTEST_PATH_M:
            raise InputError("path_too_short", distance_m=round(distance_m, 2), allowed=SHORTEST_PATH_M)
        if distance_m > LONGEST_PATH_M:
            raise InputError("path_too_long", distance_m=round(distance_m), allowed=LONGEST_PATH_M)
        rows, cols = zip(self.grid.row_col(x1_m, y1_m), self.grid.row_col(x2_m, y2_m), strict=True)
        return self._read(min(rows), max(rows), min(cols), max(cols))

    def around(self, x_m: float, y_m: float, radius_m: float) -> tuple[Raster, Raster | None]:
        """Read terrain and clutter around a mast; the edge lies beyond the radius or is that of the study.

        Raises
        ------
        InputError
            ``place_outside`` when the mast lies outside the terrain.
        """
        if not self.contains(x_m, y_m):
            raise InputError("place_outside")
        row0, col0, rows, cols = self.grid.disc_window(x_m, y_m, radius_m)
        return self._read(row0, row0 + rows - 1, col0, col0 + cols - 1)

    def _read(self, top: int, bottom: int, left: int, right: int) -> tuple[Raster, Raster | None]:
        row0, col0 = max(top - MARGIN_CELLS, 0), max(left - MARGIN_CELLS, 0)
        height = min(bottom + MARGIN_CELLS + 1, self.grid.height) - row0
        width = min(right + MARGIN_CELLS + 1, self.grid.width) - col0
        part = self.grid.window(row0, col0, height, width)
        window = Window(col0, row0, width, height)
        clutter = None if self.clutter_tif is None else _part(self.clutter_tif, window, part)
        return _part(self.terrain_tif, window, part), clutter

    def cell(self, frame: gpd.GeoDataFrame | None, cell_id: str) -> Cell:
        """Find a cell in a table of cells and bring it onto the study grid.

        Raises
        ------
        NotFoundError
            ``cell_unknown``.
        """
        row = find_row(frame, "cell_id", cell_id)
        if row is None:
            raise NotFoundError("cell_unknown", cell_id=cell_id[:80])
        x_m, y_m = self._to_metres.transform(row["geometry"].x, row["geometry"].y)
        return cell_of_row(row, x_m, y_m, patterns=self._patterns)

    def path_record(self, path: PathExplanation) -> dict[str, Any]:
        """Return a path as plain values, from the transmitter to the receiver."""
        lon_deg, lat_deg = self.degrees(path.x_m, path.y_m)
        return {
            "distance_m": path.distance_m.tolist(),
            "ground_m": path.ground_m.tolist(),
            "sight_m": path.sight_m.tolist(),
            "fresnel_lower_m": (path.sight_m - path.fresnel_radius_m).tolist(),
            "fresnel_upper_m": (path.sight_m + path.fresnel_radius_m).tolist(),
            "lon": lon_deg.tolist(),
            "lat": lat_deg.tolist(),
            "loss_db": {"total": path.total_db, **path.parts_db},
            "edges": [asdict(edge) for edge in path.edges],
        }


def explain_between(
    ground: StudyGround,
    start: Place,
    end: Place,
    *,
    start_height_m: float,
    end_height_m: float,
    frequency_mhz: float,
    method: Method,
) -> dict[str, Any]:
    """Explain the path between any two points of a study.

    Parameters
    ----------
    ground : StudyGround
    start, end : Place
    start_height_m, end_height_m : float
        Antennas above ground.
    frequency_mhz : float
    method : Method

    Returns
    -------
    dict
        Plain values; the parts of ``loss_db`` sum to its ``total``.

    Raises
    ------
    InputError, GridError, ModelRangeError
        As `StudyGround.between` and `explain_path`.
    """
    terrain, clutter = ground.between(start.x_m, start.y_m, end.x_m, end.y_m)
    path = explain_path(
        terrain,
        start.x_m,
        start.y_m,
        start_height_m,
        end.x_m,
        end.y_m,
        end_height_m,
        frequency_mhz,
        replace(method, model=method.model_for("", frequency_mhz)),  # of no technology: its band's model
        clutter=clutter,
    )
    worst = path.obstruction
    return {
        "from": _end_record(start, start_height_m),
        "to": _end_record(end, end_height_m),
        "frequency_mhz": frequency_mhz,
        **ground.path_record(path),
        "without_obstacles_db": path.without_terrain_db,
        "obstruction": None
        if worst is None
        else {**asdict(worst), "distance_m": float(path.distance_m[-1]) - worst.distance_m},
        "method": method.as_dict(),
    }


def find_row(frame: gpd.GeoDataFrame | None, column: str, value: str) -> dict[str, Any] | None:
    """Return the first row with a value; None without a table or such a row."""
    if frame is None:
        return None
    found = frame[frame[column].astype(str) == value]
    return None if found.empty else dict(found.iloc[0])


def _end_record(place: Place, height_m: float) -> Mapping[str, float]:
    return {"lon": place.lon_deg, "lat": place.lat_deg, "height_m": height_m}


def _part(tif: Path, window: Window, part: Grid) -> Raster:
    with rasterio.open(tif) as raster:
        height_m, nodata = raster.read(1, window=window), raster.nodata
    return Raster(part, np.where(height_m == nodata, np.float32(np.nan), height_m), "m")
