"""Rasters written block by block are those written whole."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import rasterio

from phusong.coverage.grids import Grid
from phusong.geodata.store.blockwise import writing_cog
from phusong.geodata.store.rasters import read_grid, write_cog

GRID = Grid(width=600, height=300, cell_size_m=30.0, left_m=500_010.0, top_m=2_200_020.0, epsg=32648)


def _values(dtype: str) -> np.ndarray:
    random = np.random.default_rng(7)
    return random.integers(0, 100, GRID.shape).astype(dtype)


def _write(path: Path, values: np.ndarray, corners: list[tuple[int, int]], **options) -> None:  # type: ignore[no-untyped-def]
    with writing_cog(path, grid=GRID, dtype=values.dtype.name, tags={"unit": "dB"}, **options) as writer:
        for row, col in corners:
            writer.write(values[row : row + 256, col : col + 256], row0=row, col0=col)


@pytest.mark.parametrize(("dtype", "nodata"), [("int16", -32768), ("uint8", None), ("float32", np.nan)])
def test_blocks_in_any_order_make_the_whole(tmp_path: Path, dtype: str, nodata: float | None) -> None:
    values = _values(dtype)
    corners = [(256, 512), (0, 0), (0, 512), (256, 256), (256, 0), (0, 256)]
    _write(tmp_path / "parts.tif", values, corners, nodata=nodata)
    write_cog(tmp_path / "whole.tif", values, grid=GRID, nodata=nodata, tags={"unit": "dB"})
    with rasterio.open(tmp_path / "parts.tif") as parts, rasterio.open(tmp_path / "whole.tif") as whole:
        assert np.array_equal(parts.read(1), values) and np.array_equal(whole.read(1), values)
        assert str(parts.profile) == str(whole.profile)  # NaN equals no NaN
        assert parts.tags() == whole.tags()
        assert parts.tags(ns="IMAGE_STRUCTURE") == whole.tags(ns="IMAGE_STRUCTURE")
    assert read_grid(tmp_path / "parts.tif") == GRID


def test_blocks_left_out_are_unknown(tmp_path: Path) -> None:
    _write(tmp_path / "a.tif", _values("int16"), [(0, 256)], nodata=-32768, scale=0.1)
    with rasterio.open(tmp_path / "a.tif") as file:
        stored = file.read(1)
        assert file.scales == (0.1,)
    assert (stored[:256, :256] == -32768).all() and (stored[256:] == -32768).all()
    assert (stored[:256, 256:512] >= 0).all()


def test_a_failure_leaves_the_old_file_and_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    _write(path, _values("uint8"), [(0, 0)], nodata=None)
    before = path.read_bytes()
    with (
        pytest.raises(RuntimeError),
        writing_cog(path, grid=GRID, dtype="uint8", nodata=None, tags={}) as writer,
    ):
        writer.write(np.zeros((256, 256), np.uint8), row0=0, col0=0)
        raise RuntimeError
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
