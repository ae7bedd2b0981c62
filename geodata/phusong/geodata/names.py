"""Vietnamese place names: one spelling to compare by and one to search by.

The same commune is written Hoằng Hóa and Hoằng Hoá (old and new tone placement), Quý Lộc and Quí Lộc, with
composed or decomposed letters, with or without its kind (``xã``, ``X.``). Without accents names collide:
phường Đông Tiến and xã Đồng Tiến are two communes of one province. So names are compared with their accents
first and without them only among places of the same kind.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

_TONE = "[\u0300\u0301\u0303\u0309\u0323]"
_SHAPE = "[\u0302\u0306\u031b]"
# o + a/e and u + y, wherever the tone was put; not the u of "qu", and not â, ă, ê.
_GLIDE = re.compile(
    rf"(?:(o)({_TONE}?)([ae])|(?<!q)(u)({_TONE}?)(y))({_TONE}?)(?!{_SHAPE}|{_TONE})(?=([^\W\d_])?)",
    re.IGNORECASE,
)
_QU_TONE = re.compile(rf"(qu)({_TONE})([iy])(?!{_TONE})", re.IGNORECASE)
_QUI = re.compile(rf"(?<=qu)i(?={_TONE}?(?!\w|{_TONE}))", re.IGNORECASE)
_LETTERS_WITHOUT_MARK = str.maketrans({"đ": "d", "Đ": "D"})

_KINDS = {
    "xã": ("xã", "x."),
    "phường": ("phường", "p.", "ph."),
    "thị trấn": ("thị trấn", "tt.", "t.t.", "tt"),
    "đặc khu": ("đặc khu", "đk."),
    "huyện": ("huyện", "h."),
    "thị xã": ("thị xã", "tx.", "t.x.", "tx"),
    "thành phố": ("thành phố", "tp.", "t.p.", "tp"),
    "tỉnh": ("tỉnh",),
    "tổ dân phố": ("tổ dân phố", "tdp.", "tdp"),
    "khu phố": ("khu phố", "kp.", "k.p.", "kp"),
    "tiểu khu": ("tiểu khu", "tk.", "tk"),
    "khóm": ("khóm",),
    "thôn": ("thôn", "th."),
    "bản": ("bản",),
    "làng": ("làng",),
    "ấp": ("ấp",),
    "buôn": ("buôn",),
    "phum": ("phum",),
    "sóc": ("sóc",),
}


def without_accents(text: str) -> str:
    """Drop every accent; đ becomes d.

    Examples
    --------
    >>> without_accents("Đồng Tiến"), without_accents("phường Đông Tiến")
    ('Dong Tien', 'phuong Dong Tien')
    """
    letters = unicodedata.normalize("NFD", text.translate(_LETTERS_WITHOUT_MARK))
    return unicodedata.normalize("NFC", "".join(one for one in letters if not unicodedata.combining(one)))


def normalised(text: str) -> str:
    """Return a name in composed letters, single spaces and one tone placement; case and kind stay.

    Examples
    --------
    >>> normalised("Hoằng  Hoá"), normalised("Qúi Lộc"), normalised("Hòang Thuỷ")
    ('Hoằng Hóa', 'Quý Lộc', 'Hoàng Thủy')
    """
    letters = unicodedata.normalize("NFD", " ".join(text.split()))
    letters = _QU_TONE.sub(r"\1\3\2", letters)
    letters = _QUI.sub(lambda found: "y" if found[0] == "i" else "Y", letters)
    return unicodedata.normalize("NFC", _GLIDE.sub(_placed, letters))


def _placed(found: re.Match[str]) -> str:
    """Put the tone on the first vowel of an open syllable, on the second of a closed one."""
    first, early, second = found.group(1, 2, 3) if found[1] else found.group(4, 5, 6)
    tone = early or found[7]
    return f"{first}{second}{tone}" if found[8] else f"{first}{tone}{second}"


def match_key(text: str) -> str:
    """Return what the spellings of one name share: accents count; case, tone placement, abbreviations do not.

    Examples
    --------
    >>> match_key("P. Đông Tiến") == match_key("phường Đông  Tiến")
    True
    >>> match_key("Đông Tiến") == match_key("Đồng Tiến")
    False
    """
    kind, bare = split_kind(text)
    return bare.casefold() if kind is None else f"{kind} {bare.casefold()}"


def search_key(text: str) -> str:
    """Return the name as somebody without accents types it: lower case, d for đ, single spaces.

    Examples
    --------
    >>> search_key("Phường  Quí Lộc"), search_key("ĐÔNG TIẾN")
    ('phuong quy loc', 'dong tien')
    """
    return without_accents(normalised(text)).casefold()


def split_kind(text: str) -> tuple[str | None, str]:
    """Part a name from the word that says what it is.

    Returns
    -------
    kind : str or None
        Full word with accents, e.g. ``"phường"``; None when the name does not say.
    name : str
        The rest, normalised.

    Examples
    --------
    >>> split_kind("P.Đông Tiến"), split_kind("TT Ngọc Lặc"), split_kind("Xã Hoằng Hoá"), split_kind("Bản")
    (('phường', 'Đông Tiến'), ('thị trấn', 'Ngọc Lặc'), ('xã', 'Hoằng Hóa'), (None, 'Bản'))
    """
    name = normalised(text)
    folded = name.casefold()
    # Only text written wholly without accents may have its kind without them: "ban" is not always "bản".
    is_plain = folded == without_accents(folded)
    for kind, words in _KINDS.items():
        for word in words:
            start = without_accents(word) if is_plain else word
            rest = name[len(start) :]
            if folded.startswith(start) and rest.strip(" .") and (start.endswith(".") or rest[0] in " ."):
                return kind, rest.lstrip(" .")
    return None, name


def matching_names(wanted: str, names: Sequence[str]) -> tuple[int, ...]:
    """Return the places of the names that a spelling may mean; more than one is for a person to decide.

    Names equal with their accents win. Else a name without its kind is looked for, then one without accents;
    a kind that was given must agree with the kind of the name, if that says it.

    Examples
    --------
    >>> names = ["phường Đông Tiến", "xã Đồng Tiến"]
    >>> [matching_names(wanted, names) for wanted in ("Đồng Tiến", "dong tien", "xa dong tien")]
    [(1,), (0, 1), (1,)]
    """
    key = match_key(wanted)
    exact = tuple(index for index, name in enumerate(names) if match_key(name) == key)
    if exact:
        return exact
    kind, bare = split_kind(wanted)
    parts = [split_kind(name) for name in names]
    alike = [index for index, (other, _) in enumerate(parts) if None in (kind, other) or kind == other]
    accented = tuple(index for index in alike if parts[index][1].casefold() == bare.casefold())
    return accented or tuple(index for index in alike if search_key(parts[index][1]) == search_key(bare))
