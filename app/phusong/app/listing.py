"""Which villages a list shows and in what order: the page's list and the files taken from it are the same."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

from phusong.geodata.names import without_accents

Village = Mapping[str, Any]
VillageSort = Literal["households", "name", "commune", "distance", "status"]

# Order of the Vietnamese alphabet and of its tones in the CLDR: ă and â are letters, tones are not.
_SHAPES = MappingProxyType({"\u0306": 1, "\u0302": 1, "\u031b": 2})
_CIRCUMFLEX_AFTER_BREVE = MappingProxyType({("a", "\u0302"): 2})
_TONES = MappingProxyType({"\u0300": 1, "\u0309": 2, "\u0303": 3, "\u0301": 4, "\u0323": 5})
_STATUS_ORDER = MappingProxyType({"white": 0, "patchy": 1, "unknown": 2, "served": 3})


@dataclass(frozen=True, slots=True)
class VillageListing:
    """What a list of villages is narrowed to, and its order.

    Attributes
    ----------
    area_classes, reasons : tuple of str
        Classes (``"I"``, ``"II"``, ``"III"``) and codes of reasons to keep; empty keeps all.
    text : str
        Part of the name of a village or of its commune; accents and case do not matter.
    sort : str
        ``households``, ``name``, ``commune``, ``distance`` (to the nearest site) or ``status``.
    is_descending : bool
        Ties stand in the order of names and codes either way.
    """

    area_classes: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    text: str = ""
    sort: VillageSort = "households"
    is_descending: bool = True

    def of(self, villages: Sequence[Village]) -> list[Village]:
        """Return the villages that remain, in order."""
        sign = -1 if self.is_descending else 1
        key = _KEYS[self.sort]
        kept = [village for village in villages if self._keeps(village)]
        kept.sort(key=lambda village: (alphabetical(str(village["name"])), str(village["village_id"])))
        kept.sort(key=key, reverse=sign < 0)
        return kept

    def _keeps(self, village: Village) -> bool:
        if self.area_classes and str(village.get("area_class") or "").upper() not in self.area_classes:
            return False
        if self.reasons and (village.get("reason") or {}).get("code") not in self.reasons:
            return False
        return _plain(self.text) in _plain(f"{village['name']} {village.get('commune_name') or ''}")


def alphabetical(text: str) -> tuple[tuple[Any, ...], ...]:
    """Return a key that sorts as Vietnamese dictionaries do: by letters, by tones, small before capital.

    Examples
    --------
    >>> sorted(["Đừng", "Dung", "đung", "Ảnh", "Ânh", "An 2", "Ạn"], key=alphabetical)
    ['Ạn', 'An 2', 'Ảnh', 'Ânh', 'Dung', 'đung', 'Đừng']
    """
    letters: list[tuple[int, str, int]] = []
    tones: list[int] = []
    capitals: list[bool] = []
    for one in unicodedata.normalize("NFD", text):
        if one in _TONES and tones:
            tones[-1] = _TONES[one]
        elif one in _SHAPES and letters:
            kind, base, _ = letters[-1]
            letters[-1] = (kind, base, _CIRCUMFLEX_AFTER_BREVE.get((base, one), _SHAPES[one]))
        elif not unicodedata.combining(one):
            letters.append(_letter(one))
            tones.append(0)
            capitals.append(one.isupper())
    return tuple(letters), tuple(tones), tuple(capitals)


def _letter(one: str) -> tuple[int, str, int]:
    low = one.lower()
    if low == "đ":
        return 3, "d", 1
    if low.isalpha():
        return 3, low, 0
    return (2 if low.isdigit() else 0 if low.isspace() else 1), low, 0


def _plain(text: str) -> str:
    return without_accents(text).lower().strip()


def _distance_m(village: Village) -> float:
    nearest = village.get("nearest") or []
    return float(nearest[0]["distance_m"]) if nearest else -1.0


def _households(village: Village) -> float:
    households = village.get("households")
    return -1.0 if households is None else float(households)


_KEYS: Mapping[VillageSort, Callable[[Village], Any]] = MappingProxyType(
    {
        "households": _households,
        "name": lambda village: alphabetical(str(village["name"])),
        "commune": lambda village: alphabetical(str(village.get("commune_name") or "")),
        "distance": _distance_m,
        "status": lambda village: _STATUS_ORDER.get(str(village["status"]), len(_STATUS_ORDER)),
    }
)
