"""What an import says of rows that lie far away, name old technologies or are in another CRS."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pytest
from shapely.geometry import Point, Polygon, box

from phusong.app.i18n import tell_error, tell_finding, tell_findings
from phusong.coverage.errors import Finding, TableError
from phusong.geodata.importing import import_layer
from phusong.geodata.reports import ImportReport
from phusong.geodata.store.folder import FolderStore

NOW = "2026-01-02T03:04:05+00:00"
WGS_84 = "EPSG:4326"
HERE = Point(105.05, 20.05)


@pytest.fixture
def empty(tmp_path: Path) -> FolderStore:
    return FolderStore.create(tmp_path / "study", name="Thử")


@pytest.fixture
def study(empty: FolderStore, tmp_path: Path) -> FolderStore:
    """A study with one commune, 105.0 .. 105.1 E and 20.0 .. 20.1 N."""
    frame = gpd.GeoDataFrame(
        {"commune_code": ["00004"], "name": ["Xã Na Mèo"]},
        geometry=[box(105.0, 20.0, 105.1, 20.1)],
        crs=WGS_84,
    )
    frame.to_file(tmp_path / "communes.gpkg")
    _import(empty, "communes", tmp_path / "communes.gpkg")
    return empty


def _import(study: FolderStore, layer: str, path: Path, **options: object) -> ImportReport:
    return import_layer(study, layer, [path], imported_at=NOW, **options)  # type: ignore[arg-type]


def _sites(folder: Path, rows: str) -> Path:
    path = folder / "tram.csv"
    path.write_text(f"site_id,lon,lat,technologies\n{rows}", encoding="utf-8")
    return path


def _refused(study: FolderStore, layer: str, path: Path) -> TableError:
    with pytest.raises(TableError) as refused:
        _import(study, layer, path)
    return refused.value


def _errors(refused: TableError) -> list[tuple[str, int | None, str | None]]:
    return [(one.code, one.row, one.column) for one in refused.findings if one.severity == "error"]


def test_a_site_far_from_the_study_is_an_error_with_its_distance(study: FolderStore, tmp_path: Path) -> None:
    refused = _refused(study, "sites", _sites(tmp_path, "A,105.05,20.05,4G\nB,105.05,10.76,4G\n"))
    assert _errors(refused) == [("far_from_study", 3, "lon, lat")]
    # from 10.76° to the study's edge at 20.0° N along a meridian: 9.24 x 111.19 km = 1,027 km
    told = tell_error(refused, "vi")
    assert "cách nghiên cứu 1027 km" in told.replace(".", "") and "EPSG" in told and "105,05; 10,76" in told


def test_roads_may_run_on_into_the_country(study: FolderStore, tmp_path: Path) -> None:
    path = tmp_path / "roads.geojson"
    gpd.GeoDataFrame(
        {"name": ["QL1"]}, geometry=gpd.GeoSeries.from_wkt(["LINESTRING (105 10, 105 11)"]), crs=WGS_84
    ).to_file(path)
    assert [(one.code, one.severity) for one in _import(study, "roads", path).findings] == [
        ("outside_study", "warning")
    ]


def test_old_technologies_are_said_not_to_be_computed(study: FolderStore, tmp_path: Path) -> None:
    rows = "A,105.05,20.05,3G\nB,105.05,20.06,2G;4G\nC,105.05,20.07,4G\n"
    report = _import(study, "sites", _sites(tmp_path, rows))
    assert report.rows == 3
    found = [(one.code, one.severity, one.row, one.value) for one in report.findings]
    assert found == [
        ("technology_not_computed", "warning", 2, "3G"),
        ("technologies_in_part", "warning", None, "1"),
    ]
    told = tell_findings(report.findings, "vi")
    assert all(line.startswith("  lưu ý ·") and "4G, 5G" in line for line in told)


def test_a_coordinate_that_is_no_number_is_one_error(study: FolderStore, tmp_path: Path) -> None:
    refused = _refused(study, "sites", _sites(tmp_path, "A,nan,20.05,4G\nB,105.05,,4G\n"))
    assert _errors(refused) == [("not_a_number", 2, "lon"), ("missing_geometry", 3, "lon, lat")]
    assert "2 lỗi" in tell_error(refused, "vi")


@pytest.mark.parametrize("is_located", [False, True])
def test_communes_with_swapped_coordinates_are_recognised(
    empty: FolderStore, tmp_path: Path, is_located: bool, request: pytest.FixtureRequest
) -> None:
    store = request.getfixturevalue("study") if is_located else empty
    shape = Polygon([(20.2, 105.3), (20.2, 105.4), (20.3, 105.4), (20.3, 105.3)])
    path = tmp_path / "swapped.geojson"
    gpd.GeoDataFrame({"commune_code": ["00004"], "name": ["Xã"]}, geometry=[shape], crs=WGS_84).to_file(path)
    refused = _refused(store, "communes", path)  # a warning of the libraries would fail the test
    assert _errors(refused) == [("coordinates_swapped", 1, "geometry")]
    assert "có lẽ đúng là 105,3; 20,2" in tell_error(refused, "vi")


def test_swapped_polygons_of_places_are_recognised_by_the_communes(
    study: FolderStore, tmp_path: Path
) -> None:
    path = tmp_path / "places.geojson"
    shape = box(20.04, 105.04, 20.06, 105.06)
    gpd.GeoDataFrame({"name": ["KCN"], "kind": ["industrial_zone"]}, geometry=[shape], crs=WGS_84).to_file(
        path
    )
    assert ("coordinates_swapped", 1, "geometry") in _errors(_refused(study, "places", path))


def test_a_crs_that_is_not_used_is_told_beside_the_one_that_is(study: FolderStore, tmp_path: Path) -> None:
    gpd.GeoDataFrame({"site_id": ["A"]}, geometry=[HERE], crs=WGS_84).to_file(tmp_path / "a.gpkg")
    (finding,) = _import(study, "sites", tmp_path / "a.gpkg", crs="EPSG:9208").findings
    told = tell_finding(finding, "vi")
    assert "WGS 84" in told and "EPSG:9208" in told and "không dùng" in told


@pytest.mark.parametrize("kind", ["shapes", "columns"])
def test_a_crs_can_be_made_to_win(study: FolderStore, tmp_path: Path, kind: str) -> None:
    # metres of VN-2000 zone 48, in a file that says degrees
    place = gpd.GeoSeries([HERE], crs=WGS_84).to_crs("EPSG:3405").iloc[0]
    if kind == "shapes":
        path = tmp_path / "a.gpkg"
        gpd.GeoDataFrame({"site_id": ["A"]}, geometry=[place], crs=WGS_84).to_file(path)
    else:
        path = _sites(tmp_path, f"A,{place.x:.3f},{place.y:.3f},4G\n")
    assert _errors(_refused(study, "sites", path))
    report = _import(study, "sites", path, crs="EPSG:3405", overrides_crs=True)
    assert report.findings == ()
    there = study.table("sites").geometry.iloc[0]
    assert (there.x, there.y) == pytest.approx((HERE.x, HERE.y), abs=1e-6)


def test_errors_come_before_notes_and_a_long_list_ends_with_how_many_more() -> None:
    notes = [Finding("text_too_long", row=row, severity="warning") for row in range(2, 60)]
    told = tell_findings([*notes, Finding("not_a_number", row=99)], "en", most=10)
    assert told[0].startswith("  error · row 99") and all("note ·" in line for line in told[1:-1])
    assert told[-1].strip() == "… and 49 more findings."
    assert tell_findings(notes[:11], "en", most=10)[-1].strip() == "… and 1 more finding."


def test_shapes_are_told_in_words() -> None:
    finding = Finding("wrong_geometry", row=2, value="Polygon", allowed="LineString, MultiLineString")
    assert tell_finding(finding, "vi") == "dòng 2: sai loại hình học: tệp ghi vùng (đa giác), cần đường"


def test_what_stands_in_a_file_is_shown_as_it_stands() -> None:
    finding = Finding("out_of_range", row=2, column="lat", value="1.5", allowed="2.5 .. 1000")
    assert tell_finding(finding, "vi").endswith("(giá trị: 1.5) – cho phép: 2,5 đến 1.000")
