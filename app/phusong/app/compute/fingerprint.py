"""Hashes that say what a figure depends on."""

from __future__ import annotations

import functools
import hashlib
from importlib import resources

import orjson


@functools.cache
def engine_version() -> str:
    """Return a hash of the engine's source: numbers cached by another engine are never mistaken for ours."""
    digest = hashlib.sha256()
    package = resources.files("phusong.coverage")
    folders = [package, package.joinpath("propagation"), package.joinpath("radio")]
    for folder in folders:
        for module in sorted(folder.iterdir(), key=lambda item: item.name):
            if module.name.endswith(".py"):
                digest.update(module.name.encode() + b"\0" + module.read_bytes())
    return digest.hexdigest()[:16]


def fingerprint(record: object) -> str:
    """Return the SHA-256 of a record's canonical JSON, in hexadecimal.

    Examples
    --------
    >>> fingerprint({"a": 1, "b": 2}) == fingerprint({"b": 2, "a": 1})
    True
    """
    text = orjson.dumps(record, option=orjson.OPT_SORT_KEYS | orjson.OPT_SERIALIZE_NUMPY)
    return hashlib.sha256(text).hexdigest()
