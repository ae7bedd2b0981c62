"""``phusong place fibre`` on the sample province, and on a world whose answer is known."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import jsonschema_rs
import pytest
import shapely

from phusong.app import cli
from phusong.app.fibre_planning import FibreRequest
from phusong.app.settings import Settings
from phusong.app.study import Study, create_study
from phusong.coverage.errors import InputError
from phusong.geodata.store.meta import LayerMeta

EPSG = 32648
LEFT, BOTTOM = 520_000.0, 2_190_000.0


def _put(study: Study, layer: str, columns: dict[str, Any], shapes: list[Any]) -> None:
    frame = gpd.GeoDataFrame(columns, geometry=shapes, crs=EPSG).to_crs(4326)
    study.store.put_table(layer, frame, LayerMeta(layer, "test", synthetic=layer == "roads"))


def _at(x_m: float, y_m: float) -> shapely.Point:
    return shapely.Point(LEFT + x_m, BOTTOM + y_m)


def _line(*points: tuple[float, float]) -> shapely.LineString:
    return shapely.LineString([(LEFT + x, BOTTOM + y) for x, y in points])


@pytest.fixture
def known(tmp_path: Path) -> Study:
    """A road of 6 km with fibre at its west end, a branch of 2 km in the middle, an island of road."""
    study = create_study(tmp_path / "s", name="s", epsg=EPSG)
    roads = [
        _line((0, 0), (3_000, 0)),
        _line((3_000, 0), (6_000, 0)),
        _line((3_000, 0), (3_000, 2_000)),
        _line((0, 20_000), (1_000, 20_000)),
    ]
    _put(
        study,
        "roads",
        {"road_id": list("abcd"), "class": ["Quốc lộ", "Quốc lộ", "Đường xã", "Đường xã"]},
        roads,
    )
    _put(study, "fibre_nodes", {"node_id": ["N1"]}, [_at(0, 0)])
    villages = [_at(100, 0), _at(6_000, 0), _at(3_000, 2_100), _at(500, 20_000)]
    columns = {
        "village_id": ["V0", "V1", "V2", "V3"],
        "name": ["Có cáp", "Bản Một", "Bản Hai", "Bản Xa"],
        "commune_code": ["1"] * 4,
        "households": [10.0, 20.0, 30.0, 40.0],
    }
    _put(study, "villages", columns, villages)
    sites = {"site_id": ["S1", "S2"], "has_fibre": [True, False]}
    _put(study, "sites", sites, [_at(0, 0), _at(3_000, 1_000)])
    return study


def _run(*arguments: str) -> int:
    return cli.run(["place", "fibre", *arguments], Settings(lang="en"))


def test_the_known_answer(known: Study, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--study", str(known.store.path), "--json"]
    for name in ("national", "commune"):
        arguments += ["--cost", f"aerial_per_m.{name}={100 if name == 'national' else 50}"]
    assert _run(*arguments, "--cost", "off_road_per_m=200") == 0
    record = json.loads(capsys.readouterr().out)
    # the grid of UTM is 0.04 % short here, the lengths are those of the ellipsoid
    assert record["cost"] == pytest.approx(6_000 * 100 + 2_000 * 50 + 100 * 200, rel=1e-3)
    assert (record["status"], record["gap"], record["bound"]) == ("proved", 0.0, record["cost"])
    assert record["targets_asked"] == 3  # V0 has fibre within 500 m
    assert [one["target_id"] for one in record["not_joined"]] == ["V3"]
    assert record["not_joined"][0]["to_reachable_road_m"] == pytest.approx(18_000, rel=1e-2)
    assert record["households_joined"] == 50.0
    paths = {one["target_id"]: one["path_m"] for one in record["targets"]}
    assert paths["V1"] == pytest.approx(6_000, rel=1e-3)
    assert paths["V2"] == pytest.approx(5_100, rel=1e-3)
    assert record["method"]["synthetic_layers"] == ["roads"]
    assert record["method"]["costs"]["aerial_per_m"]["national"] == 100
    assert set(record["method"]["layers"]) == {"roads", "fibre_nodes", "villages"}
    bill = {line["item"]: line for line in record["bill"]["lines"]}
    assert record["bill"]["level"] == "strategic"
    assert bill["aerial"]["quantity"] == pytest.approx(8.0, rel=1e-3)
    assert bill["off_road"]["quantity"] == pytest.approx(0.1, rel=1e-2)
    assert bill["terminals"]["quantity"] == 2
    assert bill["poles"]["quantity"] == pytest.approx(8_100 / 50, abs=1)
    assert sum(line.get("cost", 0) for line in bill.values()) == record["cost"]


def test_words_and_files(
    known: Study, tmp_path: Path, capsys: pytest.CaptureFixture[str], shared_data: Path
) -> None:
    study = ["--study", str(known.store.path)]
    out, network = tmp_path / "plan.geojson", tmp_path / "ofds.json"
    assert _run(*study, "--to", str(out), "--ofds", str(network)) == 0
    told = capsys.readouterr().out
    assert "Joins 2 of 3" in told
    assert "Bản Xa (V3)" in told
    assert "Synthetic data" in told
    features = json.loads(out.read_text(encoding="utf-8"))["features"]
    spans = [one["properties"] for one in features if one["geometry"]["type"] == "LineString"]
    names = {one["properties"].get("node_id") for one in features}
    assert {one["start"] for one in spans} | {one["end"] for one in spans} <= names
    assert {one["end"] for one in spans if one["build"] == "off_road"} == {"TV2"}
    schema = json.loads((shared_data / "fibre" / "ofds_network-schema.json").read_text(encoding="utf-8"))
    assert jsonschema_rs.validator_for(schema).is_valid(json.loads(network.read_text(encoding="utf-8")))


def test_who_is_joined(known: Study, capsys: pytest.CaptureFixture[str]) -> None:
    study = ["--study", str(known.store.path), "--json"]

    def joined(*arguments: str) -> list[str]:
        assert _run(*study, *arguments) == 0
        return [one["target_id"] for one in json.loads(capsys.readouterr().out)["targets"]]

    assert joined("--among", "all") == ["V0", "V1", "V2", "V3"]
    assert joined("--ids", "V2,V0") == ["V0", "V2"]
    assert joined("--join", "masts") == ["S2"]
    assert joined("--join", "masts", "--among", "all") == ["S1", "S2"]
    assert joined("--to", "masts") == ["S2"]  # as it was called before


def test_new_masts_of_a_scenario(known: Study, tmp_path: Path) -> None:
    lon, lat = gpd.GeoSeries([_at(3_000, 500)], crs=EPSG).to_crs(4326).get_coordinates().iloc[0]
    mast = {"site_id": "NEW1", "lon_deg": lon, "lat_deg": lat, "height_m": 36.0, "band": "1800"}
    path = tmp_path / "scenario.json"
    path.write_text(json.dumps({"name": "thử", "additions": [mast]}), encoding="utf-8")
    record = known.plan_fibre(FibreRequest(scenario=path))
    assert [one["target_id"] for one in record["targets"]] == ["NEW1"]
    assert record["targets"][0]["path_m"] == pytest.approx(3_500, rel=1e-3)
    assert len(record["method"]["files"]["scenario"]) == 64


def test_ducts_and_works_from_files(known: Study, tmp_path: Path) -> None:
    ducts = gpd.GeoDataFrame(geometry=[_line((0, 0), (3_000, 0))], crs=EPSG)
    ducts.to_crs(3405).to_file(tmp_path / "ducts.gpkg")
    works = gpd.GeoDataFrame(geometry=[_line((3_000, 0), (6_000, 0))], crs=EPSG)
    works.to_crs(4326).to_file(tmp_path / "works.geojson", driver="GeoJSON")
    request = FibreRequest(ids=("V1",), ducts=tmp_path / "ducts.gpkg", works=tmp_path / "works.geojson")
    record = known.plan_fibre(request)
    bill = {line["item"]: line for line in record["bill"]["lines"]}
    assert bill["reused_duct"]["quantity"] == pytest.approx(3.0, rel=1e-3)
    assert bill["aerial"]["shared_km"] == pytest.approx(3.0, rel=1e-3)
    assert record["cost"] == pytest.approx(3_000 * 30_000 + 3_000 * 70_000 * 0.6, rel=1e-3)
    assert set(record["method"]["files"]) == {"ducts", "works"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--ids", "V9"], "V9"),
        (["--cost", "aerial_per_m.canal=5"], "aerial_per_m.canal"),
        (["--cost", "aerial_per_m.commune"], "aerial_per_m.commune"),
        (["--cost", "aerial_per_m.commune=much"], "much"),
        (["--cost", "off_road_per_m=-1"], "off_road_per_m"),
        (["--cost", "off_road_per_m=nan"], "off_road_per_m"),
        (["--to", "plan.docx"], ".docx"),
        (["--out", "plan.docx"], ".docx"),
        (["--scenario", "/no/such/file.json"], "/no/such/file.json"),
    ],
)
def test_requests_that_make_no_sense(
    known: Study, arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _run("--study", str(known.store.path), *arguments) == 1
    assert words in capsys.readouterr().err


def test_nothing_to_join_is_said(known: Study, capsys: pytest.CaptureFixture[str]) -> None:
    known.store.remove("sites")
    _put(known, "sites", {"site_id": ["S1"], "has_fibre": [True]}, [_at(0, 0)])
    assert _run("--study", str(known.store.path), "--to", "masts") == 1
    assert "Nothing needs joining" in capsys.readouterr().err


def test_missing_layers_are_named(known: Study, capsys: pytest.CaptureFixture[str]) -> None:
    known.store.remove("fibre_nodes")
    assert _run("--study", str(known.store.path)) == 1
    assert "import fibre" in capsys.readouterr().err
    known.store.remove("roads")
    assert _run("--study", str(known.store.path)) == 1
    assert "import roads" in capsys.readouterr().err
    with pytest.raises(InputError, match="fibre_needs_roads"):
        known.plan_fibre(FibreRequest())


def test_the_sample_province(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["sample", "create", str(tmp_path / "s"), "--seed", "3"], Settings(lang="en")) == 0
    capsys.readouterr()
    assert _run("--study", str(tmp_path / "s"), "--json") == 0
    record = json.loads(capsys.readouterr().out)
    assert record["targets_joined"] > 50
    assert record["bound"] <= record["cost"]
    assert record["gap"] <= 0.05
    assert set(record["method"]["synthetic_layers"]) >= {"roads", "fibre_nodes", "fibre_routes", "villages"}
