"""Everything the later layers of a sample are built from, and those layers as tables."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely
from scipy import ndimage

from phusong.geodata.sample.cells import make_cells
from phusong.geodata.sample.drainage import grid_edges
from phusong.geodata.sample.fibre import build_fibre
from phusong.geodata.sample.frames import fibre_tables, records_table, site_ids, sites_table
from phusong.geodata.sample.land import Land, Points, cells_of
from phusong.geodata.sample.network import Masts, place_masts
from phusong.geodata.sample.places import make_places
from phusong.geodata.sample.roads import Links, Roads
from phusong.geodata.sample.settlements import Numbers, Villages
from phusong.geodata.sample.spec import MastSpec, layer_generator


@dataclass(frozen=True, slots=True)
class Scene:
    """Ground, people and communes of a study, on the work grid.

    Attributes
    ----------
    land : Land
    codes, names : list of str
        One a commune.
    people : ndarray, shape land.grid.shape
        People a cell.
    seats_m : ndarray, shape (communes, 2)
    villages : Villages
    village_names : list of str
    seed : int
    """

    land: Land
    codes: list[str]
    names: list[str]
    people: Numbers
    seats_m: Points
    villages: Villages
    village_names: list[str]
    seed: int

    @property
    def epsg(self) -> int:
        """Metric CRS."""
        return self.land.grid.epsg

    def seat_people(self) -> Numbers:
        """People around each seat, within about 3 km."""
        cell_m = self.land.grid.cell_size_m
        around = ndimage.gaussian_filter(self.people, 1_500.0 / cell_m)
        return np.asarray(self.land.at(around, self.seats_m), dtype=np.float64)


def road_cells_of(scene: Scene, links: Links) -> npt.NDArray[np.int64]:
    """Cells of the work grid with a road inside a commune."""
    cells = np.unique(links[:, :2])
    return cells[scene.land.commune.ravel()[cells] >= 0]


def roads_from_table(scene: Scene, table: gpd.GeoDataFrame) -> Roads:
    """Bring imported roads onto the work grid: neighbouring cells with a road are linked."""
    lines = table.to_crs(epsg=scene.epsg).geometry
    lines = lines[~(lines.is_empty | lines.isna())]
    dense = shapely.segmentize(lines.to_numpy(), scene.land.grid.cell_size_m / 2)
    rows, cols = cells_of(scene.land.grid, shapely.get_coordinates(dense))
    on_road = np.zeros(scene.land.grid.shape, bool)
    on_road[rows, cols] = True
    tails, heads, _lengths = grid_edges((scene.land.grid.height, scene.land.grid.width))
    both = on_road.ravel()[tails] & on_road.ravel()[heads]
    links = np.column_stack([tails[both], heads[both], np.zeros(int(both.sum()), np.int64)])
    return Roads(lines.to_numpy(), np.full(len(lines), "commune"), links)


def site_tables(
    scene: Scene, road_cells: npt.NDArray[np.int64], *, count: int, spec: MastSpec
) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame, Masts]:
    """Sites and cells as tables, and the masts they describe."""
    masts = place_masts(scene.land, scene.people, road_cells, count=count, spec=spec, seed=scene.seed)
    rng = layer_generator(scene.seed, "site fibre")
    chance = np.select([masts.zone == "town", masts.zone == "plain"], [1.0, 0.96], default=0.7)
    has_fibre = rng.random(count) < chance
    communes = scene.land.at(scene.land.commune, masts.points_m).astype(int)
    sites = sites_table(masts, has_fibre, [scene.names[index] for index in communes], epsg=scene.epsg)
    records = make_cells(masts, site_ids(count), spec=spec, seed=scene.seed)
    place = dict(zip(sites["site_id"], sites.geometry, strict=True))
    cells = gpd.GeoDataFrame(
        {name: [record[name] for record in records] for name in records[0]},
        geometry=[place[record["site_id"]] for record in records],
        crs=sites.crs,
    )
    return sites, cells, masts


def fibre_layers(
    scene: Scene, roads: Roads, sites: gpd.GeoDataFrame
) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Fibre routes and nodes as tables, along roads, to commune centres and masts with fibre."""
    metric = sites.to_crs(epsg=scene.epsg)
    points_m = np.column_stack([metric.geometry.x, metric.geometry.y])
    owners = sites["owner"].fillna("").astype(str) if "owner" in sites else [""] * len(sites)
    linked = sites["has_fibre"].fillna(False).astype(bool) if "has_fibre" in sites else [True] * len(sites)
    fibre = build_fibre(
        scene.land,
        roads,
        seats_m=scene.seats_m,
        masts_m=points_m,
        mast_owners=np.asarray(list(owners), dtype=np.str_),
        has_fibre=np.asarray(list(linked), dtype=bool),
        seed=scene.seed,
    )
    return fibre_tables(fibre, epsg=scene.epsg)


def places_table(scene: Scene) -> gpd.GeoDataFrame:
    """Places of interest as a table."""
    records = make_places(
        scene.land,
        scene.villages,
        scene.village_names,
        seats_m=scene.seats_m,
        commune_codes=scene.codes,
        commune_names=scene.names,
        seed=scene.seed,
    )
    points_m = np.array([(record.pop("x_m"), record.pop("y_m")) for record in records])
    return records_table(records, points_m, epsg=scene.epsg)
