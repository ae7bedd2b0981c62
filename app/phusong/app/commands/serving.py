"""``phusong serve``: the API and the page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from phusong.app.api.server import serve as serve_study
from phusong.app.commands.console import terminal
from phusong.app.commands.studies import StudyOption


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("serve", help="cli.serve.help")(serve)


def serve(
    context: typer.Context,
    study: StudyOption,
    host: Annotated[str, typer.Option("--host", metavar="ADDRESS", help="cli.option.host")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="cli.option.port")] = 8000,
) -> None:
    """Serve a study until interrupted."""
    speaker = terminal(context)
    serve_study(Path(study), host=host, port=port, announce=lambda url: speaker.say("cli.serving", url=url))
