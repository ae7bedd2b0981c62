"""A computed study with a ridge: three villages without a signal, two of which one summit serves."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from pyproj import Transformer

from phusong.app.study import Study, open_study

from . import worlds

SUMMIT = (6000.0, 6000.0)
VILLAGES = {
    "served": (2000.0, 2500.0),
    "west": (4700.0, 6000.0),
    "east": (7300.0, 6000.0),
    "far": (10_500.0, 10_500.0),
}
MASTS = {"own": ("Viettel", (2000.0, 2000.0)), "other": ("VNPT", (10_000.0, 10_000.0))}


def lonlat(east_m: float, south_m: float) -> tuple[float, float]:
    """Degrees of a place counted from the north-west corner."""
    to_degrees = Transformer.from_crs(worlds.EPSG, 4326, always_xy=True)
    lon, lat = to_degrees.transform(*worlds.at(east_m, south_m))
    return float(lon), float(lat)


def ridge_study(path: Path) -> Study:
    """Write and compute the study."""
    store = worlds.empty_study(path, method={"max_radius_km": {"mid": 6.0}})
    south, east = np.mgrid[: worlds.SIDE_CELLS, : worlds.SIDE_CELLS] * worlds.CELL_M + worlds.CELL_M / 2
    crest = 350.0 + 60.0 * np.exp(-(((south - SUMMIT[1]) / 400.0) ** 2))
    worlds.put_terrain(store, 50.0 + crest * np.exp(-(((east - SUMMIT[0]) / 350.0) ** 2)))
    whole = worlds.square(0, 0, 12_000)
    west = worlds.square(0, 0, 6_000).union(worlds.square(0, 6_000, 6_000))
    communes = [{"commune_code": f"{k:05d}", "name": f"Xã {k}"} for k in range(2)]
    worlds.put(store, "communes", communes, [west, whole.difference(west)])
    _put_people(store)
    sites = [{"site_id": name, "has_fibre": True, "mast_height_m": 35.0} for name in MASTS]
    worlds.put(store, "sites", sites, [worlds.point(*at) for _, at in MASTS.values()])
    # So weak that each mast serves its own surroundings only.
    cells = [
        worlds.cell(name, operator=operator, power_dbm=30.0 if name == "own" else -20.0)
        for name, (operator, _) in MASTS.items()
    ]
    worlds.put(store, "cells", cells, [worlds.point(*MASTS[cell["site_id"]][1]) for cell in cells])
    study = open_study(path)
    study.compute(mode="exact")
    return study


def _put_people(store) -> None:  # type: ignore[no-untyped-def]
    people = np.zeros((worlds.SIDE_CELLS, worlds.SIDE_CELLS))
    rows = []
    for name, (east_m, south_m) in VILLAGES.items():
        row, col = int(south_m // worlds.CELL_M), int(east_m // worlds.CELL_M)
        people[row - 3 : row + 4, col - 3 : col + 4] = 4.0
        commune = f"{int(east_m > 6000):05d}"
        rows.append({"village_id": name, "name": f"Thôn {name}", "commune_code": commune, "households": 50.0})
    worlds.put_people(store, people)
    worlds.put(store, "villages", rows, [worlds.point(*at) for at in VILLAGES.values()])
