"""Both languages say the same things, and everything that can be said has words."""

from __future__ import annotations

import ast
import string
from pathlib import Path

import pytest

from phusong.app.i18n import LANGUAGES, catalogue, choose_language, tell_error, translate
from phusong.app.i18n.numbers import number, percent
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
    for part in ("cells", "a.csv", "row 7", "antenna_height_m", "-3", "0.5 .. 500"):
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
