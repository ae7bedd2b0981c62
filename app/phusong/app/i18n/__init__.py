"""Sentences people read, Vietnamese first and English second."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping, Sequence
from importlib import resources
from typing import Any

from phusong.app.i18n.languages import DEFAULT_LANGUAGE, LANGUAGES, Language
from phusong.app.i18n.sentences import fill, limits
from phusong.coverage.errors import Finding, PhuSongError, TableError

MOST_TOLD = 40
"""Lines of findings that one answer holds."""
MEASURED = frozenset(
    {
        "boundaries_gap",
        "boundaries_overlap",
        "coordinates_out_of_range",
        "coordinates_swapped",
        "far_from_study",
        "outside_study",
        "population_outdated",
        "raster_value",
        "terrain_coarse",
    }
)
"""Findings whose value the program has measured, and writes: others show what stands in the file."""
OF_NUMBERS = frozenset(
    {"cost_number", "method_range", "profile_order", "profile_start", "profile_value", "tower_range"}
)
"""Errors whose value is a number that was read, and is written anew: others show what somebody typed."""
OF_SHAPES = frozenset({"missing_geometry", "wrong_geometry"})

__all__ = [
    "DEFAULT_LANGUAGE",
    "LANGUAGES",
    "Language",
    "catalogue",
    "choose_language",
    "tell_error",
    "tell_finding",
    "tell_findings",
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
    """Put an error into words; a refused table is followed by its findings, a line each, errors first."""
    parameters = dict(error.parameters)
    value = parameters.get("value")
    if error.code in OF_NUMBERS and isinstance(value, str):
        parameters["value"] = limits(value, language)
    head = translate(f"errors.{error.code}", language, **parameters)
    return (
        "\n".join([head, *tell_findings(error.findings, language)]) if isinstance(error, TableError) else head
    )


def tell_findings(
    findings: Sequence[Finding], language: Language = DEFAULT_LANGUAGE, *, most: int = MOST_TOLD
) -> list[str]:
    """Put findings into words, a line each with how grave it is; of very many the first, and their number."""
    ordered = sorted(findings, key=lambda one: one.severity != "error")
    lines = [
        f"  {translate(f'findings.severity.{one.severity}', language)} {tell_finding(one, language)}"
        for one in ordered[:most]
    ]
    if len(ordered) > most:
        lines.append(f"  {translate('findings.rest', language, count=len(ordered) - most)}")
    return lines


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
    told = catalogue(language).get(key, "")
    value = _value(finding, language)
    allowed = _allowed(finding, language)
    details = [
        translate(f"findings.{name}", language, value=one)
        for name, one in (("value", value), ("allowed", allowed))
        if one is not None and f"{{{name}}}" not in told
    ]
    raw = allowed if finding.code in OF_SHAPES else finding.allowed  # the sentence writes its numbers itself
    parts = {"column": finding.column or "", "value": value or "", "allowed": raw or ""}
    sentence = f"{translate(key, language, **parts)}{''.join(details)}"
    return f"{', '.join(places)}: {sentence}" if places else sentence


def _value(finding: Finding, language: Language) -> str | None:
    """Return what stands in the file as it is there; what was measured in the marks of the language."""
    if finding.value is None or finding.code not in MEASURED | OF_SHAPES:
        return finding.value
    if finding.code in MEASURED:
        return limits(finding.value, language)
    key = f"findings.shapes.{finding.value}"
    return catalogue(language).get(key, finding.value)


def _allowed(finding: Finding, language: Language) -> str | None:
    """Return what a finding allows, in words where it is a kind of shape."""
    if finding.allowed is None or finding.code not in OF_SHAPES:
        return None if finding.allowed is None else limits(finding.allowed, language)
    shapes = [translate(f"findings.shapes.{part}", language) for part in finding.allowed.split(", ")]
    return ", ".join(dict.fromkeys(shapes))
