"""Lines from any geographic file: ducts with room, works planned by others."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely

from phusong.coverage.errors import Finding, LayerFileError, TableError
from phusong.geodata.readers import read_table

_LINES = (shapely.GeometryType.LINESTRING, shapely.GeometryType.MULTILINESTRING)


def read_lines(path: Path, *, epsg: int) -> npt.NDArray[np.object_]:
    """Read the lines of a geographic file.

    Parameters
    ----------
    path : Path
        Any geographic format that layers are imported from.
    epsg : int
        CRS to bring them to.

    Raises
    ------
    LayerFileError
        When the file cannot be read; ``crs_missing`` where it does not say its CRS.
    TableError
        With a finding for every row that is no line.
    """
    table = read_table(path, sheet=None, is_known=lambda _header: False)
    if table.geometry is None or table.crs is None:
        raise LayerFileError("crs_missing", file=path.name)
    wrong = ~np.isin(shapely.get_type_id(table.geometry), _LINES) | shapely.is_empty(table.geometry)
    if wrong.any():
        raise TableError(
            "lines",
            [
                Finding(
                    "wrong_geometry",
                    file=path.name,
                    row=table.rows[at],
                    allowed="LineString, MultiLineString",
                )
                for at in np.flatnonzero(wrong)[:1_000]
            ],
        )
    return np.asarray(gpd.GeoSeries(list(table.geometry), crs=table.crs).to_crs(epsg=epsg), dtype=object)
