"""Fibre: routes are lines and nodes points, in one file or several (Open Fibre Data Standard GeoJSON too)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import geopandas as gpd
import numpy as np
import shapely

from phusong.geodata.completion import Completed, with_minted_ids
from phusong.geodata.rawtable import RawTable
from phusong.geodata.store.folder import FolderStore


def complete_routes(frame: gpd.GeoDataFrame, store: FolderStore) -> Completed:  # noqa: ARG001 - as all layers
    """Mint missing ids of routes (``route_id``)."""
    return Completed(with_minted_ids(frame, "route_id", "F"))


def complete_nodes(frame: gpd.GeoDataFrame, store: FolderStore) -> Completed:  # noqa: ARG001 - as all layers
    """Mint missing ids of nodes (``node_id``)."""
    return Completed(with_minted_ids(frame, "node_id", "N"))


def split_by_geometry(tables: Sequence[RawTable]) -> dict[str, list[RawTable]]:
    """Part files into routes and nodes by the shape of each row.

    Rows of a table without shapes are nodes; shapes that are neither lines nor points stay with the routes,
    whose contract refuses them.

    Returns
    -------
    dict of str to list of RawTable
        ``fibre_routes`` and ``fibre_nodes``, those that have rows.
    """
    parts: dict[str, list[RawTable]] = {"fibre_routes": [], "fibre_nodes": []}
    for table in tables:
        if table.geometry is None:
            parts["fibre_nodes"].append(table)
            continue
        is_node = np.isin(
            shapely.get_type_id(table.geometry), (shapely.GeometryType.POINT, shapely.GeometryType.MULTIPOINT)
        )
        for layer, chosen in (("fibre_routes", ~is_node), ("fibre_nodes", is_node)):
            if chosen.any():
                parts[layer].append(_rows_of(table, np.flatnonzero(chosen).tolist()))
    return {layer: found for layer, found in parts.items() if found}


def _rows_of(table: RawTable, rows: Sequence[int]) -> RawTable:
    geometry = table.geometry
    return replace(
        table,
        columns={name: [values[at] for at in rows] for name, values in table.columns.items()},
        rows=tuple(table.rows[at] for at in rows),
        geometry=None if geometry is None else geometry[list(rows)],
    )
