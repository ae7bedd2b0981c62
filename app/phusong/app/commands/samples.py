"""``phusong sample``: synthetic layers, always labelled as such."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from phusong.app.commands.console import print_json, progress_bar, terminal, utc_now
from phusong.app.commands.options import number_option
from phusong.app.commands.speaking import SpokenTyper
from phusong.app.commands.studies import JsonOption, StudyOption
from phusong.app.sampling import create_sample_study, fill_study
from phusong.app.study import open_study


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    group = SpokenTyper(help="cli.sample.help")
    group.command("create", help="cli.sample.create")(create)
    group.command("fill", help="cli.sample.fill")(fill)
    app.add_typer(group, name="sample")


def create(
    context: typer.Context,
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="cli.option.directory")],
    seed: Annotated[int, typer.Option("--seed", min=0, help="cli.option.seed")] = 1,
    grid_m: Annotated[float | None, number_option("--grid-m", "cli.option.grid_m", metavar="METRES")] = None,
) -> None:
    """Make the embedded sample province as a study."""
    speaker = terminal(context)
    with progress_bar(speaker) as progress:
        study = create_sample_study(
            directory, seed=seed, imported_at=utc_now(), grid_m=grid_m, progress=progress
        )
    speaker.say("cli.created", name=study.store.name, path=str(directory))


def fill(
    context: typer.Context,
    study: StudyOption,
    seed: Annotated[int, typer.Option("--seed", min=0, help="cli.option.seed")] = 1,
    masts: Annotated[int | None, typer.Option("--masts", min=1, help="cli.option.masts")] = None,
    villages: Annotated[int | None, typer.Option("--villages", min=1, help="cli.option.villages")] = None,
    elevation_means: Annotated[
        Path | None, typer.Option("--elevation-means", help="cli.option.elevation_means")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Synthesise the layers a study lacks."""
    speaker = terminal(context)
    with progress_bar(speaker) as progress:
        added = fill_study(
            open_study(study),
            seed=seed,
            imported_at=utc_now(),
            masts=masts,
            villages=villages,
            elevation_means_path=elevation_means,
            progress=progress,
        )
    if as_json:
        print_json({"added": added, "synthetic": True, "seed": seed})
    elif added:
        speaker.say("cli.filled", layers=", ".join(added))
    else:
        speaker.say("cli.nothing_to_fill")
