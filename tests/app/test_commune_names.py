"""The commune a person means by a code or a name."""

from __future__ import annotations

import pytest

from phusong.app.communenames import commune_code_of
from phusong.app.i18n import tell_error
from phusong.coverage.errors import InputError, NotFoundError

COMMUNES = [
    {"commune_code": "00007", "name": "Đông Tiến", "kind": "phường"},
    {"commune_code": "00010", "name": "Đồng Tiến", "kind": "xã"},
    {"commune_code": "99028", "name": "Pù Tén", "kind": "xã"},
    {"commune_code": "99073", "name": "Bá Lầu", "kind": "xã"},
    {"commune_code": "99074", "name": "Không loại", "kind": None},
]


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        ("99028", "99028"),
        ("7", "00007"),
        ("Pù Tén", "99028"),
        ("pu ten", "99028"),
        ("xã Pù Tén", "99028"),
        ("X. pù tén", "99028"),
        ("  BA LAU ", "99073"),
        ("Đông Tiến", "00007"),
        ("xa dong tien", "00010"),
        ("khong loai", "99074"),
    ],
)
def test_a_code_or_a_name_finds_its_commune(wanted: str, code: str) -> None:
    assert commune_code_of(wanted, COMMUNES) == code


def test_a_name_of_several_lists_all_of_them() -> None:
    with pytest.raises(InputError) as refused:
        commune_code_of("dong tien", COMMUNES)
    assert refused.value.code == "commune_ambiguous"
    told = tell_error(refused.value, "vi")
    assert "phường Đông Tiến (00007)" in told and "xã Đồng Tiến (00010)" in told


@pytest.mark.parametrize(
    ("wanted", "near"),
    [("pu tan", "xã Pù Tén (99028)"), ("9907", "xã Bá Lầu (99073)"), ("phường Pù Ten", "xã Pù Tén (99028)")],
)
def test_an_unknown_commune_is_an_error_that_names_near_ones(wanted: str, near: str) -> None:
    with pytest.raises(NotFoundError) as refused:
        commune_code_of(wanted, COMMUNES)
    assert refused.value.code == "commune_not_found"
    assert near in tell_error(refused.value, "vi")


@pytest.mark.parametrize("wanted", ["", "zzzz"])
def test_what_is_like_nothing_says_how_many_there_are(wanted: str) -> None:
    with pytest.raises(NotFoundError) as refused:
        commune_code_of(wanted, COMMUNES)
    assert refused.value.code == "commune_not_found_at_all"
    assert "5 xã, phường" in tell_error(refused.value, "vi")
