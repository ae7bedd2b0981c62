"""Masts: near people and roads, on the better of the high points around."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy
from scipy import ndimage
from scipy.spatial import cKDTree

from phusong.coverage.grids import Grid
from phusong.geodata.sample.land import Land, Points, points_of
from phusong.geodata.sample.noise import band_noise
from phusong.geodata.sample.spec import OPERATORS, MastSpec, layer_generator

_BLOCK_M = 300.0
TOWN_PER_KM2 = 650.0
_MAST_HEIGHTS_M = ([30.0, 33.0, 36.0, 42.0], [36.0, 42.0, 45.0], [30.0, 36.0, 42.0, 48.0])


@dataclass(frozen=True, slots=True)
class Masts:
    """Masts before they become a table; all arrays have one entry a mast.

    Attributes
    ----------
    points_m : ndarray, shape (masts, 2)
    zone : ndarray of str
        ``"town"``, ``"plain"`` or ``"mountain"``.
    height_m : ndarray of float
        Height of the mast above ground.
    operators : tuple of tuple of str
        Who sends from the mast; the owner first.
    nearby_people : ndarray of float
        People within the spacing that held when the mast was chosen.
    """

    points_m: Points
    zone: npt.NDArray[np.str_]
    height_m: npt.NDArray[np.float64]
    operators: tuple[tuple[str, ...], ...]
    nearby_people: npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Demand:
    grid: Grid
    people: npt.NDArray[np.float64]
    zone: npt.NDArray[np.int8]


def place_masts(
    land: Land,
    people: npt.NDArray[np.floating],
    road_cells: npt.NDArray[np.int64],
    *,
    count: int,
    spec: MastSpec,
    seed: int,
) -> Masts:
    """Place masts one after the other where most people wait, and settle each on a good spot nearby.

    Parameters
    ----------
    land : Land
    people : ndarray, shape land.grid.shape
        People a cell of the work grid.
    road_cells : ndarray of int
        Flat indices of cells with a road.
    count : int
        Number of masts.
    spec : MastSpec
    seed : int
    """
    rng = layer_generator(seed, "sites")
    demand = _demand(rng, land, people, road_cells, spec)
    picks, zones, nearby = _greedy(rng, demand, count, spec)
    points_m = _settle(rng, land, picks=picks, zones=zones, road_cells=road_cells, search_m=spec.search_m)
    owners = _operators(rng, points_m, zones, spec)
    names = np.array(["town", "plain", "mountain"])[zones]
    heights_m = np.choose(zones, [rng.choice(steps, count) for steps in _MAST_HEIGHTS_M])
    return Masts(points_m, names, heights_m, owners, nearby)


def _blocks(values: npt.NDArray[np.floating], factor: int) -> npt.NDArray[np.float64]:
    rows, cols = -(-values.shape[0] // factor), -(-values.shape[1] // factor)
    padded = np.zeros((rows * factor, cols * factor))
    padded[: values.shape[0], : values.shape[1]] = values
    return np.asarray(padded.reshape(rows, factor, cols, factor).sum(axis=(1, 3)))


def _demand(
    rng: np.random.Generator,
    land: Land,
    people: npt.NDArray[np.floating],
    road_cells: npt.NDArray[np.int64],
    spec: MastSpec,
) -> _Demand:
    factor = max(1, round(_BLOCK_M / land.grid.cell_size_m))
    cell_m = land.grid.cell_size_m * factor
    counted = _blocks(people, factor)
    mountain = _blocks(land.is_mountain.astype(float), factor) > 0.5 * factor * factor
    inside = _blocks((land.commune >= 0).astype(float), factor) > 0.5 * factor * factor
    on_road = np.zeros(land.grid.shape)
    on_road.flat[road_cells] = 1.0
    roads = np.minimum(_blocks(on_road, factor), 3.0)
    grid = Grid(counted.shape[1], counted.shape[0], cell_m, land.grid.left_m, land.grid.top_m, land.grid.epsg)
    per_km2 = ndimage.gaussian_filter(counted, 1_000.0 / cell_m) / (cell_m / 1_000.0) ** 2
    zone = np.where(mountain, 2, np.where(per_km2 > TOWN_PER_KM2, 0, 1)).astype(np.int8)
    # some valleys were left for later, as investment programmes go
    neglect = np.exp(0.55 * band_noise(rng, grid, wavelength_m=14_000.0))
    interest = np.where(zone == 2, spec.mountain_interest * neglect, 1.0)
    wanted = (counted + 0.8 * roads) * interest
    return _Demand(grid, np.where(inside, wanted, 0.0), zone)


def _greedy(
    rng: np.random.Generator, demand: _Demand, count: int, spec: MastSpec
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Choose blocks: most people not yet reached first; reached people count a fifth from then on."""
    cell_m = demand.grid.cell_size_m
    left = demand.people * np.exp(rng.normal(0.0, 0.08, demand.people.shape))
    reaches = (spec.reach_town_m, spec.reach_plain_m, spec.reach_mountain_m)
    kernels = [_disc(reach / cell_m) for reach in reaches]
    scores = np.stack([_reached(left, kernel) for kernel in kernels])
    picks = np.zeros(count, np.int64)
    zones = np.zeros(count, np.int64)
    nearby = np.zeros(count)
    zone = demand.zone.astype(np.int64)
    for number in range(count):
        # a mast in town serves fewer square kilometres but as many people: scores compare as they are
        at = int(np.argmax(np.choose(zone, scores)))
        row, col = divmod(at, demand.grid.width)
        picks[number], zones[number], nearby[number] = at, zone[row, col], scores[zone[row, col], row, col]
        taken = _spend(left, row, col, kernels[zones[number]])
        _rescore(scores, taken, kernels, row, col)
    return picks, zones, nearby


def _disc(radius: float) -> npt.NDArray[np.float64]:
    size = max(1, int(np.ceil(radius)))
    rows, cols = np.mgrid[-size : size + 1, -size : size + 1]
    return np.clip(1.3 - np.hypot(rows, cols) / max(radius, 1.0), 0.0, 1.0)


def _reached(left: npt.NDArray[np.float64], kernel: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    # Loaded at the first call, because it is slow to load and a server imports this module without need.
    return np.asarray(scipy.signal.fftconvolve(left, kernel, mode="same"))


def _spend(
    left: npt.NDArray[np.float64], row: int, col: int, kernel: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Take the people a mast reaches out of the demand; return how many, in the shape of the kernel."""
    size = kernel.shape[0] // 2
    inner, part = _overlap(left.shape, row, col, size)
    taken = np.zeros(kernel.shape)
    taken[part] = 0.8 * kernel[part] * left[inner]
    left[inner] -= taken[part]
    return taken


def _overlap(
    shape: tuple[int, ...], row: int, col: int, size: int
) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    """Part of an array within ``size`` of a cell, and that part's place in a square around the cell."""
    top, bottom = max(row - size, 0), min(row + size + 1, shape[0])
    west, east = max(col - size, 0), min(col + size + 1, shape[1])
    inside = (slice(top, bottom), slice(west, east))
    return inside, (slice(top - row + size, bottom - row + size), slice(west - col + size, east - col + size))


def _rescore(
    scores: npt.NDArray[np.float64],
    taken: npt.NDArray[np.float64],
    kernels: list[npt.NDArray[np.float64]],
    row: int,
    col: int,
) -> None:
    """Bring the scores around a pick up to date, as far as each kernel reaches."""
    for score, kernel in zip(scores, kernels, strict=True):
        change = scipy.signal.fftconvolve(taken, kernel, mode="full")
        inside, part = _overlap(score.shape, row, col, change.shape[0] // 2)
        score[inside] -= change[part]


def _settle(
    rng: np.random.Generator,
    land: Land,
    *,
    picks: npt.NDArray[np.int64],
    zones: npt.NDArray[np.int64],
    road_cells: npt.NDArray[np.int64],
    search_m: float,
) -> Points:
    """Move each mast to a spot nearby that is high for its surroundings, close to a road, dry and inside."""
    cell_m = land.grid.cell_size_m
    factor = max(1, round(_BLOCK_M / cell_m))
    width = -(-land.grid.width // factor)
    rows = np.minimum((picks // width) * factor + factor // 2, land.grid.height - 1)
    cols = np.minimum((picks % width) * factor + factor // 2, land.grid.width - 1)
    span = max(3, round(1_200.0 / cell_m) | 1)
    prominence_m = land.height_m - ndimage.uniform_filter(land.height_m, span)
    roadless = np.ones(land.grid.shape, bool)
    roadless.flat[road_cells] = False
    far = road_cells.size > 0
    to_road_m = ndimage.distance_transform_edt(roadless, sampling=cell_m) if far else np.zeros(roadless.shape)
    worth = (
        np.clip(prominence_m, -80.0, 80.0) / 40.0 - to_road_m / 400.0 + rng.normal(0, 0.15, land.grid.shape)
    )
    # a cell on the shore is half water
    water = ndimage.binary_dilation((land.commune < 0) & (land.height_m < 1.0), np.ones((3, 3), bool))
    worth = np.where(land.is_sea | (land.commune < 0) | water, -np.inf, worth)
    search = max(1, round(search_m / cell_m))
    chosen = [
        _best_near(worth, int(row), int(col), search if zone == 1 else max(1, search // 2))
        for row, col, zone in zip(rows, cols, zones, strict=True)
    ]
    flat = np.array([row * land.grid.width + col for row, col in chosen], dtype=np.int64)
    return points_of(land.grid, flat) + rng.uniform(-0.4, 0.4, (flat.size, 2)) * cell_m


def _best_near(worth: npt.NDArray[np.float64], row: int, col: int, search: int) -> tuple[int, int]:
    top, west = max(row - search, 0), max(col - search, 0)
    part = worth[top : row + search + 1, west : col + search + 1]
    if not np.isfinite(part.max()) and search < max(worth.shape):
        return _best_near(worth, row, col, 2 * search)  # nothing dry so near: look further
    down, right = divmod(int(np.argmax(part)), part.shape[1])
    return top + down, west + right


def _operators(
    rng: np.random.Generator, points_m: Points, zones: npt.NDArray[np.int64], spec: MastSpec
) -> tuple[tuple[str, ...], ...]:
    """Owners by share, each away from its own masts; others join shared masts."""
    count = len(points_m)
    quota = np.array(spec.operator_shares)
    _away, found = cKDTree(points_m).query(points_m, k=min(4, count))
    near = np.asarray(found, dtype=np.int64).reshape(count, -1)
    owner = np.full(count, -1, np.int64)
    for number in rng.permutation(count):
        used = owner[near[number, 1:]]
        chance = quota * np.array([0.35 ** int(np.sum(used == index)) for index in range(len(OPERATORS))])
        owner[number] = rng.choice(len(OPERATORS), p=chance / chance.sum())
    is_shared = rng.random(count) < spec.shared_share * np.choose(zones, [1.5, 0.9, 1.25])
    has_third = rng.random(count) < 1.0 / 3.0
    result = []
    for number in range(count):
        others = [int(index) for index in rng.permutation(len(OPERATORS)) if index != owner[number]]
        extra = others[: 2 if has_third[number] else 1] if is_shared[number] else []
        result.append(tuple(OPERATORS[index] for index in [int(owner[number]), *extra]))
    return tuple(result)
