"""The communes of the sample province and who lives in them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import geopandas as gpd
import numpy as np
import numpy.typing as npt
from pyproj import Geod
from scipy import ndimage

from phusong.coverage.grids import Grid
from phusong.geodata.sample.communes import Partition, partition
from phusong.geodata.sample.frames import table_of
from phusong.geodata.sample.land import Land, Points, label_cells, land_of
from phusong.geodata.sample.names import commune_names, village_names
from phusong.geodata.sample.relief import Relief
from phusong.geodata.sample.settlements import Numbers, Villages, place_villages, shared_out, suitability
from phusong.geodata.sample.spec import SampleSpec, layer_generator

_TOWN_SIGMA_M = 1_500.0
_TOWN_FACTOR = 9.0
_PEOPLE_A_VILLAGE = {"ward": 2_300.0, "plain": 1_500.0, "mountain": 430.0}


@dataclass(frozen=True, slots=True)
class Province:
    """The sample province before it becomes layers.

    Attributes
    ----------
    land : Land
    partition : Partition
    names, codes, kinds : list of str
        One a commune.
    people : ndarray of int
        One a commune.
    villages : Villages
    village_names : list of str
    """

    land: Land
    partition: Partition
    names: list[str]
    codes: list[str]
    kinds: list[str]
    people: npt.NDArray[np.int64]
    villages: Villages
    village_names: list[str]


def base_grid(spec: SampleSpec, cell_m: float) -> Grid:
    """Grid over the whole area of a sample, in whole multiples of the cell size."""
    left = np.floor(spec.west_m / cell_m) * cell_m
    top = np.ceil((spec.south_m + spec.height_m) / cell_m) * cell_m
    return Grid(
        width=int(np.ceil(spec.width_m / cell_m)),
        height=int(np.ceil(spec.height_m / cell_m)),
        cell_size_m=cell_m,
        left_m=float(left),
        top_m=float(top),
        epsg=spec.epsg,
    )


def make_province(relief: Relief, spec: SampleSpec, *, seed: int) -> Province:
    """Divide the ground into communes and settle them.

    Parameters
    ----------
    relief : Relief
    spec : SampleSpec
    seed : int
    """
    unowned = np.full(relief.grid.shape, -1, np.int32)
    land = land_of(relief.grid, relief.height_m, relief.drained_m2, relief.is_sea, unowned)
    parts = partition(land, spec, seed=seed)
    land = replace(
        land, commune=np.where(land.is_sea, -1, label_cells(land.grid, parts.areas)).astype(np.int32)
    )
    kinds = ["phường"] * spec.wards + ["xã"] * (spec.communes - spec.wards)
    weight = _living(land, parts.seats_m, spec)
    people = shared_out(spec.population, _commune_weights(land, weight, spec.communes))
    is_high = _by_commune(land, land.is_mountain * weight, spec.communes) > 0.5 * _by_commune(
        land, weight, spec.communes
    )
    villages = place_villages(
        land,
        weight,
        people=people,
        counts=_village_counts(people, is_high, spec),
        household_size=np.full(spec.communes, spec.household_size),
        seed=seed,
    )
    rng = layer_generator(seed, "names")
    names = commune_names(rng, is_high.tolist())
    codes = [f"{spec.first_code + 3 * number:05d}" for number in range(spec.communes)]
    return Province(land, parts, names, codes, kinds, people, villages, names_of(villages, seed=seed))


def names_of(villages: Villages, *, seed: int) -> list[str]:
    """Name villages, unique in their commune."""
    rng = layer_generator(seed, "village names")
    names = np.empty(len(villages.commune), dtype=object)
    for commune in np.unique(villages.commune):
        own = np.flatnonzero(villages.commune == commune)
        names[own] = village_names(rng, [str(kind) for kind in villages.kind[own]])
    return [str(name) for name in names]


def _living(land: Land, seats_m: Points, spec: SampleSpec) -> Numbers:
    """Where people live: by the ground, crowded around the ward seats, a fixed share in the mountains."""
    x_m = land.grid.left_m + (np.arange(land.grid.width) + 0.5) * land.grid.cell_size_m
    y_m = land.grid.top_m - (np.arange(land.grid.height) + 0.5) * land.grid.cell_size_m
    crowd = np.ones(land.grid.shape)
    for east_m, north_m in seats_m[: spec.wards]:
        away = ((x_m[None, :] - east_m) ** 2 + (y_m[:, None] - north_m) ** 2) / (2 * _TOWN_SIGMA_M**2)
        crowd += _TOWN_FACTOR * np.exp(-away)
    weight = suitability(land) * crowd
    high, low = float(weight[land.is_mountain].sum()), float(weight[~land.is_mountain].sum())
    if high > 0 and low > 0:
        raised = spec.mountain_share / (1 - spec.mountain_share) * low / high
        weight = np.where(land.is_mountain, weight * raised, weight)
    return weight


def _commune_weights(land: Land, weight: Numbers, count: int) -> Numbers:
    """Weights of communes: in the mountains half by the ground and half by area, so that none is empty."""
    total = _by_commune(land, weight, count)
    high = _by_commune(land, weight * land.is_mountain, count)
    area = _by_commune(land, land.is_mountain.astype(float), count)
    return np.asarray(total - high + 0.5 * high + 0.5 * area * high.sum() / max(float(area.sum()), 1.0))


def _by_commune(land: Land, values: npt.NDArray[np.floating], count: int) -> Numbers:
    owner = land.commune.ravel() + 1
    return np.asarray(np.bincount(owner, weights=values.ravel(), minlength=count + 1)[1:])


def _village_counts(
    people: npt.NDArray[np.int64], is_high: npt.NDArray[np.bool_], spec: SampleSpec
) -> npt.NDArray[np.int64]:
    size = np.where(is_high, _PEOPLE_A_VILLAGE["mountain"], _PEOPLE_A_VILLAGE["plain"])
    size[: spec.wards] = _PEOPLE_A_VILLAGE["ward"]
    return shared_out(spec.villages, people / size, least=min(3, spec.villages // spec.communes))


def communes_table(province: Province, *, epsg: int) -> gpd.GeoDataFrame:
    """Communes in the columns of the communes table; area on the ellipsoid."""
    households = np.bincount(
        province.villages.commune, weights=province.villages.households, minlength=len(province.codes)
    )
    columns = {
        "commune_code": province.codes,
        "name": province.names,
        "kind": province.kinds,
        "population": province.people,
        "households": households.astype(np.int64),
        "seat": [None] * len(province.codes),
        "former_units": [None] * len(province.codes),
    }
    frame = table_of(columns, province.partition.areas, epsg=epsg)
    geod = Geod(ellps="WGS84")
    areas = [abs(geod.geometry_area_perimeter(area)[0]) / 1e6 for area in frame.geometry]
    frame.insert(3, "area_official_km2", np.round(areas, 2))
    return frame


def people_raster(grid: Grid, houses_m: Points, people: Numbers) -> Numbers:
    """People a cell from the people of each house."""
    cols = np.floor((houses_m[:, 0] - grid.left_m) / grid.cell_size_m).astype(np.int64)
    rows = np.floor((grid.top_m - houses_m[:, 1]) / grid.cell_size_m).astype(np.int64)
    inside = (rows >= 0) & (rows < grid.height) & (cols >= 0) & (cols < grid.width)
    flat = rows[inside] * grid.width + cols[inside]
    counted = np.bincount(flat, weights=people[inside], minlength=grid.width * grid.height)
    return counted.reshape(grid.shape).astype(np.float64)


def seats_of(land: Land, people: npt.NDArray[np.floating], count: int) -> Points:
    """Centre of each commune: where most people are around; the middle of its cells where nobody is.

    Parameters
    ----------
    people : ndarray, shape land.grid.shape
        People a cell of the work grid.
    count : int
        Number of communes.
    """
    around = ndimage.gaussian_filter(people.astype(np.float64), 500.0 / land.grid.cell_size_m)
    seats = np.zeros((count, 2))
    order = np.argsort(land.commune, axis=None, kind="stable")
    starts = np.searchsorted(land.commune.ravel()[order], np.arange(count + 1))
    for index in range(count):
        cells = order[starts[index] : starts[index + 1]]
        if cells.size == 0:
            continue
        rows, cols = np.divmod(cells, land.grid.width)
        middle = np.hypot(rows - rows.mean(), cols - cols.mean())
        best = int(np.lexsort((middle, -around.ravel()[cells]))[0])
        seats[index] = (
            land.grid.left_m + (cols[best] + 0.5) * land.grid.cell_size_m,
            land.grid.top_m - (rows[best] + 0.5) * land.grid.cell_size_m,
        )
    return seats
