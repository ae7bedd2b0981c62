"""``phusong map``: a study as one HTML file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from phusong.app.api.studysource import StudySource
from phusong.app.commands.console import print_json, terminal
from phusong.app.commands.reading import warn_if_stale
from phusong.app.commands.studies import JsonOption, StudyOption
from phusong.app.i18n.numbers import number
from phusong.app.portable.document import write_portable_map
from phusong.app.study import open_study


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("map", help="cli.map.help")(portable)


def portable(
    context: typer.Context,
    study: StudyOption,
    to: Annotated[Path, typer.Option("--to", help="cli.map.to", dir_okay=False)],
    as_json: JsonOption = False,
) -> None:
    """Write a map that needs no server and no internet."""
    speaker = terminal(context)
    warn_if_stale(speaker, open_study(study))
    size = write_portable_map(StudySource(study).current(), to, language=speaker.language)
    if as_json:
        print_json({"file": str(to), "bytes": size})
    else:
        speaker.say("cli.map.written", path=str(to), size=number(size / 1e6, speaker.language, decimals=1))
