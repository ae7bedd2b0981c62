"""Help and usage errors of the command line: in the person's language, without a word of the library's."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

from phusong.app.cli import MODULES, build_app, run
from phusong.app.settings import Settings
from phusong.app.study import open_study

ENGLISH_OF_THE_LIBRARY = re.compile(
    r"Usage:|Options:|Arguments:|Commands:|Missing|Invalid|No such|Try |Show this message|\[required\]"
    r"|default:|\[OPTIONS\]|COMMAND|ARGS|<(str|int|float|path|file)>|Error:|got unexpected",
    re.IGNORECASE,
)


def phusong(*arguments: str | Path, language: str = "vi") -> int:
    return run([str(argument) for argument in arguments], Settings(lang=language))


def _commands(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    yield path
    for name, child in getattr(command, "commands", {}).items():
        yield from _commands(child, (*path, name))


ALL_COMMANDS = sorted(_commands(typer.main.get_command(build_app())))


@pytest.mark.parametrize("path", ALL_COMMANDS, ids=" ".join)
def test_help_is_vietnamese_throughout(path: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert phusong(*path, "--help") == 0
    told = capsys.readouterr().out
    assert told.startswith("Cách dùng: phusong") and "Xem hướng dẫn này." in told
    assert ENGLISH_OF_THE_LIBRARY.findall(told) == []
    assert "cli." not in told and "usage." not in told


def test_help_is_english_where_it_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert phusong("villages", "--help", language="en") == 0
    told = capsys.readouterr().out
    assert told.startswith("Usage: phusong villages [OPTIONS]")
    assert "--study DIR" in told and "[required]" in told and "CODE_OR_NAME" in told


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["villages"], "thiếu tùy chọn --study THƯ_MỤC"),
        (["import"], "thiếu LỚP"),
        (["villages", "--studi", "x"], "gần giống: --status, --study"),
        (["vilages"], "villages"),
        (["place", "tower"], "towers"),
        (["villages", "--study"], "--study"),
        (["villages", "--study", "x", "--status", "red"], "white|patchy|served|unknown"),
        (["serve", "--study", "x", "--port", "70000"], "từ 0 đến 65535"),
        (["job", "work", "extra", "--study", "x"], "extra"),
        (["study", "target", "5G", "60", "--study", "x", "--year", "năm", "--source", "y"], "--year"),
    ],
)
def test_wrong_usage_is_told_in_vietnamese(
    arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert phusong(*arguments) == 2
    said = capsys.readouterr().err
    assert "Lỗi:" in said and told in said
    assert ENGLISH_OF_THE_LIBRARY.findall(said) == []


def test_wrong_usage_is_told_in_english_where_it_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert phusong("villages", language="en") == 2
    assert "Error: option --study DIR is missing." in capsys.readouterr().err


def test_a_group_alone_shows_its_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert phusong("place") == 2
    said = capsys.readouterr().err
    assert "Các lệnh:" in said and "towers" in said


def test_commands_are_listed_in_the_order_of_the_work(capsys: pytest.CaptureFixture[str]) -> None:
    phusong("--help")
    listed = re.findall(r"^  ([a-z][a-z-]+) ", capsys.readouterr().out.split("Các lệnh:")[1], re.MULTILINE)
    assert listed == list(MODULES)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["what-if", "--study", "x", "--height-m", "cao"], "“cao” không phải là số"),
        (["study", "create", "x", "--name", "T", "--grid-m", "1,5e"], "không phải là số"),
        (["place", "towers", "--study", "x", "--budget", "60.000"], "60000"),
        (["place", "fibre", "--study", "x", "--snap-m", "101"], "cho phép: 0 đến 100"),
        (["study", "target", "5G", "0,9", "--study", "x", "--year", "2030", "--source", "y"], "90 %"),
        (["point", "--study", "x", "--at", "19.81,105.78"], "105.78,19.81"),
    ],
)
def test_numbers_that_can_be_mistaken_are_refused_with_what_to_write(
    arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert phusong(*arguments) == 1
    assert told in capsys.readouterr().err


def test_a_decimal_comma_is_read_wherever_a_number_is_typed(tmp_path: Path) -> None:
    study = tmp_path / "s"
    assert phusong("study", "create", study, "--name", "T", "--grid-m", "62,5") == 0
    target: list[str | Path] = [
        "study",
        "target",
        "5G",
        "60,5%",
        "--year",
        "2030",
        "--source",
        "178/KH-UBND",
        "--study",
        study,
    ]
    assert phusong(*target) == 0
    settings = (study / "study.json").read_text(encoding="utf-8")
    assert open_study(study).describe()["grid_m"] == 62.5 and "60.5" in settings


def test_an_error_of_the_command_line_names_its_option(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    study = tmp_path / "s"
    phusong("study", "create", study, "--name", "T")
    assert phusong("results", "--study", study) == 1
    assert "phusong compute --study THƯ_MỤC" in capsys.readouterr().err


def test_a_file_that_is_not_there_is_told_in_vietnamese(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    study = tmp_path / "s"
    phusong("study", "create", study, "--name", "T")
    assert phusong("scenario", "save", tmp_path / "không.json", "--study", study) == 1
    said = capsys.readouterr().err
    assert "không có tệp hoặc thư mục này" in said and "No such" not in said


def test_a_method_takes_a_decimal_comma(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    study = tmp_path / "s"
    phusong("study", "create", study, "--name", "T")
    assert phusong("study", "method", "--study", study, "--set", "load=0,4") == 0
    assert "load = 0.4" in capsys.readouterr().out
    assert open_study(study).store.method().load == 0.4
    assert phusong("study", "method", "--study", study, "--set", "load=1,4") == 1
    assert "1,4" in capsys.readouterr().err
