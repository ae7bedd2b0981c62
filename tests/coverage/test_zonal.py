"""Exact sums by boundary, against shapely and against the real province."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pyproj
import pytest
import shapely
from shapely import affinity

from phusong.coverage.errors import GridError, InputError
from phusong.coverage.fractions import cell_fractions
from phusong.coverage.grids import Grid
from phusong.coverage.zonal import (
    ZoneShares,
    build_zones,
    cell_areas_m2,
    code_index,
    count_shares,
    geodesic_area_km2,
    household_shares,
    shares,
    zone_of_cells,
    zone_sums,
)

GRID = Grid(width=12, height=9, cell_size_m=10.0, left_m=500_000.0, top_m=2_200_090.0, epsg=32648)


def _here(geometry):
    return affinity.translate(geometry, 500_000.0, 2_200_000.0)


def _dense(zones, index):
    fractions = (zones.interior == index).astype(float)
    mine = zones.border_zone == index
    np.add.at(fractions.reshape(-1), zones.border_cell[mine], zones.border_fraction[mine])
    return fractions


def _boxes(grid):
    row, col = np.mgrid[0 : grid.height, 0 : grid.width]
    left, top = grid.left_m + col * grid.cell_size_m, grid.top_m - row * grid.cell_size_m
    return shapely.box(left, top - grid.cell_size_m, left + grid.cell_size_m, top)


def test_a_square_cutting_cells_by_half():
    zones = build_zones([_here(shapely.box(5, 10, 30, 20))], ["a"], GRID)
    assert _dense(zones, 0)[7].tolist() == [0.5, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]
    assert _dense(zones, 0).sum() == 2.5
    assert zone_sums(zones, np.full(GRID.shape, 100.0)).tolist() == [250.0]


def test_holes_and_parts():
    ring = shapely.box(10, 10, 60, 60).difference(shapely.box(22, 22, 41, 45))
    shape = shapely.union(ring, shapely.box(81, 3, 97, 17))
    zones = build_zones([_here(shape)], ["a"], GRID)
    expected = shapely.area(shapely.intersection(_boxes(GRID), _here(shape))) / 100.0
    assert _dense(zones, 0) == pytest.approx(expected, abs=1e-9)


def test_overlaps_count_in_both_and_nothing_is_lost():
    zones = build_zones(
        [_here(shapely.box(0, 0, 50, 50)), _here(shapely.box(30, 0, 80, 50))], ["a", "b"], GRID
    )
    assert zone_sums(zones, np.ones(GRID.shape)).tolist() == [25.0, 25.0]


def test_the_part_outside_the_grid_is_told():
    shapes = [shapely.box(100, 50, 140, 110), shapely.box(-500, 0, -400, 50), shapely.box(0, 0, 10, 10)]
    zones = build_zones([_here(shape) for shape in shapes], ["a", "b", "c"], GRID)
    assert zones.outside_share == pytest.approx([1 - (20 * 40) / (40 * 60), 1.0, 0.0])
    assert zone_sums(zones, np.ones(GRID.shape)) == pytest.approx([8.0, 0.0, 1.0])


def test_communes_that_tile_sum_to_the_whole():
    cut = [(0, 37.3), (37.3, 71.9), (71.9, 120)]
    zones = build_zones([_here(shapely.box(a, 0, b, 90)) for a, b in cut], ["a", "b", "c"], GRID)
    people = np.random.default_rng(1).uniform(0, 50, GRID.shape)
    assert zone_sums(zones, people).sum() == pytest.approx(people.sum(), rel=1e-12)


def test_repeated_points_at_the_start_of_a_ring_do_no_harm():
    outline = shapely.Polygon([(12, 85), (5, 88), (5, 3), (41, 3), (31, 22), (12, 85), (12, 85), (12, 85)])
    cell, fraction, _ = cell_fractions(_here(outline), GRID)
    expected = shapely.area(shapely.intersection(_boxes(GRID), _here(outline))).ravel() / 100.0
    found = np.zeros(expected.size)
    found[cell] = fraction
    assert found == pytest.approx(expected, abs=1e-9)


def test_parts_that_only_touch_the_grid_cover_nothing():
    shape = shapely.MultiPolygon([shapely.box(-30, 40, 0, 70), shapely.box(20, 0, 40, 20)])
    cell, fraction, outside = cell_fractions(_here(shape), GRID)
    assert fraction.tolist() == [1.0] * 4
    assert cell.tolist() == [7 * 12 + 2, 7 * 12 + 3, 8 * 12 + 2, 8 * 12 + 3]
    assert outside == pytest.approx(900 / 1_300)


def test_bands_of_a_large_polygon_make_no_difference(monkeypatch):
    shape = _here(shapely.Point(60, 45).buffer(38).difference(shapely.Point(63, 40).buffer(9)))
    at_once = cell_fractions(shape, GRID)
    monkeypatch.setattr("phusong.coverage.fractions.BAND_CELLS", 20)
    in_bands = cell_fractions(shape, GRID)
    assert in_bands[0].tolist() == at_once[0].tolist()
    assert in_bands[1] == pytest.approx(at_once[1], abs=1e-12)


def test_masks_and_unknown_values():
    zones = build_zones([_here(shapely.box(0, 0, 120, 90))], ["a"], GRID)
    people = np.ones(GRID.shape, dtype=np.float32)
    people[0] = np.nan
    assert zone_sums(zones, people).tolist() == [96.0]
    where = np.zeros(GRID.shape, dtype=bool)
    where[:3] = True
    assert zone_sums(zones, people, where=where).tolist() == [24.0]
    assert np.isnan(people[0]).all()


def test_owner_of_a_cell_is_who_has_most_of_it():
    shapes = [shapely.box(0, 0, 14, 90), shapely.box(14, 0, 32, 90), shapely.box(32, 0, 35, 90)]
    zones = build_zones([_here(shape) for shape in shapes], ["a", "b", "c"], GRID)
    assert zone_of_cells(zones)[4].tolist() == [0, 1, 1, 2, -1, -1, -1, -1, -1, -1, -1, -1]


def test_equal_parts_go_to_the_earlier_zone():
    zones = build_zones([_here(shapely.box(5, 0, 10, 90)), _here(shapely.box(0, 0, 5, 90))], ["a", "b"], GRID)
    assert (zone_of_cells(zones)[:, 0] == 0).all()


def test_refusals():
    bow = shapely.Polygon([(0, 0), (10, 10), (10, 0), (0, 10)])
    for bad in (bow, shapely.Point(1, 1), shapely.Polygon()):
        with pytest.raises(InputError, match="zone_geometry"):
            build_zones([bad], ["a"], GRID)
    square = _here(shapely.box(0, 0, 10, 10))
    with pytest.raises(InputError, match="zones_mismatch"):
        build_zones([square, square], ["a", "a"], GRID)
    zones = build_zones([square], ["a"], GRID)
    with pytest.raises(GridError, match="raster_shape"):
        zone_sums(zones, np.ones((3, 3)))


def test_no_zones_at_all():
    zones = build_zones([], [], GRID)
    assert zone_sums(zones, np.ones(GRID.shape)).shape == (0,)
    assert shares(zones, np.ones(GRID.shape, bool), np.ones(GRID.shape)).province().share is None


def test_free_space_disc_on_a_flat_world():
    grid = Grid(width=334, height=334, cell_size_m=30.0, left_m=500_000.0, top_m=2_210_020.0, epsg=32648)
    centre = (505_013.0, 2_204_991.0)
    disc = shapely.Point(centre).buffer(3_700.0, quad_segs=512)
    row, col = np.mgrid[0 : grid.height, 0 : grid.width]
    x_m = grid.left_m + (col + 0.5) * 30.0
    y_m = grid.top_m - (row + 0.5) * 30.0
    served = np.hypot(x_m - centre[0], y_m - centre[1]) <= 3_700.0
    squares = [
        shapely.box(500_100 + 3_200 * i, 2_200_200 + 3_200 * j, 503_300 + 3_200 * i, 2_203_400 + 3_200 * j)
        for i in range(3)
        for j in range(3)
    ]
    zones = build_zones(squares, [str(i) for i in range(9)], grid)
    found = shares(zones, served, np.full(grid.shape, 900.0))
    exact = np.array([disc.intersection(square).area / square.area for square in squares])
    assert np.abs(found.served / found.total - exact).max() <= 0.001
    assert 0 < exact.min() < 0.9 < exact.max()
    whole = found.province()
    assert whole.share == pytest.approx(
        disc.intersection(shapely.union_all(squares)).area / whole.total, abs=1e-3
    )


def test_province_is_the_sum_of_its_communes():
    rng = np.random.default_rng(2)
    people = ZoneShares(tuple("abcde"), rng.uniform(0, 1e5, 5), rng.uniform(1e5, 2e5, 5))
    homes = household_shares(people, [1e4, np.nan, 3e4, 0.0, 5e4])
    for table in (people, homes):
        parts = [share for _, share in table]
        assert table.province().served == pytest.approx(sum(part.served for part in parts), abs=1e-9)
        assert table.province().total == pytest.approx(sum(part.total for part in parts), abs=1e-9)


def test_households_live_where_the_people_live():
    people = ZoneShares(("a", "b", "c"), np.array([30.0, 0.0, 5.0]), np.array([120.0, 0.0, 5.0]))
    homes = household_shares(people, [40.0, 7.0, np.nan])
    assert homes.zone("a").as_dict() == {"served": 10.0, "total": 40.0, "share": 0.25}
    assert homes.zone("b").share is None
    assert homes.zone("c").share is None
    assert homes.province().share == 0.25


def test_counted_things():
    found = count_shares(["a", "b", "c"], [0, 0, 1, -1], [True, False, True, True])
    assert [share.share for _, share in found] == [0.5, 1.0, None]
    assert code_index(["a", "b"], ["b", "a", "b"]).tolist() == [1, 0, 1]


def test_cell_areas_follow_the_projection():
    grid = Grid(width=900, height=700, cell_size_m=100.0, left_m=520_000.0, top_m=2_260_000.0, epsg=32648)
    areas_m2 = cell_areas_m2(grid)
    to_lonlat = pyproj.Transformer.from_crs(32648, 4326, always_xy=True)
    for row, col in [(0, 0), (699, 899), (350, 17), (3, 612)]:
        x, y = grid.centre(row, col)
        outline = shapely.transform(
            shapely.box(x - 50, y - 50, x + 50, y + 50),
            lambda xy: np.column_stack(to_lonlat.transform(xy[:, 0], xy[:, 1])),
        )
        assert areas_m2[row, col] == pytest.approx(geodesic_area_km2(outline) * 1e6, rel=1e-6)


def test_cell_areas_of_a_tiny_grid():
    areas_m2 = cell_areas_m2(
        Grid(width=1, height=1, cell_size_m=30.0, left_m=500_000.0, top_m=2.2e6, epsg=32648)
    )
    assert areas_m2.shape == (1, 1)
    assert areas_m2[0, 0] == pytest.approx(900.0 / 0.9996**2, rel=1e-6)


def test_geodesic_area_knows_holes_and_orientation():
    outer, hole = shapely.box(105, 19, 106, 20), shapely.box(105.4, 19.4, 105.6, 19.6)
    ring = outer.difference(hole)
    assert geodesic_area_km2(ring) == pytest.approx(geodesic_area_km2(outer) - geodesic_area_km2(hole))
    assert geodesic_area_km2(ring.reverse()) == pytest.approx(geodesic_area_km2(ring))


@pytest.fixture(scope="module")
def thanh_hoa(shared_data):
    return gpd.read_file(shared_data / "thanh_hoa" / "communes_2025.gpkg")


def test_area_of_the_real_province(thanh_hoa):
    assert len(thanh_hoa) == 166
    assert sum(map(geodesic_area_km2, thanh_hoa.geometry)) == pytest.approx(11_091.77, abs=0.1)


def test_fractions_of_real_communes_equal_exactextract(thanh_hoa):
    # Float32 is as precise as the peer gets at borders.
    exactextract = pytest.importorskip("exactextract")
    for shape in shapely.remove_repeated_points(thanh_hoa.to_crs(32648).geometry.to_numpy()[:20]):
        left, bottom, _, top = shape.bounds
        width, height = int((shape.bounds[2] - left) // 100) + 2, int((top - bottom) // 100) + 2
        grid = Grid(
            width=width, height=height, cell_size_m=100.0, left_m=left - 50, top_m=top + 50, epsg=32648
        )
        frame = exactextract.raster.NumPyRasterSource(np.zeros(grid.shape), *grid.bounds)
        feature = {"type": "Feature", "properties": {}, "geometry": shapely.geometry.mapping(shape)}
        peer = exactextract.exact_extract(frame, feature, ["cell_id", "coverage"])[0]["properties"]
        expected, found = np.zeros(grid.width * grid.height), np.zeros(grid.width * grid.height)
        expected[np.asarray(peer["cell_id"])] = peer["coverage"]
        cell, fraction, _ = cell_fractions(shape, grid)
        found[cell] = fraction
        assert np.abs(found - expected).max() < 1e-6


def test_cells_of_the_real_province_give_its_true_area(thanh_hoa):
    metric = thanh_hoa.to_crs(32648)
    left, bottom, right, top = metric.total_bounds
    left_m, top_m = np.floor(left / 200) * 200, np.ceil(top / 200) * 200
    width, height = int(np.ceil((right - left_m) / 200)), int(np.ceil((top_m - bottom) / 200))
    grid = Grid(width=width, height=height, cell_size_m=200.0, left_m=left_m, top_m=top_m, epsg=32648)
    zones = build_zones(list(metric.geometry), list(thanh_hoa["code"]), grid)
    found_km2 = zone_sums(zones, cell_areas_m2(grid)) / 1e6
    assert zones.outside_share.max() == 0.0
    assert found_km2 == pytest.approx([geodesic_area_km2(shape) for shape in thanh_hoa.geometry], rel=5e-7)
    assert found_km2.sum() == pytest.approx(11_091.77, abs=0.1)
