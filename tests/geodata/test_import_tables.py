"""Files as people have them become layers; what was wrong is told at its row."""

from __future__ import annotations

import random
import zipfile
from pathlib import Path

import geopandas as gpd
import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely import LineString, MultiPolygon, Point, Polygon, box

from phusong.coverage.errors import InputError, LayerFileError, PhuSongError, TableError
from phusong.geodata.columns import parse_number
from phusong.geodata.headers import header_key, match_columns
from phusong.geodata.importing import LAYERS, import_layer
from phusong.geodata.reports import ImportReport
from phusong.geodata.store.folder import FolderStore

NOW = "2026-01-02T03:04:05+00:00"


@pytest.fixture
def study(tmp_path: Path) -> FolderStore:
    return FolderStore.create(tmp_path / "study", name="Thử")


@pytest.fixture
def located(study: FolderStore, tmp_path: Path) -> FolderStore:
    """A study with two communes side by side: 00004 in the west, 14758 in the east."""
    frame = gpd.GeoDataFrame(
        {"Mã xã": ["00004", "14758"], "Tên xã": ["Xã Na Mèo", "Phường Hàm Rồng"], "Dân số": [1000, 2000]},
        geometry=[box(105.0, 20.0, 105.1, 20.1), box(105.1, 20.0, 105.2, 20.1)],
        crs="EPSG:4326",
    )
    frame.to_file(tmp_path / "communes.gpkg")
    _import(study, "communes", tmp_path / "communes.gpkg")
    return study


def _import(study: FolderStore, layer: str, *paths: Path, **options: object) -> ImportReport:
    return import_layer(study, layer, list(paths), imported_at=NOW, **options)  # type: ignore[arg-type]


def _csv(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def _refusal(study: FolderStore, layer: str, *paths: Path, **options: object) -> list[tuple]:
    """Import what must be refused; return what was found, and check that the study kept what it had."""
    before = {name: study.meta(name).content_sha256 for name in study.layer_names()}
    with pytest.raises(TableError) as refused:
        _import(study, layer, *paths, **options)
    assert {name: study.meta(name).content_sha256 for name in study.layer_names()} == before
    errors = [one for one in refused.value.findings if one.severity == "error"]
    return [(one.code, one.row, one.column, one.value) for one in errors]


def test_a_vietnamese_csv_with_decimal_commas_becomes_sites(located: FolderStore, tmp_path: Path) -> None:
    path = tmp_path / "trạm.csv"
    text = (
        "DANH SÁCH TRẠM;;;;;\n;;;;;\n"
        "Mã trạm;Tên trạm;Kinh độ;Vĩ độ;Nhà mạng;Công nghệ;Độ cao anten (m);Azimuth;Tình trạng\n"
        "0012;Na Mèo 1;105,05;20,05;Vinaphone;4G/5G;42,5;0/120/240;Đang hoạt động\n"
        "0013;Hàm Rồng;105,15;20,05;VIETTEL;LTE;30 m;;Quy hoạch\n"
    )
    path.write_bytes(b"\xef\xbb\xbf" + text.encode())
    report = _import(located, "sites", path)
    sites = located.table("sites")
    assert report.rows == 2
    assert report.findings == ()
    assert list(sites["site_id"]) == ["0012", "0013"]
    assert list(sites["operator"]) == ["VNPT", "Viettel"]
    assert list(sites["antenna_height_m"]) == [42.5, 30.0]
    assert list(sites["status"]) == ["on_air", "planned"]
    assert [(point.x, point.y) for point in sites.geometry] == [(105.05, 20.05), (105.15, 20.05)]
    assert report.meta.source == "trạm.csv"
    assert report.meta.imported_at == NOW


def test_rows_are_told_as_in_the_sheet(located: FolderStore, tmp_path: Path) -> None:
    path = _csv(
        tmp_path / "a.csv",
        "Mã trạm,Kinh độ,Vĩ độ,Chiều cao cột\n\nA,105.05,20.05,30\nA,105.06,20.05,cao\n,105.07,20.05,9000\n",
    )
    assert set(_refusal(located, "sites", path)) == {
        ("not_unique", 4, "Mã trạm", "A"),
        ("not_a_number", 4, "Chiều cao cột", "cao"),
        ("missing_value", 5, "Mã trạm", None),
        ("out_of_range", 5, "Chiều cao cột", "9000"),
    }


def test_several_files_are_one_layer_and_findings_name_the_file(located: FolderStore, tmp_path: Path) -> None:
    one = _csv(tmp_path / "a.csv", "site_id,lon,lat\nA,105.05,20.05\n")
    two = _csv(tmp_path / "b.csv", "site_id\tlon\tlat\nA\t105.06\t20.05\n")
    with pytest.raises(TableError) as refused:
        _import(located, "sites", one, two)
    assert [(one.code, one.file, one.row) for one in refused.value.findings] == [("not_unique", "b.csv", 2)]


def test_a_workbook_is_read_from_its_header_row_and_numeric_codes_get_zeros(
    located: FolderStore, tmp_path: Path
) -> None:
    book = openpyxl.Workbook()
    book.active.append(["Ghi chú"])
    sheet = book.create_sheet("Thôn")
    for row in (
        ["DANH SÁCH THÔN, BẢN"],
        [],
        ["STT", "Tên thôn", "Mã xã", "Số hộ", "Kinh độ", "Vĩ độ", "ĐBKK", "Khu vực"],
        [1, "Bản Na", 4, 57, 105.05, 20.05, "Có", "KV III"],
        [],
        [2, "Thôn 1", 14758, "1.234", 105.15, 20.05, None, 1],
    ):
        sheet.append(row)
    book.save(tmp_path / "a.xlsx")
    report = _import(located, "villages", tmp_path / "a.xlsx")
    villages = located.table("villages")
    assert list(villages["village_id"]) == ["00004-001", "14758-001"]
    assert list(villages["commune_code"]) == ["00004", "14758"]
    assert list(villages["households"]) == [57.0, 1234.0]
    assert list(villages["area_class"]) == ["III", "I"]
    assert villages["is_especially_difficult"].iloc[0]
    told = {(one.code, one.sheet, one.row, one.column) for one in report.findings}
    assert told == {("code_padded", "Thôn", 4, "Mã xã"), ("thousands_read", "Thôn", 6, "Số hộ")}


def test_villages_without_a_commune_get_the_one_they_lie_in(located: FolderStore, tmp_path: Path) -> None:
    path = _csv(
        tmp_path / "a.csv", "name,lon,lat\nBản 1,105.15,20.05\nBản 2,105.05,20.05\nBản 3,105.06,20.05\n"
    )
    _import(located, "villages", path)
    villages = located.table("villages")
    assert list(villages["village_id"]) == ["14758-001", "00004-001", "00004-002"]


def test_a_village_outside_all_communes_or_of_an_unknown_one_is_refused(
    located: FolderStore, tmp_path: Path
) -> None:
    path = _csv(tmp_path / "a.csv", "name,commune_code,lon,lat\nA,,106.5,20.05\nB,99999,105.05,20.05\n")
    assert _refusal(located, "villages", path) == [
        ("village_outside_communes", 2, "commune_code", None),
        ("unknown_commune", 3, "commune_code", "99999"),
    ]


def test_a_village_in_another_commune_than_it_says_is_told(located: FolderStore, tmp_path: Path) -> None:
    path = _csv(tmp_path / "a.csv", "name,commune_code,lon,lat\nA,00004,105.15,20.05\n")
    (finding,) = _import(located, "villages", path).findings
    assert (finding.code, finding.value, finding.allowed) == ("village_in_other_commune", "00004", "14758")


def test_swapped_coordinates_are_called_so(located: FolderStore, tmp_path: Path) -> None:
    path = _csv(tmp_path / "a.csv", "site_id,lon,lat\nA,105.05,20.05\nB,20.05,105.05\n")
    assert _refusal(located, "sites", path) == [("coordinates_swapped", 3, "lon, lat", "20.05, 105.05")]


def test_points_outside_the_study_are_only_told(located: FolderStore, tmp_path: Path) -> None:
    path = _csv(tmp_path / "a.csv", "site_id,lon,lat\nA,106.2,20.05\n")
    (finding,) = _import(located, "sites", path).findings
    # a degree of longitude at 20.05° N: 111.19 km x cos(20.05°) = 104.5 km
    assert (finding.code, finding.severity, finding.allowed) == ("outside_study", "warning", "104 km")


def test_vn2000_coordinates_are_brought_to_longitude_and_latitude(
    located: FolderStore, tmp_path: Path
) -> None:
    point = gpd.GeoSeries([Point(105.05, 20.05)], crs="EPSG:4326").to_crs("EPSG:5897").iloc[0]
    path = _csv(tmp_path / "a.csv", f"Mã trạm,X (m),Y (m)\nA,{point.x:.3f},{point.y:.3f}\n")
    with pytest.raises(LayerFileError) as refused:
        _import(located, "sites", path)
    assert refused.value.code == "crs_missing"
    _import(located, "sites", path, crs="EPSG:5897")
    there = located.table("sites").geometry.iloc[0]
    assert (there.x, there.y) == pytest.approx((105.05, 20.05), abs=1e-6)


@pytest.mark.parametrize("ending", [".gpkg", ".geojson", ".shp", ".parquet", ".zip"])
def test_every_geographic_format_gives_the_same_roads(
    located: FolderStore, tmp_path: Path, ending: str
) -> None:
    frame = gpd.GeoDataFrame(
        {"road_id": ["R1"], "name": ["Đường tỉnh 520"]},
        geometry=[LineString([(105.01, 20.01), (105.02, 20.02)])],
        crs="EPSG:4326",
    ).to_crs("EPSG:4326" if ending == ".geojson" else "EPSG:32648")
    path = tmp_path / f"đường{ending}"
    if ending == ".parquet":
        frame.to_parquet(path)
    elif ending == ".zip":
        (tmp_path / "d").mkdir()
        frame.to_file(tmp_path / "d" / "x.shp")
        with zipfile.ZipFile(path, "w") as archive:
            for file in (tmp_path / "d").iterdir():
                archive.write(file, f"folder/{file.name}")
    else:
        frame.to_file(path)
    _import(located, "roads", path)
    roads = located.table("roads")
    assert list(roads["name"]) == ["Đường tỉnh 520"]
    assert roads.geometry.iloc[0].coords[1] == pytest.approx((105.02, 20.02), abs=1e-6)


def test_a_file_that_says_its_crs_is_believed(located: FolderStore, tmp_path: Path) -> None:
    frame = gpd.GeoDataFrame({"site_id": ["A"]}, geometry=[Point(105.05, 20.05)], crs="EPSG:4326")
    frame.to_file(tmp_path / "a.gpkg")
    (finding,) = _import(located, "sites", tmp_path / "a.gpkg", crs="EPSG:3405").findings
    assert (finding.code, finding.severity) == ("crs_ignored", "warning")


def test_a_shapefile_without_a_crs_needs_one(located: FolderStore, tmp_path: Path) -> None:
    gpd.GeoDataFrame({"site_id": ["A"]}, geometry=[Point(105.05, 20.05)], crs="EPSG:4326").to_file(
        tmp_path / "a.shp"
    )
    (tmp_path / "a.prj").unlink()
    with pytest.raises(LayerFileError) as refused:
        _import(located, "sites", tmp_path / "a.shp")
    assert (refused.value.code, refused.value.parameters["file"]) == ("crs_missing", "a.shp")
    assert _import(located, "sites", tmp_path / "a.shp", crs="EPSG:4326").rows == 1


def test_a_column_map_wins_and_unknown_columns_are_answered_with_those_there(
    located: FolderStore, tmp_path: Path
) -> None:
    path = _csv(tmp_path / "a.csv", "site_id,ma cua toi,lon,lat\nA,Z,105.05,20.05\n")
    _import(located, "sites", path, column_map={"ma cua toi": "site_id"})
    assert list(located.table("sites")["site_id"]) == ["Z"]
    for column_map, code in (
        ({"khong co": "site_id"}, "column_unknown"),
        ({"site_id": "tower"}, "column_target"),
    ):
        with pytest.raises(InputError) as refused:
            _import(located, "sites", path, column_map=column_map)
        assert refused.value.code == code
        assert "site_id" in str(refused.value.parameters["allowed"])


def test_cells_get_defaults_by_band_named_in_assumed(located: FolderStore, tmp_path: Path) -> None:
    _import(located, "sites", _csv(tmp_path / "s.csv", "site_id,lon,lat,mast_height_m\nA,105.05,20.05,40\n"))
    path = _csv(
        tmp_path / "c.csv",
        "Mã cell,Mã trạm,Nhà mạng,Công nghệ,Băng tần,Azimuth,Công suất\n"
        "A1,A,VNPT,NR,3750,120,\nA2,A,VNPT,4G,900,,43\n",
    )
    report = _import(located, "cells", path)
    first, second = located.table("cells").to_dict("records")
    assert (first["bandwidth_mhz"], first["power_dbm"], first["antenna_height_m"]) == (100.0, 53.0, 40.0)
    assert "power_dbm" in first["assumed"].split(";")
    assert "frequency_mhz" not in first["assumed"].split(";")
    assert (second["bandwidth_mhz"], second["power_dbm"], second["horizontal_beamwidth_deg"]) == (
        10.0,
        43.0,
        360.0,
    )
    assert "power_dbm" not in second["assumed"].split(";")
    assert first["geometry"] == Point(105.05, 20.05)
    assert "bandwidth_mhz" in report.meta.assumed


def test_cells_need_their_sites(located: FolderStore, tmp_path: Path) -> None:
    path = _csv(tmp_path / "c.csv", "cell_id,site_id,operator,technology\nA1,A,VNPT,4G\nB1,B,VNPT,6G\n")
    with pytest.raises(InputError) as refused:
        _import(located, "cells", path)
    assert refused.value.code == "cells_need_sites"
    _import(located, "sites", _csv(tmp_path / "s.csv", "site_id,lon,lat\nA,105.05,20.05\n"))
    told = {(code, row, column) for code, row, column, _ in _refusal(located, "cells", path)}
    assert {("unknown_site", 3, "site_id"), ("not_allowed", 3, "technology")} <= told


def test_new_sites_move_cells_and_tell_which_lose_their_mast(located: FolderStore, tmp_path: Path) -> None:
    _import(located, "sites", _csv(tmp_path / "s.csv", "site_id,lon,lat\nA,105.05,20.05\nB,105.06,20.05\n"))
    _import(located, "cells", _csv(tmp_path / "c.csv", "site_id,technology\nA,4G\nB,4G\n"))
    report = _import(located, "sites", _csv(tmp_path / "s2.csv", "site_id,lon,lat\nA,105.07,20.05\n"))
    assert [(one.code, one.value) for one in report.findings] == [("cells_without_site", "B")]
    assert [point.x for point in located.table("cells").geometry] == [105.07, 105.06]


def test_places_take_vietnamese_kinds(located: FolderStore, tmp_path: Path) -> None:
    path = _csv(
        tmp_path / "a.csv",
        "Tên;Loại;Kinh độ;Vĩ độ\nUBND xã Na Mèo;UBND xã;105.05;20.05\nChợ;chợ;105.15;20.05\n",
    )
    _import(located, "places", path)
    places = located.table("places")
    assert list(places["kind"]) == ["commune_centre", "market"]
    assert list(places["commune_code"]) == ["00004", "14758"]
    assert places["place_id"].is_unique


def test_communes_tell_overlaps_and_gaps_and_repair_rings(study: FolderStore, tmp_path: Path) -> None:
    bow = Polygon([(105.0, 20.0), (105.1, 20.1), (105.1, 20.0), (105.0, 20.1)])
    ring = Polygon(box(105.2, 20.0, 105.5, 20.3).exterior, [box(105.3, 20.1, 105.4, 20.2).exterior])
    frame = gpd.GeoDataFrame(
        {"code": ["1", "2", "3"], "name": ["Xã A", "P.B", "C"]},
        geometry=[bow, ring, MultiPolygon([box(105.19, 20.0, 105.21, 20.01)])],
        crs="EPSG:4326",
    )
    frame.to_file(tmp_path / "a.gpkg")
    report = _import(study, "communes", tmp_path / "a.gpkg")
    assert {one.code for one in report.findings} == {
        "geometry_repaired",
        "boundaries_overlap",
        "boundaries_gap",
    }
    table = study.table("communes")
    assert list(table["name"]) == ["A", "B", "C"]
    assert list(table["kind"].iloc[:2]) == ["xã", "phường"]
    assert table.geometry.is_valid.all()
    assert study.epsg == 32648


def test_wrong_shapes_are_refused(located: FolderStore, tmp_path: Path) -> None:
    gpd.GeoDataFrame(
        {"site_id": ["A"]}, geometry=[LineString([(105, 20), (105.1, 20)])], crs="EPSG:4326"
    ).to_file(tmp_path / "a.gpkg")
    assert [found[0] for found in _refusal(located, "sites", tmp_path / "a.gpkg")] == ["wrong_geometry"]


def test_too_many_findings_are_counted(located: FolderStore, tmp_path: Path) -> None:
    rows = "".join(f"S{number},105.05,20.05,-1\n" for number in range(1500))
    path = _csv(tmp_path / "a.csv", "site_id,lon,lat,mast_height_m\n" + rows)
    found = _refusal(located, "sites", path)
    assert len(found) == 1001
    assert found[-1][0] == "more_findings"
    assert found[-1][3] == "500"


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("a.csv", b"", "file_empty"),
        ("a.csv", b"site_id,lon,lat\n", "no_rows"),
        ("a.csv", b"\n\n\n", "no_rows"),
        ("a.csv", "site_id,lon,lat\nTrạm,105,20\n".encode("utf-16"), "text_encoding"),
        ("a.csv", b"site_id,lon,lat\nTr\xb9m,105,20\n", "text_encoding"),
        ("a.csv", b"site_id,lon,lat\n\x00\x00", "file_broken"),
        ("a.csv", b"site_id,lon,lat\nA," + b"9" * 200_000 + b",20\n", "file_broken"),
        ("a.csv", b"site_id,address\nA,x\n", "coordinates_missing"),
        ("a.xlsx", b"PK\x03\x04 not a workbook", "file_broken"),
        ("a.xlsx", b"site_id,lon,lat\nA,105,20\n", "file_broken"),
        ("a.gpkg", b"SQLite format 3\x00 and no more", "file_broken"),
        ("a.gpkg", b"<OGRVRTDataSource/>", "file_broken"),
        ("a.shp", b"\x00\x00\x27\x0a broken", "file_broken"),
        ("a.zip", b"PK\x05\x06" + b"\x00" * 18, "no_rows"),
        ("a.zip", b"no archive", "file_broken"),
        ("a.parquet", b"PAR1....PAR1", "file_broken"),
        ("a.geojson", b"{", "json_broken"),
        ("a.geojson", b"[]", "geojson_features"),
        ("a.geojson", b"[" * 200_000, "file_broken"),
        ("a.geojson", b'{"type": "FeatureCollection", "features": []}', "no_rows"),
        ("a.geojson", b'{"type": "FeatureCollection", "features": {"a": 1}}', "geojson_features"),
        ("a.geojson", b'{"type": "FeatureCollection", "name": "\xff"}', "text_encoding"),
        ("a.exe", b"MZ", "file_format"),
    ],
)
def test_hostile_files_are_refused_with_words(
    located: FolderStore, tmp_path: Path, name: str, content: bytes, code: str
) -> None:
    (tmp_path / name).write_bytes(content)
    before = located.layer_names()
    with pytest.raises(LayerFileError) as refused:
        _import(located, "sites", tmp_path / name)
    assert refused.value.code == code
    assert name in str(refused.value.parameters["file"])
    assert located.layer_names() == before


def test_what_is_no_file_is_refused(located: FolderStore, tmp_path: Path) -> None:
    for path, code in ((tmp_path, "file_is_folder"), (tmp_path / "none.csv", "file_missing")):
        with pytest.raises(LayerFileError) as refused:
            _import(located, "sites", path)
        assert refused.value.code == code
    with pytest.raises(InputError) as nothing:
        _import(located, "towers", tmp_path)
    assert nothing.value.code == "layer_unknown"
    assert all(layer in str(nothing.value.parameters["allowed"]) for layer in LAYERS)
    with pytest.raises(LayerFileError, match="no_files"):
        _import(located, "sites")


@pytest.mark.parametrize(
    "geometry",
    [
        "null",
        '{"type": "Point"}',
        '{"type": "Point", "coordinates": []}',
        '{"type": "Point", "coordinates": ["a", 1]}',
        '{"type": "Blob", "coordinates": [1, 2]}',
        '{"type": "Point", "coordinates": [1e400, 20]}',
        '{"type": "Polygon", "coordinates": [[[1, 2]]]}',
        "[]",
        '{"type": "Point", "coordinates": [[[[1]]]]}',
    ],
)
def test_broken_shapes_are_findings_at_their_feature(
    located: FolderStore, tmp_path: Path, geometry: str
) -> None:
    good = '{"type": "Point", "coordinates": [105.05, 20.05]}'
    features = ",".join(
        f'{{"type": "Feature", "properties": {{"site_id": "{name}"}}, "geometry": {shape}}}'
        for name, shape in (("A", good), ("B", geometry))
    )
    path = _csv(tmp_path / "a.geojson", f'{{"type": "FeatureCollection", "features": [{features}]}}')
    found = _refusal(located, "sites", path)
    assert {row for _, row, _, _ in found} == {2}


def test_rows_with_more_cells_than_the_header_are_refused(located: FolderStore, tmp_path: Path) -> None:
    path = _csv(tmp_path / "a.csv", "site_id,lon,lat\nA,105,05,20,05\n")
    assert ("row_too_long", 2, None, "5") in _refusal(located, "sites", path)


def test_numbers_that_may_mean_two_things_are_refused(located: FolderStore, tmp_path: Path) -> None:
    path = _csv(tmp_path / "a.csv", 'site_id,lon,lat,frequency_mhz\nA,105.05,20.05,"1,800"\nB,nan,inf,\n')
    found = _refusal(located, "sites", path)
    assert ("number_ambiguous", 2, "frequency_mhz", "1,800") in found
    assert {row for _, row, _, _ in found} == {2, 3}


def test_a_sheet_that_is_not_there_is_answered_with_those_that_are(
    located: FolderStore, tmp_path: Path
) -> None:
    book = openpyxl.Workbook()
    book.active.title = "Trạm"
    book.active.append(["x"])
    book.save(tmp_path / "a.xlsx")
    with pytest.raises(LayerFileError) as refused:
        _import(located, "sites", tmp_path / "a.xlsx", sheet="Thôn")
    assert (refused.value.code, refused.value.parameters["allowed"]) == ("sheet_unknown", "Trạm")


def test_a_geopackage_of_several_layers_needs_a_choice(located: FolderStore, tmp_path: Path) -> None:
    frame = gpd.GeoDataFrame({"site_id": ["A"]}, geometry=[Point(105.05, 20.05)], crs="EPSG:4326")
    for layer in ("one", "two"):
        frame.to_file(tmp_path / "a.gpkg", layer=layer)
    with pytest.raises(LayerFileError) as refused:
        _import(located, "sites", tmp_path / "a.gpkg")
    assert refused.value.code == "sheet_needed"
    assert _import(located, "sites", tmp_path / "a.gpkg", sheet="two").rows == 1


@pytest.mark.parametrize("name", ["communes_2025.gpkg", "communes_2025_simplified_30m.geojson"])
def test_the_real_communes_come_in_as_they_are(study: FolderStore, shared_data: Path, name: str) -> None:
    report = _import(study, "communes", shared_data / "thanh_hoa" / name)
    table = study.table("communes")
    assert report.rows == 166
    assert table["kind"].value_counts().to_dict() == {"xã": 147, "phường": 19}
    assert int(table["population"].sum()) == 4_324_783
    assert {len(code) for code in table["commune_code"]} == {5}
    assert [one.code for one in report.findings] == ["boundaries_overlap"]
    assert study.epsg == 32648


def test_fibre_of_the_open_standard_becomes_routes_and_nodes(located: FolderStore, shared_data: Path) -> None:
    folder = shared_data / "fibre"
    report = _import(located, "fibre", folder / "ofds_nodes.geojson", folder / "ofds_spans.geojson")
    assert report.rows == 3
    assert {one.code for one in report.findings} == {"outside_study"}
    assert list(located.table("fibre_nodes")["name"]) == ["Accra", "Kumasi"]
    (route,) = located.table("fibre_routes").to_dict("records")
    assert (route["name"], route["operator"], route["kind"]) == ("Accra to Kumasi", "FibreCo", "underground")


def test_headers_match_whatever_their_accents_case_and_spaces() -> None:
    matched = match_columns("sites", ["MA_TRAM", "kinh do", "Vĩ  Độ", "Công suất (dBm)"])
    assert matched == {
        "site_id": "MA_TRAM",
        "lon": "kinh do",
        "lat": "Vĩ  Độ",
        "power_dbm": "Công suất (dBm)",
    }


@given(st.text(max_size=30))
def test_header_keys_are_stable(text: str) -> None:
    assert header_key(header_key(text)) == header_key(text)


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e6, max_value=1e6))
def test_a_number_survives_a_decimal_comma(number: float) -> None:
    text = f"{number:.4f}"
    assert parse_number(text.replace(".", ",")) == (float(text), None)


@given(st.text())
def test_any_text_is_a_number_or_stays_as_it_is(text: str) -> None:
    value, _ = parse_number(text)
    assert value is None or value == text or isinstance(value, float)


def test_random_bytes_never_break_an_import(located: FolderStore, tmp_path: Path) -> None:
    rng = random.Random(7)
    for ending in (".csv", ".xlsx", ".gpkg", ".geojson", ".shp", ".zip", ".parquet"):
        for start in (b"", b"PK\x03\x04", b"SQLite format 3\x00", b"\x00\x00\x27\x0a", b"PAR1", b'{"type":'):
            path = tmp_path / f"r{ending}"
            path.write_bytes(start + rng.randbytes(300))
            with pytest.raises(PhuSongError):
                _import(located, "sites", path)
