"""Why a village has no signal."""

from __future__ import annotations

from dataclasses import replace

import pytest

from phusong.coverage.reasons import PathEvidence, reason

PATH = PathEvidence(
    cell_id="a-1",
    operator="Viettel",
    distance_m=4_000.0,
    radius_m=12_000.0,
    required_dbm=-103.0,
    rsrp_dbm=-123.0,
    free_space_rsrp_dbm=-80.0,
    obstruction_db=0.0,
    sinr_db=5.0,
)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"obstruction_db": 20.0}, "terrain"),
        ({"obstruction_db": 10.1}, "terrain"),
        ({"obstruction_db": 9.9}, "weak"),
        ({}, "weak"),
        ({"free_space_rsrp_dbm": -104.0}, "too_far"),
        ({"free_space_rsrp_dbm": -104.0, "obstruction_db": 15.0}, "too_far"),
        ({"distance_m": 12_001.0, "rsrp_dbm": None}, "too_far"),
        ({"rsrp_dbm": None}, "no_data"),
        ({"rsrp_dbm": float("nan")}, "no_data"),
        ({"rsrp_dbm": -100.0, "sinr_db": -6.5}, "interference"),
        ({"rsrp_dbm": -100.0, "sinr_db": None}, "weak"),
    ],
)
def test_a_white_village_is_told_why(changes, code):
    assert reason("white", replace(PATH, **changes), min_sinr_db=-6.0).code == code


def test_numbers_of_a_shaded_village():
    path = replace(PATH, obstruction_db=31.5, obstruction_distance_m=900.0, obstruction_excess_m=45.0)
    assert reason("white", path).as_dict() == {
        "code": "terrain",
        "cell_id": "a-1",
        "operator": "Viettel",
        "deficit_db": 20.0,
        "obstruction_db": 31.5,
        "obstruction_distance_m": 900.0,
        "obstruction_excess_m": 45.0,
        "rsrp_dbm": -123.0,
        "rsrp_without_terrain_dbm": -91.5,
        "distance_m": 4_000.0,
    }


def test_other_states():
    assert reason("served", PATH) is None
    assert reason("unknown").code == "no_data"
    assert reason("white").code == "no_site"
    assert reason("patchy").code == "cluster"
    assert reason("patchy", PATH).deficit_db == 20.0
