"""``phusong explain``: what limits a cell's footprint, or where the loss of a path comes from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Annotated, Any

import typer

from phusong.app.commands.console import Terminal, print_json, terminal
from phusong.app.commands.options import number_option
from phusong.app.commands.studies import JsonOption, StudyOption
from phusong.app.compute.inputs import cells_table
from phusong.app.footprints import AreaMode, footprint_record
from phusong.app.i18n import Language
from phusong.app.i18n.numbers import number, percent
from phusong.app.paths import Place, StudyGround, explain_between
from phusong.app.study import open_study
from phusong.app.typed import lon_lat
from phusong.coverage.errors import InputError
from phusong.coverage.radio.bands import given_frequency_mhz, named_band
from phusong.geodata.store.folder import FolderStore

PARTS = ("free_space", "terrain", "earth", "atmosphere")


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("explain", help="cli.explain.help")(explain)


def explain(
    context: typer.Context,
    study: StudyOption,
    cell_id: Annotated[str | None, typer.Argument(metavar="CELL_ID", help="cli.explain.cell_id")] = None,
    start: Annotated[str | None, typer.Option("--from", metavar="PLACE", help="cli.explain.from")] = None,
    end: Annotated[str | None, typer.Option("--to", metavar="PLACE", help="cli.explain.to")] = None,
    height_m: Annotated[float, number_option("--height-m", "cli.option.height_m", metavar="METRES")] = 30.0,
    to_height_m: Annotated[
        float | None, number_option("--to-height-m", "cli.explain.to_height_m", metavar="METRES")
    ] = None,
    band: Annotated[str, typer.Option("--band", metavar="BAND", help="cli.explain.band")] = "1800",
    mode: Annotated[AreaMode, typer.Option("--mode", help="cli.option.mode")] = AreaMode.SWEEP,
    as_json: JsonOption = False,
) -> None:
    """Explain the footprint of a cell, or the path between two points."""
    speaker, store = terminal(context), open_study(study).store
    if cell_id is not None and start is None and end is None:
        record = _footprint(store, cell_id, mode)
        tell = _tell_footprint
    elif cell_id is None and start is not None and end is not None:
        record = _path(store, start, end, (height_m, to_height_m), frequency_of_band(band))
        tell = _tell_path
    else:
        raise InputError("explain_what")
    if as_json:
        print_json(record)
    else:
        tell(speaker, record)


def frequency_of_band(text: str) -> float:
    """Read a band's name or 3GPP number as the middle of its downlink; other numbers as megahertz.

    Raises
    ------
    InputError
        ``band_unknown``.

    Examples
    --------
    >>> frequency_of_band("B3"), frequency_of_band("1800"), frequency_of_band("1815")
    (1842.5, 1842.5, 1815.0)
    """
    band = named_band(text)
    if band is None:
        return given_frequency_mhz(text)
    return (band.downlink_low_mhz + band.downlink_high_mhz) / 2.0


def _footprint(store: FolderStore, cell_id: str, mode: AreaMode) -> dict[str, Any]:
    ground = StudyGround(store)
    cells = cells_table(store)[0] if store.has("cells") or store.has("sites") else None
    return footprint_record(ground, cells, cell_id, method=store.method(), mode=mode)


def _path(
    store: FolderStore,
    start: str,
    end: str,
    heights_m: tuple[float, float | None],
    frequency_mhz: float,
) -> dict[str, Any]:
    ground, method = StudyGround(store), store.method()
    return explain_between(
        ground,
        _place(ground, start),
        _place(ground, end),
        start_height_m=heights_m[0],
        end_height_m=method.receiver_height_m if heights_m[1] is None else heights_m[1],
        frequency_mhz=frequency_mhz,
        method=method,
    )


def _place(ground: StudyGround, text: str) -> Place:
    lon_deg, lat_deg = lon_lat(text)
    return ground.place(lon_deg, lat_deg)


def _tell_footprint(speaker: Terminal, record: Mapping[str, Any]) -> None:
    language = speaker.language
    speaker.tell(
        speaker.words(
            "cli.explain.footprint",
            cell_id=record["cell_id"],
            operator=record["operator"],
            technology=record["technology"],
            frequency=number(record["frequency_mhz"], language, decimals=1),
            served=number(record["served_km2"], language, decimals=2),
            farthest=number(record["farthest_km"], language, decimals=2),
            required=number(record["required_dbm"], language, decimals=1),
            radius=number(record["radius_m"] / 1000.0, language, decimals=1),
        )
    )
    shares = sorted(record["shares"].items(), key=lambda entry: -entry[1])
    named = [
        f"{speaker.words(f'footprint.{cause}')} {percent(part, language)}" for cause, part in shares if part
    ]
    speaker.tell(speaker.words("cli.explain.shares", shares="; ".join(named)))
    for run in _runs(record["directions"]):
        reach_km = [one["served_to_m"] / 1000.0 for one in run]
        speaker.tell(
            speaker.words(
                "cli.explain.direction",
                directions=_span(*(_azimuth(one, language) for one in (run[0], run[-1]))),
                reach=_span(*(number(end, language, decimals=1) for end in (min(reach_km), max(reach_km)))),
                cause=speaker.words(f"footprint.{run[0]['ended_by']}"),
            )
        )


def _azimuth(direction: Mapping[str, Any], language: Language) -> str:
    degrees = direction["azimuth_deg"]
    return f"{number(degrees, language, decimals=0 if degrees == int(degrees) else 1)}°"


def _span(first: str, last: str) -> str:
    return first if first == last else f"{first}–{last}"


def _runs(directions: Sequence[Mapping[str, Any]]) -> Iterator[list[Mapping[str, Any]]]:
    """Neighbouring directions with one cause."""
    for _, run in groupby(directions, key=lambda one: one["ended_by"]):
        yield list(run)


def _tell_path(speaker: Terminal, record: Mapping[str, Any]) -> None:
    language = speaker.language
    losses = record["loss_db"]
    speaker.tell(
        speaker.words(
            "cli.explain.path",
            distance=number(record["distance_m"][-1] / 1000.0, language, decimals=3),
            frequency=number(record["frequency_mhz"], language, decimals=1),
            from_height=number(record["from"]["height_m"], language, decimals=1),
            to_height=number(record["to"]["height_m"], language, decimals=1),
            total=number(losses["total"], language, decimals=2),
        )
    )
    for part in PARTS:
        words, part_db = speaker.words(f"cli.explain.part.{part}"), number(losses[part], language, decimals=2)
        speaker.tell(f"  {words:34}{part_db:>10} dB")
    for edge in record["edges"]:
        speaker.tell(
            speaker.words(
                "cli.explain.edge",
                distance=number(edge["distance_m"] / 1000.0, language, decimals=3),
                height=number(edge["height_m"], language, decimals=1),
                excess=number(edge["excess_m"], language, decimals=1),
                nu=number(edge["nu"], language, decimals=2),
                loss=number(edge["loss_db"], language, decimals=1),
            )
        )
    if not record["edges"]:
        speaker.tell(speaker.words("cli.explain.clear"))
