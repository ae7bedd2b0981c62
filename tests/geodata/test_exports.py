"""Files to take away hold the rows they were given, and nothing in them runs."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import openpyxl
import pyogrio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phusong.coverage.errors import InputError
from phusong.geodata.exports import safe_text, write_table

HEADERS = {
    "village_id": "Mã thôn",
    "name": "Tên thôn",
    "households": "Số hộ",
    "share": "Tỷ lệ",
    "served": "Có sóng",
}
ROWS = [
    {
        "village_id": "00004-001",
        "name": "Bản Na",
        "households": 57,
        "share": 0.25,
        "served": True,
        "lon": 104.5,
        "lat": 20.4,
    },
    {
        "village_id": "00004-002",
        "name": '=HYPERLINK("x")',
        "households": None,
        "share": float("nan"),
        "served": False,
        "lon": None,
        "lat": None,
    },
]
NOTES = {"Mô hình": "p1812", "@": "=1+1"}


def test_a_workbook_has_numbers_as_numbers_a_frozen_head_and_the_method(tmp_path: Path) -> None:
    path = tmp_path / "thôn.xlsx"
    assert write_table(path, ROWS, HEADERS, notes=NOTES, sheet="Thôn", notes_sheet="Phương pháp") == 2
    book = openpyxl.load_workbook(path)
    sheet = book["Thôn"]
    assert sheet.freeze_panes == "A2"
    assert [cell.value for cell in sheet[1]] == list(HEADERS.values())
    assert [cell.value for cell in sheet[2]] == ["00004-001", "Bản Na", 57, 0.25, True]
    assert [cell.value for cell in sheet[3]] == ["00004-002", '\'=HYPERLINK("x")', None, None, False]
    assert sheet["B3"].data_type == "s"
    assert [[cell.value for cell in row] for row in book["Phương pháp"].rows] == [
        ["Mô hình", "p1812"],
        ["'@", "'=1+1"],
    ]


def test_a_text_table_opens_in_a_spreadsheet_with_its_accents(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    write_table(path, ROWS, HEADERS, notes=NOTES)
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(path.read_text(encoding="utf-8-sig").splitlines()))
    assert rows[0] == list(HEADERS.values())
    assert rows[1] == ["00004-001", "Bản Na", "57", "0.25", "True"]
    assert rows[2] == ["00004-002", '\'=HYPERLINK("x")', "", "", "False"]


def test_geojson_has_points_and_null_where_there_is_no_place(tmp_path: Path) -> None:
    path = tmp_path / "a.geojson"
    write_table(path, ROWS, HEADERS, notes=NOTES)
    record = json.loads(path.read_text(encoding="utf-8"))
    first, second = record["features"]
    assert first["geometry"] == {"type": "Point", "coordinates": [104.5, 20.4]}
    assert first["properties"] == {
        "village_id": "00004-001",
        "name": "Bản Na",
        "households": 57,
        "share": 0.25,
        "served": True,
    }
    assert second["geometry"] is None
    assert second["properties"]["share"] is None
    assert record["notes"]["Mô hình"] == "p1812"


def test_a_geopackage_has_the_table_and_the_method(tmp_path: Path) -> None:
    path = tmp_path / "a.gpkg"
    write_table(path, ROWS, HEADERS, notes=NOTES)
    frame = pyogrio.read_dataframe(path, layer="data")
    assert list(frame["village_id"]) == ["00004-001", "00004-002"]
    assert (frame.geometry.iloc[0].x, frame.geometry.iloc[0].y) == (104.5, 20.4)
    assert frame.geometry.iloc[1] is None
    assert frame.crs.to_epsg() == 4326
    notes = pyogrio.read_dataframe(path, layer="notes", read_geometry=False)
    assert list(notes["name"]) == list(NOTES)


@pytest.mark.parametrize("ending", [".xlsx", ".csv", ".geojson", ".gpkg"])
def test_no_rows_make_a_valid_file_and_nothing_is_left_behind(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"a{ending}"
    assert write_table(path, [], HEADERS, notes=NOTES) == 0
    assert path.stat().st_size > 0
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("name", ["a.pdf", "a", "a.xls"])
def test_other_endings_are_refused_with_those_allowed(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError) as refused:
        write_table(tmp_path / name, ROWS, HEADERS)
    assert refused.value.code == "export_format"
    assert ".gpkg" in str(refused.value.parameters["allowed"])
    assert list(tmp_path.iterdir()) == []


def test_rows_without_place_make_no_geographic_file(tmp_path: Path) -> None:
    with pytest.raises(InputError) as refused:
        write_table(tmp_path / "a.gpkg", [{"name": "x"}], {"name": "Tên"})
    assert refused.value.code == "export_no_place"


def test_control_letters_do_not_break_a_workbook(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    write_table(path, [{"name": "a\x00b\x0b" + "x" * 40_000}], {"name": "Tên"})
    value = openpyxl.load_workbook(path).worksheets[0]["A2"].value
    assert value.startswith("abx")
    assert len(value) <= 32_767


@given(st.text())
def test_no_text_starts_a_formula(text: str) -> None:
    assert not safe_text(text).startswith(("=", "+", "-", "@", "\t", "\r"))
    assert safe_text(text).endswith(text)
