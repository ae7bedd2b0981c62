"""A tiny computed study in the on-disk contract, with figures a reader can check by hand.

Three communes side by side, each 4 x 4 km: Hạc Thành is served, half of Cẩm Tú is, Đồng Tiến has nothing.
Terrain rises from west to east with one ridge between the mast and the last commune.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import orjson
import pandas as pd
import shapely
from pyproj import Transformer

from phusong.app.compute.budgets import write_cells
from phusong.app.compute.inputs import ComputeInputs, load_inputs, run_id_of
from phusong.app.compute.maps import write_overviews, write_services
from phusong.app.compute.parallel import ThreadPool
from phusong.app.compute.previous import JUDGED_FILE, judging_record
from phusong.app.compute.progress import silent
from phusong.app.compute.served import judge_services
from phusong.app.compute.signalmap import CarrierRecord, SignalMap
from phusong.app.compute.stacks import Carrier, StackBlock, stack_path
from phusong.coverage.grids import Grid, Raster
from phusong.coverage.signal_kernel import LEVEL_MIDDLE_DBM, LEVEL_STEP_DB, NO_LEVEL, power_table
from phusong.geodata.store.arrays import write_arrays
from phusong.geodata.store.folder import FolderStore
from phusong.geodata.store.meta import LayerMeta

EPSG, GRID_M, SIDE_M = 32648, 100.0, 4_000.0
LEFT_M, TOP_M = 580_000.0, 2_194_000.0
WIDTH, HEIGHT = 120, 40
OPERATORS = ("Viettel", "VNPT")
SERVED_DBM, WEAK_DBM = -80.0, -118.0
IMPORTED_AT = "2026-09-30T01:02:03+00:00"
COMPUTED_ON = "2026-10-01T04:05:06+00:00"

COMMUNES = [
    # code, name, kind, people, households, former units
    ("00001", "Hạc Thành", "phường", 9_000, 2_400, "Phường Ba Đình;Phường Điện Biên"),
    ("00002", "Cẩm Tú", "xã", 4_000, 1_000, "Xã Cẩm Quý"),
    ("00003", "Đồng Tiến", "xã", 1_000, 250, None),
]
VILLAGES = [
    # id, name, commune, x and y in km from the left bottom corner, households, status
    ("00001-001", "Phố Ái Sơn", "00001", 2.05, 2.05, 1_200, "served"),
    ("00001-002", "Tổ dân phố 2", "00001", 3.05, 1.05, 1_200, "served"),
    ("00002-001", "Thôn Hoằng Hoá", "00002", 5.05, 2.05, 400, "patchy"),
    ("00002-002", "Thôn Ế Quang", "00002", 7.05, 3.05, 600, "white"),
    ("00003-001", "Bản Đừng", "00003", 10.05, 2.05, 150, "white"),
    ("00003-002", "Bản <script>alert(1)</script>", "00003", 11.05, 1.05, 100, "unknown"),
]
SITES = [("S-1", "Cột Hàm Rồng", 2.0, 2.0), ("S-2", None, 5.5, 2.0)]
CELLS = [
    ("S-1-V4-0", "S-1", "Viettel", "4G", 1842.5, None),
    ("S-1-V5-0", "S-1", "Viettel", "5G", 2560.0, 90.0),
    ("S-2-N4-0", "S-2", "VNPT", "4G", 1815.0, None),
]


def write_study(path: Path, *, computed: bool = True) -> FolderStore:
    """Write the study; without results when not computed."""
    store = FolderStore.create(path, name="Tỉnh thử", epsg=EPSG, grid_m=GRID_M)
    store.update_settings(targets={"5G": {"percent": 60, "year": 2025, "source": "178/KH-UBND"}})
    for layer, frame in _tables().items():
        store.put_table(layer, frame, _meta(layer))
    store.put_raster("terrain", Raster(_grid(), terrain_m(), "m"), _meta("terrain", synthetic=True))
    if computed:
        write_results(store)
    return store


def write_results(store: FolderStore, *, computed_on: str = COMPUTED_ON) -> str:
    """Write a run and put it in place, as a computation does; return its id."""
    run = run_id_of(store, mode="exact")
    folder = store.results_dir / run
    folder.mkdir(parents=True)
    inputs = load_inputs(store, mode="exact")
    write_cells(folder, inputs.cells)
    _write_signal(inputs, folder)
    _village_results().to_parquet(folder / "villages.parquet", index=False)
    (folder / "results.json").write_bytes(orjson.dumps(results_document(store, run, computed_on)))
    pointer = store.results_dir / "current.new"
    pointer.write_bytes(orjson.dumps({"run": run}))
    pointer.replace(store.results_dir / "current.json")
    return run


def results_document(store: FolderStore, run: str, computed_on: str) -> dict[str, Any]:
    """Shares by commune and province."""
    layers = {
        layer: {
            "sha256": meta.content_sha256,
            "source": meta.source,
            "synthetic": meta.synthetic,
            "rows": meta.rows,
        }
        for layer, meta in ((name, store.meta(name)) for name in store.layer_names())
    }
    method = {
        **store.method().as_dict(),
        "layers": layers,
        "synthetic_layers": ["terrain"],
        "assumed": {},
        "grid": {"cell_size_m": GRID_M, "width": WIDTH, "height": HEIGHT, "epsg": EPSG},
        "computed_on": computed_on,
    }
    communes = [_commune_results(place) for place in range(len(COMMUNES))]
    return {
        "run": run,
        "computed_on": computed_on,
        "method": method,
        "technologies": ["4G", "5G", "4G+5G"],
        "operators": ["all", *OPERATORS],
        "province": {
            "name": "Tỉnh thử",
            "area_km2": 48.0,
            "population": 14_000,
            "households": 3_650,
            "villages": 6,
            "villages_by_status": {"white": 2, "patchy": 1, "served": 2, "unknown": 1},
            "shares": _shares([1.0, 0.5, 0.0]),
        },
        "communes": communes,
    }


def lonlat(x_km: float, y_km: float) -> tuple[float, float]:
    """Degrees of a place given in km from the left bottom corner of the study."""
    to_degrees = Transformer.from_crs(EPSG, 4326, always_xy=True)
    lon, lat = to_degrees.transform(LEFT_M + 1000 * x_km, TOP_M - HEIGHT * GRID_M + 1000 * y_km)
    return float(lon), float(lat)


def terrain_m() -> np.ndarray:
    """Heights: a gentle rise to the east and a ridge of 300 m at 8.5 km."""
    east_km = (np.arange(WIDTH) + 0.5) * GRID_M / 1000
    profile = 10 + 5 * east_km + 300 * np.exp(-(((east_km - 8.5) / 0.4) ** 2))
    return np.tile(profile, (HEIGHT, 1)).astype(np.float32)


def _grid() -> Grid:
    return Grid(width=WIDTH, height=HEIGHT, cell_size_m=GRID_M, left_m=LEFT_M, top_m=TOP_M, epsg=EPSG)


def _meta(layer: str, *, synthetic: bool = False) -> LayerMeta:
    return LayerMeta(layer=layer, source=f"{layer}.gpkg", imported_at=IMPORTED_AT, synthetic=synthetic)


def _frame(columns: dict[str, Any], geometry: list[shapely.Geometry]) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(columns, geometry=geometry, crs=EPSG).to_crs(4326)


def _metric_point(x_km: float, y_km: float) -> shapely.Point:
    return shapely.Point(LEFT_M + 1000 * x_km, TOP_M - HEIGHT * GRID_M + 1000 * y_km)


def _tables() -> dict[str, gpd.GeoDataFrame]:
    codes, names, kinds, people, households, former = zip(*COMMUNES, strict=True)
    squares = [
        shapely.box(LEFT_M + place * SIDE_M, TOP_M - SIDE_M, LEFT_M + (place + 1) * SIDE_M, TOP_M)
        for place in range(len(COMMUNES))
    ]
    communes = {
        "commune_code": codes,
        "name": names,
        "kind": kinds,
        "area_official_km2": [16.0] * 3,
        "population": people,
        "households": households,
        "seat": [None] * 3,
        "former_units": former,
    }
    spots = [_metric_point(x_km, y_km) for _, _, x_km, y_km in SITES]
    sites = {
        "site_id": [site[0] for site in SITES],
        "name": [site[1] for site in SITES],
        "mast_height_m": [42.0, np.nan],
        "owner": ["Viettel", None],
        "status": ["on_air", "on_air"],
        "has_fibre": [True, None],
    }
    roads = {"road_id": ["r1"], "name": [None], "class": ["primary"]}
    road = shapely.LineString([(LEFT_M, TOP_M - 2000), (LEFT_M + 12_000, TOP_M - 2000)])
    return {
        "communes": _frame(communes, squares),
        "villages": _village_layer(),
        "sites": _frame(sites, spots),
        "cells": _cells(dict(zip(sites["site_id"], spots, strict=True))),
        "roads": _frame(roads, [road]),
    }


def _village_layer() -> gpd.GeoDataFrame:
    ids, names, codes, x_km, y_km, households, _ = zip(*VILLAGES, strict=True)
    columns = {
        "village_id": ids,
        "name": names,
        "commune_code": codes,
        "households": [float(count) for count in households],
        "population": [3.75 * count for count in households],
        "area_class": [None, None, "I", "II", "III", "III"],
        "is_especially_difficult": [False, False, False, False, True, None],
        "is_electrified": [True] * 6,
    }
    return _frame(columns, [_metric_point(x, y) for x, y in zip(x_km, y_km, strict=True)])


def _cells(spots: dict[str, shapely.Point]) -> gpd.GeoDataFrame:
    ids, sites, operators, technologies, frequencies, azimuths = zip(*CELLS, strict=True)
    count = len(CELLS)
    columns = {
        "cell_id": ids,
        "site_id": sites,
        "operator": operators,
        "technology": technologies,
        "frequency_mhz": frequencies,
        "bandwidth_mhz": [20.0, 100.0, 20.0],
        "antenna_height_m": [36.0] * count,
        "azimuth_deg": pd.array(azimuths, dtype="Float64").to_numpy(dtype=float, na_value=np.nan),
        "downtilt_deg": [3.0] * count,
        "power_dbm": [46.0] * count,
        "antenna_gain_dbi": [17.0] * count,
        "horizontal_beamwidth_deg": [360.0, 65.0, 360.0],
        "vertical_beamwidth_deg": [7.0] * count,
        "is_on_air": [True] * count,
        "assumed": ["power_dbm", None, None],
    }
    return _frame(columns, [spots[site] for site in sites])


def _village_results() -> gpd.GeoDataFrame:
    layer = _village_layer().drop(columns=["population"])
    names = {code: name for code, name, *_ in COMMUNES}
    status = [village[-1] for village in VILLAGES]
    reach = [{"served": 1.0, "patchy": 0.7, "white": 0.0, "unknown": np.nan}[state] for state in status]
    homes = layer["households"].to_numpy()
    reasons = [orjson.dumps(_reason()).decode() if state == "white" else None for state in status]
    return layer.assign(
        commune_name=layer["commune_code"].map(names),
        status=status,
        people=3.75 * homes,
        served_share_people=reach,
        served_share_households=reach,
        people_left_out=3.75 * homes * (1 - np.array(reach)),
        households_left_out=homes * (1 - np.array(reach)),
        elevation_m=[20.0, 25.0, 35.0, 45.0, 60.0, 65.0],
        best_rsrp_dbm=[-80.0, -80.0, -100.0, -118.0, -118.0, np.nan],
        reason=reasons,
        nearest=[orjson.dumps([_nearest()]).decode()] * len(layer),
    )


def _reason() -> dict[str, Any]:
    return {
        "code": "terrain",
        "cell_id": "S-1-V4-0",
        "operator": "Viettel",
        "deficit_db": 8.0,
        "obstruction_db": 21.0,
        "obstruction_distance_m": 1_500.0,
        "obstruction_excess_m": 240.0,
        "rsrp_dbm": -118.0,
        "rsrp_without_terrain_dbm": -97.0,
        "distance_m": 8_050.0,
    }


def _nearest() -> dict[str, Any]:
    lon, lat = lonlat(2.0, 2.0)
    return {
        "operator": "Viettel",
        "site_id": "S-1",
        "cell_id": "S-1-V4-0",
        "technology": "4G",
        "frequency_mhz": 1842.5,
        "distance_m": 8_050.0,
        "bearing_deg": 270.4,
        "rsrp_dbm": -118.0,
        "lon": lon,
        "lat": lat,
    }


def _levels_dbm() -> dict[str, np.ndarray]:
    """Strong west of 6 km, weak up to 8 km, nothing east of it."""
    east_km = np.tile((np.arange(WIDTH) + 0.5) * GRID_M / 1000, (HEIGHT, 1))
    levels = np.select([east_km < 6, east_km < 8], [SERVED_DBM, WEAK_DBM], default=np.nan)
    silent = np.full_like(levels, np.nan)
    near = np.where(east_km < 3, SERVED_DBM, np.nan)
    return {
        ("Viettel", "4G"): levels,
        ("Viettel", "5G"): near,
        ("VNPT", "4G"): silent,
    }


def _write_signal(inputs: ComputeInputs, folder: Path) -> None:
    """Write the stacks, and all that a run works out of them, with the run's own functions."""
    carriers, blocks = {}, []
    for index, ((operator, technology), level_dbm) in enumerate(_levels_dbm().items()):
        carrier = Carrier(operator, technology, 2560.0 if technology == "5G" else 1842.5)
        carriers[carrier] = CarrierRecord(carrier, SERVED_DBM, None, load=0.5, noise_dbm=SERVED_DBM - 12.0)
        known = np.isfinite(level_dbm)
        steps = np.rint((np.where(known, level_dbm, 0.0) - LEVEL_MIDDLE_DBM) / LEVEL_STEP_DB)
        level = np.where(known, steps, NO_LEVEL).astype(np.int16)
        total = power_table()[level.astype(np.int32) - NO_LEVEL]
        cells = np.array([1 if technology == "5G" else 0], dtype=np.int32)
        block = StackBlock(carrier, (0, 0, HEIGHT, WIDTH), cells, f"{index:032x}")
        stack = {"total": total, "level": level[None], "number": np.zeros((1, HEIGHT, WIDTH), np.int16)}
        write_arrays(stack_path(inputs.store.results_dir, block.digest), stack)
        blocks.append(block)
    signal = SignalMap(inputs.store.results_dir, shape=(HEIGHT, WIDTH), carriers=carriers, blocks=blocks)
    signal.save(folder)
    layers = judge_services(inputs, signal, [(0, 0, HEIGHT, WIDTH)], pool=ThreadPool(), progress=silent)
    write_overviews(folder, layers)
    write_services(folder, layers)
    (folder / JUDGED_FILE).write_bytes(orjson.dumps(judging_record(inputs, signal)))


def _shares(parts: list[float]) -> dict[str, Any]:
    """Served parts of the communes given, alike for every technology and operator."""
    totals = {
        "area": [16.0] * 3,
        "population": [commune[3] for commune in COMMUNES],
        "households": [commune[4] for commune in COMMUNES],
        "villages": [2, 2, 2],
    }
    return {
        technology: {
            operator: {
                name: _share(
                    sum(part * total for part, total in zip(parts, by_commune, strict=True)), sum(by_commune)
                )
                for name, by_commune in totals.items()
            }
            for operator in ("all", *OPERATORS)
        }
        for technology in ("4G", "5G", "4G+5G")
    }


def _share(served: float, total: float) -> dict[str, float | None]:
    return {"served": served, "total": total, "share": served / total if total else None}


def _commune_results(place: int) -> dict[str, Any]:
    code, name, kind, people, households, _ = COMMUNES[place]
    west, south = lonlat(4.0 * place, 0.0)
    east, north = lonlat(4.0 * (place + 1), 4.0)
    lon, lat = lonlat(4.0 * place + 2.0, 2.0)
    states = [village[-1] for village in VILLAGES if village[2] == code]
    totals = {"area": 16.0, "population": people, "households": households, "villages": 2}
    part = [1.0, 0.5, 0.0][place]
    return {
        "commune_code": code,
        "name": name,
        "kind": kind,
        "area_km2": 16.0,
        "population": people,
        "households": households,
        "villages": 2,
        "villages_by_status": {
            state: states.count(state) for state in ("white", "patchy", "served", "unknown")
        },
        "lon": lon,
        "lat": lat,
        "bbox": [west, south, east, north],
        "centre": {"4G": place < 2, "5G": place < 1, "4G+5G": place < 2},
        "shares": {
            technology: {
                operator: {name: _share(part * total, total) for name, total in totals.items()}
                for operator in ("all", *OPERATORS)
            }
            for technology in ("4G", "5G", "4G+5G")
        },
    }
