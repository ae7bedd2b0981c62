"""What must hold for any masts: more power and more masts never take signal away."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import box

from phusong.coverage.grids import Grid, Raster
from phusong.coverage.losses import LossWindow
from phusong.coverage.method import Method
from phusong.coverage.radio.cell import Cell
from phusong.coverage.service import served_mask
from phusong.coverage.signal import compose_carrier, merge_carriers
from phusong.coverage.zonal import build_zones, shares

GRID = Grid(width=14, height=9, cell_size_m=500.0, left_m=500_000.0, top_m=2_204_500.0, epsg=32648)
METHOD = Method(min_sinr_db=None)
MASTS = st.tuples(
    st.floats(500_000, 507_000),
    st.floats(2_200_000, 2_204_500),
    st.none() | st.floats(0, 360),
    st.floats(-20, 30),
)
WORLDS = st.lists(MASTS, min_size=1, max_size=6)
GROUND = st.integers(0, 2**32 - 1)
BLOCKS = st.tuples(st.integers(0, 8), st.integers(0, 13), st.integers(1, 9), st.integers(1, 14))


def _cells(masts):
    return [
        Cell(
            cell_id=f"m{i}",
            site_id=f"m{i}",
            operator="Viettel",
            technology="4G",
            frequency_mhz=1842.5,
            bandwidth_mhz=20.0,
            x_m=x_m,
            y_m=y_m,
            antenna_height_m=36.0,
            azimuth_deg=azimuth_deg,
            downtilt_deg=2.0,
            power_dbm=power_dbm,
            antenna_gain_dbi=10.0,
            horizontal_beamwidth_deg=65.0,
            vertical_beamwidth_deg=8.0,
        )
        for i, (x_m, y_m, azimuth_deg, power_dbm) in enumerate(masts)
    ]


def _loss(cell, ground):
    row, col = np.mgrid[0 : GRID.height, 0 : GRID.width]
    x_m = GRID.left_m + (col + 0.5) * GRID.cell_size_m
    y_m = GRID.top_m - (row + 0.5) * GRID.cell_size_m
    distance_m = np.hypot(np.hypot(x_m - cell.x_m, y_m - cell.y_m), 30.0)
    loss_db = 37.8 + 20 * np.log10(distance_m) + ground.values / 10
    return LossWindow(0, 0, loss_db.astype(np.float32))


def _ground(seed):
    return Raster(GRID, np.random.default_rng(seed).uniform(0, 300, GRID.shape).astype(np.float32), "m")


def _compose(cells, ground, servers=2):
    losses = [_loss(cell, ground) for cell in cells]
    return compose_carrier(cells, losses, grid=GRID, terrain=ground, receiver_height_m=1.5, servers=servers)


def _share(stack):
    layer = merge_carriers([stack], noise_dbm=-125.0, load=0.5)
    zones = build_zones([box(500_300, 2_200_100, 506_800, 2_204_000)], ["a"], GRID)
    mask = served_mask(layer, technology="4G", method=METHOD, margin_db=5.0)
    return shares(zones, mask, np.ones(GRID.shape)).province().share


@settings(deadline=None, max_examples=40)
@given(WORLDS, GROUND, st.floats(0, 20), st.integers(0, 5))
def test_more_power_never_lowers_a_share(masts, seed, more_db, which):
    cells, ground = _cells(masts), _ground(seed)
    index = which % len(cells)
    stronger = [*cells]
    stronger[index] = replace(cells[index], power_dbm=cells[index].power_dbm + more_db)
    before, after = _compose(cells, ground), _compose(stronger, ground)
    assert (after.level[0] >= before.level[0]).all()
    assert _share(after) >= _share(before)


@settings(deadline=None, max_examples=40)
@given(WORLDS, MASTS, GROUND)
def test_one_more_mast_never_lowers_the_best_level(masts, new, seed):
    cells, ground = _cells([*masts, new]), _ground(seed)
    before, after = _compose(cells[:-1], ground), _compose(cells, ground)
    assert (after.level[0] >= before.level[0]).all()
    assert (after.total >= before.total).all()
    taken = after.cell_index[0] != before.cell_index[0]
    assert (after.cell_index[0][taken] == len(masts)).all()


@settings(deadline=None, max_examples=40)
@given(WORLDS, GROUND, st.floats(0, 1), st.floats(0, 1))
def test_more_load_never_raises_sinr(masts, seed, one, other):
    stack = _compose(_cells(masts), _ground(seed))
    calm = merge_carriers([stack], noise_dbm=-125.0, load=min(one, other)).sinr_db
    busy = merge_carriers([stack], noise_dbm=-125.0, load=max(one, other)).sinr_db
    assert np.array_equal(np.isnan(busy), np.isnan(calm))
    assert (np.nan_to_num(busy) <= np.nan_to_num(calm)).all()


@settings(deadline=None, max_examples=40)
@given(WORLDS, GROUND)
def test_servers_are_distinct_and_sorted(masts, seed):
    stack = _compose(_cells(masts), _ground(seed), servers=3)
    levels = np.nan_to_num(stack.rsrp_dbm, nan=-np.inf)
    assert (levels[:-1] >= levels[1:]).all()
    present = np.where(stack.cell_index < 0, np.nan, stack.cell_index)
    assert not (present[:-1] == present[1:]).any()
    assert (np.isnan(stack.rsrp_dbm) == (stack.cell_index < 0)).all()


@settings(deadline=None, max_examples=40)
@given(WORLDS, GROUND, BLOCKS)
def test_any_block_equals_its_part_of_the_whole(masts, seed, block):
    row0, col0, rows, cols = block
    cells, ground = _cells(masts), _ground(seed)
    rows, cols = min(rows, GRID.height - row0), min(cols, GRID.width - col0)
    losses = [_loss(cell, ground) for cell in cells]
    options = {"grid": GRID, "terrain": ground, "receiver_height_m": 1.5}
    whole = compose_carrier(cells, losses, **options)
    alone = compose_carrier(cells, losses, window=(row0, col0, rows, cols), **options)
    part = np.s_[..., row0 : row0 + rows, col0 : col0 + cols]
    assert alone.rsrp_dbm.tobytes() == np.ascontiguousarray(whole.rsrp_dbm[part]).tobytes()
    assert alone.total_mw.tobytes() == np.ascontiguousarray(whole.total_mw[part]).tobytes()
    assert np.array_equal(alone.cell_index, whole.cell_index[part])
