"""Hashes that say what a figure depends on."""

from __future__ import annotations

import hashlib

import orjson

ENGINE_VERSION = "1"
"""Raised whenever the engine's numbers change, so that cached losses are not mistaken for new ones."""


def fingerprint(record: object) -> str:
    """Return the SHA-256 of a record's canonical JSON, in hexadecimal.

    Examples
    --------
    >>> fingerprint({"a": 1, "b": 2}) == fingerprint({"b": 2, "a": 1})
    True
    """
    text = orjson.dumps(record, option=orjson.OPT_SORT_KEYS | orjson.OPT_SERIALIZE_NUMPY)
    return hashlib.sha256(text).hexdigest()
