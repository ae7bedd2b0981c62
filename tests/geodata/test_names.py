"""Names compare by their letters, whatever the spelling; search is blind to accents."""

from __future__ import annotations

import unicodedata

import geopandas as gpd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phusong.geodata.names import (
    match_key,
    matching_names,
    normalised,
    search_key,
    split_kind,
    without_accents,
)

LETTERS = "aăâeêioôơuưyáàảãạấầẩẫậắằẳẵặéèẻẽẹếềểễệíìỉĩịóòỏõọốồổỗộớờởỡợúùủũụứừửữựýỳỷỹỵbcdđghklmnpqrstvx QUĐ."


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("hoá", "hóa"),
        ("Hoằng Hoá", "Hoằng Hóa"),
        ("HOÁ QUỲ", "HÓA QUỲ"),
        ("thuỷ", "thủy"),
        ("Hoè", "Hòe"),
        ("loè xoè", "lòe xòe"),
        ("hòan", "hoàn"),
        ("hoàn", "hoàn"),
        ("hoài", "hoài"),
        ("hóai", "hoái"),
        ("hoặc", "hoặc"),
        ("huýt", "huýt"),
        ("quý", "quý"),
        ("quí", "quý"),
        ("qúy", "quý"),
        ("Qui Nhơn", "Quy Nhơn"),
        ("quít", "quít"),
        ("quả", "quả"),
        ("quốc", "quốc"),
        ("nguyễn", "nguyễn"),
        ("khuỷu", "khuỷu"),
        ("Huế", "Huế"),
        ("giá", "giá"),
        ("mùa", "mùa"),
        ("khoẻ mạnh", "khỏe mạnh"),
        ("thuở", "thuở"),
    ],
)
def test_tone_goes_to_one_place(written: str, kept: str) -> None:
    assert normalised(written) == kept
    assert normalised(unicodedata.normalize("NFD", written)) == kept


@given(st.text(LETTERS, max_size=20))
def test_keys_are_stable_and_ignore_the_form_of_letters(text: str) -> None:
    assert normalised(normalised(text)) == normalised(text)
    assert search_key(search_key(text)) == search_key(text)
    decomposed = unicodedata.normalize("NFD", text)
    assert search_key(decomposed) == search_key(text)
    assert match_key(decomposed) == match_key(text)
    assert search_key(without_accents(text)) == search_key(text)
    assert search_key(text).isascii()


@given(st.text(max_size=30))
def test_any_text_has_keys(text: str) -> None:
    assert isinstance(search_key(text), str)
    assert split_kind(text)[1] == normalised(text) or normalised(text).endswith(split_kind(text)[1])


@pytest.mark.parametrize(
    ("text", "kind", "name"),
    [
        ("Xã Đồng Tiến", "xã", "Đồng Tiến"),
        ("X. Đồng Tiến", "xã", "Đồng Tiến"),
        ("P.Đông Tiến", "phường", "Đông Tiến"),
        ("THỊ TRẤN NGỌC LẶC", "thị trấn", "NGỌC LẶC"),
        ("TT Ngọc Lặc", "thị trấn", "Ngọc Lặc"),
        ("bản Ón", "bản", "Ón"),
        ("ban On", "bản", "On"),
        ("Tổ dân phố 5", "tổ dân phố", "5"),
        ("Bản", None, "Bản"),
        ("Xãm", None, "Xãm"),
        ("Bàn Thạch", None, "Bàn Thạch"),
        ("Thôngg", None, "Thôngg"),
        ("", None, ""),
    ],
)
def test_kind_is_parted_from_the_name(text: str, kind: str | None, name: str) -> None:
    assert split_kind(text) == (kind, name)


def test_names_that_collide_without_accents_stay_apart() -> None:
    names = ["Phường Đông Tiến", "Xã Đồng Tiến"]
    assert search_key("Đông Tiến") == search_key("Đồng Tiến") == "dong tien"
    assert matching_names("phường Đông Tiến", names) == (0,)
    assert matching_names("Đồng Tiến", names) == (1,)
    assert matching_names("DONG TIEN", names) == (0, 1)
    assert matching_names("P. dong tien", names) == (0,)
    assert matching_names("Đống Tiến", names) == (0, 1)
    assert matching_names("Thọ Xuân", names) == ()


def test_every_commune_is_found_by_its_full_name_however_written(shared_data) -> None:
    path = shared_data / "thanh_hoa" / "communes_2025.gpkg"
    names = list(gpd.read_file(path, ignore_geometry=True)["fullName"])
    for index, name in enumerate(names):
        kind, bare = split_kind(name)
        assert kind in ("xã", "phường")
        for spelling in (name.upper(), unicodedata.normalize("NFD", name), f"{kind[0].upper()}. {bare}"):
            assert matching_names(spelling, names) == (index,)
        assert index in matching_names(without_accents(name), names)
