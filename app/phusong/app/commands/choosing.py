"""``phusong place technology``: the cheapest means for every village that has no signal."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from phusong.app.choicetable import export_technology
from phusong.app.choosing import choose_technology, technology_request
from phusong.app.commands.console import Terminal, print_json, progress_bar, tell_synthetic, terminal
from phusong.app.commands.options import number_option
from phusong.app.commands.studies import JsonOption, StudyOption
from phusong.app.compute.whatif import Baseline
from phusong.app.i18n.numbers import number, percent
from phusong.app.study import open_study
from phusong.coverage.errors import InputError

LISTED = 30


def register(group: typer.Typer) -> None:
    """Add the sub-command to ``phusong place``."""
    group.command("technology", help="cli.technology.help")(technology)


def technology(
    context: typer.Context,
    study: StudyOption,
    costs: Annotated[Path | None, typer.Option("--costs", help="cli.technology.costs")] = None,
    operator: Annotated[
        str | None, typer.Option("--operator", metavar="NAME", help="cli.technology.operator")
    ] = None,
    technology_name: Annotated[
        str | None, typer.Option("--technology", metavar="4G|5G", help="cli.technology.technology")
    ] = None,
    most_places: Annotated[
        int, typer.Option("--most-places", "--places", min=1, help="cli.technology.places")
    ] = 4_000,
    time_limit_s: Annotated[
        float, number_option("--time-limit", "cli.technology.time_limit", least=0, metavar="SECONDS")
    ] = 60.0,
    to: Annotated[Path | None, typer.Option("--to", help="cli.option.to")] = None,
    as_json: JsonOption = False,
) -> None:
    """Choose the cheapest means for every village without service."""
    speaker = terminal(context)
    request = technology_request(
        {} if costs is None else _read(costs),
        operator=operator,
        technology=technology_name,
        most_places=most_places,
        time_limit_s=time_limit_s,
    )
    with progress_bar(speaker) as progress:
        record = choose_technology(Baseline(open_study(study).store), request, progress=progress)
    if to is not None:
        count = export_technology(record, to, language=speaker.language)
        speaker.say("cli.exported", rows=count, path=str(to))
    if as_json:
        print_json(record)
    else:
        _tell(speaker, record)


def _read(path: Path) -> Mapping[str, Any]:
    try:
        given = orjson.loads(path.read_bytes())
    except orjson.JSONDecodeError as error:
        raise InputError("json_broken", file=path.name, row=error.lineno, column=error.colno) from error
    if not isinstance(given, dict):
        raise InputError("cost_file", file=path.name)
    return given


def _tell(speaker: Terminal, record: Mapping[str, Any]) -> None:
    language = speaker.language
    speaker.tell(
        speaker.words(
            "cli.technology.head",
            villages=number(len(record["villages"]), language),
            cost=number(record["cost_mvnd"], language),
            bound=number(record["bound_mvnd"], language),
            gap=percent(record["gap"], language, decimals=2),
            satellite=number(record["satellite_only_cost_mvnd"], language),
        )
    )
    for means, total in record["totals"].items():
        speaker.tell(
            speaker.words(
                "cli.technology.total",
                means=speaker.words(f"means.{means}"),
                villages=number(total["villages"], language),
                households=number(total["households"], language),
            )
        )
    if len(record["villages"]) > LISTED:
        count = number(len(record["villages"]), language)
        speaker.tell(speaker.words("cli.technology.first", listed=LISTED, count=count))
    for village in record["villages"][:LISTED]:
        speaker.tell(_village(speaker, village))
    speaker.tell(speaker.words("cli.technology.assumed", count=len(record["costs"]["assumed"])))
    tell_synthetic(speaker, record["method"]["synthetic_layers"])


def _village(speaker: Terminal, village: Mapping[str, Any]) -> str:
    """Say what is cheapest for a village, and from how many whole households on the ground is."""
    homes = village["break_even_households"]
    return speaker.words(
        f"cli.technology.village{'_never' if homes is None else ''}",
        name=village["name"],
        commune=village["commune_code"],
        households=number(village["households"], speaker.language),
        means=speaker.words(f"means.{village['means']}"),
        break_even=number(None if homes is None else math.ceil(homes), speaker.language),
    )
