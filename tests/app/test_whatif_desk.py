"""What if as the page asks it: the map equals the figures, a preview is near them, nonsense is refused."""

from __future__ import annotations

from typing import Any

import httpx
import numpy as np
import pytest
from pyproj import Transformer
from tests.app import worlds

from phusong.app.compute.whatif import Baseline, Change
from phusong.app.study import Study, open_study
from phusong.app.whatifdesk import WhatIfDesk, read_question
from phusong.app.whatifmap import NEW, PALETTE, change_map
from phusong.coverage.errors import InputError, NotFoundError
from phusong.geodata.tiles.mercator import tile_at

from .live_server import assert_problem, picture, serving

NAME = {"technology": "4G", "operator": "all"}
MASTS = {"west": (2500.0, 2500.0), "east": (9000.0, 6000.0)}


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    store = worlds.empty_study(
        tmp_path_factory.mktemp("desk") / "study", method={"max_radius_km": {"low": 4.0, "mid": 4.0}}
    )
    hills = np.random.default_rng(3).normal(0, 1, (worlds.SIDE_CELLS // 20, worlds.SIDE_CELLS // 20))
    worlds.put_terrain(store, 100 + 30 * np.kron(hills, np.ones((20, 20))))
    commune = {"commune_code": "00001", "name": "Xã Một", "population": 4000}
    worlds.put(store, "communes", [commune], [worlds.square(600, 600, 10_800)])
    people = np.zeros((worlds.SIDE_CELLS, worlds.SIDE_CELLS))
    people[20:380, 20:380] = 4000 / 360**2
    worlds.put_people(store, people)
    centres = [(1000 + 1000.0 * col, 1000 + 1000.0 * row) for row in range(10) for col in range(10)]
    rows = [
        {"village_id": f"{k:03d}", "name": f"Thôn {k}", "commune_code": "00001", "households": 20.0}
        for k in range(len(centres))
    ]
    worlds.put(store, "villages", rows, [worlds.point(*centre) for centre in centres])
    worlds.put(
        store, "sites", [{"site_id": site} for site in MASTS], [worlds.point(*at) for at in MASTS.values()]
    )
    cells = [worlds.cell(site, site_id=site, power_dbm=26.0) for site in MASTS]
    worlds.put(store, "cells", cells, [worlds.point(*MASTS[cell["site_id"]]) for cell in cells])
    opened = open_study(store.path)
    opened.compute()
    return opened


@pytest.fixture(scope="module")
def base(study: Study) -> Baseline:
    return Baseline(study.store)


@pytest.fixture(scope="module")
def client(study: Study) -> Any:
    with serving(study.store.path) as address, httpx.Client(base_url=address, timeout=60) as client:
        yield client


def mast(east_m: float = 6000.0, south_m: float = 9000.0, **more: Any) -> dict[str, Any]:
    x_m, y_m = worlds.at(east_m, south_m)
    lon_deg, lat_deg = Transformer.from_crs(worlds.EPSG, 4326, always_xy=True).transform(x_m, y_m)
    place = {"lon_deg": lon_deg, "lat_deg": lat_deg, "height_m": 36.0, "band": "1800"}
    return {"site_id": "T1", "operator": "Viettel", "technology": "4G", "power_dbm": 26.0, **place, **more}


def ask(base: Baseline, **inputs: Any) -> dict[str, Any]:
    return WhatIfDesk(base).answer(read_question(inputs))


def served(answer: dict[str, Any], figure: str) -> float:
    before, after = (one["shares"]["4G"]["all"][figure]["served"] for one in answer["scenarios"][:2])
    return float(after) - float(before)


class TestTheMapEqualsTheFigures:
    def test_what_is_new_covers_the_area_that_is_gained(self, base: Baseline) -> None:
        answer = ask(base, additions=[mast()], map=NAME)
        drawn = answer["map"]
        assert drawn["cells"]["new"] > 1000
        assert drawn["cells"]["lost"] == drawn["cells"]["kept"] == 0
        assert drawn["area_km2"]["new"] == pytest.approx(served(answer, "area"), rel=2e-4)
        cell_km2 = (base.inputs.grid.cell_size_m / 1e3) ** 2
        assert drawn["cells"]["new"] * cell_km2 == pytest.approx(served(answer, "area"), rel=2e-3)

    def test_what_is_lost_covers_the_area_that_goes(self, base: Baseline) -> None:
        answer = ask(base, removed_sites=["east"], map=NAME)
        assert served(answer, "area") < 0
        assert answer["map"]["area_km2"]["lost"] == pytest.approx(-served(answer, "area"), rel=2e-4)
        assert answer["map"]["cells"]["new"] == 0

    def test_it_equals_computing_the_changed_study(self, base: Baseline) -> None:
        cells = [cell for cell in base.inputs.cells if cell.site_id == "east"]
        moved = base.moved(Change(removed_sites=("east",)))
        drawn = change_map(base, moved, None, ("4G", "all"))
        bit = 1 << base.signal.services.index((cells[0].operator, "4G"))
        place = moved.shift.place[(moved.shift.before & bit != 0) & (moved.shift.after & bit == 0)]
        assert drawn.cells["lost"] == place.size

    def test_a_moved_mast_keeps_loses_and_gains(self, base: Baseline) -> None:
        desk = WhatIfDesk(base)
        first = desk.answer(read_question({"additions": [mast()], "map": NAME}))
        second = desk.answer(
            read_question({"additions": [mast(6600.0)], "map": {**NAME, "against": first["mark"]}})
        )
        cells = second["map"]["cells"]
        assert min(cells.values()) > 0
        assert second["map"]["against"] == first["mark"]
        before, after = first["map"]["cells"]["new"], cells["new"] + cells["kept"]
        assert (
            after
            == desk.answer(read_question({"additions": [mast(6600.0)], "map": NAME}))["map"]["cells"]["new"]
        )
        assert before == cells["kept"] + cells["lost"]

    def test_the_picture_shows_the_classes_where_they_lie(self, base: Baseline) -> None:
        desk = WhatIfDesk(base)
        record = desk.answer(read_question({"additions": [mast()], "map": NAME}))["map"]
        colours = picture(desk.picture(record["href"].split("/")[-1]))
        codes = (colours == PALETTE[NEW]).all(axis=-1)
        assert codes.shape == (record["height"], record["width"])
        share = record["cells"]["new"] / codes.size
        assert codes.mean() == pytest.approx(share, rel=0.15)
        (west, north), _, (east, south), _ = record["corners"]
        wanted = mast()
        assert west < wanted["lon_deg"] < east
        assert south < wanted["lat_deg"] < north
        row = int((north - wanted["lat_deg"]) / (north - south) * codes.shape[0])
        col = int((wanted["lon_deg"] - west) / (east - west) * codes.shape[1])
        around = codes[row - 3 : row + 4, col - 3 : col + 4]
        assert around.mean() > 0.5


class TestPreview:
    def test_is_near_the_exact_answer_and_says_what_it_is(self, base: Baseline) -> None:
        exact = ask(base, additions=[mast()], map=NAME)
        quick = ask(base, additions=[mast()], map=NAME, moving="T1")
        assert quick["is_preview"] is True
        assert exact["is_preview"] is False
        for figure in ("area", "population", "households"):
            assert quick["delta"][figure] == pytest.approx(served(exact, figure), rel=0.1)
        assert quick["grid_m"] >= base.inputs.grid.cell_size_m

    def test_takes_the_rest_of_the_plan_exactly(self, base: Baseline) -> None:
        rest = ask(base, removed_sites=["east"], map=NAME)
        far = mast(600.0, 600.0, power_dbm=-30.0)
        quick = ask(base, removed_sites=["east"], additions=[far], map=NAME, moving="T1")
        assert quick["delta"]["population"] == pytest.approx(served(rest, "population"), rel=1e-3)
        assert quick["delta"]["households"] == pytest.approx(served(rest, "households"), rel=1e-3)
        assert quick["map"]["cells"]["lost"] == rest["map"]["cells"]["lost"]


class TestHostileInputs:
    @pytest.mark.parametrize(
        ("inputs", "code"),
        [
            ({}, "whatif_nothing"),
            ({"additions": [mast()], "moving": "nobody"}, "whatif_moving"),
            ({"additions": [mast()], "moving": 7}, "json_member"),
            ({"additions": [mast()], "map": "all"}, "json_member"),
            ({"additions": [mast()], "map": {"technology": "6G"}}, "technology_unknown"),
            ({"additions": [mast()], "map": {"colour": "red"}}, "json_member"),
            ({"additions": [mast()], "preview": True}, "json_member"),
            ({"additions": [mast(height_m=float("nan"))]}, "json_member"),
            ({"additions": [mast(azimuths_deg=[0.0] * 13)]}, "json_member"),
        ],
    )
    def test_are_refused(self, inputs: dict[str, Any], code: str) -> None:
        with pytest.raises(InputError) as caught:
            read_question(inputs)
        assert caught.value.code == code

    def test_a_mast_off_the_grid_is_refused_in_both_ways(self, base: Baseline) -> None:
        for more in ({}, {"moving": "T1"}):
            with pytest.raises(InputError) as caught:
                ask(base, additions=[mast(lon_deg=0.0)], map=NAME, **more)
            assert caught.value.code == "mast_outside"

    def test_a_map_that_was_never_made_is_not_there(self, base: Baseline) -> None:
        with pytest.raises(NotFoundError):
            WhatIfDesk(base).picture("0" * 24)

    def test_an_unknown_mark_is_as_none(self, base: Baseline) -> None:
        answer = ask(base, additions=[mast()], map={**NAME, "against": "x" * 24})
        assert answer["map"]["against"] is None

    def test_nothing_changes_where_nobody_is_reached(self, base: Baseline) -> None:
        answer = ask(base, additions=[mast(power_dbm=-30.0)], map=NAME)
        assert answer["map"]["href"] is None
        assert answer["map"]["cells"] == {"new": 0, "kept": 0, "lost": 0}


class TestOverHttp:
    def test_the_answer_and_its_picture(self, client: httpx.Client) -> None:
        inputs = {"additions": [mast()], "map": NAME}
        answer = client.post("/processes/what-if/execution", json={"inputs": inputs}).json()
        got = client.get(f"/{answer['map']['href']}")
        assert got.headers["content-type"] == "image/png"
        assert "immutable" in got.headers["cache-control"]
        colours = picture(got.content)
        assert (colours[..., 3] > 0).any()

    @pytest.mark.parametrize("mark", ["0" * 24, "..%2f..%2fetc", "A" * 24, "x"])
    def test_pictures_that_are_none(self, client: httpx.Client, mark: str) -> None:
        assert client.get(f"/what-if/maps/{mark}").status_code in {400, 404}

    def test_what_a_mast_may_have(self, client: httpx.Client) -> None:
        record = client.get("/what-if").json()
        assert record["operators"][0] == "Viettel"
        bands = {(one["technology"], one["band"]): one for one in record["bands"]}
        assert bands["4G", "1800"]["on_air"] == ["Viettel"]
        assert bands["4G", "1800"]["power_dbm"] == 46.0
        assert record["costs"]["radio_mvnd"] > 0

    def test_readiness(self, client: httpx.Client) -> None:
        assert client.get("/what-if/readiness").json()["is_ready"] is True

    def test_who_is_served_today(self, client: httpx.Client, base: Baseline) -> None:
        x, y = tile_at(12, mast()["lon_deg"], mast()["lat_deg"])
        got = client.get(f"/what-if/standing/4G/all/tiles/WebMercatorQuad/12/{y}/{x}")
        share = (picture(got.content)[..., 3] > 0).mean()
        assert 0 < share < 1
        assert got.status_code == 200
        assert client.get(f"/what-if/standing/4G/all/tiles/WebMercatorQuad/12/{y}/0").status_code == 200
        assert_problem(
            client.get("/what-if/standing/6G/all/tiles/WebMercatorQuad/12/1/1"), 404, "coverage_unknown"
        )
        assert_problem(
            client.get("/what-if/standing/4G/all/tiles/WebMercatorQuad/2/9/9"), 404, "tile_out_of_range"
        )

    def test_comparing_at_once_equals_asking_one_by_one(self, client: httpx.Client) -> None:
        plan = {"name": "x", "additions": [mast()]}
        one = client.post("/processes/what-if/execution", json={"inputs": {"additions": [mast()]}}).json()
        both = client.post(
            "/processes/compare/execution",
            json={"inputs": {"scenarios": [plan]}},
            headers={"Prefer": "wait=30"},
        )
        assert both.status_code == 200
        assert both.json()["scenarios"][1]["figures"] == one["scenarios"][1]["figures"]
