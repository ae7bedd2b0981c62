"""Hashes that say what a figure depends on."""

from __future__ import annotations

import functools
import hashlib
import re
from collections.abc import Mapping, Sequence
from importlib import resources

import orjson

PACKAGE = "phusong.coverage"
_IMPORT = re.compile(rf"^from {re.escape(PACKAGE)}((?:\.\w+)+) import ", re.MULTILINE)


@functools.cache
def engine_version(*roots: str) -> str:
    """Return a hash of the engine's source: numbers cached by another engine are never mistaken for ours.

    Parameters
    ----------
    *roots : str
        Modules of the engine, such as ``"propagation.area"``: only they and what they import count, so that a
        new release computes again only what it computes differently. All modules when left out.
    """
    sources = _sources()
    digest = hashlib.sha256()
    for name in sorted(_with_imports(roots, sources) if roots else sources):
        digest.update(name.encode() + b"\0" + sources[name])
    return digest.hexdigest()[:16]


@functools.cache
def _sources() -> dict[str, bytes]:
    """Source of each module of the engine, by its name within the package."""
    package = resources.files(PACKAGE)
    found = {}
    for prefix, folder in (
        ("", package),
        ("propagation.", package.joinpath("propagation")),
        ("radio.", package.joinpath("radio")),
    ):
        for module in folder.iterdir():
            if module.name.endswith(".py"):
                found[prefix + module.name.removesuffix(".py")] = module.read_bytes()
    return found


def _with_imports(roots: Sequence[str], sources: Mapping[str, bytes]) -> set[str]:
    """Modules and all they import, directly or not."""
    found: set[str] = set()
    waiting = list(roots)
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found.add(name)
        imported = _IMPORT.findall(sources[name].decode())
        waiting += [one.removeprefix(".") for one in imported if one.removeprefix(".") in sources]
        # "from phusong.coverage.propagation import free_space" names modules of a folder.
        folders = [one.removeprefix(".") for one in imported if one.removeprefix(".") not in sources]
        waiting += [one for one in sources if one.rpartition(".")[0] in folders]
    return found


def fingerprint(record: object) -> str:
    """Return the SHA-256 of a record's canonical JSON, in hexadecimal.

    Examples
    --------
    >>> fingerprint({"a": 1, "b": 2}) == fingerprint({"b": 2, "a": 1})
    True
    """
    text = orjson.dumps(record, option=orjson.OPT_SORT_KEYS | orjson.OPT_SERIALIZE_NUMPY)
    return hashlib.sha256(text).hexdigest()
