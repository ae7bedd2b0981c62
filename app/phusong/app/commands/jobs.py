"""``phusong job``: long work that outlives a terminal: submit, look, cancel, work."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from phusong.app.commands.console import Terminal, print_json, terminal
from phusong.app.commands.speaking import SpokenTyper
from phusong.app.commands.studies import JsonOption, StudyOption
from phusong.app.i18n.numbers import number
from phusong.app.jobs.kinds import KINDS
from phusong.app.jobs.runner import JobRunner
from phusong.app.study import open_study
from phusong.coverage.errors import InputError
from phusong.geodata.store.jobs import JobRecord

IdArgument = Annotated[str, typer.Argument(metavar="ID", help="cli.job.id")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    group = SpokenTyper(help="cli.job.help")
    for command in (submit, show, cancel, work):
        group.command(command.__name__, help=f"cli.job.{command.__name__}")(command)
    group.command("list", help="cli.job.list")(list_all)
    app.add_typer(group, name="job")


def _runner(study: Path) -> JobRunner:
    return JobRunner(open_study(study).store, KINDS)


def submit(
    context: typer.Context,
    kind: Annotated[str, typer.Argument(metavar="KIND", help="cli.job.kind")],
    study: StudyOption,
    inputs: Annotated[Path | None, typer.Option("--inputs", help="cli.job.inputs")] = None,
    as_json: JsonOption = False,
) -> None:
    """Put a job into the queue of the study."""
    runner = _runner(study)
    given = {} if inputs is None else _inputs(inputs)
    record = runner.get(runner.submit(kind, given))
    if as_json:
        print_json(record.as_dict())
    else:
        terminal(context).tell(record.job_id)


def _inputs(path: Path) -> dict[str, Any]:
    try:
        given = orjson.loads(path.read_bytes())
    except orjson.JSONDecodeError as error:
        raise InputError("json_broken", file=path.name, row=error.lineno, column=error.colno) from error
    if not isinstance(given, dict):
        raise InputError("json_object", file=path.name)
    return given


def list_all(context: typer.Context, study: StudyOption, as_json: JsonOption = False) -> None:
    """List the jobs of a study."""
    records = _runner(study).all()
    if as_json:
        print_json({"jobs": [record.as_dict() for record in records]})
        return
    if not records:
        terminal(context).say("cli.job.none")
    for record in records:
        _tell(terminal(context), record)


def _tell(speaker: Terminal, record: JobRecord) -> None:
    speaker.tell(
        speaker.words(
            "cli.job.line",
            job_id=record.job_id,
            kind=record.kind,
            status=speaker.words(f"jobs.status.{record.status}"),
            progress=number(record.progress, speaker.language),
            created_at=record.created_at,
        )
    )
    if record.error is not None:
        speaker.tell("  " + speaker.words(f"errors.{record.error['code']}", **record.error["parameters"]))


def show(
    context: typer.Context,
    job_id: IdArgument,
    study: StudyOption,
    after: Annotated[int, typer.Option("--after", min=0, help="cli.job.after")] = 0,
    as_json: JsonOption = False,
) -> None:
    """Print a job, its events and, where it ended well, its answer."""
    runner = _runner(study)
    record = runner.get(job_id)
    if as_json:
        events = [event.as_dict() for event in runner.events(job_id, after=after)]
        result = runner.result(job_id) if record.status == "successful" else None
        print_json({**record.as_dict(), "events": events, "result": result})
        return
    _tell(terminal(context), record)


def cancel(context: typer.Context, job_id: IdArgument, study: StudyOption) -> None:
    """Cancel a job."""
    _tell(terminal(context), _runner(study).cancel(job_id))


def work(context: typer.Context, study: StudyOption) -> None:
    """Run the jobs that wait, then end."""
    runner = _runner(study)
    done = 0
    while runner.run_next():
        done += 1
    terminal(context).say("cli.job.worked", count=done)
