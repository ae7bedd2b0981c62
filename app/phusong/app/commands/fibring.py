"""``phusong place fibre``: the cheapest way along roads from the fibre network to villages or masts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from phusong.app.commands.console import Terminal, print_json, progress_bar, terminal
from phusong.app.commands.studies import JsonOption, StudyOption
from phusong.app.fibre_planning import FibreRequest
from phusong.app.i18n.numbers import number, percent
from phusong.app.study import open_study
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
    to: Annotated[To, typer.Option("--to", help="cli.place_fibre.to")] = To.VILLAGES,
    among: Annotated[Among, typer.Option("--among", help="cli.place_fibre.among")] = Among.WITHOUT_FIBRE,
    ids: Annotated[str | None, typer.Option("--ids", metavar="ID,ID…", help="cli.place_fibre.ids")] = None,
    scenario: Annotated[Path | None, typer.Option("--scenario", help="cli.place_fibre.scenario")] = None,
    ducts: Annotated[Path | None, typer.Option("--ducts", help="cli.place_fibre.ducts")] = None,
    works: Annotated[Path | None, typer.Option("--works", help="cli.place_fibre.works")] = None,
    costs: Annotated[list[str] | None, typer.Option("--cost", help="cli.place_fibre.cost")] = None,
    served_within_m: Annotated[
        float, typer.Option("--served-within-m", min=0, help="cli.place_fibre.served_within")
    ] = 500.0,
    max_drop_m: Annotated[
        float, typer.Option("--max-drop-m", min=0, help="cli.place_fibre.max_drop")
    ] = 2_000.0,
    snap_m: Annotated[float, typer.Option("--snap-m", min=0, max=100, help="cli.place_fibre.snap")] = 2.0,
    time_limit_s: Annotated[
        float, typer.Option("--time-limit", min=0, help="cli.place_fibre.time_limit")
    ] = 60.0,
    out: Annotated[Path | None, typer.Option("--out", help="cli.place_fibre.out")] = None,
    ofds: Annotated[Path | None, typer.Option("--ofds", help="cli.place_fibre.ofds")] = None,
    as_json: JsonOption = False,
) -> None:
    """Plan fibre."""
    speaker = terminal(context)
    request = FibreRequest(
        to=to.value,
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
        record = open_study(study).plan_fibre(request, out=out, ofds=ofds, progress=progress)
    if as_json:
        print_json(record)
    else:
        _tell(speaker, record)


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
        return float(text)
    except ValueError as error:
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
            money = f"  {number(line['cost'] / 1e6, language, decimals=1)} Mđ" if "cost" in line else ""
            speaker.tell(f"  {speaker.words('bill.items.' + line['item']):34}{amount:>12} {unit}{money}")
    speaker.tell(speaker.words("cli.place_fibre.strategic"))
    if record["method"]["synthetic_layers"]:
        told = ", ".join(record["method"]["synthetic_layers"])
        speaker.tell(f"{speaker.words('notes.synthetic')}: {told}")
    for one in record["not_joined"][:LISTED]:
        speaker.tell(
            speaker.words(
                "cli.place_fibre.not_joined",
                name=one["name"],
                id=one["target_id"],
                distance=number(one["to_reachable_road_m"], language),
            )
        )
    if len(record["not_joined"]) > LISTED:
        speaker.tell(speaker.words("cli.more_findings", count=len(record["not_joined"]) - LISTED))
