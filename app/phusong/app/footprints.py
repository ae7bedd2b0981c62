"""How far a cell of a study serves in every direction, and what ends it there."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from typing import Any

import geopandas as gpd
import numpy as np

from phusong.app.compute.served import required_dbm
from phusong.app.compute.stacks import carrier_of
from phusong.app.paths import StudyGround
from phusong.coverage.footprint import Footprint, ServiceEnds, aimed_dbm, limit_footprint, service_ends
from phusong.coverage.grids import FloatArray, Raster
from phusong.coverage.method import Method
from phusong.coverage.propagation.area import path_loss_area
from phusong.coverage.propagation.explain import even_ground_loss_db
from phusong.coverage.radio.cell import Cell


class AreaMode(StrEnum):
    """How an area is predicted: every pixel by its own profile, or by radials that share their work."""

    EXACT = "exact"
    SWEEP = "sweep"


def footprint_record(
    ground: StudyGround,
    cells: gpd.GeoDataFrame | None,
    cell_id: str,
    *,
    method: Method,
    mode: AreaMode = AreaMode.SWEEP,
) -> dict[str, Any]:
    """Say how far a cell serves in every direction and what ends it there.

    Service counts by the cell's own level, whether or not a stronger cell serves the same place and whatever
    the interference.

    Parameters
    ----------
    ground : StudyGround
    cells : GeoDataFrame or None
        Cells of the study, EPSG:4326.
    cell_id : str
        On air or not.
    method : Method
    mode : AreaMode

    Returns
    -------
    dict
        Plain values: the cell, the level required, `footprint.Footprint.as_dict` with the place where
        service ends in every direction, and the method record.

    Raises
    ------
    NotFoundError
        ``cell_unknown``.
    InputError
        ``place_outside`` for a mast outside the terrain; ``threshold_missing``.
    GridError
        ``transmitter_ground_unknown``.
    """
    cell = ground.cell(cells, cell_id)
    model = method.model_for(cell.technology, cell.frequency_mhz)
    needed_dbm = required_dbm(method, carrier_of(cell), has_clutter=ground.clutter_tif is not None)
    found = _footprint(ground, cell, replace(method, model=model), needed_dbm, mode)
    lon_deg, lat_deg = ground.degrees(np.array([cell.x_m]), np.array([cell.y_m]))
    return {
        "cell_id": cell.cell_id,
        "site_id": cell.site_id,
        "operator": cell.operator,
        "technology": cell.technology,
        "frequency_mhz": cell.frequency_mhz,
        "antenna_height_m": cell.antenna_height_m,
        "azimuth_deg": cell.azimuth_deg,
        "lon": float(lon_deg[0]),
        "lat": float(lat_deg[0]),
        "threshold_dbm": method.threshold_dbm[cell.technology],
        "required_dbm": needed_dbm,
        "radius_m": method.radius_m(cell.frequency_mhz),
        "model": model,
        "mode": mode.value,
        **found.as_dict(),
        "outline": _outline(ground, cell, found),
        "method": method.as_dict(),
    }


def _footprint(
    ground: StudyGround,
    cell: Cell,
    method: Method,
    needed_dbm: float,
    mode: AreaMode,
) -> Footprint:
    radius_m = method.radius_m(cell.frequency_mhz)
    terrain, clutter = ground.around(cell.x_m, cell.y_m, radius_m)
    area = path_loss_area(
        terrain,
        x_m=cell.x_m,
        y_m=cell.y_m,
        antenna_height_m=cell.antenna_height_m,
        frequencies_mhz=[cell.frequency_mhz],
        radii_m=[radius_m],
        method=method,
        clutter=clutter,
        mode=mode.value,
    )
    loss_db = area.loss_db[0]
    sent_dbm = aimed_dbm(cell, terrain, receiver_height_m=method.receiver_height_m)
    rows, cols = loss_db.shape
    part = slice(area.row0, area.row0 + rows), slice(area.col0, area.col0 + cols)
    ends = service_ends(
        sent_dbm[part] - loss_db,
        row0=area.row0,
        col0=area.col0,
        terrain=terrain,
        x_m=cell.x_m,
        y_m=cell.y_m,
        required_dbm=needed_dbm,
        radius_m=radius_m,
    )
    even_dbm = sent_dbm[ends.row, ends.col] - _even_loss_db(terrain, cell, ends, method)
    return limit_footprint(ends, even_dbm=even_dbm, required_dbm=needed_dbm)


def _even_loss_db(terrain: Raster, cell: Cell, ends: ServiceEnds, method: Method) -> FloatArray:
    foot_m = float(terrain.values[terrain.grid.row_col(cell.x_m, cell.y_m)])
    is_level = np.array([cut is None for cut in ends.cut_by])
    return even_ground_loss_db(
        np.where(is_level, np.maximum(ends.ends_at_m, 1.0), np.nan),
        foot_m - terrain.values[ends.row, ends.col].astype(np.float64),
        frequency_mhz=cell.frequency_mhz,
        h1_m=cell.antenna_height_m,
        h2_m=method.receiver_height_m,
        method=method,
        step_m=terrain.grid.cell_size_m,
    )


def _outline(ground: StudyGround, cell: Cell, found: Footprint) -> list[list[float]]:
    """Longitude and latitude of the farthest place served in every direction."""
    azimuth = np.radians(found.azimuth_deg)
    x_m = cell.x_m + found.served_to_m * np.sin(azimuth)
    y_m = cell.y_m + found.served_to_m * np.cos(azimuth)
    return np.column_stack(ground.degrees(x_m, y_m)).tolist()
