"""A cell as sites in Vietnam have them, for tests of radio planning."""

from __future__ import annotations

from phusong.coverage.radio.cell import Cell

SECTOR = Cell(
    cell_id="a-1",
    site_id="a",
    operator="Viettel",
    technology="4G",
    frequency_mhz=1842.5,
    bandwidth_mhz=20.0,
    x_m=0.0,
    y_m=0.0,
    antenna_height_m=36.0,
    azimuth_deg=90.0,
    downtilt_deg=4.0,
    power_dbm=46.0,
    antenna_gain_dbi=17.5,
    horizontal_beamwidth_deg=65.0,
    vertical_beamwidth_deg=7.0,
)
