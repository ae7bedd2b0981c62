"""Vector tiles, read back with an independent decoder."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import mapbox_vector_tile
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from phusong.coverage.errors import NotFoundError
from phusong.geodata.tiles import varint
from phusong.geodata.tiles.mercator import tile_at, tile_bounds_m, tile_side_m, to_mercator
from phusong.geodata.tiles.mvt import BUFFER, EXTENT, LARGEST_BYTES, VectorSource

ZOOM = 12
X, Y = tile_at(ZOOM, 105.776, 19.807)


def decode(tile: bytes) -> dict:
    """Tile coordinates as they are: y down."""
    return mapbox_vector_tile.decode(tile, default_options={"y_coord_down": True})


def lonlat(geometry: shapely.Geometry) -> shapely.Geometry:
    """A geometry drawn in units of the tile X, Y (0..4096, y down), as longitude and latitude."""
    left_m, _, _, top_m = tile_bounds_m(ZOOM, X, Y)
    unit_m = tile_side_m(ZOOM) / EXTENT

    def place(units: np.ndarray) -> np.ndarray:
        x_m, y_m = left_m + units[:, 0] * unit_m, top_m - units[:, 1] * unit_m
        lat_deg = np.degrees(2 * np.arctan(np.exp(y_m / 6_378_137.0)) - np.pi / 2)
        return np.column_stack([np.degrees(x_m / 6_378_137.0), lat_deg])

    return shapely.transform(geometry, place)


def layer(*geometries: shapely.Geometry, **columns: list) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(columns, geometry=[lonlat(shape) for shape in geometries], crs=4326)


def features(frame: gpd.GeoDataFrame, *columns: str, is_coverage: bool = False) -> list[dict]:
    tile = VectorSource("things", frame, columns=columns, is_coverage=is_coverage).tile(ZOOM, X, Y)
    return decode(tile)["things"]["features"] if tile else []


def doubled_area(ring: list[list[int]]) -> int:
    return sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(ring, [*ring[1:], ring[0]], strict=True))


class TestPoints:
    def test_lie_where_they_were_put(self) -> None:
        found = features(layer(shapely.Point(10, 4000), shapely.MultiPoint([(1, 2), (3, 4)])))
        assert [feature["geometry"]["coordinates"] for feature in found] == [[10, 4000], [[1, 2], [3, 4]]]

    def test_values_keep_their_types_and_nulls_are_absent(self) -> None:
        frame = layer(
            shapely.Point(1, 1),
            shapely.Point(2000, 2000),
            name=["Bản Ế", None],
            households=[12.5, np.nan],
            rank=[-3, 70_000_000_000],
            is_on_air=[True, False],
        )
        found = features(frame, "name", "households", "rank", "is_on_air", "no_such_column")
        assert [feature["properties"] for feature in found] == [
            {"name": "Bản Ế", "households": 12.5, "rank": -3, "is_on_air": True},
            {"rank": 70_000_000_000, "is_on_air": False},
        ]

    def test_true_and_one_are_told_apart(self) -> None:
        frame = layer(shapely.Point(1, 1), shapely.Point(99, 99))
        frame["value"] = np.array([1, True], dtype=object)
        found = features(frame, "value")
        assert [type(feature["properties"]["value"]) for feature in found] == [int, bool]

    def test_ids_are_row_numbers_also_behind_empty_geometries(self) -> None:
        found = features(layer(shapely.Point(), shapely.Point(50, 50)))
        assert [feature["id"] for feature in found] == [2]

    def test_the_buffer_is_kept_and_nothing_beyond_it(self) -> None:
        frame = layer(shapely.Point(-BUFFER + 1, 9), shapely.Point(-BUFFER - 1, 9), shapely.Point(4097, 9))
        assert [feature["id"] for feature in features(frame)] == [1, 3]

    def test_at_low_zooms_points_thin_out_but_do_not_vanish(self) -> None:
        rng = np.random.default_rng(1)
        cloud = [shapely.Point(*xy) for xy in rng.uniform(0, 4096, (500, 2))]
        source = VectorSource("things", layer(*cloud), columns=())
        x, y = X >> 7, Y >> 7
        assert 1 <= len(decode(source.tile(ZOOM - 7, x, y))["things"]["features"]) < 60


class TestLines:
    def test_are_cut_at_the_buffer(self) -> None:
        found = features(layer(shapely.LineString([(-9000, 100), (9000, 100)])))
        assert found[0]["geometry"]["coordinates"] == [[-BUFFER, 100], [EXTENT + BUFFER, 100]]

    def test_that_leave_and_return_become_several(self) -> None:
        found = features(layer(shapely.LineString([(10, 10), (10, -900), (20, -900), (20, 10)])))
        assert found[0]["geometry"] == {
            "type": "MultiLineString",
            "coordinates": [[[10, 10], [10, -BUFFER]], [[20, -BUFFER], [20, 10]]],
        }


class TestPolygons:
    def test_a_hole_turns_against_its_shell(self) -> None:
        shape = shapely.Polygon(
            [(100, 100), (3000, 100), (3000, 3000), (100, 3000)],
            [[(500, 500), (900, 500), (900, 900), (500, 900)]],
        )
        for given_shape in (shape, shape.reverse(), shape.normalize()):
            (feature,) = features(layer(given_shape))
            shell, hole = feature["geometry"]["coordinates"]
            # mapbox-vector-tile hands rings over closed, as they were wound in the tile
            assert doubled_area(shell) == 2 * 2900 * 2900
            assert doubled_area(hole) == -2 * 400 * 400

    def test_parts_stay_one_feature(self) -> None:
        both = shapely.MultiPolygon([shapely.box(10, 10, 500, 500), shapely.box(700, 700, 900, 900)])
        (feature,) = features(layer(both, shapely.Point()), "name")
        assert feature["geometry"]["type"] == "MultiPolygon"
        assert [doubled_area(part[0]) for part in feature["geometry"]["coordinates"]] == [
            2 * 490 * 490,
            2 * 200 * 200,
        ]

    def test_one_that_spans_the_tile_fills_it_with_its_buffer(self) -> None:
        (feature,) = features(layer(shapely.box(-9000, -9000, 9000, 9000)))
        shape = shapely.Polygon(feature["geometry"]["coordinates"][0])
        assert shape.bounds == (-BUFFER, -BUFFER, EXTENT + BUFFER, EXTENT + BUFFER)

    def test_smaller_than_a_unit_vanishes_with_its_hole(self) -> None:
        speck = shapely.Polygon(
            [(5.1, 5.1), (5.4, 5.1), (5.4, 5.4)], [[(5.2, 5.15), (5.3, 5.15), (5.3, 5.2)]]
        )
        assert features(layer(speck)) == []

    def test_only_touching_the_buffer_leaves_no_trace(self) -> None:
        assert features(layer(shapely.box(-900, 0, -BUFFER, 900))) == []

    def test_neighbours_keep_sharing_borders_when_simplified(self, shared_data: Path) -> None:
        communes = gpd.read_file(shared_data / "thanh_hoa" / "communes_2025.gpkg").to_crs(4326)
        source = VectorSource("communes", communes, columns=["code"], is_coverage=True)
        x, y = tile_at(7, 105.3, 20.0)
        tile = decode(source.tile(7, x, y))["communes"]
        shapes = [shapely.geometry.shape(feature["geometry"]) for feature in tile["features"]]
        assert len(shapes) > 100
        areas = sum(shape.area for shape in shapes)
        overlaps = areas - shapely.union_all(shapely.make_valid(np.array(shapes))).area
        assert abs(overlaps) < 0.002 * areas  # rounding to tile units alone

    def test_real_communes_survive_at_every_zoom(self, shared_data: Path) -> None:
        communes = gpd.read_file(shared_data / "thanh_hoa" / "communes_2025.gpkg").to_crs(4326)
        source = VectorSource("communes", communes, columns=["code"], is_coverage=True)
        for zoom in (5, 9, 13, 17):
            x, y = tile_at(zoom, 105.776, 19.807)
            found = decode(source.tile(zoom, x, y))["communes"]["features"]
            assert found
            assert all(feature["properties"]["code"] for feature in found)


class TestTileRange:
    @pytest.mark.parametrize(("zoom", "x", "y"), [(25, 0, 0), (-1, 0, 0), (3, 8, 0), (3, 0, -1)])
    def test_tiles_that_do_not_exist_are_refused(self, zoom: int, x: int, y: int) -> None:
        with pytest.raises(NotFoundError, match="tile_out_of_range"):
            VectorSource("things", layer(shapely.Point(1, 1)), columns=()).tile(zoom, x, y)

    def test_a_tile_without_features_is_empty(self) -> None:
        source = VectorSource("things", layer(shapely.Point(1, 1)), columns=())
        assert source.tile(ZOOM, X + 5, Y) == b""

    def test_a_layer_without_features_is_empty_everywhere(self) -> None:
        frame = gpd.GeoDataFrame({"name": []}, geometry=[], crs=4326)
        assert VectorSource("things", frame, columns=["name"]).tile(0, 0, 0) == b""


@given(st.lists(st.integers(0, 2**35 - 1), max_size=50))
def test_many_varints_at_once_equal_one_by_one(values: list[int]) -> None:
    packed, starts = varint.pack(np.array(values, dtype=np.int64))
    assert packed == b"".join(varint.one(value) for value in values)
    assert starts[-1] == len(packed)


class TestFarOut:
    def places(self, count: int = 400) -> gpd.GeoDataFrame:
        spots = np.random.default_rng(3).uniform(0, 4096, (count, 2))
        names = [f"Bản {place}" for place in range(count)]
        kinds = ["white" if place % 3 else "served" for place in range(count)]
        return layer(*shapely.points(spots), name=names, status=kinds)

    def source(self, frame: gpd.GeoDataFrame) -> VectorSource:
        return VectorSource("things", frame, columns=["name", "status"], coarse_columns=["status"])

    @pytest.mark.parametrize(("zoom", "expected"), [(9, {"name", "status"}), (8, {"status"})])
    def test_features_carry_less_below_zoom_9(self, zoom: int, expected: set[str]) -> None:
        tile = decode(self.source(self.places()).tile(zoom, *tile_at(zoom, 105.776, 19.807)))
        assert {name for one in tile["things"]["features"] for name in one["properties"]} == expected

    @given(st.integers(0, 7), st.integers(1, 400))
    def test_points_below_zoom_8_stand_for_all_of_them(self, zoom: int, count: int) -> None:
        tile = decode(self.source(self.places(count)).tile(zoom, *tile_at(zoom, 105.776, 19.807)))
        counts = [one["properties"]["point_count"] for one in tile["things"]["features"]]
        assert sum(counts) == count
        assert len(counts) <= count

    def test_of_several_in_one_place_the_first_shows(self) -> None:
        frame = layer(*[shapely.Point(5, 5)] * 3, status=["white", "served", "served"], name=list("abc"))
        tile = decode(self.source(frame).tile(6, *tile_at(6, 105.776, 19.807)))
        assert [one["properties"] for one in tile["things"]["features"]] == [
            {"status": "white", "point_count": 3}
        ]


class TestNoTileIsTooLarge:
    """As many features as no province has, all in one tile."""

    @pytest.mark.parametrize(("stacked", "zoom"), [(False, 12), (True, 12), (False, 11)])
    def test_of_points(self, stacked: bool, zoom: int) -> None:
        spots = np.random.default_rng(4).uniform(0, 4096, (100_000, 2))
        names = [f"{place:06}-Thôn {place % 977}" for place in range(len(spots))]
        frame = layer(*shapely.points(spots), name=names)
        source = VectorSource("things", frame, columns=["name"], is_stacked=stacked)
        tile = source.tile(zoom, *tile_at(zoom, 105.776, 19.807))
        assert 50_000 < len(tile) <= LARGEST_BYTES
        places = [one["geometry"]["coordinates"] for one in decode(tile)["things"]["features"]]
        quarters = {(x // 2048, y // 2048) for x, y in places} if zoom == 12 else {(0, 0)}
        assert len(quarters) >= 4 or zoom != 12  # thinned evenly, not cut off

    def test_of_polygons_that_tile_the_plane(self) -> None:
        angles = np.linspace(0, 1, 160, endpoint=False)
        frame = layer(*_jagged(58, angles), code=[f"{place:05}" for place in range(58 * 57)])
        source = VectorSource("communes", frame, columns=["code"], is_coverage=True)
        tile = source.tile(ZOOM, X, Y)
        assert len(tile) <= LARGEST_BYTES
        # Coarser borders: what is smaller than a pixel there is lost, and no more than that.
        assert 1_000 < len(decode(tile)["communes"]["features"]) <= 58 * 57

    def test_of_lines_the_shortest_are_left_out(self) -> None:
        steps = np.arange(200.0)
        paths = [
            np.column_stack([steps * (1 + place % 20), 7 * np.sin(steps) + place / 1.2])
            for place in range(4_900)
        ]
        source = VectorSource("things", layer(*shapely.linestrings(paths)), columns=[])
        tile = source.tile(ZOOM, X, Y)
        assert 50_000 < len(tile) <= LARGEST_BYTES
        spans = [
            np.ptp(np.array(one["geometry"]["coordinates"])[:, 0])
            for one in decode(tile)["things"]["features"]
        ]
        assert min(spans) >= 199 * 9


def _jagged(side: int, along: np.ndarray) -> list[shapely.Polygon]:
    """Rows of squares with the same wavy line for every border, so that neighbours share it."""
    step = 4096 / side
    wave = step * 0.1 * np.sin(along * 40 * np.pi)
    across = np.column_stack([along * step, wave])
    down = np.column_stack([wave, along * step])

    def square(col: int, row: int) -> shapely.Polygon:
        corner = np.array([col * step, row * step])
        ring = [
            across + corner,
            down + corner + [step, 0],
            across[::-1] + corner + [0, step],
            down[::-1] + corner,
        ]
        return shapely.Polygon(np.vstack([ring[0], ring[1], ring[2], ring[3]])).buffer(0)

    return [square(col, row) for col in range(side) for row in range(side - 1)]


@given(st.integers(-(2**40), 2**40))
def test_zigzag_is_undone_by_its_inverse(value: int) -> None:
    coded = int(varint.zigzag(np.array([value]))[0])
    assert (coded >> 1) ^ -(coded & 1) == value


@given(st.integers(0, 20), st.floats(-180, 179.999), st.floats(-85, 85))
def test_a_point_lies_in_its_tile(zoom: int, lon_deg: float, lat_deg: float) -> None:
    left_m, bottom_m, right_m, top_m = tile_bounds_m(zoom, *tile_at(zoom, lon_deg, lat_deg))
    x_m, y_m = to_mercator(np.array([[lon_deg, lat_deg]]))[0]
    assert left_m - 1e-6 <= x_m <= right_m + 1e-6
    assert bottom_m - 1e-6 <= y_m <= top_m + 1e-6
