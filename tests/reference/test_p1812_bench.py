"""The timing command predicts real terrain, writes what it predicted and refuses what it cannot do."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import rasterio

from phusong.app.bench import bench_sweep
from phusong.coverage.errors import InputError, NotFoundError

AT = "-121.5,36.3"


def test_one_site_on_real_mountains(shared_data: Path, tmp_path: Path) -> None:
    out = tmp_path / "loss.tif"
    record = bench_sweep(
        shared_data / "terrain" / "dem_monterey_3s.tif",
        at=AT,
        radius_km=3.0,
        cell_m=60.0,
        frequencies_mhz=[800.0, 3_500.0],
        out=out,
    )
    assert record["pixels"] == pytest.approx(np.pi * 50.0**2, rel=0.01)
    assert record["seconds"] > 0.0
    assert record["microseconds_per_pixel"] == pytest.approx(1e6 * record["seconds"] / record["pixels"])
    with rasterio.open(out) as written:
        loss_db = written.read()
        assert written.count == 2
        assert written.crs.to_epsg() == 32610
    assert np.isfinite(loss_db[0]).sum() == record["pixels"]
    assert 0.0 < np.nanmin(loss_db) < np.nanmax(loss_db) < 300.0
    # higher carriers lose more almost everywhere
    assert np.nanmean(loss_db[1] > loss_db[0]) > 0.7


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        ("bench_choice", {"mode": "quick"}),
        ("bench_choice", {"model": "rays"}),
        ("bench_range", {"radius_km": 0.0}),
        ("bench_range", {"cell_m": float("nan")}),
        ("coordinate", {"at": "somewhere"}),
        ("coordinate", {"at": "190,95"}),
        ("coordinate_swapped", {"at": "10,95"}),
    ],
)
def test_refusals(code: str, changes: dict[str, object]) -> None:
    options = {"at": AT, "radius_km": 1.0, "cell_m": 30.0, **changes}
    with pytest.raises(InputError) as caught:
        bench_sweep(Path("any.tif"), **options)  # type: ignore[arg-type]
    assert caught.value.code == code


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="file_missing"):
        bench_sweep(tmp_path / "none.tif", at=AT, radius_km=1.0, cell_m=30.0)
