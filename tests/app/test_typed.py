"""Numbers, shares and places as people type them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from phusong.app.solving import goal_from, share_from
from phusong.app.typed import lon_lat, read_number, read_numbers, read_percent
from phusong.coverage.errors import InputError


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("90,5", 90.5),
        ("90.5", 90.5),
        ("1.234,5", 1234.5),
        ("1,234.5", 1234.5),
        ("60 000", 60_000.0),
        ("1.234.567", 1_234_567.0),
        ("0,999", 0.999),
        ("-3,5", -3.5),
        ("1e3", 1000.0),
        (" 7 ", 7.0),
    ],
)
def test_numbers_are_read_as_people_write_them(text: str, number: float) -> None:
    assert read_number(text) == number


@pytest.mark.parametrize(
    ("read", "text", "code"),
    [
        (read_number, "abc", "number_text"),
        (read_number, "", "number_text"),
        (read_number, "60.000", "number_typed"),
        (read_number, "1,234", "number_typed"),
        (read_numbers, "20,x", "number_text"),
        (read_percent, "0,9", "percent_fraction"),
        (read_percent, "1", "percent_fraction"),
        (read_percent, "0.5", "percent_fraction"),
        (read_percent, "101", "percent_range"),
        (read_percent, "-5%", "percent_range"),
        (read_percent, "nhiều", "number_text"),
        (lon_lat, "abc,def", "coordinate"),
        (lon_lat, "105.78", "coordinate"),
        (lon_lat, "400,20", "coordinate"),
        (lon_lat, "19.81,105.78", "coordinate_swapped"),
    ],
)
def test_what_cannot_be_read_or_can_be_mistaken_is_refused(
    read: Callable[[str], Any], text: str, code: str
) -> None:
    with pytest.raises(InputError) as refused:
        read(text)
    assert refused.value.code == code


def test_a_fraction_for_per_cent_says_what_to_write() -> None:
    with pytest.raises(InputError) as refused:
        read_percent("0,9")
    assert refused.value.parameters == {"value": "0,9", "percent": 90.0}


@pytest.mark.parametrize(
    ("text", "percent"), [("90", 90.0), ("90,5", 90.5), ("90%", 90.0), ("0,9 %", 0.9), ("0", 0.0)]
)
def test_per_cent_takes_a_comma_and_a_sign(text: str, percent: float) -> None:
    assert read_percent(text) == pytest.approx(percent, abs=1e-12)
    assert goal_from(None, None, text).reach_share == pytest.approx(percent / 100.0, abs=1e-12)


@pytest.mark.parametrize(("text", "share"), [("0,5%", 0.005), ("0.005", 0.005), ("0,005", 0.005), ("0", 0.0)])
def test_a_gap_is_a_fraction_or_has_its_sign(text: str, share: float) -> None:
    assert share_from(text) == pytest.approx(share, abs=1e-12)


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("20,40", (20.0, 40.0)),
        ("20, 40", (20.0, 40.0)),
        ("22,5; 40", (22.5, 40.0)),
        ("22,5 40", (22.5, 40.0)),
        ("700", (700.0,)),
    ],
)
def test_lists_part_by_commas_or_leave_the_comma_to_decimals(text: str, numbers: tuple[float, ...]) -> None:
    assert read_numbers(text) == numbers


@pytest.mark.parametrize(
    "text",
    ["105.78,19.81", "105.78, 19.81", "105,78;19,81", "105,78 19,81", "105,78,19,81", "105.78 19.81"],
)
def test_a_place_is_read_in_every_way_it_is_copied(text: str) -> None:
    assert lon_lat(text) == (105.78, 19.81)
