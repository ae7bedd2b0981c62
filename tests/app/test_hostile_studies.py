"""Studies nobody should make: each ends in an error that says why or in figures that hold, never in NaN."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
from shapely.geometry import Point, box
from tests.app import worlds

from phusong.app.cli import run
from phusong.app.compute.inputs import cells_table
from phusong.app.footprints import footprint_record
from phusong.app.paths import StudyGround
from phusong.app.settings import Settings
from phusong.app.study import Study, open_study
from phusong.coverage.errors import InputError, PhuSongError
from phusong.coverage.grids import Grid, Raster
from phusong.geodata.store.meta import LayerMeta

PEOPLE = 100
Placed = tuple[Mapping[str, Any], tuple[float, float] | None]
"""A cell and where it stands, east and south of the corner in metres; None is the middle."""


def omni(cell_id: str = "m", **more: Any) -> dict[str, Any]:
    return worlds.cell(cell_id, **more)


def make(
    path: Path,
    *,
    shape: tuple[int, int] = (60, 60),
    height_m: float | np.ndarray = 0.0,
    cells: Sequence[Placed] = ((omni(), None),),
    villages: Sequence[tuple[float, float]] = ((300.0, 300.0),),
    cell_m: float = 30.0,
    **method: Any,
) -> Study:
    """One commune of the whole grid with a hundred people evenly over it."""
    chosen = {**worlds.NOISE_FREE, "receiver_height_m": 1.5, "grid_m": cell_m, **method}
    store = worlds.empty_study(path, method=chosen)
    grid = Grid(shape[1], shape[0], cell_m, worlds.LEFT_M, worlds.TOP_M, worlds.EPSG)
    terrain = np.broadcast_to(np.asarray(height_m, dtype=np.float32), grid.shape)
    store.put_raster("terrain", Raster(grid, terrain, "m"), LayerMeta(layer="terrain", source="test"))
    left_m, bottom_m, right_m, top_m = grid.bounds
    commune = {"commune_code": "00001", "name": "Xã", "kind": "xã", "population": PEOPLE}
    worlds.put(store, "communes", [commune], [box(left_m, bottom_m, right_m, top_m)])
    middle = Point((left_m + right_m) / 2 + 1, (bottom_m + top_m) / 2 + 1)
    spots = [middle if at is None else Point(left_m + at[0], top_m - at[1]) for _, at in cells]
    worlds.put(store, "sites", [{"site_id": "m", "name": "M"}], [middle])
    worlds.put(store, "cells", [cell for cell, _ in cells], spots)
    homes = [
        {"village_id": f"v{i}", "name": "Bản", "commune_code": "00001", "households": 5.0}
        for i in range(len(villages))
    ]
    worlds.put(store, "villages", homes, [Point(left_m + e, top_m - s) for e, s in villages])
    worlds.put_people(store, np.full(grid.shape, PEOPLE / (shape[0] * shape[1])))
    return open_study(path)


def figures(study: Study) -> dict[str, Any]:
    """Compute; return the shares of 4G, after checking that nothing anywhere is NaN or beyond its total."""
    study.compute()
    record = study.results()
    json.dumps(record, allow_nan=False)
    json.dumps(study.villages(status=None), allow_nan=False)
    shares: dict[str, Any] = record["province"]["shares"].get("4G", {}).get("all", {})
    for one in shares.values():
        assert one["share"] is None or -1e-9 <= one["share"] <= 1.0 + 1e-9
    return shares


def statuses(study: Study) -> list[tuple[str, str | None]]:
    listed = study.villages(status=None)["villages"]
    return [(one["status"], (one.get("reason") or {}).get("code")) for one in listed]


def causes_of(study: Study, cell_id: str = "m") -> set[str]:
    ground, cells = StudyGround(study.store), cells_table(study.store)[0]
    found = footprint_record(ground, cells, cell_id, method=study.store.method())
    json.dumps(found, allow_nan=False)
    return {cause for cause, share in found["shares"].items() if share}


class TestTerrain:
    def test_none_known_is_said(self, tmp_path: Path) -> None:
        study = make(tmp_path / "study", height_m=np.nan)
        report = study.compute()
        assert report.cells == 0
        assert set(report.sites_left_out) == {"unknown_terrain"}
        assert study.results()["method"]["sites_left_out"] == {
            why: list(sites) for why, sites in report.sites_left_out.items()
        }
        assert {status for status, _ in statuses(study)} == {"unknown"}
        with pytest.raises(PhuSongError, match="transmitter_ground_unknown"):
            causes_of(study)

    def test_an_unknown_half_is_not_served_and_not_guessed(self, tmp_path: Path) -> None:
        height_m = np.where(np.arange(60) < 30, 5.0, np.nan)
        cells = ((omni(), (300.0, 900.0)),)
        study = make(tmp_path / "study", height_m=height_m, cells=cells, villages=((300, 300), (1_500, 900)))
        shares = figures(study)
        assert shares["area"]["share"] == pytest.approx(0.5, abs=1e-3)
        assert shares["population"]["share"] == pytest.approx(0.5, abs=1e-3)
        assert ("unknown", "no_data") in statuses(study)
        assert causes_of(study) == {"no_data", "grid_edge"}

    def test_the_sea_is_land_of_height_zero(self, tmp_path: Path) -> None:
        study = make(tmp_path / "study")
        assert figures(study)["area"]["share"] == pytest.approx(1.0)
        assert statuses(study) == [("served", None)]


class TestMasts:
    def test_on_the_edge_they_serve_what_there_is(self, tmp_path: Path) -> None:
        cells = ((omni("m"), (0.01, 0.01)), (omni("b"), (1_799.9, 1_799.9)))
        study = make(tmp_path / "study", cells=cells)
        assert figures(study)["area"]["share"] == pytest.approx(1.0)
        assert causes_of(study) == causes_of(study, "b") == {"grid_edge"}

    def test_outside_they_do_not_count(self, tmp_path: Path) -> None:
        study = make(tmp_path / "study", cells=((omni("m"), (-500.0, -500.0)), (omni("b"), (90_000.0, 0.0))))
        assert figures(study) == {}
        assert statuses(study) == [("unknown", "no_data")]
        with pytest.raises(InputError, match="place_outside"):
            causes_of(study)

    def test_nobody_on_air_serves_nobody(self, tmp_path: Path) -> None:
        study = make(tmp_path / "study", cells=((omni(is_on_air=False), None),))
        assert figures(study) == {}
        assert causes_of(study) == {"grid_edge"}  # what it would do on air

    def test_a_whisper_is_too_weak_everywhere(self, tmp_path: Path) -> None:
        study = make(tmp_path / "study", cells=((omni(power_dbm=-30.0), None),))
        assert figures(study)["area"]["share"] == 0.0
        assert statuses(study)[0][0] == "white"
        assert causes_of(study) == {"threshold"}

    def test_the_lowest_antenna_allowed(self, tmp_path: Path) -> None:
        study = make(tmp_path / "study", cells=((omni(antenna_height_m=0.5), None),))
        assert figures(study)["area"]["share"] is not None

    @pytest.mark.parametrize(
        ("model", "changes"),
        [
            ("tr38901_uma", {"frequency_mhz": 450.0, "bandwidth_mhz": 1.4}),
            ("tr38901_rma", {"antenna_height_m": 5.0}),
        ],
    )
    def test_what_a_model_does_not_take_is_named(
        self, tmp_path: Path, model: str, changes: Mapping[str, Any]
    ) -> None:
        study = make(tmp_path / "study", cells=((omni(**changes), None),), model=model)
        with pytest.raises(PhuSongError, match="model_range"):
            study.compute()


class TestGrids:
    @pytest.mark.parametrize("shape", [(1, 1), (1, 60), (60, 1)])
    def test_a_pixel_and_a_line_are_studies(self, tmp_path: Path, shape: tuple[int, int]) -> None:
        study = make(tmp_path / "study", shape=shape, villages=((10.0, 10.0),))
        shares = figures(study)
        assert shares["area"]["share"] == pytest.approx(1.0)
        assert shares["population"]["served"] == pytest.approx(PEOPLE)
        assert statuses(study) == [("served", None)]
        assert causes_of(study) == {"grid_edge"}

    def test_cells_of_two_kilometres(self, tmp_path: Path) -> None:
        study = make(tmp_path / "study", cell_m=2_000.0)
        assert 0.0 < figures(study)["area"]["share"] < 1.0


class TestEmptyLayers:
    COLUMNS: Mapping[str, tuple[str, ...]] = {
        "villages": ("village_id", "name", "commune_code", "households"),
        "cells": tuple(omni()),
        "communes": ("commune_code", "name", "kind", "population"),
        "places": ("place_id", "name", "kind", "commune_code"),
    }

    @pytest.mark.parametrize("layer", list(COLUMNS))
    def test_leave_figures_that_hold(self, tmp_path: Path, layer: str) -> None:
        study = make(tmp_path / "study")
        empty = gpd.GeoDataFrame({name: [] for name in self.COLUMNS[layer]}, geometry=[], crs=4326)
        study.store.put_table(layer, empty, LayerMeta(layer=layer, source="test"))
        shares = figures(study)
        assert (shares == {}) == (layer == "cells")
        if layer == "villages":
            assert shares["villages"]["total"] == 0
        if layer == "communes":
            assert shares["area"]["share"] is None

    def test_villages_far_away_are_unknown(self, tmp_path: Path) -> None:
        study = make(tmp_path / "study", villages=((300.0, 300.0), (90_000.0, 90_000.0)))
        assert figures(study)["villages"]["total"] == 2
        assert ("unknown", "no_data") in statuses(study)


@pytest.mark.parametrize(
    "assignment",
    [
        "max_radius_km.mid=-5",
        "max_radius_km.mid=1e9",
        "max_radius_km.mid=null",
        "threshold_dbm.4G=1000",
        "receiver_height_m=0",
        "load=2",
        "model=magic",
        "location_sigma_db=-3",
        'village_rule.served_share="all"',
    ],
)
def test_a_method_that_makes_no_sense_is_refused_and_not_kept(
    tmp_path: Path, assignment: str, capsys: pytest.CaptureFixture[str]
) -> None:
    study = make(tmp_path / "study")
    before = study.store.method()
    status = run(["compute", "--study", str(study.store.path), "--set", assignment], Settings(lang="en"))
    assert status == 1
    told = capsys.readouterr().err
    assert assignment.split("=", maxsplit=1)[0].split(".", maxsplit=1)[0] in told
    assert study.store.method() == before
