"""``phusong bench sweep``: time the prediction of one site on any terrain file."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import rasterio
from pyproj import Transformer
from rasterio.enums import Resampling
from rasterio.transform import from_origin
from rasterio.warp import reproject

from phusong.app.typed import lon_lat
from phusong.coverage.errors import InputError, LayerFileError, NotFoundError
from phusong.coverage.grids import Grid, Raster
from phusong.coverage.method import MODELS, Method
from phusong.coverage.propagation.area import AREA_MODES, AreaLoss, path_loss_area

RUNS = 3
MARGIN_CELLS = 2


def bench_sweep(
    terrain: Path,
    *,
    at: str,
    radius_km: float,
    cell_m: float,
    model: str = "p1812",
    mode: str = "exact",
    frequencies_mhz: Sequence[float] = (1800.0,),
    height_m: float = 30.0,
    time_percentage: float = 50.0,
    clutter: Path | None = None,
    threads: int | None = None,
    out: Path | None = None,
) -> dict[str, Any]:
    """Predict the loss around one point and say how long it took.

    Parameters
    ----------
    terrain : Path
        Any elevation raster that rasterio reads; it is warped bilinearly to a UTM grid around the point.
    at : str
        ``"LON,LAT"`` in degrees (WGS 84).
    radius_km, cell_m : float
        Extent and cell size of the prediction.
    model : str
        One of `phusong.coverage.method.MODELS`.
    mode : {"exact", "sweep"}
        See `phusong.coverage.propagation.area.path_loss_area`.
    frequencies_mhz : sequence of float
        Carriers; they share the geometry of the paths.
    height_m : float
        Antenna above ground.
    time_percentage : float
        Share of the average year in which the loss is not exceeded, in per cent.
    clutter : Path, optional
        Raster of the representative height of clutter in metres; it is warped like the terrain.
    threads : int, optional
        Left out: all cores.
    out : Path, optional
        GeoTIFF to write the loss to, one band a carrier.

    Returns
    -------
    dict
        ``pixels`` (with a loss on the first carrier), ``seconds`` (median of three warm runs, warping
        excluded), ``microseconds_per_pixel`` (wall clock).

    Raises
    ------
    InputError
        ``bench_choice``, ``bench_range``, ``coordinate``.
    LayerFileError
        ``raster_unreadable``.
    """
    _check(model, mode, radius_km, cell_m, time_percentage)
    lon, lat = _lon_lat(at)
    ground, x_m, y_m = _warped(terrain, lon, lat, radius_km, cell_m)
    options: dict[str, Any] = {
        "x_m": x_m,
        "y_m": y_m,
        "antenna_height_m": height_m,
        "frequencies_mhz": list(frequencies_mhz),
        "radii_m": [1000.0 * radius_km] * len(frequencies_mhz),
        "method": Method(model=model, time_percentage=time_percentage),
        "clutter": None if clutter is None else _warped(clutter, lon, lat, radius_km, cell_m)[0],
        "latitude_deg": lat,
        "threads": threads,
        "mode": mode,
    }
    path_loss_area(ground, **options)
    seconds = []
    for _ in range(RUNS):
        begin = time.perf_counter()
        area = path_loss_area(ground, **options)
        seconds.append(time.perf_counter() - begin)
    if out is not None:
        _write(out, ground.grid, area)
    pixels = int(np.count_nonzero(np.isfinite(area.loss_db[0])))
    median = statistics.median(seconds)
    return {
        "pixels": pixels,
        "seconds": median,
        "microseconds_per_pixel": 1e6 * median / pixels if pixels else None,
        "model": model,
        "mode": mode,
        "time_percentage": time_percentage,
        "has_clutter": clutter is not None,
        "frequencies_mhz": list(frequencies_mhz),
        "radius_km": radius_km,
        "cell_m": cell_m,
        "threads": threads,
    }


def _check(model: str, mode: str, radius_km: float, cell_m: float, time_percentage: float) -> None:
    for name, value, allowed in (("mode", mode, AREA_MODES), ("model", model, MODELS)):
        if value not in allowed:
            raise InputError("bench_choice", name=name, value=value, allowed=", ".join(allowed))
    limits = (
        ("radius_km", radius_km, 100.0),
        ("cell_m", cell_m, 2_000.0),
        ("time_percentage", time_percentage, 50.0),
    )
    for name, number, high in limits:
        if not (math.isfinite(number) and 0.0 < number <= high):
            raise InputError("bench_range", name=name, value=number, allowed=f"> 0 .. {high:g}")


def _lon_lat(at: str) -> tuple[float, float]:
    lon, lat = lon_lat(at)
    if not -80.0 <= lat <= 84.0:  # beyond the zones of UTM
        raise InputError("coordinate", value=at)
    return lon, lat


def _warped(
    path: Path, lon: float, lat: float, radius_km: float, cell_m: float
) -> tuple[Raster, float, float]:
    """Terrain on a UTM grid that holds the disc, and the point on it."""
    epsg = (32600 if lat >= 0.0 else 32700) + int((lon + 180.0) // 6.0) % 60 + 1
    x_m, y_m = Transformer.from_crs(4326, epsg, always_xy=True).transform(lon, lat)
    half = math.ceil(1000.0 * radius_km / cell_m) + MARGIN_CELLS
    left_m = (math.floor(x_m / cell_m) - half) * cell_m
    top_m = (math.floor(y_m / cell_m) + half + 1) * cell_m
    side = 2 * half + 1
    grid = Grid(width=side, height=side, cell_size_m=cell_m, left_m=left_m, top_m=top_m, epsg=epsg)
    values = np.full(grid.shape, np.nan, dtype=np.float32)
    if not path.exists():
        raise NotFoundError("file_missing", path=str(path))
    try:
        with rasterio.open(path) as source:
            reproject(
                rasterio.band(source, 1),
                values,
                dst_transform=from_origin(left_m, top_m, cell_m, cell_m),
                dst_crs=f"EPSG:{epsg}",
                dst_nodata=np.nan,
                resampling=Resampling.bilinear,
            )
    except rasterio.errors.RasterioError as error:
        raise LayerFileError("raster_unreadable", file=str(path), detail=str(error)) from error
    return Raster(grid, values, "m"), x_m, y_m


def _write(out: Path, grid: Grid, area: AreaLoss) -> None:
    bands, rows, cols = area.loss_db.shape
    part = grid.window(area.row0, area.col0, rows, cols)
    profile: dict[str, Any] = {
        "driver": "GTiff",
        "dtype": "float32",
        "count": bands,
        "height": rows,
        "width": cols,
        "crs": f"EPSG:{grid.epsg}",
        "transform": from_origin(part.left_m, part.top_m, grid.cell_size_m, grid.cell_size_m),
        "nodata": float("nan"),
        "compress": "deflate",
        "predictor": 3,
        "tiled": True,
    }
    values: npt.NDArray[np.float32] = area.loss_db
    with rasterio.open(out, "w", **profile) as target:
        target.write(values)
