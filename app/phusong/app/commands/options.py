"""Options of numbers as people write them, decimal commas included."""

from __future__ import annotations

from typing import Any

import typer

from phusong.app.typed import read_number, read_percent
from phusong.coverage.errors import InputError


def number_option(
    name: str,
    key: str,
    *,
    least: float | None = None,
    most: float | None = None,
    metavar: str = "NUMBER",
) -> Any:  # noqa: ANN401 - typer's
    """Return an option that takes a number.

    Parameters
    ----------
    name : str
        Such as ``--budget``.
    key : str
        Of its help in the catalogues.
    least, most : float, optional
        Smallest and largest value it takes.
    metavar : str
        What stands for the number in the help.

    Raises
    ------
    InputError
        While reading: ``number_text``, ``number_typed``, ``number_range``.
    """

    def read(value: object) -> float:
        told = read_number(value) if isinstance(value, str) else float(str(value))
        if (least is not None and told < least) or (most is not None and told > most):
            raise InputError("number_range", name=name, value=told, allowed=_range(least, most))
        return told

    return typer.Option(name, help=key, metavar=metavar, parser=read, min=least, max=most)


def percent_argument(key: str) -> Any:  # noqa: ANN401 - typer's
    """Return an argument of per cent: ``90``, ``90,5`` or ``90%``."""

    def read(value: object) -> float:
        return read_percent(str(value))

    return typer.Argument(metavar="PERCENT", help=key, parser=read)


def _range(least: float | None, most: float | None) -> str:
    if most is None:
        return f">= {least:g}"
    return f"{least:g} .. {most:g}" if least is not None else f"<= {most:g}"
