"""The sample province: deterministic, complete, consistent and marked synthetic."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import numpy as np
import pytest
import shapely

from phusong.coverage.zonal import build_zones, zone_sums
from phusong.geodata.sample.build import create_sample
from phusong.geodata.sample.spec import SampleSpec, layer_generator
from phusong.geodata.store.folder import FolderStore

SMALL = SampleSpec(
    width_m=30_000.0, height_m=27_000.0, communes=12, wards=3, villages=90, population=90_000, masts=25
)
LAYERS = {
    "communes", "terrain", "population", "villages", "roads", "sites", "cells",
    "fibre_routes", "fibre_nodes", "places",
}  # fmt: skip
TIME = "2026-01-01T00:00:00+00:00"


def make(folder: Path, *, seed: int = 1, spec: SampleSpec = SMALL) -> FolderStore:
    store = FolderStore.create(folder, name="Tỉnh mẫu", grid_m=150.0)
    create_sample(store, seed=seed, imported_at=TIME, spec=spec)
    return store


def hashes(store: FolderStore) -> dict[str, str]:
    return {layer: store.meta(layer).content_sha256 for layer in store.layer_names()}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> FolderStore:
    return make(tmp_path_factory.mktemp("sample") / "study")


def test_same_seed_makes_the_same_layers(store: FolderStore, tmp_path: Path) -> None:
    again = make(tmp_path / "again")

    assert hashes(again) == hashes(store)


def test_another_seed_makes_other_layers(store: FolderStore, tmp_path: Path) -> None:
    other = hashes(make(tmp_path / "other", seed=2))

    assert set(other) == LAYERS
    assert all(other[layer] != digest for layer, digest in hashes(store).items())


def test_layers_draw_their_own_random_numbers() -> None:
    first = layer_generator(7, "roads").random(4)

    assert layer_generator(7, "roads").random(4).tolist() == first.tolist()
    assert layer_generator(7, "sites").random(4).tolist() != first.tolist()
    assert layer_generator(8, "roads").random(4).tolist() != first.tolist()


def test_every_layer_is_marked_synthetic(store: FolderStore) -> None:
    assert set(store.layer_names()) == LAYERS
    for layer in LAYERS:
        meta = store.meta(layer)
        assert meta.synthetic, layer
        assert meta.source == "phusong sample seed 1"
        assert meta.notes["seed"] == 1
        assert meta.notes["parameters"]["communes"] == SMALL.communes
        assert meta.assumed == (), layer
        assert meta.imported_at == TIME
        assert meta.rows > 0


def test_counts_are_those_asked_for(store: FolderStore) -> None:
    communes = store.table("communes")

    assert len(communes) == SMALL.communes
    assert communes["kind"].value_counts().to_dict() == {"xã": 9, "phường": 3}
    assert communes["commune_code"].is_unique
    assert communes["commune_code"].str.fullmatch(r"99\d{3}").all()
    assert communes["name"].is_unique
    assert int(communes["population"].sum()) == SMALL.population
    assert len(store.table("villages")) == SMALL.villages
    assert len(store.table("sites")) == SMALL.masts


def test_communes_partition_the_province(store: FolderStore) -> None:
    areas = store.table("communes").geometry.to_numpy()

    assert shapely.is_valid(areas).all()
    assert all(area.geom_type == "Polygon" for area in areas)
    whole = shapely.union_all(areas)
    assert whole.geom_type == "Polygon"
    assert len(whole.interiors) == 0
    assert shapely.area(areas).sum() == pytest.approx(whole.area, rel=1e-12)
    assert shapely.coverage_is_valid(areas)


def test_official_area_is_that_on_the_ellipsoid(store: FolderStore) -> None:
    communes = store.table("communes")
    plane_km2 = communes.to_crs(epsg=SMALL.epsg).area / 1e6

    # UTM is 0.9996 on its meridian: the plane area is smaller by up to 0.08 %, a little more off it
    assert np.allclose(communes["area_official_km2"], plane_km2, rtol=2e-3, atol=0.01)


def test_population_sums_exactly_by_commune(store: FolderStore) -> None:
    population = store.raster("population")
    communes = store.table("communes")
    metric = communes.to_crs(epsg=SMALL.epsg)
    zones = build_zones(metric.geometry.tolist(), communes["commune_code"].tolist(), population.grid)

    sums = zone_sums(zones, population.values)

    assert sums == pytest.approx(communes["population"].to_numpy(float), abs=1e-6)
    assert population.values.min() >= 0.0


def test_villages_stand_in_their_commune_and_add_up(store: FolderStore) -> None:
    villages = store.table("villages")
    communes = store.table("communes").set_index("commune_code")

    home = communes.geometry.loc[villages["commune_code"]]
    assert shapely.covers(home.to_numpy(), villages.geometry.to_numpy()).all()
    assert villages["village_id"].is_unique
    assert not villages.duplicated(["commune_code", "name"]).any()
    people = villages.groupby("commune_code")["population"].sum()
    assert people.to_dict() == communes["population"].loc[people.index].astype(float).to_dict()
    households = villages.groupby("commune_code")["households"].sum()
    assert households.to_dict() == communes["households"].loc[households.index].astype(float).to_dict()


def test_terrain_is_land_under_everything(store: FolderStore) -> None:
    terrain = store.raster("terrain")
    assert np.isfinite(terrain.values).all()
    assert terrain.values.min() >= 0.0
    assert terrain.values.max() == pytest.approx(SMALL.peak_m, rel=0.1)
    for layer in ("villages", "sites"):
        points = store.table(layer).to_crs(epsg=SMALL.epsg).geometry
        places = [terrain.grid.row_col(point.x, point.y) for point in points]
        assert min(terrain.values[place] for place in places) > 0.0


def test_cells_stand_on_sites(store: FolderStore) -> None:
    sites, cells = store.table("sites"), store.table("cells")

    assert set(cells["site_id"]) == set(sites["site_id"])
    assert cells["cell_id"].is_unique
    assert set(cells["operator"]) == {"Viettel", "VNPT", "MobiFone"}
    assert set(cells["technology"]) == {"4G", "5G"}
    mast_m = sites.set_index("site_id")["mast_height_m"].loc[cells["site_id"]].to_numpy()
    assert (cells["antenna_height_m"].to_numpy() < mast_m).all()
    at = sites.set_index("site_id").geometry.loc[cells["site_id"]].to_numpy()
    assert shapely.equals(at, cells.geometry.to_numpy()).all()
    assert cells.groupby("site_id")["operator"].nunique().max() >= 2


def test_each_commune_has_a_centre_inside(store: FolderStore) -> None:
    places = store.table("places")
    centres = places[places["kind"] == "commune_centre"].set_index("commune_code").geometry
    communes = store.table("communes").set_index("commune_code").geometry

    assert sorted(centres.index) == sorted(communes.index)
    assert shapely.covers(communes.loc[centres.index].to_numpy(), centres.to_numpy()).all()


def test_all_text_is_composed(store: FolderStore) -> None:
    for layer in ("communes", "villages", "sites", "places"):
        assert all(unicodedata.is_normalized("NFC", name) for name in store.table(layer)["name"])


def test_roads_join_all_commune_centres(store: FolderStore) -> None:
    roads = store.table("roads").to_crs(epsg=SMALL.epsg)
    places = store.table("places").to_crs(epsg=SMALL.epsg)
    centres = places[places["kind"] == "commune_centre"].geometry

    network = shapely.union_all(roads.geometry.to_numpy())
    assert shapely.distance(network, centres.to_numpy()).max() < 400.0
    assert set(roads["class"]) == {"national", "provincial", "commune"}
