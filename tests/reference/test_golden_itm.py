"""Whole areas by ITM against another program's predictions on the same terrain."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from phusong.app.cli import build_app
from phusong.app.validation_golden import golden_cells, is_golden
from phusong.app.validation_itm import compare_golden
from phusong.coverage.errors import NotFoundError

CASES = ("calgary_30km", "monterey_25km")


@pytest.fixture(scope="module")
def golden(shared_data: Path) -> Path:
    return shared_data / "golden_itm"


def test_both_areas_agree(golden: Path) -> None:
    report = compare_golden(golden, every=150)
    assert tuple(group.name for group in report.groups) == CASES
    assert report.cases > 5_000
    for group in report.groups:
        assert group.within_3db_share >= 0.999, group
        assert abs(group.median_db) <= 0.01, group
    assert report.p99_abs_db <= 0.25, report


def test_the_command_compares_areas(golden: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("phusong.app.validation_itm.GOLDEN_EVERY", 2_000)
    result = CliRunner().invoke(build_app(), ["validate", "itm", str(golden), "--json"])
    assert result.exit_code == 0, result.output
    record = json.loads(result.stdout)
    assert [group["name"] for group in record["groups"]] == list(CASES)
    assert record["max_abs_db"] <= 3.0


def test_folders_without_what_is_needed_are_said(golden: Path, tmp_path: Path) -> None:
    assert is_golden(golden)
    folder = tmp_path / "areas"
    folder.mkdir()
    assert not is_golden(folder)
    np.savez(folder / "other_here_ano.npz", lat=[36.61], lon=[-121.9], dbm=[-80.0])
    with pytest.raises(NotFoundError, match=r"other_here\.json"):
        list(golden_cells(folder, every=1))
    (folder / "here.json").write_text((golden / "monterey_25km.json").read_text())
    with pytest.raises(NotFoundError, match="terrain"):
        list(golden_cells(folder, every=1))
