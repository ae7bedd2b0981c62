"""Villages and the houses around them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from phusong.coverage.grids import Grid
from phusong.geodata.sample.land import Land, Points, border_cells, cells_of, label_cells, points_of
from phusong.geodata.sample.spec import layer_generator

Numbers = npt.NDArray[np.float64]

TOWN, PLAIN, MOUNTAIN = "town", "plain", "mountain"
_CLUMPS = {TOWN: (2, 4), PLAIN: (2, 4), MOUNTAIN: (3, 6)}
_SPREAD_M = {TOWN: 260.0, PLAIN: 330.0, MOUNTAIN: 1_700.0}
_CLUMP_SIGMA_M = {TOWN: 150.0, PLAIN: 130.0, MOUNTAIN: 85.0}
_OFFERS = 10
_DENSE_PER_KM2 = 1_600.0


@dataclass(frozen=True, slots=True)
class Villages:
    """Villages before they become a table; all arrays have one entry a village.

    Attributes
    ----------
    points_m : ndarray, shape (villages, 2)
        The village house.
    commune : ndarray of int
        Index of the commune.
    kind : ndarray of str
        ``"town"``, ``"plain"`` or ``"mountain"``.
    people, households : ndarray of int
    """

    points_m: Points
    commune: npt.NDArray[np.int64]
    kind: npt.NDArray[np.str_]
    people: npt.NDArray[np.int64]
    households: npt.NDArray[np.int64]


def suitability(land: Land) -> Numbers:
    """Weigh where people would live: flat ground, valley floors, low country; 0 at sea and outside.

    Returns
    -------
    ndarray of float64, shape land.grid.shape
    """
    flat = 1.0 / (1.0 + (land.slope / 0.10) ** 3)
    valley = 0.10 + np.exp(-land.to_stream_m / 500.0)
    low = np.exp(-land.height_m / 500.0)
    crowding = np.clip(1.0 - land.rugged_m / 110.0, 0.08, 1.0)
    weight = flat * low * crowding * np.where(land.is_mountain, valley, 1.0)
    return np.where(land.is_sea | (land.commune < 0), 0.0, weight).astype(np.float64)


def shared_out(total: int, weight: npt.NDArray[np.floating], *, least: int = 0) -> npt.NDArray[np.int64]:
    """Share a whole number out by weight (largest remainders), each part at least ``least``.

    Examples
    --------
    >>> shared_out(10, np.array([1.0, 1.0, 1.0])).tolist()
    [4, 3, 3]
    """
    count = len(weight)
    free = max(total - least * count, 0)
    mass = float(np.sum(weight))
    exact = free * (np.asarray(weight, float) / mass if mass > 0 else np.full(count, 1.0 / max(count, 1)))
    parts = np.floor(exact).astype(np.int64)
    missing = int(free - parts.sum())
    parts[np.argsort(-(exact - parts), kind="stable")[:missing]] += 1
    return parts + least


def place_villages(
    land: Land,
    weight: Numbers,
    *,
    people: npt.NDArray[np.int64],
    counts: npt.NDArray[np.int64],
    household_size: npt.NDArray[np.floating],
    seed: int,
) -> Villages:
    """Place villages where people live.

    Parameters
    ----------
    land : Land
    weight : ndarray, shape land.grid.shape
        People a cell, or any weight in proportion to it.
    people : ndarray of int, shape (communes,)
        People of each commune, shared out among its villages exactly.
    counts : ndarray of int, shape (communes,)
        Number of villages of each commune.
    household_size : ndarray, shape (communes,)
        People a household.
    seed : int
    """
    rng = layer_generator(seed, "villages")
    per_km2 = _density_per_km2(land, weight, people)
    order = np.argsort(land.commune, axis=None, kind="stable")
    starts = np.searchsorted(land.commune.ravel()[order], np.arange(len(people) + 1))
    flats, owners, shares = [], [], []
    for index, count in enumerate(counts):
        cells = order[starts[index] : starts[index + 1]]
        chosen = _spread_in(rng, land, cells, weight.ravel()[cells], int(count))
        flats.append(chosen)
        owners.append(np.full(chosen.size, index))
        shares.append(
            _people_of(rng, land, cells, weight.ravel()[cells], chosen=chosen, people=int(people[index]))
        )
    flat, owner, inhabitants = np.concatenate(flats), np.concatenate(owners), np.concatenate(shares)
    jitter = rng.uniform(-0.45, 0.45, (flat.size, 2)) * land.grid.cell_size_m
    kind = np.where(land.is_mountain.ravel()[flat], MOUNTAIN, PLAIN)
    kind = np.where(per_km2.ravel()[flat] > _DENSE_PER_KM2, TOWN, kind)
    households = np.maximum(np.rint(inhabitants / household_size[owner]), 1).astype(np.int64)
    return Villages(points_of(land.grid, flat) + jitter, owner, kind, inhabitants, households)


def _density_per_km2(land: Land, weight: Numbers, people: npt.NDArray[np.int64]) -> Numbers:
    mass = np.bincount(land.commune.ravel() + 1, weights=weight.ravel(), minlength=len(people) + 1)[1:]
    each = np.divide(people, mass, out=np.zeros(len(people)), where=mass > 0)
    per_cell = np.where(land.commune >= 0, weight * each[land.commune], 0.0)
    return np.asarray(per_cell / (land.grid.cell_size_m / 1_000.0) ** 2)


def _spread_in(
    rng: np.random.Generator, land: Land, cells: npt.NDArray[np.int64], weight: Numbers, count: int
) -> npt.NDArray[np.int64]:
    """Draw cells by weight, apart from each other; the draw prefers open space over crowded weight."""
    inner = _away_from_border(land, cells)
    weight = weight.astype(np.float64)
    chance = np.where(inner, weight, 0.0)
    if chance.sum() <= 0:
        chance = weight if weight.sum() > 0 else np.ones(cells.size)
    chance = np.asarray(chance, float) / chance.sum()
    spacing = 1.0 / np.sqrt(np.maximum(chance * cells.size, 0.05))
    chosen: list[int] = [int(rng.choice(cells.size, p=chance))]
    points = points_of(land.grid, cells)
    while len(chosen) < count:
        offers = rng.choice(cells.size, size=24, p=chance)
        away, _ = cKDTree(points[chosen]).query(points[offers])
        chosen.append(int(offers[np.argmax(away / spacing[offers])]))
    return cells[chosen]


def _away_from_border(land: Land, cells: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    rows, cols = np.divmod(cells, land.grid.width)
    steps = max(1, int(np.ceil(250.0 / land.grid.cell_size_m)))
    own = land.commune[rows, cols]
    inner = np.ones(cells.size, bool)
    for down in (-steps, 0, steps):
        for right in (-steps, 0, steps):
            other = land.commune[
                np.clip(rows + down, 0, land.grid.height - 1), np.clip(cols + right, 0, land.grid.width - 1)
            ]
            inner &= other == own
    return inner


def _people_of(
    rng: np.random.Generator,
    land: Land,
    cells: npt.NDArray[np.int64],
    weight: Numbers,
    *,
    chosen: npt.NDArray[np.int64],
    people: int,
) -> npt.NDArray[np.int64]:
    """Share the people of a commune out: each cell counts for its nearest village."""
    _, nearest = cKDTree(points_of(land.grid, chosen)).query(points_of(land.grid, cells))
    mass = np.bincount(nearest, weights=weight, minlength=chosen.size)
    mean = max(float(mass.mean()), 1e-12)
    # half by the people around, half alike, so that no village is a hamlet of two or a town of its own
    mixed = (0.55 * mass / mean + 0.45) * np.exp(rng.normal(0.0, 0.22, chosen.size))
    return shared_out(people, mixed, least=min(20, people // max(chosen.size, 1)))


def place_houses(
    land: Land, villages: Villages, areas: npt.NDArray[np.object_], *, seed: int, cell_m: float
) -> tuple[Points, Numbers]:
    """Scatter the people of each village over its hamlets.

    Parameters
    ----------
    land : Land
    villages : Villages
    areas : ndarray of polygons
        Communes in the CRS of the land.
    seed : int
    cell_m : float
        Cell size of the population raster; houses keep off the cells a border cuts.

    Returns
    -------
    points : ndarray, shape (houses, 2)
        Metres; each stands in the commune of its village.
    people : ndarray, shape (houses,)
    """
    rng = layer_generator(seed, "houses")
    counts = np.maximum(villages.households, 1)
    owner = np.repeat(np.arange(counts.size), counts)
    centres, hamlet_of = _hamlets(rng, land, villages, owner)
    sigma_m = np.array([_CLUMP_SIGMA_M[str(kind)] for kind in villages.kind])[owner]
    spot = centres[hamlet_of] + np.clip(rng.standard_normal((owner.size, 2)), -2.5, 2.5) * sigma_m[:, None]
    fine = _finer(land, cell_m)
    allowed = np.where(border_cells(fine, areas), -1, label_cells(fine, areas))
    rows, cols = cells_of(fine, spot)
    at_sea = land.at(land.is_sea, spot)
    astray = (allowed[rows, cols] != villages.commune[owner]) | at_sea
    spot[astray] = villages.points_m[owner[astray]]
    return spot, villages.people[owner] / counts[owner]


def _finer(land: Land, cell_m: float) -> Grid:
    ratio = land.grid.cell_size_m / cell_m
    return replace(
        land.grid,
        width=round(land.grid.width * ratio),
        height=round(land.grid.height * ratio),
        cell_size_m=cell_m,
    )


def _hamlets(
    rng: np.random.Generator, land: Land, villages: Villages, owner: npt.NDArray[np.int64]
) -> tuple[Points, npt.NDArray[np.int64]]:
    """Centres of the hamlets, and the hamlet of each house; the first of a village is at its house."""
    liveable = suitability(land)
    kinds = [str(kind) for kind in villages.kind]
    number = np.array([rng.integers(*_CLUMPS[kind]) for kind in kinds])
    first = np.concatenate([[0], np.cumsum(number)])
    centres = np.repeat(villages.points_m, number, axis=0)
    reach_m = np.repeat([_SPREAD_M[kind] for kind in kinds], number)
    far = np.ones(len(centres), bool)
    far[first[:-1]] = False
    offers = centres[:, None, :] + rng.normal(0.0, 1.0, (len(centres), _OFFERS, 2)) * reach_m[:, None, None]
    liked = land.at(liveable, offers.reshape(-1, 2)).reshape(len(centres), _OFFERS)
    worth = np.asarray(liked, dtype=np.float64)
    own = land.at(land.commune, offers.reshape(-1, 2)).reshape(len(centres), _OFFERS)
    home = np.repeat(villages.commune, number)
    # some people live up the slope or in the next side valley, away from all village houses
    away_m = np.asarray(cKDTree(villages.points_m).query(offers.reshape(-1, 2))[0])
    remote = np.repeat(villages.kind == MOUNTAIN, number)[:, None] * away_m.reshape(worth.shape) / 400.0
    worth = np.where(worth > 1e-4, worth**0.15 * (rng.random(worth.shape) + remote), 0.0)
    worth = np.where(own == home[:, None], worth, -1.0)
    best = np.argmax(worth, axis=1)
    moved = offers[np.arange(len(centres)), best]
    use = far & (worth[np.arange(len(centres)), best] > 0)
    centres[use] = moved[use]
    # the first hamlet holds about half of the houses
    draw = rng.random(owner.size)
    rank = np.where(draw < 0.5, 0, np.floor((draw - 0.5) * 2.0 * number[owner]))
    return centres, first[owner] + np.minimum(rank, number[owner] - 1).astype(np.int64)
