"""Bit rates, uplink limits, SINR, RSRQ and probabilities against numbers worked out by hand."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.coverage.cells import SECTOR

from phusong.coverage.errors import ModelRangeError
from phusong.coverage.propagation.location import fade_margin_db
from phusong.coverage.radio.bands import allowed_bandwidths_mhz
from phusong.coverage.radio.quality import rsrq_db, servers_above, sinr_db
from phusong.coverage.radio.reliability import (
    area_probability,
    area_probability_of_pixels,
    location_probability,
)
from phusong.coverage.radio.throughput import (
    RateTables,
    downlink_mbit_s,
    server_mbit_s,
    spectral_efficiency,
)
from phusong.coverage.radio.uplink import (
    handset_power_dbm,
    uplink_limited_loss_db,
    uplink_margin_db,
    uplink_sensitivity_dbm,
)
from phusong.coverage.signal import best_rsrq_db
from phusong.coverage.signal_kernel import LEVEL_MIDDLE_DBM, LEVEL_STEP_DB, NO_LEVEL, power_table

FOUR = SECTOR
FIVE = replace(
    FOUR, technology="5G", frequency_mhz=3750.0, bandwidth_mhz=100.0, power_dbm=53.0, mimo_layers=4
)
quick = settings(max_examples=60, deadline=None, derandomize=True)
ratios = st.floats(-40.0, 60.0)


def test_one_stream_follows_the_reference_curve():
    # 0.6 log2(1 + S) at 0, 10 and 20 dB; TR 36.942 gives 4.4 bit/s/Hz at its limit of 22 dB.
    curve = spectral_efficiency([0.0, 10.0, 20.0, 22.0, 50.0], technology="4G")
    assert curve == pytest.approx([0.6, 2.076, 3.995, 4.390, 4.390], abs=1e-3)
    assert spectral_efficiency([-10.01, -9.99], technology="4G") == pytest.approx([0.0, 0.0827], abs=1e-3)
    assert spectral_efficiency(99.0, technology="5G") == pytest.approx(5.981, abs=1e-3)


def test_streams_share_the_power():
    # Two streams of 17 dB each: 2 x 0.6 log2(1 + 50).
    assert spectral_efficiency(20.0, technology="4G", mimo_layers=2) == pytest.approx(
        1.2 * math.log2(51.0), abs=1e-9
    )
    # At -9 dB two streams would lie below what can be decoded; one carries on alone.
    assert spectral_efficiency(-9.0, technology="4G", mimo_layers=2) == spectral_efficiency(
        -9.0, technology="4G"
    )


def test_rates_at_the_limit():
    # 18 MHz x 0.75 x 2 x 4.3904, and 98.28 MHz x 0.86 x 0.742857 x 4 x 5.981.
    assert downlink_mbit_s(FOUR, 60.0) == pytest.approx(118.54, abs=0.02)
    assert downlink_mbit_s(FIVE, 60.0) == pytest.approx(1502.0, abs=0.5)
    assert downlink_mbit_s(FIVE, 60.0, downlink_share=1.0, overhead=0.0) == pytest.approx(2351.2, abs=0.5)


def test_unknown_stays_unknown():
    assert np.isnan(downlink_mbit_s(FOUR, [np.nan])).all()
    assert np.isnan(spectral_efficiency(np.nan, technology="5G", mimo_layers=4))


@quick
@given(low=ratios, step=st.floats(0, 30), layers=st.integers(1, 8), cell=st.sampled_from([FOUR, FIVE]))
def test_rates_grow_with_sinr_and_streams(low, step, layers, cell):
    cell = replace(cell, mimo_layers=layers)
    here = downlink_mbit_s(cell, low)
    assert 0.0 <= here <= downlink_mbit_s(cell, low + step)
    assert here <= downlink_mbit_s(replace(cell, mimo_layers=min(layers + 1, 8)), low)


@quick
@given(
    ratio=ratios, cell=st.sampled_from([FOUR, FIVE, replace(FIVE, frequency_mhz=763.0, bandwidth_mhz=10.0)])
)
def test_rates_grow_with_bandwidth(ratio, cell):
    widths = allowed_bandwidths_mhz(cell.technology, frequency_mhz=cell.frequency_mhz)
    rates = [float(downlink_mbit_s(replace(cell, bandwidth_mhz=width), ratio)) for width in widths]
    assert rates == sorted(rates)


def test_every_pixel_has_the_rate_of_its_server():
    server = np.array([[0, 1], [-1, 0]])
    ratios_db = np.array([[10.0, 10.0], [10.0, np.nan]])
    rates = server_mbit_s([FOUR, FIVE], server, ratios_db)
    assert rates[0].tolist() == pytest.approx([downlink_mbit_s(FOUR, 10.0), downlink_mbit_s(FIVE, 10.0)])
    assert np.isnan(rates[1]).all()
    assert np.isnan(server_mbit_s([], [-1], [3.0])).all()


def test_rates_of_rasters_follow_the_curve():
    cells = [FOUR, FIVE, replace(FIVE, mimo_layers=8)]
    ratios_db = np.append(np.arange(-30.0, 60.0, 0.0371), [-np.inf, np.inf])
    for index, cell in enumerate(cells):
        exact = downlink_mbit_s(cell, ratios_db)
        rates = server_mbit_s(cells, np.full(ratios_db.shape, index), ratios_db)
        assert np.abs(rates - exact).max() < 0.005 * exact.max()
        assert (np.diff(rates[:-2]) >= -1e-3).all()
        assert rates[-1] == pytest.approx(exact[-1])


@pytest.mark.parametrize("options", [{"overhead": 1.5}, {"downlink_share": -0.1}, {"overhead": float("nan")}])
def test_shares_must_be_shares(options):
    with pytest.raises(ModelRangeError, match="model_range"):
        downlink_mbit_s(FOUR, 10.0, **options)
    with pytest.raises(ModelRangeError, match="mimo_layers"):
        spectral_efficiency(10.0, technology="4G", mimo_layers=0)


def test_uplink_of_one_megabit():
    # 1 Mbit/s over 18 MHz x 0.75 x 0.4 bit/s/Hz: log2(1 + S) = 0.1852, S = -8.63 dB. Noise of 18 MHz
    # -101.42 dBm, figure 5 dB, rise 3 dB: -102.05 dBm at the port.
    assert uplink_sensitivity_dbm(FOUR) == pytest.approx(-102.05, abs=0.01)
    assert uplink_limited_loss_db(FOUR) == pytest.approx(23.0 + 17.5 + 102.05, abs=0.01)
    assert uplink_margin_db(FOUR, [130.0, np.nan], antenna_loss_db=3.0) == pytest.approx(
        [142.55 - 133.0, np.nan], abs=0.01, nan_ok=True
    )


def test_a_small_task_needs_few_blocks():
    # 10 kbit/s at the least SINR of -10 dB: log2(1.1) x 0.3 = 0.0413 Mbit/s per MHz, so 0.24 MHz: two blocks
    # of 180 kHz, -118.42 dBm of noise + 5 + 3 - 10 dB (one block at -7.5 dB would need more).
    one = -173.975 + 10 * math.log10(180e3) + 8 + 10 * math.log10(2 ** (0.01 / 0.054) - 1)
    assert uplink_sensitivity_dbm(FOUR, rate_mbit_s=0.01) == pytest.approx(min(-120.41, one), abs=0.02)


def test_handsets_may_send_more_where_time_is_shared():
    assert handset_power_dbm(FIVE) == 26.0
    assert (
        handset_power_dbm(FOUR)
        == handset_power_dbm(replace(FIVE, frequency_mhz=763.0, bandwidth_mhz=10))
        == 23.0
    )
    assert uplink_limited_loss_db(FIVE) - uplink_limited_loss_db(FIVE, power_dbm=23.0) == pytest.approx(3.0)


def test_an_impossible_rate_is_never_heard():
    # 18 MHz x 0.75 x 0.4 x log2(1 + 158.5) = 39.5 Mbit/s at most.
    assert math.isfinite(uplink_limited_loss_db(FOUR, rate_mbit_s=39.0))
    assert uplink_limited_loss_db(FOUR, rate_mbit_s=40.0) == -math.inf
    with pytest.raises(ModelRangeError):
        uplink_limited_loss_db(FOUR, rate_mbit_s=0.0)
    with pytest.raises(ModelRangeError):
        uplink_limited_loss_db(FOUR, rate_mbit_s=float("nan"))


@quick
@given(rate=st.floats(1e-3, 30.0), more=st.floats(0.0, 9.0))
def test_more_rate_reaches_less_far(rate, more):
    assert uplink_limited_loss_db(FOUR, rate_mbit_s=rate + more) <= uplink_limited_loss_db(
        FOUR, rate_mbit_s=rate
    )
    wide = uplink_limited_loss_db(FOUR, rate_mbit_s=rate)
    assert uplink_limited_loss_db(replace(FOUR, bandwidth_mhz=10.0), rate_mbit_s=rate) <= wide


def test_sinr_against_noise_and_neighbours():
    # -90 dBm over noise of -120 dBm alone; with a neighbour as strong at half load: 1 / (0.5 + 0.001).
    assert sinr_db(-90.0, total_dbm=-90.0, noise_dbm=-120.0, load=1.0) == pytest.approx(30.0)
    both_dbm = 10 * math.log10(2e-9)
    assert sinr_db(-90.0, total_dbm=both_dbm, noise_dbm=-120.0, load=0.5) == pytest.approx(
        10 * math.log10(1 / 0.501)
    )
    assert np.isnan(sinr_db(np.nan, total_dbm=-90.0, noise_dbm=-120.0, load=0.5))


def test_rsrq_of_an_empty_and_a_full_cell():
    empty, full = (rsrq_db(-90.0, total_dbm=-90.0, noise_dbm=-300.0, load=load) for load in (0.0, 1.0))
    assert (empty, full) == pytest.approx((10 * math.log10(1 / 2), 10 * math.log10(1 / 12)))
    # Noise as strong as the signal doubles what a full cell is measured against.
    noisy = rsrq_db(-120.0, total_dbm=-120.0, noise_dbm=-120.0, load=1.0)
    assert noisy == pytest.approx(10 * math.log10(1 / 24))


@quick
@given(level=st.floats(-130, -50), above=st.floats(0, 20), load=st.floats(0, 1))
def test_rsrq_and_sinr_fall_with_load_and_neighbours(level, above, load):
    options = {"noise_dbm": -125.0}
    alone = {"total_dbm": level, "load": load, **options}
    crowded = {"total_dbm": level + above, "load": load, **options}
    full = {"total_dbm": level + above, "load": 1.0, **options}
    for figure in (sinr_db, rsrq_db):
        assert figure(level, **alone) >= figure(level, **crowded) - 1e-9
        assert figure(level, **crowded) >= figure(level, **full) - 1e-9


@pytest.mark.parametrize("load", [-0.1, 1.1, float("nan")])
def test_a_load_is_a_share(load):
    with pytest.raises(ModelRangeError):
        sinr_db(-90.0, total_dbm=-90.0, noise_dbm=-120.0, load=load)


def test_servers_are_counted():
    levels = np.array([[[-80.0, -99.0]], [[-100.0, np.nan]], [[-100.1, np.nan]]], dtype=np.float32)
    assert servers_above(levels, -100.0).tolist() == [[2, 1]]
    assert servers_above(levels, [[-70.0, -120.0]]).tolist() == [[0, 1]]


@quick
@given(probability=st.floats(0.01, 0.99), sigma=st.floats(0.1, 12.0))
def test_a_fade_margin_gives_its_probability(probability, sigma):
    margin = fade_margin_db(probability, sigma)
    assert location_probability(-100.0 + margin, -100.0, sigma) == pytest.approx(probability, abs=1e-9)


def test_without_spread_a_level_is_reached_or_not():
    found = location_probability([-100.0, -100.1, np.nan, -np.inf], -100.0, 0.0)
    assert found == pytest.approx([1.0, 0.0, np.nan, 0.0], nan_ok=True)
    with pytest.raises(ModelRangeError):
        location_probability(-90.0, -100.0, -1.0)


@pytest.mark.parametrize(
    ("margin", "sigma", "exponent"), [(0, 8, 4), (7.05, 5.5, 3.5), (-6, 6, 2), (3, 12, 3)]
)
def test_closed_form_and_pixels_agree(margin, sigma, exponent):
    side = np.linspace(-1.0, 1.0, 801)
    distance = np.hypot(*np.meshgrid(side, side))
    inside = (distance <= 1.0) & (distance > 0)
    median_dbm = -100.0 + margin - 10.0 * exponent * np.log10(distance[inside])
    counted = area_probability_of_pixels(median_dbm, -100.0, sigma)
    assert area_probability(margin, sigma, exponent=exponent) == pytest.approx(counted, abs=5e-4)


def test_reudinks_curve():
    # sigma 8 dB, n = 4, one half at the edge: a = 0, 1/b = 0.6513, F = (1 + exp(0.4241) erfc(0.6513)) / 2.
    assert area_probability(0.0, 8.0, exponent=4.0) == pytest.approx(0.7728, abs=1e-4)
    with pytest.raises(ModelRangeError):
        area_probability(0.0, 0.0, exponent=4.0)


@quick
@given(margin=st.floats(-200, 200), sigma=st.floats(0.1, 20), exponent=st.floats(0.5, 6))
def test_an_area_is_served_at_least_as_well_as_its_edge(margin, sigma, exponent):
    area = area_probability(margin, sigma, exponent=exponent)
    edge = location_probability(margin, 0.0, sigma)
    assert edge - 1e-9 <= area <= 1.0


def test_pixels_count_by_weight_and_unknown_ones_not_at_all():
    levels = [-100.0, -np.inf, np.nan]
    assert area_probability_of_pixels(levels, -100.0, 6.0, weights=[3.0, 1.0, 9.0]) == pytest.approx(0.375)
    assert math.isnan(area_probability_of_pixels([np.nan], -100.0, 6.0))


@pytest.mark.parametrize(("edge", "area"), [(0.75, 0.90), (0.90, 0.97)])
def test_edges_and_areas_of_the_guide(edge, area):
    margin_db = fade_margin_db(edge, 8.0)
    assert area_probability(margin_db, 8.0, exponent=3.5) == pytest.approx(area, abs=0.005)


steps = st.integers(
    round((-150 - LEVEL_MIDDLE_DBM) / LEVEL_STEP_DB), round((-40 - LEVEL_MIDDLE_DBM) / LEVEL_STEP_DB)
)


@quick
@given(own=steps, others=st.lists(steps, max_size=4), load=st.floats(0.0, 1.0))
def test_rsrq_of_stacks_follows_the_formula_and_never_beats_a_lone_cell(own, others, load):
    power = power_table()
    level = np.array([[own, NO_LEVEL]], dtype=np.int16)
    total = np.array([[sum(int(power[step - NO_LEVEL]) for step in (own, *others)), 0]])
    found = best_rsrq_db(level, total, noise_dbm=-125.0, load=load)
    levels_dbm = [LEVEL_MIDDLE_DBM + LEVEL_STEP_DB * step for step in (own, *others)]
    total_dbm = 10 * math.log10(sum(10 ** (one / 10) for one in levels_dbm))
    by_formula = rsrq_db(levels_dbm[0], total_dbm=total_dbm, noise_dbm=-125.0, load=load)
    assert found[0, 0] == pytest.approx(float(by_formula), abs=1e-3)
    assert found[0, 0] <= -10 * math.log10(2 + 10 * load) + 1e-4
    assert np.isnan(found[0, 1])


def test_tables_serve_any_number_of_rasters():
    tables = RateTables.of([FOUR, FIVE, replace(FOUR, cell_id="b")])
    assert tables.tables.shape[0] == 2  # cells alike share a table
    server, ratios_db = np.array([0, 1, 2, -1]), np.array([12.0, 12.0, 12.0, 12.0])
    rates = tables.mbit_s(server, ratios_db)
    assert rates == pytest.approx(server_mbit_s([FOUR, FIVE, FOUR], server, ratios_db), nan_ok=True)
    assert rates[0] == rates[2] == pytest.approx(float(downlink_mbit_s(FOUR, 12.0)), abs=0.02)
