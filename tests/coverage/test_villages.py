"""The four states of a village, in worlds built to have them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.coverage.cells import SECTOR

from phusong.coverage.errors import GridError
from phusong.coverage.grids import Grid, Raster
from phusong.coverage.losses import LossWindow
from phusong.coverage.method import Method, VillageRule
from phusong.coverage.radio.tabulated import AntennaPattern
from phusong.coverage.service import served_mask
from phusong.coverage.signal import compose_carrier, merge_carriers
from phusong.coverage.villages import assess, catchments, cells_at

TILE = 10
RULE = VillageRule()
GRID = Grid(
    width=4 * TILE, height=3 * TILE, cell_size_m=100.0, left_m=500_000.0, top_m=2_203_000.0, epsg=32648
)
EXPECTED = ["white"] * 3 + ["patchy"] * 3 + ["served"] * 3 + ["unknown"] * 3


def _tile(index):
    row, col = divmod(index, 4)
    return np.s_[row * TILE : (row + 1) * TILE, col * TILE : (col + 1) * TILE]


def _centre(index):
    row, col = divmod(index, 4)
    return GRID.centre(row * TILE + 5, col * TILE + 5)


def _world():
    """Twelve villages of 100 households in twelve tiles, one commune a tile, one person a cell."""
    people = np.ones(GRID.shape)
    zone = np.zeros(GRID.shape, dtype=np.int32)
    served = np.zeros(GRID.shape, dtype=bool)
    known = np.ones(GRID.shape, dtype=bool)
    points = np.array([_centre(i) for i in range(12)])
    for index in range(12):
        zone[_tile(index)] = index
    # 0: dark all over. 1: all but the centre served. 2: nobody lives there and the centre is dark.
    served[_tile(1)] = True
    served[_tile(1)][5, 5] = False
    people[_tile(2)] = 0.0
    # 3: a dark block of 12 households. 4: 6 scattered dark households. 5: 10 that touch by corners.
    for index in range(3, 9):
        served[_tile(index)] = True
    served[_tile(3)][0:3, 0:4] = False
    served[_tile(4)][0:9:2, 0] = False
    served[_tile(4)][0, 2] = False
    served[_tile(5)][np.arange(4), np.arange(4)] = False
    served[_tile(5)][4, 4:10] = False
    # 6: all served. 7: 5 scattered dark households, 95 % served. 8: nobody lives there, the centre is served.
    served[_tile(7)][0:9:2, 0] = False
    people[_tile(8)] = 0.0
    # 9: no location. 10: off the grid. 11: terrain unknown at the centre.
    points[9] = np.nan
    points[10] = (0.0, 0.0)
    known[_tile(11)][5, 5] = False
    served[_tile(11)] = True
    return people, zone, served, known, points


def _assess(people, zone, served, known, points, **options):
    areas = catchments(
        Raster(GRID, people, "people"), zone, x_m=points[:, 0], y_m=points[:, 1], zone=np.arange(12)
    )
    centre = np.maximum(areas.centre_cell, 0)
    options = {
        "households": np.full(12, 100.0),
        "served": served,
        "rsrp_dbm": np.where(served, -90.0, np.nan).astype(np.float32).ravel()[centre],
        "is_known": known.ravel()[centre],
        "rule": RULE,
        "household_size": 3.9,
        **options,
    }
    return assess(areas, **options)


def test_twelve_villages_get_the_status_they_were_built_with():
    assert list(_assess(*_world())["status"]) == EXPECTED


def test_numbers_of_the_twelve_villages():
    table = _assess(*_world())
    assert table["households_left_out"][[0, 1, 3, 4, 5, 6, 7]].tolist() == pytest.approx(
        [100, 1, 12, 6, 10, 0, 5]
    )
    assert table["people_left_out"][3] == pytest.approx(12.0)
    assert table["largest_unserved_cluster_households"][[3, 4, 5, 7]].tolist() == pytest.approx(
        [12, 1, 10, 1]
    )
    assert table["served_share_households"][7] == pytest.approx(0.95)
    assert table["served_share_people"][2:3].isna().all()
    assert table["households_left_out"][2] == 100.0
    assert table["best_rsrp_dbm"][6] == -90.0
    assert table["is_centre_served"].tolist() == [False] * 3 + [True] * 6 + [None] * 3
    assert table.loc[9:, ["households_served", "people_left_out", "best_rsrp_dbm"]].isna().all(axis=None)
    assert (table["households"] == 100.0).all()


def test_nothing_known_about_the_signal_is_unknown_everywhere():
    table = _assess(*_world(), is_signal_known=False)
    assert set(table["status"]) == {"unknown"}


def test_the_rule_is_a_parameter():
    world = _world()
    strict = _assess(*world, rule=VillageRule(served_share=0.96))
    assert list(strict["status"])[7] == "patchy"
    loose = _assess(*world, rule=VillageRule(served_share=0.5, cluster_min_households=11.0))
    assert list(loose["status"])[3:6] == ["patchy", "served", "served"]


def test_households_come_from_people_where_unknown():
    table = _assess(*_world(), households=np.full(12, np.nan), household_size=4.0)
    assert table["households"][0] == 25.0
    told = _assess(
        *_world(), households=np.full(12, np.nan), population=np.full(12, 200.0), household_size=4.0
    )
    assert told["households"][0] == 50.0
    assert told["people_left_out"][3] == pytest.approx(24.0)


def test_inputs_stay_as_they_were():
    world = _world()
    copies = [array.copy() for array in world]
    _assess(*world)
    assert all(np.array_equal(a, b, equal_nan=True) for a, b in zip(world, copies, strict=True))


def test_catchments_stop_at_the_commune_and_split_half_way():
    people = np.zeros(GRID.shape)
    people[5] = 1.0
    zone = np.zeros(GRID.shape, dtype=np.int32)
    zone[:, 20:] = 1
    zone[:, 35:] = -1
    x_m = np.array([GRID.centre(5, 2)[0], GRID.centre(5, 12)[0], GRID.centre(5, 38)[0]])
    areas = catchments(
        Raster(GRID, people, "people"), zone, x_m=x_m, y_m=np.full(3, GRID.centre(5, 0)[1]), zone=[0, 0, 1]
    )
    col = areas.cell % GRID.width
    assert col[areas.village == 0].max() in (6, 7)
    assert col[areas.village == 1].max() == 19
    # The third village lies outside its commune, yet the commune's cells are its own.
    assert col[areas.village == 2].tolist() == list(range(20, 35))
    assert areas.people.sum() == 35.0


def test_clusters_do_not_join_across_villages():
    people = np.ones(GRID.shape)
    zone = np.zeros(GRID.shape, dtype=np.int32)
    points = np.array([GRID.centre(5, 10), GRID.centre(5, 29)])
    served = np.ones(GRID.shape, dtype=bool)
    # Six cells either side of the line between the villages.
    served[2, 14:26] = False
    areas = catchments(Raster(GRID, people, "people"), zone, x_m=points[:, 0], y_m=points[:, 1], zone=[0, 0])
    table = assess(
        areas,
        households=[600.0, 600.0],
        served=served,
        rsrp_dbm=np.zeros(areas.centre_cell.size),
        rule=RULE,
        household_size=3.9,
    )
    assert table["largest_unserved_cluster_households"].tolist() == pytest.approx([6.0, 6.0])
    assert list(table["status"]) == ["served", "served"]


def test_clusters_do_not_join_round_the_edge_of_the_grid():
    people = np.ones(GRID.shape)
    served = np.ones(GRID.shape, dtype=bool)
    served[10:13, [0, -1]] = False
    x_m, y_m = GRID.centre(15, 20)
    areas = catchments(
        Raster(GRID, people, "people"), np.zeros(GRID.shape, np.int32), x_m=[x_m], y_m=[y_m], zone=[0]
    )
    table = assess(
        areas,
        households=[people.sum()],
        served=served,
        rsrp_dbm=np.zeros(areas.centre_cell.size),
        rule=RULE,
        household_size=3.9,
    )
    assert table["largest_unserved_cluster_households"].tolist() == pytest.approx([3.0])


def test_points_find_their_cells():
    x_m = [500_000.0, 503_999.9, 504_000.0, np.nan, 500_050.0]
    y_m = [2_203_000.0, 2_200_000.1, 2_201_000.0, 2_201_000.0, 2_203_000.1]
    assert cells_at(GRID, x_m=x_m, y_m=y_m).tolist() == [0, GRID.width * GRID.height - 1, -1, -1, -1]


def test_communes_must_lie_on_the_population_grid():
    with pytest.raises(GridError, match="raster_shape"):
        catchments(
            Raster(GRID, np.ones(GRID.shape), "people"), np.zeros((2, 2), np.int32), x_m=[], y_m=[], zone=[]
        )


def test_no_villages_at_all():
    areas = catchments(
        Raster(GRID, np.ones(GRID.shape), "people"), np.zeros(GRID.shape, np.int32), x_m=[], y_m=[], zone=[]
    )
    table = assess(
        areas,
        households=[],
        served=np.ones(GRID.shape, bool),
        rsrp_dbm=np.zeros(areas.centre_cell.size),
        rule=RULE,
        household_size=3.9,
    )
    assert len(table) == 0


MAST = replace(
    SECTOR,
    azimuth_deg=None,
    downtilt_deg=0.0,
    power_dbm=-10.0,
    antenna_gain_dbi=0.0,
    horizontal_beamwidth_deg=360.0,
    pattern=AntennaPattern("alike", 0.0, 0.0, (0.0,) * 360, (0.0,) * 360),
)
"""Over free space its level falls to -110 dBm some 660 m away."""


def _free_space(cell):
    row, col = np.mgrid[0 : GRID.height, 0 : GRID.width]
    x_m = GRID.left_m + (col + 0.5) * GRID.cell_size_m
    y_m = GRID.top_m - (row + 0.5) * GRID.cell_size_m
    distance_km = np.hypot(np.hypot(x_m - cell.x_m, y_m - cell.y_m), 34.5) / 1e3
    loss_db = 32.45 + 20 * np.log10(cell.frequency_mhz) + 20 * np.log10(distance_km)
    return LossWindow(0, 0, loss_db.astype(np.float32))


def _statuses(masts):
    flat = Raster(GRID, np.zeros(GRID.shape, np.float32), "m")
    stack = compose_carrier(
        masts, [_free_space(mast) for mast in masts], grid=GRID, terrain=flat, receiver_height_m=1.5
    )
    layer = merge_carriers([stack], noise_dbm=-140.0, load=0.5)
    served = served_mask(layer, technology="4G", method=Method(min_sinr_db=None))
    people, zone, _, known, points = _world()
    points = np.array([_centre(i) for i in range(12)])
    table = _assess(people, zone, served, known, points)
    return list(table["status"])


def test_one_more_site_flips_exactly_the_villages_around_it():
    masts = [replace(MAST, cell_id=f"m{i}", x_m=x, y_m=y) for i, (x, y) in ((0, _centre(0)), (4, _centre(4)))]
    before = _statuses(masts)
    mast = replace(MAST, cell_id="new", x_m=_centre(6)[0], y_m=_centre(6)[1])
    after = _statuses([*masts, mast])
    flipped = {i for i, (old, new) in enumerate(zip(before, after, strict=True)) if old != new}
    assert before[6] == "white"
    # Villages stand 1,000 m apart and the mast reaches 660 m: only its own village changes its state.
    assert flipped == {6}
    assert after[6] in ("served", "patchy")
