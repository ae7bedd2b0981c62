"""The Open Fibre Data Standard: plans go out in its shape, its sample comes in as the fibre network."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import jsonschema_rs
import pytest

from phusong.coverage.errors import InputError
from phusong.geodata.importing import import_layer
from phusong.geodata.ofds import PlanNode, PlanSpan, ofds_network, write_ofds, write_plan
from phusong.geodata.store.folder import FolderStore

NODES = [
    PlanNode("J1", "", 105.0, 20.0, is_existing=True, node_type="pop"),
    PlanNode("TV1", "Bản Na", 105.01, 20.0),
]
SPANS = [
    PlanSpan(
        "S1", "J1", "TV1", ((105.0, 20.0), (105.01, 20.0)), 1_045.8, "duct", "national", True, False, True, 5
    )
]


def _errors(shared_data: Path, network: dict[str, Any]) -> list[str]:
    schema = json.loads((shared_data / "fibre" / "ofds_network-schema.json").read_text(encoding="utf-8"))
    validator = jsonschema_rs.validator_for(schema, validate_formats=True)
    return [str(error) for error in validator.iter_errors(network)]


def test_networks_fulfil_the_schema(shared_data: Path, tmp_path: Path) -> None:
    network = ofds_network("Kế hoạch", NODES, SPANS, language="vi")
    write_ofds(tmp_path / "n.json", network)
    read = json.loads((tmp_path / "n.json").read_text(encoding="utf-8"))
    assert _errors(shared_data, read) == []
    assert read["spans"][0]["fibreLength"] == 1.0458
    assert read["spans"][0]["deployment"] == ["belowGround"]
    assert [node["status"] for node in read["nodes"]] == ["operational", "proposed"]
    assert _errors(shared_data, {**read, "id": "no uuid"}) != []
    assert _errors(shared_data, ofds_network("trống", [], [], language="vi")) == []


def test_the_same_plan_has_the_same_id() -> None:
    first, again = (ofds_network("a", NODES, SPANS, language="vi")["id"] for _ in range(2))
    assert first == again != ofds_network("b", NODES, SPANS, language="vi")["id"]


def test_plans_as_geographic_files(tmp_path: Path) -> None:
    document = {"cost": 5, "targets": [{"target_id": "V1"}], "method": {"costs": "assumed"}}
    for name in ("p.json", "p.geojson", "p.gpkg"):
        write_plan(tmp_path / name, document, NODES, SPANS)
    assert json.loads((tmp_path / "p.json").read_text())["targets"] == [{"target_id": "V1"}]
    record = json.loads((tmp_path / "p.geojson").read_text(encoding="utf-8"))
    assert [feature["geometry"]["type"] for feature in record["features"]] == ["LineString", "Point", "Point"]
    assert record["plan"] == {"cost": 5, "method": {"costs": "assumed"}}
    spans = gpd.read_file(tmp_path / "p.gpkg", layer="spans")
    assert spans[["span_id", "build", "cost"]].to_numpy().tolist() == [["S1", "duct", 5]]
    assert spans.crs.to_epsg() == 4326
    assert gpd.read_file(tmp_path / "p.gpkg", layer="nodes")["name"].tolist() == ["", "Bản Na"]
    assert gpd.read_file(tmp_path / "p.gpkg", layer="method")["name"].tolist() == ["cost", "method"]
    write_plan(tmp_path / "none.gpkg", document, [], [])
    assert len(gpd.read_file(tmp_path / "none.gpkg", layer="spans")) == 0


def test_what_cannot_be_written_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="export_format"):
        write_plan(tmp_path / "p.xlsx", {}, NODES, SPANS)
    (tmp_path / "file").write_text("no folder")
    for name in ("p.json", "p.geojson", "p.gpkg"):
        with pytest.raises(InputError, match="export_unwritable"):
            write_plan(tmp_path / "file" / name, {}, NODES, SPANS)


def test_the_sample_network_comes_in(shared_data: Path, tmp_path: Path) -> None:
    store = FolderStore.create(tmp_path / "s", name="s")
    files = [shared_data / "fibre" / name for name in ("ofds_nodes.geojson", "ofds_spans.geojson")]
    import_layer(store, "fibre", files, imported_at="2026-01-01T00:00:00Z")
    nodes, spans = store.table("fibre_nodes"), store.table("fibre_routes")
    assert "Accra" in set(nodes["name"])
    assert "Accra to Kumasi" in set(spans["name"])
    assert set(spans.geometry.geom_type) == {"LineString"}
    assert set(nodes["operator"]) == {"FibreCo"}
