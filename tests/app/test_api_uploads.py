"""Layers brought in over HTTP: looked at first, accepted then; hostile files leave the study as it was."""

from __future__ import annotations

import json
import shutil
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import geopandas as gpd
import httpx
import pytest

from phusong.app.uploading.desk import UploadDesk, UploadTooLargeError, safe_name
from phusong.coverage.errors import InputError
from phusong.geodata.store.folder import FolderStore

from . import offered
from .live_server import assert_problem, serving

PATIENCE_S = 60.0


@dataclass(frozen=True)
class Desk:
    """A served study and how to send files to it."""

    client: httpx.Client
    store: FolderStore

    def send(self, layer: str, name: str, content: bytes) -> str:
        answer = self.client.post("/uploads", params={"layer": layer, "filename": name}, content=content)
        assert answer.status_code == 201, answer.text
        assert answer.headers["location"] == f"/uploads/{answer.json()['id']}"
        return str(answer.json()["id"])

    def preview(self, upload: str, **options: str) -> dict[str, Any]:
        answer = self.client.get(f"/uploads/{upload}", params={"lang": "en", **options})
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def accept(self, upload: str, **options: str) -> dict[str, Any]:
        answer = self.client.post(f"/uploads/{upload}/acceptance", params=options)
        assert answer.status_code == 201, answer.text
        return self.ended(answer.headers["location"])

    def ended(self, job: str) -> dict[str, Any]:
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            record = self.client.get(job).json()
            if record["status"] in {"successful", "failed", "dismissed"}:
                return dict(record)
            time.sleep(0.05)
        pytest.fail("the job does not end")

    def bring(self, layer: str, name: str, content: bytes) -> dict[str, Any]:
        upload = self.send(layer, name, content)
        record = self.accept(upload)
        assert record["status"] == "successful", record
        return dict(self.client.get(f"/jobs/{record['jobID']}/results").json())

    def contents(self) -> dict[str, str]:
        return {name: self.store.meta(name).content_sha256 for name in self.store.layer_names()}


@pytest.fixture(scope="module")
def placed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study whose communes came in over HTTP."""
    folder = tmp_path_factory.mktemp("placed")
    store = FolderStore.create(folder / "study", name="Thử")
    with serving(store.path) as address, httpx.Client(base_url=address, timeout=PATIENCE_S) as client:
        desk = Desk(client, store)
        result = desk.bring("communes", "xa.gpkg", offered.file_of(offered.communes(), folder / "xa.gpkg"))
        for upload in client.get("/uploads").json()["uploads"]:
            assert client.delete(f"/uploads/{upload['id']}").status_code == 204
    assert result == {
        "layer": "communes",
        "rows": 2,
        "findings": {"warning": 0, "assumed": 0},
        "changed": ["communes"],
    }
    return store.path


@pytest.fixture
def desk(placed: Path, tmp_path: Path) -> Iterator[Desk]:
    shutil.copytree(placed, tmp_path / "study")
    store = FolderStore.open(tmp_path / "study")
    with serving(store.path) as address, httpx.Client(base_url=address, timeout=PATIENCE_S) as client:
        yield Desk(client, store)


def test_a_preview_tells_what_was_understood_and_touches_nothing(desk: Desk) -> None:
    before = desk.contents()
    upload = desk.send("sites", "trạm.xlsx", offered.workbook({"Trạm": offered.SITES}))
    seen = desk.preview(upload)
    assert (seen["is_refused"], seen["rows"], seen["problem"]) == (False, 12, None)
    assert seen["sources"][0]["columns"]["site_id"] == "Mã trạm"
    assert seen["sheets"] == {"trạm.xlsx": ["Trạm"]}
    assert seen["bounds"] == pytest.approx([105.01, 20.02, 105.175, 20.075])
    assert [one["properties"]["row"] for one in seen["sample"]["features"]] == list(range(2, 14))
    assert seen["first_rows"][0]["site_id"] == "T-00"
    assert desk.contents() == before
    assert desk.client.get("/uploads").json()["uploads"][0]["files"][0]["name"] == "trạm.xlsx"


def test_an_accepted_upload_becomes_the_layer_with_its_source(desk: Desk) -> None:
    result = desk.bring("sites", "tram.csv", offered.text(offered.SITES))
    assert (result["rows"], result["changed"]) == (12, ["sites"])
    assert len(desk.store.table("sites")) == 12
    told = {one["id"]: one for one in desk.client.get("/layers").json()["layers"]}
    assert told["sites"]["source"] == "tram.csv"
    assert told["sites"]["previous"] is None


def test_every_finding_names_its_row_and_column(desk: Desk) -> None:
    rows = [list(row) for row in offered.SITES]
    rows[3][1], rows[5][2], rows[7][0] = "abc", 95.0, rows[6][0]
    upload = desk.send("sites", "tram.csv", offered.text(rows))
    seen = desk.preview(upload)
    errors = {(one["code"], one["row"], one["column"], one["value"]) for one in seen["findings"]}
    assert ("not_a_number", 4, "Kinh độ", "abc") in errors
    assert any(code == "not_unique" and row == 8 for code, row, _, _ in errors)
    assert any(row == 6 for _, row, _, _ in errors)
    assert all(one["text"] and one["file"] == "tram.csv" for one in seen["findings"])
    assert seen["is_refused"]
    assert seen["counts"]["error"] == len([one for one in seen["findings"] if one["severity"] == "error"])
    marked = {one["properties"]["row"] for one in seen["sample"]["features"] if one["properties"]["severity"]}
    assert 8 in marked
    answer = desk.client.post(f"/uploads/{upload}/acceptance")
    assert_problem(answer, 400, "upload_refused")
    assert not desk.store.has("sites")


def test_places_off_the_earth_are_findings_and_not_on_the_map(desk: Desk) -> None:
    rows = [*offered.SITES, ["T-99", offered.SOUTH, offered.WEST, "VNPT", "4G"]]
    seen = desk.preview(desk.send("sites", "tram.csv", offered.text(rows)))
    assert [(one["code"], one["row"]) for one in seen["findings"]] == [("coordinates_swapped", 14)]
    assert len(seen["sample"]["features"]) == 12
    assert seen["bounds"][3] < 90


def test_findings_are_told_in_the_readers_language(desk: Desk) -> None:
    upload = desk.send("sites", "tram.csv", offered.text([offered.SITES[0], ["A", "x", "y", "", ""]]))
    told = {lang: desk.preview(upload, lang=lang)["findings"][0]["text"] for lang in ("vi", "en")}
    assert told == {"vi": "không phải là số", "en": "not a number"}


def test_columns_crs_and_sheet_can_be_put_right(desk: Desk) -> None:
    metric = gpd.GeoSeries.from_xy([105.05], [20.05], crs=4326).to_crs(9210)
    rows = [["Cột A", "Đông", "Bắc"], ["A1", metric.x.iloc[0], metric.y.iloc[0]]]
    upload = desk.send("sites", "vn2000.xlsx", offered.workbook({"Ghi chú": [["gì đó"]], "Số liệu": rows}))
    assert desk.preview(upload)["problem"]["code"] == "no_rows"  # of the first sheet
    assert desk.preview(upload, sheet="Số liệu")["problem"]["code"] == "coordinates_missing"
    columns = json.dumps({"Cột A": "site_id", "Đông": "x", "Bắc": "y"})
    assert desk.preview(upload, sheet="Số liệu", columns=columns)["problem"]["code"] == "crs_missing"
    options = {"sheet": "Số liệu", "columns": columns, "crs": "EPSG:9210"}
    seen = desk.preview(upload, **options)
    assert not seen["is_refused"]
    assert seen["bounds"][:2] == pytest.approx([105.05, 20.05], abs=1e-6)
    assert desk.accept(upload, **options)["status"] == "successful"
    assert desk.store.table("sites").geometry.x.tolist() == pytest.approx([105.05], abs=1e-6)


@pytest.mark.parametrize("ending", [".gpkg", ".geojson", ".zip", ".parquet"])
def test_geographic_formats(desk: Desk, tmp_path: Path, ending: str) -> None:
    content = offered.file_of(offered.points(5), tmp_path / f"thon{ending}")
    assert desk.bring("villages", f"thon{ending}", content)["rows"] == 5
    assert set(desk.store.table("villages")["commune_code"]) == {"00004", "14758"}


def test_a_shapefile_may_come_as_its_parts(desk: Desk, tmp_path: Path) -> None:
    offered.lines().to_file(tmp_path / "duong.shp", encoding="UTF-8")
    parts = sorted(tmp_path.glob("duong.*"), key=lambda path: path.suffix != ".shp")
    upload = desk.send("roads", "duong.shp", parts[0].read_bytes())
    for part in parts[1:]:
        answer = desk.client.post(
            f"/uploads/{upload}/files", params={"filename": part.name}, content=part.read_bytes()
        )
        assert answer.status_code == 201
    seen = desk.preview(upload)
    assert (seen["rows"], seen["problem"], seen["sources"][0]["crs"]) == (1, None, "WGS 84")
    assert desk.accept(upload)["status"] == "successful"


@pytest.mark.parametrize("layer", ["lines", "fibre"])
def test_lines_become_their_layers(desk: Desk, tmp_path: Path, layer: str) -> None:
    content = offered.file_of(offered.lines(), tmp_path / "tuyen.geojson")
    stored = "fibre_routes" if layer == "fibre" else layer
    assert desk.bring(layer, "tuyen.geojson", content)["changed"] == [stored]


def test_rasters_are_shown_as_squares_and_imported(desk: Desk) -> None:
    upload = desk.send("terrain", "dem.tif", offered.raster(321.0))
    seen = desk.preview(upload)
    assert not seen["is_refused"]
    assert 100 < len(seen["sample"]["features"]) <= 2_000
    assert {one["properties"]["value"] for one in seen["sample"]["features"]} == {321.0}
    assert desk.store.layer_names() == ["communes"]
    assert desk.accept(upload)["status"] == "successful"
    assert desk.bring("population", "nguoi.tif", offered.raster(2.0))["rows"] > 0
    assert desk.bring("clutter", "cay.tif", offered.raster(8.0))["rows"] > 0
    assert desk.store.layer_names() == ["clutter", "communes", "population", "terrain"]


def test_a_layer_that_was_replaced_can_be_brought_back(desk: Desk) -> None:
    desk.bring("sites", "cu.csv", offered.text(offered.SITES))
    old = desk.contents()["sites"]
    assert_problem(desk.client.post("/layers/sites/restoration"), 404, "layer_history")
    desk.bring("sites", "moi.csv", offered.text(offered.SITES[:5]))
    new = desk.contents()["sites"]
    listed = {one["id"]: one for one in desk.client.get("/layers").json()["layers"]}
    assert (listed["sites"]["source"], listed["sites"]["previous"]["source"]) == ("moi.csv", "cu.csv")
    answer = desk.client.post("/layers/sites/restoration")
    assert (answer.json()["source"], answer.json()["rows"]) == ("cu.csv", 12)
    assert desk.contents()["sites"] == old
    assert len(desk.store.table("sites")) == 12
    desk.client.post("/layers/sites/restoration")
    assert desk.contents()["sites"] == new
    assert len(list((desk.store.path / "layers").glob("sites-*"))) == 1


def test_every_version_kept_can_be_brought_back(desk: Desk) -> None:
    for count in (12, 3, 2, 1):
        desk.bring("sites", f"{count}.csv", offered.text(offered.SITES[: count + 1]))
    listed = {one["id"]: one for one in desk.client.get("/layers").json()["layers"]}["sites"]
    assert [one["source"] for one in listed["earlier"]] == ["2.csv", "3.csv", "12.csv"]
    first = listed["earlier"][-1]["sha256"]
    answer = desk.client.post("/layers/sites/restoration", params={"sha256": first})
    assert (answer.json()["source"], answer.json()["rows"]) == ("12.csv", 12)
    listed = {one["id"]: one for one in desk.client.get("/layers").json()["layers"]}["sites"]
    assert [one["source"] for one in listed["earlier"]] == ["1.csv", "2.csv", "3.csv"]
    assert_problem(
        desk.client.post("/layers/sites/restoration", params={"sha256": "0" * 64}), 404, "layer_history"
    )


def test_a_layer_that_is_taken_out_can_be_brought_back(desk: Desk) -> None:
    desk.bring("sites", "tram.csv", offered.text(offered.SITES))
    old = desk.contents()["sites"]
    assert desk.client.delete("/layers/sites").status_code == 204
    listed = desk.client.get("/layers").json()
    assert "sites" not in {one["id"] for one in listed["layers"]}
    assert [(one["id"], one["source"], one["rows"]) for one in listed["removed"]] == [
        ("sites", "tram.csv", 12)
    ]
    assert_problem(desk.client.delete("/layers/sites"), 404, "layer_missing")
    assert desk.client.delete("/layers/..%2f..%2fetc").status_code == 405
    assert_problem(desk.client.delete("/layers/none"), 404, "layer_missing")
    assert desk.client.post("/layers/sites/restoration").json()["rows"] == 12
    assert desk.contents()["sites"] == old
    assert desk.client.get("/layers").json()["removed"] == []


def test_few_versions_are_kept(desk: Desk) -> None:
    for count in range(3, 11):
        desk.bring("sites", f"{count}.csv", offered.text(offered.SITES[:count]))
    kept = list((desk.store.path / "layers" / "history" / "sites").iterdir())
    assert len([one for one in kept if one.suffix == ".json"]) == 3
    assert len([one for one in kept if one.suffix == ".parquet"]) == 3


HOSTILE = {
    "a program called workbook": ("sites", "tram.xlsx", offered.program(), "file_broken"),
    "a bomb": ("sites", "tram.xlsx", offered.bomb(), "archive_bomb"),
    "an archive that leads outside": ("communes", "xa.zip", offered.escaping(), "archive_path"),
    "a page called table": ("sites", "tram.csv", offered.PAGE, "no_rows"),
    "a page called GeoPackage": ("sites", "tram.gpkg", offered.PAGE, "file_broken"),
    "a million columns": ("sites", "tram.csv", b"a," * 1_000_000 + b"\n1,2", "too_many_columns"),
    "nothing": ("sites", "tram.csv", b"", "file_empty"),
    "NUL bytes": ("sites", "tram.csv", b"lon,lat\n\0,\0", "file_broken"),
    "another alphabet": ("sites", "tram.csv", "lon,lat\nTrạm".encode("utf-16"), "text_encoding"),
    "a reference called raster": ("terrain", "dem.tif", offered.REFERENCE, "raster_unreadable"),
    "nested GeoJSON": ("lines", "x.geojson", b"[" * 100_000, "file_broken"),
    "a raster without a place": ("terrain", "dem.tif", offered.raster(1.0, crs=None), "crs_missing"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_files_are_told_of_and_leave_the_study_alone(desk: Desk, case: str) -> None:
    layer, name, content, code = HOSTILE[case]
    before = desk.contents()
    upload = desk.send(layer, name, content)
    seen = desk.preview(upload)
    assert seen["is_refused"]
    assert seen["problem"]["code"] == code, seen["problem"]
    assert seen["problem"]["detail"]
    assert_problem(desk.client.post(f"/uploads/{upload}/acceptance"), 400, "upload_refused")
    assert desk.client.delete(f"/uploads/{upload}").status_code == 204
    assert desk.contents() == before
    assert desk.client.get("/health").status_code == 200
    assert list((desk.store.path / "uploads").iterdir()) == []


def test_a_truncated_geopackage(desk: Desk, tmp_path: Path) -> None:
    content = offered.file_of(offered.communes(), tmp_path / "xa.gpkg")
    for part in (len(content) // 2, 2_000):
        seen = desk.preview(desk.send("communes", "xa.gpkg", content[:part]))
        assert seen["is_refused"]


def test_nan_and_formulas_are_findings_not_numbers(desk: Desk) -> None:
    rows = [offered.SITES[0], ["T-1", "NaN", 20.05, "VNPT", "4G"], ["T-2", "=1+104.05", 20.05, "VNPT", "4G"]]
    seen = desk.preview(desk.send("sites", "tram.csv", offered.text(rows)))
    assert {one["row"] for one in seen["findings"] if one["severity"] == "error"} == {2, 3}


@pytest.mark.parametrize(
    ("params", "status", "code"),
    [
        ({"layer": "sites", "filename": "x.exe"}, 400, "upload_format"),
        ({"layer": "terrain", "filename": "x.vrt"}, 400, "upload_format"),
        ({"layer": "nothing", "filename": "x.csv"}, 400, "layer_unknown"),
        ({"layer": "../sites", "filename": "x.csv"}, 400, "layer_unknown"),
        ({"layer": "sites"}, 400, "parameter_invalid"),
    ],
)
def test_what_cannot_be_taken_is_refused_at_once(
    desk: Desk, params: dict[str, str], status: int, code: str
) -> None:
    assert_problem(desk.client.post("/uploads", params=params, content=b"x"), status, code)
    assert not any((desk.store.path / "uploads").glob("*"))


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/passwd.csv", "passwd.csv"),
        ("C:\\Windows\\Trạm 4G.CSV", "Trạm 4G.csv"),
        ("..csv", "file.csv"),
        ("a\0b\n.csv", "a_b_.csv"),
        ("{x}?.osm.pbf", "_x__.osm.pbf"),
        ("ế" * 200 + ".csv", "ế" * 33 + ".csv"),
    ],
)
def test_only_the_last_part_of_a_name_is_used(name: str, kept: str) -> None:
    assert safe_name(name, layer="sites") == kept


def test_other_sites_may_not_send(desk: Desk) -> None:
    foreign = {"Origin": "https://elsewhere.example"}
    query = {"layer": "sites", "filename": "x.csv"}
    assert_problem(
        desk.client.post("/uploads", params=query, content=b"x", headers=foreign), 403, "foreign_request"
    )
    for method, path in (("POST", "/layers/sites/restoration"), ("PUT", "/method"), ("PUT", "/targets")):
        assert_problem(desk.client.request(method, path, json={}, headers=foreign), 403, "foreign_request")


def test_what_says_it_is_too_large_is_refused_before_it_is_sent(desk: Desk) -> None:
    address = urlsplit(str(desk.client.base_url))
    with socket.create_connection((str(address.hostname), int(address.port or 0)), timeout=10) as line:
        line.sendall(
            b"POST /uploads?layer=sites&filename=x.csv HTTP/1.1\r\nHost: x\r\n"
            b"Content-Length: 600000000\r\n\r\n"
        )
        assert line.recv(64).startswith(b"HTTP/1.1 413")


def test_what_does_not_say_is_refused_once_it_is_too_large(tmp_path: Path) -> None:
    small = UploadDesk(FolderStore.create(tmp_path / "study", name="Thử"), largest_bytes=10)
    with small.receiving("sites", "a.csv") as receiver:
        receiver.write(b"1234567")
    upload = small.all()[0].upload_id
    with (
        pytest.raises(UploadTooLargeError),
        small.receiving("sites", "b.csv", upload_id=upload) as receiver,
    ):
        receiver.write(b"1234")
    assert [one["name"] for one in small.get(upload).files] == ["a.csv"]
    assert small.sweep(kept_s=-1) == 1
    assert small.all() == []


def test_an_upload_without_files_of_its_own_is_told_of(desk: Desk) -> None:
    seen = desk.preview(desk.send("roads", "duong.dbf", b"x"))
    assert seen["problem"]["code"] == "no_files"


@pytest.mark.parametrize("upload", ["0" * 32, "x" * 400, "%2e%2e%2fstudy.json"])
def test_unknown_uploads(desk: Desk, upload: str) -> None:
    assert desk.client.get(f"/uploads/{upload}").status_code == 404
    assert desk.client.delete(f"/uploads/{upload}").status_code in {404, 405}


def test_strange_options_are_refused(desk: Desk) -> None:
    upload = desk.send("sites", "tram.csv", offered.text(offered.SITES))
    for columns in ("[]", "{", '{"a": 1}'):
        answer = desk.client.get(f"/uploads/{upload}", params={"columns": columns})
        assert_problem(answer, 400, "json_member")
    for options, code in (
        ({"crs": "EPSG:99999999"}, "crs_unknown"),
        ({"columns": '{"Không có": "site_id"}'}, "column_unknown"),
        ({"columns": '{"Mã trạm": "nothing"}'}, "column_target"),
    ):
        assert desk.preview(upload, **options)["problem"]["code"] == code


def test_a_process_may_not_import_what_is_refused(desk: Desk) -> None:
    upload = desk.send("sites", "tram.xlsx", offered.program())
    answer = desk.client.post("/processes/import/execution", json={"inputs": {"upload": upload}})
    record = desk.ended(answer.headers["location"])
    assert (record["status"], record["error"]["code"]) == ("failed", "upload_refused")


def test_safe_names_need_a_known_layer() -> None:
    with pytest.raises(InputError):
        safe_name("a.csv", layer="nothing")
