"""Damage a study may meet: records half written, files lost, writers killed or overtaking."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import rasterio
from shapely.geometry import Point

from phusong.coverage.errors import StudyError
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


def test_integer_raster_comes_back_with_unknown_as_nan(store: FolderStore) -> None:
    values = np.arange(20, dtype=np.int16).reshape(GRID.shape)
    values[3, 4] = -32_768
    store.put_raster("clutter", Raster(GRID, values, "m"), LayerMeta("clutter", source="c.tif"))
    back = store.raster("clutter").values
    assert np.isnan(back[3, 4])
    np.testing.assert_array_equal(back.ravel()[:19], np.arange(19))
    with rasterio.open(store.raster_path("clutter")) as source:
        assert source.dtypes == ("int16",)


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
