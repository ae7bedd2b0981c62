"""Hostile names, impossible numbers and places that cannot be written to."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from phusong.coverage.errors import InputError
from phusong.geodata.exports import write_table

HEADERS = {"village_id": "Mã thôn", "name": "Tên", "households": "Số hộ", "lon": "Kinh độ", "lat": "Vĩ độ"}
ENDINGS = ["xlsx", "csv", "geojson", "gpkg"]
HOSTILE = ["=1+1", "+84 912", "-cmd|' /C calc'!A0", "@SUM(A1)", "\t=1", "\r=1", "#N/A", "#REF!", "{=1}"]


def row(name: str, **others: object) -> dict[str, Any]:
    return {"village_id": "00004-001", "name": name, "households": 41, "lon": 104.5, "lat": 20.25, **others}


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_becomes_a_formula_or_an_error_in_a_workbook(tmp_path: Path, text: str) -> None:
    path = tmp_path / "villages.xlsx"
    write_table(path, [row(text)], {**HEADERS, "households": text}, notes={text: text})
    with zipfile.ZipFile(path) as archive:
        sheets = [archive.read(name) for name in archive.namelist() if name.startswith("xl/worksheets/")]
    assert len(sheets) == 2
    assert not [sheet for sheet in sheets if b"<f>" in sheet or b"<f " in sheet or b't="e"' in sheet]
    cell = openpyxl.load_workbook(path).worksheets[0]["B2"]
    assert cell.data_type == "s"
    assert cell.value.removeprefix("'").strip() == text.strip()


@pytest.mark.parametrize("ending", ENDINGS)
def test_what_cannot_be_written_is_said_and_leaves_nothing_behind(tmp_path: Path, ending: str) -> None:
    (tmp_path / "file").write_text("in the way")
    (tmp_path / f"folder.{ending}").mkdir()
    for path in (tmp_path / "file" / f"villages.{ending}", tmp_path / f"folder.{ending}"):
        with pytest.raises(InputError) as refused:
            write_table(path, [row("Bản Na")], HEADERS)
        assert refused.value.code == "export_unwritable"
    assert sorted(one.name for one in tmp_path.iterdir()) == ["file", f"folder.{ending}"]


@pytest.mark.parametrize("ending", ENDINGS)
def test_write_that_fails_keeps_the_file_that_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str
) -> None:
    path = tmp_path / f"villages.{ending}"
    write_table(path, [row("Bản Na"), row("Bản Lát")], HEADERS)
    before = path.read_bytes()

    def failing(source: Path, target: Path) -> Path:
        raise OSError("disk is full")

    monkeypatch.setattr(Path, "replace", failing)
    with pytest.raises(InputError) as refused:
        write_table(path, [row("Poọng")], HEADERS)
    assert "disk is full" in str(refused.value.parameters["detail"])
    assert path.read_bytes() == before
    assert [one.name for one in tmp_path.iterdir()] == [path.name]


def test_integers_too_long_for_a_spreadsheet_go_out_as_text(tmp_path: Path) -> None:
    path = tmp_path / "villages.xlsx"
    write_table(path, [row("x", households=12_345_678_901_234_567)], HEADERS)
    cell = openpyxl.load_workbook(path).worksheets[0]["C2"]
    assert (cell.value, cell.data_type) == ("12345678901234567", "s")


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.text(st.characters(codec=None), max_size=30), number=st.floats() | st.integers() | st.none())
@pytest.mark.parametrize("ending", ENDINGS)
def test_any_value_can_be_written(tmp_path: Path, ending: str, name: str, number: float | None) -> None:
    path = tmp_path / f"villages.{ending}"
    assert write_table(path, [row(name, households=number)], HEADERS, notes={name: name}) == 1
    assert path.stat().st_size > 0
