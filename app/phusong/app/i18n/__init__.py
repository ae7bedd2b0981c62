"""Sentences people read, Vietnamese first and English second."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from importlib import resources
from typing import Any

from phusong.app.i18n.languages import DEFAULT_LANGUAGE, LANGUAGES, Language
from phusong.app.i18n.sentences import fill, limits
from phusong.coverage.errors import Finding, PhuSongError, TableError

__all__ = [
    "DEFAULT_LANGUAGE",
    "LANGUAGES",
    "Language",
    "catalogue",
    "choose_language",
    "tell_error",
    "tell_finding",
    "translate",
]


@functools.cache
def catalogue(language: Language) -> Mapping[str, str]:
    """Return all sentences of a language, keyed by dotted names such as ``errors.study_locked``."""
    text = resources.files(__package__).joinpath(f"{language}.json").read_text(encoding="utf-8")
    return dict(_flatten(json.loads(text)))


def _flatten(tree: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    for key, value in tree.items():
        name = f"{prefix}{key}"
        pairs += _flatten(value, f"{name}.") if isinstance(value, Mapping) else [(name, value)]
    return pairs


def translate(key: str, language: Language = DEFAULT_LANGUAGE, /, **parameters: object) -> str:
    """Return the sentence of a key with its placeholders filled.

    Parameters
    ----------
    key : str
        Dotted name; falls back to English, then to the key itself.
    language : {"vi", "en"}
    **parameters
        Values of the placeholders; numbers are written in the marks of the language.

    Examples
    --------
    >>> translate("no.such.key", "en")
    'no.such.key'
    """
    sentence = catalogue(language).get(key) or catalogue("en").get(key) or key
    return fill(sentence, language, parameters)


def choose_language(wanted: str | None) -> Language:
    """Pick a language from a tag or an ``Accept-Language`` header; Vietnamese when in doubt.

    Examples
    --------
    >>> choose_language("en-GB,en;q=0.9,vi;q=0.5"), choose_language("fr"), choose_language(None)
    ('en', 'vi', 'vi')
    """
    for part in (wanted or "").split(","):
        tag = part.split(";")[0].strip().lower()[:2]
        if tag in LANGUAGES:
            return "en" if tag == "en" else "vi"
    return DEFAULT_LANGUAGE


def tell_error(error: PhuSongError, language: Language = DEFAULT_LANGUAGE) -> str:
    """Put an error into words; a refused table is followed by its findings, a line each."""
    head = translate(f"errors.{error.code}", language, **error.parameters)
    if isinstance(error, TableError):
        return "\n".join([head, *(f"  {tell_finding(finding, language)}" for finding in error.findings)])
    return head


def tell_finding(finding: Finding, language: Language = DEFAULT_LANGUAGE) -> str:
    """Put a finding into words: where, what, the value and what is allowed.

    A sentence that names the value or what is allowed itself is not followed by it.
    """
    places = [
        translate(f"findings.place.{name}", language, value=str(value))
        for name in ("file", "sheet", "row", "column")
        if (value := getattr(finding, name)) is not None
    ]
    key = f"findings.{finding.code}"
    parts = {name: "" if value is None else value for name, value in finding.as_dict().items()}
    told = catalogue(language).get(key, "")
    allowed = None if finding.allowed is None else limits(finding.allowed, language)
    details = [
        translate(f"findings.{name}", language, value=value)
        for name, value in (("value", finding.value), ("allowed", allowed))
        if value is not None and f"{{{name}}}" not in told
    ]
    sentence = f"{translate(key, language, **parts)}{''.join(details)}"
    return f"{', '.join(places)}: {sentence}" if places else sentence
