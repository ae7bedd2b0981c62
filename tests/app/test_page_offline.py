"""The page without a network: it opens again with the figures and the map last seen, and says so."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import expect

from .browsing import Opening, Visit
from .fixture_study import write_study
from .live_server import serving
from .pagebuild import built_page

pytestmark = pytest.mark.browser

KEPT = "() => document.documentElement.dataset.kept === 'true'"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    study = write_study(tmp_path_factory.mktemp("kept") / "study")
    with serving(study.path, static_dir=built_page()) as address:
        yield address


def seen_once(visit: Opening) -> Visit:
    """Open the page once and wait until what it fetched is kept; then cut the network."""
    here = visit(keeps=True).open()
    here.page.wait_for_function(KEPT)
    here.page.context.set_offline(True)
    return here


def test_the_page_opens_again_after_one_visit(visit: Opening, address: str) -> None:
    here = seen_once(visit).open()
    shares = httpx.get(f"{address}/results").json()["province"]["shares"]["4G+5G"]["all"]
    assert here.value("kpi-population") == pytest.approx(shares["population"]["share"])
    assert here.map_colours() >= 5
    expect(here.page.locator(here.of("offline"))).to_contain_text("Ngoại tuyến · số liệu 30/09/2026")
    here.page.context.set_offline(False)
    here.open()
    expect(here.page.locator(here.of("offline"))).to_have_count(0)


def test_a_request_that_was_never_made_fails_in_its_place(visit: Opening) -> None:
    here = seen_once(visit).open()
    here.page.locator(here.of("search")).fill("cam tu")
    expect(here.page.locator("p.hits")).to_be_visible()
    assert here.value("kpi-population") > 0


def test_what_an_older_page_left_is_cleared(visit: Opening) -> None:
    here = visit(keeps=True).open("")
    here.page.evaluate("() => caches.open('phusong-page-older')")
    here.page.wait_for_function(KEPT)
    here.page.evaluate("() => navigator.serviceWorker.getRegistration().then(one => one.unregister())")
    here.open("?lang=en")
    here.page.wait_for_function("() => caches.has('phusong-page-older').then(there => !there)")
    names = here.page.evaluate("() => caches.keys()")
    assert [name for name in names if name.startswith("phusong-page-")] != []
    assert "phusong-page-older" not in names


def test_the_page_can_be_installed(address: str) -> None:
    page = httpx.get(f"{address}/").text
    assert 'rel="manifest"' in page
    manifest = httpx.get(f"{address}/manifest.webmanifest").json()
    assert {icon["sizes"] for icon in manifest["icons"]} >= {"192x192", "512x512"}
    for icon in manifest["icons"]:
        assert httpx.get(f"{address}/{icon['src']}").status_code == 200
    worker = httpx.get(f"{address}/sw.js")
    assert worker.headers["content-type"].startswith("text/javascript")
    assert worker.headers["cache-control"] == "no-cache"


def test_the_policy_lets_no_inline_script_or_style_element_run(address: str, visit: Opening) -> None:
    policy = httpx.get(f"{address}/").headers["content-security-policy"]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["script-src"] == "'self'"
    assert rules["style-src-elem"] == "'self'"
    here = visit().open("")
    here.page.evaluate(
        "() => { const one = document.createElement('style'); one.textContent = '#top { display: none }';"
        " document.head.append(one); }"
    )
    assert here.page.locator("#top").is_visible()
    assert any("style-src-elem" in said for said in here.complaints)
