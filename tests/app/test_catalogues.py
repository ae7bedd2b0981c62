"""Both languages say the same things, and everything that can be said has words."""

from __future__ import annotations

import ast
import re
import string
from pathlib import Path

import pytest

from phusong.app.i18n import LANGUAGES, Language, catalogue, choose_language, tell_error, translate
from phusong.app.i18n.numbers import number, percent
from phusong.app.i18n.sentences import limits
from phusong.coverage.errors import Finding, InputError, PhuSongError, TableError


def _error_classes() -> set[str]:
    def below(cls: type) -> set[str]:
        return {cls.__name__}.union(*(below(child) for child in cls.__subclasses__()))

    return below(PhuSongError) - {"TableError"}


def _codes(root: Path) -> tuple[set[str], set[str]]:
    """Literal codes of errors and findings anywhere in the source."""
    errors: set[str] = set()
    findings: set[str] = set()
    classes = _error_classes()
    for top in ("coverage", "geodata", "app"):
        for path in (root / top / "phusong").rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
                    continue
                first = (
                    node.args[0]
                    if node.args
                    else next((word.value for word in node.keywords if word.arg == "code"), None)
                )
                if not (isinstance(first, ast.Constant) and isinstance(first.value, str)):
                    continue
                if node.func.id in classes:
                    errors.add(first.value)
                elif node.func.id == "Finding":
                    findings.add(first.value)
    return errors, findings


def _placeholders(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}


def test_both_languages_have_the_same_keys() -> None:
    assert set(catalogue("vi")) == set(catalogue("en"))


@pytest.mark.parametrize("key", sorted(catalogue("en")))
def test_both_languages_name_the_same_values(key: str) -> None:
    assert _placeholders(catalogue("vi")[key]) == _placeholders(catalogue("en")[key])


def test_every_error_code_has_words(project_root: Path) -> None:
    errors, _ = _codes(project_root)
    assert len(errors) > 10
    assert sorted(code for code in errors if f"errors.{code}" not in catalogue("vi")) == []


def test_every_finding_code_has_words(project_root: Path) -> None:
    _, findings = _codes(project_root)
    assert sorted(code for code in findings if f"findings.{code}" not in catalogue("vi")) == []


def test_help_texts_have_words() -> None:
    import typer.main

    from phusong.app.cli import build_app

    def keys(command) -> list[str]:  # type: ignore[no-untyped-def]
        own = [command.help, *(getattr(parameter, "help", None) for parameter in command.params)]
        inner = [key for child in getattr(command, "commands", {}).values() for key in keys(child)]
        return [key for key in own if key and key.startswith("cli.")] + inner

    found = keys(typer.main.get_command(build_app()))
    assert len(found) > 20
    assert [key for key in found if any(key not in catalogue(language) for language in LANGUAGES)] == []


def test_a_refused_table_names_file_row_column_value_and_what_is_allowed() -> None:
    finding = Finding(
        code="out_of_range", file="a.csv", row=7, column="antenna_height_m", value="-3", allowed="0.5 .. 500"
    )
    told = tell_error(TableError("cells", [finding]), "en")
    for part in ("cells", "a.csv", "row 7", "antenna_height_m", "-3", "0.5 to 500", "1 error."):
        assert part in told


def test_missing_placeholders_stay_visible_and_braces_in_values_are_harmless() -> None:
    assert "{name}" in tell_error(InputError("method_unknown", allowed="{0.__class__}"), "en")
    assert "{0.__class__}" in tell_error(
        InputError("method_unknown", name="x", allowed="{0.__class__}"), "en"
    )


def test_language_is_vietnamese_unless_english_is_wanted() -> None:
    assert choose_language("en") == "en"
    assert choose_language("de-DE,de") == "vi"
    assert translate("status.white", "vi") == "trắng sóng"


@pytest.mark.parametrize(
    ("value", "language", "decimals", "told"),
    [
        (1234567.5, "vi", 1, "1.234.567,5"),
        (1234567.5, "en", 1, "1,234,567.5"),
        (-110.0, "vi", 0, "−110"),
        (0.0, "vi", 0, "0"),
        (None, "en", 2, "–"),
    ],
)
def test_numbers_are_written_as_people_write_them(value, language, decimals, told) -> None:  # type: ignore[no-untyped-def]
    assert number(value, language, decimals=decimals) == told


def test_an_unknown_share_is_a_dash_never_zero() -> None:
    assert percent(None, "vi") == "–"
    assert percent(0.756, "vi") == "75,6\xa0%"


@pytest.mark.parametrize("value", [0.9512, 1234.5, -0.5, "0.5 .. 1500.25"])
def test_no_error_tells_a_vietnamese_number_with_an_english_point(value: float | str) -> None:
    """Every sentence, every kind of number; a text is ours to write only where it says what is allowed."""
    keys = [key for key in catalogue("vi") if key.startswith(("errors.", "findings.", "cli."))]
    for key in keys:
        names = _placeholders(catalogue("vi")[key])
        wanted = names & {"allowed"} if isinstance(value, str) else names
        told = translate(key, "vi", **dict.fromkeys(wanted, value))
        bare = translate(key, "vi", **dict.fromkeys(wanted, ""))
        points = re.findall(r"\d\.\d", told), re.findall(r"\d\.\d", bare)
        assert len(points[0]) <= len(points[1]) + told.count("1.234,5") + told.count("1.500,25"), key


def test_thousands_are_parted_in_amounts_and_not_in_names_of_things() -> None:
    assert "1.234.567 ô" in translate("errors.grid_too_large", "vi", cells=1_234_567, allowed=2)
    assert "8000" in translate("errors.port_taken", "vi", port=8000, host="localhost")
    assert "2030" in translate("cli.target_set", "vi", technology="5G", percent=99.5, year=2030)
    assert "99,5" in translate("cli.target_set", "vi", technology="5G", percent=99.5, year=2030)


@pytest.mark.parametrize(
    ("text", "language", "told"),
    [
        ("-30 .. 80", "vi", "−30 đến 80"),
        ("0.5 .. 500 m", "vi", "0,5 đến 500 m"),
        ("0.5 .. 500 m", "en", "0.5 to 500 m"),
        ("1.4, 3, 5", "vi", "1,4; 3; 5"),
        ("0 .. 1e9", "en", "0 to 1,000,000,000"),
        ("EPSG:4326, v1.0.2, B3, .csv", "vi", "EPSG:4326, v1.0.2, B3, .csv"),
        ("700,1800", "vi", "700,1800"),
    ],
)
def test_what_is_allowed_is_told_in_the_marks_of_the_language(
    text: str, language: Language, told: str
) -> None:
    assert limits(text, language) == told


@pytest.mark.parametrize(("count", "told"), [(1, "1 error."), (2, "2 errors."), (0, "0 errors.")])
def test_one_is_no_plural(count: int, told: str) -> None:
    assert told in translate("errors.table_refused", "en", layer="sites", errors=count)


def test_no_error_of_the_api_names_an_option_of_the_command_line() -> None:
    for language in LANGUAGES:
        words = catalogue(language)
        spoken = {key: words[key] for key in words if key.startswith(("errors.", "findings."))}
        assert [key for key, text in spoken.items() if re.search(r"(^|\s|\()--[a-z]", text)] == []
        hints = [key.removeprefix("cli.hints.") for key in words if key.startswith("cli.hints.")]
        known = {key.split(".")[1] for key in spoken}
        assert [code for code in hints if code not in known] == []


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (InputError("method_range", name="load", value="1.4", allowed="0 .. 1"), "load = 1,4"),
        (InputError("cost_number", name="x", value="-2.5", allowed=">= 0"), "−2,5"),
        (InputError("number_typed", value="60.000", whole="60000", part="60"), "“60.000”"),
    ],
)
def test_numbers_that_were_read_are_written_anew_and_texts_are_quoted(error: InputError, told: str) -> None:
    assert told in tell_error(error, "vi")


def test_no_word_of_the_catalogue_calls_a_scenario_otherwise() -> None:
    """One word for one thing: a scenario is a ``phương án``, what is built an ``hạng mục``."""
    words = catalogue("vi")
    assert [key for key, text in words.items() if "kịch bản" in text.lower()] == []
    plans = [key for key in words if key.startswith(("cli.place_towers.", "towers."))]
    assert [key for key in plans if "kế hoạch" in words[key].lower()] == []
