"""Rasters of a study as arrays that are mapped, not read: unpacked once into the cache."""

from __future__ import annotations

from phusong.coverage.errors import StudyError
from phusong.coverage.grids import Raster
from phusong.geodata.store.arrays import map_arrays, write_arrays
from phusong.geodata.store.folder import FolderStore
from phusong.geodata.store.rasters import read_grid


def mapped_raster(store: FolderStore, layer: str) -> Raster:
    """Return a raster layer; its values are read-only.

    Raises
    ------
    NotFoundError, StudyError
        As `FolderStore.raster` does.
    """
    mark = store.meta(layer).content_sha256[:32]
    folder = store.cache_dir / "derived"
    path = folder / f"{layer}-{mark}.bin"
    try:
        return Raster(read_grid(store.raster_path(layer)), map_arrays(path)["values"], "")
    except (FileNotFoundError, StudyError):
        raster = store.raster(layer)
        write_arrays(path, {"values": raster.values})
    for outdated in folder.glob(f"{layer}-{'?' * 32}.bin"):
        if outdated != path:
            outdated.unlink(missing_ok=True)
    return raster
