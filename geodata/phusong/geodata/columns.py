"""Values as people write them: decimal commas, yes and no in two languages, codes that lost their zeros."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from phusong.coverage.contracts import ColumnRule
from phusong.coverage.errors import Finding
from phusong.coverage.tables import shown
from phusong.geodata.headers import header_key

CODE_DIGITS = 5
"""Digits of a commune code of Viet Nam."""
_COUNTED = frozenset({"households", "population", "capacity"})
"""Columns that hold whole numbers, where a dot or comma before three digits parts thousands."""
_UNIT = re.compile(r"\s*(m|met|mét|dbm|dbi|mhz|km2|km²|°|độ|deg)\.?$", re.IGNORECASE)
_PLAIN = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_COMMA = re.compile(r"[+-]?\d*,\d+")
_GROUPS = re.compile(r"[+-]?\d{1,3}(?P<sign>[.,\u202f])\d{3}(?:(?P=sign)\d{3})*")
_GROUPS_AND_REST = re.compile(r"[+-]?\d{1,3}(?P<group>[.,])\d{3}(?:(?P=group)\d{3})*(?P<point>[.,])\d+")
_SPACED = re.compile(r"(?<=\d)[\s\u00a0\u202f](?=\d{3}(?!\d))")

_FLAG_WORDS: Mapping[str, bool] = MappingProxyType(
    {
        **dict.fromkeys(("yes", "y", "true", "t", "1", "co", "x", "dung", "onair"), True),
        **dict.fromkeys(("no", "n", "false", "f", "0", "khong", "chua", "sai", "k"), False),
    }
)
_STATUS_WORDS = {
    **dict.fromkeys(
        (
            "onair",
            "active",
            "operational",
            "danghoatdong",
            "hoatdong",
            "dangphatsong",
            "daphatsong",
            "phatsong",
            "dangphat",
        ),
        "on_air",
    ),
    **dict.fromkeys(
        ("planned", "plan", "quyhoach", "kehoach", "dukien", "proposed", "chuaphatsong"), "planned"
    ),
    **dict.fromkeys(
        ("building", "construction", "underconstruction", "dangxaydung", "dangtrienkhai"), "building"
    ),
    **dict.fromkeys(
        (
            "offair",
            "off",
            "inactive",
            "ngunghoatdong",
            "tamngung",
            "dungphatsong",
            "ngungphatsong",
            "decommissioned",
        ),
        "off_air",
    ),
}
_KIND_WORDS = {
    **dict.fromkeys(
        (
            "communecentre",
            "communecenter",
            "ubndxa",
            "ubnd",
            "ubndphuong",
            "ubndxaphuong",
            "trungtamxa",
            "trungtamphuong",
            "trungtamxaphuong",
            "trusoubnd",
            "trusoubndxa",
            "uybannhandan",
            "uybannhandanxa",
            "townhall",
        ),
        "commune_centre",
    ),
    **dict.fromkeys(
        ("villagehouse", "nhavanhoa", "nhavanhoathon", "nhavanhoathonban", "communitycentre"), "village_house"
    ),
    **dict.fromkeys(("school", "truong", "truonghoc", "university", "college", "daihoc"), "school"),
    **dict.fromkeys(("clinic", "tramyte", "benhvien", "hospital", "coso yte", "cosoyte", "yte"), "clinic"),
    **dict.fromkeys(
        ("industrialzone", "khucongnghiep", "kcn", "cumcongnghiep", "ccn", "industrial"), "industrial_zone"
    ),
    **dict.fromkeys(
        ("tourism", "dulich", "khudulich", "ditich", "danhlamthangcanh", "attraction"), "tourism"
    ),
    **dict.fromkeys(("market", "cho", "trungtamthuongmai", "marketplace"), "market"),
}
_LINE_WORDS = {
    **dict.fromkeys(("road", "duong", "duongbo", "highway"), "road"),
    **dict.fromkeys(("rail", "railway", "duongsat"), "rail"),
    **dict.fromkeys(("waterway", "river", "canal", "duongthuy", "song"), "waterway"),
}
_ROUTE_WORDS = {
    **dict.fromkeys(("aerial", "treo", "captreo", "abovegroundaerial"), "aerial"),
    **dict.fromkeys(("underground", "ngam", "capngam", "belowground", "chon"), "underground"),
    **dict.fromkeys(("duct", "congbe", "cap cong be", "capcongbe", "cong"), "duct"),
}
_AREA_WORDS = {"1": "I", "2": "II", "3": "III", "i": "I", "ii": "II", "iii": "III"}
_STATION_WORDS = {
    **dict.fromkeys(("macro", "macrocell", "trammacro", "bts", "trambts", "enodeb", "gnodeb"), "macro"),
    **dict.fromkeys(("remotesector", "rms", "rrukeodai", "rru", "rrh", "remoteradiohead"), "remote_sector"),
    **dict.fromkeys(
        ("smallcell", "small", "microcell", "micro", "picocell", "pico", "femtocell", "trammini"),
        "small_cell",
    ),
    **dict.fromkeys(("indoor", "ibs", "ibc", "das", "inbuilding", "trongnha", "tramtrongnha"), "indoor"),
    **dict.fromkeys(("repeater", "tramlap", "lapsong", "tramlapsong"), "repeater"),
    **dict.fromkeys(("mobile", "tramluudong", "luudong", "xephatsong", "cow"), "mobile"),
}
_TECHNOLOGY_WORDS = {"lte": "4G", "4g": "4G", "4glte": "4G", "nr": "5G", "5g": "5G", "5gnr": "5G"}
_OPERATOR_WORDS = {
    "viettel": "Viettel",
    "vnpt": "VNPT",
    "vinaphone": "VNPT",
    "vnptvinaphone": "VNPT",
    "mobifone": "MobiFone",
    "vms": "MobiFone",
    "vietnamobile": "Vietnamobile",
    "gtel": "Gtel",
    "gmobile": "Gtel",
}
WORDS: Mapping[tuple[str, str], Mapping[str, str]] = MappingProxyType(
    {
        ("sites", "status"): _STATUS_WORDS,
        ("sites", "station_kind"): _STATION_WORDS,
        ("sites", "operator"): _OPERATOR_WORDS,
        ("cells", "operator"): _OPERATOR_WORDS,
        ("cells", "technology"): _TECHNOLOGY_WORDS,
        ("villages", "area_class"): _AREA_WORDS,
        ("places", "kind"): _KIND_WORDS,
        ("lines", "kind"): _LINE_WORDS,
        ("fibre_routes", "kind"): _ROUTE_WORDS,
    }
)
"""Words that mean one of the terms of a column."""


def plain_text(value: object) -> str | None:
    """Return a value as text: composed letters, single spaces, whole numbers without a point.

    Examples
    --------
    >>> plain_text(14758.0), plain_text("  Tha\u0300nh   "), plain_text("")
    ('14758', 'Thành', None)
    """
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        value = int(value)
    return " ".join(unicodedata.normalize("NFC", str(value)).split()) or None


def parse_number(value: object, *, is_counted: bool = False) -> tuple[object, str | None]:
    """Read a number as people write it.

    Parameters
    ----------
    value : object
        Text or number.
    is_counted : bool
        True where only whole numbers make sense, so that ``1.234`` has to mean 1234.

    Returns
    -------
    value : object
        A float; None where nothing is written; the text itself where it is no number.
    remark : str or None
        ``"number_ambiguous"`` where a comma may part thousands or decimals, ``"thousands_read"``.

    Examples
    --------
    >>> parse_number("105,34808"), parse_number("1.234,5"), parse_number("1.234", is_counted=True)
    ((105.34808, None), (1234.5, None), (1234.0, 'thousands_read'))
    >>> parse_number("1,234"), parse_number("cao")
    (('1,234', 'number_ambiguous'), ('cao', None))
    """
    if not isinstance(value, str):
        return value, None
    text = _SPACED.sub("", _UNIT.sub("", value.strip().replace("−", "-")))
    grouped = _GROUPS.fullmatch(text)
    if grouped and (is_counted or text.count(grouped["sign"]) > 1):
        return float(text.replace(grouped["sign"], "")), "thousands_read"
    if grouped and grouped["sign"] == "," and not text.lstrip("+-").startswith("0"):
        return value, "number_ambiguous"
    number = _number_of(text)
    return ((value if text else None) if number is None else number), None


def _number_of(text: str) -> float | None:
    """Read a number whose commas and dots have one meaning only."""
    if _PLAIN.fullmatch(text):
        return float(text)
    if _COMMA.fullmatch(text):
        return float(text.replace(",", "."))
    both = _GROUPS_AND_REST.fullmatch(text)
    if both and both["group"] != both["point"]:
        return float(text.replace(both["group"], "").replace(both["point"], "."))
    return None


def parse_coordinate(value: object) -> object:
    """Read a coordinate: a comma parts decimals, however many digits follow; yes and no are none."""
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, str) and _COMMA.fullmatch(value.strip()):
        return float(value.strip().replace(",", "."))
    return parse_number(value)[0]


def parse_flag(value: object) -> object:
    """Read yes or no in Vietnamese or English; a text that is neither stays as it is.

    Examples
    --------
    >>> parse_flag("Có"), parse_flag("không"), parse_flag(1), parse_flag("maybe")
    (True, False, True, 'maybe')
    """
    if value is None or isinstance(value, bool):
        return value
    text = plain_text(value)
    return None if text is None else _FLAG_WORDS.get(header_key(text), text)


def parse_term(layer: str, column: str, value: object) -> str | None:
    """Return the term that a word means in a column; the word itself where it is none of those known."""
    text = plain_text(value)
    words = WORDS.get((layer, column))
    if text is None or words is None:
        return text
    key = header_key(text)
    if column == "area_class":
        key = key.removeprefix("khuvuc").removeprefix("kv").removeprefix("vung")
    return words.get(key, text)


def parse_column(layer: str, rule: ColumnRule, values: Sequence[Any]) -> tuple[list[Any], list[Finding]]:
    """Read the values of a column by its kind.

    Returns
    -------
    values : list
        What could not be read stays as written, for the contract to refuse.
    findings : list of Finding
        Remarks, with the position of the row counted from 1.
    """
    if rule.kind == "flag":
        return [parse_flag(value) for value in values], []
    if rule.kind == "text":
        read = [parse_term(layer, rule.name, value) for value in values]
        return read, []
    parsed: list[Any] = []
    findings: list[Finding] = []
    for position, value in enumerate(values, start=1):
        number, remark = parse_number(value, is_counted=rule.name in _COUNTED)
        parsed.append(number)
        if remark == "thousands_read":
            findings.append(
                Finding(
                    code="thousands_read",
                    row=position,
                    column=rule.name,
                    value=shown(value),
                    severity="warning",
                )
            )
        elif remark is not None:
            findings.append(
                Finding(code="number_ambiguous", row=position, column=rule.name, value=shown(value))
            )
    return parsed, findings


def pad_codes(values: Sequence[Any], *, column: str) -> tuple[list[str | None], list[Finding]]:
    """Give codes that a program stored as numbers their leading zeros back, and say so."""
    codes: list[str | None] = []
    findings: list[Finding] = []
    for position, value in enumerate(values, start=1):
        code = plain_text(value)
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if code is not None and is_number and code.isdigit() and len(code) < CODE_DIGITS:
            findings.append(
                Finding(
                    code="code_padded",
                    row=position,
                    column=column,
                    value=code,
                    allowed=code.zfill(CODE_DIGITS),
                    severity="warning",
                )
            )
            code = code.zfill(CODE_DIGITS)
        codes.append(code)
    return codes, findings
