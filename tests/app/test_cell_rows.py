"""Columns of a cells table and its rows, one by one, give the same cells."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest

from phusong.app.compute.cellrows import cell_of_row, cells_of_table
from phusong.coverage.errors import InputError
from phusong.coverage.radio.tabulated import AntennaPattern
from phusong.geodata.antennas import antenna_key


def _table() -> gpd.GeoDataFrame:
    columns = {
        "cell_id": ["a", "b", "c"],
        "site_id": ["A", "A", "C"],
        "operator": ["VNPT", "VNPT", "nan"],
        "technology": ["4G", "5G", "4G"],
        "frequency_mhz": [1842, 3750, 942],
        "bandwidth_mhz": [20.0, 100.0, 5.0],
        "antenna_height_m": [45.0, 30.5, 12.0],
        "azimuth_deg": [np.nan, 120.0, 0.0],
        "downtilt_deg": [3, 4, 5],
        "power_dbm": [46.0, 49.0, 43.0],
        "antenna_gain_dbi": [17.0, 24.0, 11.0],
        "horizontal_beamwidth_deg": [65.0, 65.0, 360.0],
        "vertical_beamwidth_deg": [7.0, 6.0, 15.0],
        "mimo_layers": [4.0, np.nan, None],
        "antenna": [None, np.nan, None],
        "mechanical_tilt_deg": [None, 2.5, np.nan],
        "assumed": ["power_dbm", None, None],
        "is_on_air": [True, None, True],
    }
    place = gpd.points_from_xy([580_000.12345, 580_000.0005, 1e6 / 3], [2_190_000.98765, 2_190_000.0, 2e6])
    return gpd.GeoDataFrame(columns, geometry=place, crs="EPSG:32648")


def test_columns_and_rows_give_the_same_cells() -> None:
    table = _table()
    rows = zip(table.to_dict("records"), table.geometry.x, table.geometry.y, strict=True)
    one_by_one = [cell_of_row(row, x_m, y_m, patterns={}) for row, x_m, y_m in rows]
    assert cells_of_table(table, patterns={}) == one_by_one
    first, second, third = one_by_one
    assert (first.azimuth_deg, first.mimo_layers, first.antenna) == (None, 4, None)
    assert (second.mimo_layers, second.mechanical_tilt_deg, second.x_m) == (2, 2.5, 580_000.0)
    assert third.operator == "nan"
    assert isinstance(third.downtilt_deg, float)


def test_a_measured_antenna_is_found_for_its_row_alone() -> None:
    table = _table()
    table["antenna"] = [None, "K742", None]
    flat = AntennaPattern("K742", 18.5, 0.0, (0.0,) * 360, (0.0,) * 360)
    cells = cells_of_table(table, patterns={antenna_key("K742"): flat})
    assert [cell.pattern for cell in cells] == [None, flat, None]


def test_a_value_out_of_range_names_its_cell() -> None:
    table = _table()
    table.loc[1, "power_dbm"] = 400.0
    with pytest.raises(InputError, match="cell_range") as refusal:
        cells_of_table(table, patterns={})
    assert refusal.value.parameters["cell_id"] == "b"
