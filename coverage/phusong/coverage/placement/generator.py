"""Synthetic instances at the size of a province, to measure solvers on.

Fractal terrain, hamlets in its valleys (or in cities), masts on hilltops and near hamlets, and coverage by
line of sight over the terrain and each point's own clutter. Nothing here is data of a real place.
"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import maximum_filter
from scipy.spatial import KDTree

from phusong.coverage.placement.generator_kernel import (
    Float32Array,
    Ground,
    Points,
    most_seen,
    seen_points,
)
from phusong.coverage.placement.instance import BoolArray, CoverageInstance, FloatArray, Int32Array

CELL_M = 100.0
RELIEF_M = 420.0
"""Standard deviation of the terrain, near that of the north-western provinces."""
ROUGHNESS = 1.55
"""Amplitude falls with the wave number to this power (natural terrain: 1.4 to 2)."""
HAMLET_POINTS = 60
CITIES = 6
STANDING_REACH = 0.6
"""Existing masts are lower and carry older equipment."""
_CHUNK = 250


@dataclass(frozen=True, slots=True)
class Landscape:
    """What to generate.

    Attributes
    ----------
    sites, demands : int
        Candidate masts and demand points.
    covered_share : float
        Existing masts are added until this share of the points is served.
    in_cities : float
        Share of hamlets that belong to one of `CITIES` dense cities.
    reach_m : float
        Farthest that a candidate serves; existing masts reach `STANDING_REACH` of it.
    clutter_m : float
        Mean height of what stands around a demand point (exponential).
    indoor_m : float
        Further clutter that existing masts must clear, drawn anew for each point (0: none): leaves points
        without signal in the midst of those served, as inside buildings.
    grid_cells : int
        Side of the province in cells of `CELL_M`: 205 km by default.
    seed : int
        The same seed gives the same instance.
    """

    sites: int
    demands: int
    covered_share: float = 0.0
    in_cities: float = 0.0
    reach_m: float = 8_000.0
    clutter_m: float = 6.0
    indoor_m: float = 0.0
    grid_cells: int = 2048
    seed: int = 1


def dense_cities(*, sites: int = 5_000, demands: int = 200_000, seed: int = 1) -> Landscape:
    """Return a landscape of dense cities, 85 % covered: many nonzeros, many sites alike."""
    return Landscape(sites, demands, 0.85, in_cities=0.85, reach_m=5_000.0, indoor_m=25.0, seed=seed)


def generate_instance(landscape: Landscape) -> CoverageInstance:
    """Make the instance of a landscape.

    Parameters
    ----------
    landscape : Landscape
        Sizes and seed.

    Returns
    -------
    CoverageInstance
        Weights are whole people at a point; costs are whole units that grow with the way to the nearest
        hamlet; `covered` is what generated existing masts serve.
    """
    random = np.random.default_rng(landscape.seed)
    height_m = fractal_terrain(random, landscape.grid_cells)
    hamlet = _hamlets(random, landscape, height_m)
    points, weight = _points(random, landscape, hamlet)
    ground = Ground(height_m, CELL_M)
    mast, cost = _masts(random, landscape.sites, height_m, hamlet)
    indptr, index = _coverage(ground, points, mast, landscape.reach_m)
    covered = _standing(random, landscape, ground, points, hamlet)
    return CoverageInstance(indptr, index, weight, cost, covered)


def fractal_terrain(random: np.random.Generator, cells: int) -> Float32Array:
    """Return heights in metres, float32 of shape (cells, cells), with a power-law spectrum."""
    wave = np.hypot(np.fft.fftfreq(cells)[:, None], np.fft.rfftfreq(cells)[None, :]) * cells
    wave[0, 0] = np.inf
    amplitude = np.maximum(wave, 6.0) ** -(ROUGHNESS + 1.0) * (wave < np.inf)
    noise = random.standard_normal(wave.shape) + 1j * random.standard_normal(wave.shape)
    height_m = np.fft.irfft2(noise * amplitude, s=(cells, cells))
    return (height_m * (RELIEF_M / height_m.std())).astype(np.float32)


def _hamlets(random: np.random.Generator, landscape: Landscape, height_m: Float32Array) -> FloatArray:
    """Draw places, shape (hamlets, 2), in cells: the lowest of four tries; a part around city centres."""
    edge = landscape.grid_cells - 6
    count = max(landscape.demands // HAMLET_POINTS, 1)
    tries = random.uniform(5, edge, (4, count, 2))
    height = height_m[tries[..., 0].astype(np.int64), tries[..., 1].astype(np.int64)]
    place = tries[np.argmin(height, axis=0), np.arange(count)]
    urban = random.random(count) < landscape.in_cities
    centre = place[random.integers(0, count, CITIES)]
    around = centre[random.integers(0, CITIES, count)] + random.normal(0, 45.0, (count, 2))
    return np.clip(np.where(urban[:, None], around, place), 5, edge)


def _points(
    random: np.random.Generator, landscape: Landscape, hamlet: FloatArray
) -> tuple[Points, FloatArray]:
    size = random.lognormal(0.0, 0.9, len(hamlet))
    of_hamlet = random.choice(len(hamlet), landscape.demands, p=size / size.sum())
    place = hamlet[of_hamlet] + random.normal(0, 3.5, (landscape.demands, 2))
    side = landscape.grid_cells
    cell = np.sort(np.clip(place, 0, side - 1).astype(np.int64) @ np.array([side, 1]))
    start = np.searchsorted(cell, np.arange(side**2 + 1)).astype(np.int32)
    clutter_m = random.exponential(landscape.clutter_m, cell.size).astype(np.float32)
    weight = 1.0 + np.floor(random.lognormal(1.2, 0.6, cell.size))
    return Points(cell.astype(np.int32), start, clutter_m), weight


def _masts(
    random: np.random.Generator, sites: int, height_m: Float32Array, hamlet: FloatArray
) -> tuple[Float32Array, FloatArray]:
    """Return row, column and antenna height of each mast, and its cost."""
    tops = np.argwhere(maximum_filter(height_m, size=15) == height_m).astype(np.float64)
    hills = min(sites // 2, len(tops))
    on_hill = tops[random.choice(len(tops), hills, replace=False)]
    near = _near(random, hamlet, sites - hills)
    place = np.clip(np.concatenate([on_hill, near]), 2, len(height_m) - 3)
    antenna_m = random.choice([30.0, 45.0, 60.0], sites)
    way_km = KDTree(hamlet).query(place)[0] * CELL_M / 1000.0
    cost = np.round(60.0 + antenna_m + 25.0 * way_km + random.uniform(0, 30, sites))
    order = random.permutation(sites)
    return np.column_stack([place, antenna_m])[order].astype(np.float32), cost[order]


def _near(random: np.random.Generator, hamlet: FloatArray, count: int) -> FloatArray:
    return hamlet[random.integers(0, len(hamlet), count)] + random.normal(0, 8.0, (count, 2))


def _coverage(
    ground: Ground, points: Points, mast: Float32Array, reach_m: float
) -> tuple[np.ndarray[tuple[int], np.dtype[np.int64]], Int32Array]:
    parts = [mast[start : start + _CHUNK] for start in range(0, len(mast), _CHUNK)]

    def work(part: Float32Array) -> tuple[Int32Array, Int32Array]:
        room = most_seen(points, part, reach_m, ground.cell_m)
        return seen_points(ground, points, part, reach_m, room)

    with ThreadPoolExecutor(max_workers=2) as pool:
        found = list(pool.map(work, parts))
    counts = np.concatenate([count for count, _ in found])
    indptr = np.concatenate([[0], np.cumsum(counts, dtype=np.int64)])
    return indptr, _joined((index for _, index in found), int(indptr[-1]))


def _joined(parts: Iterable[Int32Array], size: int) -> Int32Array:
    whole, at = np.empty(size, np.int32), 0
    for part in parts:
        whole[at : at + part.size] = part
        at += part.size
    return whole


def _standing(
    random: np.random.Generator, landscape: Landscape, ground: Ground, points: Points, hamlet: FloatArray
) -> BoolArray:
    """Add existing masts near hamlets until the asked share of the points is served."""
    served = np.zeros(landscape.demands, np.bool_)
    indoor_m = points.clutter_m + random.exponential(landscape.indoor_m, landscape.demands)
    points = points._replace(clutter_m=indoor_m.astype(np.float32))
    for _ in range(400):
        if served.mean() >= landscape.covered_share:
            break
        place = np.clip(_near(random, hamlet, _CHUNK), 2, landscape.grid_cells - 3)
        mast = np.column_stack([place, np.full(_CHUNK, 45.0)]).astype(np.float32)
        indptr, index = _coverage(ground, points, mast, STANDING_REACH * landscape.reach_m)
        for row in range(_CHUNK):
            if served.mean() >= landscape.covered_share:
                break
            served[index[indptr[row] : indptr[row + 1]]] = True
    return served
