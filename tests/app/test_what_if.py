"""What a new mast or a lost site would change: always what computing the changed study gives."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pyproj import Transformer
from tests.app import worlds

from phusong.app.cli import run
from phusong.app.compute.whatif import Baseline, Change
from phusong.app.settings import Settings
from phusong.app.study import Study, open_study
from phusong.coverage.errors import InputError, NotFoundError
from phusong.coverage.radio.cell import Cell

MASTS = {"west": (2500.0, 2500.0), "south": (3000.0, 9500.0), "east": (9000.0, 6000.0)}
NEW = (6000.0, 3000.0)


def _sectors(site: str, **more: Any) -> list[dict[str, Any]]:
    return [
        worlds.cell(f"{site}-{azimuth}", site_id=site, azimuth_deg=float(azimuth), power_dbm=26.0, **more)
        for azimuth in (0, 120, 240)
    ]


def _study(path: Path, masts: dict[str, tuple[float, float]], *, with_villages: bool = True) -> Study:
    store = worlds.empty_study(path, method={"max_radius_km": {"mid": 5.0}})
    hills = np.random.default_rng(3).normal(0, 1, (worlds.SIDE_CELLS // 20, worlds.SIDE_CELLS // 20))
    worlds.put_terrain(store, 100 + 40 * np.kron(hills, np.ones((20, 20))))
    squares = [(600 + 5400 * col, 600 + 5400 * row, 5400) for row in range(2) for col in range(2)]
    worlds.put(
        store,
        "communes",
        [{"commune_code": f"{k:05d}", "name": f"Xã {k}", "population": 1000 + k} for k in range(4)],
        [worlds.square(*one) for one in squares],
    )
    people = np.zeros((worlds.SIDE_CELLS, worlds.SIDE_CELLS))
    people[20:380, 20:380] = 4010 / 360**2
    worlds.put_people(store, people)
    if with_villages:
        centres = [(1000 + 1000.0 * col, 1000 + 1000.0 * row) for row in range(10) for col in range(10)]
        worlds.put(
            store,
            "villages",
            [
                {
                    "village_id": f"{k:03d}",
                    "name": f"Thôn {k}",
                    "commune_code": f"{(x > 6000) + 2 * (y > 6000):05d}",
                    "households": 20.0 + k,
                }
                for k, (x, y) in enumerate(centres)
            ],
            [worlds.point(*centre) for centre in centres],
        )
    worlds.put(
        store, "sites", [{"site_id": site} for site in masts], [worlds.point(*at) for at in masts.values()]
    )
    rows = [row for site in masts for row in _sectors(site)]
    worlds.put(store, "cells", rows, [worlds.point(*masts[row["site_id"]]) for row in rows])
    return open_study(path)


def _cells(site: str, at: tuple[float, float]) -> tuple[Cell, ...]:
    x_m, y_m = worlds.at(*at)
    names = {field for field in Cell.__dataclass_fields__ if field not in ("x_m", "y_m")}
    return tuple(
        Cell(x_m=x_m, y_m=y_m, **{name: value for name, value in row.items() if name in names})
        for row in _sectors(site)
    )


def _assert_answers(answer: dict[str, Any], then: Study, now: Study) -> None:
    _assert_shares(answer["province"]["before"], then.results()["province"]["shares"])
    _assert_shares(answer["province"]["after"], now.results()["province"]["shares"])
    real = {one["commune_code"]: one["shares"] for one in now.results()["communes"]}
    old = {one["commune_code"]: one["shares"] for one in then.results()["communes"]}
    told = {one["commune_code"]: one for one in answer["communes"]}
    assert told
    for code, shares in real.items():
        if code in told:
            _assert_shares(told[code]["after"], shares)
        else:
            assert shares == old[code]


def _assert_shares(told: dict[str, Any], real: dict[str, Any]) -> None:
    for technology, operators in told.items():
        for operator, shares in operators.items():
            for name, share in shares.items():
                known = real[technology][operator][name]
                if known["served"] is None:
                    assert share["served"] is None
                    continue
                assert share["served"] == pytest.approx(known["served"], rel=1e-9, abs=1e-9), name
                assert share["total"] == pytest.approx(known["total"], rel=1e-12)


def _statuses(study: Study) -> dict[str, str]:
    return {one["village_id"]: one["status"] for one in study.villages()["villages"]}


def test_a_new_mast_gives_what_computing_with_it_gives(tmp_path: Path) -> None:
    before = _study(tmp_path / "a", MASTS)
    before.compute()
    answer = Baseline(before.store).answer(Change(added=_cells("new", NEW)))
    after = _study(tmp_path / "b", {**MASTS, "new": NEW})
    after.compute()
    _assert_answers(answer, before, after)
    then, now = _statuses(before), _statuses(after)
    changed = {name: (then[name], now[name]) for name in then if then[name] != now[name]}
    assert changed
    assert {one["village_id"]: (one["before"], one["after"]) for one in answer["villages"]} == changed
    assert answer["villages_by_status"]["after"] == after.results()["province"]["villages_by_status"]


def test_a_lost_site_gives_what_computing_without_it_gives(tmp_path: Path) -> None:
    before = _study(tmp_path / "a", {**MASTS, "new": NEW})
    before.compute()
    losses = sorted((before.store.cache_dir / "loss").rglob("*.bin"))
    answer = Baseline(before.store).answer(Change(removed_sites=("new",)))
    after = _study(tmp_path / "b", MASTS)
    after.compute()
    _assert_answers(answer, before, after)
    # Nothing was propagated for it.
    assert sorted((before.store.cache_dir / "loss").rglob("*.bin")) == losses


def test_moving_a_mast_is_taking_it_away_and_adding_it(tmp_path: Path) -> None:
    before = _study(tmp_path / "a", MASTS)
    before.compute()
    answer = Baseline(before.store).answer(
        Change(added=_cells("moved", (7000.0, 9000.0)), removed_sites=("south",))
    )
    after = _study(tmp_path / "b", {"west": MASTS["west"], "east": MASTS["east"], "moved": (7000.0, 9000.0)})
    after.compute()
    _assert_answers(answer, before, after)


def test_without_villages_households_follow_people(tmp_path: Path) -> None:
    before = _study(tmp_path / "a", MASTS, with_villages=False)
    before.compute()
    answer = Baseline(before.store).answer(Change(added=_cells("new", NEW)))
    after = _study(tmp_path / "b", {**MASTS, "new": NEW}, with_villages=False)
    after.compute()
    _assert_shares(answer["province"]["after"], after.results()["province"]["shares"])
    assert answer["villages"] == []


def test_a_mast_where_all_is_served_changes_little_and_the_study_stays_as_it_was(tmp_path: Path) -> None:
    study = _study(tmp_path / "a", MASTS)
    run = study.compute().run
    Baseline(study.store).answer(Change(added=_cells("new", NEW)))
    assert study.compute().was_current
    assert study.describe()["run"] == run


def _lonlat(at: tuple[float, float]) -> str:
    lon, lat = Transformer.from_crs(worlds.EPSG, 4326, always_xy=True).transform(*worlds.at(*at))
    return f"{lon:.6f},{lat:.6f}"


def test_the_command_line_names_what_it_assumed_and_joins_the_network(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    study = _study(tmp_path / "a", MASTS)
    study.compute()
    asked = [
        "what-if",
        "--study",
        str(tmp_path / "a"),
        "--at",
        _lonlat(NEW),
        "--height-m",
        "30",
        "--band",
        "B3",
    ]
    assert run([*asked, "--azimuths", "0,120,240", "--power-dbm", "26", "--json"], Settings(lang="en")) == 0
    record = json.loads(capsys.readouterr().out)
    # The operator sends at 1800 MHz already, so the mast takes that carrier.
    assert (record["mast"]["operator"], record["mast"]["frequency_mhz"]) == ("Viettel", 1800.0)
    assert "operator" in record["mast"]["assumed"]
    assert "power_dbm" not in record["mast"]["assumed"]
    shares = record["province"]
    assert shares["after"]["4G"]["all"]["area"]["served"] > shares["before"]["4G"]["all"]["area"]["served"]
    assert record["seconds"] > 0
    assert run([*asked, "--remove", "east"], Settings(lang="vi")) == 0
    assert "Cột mới: Viettel, 4G" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--at", "5"], "5"),
        (["--at", "105.0,95.0"], "105.0,95.0"),
        (["--at", "9.0,45.0"], "outside"),
        (["--at", "PLACE", "--azimuths", "north"], "north"),
        (["--at", "PLACE", "--azimuths", ",".join(["10"] * 13)], "13"),
        (["--at", "PLACE", "--azimuths", "720"], "azimuth_deg"),
        (["--at", "PLACE", "--height-m", "0"], "antenna_height_m"),
        (["--at", "PLACE", "--height-m", "nan"], "nan"),
        (["--at", "PLACE", "--band", "B99"], "B99"),
        (["--at", "PLACE", "--band", "90000"], "frequency_mhz"),
        (["--at", "PLACE", "--power-dbm", "1e9"], "power_dbm"),
        (["--at", "PLACE", "--technology", "6G"], "6G"),
        (["--remove", "nowhere"], "nowhere"),
        (["--at", "PLACE", "--operator", "Vinafone"], "Viettel"),
        ([], "--at"),
    ],
)
def test_what_cannot_be_is_refused_in_words(
    computed: Study, options: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    given = [_lonlat(NEW) if one == "PLACE" else one for one in options]
    assert run(["what-if", "--study", str(computed.store.path), *given], Settings(lang="en")) == 1
    assert told in capsys.readouterr().err


@pytest.fixture(scope="module")
def computed(tmp_path_factory: pytest.TempPathFactory) -> Study:
    study = _study(tmp_path_factory.mktemp("whatif") / "study", MASTS)
    study.compute()
    return study


def test_questions_that_make_no_sense_are_refused(tmp_path: Path) -> None:
    study = _study(tmp_path / "a", MASTS)
    with pytest.raises(NotFoundError, match="results_missing"):
        Baseline(study.store)
    study.compute()
    base = Baseline(study.store)
    with pytest.raises(InputError, match="whatif_nothing"):
        base.answer(Change())
    with pytest.raises(NotFoundError, match="site_unknown"):
        base.answer(Change(removed_sites=("nowhere",)))
    with pytest.raises(InputError, match="mast_outside"):
        base.answer(Change(added=_cells("far", (-900_000.0, 0.0))))
