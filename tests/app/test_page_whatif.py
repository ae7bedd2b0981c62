"""The what-if view in a real browser: masts put and dragged, figures as the server's, scenarios kept."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import numpy as np
import pytest
from playwright.sync_api import Browser, expect
from pyproj import Transformer
from tests.app import worlds

from phusong.app.study import open_study

from .browsing import DESKTOP, PHONE, Opening, Visit
from .live_server import serving
from .pagebuild import built_page

pytestmark = pytest.mark.browser
NEW = (7000.0, 8000.0)
EXACT, QUICK = '[data-state="exact"]', '[data-state="quick"]'


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    store = worlds.empty_study(
        tmp_path_factory.mktemp("whatif") / "study", method={"max_radius_km": {"low": 4.0, "mid": 4.0}}
    )
    worlds.put_terrain(store)
    communes = [
        {"commune_code": "00001", "name": "Xã Một", "population": 2000},
        {"commune_code": "00002", "name": "Xã Hai", "population": 2000},
    ]
    halves = [worlds.square(600, 600, 5400), worlds.square(600, 6000, 5400)]
    worlds.put(
        store,
        "communes",
        communes,
        [half.union(worlds.square(6000, 600 + 5400 * k, 5400)) for k, half in enumerate(halves)],
    )
    people = np.zeros((worlds.SIDE_CELLS, worlds.SIDE_CELLS))
    people[20:380, 20:380] = 4000 / 360**2
    worlds.put_people(store, people)
    centres = [(1500 + 1500.0 * col, 1500 + 1500.0 * row) for row in range(7) for col in range(7)]
    rows = [
        {
            "village_id": f"{k:03d}",
            "name": f"Thôn {k}",
            "commune_code": "00001" if y < 6000 else "00002",
            "households": 20.0,
        }
        for k, (_, y) in enumerate(centres)
    ]
    worlds.put(store, "villages", rows, [worlds.point(*centre) for centre in centres])
    worlds.put(store, "sites", [{"site_id": "a"}], [worlds.point(2500, 2500)])
    worlds.put(store, "cells", [worlds.cell("a", power_dbm=24.0)], [worlds.point(2500, 2500)])
    open_study(store.path).compute()
    with serving(store.path, static_dir=built_page()) as address:
        httpx.get(f"{address}/what-if/readiness", timeout=120)
        yield address


def lonlat(east_m: float, south_m: float) -> list[float]:
    x_m, y_m = worlds.at(east_m, south_m)
    return list(Transformer.from_crs(worlds.EPSG, 4326, always_xy=True).transform(x_m, y_m))


def on_screen(here: Visit, place: tuple[float, float]) -> tuple[float, float]:
    at = here.page.evaluate("place => window.__phusong.map.project(place)", lonlat(*place))
    box = here.page.locator("canvas.maplibregl-canvas").bounding_box()
    assert box is not None
    return box["x"] + at["x"], box["y"] + at["y"]


def opened(visit: Opening, size: dict[str, int] = DESKTOP, query: str = "") -> Visit:
    here = visit(size).open(f"?view=whatif&tech=4G{query}")
    here.page.wait_for_selector(here.of("whatif-panel"))
    return here


def exact(here: Visit) -> None:
    here.page.wait_for_selector(here.of("answer-state") + EXACT)
    here.settle()


def place(here: Visit, at: tuple[float, float] = NEW) -> None:
    here.page.keyboard.press("m")
    here.page.mouse.click(*on_screen(here, at))
    exact(here)


def listen(here: Visit) -> list[dict[str, Any]]:
    asked: list[dict[str, Any]] = []

    def note(request: Any) -> None:
        if request.url.endswith("/processes/what-if/execution"):
            asked.append(request.post_data_json["inputs"])

    here.page.on("request", note)
    return asked


def told(address: str, inputs: dict[str, Any]) -> dict[str, Any]:
    """What the server says of a plan, asked apart from the page."""
    plan = {name: value for name, value in inputs.items() if name not in {"map", "moving"}}
    answer = httpx.post(f"{address}/processes/what-if/execution", json={"inputs": plan}, timeout=60).json()
    columns = answer["scenarios"]
    figures = [one["shares"]["4G"]["all"] for one in columns]
    return {
        **{
            name: figures[1][name]["served"] - figures[0][name]["served"]
            for name in ("population", "households", "villages")
        },
        "gains": {one["village_id"] for one in columns[1]["gains"]},
        "loses": {one["village_id"] for one in columns[1]["loses"]},
    }


def assert_figures(here: Visit, address: str, asked: list[dict[str, Any]]) -> None:
    truth = told(address, asked[-1])
    for name in ("population", "households", "villages"):
        assert here.value(f"delta-{name}") == pytest.approx(truth[name], abs=1e-6)
    more = here.page.locator(f'{here.of("all-villages")}[aria-expanded="false"]')
    if more.count():
        more.click()
    for kind, row in (("gains", "gaining-village"), ("loses", "losing-village")):
        shown = {one.get_attribute("data-id") for one in here.page.locator(here.of(row)).all()}
        assert shown == truth[kind]


def test_a_mast_is_put_dragged_and_taken_back(visit: Opening, address: str) -> None:
    here = opened(visit)
    asked = listen(here)
    colours = here.map_colours()
    place(here)
    assert here.value("delta-population") > 100
    assert_figures(here, address, asked)
    assert here.map_colours() >= colours
    first = here.value("delta-population")

    x, y = on_screen(here, NEW)
    here.page.mouse.move(x, y)
    here.page.mouse.down()
    for step in range(1, 9):
        here.page.mouse.move(x + 12 * step, y - 8 * step)
        here.page.wait_for_timeout(40)
    here.page.wait_for_selector(here.of("answer-state") + QUICK)
    expect(here.page.locator(here.of("old-place"))).to_be_visible()
    assert asked[-1]["moving"] == "T1"
    here.page.mouse.up()
    exact(here)
    assert "moving" not in asked[-1]
    assert_figures(here, address, asked)
    moved = here.value("delta-population")
    assert here.value("moved-population") == pytest.approx(moved - first, abs=1e-6)

    here.page.keyboard.press("Control+z")
    exact(here)
    assert here.value("delta-population") == pytest.approx(first, abs=1e-6)
    here.page.keyboard.press("Control+Shift+z")
    exact(here)
    assert here.value("delta-population") == pytest.approx(moved, abs=1e-6)
    here.page.locator(here.of("undo")).click()
    here.page.locator(here.of("undo")).click()
    expect(here.page.locator(here.of("mast"))).to_have_count(0)
    assert here.complaints == []
    assert here.outside == []


def test_every_value_can_be_changed_and_counts(visit: Opening, address: str) -> None:
    here = opened(visit)
    asked = listen(here)
    place(here)
    page = here.page
    page.locator(here.of("height_m")).fill("60")
    page.locator(here.of("height_m")).press("Tab")
    page.locator(here.of("power_dbm")).fill("20")
    page.locator(here.of("power_dbm")).press("Tab")
    page.locator(here.of("downtilt_deg")).fill("6")
    page.locator(here.of("downtilt_deg")).press("Tab")
    page.locator(here.of("azimuths")).fill("45 225")
    page.locator(here.of("azimuths")).press("Tab")
    page.locator(here.of("band-1800")).click()
    page.locator(here.of("power_dbm")).fill("21")
    page.locator(here.of("power_dbm")).press("Tab")
    page.locator(here.of("mast-operator")).select_option("VNPT")
    exact(here)
    last = asked[-1]["additions"][0]
    assert (last["height_m"], last["power_dbm"], last["azimuths_deg"]) == (60, 21, [45, 225])
    assert (last["band"], last["operator"], last["technology"]) == ("1800", "VNPT", "4G")
    assert_figures(here, address, asked)
    expect(page.locator(here.of("azimuth-handle"))).to_have_count(2)
    expect(page.locator(here.of("assumed"))).to_contain_text("độ lợi ăng ten")
    page.locator(here.of("omni")).click()
    exact(here)
    assert asked[-1]["additions"][0]["azimuths_deg"] == []

    page.locator(here.of("mast")).focus()
    before = asked[-1]["additions"][0]
    page.keyboard.press("Shift+ArrowRight")
    exact(here)
    east_m = (
        (asked[-1]["additions"][0]["lon_deg"] - before["lon_deg"])
        * 111_195
        * np.cos(np.radians(before["lat_deg"]))
    )
    assert east_m == pytest.approx(100, abs=1)


def test_a_value_out_of_range_is_told_where_it_stands(visit: Opening) -> None:
    here = opened(visit)
    place(here)
    kept = here.value("delta-population")
    here.page.locator(here.of("position")).fill("0 0")
    here.page.locator(here.of("position")).press("Tab")
    expect(here.page.locator(here.of("whatif-problem"))).to_be_visible()
    assert here.value("delta-population") == kept
    here.page.locator(here.of("undo")).click()
    expect(here.page.locator(here.of("whatif-problem"))).to_have_count(0)


def test_a_standing_site_goes_off_air_and_who_loses_is_named(visit: Opening, address: str) -> None:
    here = opened(visit)
    asked = listen(here)
    here.page.evaluate("place => window.__phusong.map.jumpTo({center: place, zoom: 12})", lonlat(2500, 2500))
    here.settle()
    here.page.mouse.click(*on_screen(here, (2500, 2500)))
    here.page.locator(here.of("site-switch")).click()
    exact(here)
    assert asked[-1]["removed_sites"] == ["a"]
    assert here.value("delta-population") < 0
    assert_figures(here, address, asked)
    assert here.page.locator(here.of("losing-village")).count() > 0
    here.page.locator(here.of("switch-on")).click()
    expect(here.page.locator(here.of("delta"))).to_have_count(0)


def test_scenarios_are_kept_shared_compared_and_brought_back(visit: Opening, address: str) -> None:
    here = opened(visit)
    page = here.page
    place(here)
    people = here.value("delta-population")
    link = page.url
    assert "plan=" in link
    page.locator(here.of("save")).click()
    page.locator(here.of("scenario-name")).fill("Phương án A")
    page.locator(here.of("save-confirm")).click()
    expect(page.locator(here.of("scenario-switch"))).to_contain_text("Phương án A")
    page.wait_for_function(
        "() => !location.search.includes('plan=') && location.search.includes('scenario=')"
    )

    again = visit().open(page.url[len(address) + 1 :])
    exact(again)
    assert again.value("delta-population") == pytest.approx(people, abs=1e-6)
    unsaved = visit().open(link[len(address) + 1 :])
    exact(unsaved)
    assert unsaved.value("delta-population") == pytest.approx(people, abs=1e-6)

    # Somebody else saves the same scenario: the page tells, and does not overwrite by itself.
    plan = {"additions": httpx.get(f"{address}/scenarios/Phương án A").json()["scenario"]["additions"]}
    httpx.put(f"{address}/scenarios/Phương án A", json=plan)
    page.locator(here.of("height_m")).fill("50")
    page.locator(here.of("height_m")).press("Tab")
    exact(here)
    page.locator(here.of("save")).click()
    expect(page.locator(here.of("conflict"))).to_be_visible()
    page.locator(here.of("overwrite")).click()
    expect(page.locator(here.of("conflict"))).to_have_count(0)
    assert httpx.get(f"{address}/scenarios/Phương án A").json()["version"] == 3

    page.locator(here.of("scenario-switch")).click()
    page.locator(here.of("duplicate")).click()
    expect(page.locator(here.of("scenario-switch"))).to_contain_text("(2)")
    page.locator(here.of("compare")).click()
    table = page.locator(here.of("compare-table"))
    expect(table).to_be_visible()
    expect(table.locator("th[scope=col]")).to_have_count(3)
    values = [
        cell.get_attribute("data-value") for cell in table.locator("tbody tr").nth(1).locator("td").all()
    ]
    truth = told(
        address,
        plan | {"additions": httpx.get(f"{address}/scenarios/Phương án A").json()["scenario"]["additions"]},
    )
    assert [float(str(value)) for value in values[1:]] == pytest.approx([truth["population"]] * 2)

    page.locator(here.of("scenario-switch")).click()
    page.locator(here.of("delete-scenario")).click()
    expect(page.locator(here.of("undelete"))).to_be_visible()
    assert len(httpx.get(f"{address}/scenarios").json()["scenarios"]) == 1
    page.locator(here.of("undelete")).click()
    expect(page.locator(here.of("undelete"))).to_have_count(0)
    assert len(httpx.get(f"{address}/scenarios").json()["scenarios"]) == 2
    assert [
        one for one in here.complaints if "412" not in one and "409" not in one and "400" not in one
    ] == []


def test_a_village_left_out_leads_to_a_mast(visit: Opening, address: str) -> None:
    here = visit().open("?view=villages")
    asked = listen(here)
    here.page.locator(here.of("village-row")).first.click()
    here.page.locator(here.of("try-here")).click()
    exact(here)
    assert len(asked[-1]["additions"]) == 1
    assert here.value("delta-households") > 0
    assert_figures(here, address, asked)


def test_on_a_phone_a_long_press_puts_a_mast(browser: Browser, address: str) -> None:
    context = browser.new_context(viewport=PHONE, has_touch=True, is_mobile=True, locale="vi-VN")  # type: ignore[arg-type]
    here = Visit(context.new_page(), address)
    here.open("?view=whatif&tech=4G")
    x, y = on_screen(here, (4500.0, 4500.0))
    session = context.new_cdp_session(here.page)
    session.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]})
    here.page.wait_for_timeout(700)
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    here.page.locator(here.of("place-here")).tap()
    exact(here)
    asked = listen(here)
    here.page.get_by_label("Độ cao ăng ten +").tap()
    exact(here)
    assert asked[-1]["additions"][0]["height_m"] == 37
    assert_figures(here, address, asked)
    assert here.complaints == []
    context.close()


def test_a_broken_link_says_so(visit: Opening) -> None:
    here = opened(visit, query="&plan=%3Cscript%3E")
    expect(here.page.locator(here.of("whatif-problem"))).to_be_visible()
    assert here.complaints == []
