"""Terrain and clutter from any raster: placed right, bounded, refused whole when wrong."""

from __future__ import annotations

import math
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyproj
import pytest
import rasterio
from shapely.geometry import box
from tests.geodata import raster_files

from phusong.coverage.errors import InputError, LayerFileError, TableError
from phusong.geodata.clutter import import_clutter
from phusong.geodata.store.folder import FolderStore
from phusong.geodata.store.meta import LayerMeta, file_sha256
from phusong.geodata.terrain import import_terrain

NOW = "2026-01-01T00:00:00+00:00"
LEFT_M, TOP_M = 500_000.0, 2_200_000.0


def write(path: Path, values, *, left=LEFT_M, top=TOP_M, cell=30.0, **options) -> Path:
    return raster_files.write(path, values, left=left, top=top, cell=cell, **options)


def plane(height: int, width: int, *, cell=30.0, left=LEFT_M, top=TOP_M) -> np.ndarray:
    """Height rises 1 m every 100 m east and every 50 m north: bilinear values of a plane are exact."""
    x = left + (np.arange(width) + 0.5) * cell
    y = top - (np.arange(height) + 0.5) * cell
    return ((x[None, :] - LEFT_M) / 100 + (y[:, None] - TOP_M) / 50 + 200).astype(np.float32)


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore.create(tmp_path / "study", name="thử", epsg=32648)


def with_communes(store: FolderStore, *, size_m: float = 1_800.0, left=LEFT_M, top=TOP_M) -> FolderStore:
    shape = box(left + 600, top - 600 - size_m, left + 600 + size_m, top - 600)
    frame = gpd.GeoDataFrame({"commune_code": ["01"], "name": ["A"]}, geometry=[shape], crs="EPSG:32648")
    store.put_table("communes", frame.to_crs(4326), LayerMeta("communes", "test"))
    return store


def test_a_raster_already_on_the_grid_comes_through_unchanged(store, tmp_path) -> None:
    values = plane(80, 90)
    report = import_terrain(store, [write(tmp_path / "dem.tif", values)], imported_at=NOW)
    raster = store.raster("terrain")
    assert raster.grid.epsg == 32648
    # 500000 and 2200000 are no multiples of 30 m: the grid is snapped, values move by parts of a cell.
    assert raster.grid.left_m % 30 == raster.grid.top_m % 30 == 0
    inner = raster.values[2:-2, 2:-2]
    expected = plane(*raster.grid.shape, left=raster.grid.left_m, top=raster.grid.top_m)[2:-2, 2:-2]
    assert np.abs(inner - expected).max() < 2e-3
    assert report.rows == np.isfinite(raster.values).sum()
    assert report.meta.source_sha256 == file_sha256(tmp_path / "dem.tif")
    assert report.meta.imported_at == NOW


@pytest.mark.parametrize("cell", [45.0, 90.0, 10.0, 7.5])
def test_a_plane_stays_the_plane_whatever_the_cell_size(store, tmp_path, cell) -> None:
    with_communes(store)
    count = math.ceil(4_000 / cell)
    path = write(tmp_path / "d.tif", plane(count, count, cell=cell), cell=cell)
    import_terrain(store, [path], imported_at=NOW)
    raster = store.raster("terrain")
    expected = plane(*raster.grid.shape, left=raster.grid.left_m, top=raster.grid.top_m)
    # Half a cell of shift would be 0.15 m east and 0.3 m north.
    assert np.abs(raster.values - expected).max() < 0.05


def test_geographic_source_lands_on_its_pixel_centres(store, tmp_path) -> None:
    with_communes(store)
    lon, lat = pyproj.Transformer.from_crs(32648, 4326, always_xy=True).transform(LEFT_M, TOP_M)
    step = 1 / 1200
    lats = lat + 0.01 - (np.arange(60) + 0.5) * step
    values = np.repeat(lats[:, None] * 100, 60, axis=1).astype(np.float32)
    path = write(tmp_path / "g.tif", values, left=lon - 0.01, top=lat + 0.01, cell=step, crs="EPSG:4326")
    import_terrain(store, [path], imported_at=NOW)
    raster = store.raster("terrain")
    to_degrees = pyproj.Transformer.from_crs(32648, 4326, always_xy=True)
    for row, col in [(0, 0), (10, 40), (50, 20)]:
        _, lat = to_degrees.transform(*raster.grid.centre(row, col))
        # A hundredth of a degree is 1 m here; a source cell 0.08 m.
        assert raster.values[row, col] == pytest.approx(lat * 100, abs=2e-3)


def test_finer_source_is_averaged(store, tmp_path) -> None:
    with_communes(store)
    stripes = np.tile(np.array([[0.0, 100.0]], dtype=np.float32), (800, 400))
    import_terrain(store, [write(tmp_path / "s.tif", stripes, cell=5.0)], imported_at=NOW)
    values = store.raster("terrain").values
    assert np.abs(values[2:-2, 2:-2] - 50).max() < 20


def test_tiles_of_two_crs_join_and_the_first_known_value_wins(store, tmp_path) -> None:
    with_communes(store)
    west = np.full((100, 50), 10, dtype=np.int16)
    west[30:60, 30:40] = -32768
    everywhere = np.full((60, 60), 20, dtype=np.float32)
    lon, lat = pyproj.Transformer.from_crs(32648, 4326, always_xy=True).transform(LEFT_M - 200, TOP_M + 200)
    folder = tmp_path / "tiles"
    folder.mkdir()
    write(folder / "a.tif", west, nodata=-32768)
    write(folder / "b.tif", everywhere, left=lon, top=lat, cell=1 / 1000, crs="EPSG:4326")
    report = import_terrain(store, [folder], imported_at=NOW)
    raster = store.raster("terrain")
    row, col = raster.grid.row_col(LEFT_M + 750, TOP_M - 750)
    assert raster.values[row, col] == 10
    assert raster.values[raster.grid.row_col(LEFT_M + 35 * 30, TOP_M - 45 * 30)] == 20
    assert raster.values[raster.grid.row_col(LEFT_M + 2_300, TOP_M - 1_000)] == 20
    assert report.meta.notes["files_used"] == 2
    assert report.meta.source == "a.tif + 1"
    assert report.findings == ()


def test_unknown_cells_are_counted_inside_the_communes(store, tmp_path) -> None:
    with_communes(store)
    half = np.full((100, 50), 5, dtype=np.float32)
    report = import_terrain(store, [write(tmp_path / "h.tif", half)], imported_at=NOW)
    (finding,) = report.findings
    assert (finding.code, finding.severity) == ("raster_unknown", "warning")
    # The commune spans 600 .. 2400 m, the tile ends at 1500 m: half is unknown.
    assert report.meta.notes["unknown_share"] == pytest.approx(0.5, abs=0.01)
    assert np.isnan(store.raster("terrain").values[10, -1])


def test_without_any_place_the_terrain_makes_the_study_grid_and_it_stays(tmp_path, shared_data) -> None:
    store = FolderStore.create(tmp_path / "s", name="Monterey", grid_m=200.0)
    import_terrain(store, [shared_data / "terrain" / "dem_monterey_3s.tif"], imported_at=NOW)
    assert store.epsg == 32610
    raster = store.raster("terrain")
    assert float(np.nanmax(raster.values)) == pytest.approx(1785, rel=0.05)
    grid = store.grid()
    assert grid == raster.grid
    with_communes(store)
    import_terrain(store, [shared_data / "terrain" / "dem_monterey_3s.tif"], imported_at=NOW)
    assert store.grid() == grid
    np.testing.assert_array_equal(store.raster("terrain").values, raster.values)


def test_own_grid_is_cropped_to_the_known_part(store, tmp_path) -> None:
    values = np.full((100, 100), np.nan, dtype=np.float32)
    values[40:60, 20:50] = 7
    import_terrain(store, [write(tmp_path / "n.tif", values, nodata=np.nan)], imported_at=NOW)
    assert store.grid().height in (20, 21)
    assert store.grid().width in (30, 31)


def test_coarse_terrain_says_that_ridges_are_lost(tmp_path, shared_data) -> None:
    store = FolderStore.create(tmp_path / "s", name="x", grid_m=1_000.0)
    means = shared_data / "thanh_hoa" / "elevation_mean_0p1deg_srtm3.tif"
    report = import_terrain(store, [means], imported_at=NOW)
    assert "terrain_coarse" in [finding.code for finding in report.findings]


def test_progress_ends_complete(store, tmp_path) -> None:
    told = []
    import_terrain(
        store,
        [write(tmp_path / "d.tif", plane(40, 40))],
        imported_at=NOW,
        progress=lambda stage, done, total: told.append((stage, done, total)),
    )
    assert told[-1][1] == told[-1][2]
    assert all(done <= total for _, done, total in told)


@pytest.mark.parametrize("bad", [9_001.0, -501.0, np.inf, -np.inf])
def test_heights_out_of_range_are_refused_and_named(store, tmp_path, bad) -> None:
    values = plane(50, 60)
    values[7, 11] = bad
    with pytest.raises(TableError) as refused:
        import_terrain(store, [write(tmp_path / "d.tif", values)], imported_at=NOW)
    (finding,) = refused.value.findings
    assert (finding.code, finding.row, finding.column, finding.file) == ("raster_value", 8, "12", "d.tif")
    assert finding.value == f"{bad:g}"
    assert finding.allowed == "-500 .. 9000 m"
    assert store.layer_names() == []


def _no_raster(folder: Path) -> Path:
    path = folder / "x.tif"
    path.write_text("this is no raster")
    return path


def _truncated(folder: Path) -> Path:
    path = write(folder / "t.tif", np.random.default_rng(0).normal(100, 10, (200, 200)).astype(np.float32))
    path.write_bytes(path.read_bytes()[:60_000])
    return path


def _empty(folder: Path) -> Path:
    path = folder / "e.tif"
    path.write_bytes(b"")
    return path


def _empty_folder(folder: Path) -> Path:
    path = folder / "none"
    path.mkdir()
    return path


def _unplaced(folder: Path) -> Path:
    path = folder / "u.png"
    with rasterio.open(path, "w", driver="PNG", width=4, height=4, count=1, dtype="uint8") as target:
        target.write(np.ones((4, 4), dtype=np.uint8), 1)
    return path


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
@pytest.mark.parametrize(
    ("make", "code"),
    [
        (_no_raster, "raster_unreadable"),
        (_truncated, "raster_unreadable"),
        (_empty, "raster_unreadable"),
        (_empty_folder, "folder_empty"),
        (_unplaced, "raster_no_place"),
        (lambda folder: folder / "absent.tif", "file_missing"),
        (lambda folder: write(folder / "c.tif", plane(9, 9), crs=None), "crs_missing"),
        (lambda folder: write(folder / "far.tif", plane(9, 9), left=900_000.0), "raster_no_overlap"),
        (lambda folder: write(folder / "w.tif", plane(9, 9), crs="EPSG:4326"), "raster_no_overlap"),
        (lambda folder: write(folder / "n.tif", np.full((99, 99), -9, np.int16), nodata=-9), "raster_empty"),
    ],
)
def test_hostile_files_are_refused_and_leave_the_study_as_it_was(store, tmp_path, make, code) -> None:
    with_communes(store)
    import_terrain(store, [write(tmp_path / "good.tif", plane(99, 99))], imported_at=NOW)
    before = store.meta("terrain")
    with pytest.raises(LayerFileError) as refused:
        import_terrain(store, [make(tmp_path)], imported_at=NOW)
    assert refused.value.code == code
    assert store.meta("terrain") == before
    assert np.isfinite(store.raster("terrain").values).any()


def test_nonsense_places_make_no_study(tmp_path) -> None:
    store = FolderStore.create(tmp_path / "s", name="x")
    with pytest.raises(LayerFileError, match="raster_no_overlap"):
        import_terrain(store, [write(tmp_path / "w.tif", plane(9, 9), crs="EPSG:4326")], imported_at=NOW)
    assert store.epsg is None
    with pytest.raises(InputError, match="no_files"):
        import_terrain(store, [], imported_at=NOW)


def test_a_crs_may_be_given_for_files_without_one(store, tmp_path) -> None:
    path = write(tmp_path / "c.tif", plane(99, 99), crs=None)
    import_terrain(store, [path], crs="EPSG:32648", imported_at=NOW)
    assert store.has("terrain")
    with pytest.raises(InputError, match="crs_unknown"):
        import_terrain(store, [path], crs="EPSG:1", imported_at=NOW)


def test_an_unused_tile_is_told(store, tmp_path) -> None:
    with_communes(store)
    files = [write(tmp_path / "a.tif", plane(99, 99)), write(tmp_path / "b.tif", plane(9, 9), left=800_000.0)]
    report = import_terrain(store, files, imported_at=NOW)
    assert [(finding.code, finding.file) for finding in report.findings] == [("raster_unused", "b.tif")]


def test_clutter_is_zero_where_unknown_and_bounded(store, tmp_path) -> None:
    with_communes(store)
    trees = np.full((99, 50), 12, dtype=np.uint8)
    trees[:, :25] = 255
    report = import_clutter(store, [write(tmp_path / "t.tif", trees, nodata=255)], imported_at=NOW)
    values = store.raster("clutter").values
    assert set(np.unique(values)) == {0.0, 12.0}
    assert report.rows == (values == 12).sum()
    with pytest.raises(TableError) as refused:
        import_clutter(store, [write(tmp_path / "u.tif", trees)], imported_at=NOW)
    assert refused.value.findings[0].allowed == "0 .. 150 m"
