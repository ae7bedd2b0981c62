"""Filling in the layers a real study lacks, and only those."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely

from phusong.coverage.errors import InputError
from phusong.coverage.grids import Grid, Raster
from phusong.geodata.sample.drainage import drain
from phusong.geodata.sample.filled_terrain import terrain_from_means, terrain_from_people
from phusong.geodata.sample.frames import roads_table, villages_table
from phusong.geodata.sample.land import Land, label_cells, land_of
from phusong.geodata.sample.means import read_means
from phusong.geodata.sample.network import TOWN_PER_KM2
from phusong.geodata.sample.province import names_of, people_raster, seats_of
from phusong.geodata.sample.relief import work_grid
from phusong.geodata.sample.roads import Roads, build_roads
from phusong.geodata.sample.scene import (
    Scene,
    fibre_layers,
    places_table,
    road_cells_of,
    roads_from_table,
    site_tables,
)
from phusong.geodata.sample.settlements import (
    MOUNTAIN,
    PLAIN,
    TOWN,
    Numbers,
    Villages,
    place_houses,
    place_villages,
    shared_out,
    suitability,
)
from phusong.geodata.sample.spec import MastSpec, Progress, silent
from phusong.geodata.sample.writing import SampleWriter, stages
from phusong.geodata.store.folder import FolderStore

PEOPLE_PER_VILLAGE = 1_050.0
HOUSEHOLD_SIZE = 3.9
_PEOPLE_PER_KM2 = 300.0
_STEPS = ("terrain", "population", "villages", "roads", "sites", "fibre", "places")

FILL_MASTS = MastSpec(mountain_interest=0.02, reach_mountain_m=9_000.0)
"""A real population raster is coarse and spreads people over whole valleys; with the sample's own weights
every valley would get a mast and no village would be left without a signal."""


@dataclass(frozen=True, slots=True)
class _Communes:
    codes: list[str]
    names: list[str]
    areas: npt.NDArray[np.object_]
    people: npt.NDArray[np.int64]
    households: npt.NDArray[np.float64]


def fill_sample(
    store: FolderStore,
    *,
    seed: int = 1,
    imported_at: str,
    masts: int | None = None,
    villages: int | None = None,
    elevation_means_path: Path | None = None,
    progress: Progress = silent,
) -> list[str]:
    """Add synthetic layers where a study has none; layers that are there stay as they are.

    Parameters
    ----------
    store : FolderStore
        A study with communes.
    seed : int
        The same seed over the same layers makes the same layers.
    imported_at : str
        Time to note, ISO 8601 UTC.
    masts, villages : int, optional
        How many; by default one mast per 1,400 people and one village per 1,050.
    elevation_means_path : Path, optional
        Raster of real mean elevations of coarse cells, which synthetic terrain then honours.
    progress : callable
        Called with stage ``"sample"``, steps done and steps in all.

    Returns
    -------
    list of str
        Layers added, in order.

    Raises
    ------
    InputError
        ``sample_needs_communes``.
    LayerFileError
        ``elevation_means_unreadable``.
    """
    if not store.has("communes") or store.epsg is None:
        raise InputError("sample_needs_communes")
    parameters = {
        "masts": masts,
        "villages": villages,
        "elevation_means": None if elevation_means_path is None else elevation_means_path.name,
    }
    writer = SampleWriter(store, seed, imported_at, parameters)
    start = stages(progress, _STEPS)
    communes = _read_communes(store)
    start("terrain")
    grid = store.grid()
    _fill_terrain(writer, grid, communes, elevation_means_path)
    land = _land(store, communes)
    start("population")
    scene = _fill_people(writer, start, land, communes, villages)
    start("roads")
    roads = _fill_roads(writer, scene)
    start("sites")
    sites = _fill_sites(writer, scene, roads, masts)
    start("fibre")
    if not (store.has("fibre_routes") or store.has("fibre_nodes")):
        routes, nodes = fibre_layers(scene, roads, sites)
        writer.table("fibre_routes", routes)
        writer.table("fibre_nodes", nodes)
    start("places")
    if not store.has("places"):
        writer.table("places", places_table(scene))
    start("")
    return writer.added


def _read_communes(store: FolderStore) -> _Communes:
    table = store.table("communes").to_crs(epsg=store.epsg)
    areas = shapely.make_valid(table.geometry.to_numpy())
    guess = np.rint(shapely.area(areas) / 1e6 * _PEOPLE_PER_KM2)
    people = _column(table, "population", guess)
    households = _column(table, "households", people / HOUSEHOLD_SIZE)
    return _Communes(
        codes=table["commune_code"].astype(str).tolist(),
        names=table["name"].astype(str).tolist(),
        areas=areas,
        people=people.astype(np.int64),
        households=np.maximum(households, 1.0),
    )


def _column(table: gpd.GeoDataFrame, name: str, otherwise: Numbers) -> Numbers:
    if name not in table:
        return otherwise
    values = table[name].to_numpy(dtype=np.float64, na_value=np.nan)
    return np.where(np.isfinite(values) & (values > 0), values, otherwise)


def _fill_terrain(writer: SampleWriter, grid: Grid, communes: _Communes, means_path: Path | None) -> None:
    if writer.store.has("terrain"):
        return
    if means_path is None:
        heights_m = terrain_from_people(
            grid, communes.areas, communes.people.astype(np.float64), seed=writer.seed
        )
        writer.raster("terrain", grid, heights_m, "m", notes={"resolution_m": grid.cell_size_m})
        return
    heights_m, notes = terrain_from_means(read_means(means_path), grid, communes.areas, seed=writer.seed)
    made_of = {"resolution_m": grid.cell_size_m, "elevation_means": means_path.name, **notes}
    writer.raster("terrain", grid, heights_m, "m", notes=made_of)


def _land(store: FolderStore, communes: _Communes) -> Land:
    """Ground on the work grid from the terrain of the study, whoever made it."""
    terrain = store.raster("terrain")
    work = work_grid(terrain.grid)
    heights_m = np.nan_to_num(_block_means(terrain, work))
    labels = label_cells(work, communes.areas)
    is_sea = (heights_m <= 0.05) & (labels < 0)
    edge = np.ones(work.shape, bool)
    edge[1:-1, 1:-1] = False
    outlets = is_sea | (edge & (heights_m <= np.quantile(heights_m[edge], 0.1)))
    drained_m2 = drain(heights_m, outlets, cell_m=work.cell_size_m).area_m2.reshape(work.shape)
    return land_of(work, heights_m, drained_m2.astype(np.float32), is_sea, labels)


def _block_sums(values: npt.NDArray[np.floating], work: Grid, factor: int) -> Numbers:
    padded = np.zeros((work.height * factor, work.width * factor), dtype=values.dtype)
    padded[: values.shape[0], : values.shape[1]] = values
    return padded.reshape(work.height, factor, work.width, factor).sum(axis=(1, 3), dtype=np.float64)


def _block_means(raster: Raster, work: Grid) -> npt.NDArray[np.float32]:
    factor = round(work.cell_size_m / raster.grid.cell_size_m)
    known = np.isfinite(raster.values)
    total = _block_sums(np.where(known, raster.values, 0).astype(np.float32), work, factor)
    count = _block_sums(known.astype(np.float32), work, factor)
    return np.divide(total, count, out=np.full(work.shape, np.nan), where=count > 0).astype(np.float32)


def _fill_people(
    writer: SampleWriter, start: Callable[[str], None], land: Land, communes: _Communes, count: int | None
) -> Scene:
    """Add population and villages; whichever is there says where the other goes."""
    store = writer.store
    weight = places = suitability(land)
    if store.has("population"):
        population = store.raster("population")
        factor = round(land.grid.cell_size_m / population.grid.cell_size_m)
        weight = _block_sums(np.nan_to_num(population.values), land.grid, factor)
        weight = np.where(land.commune >= 0, weight, 0.0)
        # a coarse population raster says nothing within its cells: there villages keep to liveable ground
        places = weight * (0.03 + suitability(land))
    if store.has("villages"):
        villages, names = _read_villages(store, land, communes)
    else:
        villages = place_villages(
            land,
            places,
            people=communes.people,
            counts=_village_counts(communes, count),
            household_size=communes.people / communes.households,
            seed=writer.seed,
        )
        names = names_of(villages, seed=writer.seed)
    people = weight if store.has("population") else _fill_population(writer, land, communes, villages)
    start("villages")
    seats_m = seats_of(land, people, len(communes.codes))
    scene = Scene(land, communes.codes, communes.names, people, seats_m, villages, names, writer.seed)
    if not store.has("villages"):
        writer.table(
            "villages", villages_table(villages, names, communes.codes, epsg=scene.epsg, seed=writer.seed)
        )
    return scene


def _village_counts(communes: _Communes, count: int | None) -> npt.NDArray[np.int64]:
    total = count if count is not None else round(float(communes.people.sum()) / PEOPLE_PER_VILLAGE)
    total = max(total, len(communes.codes))
    # small communes have smaller villages, so their share of villages is larger than that of people
    weight = communes.people.astype(np.float64) ** 0.9
    return shared_out(total, weight, least=min(3, total // len(communes.codes)))


def _fill_population(writer: SampleWriter, land: Land, communes: _Communes, villages: Villages) -> Numbers:
    grid = writer.store.grid()
    houses_m, people = place_houses(land, villages, communes.areas, seed=writer.seed, cell_m=grid.cell_size_m)
    counted = people_raster(grid, houses_m, people)
    totals = {"raw_total": float(counted.sum()), "official_total": int(communes.people.sum())}
    writer.raster("population", grid, counted, "people", notes=totals)
    return people_raster(land.grid, houses_m, people)


def _read_villages(store: FolderStore, land: Land, communes: _Communes) -> tuple[Villages, list[str]]:
    table = store.table("villages").to_crs(epsg=store.epsg)
    points_m = np.column_stack([table.geometry.x, table.geometry.y])
    index = {code: number for number, code in enumerate(communes.codes)}
    found = np.asarray(land.at(land.commune, points_m), dtype=np.int64)
    commune = np.array(
        [index.get(str(code), int(at)) for code, at in zip(table["commune_code"], found, strict=True)],
        np.int64,
    )
    commune = np.maximum(commune, 0)
    each = communes.people / np.maximum(np.bincount(commune, minlength=len(index)), 1)
    people = np.maximum(_column(table, "population", each[commune]), 1.0)
    for number in range(len(index)):
        own = commune == number
        # the communes' official totals hold, whatever the villages add up to
        people[own] = shared_out(int(communes.people[number]), people[own]) if own.any() else people[own]
    households = _column(table, "households", people / HOUSEHOLD_SIZE)
    kind = np.where(land.at(land.is_mountain, points_m).astype(bool), MOUNTAIN, PLAIN)
    per_km2 = communes.people / np.maximum(shapely.area(communes.areas) / 1e6, 1e-6)
    kind = np.where(per_km2[commune] > TOWN_PER_KM2, TOWN, kind)
    names = [str(name) for name in table["name"]]
    whole = np.maximum(np.rint(households), 1).astype(np.int64)
    return Villages(points_m, commune, kind, people.astype(np.int64), whole), names


def _fill_roads(writer: SampleWriter, scene: Scene) -> Roads:
    if writer.store.has("roads"):
        return roads_from_table(scene, writer.store.table("roads"))
    roads = build_roads(
        scene.land, scene.seats_m, scene.seat_people(), scene.villages.points_m, seed=scene.seed
    )
    writer.table("roads", roads_table(roads, epsg=scene.epsg))
    return roads


def _fill_sites(writer: SampleWriter, scene: Scene, roads: Roads, masts: int | None) -> gpd.GeoDataFrame:
    """Add sites and cells together, and only where neither is there: cells belong to the sites they name."""
    store = writer.store
    if store.has("sites"):
        return store.table("sites")
    spec = FILL_MASTS
    count = masts if masts is not None else max(1, round(float(scene.people.sum()) / spec.people_per_mast))
    sites, cells, _masts = site_tables(scene, road_cells_of(scene, roads.links), count=count, spec=spec)
    writer.table("sites", sites)
    if not store.has("cells"):
        writer.table("cells", cells)
    return sites
