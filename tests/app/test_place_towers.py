"""Plans for towers on small worlds: the right place, the least cost, and maps that give what was claimed."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.app import worlds

from phusong.app.cli import run
from phusong.app.compute.whatif import Change
from phusong.app.planning.asking import read_costs, tower_request
from phusong.app.planning.checking import plan_cells
from phusong.app.planning.demand import cell_amounts
from phusong.app.planning.settings import CandidateSettings, TowerRequest
from phusong.app.planning.towers import TowerPlan, plan_towers
from phusong.app.planning.writing import place_study_towers
from phusong.app.scenarios import scenario_store
from phusong.app.settings import Settings
from phusong.app.study import Study, open_study
from phusong.coverage.errors import InputError, PlacementError
from phusong.coverage.placement.costs import CostModel

SUMMIT = (6000.0, 6000.0)
VILLAGES = {
    "served": (2000.0, 2500.0),
    "west": (4700.0, 6000.0),
    "east": (7300.0, 6000.0),
    "far": (11_400.0, 11_400.0),
}
MASTS = {"own": ("Viettel", (2000.0, 2000.0)), "other": ("VNPT", (10_000.0, 10_000.0))}


def _ridge() -> np.ndarray:
    """A steep ridge from north to south with one summit."""
    south, east = np.mgrid[: worlds.SIDE_CELLS, : worlds.SIDE_CELLS] * worlds.CELL_M + worlds.CELL_M / 2
    crest = 350.0 + 60.0 * np.exp(-(((south - SUMMIT[1]) / 400.0) ** 2))
    return 50.0 + crest * np.exp(-(((east - SUMMIT[0]) / 350.0) ** 2))


def _study(path: Path) -> Study:
    store = worlds.empty_study(path, method={"max_radius_km": {"mid": 6.0}})
    worlds.put_terrain(store, _ridge())
    worlds.put(
        store,
        "communes",
        [{"commune_code": f"{k:05d}", "name": f"Xã {k}"} for k in range(2)],
        _halves(),
    )
    people = np.zeros((worlds.SIDE_CELLS, worlds.SIDE_CELLS))
    for east_m, south_m in VILLAGES.values():
        row, col = int(south_m // worlds.CELL_M), int(east_m // worlds.CELL_M)
        people[row - 3 : row + 4, col - 3 : col + 4] = 4.0
    worlds.put_people(store, people)
    worlds.put(
        store,
        "villages",
        [
            {
                "village_id": name,
                "name": f"Thôn {name}",
                "commune_code": f"{int(at[0] > 6000):05d}",
                "households": 50.0,
            }
            for name, at in VILLAGES.items()
        ],
        [worlds.point(*at) for at in VILLAGES.values()],
    )
    worlds.put(
        store,
        "sites",
        [{"site_id": name, "has_fibre": True, "mast_height_m": 35.0} for name in MASTS],
        [worlds.point(*at) for _, at in MASTS.values()],
    )
    # So weak that each mast serves its own surroundings only.
    rows = [
        worlds.cell(name, operator=operator, power_dbm=30.0 if name == "own" else -20.0)
        for name, (operator, _) in MASTS.items()
    ]
    worlds.put(store, "cells", rows, [worlds.point(*MASTS[row["site_id"]][1]) for row in rows])
    study = open_study(path)
    study.compute(mode="exact")
    return study


def _halves() -> list[Any]:
    whole = worlds.square(0, 0, 12_000)
    west = worlds.square(0, 0, 6_000).union(worlds.square(0, 6_000, 6_000))
    return [west, whole.difference(west)]


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    return _study(tmp_path_factory.mktemp("towers") / "study")


def _request(**asked: Any) -> TowerRequest:
    settings = {"grid_step_m": 3_000.0, "sources": ("site", "hilltop", "settlement", "grid")}
    settings |= asked.pop("settings", {})
    plain = {"target": "villages", "heights_m": (30.0,), "bands": ("1800",)}
    plain |= {"operator": "Viettel", "time_limit_s": 20.0}
    return TowerRequest(**{**plain, **asked, "candidates": CandidateSettings(**settings)})


def _plan(study: Study, **asked: Any) -> TowerPlan:
    return plan_towers(study.store, _request(**asked))


def _villages_of(plan: TowerPlan) -> list[str]:
    names = sorted(VILLAGES)
    return [names[int(k)] for k in plan.found.demand.village_index]


def test_the_summit_is_chosen_because_it_alone_sees_both_sides(study: Study) -> None:
    plan = _plan(study, sites=1, means=("mast",), settings={"sources": ("hilltop", "settlement")})
    assert sorted(_villages_of(plan)) == ["east", "far", "west"]
    [chosen] = plan.answer.chosen.tolist()
    option = plan.found.options[chosen]
    assert plan.found.places.source[option.place] == "hilltop"
    x_m, y_m = worlds.at(*SUMMIT)
    assert np.hypot(option.cells[0].x_m - x_m, option.cells[0].y_m - y_m) < 100.0
    assert plan.answer.status == "proved"
    assert plan.answer.value == 3.0
    assert max(row.size for row in plan.found.served.rows) == 2


def test_the_claim_is_what_the_computed_study_gives(study: Study, tmp_path: Path) -> None:
    plan = _plan(study, reach_percent="all")
    claimed = plan.answer.served_weight - plan.found.demand.served_weight
    assert claimed == plan.truth.added_weight == 3.0
    assert plan.together.all()
    after = _study(tmp_path / "after")
    cells = after.store.table("cells").to_crs(epsg=worlds.EPSG)
    rows, places = cells.drop(columns="geometry").to_dict("records"), list(cells.geometry)
    for number, chosen in enumerate(plan.answer.chosen.tolist()):
        for sector, cell in enumerate(plan.found.options[chosen].cells):
            told = worlds.cell(f"new-{number}-{sector}")
            rows.append({name: getattr(cell, name, told[name]) for name in told})
            rows[-1] |= {"cell_id": f"new-{number}-{sector}", "site_id": f"new-{number}"}
            places.append(worlds.point(cell.x_m - worlds.LEFT_M, worlds.TOP_M - cell.y_m))
    worlds.put(after.store, "cells", rows, places)
    after.compute(mode="exact")
    assert {one["status"] for one in after.villages()["villages"]} == {"served"}


def test_least_cost_and_most_villages_equal_trying_everything(study: Study) -> None:
    few = {"sources": ("hilltop", "settlement"), "hilltop_reach_m": 20_000.0}
    plan = _plan(study, reach_percent="all", settings=few)
    rows = [set(row.tolist()) for row in plan.found.served.rows]
    cost = [parts.total_mvnd for parts, _ in plan.found.prices]
    useful = [k for k, row in enumerate(rows) if row]
    assert 2 <= len(useful) <= 12
    subsets = [part for size in range(4) for part in itertools.combinations(useful, size)]
    whole = set().union(*rows)

    def served(part: tuple[int, ...]) -> int:
        return len(set().union(*(rows[k] for k in part)))

    cheapest = min(sum(cost[k] for k in part) for part in subsets if served(part) == len(whole))
    assert plan.answer.cost == pytest.approx(cheapest)
    budget = cheapest * 0.7
    most = max(served(part) for part in subsets if sum(cost[k] for k in part) <= budget)
    bought = _plan(study, budget_mvnd=budget, settings=few)
    assert bought.answer.value - bought.found.demand.served_weight == most
    assert bought.answer.cost <= budget


def test_a_shared_mast_is_preferred_because_it_costs_less(study: Study) -> None:
    options = {"settings": {"sources": ("site", "settlement")}, "reach_percent": "all"}
    shared = _plan(study, **options)
    means = [shared.found.options[k].means for k in shared.answer.chosen.tolist()]
    assert means.count("colocation") == 1
    dear = _plan(study, **options, costs=CostModel(colocation_mvnd=5_000.0))
    assert "colocation" not in [dear.found.options[k].means for k in dear.answer.chosen.tolist()]
    assert dear.answer.served_weight == shared.answer.served_weight
    assert dear.answer.cost > shared.answer.cost


def test_nothing_is_built_for_no_money(study: Study) -> None:
    plan = _plan(study, budget_mvnd=0.0)
    assert plan.answer.chosen.size == 0
    assert (plan.answer.value, plan.answer.bound, plan.answer.status) == (1.0, 1.0, "proved")
    assert plan.truth.added_weight == 0.0


def test_a_share_that_stands_already_costs_nothing(study: Study) -> None:
    plan = _plan(study, reach_percent=25.0)
    assert (plan.answer.chosen.size, plan.answer.cost) == (0, 0.0)


def test_a_share_out_of_reach_is_refused_with_what_can_be_reached(study: Study) -> None:
    few = {"sources": ("settlement",), "near_reach_m": 0.0}
    with pytest.raises(PlacementError) as refused:
        _plan(study, reach_percent=100.0, means=("sector",), settings=few)
    assert refused.value.code == "tower_unreachable"
    assert refused.value.parameters == {"asked": 100.0, "most": 25.0}


def test_a_limit_of_no_new_site_leaves_every_village_as_it_was(study: Study) -> None:
    plan = _plan(study, sites=5, per_commune=0)
    assert [plan.found.options[k].means for k in plan.answer.chosen.tolist()].count("mast") == 0


def test_nothing_is_built_in_an_excluded_area(study: Study) -> None:
    import geopandas as gpd

    area = gpd.GeoSeries([worlds.point(*SUMMIT).buffer(1_500.0)], crs=f"EPSG:{worlds.EPSG}").to_crs(epsg=4326)
    plan = _plan(study, sites=2, means=("mast",), excluded=area.iloc[0])
    assert plan.found.places.dropped["excluded"] >= 1
    x_m, y_m = worlds.at(*SUMMIT)
    for chosen in plan.answer.chosen.tolist():
        cell = plan.found.options[chosen].cells[0]
        assert np.hypot(cell.x_m - x_m, cell.y_m - y_m) > 1_490.0


def test_people_and_households_are_counted_by_the_cells_they_live_in(study: Study) -> None:
    people = _plan(study, sites=1, target="people")
    assert people.answer.served_weight - people.found.demand.served_weight == pytest.approx(
        people.truth.added_weight, rel=1e-9
    )
    assert people.found.demand.weight.sum() == pytest.approx(3 * 49 * 4.0)
    homes = _plan(study, sites=1, target="households")
    assert homes.found.demand.weight.sum() == pytest.approx(150.0)
    assert homes.truth.added_weight == pytest.approx(
        homes.answer.served_weight - homes.found.demand.served_weight, rel=1e-9
    )


@pytest.mark.parametrize("target", ["people", "households"])
def test_maps_with_a_plan_win_what_was_claimed_less_what_new_cells_disturb(study: Study, target: str) -> None:
    plan = _plan(study, sites=1, target=target)
    base, chosen = plan.base, [plan.found.options[k] for k in plan.answer.chosen.tolist()]
    moved = base.moved(Change(added=plan_cells(chosen)))
    change = moved.shift.change(plan.found.goal.mask(moved.services))
    amount = cell_amounts(base.inputs, base.world, base.settlements, target=target).ravel()
    won, lost = (float(amount[moved.shift.place[change == sign]].sum()) for sign in (1, -1))
    assert plan.truth.lost_weight == pytest.approx(lost)
    assert plan.truth.added_weight == pytest.approx(won - lost)
    assert won == pytest.approx(plan.found.demand.weight[plan.together].sum())


def test_many_cells_are_judged_by_the_heaviest_of_each_square(
    study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("phusong.app.planning.demand.MOST_PIXELS", 40)
    plan = _plan(study, sites=1, target="people")
    assert plan.found.demand.block == 2
    assert plan.found.demand.pixel.size < 3 * 49
    assert plan.found.demand.weight.sum() == pytest.approx(3 * 49 * 4.0)


def test_a_second_question_reads_what_the_first_worked_out(study: Study) -> None:
    first = _plan(study, sites=2)
    second = _plan(study, sites=2)
    assert second.found.served.computed == 0
    assert second.answer.chosen.tolist() == first.answer.chosen.tolist()


def test_the_plan_is_written_and_kept_as_a_scenario(study: Study, tmp_path: Path) -> None:
    request = _request(budget_mvnd=5_000.0, yearly_budgets_mvnd=(1_500.0, 3_500.0))
    told = place_study_towers(study.store, request, to=tmp_path / "plan.geojson", scenario="Phương án A")
    written = json.loads((tmp_path / "plan.geojson").read_text())
    assert len(written["features"]) == len(told["picks"]) > 0
    kept = scenario_store(study.store).load("Phương án A").scenario
    assert sum(one.cost_mvnd or 0.0 for one in kept.additions) == pytest.approx(told["cost_mvnd"])
    years = told["phases"]["years"]
    assert all(year["cost_mvnd"] <= year["budget_mvnd"] for year in years)
    assert years[0]["served"] <= years[1]["served"]
    assert told["curve"][-1]["served"] == told["value"]
    assert told["method"]["placement"]["assumed_costs"]


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({}, "tower_goal_one"),
        ({"sites": 1, "budget_mvnd": 1.0}, "tower_goal_one"),
        ({"sites": -1}, "tower_range"),
        ({"budget_mvnd": float("nan")}, "tower_range"),
        ({"sites": 1, "heights": "30,x"}, "number_text"),
        ({"sites": 1, "means": "balloon"}, "tower_choice"),
        ({"sites": 1, "target": "cows"}, "tower_choice"),
        ({"reach": "150"}, "percent_range"),
        ({"reach": "0,9"}, "percent_fraction"),
        ({"sites": 1, "bands": "purple"}, "band_unknown"),
        ({"sites": 1, "most_places": 0}, "tower_range"),
    ],
)
def test_questions_that_make_no_sense_are_refused(asked: dict[str, Any], code: str) -> None:
    with pytest.raises(InputError) as refused:
        tower_request(**asked)
    assert refused.value.code == code


def test_a_file_of_costs_is_checked(tmp_path: Path) -> None:
    file = tmp_path / "costs.json"
    file.write_text('{"power_mvnd": 90}')
    model, assumed = read_costs(file)
    assert model.power_mvnd == 90
    assert "radio_mvnd" in assumed
    file.write_text("[1]")
    with pytest.raises(InputError) as refused:
        read_costs(file)
    assert refused.value.code == "cost_file"
    file.write_text('{"power_mvnd": 90,\n  oops}')
    with pytest.raises(InputError) as refused:
        read_costs(file)
    assert refused.value.code == "json_broken"
    assert (refused.value.parameters["row"], refused.value.parameters["column"]) == (2, 3)


def test_households_count_where_nobody_says_what_does() -> None:
    assert tower_request(sites=1).target == TowerRequest(sites=1).target == "households"


def test_the_command_prints_one_object(
    study: Study, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    area = tmp_path / "area.geojson"
    shape = {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 0]]]}
    area.write_text(
        json.dumps(
            {
                "type": "FeatureCollection",
                "features": [{"type": "Feature", "properties": {}, "geometry": shape}],
            }
        )
    )
    words = "place towers --sites 1 --target villages --heights 30 --bands 1800 --operator Viettel"
    words += " --sources hilltop --json"
    arguments = [*words.split(), "--study", str(study.store.path), "--exclude", str(area)]
    assert run(arguments, Settings(lang="en")) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["served"]["after"] == 3.0
    assert told["check"]["difference"] == 0.0
    assert told["check"]["lost"] == 0.0
    assert told["picks"][0]["source"] == "hilltop"
    assert told["status"] == "proved"


def test_a_long_plan_says_how_much_of_it_is_listed_and_who_builds(
    study: Study, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("phusong.app.commands.towering.LISTED", 1)
    file = tmp_path / "plan.csv"
    words = "place towers --sites 2 --target villages --heights 30 --bands 1800 --operator Viettel"
    arguments = [*words.split(), "--sources", "hilltop,settlement", "--places", "60", "--to", str(file)]
    assert run([*arguments, "--study", str(study.store.path)], Settings(lang="vi")) == 0
    spoken = capsys.readouterr()
    assert "Nhà mạng xây: Viettel" in spoken.out
    assert "1 trong 2 hạng mục" in spoken.out and "--to TỆP" in spoken.out
    assert "kịch bản" not in spoken.out and "phương án" not in spoken.out
    assert str(file) in spoken.err and file.exists()
