"""Roads, railways and waterways."""

from __future__ import annotations

import geopandas as gpd

from phusong.geodata.completion import Completed, with_minted_ids
from phusong.geodata.store.folder import FolderStore


def complete_lines(frame: gpd.GeoDataFrame, store: FolderStore) -> Completed:  # noqa: ARG001 - as all layers
    """Mint missing ids of lines (``line_id``)."""
    return Completed(with_minted_ids(frame, "line_id", "L"))


def complete_roads(frame: gpd.GeoDataFrame, store: FolderStore) -> Completed:  # noqa: ARG001 - as all layers
    """Mint missing ids of roads (``road_id``)."""
    return Completed(with_minted_ids(frame, "road_id", "R"))
