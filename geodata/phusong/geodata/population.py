"""Import population: people per cell of the study grid, adding up to the official number of each commune."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
from rasterio.windows import Window

from phusong.coverage.errors import Finding, InputError, LayerFileError
from phusong.coverage.grids import FloatArray, Grid, Raster
from phusong.coverage.people import PeopleFit, fit_population
from phusong.coverage.zonal import Zones, build_zones
from phusong.geodata.density import people_window, spread_people
from phusong.geodata.rasterfiles import RasterFile, check_values, raster_files, source_name, source_sha256
from phusong.geodata.reports import ImportReport, Progress, no_progress
from phusong.geodata.store.folder import FolderStore
from phusong.geodata.store.meta import LayerMeta

MAX_PEOPLE = 10_000_000.0
"""More people than any cell of any raster holds; catches undeclared nodata like 3.4e38."""
EXACT_PEOPLE = 1e-6
OFF_GRID_SHARE = 1e-3


def import_population(
    store: FolderStore,
    paths: Sequence[Path],
    *,
    crs: str | None = None,
    imported_at: str,
    progress: Progress = no_progress,
) -> ImportReport:
    """Bring people per cell onto the study grid and fit them to the communes' official numbers.

    Cells outside all communes hold nobody.

    Parameters
    ----------
    store : FolderStore
        With communes.
    paths : sequence of Path
        Rasters of people per cell (not per square kilometre), or folders of them. Tiles of one CRS must not
        overlap: their people are added.
    crs : str or None
        CRS of files that do not say theirs.
    imported_at : str
        ISO 8601, UTC.

    Raises
    ------
    InputError
        ``communes_first`` when the study has no communes.
    LayerFileError
        ``raster_no_overlap``, ``raster_empty`` (nobody in any commune), ``tiles_overlap`` or a file that
        cannot be read (see `raster_files`).
    TableError
        With a finding ``raster_value`` for a negative, infinite or impossible number of people.
    """
    if not store.has("communes"):
        raise InputError("communes_first")
    files = raster_files(paths, crs=crs)
    _check_tiles(files)
    grid = store.grid()
    raw, unused = _raw_people(files, grid, progress)
    progress("import", len(files), len(files) + 1)
    communes = store.table("communes").sort_values("commune_code", ignore_index=True)
    codes = [str(code) for code in communes["commune_code"]]
    zones = build_zones(list(communes.to_crs(epsg=grid.epsg).geometry), codes, grid)
    fit = fit_population(raw, zones, _official(communes))
    if not fit.raw.sum() > 0:
        raise LayerFileError("raster_empty", file=source_name(files))
    notes = _notes(fit, zones, _official(communes))
    meta = LayerMeta(
        "population",
        source=source_name(files),
        source_sha256=source_sha256(files),
        rows=int((fit.people > 0).sum()),
        imported_at=imported_at,
        notes=notes,
    )
    meta = store.put_raster("population", Raster(grid, fit.people, "people"), meta)
    progress("import", 1, 1)
    findings = (*unused, *_findings(fit, zones, _official(communes), source_name(files)))
    return ImportReport("population", meta.rows, findings, meta)


def _check_tiles(files: Sequence[RasterFile]) -> None:
    """Refuse tiles of one CRS that overlap by more than a hundredth of a cell: people would count twice."""
    frames = []
    for file in files:
        with file.opened() as source:
            left, bottom, right, top = source.bounds
            slack = 0.01 * abs(source.transform.a)
        frames.append((left + slack, min(bottom, top) + slack, right - slack, max(bottom, top) - slack))
    for index, (first, one) in enumerate(zip(files, frames, strict=True)):
        for second, other in zip(files[:index], frames[:index], strict=True):
            meets = one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
            if meets and first.crs == second.crs:
                raise LayerFileError("tiles_overlap", file=first.name, other=second.name)


def _raw_people(
    files: Sequence[RasterFile], grid: Grid, progress: Progress
) -> tuple[FloatArray, list[Finding]]:
    windows: list[tuple[RasterFile, Window]] = []
    unused = []
    for file in files:
        window = people_window(file, grid)
        if window is None:
            unused.append(Finding(code="raster_unused", file=file.name, severity="warning"))
            continue
        check_values(file, window, layer="population", allowed=(0.0, MAX_PEOPLE), unit="people")
        windows.append((file, window))
    if not windows:
        raise LayerFileError("raster_no_overlap", file=files[0].name)
    raw = np.zeros(grid.shape)
    for done, (file, window) in enumerate(windows):
        progress("import", done, len(files) + 1)
        raw += spread_people(file, grid, window)
    return raw, unused


def _official(communes: gpd.GeoDataFrame) -> FloatArray:
    if "population" not in communes:
        return np.full(len(communes), np.nan)
    return pd.to_numeric(communes["population"], errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)


def _notes(fit: PeopleFit, zones: Zones, official: FloatArray) -> dict[str, object]:
    """Both totals, overall and by commune (``[raw, official]``, null where unknown), and the error."""
    return {
        "raw_total": float(fit.raw.sum()),
        "official_total": float(np.nansum(official)),
        "communes": {
            code: [float(raw), None if np.isnan(number) else float(number)]
            for code, raw, number in zip(zones.codes, fit.raw, official, strict=True)
        },
        "iterations": fit.iterations,
        "max_error": fit.max_error,
    }


def _findings(fit: PeopleFit, zones: Zones, official: FloatArray, file: str) -> list[Finding]:
    wrong = np.abs(fit.fitted - fit.target) > EXACT_PEOPLE
    kinds = (
        ("population_no_official", np.isnan(official), fit.raw),
        ("population_spread", fit.spread & ~wrong, fit.target),
        ("population_off_grid", (zones.outside_share > OFF_GRID_SHARE) & ~wrong, fit.target),
        ("population_not_fitted", wrong, fit.fitted),
    )
    return [
        Finding(
            code=code,
            file=file,
            value=f"{zones.codes[index]}: {amounts[index]:.0f}",
            allowed=f"{fit.target[index]:.0f}" if code == "population_not_fitted" else None,
            severity="assumed" if code == "population_spread" else "warning",
        )
        for code, chosen, amounts in kinds
        for index in np.flatnonzero(chosen)
    ]
