"""``phusong study``: make a study, look at its state and its method."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from phusong.app.commands.console import layer_words, print_json, terminal
from phusong.app.commands.options import number_option, percent_argument
from phusong.app.commands.speaking import SpokenTyper
from phusong.app.i18n.numbers import number
from phusong.app.study import Study, create_study, open_study
from phusong.coverage.errors import InputError
from phusong.coverage.method import method_from_dict

_COMMA = re.compile(r"[-+]?\d+,\d+")

StudyOption = Annotated[Path, typer.Option("--study", metavar="DIR", help="cli.option.study")]
JsonOption = Annotated[bool, typer.Option("--json", help="cli.option.json")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    group = SpokenTyper(help="cli.study.help")
    group.command("create", help="cli.study.create")(create)
    group.command("show", help="cli.study.show")(show)
    group.command("method", help="cli.study.method")(method)
    group.command("target", help="cli.study.target")(target)
    app.add_typer(group, name="study")


def create(
    context: typer.Context,
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="cli.option.directory")],
    name: Annotated[str, typer.Option("--name", metavar="NAME", help="cli.option.name")],
    epsg: Annotated[int | None, typer.Option("--epsg", help="cli.option.epsg")] = None,
    grid_m: Annotated[float | None, number_option("--grid-m", "cli.option.grid_m", metavar="METRES")] = None,
) -> None:
    """Make an empty study."""
    study = create_study(directory, name=name, epsg=epsg, grid_m=grid_m)
    terminal(context).say("cli.created", name=study.store.name, path=str(directory))


def show(context: typer.Context, study: StudyOption, as_json: JsonOption = False) -> None:
    """Print what a study holds."""
    record = open_study(study).describe()
    if as_json:
        print_json(record)
        return
    speaker = terminal(context)
    speaker.tell(f"{record['name']} · EPSG:{record['epsg']} · {speaker.words('state.' + record['state'])}")
    for layer, meta in record["layers"].items():
        mark = speaker.words("cli.synthetic_mark") if meta["synthetic"] else ""
        rows = number(meta["rows"], speaker.language)
        named = layer_words(speaker, [layer])
        speaker.tell(f"  {layer:14}{named:20}{rows:>12}  {meta['source']} {mark}".rstrip())


def method(
    context: typer.Context,
    study: StudyOption,
    assignments: Annotated[
        list[str] | None, typer.Option("--set", metavar="ASSIGNMENT", help="cli.option.set")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Print the method record, after setting what is asked."""
    opened = open_study(study)
    if assignments:
        set_method(opened, assignments)
    record = opened.store.method().as_dict()
    if as_json:
        print_json(record)
        return
    speaker = terminal(context)
    for name, value in record.items():
        speaker.tell(f"{name} = {orjson.dumps(value).decode()}")


def target(
    context: typer.Context,
    technology: Annotated[str, typer.Argument(metavar="4G|5G|4G+5G", help="cli.option.technology")],
    percent: Annotated[float, percent_argument("cli.option.percent")],
    study: StudyOption,
    year: Annotated[int, typer.Option("--year", min=2000, max=2100, help="cli.option.year")],
    source: Annotated[str, typer.Option("--source", help="cli.option.source")],
) -> None:
    """Set the target of a technology."""
    open_study(study).set_target(technology, percent=percent, year=year, source=source)
    terminal(context).say("cli.target_set", technology=technology, percent=percent, year=year)


def set_method(study: Study, assignments: list[str]) -> None:
    """Set fields of a study's method from ``name=value`` texts; ``a.b=value`` reaches inside a field.

    Raises
    ------
    InputError
        For a text without ``=``, an unknown name or a value out of range; the method stays as it was.
    """
    record = study.store.method().as_dict()
    for text in assignments:
        name, equals, value = text.partition("=")
        if not equals:
            raise InputError("method_assignment", value=text)
        _put(record, name.strip().split("."), _parse(value.strip()))
    study.store.set_method(method_from_dict(record))


def _put(record: dict[str, Any], path: list[str], value: object) -> None:
    for name in path[:-1]:
        inner = record.get(name)
        if not isinstance(inner, dict):
            raise InputError("method_unknown", name=".".join(path), allowed=", ".join(sorted(record)))
        record = inner
    if path[-1] not in record:
        raise InputError("method_unknown", name=".".join(path), allowed=", ".join(sorted(record)))
    record[path[-1]] = value


def _parse(value: str) -> object:
    """Read a value as JSON has it, or a number with a decimal comma; other texts stay as they are."""
    with suppress(orjson.JSONDecodeError):
        return orjson.loads(value)
    return float(value.replace(",", ".")) if _COMMA.fullmatch(value) else value
