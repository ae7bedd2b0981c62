"""Sentences with their values filled in, numbers written as people of the language write them."""

from __future__ import annotations

import math
import re
import string
from collections.abc import Mapping, Sequence
from typing import Any

from phusong.app.i18n.languages import Language
from phusong.app.i18n.numbers import UNKNOWN, number

IDENTIFIERS = frozenset(
    {
        "attempts",
        "epsg",
        "high",
        "low",
        "max_zoom",
        "port",
        "row",
        "seed",
        "version",
        "x",
        "y",
        "year",
        "zoom",
    }
)
"""Placeholders whose whole numbers name something: no thousands are parted in them."""
LIMITS = frozenset({"allowed"})
"""Placeholders whose texts the program wrote: ranges and lists, whose numbers are ours to write."""
MOST_DECIMALS = 6
_NUMBER = re.compile(r"(?<![\w.,:/+'\"-])[-−]?\d+(?:\.\d+)?(?:e[+-]?\d+)?(?![\w:/'\"]|[.,]\w)")
_LIST = re.compile(r"(?<=\d), (?=[-−\d])")


def fill(sentence: str, language: Language, parameters: Mapping[str, object]) -> str:
    r"""Fill the placeholders of a sentence.

    Parameters
    ----------
    sentence : str
        ``{name}``; ``{name:.1%}`` and the other formats of numbers, in the marks of the language; or
        ``{name:|row|rows}``, the number with the word for one or for many. A placeholder that nobody filled
        stays as it is written.
    language : {"vi", "en"}
    parameters : mapping

    Examples
    --------
    >>> fill("{share:.1%} of {rows:|row|rows}", "en", {"share": 0.5, "rows": 1})
    '50.0\xa0% of 1 row'
    >>> fill("{value} m, cho phép: {allowed}", "vi", {"value": 1234.5, "allowed": "0.5 .. 500"})
    '1.234,5 m, cho phép: 0,5 đến 500'
    """
    return _Filler(language).vformat(sentence, (), parameters)


def limits(text: str, language: Language) -> str:
    """Write the numbers of a range or a list in the marks of a language.

    Examples
    --------
    >>> limits("-30 .. 80", "vi"), limits("1.4, 3, 5", "vi"), limits("EPSG:4326, v1.0.2, B3", "vi")
    ('−30 đến 80', '1,4; 3; 5', 'EPSG:4326, v1.0.2, B3')
    """
    if language == "vi" and re.search(r"\d\.\d", text):
        text = _LIST.sub("; ", text)
    told = _NUMBER.sub(lambda found: _plain(float(found[0].replace("−", "-")), language), text)
    return told.replace(" .. ", " đến " if language == "vi" else " to ")


class _Filler(string.Formatter):
    """Formats by a language; leaves a placeholder that nobody filled visible instead of failing."""

    def __init__(self, language: Language) -> None:
        self.language = language

    def get_field(
        self,
        field_name: str,
        args: Sequence[Any],  # noqa: ARG002 - as the base class has it
        kwargs: Mapping[str, Any],
    ) -> tuple[Any, str]:
        if field_name not in kwargs:
            return "{" + field_name + "}", field_name
        value = kwargs[field_name]
        if isinstance(value, str) and field_name in LIMITS:
            value = limits(value, self.language)
        elif field_name in IDENTIFIERS and isinstance(value, int):
            value = str(value)
        return value, field_name

    def format_field(self, value: Any, format_spec: str) -> str:  # noqa: ANN401 - as the base class has it
        if format_spec.startswith("|"):
            return self._counted(value, *format_spec[1:].split("|"))
        if value is None:
            return UNKNOWN
        if isinstance(value, bool) or not isinstance(value, int | float):
            return format(value, "" if isinstance(value, str) and _is_numeric(format_spec) else format_spec)
        if not format_spec:
            return _plain(value, self.language)
        return _marked(format(value, format_spec), self.language)

    def _counted(self, value: object, one: str, many: str) -> str:
        told = self.format_field(value, "")
        return f"{told} {one if told == '1' else many}"


def _is_numeric(format_spec: str) -> bool:
    """Whether a format fits numbers only; a text in its place (a placeholder left open) is shown as it is."""
    return format_spec[-1:] in ("f", "g", "%", "e", "d")


def _plain(value: float, language: Language) -> str:
    """Write a number with as many decimals as it has, six at most."""
    if not math.isfinite(value):
        return UNKNOWN if math.isnan(value) else "∞" if value > 0 else "−∞"
    written = f"{value:.{MOST_DECIMALS}f}".rstrip("0").rstrip(".")
    if value and float(written) == 0.0:
        return _marked(f"{value:.3g}", language)
    return number(value, language, decimals=len(written.partition(".")[2]))


def _marked(written: str, language: Language) -> str:
    """Put the marks of a language into a number that Python has written."""
    told = written.replace("-", "−").replace("%", "\xa0%")
    return told.translate(str.maketrans(",.", ".,")) if language == "vi" else told
