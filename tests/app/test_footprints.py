"""What limits the footprint of a study's cell, over the command line and over HTTP."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from tests.app import worlds

from phusong.app.cli import run
from phusong.app.commands.explaining import frequency_of_band
from phusong.app.compute.inputs import cells_table
from phusong.app.footprints import AreaMode, footprint_record
from phusong.app.i18n import translate
from phusong.app.paths import StudyGround
from phusong.app.settings import Settings
from phusong.app.study import open_study
from phusong.coverage.errors import InputError
from phusong.coverage.footprint import CAUSES
from phusong.geodata.store.folder import FolderStore

from .fixture_study import lonlat, write_study
from .live_server import assert_problem, serving

FREE_SPACE = {**worlds.NOISE_FREE, "model": "free_space", "receiver_height_m": 1.5}


def phusong(*arguments: str | Path, language: str = "en") -> int:
    return run([str(argument) for argument in arguments], Settings(lang=language))


def plain_study(path: Path, reach_m: float, **method: Any) -> FolderStore:
    """One omni mast in free space over a plain of 12 km, 5 km from its north-west corner."""
    store = worlds.empty_study(path, method={**FREE_SPACE, **method})
    worlds.put_terrain(store)
    spot = [worlds.point(5200, 5000)]
    worlds.put(store, "sites", [{"site_id": "m", "name": "M"}], spot)
    worlds.put(store, "cells", [worlds.cell("m", power_dbm=worlds.power_for_reach(reach_m))], spot)
    return store


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_study(tmp_path_factory.mktemp("explained") / "study", computed=False).path


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    store = write_study(tmp_path_factory.mktemp("served") / "study")
    with serving(store.path) as address, httpx.Client(base_url=address, timeout=60.0) as client:
        yield client


def record_of(store: FolderStore, cell_id: str, mode: AreaMode = AreaMode.EXACT) -> dict[str, Any]:
    return footprint_record(
        StudyGround(store), cells_table(store)[0], cell_id, method=store.method(), mode=mode
    )


def test_a_free_space_disc_ends_by_threshold_at_its_radius(tmp_path: Path) -> None:
    store = plain_study(tmp_path / "study", 3_500.0)
    found = record_of(store, "m")
    reach_m = math.sqrt(3_500.0**2 - 28.5**2)
    assert found["shares"]["threshold"] == 1.0
    assert found["served_km2"] == pytest.approx(math.pi * reach_m**2 / 1e6, rel=0.002)
    assert found["farthest_km"] == pytest.approx(reach_m / 1000, abs=0.03)
    assert found["is_radius_limited"] is False
    assert found["required_dbm"] == found["threshold_dbm"] == -110.0


def test_what_is_drawn_equals_what_the_study_computed(tmp_path: Path) -> None:
    store = plain_study(tmp_path / "study", 3_500.0)
    study = open_study(store.path)
    study.compute()
    served = study.results()["province"]["shares"]["4G"]["Viettel"]["area"]["served"]
    # one is in the plane of the projection, whose scale factor is 0.9996 here
    assert record_of(store, "m")["served_km2"] == pytest.approx(served, rel=2e-3)


def test_radius_and_study_edge_cut_a_strong_cell(tmp_path: Path) -> None:
    store = plain_study(tmp_path / "study", 40_000.0, max_radius_km={"mid": 6.0})
    found = record_of(store, "m")
    by_azimuth = {one["azimuth_deg"]: one for one in found["directions"]}
    assert by_azimuth[0.0]["ended_by"] == by_azimuth[270.0]["ended_by"] == "grid_edge"
    assert by_azimuth[0.0]["served_to_m"] == pytest.approx(5_000.0, abs=30.0)
    assert by_azimuth[135.0]["ended_by"] == "radius"
    assert by_azimuth[135.0]["ends_at_m"] == 6_000.0
    assert found["is_radius_limited"] is True


@pytest.mark.parametrize("mode", AreaMode)
def test_the_ridge_of_the_small_study_ends_service_by_terrain(tmp_path: Path, mode: AreaMode) -> None:
    store = write_study(tmp_path / "study", computed=False)
    found = record_of(store, "S-1-V4-0", mode)
    east = next(one for one in found["directions"] if one["azimuth_deg"] == 90.0)
    assert east["ended_by"] == "terrain"
    assert 6_000.0 <= east["served_to_m"] <= 7_500.0  # the ridge stands 6.5 km east of the mast
    place = found["directions"].index(east)
    assert found["outline"][place][0] == pytest.approx(
        lonlat(2.0 + east["served_to_m"] / 1000, 2.0)[0], abs=1e-4
    )


def test_a_sector_looks_one_way(tmp_path: Path) -> None:
    found = record_of(write_study(tmp_path / "study", computed=False), "S-1-V5-0")
    reach_m = {one["azimuth_deg"]: one["served_to_m"] for one in found["directions"]}
    assert found["azimuth_deg"] == 90.0
    assert reach_m[90.0] > 2 * reach_m[0.0] or reach_m[0.0] >= 1_900.0  # north the study ends after 2 km


class TestCommand:
    def test_json_names_every_direction(self, study: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert phusong("explain", "S-1-V4-0", "--study", study, "--json") == 0
        record = json.loads(capsys.readouterr().out)
        assert len(record["directions"]) == 72
        assert sum(record["shares"].values()) == pytest.approx(1.0)
        assert {one["ended_by"] for one in record["directions"]} <= set(CAUSES)
        assert record["method"]["model"] == "p1812"

    @pytest.mark.parametrize("language", ["vi", "en"])
    def test_words_come_in_the_readers_language(
        self, study: Path, capsys: pytest.CaptureFixture[str], language: str
    ) -> None:
        assert phusong("explain", "S-1-V4-0", "--study", study, language=language) == 0
        told = capsys.readouterr().out
        assert translate("footprint.terrain", language) in told  # type: ignore[arg-type]
        assert "{" not in told

    def test_a_path_between_two_points_adds_up(self, study: Path, capsys: pytest.CaptureFixture[str]) -> None:
        ends = [f"{lon:.6f},{lat:.6f}" for lon, lat in (lonlat(4.0, 2.0), lonlat(10.0, 2.0))]
        asked = ["explain", "--from", ends[0], "--to", ends[1], "--height-m", "25", "--band", "B8"]
        assert phusong(*asked, "--study", study, "--json") == 0
        record = json.loads(capsys.readouterr().out)
        losses = record["loss_db"]
        parts_db = math.fsum(value for name, value in losses.items() if name != "total")
        assert parts_db == pytest.approx(losses["total"], abs=1e-6)
        assert record["frequency_mhz"] == 942.5
        assert record["distance_m"][-1] == pytest.approx(6_000.0, abs=1.0)
        distances_m = [edge["distance_m"] for edge in record["edges"]]
        assert distances_m == sorted(distances_m)
        assert min(abs(np.array(distances_m) - 4_500.0)) < 150.0  # the ridge at 8.5 km
        assert record["to"]["height_m"] == 1.5
        assert phusong(*asked, "--study", study) == 0
        assert "dB" in capsys.readouterr().out

    @pytest.mark.parametrize(
        "arguments",
        [
            [],
            ["S-1-V4-0", "--to", "105.8,19.8"],
            ["--from", "105.8,19.8"],
            ["nobody"],
            ["--from", "1,2,3", "--to", "105.8,19.8"],
            ["--from", "nan,19", "--to", "105.8,19.8"],
            ["--from", "0,0", "--to", "105.8,19.8"],
            ["--from", "105.77,19.83", "--to", "105.78,19.83", "--band", "nine"],
            ["--from", "105.77,19.83", "--to", "105.78,19.83", "--band", "nan"],
            ["--from", "105.77,19.83", "--to", "105.78,19.83", "--height-m", "0"],
            ["--from", "105.77,19.83", "--to", "105.77,19.83"],
        ],
    )
    def test_refuses_what_makes_no_sense(
        self, study: Path, arguments: list[str], capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert phusong("explain", *arguments, "--study", study) == 1
        told = capsys.readouterr().err
        assert told
        assert "errors." not in told

    def test_a_study_without_terrain_says_so(self, tmp_path: Path) -> None:
        worlds.empty_study(tmp_path / "study", method={})
        assert phusong("explain", "m", "--study", tmp_path / "study") == 1


@pytest.mark.parametrize(
    ("text", "mhz"), [("n78", 3_700.0), (" b3 ", 1_842.5), ("700", 773.0), ("450", 450.0)]
)
def test_bands_are_named_in_many_ways(text: str, mhz: float) -> None:
    assert frequency_of_band(text) == mhz


def test_an_unknown_band_lists_those_there_are() -> None:
    with pytest.raises(InputError, match="band_unknown") as caught:
        frequency_of_band("UHF")
    assert "1800" in str(caught.value.parameters["allowed"])


class TestRoute:
    def test_answers_as_described(self, client: httpx.Client) -> None:
        answer = client.get("/cells/S-1-V4-0/footprint")
        record = answer.json()
        assert answer.status_code == 200
        assert len(record["directions"]) == len(record["outline"]) == 72
        shape = client.get("/api").json()["components"]["schemas"]["FootprintReading"]
        assert set(shape["required"]) == set(record)

    def test_speaks_the_readers_language(self, client: httpx.Client) -> None:
        answers = {
            language: client.get("/cells/S-1-V4-0/footprint", headers={"Accept-Language": language})
            for language in ("vi", "en")
        }
        for language, answer in answers.items():
            assert set(answer.json()["causes"]) == set(CAUSES)
            assert answer.json()["causes"]["terrain"] == translate("footprint.terrain", language)  # type: ignore[arg-type]
            assert answer.headers["vary"].startswith("Accept-Language")
        assert answers["vi"].headers["etag"] != answers["en"].headers["etag"]

    def test_an_unknown_cell_is_a_problem(self, client: httpx.Client) -> None:
        assert_problem(client.get("/cells/nobody/footprint"), 404, "cell_unknown")
        assert_problem(client.get(f"/cells/{'x' * 300}/footprint"), 400, "parameter_invalid")
