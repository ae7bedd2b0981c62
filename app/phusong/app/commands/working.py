"""``phusong compute``: let the engine work."""

from __future__ import annotations

from dataclasses import asdict
from enum import StrEnum
from typing import Annotated

import typer

from phusong.app.commands.console import print_json, progress_bar, terminal
from phusong.app.commands.studies import JsonOption, StudyOption, set_method
from phusong.app.study import open_study

LISTED_SITES = 10


class Mode(StrEnum):
    """How areas are predicted."""

    SWEEP = "sweep"
    EXACT = "exact"


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("compute", help="cli.compute.help")(compute)


def compute(
    context: typer.Context,
    study: StudyOption,
    mode: Annotated[Mode, typer.Option("--mode", help="cli.option.mode")] = Mode.SWEEP,
    workers: Annotated[
        str | None, typer.Option("--workers", metavar="N|ADDRESS", help="cli.option.workers")
    ] = None,
    assignments: Annotated[
        list[str] | None, typer.Option("--set", metavar="ASSIGNMENT", help="cli.option.set")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Compute coverage, shares and villages."""
    speaker = terminal(context)
    opened = open_study(study)
    if assignments:
        set_method(opened, assignments)
    with progress_bar(speaker) as progress:
        report = opened.compute(mode=mode.value, workers=workers, progress=progress)
    if as_json:
        print_json(asdict(report))
    elif report.was_current:
        speaker.say("cli.already_computed", run=report.run)
    else:
        speaker.say(
            "cli.computed",
            run=report.run,
            seconds=round(report.seconds, 1),
            masts=report.masts_computed,
            blocks=report.blocks_composed,
        )
    for why, sites in report.sites_left_out.items():
        listed = ", ".join(sites[:LISTED_SITES]) + (" …" if len(sites) > LISTED_SITES else "")
        speaker.say(f"cli.left_out.{why}", count=len(sites), sites=listed)
