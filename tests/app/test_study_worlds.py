"""Whole runs in worlds that can be checked by hand (user stories 1, 2, 6, 7)."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from shapely.geometry import Point
from tests.app import worlds

from phusong.app.study import Study, open_study
from phusong.coverage.zonal import geodesic_area_km2


def _flat_disc_study(path: Path, reach_m: float) -> Study:
    """Five communes on a plain around one omni mast that reaches a known distance in free space."""
    store = worlds.empty_study(
        path, method={**worlds.NOISE_FREE, "model": "free_space", "receiver_height_m": 1.5}
    )
    squares = [(600, 600, 5000), (5600, 600, 5000), (600, 5600, 5000), (5600, 5600, 2500), (8100, 8100, 2500)]
    worlds.put(
        store,
        "communes",
        [
            {"commune_code": f"0000{i}", "name": f"Xã {i}", "kind": "xã", "population": 1000 * (i + 1)}
            for i in range(5)
        ],
        [worlds.square(*place) for place in squares],
    )
    worlds.put_terrain(store)
    worlds.put(store, "sites", [{"site_id": "m", "name": "M"}], [worlds.point(5200, 5000)])
    worlds.put(
        store,
        "cells",
        [worlds.cell("m", power_dbm=worlds.power_for_reach(reach_m))],
        [worlds.point(5200, 5000)],
    )
    return open_study(path)


def test_area_share_of_a_free_space_disc(tmp_path: Path) -> None:
    reach_m = 3500.0
    study = _flat_disc_study(tmp_path / "study", reach_m)
    study.compute()
    results = study.results()
    ground_reach_m = math.sqrt(reach_m**2 - (30.0 - 1.5) ** 2)
    disc = Point(*worlds.at(5200, 5000)).buffer(ground_reach_m, quad_segs=720)
    shapes = study.store.table("communes").sort_values("commune_code").to_crs(epsg=worlds.EPSG).geometry
    for commune, shape in zip(results["communes"], shapes, strict=True):
        exact = shape.intersection(disc).area / shape.area
        assert commune["shares"]["4G"]["all"]["area"]["share"] == pytest.approx(exact, abs=0.001)
    province = results["province"]["shares"]["4G"]["all"]["area"]
    for part in ("served", "total"):
        parts = [commune["shares"]["4G"]["all"]["area"][part] for commune in results["communes"]]
        assert math.fsum(parts) == pytest.approx(province[part], rel=1e-9)
    true_km2 = sum(geodesic_area_km2(shape) for shape in study.store.table("communes").geometry)
    assert province["total"] == pytest.approx(true_km2, rel=1e-12)


def test_results_carry_the_method_record(tmp_path: Path) -> None:
    study = _flat_disc_study(tmp_path / "study", 2000.0)
    study.compute()
    method = study.results()["method"]
    assert method["id"] and method["model"] == "free_space"
    assert method["threshold_dbm"] == {"4G": -110.0, "5G": -110.0}
    assert method["location_probability"] == 0.5 and method["load"] == 0.5
    for layer in ("terrain", "cells", "communes"):
        assert method["layers"][layer]["sha256"] == study.store.meta(layer).content_sha256
    assert method["grid"]["cell_size_m"] == 30.0


def test_people_sum_to_the_official_totals(tmp_path: Path) -> None:
    study = _flat_disc_study(tmp_path / "study", 3500.0)
    people = np.zeros(study.store.grid().shape)
    people[20:187, 20:187] = 1000 / 167**2
    worlds.put_people(study.store, people)
    study.compute()
    results = study.results()
    first = results["communes"][0]["shares"]["4G"]["all"]["population"]
    assert first["total"] == 1000
    area = results["communes"][0]["shares"]["4G"]["all"]["area"]["share"]
    assert first["share"] == pytest.approx(area, abs=0.01)


def test_commune_centres_are_served_unserved_or_missing(tmp_path: Path) -> None:
    study = _flat_disc_study(tmp_path / "study", 3500.0)
    worlds.put(
        study.store,
        "places",
        [
            {"place_id": f"p{i}", "name": "UBND", "kind": "commune_centre", "commune_code": f"0000{i}"}
            for i in range(4)
        ],
        [
            worlds.point(5000, 5000),
            worlds.point(6000, 5000),
            worlds.point(700, 10500),
            worlds.point(6000, 6000),
        ],
    )
    study.compute()
    centres = [commune["centre"]["4G"] for commune in study.results()["communes"]]
    assert centres == [True, True, False, True, None]


def _valley_study(path: Path) -> Study:
    """A ridge; before it a village with a hamlet behind the ridge, far behind it another village."""
    store = worlds.empty_study(
        path, method={**worlds.NOISE_FREE, "model": "p1812", "max_radius_km": {"mid": 11.0}}
    )
    worlds.put(
        store,
        "communes",
        [{"commune_code": "00001", "name": "Xã Thung", "kind": "xã", "population": 400}],
        [worlds.square(300, 300, 11_400)],
    )
    cols = np.arange(worlds.SIDE_CELLS)
    ridge = 250 * np.exp(-(((cols - 180) / 8.0) ** 2))
    worlds.put_terrain(store, np.broadcast_to(ridge, (worlds.SIDE_CELLS, worlds.SIDE_CELLS)))
    worlds.put(store, "sites", [{"site_id": "m", "name": "M"}], [worlds.point(2400, 6000)])
    worlds.put(store, "cells", [worlds.cell("m", power_dbm=40.0)], [worlds.point(2400, 6000)])
    people = np.zeros(store.grid().shape)
    people[195:205, 105:115] = 200 / 100
    people[195:198, 200:203] = 100 / 9
    people[100:110, 230:240] = 100 / 100
    worlds.put_people(store, people)
    worlds.put(
        store,
        "villages",
        [
            {"village_id": "00001-001", "name": "Bản Giữa", "commune_code": "00001", "households": 75.0},
            {"village_id": "00001-002", "name": "Bản Khuất", "commune_code": "00001", "households": 25.0},
        ],
        [worlds.point(3300, 6000), worlds.point(7050, 3150)],
    )
    return open_study(path)


def test_valley_village_is_patchy_and_the_one_behind_the_ridge_white(tmp_path: Path) -> None:
    study = _valley_study(tmp_path / "study")
    study.compute()
    villages = {one["name"]: one for one in study.villages()["villages"]}
    assert villages["Bản Giữa"]["status"] == "patchy"
    assert villages["Bản Giữa"]["households_left_out"] == pytest.approx(25.0)
    assert villages["Bản Giữa"]["reason"]["code"] == "cluster"
    behind = villages["Bản Khuất"]
    assert behind["status"] == "white" and behind["households_left_out"] == 25.0
    assert behind["reason"]["code"] == "terrain"
    assert behind["reason"]["obstruction_db"] > 10
    assert behind["reason"]["obstruction_distance_m"] == pytest.approx(
        math.hypot(4650, 2850) * (7050 - 5415) / 4650, rel=0.1
    )
    nearest = behind["nearest"][0]
    assert nearest["site_id"] == "m" and nearest["distance_m"] == pytest.approx(
        math.hypot(4650, 2850), rel=0.001
    )
    assert nearest["bearing_deg"] == pytest.approx(180 + math.degrees(math.atan2(4650, 2850)) % 180, abs=1.0)


def test_adding_one_mast_flips_just_the_village_it_reaches(tmp_path: Path) -> None:
    study = _valley_study(tmp_path / "study")
    study.compute()
    before = {one["village_id"]: one["status"] for one in study.villages()["villages"]}
    masts = [worlds.point(2400, 6000), worlds.point(7200, 3000)]
    worlds.put(study.store, "sites", [{"site_id": "m"}, {"site_id": "n"}], masts)
    worlds.put(
        study.store, "cells", [worlds.cell("m", power_dbm=40.0), worlds.cell("n", power_dbm=20.0)], masts
    )
    study.compute()
    after = {one["village_id"]: one["status"] for one in study.villages()["villages"]}
    assert {name for name in before if before[name] != after[name]} == {"00001-002"}
    assert after["00001-002"] == "served"


def test_ridge_shades_and_best_server_is_the_strongest(tmp_path: Path) -> None:
    study = _valley_study(tmp_path / "study")
    study.compute()
    level = study.coverage("4G").rsrp_dbm
    assert level[200, 170] > -100
    # Levels under -150 dBm are not kept.
    assert level[200, 170] - np.nan_to_num(level[200, 195], nan=-150.0) > 25


def test_no_villages_no_people_no_communes_still_gives_area(tmp_path: Path) -> None:
    store = worlds.empty_study(tmp_path / "study", method={**worlds.NOISE_FREE, "model": "free_space"})
    worlds.put_terrain(store)
    worlds.put(store, "sites", [{"site_id": "m"}], [worlds.point(6000, 6000)])
    study = open_study(tmp_path / "study")
    study.compute()
    results = study.results()
    shares = results["province"]["shares"]["4G"]["all"]
    assert results["communes"] == []
    assert 0 < shares["area"]["share"] <= 1
    assert shares["population"]["share"] is None and shares["villages"]["share"] is None
    assert "antenna_height_m" in results["method"]["assumed"]["cells"]
