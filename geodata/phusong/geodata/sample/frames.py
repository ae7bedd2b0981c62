"""Generated features as tables in longitude and latitude, in the columns of the table contracts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely

from phusong.geodata.sample.fibre import Fibre
from phusong.geodata.sample.land import Points
from phusong.geodata.sample.network import Masts
from phusong.geodata.sample.roads import Roads
from phusong.geodata.sample.settlements import MOUNTAIN, Villages
from phusong.geodata.sample.spec import layer_generator

WGS84 = 4326
_STEP_DEG = 1e-7


def table_of(columns: Mapping[str, Any], geometry: object, *, epsg: int) -> gpd.GeoDataFrame:
    """Make a table in EPSG:4326 (coordinates to 1e-7 degrees) from metric geometry."""
    frame = gpd.GeoDataFrame(
        dict(columns), geometry=np.asarray(geometry, dtype=object).tolist(), crs=f"EPSG:{epsg}"
    ).to_crs(epsg=WGS84)
    # rounding moves shared vertices alike, so that neighbours still share them
    rounded = shapely.transform(frame.geometry.to_numpy(), lambda at: np.round(at / _STEP_DEG) * _STEP_DEG)
    return frame.set_geometry(gpd.GeoSeries(rounded, crs=frame.crs, index=frame.index))


def records_table(records: Sequence[Mapping[str, Any]], points_m: Points, *, epsg: int) -> gpd.GeoDataFrame:
    """Make a table of points from records."""
    columns = {name: [record[name] for record in records] for name in records[0]}
    return table_of(columns, shapely.points(points_m), epsg=epsg)


def villages_table(
    villages: Villages, names: Sequence[str], codes: Sequence[str], *, epsg: int, seed: int
) -> gpd.GeoDataFrame:
    """Villages in the columns of the villages table.

    Parameters
    ----------
    villages : Villages
    names : sequence of str
        One a village.
    codes : sequence of str
        One a commune.
    """
    rng = layer_generator(seed, "village classes")
    count = len(villages.commune)
    remote = (villages.kind == MOUNTAIN) * (0.25 + 0.75 * rng.random(count))
    area_class = np.select([remote > 0.68, remote > 0.42, remote > 0], ["III", "II", "I"], default="")
    running = np.zeros(count, np.int64)
    for commune in np.unique(villages.commune):
        own = villages.commune == commune
        running[own] = np.arange(1, int(own.sum()) + 1)
    difficult = (area_class == "III") & (rng.random(count) < 0.7)
    dark = difficult & (rng.random(count) < 0.12)
    columns = {
        "village_id": [
            f"{codes[int(commune)]}-{number:03d}"
            for commune, number in zip(villages.commune, running, strict=True)
        ],
        "name": list(names),
        "commune_code": [codes[int(commune)] for commune in villages.commune],
        "households": villages.households.astype(float),
        "population": villages.people.astype(float),
        "area_class": [str(text) or None for text in area_class],
        "is_especially_difficult": difficult,
        "is_electrified": ~dark,
    }
    return table_of(columns, shapely.points(villages.points_m), epsg=epsg)


def site_ids(count: int) -> list[str]:
    """Invent site ids."""
    return [f"MAU{number:04d}" for number in range(1, count + 1)]


def sites_table(
    masts: Masts, has_fibre: npt.NDArray[np.bool_], commune_names: Sequence[str], *, epsg: int
) -> gpd.GeoDataFrame:
    """Masts in the columns of the sites table; names say the commune, for people to find them."""
    seen: dict[str, int] = {}
    names = []
    for commune in commune_names:
        seen[commune] = seen.get(commune, 0) + 1
        names.append(f"{commune} {seen[commune]}")
    columns = {
        "site_id": site_ids(len(names)),
        "name": names,
        "mast_height_m": masts.height_m,
        "owner": [operators[0] for operators in masts.operators],
        "status": ["on_air"] * len(names),
        "has_fibre": has_fibre,
    }
    return table_of(columns, shapely.points(masts.points_m), epsg=epsg)


def roads_table(roads: Roads, *, epsg: int) -> gpd.GeoDataFrame:
    """Roads in the columns of the roads table; roads above commune class are named by a number."""
    letters = {"national": "QL.9", "provincial": "ĐT.9"}
    numbers = dict.fromkeys(letters, 0)
    names: list[str | None] = []
    for kind in roads.kinds:
        if str(kind) not in letters:
            names.append(None)
            continue
        numbers[str(kind)] += 1
        names.append(f"{letters[str(kind)]}{numbers[str(kind)]:02d}")
    columns = {
        "road_id": [f"R{number:05d}" for number in range(1, len(names) + 1)],
        "name": names,
        "class": roads.kinds.tolist(),
    }
    return table_of(columns, roads.lines, epsg=epsg)


def fibre_tables(fibre: Fibre, *, epsg: int) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Routes and nodes in the columns of their tables."""
    routes = {
        "route_id": [f"F{number:05d}" for number in range(1, len(fibre.lines) + 1)],
        "name": [None] * len(fibre.lines),
        "operator": fibre.operators.tolist(),
        "kind": fibre.kinds.tolist(),
    }
    nodes = {
        "node_id": [f"N{number:05d}" for number in range(1, len(fibre.nodes_m) + 1)],
        "name": [None] * len(fibre.nodes_m),
        "operator": fibre.node_operators.tolist(),
        "kind": fibre.node_kinds.tolist(),
        "capacity": fibre.capacity,
    }
    return (
        table_of(routes, fibre.lines, epsg=epsg),
        table_of(nodes, shapely.points(fibre.nodes_m), epsg=epsg),
    )
