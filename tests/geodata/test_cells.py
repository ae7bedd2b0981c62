"""Cells of a list: antennas, tilts and MIMO as people write them, and numbers that cannot be."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import Point

from phusong.coverage.errors import TableError
from phusong.coverage.radio.cell import CELL_RANGES, Cell
from phusong.coverage.tables import check_table
from phusong.geodata.cells import mimo_layers
from phusong.geodata.importing import import_layer
from phusong.geodata.reports import ImportReport
from phusong.geodata.store.folder import FolderStore

NOW = "2026-01-02T03:04:05+00:00"
NUMBERS = [name for name in CELL_RANGES if name not in ("x_m", "y_m")] + ["bandwidth_mhz"]
GOOD: dict[str, Any] = {
    "cell_id": "A-1",
    "site_id": "A",
    "operator": "Viettel",
    "technology": "4G",
    "frequency_mhz": 1842.5,
    "bandwidth_mhz": 20.0,
    "antenna_height_m": 36.0,
    "azimuth_deg": 90.0,
    "downtilt_deg": 4.0,
    "power_dbm": 46.0,
    "antenna_gain_dbi": 17.5,
    "horizontal_beamwidth_deg": 65.0,
    "vertical_beamwidth_deg": 7.0,
    "mechanical_tilt_deg": 0.0,
    "mimo_layers": 2,
    "is_on_air": True,
}


@pytest.fixture
def study(tmp_path: Path) -> FolderStore:
    store = FolderStore.create(tmp_path / "study", name="Thử")
    _import(store, "sites", tmp_path, "Mã trạm,lon,lat,Loại trạm\nA,105.05,20.05,Small cell\nB,105.1,20.1,\n")
    return store


def _import(store: FolderStore, layer: str, folder: Path, text: str) -> ImportReport:
    path = folder / f"{layer}.csv"
    path.write_text(text, encoding="utf-8")
    return import_layer(store, layer, [path], imported_at=NOW)


def _antenna(store: FolderStore, folder: Path) -> None:
    planes = [
        f"{angle} {value:.1f}"
        for beam in (0, 8)
        for angle in range(360)
        for value in [min((angle - beam) % 360, (beam - angle) % 360) / 2]
    ]
    lines = [
        "NAME 80010",
        "GAIN 16.5 dBi",
        "TILT 8",
        "HORIZONTAL 360",
        *planes[:360],
        "VERTICAL 360",
        *planes[360:],
    ]
    (folder / "80010_08T.msi").write_text("\n".join(lines))
    import_layer(store, "antennas", [folder / "80010_08T.msi"], imported_at=NOW)


def test_vietnamese_headers_of_antennas_are_understood(study: FolderStore, tmp_path: Path) -> None:
    _antenna(study, tmp_path)
    text = (
        "Mã trạm;Công nghệ;Azimuth;Loại anten;Tilt cơ;Tilt điện;Cấu hình MIMO\n"
        "B;4G;0;80010_08T;2;;4T4R\n"
        "B;4G;120;;3,5;6;\n"
    )
    report = _import(study, "cells", tmp_path, text)
    assert report.findings == ()
    first, second = study.table("cells").to_dict("records")
    assert (first["antenna"], first["mechanical_tilt_deg"], first["mimo_layers"]) == ("80010_08T", 2.0, 4)
    # What the antenna tells is no assumption any more: tilt, gain, beamwidths.
    assert (first["downtilt_deg"], first["antenna_gain_dbi"], first["vertical_beamwidth_deg"]) == (
        8.0,
        16.5,
        12.0,
    )
    assert not {"downtilt_deg", "antenna_gain_dbi", "mimo_layers"} & set(first["assumed"].split(";"))
    assert (second["downtilt_deg"], second["mechanical_tilt_deg"], second["mimo_layers"]) == (6.0, 3.5, 2)
    assert "mimo_layers" in second["assumed"].split(";")


def test_a_total_tilt_is_parted(study: FolderStore, tmp_path: Path) -> None:
    text = (
        "site_id,technology,azimuth,Tổng tilt,Tilt cơ,Tilt điện\nB,4G,0,7,2,\nB,4G,90,7,,\nB,4G,180,7,2,4\n"
    )
    _import(study, "cells", tmp_path, text)
    cells = study.table("cells")
    assert list(cells["downtilt_deg"]) == [5.0, 7.0, 4.0]
    assert "total_tilt_deg" not in cells
    with pytest.raises(TableError) as refused:
        _import(study, "cells", tmp_path, "site_id,technology,azimuth,Tổng tilt\nB,4G,0,steep\n")
    assert [(one.code, one.column) for one in refused.value.findings] == [("not_a_number", "Tổng tilt")]


def test_an_unknown_antenna_is_told_and_does_no_harm(study: FolderStore, tmp_path: Path) -> None:
    report = _import(
        study, "cells", tmp_path, "site_id,technology,azimuth,antenna\nB,4G,0,K-99\nB,4G,90,K-99\n"
    )
    (finding,) = report.findings
    assert (finding.code, finding.severity, finding.column) == ("unknown_antenna", "warning", "antenna")
    assert finding.value == "K-99"
    assert list(study.table("cells")["antenna_gain_dbi"]) == [17.5, 17.5]


def test_cells_take_the_defaults_of_their_station(study: FolderStore, tmp_path: Path) -> None:
    assert list(study.table("sites")["station_kind"].fillna("")) == ["small_cell", ""]
    _import(study, "cells", tmp_path, "site_id,technology\nA,5G\nB,5G\n")
    small, macro = study.table("cells").to_dict("records")
    assert (small["power_dbm"], small["antenna_height_m"], small["mimo_layers"]) == (30.0, 10.0, 2)
    assert (macro["power_dbm"], macro["antenna_height_m"], macro["mimo_layers"]) == (53.0, 36.0, 4)


HOSTILE = [
    ("Độ cao anten", "antenna_height_m", "0", "out_of_range", "0.5 .. 500"),
    ("Độ cao anten", "antenna_height_m", "-5", "out_of_range", "0.5 .. 500"),
    ("Tần số (MHz)", "frequency_mhz", "60000", "out_of_range", "30 .. 6000"),
    ("Băng thông", "bandwidth_mhz", "-20", "out_of_range", "1.4 .. 400"),
    ("Băng thông", "bandwidth_mhz", "7", "not_allowed", "1.4, 3, 5, 10, 15, 20"),
    ("Azimuth", "azimuth_deg", "361", "out_of_range", "0 .. 360"),
    ("Azimuth", "azimuth_deg", "NaN", "not_a_number", None),
    ("Azimuth", "azimuth_deg", "inf", "not_a_number", None),
    ("Tilt", "downtilt_deg", "95", "out_of_range", "-30 .. 45"),
    ("Tilt cơ", "mechanical_tilt_deg", "95", "out_of_range", "-30 .. 45"),
    ("Công suất", "power_dbm", "1e300", "out_of_range", "-30 .. 80"),
    ("Công suất", "power_dbm", "1e999", "not_a_number", None),
    ("Độ lợi", "antenna_gain_dbi", "99", "out_of_range", "-20 .. 40"),
    ("MIMO", "mimo_layers", "9", "not_allowed", "1, 2, 3, 4, 5, 6, 7, 8"),
    ("MIMO", "mimo_layers", "0", "not_allowed", "1, 2, 3, 4, 5, 6, 7, 8"),
    ("MIMO", "mimo_layers", "massive", "not_a_number", None),
    ("MIMO", "mimo_layers", "2.5", "not_allowed", "1, 2, 3, 4, 5, 6, 7, 8"),
    ("Búp sóng ngang", "horizontal_beamwidth_deg", "0", "out_of_range", "1 .. 360"),
]


@pytest.mark.parametrize("case", HOSTILE, ids=lambda case: f"{case[1]}={case[2]}")
def test_a_number_that_cannot_be_is_named(study: FolderStore, tmp_path: Path, case: tuple) -> None:
    header, column, value, code, allowed = case
    assert column in NUMBERS or column == "mimo_layers"
    text = f"site_id,technology,{header}\nB,4G,\nB,4G,{value}\n"
    with pytest.raises(TableError) as refused:
        _import(study, "cells", tmp_path, text)
    (finding,) = [one for one in refused.value.findings if one.severity == "error"]
    assert (finding.code, finding.file, finding.row, finding.column) == (code, "cells.csv", 3, header)
    assert finding.allowed == allowed
    assert not study.has("cells")


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    column=st.sampled_from([*NUMBERS, "mimo_layers"]),
    value=st.one_of(
        st.floats(), st.integers(-(10**30), 10**30), st.sampled_from([0.0, -0.0, 361.0, 95.0, 7.0])
    ),
    technology=st.sampled_from(["4G", "5G"]),
    frequency_mhz=st.sampled_from([763.0, 1842.5, 2550.0, 3750.0]),
)
def test_what_passes_the_contract_is_a_cell(column, value, technology, frequency_mhz) -> None:  # type: ignore[no-untyped-def]
    row = {**GOOD, "technology": technology, "frequency_mhz": frequency_mhz, column: value}
    frame = gpd.GeoDataFrame(
        {name: [item] for name, item in row.items()}, geometry=[Point(105, 20)], crs=4326
    )
    findings = check_table("cells", frame)
    if findings:
        assert {finding.row for finding in findings} == {1}
        assert {finding.column for finding in findings} <= {column, "bandwidth_mhz"}
    else:
        values = {name: row[name] for name in row if name != "is_on_air"}
        azimuth = values.pop("azimuth_deg")
        is_omni = math.isnan(azimuth)
        cell = Cell(**values, x_m=0.0, y_m=0.0, azimuth_deg=None if is_omni else azimuth)
        assert cell.is_omni == is_omni


def test_mimo_is_read_in_any_spelling() -> None:
    written = ["2x2", "4T4R", "64T64R", "4x2 MIMO", 2, 4.0, "8", "1 T 2 R"]
    assert [mimo_layers(text) for text in written] == [2, 4, 4, 2, 2, 4, 8, 1]
