"""The journal of a study: every write, with its time, in SQLite."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import orjson

SCHEMA = """
CREATE TABLE IF NOT EXISTS journal (
    id INTEGER PRIMARY KEY AUTOINCREMENT, happened_at TEXT NOT NULL, event TEXT NOT NULL, detail TEXT NOT NULL
)
"""


def append(path: Path, *, happened_at: str, event: str, detail: dict[str, Any]) -> None:
    """Add an entry; committed when this returns."""
    with closing(_open(path)) as connection, connection:
        connection.execute(
            "INSERT INTO journal (happened_at, event, detail) VALUES (?, ?, ?)",
            (happened_at, event, orjson.dumps(detail, default=str).decode()),
        )


def entries(path: Path) -> list[dict[str, Any]]:
    """All entries, oldest first."""
    with closing(_open(path)) as connection:
        rows = connection.execute("SELECT happened_at, event, detail FROM journal ORDER BY id").fetchall()
    return [
        {"happened_at": happened_at, "event": event, "detail": orjson.loads(detail)}
        for happened_at, event, detail in rows
    ]


def _open(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=30)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute(SCHEMA)
    return connection


Clock = Callable[[], str]
"""Gives the time now, ISO 8601 UTC."""
