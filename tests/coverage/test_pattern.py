"""Tables of antenna patterns: the 3GPP sector, omni antennas, measured antennas and both kinds of tilt."""

from __future__ import annotations

import math
from dataclasses import asdict, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.coverage.cells import SECTOR

from phusong.coverage.errors import InputError
from phusong.coverage.radio.antenna import pattern_loss_db, sector_loss_db
from phusong.coverage.radio.pattern import (
    OMNI_LIMIT_DB,
    cell_loss_db,
    omni_beamwidth_deg,
    pattern_key,
    pattern_table,
)
from phusong.coverage.radio.tabulated import AntennaPattern

OMNI = replace(SECTOR, azimuth_deg=None, antenna_gain_dbi=11.0, downtilt_deg=0.0)
# Falls by 1 dB in 10 degrees across and by 1 dB a degree around a beam 6 degrees below the horizon.
ACROSS_DB = tuple(min(i, 360 - i) / 10 for i in range(360))
DOWN_DB = tuple(float(min((i - 6) % 360, (6 - i) % 360)) for i in range(360))
MEASURED = AntennaPattern("K-1", 16.0, 6.0, ACROSS_DB, DOWN_DB)
PANEL = replace(SECTOR, antenna="K-1", pattern=MEASURED, downtilt_deg=6.0)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    azimuth=st.floats(-720, 720),
    depression=st.floats(-90, 90),
    tilt=st.floats(-10, 20),
    across=st.floats(20, 180),
    up=st.floats(3, 90),
)
def test_sector_table_agrees_with_the_formula(azimuth, depression, tilt, across, up):
    cell = replace(SECTOR, downtilt_deg=tilt, horizontal_beamwidth_deg=across, vertical_beamwidth_deg=up)
    expected = sector_loss_db(azimuth - 90.0, depression, tilt, across, up)
    assert cell_loss_db(cell, azimuth, depression) == pytest.approx(expected, abs=0.01)


def test_single_links_and_tables_agree_over_all_directions():
    azimuths, depressions = np.meshgrid(np.arange(0.0, 360.0, 0.77), np.arange(-90.0, 90.0, 0.53))
    formula = pattern_loss_db(
        azimuths,
        depressions,
        sector_azimuth_deg=90.0,
        downtilt_deg=4.0,
        horizontal_beamwidth_deg=65.0,
        vertical_beamwidth_deg=7.0,
    )
    assert np.abs(cell_loss_db(SECTOR, azimuths, depressions) - formula).max() < 0.01


def test_omni_attenuates_up_and_down_only():
    table = pattern_table(OMNI)
    assert not table.horizontal_db.any()
    assert table.limit_db == pytest.approx(16.549, abs=1e-3)
    # 107.6 10^(-1.1) = 8.547 degrees at 11 dBi; half of that off the axis costs 3 dB.
    assert omni_beamwidth_deg(OMNI) == pytest.approx(8.547, abs=1e-3)
    half = omni_beamwidth_deg(OMNI) / 2
    assert cell_loss_db(OMNI, [0.0, 123.0], [half, -half]) == pytest.approx(3.0, abs=0.01)
    assert cell_loss_db(OMNI, 0.0, [90.0, -90.0]) == pytest.approx(OMNI_LIMIT_DB)


def test_an_omni_antenna_of_no_gain_has_no_lobe():
    assert cell_loss_db(replace(OMNI, antenna_gain_dbi=-20.0), 0.0, [-90.0, 0.0, 90.0]).max() < 0.01
    wide = replace(OMNI, vertical_beamwidth_deg=30.0)
    assert omni_beamwidth_deg(wide) == 30.0


def test_mechanical_tilt_sinks_in_front_and_rises_behind():
    leaning = replace(SECTOR, downtilt_deg=0.0, mechanical_tilt_deg=5.0, horizontal_beamwidth_deg=360.0)
    # H is 0, 0.75, 3 dB at 0, 90, 180 degrees off; V is nil where the leaning beam points.
    losses = cell_loss_db(leaning, [90.0, 180.0, 0.0, 270.0], [5.0, 0.0, 0.0, -5.0])
    assert losses == pytest.approx([0.0, 0.75, 0.75, 3.0], abs=0.01)
    assert cell_loss_db(leaning, 90.0, 8.5) == pytest.approx(3.0, abs=0.01)


def test_electrical_tilt_sinks_all_around():
    wide = replace(SECTOR, horizontal_beamwidth_deg=360.0)
    assert cell_loss_db(wide, [90.0, 180.0, 270.0], 4.0) == pytest.approx([0.0, 0.75, 3.0], abs=0.01)


def test_mechanical_tilt_means_nothing_to_an_omni_antenna():
    assert pattern_key(replace(OMNI, mechanical_tilt_deg=7.0)) == pattern_key(OMNI)


def test_measured_antenna_adds_its_planes_up():
    # 45.5 degrees off: 4.55 dB; 10 degrees down: 4 degrees below the beam, 4 dB. Straight up: 96 dB.
    assert cell_loss_db(PANEL, [135.5, 44.5], 10.0) == pytest.approx(8.55, abs=1e-4)
    assert cell_loss_db(PANEL, 90.0, [6.0, 6.25, -90.0]) == pytest.approx([0.0, 0.25, 96.0], abs=1e-4)
    assert cell_loss_db(PANEL, 270.0, 6.0) == pytest.approx(18.0, abs=1e-4)
    assert math.isinf(pattern_table(PANEL).limit_db)


def test_another_tilt_turns_the_measured_plane():
    steeper = replace(PANEL, downtilt_deg=9.0)
    assert cell_loss_db(steeper, 90.0, [9.0, 6.0]) == pytest.approx([0.0, 3.0], abs=1e-4)


def test_a_step_between_last_and_first_degree_is_interpolated():
    lopsided = AntennaPattern("L", 0.0, 0.0, tuple(float(i) / 2 for i in range(360)), (0.0,) * 360)
    cell = replace(SECTOR, pattern=lopsided, downtilt_deg=0.0)
    # Half way between 179.5 dB at 359 degrees and 0 dB at 360.
    assert cell_loss_db(cell, 90.0 + 359.5, 0.0) == pytest.approx(89.75, abs=1e-3)


def test_beamwidths_are_read_off_the_planes():
    assert (MEASURED.horizontal_beamwidth_deg, MEASURED.vertical_beamwidth_deg) == (60.0, 6.0)
    assert AntennaPattern("O", 0.0, 0.0, (0.0,) * 360, DOWN_DB).horizontal_beamwidth_deg == 360.0


@pytest.mark.parametrize(
    ("plane", "values"),
    [
        ("horizontal_db", (0.0,) * 359),
        ("vertical_db", (0.0,) * 359 + (float("nan"),)),
        ("vertical_db", (0.0,) * 359 + (-1.0,)),
        ("horizontal_db", (0.0,) * 359 + (1e9,)),
    ],
)
def test_a_measured_antenna_must_be_whole(plane, values):
    with pytest.raises(InputError, match="antenna_values") as refusal:
        replace(MEASURED, **{plane: values})
    assert refusal.value.parameters["name"] == plane
    assert refusal.value.parameters["antenna_id"] == "K-1"


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    azimuth=st.floats(-1e4, 1e4),
    depression=st.floats(-90, 90),
    leaning=st.floats(-30, 45),
    cell=st.sampled_from([SECTOR, OMNI, PANEL]),
)
def test_attenuation_is_never_negative_and_repeats_every_turn(azimuth, depression, leaning, cell):
    tilted = replace(cell, mechanical_tilt_deg=leaning)
    here, turned = cell_loss_db(tilted, [azimuth, azimuth + 360.0], depression)
    assert 0.0 <= here <= pattern_table(tilted).limit_db
    assert turned == pytest.approx(here, abs=1e-5)


def test_cells_share_a_table_exactly_when_their_keys_are_equal():
    assert pattern_key(SECTOR) == pattern_key(replace(SECTOR, azimuth_deg=0.0, x_m=5.0, power_dbm=30.0))
    others = [
        replace(SECTOR, downtilt_deg=5.0),
        replace(SECTOR, vertical_beamwidth_deg=8.0),
        replace(SECTOR, mechanical_tilt_deg=1.0),
        OMNI,
        PANEL,
        replace(PANEL, pattern=replace(MEASURED, vertical_db=ACROSS_DB)),
    ]
    assert len({pattern_key(cell) for cell in [SECTOR, *others]}) == 7


def test_a_cell_with_a_measured_antenna_can_be_written_down():
    record = asdict(PANEL)
    assert record["pattern"]["gain_dbi"] == 16.0
    assert len(record["pattern"]["vertical_db"]) == 360
