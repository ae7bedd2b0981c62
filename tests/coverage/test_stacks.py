"""Stacks in whole numbers against plain formulas in double precision, and against each other."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phusong.coverage.errors import InputError
from phusong.coverage.exchange import Members, exchange_cells, settle
from phusong.coverage.grids import Grid, Raster
from phusong.coverage.losses import LossWindow, pack_loss
from phusong.coverage.losses_kernel import LOSS_STEP_DB, NO_LOSS
from phusong.coverage.radio.cell import Cell
from phusong.coverage.radio.link_budget import rsrp_offset_dbm
from phusong.coverage.radio.pattern import cell_loss_db
from phusong.coverage.service import carrier_needs, fold_stacks, served_levels
from phusong.coverage.signal import compose_carrier, merge_carriers
from phusong.coverage.signal_kernel import NO_LEVEL, Stack
from phusong.coverage.stacks import compose_prepared, prepare_cells

GRID = Grid(width=37, height=29, cell_size_m=90.0, left_m=500_000.0, top_m=2_200_000.0, epsg=32648)


def _world(seed: int, count: int):
    rng = np.random.default_rng(seed)
    ground = Raster(GRID, rng.uniform(0, 500, GRID.shape).astype(np.float32), "m")
    cells, losses = [], []
    for index in range(count):
        is_omni = rng.random() < 0.2
        cells.append(
            Cell(
                cell_id=f"m{index}",
                site_id=f"m{index}",
                operator="Viettel",
                technology="4G",
                frequency_mhz=1842.5,
                bandwidth_mhz=20.0,
                x_m=float(GRID.left_m + rng.uniform(0, 3_300)),
                y_m=float(GRID.top_m - rng.uniform(0, 2_600)),
                antenna_height_m=float(rng.uniform(10, 60)),
                azimuth_deg=None if is_omni else float(rng.uniform(0, 360)),
                downtilt_deg=float(rng.uniform(0, 10)),
                power_dbm=float(rng.uniform(20, 50)),
                antenna_gain_dbi=15.0,
                horizontal_beamwidth_deg=65.0,
                vertical_beamwidth_deg=8.0,
                mechanical_tilt_deg=0.0 if is_omni else float(rng.choice([0.0, 4.0, -3.0])),
            )
        )
        values = rng.uniform(70, 160, GRID.shape).astype(np.float32)
        values[rng.random(GRID.shape) < 0.2] = np.nan
        losses.append(LossWindow(0, 0, values))
    return ground, cells, losses


def _levels_dbm(ground, cells, losses):
    """Level of every cell at every pixel, straight from the definitions."""
    row, col = np.mgrid[0 : GRID.height, 0 : GRID.width]
    x_m, y_m = GRID.left_m + (col + 0.5) * GRID.cell_size_m, GRID.top_m - (row + 0.5) * GRID.cell_size_m
    levels = []
    for cell, loss in zip(cells, losses, strict=True):
        east_m, north_m = x_m - cell.x_m, y_m - cell.y_m
        foot_m = float(ground.values[GRID.row_col(cell.x_m, cell.y_m)])
        drop_m = foot_m + cell.antenna_height_m - ground.values - 1.5
        azimuth_deg = np.degrees(np.arctan2(east_m, north_m)) % 360.0
        depression_deg = np.degrees(np.arctan2(drop_m, np.hypot(east_m, north_m)))
        attenuation_db = cell_loss_db(cell, azimuth_deg, depression_deg)
        levels.append(rsrp_offset_dbm(cell) - attenuation_db - loss.loss_db)
    level_dbm = np.array(levels)
    level_dbm[level_dbm < -150.0] = np.nan
    return level_dbm


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 2**32 - 1), st.integers(1, 9))
def test_levels_and_power_are_those_of_the_definitions(seed: int, count: int) -> None:
    ground, cells, losses = _world(seed, count)
    stack = compose_carrier(cells, losses, grid=GRID, terrain=ground, receiver_height_m=1.5)
    level_dbm = _levels_dbm(ground, cells, losses)
    lowest = np.where(np.isnan(level_dbm), -np.inf, level_dbm)
    best_dbm = lowest.max(axis=0)
    clear = best_dbm > -149.9  # a level on the very limit may fall either way
    # steep sides of a beam change by some decibels a degree; directions are single precision
    assert stack.rsrp_dbm[0][clear] == pytest.approx(best_dbm[clear], abs=0.01)
    told = np.take_along_axis(lowest, np.maximum(stack.cell_index[:1], 0), axis=0)[0]
    assert told[clear] == pytest.approx(best_dbm[clear], abs=0.02)
    total_mw = np.sum(10.0 ** (lowest / 10.0), axis=0)
    assert stack.total_mw[clear] == pytest.approx(total_mw[clear], rel=3e-3)


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 2**32 - 1), st.integers(2, 9))
def test_no_order_and_no_grouping_changes_a_bit(seed: int, count: int) -> None:
    ground, cells, losses = _world(seed, count)
    order = np.random.default_rng(seed).permutation(count)
    prepared = prepare_cells(cells, ground_m=np.full(count, 100.0), receiver_height_m=1.5)
    packed = [pack_loss(loss) for loss in losses]
    window = (3, 5, 17, 21)
    plain = compose_prepared(prepared, range(count), packed, terrain=ground, window=window)
    mixed = compose_prepared(
        prepared, order.tolist(), [packed[k] for k in order], terrain=ground, window=window
    )
    assert np.array_equal(plain.level, mixed.level)
    assert np.array_equal(plain.total, mixed.total)


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 2**32 - 1), st.floats(-125, -95), st.none() | st.floats(-10, 10), st.floats(0, 1))
def test_judging_a_block_equals_judging_levels(seed, required_dbm, min_sinr_db, load) -> None:
    ground, cells, losses = _world(seed, 6)
    options = {"grid": GRID, "terrain": ground, "receiver_height_m": 1.5}
    stacks = [compose_carrier(cells[half], losses[half], **options) for half in (slice(0, 3), slice(3, 6))]
    needs = [
        carrier_needs(required_dbm=required_dbm, min_sinr_db=min_sinr_db, load=load, noise_dbm=noise_dbm)
        for noise_dbm in (-125.0, -122.0)
    ]
    level, served = fold_stacks([one.level[0] for one in stacks], [one.total for one in stacks], needs)
    merged = merge_carriers(stacks, noise_dbm=[-125.0, -122.0], load=load)
    expected = served_levels(
        merged.rsrp_dbm[0], merged.sinr_db, required_dbm=required_dbm, min_sinr_db=min_sinr_db
    )
    close = np.abs(merged.rsrp_dbm[0] - required_dbm) < 0.005
    if min_sinr_db is not None:
        close |= np.abs(merged.sinr_db - min_sinr_db) < 1e-4
    assert np.array_equal(served[~close], expected[~close])
    assert np.array_equal(level != NO_LEVEL, np.isfinite(merged.rsrp_dbm[0]))


def test_packing_keeps_what_is_wanted_and_known() -> None:
    loss_db = np.array([[np.nan, 100.0, 101.0, np.nan], [90.0, 91.0, np.inf, 500.0]], dtype=np.float32)
    wanted = np.zeros(GRID.shape, dtype=bool)
    wanted[4, 7:9] = True
    wanted[5, 7] = True
    packed = pack_loss(LossWindow(4, 6, loss_db), wanted=wanted)
    assert packed.row0 == 4
    assert packed.first.tolist() == [7, 7]
    assert packed.offset.tolist() == [0, 2, 3]
    assert packed.steps.tolist() == [round(value / LOSS_STEP_DB) for value in (100.0, 101.0, 91.0)]
    gaps = pack_loss(LossWindow(4, 6, loss_db[:, [1, 0, 2, 3]]))
    assert gaps.steps.tolist()[1] == NO_LOSS


def test_more_cells_than_a_stack_can_number_are_refused() -> None:
    ground, cells, losses = _world(1, 1)
    prepared = prepare_cells(cells, ground_m=[0.0], receiver_height_m=1.5)
    packed = [pack_loss(losses[0])] * 32_768
    with pytest.raises(InputError, match="carrier_crowded"):
        compose_prepared(prepared, [0] * 32_768, packed, terrain=ground, window=(0, 0, 2, 2))


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 2**32 - 1), st.integers(4, 12), st.integers(1, 3), st.integers(0, 3))
def test_exchanging_cells_equals_composing_from_nothing(seed: int, count: int, gone: int, come: int) -> None:
    ground, cells, losses = _world(seed, count + come)
    rng = np.random.default_rng(seed)
    # Few losses and one power make many cells equal, where their order decides.
    packed = [pack_loss(LossWindow(0, 0, np.round(loss.loss_db, -1))) for loss in losses]
    prepared = prepare_cells(cells, ground_m=np.full(len(cells), 100.0), receiver_height_m=1.5)
    where = {"terrain": ground, "window": (3, 5, 17, 21)}

    def members(indices: np.ndarray, numbers: np.ndarray) -> Members:
        return Members(
            prepared, indices.astype(np.int32), [packed[k] for k in indices], numbers.astype(np.int16)
        )

    is_old = np.isin(np.arange(count + come), rng.permutation(count + come)[:count])
    old = np.flatnonzero(is_old)
    leaving = np.sort(rng.choice(old, gone, replace=False))
    now = np.setdiff1d(np.arange(count + come), leaving)
    before = compose_prepared(prepared, old.tolist(), [packed[k] for k in old], **where)
    place = np.searchsorted(now, old)
    renumber = np.where(np.isin(old, leaving), -1, place).astype(np.int16)
    exchanged = exchange_cells(
        Stack(before.level, before.number, before.total),
        renumber,
        gone=members(leaving, np.arange(gone)),
        come=members(np.flatnonzero(~is_old), np.searchsorted(now, np.flatnonzero(~is_old))),
        least=3,
        **where,
    )
    stack = settle(exchanged, members(now, np.arange(now.size)), **where)
    after = compose_prepared(prepared, now.tolist(), [packed[k] for k in now], **where)
    assert np.array_equal(stack.total, after.total)
    assert np.array_equal(stack.level, after.level)
    assert np.array_equal(stack.number, after.number)
    # What is not marked was right before.
    settled = exchanged.unsettled == 0
    assert np.array_equal(exchanged.stack.level[:, settled], after.level[:, settled])
