"""``phusong place towers``: where to build masts and cells for a budget, a number of sites or a share."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from phusong.app.commands.console import Terminal, print_json, progress_bar, terminal
from phusong.app.commands.studies import JsonOption, StudyOption
from phusong.app.i18n.numbers import number, percent
from phusong.app.planning.asking import read_costs, read_excluded, tower_request
from phusong.app.solving import share_from
from phusong.app.study import open_study

LISTED = 15


def register(group: typer.Typer) -> None:
    """Add the command to the group ``place``."""
    group.command("towers", help="cli.place_towers.help")(towers)


def _option(name: str, key: str | None = None, *, metavar: str | None = None) -> Any:  # noqa: ANN401 - typer's
    """Return an option with its help of the catalogues."""
    told = key or f"cli.place_towers.{name.replace('-', '_')}"
    return typer.Option(f"--{name}", help=told, metavar=metavar)


Text = str | None


def towers(
    context: typer.Context,
    study: StudyOption,
    budget: Annotated[float | None, _option("budget")] = None,
    sites: Annotated[int | None, _option("sites")] = None,
    reach: Annotated[Text, _option("reach", metavar="PERCENT|all")] = None,
    target: Annotated[str, _option("target")] = "villages",
    technology: Annotated[Text, _option("technology")] = None,
    operator: Annotated[Text, _option("operator")] = None,
    served_by: Annotated[str, _option("served-by")] = "any",
    kinds: Annotated[Text, _option("kinds")] = None,
    sources: Annotated[Text, _option("sources")] = None,
    heights: Annotated[Text, _option("heights")] = None,
    bands: Annotated[Text, _option("bands")] = None,
    costs: Annotated[Path | None, _option("costs")] = None,
    exclude: Annotated[Path | None, _option("exclude")] = None,
    min_distance_m: Annotated[float, _option("min-distance-m")] = 0.0,
    per_commune: Annotated[int | None, _option("per-commune")] = None,
    yearly_budget: Annotated[Text, _option("yearly-budget", metavar="M,M…")] = None,
    satellite: Annotated[bool, _option("satellite")] = False,
    places: Annotated[int | None, _option("places")] = None,
    gap: Annotated[str, _option("gap", "cli.place.solve.gap")] = "0",
    time_limit_s: Annotated[float, _option("time-limit", "cli.place.solve.time_limit")] = 60.0,
    to: Annotated[Path | None, _option("to")] = None,
    scenario: Annotated[Text, _option("scenario")] = None,
    as_json: JsonOption = False,
) -> None:
    """Plan towers."""
    speaker = terminal(context)
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
        most_places=places,
        gap=share_from(gap, per_cent=False),
        time_limit_s=time_limit_s,
    )
    with progress_bar(speaker) as progress:
        record = open_study(study).place_towers(
            request, to=to, scenario=scenario, language=speaker.language, progress=progress
        )
    if as_json:
        print_json(record)
    else:
        _tell(speaker, record)


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
    told = {
        name: number(check[name], language, decimals=decimals) for name in ("claimed", "engine", "difference")
    }
    jointly = number(check["served_jointly"], language, decimals=decimals)
    speaker.tell(
        speaker.words("cli.place_towers.check", unit=unit, jointly=jointly, rounds=check["rounds"], **told)
    )
    for pick in record["picks"][:LISTED]:
        speaker.tell(speaker.words("cli.place_towers.pick", **_pick_words(speaker, pick)))
    if len(record["picks"]) > LISTED:
        speaker.tell(speaker.words("cli.place_towers.more", count=len(record["picks"]) - LISTED))
    _tell_years(speaker, record["phases"])
    _tell_left(speaker, record, unit)
    _tell_method(speaker, record)


def _pick_words(speaker: Terminal, pick: Mapping[str, Any]) -> dict[str, str]:
    language, backhaul = speaker.language, pick["backhaul"]
    return {
        "number": f"{pick['number']:3}",
        "means": speaker.words(f"towers.means.{pick['means']}"),
        "name": pick["name"] or speaker.words(f"towers.sources.{pick['source']}"),
        "commune": pick["commune_name"] or "–",
        "lon": f"{pick['lon']:.5f}",
        "lat": f"{pick['lat']:.5f}",
        "height": number(pick["height_m"], language, decimals=0),
        "band": pick["band"],
        "cost": number(pick["cost_mvnd"], language, decimals=1),
        "backhaul": speaker.words(f"towers.backhaul.{backhaul['means']}"),
        "km": number(backhaul["length_m"] / 1000.0, language, decimals=1),
        "adds": number(pick["adds"], language, decimals=0),
    }


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
    for village in record["left_out"]["villages"][:LISTED]:
        told = speaker.words(f"towers.left.{village['reason']}")
        speaker.tell(f"  {village['name']} ({village['commune_code']}): {told}")


def _tell_method(speaker: Terminal, record: Mapping[str, Any]) -> None:
    method = record["method"]
    assumed = ", ".join(method["placement"]["assumed_costs"])
    if assumed:
        speaker.tell(speaker.words("cli.place_towers.assumed", names=assumed))
    values = ", ".join(speaker.words(f"assumptions.{name}") for name in method["placement"]["assumed"])
    speaker.tell(speaker.words("cli.place_towers.assumed_values", names=values))
    if method["synthetic_layers"]:
        speaker.tell(f"{speaker.words('notes.synthetic')}: {', '.join(method['synthetic_layers'])}")
