"""Tiles of level: a pixel shows the code of the cell under it, or far out of a neighbour."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest

from phusong.app.api.snapshot import Snapshot
from phusong.app.compute.previous import OVERVIEWS_FILE, SERVED_FILE
from phusong.app.compute.signalmap import OVERVIEW_STEP
from phusong.app.levelcodes import code_of_level, coded_levels
from phusong.app.leveltiles import LevelBlocks, LevelTiles
from phusong.app.study import open_study
from phusong.coverage.signal_kernel import NO_LEVEL
from phusong.geodata.store.folder import FolderStore
from phusong.geodata.tiles.gridcells import codes_at, tile_cells
from phusong.geodata.tiles.mercator import tile_at

from .fixture_study import HEIGHT, WIDTH, lonlat, write_study
from .live_server import assert_problem, serving, tile_path

SERVICE = ("Viettel", "4G")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> FolderStore:
    return write_study(tmp_path_factory.mktemp("levels") / "study")


@pytest.fixture(scope="module")
def snapshot(store: FolderStore) -> Snapshot:
    return Snapshot(open_study(store.path), ())


@pytest.fixture(scope="module")
def codes(snapshot: Snapshot) -> np.ndarray:
    """Codes of the whole grid."""
    _, arrays = snapshot.signal().stacks(SERVICE, (0, 0, HEIGHT, WIDTH))[0]
    return coded_levels(arrays["level"][0])


def test_codes_of_levels_never_fall() -> None:
    assert (np.diff(code_of_level().astype(int)) >= 0).all()
    assert coded_levels(np.array([[NO_LEVEL]], dtype=np.int16)).tolist() == [[0]]


@pytest.mark.parametrize("zoom", [9, 10, 11, 12, 13, 15])
def test_a_pixel_shows_its_cell_and_far_out_a_neighbour(
    snapshot: Snapshot, codes: np.ndarray, zoom: int
) -> None:
    x, y = tile_at(zoom, *lonlat(6.0, 2.1))
    found = snapshot.display("rsrp-4G-viettel").codes(zoom, x, y)
    cells = tile_cells(snapshot.store.grid(), zoom, x, y)
    assert found is not None
    assert cells is not None
    row, col = cells
    # 100 m cells: from zoom 10 up a pixel is less than two of them.
    step = OVERVIEW_STEP if zoom < 10 else 1
    at_row, at_col = (np.maximum(one, 0) // step * step + step // 2 for one in (row, col))
    expected = np.where(row >= 0, codes[at_row, at_col], 0)
    assert len(np.unique(expected)) >= 2
    assert np.array_equal(found, expected)


def test_small_maps_of_older_runs_are_drawn_from_their_coarser_levels(
    snapshot: Snapshot, codes: np.ndarray
) -> None:
    _, arrays = snapshot.signal().stacks(SERVICE, (0, 0, HEIGHT, WIDTH))[0]
    older = {"4G-viettel": arrays["level"][0][4::8, 4::8]}
    blocks = LevelBlocks(snapshot.signal(), older)
    grid = snapshot.store.grid()
    tiles = LevelTiles(blocks, layer="4G-viettel", services=[SERVICE], grid=grid)
    for zoom in (7, 12):
        x, y = tile_at(zoom, *lonlat(6.0, 2.1))
        cells = tile_cells(grid, zoom, x, y)
        assert cells is not None
        thinned, shift = (codes[4::8, 4::8], 3) if zoom == 7 else (codes, 0)
        assert np.array_equal(tiles.codes(zoom, x, y), codes_at(thinned, cells, shift=shift))


def test_codes_outside_a_part_are_nothing() -> None:
    part = np.full((4, 4), 9, dtype=np.uint8)
    row = np.full((256, 256), -1, dtype=np.int32)
    row[0, :4] = [9, 10, 13, 14]
    found = codes_at(part, (row, row), first=(10, 10))
    assert found[0, :4].tolist() == [0, 9, 9, 0]
    assert not found[1:].any()


@pytest.fixture
def outdated(tmp_path: Path) -> Iterator[tuple[httpx.Client, FolderStore]]:
    """Results that lack what older versions did not write."""
    store = write_study(tmp_path / "study")
    (run,) = (one for one in store.results_dir.iterdir() if (one / SERVED_FILE).exists())
    (run / SERVED_FILE).unlink()
    (run / OVERVIEWS_FILE).unlink()
    with serving(store.path) as address, httpx.Client(base_url=address, timeout=30) as client:
        yield client, store


@pytest.mark.parametrize("place", ["what-if/standing/4G/all", "coverages/rsrp-4G-all"])
def test_results_of_an_older_version_say_that_they_must_be_computed_again(
    outdated: tuple[httpx.Client, FolderStore], place: str
) -> None:
    client, _ = outdated
    answer = client.get(f"/{place}/{tile_path((2.0, 2.0), 12)}", headers={"Accept-Language": "en"})
    problem = assert_problem(answer, 400, "results_outdated")
    assert "compute again" in problem["detail"]
    assert client.get("/study").json()["state"] == "stale"


def test_results_of_an_older_version_are_made_whole_by_computing(
    outdated: tuple[httpx.Client, FolderStore],
) -> None:
    client, store = outdated
    from phusong.app.compute.progress import silent
    from phusong.app.compute.run import compute

    assert not compute(store, progress=silent).was_current
    assert compute(store, progress=silent).was_current
    assert client.get("/study").json()["state"] == "computed"
    assert client.get(f"/coverages/rsrp-4G-all/{tile_path((2.0, 2.0), 12)}").status_code == 200
