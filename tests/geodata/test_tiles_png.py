"""Raster tiles: the PNG encoder, the display copies and what is read from them."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio import Affine
from rasterio.errors import NotGeoreferencedWarning
from rasterio.warp import transform

from phusong.coverage.errors import LayerFileError, NotFoundError
from phusong.geodata.tiles.colours import (
    FLAT_CODE,
    RSRP_COLOURS,
    RSRP_EDGES_DBM,
    Ramp,
    level_codes,
    level_ramp,
    shade_ramp,
)
from phusong.geodata.tiles.display import Display, build_display, empty_tile, render_tile
from phusong.geodata.tiles.hillshade import build_hillshade, shade_codes
from phusong.geodata.tiles.mercator import tile_at, tile_bounds_m
from phusong.geodata.tiles.png import encode_palette_png

LEFT_M, TOP_M, CELL_M, SIDE = 580_000.0, 2_190_000.0, 30.0, 300


def decode(png: bytes) -> np.ndarray:
    """Colours [height, width, 4] of a PNG, through GDAL."""
    with warnings.catch_warnings(), rasterio.MemoryFile(png) as file:
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        image = file.open()
        colours = image.colormap(1)
        return np.array([colours.get(code, (0, 0, 0, 0)) for code in range(256)], dtype=np.uint8)[
            image.read(1)
        ]


def write(path: Path, values: np.ndarray, *, nodata: float) -> Path:
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        dtype=values.dtype,
        count=1,
        height=values.shape[0],
        width=values.shape[1],
        nodata=nodata,
        crs="EPSG:32648",
        transform=Affine(CELL_M, 0.0, LEFT_M, 0.0, -CELL_M, TOP_M),
    ) as raster:
        raster.write(values, 1)
    return path


@pytest.fixture
def halves(tmp_path: Path) -> Display:
    """West half -100 dBm, east half nothing."""
    level = np.full((SIDE, SIDE), -1000, dtype=np.int16)
    level[:, SIDE // 2 :] = -32768
    source = write(tmp_path / "metric.tif", level, nodata=-32768)
    return Display(build_display(source, tmp_path / "display.tif"))


def lonlat(col: float, row: float) -> tuple[float, float]:
    xs, ys = transform("EPSG:32648", "EPSG:4326", [LEFT_M + col * CELL_M], [TOP_M - row * CELL_M])
    return xs[0], ys[0]


def colour_at(display: Display, zoom: int, col: float, row: float, *, ramp: Ramp) -> tuple[int, ...]:
    """Colour drawn at a place of the metric raster."""
    lon, lat = lonlat(col, row)
    x, y = tile_at(zoom, lon, lat)
    left_m, bottom_m, right_m, top_m = tile_bounds_m(zoom, x, y)
    xs, ys = transform("EPSG:4326", "EPSG:3857", [lon], [lat])
    image = decode(render_tile(display, zoom, x, y, ramp=ramp))
    place = int((top_m - ys[0]) / (top_m - bottom_m) * 256), int((xs[0] - left_m) / (right_m - left_m) * 256)
    return tuple(int(part) for part in image[place])


RAMP = level_ramp(RSRP_EDGES_DBM, RSRP_COLOURS, threshold_dbm=-110.0)


class TestPng:
    def test_colours_and_opacity_come_back(self) -> None:
        palette = [(0, 0, 0, 0), (10, 20, 30, 255), (200, 100, 50, 128)]
        indices = np.array([[0, 1, 2], [2, 1, 0]], dtype=np.uint8)
        expected = np.array(palette, dtype=np.uint8)[indices]
        assert np.array_equal(decode(encode_palette_png(indices, palette)), expected)

    def test_the_empty_tile_is_transparent_and_small(self) -> None:
        image = decode(empty_tile())
        assert image.shape == (256, 256, 4)
        assert not image[..., 3].any()
        assert len(empty_tile()) < 500


class TestColours:
    @pytest.mark.parametrize("threshold_dbm", [-115.0, -110.0, -107.5, -100.0, -70.0])
    def test_nothing_shows_below_the_threshold_and_all_above(self, threshold_dbm: float) -> None:
        level_dbm = np.arange(-160.0, -20.0, 0.1).astype(np.float32)
        ramp = level_ramp(RSRP_EDGES_DBM, RSRP_COLOURS, threshold_dbm=threshold_dbm)
        shown = ramp.index_of_code[level_codes(level_dbm)] > 0
        assert np.array_equal(shown, level_dbm >= np.float32(threshold_dbm))

    @pytest.mark.parametrize(
        ("level_dbm", "place"), [(-110.0, 1), (-105.1, 1), (-105.0, 2), (-88.0, 5), (-70.0, 7), (-30.0, 7)]
    )
    def test_a_class_starts_at_its_edge(self, level_dbm: float, place: int) -> None:
        index = RAMP.index_of_code[level_codes(np.array([level_dbm]))[0]]
        assert RAMP.palette[index] == RSRP_COLOURS[place]

    def test_a_threshold_out_of_this_world_hides_all(self) -> None:
        assert not level_ramp(RSRP_EDGES_DBM, RSRP_COLOURS, threshold_dbm=500.0).index_of_code.any()

    def test_level_ground_is_clear_and_shadow_is_dark(self) -> None:
        palette = shade_ramp().palette
        assert palette[FLAT_CODE][3] == 0
        assert palette[1][:3] == (0, 0, 0)
        assert palette[255][:3] == (255, 255, 255)


class TestDisplay:
    @pytest.mark.parametrize("zoom", [11, 12, 13, 14, 15, 18, 21, 24])
    def test_west_is_drawn_and_east_is_clear_at_every_zoom(self, halves: Display, zoom: int) -> None:
        assert colour_at(halves, zoom, 75.2, 150.2, ramp=RAMP) == RSRP_COLOURS[3]
        assert colour_at(halves, zoom, 225.2, 150.2, ramp=RAMP)[3] == 0

    @pytest.mark.parametrize("zoom", range(10))
    def test_low_zooms_draw_without_failing(self, halves: Display, zoom: int) -> None:
        x, y = tile_at(zoom, *lonlat(75, 150))
        assert decode(render_tile(halves, zoom, x, y, ramp=RAMP)).shape == (256, 256, 4)

    def test_the_area_drawn_is_the_area_computed(self, halves: Display) -> None:
        zoom = halves.zoom
        corners = [tile_at(zoom, *lonlat(col, row)) for col in (0, SIDE) for row in (0, SIDE)]
        xs, ys = {x for x, _ in corners}, {y for _, y in corners}
        drawn = sum(
            np.count_nonzero(decode(render_tile(halves, zoom, x, y, ramp=RAMP))[..., 3])
            for x in range(min(xs), max(xs) + 1)
            for y in range(min(ys), max(ys) + 1)
        )
        pixel_m = 40_075_016.685578488 / 256 / 2**zoom * np.cos(np.radians(lonlat(150, 150)[1]))
        area_m2 = SIDE * SIDE / 2 * CELL_M**2
        assert drawn * pixel_m**2 == pytest.approx(area_m2, rel=0.01)

    def test_far_away_the_cached_empty_tile_is_given(self, halves: Display) -> None:
        assert render_tile(halves, 12, 0, 0, ramp=RAMP) is empty_tile()

    def test_a_tile_that_does_not_exist_is_refused(self, halves: Display) -> None:
        with pytest.raises(NotFoundError):
            render_tile(halves, 99, 0, 0, ramp=RAMP)

    def test_an_unreadable_source_is_refused_and_leaves_nothing(self, tmp_path: Path) -> None:
        source = tmp_path / "broken.tif"
        source.write_bytes(b"no raster")
        with pytest.raises(LayerFileError, match="raster_unreadable"):
            build_display(source, tmp_path / "display.tif")
        assert [path.name for path in tmp_path.iterdir()] == ["broken.tif"]


class TestHillshade:
    def test_the_north_western_slope_is_light_and_the_other_dark(self) -> None:
        row, col = np.mgrid[:41, :41].astype(np.float32)
        dome_m = 300 - 0.4 * ((row - 20) ** 2 + (col - 20) ** 2)
        codes = shade_codes(dome_m, 30.0)
        assert codes[10, 10] > FLAT_CODE > codes[30, 30] > 0
        assert codes[20, 20] == FLAT_CODE

    def test_unknown_heights_stay_clear(self) -> None:
        height_m = np.zeros((9, 9), dtype=np.float32)
        height_m[4, 4] = np.nan
        codes = shade_codes(height_m, 30.0)
        assert codes[4, 4] == 0
        assert codes[0, 0] == FLAT_CODE

    def test_strips_join_without_a_seam(self, tmp_path: Path) -> None:
        rng = np.random.default_rng(4)
        height_m = (rng.normal(0, 20, (1100, 8))).astype(np.float32).cumsum(axis=1)
        whole = shade_codes(height_m, CELL_M)
        from phusong.geodata.tiles import hillshade

        source = write(tmp_path / "terrain.tif", height_m, nodata=float("nan"))
        hillshade._shade_file(source, tmp_path / "shade.tif")
        with rasterio.open(tmp_path / "shade.tif") as shaded:
            assert np.array_equal(shaded.read(1), whole)

    def test_a_hill_shows_both_shadow_and_light(self, tmp_path: Path) -> None:
        row, col = np.mgrid[:SIDE, :SIDE].astype(np.float32)
        hill_m = 800 * np.exp(-((row - 150) ** 2 + (col - 150) ** 2) / 3000).astype(np.float32)
        source = write(tmp_path / "terrain.tif", hill_m, nodata=float("nan"))
        display = Display(build_hillshade(source, tmp_path / "shade.tif"))
        assert colour_at(display, 13, 120, 120, ramp=shade_ramp())[:3] == (255, 255, 255)
        assert colour_at(display, 13, 180, 180, ramp=shade_ramp())[:3] == (0, 0, 0)
