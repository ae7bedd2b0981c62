"""Every view under axe-core: nothing serious or critical, light and dark, desktop and phone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from .browsing import DESKTOP, PHONE, Opening, Visit
from .fixture_study import lonlat, write_study
from .live_server import serving
from .pagebuild import built_page

pytestmark = pytest.mark.browser

AXE = Path(__file__).resolve().parents[2] / "app" / "web" / "node_modules" / "axe-core" / "axe.min.js"
GRAVE = {"serious", "critical"}
VIEWS = ["overview", "villages", "signal", "whatif", "optimise", "data"]
_RUN = "() => axe.run(document, {resultTypes: ['violations']})"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    study = write_study(tmp_path_factory.mktemp("axe") / "study")
    with serving(study.path, static_dir=built_page()) as address:
        yield address


@pytest.fixture(scope="module")
def axe() -> str:
    if not AXE.is_file():
        pytest.skip("axe-core is not installed; run: make web")
    return AXE.read_text(encoding="utf-8")


def shown(here: Visit, query: str) -> Visit:
    """Open the page and wait for its figures; the map's pixels say nothing to axe."""
    here.page.goto(f"{here.address}/{query}")
    here.page.wait_for_function("() => document.documentElement.dataset.waiting === 'false'")
    return here


def grave_findings(here: Visit, axe: str) -> list[str]:
    """Run axe on the page as it stands; findings as rule, place and what to do."""
    here.page.evaluate(axe)
    found: list[dict[str, Any]] = here.page.evaluate(_RUN)["violations"]
    return [
        f"{one['id']}: {node['target']} {node['failureSummary']}"
        for one in found
        if one["impact"] in GRAVE
        for node in one["nodes"]
    ]


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_no_view_has_a_grave_finding_light_or_dark(visit: Opening, axe: str, size: dict[str, int]) -> None:
    here = visit(size)
    findings = {}
    for view in VIEWS:
        shown(here, f"?view={view}&theme=light")
        findings[view, "light"] = grave_findings(here, axe)
        here.page.keyboard.press("t")
        expect(here.page.locator("html")).to_have_attribute("data-theme", "dark")
        findings[view, "dark"] = grave_findings(here, axe)
    assert {place: found for place, found in findings.items() if found} == {}


def test_axe_does_look(visit: Opening, axe: str) -> None:
    here = shown(visit(), "?")
    here.page.evaluate("() => document.getElementById('top').append(new Image())")
    assert [one.split(":")[0] for one in grave_findings(here, axe)] == ["image-alt"]


def test_nothing_that_opens_has_a_grave_finding(visit: Opening, axe: str) -> None:
    here = visit()
    lon, lat = lonlat(5.0, 2.0)
    for query in (
        "?commune=00002&picked=00001,00002&lang=en",
        "?view=villages&village=00003-001",
        "?view=villages&area=I&reason=weak",
        f"?view=signal&point={lon},{lat}",
    ):
        shown(here, query)
        here.page.wait_for_timeout(300)  # cards of what is chosen are fetched after the figures
        assert grave_findings(here, axe) == []


def test_dialogs_and_the_guide_have_no_grave_finding(visit: Opening, axe: str) -> None:
    here = shown(visit(), "")
    assert grave_findings(here, axe) == []
    here.page.locator(here.of("tour-start")).click()
    assert grave_findings(here, axe) == []
    here.page.keyboard.press("Escape")
    here.page.keyboard.press("?")
    assert grave_findings(here, axe) == []
    here.page.keyboard.press("Escape")
    here.page.locator(here.of("method-link")).click()
    assert grave_findings(here, axe) == []
