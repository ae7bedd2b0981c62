"""What commands share: words in the person's language, progress on stderr, one JSON object on stdout."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from phusong.app.compute.progress import Progress as Teller
from phusong.app.i18n import Language, translate


@dataclass(frozen=True, slots=True)
class Terminal:
    """Where a command speaks.

    Attributes
    ----------
    language : {"vi", "en"}
    stderr : rich.console.Console
        For progress and remarks; results go to stdout.
    """

    language: Language
    stderr: Console = field(default_factory=lambda: Console(stderr=True, highlight=False))

    def say(self, key: str, **parameters: object) -> None:
        """Print a remark on stderr."""
        self.stderr.print(translate(key, self.language, **parameters), markup=False, soft_wrap=True)

    def tell(self, text: str) -> None:
        """Print a line of the answer on stdout."""
        sys.stdout.write(text + "\n")

    def words(self, key: str, **parameters: object) -> str:
        """Return a sentence of the catalogues."""
        return translate(key, self.language, **parameters)


def terminal(context: typer.Context) -> Terminal:
    """Return the terminal that ``main`` put into the context."""
    found = context.find_object(Terminal)
    return found if found is not None else Terminal("vi")


def layer_words(speaker: Terminal, layers: Iterable[str]) -> str:
    """Name layers as people call them."""
    return "; ".join(speaker.words(f"layer_words.{layer}") for layer in layers)


def tell_synthetic(speaker: Terminal, layers: Sequence[str]) -> None:
    """Say which layers are synthetic, where any is."""
    if layers:
        speaker.tell(speaker.words("cli.results.synthetic", layers=layer_words(speaker, layers)))


def print_json(record: Mapping[str, Any]) -> None:
    """Print one JSON object on stdout."""
    option = orjson.OPT_INDENT_2 | orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS
    sys.stdout.write(orjson.dumps(record, option=option).decode() + "\n")


def utc_now() -> str:
    """Return the time now in ISO 8601, UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


@contextmanager
def progress_bar(terminal: Terminal) -> Iterator[Teller]:
    """Show how far long work is, one bar a stage, on stderr."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(elapsed_when_finished=True),
    )
    with Progress(*columns, console=terminal.stderr) as bars:
        tasks: dict[str, TaskID] = {}

        def advance(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(terminal.words(f"stages.{stage}"), total=max(total, 1))
            bars.update(tasks[stage], completed=done if total else 1, total=max(total, 1))

        yield advance
