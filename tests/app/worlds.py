"""Small worlds whose answers are known without the engine."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
from shapely.geometry import Point, box

from phusong.coverage.grids import Grid, Raster
from phusong.geodata.store.folder import FolderStore
from phusong.geodata.store.meta import LayerMeta

EPSG = 32648
LEFT_M, TOP_M = 500_010.0, 2_200_020.0
CELL_M = 30.0
SIDE_CELLS = 400
NOISE_FREE = {"min_sinr_db": None, "location_probability": 0.5}


def at(east_m: float, south_m: float) -> tuple[float, float]:
    """Study coordinates of a place counted from the north-west corner."""
    return LEFT_M + east_m, TOP_M - south_m


def empty_study(path: Path, *, method: Mapping[str, Any]) -> FolderStore:
    from phusong.coverage.method import method_from_dict

    store = FolderStore.create(path, name="Thế giới thử", epsg=EPSG)
    store.set_method(method_from_dict({**store.method().as_dict(), **method}))
    return store


def put(store: FolderStore, layer: str, rows: Sequence[Mapping[str, Any]], geometry: Sequence[Any]) -> None:
    frame = gpd.GeoDataFrame(list(rows), geometry=list(geometry), crs=f"EPSG:{EPSG}").to_crs(epsg=4326)
    store.put_table(layer, frame, LayerMeta(layer=layer, source="test"))


def put_terrain(store: FolderStore, height_m: np.ndarray | None = None) -> Grid:
    grid = Grid(
        width=SIDE_CELLS, height=SIDE_CELLS, cell_size_m=CELL_M, left_m=LEFT_M, top_m=TOP_M, epsg=EPSG
    )
    values = np.zeros(grid.shape, dtype=np.float32) if height_m is None else height_m.astype(np.float32)
    store.put_raster("terrain", Raster(grid, values, "m"), LayerMeta(layer="terrain", source="test"))
    return grid


def put_people(store: FolderStore, people: np.ndarray) -> None:
    grid = store.grid()
    store.put_raster(
        "population", Raster(grid, people.astype(np.float64), "people"), LayerMeta("population", "test")
    )


def square(east_m: float, south_m: float, side_m: float):  # type: ignore[no-untyped-def]
    left, top = at(east_m, south_m)
    return box(left, top - side_m, left + side_m, top)


def point(east_m: float, south_m: float) -> Point:
    return Point(*at(east_m, south_m))


def cell(
    cell_id: str, *, power_dbm: float = 46.0, operator: str = "Viettel", technology: str = "4G", **more: Any
) -> dict[str, Any]:
    """An omni cell of plain properties; 20 MHz at 1,800 MHz and 0 dBi unless told otherwise."""
    return {
        "cell_id": cell_id,
        "site_id": more.pop("site_id", cell_id),
        "operator": operator,
        "technology": technology,
        "frequency_mhz": 1800.0,
        "bandwidth_mhz": 20.0,
        "antenna_height_m": 30.0,
        "azimuth_deg": None,
        "downtilt_deg": 0.0,
        "power_dbm": power_dbm,
        "antenna_gain_dbi": 0.0,
        "horizontal_beamwidth_deg": 65.0,
        "vertical_beamwidth_deg": 10.0,
        "is_on_air": True,
        "assumed": None,
        **more,
    }


def free_space_reach_m(
    power_dbm: float, *, frequency_mhz: float = 1800.0, threshold_dbm: float = -110.0
) -> float:
    """Slant range at which a 20 MHz LTE cell of 0 dBi falls to the threshold in free space."""
    rsrp_at_1_km = (
        power_dbm
        - 10 * math.log10(1200)
        - 20 * math.log10(4 * math.pi * 1000 * frequency_mhz * 1e6 / 299_792_458)
    )
    return 1000 * 10 ** ((rsrp_at_1_km - threshold_dbm) / 20)


def power_for_reach(reach_m: float) -> float:
    """Power of a cell of `cell` that reaches just so far."""
    return 46.0 + 20 * math.log10(reach_m / free_space_reach_m(46.0))
