"""``phusong import``: bring files in as layers, whole or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from phusong.app.commands.console import print_json, progress_bar, terminal, utc_now
from phusong.app.commands.studies import JsonOption, StudyOption
from phusong.app.i18n import tell_findings
from phusong.app.study import open_study
from phusong.coverage.errors import InputError, TableError

SHOWN_FINDINGS = 20


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("import", help="cli.import.help")(import_file)


def import_file(
    context: typer.Context,
    layer: Annotated[str, typer.Argument(metavar="LAYER", help="cli.option.layer")],
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="cli.option.file")],
    study: StudyOption,
    sheet: Annotated[str | None, typer.Option("--sheet", metavar="NAME", help="cli.option.sheet")] = None,
    crs: Annotated[str | None, typer.Option("--crs", metavar="EPSG:…", help="cli.option.crs")] = None,
    overrides_crs: Annotated[bool, typer.Option("--override-crs", help="cli.option.override_crs")] = False,
    columns: Annotated[
        list[str] | None, typer.Option("--map", metavar="ASSIGNMENT", help="cli.option.map")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Import one layer."""
    speaker = terminal(context)
    column_map = dict(_pair(text) for text in columns or [])
    try:
        with progress_bar(speaker) as progress:
            report = open_study(study).import_layer(
                layer,
                files,
                sheet=sheet,
                crs=crs,
                overrides_crs=overrides_crs,
                column_map=column_map,
                imported_at=utc_now(),
                progress=progress,
            )
    except TableError as refused:
        if as_json:
            print_json({"layer": layer, "rows": 0, "findings": [one.as_dict() for one in refused.findings]})
        raise
    if as_json:
        print_json(
            {
                "layer": report.layer,
                "rows": report.rows,
                "findings": [one.as_dict() for one in report.findings],
            }
        )
        return
    layer_told = speaker.words(f"layer_words.{report.layer}")
    if not report.findings:
        speaker.say("cli.imported", layer=layer_told, rows=report.rows)
        return
    count = len(report.findings)
    speaker.say("cli.imported_with", layer=layer_told, rows=report.rows, count=count)
    for line in tell_findings(report.findings, speaker.language, most=SHOWN_FINDINGS):
        speaker.stderr.print(line, markup=False, soft_wrap=True)
    if any(one.code == "crs_ignored" for one in report.findings):
        speaker.say("cli.hints.crs_ignored")


def _pair(text: str) -> tuple[str, str]:
    source, equals, target = text.partition("=")
    if not equals:
        raise InputError("column_map", value=text)
    return source.strip(), target.strip()
