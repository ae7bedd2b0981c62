"""Layers of signal for the map: their codes are what the stacks say, their figures what the results say."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import orjson
import pytest
from tests.app import worlds

from phusong.app.cli import run
from phusong.app.compute.budgets import load_budgets
from phusong.app.compute.published import run_dir, village_frame
from phusong.app.compute.rasters import ServiceRasters, service_rasters
from phusong.app.compute.signalmap import SignalMap
from phusong.app.settings import Settings
from phusong.app.signallayers import (
    MARGIN_ZERO_CODE,
    RATE_EDGES_MBIT_S,
    SERVER_EDGES,
    SHADES,
    SINR_EDGES_DB,
    LayerName,
    SignalLayers,
    layer_names,
    services_counted,
)
from phusong.app.study import Study, open_study
from phusong.coverage.method import method_from_dict
from phusong.geodata.crs import GEOGRAPHIC_EPSG
from phusong.geodata.tiles.gridcells import tile_cells
from phusong.geodata.tiles.mercator import tile_at

from .live_server import assert_problem, picture, serving

MASTS = {"west": (2500.0, 2500.0), "south": (3000.0, 9500.0), "east": (9000.0, 6000.0)}
ZOOMS = (9, 11, 13, 15)


def _cells(site: str, place: int) -> list[dict[str, Any]]:
    operator = "VNPT" if place == 1 else "Viettel"
    technologies = (("4G", 1842.5), ("4G", 942.5), ("5G", 2550.0))
    return [
        worlds.cell(
            f"{site}-{technology}-{frequency_mhz:.0f}-{azimuth}",
            site_id=site,
            operator=operator,
            technology=technology,
            frequency_mhz=frequency_mhz,
            azimuth_deg=float(azimuth),
            power_dbm=22.0,
        )
        for technology, frequency_mhz in technologies
        for azimuth in (0, 120, 240)
    ]


def _study(path: Path, *, threshold_dbm: float = -110.0) -> Study:
    method = {"max_radius_km": {"low": 6.0, "mid": 5.0, "high": 4.0}}
    store = worlds.empty_study(path, method=method)
    store.set_method(
        method_from_dict(
            {**store.method().as_dict(), "threshold_dbm": {"4G": threshold_dbm, "5G": threshold_dbm}}
        )
    )
    hills = np.random.default_rng(3).normal(0, 1, (worlds.SIDE_CELLS // 20, worlds.SIDE_CELLS // 20))
    worlds.put_terrain(store, 100 + 60 * np.kron(hills, np.ones((20, 20))))
    squares = [(613.0 + 5400 * col, 607.0 + 5400 * row) for row in range(2) for col in range(2)]
    worlds.put(
        store,
        "communes",
        [{"commune_code": f"{k:05d}", "name": f"Xã {k}"} for k in range(4)],
        [worlds.square(east_m, south_m, 5400) for east_m, south_m in squares],
    )
    people = np.random.default_rng(5).gamma(0.2, 4.0, (worlds.SIDE_CELLS, worlds.SIDE_CELLS))
    worlds.put_people(store, np.where(people > 2.0, people, 0.0))
    spots = [(1500.0 + 1800 * (k % 6), 1500.0 + 1800 * (k // 6)) for k in range(36)]
    rows = [
        {
            "village_id": f"v{k:02d}",
            "name": f"Thôn {k}",
            "commune_code": f"{2 * (s > 6007) + (e > 6013):05d}",
            "households": 40.0,
        }
        for k, (e, s) in enumerate(spots)
    ]
    worlds.put(store, "villages", rows, [worlds.point(*spot) for spot in spots])
    worlds.put(
        store, "sites", [{"site_id": name} for name in MASTS], [worlds.point(*at) for at in MASTS.values()]
    )
    cells = [cell for place, site in enumerate(MASTS) for cell in _cells(site, place)]
    worlds.put(store, "cells", cells, [worlds.point(*MASTS[cell["site_id"]]) for cell in cells])
    study = open_study(path)
    study.compute(mode="exact")
    return study


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    return _study(tmp_path_factory.mktemp("layers") / "study")


@pytest.fixture(scope="module")
def client(study: Study) -> Iterator[httpx.Client]:
    with serving(study.store.path) as address, httpx.Client(base_url=address, timeout=60) as client:
        yield client


@pytest.fixture(scope="module")
def layers(study: Study) -> SignalLayers:
    folder = run_dir(study.store)
    signal = SignalMap.load(study.store.results_dir, folder)
    return SignalLayers(signal, load_budgets(folder, study.results()["method"]))


def _rasters(layers: SignalLayers, name: LayerName) -> ServiceRasters:
    services = services_counted(layers.signal.services, name.technology, name.operator)
    return service_rasters(layers.signal, services, budgets=layers.budgets)


def _level_enough(layers: SignalLayers, rasters: ServiceRasters) -> np.ndarray:
    """Where the strongest server has the level that its own carrier needs."""
    needed = {cell: record.required_dbm for cell, record in _records(layers).items()}
    required = np.array([needed[cell.cell_id] for cell in layers.budgets.cells])
    with np.errstate(invalid="ignore"):
        return (rasters.server >= 0) & (rasters.rsrp_dbm + 1e-3 >= required[rasters.server])


def _records(layers: SignalLayers) -> dict[str, Any]:
    carriers = {
        (carrier.operator, carrier.technology, carrier.frequency_mhz): record
        for carrier, record in layers.signal.carriers.items()
    }
    return {
        cell.cell_id: carriers[cell.operator, cell.technology, cell.frequency_mhz]
        for cell in layers.budgets.cells
    }


def _expected(layers: SignalLayers, name: LayerName) -> np.ndarray:
    """Codes of a layer from the rasters of analysis, by another way."""
    rasters = _rasters(layers, name)
    enough = _level_enough(layers, rasters)
    if name.kind == "servers":
        return np.searchsorted(SERVER_EDGES, rasters.servers_above, side="right")
    if name.kind == "server":
        operators = sorted({operator for operator, _ in layers.signal.services})
        owner = np.array([operators.index(cell.operator) for cell in layers.budgets.cells])
        return np.where(enough, owner[rasters.server] * SHADES + rasters.server % SHADES + 1, 0)
    if name.kind == "sinr":
        return np.where(enough, np.searchsorted(SINR_EDGES_DB, rasters.sinr_db, side="right") + 1, 0)
    rates = np.searchsorted(RATE_EDGES_MBIT_S, rasters.throughput_mbit_s, side="right") + 1
    return np.where(enough, rates, 0)


def _grid_codes(layers: SignalLayers, name: LayerName) -> np.ndarray:
    codes = np.zeros(layers.signal.shape, dtype=np.uint8)
    for row0, col0, rows, cols in {block.window for block in layers.signal.blocks.values()}:
        codes[row0 : row0 + rows, col0 : col0 + cols] = layers.block(name, (row0, col0, rows, cols))
    return codes


@pytest.mark.parametrize("kind", ["server", "sinr", "throughput", "servers"])
@pytest.mark.parametrize("operator", ["all", "Viettel"])
def test_classes_are_those_of_the_rasters(layers: SignalLayers, kind: str, operator: str) -> None:
    name = LayerName(kind, "4G", operator)
    codes = _grid_codes(layers, name)
    assert len(np.unique(codes)) >= 3
    differing = codes != _expected(layers, name)
    # A level just at the requirement is judged in whole steps by one and in decibels by the other.
    assert differing.mean() < 2e-4


@pytest.mark.parametrize(("technology", "operator"), [("4G", "all"), ("5G", "Viettel"), ("4G", "VNPT")])
def test_a_margin_is_not_negative_exactly_where_the_service_serves(
    layers: SignalLayers, technology: str, operator: str
) -> None:
    name = LayerName("margin", technology, operator)
    served = _rasters(layers, name).served
    assert np.array_equal(_grid_codes(layers, name) >= MARGIN_ZERO_CODE, served)
    assert 0 < served.mean() < 1


def test_operators_are_counted_where_each_serves(layers: SignalLayers) -> None:
    count = sum(
        _rasters(layers, LayerName("margin", "4G", operator)).served.astype(int)
        for operator in layers.operators()
    )
    assert np.array_equal(_grid_codes(layers, LayerName("operators", "4G", "all")), count + 1)


@pytest.mark.parametrize("step", [2, 8, 64, 256])
def test_a_thinned_block_holds_the_middle_cells(layers: SignalLayers, step: int) -> None:
    name = LayerName("margin", "4G", "all")
    window = (256, 256, 144, 144)
    whole = layers.block(name, window)
    middle = np.minimum(np.arange(0, 144, step) + step // 2, 143)
    assert np.array_equal(layers.block(name, window, step), whole[np.ix_(middle, middle)])


@pytest.mark.parametrize("zoom", ZOOMS)
@pytest.mark.parametrize("layer", ["margin-4G-all", "server-4G-all", "operators-4G+5G-all"])
def test_tiles_hold_the_codes_of_the_cells_under_their_pixels(
    client: httpx.Client, layers: SignalLayers, study: Study, layer: str, zoom: int
) -> None:
    grid = study.store.grid()
    mast = study.store.table("sites").geometry.iloc[0]
    x, y = tile_at(zoom, mast.x + 0.002, mast.y)
    answer = client.get(f"/coverages/{layer}/tiles/WebMercatorQuad/{zoom}/{y}/{x}?form=codes")
    assert answer.headers["content-type"] == "image/png"
    found = picture(answer.content)[..., 0]
    cells = tile_cells(grid, zoom, x, y)
    assert cells is not None
    row, col = cells
    whole = _grid_codes(layers, layers.names()[layer])
    step = _thinning(study, zoom)
    at = [
        np.minimum(place // step * step + min(step, 4) // 2, size - 1)
        for place, size in zip((row, col), grid.shape, strict=True)
    ]
    expected = np.where(row >= 0, whole[at[0], at[1]], 0)
    assert len(np.unique(found)) >= 2
    assert np.array_equal(found, expected)


def _thinning(study: Study, zoom: int) -> int:
    """Cells to a pixel at the middle of the study, rounded down to a power of two; all of them if under 4."""
    _, south, _, north = study.store.table("communes").to_crs(GEOGRAPHIC_EPSG).total_bounds
    metres_a_pixel = 2 * np.pi * 6378137.0 / 256 / 2**zoom * np.cos(np.radians((south + north) / 2))
    step = 2 ** max(int(np.log2(metres_a_pixel / study.store.grid().cell_size_m)), 0)
    return step if step >= 4 else 1


def test_colours_of_a_tile_are_those_of_the_listed_classes(client: httpx.Client, study: Study) -> None:
    listed = {one["id"]: one for one in client.get("/coverages").json()["coverages"]}
    one = listed["sinr-4G-all"]
    west, south, east, north = study.store.table("communes").total_bounds
    x, y = tile_at(13, (west + east) / 2, (south + north) / 2)
    address = f"/coverages/sinr-4G-all/tiles/WebMercatorQuad/13/{y}/{x}"
    codes = picture(client.get(f"{address}?form=codes").content)[..., 0]
    colours = picture(client.get(address).content)
    for place in one["classes"]:
        here = codes == place["code"]
        told = [int(place["colour"][k : k + 2], 16) for k in (1, 3, 5)]
        assert (colours[here][:, :3] == told).all()
    assert (colours[codes == 0][:, 3] == 0).all()


@pytest.mark.parametrize("technology", ["4G", "5G", "4G+5G"])
@pytest.mark.parametrize("operator", ["all", "Viettel", "VNPT"])
def test_figures_at_the_threshold_are_those_of_the_results(
    client: httpx.Client, study: Study, technology: str, operator: str
) -> None:
    found = client.get(f"/coverages/margin-{technology}-{operator.lower()}/distribution").json()
    shares = study.results()["province"]["shares"][technology][operator]
    zero = found["zero_code"]
    assert found["people"][zero] == pytest.approx(shares["population"]["served"])
    assert found["households"][zero] == pytest.approx(shares["households"]["served"])
    assert found["area_km2"][zero] == pytest.approx(shares["area"]["served"])
    assert found["people"][0] == pytest.approx(shares["population"]["total"])
    assert found["area_km2"][0] == pytest.approx(shares["area"]["total"])
    for figure in ("people", "households", "area_km2"):
        assert (np.diff(found[figure]) <= 1e-9).all()


def test_figures_at_another_threshold_are_those_of_a_study_computed_with_it(
    client: httpx.Client, tmp_path: Path
) -> None:
    found = client.get("/coverages/margin-4G-all/distribution").json()
    stricter = _study(tmp_path / "stricter", threshold_dbm=-102.0).results()
    shares = stricter["province"]["shares"]["4G"]["all"]
    code = found["zero_code"] + 8 * found["codes_per_db"]
    assert shares["population"]["served"] < found["people"][found["zero_code"]]
    assert found["people"][code] == pytest.approx(shares["population"]["served"])
    assert found["households"][code] == pytest.approx(shares["households"]["served"])
    assert found["area_km2"][code] == pytest.approx(shares["area"]["served"])


def test_figures_are_kept_in_the_run(client: httpx.Client, study: Study) -> None:
    first = client.get("/coverages/servers-4G-all/distribution").json()
    kept = run_dir(study.store) / "distribution-servers-4G-all.json"
    assert kept.exists()
    assert client.get("/coverages/servers-4G-all/distribution").json() == first


def test_the_cluster_of_a_village_is_the_one_its_status_counts(client: httpx.Client, study: Study) -> None:
    frame = village_frame(study.store)
    known = frame[frame["status"] != "unknown"]
    assert set(known["status"]) >= {"patchy"}
    for row in known.to_dict("records"):
        found = client.get(f"/villages/{row['village_id']}/cluster").json()
        largest = row["largest_unserved_cluster_households"]
        assert (found["households"] or 0.0) == pytest.approx(largest, abs=1e-9)
        assert found["households_unserved"] == pytest.approx(row["households_left_out"], abs=1e-9)
        assert (found["cluster"] is None) == (found["households_unserved"] < 1e-12)


def test_the_strongest_mast_of_a_cluster_is_the_strongest_at_its_place(
    client: httpx.Client, study: Study
) -> None:
    patchy = village_frame(study.store).query("status == 'patchy'")["village_id"].iloc[0]
    found = client.get(f"/villages/{patchy}/cluster").json()
    levels = client.get("/point", params=found["place"]).json()["layers"]
    best = max((one for one in levels if one["rsrp_dbm"] is not None), key=lambda one: one["rsrp_dbm"])
    assert found["strongest"]["cell_id"] == best["cell_id"]
    assert found["strongest"]["rsrp_dbm"] == pytest.approx(best["rsrp_dbm"])
    assert not any(one["is_served"] for one in levels)
    assert found["reason"]["code"] in {"terrain", "too_far", "weak", "interference"}


def test_a_place_without_service_gets_a_reason(client: httpx.Client, study: Study) -> None:
    patchy = village_frame(study.store).query("status == 'patchy'")["village_id"].iloc[0]
    place = client.get(f"/villages/{patchy}/cluster").json()["place"]
    dark = client.get("/point/reason", params=place).json()
    assert dark["is_served"] is False
    assert dark["reason"]["code"] in {"terrain", "too_far", "weak", "interference"}
    centre = village_frame(study.store).query("status != 'white'").geometry.iloc[0]
    lit = client.get("/point/reason", params={"lon": centre.x, "lat": centre.y}).json()
    assert lit["is_served"] is True
    assert lit["reason"] is None


def test_a_path_between_two_points_adds_up_and_runs_both_ways(client: httpx.Client, study: Study) -> None:
    one, other = study.store.table("sites").geometry.iloc[[0, 2]]
    ends = {"from_lon": one.x, "from_lat": one.y, "to_lon": other.x, "to_lat": other.y}
    there = client.get("/profile/points", params={**ends, "from_height_m": 40, "to_height_m": 12}).json()
    back = {"from_lon": other.x, "from_lat": other.y, "to_lon": one.x, "to_lat": one.y}
    again = client.get("/profile/points", params={**back, "from_height_m": 12, "to_height_m": 40}).json()
    parts = [value for name, value in there["loss_db"].items() if name != "total"]
    assert sum(parts) == pytest.approx(there["loss_db"]["total"], abs=1e-6)
    assert there["loss_db"]["total"] == pytest.approx(again["loss_db"]["total"], abs=0.05)
    assert there["ends"][0]["height_m"] == 40
    assert there["sight_m"][0] - there["ground_m"][0] == pytest.approx(40, abs=1e-6)


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/coverages/rsrp-4G-all/distribution", 404, "coverage_unknown"),
        ("/coverages/margin-6G-all/distribution", 404, "coverage_unknown"),
        ("/coverages/margin-4G-all'--/distribution", 404, "coverage_unknown"),
        ("/coverages/hillshade/distribution", 404, "coverage_unknown"),
        ("/villages/%3Cscript%3E/cluster", 404, "village_unknown"),
        ("/profile/points?from_lon=105&from_lat=19.8&to_lon=105&to_lat=19.8", 400, "place_outside"),
        ("/profile/points?from_lon=0&from_lat=0&to_lon=1&to_lat=1", 400, "place_outside"),
    ],
)
def test_what_does_not_exist_is_a_problem(client: httpx.Client, path: str, status: int, code: str) -> None:
    assert_problem(client.get(path), status, code)


@pytest.mark.parametrize(
    "path",
    [
        "/coverages/margin-4G-all/tiles/WebMercatorQuad/12/1/1?form=gold",
        "/profile/points?from_lon=nan&from_lat=1&to_lon=1&to_lat=1",
        "/profile/points?from_lon=1&from_lat=1&to_lon=1",
        "/profile/points?from_lon=1&from_lat=1&to_lon=1&to_lat=1&from_height_m=-3",
        "/profile/points?from_lon=1&from_lat=1&to_lon=1&to_lat=1&frequency_mhz=inf",
        "/point/reason?lon=200&lat=1",
        f"/villages/{'x' * 300}/cluster",
    ],
)
def test_hostile_parameters_are_refused(client: httpx.Client, path: str) -> None:
    answer = client.get(path)
    assert 400 <= answer.status_code < 500
    assert answer.headers["content-type"].startswith("application/problem+json")


def test_a_place_outside_the_study_is_not_served_for_want_of_data(client: httpx.Client) -> None:
    found = client.get("/point/reason", params={"lon": 0.0, "lat": 0.0})
    assert found.status_code == 200
    assert found.json()["is_served"] is False


def test_every_layer_belongs_to_a_service() -> None:
    names = layer_names([("Viettel", "4G"), ("VNPT", "5G")])
    assert "margin-4G-viettel" in names
    assert "margin-4G-vnpt" not in names
    assert "server-4G+5G-all" not in names
    assert all(name == one.id for name, one in names.items())


def test_the_command_line_says_of_a_signal_gap_what_the_page_says(
    client: httpx.Client, study: Study, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["villages", "--study", str(study.store.path), "--status", "patchy"]
    assert run([*asked, "--json"], Settings(lang="vi")) == 0
    villages = orjson.loads(capsys.readouterr().out)["villages"]
    assert villages
    for village in villages:
        found = client.get(f"/villages/{village['village_id']}/cluster").json()
        assert village["cluster"]["reason"] == found["reason"]
        assert village["cluster"]["households"] == pytest.approx(found["households"])
    assert run(asked, Settings(lang="vi")) == 0
    told = capsys.readouterr().out
    assert told.count("hộ chưa có.") == len(villages) and told.count("dBm") >= len(villages)


def test_a_commune_is_asked_for_by_name_and_an_unknown_one_is_an_error(
    study: Study, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = [
        "villages",
        "--study",
        str(study.store.path),
        "--status",
        "patchy",
        "--status",
        "white",
        "--json",
    ]
    assert run([*asked, "--commune", "xa 1"], Settings(lang="vi")) == 0
    by_name = orjson.loads(capsys.readouterr().out)
    assert run([*asked, "--commune", "00001"], Settings(lang="vi")) == 0
    assert orjson.loads(capsys.readouterr().out)["villages"] == by_name["villages"]
    assert {one["commune_code"] for one in by_name["villages"]} <= {"00001"}
    assert run([*asked, "--commune", "Xã 9"], Settings(lang="vi")) == 1
    assert "không" in capsys.readouterr().err.lower()
