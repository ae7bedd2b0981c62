"""Cells, bands, antenna patterns and link budgets against numbers worked out by hand."""

from __future__ import annotations

from dataclasses import fields, replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.coverage.cells import SECTOR

from phusong.coverage.errors import InputError
from phusong.coverage.radio.antenna import pattern_loss_db
from phusong.coverage.radio.bands import (
    BANDS,
    TDD_FROM_MHZ,
    allowed_bandwidths_mhz,
    band_of,
    blocks_of,
    default_frequency_mhz,
    resource_blocks,
    subcarrier_spacing_khz,
)
from phusong.coverage.radio.cell import Cell
from phusong.coverage.radio.link_budget import noise_per_re_dbm, rsrp_offset_dbm
from phusong.coverage.radio.stations import STATION_KINDS, cell_defaults


def _pattern(azimuth_deg, depression_deg):
    return pattern_loss_db(
        azimuth_deg,
        depression_deg,
        sector_azimuth_deg=90.0,
        downtilt_deg=4.0,
        horizontal_beamwidth_deg=65.0,
        vertical_beamwidth_deg=7.0,
    )


def test_sector_front_back_and_half_power_points():
    assert _pattern(90.0, 4.0) == 0.0
    assert _pattern(270.0, 4.0) == 30.0
    # Half the beamwidth off the axis costs 12 (1/2)^2 = 3 dB, in either plane, and the planes add up.
    assert _pattern([90 + 32.5, 90 - 32.5, 90.0, 90.0], [4.0, 4.0, 7.5, 0.5]) == pytest.approx(3.0)
    assert _pattern(90 + 32.5, 7.5) == pytest.approx(6.0)


def test_sector_never_falls_more_than_thirty_decibel():
    azimuths, depressions = np.meshgrid(np.arange(-720.0, 720.0, 7.0), np.arange(-90.0, 91.0, 5.0))
    losses = _pattern(azimuths, depressions)
    assert losses.shape == azimuths.shape
    assert losses.min() >= 0.0
    assert losses.max() == 30.0


def test_pattern_repeats_every_turn_and_is_even_about_the_axis():
    off = np.linspace(0.0, 180.0, 50)
    assert _pattern(90 + off, 4.0) == pytest.approx(_pattern(90 - off, 4.0), abs=1e-9)
    assert _pattern(90 + off + 360, 4.0) == pytest.approx(_pattern(90 + off - 720, 4.0), abs=1e-9)


def test_power_per_resource_element():
    # 46 dBm on 100 blocks of 12 subcarriers: 46 - 30.792 + 17.5.
    assert rsrp_offset_dbm(SECTOR) == pytest.approx(32.708, abs=1e-3)
    nr = replace(SECTOR, technology="5G", frequency_mhz=3750.0, bandwidth_mhz=100.0, power_dbm=53.0)
    # 273 blocks: 53 - 35.153 + 17.5.
    assert rsrp_offset_dbm(nr) == pytest.approx(35.347, abs=1e-3)


def test_noise_doubles_with_the_subcarrier_spacing():
    nr = replace(SECTOR, technology="5G", frequency_mhz=3750.0, bandwidth_mhz=100.0)
    quiet, loud = noise_per_re_dbm(SECTOR, noise_figure_db=7.0), noise_per_re_dbm(nr, noise_figure_db=7.0)
    assert quiet == pytest.approx(-173.975 + 41.761 + 7.0, abs=1e-3)
    assert loud - quiet == pytest.approx(10 * np.log10(2), abs=1e-9)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("frequency_mhz", 6_001.0),
        ("frequency_mhz", float("nan")),
        ("antenna_height_m", 0.2),
        ("azimuth_deg", 361.0),
        ("power_dbm", 99.0),
        ("bandwidth_mhz", 7.0),
        ("x_m", float("inf")),
        ("vertical_beamwidth_deg", 0.0),
        ("antenna_height_m", 0.0),
        ("downtilt_deg", 95.0),
        ("mechanical_tilt_deg", 95.0),
        ("mechanical_tilt_deg", float("nan")),
        ("bandwidth_mhz", -20.0),
        ("bandwidth_mhz", float("nan")),
        ("power_dbm", float("-inf")),
        ("antenna_gain_dbi", 1e300),
        ("mimo_layers", 0),
        ("mimo_layers", 9),
        ("mimo_layers", 2.5),
    ],
)
def test_cell_refuses_what_cannot_be(name, value):
    with pytest.raises(InputError) as refusal:
        replace(SECTOR, **{name: value})
    assert refusal.value.code == "cell_range"
    assert refusal.value.parameters["name"] == name
    assert refusal.value.parameters["cell_id"] == "a-1"


def test_cell_refuses_an_unknown_technology():
    with pytest.raises(InputError, match="technology_unknown"):
        replace(SECTOR, technology="6G")


def test_omni_cell_has_no_azimuth():
    assert replace(SECTOR, azimuth_deg=None).is_omni
    assert not SECTOR.is_omni


def test_resource_blocks_by_standard():
    assert resource_blocks("4G", frequency_mhz=1842.5, bandwidth_mhz=10) == 50
    assert resource_blocks("5G", frequency_mhz=763.0, bandwidth_mhz=10) == 52
    assert resource_blocks("5G", frequency_mhz=2550.0, bandwidth_mhz=100) == 273
    with pytest.raises(InputError, match="bandwidth_unknown"):
        resource_blocks("4G", frequency_mhz=1842.5, bandwidth_mhz=100)


@pytest.mark.parametrize("technology", ["4G", "5G"])
@pytest.mark.parametrize("kind", STATION_KINDS)
@pytest.mark.parametrize("frequency_mhz", [763.0, 942.0, 1842.5, 2140.0, 2550.0, 3750.0])
def test_defaults_make_a_valid_cell(technology, frequency_mhz, kind):
    defaults = cell_defaults(technology, frequency_mhz=frequency_mhz, kind=kind)
    names = {item.name for item in fields(Cell)} & {item.name for item in fields(defaults)}
    assert len(names) == 8
    cell = replace(
        SECTOR,
        technology=technology,
        frequency_mhz=frequency_mhz,
        **{name: getattr(defaults, name) for name in names},
    )
    assert replace(cell, azimuth_deg=None, antenna_gain_dbi=defaults.omni_gain_dbi).is_omni
    assert defaults.bandwidth_mhz in allowed_bandwidths_mhz(technology, frequency_mhz=frequency_mhz)
    # The resource blocks fit into the carrier with a guard band left.
    blocks = resource_blocks(technology, frequency_mhz=frequency_mhz, bandwidth_mhz=defaults.bandwidth_mhz)
    spacing_khz = subcarrier_spacing_khz(technology, frequency_mhz=frequency_mhz)
    assert 0.88 < blocks * 12 * spacing_khz / 1e3 / defaults.bandwidth_mhz < 1.0


def test_small_stations_send_less_from_lower():
    macro, small, indoor = (
        cell_defaults("5G", frequency_mhz=3750.0, kind=kind) for kind in ("macro", "small_cell", "indoor")
    )
    assert macro.power_dbm > small.power_dbm > indoor.power_dbm
    assert macro.antenna_height_m > small.antenna_height_m > indoor.antenna_height_m
    # 107.6 10^(-0.5) = 34.03 degrees for 5 dBi.
    assert small.vertical_beamwidth_deg == 34.0
    with pytest.raises(InputError, match="station_unknown"):
        cell_defaults("5G", frequency_mhz=3750.0, kind="balloon")


def test_bands_and_their_holders():
    assert band_of(763.0).name == "700"
    assert band_of(2600.0).name == "2600"
    assert band_of(450.0) is None
    assert [block.centre_mhz for block in blocks_of("Viettel", technology="5G")] == [773.0, 2550.0]
    assert blocks_of("Vietnamobile", technology="5G") == ()
    assert default_frequency_mhz("5G", operator="MobiFone") == 3850.0
    assert default_frequency_mhz("5G", operator="Vietnamobile") == 2550.0


def test_the_auctioned_blocks_are_those_published():
    holders = {
        (band.name, block.operator): (block.downlink_low_mhz, block.downlink_high_mhz)
        for band in BANDS
        for block in band.blocks
    }
    assert holders == {
        ("700", "VNPT"): (758.0, 768.0),
        ("700", "Viettel"): (768.0, 778.0),
        ("2600", "Viettel"): (2500.0, 2600.0),
        ("3700", "VNPT"): (3700.0, 3800.0),
        ("3800", "MobiFone"): (3800.0, 3900.0),
    }
    # n78 ends at 3800 MHz; above it only n77 remains.
    assert [band.numbers for band in BANDS if "n78" in band.numbers] == [("n77", "n78")]
    assert band_of(3850.0).numbers == ("n77",)


def test_bands_do_not_overlap_and_hold_their_blocks():
    edges = [(band.downlink_low_mhz, band.downlink_high_mhz) for band in BANDS]
    assert all(low < high for low, high in edges)
    assert all(high <= low for (_, high), (low, _) in pairwise(edges))
    for band in BANDS:
        assert band.is_paired == (band.downlink_low_mhz < TDD_FROM_MHZ)
        blocks = [(block.downlink_low_mhz, block.downlink_high_mhz) for block in band.blocks]
        assert all(band.downlink_low_mhz <= low < high <= band.downlink_high_mhz for low, high in blocks)
        assert all(high <= low for (_, high), (low, _) in pairwise(sorted(blocks)))
        assert {band_of(block.centre_mhz) for block in band.blocks} <= {band}


@pytest.mark.parametrize("operator", ["Viettel", "VNPT", "MobiFone"])
def test_a_usual_carrier_fits_the_block_of_its_operator(operator):
    for technology in ("4G", "5G"):
        for block in blocks_of(operator, technology=technology):
            usual = cell_defaults(technology, frequency_mhz=block.centre_mhz)
            assert usual.bandwidth_mhz <= block.downlink_high_mhz - block.downlink_low_mhz


@settings(max_examples=80, deadline=None, derandomize=True)
@given(
    technology=st.sampled_from(["4G", "5G"]),
    frequency_mhz=st.floats(30.0, 6_000.0),
    kind=st.sampled_from(STATION_KINDS),
)
def test_defaults_anywhere_make_a_valid_cell(technology, frequency_mhz, kind):
    usual = cell_defaults(technology, frequency_mhz=frequency_mhz, kind=kind)
    names = {item.name for item in fields(Cell)} & {item.name for item in fields(usual)}
    values = {name: getattr(usual, name) for name in names}
    cell = replace(SECTOR, technology=technology, frequency_mhz=frequency_mhz, **values)
    assert noise_per_re_dbm(cell, noise_figure_db=7.0) < rsrp_offset_dbm(cell)
