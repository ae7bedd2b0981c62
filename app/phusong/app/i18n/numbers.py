"""Numbers as people of a language write them."""

from __future__ import annotations

from phusong.app.i18n.languages import Language

UNKNOWN = "–"
_MARKS: dict[Language, tuple[str, str]] = {"vi": (".", ","), "en": (",", ".")}


def number(value: float | None, language: Language, *, decimals: int = 0) -> str:
    """Write a number with the marks of a language; a dash where it is unknown.

    Examples
    --------
    >>> number(1234567.5, "vi", decimals=1), number(-1234, "en"), number(None, "vi")
    ('1.234.567,5', '−1,234', '–')
    """
    if value is None:
        return UNKNOWN
    thousands, decimal = _MARKS[language]
    plain = f"{value:,.{decimals}f}"
    return plain.translate(str.maketrans(",.-", f"{thousands}{decimal}−"))


def percent(share: float | None, language: Language, *, decimals: int = 1) -> str:
    r"""Write a share 0..1 in per cent, with a space that does not break.

    Examples
    --------
    >>> percent(0.756, "vi")
    '75,6\xa0%'
    """
    return UNKNOWN if share is None else f"{number(100 * share, language, decimals=decimals)}\xa0%"
