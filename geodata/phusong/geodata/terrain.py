"""Import terrain: heights of the ground in metres on the study grid."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from phusong.coverage.errors import Finding, LayerFileError
from phusong.coverage.grids import Raster
from phusong.geodata.rasterfiles import RasterFile, raster_files, source_name, source_sha256
from phusong.geodata.reports import ImportReport, Progress, no_progress
from phusong.geodata.store.folder import FolderStore
from phusong.geodata.store.meta import LayerMeta
from phusong.geodata.warping import Warped, cropped, study_grid_or_extent, unknown_share, warp_files

ALLOWED_HEIGHT_M = (-500.0, 9_000.0)
COARSE = 10.0
"""A source this many times coarser than the grid has lost its ridges."""


def import_terrain(
    store: FolderStore,
    paths: Sequence[Path],
    *,
    crs: str | None = None,
    imported_at: str,
    progress: Progress = no_progress,
) -> ImportReport:
    """Warp elevation models onto the study grid and store them as the terrain.

    Parameters
    ----------
    store : FolderStore
        Where the study has no place yet, the terrain's own extent becomes the study grid, in the UTM zone of
        its centre.
    paths : sequence of Path
        Rasters or folders of rasters, metres above sea level, each in its own CRS; where they overlap the
        first one that knows wins. Between cell centres values are bilinear, means where the source is finer.
    crs : str or None
        CRS of files that do not say theirs.
    imported_at : str
        ISO 8601, UTC.

    Raises
    ------
    LayerFileError
        ``raster_no_overlap``, ``raster_empty`` or a file that cannot be read (see `raster_files`).
    TableError
        With a finding ``raster_value`` for a height outside -500 .. 9000 m.
    """
    files = raster_files(paths, crs=crs)
    grid, is_own = study_grid_or_extent(store, files)
    warped = warp_files(files, grid, layer="terrain", allowed=ALLOWED_HEIGHT_M, progress=progress)
    known = int(np.isfinite(warped.values).sum())
    if not known:
        raise LayerFileError("raster_empty", file=source_name(files))
    if is_own:
        warped = cropped(warped)
    unknown = unknown_share(store, warped)
    store.set_epsg(warped.grid.epsg)
    meta = raster_meta("terrain", files, warped, imported_at=imported_at, rows=known, unknown=unknown)
    meta = store.put_raster("terrain", Raster(warped.grid, warped.values, "m"), meta)
    findings = (*raster_findings(files, warped, unknown=unknown), *_coarse(files, warped))
    return ImportReport("terrain", known, findings, meta)


def raster_meta(
    layer: str, files: Sequence[RasterFile], warped: Warped, *, imported_at: str, rows: int, unknown: float
) -> LayerMeta:
    """Return the record of a warped raster."""
    notes = {
        "source_cell_m": round(warped.source_cell_m, 2),
        "source_crs": sorted({file.crs.name for file in files}),
        "files_used": len(warped.used),
        "files_unused": list(warped.unused),
        "unknown_share": unknown,
    }
    return LayerMeta(
        layer,
        source=source_name(files),
        source_sha256=source_sha256(files),
        rows=rows,
        imported_at=imported_at,
        notes=notes,
    )


def raster_findings(files: Sequence[RasterFile], warped: Warped, *, unknown: float) -> tuple[Finding, ...]:
    """Return warnings about files that do not reach the study and cells that no file knows."""
    unused = [Finding(code="raster_unused", file=name, severity="warning") for name in warped.unused]
    if unknown > 0:
        told = f"{100 * unknown:.4g} %"
        unused.append(Finding(code="raster_unknown", file=source_name(files), value=told, severity="warning"))
    return tuple(unused)


def _coarse(files: Sequence[RasterFile], warped: Warped) -> tuple[Finding, ...]:
    if warped.source_cell_m < COARSE * warped.grid.cell_size_m:
        return ()
    return (
        Finding(
            code="terrain_coarse",
            file=source_name(files),
            value=f"{warped.source_cell_m:.0f} m",
            allowed=f"< {COARSE * warped.grid.cell_size_m:g} m",
            severity="warning",
        ),
    )
