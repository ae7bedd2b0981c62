"""Nearest sites with true distance and bearing."""

from __future__ import annotations

import numpy as np
import pyproj
import pytest

from phusong.coverage.nearest import Points, nearest_sites

TO_UTM = pyproj.Transformer.from_crs(4326, 32648, always_xy=True)


def _points(lonlat):
    lon, lat = np.asarray(lonlat, dtype=float).reshape(-1, 2).T
    x, y = TO_UTM.transform(lon, lat)
    missing = np.isnan(lon)
    return Points(np.where(missing, np.nan, x), np.where(missing, np.nan, y), lon, lat)


def test_bearings_are_true_and_distances_geodesic():
    village = _points([(105.0, 20.0)])
    sites = _points([(105.0, 20.1), (105.1, 20.0), (105.0, 19.9), (104.9, 20.0)])
    table = nearest_sites(village, sites, operators=["N", "E", "S", "W"]).set_index("operator")
    assert table["bearing_deg"][["N", "S"]].tolist() == pytest.approx([0.0, 180.0], abs=1e-6)
    # A parallel is no great circle: due east starts a touch north of 90 degrees.
    assert table["bearing_deg"][["E", "W"]].tolist() == pytest.approx([89.98, 270.02], abs=0.01)
    expected_m = pyproj.Geod(ellps="WGS84").inv(105.0, 20.0, 105.1, 20.0)[2]
    assert table["distance_m"]["E"] == pytest.approx(expected_m, abs=1e-6)
    assert ((table["bearing_deg"] >= 0) & (table["bearing_deg"] < 360)).all()


def test_nearest_of_each_operator_equals_brute_force():
    rng = np.random.default_rng(4)
    villages = _points(rng.uniform([104.5, 19.5], [106.0, 20.5], (40, 2)))
    sites = _points(rng.uniform([104.5, 19.5], [106.0, 20.5], (60, 2)))
    operators = [["Viettel", "VNPT", "MobiFone"][i % 3] for i in range(60)]
    table = nearest_sites(villages, sites, operators=operators)
    assert len(table) == 120
    geod = pyproj.Geod(ellps="WGS84")
    for village, operator, site, distance_m in zip(
        table["village"], table["operator"], table["site"], table["distance_m"], strict=True
    ):
        mine = np.array([i for i in range(60) if operators[i] == operator])
        lon, lat = np.full(20, villages.lon_deg[village]), np.full(20, villages.lat_deg[village])
        all_m = geod.inv(lon, lat, sites.lon_deg[mine], sites.lat_deg[mine])[2]
        assert site == mine[np.argmin(all_m)]
        assert distance_m == pytest.approx(all_m.min())


def test_rows_come_by_village_and_distance_and_missing_places_are_left_out():
    villages = _points([(np.nan, np.nan), (105.0, 20.0)])
    sites = _points([(105.3, 20.0), (105.1, 20.0), (105.1, 20.0), (np.nan, np.nan)])
    table = nearest_sites(villages, sites, operators=["A", "B", "B", "C"])
    assert table[["village", "operator", "site"]].to_numpy().tolist() == [[1, "B", 1], [1, "A", 0]]


def test_nobody_on_air():
    table = nearest_sites(_points([(105.0, 20.0)]), _points([]), operators=[])
    assert list(table.columns) == ["village", "operator", "site", "distance_m", "bearing_deg"]
    assert len(table) == 0
