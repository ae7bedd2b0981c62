"""The outer edge of the study, and that what is prepared gives way to whoever asks."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import geopandas as gpd
import httpx
import pytest
import shapely

from phusong.app.api.warming import CALM_S, Bustle
from phusong.app.outlines import outline
from phusong.geodata.store.folder import FolderStore

from .fixture_study import HEIGHT, WIDTH, lonlat, write_study
from .live_server import assert_problem, serving


def frame(*shapes: shapely.Geometry | None) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(geometry=list(shapes), crs=4326)


def test_neighbours_lose_their_border_and_islands_stay_apart() -> None:
    edge = outline(frame(shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1), shapely.box(5, 5, 6, 6)))
    assert sorted(part.area for part in edge.geoms) == pytest.approx([1.0, 2.0])
    assert all(part.exterior.is_ccw for part in edge.geoms)


def test_gaps_between_neighbours_and_slivers_are_no_edge() -> None:
    ring = shapely.box(0, 0, 4, 4).difference(shapely.box(2, 2, 2.001, 2.001))
    edge = outline(frame(ring, shapely.box(9, 9, 9.001, 9.001), None, shapely.Polygon()))
    assert [part.area for part in edge.geoms] == pytest.approx([16.0])


def test_a_border_that_crosses_itself_is_mended() -> None:
    bow = shapely.Polygon([(0, 0), (2, 2), (2, 0), (0, 2)])
    assert outline(frame(bow)).area == pytest.approx(2.0)


def test_nothing_has_no_edge() -> None:
    assert outline(frame()).is_empty


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> FolderStore:
    return write_study(tmp_path_factory.mktemp("outlined") / "study")


@pytest.fixture(scope="module")
def client(study: FolderStore) -> Iterator[httpx.Client]:
    with serving(study.path) as address, httpx.Client(base_url=address) as client:
        yield client


def test_the_outline_is_the_three_communes_together(client: httpx.Client) -> None:
    answer = client.get("/study/outline")
    assert answer.headers["content-type"] == "application/geo+json"
    (polygon,) = answer.json()["geometry"]["coordinates"]
    west, south, east, north = shapely.Polygon(polygon[0]).bounds
    assert (west, south) == pytest.approx(lonlat(0, 0), abs=2e-3)
    assert (east, north) == pytest.approx(lonlat(WIDTH / 10, HEIGHT / 10), abs=2e-3)
    again = client.get("/study/outline", headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304


def test_the_outline_is_kept_and_follows_the_boundaries(study: FolderStore, client: httpx.Client) -> None:
    before = client.get("/study/outline").json()
    kept = list((study.cache_dir / "display").glob("outline-*.json"))
    assert len(kept) == 1
    communes = study.table("communes")
    study.put_table("communes", communes.iloc[:2], study.meta("communes"))
    after = client.get("/study/outline").json()
    assert shapely.geometry.shape(after["geometry"]).area < shapely.geometry.shape(before["geometry"]).area
    assert len(list((study.cache_dir / "display").glob("outline-*.json"))) == 1


def test_a_study_without_communes_has_no_outline(tmp_path: Path) -> None:
    store = FolderStore.create(tmp_path / "study", name="Trống")
    with serving(store.path) as address:
        assert_problem(httpx.get(f"{address}/study/outline"), 404, "layer_missing")


class Closing(threading.Event):
    """Moves a clock on instead of waiting."""

    def __init__(self) -> None:
        super().__init__()
        self.now_s = 0.0

    def wait(self, timeout: float | None = None) -> bool:
        self.now_s += timeout or 0.0
        return self.is_set()


def test_what_is_prepared_waits_while_somebody_asks() -> None:
    closing = Closing()
    bustle = Bustle(clock=lambda: closing.now_s)
    bustle.wait_for_calm(closing)
    assert closing.now_s == 0.0
    bustle.note()
    bustle.wait_for_calm(closing)
    assert closing.now_s == pytest.approx(CALM_S, abs=0.06)
    bustle.note()
    closing.set()
    calm_at = closing.now_s
    bustle.wait_for_calm(closing)
    assert closing.now_s == calm_at
