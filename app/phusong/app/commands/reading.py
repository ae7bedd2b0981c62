"""``phusong results`` and ``villages``: read what was computed."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from phusong.app.clusterreasons import with_clusters
from phusong.app.commands.console import (
    Terminal,
    layer_words,
    print_json,
    progress_bar,
    tell_synthetic,
    terminal,
)
from phusong.app.commands.studies import JsonOption, StudyOption
from phusong.app.communenames import commune_code_of
from phusong.app.compute.rasters import LAYERS
from phusong.app.exporting import export_villages
from phusong.app.i18n.numbers import number, percent
from phusong.app.reasontext import village_reason
from phusong.app.study import Study, open_study


class Status(StrEnum):
    """Status of a settlement."""

    WHITE = "white"
    PATCHY = "patchy"
    SERVED = "served"
    UNKNOWN = "unknown"


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("results", help="cli.results.help")(results)
    app.command("villages", help="cli.villages.help")(villages)
    app.command("coverages", help="cli.coverages.help")(coverages)


def results(context: typer.Context, study: StudyOption, as_json: JsonOption = False) -> None:
    """Print shares by province and commune with the method record."""
    opened = open_study(study)
    record = opened.results()
    is_stale = warn_if_stale(terminal(context), opened)
    if as_json:
        print_json({**record, "state": "stale" if is_stale else "computed"})
        return
    _tell_results(terminal(context), record)


def warn_if_stale(speaker: Terminal, study: Study) -> bool:
    """Say on stderr that figures are of layers or a method that have changed since; return whether so."""
    is_stale = bool(study.describe()["state"] == "stale")
    if is_stale:
        speaker.say("cli.stale")
    return is_stale


def _tell_results(speaker: Terminal, record: Mapping[str, Any]) -> None:
    province = record["province"]
    speaker.tell(
        speaker.words(
            "cli.results.head",
            name=province["name"],
            area=number(province["area_km2"], speaker.language, decimals=2),
            population=number(province["population"], speaker.language),
            villages=number(province["villages"], speaker.language),
        )
    )
    heads = [
        speaker.words(f"denominators.{name}") for name in ("population", "households", "villages", "area")
    ]
    speaker.tell("".join([f"{'':30}", *(f"{head:>14}" for head in heads)]))
    for technology, operators in province["shares"].items():
        for operator, shares in operators.items():
            _tell_row(speaker, f"{technology} {_operator(speaker, operator)}", shares)
    head_technology = record["technologies"][-1]
    speaker.tell("")
    for commune in sorted(record["communes"], key=lambda one: one["commune_code"]):
        label = f"{commune['commune_code']} {commune['name']}"
        _tell_row(speaker, f"{label[:24]} {head_technology}", commune["shares"][head_technology]["all"])
    _tell_method(speaker, record["method"])


def _operator(speaker: Terminal, operator: str) -> str:
    return speaker.words("operators.all") if operator == "all" else operator


def _tell_row(speaker: Terminal, label: str, shares: Mapping[str, Any]) -> None:
    cells = [
        percent(shares[name]["share"], speaker.language)
        for name in ("population", "households", "villages", "area")
    ]
    speaker.tell("".join([f"{label:30}", *(f"{cell:>14}" for cell in cells)]))


def _tell_method(speaker: Terminal, method: Mapping[str, Any]) -> None:
    speaker.tell("")
    speaker.tell(
        speaker.words(
            "cli.results.method",
            model=method["model"],
            grid_m=method["grid"]["cell_size_m"],
            receiver_height_m=method["receiver_height_m"],
            threshold=", ".join(
                f"{name} {number(level, speaker.language)}" for name, level in method["threshold_dbm"].items()
            ),
            probability=percent(method["location_probability"], speaker.language, decimals=0),
            load=percent(method["load"], speaker.language, decimals=0),
            computed_on=method["computed_on"],
        )
    )
    tell_synthetic(speaker, method["synthetic_layers"])
    for layer, columns in method["assumed"].items():
        named = ", ".join(speaker.words(f"assumptions.{column}") for column in columns)
        told = layer_words(speaker, [layer])
        speaker.tell(speaker.words("cli.results.assumed", layer=told, columns=named))


def villages(
    context: typer.Context,
    study: StudyOption,
    status: Annotated[list[Status] | None, typer.Option("--status", help="cli.option.status")] = None,
    commune: Annotated[
        str | None, typer.Option("--commune", metavar="COMMUNE", help="cli.option.commune")
    ] = None,
    to: Annotated[Path | None, typer.Option("--to", help="cli.option.to")] = None,
    as_json: JsonOption = False,
) -> None:
    """List settlements by status (white and patchy when nothing is asked) or export them."""
    wanted = [one.value for one in status] if status else ["white", "patchy"]
    opened = open_study(study)
    speaker = terminal(context)
    is_stale = warn_if_stale(speaker, opened)
    code = None if commune is None else commune_code_of(commune, opened.results()["communes"])
    record = opened.villages(status=wanted, commune_code=code)
    if not is_stale and any(village["status"] == "patchy" for village in record["villages"]):
        with progress_bar(speaker) as progress:
            listed = with_clusters(opened.store, record["villages"], progress=progress)
        record = {**record, "villages": listed}
    if to is not None:
        rows = export_villages(opened.results(), record["villages"], to, language=speaker.language)
        speaker.say("cli.exported", rows=rows, path=str(to))
        if not as_json:
            return
    if as_json:
        print_json(record)
        return
    for village in record["villages"]:
        _tell_village(speaker, village)
    speaker.say("cli.villages.total", count=len(record["villages"]))


def _tell_village(speaker: Terminal, village: Mapping[str, Any]) -> None:
    speaker.tell(
        speaker.words(
            "cli.villages.row",
            status=speaker.words(f"status.{village['status']}"),
            village_id=village["village_id"],
            name=village["name"],
            commune=village["commune_name"],
            households=number(village["households"], speaker.language),
        )
    )
    reason = village_reason(village, speaker.language)
    if reason:
        speaker.tell(f"    {reason}")


def coverages(
    context: typer.Context,
    study: StudyOption,
    to: Annotated[Path, typer.Option("--to", metavar="DIR", help="cli.option.coverages_to", file_okay=False)],
    layers: Annotated[str | None, typer.Option("--layers", metavar="WORDS", help="cli.option.layers")] = None,
    as_json: JsonOption = False,
) -> None:
    """Write rasters of every service as GeoTIFF."""
    speaker = terminal(context)
    wanted = tuple(LAYERS) if layers is None else [name.strip() for name in layers.split(",")]
    opened = open_study(study)
    warn_if_stale(speaker, opened)
    with progress_bar(speaker) as progress:
        paths = opened.export_coverages(to, layers=wanted, progress=progress)
    if as_json:
        print_json({"files": [str(path) for path in paths]})
    else:
        speaker.say("cli.coverages_written", files=len(paths), folder=str(to))
