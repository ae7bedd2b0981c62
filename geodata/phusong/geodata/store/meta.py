"""What a study knows about each of its layers."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import orjson


@dataclass(frozen=True, slots=True)
class LayerMeta:
    """Where a layer came from and what is in it.

    Attributes
    ----------
    layer : str
    source : str
        File name, or ``"phusong sample seed N"``.
    source_sha256 : str
        Hash of the file or files imported; empty for synthetic layers.
    content_sha256 : str
        Hash of the layer as stored; filled in by the store.
    rows : int
        Rows of a table, known cells of a raster.
    imported_at : str
        ISO 8601, UTC.
    synthetic : bool
    assumed : tuple of str
        Columns that hold assumed values.
    notes : mapping
        What else is worth keeping, e.g. both population totals.
    """

    layer: str
    source: str
    source_sha256: str = ""
    content_sha256: str = ""
    rows: int = 0
    imported_at: str = ""
    synthetic: bool = False
    assumed: tuple[str, ...] = ()
    notes: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> bytes:
        """Return the record as JSON."""
        record = {**asdict(self), "notes": dict(self.notes)}
        return orjson.dumps(
            record, option=orjson.OPT_INDENT_2 | orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS
        )


def meta_from_json(text: bytes) -> LayerMeta:
    """Read a record written by `LayerMeta.to_json`."""
    record = orjson.loads(text)
    record.pop("file", None)
    return LayerMeta(**{**record, "assumed": tuple(record.get("assumed", ()))})


def file_sha256(path: Path) -> str:
    """Hash of a file's bytes."""
    with path.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()
