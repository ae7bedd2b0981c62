"""The whole work of a province in one sitting, without a command line: from files to a plan taken away."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import openpyxl
import pytest
from playwright.sync_api import expect

from phusong.geodata.store.folder import FolderStore

from . import offered
from .browsing import Opening, Visit
from .live_server import serving
from .pagebuild import built_page

pytestmark = pytest.mark.browser

EAST = "14758"
"""The commune behind the mountain."""
LONG_MS = 90_000
BUDGET_MVND = 6_000
MAST = offered.text([*offered.SITES[:1], ["T-01", offered.WEST + 0.02, offered.SOUTH + 0.05, "VNPT", "4G"]])


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    store = FolderStore.create(tmp_path / "study", name="Tỉnh thử", grid_m=100.0)
    with serving(store.path, static_dir=built_page()) as address:
        yield address


def ridge() -> bytes:
    """Terrain of 20 m with a wall of 900 m between the communes, and one amid the villages of the east."""
    heights = np.full(120, 20.0)
    for west in (58, 81):
        heights[west : west + 5] = [400.0, 900.0, 900.0, 900.0, 400.0]
    return offered.raster(heights, count=120)


def import_layers(here: Visit, folder: Path) -> None:
    page = here.page
    page.locator(here.of("empty-import")).click()
    files = {
        "communes": ("xa.gpkg", offered.file_of(offered.communes(), folder / "xa.gpkg")),
        "terrain": ("dem.tif", ridge()),
        "population": ("nguoi.tif", offered.raster(3.0)),
        "villages": ("thon.gpkg", offered.file_of(offered.points(9), folder / "thon.gpkg")),
        "sites": ("tram.csv", MAST),
    }
    for layer, (name, content) in files.items():
        page.locator(here.of("data-layer")).select_option(layer)
        file = {"name": name, "mimeType": "application/octet-stream", "buffer": content}
        page.locator(here.of("data-file")).set_input_files(file)  # type: ignore[arg-type]
        page.locator(here.of("accept")).click(timeout=LONG_MS)
        expect(page.locator(here.of("imported"))).to_be_visible(timeout=LONG_MS)


def compute(here: Visit) -> None:
    here.page.locator(here.of("compute")).click()
    standing = here.page.locator(here.of("standing"))
    expect(standing).to_have_attribute("data-state", "computed", timeout=LONG_MS)


def unserved(here: Visit, address: str) -> list[str]:
    """Choose the commune among the villages; what is listed is what the server lists."""
    here.page.locator(here.of("view-villages")).click()
    here.page.locator(here.of("within")).select_option(EAST)
    here.settle()
    listed = [str(row.get_attribute("data-id")) for row in here.page.locator(here.of("village-row")).all()]
    told = [
        feature["properties"]["village_id"]
        for status in ("white", "patchy")
        for feature in httpx.get(f"{address}/collections/villages/items", params={"status": status}).json()[
            "features"
        ]
        if feature["properties"]["commune_code"] == EAST
    ]
    assert sorted(listed) == sorted(told)
    assert listed
    return listed


def place_a_mast(here: Visit, village: str) -> None:
    page = here.page
    page.locator(f'{here.of("village-row")}[data-id="{village}"]').click()
    page.locator(here.of("try-here")).click()
    page.wait_for_selector(f'{here.of("answer-state")}[data-state="exact"]')
    assert here.value("delta-households") > 0
    page.locator(here.of("save")).click()
    page.locator(here.of("scenario-name")).fill("Bắt đầu")
    page.locator(here.of("save-confirm")).click()
    expect(page.locator(here.of("scenario-switch"))).to_contain_text("Bắt đầu")


def finish_within_budget(here: Visit, address: str) -> dict[str, Any]:
    page = here.page
    page.locator(here.of("finish-plan")).click()
    page.locator(here.of("opt-target")).select_option("villages")
    page.locator(here.of("opt-budget")).evaluate(
        f"one => {{ one.value = {BUDGET_MVND}; one.dispatchEvent(new Event('input')); }}"
    )
    page.locator(here.of("opt-start")).click()
    page.locator(here.of("opt-count")).wait_for(timeout=LONG_MS)
    here.settle()
    job = page.evaluate("() => new URLSearchParams(location.search).get('job')")
    plan: dict[str, Any] = httpx.get(f"{address}/jobs/{job}/results").json()
    assert plan["cost_mvnd"] <= BUDGET_MVND
    assert [one["is_kept"] for one in plan["picks"]].count(True) == 1
    assert here.value("opt-value") == plan["value"] - plan["served"]["before"]
    # The file of sites says nothing of fibre: that every one is joined is assumed, and told.
    assert "has_fibre" in plan["method"]["placement"]["assumed"]
    return plan


def save_and_export(here: Visit, address: str, plan: dict[str, Any]) -> None:
    page = here.page
    page.locator(here.of("opt-save")).click()
    page.locator(here.of("opt-name")).fill("Hoàn chỉnh")
    page.locator(here.of("opt-keep")).click()
    expect(page.locator(here.of("opt-saved"))).to_contain_text("Hoàn chỉnh")
    kept = httpx.get(f"{address}/scenarios/Hoàn chỉnh").json()["scenario"]
    assert len(kept["additions"]) >= len(plan["picks"]) > 1
    with page.expect_download() as waiting:
        page.locator(here.of("opt-file-xlsx")).first.click()
    book = openpyxl.load_workbook(io.BytesIO(Path(waiting.value.path()).read_bytes()))
    assert max(sheet.max_row for sheet in book) > len(plan["picks"])


def test_from_files_to_a_plan_taken_away(visit: Opening, address: str, tmp_path: Path) -> None:
    here = visit().open()
    here.page.evaluate("() => { window.stays = true; }")
    import_layers(here, tmp_path)
    compute(here)
    before = unserved(here, address)
    place_a_mast(here, before[0])
    plan = finish_within_budget(here, address)
    save_and_export(here, address, plan)
    assert plan["served"]["after"] == plan["served"]["before"] + len(before)
    assert here.page.evaluate("() => window.stays") is True
    assert [said for said in here.complaints if "404" not in said] == []
    assert here.outside == []
