"""``phusong what-if``: figures before and after a change that nobody has made yet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from phusong.app.commands.console import Terminal, print_json, terminal
from phusong.app.commands.options import number_option
from phusong.app.commands.studies import JsonOption, StudyOption
from phusong.app.i18n.numbers import number, percent
from phusong.app.newmast import MastWish
from phusong.app.study import open_study
from phusong.app.typed import lon_lat, read_numbers
from phusong.coverage.errors import InputError

DENOMINATORS = ("population", "households", "villages", "area")


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("what-if", help="cli.what_if.help")(what_if)


def what_if(
    context: typer.Context,
    study: StudyOption,
    at: Annotated[str | None, typer.Option("--at", metavar="PLACE", help="cli.option.at")] = None,
    height_m: Annotated[float, number_option("--height-m", "cli.option.height_m", metavar="METRES")] = 36.0,
    band: Annotated[str, typer.Option("--band", metavar="BAND", help="cli.explain.band")] = "1800",
    azimuths: Annotated[
        str | None, typer.Option("--azimuths", metavar="NUMBERS", help="cli.what_if.azimuths")
    ] = None,
    power_dbm: Annotated[float | None, number_option("--power-dbm", "cli.what_if.power")] = None,
    operator: Annotated[
        str | None, typer.Option("--operator", metavar="NAME", help="cli.what_if.operator")
    ] = None,
    technology: Annotated[
        str | None, typer.Option("--technology", metavar="4G|5G", help="cli.what_if.technology")
    ] = None,
    remove: Annotated[
        list[str] | None, typer.Option("--remove", metavar="ID", help="cli.what_if.remove")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Say what a new mast, or a site off air, would change."""
    wish = None
    if at is not None:
        lon_deg, lat_deg = lon_lat(at)
        wish = MastWish(
            lon_deg=lon_deg,
            lat_deg=lat_deg,
            height_m=height_m,
            band=band,
            azimuths_deg=None if azimuths is None else _azimuths(azimuths),
            power_dbm=power_dbm,
            operator=operator,
            technology=technology,
        )
    record = open_study(study).what_if(wish, removed_sites=tuple(remove or ()))
    if as_json:
        print_json(record)
    else:
        _tell(terminal(context), record)


def _azimuths(text: str) -> tuple[float, ...]:
    """``omni`` or nothing asks for an omni antenna."""
    if text.strip().lower() in ("", "omni"):
        return ()
    try:
        return read_numbers(text)
    except InputError as error:
        raise InputError("azimuths", value=text[:80]) from error


def _tell(speaker: Terminal, record: Mapping[str, Any]) -> None:
    language = speaker.language
    if record["mast"] is not None:
        mast = record["mast"]
        speaker.tell(
            speaker.words(
                "cli.what_if.mast",
                operator=mast["operator"],
                technology=mast["technology"],
                frequency=number(mast["frequency_mhz"], language, decimals=1),
                height=number(mast["antenna_height_m"], language, decimals=1),
                sectors=len(mast["azimuths_deg"]) or 1,
                power=number(mast["power_dbm"], language, decimals=1),
                assumed=", ".join(speaker.words(f"assumptions.{name}") for name in mast["assumed"]),
            )
        )
    before, after = record["province"]["before"], record["province"]["after"]
    for technology, operators in after.items():
        for operator, shares in operators.items():
            for name in DENOMINATORS:
                then = before[technology][operator][name]
                _tell_share(speaker, (technology, operator, name), then, shares[name])
    speaker.tell(speaker.words("cli.what_if.villages", count=len(record["villages"])))
    for village in record["villages"]:
        then, now = (speaker.words(f"status.{village[when]}") for when in ("before", "after"))
        speaker.tell(f"  {village['name']} ({village['commune_code']}): {then} → {now}")
    speaker.tell(
        speaker.words("cli.what_if.seconds", seconds=number(record["seconds"], language, decimals=2))
    )


def _tell_share(
    speaker: Terminal, names: tuple[str, str, str], then: Mapping[str, Any], now: Mapping[str, Any]
) -> None:
    if now["served"] is None:
        return
    technology, operator, denominator = names
    who = speaker.words("operators.all") if operator == "all" else operator
    change = now["served"] - then["served"]
    sign = "+" if change >= 0 else "−"
    label = f"{technology} {who}, {speaker.words(f'denominators.{denominator}')}"
    shares = f"{percent(then['share'], speaker.language)} → {percent(now['share'], speaker.language)}"
    moved = number(abs(change), speaker.language, decimals=2 if denominator == "area" else 0)
    unit = speaker.words(f"units_of_change.{denominator}")
    speaker.tell(f"{label:46}{shares}  ({sign}{moved} {unit})")
