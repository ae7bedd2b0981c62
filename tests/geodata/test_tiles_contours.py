"""Contour tiles, read back with an independent decoder, on ground whose contours are known."""

from __future__ import annotations

import itertools
from pathlib import Path

import mapbox_vector_tile
import numpy as np
import pyproj
import pytest
import rasterio
from rasterio.transform import from_origin

from phusong.coverage.errors import NotFoundError
from phusong.geodata.tiles.contours import ContourTiles
from phusong.geodata.tiles.mercator import tile_at
from phusong.geodata.tiles.mvt import EXTENT

EPSG, LEFT_M, TOP_M, CELL_M, SIDE = 32648, 500_000.0, 2_200_000.0, 30.0, 900
TO_DEGREES = pyproj.Transformer.from_crs(EPSG, 4326, always_xy=True)


def terrain(folder: Path, height_m: np.ndarray) -> ContourTiles:
    path = folder / "terrain.tif"
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        width=SIDE,
        height=SIDE,
        count=1,
        dtype="float32",
        crs=f"EPSG:{EPSG}",
        transform=from_origin(LEFT_M, TOP_M, CELL_M, CELL_M),
    ) as target:
        target.write(height_m.astype(np.float32), 1)
    return ContourTiles(path)


def middle_tile(zoom: int) -> tuple[int, int]:
    return tile_at(zoom, *TO_DEGREES.transform(LEFT_M + 13_500, TOP_M - 13_500))


def features(tile: bytes) -> list[dict]:
    return mapbox_vector_tile.decode(tile, default_options={"y_coord_down": True})["contours"]["features"]


def chains(feature: dict) -> list[np.ndarray]:
    shape = feature["geometry"]
    parts = [shape["coordinates"]] if shape["type"] == "LineString" else shape["coordinates"]
    return [np.array(part) for part in parts]


def plane(rise_m: float) -> np.ndarray:
    """Rises to the east by so much a cell."""
    return np.broadcast_to((np.arange(SIDE) + 0.5) * rise_m, (SIDE, SIDE))


def cone() -> np.ndarray:
    """A hill of 900 m in the middle that falls by 1 m in 15 m."""
    rows, cols = np.mgrid[:SIDE, :SIDE] + 0.5
    return 900 - np.hypot(rows - SIDE / 2, cols - SIDE / 2) * CELL_M / 15


class TestLines:
    @pytest.mark.parametrize(("zoom", "step_m"), [(11, 100), (12, 20), (14, 20)])
    def test_of_a_plane_run_north_where_its_height_is_reached(
        self, tmp_path: Path, zoom: int, step_m: int
    ) -> None:
        found = features(terrain(tmp_path, plane(1.0)).tile(zoom, *middle_tile(zoom)))
        heights = sorted({one["properties"]["height_m"] for one in found})
        assert np.diff(heights).tolist() == [step_m] * (len(heights) - 1)
        assert len(heights) >= 3
        for one in found:
            assert one["properties"]["is_index"] is (one["properties"]["height_m"] % 100 == 0)
            for chain in chains(one):
                assert np.ptp(chain[:, 0]) < 0.02 * EXTENT  # the grid's north is nearly the map's
        left = {one["properties"]["height_m"]: chains(one)[0][0, 0] for one in found}
        ordered = [left[height] for height in heights]
        assert ordered == sorted(ordered)
        # 20 m of height are 20 cells: 600 m on the ground
        per_metre = (ordered[-1] - ordered[0]) / (heights[-1] - heights[0])
        tile_m = 40_075_016.686 / 2**zoom * np.cos(np.radians(19.77))
        assert per_metre * tile_m / EXTENT == pytest.approx(CELL_M, rel=0.02)

    def test_of_a_cone_are_rings(self, tmp_path: Path) -> None:
        tiles = terrain(tmp_path, cone())
        x, y = middle_tile(12)
        top = max(
            (
                one
                for dx in (-1, 0, 1)
                for dy in (-1, 0, 1)
                for one in features(tiles.tile(12, x + dx, y + dy))
            ),
            key=lambda one: one["properties"]["height_m"],
        )
        assert top["properties"]["height_m"] == 880

    @pytest.mark.parametrize("zoom", [12, 13, 14])
    def test_meet_at_the_edges_of_tiles(self, tmp_path: Path, zoom: int) -> None:
        tiles = terrain(tmp_path, cone() + 10 * np.sin(np.arange(SIDE) / 30.0))
        x, y = middle_tile(zoom)
        west, east = (features(tiles.tile(zoom, col, y)) for col in (x, x + 1))
        crossings = [_crossings(found, at) for found, at in ((west, EXTENT), (east, 0))]
        assert len(crossings[0]) >= 3
        assert len(crossings[0]) == len(crossings[1])
        for (height, place), (other_height, other_place) in zip(*crossings, strict=True):
            assert height == other_height
            assert place == pytest.approx(other_place, abs=8)  # a pixel of the screen

    def test_are_not_drawn_far_out_or_outside(self, tmp_path: Path) -> None:
        tiles = terrain(tmp_path, cone())
        assert tiles.tile(10, *middle_tile(10)) == b""
        assert tiles.tile(12, 0, 0) == b""
        with pytest.raises(NotFoundError, match="tile_out_of_range"):
            tiles.tile(3, 9, 0)

    def test_stop_where_the_height_is_unknown(self, tmp_path: Path) -> None:
        height_m = cone()
        height_m[:, : SIDE // 2] = np.nan
        tiles = terrain(tmp_path, height_m)
        x, y = middle_tile(13)
        known = features(tiles.tile(13, x + 1, y))
        assert known
        assert tiles.tile(13, x - 2, y) == b""


def _crossings(found: list[dict], at: int) -> list[tuple[int, float]]:
    """Heights and places where lines cross a vertical line of a tile."""
    seen = []
    for one in found:
        for chain in chains(one):
            for (x0, y0), (x1, y1) in itertools.pairwise(chain):
                if (x0 < at) != (x1 < at):  # lines have a node on the edge itself
                    place = y0 + (y1 - y0) * (at - x0) / (x1 - x0)
                    if 100 < place < EXTENT - 100:
                        seen.append((one["properties"]["height_m"], place))
    return sorted(seen)
