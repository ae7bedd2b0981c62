"""``phusong point`` and ``reliability``: what a terminal would find at a place, and over an area."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from phusong.app.commands.console import Terminal, print_json, terminal
from phusong.app.commands.reading import warn_if_stale
from phusong.app.commands.studies import JsonOption, StudyOption
from phusong.app.i18n.numbers import number, percent
from phusong.app.study import open_study
from phusong.app.typed import lon_lat


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("point", help="cli.point.help")(point)
    app.command("reliability", help="cli.reliability.help")(reliability)


def point(
    context: typer.Context,
    study: StudyOption,
    at: Annotated[str, typer.Option("--at", metavar="PLACE", help="cli.option.at")],
    as_json: JsonOption = False,
) -> None:
    """Tell what each operator and technology gives at a place."""
    lon_deg, lat_deg = lon_lat(at)
    opened = open_study(study)
    record = opened.point(lon_deg=lon_deg, lat_deg=lat_deg)
    warn_if_stale(terminal(context), opened)
    if as_json:
        print_json(record)
        return
    speaker = terminal(context)
    speaker.tell(
        speaker.words(
            "cli.point.head",
            lon=number(lon_deg, terminal(context).language, decimals=5),
            lat=number(lat_deg, terminal(context).language, decimals=5),
            commune=record["commune_name"] or "–",
            elevation=number(record["elevation_m"], speaker.language, decimals=0),
        )
    )
    if not record["is_inside"]:
        speaker.tell(speaker.words("cli.point.outside"))
        return
    for layer in record["layers"]:
        _tell_layer(speaker, layer)


def reliability(
    context: typer.Context,
    study: StudyOption,
    technology: Annotated[
        str, typer.Option("--technology", metavar="4G|5G", help="cli.reliability.technology")
    ],
    operator: Annotated[
        str, typer.Option("--operator", metavar="NAME", help="cli.reliability.operator")
    ] = "all",
    as_json: JsonOption = False,
) -> None:
    """Print the share of places at which the level holds, by commune and province."""
    record = open_study(study).area_reliability(technology, operator)
    if as_json:
        print_json(record)
        return
    speaker = terminal(context)
    told = speaker.words("operators.all") if operator == "all" else operator
    share = percent(record["reliability"], speaker.language)
    speaker.tell(speaker.words("cli.reliability.head", technology=technology, operator=told, share=share))
    for commune in record["communes"]:
        label = f"{commune['commune_code']} {commune['name']}"
        speaker.tell(f"  {label:38}{percent(commune['reliability'], speaker.language):>10}")


def _tell_layer(speaker: Terminal, layer: Mapping[str, Any]) -> None:
    name = f"{layer['operator']} {layer['technology']}"
    if layer["rsrp_dbm"] is None:
        speaker.tell(speaker.words("cli.point.nothing", name=name))
        return
    figures = {
        key: number(layer[key], speaker.language, decimals=1)
        for key in ("rsrp_dbm", "sinr_db", "rsrq_db", "throughput_mbit_s", "uplink_margin_db", "required_dbm")
    }
    speaker.tell(
        speaker.words(
            "cli.point.layer",
            name=name,
            served=_served_words(speaker, layer["is_served"]),
            cell_id=layer["cell_id"],
            probability=percent(layer["location_probability"], speaker.language),
            **figures,
        )
    )
    told = [
        f"{one['cell_id']} ({number(one['frequency_mhz'], speaker.language, decimals=1)} MHz) "
        f"{number(one['rsrp_dbm'], speaker.language, decimals=1)} dBm"
        for one in layer["servers"]
    ]
    speaker.tell(
        speaker.words("cli.point.servers", servers="; ".join(told), above=layer["servers_above_threshold"])
    )
    for indoor_class, inside in layer["indoor"].items():
        speaker.tell(
            speaker.words(
                "cli.point.indoor",
                building=speaker.words(f"indoor_classes.{indoor_class}"),
                served=_served_words(speaker, inside["is_served"]),
                loss=number(inside["entry_loss_db"], speaker.language, decimals=1),
            )
        )


def _served_words(speaker: Terminal, is_served: bool | None) -> str:
    if is_served is None:
        return "–"
    return speaker.words("words.served" if is_served else "words.not_served")
