"""Every way a table can break its contract is found, at its row, with what is allowed."""

from __future__ import annotations

import math

import geopandas as gpd
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely import LineString, Point, Polygon

from phusong.coverage.errors import InputError
from phusong.coverage.tables import TABLES, check_table, table_schema

CELL = {
    "cell_id": "A-1",
    "site_id": "A",
    "operator": "VNPT",
    "technology": "4G",
    "frequency_mhz": 1842.5,
    "bandwidth_mhz": 20.0,
    "antenna_height_m": 30.0,
    "azimuth_deg": None,
    "downtilt_deg": 3.0,
    "power_dbm": 46.0,
    "antenna_gain_dbi": 17.0,
    "horizontal_beamwidth_deg": 65.0,
    "vertical_beamwidth_deg": 7.0,
    "is_on_air": True,
    "assumed": None,
}


def _table(*records: dict, geometry: object = None) -> gpd.GeoDataFrame:
    shape = Point(105.5, 20.0) if geometry is None else geometry
    return gpd.GeoDataFrame(pd.DataFrame(list(records)), geometry=[shape] * len(records), crs="EPSG:4326")


def _told(findings: list) -> list[tuple]:
    return [(one.code, one.row, one.column, one.value) for one in findings]


def test_a_good_table_has_no_findings() -> None:
    assert check_table("cells", _table(CELL), site_ids={"A"}) == []


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"frequency_mhz": 7000.0}, ("out_of_range", "frequency_mhz", "7000")),
        ({"antenna_height_m": -3.0}, ("out_of_range", "antenna_height_m", "-3")),
        ({"antenna_height_m": "cao"}, ("not_a_number", "antenna_height_m", "cao")),
        ({"power_dbm": math.inf}, ("not_a_number", "power_dbm", "inf")),
        ({"technology": "6G"}, ("not_allowed", "technology", "6G")),
        ({"bandwidth_mhz": 17.0}, ("not_allowed", "bandwidth_mhz", "17")),
        ({"operator": None}, ("missing_value", "operator", None)),
        ({"operator": "  "}, ("missing_value", "operator", None)),
        ({"is_on_air": "perhaps"}, ("not_yes_no", "is_on_air", "perhaps")),
        ({"site_id": "B"}, ("unknown_site", "site_id", "B")),
        ({"operator": "x" * 5000}, ("text_too_long", "operator", "x" * 77 + "...")),
    ],
)
def test_a_bad_value_is_found_where_it_stands(change: dict, expected: tuple) -> None:
    findings = check_table("cells", _table(CELL, {**CELL, "cell_id": "A-2", **change}), site_ids={"A"})
    code, column, value = expected
    assert (code, 2, column, value) in _told(findings)


def test_the_second_of_two_equal_ids_is_refused() -> None:
    findings = check_table("sites", _table({"site_id": "A"}, {"site_id": "A"}))
    assert _told(findings) == [("not_unique", 2, "site_id", "A")]


def test_rows_are_numbered_as_in_the_file() -> None:
    findings = check_table("sites", _table({"site_id": None, "source_row": 17}))
    assert _told(findings) == [("missing_value", 17, "site_id", None)]


def test_missing_columns_are_named_once() -> None:
    findings = check_table("villages", pd.DataFrame({"village_id": ["1", "2"]}))
    assert {one.column for one in findings if one.code == "missing_column"} == {
        "name",
        "commune_code",
        "geometry",
    }


@pytest.mark.parametrize(
    ("layer", "geometry", "code"),
    [
        ("sites", LineString([(105, 20), (106, 20)]), "wrong_geometry"),
        ("sites", Point(), "missing_geometry"),
        ("sites", Point(500, 20), "coordinates_out_of_range"),
        ("sites", Point(105, 95), "coordinates_out_of_range"),
        ("sites", Point(math.nan, 20), "coordinates_out_of_range"),
    ],
)
def test_geometry_is_held_against_the_contract(layer: str, geometry: object, code: str) -> None:
    findings = check_table(layer, _table({"site_id": "A"}, geometry=geometry))
    assert next(one.code for one in findings) == code


def test_villages_must_lie_in_known_communes() -> None:
    table = _table({"village_id": "1", "name": "Bản Na", "commune_code": "00001"})
    assert check_table("villages", table, commune_codes={"00001"}) == []
    assert [one.code for one in check_table("villages", table, commune_codes={"14758"})] == [
        "unknown_commune"
    ]


def test_places_may_be_points_or_areas() -> None:
    area = Polygon([(105, 20), (106, 20), (106, 21)])
    assert check_table("places", _table({"place_id": "1", "kind": "school"}, geometry=area)) == []


def test_unknown_layers_are_named_with_the_known_ones() -> None:
    with pytest.raises(InputError) as refused:
        check_table("towers", pd.DataFrame())
    assert "sites" in str(refused.value.parameters["allowed"])


def test_every_layer_has_a_schema_with_its_columns() -> None:
    for layer, rule in TABLES.items():
        assert list(table_schema(layer).columns) == [column.name for column in rule.columns]


@given(
    st.lists(st.one_of(st.none(), st.floats(), st.text(max_size=5), st.booleans()), min_size=1, max_size=8)
)
def test_no_value_whatever_breaks_the_check(values: list) -> None:
    table = _table(*({"site_id": str(number), "mast_height_m": value} for number, value in enumerate(values)))
    bad = {one.row for one in check_table("sites", table)}
    for number, value in enumerate(values, start=1):
        good = value is None or (isinstance(value, float) and (math.isnan(value) or 0 <= value <= 700))
        if good:
            assert number not in bad
        elif isinstance(value, float | bool):
            assert number in bad
