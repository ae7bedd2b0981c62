"""``phusong place fibre``: the cheapest way along roads from the fibre network to villages or masts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from phusong.app.commands.console import Terminal, print_json, progress_bar, tell_synthetic, terminal
from phusong.app.commands.options import number_option
from phusong.app.commands.studies import JsonOption, StudyOption
from phusong.app.fibre_planning import FibreRequest
from phusong.app.i18n.numbers import number, percent
from phusong.app.study import open_study
from phusong.app.typed import read_number
from phusong.coverage.errors import InputError
from phusong.coverage.placement.fibreplan import FibreCosts

LISTED = 10


class To(StrEnum):
    """Who is joined."""

    VILLAGES = "villages"
    MASTS = "masts"


class Among(StrEnum):
    """Which of them."""

    WITHOUT_FIBRE = "without_fibre"
    WHITE = "white"
    ALL = "all"


def register(group: typer.Typer) -> None:
    """Add the command to the group ``place``."""
    group.command("fibre", help="cli.place_fibre.help")(fibre)


def fibre(
    context: typer.Context,
    study: StudyOption,
    join: Annotated[To, typer.Option("--join", help="cli.place_fibre.join")] = To.VILLAGES,
    among: Annotated[Among, typer.Option("--among", help="cli.place_fibre.among")] = Among.WITHOUT_FIBRE,
    ids: Annotated[str | None, typer.Option("--ids", metavar="IDS", help="cli.place_fibre.ids")] = None,
    scenario: Annotated[Path | None, typer.Option("--scenario", help="cli.place_fibre.scenario")] = None,
    ducts: Annotated[Path | None, typer.Option("--ducts", help="cli.place_fibre.ducts")] = None,
    works: Annotated[Path | None, typer.Option("--works", help="cli.place_fibre.works")] = None,
    costs: Annotated[
        list[str] | None, typer.Option("--cost", metavar="ASSIGNMENT", help="cli.place_fibre.cost")
    ] = None,
    served_within_m: Annotated[
        float, number_option("--served-within-m", "cli.place_fibre.served_within", least=0, metavar="METRES")
    ] = 500.0,
    max_drop_m: Annotated[
        float, number_option("--max-drop-m", "cli.place_fibre.max_drop", least=0, metavar="METRES")
    ] = 2_000.0,
    snap_m: Annotated[
        float, number_option("--snap-m", "cli.place_fibre.snap", least=0, most=100, metavar="METRES")
    ] = 2.0,
    time_limit_s: Annotated[
        float, number_option("--time-limit", "cli.place_fibre.time_limit", least=0, metavar="SECONDS")
    ] = 60.0,
    to: Annotated[Path | None, typer.Option("--to", help="cli.place_fibre.to")] = None,
    out: Annotated[Path | None, typer.Option("--out", hidden=True)] = None,
    ofds: Annotated[Path | None, typer.Option("--ofds", help="cli.place_fibre.ofds")] = None,
    as_json: JsonOption = False,
) -> None:
    """Plan fibre."""
    speaker = terminal(context)
    if to is not None and str(to) in tuple(To):  # what --join was called before
        join, to = To(str(to)), None
    file = to or out
    request = FibreRequest(
        to=join.value,
        among=among.value,
        ids=tuple(part.strip() for part in (ids or "").split(",") if part.strip()),
        scenario=scenario,
        ducts=ducts,
        works=works,
        costs=costs_from(costs or []),
        served_within_m=served_within_m,
        max_drop_m=max_drop_m,
        snap_m=snap_m,
        time_limit_s=time_limit_s,
    )
    with progress_bar(speaker) as progress:
        record = open_study(study).plan_fibre(request, out=file, ofds=ofds, progress=progress)
    if as_json:
        print_json(record)
        return
    _tell(speaker, record)
    for path in (file, ofds):
        if path is not None:
            speaker.say("cli.place_fibre.written", path=str(path))


def costs_from(assignments: Sequence[str]) -> FibreCosts:
    """Read costs such as ``aerial_per_m.commune=60000``, ``build.national=duct``, ``works_saving=0.5``.

    Raises
    ------
    InputError
        ``method_assignment`` for what is no assignment, ``fibre_cost_unknown`` for a name there is not.
    PlacementError
        ``fibre_cost`` for a value out of range.
    """
    values: dict[str, Any] = FibreCosts().as_dict()
    for assignment in assignments:
        name, equals, text = assignment.partition("=")
        kind, _, road_class = name.strip().partition(".")
        if not equals:
            raise InputError("method_assignment", value=assignment[:80])
        place, key = (values.get(kind), road_class) if road_class else (values, kind)
        if not isinstance(place, dict) or key not in place or isinstance(place[key], dict):
            raise InputError("fibre_cost_unknown", value=name.strip()[:80], allowed=", ".join(values))
        place[key] = text.strip() if kind == "build" else _number(name, text)
    return replace(FibreCosts(), **values)


def _number(name: str, text: str) -> float:
    try:
        return read_number(text)
    except InputError as error:
        if error.code == "number_typed":
            raise
        raise InputError("fibre_cost", name=name.strip(), value=text[:40], allowed="0 .. 1e9") from error


def _tell(speaker: Terminal, record: Mapping[str, Any]) -> None:
    language = speaker.language
    speaker.tell(
        speaker.words(
            "cli.place_fibre.answer",
            joined=number(record["targets_joined"], language),
            asked=number(record["targets_asked"], language),
            km=number(record["length_m"] / 1000, language, decimals=1),
            cost=number(record["cost"] / 1e6, language, decimals=1),
            bound=number(record["bound"] / 1e6, language, decimals=1),
            gap=percent(record["gap"], language, decimals=2),
            status=speaker.words(f"plan_status.{record['status']}"),
        )
    )
    for line in record["bill"]["lines"]:
        if line["quantity"]:
            is_count = line["unit"] == "piece"
            amount = number(line["quantity"], language, decimals=0 if is_count else 2)
            unit = speaker.words(f"bill.units.{line['unit']}")
            money = (
                f"  {number(line['cost'] / 1e6, language, decimals=1)} {speaker.words('bill.units.mvnd')}"
                if "cost" in line
                else ""
            )
            speaker.tell(f"  {speaker.words('bill.items.' + line['item']):34}{amount:>12} {unit}{money}")
    speaker.tell(speaker.words("cli.place_fibre.strategic"))
    tell_synthetic(speaker, record["method"]["synthetic_layers"])
    missed = record["not_joined"]
    if len(missed) > LISTED:
        speaker.tell(speaker.words("cli.place_fibre.not_joined_first", listed=LISTED, count=len(missed)))
    for one in missed[:LISTED]:
        speaker.tell(
            speaker.words(
                "cli.place_fibre.not_joined",
                name=one["name"],
                id=one["target_id"],
                distance=number(one["to_reachable_road_m"], language),
            )
        )
