"""Nothing that changes a figure happens in silence."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import openpyxl
import pytest
from shapely.geometry import box

from phusong.coverage.errors import InputError, TableError
from phusong.coverage.grids import Raster
from phusong.geodata.importing import import_layer
from phusong.geodata.store.folder import FolderStore
from phusong.geodata.store.meta import LayerMeta

NOW = "2026-01-01T00:00:00+00:00"
AREAS = [box(105.0, 19.9, 105.1, 20.0), box(105.1, 19.9, 105.2, 20.0)]


def communes(path: Path, *, people: list[int | None], areas: list = AREAS) -> Path:  # type: ignore[type-arg]
    codes = [f"0000{index}" for index in range(1, len(areas) + 1)]
    frame = gpd.GeoDataFrame({"code": codes, "name": codes, "population": people}, geometry=areas, crs=4326)
    frame.to_file(path, driver="GPKG")
    return path


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    store = FolderStore.create(tmp_path / "study", name="x", grid_m=500.0)
    import_layer(store, "communes", [communes(tmp_path / "a.gpkg", people=[10, 20])], imported_at=NOW)
    grid = store.grid()
    store.put_raster(
        "population", Raster(grid, np.ones(grid.shape), "people"), LayerMeta("population", source="p.tif")
    )
    return store


def codes_of(report) -> list[str]:  # type: ignore[no-untyped-def]
    return [finding.code for finding in report.findings]


def test_the_same_communes_again_leave_the_population_good(store: FolderStore, tmp_path: Path) -> None:
    report = import_layer(
        store, "communes", [communes(tmp_path / "b.gpkg", people=[10, 20])], imported_at=NOW
    )
    assert codes_of(report) == []


@pytest.mark.parametrize(
    ("people", "areas", "told"),
    [
        ([10, 25], AREAS, ("30", "35")),
        ([10, None], AREAS, ("30", "10")),
        ([10, 20], [box(105.0, 19.9, 105.1, 20.0), box(105.1, 19.9, 105.3, 20.0)], ("30", "30")),
        ([10], AREAS[:1], ("30", "10")),
    ],
    ids=["other number", "number unknown", "other boundary", "commune gone"],
)
def test_other_communes_make_the_population_outdated(
    store: FolderStore,
    tmp_path: Path,
    people: list[int | None],
    areas: list,
    told: tuple[str, str],  # type: ignore[type-arg]
) -> None:
    path = communes(tmp_path / "b.gpkg", people=people, areas=areas)
    report = import_layer(store, "communes", [path], imported_at=NOW)
    (found,) = [finding for finding in report.findings if finding.code == "population_outdated"]
    assert (found.value, found.allowed, found.severity) == (*told, "warning")


def sites(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(("crs", "told"), [("EPSG:5897", 1), ("EPSG:4326", 0), (None, 0)])
def test_a_crs_given_for_longitude_and_latitude_is_ignored_aloud(
    store: FolderStore, tmp_path: Path, crs: str | None, told: int
) -> None:
    path = sites(tmp_path / "a.csv", "site_id,lon,lat\nA,105.05,19.95\n")
    report = import_layer(store, "sites", [path], crs=crs, imported_at=NOW)
    assert codes_of(report).count("crs_ignored") == told
    assert store.table("sites").geometry.iloc[0].coords[0] == (105.05, 19.95)


def test_a_crs_that_is_none_is_refused_even_where_it_is_not_needed(
    store: FolderStore, tmp_path: Path
) -> None:
    path = sites(tmp_path / "a.csv", "site_id,lon,lat\nA,105.05,19.95\n")
    with pytest.raises(InputError) as refused:
        import_layer(store, "sites", [path], crs="EPSG:999999", imported_at=NOW)
    assert refused.value.code == "crs_unknown"
    assert not store.has("sites")


def test_yes_is_no_longitude(store: FolderStore, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for cells in (["site_id", "lon", "lat"], ["A", True, 19.95]):
        book.active.append(cells)
    book.save(tmp_path / "a.xlsx")
    with pytest.raises(TableError) as refused:
        import_layer(store, "sites", [tmp_path / "a.xlsx"], imported_at=NOW)
    first = refused.value.findings[0]
    assert (first.code, first.row, first.column, first.value) == ("not_a_number", 2, "lon", "True")


def test_communes_beyond_the_fixed_grid_are_told(store: FolderStore, tmp_path: Path) -> None:
    far = [AREAS[0], AREAS[1], box(106.0, 19.0, 106.1, 19.1)]
    path = communes(tmp_path / "b.gpkg", people=[10, 20, 30], areas=far)
    report = import_layer(store, "communes", [path], imported_at=NOW)
    (found,) = [finding for finding in report.findings if finding.code == "communes_off_grid"]
    assert (found.value, found.allowed, found.severity) == ("1", "population", "warning")
