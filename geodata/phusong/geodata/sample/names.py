"""Invented names of communes, villages and places; any likeness to real ones is chance."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

import numpy as np

# fmt: off
_FIRST = (
    "An", "Bình", "Cẩm", "Châu", "Đại", "Đông", "Đức", "Gia", "Hà", "Hải", "Hoằng", "Hợp", "Hưng",
    "Khánh", "Kim", "Lam", "Liên", "Long", "Lộc", "Minh", "Mỹ", "Nam", "Nghĩa", "Ngọc", "Nhân", "Phú",
    "Phúc", "Phương", "Quang", "Quảng", "Sơn", "Tam", "Tân", "Thái", "Thanh", "Thạch", "Thiện", "Thọ",
    "Thuận", "Tiên", "Trung", "Trường", "Vạn", "Văn", "Việt", "Vĩnh", "Xuân", "Yên",
)
_SECOND = (
    "Ân", "Bằng", "Bảo", "Cát", "Chính", "Cường", "Dương", "Điền", "Giang", "Hiền", "Hòa", "Hùng",
    "Khê", "Lâm", "Lễ", "Lợi", "Lương", "Mai", "Ninh", "Phong", "Quý", "Sa", "Tâm", "Thành", "Thắng",
    "Thịnh", "Thủy", "Tiến", "Tín", "Trạch", "Tú", "Vân", "Vinh", "Xá",
)
_HIGH_FIRST = (
    "Mường", "Chiềng", "Pù", "Nậm", "Bá", "Châu", "Tà", "Huổi", "Na", "Phà",
)
_HIGH_SECOND = (
    "Lống", "Xén", "Khoòng", "Pục", "Lay", "Mò", "Cọ", "Hin", "Tạo", "Ngàm", "Sủng", "Vặn", "Đán",
    "Lũng", "Hạ", "Piêng", "Chòm", "Lát", "Sài", "Muộn", "Phăng", "Pắc", "Hón", "Bống", "Kéo", "Tén",
    "Cướm", "Buốc", "Ván", "Lầu",
)
# fmt: on
_VILLAGE_PLAIN = ("Thôn", "Làng")
_VILLAGE_HIGH = ("Bản",)
_VILLAGE_TOWN = ("Tổ dân phố",)


def _compose(first: Sequence[str], second: Sequence[str]) -> list[str]:
    return [f"{one} {other}" for one in first for other in second if one != other]


def _nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def unaccented(text: str) -> str:
    """Return text without accents, in small letters.

    Examples
    --------
    >>> unaccented("Đông Lễ")
    'dong le'
    """
    plain = unicodedata.normalize("NFD", text.replace("đ", "d").replace("Đ", "D"))
    return "".join(letter for letter in plain if not unicodedata.combining(letter)).lower()


def commune_names(rng: np.random.Generator, is_mountain: Sequence[bool]) -> list[str]:
    """Invent commune names, unique even without accents.

    Parameters
    ----------
    rng : Generator
    is_mountain : sequence of bool
        One a commune; mountain communes get names of that country.
    """
    low = list(rng.permutation(np.array(_compose(_FIRST, _SECOND))))
    high = list(rng.permutation(np.array(_compose(_HIGH_FIRST, _HIGH_SECOND))))
    taken: set[str] = set()
    names = []
    for mountain in is_mountain:
        pool = high if mountain and high else low
        name = next(item for item in iter(pool.pop, None) if unaccented(item) not in taken)
        taken.add(unaccented(name))
        names.append(_nfc(str(name)))
    return names


def village_names(rng: np.random.Generator, kinds: Sequence[str]) -> list[str]:
    """Invent the village names of one commune, unique in it.

    Parameters
    ----------
    kinds : sequence of str
        ``"town"``, ``"plain"`` or ``"mountain"``, one a village.
    """
    low = iter(rng.permutation(np.array(_compose(_FIRST, _SECOND))))
    high = iter(rng.permutation(np.array([*_HIGH_SECOND, *_compose(_HIGH_FIRST, _HIGH_SECOND)])))
    names: list[str] = []
    blocks = 0
    for kind in kinds:
        if kind == "town":
            blocks += 1
            names.append(f"{_VILLAGE_TOWN[0]} {blocks}")
        elif kind == "mountain":
            names.append(_nfc(f"{_VILLAGE_HIGH[0]} {next(high)}"))
        else:
            names.append(_nfc(f"{_VILLAGE_PLAIN[int(rng.random() < 0.25)]} {next(low)}"))
    return names
