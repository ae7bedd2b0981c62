"""The command line as people and scripts use it: exit status, one JSON object on stdout, words on stderr."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import typer
import typer.main
from tests.app import worlds

from phusong.app.cli import MODULES, build_app, run
from phusong.app.settings import Settings

COMMUNES = {
    "type": "FeatureCollection",
    "features": [
        {
            "type": "Feature",
            "properties": {"commune_code": "00007", "name": "Xã Một", "population": 900},
            "geometry": {
                "type": "Polygon",
                "coordinates": [[[105.0, 19.9], [105.1, 19.9], [105.1, 20.0], [105.0, 20.0], [105.0, 19.9]]],
            },
        }
    ],
}
VILLAGES = "Tên thôn,Kinh độ,Vĩ độ,Số hộ\nBản Một,105.05,19.95,40\nBản Hai,105.09,19.91,12\n"
SITES = "site_id,lon,lat,operator,technologies\nM1,105.05,19.951,Viettel,4G;5G\n"


def phusong(*arguments: str | Path, language: str = "en") -> int:
    return run([str(argument) for argument in arguments], Settings(lang=language))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "communes.geojson").write_text(json.dumps(COMMUNES), encoding="utf-8")
    (tmp_path / "villages.csv").write_text(VILLAGES, encoding="utf-8")
    (tmp_path / "sites.csv").write_text(SITES, encoding="utf-8")
    return tmp_path


@pytest.fixture
def study(folder: Path) -> Path:
    path = folder / "study"
    assert phusong("study", "create", path, "--name", "Xã thử", "--grid-m", "100") == 0
    assert phusong("import", "communes", folder / "communes.geojson", "--study", path) == 0
    return path


def _json(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capsys.readouterr().out)


def test_from_files_to_villages(folder: Path, study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for layer in ("villages", "sites"):
        assert phusong("import", layer, folder / f"{layer}.csv", "--study", study) == 0
    assert phusong("sample", "fill", "--study", study) == 0
    capsys.readouterr()
    assert phusong("compute", "--study", study, "--json") == 0
    report = _json(capsys)
    assert report["was_current"] is False and report["masts_computed"] == 1
    assert phusong("compute", "--study", study, "--json") == 0
    assert _json(capsys)["was_current"] is True
    assert phusong("results", "--study", study, "--json") == 0
    results = _json(capsys)
    assert results["communes"][0]["commune_code"] == "00007"
    assert results["province"]["population"] == 900
    assert results["method"]["synthetic_layers"] and results["method"]["assumed"]["cells"]
    assert phusong("villages", "--study", study, "--status", "served", "--status", "white", "--json") == 0
    assert {one["name"] for one in _json(capsys)["villages"]} <= {"Bản Một", "Bản Hai"}


@pytest.mark.parametrize("ending", ["xlsx", "csv", "geojson", "gpkg"])
def test_village_lists_open_elsewhere(
    folder: Path, study: Path, ending: str, capsys: pytest.CaptureFixture[str]
) -> None:
    import geopandas as gpd

    for layer in ("villages", "sites"):
        phusong("import", layer, folder / f"{layer}.csv", "--study", study)
    phusong("sample", "fill", "--study", study)
    phusong("compute", "--study", study, "--set", "threshold_dbm.4G=-40", "--set", "threshold_dbm.5G=-40")
    path = folder / f"list.{ending}"
    assert phusong("villages", "--study", study, "--status", "white", "--to", path, language="vi") == 0
    if ending == "xlsx":
        book = openpyxl.load_workbook(path)
        rows = list(book.worksheets[0].iter_rows(values_only=True))
        assert "Trạng thái" in rows[0] and len(rows) == 3
        assert any(
            "MÔ PHỎNG" in str(cell) for row in book.worksheets[1].iter_rows(values_only=True) for cell in row
        )
        book.close()
    elif ending == "csv":
        text = path.read_text(encoding="utf-8-sig")
        assert "Bản Một" in text and "trắng sóng" in text
    else:
        first = {"layer": "data"} if ending == "gpkg" else {}
        assert len(gpd.read_file(path, **first)) == 2


def test_results_before_computing_are_refused(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert phusong("results", "--study", study) == 1
    assert "phusong compute" in capsys.readouterr().err


def test_a_wrong_row_is_named_and_nothing_changes(
    folder: Path, study: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    phusong("import", "sites", folder / "sites.csv", "--study", study)
    before = sorted(path.name for path in (study / "layers").iterdir())
    bad = folder / "bad.csv"
    bad.write_text("site_id,lon,lat\nM1,105.05,19.95\nM1,105.06,190\n", encoding="utf-8")
    capsys.readouterr()
    assert phusong("import", "sites", bad, "--study", study) == 1
    told = capsys.readouterr().err
    assert "bad.csv" in told and "row 3" in told and "lon, lat" in told and "190" in told
    assert sorted(path.name for path in (study / "layers").iterdir()) == before


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["study", "create"], 2),
        (["compute"], 2),
        (["nonsense"], 2),
        (["compute", "--study", "/no/such/place"], 1),
        (["import", "castles", "x.csv", "--study", "STUDY"], 1),
        (["import", "sites", "missing.csv", "--study", "STUDY"], 1),
        (["study", "method", "--study", "STUDY", "--set", "load=2"], 1),
        (["study", "method", "--study", "STUDY", "--set", "nonsense=1"], 1),
        (["study", "method", "--study", "STUDY", "--set", "load"], 1),
        (["study", "target", "5G", "160", "--year", "2025", "--source", "x", "--study", "STUDY"], 1),
        (["validate", "hata", "x"], 1),
        (["validate", "p1812", "/no/such/cases"], 1),
        (["compute", "--study", "STUDY"], 1),
    ],
)
def test_exit_status(study: Path, arguments: list[str], status: int) -> None:
    assert phusong(*[str(study) if part == "STUDY" else part for part in arguments]) == status


def test_an_internal_fault_is_status_3_and_says_how_to_see_more(
    study: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("fuse")

    monkeypatch.setattr("phusong.app.study.Study.describe", broken)
    assert phusong("study", "show", "--study", study) == 3
    told = capsys.readouterr().err
    assert "fuse" in told and "PHUSONG_DEBUG" in told


def test_progress_goes_to_stderr_only(tmp_path: Path) -> None:
    store = worlds.empty_study(tmp_path / "s", method={**worlds.NOISE_FREE, "model": "free_space"})
    worlds.put_terrain(store)
    worlds.put(store, "sites", [{"site_id": "m"}], [worlds.point(6000, 6000)])
    done = subprocess.run(
        [Path(sys.executable).parent / "phusong", "compute", "--study", tmp_path / "s", "--json"],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PHUSONG_LANG": "en"},
    )
    assert json.loads(done.stdout)["cells"] == 1
    assert "Path loss" in done.stderr


def test_a_half_made_sample_leaves_no_study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("phusong.app.sampling.create_sample", broken)
    assert phusong("sample", "create", tmp_path / "s") == 130
    assert not (tmp_path / "s").exists()


def test_a_study_of_terrain_and_masts_alone_gives_area_and_says_what_it_lacks(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = worlds.empty_study(tmp_path / "s", method={**worlds.NOISE_FREE, "model": "free_space"})
    worlds.put_terrain(store)
    worlds.put(store, "sites", [{"site_id": "m"}], [worlds.point(6000, 6000)])
    assert phusong("compute", "--study", tmp_path / "s") == 0
    capsys.readouterr()
    assert phusong("results", "--study", tmp_path / "s") == 0
    assert "–" in capsys.readouterr().out
    assert phusong("villages", "--study", tmp_path / "s") == 1
    assert "villages" in capsys.readouterr().err


def test_lists_say_where_their_figures_come_from(folder: Path, study: Path) -> None:
    for layer in ("villages", "sites"):
        phusong("import", layer, folder / f"{layer}.csv", "--study", study)
    phusong("sample", "fill", "--study", study)
    phusong("compute", "--study", study)
    path = folder / "all.csv"
    assert phusong("villages", "--study", study, "--status", "served", "--status", "white", "--to", path) == 0
    text = path.read_text(encoding="utf-8-sig")
    assert "SYNTHETIC DATA" in text and "p1812" in text
    assert phusong("villages", "--study", study, "--to", folder / "nowhere" / "x.csv") == 1
    assert not (folder / "nowhere").exists()


def test_a_file_system_that_refuses_is_no_internal_fault(
    study: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise OSError(30, "Read-only file system", str(study / "method.json"))

    monkeypatch.setattr("phusong.app.study.Study.describe", refused)
    assert phusong("study", "show", "--study", study) == 1
    assert "the disk is read-only" in capsys.readouterr().err


def test_each_command_is_loaded_from_the_module_that_has_it() -> None:
    together = typer.main.get_command(build_app())
    assert set(together.commands) == set(MODULES)
    for name in MODULES:
        alone = typer.main.get_command(build_app(name))
        assert name in alone.commands
        assert set(alone.commands) <= set(together.commands)
