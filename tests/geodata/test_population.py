"""People on the grid add up to every commune's official number, exactly, and nobody is lost on the way."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import box
from tests.geodata.raster_files import write

from phusong.coverage.errors import GridError, InputError, LayerFileError, TableError
from phusong.coverage.grids import Grid
from phusong.coverage.people import fit_population
from phusong.coverage.zonal import build_zones, zone_sums
from phusong.geodata.density import people_window, spread_people
from phusong.geodata.population import import_population
from phusong.geodata.rasterfiles import raster_files
from phusong.geodata.store.folder import FolderStore
from phusong.geodata.store.meta import LayerMeta

NOW = "2026-01-01T00:00:00+00:00"
GRID = Grid(width=10, height=8, cell_size_m=100.0, left_m=500_000.0, top_m=2_200_000.0, epsg=32648)


def two_zones(x_m: float = 500_450.0):
    left, bottom, right, top = GRID.bounds
    return build_zones([box(left, bottom, x_m, top), box(x_m, bottom, right, top)], ["a", "b"], GRID)


def test_cells_inside_scale_by_their_zone_alone() -> None:
    fit = fit_population(np.ones(GRID.shape), two_zones(500_500.0), [80.0, 20.0])
    # 5 columns x 8 rows each: 2 people a cell west, half a person east.
    np.testing.assert_allclose(fit.people[:, :5], 2.0, rtol=1e-12)
    np.testing.assert_allclose(fit.people[:, 5:], 0.5, rtol=1e-12)
    assert fit.raw.tolist() == [40.0, 40.0]


def test_a_cut_cell_takes_the_geometric_mean_of_its_factors() -> None:
    fit = fit_population(np.ones(GRID.shape), two_zones(500_450.0), [80.0, 20.0])
    west, cut, east = fit.people[0, 0], fit.people[0, 4], fit.people[0, 9]
    assert cut == pytest.approx(np.sqrt(west * east), rel=1e-9)
    assert 8 * (4 * west + cut / 2) == pytest.approx(80, abs=1e-8)
    assert 8 * (5 * east + cut / 2) == pytest.approx(20, abs=1e-8)


def test_unknown_official_numbers_keep_the_raw_sum_and_empty_zones_are_spread() -> None:
    raw = np.ones(GRID.shape)
    raw[:, 4:] = 0
    raw[0, 4] = np.nan
    fit = fit_population(raw, two_zones(500_400.0), [np.nan, 60.0])
    assert fit.fitted.tolist() == pytest.approx([32.0, 60.0], abs=1e-9)
    assert fit.spread.tolist() == [False, True]
    np.testing.assert_allclose(fit.people[:, 4:], 60 / 48)


def test_a_fit_that_cannot_be_says_so() -> None:
    # Two zones share every cell half and half, so they hold the same people whatever the factors.
    left, bottom, right, top = GRID.bounds
    strips = [box(left + 100 * col, bottom, left + 100 * col + 50, top) for col in range(10)]
    halves = shapely.union_all(strips)
    zones = build_zones([halves, box(left, bottom, right, top).difference(halves)], ["a", "b"], GRID)
    fit = fit_population(np.ones(GRID.shape), zones, [10.0, 30.0])
    assert fit.max_error > 1
    assert np.isfinite(fit.people).all()


def test_nobody_lives_outside_the_zones() -> None:
    zones = build_zones([box(500_250.0, 2_199_450.0, 500_600.0, 2_199_800.0)], ["a"], GRID)
    fit = fit_population(np.ones(GRID.shape), zones, [100.0])
    assert fit.people[0, 0] == 0
    assert fit.fitted[0] == pytest.approx(100, abs=1e-9)
    assert fit.max_error < 1e-9


def test_an_empty_official_zone_empties_its_cells() -> None:
    fit = fit_population(np.ones(GRID.shape), two_zones(), [0.0, 50.0])
    assert fit.people[:, :5].sum() == 0
    assert fit.fitted.tolist() == pytest.approx([0.0, 50.0], abs=1e-8)


def test_overlapping_zones_still_fit() -> None:
    left, bottom, right, top = GRID.bounds
    shapes = [box(left, bottom, 500_630.0, top), box(500_370.0, bottom, right, top)]
    zones = build_zones(shapes, ["a", "b"], GRID)
    fit = fit_population(np.ones(GRID.shape), zones, [90.0, 70.0])
    assert fit.max_error < 1e-6
    assert zone_sums(zones, fit.people).tolist() == pytest.approx([90.0, 70.0], abs=1e-6)


@settings(max_examples=40, deadline=None)
@given(
    cut_x=st.floats(500_210, 500_790),
    cut_y=st.floats(2_199_410, 2_199_790),
    seed=st.integers(0, 2**31),
    # One person beside many thousands leaves scaling no way: the piece of a cell at the border holds more.
    official=st.lists(st.integers(500, 20_000), min_size=4, max_size=4),
)
def test_every_zone_fits_at_once(cut_x, cut_y, seed, official) -> None:
    left, bottom, right, top = GRID.bounds
    quarters = [
        box(left, cut_y, cut_x, top),
        box(cut_x, cut_y, right, top),
        box(left, bottom, cut_x, cut_y),
        box(cut_x, bottom, right, cut_y),
    ]
    zones = build_zones(quarters, list("abcd"), GRID)
    raw = np.random.default_rng(seed).gamma(0.5, 2.0, GRID.shape)
    kept = raw.copy()
    fit = fit_population(raw, zones, official)
    np.testing.assert_array_equal(raw, kept)
    assert (fit.people >= 0).all()
    np.testing.assert_allclose(zone_sums(zones, fit.people), official, atol=1e-6, rtol=0)


def test_wrong_input_to_the_fit_is_refused() -> None:
    zones = two_zones()
    with pytest.raises(InputError, match="people_negative"):
        fit_population(-np.ones(GRID.shape), zones, [1, 1])
    with pytest.raises(InputError, match="people_negative"):
        fit_population(np.ones(GRID.shape), zones, [1, -1])
    with pytest.raises(InputError, match="zones_mismatch"):
        fit_population(np.ones(GRID.shape), zones, [1, 1, 1])
    with pytest.raises(GridError, match="raster_shape"):
        fit_population(np.ones((2, 2)), zones, [1, 1])


def spread(path: Path, grid: Grid = GRID):
    (file,) = raster_files([path], crs=None)
    window = people_window(file, grid)
    assert window is not None
    return spread_people(file, grid, window)


@pytest.mark.parametrize("cell", [25.0, 40.0, 100.0, 200.0])
def test_spreading_keeps_the_total_and_the_place(tmp_path, cell) -> None:
    # Two source cells with people, well inside the grid.
    count = int(1_000 / cell)
    values = np.zeros((int(800 / cell), count))
    values[-1, 0], values[0, -1] = 10, 30
    people = spread(write(tmp_path / "p.tif", values, left=500_000.0, top=2_200_000.0, cell=cell))
    assert people.sum() == pytest.approx(40, rel=1e-9)
    assert people[4:, :5].sum() == pytest.approx(10, rel=1e-9)
    assert people[:4, 5:].sum() == pytest.approx(30, rel=1e-9)


def test_a_coarse_cell_is_shared_by_the_area_it_covers(tmp_path) -> None:
    people = spread(write(tmp_path / "p.tif", [[100.0]], left=500_100.0, top=2_199_900.0, cell=400.0))
    np.testing.assert_allclose(people[1:5, 1:5], 100 / 16, rtol=1e-9)
    assert people.sum() == pytest.approx(100, rel=1e-9)


@pytest.mark.parametrize("step_deg", [1 / 120, 1 / 1200, 1 / 4800])
def test_geographic_sources_lose_nobody(tmp_path, step_deg) -> None:
    grid = Grid(width=200, height=200, cell_size_m=100.0, left_m=500_000.0, top_m=2_200_000.0, epsg=32648)
    rng = np.random.default_rng(5)
    # 105 E, 19.895 N is the top left corner of the grid; the source lies wholly inside it.
    size = int(0.12 / step_deg)
    values = rng.gamma(0.3, 50, (size, size))
    path = write(tmp_path / "g.tif", values, left=105.02, top=19.87, cell=step_deg, crs="EPSG:4326")
    assert spread(path, grid).sum() == pytest.approx(values.sum(), rel=2e-3 if step_deg > 0.001 else 1e-9)


@pytest.fixture
def store(tmp_path) -> FolderStore:
    store = FolderStore.create(tmp_path / "study", name="x", epsg=32648, grid_m=100.0)
    return with_communes(store, [500, 300])


def with_communes(store: FolderStore, population) -> FolderStore:
    frame = gpd.GeoDataFrame(
        {"commune_code": ["02", "01"], "name": ["B", "A"], "population": population},
        geometry=[box(501_030, 2_199_000, 502_000, 2_200_000), box(500_000, 2_199_000, 501_030, 2_200_000)],
        crs="EPSG:32648",
    )
    store.put_table("communes", frame.to_crs(4326), LayerMeta("communes", "test"))
    return store


def people_file(tmp_path: Path, values=None, **options) -> Path:
    values = np.ones((20, 30)) if values is None else values
    return write(tmp_path / "p.tif", values, left=499_500.0, top=2_200_500.0, cell=100.0, **options)


def test_import_fits_and_records_both_totals(store, tmp_path) -> None:
    told = []
    report = import_population(
        store, [people_file(tmp_path)], imported_at=NOW, progress=lambda *step: told.append(step)
    )
    notes = report.meta.notes
    assert report.findings == ()
    assert notes["official_total"] == 800
    assert notes["communes"]["01"] == [pytest.approx(103, rel=1e-3), 300.0]
    assert notes["raw_total"] == pytest.approx(200, rel=1e-3)
    assert notes["max_error"] < 1e-6
    stored = store.raster("population")
    assert stored.values.dtype == np.float64
    assert stored.unit == "people"
    communes = store.table("communes").to_crs(32648)
    sums = zone_sums(build_zones(list(communes.geometry), ["02", "01"], stored.grid), stored.values)
    np.testing.assert_allclose(sums, [500, 300], atol=1e-6)
    assert told[-1][1] == told[-1][2]


def test_nodata_is_nobody_and_missing_numbers_are_told(store, tmp_path) -> None:
    with_communes(store, [None, 300])
    values = np.ones((20, 30))
    values[:, :15] = -99999.0
    report = import_population(store, [people_file(tmp_path, values, nodata=-99999.0)], imported_at=NOW)
    by_code = {finding.code: finding for finding in report.findings}
    # 01 has people in the cells it shares with 02 alone; they cannot grow without overfilling 02.
    assert set(by_code) == {"population_no_official", "population_spread"}
    assert report.meta.notes["max_error"] < 1e-6
    assert by_code["population_no_official"].value.startswith("02: ")
    assert report.meta.notes["communes"]["02"][1] is None
    values[:, 15:] = 0
    values[10, 20] = 4
    report = import_population(store, [people_file(tmp_path, values, nodata=-99999.0)], imported_at=NOW)
    assert {(f.code, f.value, f.severity) for f in report.findings if f.code == "population_spread"} == {
        ("population_spread", "01: 300", "assumed")
    }


@pytest.mark.parametrize("bad", [-1.0, np.inf, 3.4e38])
def test_impossible_people_are_refused(store, tmp_path, bad) -> None:
    values = np.ones((20, 30))
    values[10, 10] = bad
    with pytest.raises(TableError) as refused:
        import_population(store, [people_file(tmp_path, values)], imported_at=NOW)
    assert [(f.code, f.row, f.column) for f in refused.value.findings] == [("raster_value", 11, "11")]
    assert not store.has("population")


def test_refusals(store, tmp_path) -> None:
    path = people_file(tmp_path)
    with pytest.raises(LayerFileError, match="tiles_overlap"):
        other = tmp_path / "q.tif"
        other.write_bytes(path.read_bytes())
        import_population(store, [path, other], imported_at=NOW)
    with pytest.raises(LayerFileError, match="raster_empty"):
        import_population(store, [people_file(tmp_path, np.zeros((20, 30)))], imported_at=NOW)
    with pytest.raises(LayerFileError, match="raster_no_overlap"):
        far = write(tmp_path / "far.tif", np.ones((3, 3)), left=700_000.0, top=2_200_000.0, cell=100.0)
        import_population(store, [far], imported_at=NOW)
    empty = FolderStore.create(tmp_path / "empty", name="x")
    with pytest.raises(InputError, match="communes_first"):
        import_population(empty, [path], imported_at=NOW)


def test_abutting_tiles_equal_one_file(store, tmp_path) -> None:
    values = np.random.default_rng(2).gamma(0.4, 3, (20, 30))
    import_population(store, [people_file(tmp_path, values)], imported_at=NOW)
    whole = store.raster("population").values
    halves = [
        write(tmp_path / f"{name}.tif", part, left=left, top=2_200_500.0, cell=100.0)
        for name, part, left in [("l", values[:, :13], 499_500.0), ("r", values[:, 13:], 500_800.0)]
    ]
    import_population(store, halves, imported_at=NOW)
    np.testing.assert_allclose(store.raster("population").values, whole, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("grid_m", [1_000.0, 100.0])
def test_thanh_hoa_sums_to_its_official_people(tmp_path, shared_data, grid_m) -> None:
    folder = shared_data / "thanh_hoa"
    communes = gpd.read_file(folder / "communes_2025.gpkg").rename(
        columns={"code": "commune_code", "population_2025": "population"}
    )[["commune_code", "name", "population", "geometry"]]
    store = FolderStore.create(tmp_path / "th", name="Thanh Hóa", epsg=32648, grid_m=grid_m)
    store.put_table("communes", communes, LayerMeta("communes", "test"))
    report = import_population(store, [folder / "population_worldpop_1km_2020.tif"], imported_at=NOW)
    assert report.findings == ()
    assert report.meta.notes["raw_total"] == pytest.approx(3.23e6, rel=0.01)
    metric = communes.to_crs(32648)
    zones = build_zones(list(metric.geometry), list(metric["commune_code"]), store.grid())
    sums = zone_sums(zones, store.raster("population").values)
    np.testing.assert_allclose(sums, communes["population"].to_numpy(dtype=float), atol=1e-6, rtol=0)
    assert sums.sum() == pytest.approx(4_324_783, abs=1e-6)
