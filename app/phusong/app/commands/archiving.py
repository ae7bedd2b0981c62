"""``phusong export``: a study's map as files that need no server of ours."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from phusong.app.api.studysource import StudySource
from phusong.app.api.tilearchives import VECTORS, write_archive
from phusong.app.commands.console import print_json, progress_bar, terminal
from phusong.app.commands.reading import warn_if_stale
from phusong.app.commands.speaking import SpokenTyper
from phusong.app.commands.studies import JsonOption, StudyOption
from phusong.app.i18n.numbers import number
from phusong.app.study import open_study


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    group = SpokenTyper(help="cli.export.help")
    group.callback()(lambda: None)  # one command alone is still a command of the group
    group.command("tiles", help="cli.export.tiles")(tiles)
    app.add_typer(group, name="export")


def tiles(
    context: typer.Context,
    study: StudyOption,
    to: Annotated[Path, typer.Option("--to", help="cli.export.to", dir_okay=False)],
    layer: Annotated[str, typer.Option("--layer", metavar="NAME", help="cli.export.layer")] = VECTORS,
    to_zoom: Annotated[int | None, typer.Option("--to-zoom", help="cli.export.to_zoom")] = None,
    as_json: JsonOption = False,
) -> None:
    """Write an archive of tiles."""
    speaker = terminal(context)
    warn_if_stale(speaker, open_study(study))
    snapshot = StudySource(study).current()
    with progress_bar(speaker) as progress:
        count = write_archive(snapshot, layer, to, to_zoom=to_zoom, progress=progress)
    size = to.stat().st_size
    if as_json:
        print_json({"file": str(to), "layer": layer, "tiles": count, "bytes": size})
    else:
        told = number(size / 1e6, speaker.language, decimals=1)
        speaker.say("cli.export.written", path=str(to), count=count, size=told)
