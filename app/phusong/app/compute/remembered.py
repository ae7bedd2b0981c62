"""Explanations that were worked out before, kept in the cache."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import orjson

from phusong.geodata.store.atomic import write_bytes_atomic
from phusong.geodata.store.folder import FolderStore

Answer = tuple[str | None, str]
"""Reason and nearest sites, both as JSON text."""


def remembered(store: FolderStore, basis: str) -> dict[str, Answer]:
    """Return what is known under a basis, by digest; nothing where the file is missing or broken."""
    try:
        record = orjson.loads(_path(store).read_bytes())
    except (FileNotFoundError, orjson.JSONDecodeError):
        return {}
    if not isinstance(record, dict) or record.get("basis") != basis:
        return {}
    return {key: (reason, nearest) for key, (reason, nearest) in record["answers"].items()}


def remember(store: FolderStore, basis: str, answers: Mapping[str, Answer]) -> None:
    """Keep answers; those of another basis are forgotten."""
    write_bytes_atomic(_path(store), orjson.dumps({"basis": basis, "answers": answers}))


def _path(store: FolderStore) -> Path:
    return store.cache_dir / "derived" / "explanations.json"
