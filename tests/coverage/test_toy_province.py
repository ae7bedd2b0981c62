"""Five communes, two operators, free space over flat land: from power to shares, checked by geometry.

Each commune is a square of 2 km with its centre in the middle. A mast's disc is known from its link budget
alone, so every share has an exact answer.
"""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from phusong.coverage.grids import Grid, Raster
from phusong.coverage.losses import LossWindow
from phusong.coverage.method import Method
from phusong.coverage.places import commune_centres, count_centres, point_served
from phusong.coverage.radio.cell import Cell
from phusong.coverage.radio.link_budget import noise_per_re_dbm, rsrp_offset_dbm
from phusong.coverage.service import any_served, served_mask
from phusong.coverage.signal import compose_carrier, merge_carriers
from phusong.coverage.zonal import build_zones, cell_areas_m2, household_shares, shares, zone_sums

GRID = Grid(width=360, height=90, cell_size_m=30.0, left_m=500_000.0, top_m=2_202_500.0, epsg=32648)
FLAT = Raster(GRID, np.zeros(GRID.shape, dtype=np.float32), "m")
METHOD = Method(min_sinr_db=None)
MARGIN_DB = 5.0
CODES = ("01", "02", "03", "04", "05")
COMMUNES = [shapely.box(500_200 + 2_050 * i, 2_200_110, 502_250 + 2_050 * i, 2_202_160) for i in range(5)]
CENTRES = [(500_200 + 2_050 * i + 1_025.0, 2_201_135.0) for i in range(5)]
MASTS = {"Viettel": [(501_000.0, 2_201_300.0), (503_100.0, 2_200_900.0)], "VNPT": [(507_555.0, 2_201_000.0)]}


def _cell(operator, number, at):
    return Cell(
        cell_id=f"{operator}-{number}",
        site_id=f"{operator}-{number}",
        operator=operator,
        technology="5G",
        frequency_mhz=3_750.0,
        bandwidth_mhz=100.0,
        x_m=at[0],
        y_m=at[1],
        antenna_height_m=30.0,
        azimuth_deg=None,
        downtilt_deg=0.0,
        power_dbm=37.5,
        antenna_gain_dbi=0.0,
        horizontal_beamwidth_deg=360.0,
        vertical_beamwidth_deg=10.0,
    )


def _radius_m(cell):
    """Ground distance at which free space takes what the link budget allows."""
    loss_db = rsrp_offset_dbm(cell) - (METHOD.threshold_dbm["5G"] + MARGIN_DB)
    slant_m = 1e3 * 10 ** ((loss_db - 32.45 - 20 * np.log10(cell.frequency_mhz)) / 20)
    return float(np.sqrt(slant_m**2 - 28.5**2))


def _free_space(cell):
    row, col = np.mgrid[0 : GRID.height, 0 : GRID.width]
    x_m, y_m = GRID.left_m + (col + 0.5) * 30.0, GRID.top_m - (row + 0.5) * 30.0
    slant_km = np.hypot(np.hypot(x_m - cell.x_m, y_m - cell.y_m), 28.5) / 1e3
    loss_db = 32.45 + 20 * np.log10(cell.frequency_mhz) + 20 * np.log10(slant_km)
    return LossWindow(0, 0, loss_db.astype(np.float32))


@pytest.fixture(scope="module")
def cells():
    return {name: [_cell(name, i, at) for i, at in enumerate(masts)] for name, masts in MASTS.items()}


@pytest.fixture(scope="module")
def masks(cells):
    found = {}
    for operator, mine in cells.items():
        losses = [_free_space(cell) for cell in mine]
        stack = compose_carrier(mine, losses, grid=GRID, terrain=FLAT, receiver_height_m=1.5)
        noise_dbm = noise_per_re_dbm(mine[0], noise_figure_db=METHOD.noise_figure_db)
        layer = merge_carriers([stack], noise_dbm=noise_dbm, load=METHOD.load)
        found[operator] = served_mask(layer, technology="5G", method=METHOD, margin_db=MARGIN_DB)
    return found


@pytest.fixture(scope="module")
def zones():
    return build_zones(COMMUNES, CODES, GRID)


def _discs(cells):
    return shapely.union_all([shapely.Point(c.x_m, c.y_m).buffer(_radius_m(c), quad_segs=512) for c in cells])


def test_the_discs_are_worth_testing(cells):
    assert 1_200 < _radius_m(cells["Viettel"][0]) < 1_900


def test_area_shares_equal_the_discs(cells, masks, zones):
    areas_m2 = cell_areas_m2(GRID)
    everybody = [cell for mine in cells.values() for cell in mine]
    cases = {name: (mask, cells[name]) for name, mask in masks.items()}
    cases["all"] = (any_served(list(masks.values())), everybody)
    for mask, senders in cases.values():
        found = shares(zones, mask, areas_m2)
        exact = np.array([_discs(senders).intersection(c).area / c.area for c in COMMUNES])
        assert np.abs(found.served / found.total - exact).max() <= 0.001
        assert found.province().share == pytest.approx(exact.mean(), abs=0.0005)


def test_people_and_households_follow_and_sum_to_the_province(masks, zones):
    people = np.zeros(GRID.shape)
    people[GRID.row_col(501_000.0, 2_201_300.0)] = 30.0
    people[GRID.row_col(510_200.0, 2_201_300.0)] = 10.0
    people[GRID.row_col(500_300.0, 2_202_100.0)] = 20.0
    mask = any_served(list(masks.values()))
    found = shares(zones, mask, people)
    homes = household_shares(found, [12.0, 5.0, 0.0, 0.0, 4.0])
    assert [share.total for _, share in found] == [50.0, 0.0, 0.0, 0.0, 10.0]
    served = 50.0 if mask[GRID.row_col(500_300.0, 2_202_100.0)] else 30.0
    assert found.zone("01").served == served
    assert found.zone("02").share is None
    assert found.zone("05").share == 0.0
    assert homes.zone("01").served == pytest.approx(12.0 * served / 50.0)
    for table in (found, homes):
        assert table.province().served == pytest.approx(sum(s.served for _, s in table), abs=1e-9)
        assert table.province().total == pytest.approx(sum(s.total for _, s in table), abs=1e-9)
    assert zone_sums(zones, people).sum() == people.sum()


def test_three_of_five_centres_are_served_and_one_is_missing(masks):
    mask = any_served(list(masks.values()))
    x_m, y_m = zip(*CENTRES[:4], strict=True)
    answers = point_served(GRID, mask, x_m=x_m, y_m=y_m)
    table = commune_centres(CODES, place_commune=CODES[:4], place_served={"5G": answers.tolist()})
    assert table["5G"].tolist() == [True, True, False, True, None]
    count = count_centres(table, technology="5G")
    assert count.share.share == 0.6
    assert count.missing == 1
    assert table.loc[table["is_missing"], "commune_code"].tolist() == ["05"]
