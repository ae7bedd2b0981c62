"""Putting generated layers into a study, each marked synthetic."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import geopandas as gpd
import numpy as np

from phusong.coverage.grids import Grid, Raster
from phusong.geodata.sample.noise import Field
from phusong.geodata.sample.settlements import Numbers
from phusong.geodata.sample.spec import Progress
from phusong.geodata.store.folder import FolderStore
from phusong.geodata.store.meta import LayerMeta

Notes = Mapping[str, object]
NO_NOTES: Notes = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class SampleWriter:
    """Writes layers of one sample.

    Attributes
    ----------
    store : FolderStore
    seed : int
    imported_at : str
        ISO 8601, UTC.
    parameters : dict
        Goes into the notes of each layer.
    added : list of str
        Layers written so far.
    """

    store: FolderStore
    seed: int
    imported_at: str
    parameters: dict[str, Any]
    added: list[str] = field(default_factory=list)

    def table(self, layer: str, frame: gpd.GeoDataFrame, *, notes: Notes = NO_NOTES) -> None:
        """Write a table: synthetic as a whole, so no single column counts as assumed."""
        self.store.put_table(layer, frame, self._meta(layer, len(frame), notes))
        self.added.append(layer)

    def raster(
        self, layer: str, grid: Grid, values: Field | Numbers, unit: str, *, notes: Notes = NO_NOTES
    ) -> None:
        """Write a raster."""
        known = int(np.isfinite(values).sum())
        self.store.put_raster(layer, Raster(grid, values, unit), self._meta(layer, known, notes))
        self.added.append(layer)

    def _meta(self, layer: str, rows: int, notes: Notes) -> LayerMeta:
        return LayerMeta(
            layer=layer,
            source=f"phusong sample seed {self.seed}",
            rows=rows,
            imported_at=self.imported_at,
            synthetic=True,
            notes={"seed": self.seed, "parameters": self.parameters, **notes},
        )


def stages(progress: Progress, names: tuple[str, ...]) -> Callable[[str], None]:
    """Return a function that reports the start of a named step of ``names`` as stage ``sample``."""

    def start(name: str) -> None:
        progress("sample", names.index(name) if name in names else len(names), len(names))

    return start
