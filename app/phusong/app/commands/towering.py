"""``phusong place towers``: where to build masts and cells for a budget, a number of sites or a share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from phusong.app.commands.console import Terminal, print_json, progress_bar, tell_synthetic, terminal
from phusong.app.commands.options import number_option
from phusong.app.commands.studies import JsonOption, StudyOption
from phusong.app.i18n.numbers import coordinates, number, percent
from phusong.app.planning.asking import read_costs, read_excluded, tower_request
from phusong.app.solving import share_from
from phusong.app.study import open_study

LISTED = 15


def register(group: typer.Typer) -> None:
    """Add the command to the group ``place``."""
    group.command("towers", help="cli.place_towers.help")(towers)


def _option(
    name: str, key: str | None = None, *, metavar: str | None = None, was: tuple[str, ...] = ()
) -> Any:  # noqa: ANN401 - typer's
    """Return an option with its help of the catalogues; names it had before still work."""
    told = key or f"cli.place_towers.{name.replace('-', '_')}"
    return typer.Option(f"--{name}", *was, help=told, metavar=metavar)


def _amount(name: str, key: str | None = None, *, metavar: str = "NUMBER") -> Any:  # noqa: ANN401 - typer's
    told = key or f"cli.place_towers.{name.replace('-', '_')}"
    return number_option(f"--{name}", told, least=0, metavar=metavar)


Text = str | None


def towers(
    context: typer.Context,
    study: StudyOption,
    budget: Annotated[float | None, _amount("budget", metavar="MVND")] = None,
    sites: Annotated[int | None, _option("sites")] = None,
    reach: Annotated[Text, _option("reach", metavar="PERCENT|all")] = None,
    target: Annotated[str, _option("target", metavar="households|people|villages")] = "households",
    technology: Annotated[Text, _option("technology", metavar="4G|5G")] = None,
    operator: Annotated[Text, _option("operator", metavar="NAME")] = None,
    served_by: Annotated[str, _option("served-by", metavar="any|own")] = "any",
    kinds: Annotated[Text, _option("kinds", metavar="WORDS")] = None,
    sources: Annotated[Text, _option("sources", metavar="WORDS")] = None,
    heights: Annotated[Text, _option("heights", metavar="NUMBERS")] = None,
    bands: Annotated[Text, _option("bands", metavar="WORDS")] = None,
    costs: Annotated[Path | None, _option("costs")] = None,
    exclude: Annotated[Path | None, _option("exclude")] = None,
    min_distance_m: Annotated[float, _amount("min-distance-m", metavar="METRES")] = 0.0,
    per_commune: Annotated[int | None, _option("per-commune")] = None,
    yearly_budget: Annotated[Text, _option("yearly-budget", metavar="NUMBERS")] = None,
    satellite: Annotated[bool, _option("satellite")] = False,
    most_places: Annotated[int | None, _option("most-places", was=("--places",))] = None,
    gap: Annotated[str, _option("gap", "cli.place.solve.gap", metavar="NUMBER")] = "0",
    time_limit_s: Annotated[
        float, _amount("time-limit", "cli.place.solve.time_limit", metavar="SECONDS")
    ] = 60.0,
    to: Annotated[Path | None, _option("to")] = None,
    scenario: Annotated[Text, _option("scenario", metavar="NAME")] = None,
    as_json: JsonOption = False,
) -> None:
    """Plan towers."""
    request = tower_request(
        budget_mvnd=budget,
        sites=sites,
        reach=reach,
        target=target,
        technology=technology,
        operator=operator,
        served_by=served_by,
        means=kinds,
        sources=sources,
        heights=heights,
        bands=bands,
        costs=read_costs(costs),
        excluded=read_excluded(exclude),
        min_distance_m=min_distance_m,
        per_commune=per_commune,
        yearly_budgets=yearly_budget,
        has_satellite=satellite,
        most_places=most_places,
        gap=share_from(gap),
        time_limit_s=time_limit_s,
    )
    speaker = terminal(context)
    with progress_bar(speaker) as progress:
        record = open_study(study).place_towers(
            request, to=to, scenario=scenario, language=speaker.language, progress=progress
        )
    if as_json:
        print_json(record)
    else:
        _tell_all(speaker, record, to=to, scenario=scenario)


def _tell_all(speaker: Terminal, record: Mapping[str, Any], *, to: Path | None, scenario: str | None) -> None:
    _tell(speaker, record)
    if to is not None:
        speaker.say("cli.place_towers.written", path=str(to))
    if scenario is not None:
        speaker.say("cli.place_towers.kept", name=scenario)


def _tell(speaker: Terminal, record: Mapping[str, Any]) -> None:
    language, served, check = speaker.language, record["served"], record["check"]
    unit = speaker.words(f"towers.targets.{served['target']}")
    figures = {
        "unit": unit,
        "before": number(served["before"], language, decimals=0),
        "after": number(served["after"], language, decimals=0),
        "total": number(served["total"], language, decimals=0),
        "share": percent(served["share_after"], language, decimals=2),
        "cost": number(record["cost_mvnd"], language, decimals=1),
        "picks": len(record["picks"]),
        "bound": number(record["bound"], language, decimals=1),
        "gap": percent(record["gap"], language, decimals=3),
        "status": speaker.words(f"placement.status.{record['status']}"),
    }
    speaker.tell(speaker.words(f"cli.place_towers.answer_{record['objective']}", **figures))
    decimals = 0 if served["target"] == "villages" else 1
    parts = ("claimed", "served_jointly", "lost", "engine", "difference")
    told = {name: number(check[name], language, decimals=decimals) for name in parts}
    speaker.tell(speaker.words("cli.place_towers.check", unit=unit, rounds=check["rounds"], **told))
    _tell_picks(speaker, record["picks"], unit)
    _tell_years(speaker, record["phases"])
    _tell_left(speaker, record, unit)
    _tell_method(speaker, record)


def _tell_picks(speaker: Terminal, picks: Sequence[Mapping[str, Any]], unit: str) -> None:
    """List what is built; of a long list the first, and say how many there are and where all of them are."""
    if not picks:
        return
    who = ", ".join(dict.fromkeys(str(pick["operator"]) for pick in picks))
    speaker.tell(speaker.words("cli.place_towers.builder", operator=who))
    if len(picks) > LISTED:
        speaker.tell(speaker.words("cli.place_towers.first", listed=LISTED, count=len(picks)))
    for pick in picks[:LISTED]:
        speaker.tell(speaker.words("cli.place_towers.pick", unit=unit, **_pick_words(speaker, pick)))


def _pick_words(speaker: Terminal, pick: Mapping[str, Any]) -> dict[str, str]:
    language, backhaul = speaker.language, pick["backhaul"]
    return {
        "number": f"{pick['number']:3}",
        "means": speaker.words(f"towers.means.{pick['means']}"),
        "name": _named(speaker, pick),
        "commune": pick["commune_name"] or "–",
        "place": coordinates(pick["lon"], pick["lat"], language),
        "operator": pick["operator"],
        "technology": pick["technology"],
        "height": number(pick["height_m"], language, decimals=0),
        "band": pick["band"],
        "cost": number(pick["cost_mvnd"], language, decimals=1),
        "backhaul": _backhaul(speaker, backhaul),
        "adds": number(pick["adds"], language, decimals=0),
    }


def _named(speaker: Terminal, pick: Mapping[str, Any]) -> str:
    """Name the place of a pick; a hilltop has its height for a name."""
    source = speaker.words(f"towers.sources.{pick['source']}")
    if not pick["name"]:
        return source
    return f"{source} {pick['name']}" if pick["source"] == "hilltop" else str(pick["name"])


def _backhaul(speaker: Terminal, backhaul: Mapping[str, Any]) -> str:
    told = speaker.words(f"towers.backhaul.{backhaul['means']}")
    if not backhaul["length_m"]:
        return told
    return f"{told} {number(backhaul['length_m'] / 1000.0, speaker.language, decimals=1)} km"


def _tell_years(speaker: Terminal, phases: Mapping[str, Any] | None) -> None:
    if phases is None:
        return
    for place, year in enumerate(phases["years"]):
        speaker.tell(
            speaker.words(
                "cli.place_towers.year",
                year=place + 1,
                picks=", ".join(map(str, year["picks"])) or "–",
                cost=number(year["cost_mvnd"], speaker.language, decimals=1),
                budget=number(year["budget_mvnd"], speaker.language, decimals=1),
                served=number(year["served"], speaker.language, decimals=0),
            )
        )


def _tell_left(speaker: Terminal, record: Mapping[str, Any], unit: str) -> None:
    for reason, weight in record["left_out"]["by_reason"].items():
        if weight:
            told = speaker.words(f"towers.left.{reason}")
            amount = number(weight, speaker.language, decimals=0)
            speaker.tell(speaker.words("cli.place_towers.left", amount=amount, unit=unit, reason=told))
    unjoined = record["candidates"]["without_backhaul"]
    if unjoined:
        count = number(unjoined, speaker.language, decimals=0)
        speaker.tell(speaker.words("cli.place_towers.without_backhaul", count=count))
    villages = record["left_out"]["villages"]
    if len(villages) > LISTED:
        count = number(len(villages), speaker.language)
        speaker.tell(speaker.words("cli.place_towers.left_first", listed=LISTED, count=count))
    for village in villages[:LISTED]:
        told = speaker.words(f"towers.left.{village['reason']}")
        speaker.tell(f"  {village['name']} ({village['commune_code']}): {told}")


def _tell_method(speaker: Terminal, record: Mapping[str, Any]) -> None:
    method = record["method"]
    assumed = method["placement"]["assumed_costs"]
    if assumed:
        speaker.tell(speaker.words("cli.place_towers.assumed", count=len(assumed)))
    values = ", ".join(speaker.words(f"assumptions.{name}") for name in method["placement"]["assumed"])
    speaker.tell(speaker.words("cli.place_towers.assumed_values", names=values))
    tell_synthetic(speaker, method["synthetic_layers"])
