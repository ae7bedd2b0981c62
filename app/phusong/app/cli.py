"""The command ``phusong``.

Exit status: 0 done; 1 the input or the request is wrong; 2 usage; 3 internal fault; 130 interrupted.
"""

from __future__ import annotations

import errno
import gc
import importlib
import sys
import traceback
from collections.abc import Mapping
from typing import Any

import typer
import typer.main

from phusong.app.commands.console import Terminal
from phusong.app.commands.speaking import SpokenTyper, usage_error
from phusong.app.i18n import Language, catalogue, tell_error, translate
from phusong.app.settings import Settings
from phusong.coverage.errors import PhuSongError

EXIT_INPUT, EXIT_FAULT, EXIT_INTERRUPTED = 1, 3, 130
GARBAGE_THRESHOLDS = 200_000, 20, 50


MODULES: Mapping[str, str] = {
    "study": "studies",
    "sample": "samples",
    "import": "layers",
    "compute": "working",
    "results": "reading",
    "villages": "reading",
    "point": "places",
    "reliability": "places",
    "explain": "explaining",
    "what-if": "asking",
    "scenario": "scenarios",
    "place": "placing",
    "map": "mapping",
    "coverages": "reading",
    "export": "archiving",
    "serve": "serving",
    "job": "jobs",
    "validate": "proving",
    "bench": "proving",
}
"""Module of each command. Only that of the command asked for is loaded: all of them take seconds."""


def build_app(command: str | None = None) -> typer.Typer:
    """Assemble the commands; help texts are keys of the catalogues until `localise` replaces them.

    Parameters
    ----------
    command : str, optional
        The one asked for; all are assembled where it is none of them.
    """
    app = SpokenTyper(name="phusong", help="cli.help", add_completion=False, pretty_exceptions_enable=False)
    app.callback()(lambda: None)  # one command alone is still a command of the group
    asked = MODULES.get(command or "")
    names = list(dict.fromkeys(MODULES.values())) if asked is None else [asked]
    for name in names:
        importlib.import_module(f"phusong.app.commands.{name}").register(app)
    return app


def localise(command: Any, language: Language) -> None:  # noqa: ANN401 - typer hides the class
    """Replace the catalogue keys in help texts by sentences, in place and throughout the tree.

    Commands stand in the order of the work: the library lists single ones before groups.
    """
    if command.help:
        command.help = translate(command.help, language)
    for parameter in command.params:
        text = getattr(parameter, "help", None)
        if text and text.startswith("cli."):
            parameter.help = translate(text, language)
    if (names := getattr(command, "commands", None)) and names.keys() <= MODULES.keys():
        command.commands = {name: names[name] for name in MODULES if name in names}
    for child in getattr(command, "commands", {}).values():
        localise(child, language)


def main() -> None:
    """Run the command line and leave with its exit status."""
    # Looking for cycles among a million objects takes a fifth of a short command, and finds few.
    gc.set_threshold(*GARBAGE_THRESHOLDS)
    settings = Settings()
    status = run(sys.argv[1:], settings)
    gc.freeze()
    sys.exit(status)


def run(arguments: list[str], settings: Settings) -> int:
    """Run one command; return its exit status."""
    terminal = Terminal(settings.language)
    command = typer.main.get_command(build_app(arguments[0] if arguments else None))
    localise(command, settings.language)
    try:
        outcome = command.main(args=arguments, prog_name="phusong", standalone_mode=False, obj=terminal)
    except (typer.Abort, KeyboardInterrupt):
        terminal.say("cli.interrupted")
        return EXIT_INTERRUPTED
    except OSError as error:
        terminal.say("errors.file_system", path=error.filename or "?", detail=_why(error, settings.language))
        return EXIT_INPUT
    except PhuSongError as error:
        _refuse(terminal, error)
        return EXIT_INPUT
    except Exception as fault:  # noqa: BLE001 - the last line of defence turns any fault into exit status 3
        if hasattr(fault, "show") and hasattr(fault, "exit_code"):  # typer keeps its usage errors private
            terminal.stderr.print(usage_error(fault, settings.language), markup=False, soft_wrap=True)
            return int(fault.exit_code)
        terminal.say("cli.fault", kind=type(fault).__name__, detail=str(fault))
        if settings.debug:
            traceback.print_exception(fault)
        return EXIT_FAULT
    if outcome == EXIT_INTERRUPTED:  # typer turns Ctrl-C into this exit status by itself
        terminal.say("cli.interrupted")
    return outcome if isinstance(outcome, int) else 0


def _why(error: OSError, language: Language) -> str:
    """Why the system refused a file, in words; in the system's own where there are none."""
    key = f"cli.system.{errno.errorcode.get(error.errno or 0, '')}"
    told = translate(key, language)
    return told if told != key else error.strerror or type(error).__name__


def _refuse(terminal: Terminal, error: PhuSongError) -> None:
    """Tell an error, and what to write on the command line where there is an option for it."""
    lines = [tell_error(error, terminal.language)]
    hint = f"cli.hints.{error.code}"
    if hint in catalogue(terminal.language):
        lines.append(terminal.words(hint))
    for line in lines:
        terminal.stderr.print(line, markup=False, soft_wrap=True)
