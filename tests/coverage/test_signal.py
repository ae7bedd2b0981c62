"""Received power in worlds that can be checked by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from phusong.coverage.errors import GridError, InputError
from phusong.coverage.grids import Grid, Raster
from phusong.coverage.losses import LossWindow
from phusong.coverage.radio.cell import Cell
from phusong.coverage.radio.link_budget import rsrp_offset_dbm
from phusong.coverage.radio.tabulated import AntennaPattern
from phusong.coverage.signal import (
    SignalLayer,
    compose_carrier,
    ground_under,
    merge_carriers,
    merge_operators,
)

GRID = Grid(width=41, height=31, cell_size_m=100.0, left_m=500_000.0, top_m=2_200_000.0, epsg=32648)
FLAT = Raster(GRID, np.zeros(GRID.shape, dtype=np.float32), "m")


STEP_DB = 0.0036
"""Half a step of a level and half a step of a loss, and single precision."""

ALIKE = AntennaPattern("alike", 17.5, 0.0, (0.0,) * 360, (0.0,) * 360)
"""Sends alike in all directions, up and down too."""


def _cell(name="a-1", x_m=502_050.0, y_m=2_198_450.0, azimuth_deg=None, **changes):
    cell = Cell(
        cell_id=name,
        site_id=name.split("-")[0],
        operator="Viettel",
        technology="4G",
        frequency_mhz=1842.5,
        bandwidth_mhz=20.0,
        x_m=x_m,
        y_m=y_m,
        antenna_height_m=36.0,
        azimuth_deg=azimuth_deg,
        downtilt_deg=0.0,
        power_dbm=46.0,
        antenna_gain_dbi=17.5,
        horizontal_beamwidth_deg=65.0,
        vertical_beamwidth_deg=7.0,
        pattern=ALIKE if azimuth_deg is None else None,
    )
    return replace(cell, **changes)


def _constant_loss(loss_db=100.0, row0=0, col0=0, shape=GRID.shape):
    return LossWindow(row0, col0, np.full(shape, loss_db, dtype=np.float32))


def _random_losses(rng, count):
    losses = []
    for _ in range(count):
        values = rng.uniform(80, 150, GRID.shape).astype(np.float32)
        values[rng.random(GRID.shape) < 0.2] = np.nan
        losses.append(LossWindow(0, 0, values))
    return losses


def _compose(cells, losses, **options):
    options = {"grid": GRID, "terrain": FLAT, "receiver_height_m": 1.5, **options}
    return compose_carrier(cells, losses, **options)


def test_level_is_eirp_per_element_minus_loss():
    stack = _compose([_cell()], [_constant_loss(100.0)])
    assert stack.rsrp_dbm.dtype == np.float32
    assert stack.rsrp_dbm.shape == (3, *GRID.shape)
    assert stack.rsrp_dbm[0] == pytest.approx(rsrp_offset_dbm(_cell()) - 100.0, abs=STEP_DB)
    assert np.isnan(stack.rsrp_dbm[1:]).all()
    assert (stack.cell_index[0] == 0).all()
    assert (stack.cell_index[1:] == -1).all()


def test_sector_front_is_thirty_decibel_above_its_back():
    east = _compose([_cell(azimuth_deg=90.0)], [_constant_loss()]).rsrp_dbm[0]
    row, col = GRID.row_col(502_050.0, 2_198_450.0)
    front, back = east[row, col + 15], east[row, col - 15]
    # Both lie 1.3 degrees below the horizon, 12 (1.3/7)^2 = 0.4 dB off the vertical axis.
    depression_deg = np.degrees(np.arctan2(34.5, 1_500.0))
    boresight_dbm = rsrp_offset_dbm(_cell()) - 100.0
    assert front == pytest.approx(boresight_dbm - 12 * (depression_deg / 7) ** 2, abs=STEP_DB)
    assert back == pytest.approx(boresight_dbm - 30.0, abs=STEP_DB)
    assert east[row - 5, col] == pytest.approx(east[row + 5, col], abs=STEP_DB)


def test_pattern_follows_the_ground():
    heights = np.zeros(GRID.shape, dtype=np.float32)
    row, col = GRID.row_col(502_050.0, 2_198_450.0)
    heights[row, col + 10] = 34.5
    stack = _compose([_cell(azimuth_deg=90.0)], [_constant_loss()], terrain=Raster(GRID, heights, "m"))
    # The terminal on the hill stands level with the antenna: no loss at zero tilt.
    assert stack.rsrp_dbm[0, row, col + 10] == pytest.approx(rsrp_offset_dbm(_cell()) - 100.0, abs=STEP_DB)
    assert stack.rsrp_dbm[0, row, col + 9] < stack.rsrp_dbm[0, row, col + 10]


def test_unknown_ground_counts_as_level_ground():
    heights = np.full(GRID.shape, np.nan, dtype=np.float32)
    sector = [_cell(azimuth_deg=90.0)]
    blind = _compose(sector, [_constant_loss()], terrain=Raster(GRID, heights, "m"))
    assert np.array_equal(blind.rsrp_dbm, _compose(sector, [_constant_loss()]).rsrp_dbm, equal_nan=True)


def test_best_servers_equal_brute_force():
    rng = np.random.default_rng(5)
    cells = [_cell(f"a-{i}") for i in range(9)]
    losses = _random_losses(rng, 9)
    stack = _compose(cells, losses, servers=3)
    levels = np.stack([rsrp_offset_dbm(cells[0]) - loss.loss_db.astype(np.float64) for loss in losses])
    expected = -np.sort(np.where(np.isnan(levels), np.inf, -levels), axis=0)[:3]
    expected[np.isinf(expected)] = np.nan
    assert stack.rsrp_dbm == pytest.approx(expected, abs=STEP_DB, nan_ok=True)
    told = np.take_along_axis(levels, np.maximum(stack.cell_index, 0), axis=0)
    known = stack.cell_index >= 0
    assert np.array_equal(known, np.isfinite(expected))
    assert stack.rsrp_dbm[known] == pytest.approx(told[known], abs=STEP_DB)
    assert stack.total_mw == pytest.approx(np.nansum(10 ** (levels / 10), axis=0), rel=2e-3)


def test_equal_levels_go_to_the_cell_given_first():
    stack = _compose([_cell("b-1"), _cell("a-1")], [_constant_loss()] * 2, cell_indices=[7, 3])
    assert (stack.cell_index[0] == 7).all()
    assert (stack.cell_index[1] == 3).all()


def test_a_block_equals_the_same_part_of_the_whole_bit_for_bit():
    rng = np.random.default_rng(11)
    hills = Raster(GRID, rng.uniform(0, 400, GRID.shape).astype(np.float32), "m")
    cells = [
        _cell(f"a-{i}", x_m=500_000 + 4_100 * rng.random(), azimuth_deg=[None, 0.0, 133.0][i % 3])
        for i in range(6)
    ]
    losses = _random_losses(rng, 6)
    whole = _compose(cells, losses, terrain=hills)
    row0, col0, rows, cols = 7, 13, 11, 17
    part = np.s_[..., row0 : row0 + rows, col0 : col0 + cols]
    cut = [LossWindow(5, 10, loss.loss_db[5:25, 10:35]) if i % 2 else loss for i, loss in enumerate(losses)]
    block = _compose(cells, cut, terrain=hills, window=(row0, col0, rows, cols))
    for name in ("rsrp_dbm", "cell_index", "total_mw"):
        found, expected = getattr(block, name), np.ascontiguousarray(getattr(whole, name)[part])
        assert found.tobytes() == expected.tobytes()
    merged = merge_carriers([block], noise_dbm=-125.0, load=0.5)
    assert (
        merged.sinr_db.tobytes()
        == np.ascontiguousarray(merge_carriers([whole], noise_dbm=-125.0, load=0.5).sinr_db[part]).tobytes()
    )


def test_losses_reach_only_their_window():
    stack = _compose([_cell()], [_constant_loss(row0=28, col0=-2, shape=(9, 5))])
    reached = np.isfinite(stack.rsrp_dbm[0])
    assert reached.sum() == 3 * 3
    assert reached[28:, :3].all()


def test_no_cells_give_an_empty_stack():
    stack = _compose([], [])
    layer = merge_carriers([stack], noise_dbm=-125.0, load=0.5)
    assert np.isnan(layer.rsrp_dbm).all()
    assert np.isnan(layer.sinr_db).all()
    assert (layer.cell_index == -1).all()


def test_sinr_equals_its_formula():
    rng = np.random.default_rng(3)
    losses = _random_losses(rng, 5)
    stack = _compose([_cell(f"a-{i}") for i in range(5)], losses)
    layer = merge_carriers([stack], noise_dbm=-118.0, load=0.7)
    loss_db = np.stack([loss.loss_db for loss in losses]).astype(np.float64)
    power_mw = 10 ** ((rsrp_offset_dbm(_cell()) - loss_db) / 10)
    best_mw = np.nanmax(np.where(np.isnan(power_mw), 0, power_mw), axis=0)
    others_mw = np.nansum(power_mw, axis=0) - best_mw
    with np.errstate(divide="ignore"):
        expected = 10 * np.log10(best_mw / (0.7 * others_mw + 10**-11.8))
    expected[best_mw == 0] = np.nan
    # interference moves by a step where the signal moves by another
    assert layer.sinr_db == pytest.approx(expected, abs=4 * STEP_DB, nan_ok=True)


def test_a_lone_cell_meets_only_noise():
    layer = merge_carriers([_compose([_cell()], [_constant_loss(100.0)])], noise_dbm=-120.0, load=1.0)
    assert layer.sinr_db == pytest.approx(rsrp_offset_dbm(_cell()) - 100.0 + 120.0, abs=STEP_DB)


def test_carriers_do_not_disturb_each_other():
    low = _compose([_cell("a-1", frequency_mhz=763.0, bandwidth_mhz=10.0)], [_constant_loss(100.0)])
    mid = _compose([_cell("a-2")], [_constant_loss(100.0)], cell_indices=[1])
    layer = merge_carriers([mid, low], noise_dbm=[-120.0, -110.0], load=1.0)
    # Half the resource elements, so the low carrier is 3 dB stronger per element and leads.
    assert (layer.cell_index[0] == 0).all()
    assert (layer.cell_index[1] == 1).all()
    assert layer.sinr_db == pytest.approx(low.rsrp_dbm[0] + 110.0, abs=1e-4)


def test_merging_carriers_equals_stacking_them_at_once():
    rng = np.random.default_rng(17)
    losses = _random_losses(rng, 7)
    cells = [_cell(f"a-{i}") for i in range(7)]
    at_once = merge_carriers([_compose(cells, losses)], noise_dbm=-125.0, load=0.0)
    halves = [
        _compose(cells[chosen], losses[chosen], cell_indices=range(7)[chosen])
        for chosen in (slice(4, 7), slice(0, 4))
    ]
    merged = merge_carriers(halves, noise_dbm=-125.0, load=0.0)
    assert np.array_equal(merged.rsrp_dbm, at_once.rsrp_dbm, equal_nan=True)
    assert np.array_equal(merged.cell_index, at_once.cell_index)
    assert merged.sinr_db == pytest.approx(at_once.sinr_db, nan_ok=True)


def test_union_of_operators_takes_the_strongest_server_and_its_sinr():
    nan = np.nan

    def layer(levels, numbers, sinr):
        return SignalLayer(
            np.array([[levels]], dtype=np.float32),
            np.array([[numbers]], dtype=np.int32),
            np.array([sinr], dtype=np.float32),
        )

    union = merge_operators(
        [
            layer([-90.0, nan, -80.0, nan], [4, -1, 4, -1], [1.0, nan, 2.0, nan]),
            layer([-95.0, -70.0, -80.0, nan], [2, 2, 2, -1], [5.0, 6.0, 7.0, nan]),
        ]
    )
    assert union.cell_index[0, 0].tolist() == [4, 2, 2, -1]
    assert union.rsrp_dbm[0, 0, :3].tolist() == [-90.0, -70.0, -80.0]
    assert union.sinr_db[0, :3].tolist() == [1.0, 6.0, 7.0]
    assert np.isnan(union.rsrp_dbm[0, 0, 3])


def test_ground_under_masts():
    heights = np.zeros(GRID.shape, dtype=np.float32)
    heights[GRID.row_col(502_050.0, 2_198_450.0)] = 77.0
    ground_m = ground_under([_cell(), _cell(x_m=1.0)], Raster(GRID, heights, "m"))
    assert ground_m[0] == 77.0
    assert np.isnan(ground_m[1])


def test_misuse_is_refused():
    other = Raster(GRID.window(0, 0, 5, 5), np.zeros((5, 5)), "m")
    with pytest.raises(GridError, match="raster_shape"):
        _compose([_cell()], [_constant_loss()], terrain=other)
    with pytest.raises(InputError, match="carrier_mixed"):
        _compose([_cell(), _cell(frequency_mhz=2140.0)], [_constant_loss()] * 2)
    with pytest.raises(InputError, match="carriers_none"):
        merge_carriers([], noise_dbm=-125.0, load=0.5)
    with pytest.raises(InputError, match="carriers_none"):
        merge_operators([])
