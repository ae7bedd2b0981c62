"""Commands that explain themselves and refuse wrong usage in the person's language.

The library that reads the command line knows English only. Help and usage errors are therefore put into words
here, from the same catalogues as everything else that is said.
"""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from enum import Enum
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from phusong.app.commands.console import Terminal
from phusong.app.i18n import DEFAULT_LANGUAGE, Language, catalogue, translate

# The library's own context, formatter and parameter types are private to it.
Context = Any
Formatter = Any
Parameter = Any

WIDEST_NAME = 30
_PLACEHOLDERS: Mapping[type, str] = {int: "NUMBER", float: "NUMBER", Path: "FILE", str: "TEXT"}


class SpokenCommand(TyperCommand):
    """A command whose help is in the catalogues' words."""

    allow_extra_args = True

    def parse_args(self, ctx: Context, args: list[str]) -> list[str]:
        """Refuse words that nothing asked for."""
        rest = super().parse_args(ctx, args)
        if rest and not ctx.resilient_parsing:
            ctx.fail(translate("usage.extra", language_of(ctx), words=" ".join(map(str, rest))[:80]))
        return rest

    def format_usage(self, ctx: Context, formatter: Formatter) -> None:
        """Write how the command is called."""
        write_usage(self, ctx, formatter)

    def format_options(self, ctx: Context, formatter: Formatter) -> None:
        """Write what the command takes."""
        write_parameters(self, ctx, formatter)


class SpokenGroup(TyperGroup):
    """A group of commands whose help is in the catalogues' words."""

    def format_usage(self, ctx: Context, formatter: Formatter) -> None:
        """Write how the command is called."""
        write_usage(self, ctx, formatter)

    def format_options(self, ctx: Context, formatter: Formatter) -> None:
        """Write what the group takes and its commands."""
        write_parameters(self, ctx, formatter)
        rows = [(name, command.help or "") for name, command in self.commands.items() if not command.hidden]
        with formatter.section(translate("usage.commands", language_of(ctx))):
            formatter.write_dl(rows)

    def resolve_command(self, ctx: Context, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """Find a command; name near ones where there is none."""
        name = args[0]
        if name not in self.commands and not name.startswith("-"):
            near = get_close_matches(name, list(self.commands)) or list(self.commands)
            ctx.fail(translate("usage.no_command", language_of(ctx), name=name[:80], near=", ".join(near)))
        return super().resolve_command(ctx, args)


class SpokenTyper(typer.Typer):
    """A Typer whose commands and groups explain themselves in the person's language."""

    def __init__(self, **settings: Any) -> None:  # noqa: ANN401 - passed on
        super().__init__(cls=SpokenGroup, rich_markup_mode=None, no_args_is_help=True, **settings)

    def command(self, name: str | None = None, **settings: Any) -> Any:  # noqa: ANN401 - as the base class
        """Add a command; see `typer.Typer.command`."""
        return super().command(name, cls=SpokenCommand, **settings)


def language_of(ctx: Context) -> Language:
    """Language of the terminal that a context belongs to."""
    found = ctx.find_object(Terminal)
    return DEFAULT_LANGUAGE if found is None else found.language


def write_usage(command: Any, ctx: Context, formatter: Formatter) -> None:  # noqa: ANN401 - private types
    """Write the line that shows how a command is called."""
    language = language_of(ctx)
    pieces = [f"[{translate('usage.any_options', language)}]"]
    for parameter in command.params:
        if parameter.param_type_name == "argument":
            name = placeholder(parameter, language)
            pieces.append(name if parameter.required else f"[{name}]")
    if getattr(command, "commands", None):
        pieces.append(translate("usage.any_command", language))
    formatter.write_usage(ctx.command_path, " ".join(pieces), prefix=translate("usage.usage", language) + " ")


def write_parameters(command: Any, ctx: Context, formatter: Formatter) -> None:  # noqa: ANN401 - private
    """Write arguments and options, each with what it takes, what it means and its default."""
    language = language_of(ctx)
    rows: dict[str, list[tuple[str, str]]] = {"argument": [], "option": []}
    for parameter in command.get_params(ctx):
        if not parameter.hidden:
            told = _named(parameter, language), _meaning(parameter, language)
            rows[parameter.param_type_name].append(told)
    for kind, section in rows.items():
        if section:
            with formatter.section(translate(f"usage.{kind}s", language)):
                formatter.write_dl(section, col_max=WIDEST_NAME)


def _named(parameter: Parameter, language: Language) -> str:
    if parameter.param_type_name == "argument":
        return placeholder(parameter, language)
    name = parameter.opts[0]  # further ones are what it was called before, and still works
    return name if parameter.is_flag else f"{name} {placeholder(parameter, language)}"


def _meaning(parameter: Parameter, language: Language) -> str:
    is_help = parameter.name == "help" and parameter.is_eager
    told = translate("usage.help", language) if is_help else parameter.help or ""
    extras = [translate("usage.required", language)] if parameter.required else []
    if not is_help and (default := _default(parameter, language)):
        extras.append(translate("usage.default", language, value=default))
    if least_most := limits_of(parameter, language):
        extras.append(least_most)
    return f"{told}  [{'; '.join(extras)}]" if extras else told


def _default(parameter: Parameter, language: Language) -> str:
    value = parameter.default
    if value is None or isinstance(value, bool) or callable(value):
        return ""
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, int | float):  # to be typed again: no thousands are parted
        return f"{value:g}".replace(".", "," if language == "vi" else ".")
    return str(value)


def limits_of(parameter: Parameter, language: Language) -> str:
    """Return the range of a numeric parameter in words; nothing where it has none."""
    low, high = getattr(parameter, "min", None), getattr(parameter, "max", None)
    if low is not None and high is not None:
        return translate("usage.range", language, low=low, high=high)
    if low is not None:
        return translate("usage.least", language, low=low)
    return "" if high is None else translate("usage.most", language, high=high)


def placeholder(parameter: Parameter, language: Language) -> str:
    """Return what stands for the value of a parameter: ``white|patchy``, ``THƯ_MỤC``."""
    descriptor = parameter.type_descriptor
    if parameter.metavar is None and descriptor.choices is not None:
        return "|".join(str(getattr(choice, "value", choice)) for choice in descriptor.choices)
    told = parameter.metavar or _PLACEHOLDERS.get(descriptor.annotation, "TEXT")
    words = catalogue(language)
    parts = told.split("|")
    return "|".join(_translated(part, words) for part in parts)


def _translated(part: str, words: Mapping[str, str]) -> str:
    stem = part.rstrip(".…")
    return words.get(f"usage.placeholders.{stem}", stem) + part[len(stem) :]


def usage_error(fault: Any, language: Language) -> str:  # noqa: ANN401 - the library hides the class
    """Put an error about how a command was called into words: the usage, where to look, what is wrong.

    Parameters
    ----------
    fault : Exception
        With ``ctx`` and ``format_message``, as the library raises it.
    language : {"vi", "en"}
    """
    kind = type(fault).__name__
    if kind == "NoArgsIsHelpError":
        return str(fault.format_message())
    lines = []
    if fault.ctx is not None:
        look = translate("usage.look", language, command=fault.ctx.command_path)
        lines += [fault.ctx.get_usage(), look]
    return "\n".join([*lines, translate("usage.error", language, told=_wrong(kind, fault, language))])


def _wrong(kind: str, fault: Any, language: Language) -> str:  # noqa: ANN401 - the library hides the class
    if kind == "NoSuchOption":
        near = ", ".join(sorted(fault.possibilities or ()))
        key = "usage.no_option_near" if near else "usage.no_option"
        return translate(key, language, name=fault.option_name, near=near)
    if kind == "BadOptionUsage":
        return translate("usage.option_value", language, name=fault.option_name)
    parameter = getattr(fault, "param", None)
    if parameter is None:
        return str(fault.format_message())
    is_argument = parameter.param_type_name == "argument"
    name = placeholder(parameter, language) if is_argument else parameter.opts[0]
    needed = placeholder(parameter, language)
    if kind == "MissingParameter":
        key = "usage.missing_argument" if is_argument else "usage.missing_option"
        return translate(key, language, name=name, needed=needed)
    least_most = limits_of(parameter, language)
    return translate("usage.bad_value", language, name=name, needed=f"{needed} {least_most}".strip())
