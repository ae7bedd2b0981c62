"""``phusong scenario``: keep plans by name, take them back, put them beside each other."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from phusong.app.commands.console import Terminal, print_json, progress_bar, terminal
from phusong.app.commands.speaking import SpokenTyper
from phusong.app.commands.studies import JsonOption, StudyOption
from phusong.app.comparing import BASELINE, DENOMINATORS, compare, export_comparison, title
from phusong.app.compute.whatif import Baseline
from phusong.app.i18n.numbers import number, percent
from phusong.app.scenarios import (
    cost_mvnd,
    delete_scenario,
    export_scenario,
    layers_changed,
    restore_scenario,
    save_scenario,
    scenario_store,
)
from phusong.app.study import open_study
from phusong.geodata.scenario import LARGEST_DOCUMENT_BYTES, checked_name, scenario_from_json
from phusong.geodata.store.scenarios import SavedScenario

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="cli.scenario.name")]
VersionOption = Annotated[int | None, typer.Option("--version", help="cli.scenario.version")]
LISTED_VILLAGES = 20


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    group = SpokenTyper(help="cli.scenario.help")
    for command in (save, show, delete, restore, export):
        group.command(command.__name__, help=f"cli.scenario.{command.__name__}")(command)
    group.command("list", help="cli.scenario.list")(list_all)
    group.command("compare", help="cli.scenario.compare")(compare_all)
    app.add_typer(group, name="scenario")


def save(
    context: typer.Context,
    file: Annotated[str, typer.Argument(metavar="FILE", help="cli.scenario.file")],
    study: StudyOption,
    name: Annotated[str | None, typer.Option("--name", metavar="NAME", help="cli.scenario.new_name")] = None,
    expected_version: Annotated[
        int | None, typer.Option("--expected-version", help="cli.scenario.expected")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Keep a scenario from a JSON file."""
    scenario = scenario_from_json(_read(file))
    if name is not None:
        scenario = replace(scenario, name=checked_name(name))
    saved = save_scenario(open_study(study).store, scenario, expected_version=expected_version)
    _tell_saved(terminal(context), saved, "cli.scenario.saved", as_json=as_json)


def _read(file: str) -> bytes:
    """Read a file, or standard input for ``-``, no further than it takes to see that it is too large."""
    if file == "-":
        return sys.stdin.buffer.read(LARGEST_DOCUMENT_BYTES + 1)
    with Path(file).open("rb") as source:
        return source.read(LARGEST_DOCUMENT_BYTES + 1)


def list_all(context: typer.Context, study: StudyOption, as_json: JsonOption = False) -> None:
    """List the scenarios of a study."""
    store = open_study(study).store
    found = [
        {
            "name": saved.scenario.name,
            "version": saved.version,
            "saved_at": saved.saved_at,
            "additions": len(saved.scenario.additions),
            "removed": len(saved.scenario.removed_sites) + len(saved.scenario.removed_cells),
            "edits": len(saved.scenario.edits),
            "cost_mvnd": cost_mvnd(saved.scenario)[0],
            "layers_changed": layers_changed(store, saved.scenario),
        }
        for saved in scenario_store(store).all()
    ]
    if as_json:
        print_json({"scenarios": found})
        return
    speaker = terminal(context)
    if not found:
        speaker.say("cli.scenario.none")
    for one in found:
        speaker.tell(speaker.words("cli.scenario.line", **_told(one, speaker)))


def _told(one: Mapping[str, Any], speaker: Terminal) -> dict[str, Any]:
    stale = (
        speaker.words("cli.scenario.stale", layers=", ".join(one["layers_changed"]))
        if one["layers_changed"]
        else ""
    )
    return {**one, "cost": number(one["cost_mvnd"], speaker.language), "stale": stale}


def show(
    context: typer.Context,
    name: NameArgument,
    study: StudyOption,
    version: VersionOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print a scenario."""
    saved = scenario_store(open_study(study).store).load(name, version=version)
    if as_json:
        print_json(saved.as_dict())
        return
    terminal(context).tell(orjson.dumps(saved.as_dict(), option=orjson.OPT_INDENT_2).decode())


def delete(context: typer.Context, name: NameArgument, study: StudyOption) -> None:
    """Delete a scenario; its versions stay for ``restore``."""
    gone = delete_scenario(open_study(study).store, name)
    terminal(context).say("cli.scenario.deleted", name=gone.scenario.name)


def restore(
    context: typer.Context,
    name: NameArgument,
    study: StudyOption,
    version: VersionOption = None,
    as_json: JsonOption = False,
) -> None:
    """Bring back a deleted scenario or an earlier version."""
    saved = restore_scenario(open_study(study).store, name, version=version)
    _tell_saved(terminal(context), saved, "cli.scenario.restored", as_json=as_json)


def _tell_saved(speaker: Terminal, saved: SavedScenario, key: str, *, as_json: bool) -> None:
    if as_json:
        print_json(saved.as_dict())
    else:
        speaker.say(key, name=saved.scenario.name, version=saved.version)


def export(
    context: typer.Context,
    name: NameArgument,
    study: StudyOption,
    to: Annotated[Path, typer.Option("--to", help="cli.scenario.to")],
) -> None:
    """Write a scenario as JSON, or its masts as a table or map layer."""
    speaker = terminal(context)
    saved = scenario_store(open_study(study).store).load(name)
    count = export_scenario(saved, to, language=speaker.language)
    speaker.say("cli.exported", rows=count, path=str(to))


def compare_all(
    context: typer.Context,
    names: Annotated[list[str], typer.Argument(metavar="NAME...", help="cli.scenario.names")],
    study: StudyOption,
    to: Annotated[Path | None, typer.Option("--to", help="cli.scenario.compare_to")] = None,
    as_json: JsonOption = False,
) -> None:
    """Put scenarios beside each other and beside the network that stands."""
    speaker = terminal(context)
    store = open_study(study).store
    scenarios = [scenario_store(store).load(name).scenario for name in names]
    with progress_bar(speaker) as progress:
        record = compare(Baseline(store), scenarios, progress=progress)
    if to is not None:
        export_comparison(record, to, language=speaker.language)
        speaker.say("cli.exported", rows=len(scenarios), path=str(to))
    if as_json:
        print_json(record)
    else:
        _tell_comparison(speaker, record)


def _tell_comparison(speaker: Terminal, record: Mapping[str, Any]) -> None:
    columns, language = record["scenarios"], speaker.language
    for one in columns:
        speaker.tell(title(one, language))
    heads = [speaker.words("compare.baseline") if one["key"] == BASELINE else one["key"] for one in columns]
    speaker.tell("".join([f"{'':34}", *(f"{head:>18}" for head in heads)]))
    for name in DENOMINATORS:
        cells = [_share(one["figures"][name], language) for one in columns]
        _tell_row(speaker, record, name, cells, label="area_share" if name == "area" else name)
    costs = [number(one["cost_mvnd"], language) for one in columns]
    _tell_row(speaker, record, "cost_mvnd", costs)
    each = [number(one["cost_per_household_mvnd"], language, decimals=2) for one in columns]
    _tell_row(speaker, record, "cost_per_household_mvnd", each)
    speaker.tell(f"* {speaker.words('compare.best')}")
    for one in columns:
        for kind in ("gains", "loses"):
            _tell_villages(speaker, one, kind)


def _share(figure: Mapping[str, Any], language: Any) -> str:  # noqa: ANN401 - one of two languages
    return percent(figure["share"], language, decimals=2)


def _tell_row(
    speaker: Terminal, record: Mapping[str, Any], row: str, cells: list[str], *, label: str = ""
) -> None:
    keys = [one["key"] for one in record["scenarios"]]
    marked = [
        f"{cell}{'*' if key in record['best'][row] else ' '}" for key, cell in zip(keys, cells, strict=True)
    ]
    speaker.tell(
        "".join([f"{speaker.words(f'compare.rows.{label or row}'):34}", *(f"{cell:>18}" for cell in marked)])
    )


def _tell_villages(speaker: Terminal, column: Mapping[str, Any], kind: str) -> None:
    villages = column[kind]
    if not villages:
        return
    speaker.tell(f"{column['key']} · {speaker.words(f'compare.{kind}')}: {len(villages)}")
    for village in villages[:LISTED_VILLAGES]:
        then, now = (speaker.words(f"status.{village[when]}") for when in ("before", "after"))
        homes = number(village["households"], speaker.language)
        told = speaker.words("compare.village", homes=homes, before=then, after=now)
        speaker.tell(f"  {village['name']} ({village['commune_code']}): {told}")
