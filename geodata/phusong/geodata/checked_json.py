"""Members of JSON that anybody may have written, read one by one; what is not expected is refused by name."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from phusong.coverage.errors import InputError

Item = TypeVar("Item")
Limits = tuple[float, float]
"""Least and greatest value of a number."""


@dataclass(frozen=True, slots=True)
class Members:
    """Members of an object somebody gave, and where it stands.

    Attributes
    ----------
    where : str
        Path of the object, for refusals; empty for the whole document.
    record : Any
        What was given; anything but an object is refused.
    allowed : frozenset of str
        Members it may have.

    Raises
    ------
    InputError
        ``json_member``, here and from every reader below.
    """

    where: str
    record: Any
    allowed: frozenset[str]

    def __post_init__(self) -> None:
        if not isinstance(self.record, Mapping):
            raise refusal(self.where or "JSON", self.record, "{…}")
        for name in self.record:
            if name not in self.allowed:
                raise refusal(self._at(str(name)), "?", ", ".join(sorted(self.allowed)))

    def _at(self, name: str) -> str:
        return f"{self.where}.{name}".lstrip(".")[:120]

    def get(self, name: str, default: object = None) -> Any:  # noqa: ANN401 - whatever was given
        """Return a member as it was given."""
        return self.record.get(name, default)

    def text(self, name: str, *, most: int, default: str | None = None) -> str | None:
        """Return a text; the default where it is absent."""
        value = self.get(name)
        return default if value is None else checked_text(self._at(name), value, most=most)

    def needed_text(self, name: str, *, most: int) -> str:
        """Return a text that must be there and not be empty."""
        return checked_text(self._at(name), self.get(name), most=most, least=1)

    def number(self, name: str, limits: Limits) -> float | None:
        """Return a number; None where it is absent."""
        value = self.get(name)
        return None if value is None else checked_number(self._at(name), value, limits)

    def needed_number(self, name: str, limits: Limits) -> float:
        """Return a number that must be there."""
        return checked_number(self._at(name), self.get(name), limits)

    def items(self, name: str, read: Callable[[str, Any], Item], *, most: int) -> tuple[Item, ...]:
        """Return a list, each item read by ``read(where, item)``; empty where it is absent."""
        given = self.get(name, [])
        if not isinstance(given, Sequence) or isinstance(given, str | bytes) or len(given) > most:
            raise refusal(self._at(name), given, f"[…], 0 .. {most}")
        return tuple(read(f"{self._at(name)}[{place}]", one) for place, one in enumerate(given))


def checked_text(where: str, value: object, *, most: int, least: int = 0) -> str:
    """Return a text, NFC, without letters nobody can see; line breaks and tabs may stay."""
    if not isinstance(value, str) or not least <= len(value) <= most:
        raise refusal(where, value, f"{least} .. {most}")
    text = unicodedata.normalize("NFC", value)
    if not is_visible(text.replace("\n", " ").replace("\t", " ")):
        raise refusal(where, value, "UTF-8")
    return text


def checked_number(where: str, value: object, limits: Limits) -> float:
    """Return a finite number within limits; true and false are no numbers."""
    low, high = limits
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    # A whole number of thousands of digits has no float: compare before turning it into one.
    if not is_number or not low <= value <= high or not math.isfinite(value):  # type: ignore[operator, arg-type]
        raise refusal(where, value, f"{low:g} .. {high:g}")
    return float(value)  # type: ignore[arg-type]


def is_shallow(value: object, depth: int) -> bool:
    """Tell whether objects and lists lie in each other no deeper than `depth`."""
    if depth < 0:
        return False
    if isinstance(value, Mapping):
        return all(is_shallow(one, depth - 1) for one in value.values())
    if isinstance(value, list | tuple):
        return all(is_shallow(one, depth - 1) for one in value)
    return True


def is_visible(text: str) -> bool:
    """Tell whether every letter can be seen: no control, formatting, surrogate or unassigned one."""
    return not any(
        unicodedata.category(letter) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp") for letter in text
    )


def refusal(where: str, value: object, allowed: str) -> InputError:
    """Return the refusal of a member."""
    return InputError("json_member", member=where, value=shown(value), allowed=allowed)


def shown(value: object) -> str:
    """Return what fits on a line of a value that may be anything."""
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() > 256:
        return f"{value.bit_length()} bit"
    text = (
        value
        if isinstance(value, str)
        else repr(value)
        if not isinstance(value, Mapping | list)
        else type(value).__name__
    )
    return "".join(letter if is_visible(letter) else "?" for letter in text[:80])
