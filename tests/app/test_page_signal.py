"""The signal view in a real browser: figures are the server's, and the threshold moves without a request."""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import httpx
import numpy as np
import pytest
from playwright.sync_api import expect
from rasterio.errors import NotGeoreferencedWarning
from rasterio.io import MemoryFile

from .browsing import Opening, Visit
from .live_server import serving
from .pagebuild import built_page
from .ridge_study import ridge_study

pytestmark = pytest.mark.browser

MARGIN = "margin-4G-all"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    page = built_page()
    study = ridge_study(tmp_path_factory.mktemp("signal") / "study")
    with serving(study.store.path, static_dir=page) as address:
        yield address


@pytest.fixture(scope="module")
def figures(address: str) -> dict:  # type: ignore[type-arg]
    found: dict[str, object] = httpx.get(f"{address}/coverages/{MARGIN}/distribution", timeout=60).json()
    return found


def _pixels(here: Visit) -> np.ndarray:
    picture = here.page.locator("canvas.maplibregl-canvas").screenshot()
    with warnings.catch_warnings(), MemoryFile(picture) as file:
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with file.open() as image:
            return image.read([1, 2, 3]).astype(int)


def _changed(before: np.ndarray, after: np.ndarray) -> float:
    return float((np.abs(before - after).max(axis=0) > 12).mean())


def test_the_slider_says_what_the_results_say(visit: Opening, address: str) -> None:
    here = visit().open("?view=signal&tech=4G")
    shares = httpx.get(f"{address}/results").json()["province"]["shares"]["4G"]["all"]
    assert here.value("threshold-people") == pytest.approx(shares["population"]["share"])
    assert here.value("threshold-area") == pytest.approx(shares["area"]["share"])
    assert here.value("threshold-households") == pytest.approx(shares["households"]["served"])
    assert here.complaints == []


def test_the_threshold_recolours_the_map_without_a_request(visit: Opening, figures: dict) -> None:  # type: ignore[type-arg]
    here = visit().open("?view=signal&tech=4G&layers=hillshade")
    slider = here.page.locator(here.of("threshold"))
    expect(slider).to_have_attribute("aria-valuenow", "0")
    before = _pixels(here)
    asked: list[str] = []
    here.page.on(
        "request", lambda request: asked.append(request.url) if "/coverages/" in request.url else None
    )
    slider.focus()
    here.page.keyboard.press("Shift+ArrowRight")
    here.page.keyboard.press("Shift+ArrowRight")
    here.page.keyboard.press("ArrowLeft")
    expect(slider).to_have_attribute("aria-valuenow", "9")
    here.settle()
    assert asked == []
    assert _changed(before, _pixels(here)) > 0.01
    code = figures["zero_code"] + 9 * figures["codes_per_db"]
    assert here.value("threshold-people") == pytest.approx(
        figures["people"][code] / figures["totals"]["people"]
    )
    assert here.value("threshold-area") == pytest.approx(
        figures["area_km2"][code] / figures["totals"]["area_km2"]
    )
    took = here.page.evaluate("() => performance.getEntriesByName('recolour').map(one => one.duration)")
    assert len(took) >= 1


def test_dragging_moves_the_threshold_and_the_address_keeps_it(visit: Opening) -> None:
    here = visit().open("?view=signal&tech=4G")
    box = here.page.locator(here.of("threshold")).bounding_box()
    assert box is not None
    middle = box["y"] + box["height"] / 2
    here.page.mouse.move(box["x"] + box["width"] / 3, middle)
    here.page.mouse.down()
    here.page.mouse.move(box["x"] + box["width"] / 2, middle, steps=4)
    here.page.mouse.up()
    expect(here.page.locator(here.of("threshold"))).to_have_attribute("aria-valuenow", "20")
    assert "above=20" in here.page.url


def test_a_class_of_the_legend_hides_what_it_stands_for(visit: Opening) -> None:
    here = visit().open("?view=signal&tech=4G&kind=server&layers=hillshade")
    rows = here.page.locator(here.of("class-row"))
    expect(rows).to_have_count(2)
    before = _pixels(here)
    asked: list[str] = []
    here.page.on(
        "request", lambda request: asked.append(request.url) if "/coverages/" in request.url else None
    )
    rows.nth(1).click()
    here.settle()
    assert _changed(before, _pixels(here)) > 0.01
    assert asked == []
    here.page.locator(here.of("classes-all")).click()
    here.settle()
    assert _changed(before, _pixels(here)) < 0.001


def test_every_layer_shows_its_classes_with_the_servers_figures(visit: Opening, address: str) -> None:
    here = visit().open("?view=signal&tech=4G&layers=hillshade")
    listed = {one["id"]: one for one in httpx.get(f"{address}/coverages").json()["coverages"]}
    for kind in ("server", "sinr", "throughput", "operators", "servers"):
        here.page.locator(here.of(f"kind-{kind}")).click()
        here.settle()
        found = httpx.get(f"{address}/coverages/{kind}-4G-all/distribution", timeout=60).json()
        classes = listed[f"{kind}-4G-all"]["classes"]
        rows = here.page.locator(here.of("class-row"))
        expect(rows).to_have_count(len(classes))
        for place, one in enumerate(classes):
            told = float(str(rows.nth(place).get_attribute("data-value")))
            expected = found["people"][one["code"]] - found["people"][one["last_code"] + 1]
            assert told == pytest.approx(expected)
        assert here.map_colours() >= 4
    assert here.complaints == []


def test_a_site_tells_everything_and_what_ends_a_cell(visit: Opening, address: str) -> None:
    here = visit().open("?view=signal&tech=4G&site=own")
    cell = here.page.locator(here.of("cell-row")).first
    cell.click()
    reach = httpx.get(f"{address}/cells/own/footprint").json()
    shown = here.page.locator(f"{here.of('reach')} li")
    expect(shown).to_have_count(sum(share > 0 for share in reach["shares"].values()))
    for row in shown.all():
        cause = str(row.get_attribute("data-cause"))
        assert float(str(row.get_attribute("data-value"))) == pytest.approx(reach["shares"][cause])
    expect(here.page.locator(here.of("radius-limited"))).to_have_count(int(reach["is_radius_limited"]))
    expect(here.page.locator(here.of("site-card"))).to_contain_text("30")


def test_two_clicks_draw_the_profile_between_them(visit: Opening, address: str) -> None:
    here = visit().open("?view=signal&tech=4G")
    here.page.locator(here.of("tool-path")).click()
    canvas = here.page.locator("canvas.maplibregl-canvas")
    box = canvas.bounding_box()
    assert box is not None
    with here.page.expect_response("**/profile/points*") as waiting:
        for share in (0.4, 0.6):
            canvas.click(position={"x": box["width"] * share, "y": box["height"] / 2})
    answer = waiting.value.json()
    here.settle()
    assert here.value("path-loss") == pytest.approx(answer["loss_db"]["total"])
    expect(here.page.locator(f"{here.of('path')} svg.profile-chart")).to_be_visible()
    here.page.keyboard.press("Escape")
    expect(here.page.locator(here.of("path"))).to_have_count(0)


def test_a_point_says_why_it_has_no_service(visit: Opening, address: str) -> None:
    here = visit().open("?view=signal&tech=4G&kind=operators&layers=hillshade")
    village = httpx.get(f"{address}/collections/villages/items", params={"status": "white"}).json()[
        "features"
    ][0]
    lon, lat = village["geometry"]["coordinates"]
    place = here.page.evaluate("place => window.__phusong.map.project(place)", [lon, lat])
    here.page.locator("canvas.maplibregl-canvas").click(position={"x": place["x"], "y": place["y"]})
    reason = here.page.locator(here.of("point-reason"))
    expect(reason).to_be_visible()
    where = here.page.evaluate("point => window.__phusong.map.unproject([point.x, point.y])", place)
    told = httpx.get(f"{address}/point/reason", params={"lon": where["lng"], "lat": where["lat"]}).json()
    expect(reason).to_have_attribute("data-code", told["reason"]["code"])
