"""The optimiser in a real browser: a question asked, watched, stopped, and its answer kept and finished."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from playwright.sync_api import expect

from .browsing import DESKTOP, PHONE, Opening, Visit
from .live_server import serving
from .pagebuild import built_page
from .ridge_study import VILLAGES, lonlat, ridge_study

pytestmark = pytest.mark.browser

PICKED = """() => {
  const { map } = window.__phusong;
  return map.queryRenderedFeatures({ layers: ['opt-picks'] })
    .map((one) => [one.properties.number, one.geometry.coordinates[0], one.geometry.coordinates[1]]);
}"""


@dataclass(frozen=True)
class Served:
    """The study on the net, with one plan that the page's reader found."""

    address: str

    def get(self, path: str) -> Any:
        answer = httpx.get(f"{self.address}/{path}", timeout=30)
        answer.raise_for_status()
        return answer.json()

    def plan(self, here: Visit) -> Any:
        return self.get(f"jobs/{_job(here)}/results")


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    study = ridge_study(tmp_path_factory.mktemp("optimised") / "study")
    with serving(study.store.path, static_dir=built_page()) as address:
        yield address


@pytest.fixture
def served(address: str) -> Served:
    return Served(address)


def _job(here: Visit) -> str:
    return str(here.page.evaluate("() => new URLSearchParams(location.search).get('job')"))


def _asked(visit: Opening, *, budget_mvnd: int = 3_000, heights: str = "30") -> Visit:
    """Open the view and fill in the question; nothing is started yet."""
    here = visit(DESKTOP).open("?view=optimise")
    page = here.page
    page.locator(here.of("opt-target")).select_option("villages")
    slider = page.locator(here.of("opt-budget"))
    slider.evaluate(f"one => {{ one.value = {budget_mvnd}; one.dispatchEvent(new Event('input')); }}")
    page.locator(here.of("opt-constraints")).click()
    page.locator(here.of("opt-heights")).fill(heights)
    page.locator(here.of("opt-heights")).blur()
    return here


def _answered(here: Visit) -> Visit:
    here.page.locator(here.of("opt-count")).wait_for()
    here.settle()
    return here


def _found(visit: Opening, **asked: Any) -> Visit:
    here = _asked(visit, **asked)
    here.page.locator(here.of("opt-start")).click()
    return _answered(here)


def test_the_answer_shown_is_that_of_the_server(visit: Opening, served: Served) -> None:
    here = _found(visit)
    plan = served.plan(here)
    assert plan["picks"]
    assert here.value("opt-value") == plan["value"] - plan["served"]["before"] == 3.0
    assert here.value("opt-gap") == plan["gap"] == 0.0
    assert here.value("opt-cost") == plan["cost_mvnd"] <= 3_000.0
    proof = here.page.locator(here.of("opt-proof"))
    expect(proof).to_have_attribute("data-proved", "true")
    expect(proof).to_contain_text("Đã chứng minh")
    rows = here.page.locator(here.of("opt-pick"))
    told = [(row.get_attribute("data-pick"), row.get_attribute("data-adds")) for row in rows.all()]
    assert told == [(str(one["number"]), f"{one['adds']:g}") for one in plan["picks"]]
    expect(here.page.locator(here.of("opt-trace"))).to_be_visible()
    expect(here.page.locator(here.of("opt-curve-bound"))).to_have_count(1)
    here.page.locator(f"{here.of('opt-checked')} summary").click()
    check = here.page.locator(here.of("opt-check"))
    assert float(check.get_attribute("data-engine") or "nan") == plan["check"]["engine"]
    assert here.complaints == []


def test_picks_stand_on_the_map_under_their_numbers(visit: Opening, served: Served) -> None:
    here = _found(visit)
    plan = served.plan(here)
    drawn = {int(number): (lon, lat) for number, lon, lat in here.page.evaluate(PICKED)}
    assert set(drawn) == {one["number"] for one in plan["picks"]}
    first = plan["picks"][0]
    assert drawn[1] == pytest.approx((first["lon"], first["lat"]), abs=1e-3)
    at = here.page.evaluate("place => window.__phusong.map.project(place)", [first["lon"], first["lat"]])
    here.page.locator("canvas.maplibregl-canvas").click(position={"x": at["x"], "y": at["y"]})
    card = here.page.locator(here.of("opt-card"))
    expect(card).to_be_visible()
    chosen = f'{here.of("opt-pick")}[data-pick="1"]'
    expect(here.page.locator(chosen)).to_have_attribute("aria-selected", "true")
    here.page.keyboard.press("Escape")
    expect(card).to_have_count(0)


def test_a_search_that_is_stopped_keeps_its_result(visit: Opening, served: Served) -> None:
    # Other heights than before, so that nothing is known of them yet.
    here = _asked(visit, heights="22, 33, 44")
    here.page.locator(here.of("opt-start")).click()
    here.page.locator(here.of("opt-stop")).click()
    _answered(here)
    job = served.get(f"jobs/{_job(here)}")
    assert job["status"] == "successful"
    assert here.value("opt-count") == len(served.plan(here)["picks"])


def test_a_plan_is_kept_as_a_scenario_and_opened_by_hand(visit: Opening, served: Served) -> None:
    here = _found(visit)
    plan = served.plan(here)
    here.page.locator(here.of("opt-save")).click()
    here.page.locator(here.of("opt-name")).fill("Phương án thử")
    here.page.locator(here.of("opt-keep")).click()
    expect(here.page.locator(here.of("opt-saved"))).to_contain_text("Phương án thử")
    kept = served.get("scenarios/Phương án thử")["scenario"]
    assert [one["cost_mvnd"] for one in kept["additions"]] == [one["cost_mvnd"] for one in plan["picks"]]
    here.page.locator(here.of("opt-edit")).click()
    expect(here.page.locator("html")).to_have_attribute("data-view", "whatif")
    expect(here.page.locator(here.of("whatif-panel"))).to_be_visible()


def test_a_plan_begun_by_hand_is_finished(visit: Opening, served: Served) -> None:
    lon_deg, lat_deg = lonlat(*VILLAGES["west"])
    mast = {"site_id": "T1", "lon_deg": lon_deg, "lat_deg": lat_deg, "height_m": 30, "band": "1800"}
    body = {"additions": [{**mast, "operator": "Viettel", "technology": "4G", "cost_mvnd": 500}]}
    httpx.put(f"{served.address}/scenarios/Dở dang", json=body, timeout=30).raise_for_status()
    here = _asked(visit, budget_mvnd=4_000)
    here.page.locator(here.of("opt-finish")).select_option("Dở dang")
    here.page.locator(here.of("opt-start")).click()
    _answered(here)
    plan = served.plan(here)
    assert plan["request"]["kept"] == ["T1"]
    own = [one for one in plan["picks"] if one["is_kept"]]
    assert [(one["name"], one["cost_mvnd"]) for one in own] == [("T1", 500.0)]
    assert plan["cost_mvnd"] <= 4_000.0
    assert plan["served"]["after"] == plan["served"]["total"] == len(VILLAGES)
    expect(here.page.locator(f"{here.of('opt-table')} .is-kept")).to_have_count(1)


def test_means_for_the_rest_come_with_the_break_even(visit: Opening, served: Served) -> None:
    here = visit(DESKTOP).open("?view=optimise&lang=en")
    here.page.locator(here.of("opt-tab-residual")).click()
    here.page.locator(here.of("opt-start")).click()
    rows = here.page.locator(here.of("opt-means-row"))
    rows.first.wait_for()
    expect(rows).to_have_count(3)
    plan = served.plan(here)
    told = {row.get_attribute("data-id"): row.get_attribute("data-means") for row in rows.all()}
    assert told == {one["village_id"]: one["means"] for one in plan["villages"]}
    assert here.value("opt-means-cost") == pytest.approx(plan["cost_mvnd"])
    table = httpx.get(f"{served.address}/jobs/{_job(here)}/plan.csv", timeout=30)
    assert table.status_code == 200
    assert all(name in table.text for name in told if name)


def test_fibre_without_roads_says_what_is_missing(visit: Opening) -> None:
    here = visit(DESKTOP).open("?view=optimise")
    here.page.locator(here.of("opt-tab-fibre")).click()
    here.page.locator(here.of("opt-start")).click()
    here.page.locator(here.of("opt-problem")).wait_for()
    expect(here.page.locator(here.of("opt-problem"))).to_contain_text("đường")


def test_the_phone_shows_results_and_no_set_up(visit: Opening, served: Served) -> None:
    job = next(one for one in served.get("jobs")["jobs"] if one["processID"] == "optimise")["jobID"]
    here = visit(PHONE).open(f"?view=optimise&job={job}")
    here.page.locator(here.of("opt-table")).wait_for()
    expect(here.page.locator(here.of("opt-start"))).to_have_count(0)
    plan = served.get(f"jobs/{job}/results")
    assert here.value("opt-value") == plan["value"] - plan["served"]["before"]
    assert here.complaints == []
