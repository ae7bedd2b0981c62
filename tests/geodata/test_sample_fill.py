"""Filling a study: only what is missing, and over the real coarse relief."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pyproj
import pytest
import rasterio
import shapely
from rasterio.transform import from_origin

from phusong.coverage.errors import InputError, LayerFileError
from phusong.coverage.grids import Grid, Raster
from phusong.geodata.sample.build import create_sample, fill_sample
from phusong.geodata.sample.filled_terrain import terrain_from_means
from phusong.geodata.sample.land import label_cells
from phusong.geodata.sample.means import coarse_cells, honour, read_means
from phusong.geodata.sample.spec import SampleSpec
from phusong.geodata.store.folder import FolderStore
from phusong.geodata.store.meta import LayerMeta
from phusong.geodata.store.studygrid import snapped_grid

TIME = "2026-01-01T00:00:00+00:00"
SMALL = SampleSpec(
    width_m=30_000.0, height_m=27_000.0, communes=12, wards=3, villages=90, population=90_000, masts=25
)
FILLED = [
    "terrain", "population", "villages", "roads", "sites", "cells", "fibre_routes", "fibre_nodes", "places",
]  # fmt: skip


def hashes(store: FolderStore) -> dict[str, str]:
    return {layer: store.meta(layer).content_sha256 for layer in store.layer_names()}


@pytest.fixture(scope="module")
def communes(tmp_path_factory: pytest.TempPathFactory) -> gpd.GeoDataFrame:
    store = FolderStore.create(tmp_path_factory.mktemp("source") / "study", name="nguồn", grid_m=300.0)
    create_sample(store, seed=3, imported_at=TIME, spec=SMALL)
    return store.table("communes")


def bare(folder: Path, communes: gpd.GeoDataFrame) -> FolderStore:
    store = FolderStore.create(folder, name="thử", epsg=SMALL.epsg, grid_m=150.0)
    store.put_table("communes", communes, LayerMeta(layer="communes", source="xa.gpkg", imported_at=TIME))
    return store


def test_all_missing_layers_are_added_in_order(tmp_path: Path, communes: gpd.GeoDataFrame) -> None:
    store = bare(tmp_path / "study", communes)
    before = hashes(store)

    added = fill_sample(store, seed=5, imported_at=TIME, masts=30, villages=70)

    assert added == FILLED
    assert store.meta("communes").content_sha256 == before["communes"]
    assert not store.meta("communes").synthetic
    assert all(store.meta(layer).synthetic for layer in FILLED)
    assert all(store.meta(layer).source == "phusong sample seed 5" for layer in FILLED)
    assert len(store.table("villages")) == 70
    assert len(store.table("sites")) == 30
    assert store.raster("population").values.sum() == pytest.approx(90_000, abs=1e-6)
    assert fill_sample(store, seed=5, imported_at=TIME) == []


def test_layers_that_are_there_stay(tmp_path: Path, communes: gpd.GeoDataFrame) -> None:
    full = bare(tmp_path / "full", communes)
    fill_sample(full, seed=5, imported_at=TIME, masts=30, villages=70)
    partial = bare(tmp_path / "partial", communes)
    kept = LayerMeta(layer="", source="real", imported_at=TIME)
    partial.put_raster("terrain", full.raster("terrain"), kept)
    partial.put_raster("population", full.raster("population"), kept)
    partial.put_table("roads", full.table("roads"), kept)
    partial.put_table("sites", full.table("sites"), kept)
    before = hashes(partial)

    added = fill_sample(partial, seed=9, imported_at=TIME)

    assert added == ["villages", "fibre_routes", "fibre_nodes", "places"]
    after = hashes(partial)
    assert {layer: after[layer] for layer in before} == before
    villages = partial.table("villages")
    homes = communes.set_index("commune_code").geometry.loc[villages["commune_code"]]
    assert shapely.covers(homes.to_numpy(), villages.geometry.to_numpy()).all()


def test_imported_villages_say_where_people_live(tmp_path: Path, communes: gpd.GeoDataFrame) -> None:
    full = bare(tmp_path / "full", communes)
    fill_sample(full, seed=5, imported_at=TIME, masts=30, villages=70)
    partial = bare(tmp_path / "partial", communes)
    villages = full.table("villages")[["village_id", "name", "commune_code", "geometry"]]
    partial.put_table("villages", villages, LayerMeta(layer="villages", source="real", imported_at=TIME))

    added = fill_sample(partial, seed=5, imported_at=TIME, masts=10)

    assert "villages" not in added
    population = partial.raster("population")
    points = villages.to_crs(epsg=SMALL.epsg).geometry
    around = [
        population.values[max(row - 4, 0) : row + 5, max(col - 4, 0) : col + 5].sum()
        for row, col in (population.grid.row_col(point.x, point.y) for point in points)
    ]
    assert min(around) > 0


def test_same_seed_fills_alike(tmp_path: Path, communes: gpd.GeoDataFrame) -> None:
    first, second = bare(tmp_path / "first", communes), bare(tmp_path / "second", communes)
    fill_sample(first, seed=4, imported_at=TIME)
    fill_sample(second, seed=4, imported_at=TIME)

    assert hashes(first) == hashes(second)


def test_default_number_of_masts_and_villages(tmp_path: Path, communes: gpd.GeoDataFrame) -> None:
    store = bare(tmp_path / "study", communes)

    fill_sample(store, seed=4, imported_at=TIME)

    assert len(store.table("sites")) == round(90_000 / 1_400)
    assert len(store.table("villages")) == round(90_000 / 1_050)


def test_communes_are_needed(tmp_path: Path) -> None:
    store = FolderStore.create(tmp_path / "study", name="trống")

    with pytest.raises(InputError) as caught:
        fill_sample(store, imported_at=TIME)

    assert caught.value.code == "sample_needs_communes"


def test_unreadable_means_leave_the_study_alone(tmp_path: Path, communes: gpd.GeoDataFrame) -> None:
    store = bare(tmp_path / "study", communes)
    wrong = tmp_path / "means.tif"
    wrong.write_text("no raster")

    with pytest.raises(LayerFileError) as caught:
        fill_sample(store, imported_at=TIME, elevation_means_path=wrong)

    assert caught.value.code == "elevation_means_unreadable"
    assert store.layer_names() == ["communes"]


def _write_means(path: Path, values: np.ndarray) -> None:
    with rasterio.open(
        path, "w", driver="GTiff", width=values.shape[1], height=values.shape[0], count=1, dtype="int16",
        crs="EPSG:32648", transform=from_origin(500_000.0, 2_200_000.0, 6_000.0, 6_000.0),
    ) as target:  # fmt: skip
        target.write(values.astype(np.int16), 1)


def test_a_flat_field_takes_the_means_of_two_cells(tmp_path: Path) -> None:
    _write_means(tmp_path / "means.tif", np.array([[100, 300]]))
    grid = Grid(120, 60, 100.0, 500_000.0, 2_200_000.0, 32648)
    cells = coarse_cells(read_means(tmp_path / "means.tif"), grid)

    heights_m = honour(np.full(grid.shape, 50.0, np.float32), cells)

    assert heights_m[:, :60].mean() == pytest.approx(100.0, abs=0.2)
    assert heights_m[:, 60:].mean() == pytest.approx(300.0, abs=0.4)
    # no step where the cells meet: neighbours across the border differ no more than neighbours elsewhere
    steps = np.abs(np.diff(heights_m[30]))
    assert steps[59] <= 1.05 * steps.max()
    assert steps.max() < 12.0


def test_the_sea_stays_at_zero(tmp_path: Path) -> None:
    _write_means(tmp_path / "means.tif", np.array([[50, 20]]))
    grid = Grid(120, 60, 100.0, 500_000.0, 2_200_000.0, 32648)
    cells = coarse_cells(read_means(tmp_path / "means.tif"), grid)
    start = np.full(grid.shape, 10.0, np.float32)
    start[:, 90:] = 0.0

    heights_m = honour(start, cells)

    assert np.all(heights_m[:, 90:] == 0.0)
    assert heights_m[:, 60:].mean() == pytest.approx(20.0, abs=0.1)


@pytest.fixture(scope="module")
def thanh_hoa(shared_data: Path) -> tuple[Raster, np.ndarray]:
    areas = gpd.read_file(shared_data / "thanh_hoa" / "communes_2025_simplified_30m.geojson").to_crs(32648)
    shapes = shapely.make_valid(areas.geometry.to_numpy())
    grid = snapped_grid(tuple(areas.total_bounds), margin_m=600.0, cell_size_m=300.0, epsg=32648)
    means = read_means(shared_data / "thanh_hoa" / "elevation_mean_0p1deg_srtm3.tif")
    heights_m, notes = terrain_from_means(means, grid, shapes, seed=1)
    assert notes["largest_mean_difference_m"] < 1.0
    return Raster(grid, heights_m, "m"), label_cells(grid, shapes) >= 0


def test_thanh_hoa_keeps_its_coarse_means(thanh_hoa: tuple[Raster, np.ndarray], shared_data: Path) -> None:
    terrain, _inside = thanh_hoa
    rows, cols = np.indices(terrain.grid.shape)
    east = terrain.grid.left_m + (cols + 0.5) * 300.0
    north = terrain.grid.top_m - (rows + 0.5) * 300.0
    lon, lat = pyproj.Transformer.from_crs(32648, 4326, always_xy=True).transform(east, north)
    with rasterio.open(shared_data / "thanh_hoa" / "elevation_mean_0p1deg_srtm3.tif") as source:
        coarse_m = source.read(1).astype(float)
        col, row = ~source.transform * (lon, lat)
    row, col = np.floor(row).astype(int), np.floor(col).astype(int)
    assert row.min() >= 0
    cell = row * coarse_m.shape[1] + col
    found = np.bincount(cell.ravel(), weights=terrain.values.ravel(), minlength=coarse_m.size)
    count = np.bincount(cell.ravel(), minlength=coarse_m.size)
    seen = (count > 100) & (coarse_m.ravel() > 0)
    assert seen.sum() > 150
    assert np.abs(found[seen] / count[seen] - coarse_m.ravel()[seen]).max() < 5.0
    low = (count > 100) & (coarse_m.ravel() == 0)
    assert (found[low] / count[low]).max() <= 5.0


def test_thanh_hoa_stands_as_high_as_it_does(thanh_hoa: tuple[Raster, np.ndarray]) -> None:
    terrain, inside = thanh_hoa

    assert terrain.values[inside].mean() == pytest.approx(253.9, rel=0.03)
    assert 1_450.0 < terrain.values[inside].max() < 1_800.0
    assert terrain.values.min() >= 0.0
