"""Making the embedded sample province as a study."""

from __future__ import annotations

from collections.abc import Callable

from phusong.geodata.sample.fill import fill_sample
from phusong.geodata.sample.frames import roads_table, villages_table
from phusong.geodata.sample.land import Points
from phusong.geodata.sample.province import (
    Province,
    base_grid,
    communes_table,
    make_province,
    people_raster,
    seats_of,
)
from phusong.geodata.sample.roads import build_roads
from phusong.geodata.sample.scene import Scene, fibre_layers, places_table, road_cells_of, site_tables
from phusong.geodata.sample.settlements import Numbers, place_houses
from phusong.geodata.sample.spec import Progress, SampleSpec, silent
from phusong.geodata.sample.terrain import landform, sample_relief, sample_terrain
from phusong.geodata.sample.writing import SampleWriter, stages
from phusong.geodata.store.folder import FolderStore

__all__ = ["create_sample", "fill_sample"]

_STEPS = ("communes", "terrain", "population", "villages", "roads", "sites", "fibre", "places")


def create_sample(
    store: FolderStore,
    *,
    seed: int = 1,
    imported_at: str,
    progress: Progress = silent,
    spec: SampleSpec | None = None,
) -> list[str]:
    """Make a whole small province as the layers of an empty study.

    Parameters
    ----------
    store : FolderStore
        Its CRS is set to the sample's; its grid size decides how fine terrain and population are.
    seed : int
        The same seed makes the same layers.
    imported_at : str
        Time to note, ISO 8601 UTC.
    progress : callable
        Called with stage ``"sample"``, steps done and steps in all.
    spec : SampleSpec, optional
        What the province should look like; the default is the embedded one.

    Returns
    -------
    list of str
        Layers written.
    """
    plan = spec or SampleSpec()
    start = stages(progress, _STEPS)
    store.set_epsg(plan.epsg)
    writer = SampleWriter(store, seed, imported_at, plan.as_dict())
    start("communes")
    base = base_grid(plan, store.grid_m)
    form = landform(base, seed=seed)
    relief = sample_relief(form, base, seed=seed, peak_m=plan.peak_m)
    province = make_province(relief, plan, seed=seed)
    writer.table("communes", communes_table(province, epsg=plan.epsg))
    start("terrain")
    grid = store.grid()
    heights_m = sample_terrain(form, relief, grid, seed=seed)
    writer.raster("terrain", grid, heights_m, "m", notes={"resolution_m": grid.cell_size_m})
    start("population")
    houses_m, people = place_houses(
        province.land, province.villages, province.partition.areas, seed=seed, cell_m=grid.cell_size_m
    )
    counted = people_raster(grid, houses_m, people)
    totals = {"raw_total": float(counted.sum()), "official_total": int(province.people.sum())}
    writer.raster("population", grid, counted, "people", notes=totals)
    _write_rest(writer, start, _scene(province, houses_m, people, seed), plan)
    start("")
    return writer.added


def _scene(province: Province, houses_m: Points, people: Numbers, seed: int) -> Scene:
    on_work = people_raster(province.land.grid, houses_m, people)
    return Scene(
        land=province.land,
        codes=province.codes,
        names=province.names,
        people=on_work,
        seats_m=seats_of(province.land, on_work, len(province.codes)),
        villages=province.villages,
        village_names=province.village_names,
        seed=seed,
    )


def _write_rest(writer: SampleWriter, start: Callable[[str], None], scene: Scene, plan: SampleSpec) -> None:
    start("villages")
    writer.table(
        "villages",
        villages_table(scene.villages, scene.village_names, scene.codes, epsg=scene.epsg, seed=scene.seed),
    )
    start("roads")
    roads = build_roads(
        scene.land, scene.seats_m, scene.seat_people(), scene.villages.points_m, seed=scene.seed
    )
    writer.table("roads", roads_table(roads, epsg=scene.epsg))
    start("sites")
    sites, cells, _masts = site_tables(
        scene, road_cells_of(scene, roads.links), count=plan.masts, spec=plan.mast
    )
    writer.table("sites", sites)
    writer.table("cells", cells)
    start("fibre")
    routes, nodes = fibre_layers(scene, roads, sites)
    writer.table("fibre_routes", routes)
    writer.table("fibre_nodes", nodes)
    start("places")
    writer.table("places", places_table(scene))
