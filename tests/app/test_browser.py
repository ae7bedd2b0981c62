"""The built page in a real browser: people see what the server says, and nothing leaves the machine."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import expect

from .browsing import DESKTOP, PHONE, Opening
from .fixture_study import lonlat, write_study
from .live_server import serving
from .pagebuild import built_page

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    study = write_study(tmp_path_factory.mktemp("browsed") / "study")
    with serving(study.path, static_dir=built_page()) as address:
        yield address


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("view", ["overview", "villages", "signal"])
def test_every_view_draws_its_map_without_leaving_the_machine(
    visit: Opening, view: str, size: dict[str, int]
) -> None:
    here = visit(size).open(f"?view={view}")
    assert here.map_colours() >= 5
    assert here.outside == []
    assert here.complaints == []


def test_the_province_shows_the_numbers_of_the_results(visit: Opening, address: str) -> None:
    here = visit().open()
    shares = httpx.get(f"{address}/results").json()["province"]["shares"]["4G+5G"]["all"]
    for metric in ("population", "households", "villages", "area"):
        assert here.value(f"kpi-{metric}") == pytest.approx(shares[metric]["share"])


def test_synthetic_data_says_so(visit: Opening) -> None:
    here = visit().open()
    expect(here.page.locator(here.of("banner"))).to_contain_text("minh họa")


@pytest.mark.parametrize(("code", "corner_km"), [("00001", (0.8, 3.4)), ("00002", (4.8, 3.4))])
def test_a_click_on_a_commune_shows_its_numbers(
    visit: Opening, address: str, code: str, corner_km: tuple[float, float]
) -> None:
    here = visit().open()
    commune = httpx.get(f"{address}/results", params={"commune": code}).json()["commune"]
    place = here.page.evaluate("place => window.__phusong.map.project(place)", list(lonlat(*corner_km)))
    here.page.locator("canvas.maplibregl-canvas").click(position={"x": place["x"], "y": place["y"]})
    card = here.page.locator(here.of("commune-card"))
    expect(card).to_contain_text(commune["name"])
    for metric in ("population", "households", "villages", "area"):
        told = commune["shares"]["4G+5G"]["all"][metric]
        assert here.value(f"card-{metric}") == pytest.approx(told["share"])
        assert here.value(f"card-{metric}-served") == pytest.approx(told["served"])


def test_a_row_of_the_table_selects_the_same_commune(visit: Opening, address: str) -> None:
    here = visit().open()
    row = here.page.locator(f'{here.of("commune-row")}[data-code="00002"]')
    row.click()
    expect(row).to_have_attribute("aria-selected", "true")
    shown = row.locator(here.of("row-share")).get_attribute("data-value")
    commune = httpx.get(f"{address}/results", params={"commune": "00002"}).json()["commune"]
    assert float(str(shown)) == pytest.approx(commune["shares"]["4G+5G"]["all"]["population"]["share"])


def test_the_language_changes_at_once(visit: Opening) -> None:
    here = visit().open()
    expect(here.page.locator(here.of("view-villages"))).to_contain_text("Thôn")
    here.page.locator(here.of("lang-en")).first.click()
    expect(here.page.locator(here.of("view-villages"))).to_contain_text("Villages")
    expect(here.page.locator("html")).to_have_attribute("lang", "en")


def test_the_village_view_lists_who_is_left_out(visit: Opening) -> None:
    here = visit().open()
    here.page.locator(here.of("view-villages")).first.click()
    rows = here.page.locator(here.of("village-row"))
    expect(rows).to_have_count(3)
    found = {row.get_attribute("data-id") for row in rows.all()}
    assert found == {"00002-001", "00002-002", "00003-001"}


def test_the_status_filter_narrows_the_list(visit: Opening) -> None:
    here = visit().open("?view=villages")
    rows = here.page.locator(here.of("village-row"))
    expect(rows).to_have_count(3)
    here.page.locator(here.of("status-patchy")).click()
    expect(rows).to_have_count(2)


def test_a_village_tells_its_reason_and_its_nearest_site(visit: Opening) -> None:
    here = visit().open("?view=villages")
    here.page.locator(f'{here.of("village-row")}[data-id="00003-001"]').click()
    expect(here.page.locator(here.of("village-reason"))).to_have_attribute("data-code", "terrain")
    expect(here.page.locator(here.of("nearest-row"))).to_have_count(1)
    expect(here.page.locator(f"{here.of('profile')} svg").first).to_be_visible()
    assert here.complaints == []


def test_a_name_with_markup_is_shown_as_text(visit: Opening) -> None:
    here = visit().open("?view=villages&statuses=unknown")
    expect(here.page.locator(here.of("village-row"))).to_contain_text("<script>alert(1)</script>")
    assert here.complaints == []


def test_the_method_stands_beside_the_map(visit: Opening) -> None:
    here = visit().open()
    here.page.locator(here.of("method-link")).click()
    expect(here.page.locator(here.of("method-dialog"))).to_contain_text("P.1812")


def test_the_search_finds_without_accents(visit: Opening) -> None:
    here = visit().open()
    here.page.locator(here.of("search")).fill("cam tu")
    hit = here.page.locator(f'{here.of("search-hit")}[data-id="00002"]')
    hit.click()
    expect(here.page.locator(here.of("commune-card"))).to_contain_text("Cẩm Tú")
