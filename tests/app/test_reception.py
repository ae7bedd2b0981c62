"""What a place gives, against figures worked out by hand and by brute force."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from scipy.special import ndtr
from tests.app import worlds

from phusong.app.cli import run
from phusong.app.compute.rasters import LAYERS
from phusong.app.coveragefiles import FORMS
from phusong.app.settings import Settings
from phusong.app.study import Study, open_study
from phusong.coverage.errors import InputError, NotFoundError
from phusong.coverage.method import INDOOR_CLASSES

# East and south of the corner in metres, power in dBm, carrier in MHz, operator, technology. An isotropic
# antenna is told by a vertical beam as wide as can be.
MASTS = [
    ("a", 3000, 3000, 46.0, 1800.0, "Viettel", "4G"),
    ("b", 9000, 3000, 43.0, 1800.0, "Viettel", "4G"),
    ("c", 6000, 9000, 46.0, 1800.0, "Viettel", "4G"),
    ("d", 3000, 9000, 40.0, 900.0, "Viettel", "4G"),
    ("e", 9000, 9000, 46.0, 900.0, "Viettel", "4G"),
    ("f", 6000, 6000, 49.0, 3750.0, "VNPT", "5G"),
]
SPOTS = [(4515.0, 6015.0), (6015.0, 3015.0), (9015.0, 7515.0), (7515.0, 9315.0), (2015.0, 1015.0)]
METHOD = {"model": "free_space", "min_sinr_db": None, "location_probability": 0.9, "location_sigma_db": 6.0}
NOISE_DBM = 10 * math.log10(1.380649e-23 * 290.0 * 15e3 * 1e3) + 7.0


def make(path: Path, masts: list[tuple[Any, ...]], **method: Any) -> Study:
    """A plain with masts on it, computed."""
    store = worlds.empty_study(path, method={**METHOD, **method})
    worlds.put_terrain(store)
    worlds.put(
        store,
        "communes",
        [{"commune_code": "00001", "name": "Xã Đồng Bằng", "kind": "xã", "population": 100}],
        [worlds.square(600, 600, 9000)],
    )
    points = [worlds.point(east_m, south_m) for _, east_m, south_m, *_ in masts]
    worlds.put(store, "sites", [{"site_id": mast[0]} for mast in masts], points)
    cells = [
        worlds.cell(
            name,
            power_dbm=power_dbm,
            frequency_mhz=mhz,
            operator=operator,
            technology=technology,
            vertical_beamwidth_deg=360.0,
            bandwidth_mhz=100.0 if technology == "5G" else 20.0,
        )
        for name, _, _, power_dbm, mhz, operator, technology in masts
    ]
    worlds.put(store, "cells", cells, points)
    study = open_study(path)
    study.compute()
    return study


def ask(study: Study, east_m: float, south_m: float) -> dict[tuple[str, str], dict[str, Any]]:
    """Answers of a point by operator and technology."""
    x_m, y_m = worlds.at(east_m, south_m)
    grid = study.store.grid()
    import pyproj

    back = pyproj.Transformer.from_crs(grid.epsg, 4326, always_xy=True)
    lon_deg, lat_deg = back.transform(x_m, y_m)
    layers = study.point(lon_deg=lon_deg, lat_deg=lat_deg)["layers"]
    return {(one["operator"], one["technology"]): one for one in layers}


def rsrp_dbm(mast: tuple[Any, ...], east_m: float, south_m: float) -> float:
    """Level of an isotropic antenna in free space at 1.5 m."""
    _, x_m, y_m, power_dbm, mhz, _, technology = mast
    elements = 12 * (273 if technology == "5G" else 100)
    slant_m = math.hypot(east_m - x_m, south_m - y_m, 30.0 - 1.5)
    loss_db = 20 * math.log10(4 * math.pi * slant_m * mhz * 1e6 / 299_792_458)
    return power_dbm - 10 * math.log10(elements) - loss_db


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    return make(tmp_path_factory.mktemp("reception") / "study", MASTS)


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Study:
    return make(tmp_path_factory.mktemp("alone") / "study", MASTS[:1])


def test_one_mast_in_free_space_is_known_by_hand(alone: Study) -> None:
    # Centre of a cell of the grid, 5,015 m east of the mast: 46 - 30.79 - 111.55 dBm.
    found = ask(alone, 8025.0, 3015.0)["Viettel", "4G"]
    level_dbm = rsrp_dbm(MASTS[0], 8025.0, 3015.0)
    assert level_dbm == pytest.approx(-96.35, abs=0.05)
    assert found["rsrp_dbm"] == pytest.approx(level_dbm, abs=0.06)
    # Alone: signal over noise, -174 dBm/Hz + 41.8 dB + 7 dB.
    assert pytest.approx(-125.2, abs=0.05) == NOISE_DBM
    assert found["sinr_db"] == pytest.approx(level_dbm - NOISE_DBM, abs=0.06)
    # Half load: of a block's twelve elements two pilots and half of ten others, and noise in all.
    noise = 10 ** ((NOISE_DBM - level_dbm) / 10)
    assert found["rsrq_db"] == pytest.approx(-10 * math.log10(7 + 12 * noise), abs=0.06)
    # 25.9 dB for each of two streams is over the limit: 2 x 4.39 bit/s/Hz of 18 MHz, a quarter overhead.
    assert found["throughput_mbit_s"] == pytest.approx(2 * 0.6 * math.log2(1 + 10**2.2) * 18 * 0.75, abs=0.1)
    # 10 % of places lie 1.2816 sigma under the median.
    assert found["required_dbm"] == pytest.approx(-110 + 1.2816 * 6.0, abs=0.06)
    assert found["location_probability"] == pytest.approx(ndtr((level_dbm + 110) / 6.0), abs=0.002)
    # 142.6 dB for 17.5 dBi (uplink_limited_loss_db) is 125.1 dB for 0 dBi; the path loses 111.55 dB.
    assert found["uplink_margin_db"] == pytest.approx(142.55 - 17.5 - 111.55, abs=0.1)
    assert [one["cell_id"] for one in found["servers"]] == ["a"]
    assert found["servers_above_threshold"] == 1 and found["is_served"] is True


def test_indoors_is_judged_after_the_loss_of_entering(alone: Study) -> None:
    near, far = ask(alone, 4005.0, 3015.0)["Viettel", "4G"], ask(alone, 8025.0, 3015.0)["Viettel", "4G"]
    assert near["indoor"]["traditional"] == {"is_served": True, "entry_loss_db": 14.8}
    assert far["indoor"]["traditional"]["is_served"] is False
    for found in (near, far):
        for inside in found["indoor"].values():
            margin_db = found["rsrp_dbm"] - found["required_dbm"] - inside["entry_loss_db"]
            assert inside["is_served"] == (margin_db >= 0)


@pytest.mark.parametrize("spot", SPOTS)
def test_three_best_servers_equal_brute_force(study: Study, spot: tuple[float, float]) -> None:
    found = ask(study, *spot)["Viettel", "4G"]
    levels = sorted(
        ((rsrp_dbm(mast, *spot), mast[0]) for mast in MASTS if mast[5] == "Viettel"), reverse=True
    )
    assert [one["cell_id"] for one in found["servers"]] == [name for _, name in levels[:3]]
    for one, (level_dbm, _) in zip(found["servers"], levels, strict=False):
        assert one["rsrp_dbm"] == pytest.approx(level_dbm, abs=0.06)
    assert found["cell_id"] == found["servers"][0]["cell_id"]
    required_dbm = -110 + 1.2816 * 6.0
    assert found["servers_above_threshold"] == sum(level_dbm >= required_dbm for level_dbm, _ in levels)


@pytest.mark.parametrize("spot", SPOTS)
def test_interference_is_that_of_the_servers_own_carrier(study: Study, spot: tuple[float, float]) -> None:
    found = ask(study, *spot)["Viettel", "4G"]
    best = max((mast for mast in MASTS if mast[5] == "Viettel"), key=lambda mast: rsrp_dbm(mast, *spot))
    others = [
        10 ** (rsrp_dbm(mast, *spot) / 10)
        for mast in MASTS
        if mast[4] == best[4] and mast[5] == "Viettel" and mast is not best
    ]
    own = 10 ** (rsrp_dbm(best, *spot) / 10)
    noise = 10 ** (NOISE_DBM / 10)
    assert found["sinr_db"] == pytest.approx(10 * math.log10(own / (0.5 * sum(others) + noise)), abs=0.06)
    block = 7 * (own + sum(others)) + 12 * noise
    assert found["rsrq_db"] == pytest.approx(10 * math.log10(own / block), abs=0.06)


def test_point_and_rasters_agree(study: Study) -> None:
    names = {
        "rsrp_dbm": "rsrp",
        "sinr_db": "sinr",
        "rsrq_db": "rsrq",
        "throughput_mbit_s": "throughput",
        "uplink_margin_db": "uplink",
        "location_probability": "probability",
        "servers_above_threshold": "servers",
        "is_served": "served",
    }
    for operator, technology in (("Viettel", "4G"), ("VNPT", "5G")):
        layers = study.coverage(technology, operator).layers
        for east_m, south_m in SPOTS:
            found = ask(study, east_m, south_m)[operator, technology]
            row, col = study.store.grid().row_col(*worlds.at(east_m, south_m))
            for key, name in names.items():
                tolerance = 0.0006 if key == "location_probability" else 0.06
                assert float(layers[name][row, col]) == pytest.approx(float(found[key]), abs=tolerance), key
            assert MASTS[int(layers["server"][row, col])][0] == found["cell_id"]


def test_served_is_where_the_probability_suffices(study: Study) -> None:
    rasters = study.coverage("4G", "Viettel")
    assert rasters.served.any() and not rasters.served.all()
    edge = np.abs(np.nan_to_num(rasters.location_probability, nan=0.0) - 0.9) < 1e-4
    assert (rasters.served == (rasters.location_probability >= 0.9))[~edge].all()
    assert (rasters.servers_above[rasters.served] >= 1).all()
    assert (np.isnan(rasters.throughput_mbit_s) == (rasters.server < 0)).all()


def test_operators_together_are_served_where_any_is(tmp_path: Path) -> None:
    both = [MASTS[0], ("b", 9000, 3000, 43.0, 2100.0, "VNPT", "4G")]
    study = make(tmp_path / "study", both)
    union, one, two = (study.coverage("4G", who) for who in ("all", "Viettel", "VNPT"))
    assert (union.served == (one.served | two.served)).all()
    assert (union.servers_above == one.servers_above + two.servers_above).all()
    best = np.fmax(one.location_probability, two.location_probability)
    assert np.array_equal(union.location_probability, best, equal_nan=True)
    stronger = one.rsrp_dbm > two.rsrp_dbm  # of equal levels the first by name counts: VNPT
    for name in ("rsrp", "sinr", "rsrq", "throughput", "uplink", "server"):
        expected = np.where(stronger, one.layers[name], two.layers[name])
        assert np.array_equal(union.layers[name], expected, equal_nan=name != "server"), name


def test_more_load_is_never_better(study: Study, tmp_path: Path) -> None:
    busy = make(tmp_path / "busy", MASTS, load=1.0)
    half, full = study.coverage("4G", "Viettel"), busy.coverage("4G", "Viettel")
    known = np.isfinite(half.sinr_db)
    for name in ("sinr", "rsrq", "throughput"):
        assert (full.layers[name][known] <= half.layers[name][known] + 1e-4).all(), name
    assert np.array_equal(full.rsrp_dbm, half.rsrp_dbm, equal_nan=True)


def test_shares_indoors_are_no_greater_and_the_method_says_so(study: Study, tmp_path: Path) -> None:
    outdoor = study.results()["province"]["shares"]["4G"]["all"]["area"]["share"]
    previous = outdoor
    for indoor_class in INDOOR_CLASSES:
        inside = make(tmp_path / indoor_class, MASTS, indoor_class=indoor_class)
        results = inside.results()
        share = results["province"]["shares"]["4G"]["all"]["area"]["share"]
        assert 0 < share < previous
        assert results["method"]["indoor_class"] == indoor_class
        assert results["method"]["indoor_percentage"] == 50.0
        for spot in SPOTS:
            found, outside = ask(inside, *spot)["Viettel", "4G"], ask(study, *spot)["Viettel", "4G"]
            assert found["is_served"] == outside["indoor"][indoor_class]["is_served"]
            assert found["indoor"] == outside["indoor"]
            assert found["rsrp_dbm"] == outside["rsrp_dbm"]
            lost_db = outside["uplink_margin_db"] - found["uplink_margin_db"]
            assert lost_db == pytest.approx(outside["indoor"][indoor_class]["entry_loss_db"], abs=0.11)
        previous = share


def test_nothing_where_nothing_is_received(tmp_path: Path) -> None:
    study = make(
        tmp_path / "study", [("a", 3000, 3000, 46.0, 1800.0, "Viettel", "4G")], max_radius_km={"mid": 2}
    )
    inside, beyond = ask(study, 3515.0, 3015.0), ask(study, 9015.0, 9015.0)
    outside = ask(study, -5000.0, 3015.0)
    assert len(inside["Viettel", "4G"]["servers"]) == 1
    for found in (beyond["Viettel", "4G"], outside["Viettel", "4G"]):
        assert found["servers"] == [] and found["servers_above_threshold"] == 0
        assert found["is_served"] is False and found["cell_id"] is None
        for name in ("rsrp_dbm", "sinr_db", "rsrq_db", "throughput_mbit_s", "location_probability"):
            assert found[name] is None
        assert found["uplink_margin_db"] is None and found["required_dbm"] is None


def test_two_masts_are_two_servers(tmp_path: Path) -> None:
    found = ask(make(tmp_path / "study", MASTS[:2]), 5015.0, 3015.0)["Viettel", "4G"]
    assert [one["cell_id"] for one in found["servers"]] == ["a", "b"]


def test_area_reliability_is_the_mean_over_places(study: Study) -> None:
    found = study.area_reliability("4G", "Viettel")
    probability = np.nan_to_num(study.coverage("4G", "Viettel", layers=["probability"]).location_probability)
    inside = probability[20:320, 20:320]
    assert found["communes"][0]["reliability"] == pytest.approx(float(inside.mean()), abs=1e-4)
    assert found["reliability"] == pytest.approx(found["communes"][0]["reliability"], rel=1e-9)
    assert found["technology"] == "4G" and found["method"]["location_probability"] == 0.9


def test_reliability_of_changed_layers_is_refused(tmp_path: Path) -> None:
    study = make(tmp_path / "study", MASTS[:1])
    worlds.put(study.store, "cells", [worlds.cell("a", power_dbm=30.0)], [worlds.point(3000, 3000)])
    with pytest.raises(InputError) as refused:
        study.area_reliability("4G")
    assert refused.value.code == "results_stale"


def test_files_tell_their_unit_run_and_method(study: Study, tmp_path: Path) -> None:
    paths = study.export_coverages(tmp_path / "out")
    assert len(paths) == len(LAYERS) * 4  # two services and, of each technology, all operators together
    record = study.results()
    layers = study.coverage("4G", "Viettel").layers
    for name, form in FORMS.items():
        with rasterio.open(tmp_path / "out" / f"{name}-4G-viettel.tif") as file:
            stored, tags, nodata = file.read(1), file.tags(), file.nodata
            assert file.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
            assert file.scales[0] == pytest.approx(1 / form.per_unit)
        assert tags["unit"] == form.unit and tags["run"] == record["run"] and tags["layer"] == name
        assert tags["operator"] == "Viettel" and tags["technology"] == "4G"
        assert json.loads(tags["method"]) == record["method"]
        values = np.where(stored == nodata, np.nan, stored / form.per_unit)
        if name == "server":
            values = stored.astype(float)
        tolerance = 0.5001 / form.per_unit if form.per_unit > 1 else 0
        assert values == pytest.approx(layers[name].astype(float), abs=tolerance, nan_ok=True), name
    cells = json.loads((tmp_path / "out" / "cells.json").read_bytes())
    assert [cell["cell_id"] for cell in cells] == [mast[0] for mast in MASTS]
    assert not list((tmp_path / "out").glob(".*"))


def test_only_the_layers_asked_for_are_written(study: Study, tmp_path: Path) -> None:
    paths = study.export_coverages(tmp_path / "out", layers=["throughput", "rsrp", "rsrp"])
    assert sorted({path.name.split("-")[0] for path in paths}) == ["rsrp", "throughput"]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(path.name for path in paths)


@pytest.mark.parametrize("layers", [["rsrp", "colour"], []])
def test_an_unknown_layer_is_refused_before_anything_is_written(
    study: Study, tmp_path: Path, layers: list[str]
) -> None:
    with pytest.raises(InputError) as refused:
        study.export_coverages(tmp_path / "out", layers=layers)
    assert refused.value.code == "raster_unknown"
    assert not (tmp_path / "out").exists()


def test_nobody_on_air_is_told(study: Study) -> None:
    with pytest.raises(NotFoundError) as refused:
        study.coverage("5G", "Viettel")
    assert refused.value.code == "service_unknown"


def phusong(*arguments: object, language: str = "en") -> int:
    return run([str(argument) for argument in arguments], Settings(lang=language))


@pytest.mark.parametrize("language", ["vi", "en"])
def test_the_command_tells_a_place(study: Study, capsys: pytest.CaptureFixture[str], language: str) -> None:
    folder = study.store.results_dir.parent
    lon_lat = _centre(study)
    assert phusong("point", "--study", folder, "--at", lon_lat, "--json") == 0
    record = json.loads(capsys.readouterr().out)
    assert [one["operator"] for one in record["layers"]] == ["Viettel", "VNPT"]
    assert phusong("point", "--study", folder, "--at", lon_lat, language=language) == 0
    told = capsys.readouterr().out
    assert "Viettel 4G" in told and "RSRQ" in told and "Xã Đồng Bằng" in told and "Mbit/s" in told
    assert "cli." not in told
    assert phusong("reliability", "--study", folder, "--technology", "4G", language=language) == 0
    assert "Xã Đồng Bằng" in capsys.readouterr().out


def test_a_place_off_the_grid_is_unknown_not_without_signal(
    study: Study, capsys: pytest.CaptureFixture[str]
) -> None:
    assert study.point(lon_deg=110.0, lat_deg=15.0)["is_inside"] is False
    assert phusong("point", "--study", study.store.path, "--at", "110,15") == 0
    told = capsys.readouterr().out
    assert "outside the study's grid" in told
    assert "no signal" not in told


def test_figures_of_changed_layers_come_with_a_warning(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    changed = make(tmp_path / "changed", MASTS[:1])
    assert phusong("results", "--study", changed.store.path, "--json") == 0
    assert "have changed" not in capsys.readouterr().err
    changed.store.set_method(replace(changed.store.method(), load=0.9))
    for words in (["results"], ["point", "--at", _centre(changed)], ["coverages", "--to", tmp_path / "tif"]):
        assert phusong(words[0], "--study", changed.store.path, *words[1:]) == 0
        assert "have changed" in capsys.readouterr().err


def test_a_place_that_is_none_is_refused(study: Study, capsys: pytest.CaptureFixture[str]) -> None:
    folder = study.store.results_dir.parent
    for text in ("nowhere", "200,10", "105"):
        assert phusong("point", "--study", folder, "--at", text) == 1
    assert "LON,LAT" in capsys.readouterr().err


def test_the_command_writes_the_layers_named(
    study: Study, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = study.store.results_dir.parent
    assert (
        phusong("coverages", "--study", folder, "--to", tmp_path / "o", "--layers", "sinr, rsrq", "--json")
        == 0
    )
    files = json.loads(capsys.readouterr().out)["files"]
    assert {Path(name).name.split("-")[0] for name in files} == {"sinr", "rsrq"}
    assert phusong("coverages", "--study", folder, "--to", tmp_path / "o", "--layers", "heat") == 1
    assert "heat" in capsys.readouterr().err


def _centre(study: Study) -> str:
    import pyproj

    back = pyproj.Transformer.from_crs(study.store.grid().epsg, 4326, always_xy=True)
    lon_deg, lat_deg = back.transform(*worlds.at(4515.0, 6015.0))
    return f"{lon_deg},{lat_deg}"
