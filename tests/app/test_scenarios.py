"""Scenarios put to the engine: what computing the changed study gives, and who gains and loses by it."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from pyproj import Transformer
from tests.app import worlds
from tests.app.test_what_if import MASTS, NEW, _assert_shares, _study

from phusong.app.cli import run
from phusong.app.comparing import compare
from phusong.app.compute.whatif import Baseline
from phusong.app.scenarios import save_scenario, scenario_cells
from phusong.app.settings import Settings
from phusong.app.study import Study
from phusong.coverage.errors import InputError, NotFoundError
from phusong.coverage.radio.cell import Cell
from phusong.geodata.scenario import Addition, Edit, Scenario


def _degrees(at: tuple[float, float]) -> tuple[float, float]:
    lon, lat = Transformer.from_crs(worlds.EPSG, 4326, always_xy=True).transform(*worlds.at(*at))
    return float(lon), float(lat)


def _mast(site_id: str, at: tuple[float, float], **more: Any) -> Addition:
    lon, lat = _degrees(at)
    given = {"height_m": 30.0, "band": "B3", "azimuths_deg": (0.0, 120.0), "power_dbm": 26.0, **more}
    return Addition(site_id, lon, lat, **given)


def _full(base: Baseline, scenario: Scenario, path: Path) -> Study:
    """The study that the scenario describes, computed from nothing."""
    change = scenario_cells(base.inputs, scenario).change
    kept = [
        cell
        for cell in base.inputs.cells
        if cell.site_id not in set(change.removed_sites) and cell.cell_id not in set(change.removed_cells)
    ]
    cells = [*kept, *change.added]
    study = _study(path, MASTS)
    _put_cells(study, cells)
    study.compute()
    return study


def _put_cells(study: Study, cells: list[Cell]) -> None:
    rows = [
        {name: value for name, value in asdict(cell).items() if name not in ("x_m", "y_m", "pattern")}
        for cell in cells
    ]
    places = [worlds.Point(cell.x_m, cell.y_m) for cell in cells]
    sites = {cell.site_id: place for cell, place in zip(cells, places, strict=True)}
    worlds.put(study.store, "sites", [{"site_id": name} for name in sites], list(sites.values()))
    worlds.put(study.store, "cells", rows, places)


CASES = {
    "a mast": Scenario("x", additions=(_mast("n1", NEW, cost_mvnd=1_000.0),)),
    "masts of two carriers": Scenario(
        "x",
        additions=(
            _mast("n1", NEW),
            _mast("n1", NEW, band="n78", power_dbm=30.0),
            _mast("n2", (9_500.0, 9_500.0), azimuths_deg=(), downtilt_deg=2.0, operator="VNPT"),
        ),
    ),
    "a carrier on a standing mast": Scenario("x", additions=(_mast("west", MASTS["west"], band="B8"),)),
    "a cell less": Scenario("x", removed_cells=("west-120",)),
    "changed cells": Scenario(
        "x",
        edits=(
            Edit("south-0", {"power_dbm": 40.0}),
            Edit("south-120", {"azimuth_deg": 170.0, "downtilt_deg": 8.0}),
            Edit("east-0", {"antenna_height_m": 12.0}),
        ),
    ),
    "a technology switched off": Scenario(
        "x",
        additions=(_mast("n1", NEW, band="n78", power_dbm=34.0),),
        removed_cells=tuple(f"{site}-{azimuth}" for site in MASTS for azimuth in (0, 120, 240)),
    ),
    "all at once": Scenario(
        "x",
        additions=(_mast("n1", NEW),),
        removed_sites=("east",),
        removed_cells=("west-0",),
        edits=(Edit("south-240", {"mechanical_tilt_deg": 5.0}),),
    ),
}


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    made = _study(tmp_path_factory.mktemp("scenarios") / "study", MASTS)
    made.compute()
    return made


@pytest.fixture(scope="module")
def base(study: Study) -> Baseline:
    return Baseline(study.store)


@pytest.mark.parametrize("case", list(CASES))
def test_a_scenario_gives_what_computing_it_gives(base: Baseline, case: str, tmp_path: Path) -> None:
    scenario = CASES[case]
    record = compare(base, [scenario])
    column = record["scenarios"][1]
    full = _full(base, scenario, tmp_path / "full")
    real = full.results()["province"]
    shares = column["shares"]
    _assert_shares({name: tree for name, tree in shares.items() if name in real["shares"]}, real["shares"])
    # What nobody sends any more serves nobody.
    gone = [tree for name, tree in shares.items() if name not in real["shares"]]
    assert all(share["served"] == 0 for tree in gone for own in tree.values() for share in own.values())
    assert column["villages_by_status"] == real["villages_by_status"]
    then = {one["village_id"]: one for one in base_villages(base)}
    now = {one["village_id"]: one["status"] for one in full.villages()["villages"]}
    moved = {name for name, status in now.items() if status != then[name]["status"]}
    assert {one["village_id"] for one in (*column["gains"], *column["loses"])} == moved
    ranks = {"white": 0, "patchy": 1, "served": 2}
    assert all(
        ranks[now[one["village_id"]]] < ranks[then[one["village_id"]]["status"]] for one in column["loses"]
    )
    assert {one["village_id"] for one in column["loses_all"]} == {
        name for name in moved if now[name] == "white"
    }
    for name in ("population", "households", "villages", "area"):
        before = base.results["province"]["shares"]["4G+5G"]["all"][name]["served"]
        after = real["shares"]["4G+5G"]["all"][name]["served"]
        assert column["delta"][name] == pytest.approx(after - before, rel=1e-9, abs=1e-6)


def base_villages(base: Baseline) -> list[dict[str, Any]]:
    return list(Study(base.inputs.store).villages()["villages"])


def test_scenarios_beside_each_other_name_who_gains_who_loses_and_what_is_best(base: Baseline) -> None:
    gain = Scenario("Thêm cột", additions=(_mast("n1", NEW, cost_mvnd=1_200.0),))
    move = Scenario("Dời cột", additions=(_mast("n1", NEW, cost_mvnd=1_500.0),), removed_sites=("south",))
    record = compare(base, [gain, move, Scenario("Không làm gì")])
    standing, a, b, nothing = record["scenarios"]
    assert [one["key"] for one in record["scenarios"]] == ["base", "A", "B", "C"]
    assert a["delta"]["population"] > 0 and a["loses"] == [] and len(a["gains"]) > 0
    assert len(b["loses"]) > 0 and all(one["name"].startswith("Thôn") for one in b["loses"])
    assert b["communes"] and all(loss["people"] > 0 for one in b["communes"] for loss in one["losses"])
    assert a["cost_per_household_mvnd"] == pytest.approx(1_200.0 / a["delta"]["households"])
    assert nothing["figures"] == standing["figures"] and nothing["cost_mvnd"] == 0
    assert record["best"]["population"] == ["A"]
    assert record["best"]["villages_losing"] == ["base", "A", "C"]
    assert record["best"]["cost_mvnd"] == ["C"]
    assert record["method"]["id"]


def test_a_scenario_without_every_cost_has_no_cost_per_household(base: Baseline) -> None:
    one = Scenario("x", additions=(_mast("n1", NEW, cost_mvnd=1_000.0), _mast("n2", (9_500.0, 9_500.0))))
    column = compare(base, [one])["scenarios"][1]
    assert (column["cost_mvnd"], column["is_cost_complete"]) == (1_000.0, False)
    assert column["cost_per_household_mvnd"] is None


@pytest.mark.parametrize(
    ("scenario", "error", "code"),
    [
        (Scenario("x", removed_sites=("nowhere",)), NotFoundError, "site_unknown"),
        (Scenario("x", removed_cells=("nothing",)), NotFoundError, "cell_unknown"),
        (Scenario("x", edits=(Edit("nothing", {"power_dbm": 40.0}),)), NotFoundError, "cell_unknown"),
        (Scenario("x", additions=(Addition("n", 9.0, 45.0, 30.0, "B3"),)), InputError, "mast_outside"),
        (Scenario("x", additions=(_mast("n", NEW, band="B99"),)), InputError, "band_unknown"),
    ],
)
def test_scenarios_that_do_not_fit_the_study_are_refused(
    base: Baseline, scenario: Scenario, error: type[Exception], code: str
) -> None:
    with pytest.raises(error, match=code):
        compare(base, [scenario])


def test_a_saved_scenario_says_which_data_it_was_made_against(tmp_path: Path) -> None:
    study = _study(tmp_path / "a", MASTS)
    study.compute()
    saved = save_scenario(study.store, CASES["a mast"])
    assert saved.scenario.layers["sites"] == study.store.meta("sites").content_sha256
    assert saved.scenario.run == study.describe()["run"]
    _put_cells(study, list(Baseline(study.store).inputs.cells)[:-1])
    study.compute()
    column = compare(Baseline(study.store), [saved.scenario])["scenarios"][1]
    assert column["layers_changed"] == ["cells", "sites"]


def _phusong(*arguments: str | Path) -> int:
    return run([str(argument) for argument in arguments], Settings(lang="vi"))


def test_the_command_line_keeps_compares_exports_deletes_and_restores(
    study: Study, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    at = ("--study", study.store.path)
    for name, case in (("Phương án A", "a mast"), ("Phương án B", "all at once")):
        file = tmp_path / "one.json"
        file.write_text(json.dumps(CASES[case].as_dict()), encoding="utf-8")
        assert _phusong("scenario", "save", file, "--name", name, *at) == 0
    capsys.readouterr()
    assert _phusong("scenario", "list", *at, "--json") == 0
    assert [one["name"] for one in json.loads(capsys.readouterr().out)["scenarios"]] == [
        "Phương án A",
        "Phương án B",
    ]
    assert _phusong("scenario", "compare", "Phương án A", "Phương án B", *at) == 0
    told = capsys.readouterr().out
    assert "Hiện trạng" in told and "B: Phương án B" in told and "Bị giảm" in told
    table = tmp_path / "so-sanh.xlsx"
    assert _phusong("scenario", "compare", "Phương án A", "Phương án B", *at, "--to", table, "--json") == 0
    record = json.loads(capsys.readouterr().out)
    sheet = openpyxl.load_workbook(table)["data"]
    assert [cell.value for cell in sheet[1]] == [
        "Chỉ số",
        "Hiện trạng",
        "A: Phương án A",
        "B: Phương án B",
        "Tốt nhất",
    ]
    people = [round(one["figures"]["population"]["served"], 3) for one in record["scenarios"]]
    assert [cell.value for cell in sheet[2]][:4] == ["Người được phủ", *people]
    layer = tmp_path / "cot.geojson"
    assert _phusong("scenario", "export", "Phương án A", *at, "--to", layer) == 0
    (feature,) = json.loads(layer.read_text())["features"]
    assert feature["geometry"]["coordinates"] == pytest.approx(_degrees(NEW))
    assert _phusong("scenario", "delete", "Phương án A", *at) == 0
    capsys.readouterr()
    assert _phusong("scenario", "show", "Phương án A", *at) == 1
    assert "Không có phương án «Phương án A»" in capsys.readouterr().err
    assert _phusong("scenario", "restore", "Phương án A", *at, "--json") == 0
    assert json.loads(capsys.readouterr().out)["version"] == 2
    assert _phusong("scenario", "save", tmp_path / "none.json", *at) == 1
