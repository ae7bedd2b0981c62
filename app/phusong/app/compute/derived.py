"""Arrays derived from layers alone, kept in the cache under the hash of those layers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy.typing as npt

from phusong.app.compute.fingerprint import engine_version, fingerprint
from phusong.app.compute.inputs import ComputeInputs
from phusong.coverage.errors import StudyError
from phusong.geodata.store.arrays import map_arrays, write_arrays

Arrays = Mapping[str, npt.NDArray[Any]]


def derived(
    inputs: ComputeInputs, name: str, *, depends_on: Sequence[str], make: Callable[[], Arrays]
) -> Arrays:
    """Return arrays from the cache, made first where they are missing or broken.

    Parameters
    ----------
    name : str
        What they are; one version of each is kept.
    depends_on : sequence of str
        Layers they are made from, besides the grid.
    make : callable
        Makes them.
    """
    grid = inputs.grid
    mark = fingerprint(
        {
            "engine": engine_version("zonal", "villages"),
            "grid": [grid.left_m, grid.top_m, grid.cell_size_m, *grid.shape, grid.epsg],
            "layers": {layer: inputs.layer_hashes.get(layer) for layer in depends_on},
        }
    )[:32]
    folder = inputs.store.cache_dir / "derived"
    path = folder / f"{name}-{mark}.bin"
    try:
        return map_arrays(path)
    except (FileNotFoundError, StudyError):
        write_arrays(path, make())
    for outdated in folder.glob(f"{name}-{'?' * 32}.bin"):
        if outdated != path:
            outdated.unlink(missing_ok=True)
    return map_arrays(path)
