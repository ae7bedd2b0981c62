"""``phusong validate`` and ``bench``: how right the engine is, and how fast."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from phusong.app.bench import bench_sweep
from phusong.app.commands.console import print_json, terminal
from phusong.app.commands.options import number_option
from phusong.app.commands.speaking import SpokenTyper
from phusong.app.commands.studies import JsonOption
from phusong.app.typed import read_numbers
from phusong.app.validation import ValidationReport, validate_p1812
from phusong.app.validation_itm import validate_itm
from phusong.app.validation_tables import validate_p2109, validate_tr38901
from phusong.coverage.errors import InputError

VALIDATORS: Mapping[str, Callable[[Path], ValidationReport]] = {
    "p1812": validate_p1812,
    "itm": validate_itm,
    "tr38901": validate_tr38901,
    "p2109": validate_p2109,
}


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("validate", help="cli.validate.help")(validate)
    group = SpokenTyper(help="cli.bench.help")
    group.command("sweep", help="cli.bench.sweep")(sweep)
    group.callback()(lambda: None)
    app.add_typer(group, name="bench")


def validate(
    context: typer.Context,
    model: Annotated[str, typer.Argument(metavar="MODEL", help="cli.option.model")],
    cases: Annotated[Path, typer.Argument(metavar="CASES", help="cli.option.cases")],
    as_json: JsonOption = False,
) -> None:
    """Compare a model with reference cases."""
    if model not in VALIDATORS:
        raise InputError("validate_model", value=model, allowed=", ".join(VALIDATORS))
    report = VALIDATORS[model](cases)
    if as_json:
        print_json(asdict(report))
        return
    speaker = terminal(context)
    speaker.tell(
        speaker.words(
            "cli.validated",
            model=model,
            cases=report.cases,
            max_abs_db=round(report.max_abs_db, 6),
            p99_abs_db=round(report.p99_abs_db, 6),
            worst=str(report.worst),
        )
    )


def sweep(
    context: typer.Context,
    terrain: Annotated[Path, typer.Option("--terrain", help="cli.option.terrain")],
    at: Annotated[str, typer.Option("--at", metavar="PLACE", help="cli.option.at")],
    radius_km: Annotated[float, number_option("--radius-km", "cli.option.radius_km")],
    cell_m: Annotated[float, number_option("--cell-m", "cli.option.cell_m", metavar="METRES")],
    model: Annotated[str, typer.Option("--model", metavar="MODEL", help="cli.option.model")] = "p1812",
    mode: Annotated[str, typer.Option("--mode", metavar="sweep|exact", help="cli.option.mode")] = "exact",
    frequency_mhz: Annotated[
        str, typer.Option("--frequency-mhz", metavar="NUMBERS", help="cli.option.frequency_mhz")
    ] = "1800",
    height_m: Annotated[float, number_option("--height-m", "cli.option.height_m", metavar="METRES")] = 30.0,
    time_percentage: Annotated[
        float, number_option("--time-percentage", "cli.option.time_percentage")
    ] = 50.0,
    clutter: Annotated[Path | None, typer.Option("--clutter", help="cli.option.clutter")] = None,
    threads: Annotated[int | None, typer.Option("--threads", min=1, help="cli.option.threads")] = None,
    out: Annotated[Path | None, typer.Option("--to", "--out", help="cli.option.out")] = None,
    as_json: JsonOption = False,
) -> None:
    """Time one site over an area."""
    record = bench_sweep(
        terrain,
        at=at,
        radius_km=radius_km,
        cell_m=cell_m,
        model=model,
        mode=mode,
        frequencies_mhz=_frequencies_mhz(frequency_mhz),
        height_m=height_m,
        time_percentage=time_percentage,
        clutter=clutter,
        threads=threads,
        out=out,
    )
    if as_json:
        print_json(record)
        return
    speaker = terminal(context)
    speaker.tell(speaker.words("cli.benched", **record))


def _frequencies_mhz(text: str) -> list[float]:
    return list(read_numbers(text))
