"""Paths to the pixels of a square, sampled together, are those sampled one by one."""

from __future__ import annotations

import numpy as np
import pytest

from phusong.coverage.propagation.area_finish import Land
from phusong.coverage.propagation.area_geometry import Site
from phusong.coverage.propagation.area_patch_block import MANY, PIXELS
from phusong.coverage.propagation.area_patches import SIDE, Patch, aim, make_patch, patch_count, sample_patch
from phusong.coverage.propagation.area_sampling import SAMPLES, sample_terrain
from phusong.coverage.propagation.area_setup import sample_tables

ROWS, COLS = 241, 257
SITE = Site(120, 128, 0.3, 0.85, 30.0, 1.5, 8500.0, 0.03)


def land() -> Land:
    """Rough ground with as much memory beyond it as kernels may read."""
    room = np.random.default_rng(5).normal(0.0, 200.0, (ROWS + MANY, COLS)).astype(np.float32)
    return Land(room[:ROWS].reshape(-1), np.empty(0, dtype=np.float32), ROWS, COLS, SITE)


def aimed(row: int, col: int, radius_cells: float = 400.0) -> tuple[Patch, int]:
    """Square of pixels that begins at a row and column of the window without padding."""
    patch = make_patch(240)
    return patch, aim(patch, land(), row, row + SIDE, col // SIDE, radius_cells)


@pytest.mark.parametrize("row", [0, 44, 84, 116, 120, 160, 235])
@pytest.mark.parametrize("col", [0, 60, 112, 124, 128, 180, 252])
def test_paths_sampled_together_are_those_sampled_alone(row: int, col: int) -> None:
    ground, tables = land(), sample_tables(239.0, SITE)
    patch, pixels = aimed(row, col)
    sample_patch(patch, ground, tables, pixels)
    stride, alone = patch.heights.size // PIXELS, np.zeros(240 + 2 * SAMPLES, dtype=np.float32)
    assert pixels >= SIDE * (3 if col == 252 else 4)
    for pixel in range(pixels):
        count, line = int(patch.inner[pixel]), (patch.down[pixel], patch.right[pixel])
        sample_terrain(ground.ground, COLS, SITE, *line, count, tables.step, alone)
        found = patch.heights[pixel * stride + 1 : pixel * stride + count + 1]
        np.testing.assert_array_equal(found, alone[1 : count + 1])


def test_squares_hold_every_pixel_in_reach_once() -> None:
    patch, ground = make_patch(240), land()
    rows, cols, radius_cells = ROWS - 2, COLS - 2, 100.0
    begin, end = 30, 141
    hits = np.zeros((rows, cols), dtype=int)
    for number in range(patch_count(end - begin, cols)):
        pixels = aim(patch, ground, begin, end, number, radius_cells)
        np.add.at(hits.reshape(-1), patch.target[:pixels], 1)
    down = np.arange(rows)[:, None] + 1 - SITE.row - SITE.row_part
    right = np.arange(cols)[None, :] + 1 - SITE.col - SITE.col_part
    asked = (np.arange(rows) >= begin) & (np.arange(rows) < end)
    np.testing.assert_array_equal(hits, (np.hypot(down, right) <= radius_cells) & asked[:, None])


def test_pixels_on_unknown_ground_or_out_of_reach_are_left_out() -> None:
    patch, ground = make_patch(240), land()
    ground.ground[45 * COLS + 61] = np.float32(-1e30)
    assert aim(patch, ground, 44, 48, 15, 400.0) == PIXELS - 1
    assert aimed(0, 0, radius_cells=50.0)[1] == 0
