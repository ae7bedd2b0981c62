"""Import clutter: the height of trees and buildings over the ground on the study grid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from phusong.coverage.errors import LayerFileError
from phusong.coverage.grids import Raster
from phusong.geodata.rasterfiles import raster_files, source_name
from phusong.geodata.reports import ImportReport, Progress, no_progress
from phusong.geodata.store.folder import FolderStore
from phusong.geodata.terrain import raster_findings, raster_meta
from phusong.geodata.warping import cropped, study_grid_or_extent, unknown_share, warp_files

ALLOWED_HEIGHT_M = (0.0, 150.0)


def import_clutter(
    store: FolderStore,
    paths: Sequence[Path],
    *,
    crs: str | None = None,
    imported_at: str,
    progress: Progress = no_progress,
) -> ImportReport:
    """Warp representative clutter heights onto the study grid; cells that no file knows get 0 m.

    Parameters
    ----------
    store : FolderStore
    paths : sequence of Path
        Rasters or folders of rasters, metres above ground.
    crs : str or None
        CRS of files that do not say theirs.
    imported_at : str
        ISO 8601, UTC.

    Raises
    ------
    LayerFileError
        ``raster_no_overlap``, ``raster_empty`` or a file that cannot be read (see `raster_files`).
    TableError
        With a finding ``raster_value`` for a height outside 0 .. 150 m.
    """
    files = raster_files(paths, crs=crs)
    grid, is_own = study_grid_or_extent(store, files)
    warped = warp_files(files, grid, layer="clutter", allowed=ALLOWED_HEIGHT_M, progress=progress)
    known = int(np.isfinite(warped.values).sum())
    if not known:
        raise LayerFileError("raster_empty", file=source_name(files))
    if is_own:
        warped = cropped(warped)
    unknown = unknown_share(store, warped)
    warped = replace(warped, values=np.nan_to_num(warped.values, nan=0.0))
    store.set_epsg(warped.grid.epsg)
    meta = raster_meta("clutter", files, warped, imported_at=imported_at, rows=known, unknown=unknown)
    meta = store.put_raster("clutter", Raster(warped.grid, warped.values, "m"), meta)
    return ImportReport("clutter", known, raster_findings(files, warped, unknown=unknown), meta)
