"""``phusong place``: where to build; the parts of the group stand in modules of their own."""

from __future__ import annotations

from types import ModuleType

import typer

from phusong.app.commands import choosing, fibring, placing_solve, towering
from phusong.app.commands.speaking import SpokenTyper

PARTS: tuple[ModuleType, ...] = (
    placing_solve,
    towering,
    fibring,
    choosing,
)
"""Modules whose ``register(group)`` adds sub-commands."""


def register(app: typer.Typer) -> None:
    """Add the group and its parts."""
    group = SpokenTyper(help="cli.place.help")
    for part in PARTS:
        part.register(group)
    app.add_typer(group, name="place")
