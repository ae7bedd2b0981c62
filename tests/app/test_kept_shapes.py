"""Thinned borders are made once, and again where the layer is another."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import shapely

from phusong.app.api.keptshapes import KeptShapes

SHAPES = np.array([shapely.box(0, 0, 1, 1), shapely.Polygon(), shapely.box(1, 0, 2, 1)], dtype=object)


def test_what_was_made_is_read_again(tmp_path: Path) -> None:
    asked: list[int] = []

    def make() -> np.ndarray:
        asked.append(1)
        return SHAPES

    for _ in range(2):
        kept = KeptShapes(tmp_path, name="communes", mark="ab" * 32)
        assert shapely.equals_exact(kept(9, make), SHAPES).all()
    assert len(asked) == 1
    assert len(KeptShapes(tmp_path, name="communes", mark="ab" * 32)(8, make)) == 3
    assert len(asked) == 2


def test_other_borders_replace_what_was_kept(tmp_path: Path) -> None:
    KeptShapes(tmp_path, name="communes", mark="ab" * 32)(9, lambda: SHAPES)
    KeptShapes(tmp_path, name="wards", mark="ab" * 32)(9, lambda: SHAPES)
    found = KeptShapes(tmp_path, name="communes", mark="cd" * 32)(9, lambda: SHAPES[:1])
    assert len(found) == 1
    assert sorted(path.name[:10] for path in tmp_path.iterdir()) == ["communes-c", "wards-abab"]


def test_a_file_cut_short_is_made_again(tmp_path: Path) -> None:
    kept = KeptShapes(tmp_path, name="communes", mark="ab" * 32)
    kept(9, lambda: SHAPES)
    (path,) = tmp_path.iterdir()
    path.write_bytes(path.read_bytes()[:40])
    assert shapely.equals_exact(kept(9, lambda: SHAPES), SHAPES).all()
