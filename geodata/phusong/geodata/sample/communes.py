"""Communes of the sample province: an exact partition whose borders follow ridges and rivers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely
from scipy import ndimage
from scipy.spatial import cKDTree

from phusong.coverage.grids import Grid
from phusong.geodata.sample.land import Labels, Land, Points, cells_of, cost_graph, points_of, reach_from
from phusong.geodata.sample.noise import fractal_noise
from phusong.geodata.sample.spec import SampleSpec, layer_generator

_EDGE_M, _EDGE_WANDER_M = 2_000.0, 900.0
"""Mean distance of the province's outline from the edge of the area, and how far it strays."""


@dataclass(frozen=True, slots=True)
class Partition:
    """Communes as areas.

    Attributes
    ----------
    seats_m : ndarray, shape (communes, 2)
        Where each commune has its centre; wards first.
    areas : ndarray of shapely.Polygon, shape (communes,)
        Neighbours share their border vertices.
    """

    seats_m: Points
    areas: npt.NDArray[np.object_]


def partition(land: Land, spec: SampleSpec, *, seed: int) -> Partition:
    """Divide the land into communes.

    Parameters
    ----------
    land : Land
        Its ``commune`` is not looked at.
    spec : SampleSpec
    seed : int
    """
    rng = layer_generator(seed, "communes")
    seats = _seats(rng, land, spec)
    labels = _grow(rng, land, seats)
    return Partition(seats, _areas(labels, land.grid, spec.communes))


def _seats(rng: np.random.Generator, land: Land, spec: SampleSpec) -> Points:
    towns = _towns(rng, land)
    wards = _ward_seats(rng, towns, spec.wards)
    inside = _inside(land.grid, 3_600.0) & ~land.is_sea
    valley = np.exp(-land.to_stream_m / 600.0) * land.is_mountain + ~land.is_mountain
    weight = np.where(inside, valley / (1.0 + (land.slope / 0.12) ** 2), 0.0).ravel()
    spacing_m = np.where(land.is_mountain, 8_300.0, 5_600.0).ravel()
    return _spread(rng, land.grid, weight, spacing_m, start=wards, count=spec.communes)


def _inside(grid: Grid, margin_m: float) -> npt.NDArray[np.bool_]:
    cells = int(np.ceil(margin_m / grid.cell_size_m))
    inside = np.zeros(grid.shape, bool)
    inside[cells : grid.height - cells, cells : grid.width - cells] = True
    return inside


def _towns(rng: np.random.Generator, land: Land) -> Points:
    """Three towns: a city in the plain, one at the foot of the mountains, one by the sea."""
    left, bottom, right, top = land.grid.bounds
    wished = np.array([[0.70, 0.52], [0.47, 0.30], [0.86, 0.80]]) + rng.uniform(-0.03, 0.03, (3, 2))
    wished = np.array([left, bottom]) + wished * np.array([right - left, top - bottom])
    usable = np.flatnonzero((_inside(land.grid, 6_000.0) & ~land.is_sea & (land.slope < 0.02)).ravel())
    centres = points_of(land.grid, usable)
    return np.asarray(centres[cKDTree(centres).query(wished)[1]])


def _ward_seats(rng: np.random.Generator, towns: Points, count: int) -> Points:
    chosen = [towns[0]]
    turn = rng.uniform(0, 2 * np.pi)
    for number in range(max(count - 3, 0)):
        angle = turn + 2 * np.pi * number / max(count - 3, 1) + rng.uniform(-0.3, 0.3)
        chosen.append(towns[0] + rng.uniform(3_800, 4_600) * np.array([np.cos(angle), np.sin(angle)]))
    return np.array([*chosen, towns[1], towns[2]][:count])


def _spread(
    rng: np.random.Generator,
    grid: Grid,
    weight: npt.NDArray[np.floating],
    spacing_m: npt.NDArray[np.floating],
    *,
    start: Points,
    count: int,
) -> Points:
    """Add points where the weight is high and others are far for the spacing that holds there."""
    chance = weight / weight.sum()
    chosen = list(start)
    while len(chosen) < count:
        flat = rng.choice(weight.size, size=400, p=chance)
        offers = points_of(grid, flat)
        away, _ = cKDTree(np.array(chosen)).query(offers)
        chosen.append(offers[int(np.argmax(away / spacing_m[flat]))])
    return np.array(chosen)


def _grow(rng: np.random.Generator, land: Land, seats: Points) -> Labels:
    """Give each cell of the province to the seat it is reached from most easily."""
    grid = land.grid
    noise = fractal_noise(rng, grid, longest_m=6_000, shortest_m=4 * grid.cell_size_m, persistence=0.6)
    rivers = np.clip((np.log10(np.maximum(land.drained_m2, 1.0)) - 7.0) * 4.0, 0.0, 8.0)
    cost = np.exp(0.5 * noise) + 9.0 * land.slope + rivers
    province = _province(rng, land)
    rows, cols = cells_of(grid, seats)
    province[rows, cols] = True
    graph = cost_graph(np.where(province, cost, np.inf), cell_m=grid.cell_size_m)
    reach = reach_from(graph, rows * grid.width + cols)
    labels = reach.source.reshape(grid.shape)
    return _tidy(labels.astype(np.int32), len(seats))


def _province(rng: np.random.Generator, land: Land) -> npt.NDArray[np.bool_]:
    """Land inside an outline that strays along the edge of the area and bends towards crests."""
    grid = land.grid
    rows, cols = np.indices(grid.shape, dtype=np.float32)
    to_edge_m = grid.cell_size_m * np.minimum.reduce(
        [rows, cols, np.float32(grid.height - 1) - rows, np.float32(grid.width - 1) - cols]
    )
    wander = fractal_noise(rng, grid, longest_m=21_000, shortest_m=900, persistence=0.55)
    crest = np.clip(
        (land.height_m - ndimage.gaussian_filter(land.height_m, 1_500.0 / grid.cell_size_m)) / 300, -1, 1
    )
    inside = to_edge_m > _EDGE_M + _EDGE_WANDER_M * wander + 400.0 * crest
    pieces, number = ndimage.label(inside & ~land.is_sea)
    if number == 0:
        return inside
    sizes = np.bincount(pieces.ravel())
    sizes[0] = 0
    return np.asarray(pieces == int(np.argmax(sizes)))


def _tidy(labels: Labels, count: int) -> Labels:
    """Keep one 4-connected piece a commune, without holes; crumbs go to the commune around them."""
    keep = np.zeros(labels.shape, bool)
    for index in range(-1, count):
        pieces, number = ndimage.label(labels == index)
        if index < 0 or number == 0:
            keep |= labels == index
            continue
        sizes = np.bincount(pieces.ravel())
        sizes[0] = 0
        keep |= pieces == int(np.argmax(sizes))
    nearest = ndimage.distance_transform_edt(~keep, return_distances=False, return_indices=True)
    tidy = labels[nearest[0], nearest[1]]
    filled = ndimage.binary_fill_holes(tidy >= 0)
    hole = filled & (tidy < 0)
    if hole.any():
        nearest = ndimage.distance_transform_edt(tidy < 0, return_distances=False, return_indices=True)
        tidy = np.where(hole, tidy[nearest[0], nearest[1]], tidy)
    return np.asarray(tidy, dtype=np.int32)


def _areas(labels: Labels, grid: Grid, count: int) -> npt.NDArray[np.object_]:
    """Turn labels into polygons whose borders are drawn once and shared."""
    arcs = shapely.get_parts(shapely.line_merge(shapely.multilinestrings(_border_steps(labels, grid))))
    smooth = [_smooth_arc(shapely.get_coordinates(arc)) for arc in arcs]
    faces = shapely.get_parts(shapely.polygonize(smooth))
    middles = shapely.get_coordinates(shapely.get_point(shapely.maximum_inscribed_circle(faces, 10.0), 0))
    rows = np.floor((grid.top_m - middles[:, 1]) / grid.cell_size_m).astype(np.int64)
    cols = np.floor((middles[:, 0] - grid.left_m) / grid.cell_size_m).astype(np.int64)
    owners = labels[rows, cols]
    largest = [
        max((face for face, owner in zip(faces, owners, strict=True) if owner == index), key=shapely.area)
        for index in range(count)
    ]
    return np.array(largest, dtype=object)


def _border_steps(labels: Labels, grid: Grid) -> list[npt.NDArray[np.float64]]:
    padded = np.pad(labels, 1, constant_values=-1)
    size = grid.cell_size_m
    rows, cols = np.nonzero(padded[1:, :] != padded[:-1, :])
    flat = np.stack([np.stack([cols - 1, rows], 1), np.stack([cols, rows], 1)], 1)
    rows, cols = np.nonzero(padded[:, 1:] != padded[:, :-1])
    upright = np.stack([np.stack([cols, rows - 1], 1), np.stack([cols, rows], 1)], 1)
    steps = np.concatenate([flat, upright]).astype(np.float64)
    steps[..., 0] = grid.left_m + steps[..., 0] * size
    steps[..., 1] = grid.top_m - steps[..., 1] * size
    return list(steps)


def _smooth_arc(steps_m: Points) -> shapely.LineString:
    """Round the stairs of an arc; its ends stay where they are."""
    middles = 0.5 * (steps_m[1:] + steps_m[:-1])
    is_ring = bool(np.all(steps_m[0] == steps_m[-1]))
    if is_ring:
        soft = ndimage.gaussian_filter1d(middles, 1.6, axis=0, mode="wrap")
        return shapely.LineString(np.vstack([soft, soft[:1]]))
    path = np.vstack([steps_m[:1], middles, steps_m[-1:]])
    # odd reflection about the ends keeps them fixed
    length = len(path)
    ahead = 2 * path[0] - path[min(8, length - 1) : 0 : -1]
    after = 2 * path[-1] - path[-2 : max(-10, -length - 1) : -1]
    soft = ndimage.gaussian_filter1d(np.vstack([ahead, path, after]), 1.6, axis=0, mode="nearest")
    soft = soft[len(ahead) : len(ahead) + length]
    soft[0], soft[-1] = path[0], path[-1]
    return shapely.LineString(soft[np.r_[True, np.any(np.diff(soft, axis=0) != 0, axis=1)]])
