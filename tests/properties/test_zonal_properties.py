"""Sums by boundary equal an independent computation with shapely, for any polygons."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import shapely
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from phusong.coverage.fractions import cell_fractions
from phusong.coverage.grids import Grid
from phusong.coverage.zonal import build_zones, zone_of_cells, zone_sums

GRID = Grid(width=11, height=8, cell_size_m=30.0, left_m=600.0, top_m=240.0, epsg=32648)
COORDINATES = st.tuples(st.floats(500, 1_000), st.floats(-60, 300))
TRIANGLES = st.lists(COORDINATES, min_size=3, max_size=3).map(shapely.Polygon)
DISCS = st.builds(lambda at, radius: shapely.Point(at).buffer(radius), COORDINATES, st.floats(1, 150))
ALIGNED = st.builds(
    lambda col, row, width, height: shapely.box(
        600 + 30 * col, 30 * row, 600 + 30 * (col + width), 30 * (row + height)
    ),
    *(st.integers(-2, 9), st.integers(-2, 7), st.integers(1, 6), st.integers(1, 6)),
)
PIECES = st.lists(TRIANGLES | DISCS | ALIGNED, min_size=1, max_size=3)
VALUES = hnp.arrays(np.float64, GRID.shape, elements=st.floats(0, 1_000))


def _shape(added, removed):
    shape = shapely.union_all([piece for piece in added if piece.is_valid])
    shape = shape.difference(shapely.union_all([piece for piece in removed if piece.is_valid]))
    parts = [part for part in shapely.get_parts(shape) if part.geom_type == "Polygon" and part.area > 1e-3]
    return shapely.MultiPolygon(parts)


SHAPES = st.builds(_shape, PIECES, st.lists(TRIANGLES | DISCS, max_size=2))


def _expected(shape):
    row, col = np.mgrid[0 : GRID.height, 0 : GRID.width]
    left, top = GRID.left_m + col * 30.0, GRID.top_m - row * 30.0
    return shapely.area(shapely.intersection(shapely.box(left, top - 30.0, left + 30.0, top), shape)) / 900.0


@settings(deadline=None, max_examples=80)
@given(st.lists(SHAPES, min_size=1, max_size=3), VALUES)
def test_sums_equal_box_intersections(shapes, values):
    assume(all(shape.is_valid and not shape.is_empty for shape in shapes))
    zones = build_zones(shapes, [str(i) for i in range(len(shapes))], GRID)
    fractions = [_expected(shape) for shape in shapes]
    expected = np.array([(values * fraction).sum() for fraction in fractions])
    assert np.allclose(zone_sums(zones, values), expected, rtol=1e-9, atol=1e-4)
    inside = np.array(
        [fraction.sum() * 900.0 / shape.area for fraction, shape in zip(fractions, shapes, strict=True)]
    )
    assert np.allclose(zones.outside_share, 1 - inside, atol=1e-7)


@settings(deadline=None, max_examples=150)
@given(SHAPES)
def test_fractions_equal_box_intersections(shape):
    assume(shape.is_valid and not shape.is_empty)
    cell, fraction, _ = cell_fractions(shape, GRID)
    found = np.zeros(GRID.width * GRID.height)
    found[cell] = fraction
    assert np.all(np.diff(cell) > 0)
    assert np.allclose(found, _expected(shape).ravel(), atol=2e-9)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.floats(601, 929), min_size=1, max_size=4, unique=True), VALUES)
def test_strips_that_tile_the_grid_sum_to_everything(cuts, values):
    edges = [600.0, *sorted(cuts), 930.0]
    assume(min(np.diff(edges)) > 1e-3)
    strips = [shapely.box(a, 0, b, 240) for a, b in pairwise(edges)]
    zones = build_zones(strips, [str(i) for i in range(len(strips))], GRID)
    assert np.isclose(zone_sums(zones, values).sum(), values.sum(), rtol=1e-9, atol=1e-6)
    owner = zone_of_cells(zones)
    assert owner.min() >= 0
    assert (np.diff(owner.astype(int), axis=1) >= 0).all()


@settings(deadline=None, max_examples=40)
@given(SHAPES, VALUES, hnp.arrays(np.bool_, GRID.shape))
def test_served_and_unserved_make_up_the_total(shape, values, served):
    assume(shape.is_valid and not shape.is_empty)
    zones = build_zones([shape], ["a"], GRID)
    parts = zone_sums(zones, values, where=served) + zone_sums(zones, values, where=~served)
    assert np.isclose(parts, zone_sums(zones, values), rtol=1e-12, atol=1e-9).all()
