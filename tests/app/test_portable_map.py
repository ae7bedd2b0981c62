"""The map as one file: nothing is fetched, names cannot become code, figures are those of the results."""

from __future__ import annotations

import json
import re
from pathlib import Path

import geopandas as gpd
import pytest

from phusong.app.api.studysource import StudySource
from phusong.app.cli import run
from phusong.app.i18n import Language
from phusong.app.i18n.numbers import percent
from phusong.app.portable.document import portable_map
from phusong.app.settings import Settings
from phusong.geodata.store.folder import FolderStore

from .browsing import chromium
from .fixture_study import write_study

HOSTILE = "Bản </script><img src=x onerror=\"document.title='owned'\"> {{ 7 * 7 }}"


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> FolderStore:
    store = write_study(tmp_path_factory.mktemp("portable") / "study")
    frame = gpd.GeoDataFrame(store.table("communes"))
    frame.loc[0, "name"] = HOSTILE
    store.put_table("communes", frame, store.meta("communes"))
    return store


@pytest.mark.parametrize("language", ["vi", "en"])
def test_nothing_is_fetched(study: FolderStore, language: Language) -> None:
    text = portable_map(StudySource(study.path).current(), language=language)
    assert re.findall(r"<(?:script|link|img)[^>]+(?:src|href)=\"(?!data:)[^\"]+", text) == []
    assert "L.map(" in text and "leaflet-container" in text
    assert f'<html lang="{language}">' in text


def test_shares_are_those_of_the_results(study: FolderStore) -> None:
    snapshot = StudySource(study.path).current()
    text = portable_map(snapshot, language="en")
    for commune in snapshot.results["communes"]:
        share = commune["shares"]["4G"]["all"]["population"]["share"]
        assert f'"population": {json.dumps(percent(share, "en"))}' in text
    assert snapshot.results["run"] in text


def test_names_stay_text(study: FolderStore) -> None:
    text = portable_map(StudySource(study.path).current(), language="en")
    assert 'onerror="document' not in text
    assert "49 " not in text.split("L.map(")[0].rsplit("</style>", 1)[-1]


@pytest.mark.browser
def test_a_browser_without_network_draws_it(study: FolderStore, tmp_path: Path) -> None:
    file = tmp_path / "map.html"
    assert run(["map", "--study", str(study.path), "--to", str(file)], Settings(lang="vi")) == 0
    with chromium() as browser:
        page = browser.new_page(viewport={"width": 900, "height": 700})
        asked: list[str] = []
        faults: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda fault: faults.append(str(fault)))
        page.goto(file.as_uri())
        page.wait_for_selector(".leaflet-control-layers-overlays input")
        assert page.title() != "owned"
        assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
        assert faults == []
        assert page.locator(".leaflet-control-layers-base input:checked").count() == 1
        drawn = page.evaluate(
            "[...document.querySelectorAll('.leaflet-overlay-pane canvas')].some(c => c.getContext('2d')"
            ".getImageData(0, 0, c.width, c.height).data.some(v => v > 0))"
        )
        assert drawn


def test_before_computing_it_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    FolderStore.create(tmp_path / "empty", name="Trống")
    assert (
        run(
            ["map", "--study", str(tmp_path / "empty"), "--to", str(tmp_path / "m.html")], Settings(lang="en")
        )
        == 1
    )
    assert not (tmp_path / "m.html").exists()
    assert "ompute" in capsys.readouterr().err
