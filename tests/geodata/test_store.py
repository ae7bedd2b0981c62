"""A study on disk: what goes in comes out, and what is wrong is said."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import rasterio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapely.geometry import Point, box

from phusong.coverage.errors import InputError, NotFoundError, StudyError
from phusong.coverage.grids import Grid, Raster
from phusong.geodata.store.folder import FolderStore
from phusong.geodata.store.meta import LayerMeta

GRID = Grid(width=5, height=4, cell_size_m=30.0, left_m=600_000.0, top_m=2_200_080.0, epsg=32648)


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore.create(tmp_path / "study", name="Tỉnh thử", epsg=32648)


def sites(*names: str) -> gpd.GeoDataFrame:
    ids = [f"00{index}" for index in range(len(names))]
    places = [Point(105.0 + index, 20.0) for index in range(len(names))]
    return gpd.GeoDataFrame({"site_id": ids, "name": list(names)}, geometry=places, crs=4326)


def test_table_comes_back_as_it_went_in(store: FolderStore) -> None:
    meta = store.put_table("sites", sites("Hoằng Hoá", "Đông Tiến"), LayerMeta("sites", source="tram.xlsx"))
    back = FolderStore.open(store.path).table("sites")
    assert list(back["site_id"]) == ["000", "001"]
    assert list(back["name"]) == ["Hoằng Hoá", "Đông Tiến"]
    assert back.crs.to_epsg() == 4326
    assert meta.rows == 2
    assert store.meta("sites") == meta
    assert store.layer_names() == ["sites"]


def test_table_in_another_crs_is_refused(store: FolderStore) -> None:
    with pytest.raises(InputError) as caught:
        store.put_table("sites", sites("A").to_crs(epsg=32648), LayerMeta("sites", source="a"))
    assert caught.value.code == "layer_crs"
    assert store.layer_names() == []


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_float_raster_is_kept_to_the_bit(store: FolderStore, dtype: str) -> None:
    values = np.linspace(-1.1, 1_800.7, 20, dtype=dtype).reshape(GRID.shape)
    values[1, 2] = np.nan
    store.put_raster("terrain", Raster(GRID, values, "m"), LayerMeta("terrain", source="dem.tif"))
    back = store.raster("terrain")
    assert back.grid == GRID
    assert back.unit == "m"
    assert back.values.dtype == dtype
    np.testing.assert_array_equal(back.values, values)


def test_integer_raster_comes_back_with_unknown_as_nan(store: FolderStore) -> None:
    values = np.arange(20, dtype=np.int16).reshape(GRID.shape)
    values[3, 4] = -32_768
    store.put_raster("clutter", Raster(GRID, values, "m"), LayerMeta("clutter", source="c.tif"))
    back = store.raster("clutter").values
    assert np.isnan(back[3, 4])
    np.testing.assert_array_equal(back.ravel()[:19], np.arange(19))
    with rasterio.open(store.raster_path("clutter")) as source:
        assert source.dtypes == ("int16",)


def test_raster_is_a_cloud_optimised_zstd_geotiff(store: FolderStore) -> None:
    values = np.zeros(GRID.shape, dtype=np.float32)
    store.put_raster("terrain", Raster(GRID, values, "m"), LayerMeta("terrain", source="dem.tif"))
    with rasterio.open(store.raster_path("terrain")) as source:
        assert source.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        assert source.compression.name == "zstd"
        assert source.crs.to_epsg() == 32648


def test_create_and_open_refuse_what_is_no_study(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("x")
    with pytest.raises(StudyError) as caught:
        FolderStore.create(tmp_path, name="x")
    assert caught.value.code == "study_exists"
    with pytest.raises(NotFoundError) as missing:
        FolderStore.open(tmp_path)
    assert missing.value.code == "study_missing"


@pytest.mark.parametrize("content", ["", '{"name"', "[1]", '{"format": 99}'])
def test_open_says_what_is_wrong_with_a_study(store: FolderStore, content: str) -> None:
    (store.path / "study.json").write_text(content)
    with pytest.raises(StudyError) as caught:
        FolderStore.open(store.path)
    assert caught.value.code in {"study_broken", "study_version"}


@pytest.mark.parametrize("record", [b"", b'{"half', b"[]", b"{}"])
def test_broken_record_is_said_not_thrown(store: FolderStore, record: bytes) -> None:
    store.put_table("sites", sites("A"), LayerMeta("sites", source="a"))
    (store.path / "layers" / "sites.json").write_bytes(record)
    for read in (store.meta, store.table):
        with pytest.raises(StudyError) as caught:
            read("sites")
        assert caught.value.code == "study_broken"


def test_lost_data_file_is_said_not_thrown(store: FolderStore) -> None:
    store.put_table("sites", sites("A"), LayerMeta("sites", source="a"))
    next((store.path / "layers").glob("sites-*")).unlink()
    with pytest.raises(StudyError) as caught:
        store.table("sites")
    assert caught.value.code == "study_broken"


def test_reader_that_resolved_the_old_file_gets_the_new_one(
    store: FolderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.put_table("sites", sites("old"), LayerMeta("sites", source="a"))
    read, overtaken = gpd.read_parquet, []

    def read_late(path: Path) -> gpd.GeoDataFrame:
        if not overtaken:  # a writer comes between finding the file and opening it
            overtaken.append(path)
            store.put_table("sites", sites("new"), LayerMeta("sites", source="b"))
        return read(path)

    monkeypatch.setattr(gpd, "read_parquet", read_late)
    assert list(store.table("sites")["name"]) == ["new"]
    assert not overtaken[0].exists()


def test_only_one_may_write_and_leftovers_of_the_killed_are_swept(store: FolderStore) -> None:
    store.put_table("sites", sites("A"), LayerMeta("sites", source="a"))
    layers = store.path / "layers"
    left = [
        layers / ".sites.4242.part.json",
        layers / ".cells.new.7.part.parquet",
        layers / "cells.new.parquet",
    ]
    for path in left:
        path.write_bytes(b"half")
    assert store.layer_names() == ["sites"]
    with store.lock():
        assert not any(path.exists() for path in left)
        with pytest.raises(StudyError) as caught, FolderStore.open(store.path).lock():
            pass
        assert caught.value.code == "study_locked"
    with store.lock():
        assert list(store.table("sites")["name"]) == ["A"]


def test_removed_layer_is_gone_with_its_data(store: FolderStore) -> None:
    store.put_table("sites", sites("A"), LayerMeta("sites", source="a"))
    store.remove("sites")
    assert not store.has("sites")
    assert list((store.path / "layers").iterdir()) == []
    with pytest.raises(NotFoundError):
        store.remove("sites")


def test_journal_holds_every_write_in_order(store: FolderStore) -> None:
    store.put_table("sites", sites("A"), LayerMeta("sites", source="tram.csv"))
    store.remove("sites")
    entries = store.journal_entries()
    assert [entry["event"] for entry in entries] == ["created", "layer", "removed"]
    assert entries[1]["detail"]["source"] == "tram.csv"


def test_grid_follows_the_communes_and_stays_once_terrain_lies_on_it(store: FolderStore) -> None:
    with pytest.raises(InputError) as caught:
        store.grid()
    assert caught.value.code == "study_has_no_place"
    small = gpd.GeoDataFrame({"commune_code": ["00001"]}, geometry=[box(105.0, 19.9, 105.1, 20.0)], crs=4326)
    store.put_table("communes", small, LayerMeta("communes", source="a"))
    grid = store.grid()
    assert (grid.left_m % 30.0, grid.top_m % 30.0, grid.epsg) == (0.0, 0.0, 32648)
    left, bottom, right, top = grid.bounds
    inner = small.to_crs(epsg=32648).total_bounds
    assert left <= inner[0] and bottom <= inner[1] and right >= inner[2] and top >= inner[3]
    flat = Raster(grid, np.zeros(grid.shape, np.float32), "m")
    store.put_raster("terrain", flat, LayerMeta("terrain", source="dem.tif"))
    wide = gpd.GeoDataFrame({"commune_code": ["00001"]}, geometry=[box(104.0, 19.0, 106.0, 21.0)], crs=4326)
    store.put_table("communes", wide, LayerMeta("communes", source="b"))
    assert store.grid() == grid


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(names=st.lists(st.text(max_size=20), min_size=1, max_size=5))
def test_any_text_survives(store: FolderStore, names: list[str]) -> None:
    encodable = [name.encode("utf-8", "ignore").decode() for name in names]
    store.put_table("sites", sites(*encodable), LayerMeta("sites", source="a"))
    assert list(store.table("sites")["name"]) == encodable
