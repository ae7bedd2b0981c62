"""``phusong place solve``: the solvers on an instance from a file."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Annotated, Any

import typer

from phusong.app.commands.console import Terminal, print_json, terminal
from phusong.app.commands.options import number_option
from phusong.app.commands.studies import JsonOption
from phusong.app.i18n.numbers import number, percent
from phusong.app.instancefiles import read_instance
from phusong.app.solving import answer_record, goal_from, load_kernels, share_from, solve_instance
from phusong.coverage.placement.answer import Step
from phusong.coverage.placement.instance import Int32Array


def register(group: typer.Typer) -> None:
    """Add the sub-command."""
    group.command("solve", help="cli.place.solve.help")(solve)


def solve(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="cli.place.solve.file")],
    sites: Annotated[int | None, typer.Option("--sites", help="cli.place.solve.sites")] = None,
    budget: Annotated[float | None, number_option("--budget", "cli.place.solve.budget")] = None,
    reach: Annotated[
        str | None, typer.Option("--reach", metavar="PERCENT|all", help="cli.place.solve.reach")
    ] = None,
    gap: Annotated[str, typer.Option("--gap", metavar="NUMBER", help="cli.place.solve.gap")] = "0",
    time_limit: Annotated[
        float, number_option("--time-limit", "cli.place.solve.time_limit", least=0, metavar="SECONDS")
    ] = 60.0,
    as_json: JsonOption = False,
) -> None:
    """Choose sites of an instance."""
    speaker = terminal(context)
    goal = goal_from(sites, budget, reach)
    asked_gap = share_from(gap)
    began = time.perf_counter()
    with ThreadPoolExecutor(1) as beside:  # the file is read while the kernels load
        reading = beside.submit(read_instance, file)
        load_kernels(goal)
        instance, constraints = reading.result()
    loading_s = time.perf_counter() - began

    def tell(step: Step, chosen: Int32Array) -> None:
        speaker.say("cli.place.solve.step", **_words(speaker, step), sites=len(chosen))

    answer = solve_instance(instance, constraints, goal, gap=asked_gap, time_limit_s=time_limit, tell=tell)
    record = {**answer_record(answer, goal), "loading_seconds": loading_s}
    if as_json:
        print_json(record)
    else:
        _tell(speaker, record)


def _words(speaker: Terminal, step: Step) -> dict[str, str]:
    language = speaker.language
    relative = abs(step.bound - step.value) / step.value if step.value else None
    return {
        "seconds": number(step.seconds, language, decimals=2),
        "stage": speaker.words(f"placement.stage.{step.stage}"),
        "value": number(step.value, language, decimals=2),
        "bound": number(step.bound, language, decimals=2),
        "gap": percent(relative, language, decimals=3),
    }


def _tell(speaker: Terminal, record: dict[str, Any]) -> None:
    language = speaker.language
    total = record["total_weight"]
    speaker.tell(
        speaker.words(
            f"cli.place.solve.answer_{record['objective']}",
            value=number(record["value"], language, decimals=2),
            bound=number(record["bound"], language, decimals=2),
            gap=percent(record["gap"], language, decimals=3),
            cost=number(record["cost"], language, decimals=2),
            share=percent(record["served_weight"] / total if total else None, language, decimals=2),
            sites=len(record["chosen"]),
            seconds=number(record["seconds"], language, decimals=2),
            status=speaker.words(f"placement.status.{record['status']}"),
        )
    )
    for step in record["curve"]:
        parts = {name: number(value, language, decimals=2) for name, value in step.items()}
        speaker.tell(speaker.words("cli.place.solve.pick", **(parts | {"site": step["site"]})))
