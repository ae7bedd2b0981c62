"""Reading the page: lists in step with the map, files as filtered, links, search, keys, prints, pictures."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest
import rasterio
from playwright.sync_api import Download, expect
from rasterio.errors import NotGeoreferencedWarning

from phusong.app.listing import alphabetical

from .browsing import PHONE, Opening, Visit
from .fixture_study import lonlat, write_study
from .live_server import serving
from .pagebuild import built_page

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    study = write_study(tmp_path_factory.mktemp("read") / "study")
    with serving(study.path, static_dir=built_page()) as address:
        yield address


def rows_of(here: Visit, name: str, attribute: str) -> list[str]:
    return [str(row.get_attribute(attribute)) for row in here.page.locator(here.of(name)).all()]


def downloaded(here: Visit, name: str) -> Download:
    with here.page.expect_download() as waited:
        here.page.locator(here.of(name)).first.click()
    return waited.value


def codes_in(file: Path) -> list[str]:
    text = file.read_text(encoding="utf-8-sig")
    return [next(iter(row.values())) for row in csv.DictReader(io.StringIO(text))]


def test_several_communes_are_summed_and_divided_anew(visit: Opening, address: str) -> None:
    here = visit().open("?tech=4G%2B5G")
    rows = here.page.locator(here.of("commune-row"))
    rows.first.click()
    rows.last.click(modifiers=["Shift"])
    expect(here.page.locator(here.of("picked"))).to_contain_text("3")
    communes = httpx.get(f"{address}/results").json()["communes"]
    for metric in ("population", "households", "area"):
        shares = [one["shares"]["4G+5G"]["all"][metric] for one in communes]
        served, total = (sum(share[part] for share in shares) for part in ("served", "total"))
        assert here.value(f"picked-{metric}") == pytest.approx(served / total)
        assert here.value(f"picked-{metric}-served") == pytest.approx(served)
    here.page.reload()
    expect(here.page.locator(here.of("picked"))).to_contain_text("3")


def test_the_file_of_communes_is_the_table(visit: Opening) -> None:
    here = visit().open("?sort=name&descending=false&query=xa")
    shown = rows_of(here, "commune-row", "data-code")
    assert len(shown) == 2
    here.page.locator(here.of("table-export")).click()
    file = downloaded(here, "export-communes-csv")
    assert codes_in(Path(file.path())) == shown


def test_the_file_of_villages_is_the_list(visit: Opening) -> None:
    here = visit().open("?view=villages&statuses=white,patchy,served,unknown")
    for sort in ("households", "name", "commune", "distance", "status"):
        here.page.locator(here.of("village-sort")).select_option(sort)
        shown = rows_of(here, "village-row", "data-id")
        assert len(shown) == 6
        here.page.locator(here.of("village-export")).click()
        assert codes_in(Path(downloaded(here, "export-villages-csv").path())) == shown
        here.page.keyboard.press("Escape")


def test_names_are_ordered_alike_by_browser_and_server(visit: Opening, address: str) -> None:
    syllables = "An,Ăn,Ân,Ao,Ạn,Ảnh,Ba,Bà,Bạ,Dung,Đung,Đừng,Em,Êm,Ế,Ôn,Ơn,Ún,Ưng,2,10"
    names = [f"Bản {syllable}" for syllable in syllables.split(",")]
    page = visit().open("?lang=en").page
    told = page.evaluate("names => [...names].sort(new Intl.Collator('vi').compare)", names)
    assert told == sorted(names, key=alphabetical)


def test_an_empty_list_offers_the_filter_to_undo(visit: Opening) -> None:
    here = visit().open("?view=villages")
    here.page.locator(here.of("filter-reason")).select_option("interference")
    expect(here.page.locator(here.of("nothing-left"))).to_contain_text("Không có thôn nào khớp")
    undo = here.page.locator(here.of("undo-filter"))
    expect(undo).to_contain_text("Bị nhiễu")
    undo.click()
    expect(here.page.locator(here.of("village-row"))).to_have_count(3)


def test_a_link_opens_the_same_view(visit: Opening) -> None:
    here = visit().open("?view=villages&lang=en&theme=dark")
    here.page.locator(here.of("village-sort")).select_option("name")
    here.page.locator(here.of("within")).select_option("00002")
    here.page.locator(here.of("status-patchy")).click()
    here.page.locator(here.of("village-row")).first.click()
    here.settle()
    before = rows_of(here, "village-row", "data-id")
    link = here.page.url.split("/", 3)[3]
    again = visit().open(link)
    assert rows_of(again, "village-row", "data-id") == before
    expect(again.page.locator(again.of("village-card"))).to_be_visible()
    expect(again.page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(again.page).to_have_title("Thôn Ế Quang · Villages · Tỉnh thử · PhuSong")


def test_a_link_holds_the_point_that_was_read(visit: Opening, address: str) -> None:
    lon, lat = lonlat(2.5, 2.5)
    here = visit().open(f"?view=signal&point={lon:.5f},{lat:.5f}")
    rows = here.page.locator(here.of("point-row"))
    told = httpx.get(f"{address}/point", params={"lon": f"{lon:.5f}", "lat": f"{lat:.5f}"}).json()["layers"]
    expect(rows).to_have_count(len(told))


@pytest.mark.parametrize(
    ("typed", "found"),
    [("cam quy", "Cẩm Quý"), ("X=2192000 Y=582000", "UTM zone 48N"), ("N 19 49 30 E 105 47", "19.825")],
)
def test_the_search_takes_old_names_and_any_coordinates(visit: Opening, typed: str, found: str) -> None:
    here = visit().open("?lang=vi")
    here.page.keyboard.press("/")
    here.page.keyboard.type(typed)
    expect(here.page.locator(here.of("search-hit")).first).to_contain_text(found)
    here.page.keyboard.press("Enter")
    expect(here.page.locator(here.of("search-hit"))).to_have_count(0)


def test_the_table_is_walked_by_keys(visit: Opening) -> None:
    here = visit().open("?lang=en")
    rows = here.page.locator(here.of("commune-row"))
    assert [row.get_attribute("tabindex") for row in rows.all()] == ["0", "-1", "-1"]
    rows.first.focus()
    here.page.keyboard.press("ArrowDown")
    expect(rows.nth(1)).to_be_focused()
    here.page.keyboard.press("Enter")
    expect(rows.nth(1)).to_have_attribute("aria-selected", "true")
    expect(here.page.locator("#said")).to_contain_text("Selected")
    here.page.keyboard.press("Shift+ArrowDown")
    expect(here.page.locator(here.of("picked"))).to_contain_text("2 chosen")


def test_a_dialog_keeps_the_focus_and_gives_it_back(visit: Opening) -> None:
    here = visit().open("?lang=en")
    here.page.locator(here.of("method-link")).focus()
    here.page.keyboard.press("Enter")
    for _ in range(4):
        here.page.keyboard.press("Tab")
        inside = here.page.evaluate(
            "() => document.activeElement === document.body || !!document.activeElement.closest('dialog')"
        )
        assert inside
    here.page.keyboard.press("Escape")
    expect(here.page.locator(here.of("method-link"))).to_be_focused()


def test_words_are_explained_where_they_stand(visit: Opening) -> None:
    here = visit().open("?lang=vi")
    here.page.locator(here.of("explain-rsrp")).first.press("Enter")
    note = here.page.locator(".term-text:popover-open")
    expect(note).to_contain_text("dBm")
    here.page.keyboard.press("Escape")
    expect(note).to_have_count(0)
    here.page.keyboard.press("?")
    expect(here.page.locator(here.of("glossary"))).to_contain_text("Cận trên đã chứng minh")


def test_the_first_visit_is_guided_once(visit: Opening) -> None:
    here = visit().open()
    here.page.locator(here.of("tour-start")).click()
    tour = here.page.locator(here.of("tour"))
    for step in range(5):
        expect(tour).to_have_attribute("data-step", str(step))
        here.page.keyboard.press("Enter")
    expect(tour).to_have_count(0)
    here.open()
    expect(here.page.locator(here.of("tour-offer"))).to_have_count(0)


def test_the_picture_holds_map_legend_and_words(visit: Opening, tmp_path: Path) -> None:
    here = visit().open("?lang=en")
    here.page.locator(here.of("export")).click()
    file = downloaded(here, "picture")
    assert file.suggested_filename == "Tinh-thu-Overview.png"
    path = tmp_path / "map.png"
    file.save_as(path)
    with pytest.warns(NotGeoreferencedWarning), rasterio.open(path) as picture:
        pixels = picture.read([1, 2, 3])
    box = here.page.locator("#map").bounding_box()
    assert box is not None
    assert pixels.shape[1] > box["height"] + 100
    colours = {tuple(colour) for colour in pixels.reshape(3, -1).T[::7].tolist()}
    assert {(0x1B, 0x74, 0x67), (0x9A, 0x5B, 0x1E)} <= colours  # legend, both ends of the ramp
    head = pixels[:, :60, :400]
    assert (head.min(axis=0) < 90).sum() > 200  # the title
    assert len(np.unique(pixels[:, 64:-120].reshape(3, -1) // 16, axis=1).T) > 8


def test_the_print_says_where_figures_come_from(visit: Opening, address: str) -> None:
    here = visit().open("?lang=vi&theme=dark")
    here.page.evaluate(
        "() => { window.print = () => { window.printed = document.documentElement.dataset.theme; }; }"
    )
    here.page.keyboard.press("Control+p")
    here.page.wait_for_function("() => window.printed !== undefined")
    assert here.page.evaluate("() => window.printed") == "light"
    expect(here.page.locator("html")).to_have_attribute("data-theme", "dark")
    paper = here.page.locator("#paper")
    results = httpx.get(f"{address}/results").json()
    for word in ("Tỉnh thử · Tổng quan", "Số liệu đến 30/09/2026", results["run"], "Dữ liệu minh họa", " km"):
        expect(paper).to_contain_text(word)
    here.page.emulate_media(media="print")
    expect(paper).to_be_visible()
    expect(here.page.locator("#app")).to_be_hidden()
    assert here.page.pdf(landscape=True, format="A4", print_background=True).count(b"/Type /Page\n") == 1


@pytest.mark.parametrize(
    ("view", "explained"),
    [
        ("villages", {"Trắng sóng", "Lõm sóng"}),
        ("whatif", {"Thêm nhờ phương án", "Mất so với hiện trạng", "Trắng sóng", "Lõm sóng"}),
        ("optimise", {"Trắng sóng", "Lõm sóng"}),
    ],
)
def test_the_print_explains_what_its_map_shows(visit: Opening, view: str, explained: set[str]) -> None:
    here = visit().open(f"?view={view}&lang=vi")
    here.page.evaluate("() => { window.print = () => { window.printed = true; }; }")
    here.page.keyboard.press("Control+p")
    here.page.wait_for_function("() => window.printed")
    told = {str(line.text_content()).strip() for line in here.page.locator("#paper aside li").all()}
    assert explained <= told
    assert not [line for line in told if "dBm" in line]


def test_on_the_phone_a_chosen_village_stands_clear_of_the_sheet(visit: Opening) -> None:
    here = visit(PHONE).open("?view=villages")
    handle = here.page.locator(here.of("sheet-handle")).first
    handle.press("ArrowUp")
    here.page.locator(f'{here.of("village-row")}[data-id="00003-001"]').click()
    here.settle()
    y = here.page.evaluate("place => window.__phusong.map.project(place).y", list(lonlat(10.05, 2.05)))
    stage = here.page.locator("#stage").bounding_box()
    sheet = here.page.locator("#right").bounding_box()
    assert stage is not None
    assert sheet is not None
    assert 0 < y < sheet["y"] - stage["y"]
