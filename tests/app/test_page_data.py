"""The data view: a study is filled, computed and put right without a command line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, expect

from phusong.geodata.store.folder import FolderStore
from phusong.geodata.store.jobs import JobStore

from . import offered
from .browsing import PHONE, Visit, visits
from .fixture_study import write_study
from .live_server import serving
from .pagebuild import built_page

pytestmark = pytest.mark.browser

LONG_MS = 60_000


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[tuple[FolderStore, str]]:
    store = FolderStore.create(tmp_path / "study", name="Tỉnh thử", grid_m=100.0)
    with serving(store.path, static_dir=built_page()) as address:
        yield store, address


@pytest.fixture
def computed(tmp_path: Path) -> Iterator[tuple[FolderStore, str]]:
    store = write_study(tmp_path / "study")
    with serving(store.path, static_dir=built_page()) as address:
        yield store, address


def choose(here: Visit, layer: str, name: str, content: bytes) -> None:
    """Choose a file for a layer, as the button of the panel does, and wait for its preview."""
    here.page.locator(here.of("data-layer")).select_option(layer)
    file = {"name": name, "mimeType": "application/octet-stream", "buffer": content}
    here.page.locator(here.of("data-file")).set_input_files(file)
    expect(here.page.locator(here.of("preview-rows"))).to_be_visible(timeout=LONG_MS)


def bring(here: Visit, layer: str, name: str, content: bytes) -> None:
    """Import a file that has nothing wrong."""
    choose(here, layer, name, content)
    here.page.locator(here.of("accept")).click()
    expect(here.page.locator(here.of("imported"))).to_be_visible(timeout=LONG_MS)


def test_from_files_to_results_without_a_reload(
    browser: Browser, empty: tuple[FolderStore, str], tmp_path: Path
) -> None:
    store, address = empty
    with visits(browser, address) as visit:
        here = visit().open()
        here.page.evaluate("() => { window.stays = true; }")
        here.page.locator(here.of("empty-import")).click()
        expect(here.page.locator(here.of("first-visit"))).to_contain_text("Nghiên cứu còn trống")
        communes = offered.file_of(offered.communes(), tmp_path / "xa.gpkg")
        choose(here, "communes", "xa.gpkg", communes)
        assert here.value("preview-rows") == 2
        here.settle()
        assert here.page.evaluate("() => window.__phusong.map.querySourceFeatures('preview').length") >= 2
        assert store.layer_names() == []
        here.page.locator(here.of("accept")).click()
        expect(here.page.locator(here.of("imported"))).to_be_visible(timeout=LONG_MS)
        here.page.locator(here.of("undo")).click()
        expect(here.page.locator(here.of("removed-row"))).to_be_visible()
        assert store.layer_names() == []
        here.page.locator(here.of("restore-communes")).click()
        expect(here.page.locator(here.of("removed-row"))).to_have_count(0)
        assert store.layer_names() == ["communes"]
        bring(here, "terrain", "dem.tif", offered.raster(20.0))
        bring(here, "population", "nguoi.tif", offered.raster(3.0))
        bring(here, "sites", "tram.csv", offered.text(offered.SITES))
        rows = here.page.locator(here.of("layer-row"))
        expect(rows).to_have_count(4)
        here.page.locator(here.of("compute")).click()
        expect(here.page.locator(here.of("job"))).to_be_visible()
        expect(here.page.locator(here.of("standing"))).to_have_attribute(
            "data-state", "computed", timeout=LONG_MS
        )
        here.page.locator(here.of("view-overview")).click()
        here.settle()
        shares = httpx.get(f"{address}/results").json()["province"]["shares"]["4G"]["all"]
        assert shares["population"]["share"] > 0
        for metric in ("population", "area"):
            assert here.value(f"kpi-{metric}") == pytest.approx(shares[metric]["share"])
        assert here.page.evaluate("() => window.stays") is True
        assert here.map_colours() >= 3
        # The browser itself complains of results that are not there yet.
        assert [said for said in here.complaints if "404" not in said] == []
        assert here.outside == []


def test_a_faulty_file_is_put_right_or_discarded(browser: Browser, computed: tuple[FolderStore, str]) -> None:
    store, address = computed
    before = store.meta("sites").content_sha256
    lon, lat = httpx.get(f"{address}/collections/sites/items").json()["features"][0]["geometry"][
        "coordinates"
    ]
    rows = [["Cột A", "Đông", "Bắc"], ["S-1", lon, lat], ["S-2", "abc", lat]]
    with visits(browser, address) as visit:
        here = visit().open("?view=data")
        choose(here, "sites", "tram.csv", offered.text(rows))
        page = here.page
        expect(page.locator(here.of("preview-problem"))).to_have_attribute("data-code", "coordinates_missing")
        expect(page.locator(here.of("accept"))).to_be_disabled()
        for header, column in (("Đông", "lon"), ("Bắc", "lat"), ("Cột A", "site_id")):
            page.locator(f'{here.of("fix-column")}[data-header="{header}"]').select_option(column)
        finding = page.locator(here.of("finding")).first
        expect(finding).to_contain_text("không phải là số", timeout=LONG_MS)
        expect(finding).to_contain_text("Đông")
        assert finding.get_attribute("data-row") == "3"
        page.locator(here.of("lang-en")).click()
        expect(finding).to_contain_text("not a number", timeout=LONG_MS)
        expect(page.locator(here.of("accept"))).to_be_disabled()
        page.reload()
        expect(page.locator(here.of("discard"))).to_be_enabled(timeout=LONG_MS)
        page.locator(here.of("discard")).click()
        expect(page.locator(here.of("drop"))).to_be_visible()
        here.settle()
    assert store.meta("sites").content_sha256 == before
    assert httpx.get(f"{address}/uploads").json() == {"uploads": []}


def test_replaced_layers_make_figures_stale_until_they_are_brought_back(
    browser: Browser, computed: tuple[FolderStore, str]
) -> None:
    store, address = computed
    before = store.meta("sites").content_sha256
    lon, lat = httpx.get(f"{address}/collections/sites/items").json()["features"][0]["geometry"][
        "coordinates"
    ]
    rows = [["Mã trạm", "Kinh độ", "Vĩ độ"]] + [[f"S-{at}", lon, lat] for at in range(1, 6)]
    with visits(browser, address) as visit:
        here = visit().open("?view=data")
        page = here.page
        bring(here, "sites", "moi.csv", offered.text(rows))
        expect(page.locator(here.of("standing"))).to_have_attribute("data-state", "stale")
        expect(page.locator(here.of("standing"))).to_contain_text("trạm (+3)")
        page.locator(here.of("view-overview")).click()
        expect(page.locator(here.of("stale"))).to_contain_text("Chưa tính lại")
        page.locator(here.of("view-data")).click()
        page.locator(here.of("undo")).click()
        expect(page.locator(here.of("standing"))).to_have_attribute("data-state", "computed", timeout=LONG_MS)
        assert store.meta("sites").content_sha256 == before


def test_method_and_targets_are_set_from_the_page(
    browser: Browser, computed: tuple[FolderStore, str]
) -> None:
    store, address = computed
    with visits(browser, address) as visit:
        here = visit().open("?view=data")
        page = here.page
        page.locator(here.of("settings")).click()
        page.locator(here.of("setting-threshold.4G")).fill("-105.5")
        page.locator(here.of("setting-load")).fill("70")
        page.locator(here.of("setting-model.5G")).select_option("free_space")
        page.locator(here.of("target-4G")).fill("95")
        page.locator(here.of("target-year-4G")).fill("2030")
        page.locator(here.of("target-5G")).fill("")
        page.locator(here.of("save-settings")).click()
        expect(page.locator(here.of("standing"))).to_have_attribute("data-state", "stale", timeout=LONG_MS)
        method = store.method()
        assert (method.threshold_dbm["4G"], method.load, dict(method.models)) == (
            -105.5,
            0.7,
            {"5G": "free_space"},
        )
        assert store.settings()["targets"] == {"4G": {"percent": 95.0, "year": 2030, "source": ""}}
        page.locator(here.of("settings")).click()
        page.locator(here.of("setting-threshold.4G")).fill("50")
        page.locator(here.of("save-settings")).click()
        expect(page.locator(here.of("problem-settings"))).to_contain_text("50")
        assert store.method().threshold_dbm["4G"] == -105.5


def test_every_file_to_take_away_is_there(browser: Browser, computed: tuple[FolderStore, str]) -> None:
    _, address = computed
    with visits(browser, address) as visit:
        here = visit().open("?view=data")
        here.page.locator(here.of("open-export")).click()
        links = here.page.locator('[data-testid="export-dialog"] a')
        addresses = [str(link.get_attribute("href")) for link in links.all()]
        assert len(addresses) >= 14
        for link in addresses:
            answer = httpx.get(link)
            assert answer.status_code == 200, (link, answer.text[:300])
            assert "attachment" in answer.headers["content-disposition"]
            assert len(answer.content) > 100


def test_the_phone_has_the_data_view_too(browser: Browser, computed: tuple[FolderStore, str]) -> None:
    _, address = computed
    with visits(browser, address) as visit:
        here = visit(PHONE).open()
        here.page.locator(here.of("more")).click()
        here.page.locator(here.of("more-data")).click()
        expect(here.page.locator(here.of("layer-row")).first).to_be_visible()
        expect(here.page.locator(here.of("add-layer"))).to_be_visible()
        wide = here.page.evaluate("() => document.documentElement.scrollWidth")
        assert wide <= PHONE["width"]
        assert here.complaints == []


def test_an_import_is_cancelled_while_it_waits(browser: Browser, computed: tuple[FolderStore, str]) -> None:
    store, address = computed
    before = store.meta("sites").content_sha256
    lon, lat = httpx.get(f"{address}/collections/sites/items").json()["features"][0]["geometry"][
        "coordinates"
    ]
    rows = [["Mã trạm", "Kinh độ", "Vĩ độ"], ["S-1", lon, lat]]
    jobs = JobStore(store.path, lambda: "2026-11-21T00:00:00+00:00")
    # While the study's worker is held here, the job of the page stays in the queue.
    with jobs.at_work() as is_alone, visits(browser, address) as visit:
        assert is_alone
        here = visit().open("?view=data")
        page = here.page
        choose(here, "sites", "moi.csv", offered.text(rows))
        page.locator(here.of("accept")).click()
        expect(page.locator(here.of("job"))).to_be_visible()
        page.locator(here.of("job-cancel")).click()
        expect(page.locator(here.of("job"))).to_have_count(0)
        expect(page.locator(here.of("imported"))).to_have_count(0)
        told = httpx.get(f"{address}/jobs").json()["jobs"][0]
        assert (told["processID"], told["status"]) == ("import", "dismissed")
        # The file is still there to be accepted after all, or discarded.
        expect(page.locator(here.of("accept"))).to_be_enabled()
        page.locator(here.of("discard")).click()
        expect(page.locator(here.of("drop"))).to_be_visible()
    assert store.meta("sites").content_sha256 == before
