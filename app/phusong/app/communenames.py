"""The commune a person means by a code or a name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any

from phusong.coverage.errors import InputError, NotFoundError
from phusong.geodata.names import matching_names, search_key, split_kind

NEAR_SHOWN = 5
NEAR_LIKENESS = 0.5
LONGEST_SHOWN = 80
_CODE_DIGITS = 5


def commune_code_of(wanted: str, communes: Sequence[Mapping[str, Any]]) -> str:
    """Return the code of the commune that a person means.

    Parameters
    ----------
    wanted : str
        A code, or a name with or without accents and with or without ``xã``, ``phường``.
    communes : sequence of mapping
        With ``commune_code``, ``name`` and ``kind``, as in the results.

    Raises
    ------
    NotFoundError
        ``commune_not_found``, with the communes spelled most like it.
    InputError
        ``commune_ambiguous`` where several are meant by it, with all of them.

    Examples
    --------
    >>> communes = [{"commune_code": "00007", "name": "Đông Tiến", "kind": "phường"},
    ...             {"commune_code": "00010", "name": "Đồng Tiến", "kind": "xã"}]
    >>> commune_code_of("xa dong tien", communes), commune_code_of("Đông Tiến", communes)
    ('00010', '00007')
    """
    text = wanted.strip()
    codes = {str(one["commune_code"]) for one in communes}
    for code in (text, text.zfill(_CODE_DIGITS)):
        if code in codes:
            return code
    names = [_full_name(one) for one in communes]
    found = matching_names(text, names) if text else ()
    if len(found) == 1:
        return str(communes[found[0]]["commune_code"])
    if found:
        listed = "; ".join(_shown(communes[at], names[at]) for at in found)
        raise InputError("commune_ambiguous", value=text[:LONGEST_SHOWN], found=listed)
    near = "; ".join(_shown(communes[at], names[at]) for at in _near(text, communes, names))
    if not near:
        raise NotFoundError("commune_not_found_at_all", value=text[:LONGEST_SHOWN], count=len(communes))
    raise NotFoundError("commune_not_found", value=text[:LONGEST_SHOWN], near=near)


def _full_name(commune: Mapping[str, Any]) -> str:
    kind = commune.get("kind")
    return f"{kind} {commune['name']}" if kind else str(commune["name"])


def _shown(commune: Mapping[str, Any], name: str) -> str:
    return f"{name} ({commune['commune_code']})"


def _near(wanted: str, communes: Sequence[Mapping[str, Any]], names: Sequence[str]) -> list[int]:
    """Return the places of the communes whose names or codes are spelled most like a text, best first."""
    is_code = wanted.isdigit()
    key = wanted if is_code else search_key(split_kind(wanted)[1])
    told = [str(one["commune_code"]) if is_code else search_key(str(one["name"])) for one in communes]
    likeness = [_likeness(key, other) for other in told]
    order = sorted(range(len(names)), key=lambda at: (-likeness[at], names[at]))
    return [at for at in order if likeness[at] >= NEAR_LIKENESS][:NEAR_SHOWN]


def _likeness(key: str, other: str) -> float:
    """Return 0 .. 1: how alike two spellings are; a name of which the text is a part is very much alike."""
    if key and key in other:
        return 1.0
    return SequenceMatcher(None, key, other).ratio()
