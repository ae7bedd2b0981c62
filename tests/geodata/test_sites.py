"""A plain site list becomes cells, and every default says that it is one."""

from __future__ import annotations

import geopandas as gpd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import Point

from phusong.coverage.radio.stations import STATION_KINDS
from phusong.coverage.tables import check_table
from phusong.geodata.sites import CELL_COLUMNS, derive_cells, split_azimuths, split_technologies


def _sites(*records: dict) -> gpd.GeoDataFrame:
    names = {name for record in records for name in record}
    columns = {name: [record.get(name) for record in records] for name in sorted(names | {"site_id"})}
    return gpd.GeoDataFrame(columns, geometry=[Point(105.5, 20.0)] * len(records), crs="EPSG:4326")


def test_a_bare_site_is_one_omni_4g_cell_with_everything_assumed() -> None:
    (cell,) = derive_cells(_sites({"site_id": "A1"})).to_dict("records")
    assert cell["cell_id"] == "A1-4G-1842.5-1"
    assert (cell["operator"], cell["technology"], cell["is_on_air"]) == ("Không rõ", "4G", True)
    assert cell["azimuth_deg"] != cell["azimuth_deg"]
    assert cell["horizontal_beamwidth_deg"] == 360.0
    for name in ("operator", "technology", "frequency_mhz", "antenna_height_m", "azimuth_deg", "power_dbm"):
        assert name in cell["assumed"].split(";")


def test_what_the_list_says_is_used_and_not_called_assumed() -> None:
    cells = derive_cells(
        _sites(
            {
                "site_id": "A1",
                "operator": "VNPT",
                "technologies": "4G;5G",
                "frequency_mhz": 3750.0,
                "azimuths_deg": "10;130;250",
                "antenna_height_m": 40.0,
                "power_dbm": 49.0,
            }
        )
    )
    assert len(cells) == 6
    five = cells[cells["technology"] == "5G"]
    assert list(five["cell_id"]) == ["A1-5G-3750-1", "A1-5G-3750-2", "A1-5G-3750-3"]
    assert list(five["azimuth_deg"]) == [10.0, 130.0, 250.0]
    assert set(five["power_dbm"]) == {49.0}
    assert not {
        "operator",
        "technology",
        "frequency_mhz",
        "antenna_height_m",
        "azimuth_deg",
        "power_dbm",
    } & set(five["assumed"].iloc[0].split(";"))
    # 3750 MHz is no 4G band, so 4G falls back to its usual one and says so
    four = cells[cells["technology"] == "4G"]
    assert set(four["frequency_mhz"]) == {1842.5}
    assert "frequency_mhz" in four["assumed"].iloc[0].split(";")


def test_planned_sites_are_not_on_air_and_old_technologies_have_no_cells() -> None:
    cells = derive_cells(
        _sites({"site_id": "A", "status": "planned"}, {"site_id": "B", "technologies": "2G;3G"})
    )
    assert list(cells["site_id"]) == ["A"]
    assert list(cells["is_on_air"]) == [False]


def test_operators_that_share_a_mast_and_band_get_different_ids() -> None:
    cells = derive_cells(_sites({"site_id": "A", "operator": "Viettel;VNPT", "technologies": "4G"}))
    assert list(cells["operator"]) == ["Viettel", "VNPT"]
    assert cells["cell_id"].is_unique


def test_the_owner_and_the_mast_stand_in_and_are_named() -> None:
    (cell,) = derive_cells(_sites({"site_id": "A", "owner": "MobiFone", "mast_height_m": 42.0})).to_dict(
        "records"
    )
    assert (cell["operator"], cell["antenna_height_m"]) == ("MobiFone", 42.0)
    assert {"operator", "antenna_height_m"} <= set(cell["assumed"].split(";"))


def test_no_sites_give_no_cells_with_all_columns() -> None:
    cells = derive_cells(_sites({"site_id": "A"}).iloc[:0])
    assert len(cells) == 0
    assert [name for name in CELL_COLUMNS if name not in cells] == []


def test_the_sites_are_left_as_they_were() -> None:
    sites = _sites({"site_id": "A", "operator": "VNPT"})
    before = sites.copy()
    derive_cells(sites)
    assert sites.equals(before)


@pytest.mark.parametrize("text", ["x", "0;nan", "inf"])
def test_azimuths_must_be_numbers(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        split_azimuths(text)


def test_technologies_are_read_in_any_spelling() -> None:
    assert split_technologies("lte, 5g nr") == ("4G", "5G")


def test_a_kind_of_station_has_its_own_defaults() -> None:
    small, macro = derive_cells(
        _sites({"site_id": "A", "station_kind": "small_cell"}, {"site_id": "B", "azimuths_deg": "90"})
    ).to_dict("records")
    assert (small["power_dbm"], small["antenna_height_m"], small["antenna_gain_dbi"]) == (30.0, 10.0, 5.0)
    assert (macro["power_dbm"], macro["antenna_height_m"], macro["antenna_gain_dbi"]) == (46.0, 36.0, 17.5)
    assert {small["mimo_layers"], macro["mimo_layers"]} == {2}
    assert "mimo_layers" in small["assumed"].split(";")


@pytest.mark.parametrize("mast_height_m", [0.0, 0.3, 650.0])
def test_a_mast_of_unlikely_height_does_not_carry_the_antenna(mast_height_m: float) -> None:
    (cell,) = derive_cells(_sites({"site_id": "A", "mast_height_m": mast_height_m})).to_dict("records")
    assert cell["antenna_height_m"] == 36.0


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    frequency_mhz=st.none() | st.floats(30.0, 6_000.0),
    antenna_height_m=st.none() | st.floats(0.5, 500.0),
    mast_height_m=st.none() | st.floats(0.0, 700.0),
    power_dbm=st.none() | st.floats(-30.0, 80.0),
    azimuths_deg=st.none() | st.lists(st.integers(0, 360), min_size=1, max_size=6),
    technologies=st.sampled_from([None, "4G", "5G", "4G;5G", "3G/LTE"]),
    station_kind=st.sampled_from([None, *STATION_KINDS]),
)
def test_cells_of_any_allowed_site_are_allowed(azimuths_deg: list[int] | None, **site: object) -> None:
    aims = None if azimuths_deg is None else ";".join(map(str, azimuths_deg))
    sites = _sites({"site_id": "A", "azimuths_deg": aims, **site})
    assert check_table("sites", sites) == []
    cells = derive_cells(sites)
    assert len(cells) >= len(azimuths_deg or [1])
    assert check_table("cells", cells, site_ids={"A"}) == []
